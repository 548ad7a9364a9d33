"""Holds what the three parts of claim C14 share: the entries of the atlas that something is kept of, and records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from temperance.evidence.outcomes import LegOutcome
from temperance.measurements.atlas import PLACES, entry, is_tested, stored
from temperance.measurements.atlas_entries import AtlasOrder, Entry, key
from temperance.measurements.literature import ROWS

LEFT = ("gaussian", "polynomial:2")  # its bounds take as long as all others together; the slow tests have it
_SHOWN = 4  # of what is open, in a detail; the record has all


@cache
def compared() -> tuple[Entry, ...]:
    """The entries of the atlas of which a measurement or a study is kept, with bounds computed now."""
    rows, kept = [row for row in ROWS if (row.gate, row.expert) != LEFT], stored()
    return tuple(entry(row, cell, d, kept) for row in rows for cell, d in PLACES if is_tested(row, cell, d, kept))


def name_of(e: Entry) -> str:
    """The name of an entry."""
    return key(e.row, e.cell, e.d)


def record(e: Entry, o: AtlasOrder, outcome: LegOutcome) -> dict[str, Any]:
    """An order with its bound, what was measured of it, and an outcome."""
    bound = "flat" if o.order.flat else str(o.order.upper)
    made = {"entry": name_of(e), "parameter": o.order.parameter, "bound": bound}
    return {**made, "measured": o.measured, "measurement": o.measurement, "outcome": outcome}


def counted(some: Sequence[dict[str, Any]]) -> str:
    """How many records are confirmed, and of how many."""
    return f"{sum(r['outcome'] == 'confirmed' for r in some)} of {len(some)}"


def still_open(some: Sequence[dict[str, Any]]) -> str:
    """What is not confirmed, as the end of a detail."""
    left = [f"{r['entry']}: {r['parameter']} ({r['outcome']})" for r in some if r["outcome"] != "confirmed"]
    more = f", and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return f"; not: {', '.join(left[:_SHOWN])}{more}" if left else ""
