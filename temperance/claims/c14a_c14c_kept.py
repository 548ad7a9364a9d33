"""Runs the legs of C14a and C14c: orders and slopes that were measured and kept, against the bounds of the atlas."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from temperance.claims.c14_entries import compared, counted, name_of, record, still_open
from temperance.evidence.conditions import objection
from temperance.evidence.family import PlannedTest, count, with_test
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.proof import Check, holds, proof_leg
from temperance.evidence.study_runner import Runs
from temperance.measurements import exponent_results
from temperance.measurements.atlas import bounds, setting, stored
from temperance.measurements.atlas_entries import AtlasOrder, Entry, key
from temperance.measurements.contact_orders import kept as measured_now
from temperance.measurements.kept_slopes import KeptSlope
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.numerics.errors.hypotheses import Hypothesis, slope_test
from temperance.theory.contact.order_setting import flat_curves

SEED = 14
SHARE = 10  # a tenth of what is cheap is measured again
_SAME = 0.02  # between two measurements of one order
_MOVING = 4  # parameters of an atom, in a measurement that is cheap


def bounds_proof(runs: Runs) -> Leg:
    """Compute the bounds again: certificates that the checker accepts, theorems and identities."""
    return proof_leg([_proved(comparison.entry) for comparison in compared(runs)])


def _proved(e: Entry) -> Check:
    """That every order that is compared is proved."""
    held = [o for o in e.orders if o.contact != "not compared" or isinstance(o.slope, KeptSlope)]
    count = f"{len(held)} of {len(e.orders)} orders compared"
    proved = bool(held) and all(o.proof is not None for o in held)
    return f"{name_of(e)}: {count}, each proved", lambda: "confirmed" if proved else "inconclusive"


def bounds_contact(runs: Runs) -> Leg:
    """Hold every kept order against its bound, and measure a tenth of those that are cheap again.

    A missed minimum makes a measured order too small, and a bound need not be sharp: one that lies below says nothing.
    """
    orders = [(comparison.entry, o) for comparison in compared(runs) for o in comparison.entry.orders]
    held = [(e, o) for e, o in orders if o.contact != "not compared" and o.measured is not None]
    records = [record(e, o, holds(o.contact != "contradicted")) for e, o in held]
    some = cheap()
    again = [_again(*drawn) for drawn in random.Random(SEED).sample(some, -(-len(some) // SHARE))]
    detail = f"{counted(records)} kept orders do not exceed their bounds; {counted(again)} measured again as kept"
    return Leg(
        combined(r["outcome"] for r in (*records, *again)),
        detail + still_open(records),
        {"kept": records, "measured_again": again},
    )


def cheap() -> list[tuple[AtlasRow, str, str]]:
    """The kept orders of differences in cells of two, of smooth gates with at most four parameters that move."""
    orders, results, cell = [], stored(), "two"
    for row in (row for row in ROWS if key(row, cell) in results and row.d == 1 and row.gate != "laplace"):
        chosen = setting(row, cell, row.d)
        source = chosen.spec.gate.activation
        if len(chosen.parameters) <= _MOVING and (source is None or len(source.pieces) == 1):
            names = {flat_curves(chosen).label(p.name) for p in chosen.parameters}
            orders += [(row, cell, r.parameter) for r in results[key(row, cell)] if r.parameter in names]
    return orders


def _again(row: AtlasRow, cell: str, parameter: str) -> dict[str, Any]:
    """An order, kept and measured now."""
    (before,) = (r for r in stored()[key(row, cell)] if r.parameter == parameter)
    entry = bounds(row, cell, row.d)
    (now,) = measured_now(replace(entry, orders=tuple(o for o in entry.orders if o.parameter == parameter)))
    outcome: LegOutcome = "inconclusive"
    if before.order is not None and now.order is not None:
        outcome = "confirmed" if abs(before.order - now.order) <= _SAME else "contradicted"
    fields = {"entry": key(row, cell), "parameter": parameter, "kept": before.order, "now": now.order}
    return {**fields, "outcome": outcome}


def planned_atlas_slopes(level: float) -> list[PlannedTest]:
    """The hypotheses of `atlas_slopes`: each group of errors of each study, by the definitions alone.

    The exponent of a parameter is by its order in the definition. That of a mean is not there, and 1/2, the fastest
    rate, is planned: its bound has the most room, and so its test the least power.
    """
    return [
        PlannedTest(name, group, _tested(np.full((plan["replicates"], len(plan["sizes"])), np.nan), plan, rate, level))
        for name, study in exponent_results.stored().items()
        for plan in (study["definition"],)
        for group in study["errors"]
        for rate in (1 / (2 * plan["q"].get(group, 1.0)),)
    ]


def _tested(errors: Any, definition: Mapping[str, Any], rate: float, level: float) -> Hypothesis:
    return slope_test(errors, definition["sizes"], rate, exact=False, level=level)


def atlas_slopes(runs: Runs, level: float) -> Leg:
    """Test every slope of the studies that are kept with their errors; those of other claims are tested there.

    A count: one that is rejected contradicts the claim. A test without the power, and a slope of a study that drops
    more than 5% of its fits or whose two searches differ in more than 2% of them, settle nothing, and are counted
    beside.
    """
    studies = exponent_results.stored()
    orders = [(comparison.entry, o) for comparison in compared(runs) for o in comparison.entry.orders]
    tests = [_row(e, o, o.slope, studies, level) for e, o in orders if isinstance(o.slope, KeptSlope)]
    rows = [row for row in tests if row is not None]
    outcome, words = count(rows)
    against = [r for r in rows if r["outcome"] == "contradicted"]
    return Leg(outcome, words + still_open(against), {"kept_slopes": rows})


def _row(e: Entry, o: AtlasOrder, slope: KeptSlope, studies: Mapping[str, Any], level: float) -> dict[str, Any] | None:
    """A slope with the test of the rate that is proved; None where the study is one of the claims."""
    study = studies.get(slope.study)
    if study is None or o.order.rate is None:
        return None
    errors = exponent_results.errors_of(study)[slope.group]
    tested = _tested(errors, study["definition"], float(o.order.rate), level)
    dropped, beside = exponent_results.dropped(study), study["conditions"]
    row = {**record(e, o, "inconclusive"), **slope.to_json(), "rate": str(o.order.rate), "dropped": dropped, **beside}
    return with_test(row, tested, level, rare=True, objection=objection(dropped, beside["agreement"]))
