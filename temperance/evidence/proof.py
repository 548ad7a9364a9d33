"""Provides what proofs of claims share: named exact checks, and verdicts with their certificates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.families import Outcome
from temperance.theory.kernel.check import check, describe
from temperance.theory.kernel.place import Claim

Check = tuple[str, Callable[[], LegOutcome]]


def holds(agrees: bool) -> LegOutcome:
    """Confirmed or contradicted, of an exact comparison."""
    return "confirmed" if agrees else "contradicted"


def proof_leg(checks: Sequence[Check], certified: Sequence[dict[str, Any]] = ()) -> Leg:
    """Run exact checks; certified: certificates that belong to them, each checked again here."""
    tried: list[dict[str, Any]] = [{"check": text, "outcome": run()} for text, run in checks]
    tried += [{"check": f"certificate: {_described(c)}", "outcome": _checked(c)} for c in certified]
    confirmed = sum(t["outcome"] == "confirmed" for t in tried)
    missed = [f"{t['check']} ({t['outcome']})" for t in tried if t["outcome"] != "confirmed"]
    detail = f"{confirmed} of {len(tried)} exact checks" + (f"; not: {'; '.join(missed)}" if missed else "")
    data: dict[str, Any] = {"checks": tried}
    if certified:
        data["certificates"] = list(certified)
    return Leg(combined(t["outcome"] for t in tried), detail, data)


def _described(certificate: dict[str, Any]) -> str:
    """The claims and the activation or model that a certificate is of."""
    claims = ", ".join(describe(Claim(**claim)) for claim in certificate["claims"])
    return f"{claims}: {certificate['place']['model']['log_weight']}"


def _checked(certificate: dict[str, Any]) -> LegOutcome:
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


def certified(activation: str, conditions: Sequence[str]) -> list[dict[str, Any]]:
    """The certificates of these conditions of an activation."""
    return [c for c in certificates(activation) if verdict_of(c)["title"] in conditions]
