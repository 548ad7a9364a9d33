"""Defines the commands of the command line, one module each.

Takes the arguments of `temperance COMMAND`; prints a table or JSON and returns the exit status. The work is done
elsewhere: a command checks options, calls and prints. Start with `app`, where commands are registered."""
