"""Gathers the verdicts that a prediction needs: at the true temperature, on the part of s that each atom sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Algebra
from temperance.theory.conditions.decision import Decision, decide, temperature
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.conditions.kinks import kinks_of
from temperance.theory.conditions.verdict import Outcome, Verdict
from temperance.theory.expressions import balls
from temperance.theory.rates.true_point import (
    TruePoint,
    covers_line,
    irregularity,
    is_analytic,
    is_contiguous,
    slope_at_zero,
)

Gauge = Literal["free", "anchored"]


@lru_cache(maxsize=64)
def _decision(source: Activation) -> Decision:
    """The verdicts on an activation, which all its cells share."""
    return decide(source)


@dataclass(frozen=True)
class Setting:
    """An activation gate, the numbers of atoms and the true point (None: a generic one); its verdicts, if known."""

    source: Activation
    true_k: int
    fitted_k: int
    gauge: Gauge
    dim: int
    point: TruePoint | None
    decision: Decision | None = None

    @cached_property
    def whole(self) -> Decision:
        """The verdicts on the activation as it stands."""
        return self.decision or _decision(self.source)

    @cached_property
    def scale(self) -> str | None:
        """The flow of a homogeneous s, which moves beta1 and tau for any number of atoms (theory.md 2.3); else None."""
        failure = classify(self.source) if self.whole.first_order.outcome == "fails" else None
        if failure is None or not failure.symmetry or failure.kind != "homogeneous":
            return None
        return f"s is homogeneous of degree {failure.degree} up to a constant; flow {failure.flow}"

    @property
    def atoms(self) -> range:
        """The atoms with a gate of their own: without the anchor."""
        return range(self.true_k - (self.gauge == "anchored"))

    @cached_property
    def unseen(self) -> str | None:
        """Which atom is known not to see every piece of s over the support of x, or where s is not real."""
        if self.point is None or self.point.support is None or self.source.parameters or is_analytic(self.source):
            return None
        pieces, compare = self.source.pieces, Algebra({}).compare
        if not is_contiguous(pieces):
            return "s is not real on a whole interval"
        for j in self.atoms:
            low, high = self.point.interval(j) or (sp.S.Zero, sp.S.Zero)
            if low == high:
                continue  # beta1_j = 0
            if compare(low, pieces[0].lower) < 0 or compare(high, pieces[-1].upper) > 0:
                return "s is not real on all of beta1_j . supp(X)"
            if any(compare(low, p.lower) >= 0 or compare(high, p.lower) <= 0 for p in pieces[1:]):
                return f"atom {j + 1} sees no kink or jump at an end of some piece of s, and so too little of s"
        return None

    @property
    def kinked(self) -> bool:
        """Whether the atoms see a kink, as far as is known."""
        return not self.unseen and bool(kinks_of(self.source.pieces, dict(self.source.sample)).kinks)

    def outcome(self, verdict: Verdict) -> Outcome:
        """What a verdict amounts to at the temperature of the true point."""
        if verdict.outcome != "holds" or self.point is None:
            return verdict.outcome
        for text in verdict.fails_at_tau:
            gap = sp.radsimp(sp.expand(temperature(text) - self.point.tau))
            if gap == 0:
                return "fails"
            if not gap.free_symbols and balls.sign(gap, {}) is None:
                return "undecided"
        return "holds"

    def unpublished(self, order: str, verdict: Verdict) -> str | None:
        """Why the published statement under the condition of an order says nothing here, if it says nothing."""
        condition = f"the {order}-order condition of the published statement"
        outcome = self.outcome(verdict)
        if outcome != "holds":
            return f"{condition} {'fails' if outcome == 'fails' else 'is undecided'}"
        return f"{condition} holds, but {self.unseen}" if self.unseen else None

    def conditions(self, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
        """What `outcome` assumes: tau off the exceptional ones, parameters off theirs."""
        found = [f"{name} is none of {', '.join(v)}" for name, v in self.whole.exceptional_parameters]
        values = dict.fromkeys(t for v in verdicts for t in v.fails_at_tau)
        if self.point is not None:
            values = {t: None for t in values if temperature(t).free_symbols}  # the others are decided
        if values:
            found.append(f"tau is none of {', '.join(values)}")
        return tuple(found)

    def irregularity(self, order: int) -> str | None:
        """Why s has no expansion to an order on what the atoms see, where it has none."""
        return self.unseen or irregularity(self.source, self.dim, order)

    def seen_conditions(self) -> tuple[str, ...]:
        """What is assumed of the support of x, where it is not given."""
        if is_analytic(self.source) or (self.point is not None and self.point.support and not self.source.parameters):
            return ()
        found = ["all pieces of s are seen: beta1_j . supp(X) reaches into each"] if len(self.source.pieces) > 1 else []
        if not covers_line(self.source):
            found.append("s is real on beta1_j . supp(X)")
        return tuple(found)

    def zero_slope(self, all_nonzero: bool) -> str | None:
        """Which condition on beta1_j = 0 the true point violates, if any: theory.md 2.3 (s'(0) != 0 there) and 2.4."""
        if self.gauge == "anchored" and slope_at_zero(self.source) == "unknown":
            return "s is not proved finite at 0, where the anchored gauge puts beta1_k"
        if self.point is None:
            return None
        zeros = [j for j in self.atoms if not any(self.point.beta1[j])]
        if zeros and (all_nonzero or slope_at_zero(self.source) != "nonzero"):
            return f"beta1 of atom {zeros[0] + 1} is 0" + ("" if all_nonzero else ", and s'(0) != 0 is not proved")
        if len(zeros) == len(self.atoms):
            return "all beta1_j are 0"
        return None
