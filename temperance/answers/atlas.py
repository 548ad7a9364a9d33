"""Answers `atlas`: which contact orders do the gates of the literature have, proved, measured and published?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temperance.measurements.atlas import Atlas as Found
from temperance.measurements.atlas import Entry, remeasured
from temperance.measurements.atlas import atlas as gathered
from temperance.measurements.literature import PAPERS
from temperance.pages.answer import Answer, Grid, Part
from temperance.terminal.errors import BadInput
from temperance.terminal.output import check_writable
from temperance.terminal.progress import display

_COLUMNS = ("gate, expert", "cell", "orders: bound (measured)", "published", "papers")


@dataclass(frozen=True, repr=False, eq=False)
class Atlas(Answer):
    """The contact orders of the gates of the literature, in dimension 1.

    Attributes:
        found: the entries.
    """

    found: Found

    @property
    def title(self) -> str:
        """What was asked."""
        return "The contact orders of the gates of the literature (d = 1)"

    def parts(self) -> Iterator[Part]:
        """Every entry, what the marks mean, why entries are not computed, and what the abstracts state."""
        entries = self.found.entries
        yield Grid("Contact orders", _COLUMNS, tuple(_row(entry) for entry in entries))
        yield "Orders: * by a theorem, others with a certificate; ? without a proof; flat: by an exact identity."
        yield "In brackets the measured order; (0): no distance is told from 0; none: not measured, or at most 1."
        yield "Published: of arXiv 2401.13875 and 2305.03288, as in theory.md 2.7; none was read in other abstracts."
        yield from dict.fromkeys(_note(entry) for entry in entries if not entry.orders)
        yield "What the abstracts state of rates"
        yield from (f"  arXiv {paper.arxiv}, {paper.gates}: {paper.abstract}" for paper in PAPERS)

    @property
    def words(self) -> Sequence[str]:
        """How many orders are proved and measured, and whether any two legs contradict each other."""
        return [f"{self.found.answer}."]

    def to_json(self) -> Any:
        """The entries, what the papers state, and the answer."""
        return self.found.to_json()

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: an order of an entry a row."""
        return [
            {"gate": _name(entry), "cell": entry.cell, **order.to_json()}
            for entry in self.found.entries
            for order in entry.orders
        ]


def atlas(*, store: str | None = None) -> Atlas:
    """Show the contact orders of the gates of the literature: proved, measured, and the published exponents (d = 1).

    Args:
        store: Measure all orders again (hours), each entry kept in this .sqlite file, which goes on after a stop.

    Raises:
        ValueError: the file cannot be written, or is none that atlas has begun.
    """
    kept = None
    with display() as shown:
        if store is not None:
            check_writable(store, endings=(".sqlite",))
            try:
                with shown.doing("measuring"):
                    kept = remeasured(store)
            except sqlite3.DatabaseError as error:
                accepted = "a new file, or one that atlas has begun"
                raise BadInput(f"--store {store!r}: {error}; accepted: {accepted}") from None
        with shown.doing("bounding the orders"):
            return Atlas(gathered(kept))


def _name(entry: Entry) -> str:
    row = entry.row
    point = ", ".join(f"{name} = {value}" for name, value in row.point.items())
    expert = None if row.expert == "gaussian" else row.expert
    return ", ".join(filter(None, (row.gate if row.source is None else f"{row.gate} {row.source}", expert, point)))


def _note(entry: Entry) -> str:
    """Why an entry is not computed; a row that is refused has one reason for all cells."""
    cell = "" if entry.row.refused else f", {entry.cell}"
    return f"{_name(entry)}{cell}: {entry.reasons[0]}"


def _row(entry: Entry) -> tuple[str, ...]:
    orders = ", ".join(_order(o.to_json()) for o in entry.orders) or "not computed, see below"
    published = ", ".join(f"{o.order.parameter} {o.published}" for o in entry.orders if o.published)
    return _name(entry), entry.cell, orders, published or "no exponent read", ", ".join(entry.row.papers)


def _order(order: Mapping[str, Any]) -> str:
    bound = "flat" if order["flat"] else f"{order['upper'] or '?'}{'*' if order['proof'] == 'theorem' else ''}"
    shown = {"settled": f" ({order['measured']})", "not settled": " (not settled)", "zero": " (0)"}
    return f"{order['parameter']} {bound}{shown.get(str(order['measurement']), '')}"
