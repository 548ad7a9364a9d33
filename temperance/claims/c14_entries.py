"""Holds what the three parts of claim C14 share: the entries of the atlas that something is kept of, and records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temperance.evidence.outcomes import LegOutcome
from temperance.evidence.study_runner import Runs
from temperance.measurements.atlas import PLACES, bounds, entry, is_tested, stored
from temperance.measurements.atlas_entries import AtlasOrder, Entry, key
from temperance.measurements.literature import ROWS

LEFT = ("gaussian", "polynomial:2")  # its bounds take as long as all others together; the slow tests have it
_SHOWN = 4  # of what is open, in a detail; the record has all


COMPARED = tuple(i for i, row in enumerate(ROWS) if (row.gate, row.expert) != LEFT)
"""The rows of the atlas that the claim is about, by their places in `ROWS`."""


@dataclass(frozen=True)
class Compared:
    """An entry of which a measurement or a study is kept, with bounds computed now, and the certificates of curves."""

    entry: Entry
    curves: Sequence[Mapping[str, Any]]


def atlas_row(i: int) -> list[Compared]:
    """What is compared of a row of the atlas, in a worker: the rows of all share both cores."""
    row, results = ROWS[i], stored()
    there = [place for place in PLACES if is_tested(row, *place, results)]
    return [Compared(entry(row, *place, results), bounds(row, *place).curves) for place in there]


def compared(runs: Runs) -> list[Compared]:
    """What is compared, row by row."""
    return [comparison for some in runs.each(atlas_row, COMPARED) for comparison in some]


def name_of(e: Entry) -> str:
    """The name of an entry."""
    return key(e.row, e.cell, e.d)


def record(e: Entry, o: AtlasOrder, outcome: LegOutcome) -> dict[str, Any]:
    """An order with its bound, what was measured of it, and an outcome."""
    bound = "flat" if o.order.flat else str(o.order.upper)
    fields = {"entry": name_of(e), "parameter": o.order.parameter, "bound": bound}
    return {**fields, "measured": o.measured, "measurement": o.measurement, "outcome": outcome}


def counted(some: Sequence[dict[str, Any]]) -> str:
    """How many records are confirmed, and of how many."""
    return f"{sum(r['outcome'] == 'confirmed' for r in some)} of {len(some)}"


def still_open(some: Sequence[dict[str, Any]]) -> str:
    """What is not confirmed, as the end of a detail."""
    unconfirmed = [f"{r['entry']}: {r['parameter']} ({r['outcome']})" for r in some if r["outcome"] != "confirmed"]
    more = f", and {len(unconfirmed) - _SHOWN} more" if len(unconfirmed) > _SHOWN else ""
    return f"; not: {', '.join(unconfirmed[:_SHOWN])}{more}" if unconfirmed else ""
