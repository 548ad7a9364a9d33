"""Holds what all answers and commands share: the answer, what is read from a user, and what is shown.

Takes what a user typed or a file that a user wrote; returns checked values, or one line that names what is wrong and
what is accepted. An answer is a frozen record that is data first; it prints and writes itself, as text, JSON, table,
picture and page. Start with `answer`; `table` is its one table, `output` the screen, `page` and `plots` its HTML,
`notebook` executes notebooks."""
