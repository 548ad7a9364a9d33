"""Answers the question of every command, one function a command, with its name and options.

Takes names, expressions, files and numbers; returns a frozen answer (`temperance.show.answer.Answer`) that prints
what the command prints, shows itself in a notebook, and has the command's JSON. `temperance` offers the functions,
`temperance.commands` makes the command line of them. Start with `check`."""
