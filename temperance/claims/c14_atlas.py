"""Runs the legs of claim C14: in no cell of the atlas do proof, contact order and slope disagree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.proof import Check, proof_leg
from temperance.evidence.study_runner import Runs
from temperance.measurements.atlas import PLACES, bounds, entry, is_tested, setting, stored
from temperance.measurements.atlas_entries import Agreement, AtlasOrder, Entry, key
from temperance.measurements.kept_slopes import KeptSlope
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.measurements.order_results import records

SEED = 14
SHARE = 10  # a tenth of what is cheap is measured again
LEFT = ("gaussian", "polynomial:2")  # its bounds take as long as all others together; the slow tests have it
_SAME = 0.02  # between two measurements of one order
_MOVING = 4  # parameters of an atom, in a measurement that is cheap
_SHOWN = 4  # of what is open, in a detail; the record has all
_OUTCOMES: dict[Agreement, LegOutcome] = {"met": "confirmed", "apart": "inconclusive", "contradicted": "contradicted"}


@cache
def compared() -> tuple[Entry, ...]:
    """The entries of the atlas of which a measurement or a study is kept, with bounds computed now."""
    rows, kept = [row for row in ROWS if (row.gate, row.expert) != LEFT], stored()
    return tuple(entry(row, cell, d, kept) for row in rows for cell, d in PLACES if is_tested(row, cell, d, kept))


def atlas_proof(_: Runs) -> Leg:
    """Compute the bounds again: certificates that the checker accepts, theorems and identities."""
    return proof_leg([_proved(e) for e in compared()])


def _proved(e: Entry) -> Check:
    """That every order that is compared is proved."""
    compared_ = [o for o in e.orders if o.contact != "not compared" or isinstance(o.slope, KeptSlope)]
    count = f"{len(compared_)} of {len(e.orders)} orders compared"
    proved = bool(compared_) and all(o.proof is not None for o in compared_)
    return f"{key(e.row, e.cell, e.d)}: {count}, each proved", lambda: "confirmed" if proved else "inconclusive"


def atlas_contact(_: Runs) -> Leg:
    """Hold every kept order against its bound, and measure a tenth of those that are cheap again."""
    kept = [_record(e, o, _OUTCOMES[o.contact]) for e in compared() for o in e.orders if o.contact in _OUTCOMES]
    some = cheap()
    drawn = random.Random(SEED).sample(some, -(-len(some) // SHARE))
    again = [_again(*chosen) for chosen in drawn]
    detail = f"{_counted(kept)} kept orders meet their bounds; {_counted(again)} measured again as kept"
    return Leg(
        combined(r["outcome"] for r in (*kept, *again)), detail + _open(kept), {"kept": kept, "measured_again": again}
    )


def atlas_slopes(_: Runs) -> Leg:
    """Hold every kept slope against the rate that is proved; a slope above it contradicts the proof."""
    found = [
        {**_record(e, o, o.slope.outcome), **o.slope.to_json(), "rate": o.rate}
        for e in compared()
        for o in e.orders
        if isinstance(o.slope, KeptSlope)
    ]
    detail = f"{_counted(found)} slopes to n = 10^12 confirm the rate"
    return Leg(combined(r["outcome"] for r in found), detail + _open(found), {"kept_slopes": found})


def cheap() -> list[tuple[AtlasRow, str, str]]:
    """The kept orders of differences in cells of two, of smooth gates with at most four parameters that move."""
    found, kept, cell = [], stored(), "two"
    for row in (row for row in ROWS if key(row, cell) in kept and row.d == 1 and row.gate != "laplace"):
        chosen = setting(row, cell, row.d)
        if len(chosen.parameters) <= _MOVING and (chosen.source is None or len(chosen.source.pieces) == 1):
            names = {chosen.label(p.name) for p in chosen.parameters}
            found += [(row, cell, r["parameter"]) for r in kept[key(row, cell)] if r["parameter"] in names]
    return found


def _again(row: AtlasRow, cell: str, parameter: str) -> dict[str, Any]:
    """An order, kept and measured now."""
    (before,) = (r for r in stored()[key(row, cell)] if r["parameter"] == parameter)
    found = bounds(row, cell, row.d)
    (now,) = records(replace(found, orders=tuple(o for o in found.orders if o.parameter == parameter)))
    outcome: LegOutcome = "inconclusive"
    if None not in (before["order"], now["order"]):
        outcome = "confirmed" if abs(before["order"] - now["order"]) <= _SAME else "contradicted"
    made = {"entry": key(row, cell), "parameter": parameter, "kept": before["order"], "now": now["order"]}
    return {**made, "outcome": outcome}


def _record(e: Entry, o: AtlasOrder, outcome: LegOutcome) -> dict[str, Any]:
    bound = "flat" if o.order.flat else str(o.order.upper)
    made = {"entry": key(e.row, e.cell, e.d), "parameter": o.order.parameter, "bound": bound}
    return {**made, "measured": o.measured, "measurement": o.measurement, "outcome": outcome}


def _counted(some: Sequence[dict[str, Any]]) -> str:
    return f"{sum(r['outcome'] == 'confirmed' for r in some)} of {len(some)}"


def _open(some: Sequence[dict[str, Any]]) -> str:
    """What is not confirmed, as the end of a detail."""
    left = [f"{r['entry']}: {r['parameter']} ({r['outcome']})" for r in some if r["outcome"] != "confirmed"]
    more = f", and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return f"; not: {', '.join(left[:_SHOWN])}{more}" if left else ""
