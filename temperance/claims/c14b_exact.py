"""Runs the leg of claim C14b: of orders that are said to be exact, certified curves meet the bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from temperance.claims.c14_entries import compared, counted, record, still_open
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.study_runner import Runs
from temperance.measurements.atlas_entries import AtlasOrder
from temperance.theory.kernel.check import check
from temperance.theory.kernel.reader import objection


def exact_proof(runs: Runs) -> Leg:
    """Check the certificates of curves: every order that is said to be exact has one that meets its bound.

    The others have an interval: from what a curve reaches to the bound.
    """
    exact: list[dict[str, Any]] = []
    intervals: list[dict[str, Any]] = []
    for row in compared(runs):
        accepted = [c for c in row.curves if objection(check, c) is None]
        for o in row.entry.orders:
            lower = None if o.order.lower is None else str(o.order.lower)
            (exact if o.exact else intervals).append({**record(row.entry, o, _outcome(o, accepted)), "reached": lower})
    above = [r for r in intervals if r["outcome"] == "contradicted"]
    detail = f"{counted(exact)} orders that are said to be exact have a certificate that a curve meets the bound"
    detail += still_open([*exact, *above]) + f"; {len(intervals)} others lie between a curve and a bound"
    outcome = combined(r["outcome"] for r in (*exact, *above))
    return Leg(outcome, detail, {"exact": exact, "intervals": intervals})


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
