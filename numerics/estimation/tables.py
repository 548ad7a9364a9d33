"""Lays out an answer: a table of text, a table of HTML, a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any


class Text(str):
    """A text that an interactive session shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The text itself."""
        return str(self)


def aligned(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
    """The rows as lines of equal columns: those in left to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def html(head: Iterable[str], rows: Iterable[Sequence[str]], foot: Iterable[str], *, columns: Sequence[str]) -> str:
    """Lines above, a table and lines below, as HTML."""
    above, below = ("".join(f"<p>{escape(line)}</p>" for line in lines) for lines in (head, foot))
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"{above}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{below}"


def frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """The rows as a pandas DataFrame. Raises ImportError without pandas."""
    try:
        from pandas import DataFrame
    except ImportError:
        raise ImportError("to_frame needs pandas: pip install pandas (rows() gives the same without it)") from None
    return DataFrame([dict(row) for row in rows])
