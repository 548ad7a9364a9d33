"""Shows tables of fits: as text, as HTML for notebooks, and as a pandas DataFrame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any, ClassVar


class Tabled(ABC):
    """What has a table between lines of text. heads: of its columns."""

    heads: ClassVar[tuple[str, ...]]

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """The table: one mapping a row."""

    @abstractmethod
    def parts(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Lines above the table, its rows, lines below."""

    def to_frame(self) -> Any:
        """The table as a pandas DataFrame. Raises ImportError without pandas."""
        return frame(self.rows())

    def _repr_html_(self) -> str:
        """For notebooks."""
        above, rows, below = self.parts()
        heads = "".join(f"<th>{escape(column)}</th>" for column in self.heads)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        head, foot = ("".join(f"<p>{escape(line)}</p>" for line in lines) for lines in (above, below))
        return f"{head}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{foot}"


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


def frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """The rows as a pandas DataFrame. Raises ImportError without pandas."""
    try:
        from pandas import DataFrame
    except ImportError:
        raise ImportError("to_frame needs pandas: pip install pandas (rows() gives the same without it)") from None
    return DataFrame([dict(row) for row in rows])
