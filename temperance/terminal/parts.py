"""Holds what an answer says, before it is printed: the answer in words, then lines of text and grids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """A table: caption, heads of the columns, and rows, of which the first cell is the head."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Part = str | Grid


@dataclass(frozen=True)
class Said:
    """What an answer says.

    Attributes:
        title: what was asked, in a line.
        parts: the lines and grids that the command prints after the answer in words.
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
