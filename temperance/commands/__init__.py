"""Makes the command line of the functions of `temperance.answers`.

Takes the arguments of `temperance COMMAND`; prints the answer or its JSON and returns the exit status. Start with
`app`, where commands are registered; `command` makes one of a function."""
