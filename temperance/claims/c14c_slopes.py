"""Runs the leg of claim C14c: errors of estimators fall at least as fast as the proved bounds of the atlas say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temperance.claims.c14_entries import compared, record, still_open
from temperance.evidence.family import EACH, POWER, with_test
from temperance.evidence.outcomes import Leg, LegOutcome
from temperance.evidence.study_runner import Runs
from temperance.measurements import exponent_results
from temperance.measurements.atlas_entries import AtlasOrder, Entry
from temperance.measurements.kept_slopes import KeptSlope
from temperance.numerics.errors.hypotheses import slope_test
from temperance.numerics.errors.slopes import LARGEST_DROPPED

_LEAST = 0.5  # of the tests that have the power, for a count that confirms


def atlas_slopes(_: Runs) -> Leg:
    """Test every slope of the studies that are kept with their errors; those of other claims are tested there.

    A count: one that is rejected contradicts the claim. A test without the power, and a slope of a study that drops
    more than 5% of its fits, settle nothing, and are counted beside.
    """
    studies = exponent_results.stored()
    found = [_row(e, o, o.slope, studies) for e in compared() for o in e.orders if isinstance(o.slope, KeptSlope)]
    rows = [row for row in found if row is not None]
    kinds: tuple[LegOutcome | None, ...] = ("confirmed", "contradicted", None)
    counts = {kind: sum(r["outcome"] == kind for r in rows) for kind in kinds}
    untested = sum(r["test"]["p"] is None for r in rows)
    detail = (
        f"{len(rows)} slopes to n = 10^12: {counts['contradicted']} rejected, {counts['confirmed']} not rejected with "
        f"power {POWER:g}, {counts[None] - untested} not rejected without it, {untested} not tested"
    )
    outcome: LegOutcome = "confirmed" if counts["confirmed"] >= _LEAST * len(rows) > 0 else "inconclusive"
    against = [r for r in rows if r["outcome"] == "contradicted"]
    return Leg("contradicted" if against else outcome, detail + still_open(against), {"kept_slopes": rows})


def _row(e: Entry, o: AtlasOrder, slope: KeptSlope, studies: Mapping[str, Any]) -> dict[str, Any] | None:
    """A slope with the test of the rate that is proved; None where the study is one of the claims."""
    study = studies.get(slope.study)
    if study is None or o.order.rate is None:
        return None
    errors = exponent_results.errors_of(study)[slope.group]
    made = slope_test(errors, study["definition"]["sizes"], float(o.order.rate), exact=False, level=EACH)
    dropped = exponent_results.dropped(study)
    row = {**record(e, o, "inconclusive"), **slope.to_json(), "rate": o.rate, "dropped": dropped}
    return with_test(row, made if dropped <= LARGEST_DROPPED else made.without_test(), rare=True)
