"""Defines what every answer is: a frozen record of what was found and of what is said of it.

Takes what an answer says (`temperance.terminal.parts.Said`), made by the function that was asked before anything is
printed; prints, shows and writes it, as text, JSON, table, picture and page. Start with
`answer`; `verdicts` says what the verdicts on activations mean."""
