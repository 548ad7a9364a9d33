"""Holds what all commands share: input, output, tables, progress.

Takes what a user typed or a JSON file that a user wrote; returns checked values, or one line that names what is wrong
and what is accepted. Results are printed as tables or strict JSON, progress on stderr. Start with `output`; `errors`
makes the one line."""
