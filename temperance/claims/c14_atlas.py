"""Runs the legs of claim C14, over the entries of the atlas that something is kept of.

C14a and C14c hold orders and slopes that were measured and kept against the bounds of the atlas. C14b: of orders that
are said to be exact, certified curves meet the bounds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from temperance.claims.legs import Check, Runs, proof_leg
from temperance.measurements import slopes
from temperance.measurements.atlas import PLACES, AtlasOrder, Entry, bounds, entry, is_tested, key, setting, stored
from temperance.measurements.contact_orders import kept_orders as measured_now
from temperance.measurements.judgement import (
    Leg,
    LegOutcome,
    PlannedTest,
    combined,
    count,
    count_confirmed,
    describe_open,
    holds,
    objection,
    planned_slope,
    with_test,
)
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.measurements.slopes import KeptSlope
from temperance.numerics.studies.slopes import slope_test
from temperance.theory.contact.order_setting import flat_curves
from temperance.theory.kernel.check import check
from temperance.theory.kernel.reader import Rejected


def exact_proof(runs: Runs) -> Leg:
    """Check the certificates of curves: every order that is said to be exact has one that meets its bound.

    The others have an interval: from what a curve reaches to the bound.
    """
    rows: list[dict[str, Any]] = []
    intervals: list[dict[str, Any]] = []
    for e in compared(runs):
        curves = [c for c in e.certificates if all(claim["side"] != "at most" for claim in c["claims"])]
        accepted = []
        for curve in curves:
            with suppress(Rejected):
                check(curve)
                accepted.append(curve)
        for o in e.orders:
            lower = None if o.order.lower is None else str(o.order.lower)
            (rows if o.exact else intervals).append({**record(e, o, _outcome(o, accepted)), "reached": lower})
    above = [r for r in intervals if r["outcome"] == "contradicted"]
    detail = f"{count_confirmed(rows)} orders that are said to be exact have a certificate that a curve meets the bound"
    detail += _open_of([*rows, *above]) + f"; {len(intervals)} others lie between a curve and a bound"
    outcome = combined(r["outcome"] for r in (*rows, *above))
    return Leg(outcome, detail, {"exact": rows, "intervals": intervals})


def _outcome(o: AtlasOrder, accepted: Sequence[Mapping[str, Any]]) -> LegOutcome:
    """Confirmed where a certificate that the checker accepts states the bound; contradicted by one above it."""
    stated = {
        claim["side"] if claim["value"] is None else claim["value"]
        for c in accepted
        for claim in c["claims"]
        if claim["title"] == o.order.title
    }
    upper, reached = o.order.upper, o.order.lower
    if upper is not None and reached is not None and reached > upper:
        return "contradicted"
    return "confirmed" if ("flat" if o.order.flat else str(upper)) in stated else "inconclusive"


LEFT = ("gaussian", "polynomial:2")  # its bounds take as long as all others together; the slow tests have it
_SHOWN = 4  # of what is open, in a detail; the record has all


COMPARED = tuple(i for i, row in enumerate(ROWS) if (row.gate, row.expert) != LEFT)
"""The rows of the atlas that the claim is about, by their places in `ROWS`."""


def atlas_row(i: int) -> list[Entry]:
    """The entries of a row of which a measurement or a study is kept, with bounds computed now, in a worker."""
    row, measured = ROWS[i], stored()
    return [entry(row, *place, measured) for place in PLACES if is_tested(row, *place, measured)]


def compared(runs: Runs) -> list[Entry]:
    """What is compared, row by row."""
    return [e for entries in runs.each(atlas_row, COMPARED) for e in entries]


def record(e: Entry, o: AtlasOrder, outcome: LegOutcome) -> dict[str, Any]:
    """An order with its bound, what was measured of it, and an outcome."""
    bound = "flat" if o.order.flat else str(o.order.upper)
    row = {"entry": key(e.row, e.cell, e.d), "parameter": o.order.parameter, "bound": bound}
    return {**row, "measured": o.measured, "measurement": o.measurement, "outcome": outcome}


def _open_of(rows: Sequence[dict[str, Any]]) -> str:
    """What is not confirmed, as the end of a detail."""
    names = [f"{r['entry']}: {r['parameter']} ({r['outcome']})" for r in rows if r["outcome"] != "confirmed"]
    return describe_open(names, _SHOWN)


SEED = 14
SHARE = 10  # a tenth of what is cheap is measured again
_SAME = 0.02  # between two measurements of one order
_MOVING = 4  # parameters of an atom, in a measurement that is cheap


def bounds_proof(runs: Runs) -> Leg:
    """Compute the bounds again: certificates that the checker accepts, theorems and identities."""
    return proof_leg([_proved(e) for e in compared(runs)])


def _proved(e: Entry) -> Check:
    held = [o for o in e.orders if o.contact != "not compared" or isinstance(o.slope, KeptSlope)]
    count = f"{len(held)} of {len(e.orders)} orders compared"
    proved = bool(held) and all(o.proof is not None for o in held)
    return f"{key(e.row, e.cell, e.d)}: {count}, each proved", lambda: "confirmed" if proved else "inconclusive"


def bounds_contact(runs: Runs) -> Leg:
    """Hold every kept order against its bound, and measure a tenth of those that are cheap again.

    A missed minimum makes a measured order too small, and a bound need not be sharp: one that lies below says nothing.
    """
    orders = [(e, o) for e in compared(runs) for o in e.orders]
    held = [(e, o) for e, o in orders if o.contact != "not compared" and o.measured is not None]
    records = [record(e, o, holds(o.contact != "contradicted")) for e, o in held]
    some = cheap()
    again = [_again(*drawn) for drawn in random.Random(SEED).sample(some, -(-len(some) // SHARE))]
    detail = f"{count_confirmed(records)} kept orders do not exceed their bounds; "
    detail += f"{count_confirmed(again)} measured again as kept"
    return Leg(
        combined(r["outcome"] for r in (*records, *again)),
        detail + _open_of(records),
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
        planned_slope(name, group, plan["replicates"], plan["sizes"], 1 / (2 * plan["q"].get(group, 1.0)), level)
        for name, study in slopes.stored_studies().items()
        for plan in (study["definition"],)
        for group in study["errors"]
    ]


def atlas_slopes(runs: Runs, level: float) -> Leg:
    """Test every slope of the studies that are kept with their errors; those of other claims are tested there.

    A count: one that is rejected contradicts the claim. A test without the power, and a slope of a study that drops
    more than 5% of its fits or whose two searches differ in more than 2% of them, settle nothing, and are counted
    beside.
    """
    studies = slopes.stored_studies()
    orders = [(e, o) for e in compared(runs) for o in e.orders]
    tests = [_row(e, o, o.slope, studies, level) for e, o in orders if isinstance(o.slope, KeptSlope)]
    rows = [row for row in tests if row is not None]
    outcome, words = count(rows)
    against = [r for r in rows if r["outcome"] == "contradicted"]
    return Leg(outcome, words + _open_of(against), {"kept_slopes": rows})


def _row(e: Entry, o: AtlasOrder, slope: KeptSlope, studies: Mapping[str, Any], level: float) -> dict[str, Any] | None:
    """A slope with the test of the rate that is proved; None where the study is one of the claims."""
    study = studies.get(slope.study)
    if study is None or o.order.rate is None:
        return None
    errors = slopes.errors_of(study)[slope.group]
    tested = slope_test(errors, study["definition"]["sizes"], float(o.order.rate), exact=False, level=level)
    dropped, beside = slopes.dropped(study), study["conditions"]
    row = {**record(e, o, "inconclusive"), **slope.to_json(), "rate": str(o.order.rate), "dropped": dropped, **beside}
    return with_test(row, tested, level, rare=True, objection=objection(dropped, beside["agreement"]))
