"""Holds the outcome of a leg, and combines legs into the outcome of a claim (theory 9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

LegName = Literal["proof", "contact", "monte_carlo"]
LegOutcome = Literal["confirmed", "contradicted", "inconclusive"]
ClaimOutcome = Literal["proved", "confirmed", "contradicted", "inconclusive"]

LEGS: tuple[LegName, ...] = get_args(LegName)


@dataclass(frozen=True)
class Leg:
    """What one leg found.

    outcome: confirmed, contradicted or inconclusive; detail: why, in a line; data: the evidence, as JSON values;
    crashed: it raised an exception instead of an answer (the outcome is then inconclusive).
    """

    outcome: LegOutcome
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)
    crashed: bool = False

    def record(self) -> dict[str, Any]:
        """The leg as JSON values."""
        crash = {"crashed": True} if self.crashed else {}
        return {"outcome": self.outcome, "detail": self.detail, **crash, **self.data}


def combined(outcomes: Iterable[LegOutcome]) -> LegOutcome:
    """The outcome of a leg of several measurements; of none at all, inconclusive."""
    distinct = set(outcomes)
    if "contradicted" in distinct:
        return "contradicted"
    return "confirmed" if distinct == {"confirmed"} else "inconclusive"


def claim_outcome(required: tuple[LegName, ...], legs: Mapping[LegName, Leg | None]) -> ClaimOutcome:
    """The outcome of a claim from its legs (None: did not run).

    Any leg that contradicts it contradicts it, a leg that was not required too; then every required leg must confirm.
    A claim is proved where the proof alone is required.
    """
    if any(leg is not None and leg.outcome == "contradicted" for leg in legs.values()):
        return "contradicted"
    needed = [legs.get(name) for name in required]
    if not needed or any(leg is None or leg.outcome != "confirmed" for leg in needed):
        return "inconclusive"
    return "proved" if required == ("proof",) else "confirmed"
