"""Runs the legs of claim C14a: no order of the atlas that was measured and kept exceeds its proved bound."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from temperance.claims.c14_entries import compared, counted, name_of, record, still_open
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.proof import Check, holds, proof_leg
from temperance.evidence.study_runner import Runs
from temperance.measurements.atlas import bounds, setting, stored
from temperance.measurements.atlas_entries import Entry, key
from temperance.measurements.kept_slopes import KeptSlope
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.measurements.order_results import records

SEED = 14
SHARE = 10  # a tenth of what is cheap is measured again
_SAME = 0.02  # between two measurements of one order
_MOVING = 4  # parameters of an atom, in a measurement that is cheap


def bounds_proof(_: Runs) -> Leg:
    """Compute the bounds again: certificates that the checker accepts, theorems and identities."""
    return proof_leg([_proved(e) for e in compared()])


def _proved(e: Entry) -> Check:
    """That every order that is compared is proved."""
    held = [o for o in e.orders if o.contact != "not compared" or isinstance(o.slope, KeptSlope)]
    count = f"{len(held)} of {len(e.orders)} orders compared"
    proved = bool(held) and all(o.proof is not None for o in held)
    return f"{name_of(e)}: {count}, each proved", lambda: "confirmed" if proved else "inconclusive"


def bounds_contact(_: Runs) -> Leg:
    """Hold every kept order against its bound, and measure a tenth of those that are cheap again.

    A missed minimum makes a measured order too small, and a bound need not be sharp: one that lies below says nothing.
    """
    held = [(e, o) for e in compared() for o in e.orders if o.contact != "not compared" and o.measured is not None]
    kept = [record(e, o, holds(o.contact != "contradicted")) for e, o in held]
    some = cheap()
    again = [_again(*drawn) for drawn in random.Random(SEED).sample(some, -(-len(some) // SHARE))]
    detail = f"{counted(kept)} kept orders do not exceed their bounds; {counted(again)} measured again as kept"
    return Leg(
        combined(r["outcome"] for r in (*kept, *again)),
        detail + still_open(kept),
        {"kept": kept, "measured_again": again},
    )


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
