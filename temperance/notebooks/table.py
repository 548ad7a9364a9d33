"""Shows tables in notebooks.

>>> from temperance.notebooks.table import Table
>>> Table(("n", "error"), [(10, 0.25), (100, None)])
n    error
10   0.25
100  -
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Table:
    """Rows under columns, as Markdown in a notebook and as plain text elsewhere.

    Numbers are shown with four digits, None as a dash, True and False as yes and no; text may hold formulas between
    dollars. Raises ValueError for a row of another length than the columns.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.columns = tuple(columns)
        self.rows = tuple(tuple(_shown(value) for value in row) for row in rows)
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(self.columns)} columns is needed, not {row}")

    def _repr_markdown_(self) -> str:
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join("| " + " | ".join(_markdown(text) for text in line) + " |" for line in lines)

    def __repr__(self) -> str:
        """The rows below one another, columns aligned."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _markdown(text: str) -> str:
    """The text in one cell: a bar would begin the next."""
    parts = text.split("$")
    parts[1::2] = [formula.replace("|", r"\vert ") for formula in parts[1::2]]
    parts[::2] = [words.replace("|", r"\|") for words in parts[::2]]
    return "$".join(parts)
