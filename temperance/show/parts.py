"""Holds what an answer says, before it is printed: lines of text and grids, and the answer in words."""

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
        parts: the lines and grids that the command prints before the answer in words.
        words: the answer in words: the last lines.
    """

    title: str
    parts: tuple[Part, ...]
    words: tuple[str, ...]

    @property
    def all(self) -> tuple[Part, ...]:
        """All that the command prints."""
        return (*self.parts, *self.words)
