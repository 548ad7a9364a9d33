"""Provides what proofs and contact orders of claims share (theory 9): exact checks, verdicts, and curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from temperance.measurements.judgement import Leg, LegOutcome, combined, holds
from temperance.numerics.contact.curves import Contact, Curve, CurveMeasure, contact
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.families import Outcome
from temperance.theory.kernel.check import check, describe
from temperance.theory.kernel.place import Claim

Check = tuple[str, Callable[[], LegOutcome]]


def proof_leg(checks: Sequence[Check], proofs: Sequence[dict[str, Any]] = ()) -> Leg:
    """Run exact checks; proofs: certificates that belong to them, each checked again here."""
    tried: list[dict[str, Any]] = [{"check": text, "outcome": run()} for text, run in checks]
    tried += [{"check": f"certificate: {_describe(c)}", "outcome": _check_again(c)} for c in proofs]
    confirmed = sum(t["outcome"] == "confirmed" for t in tried)
    missed = [f"{t['check']} ({t['outcome']})" for t in tried if t["outcome"] != "confirmed"]
    detail = f"{confirmed} of {len(tried)} exact checks" + (f"; not: {'; '.join(missed)}" if missed else "")
    data: dict[str, Any] = {"checks": tried}
    if proofs:
        data["certificates"] = list(proofs)
    return Leg(combined(t["outcome"] for t in tried), detail, data)


def _describe(certificate: dict[str, Any]) -> str:
    """The claims and the activation or model that a certificate is of."""
    claims = ", ".join(describe(Claim(**claim)) for claim in certificate["claims"])
    return f"{claims}: {certificate['place']['model']['log_weight']}"


def _check_again(certificate: dict[str, Any]) -> LegOutcome:
    """A certificate that is refused proves nothing, and refutes nothing either."""
    try:
        check(certificate)
    except ValueError:
        return "inconclusive"
    return "confirmed"


def verdict_check(activation: str, condition: str, expected: Outcome, *, at_tau: tuple[str, ...] = ()) -> Check:
    """That a condition of `independence.decide` has this verdict, and fails besides exactly at these temperatures."""

    def run() -> LegOutcome:
        verdict = getattr(decide(activation), condition)
        if verdict.outcome == "undecided":
            return "inconclusive"
        return holds(verdict.outcome == expected and tuple(verdict.fails_at_tau) == at_tau)

    besides = f", except at tau = {', '.join(at_tau)}" if at_tau else ""
    return (f"{condition} {expected} for {activation}{besides}", run)


def certificates_of(activation: str, conditions: Sequence[str]) -> list[dict[str, Any]]:
    """The certificates of these conditions of an activation."""
    return [c for c in certificates(activation) if verdict_of(c)["title"] in conditions]


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
    records = [_measure(e) for e in expected]
    agree = sum(r["outcome"] == "confirmed" for r in records)
    off = [f"{r['curve']}: {r['measured']}, expected {r['expected']}" for r in records if r["outcome"] != "confirmed"]
    detail = f"{agree} of {len(records)} contact orders as predicted" + (f"; not: {'; '.join(off)}" if off else "")
    return Leg(combined(r["outcome"] for r in records), detail, {"orders": records})


def _measure(e: Expected) -> dict[str, Any]:
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
