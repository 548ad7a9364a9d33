"""Compares measured contact orders of curves with those that the theory gives (theory 9, leg 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.numerics.contact.along_curves import Contact, contact
from temperance.numerics.contact.curves import Curve, CurveMeasure

_NEAR = 1e-3  # distance of a measured order from the expected one that is no disagreement
_UNCERTAIN = 1e-3  # error of the extrapolation beyond which an order says nothing


@dataclass(frozen=True)
class Expected:
    """A curve, and the order that the theory gives it: a number, or None where the distance is identically 0.

    truth, activation: G* and s; moves: directions over which the distance is minimised.
    """

    name: str
    curve: Curve
    truth: CurveMeasure
    activation: str
    order: float | None
    moves: Sequence[dict[str, Any]] = field(default=())


def contact_leg(expected: Sequence[Expected]) -> Leg:
    """Measure every curve; zeros are zeros to within the working precision, and are proved in the leg of proofs."""
    records = [_measured(e) for e in expected]
    agree = sum(r["outcome"] == "confirmed" for r in records)
    off = [f"{r['curve']}: {r['measured']}, expected {r['expected']}" for r in records if r["outcome"] != "confirmed"]
    detail = f"{agree} of {len(records)} contact orders as predicted" + (f"; not: {'; '.join(off)}" if off else "")
    return Leg(combined(r["outcome"] for r in records), detail, {"orders": records})


def _measured(e: Expected) -> dict[str, Any]:
    effort = _ZERO if e.order is None else _MINIMISED if e.moves else {}
    result = contact(e.curve, e.truth, e.activation, moves=e.moves, **effort)
    return {
        "curve": e.name,
        "activation": e.activation,
        "expected": "identically 0" if e.order is None else e.order,
        "measured": "0 to within the working precision" if result.order is None else result.order,
        "error": result.error,
        "largest_distance": max(result.distances),
        "levels": [result.levels[0], result.levels[-1]],
        "digits": result.digits,
        "outcome": _outcome(e, result),
        "distances": list(result.distances),
    }


# a zero wants many digits and few points; a minimum over many directions is dear, and few nodes are a distance too
_ZERO: dict[str, Any] = {"levels": range(2, 6), "nodes": 48}
_MINIMISED: dict[str, Any] = {"levels": range(6, 12), "nodes": 20}


def _outcome(e: Expected, result: Contact) -> LegOutcome:
    if result.order is None or result.error is None:
        return "confirmed" if e.order is None else "contradicted"
    if e.order is None:
        return "contradicted"
    if result.error > _UNCERTAIN:
        return "inconclusive"
    return "confirmed" if abs(result.order - e.order) <= _NEAR else "contradicted"
