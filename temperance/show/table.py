"""Holds what an answer says: the answer in words, then lines of text and tables; shows a table as text and HTML.

>>> table = Table("Orders", ("parameter", "bound"), (("tau", "1"), ("b", "4")))
>>> "<th>parameter</th>" in table.html()
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table as Grid
from rich.text import Text

from temperance.show.output import one_line

if TYPE_CHECKING:
    from markupsafe import Markup

COLOURS = {
    **dict.fromkeys(("holds", "proved", "confirmed"), "green"),
    **dict.fromkeys(("fails", "contradicted", "crashed"), "red"),
    **dict.fromkeys(("undecided", "inconclusive"), "yellow"),
}
"""By the first word of a cell."""
_SHORT, _MEDIUM = 12, 40  # characters of a cell of a page


@dataclass(frozen=True)
class Table:
    """A table of cells, each plain text, or Markup on a page; the first cell of a row is its head.

    Attributes:
        caption: of the table, on a page.
        columns: their heads.
        rows: of cells.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, caption: str, columns: Columns, records: Iterable[Any]) -> Table:
        """The table of some records; columns: what each has of a record."""
        rows = tuple(tuple(r[c] if isinstance(c, str) else c(r) for c in columns.values()) for r in records)
        return cls(caption, tuple(columns), rows)

    def text(self, width: int) -> Grid:
        """The table for a screen of this width: plain text, broken between words where there is room for them."""
        grid = Grid(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        lines = [[one_line(cell) for cell in line] for line in (self.columns, *self.rows)]
        room = width - 2 * len(self.columns)  # two for what is between columns, and for the edges
        for column, own_width in zip(lines[0], _widths(lines, room), strict=True):
            grid.add_column(column, overflow="fold", width=own_width)
        for row in self.rows:
            grid.add_row(*map(coloured, row))
        return grid

    def html(self, name: str | None = None) -> Markup:
        """The table as HTML; name: the id of its caption on a page, where it scrolls; for a notebook it has none."""
        from markupsafe import Markup

        if name is None:
            head = "".join(f"<th>{escape(column)}</th>" for column in self.columns)
            lines = ("".join(f"<td>{escape(one_line(cell))}</td>" for cell in row) for row in self.rows)
            body = "".join(f"<tr>{line}</tr>" for line in lines)
            return Markup(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        heads = Markup("").join(Markup('<th scope="col">{}</th>').format(column) for column in self.columns)
        cells = (Markup("").join(_page_cell(i, cell) for i, cell in enumerate(row)) for row in self.rows)
        rows = Markup("\n").join(Markup("<tr>{}</tr>").format(line) for line in cells)
        return Markup(
            '<div class="scroll" tabindex="0" role="region" aria-labelledby="{0}">\n<table>\n'
            '<caption id="{0}">{1}</caption>\n<thead><tr>{2}</tr></thead>\n<tbody>\n{3}\n</tbody>\n</table>\n</div>'
        ).format(name, self.caption, heads, rows)


class Aside(str):
    """A line that a paper does not have: a command to type, or the truth, which it shows in a table."""


Part = str | Table

Columns = Mapping[str, str | Callable[[Any], str]]
"""Under each head of a column the key of a text, or a function of the record of a row."""


@dataclass(frozen=True)
class Summary:
    """What an answer says.

    Attributes:
        title: what was asked, in a line.
        parts: the lines and tables that the command prints after the answer in words.
        words: the answer in words: the first lines.
    """

    title: str
    parts: tuple[Part, ...]
    words: tuple[str, ...]

    @property
    def all(self) -> tuple[Part, ...]:
        """All that the command prints: the answer, and after a blank line what it rests on."""
        apart = ("",) if self.words and self.parts and isinstance(self.parts[0], str) else ()
        return (*self.words, *apart, *self.parts)


TERMS = {
    "cell": "cell: the fitted atoms (experts with their gates) that are closest to one true atom",
    "gauge": "gauge: what fixes the common shift of all scores, which no data show: free, only beta0 of the last atom "
    "is 0; anchored, its beta1 too",
    "contact order": "contact order: the smallest power r of an error that is at most a constant times the L2 distance "
    "of the densities; the error then falls as n^(-1/(2r))",
}
"""What a newcomer does not know, explained."""


def explain(*texts: str) -> tuple[str, ...]:
    """The terms that stand in some texts, explained in a line; () for none."""
    text = " ".join(texts).lower()
    lines = [meaning for term, meaning in TERMS.items() if re.search(rf"\b{term}s?\b", text)]
    return (". ".join(lines) + ".",) if lines else ()


def coloured(cell: str) -> Text:
    """A cell of a table on a screen: plain text, with the colour that its first word stands for."""
    words = cell.split()
    return Text(one_line(cell), style=COLOURS.get(words[0].rstrip(","), "") if words else "")


def badge(cell: str) -> Markup:
    """A cell on a page; a word that has a colour, such as an outcome, as a badge of it."""
    from markupsafe import Markup

    word = "" if isinstance(cell, Markup) else cell.split(",")[0].split(" (")[0]
    if word not in (*COLOURS, "did not run"):
        return Markup("{}").format(cell)
    return Markup('<span class="badge {}">{}</span>').format(word.replace(" ", "-"), cell)


def _page_cell(place: int, cell: str) -> Markup:
    """A cell of a page, with the class that keeps it from being squeezed; the first of a row is its head."""
    from markupsafe import Markup

    if isinstance(cell, Markup) or len(cell) <= _SHORT:
        width = "short"
    elif not any(c.isalpha() for c in cell):
        width = "number"
    else:
        width = "medium" if len(cell) <= _MEDIUM else "wide"
    element = '<td class="{}">{}</td>' if place else '<th scope="row" class="{}">{}</th>'
    return Markup(element).format(width, badge(cell))


def _widths(lines: Sequence[Sequence[str]], room: int) -> list[int]:
    """The width of each column: the widest ones narrowed until all fit, and below their longest word only then."""
    columns = list(zip(*lines, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    words = [max(cell_len(word) for text in column for word in text.split() or [""]) for column in columns]
    for least in (words, [1] * len(columns)):
        while sum(widths) > room and widths != least:
            widest = max((i for i, width in enumerate(widths) if width > least[i]), key=widths.__getitem__)
            widths[widest] -= 1
    return widths
