"""Runs the leg of claim C14b: orders of the atlas that are said to be exact are so, as a curve reaches the bound."""

from __future__ import annotations

from typing import Any

from temperance.claims.c14_entries import compared, counted, record, still_open
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.study_runner import Runs
from temperance.measurements.atlas_entries import AtlasOrder


def exact_proof(_: Runs) -> Leg:
    """Prove the curves again: every order above 1 that is said to be exact has one that reaches its bound."""
    said = [(e, o) for e in compared() for o in e.orders if o.exact and o.order.upper not in (None, 1)]
    found: list[dict[str, Any]] = [{**record(e, o, _outcome(o)), "reached": _text(o)} for e, o in said]
    detail = f"{counted(found)} orders that are said to be exact are reached by a curve"
    return Leg(combined(r["outcome"] for r in found), detail + still_open(found), {"exact": found})


def _outcome(o: AtlasOrder) -> LegOutcome:
    """Contradicted by a curve above the bound; an order that is only measured there is open."""
    upper, reached = o.order.upper, o.order.reached
    if upper is not None and reached is not None and reached > upper:
        return "contradicted"
    return "confirmed" if o.order.exact else "inconclusive"


def _text(o: AtlasOrder) -> str | None:
    return None if o.order.reached is None else str(o.order.reached)
