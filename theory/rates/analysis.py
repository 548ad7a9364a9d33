"""Gathers the verdicts that a prediction needs: at the true temperature, on the part of s that each atom sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from operator import mul
from typing import Literal

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Algebra
from temperance.theory.conditions.decision import Decision, decide, temperature
from temperance.theory.conditions.degeneracies import Failure, Mirror, classify, mirror
from temperance.theory.conditions.families import Outcome, Verdict, kinks_of
from temperance.theory.expressions import balls
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import (
    Position,
    Vectors,
    covers_line,
    interval,
    irregularity,
    is_analytic,
    is_contiguous,
    position,
    slope_at_zero,
    slopes,
)
from temperance.theory.twins.twin import at_zero

Gauge = Literal["free", "anchored"]


@lru_cache(maxsize=64)
def _decision(source: Activation) -> Decision:
    """The verdicts on an activation, which all its cells share."""
    return decide(source)


def _are_parallel(vectors: Sequence[Sequence[sp.Rational]], one_direction: bool) -> bool:
    """Whether vectors other than 0 are multiples of one, positive ones if need be."""
    first = vectors[0]
    pairs = list(combinations(range(len(first)), 2))
    parallel = all(any(v) and all(v[i] * first[j] == v[j] * first[i] for i, j in pairs) for v in vectors)
    return parallel and not (one_direction and any(sum(map(mul, first, v)) <= 0 for v in vectors))


def exponential(source: Activation, tau: sp.Expr) -> sp.Expr | None:
    """p > 0, where exp(s/tau) = A + B|z|^p, with one B on each side of 0; else None."""
    if source.parameters:
        return None
    pieces = tuple(replace(p, expr=sp.exp(sp.expand(p.expr / tau))) for p in source.pieces)
    failure = classify(replace(source, pieces=pieces))
    homogeneous = failure is not None and failure.symmetry and failure.kind == "homogeneous"
    return failure.degree if failure is not None and homogeneous and failure.degree.is_positive else None


@dataclass(frozen=True)
class Analysis:
    """An activation at a truth of whose gate it is the s: its verdicts there, on the part that each atom sees.

    It is no `Setting`: predictions are for all cells that a fit of so many atoms can have, and of a constant s too,
    which makes no gate; so the gate of the truth has a free s. decision: the verdicts, if known.
    """

    source: Activation
    truth: Truth
    fitted: int
    gauge: Gauge
    decision: Decision | None = None

    @cached_property
    def beta1(self) -> Vectors | None:
        """beta1 of every true atom; None of a generic truth."""
        return slopes(self.truth)

    @property
    def tau(self) -> sp.Expr | None:
        """The true temperature; None of a generic truth."""
        return next(iter(self.truth.shared.values()), None)

    @cached_property
    def whole(self) -> Decision:
        """The verdicts on the activation as it stands."""
        return self.decision or _decision(self.source)

    @cached_property
    def failure(self) -> Failure | None:
        """The failure of F1, where it is proved to be a symmetry of the model."""
        failure = classify(self.source) if self.whole.first_order.outcome == "fails" else None
        return failure if failure is not None and failure.symmetry else None

    @property
    def _homogeneous(self) -> Failure | None:
        return self.failure if self.failure is not None and self.failure.kind == "homogeneous" else None

    @property
    def degree(self) -> sp.Expr | None:
        """p, where s is homogeneous of degree p up to a constant."""
        return None if self._homogeneous is None else self._homogeneous.degree

    @property
    def scale(self) -> str | None:
        """The flow of a homogeneous s, which moves beta1 and tau for any number of atoms (theory 3.1.2); else None."""
        failure = self._homogeneous
        if failure is None:
            return None
        return f"s is homogeneous of degree {failure.degree} up to a constant; flow {failure.flow}"

    @cached_property
    def exponential(self) -> sp.Expr | None:
        """p, where exp(s/tau) = A + B|z|^p at the tau of the true point, with p > 0; else None."""
        return None if self.tau is None else exponential(self.source, self.tau)

    @property
    def position(self) -> Position:
        """Where beta1 lies with respect to the sets of theory 3.3.3."""
        return position(self.beta1)

    @cached_property
    def mirror(self) -> Mirror:
        """The mirror type of s."""
        return self.whole.mirror or mirror(self.source)

    @cached_property
    def odd(self) -> bool | None:
        """Whether s is odd up to a constant, finite at 0 and not homogeneous; None where it is not decided.

        Values b and 0 of beta1 then have the density of 0 and -b and, in the free gauge, of b and -b (theory 3.3.2).
        """
        if not self.mirror.proved:
            return None
        return self.mirror.kind == "odd" and at_zero(self.source.pieces, dict(self.source.sample)) is not None

    @property
    def odd_power(self) -> bool:
        """Whether s is homogeneous and not shown to have an even part: any atom may then become the anchor."""
        return self.degree is not None and self.mirror.kind != "even" and not self.mirror.even_part_moves

    @property
    def is_constant(self) -> bool:
        """Whether s is one constant."""
        return self.failure is not None and self.failure.kind == "constant" and self.mirror.kind == "even"

    @property
    def has_constant_gate(self) -> bool:
        """Whether the gate of the truth does not depend on x.

        So it is where all beta1_i are equal, +-beta for even s, of one direction for steps, of one line for logarithms.
        """
        if self.position == "equal" or self.is_constant:
            return True
        if self.beta1 is None or self.gauge == "anchored":
            return False
        if self.failure is not None and self.failure.kind != "homogeneous":
            return _are_parallel(self.beta1, one_direction=self.failure.kind == "constant")
        return self.position == "mirror" and self.mirror.kind == "even" and self.mirror.proved

    @cached_property
    def flat(self) -> tuple[str, tuple[str, ...]] | None:
        """A curve of parameters with the density of the truth, for any number of atoms, and which parameters it moves.

        The flow of a homogeneous s, the orbit of a mirror point, or any tau where the gate of the truth is constant.
        """
        both = ("tau", "beta1")
        if self.gauge == "anchored" and self.position == "equal" and not self.is_constant:
            return "the gate of the truth is constant: (0, .., 0, beta0, tau) -> (0, .., 0, l beta0, l tau)", ("tau",)
        if self.has_constant_gate:
            return (
                "the gate of the truth is constant, and so it is at other beta1 and every tau with one beta0/tau",
                both,
            )
        if self.scale is not None:
            return self.scale, both
        if (
            self.gauge == "free"
            and self.position == "mirror"
            and self.mirror.kind == "homogeneous"
            and self.mirror.degree
        ):
            power = "l" if self.mirror.degree == 1 else f"l^({self.mirror.degree})"
            orbit = f"(beta, -beta, beta0, tau) -> (l beta, -l beta, {power} beta0, {power} tau)"
            return f"exact orbit {orbit} of the mirror point", both
        return None

    @property
    def atoms(self) -> range:
        """The atoms with a gate of their own: without the anchor."""
        return range(self.truth.k - (self.gauge == "anchored"))

    @cached_property
    def unseen(self) -> str | None:
        """Which atom is known not to see every piece of s over the support of x, or where s is not real."""
        if self.beta1 is None or self.truth.box is None or self.source.parameters or is_analytic(self.source):
            return None
        pieces, compare = self.source.pieces, Algebra({}).compare
        if not is_contiguous(pieces):
            return "s is not real on a whole interval"
        for j in self.atoms:
            low, high = interval(self.beta1[j], self.truth.box)
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
        """What a verdict amounts to at the true temperature."""
        if verdict.outcome != "holds" or self.tau is None:
            return verdict.outcome
        for text in verdict.fails_at_tau:
            gap = sp.radsimp(sp.expand(temperature(text) - self.tau))
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
        assumptions = [f"{name} is none of {', '.join(v)}" for name, v in self.whole.exceptional_parameters]
        values = dict.fromkeys(t for v in verdicts for t in v.fails_at_tau)
        if self.tau is not None:
            values = {t: None for t in values if temperature(t).free_symbols}  # the others are decided
        if values:
            assumptions.append(f"tau is none of {', '.join(values)}")
        return tuple(assumptions)

    def irregularity(self, order: int) -> str | None:
        """Why s has no expansion to an order on what the atoms see, where it has none."""
        return self.unseen or irregularity(self.source, self.truth.spec.dim, order)

    def support_conditions(self) -> tuple[str, ...]:
        """What is assumed of the support of x, where it is not given."""
        if is_analytic(self.source) or (self.truth.box is not None and not self.source.parameters):
            return ()
        texts = ["all pieces of s are seen: beta1_j . supp(X) reaches into each"] if len(self.source.pieces) > 1 else []
        if not covers_line(self.source):
            texts.append("s is real on beta1_j . supp(X)")
        return tuple(texts)

    def zero_slope(self, all_nonzero: bool) -> str | None:
        """Which condition on beta1_j = 0 the true point violates, if any: theory 3.1.3 (s'(0) != 0 there) and 3.2."""
        if self.gauge == "anchored" and slope_at_zero(self.source) == "unknown":
            return "s is not proved finite at 0, where the anchored gauge puts beta1_k"
        if self.beta1 is None:
            return None
        zeros = [j for j in self.atoms if not any(self.beta1[j])]
        if len(zeros) == len(self.atoms):
            return "all beta1_j are 0"
        if not all_nonzero and slope_at_zero(self.source) == "nonzero":
            return None
        more = "" if all_nonzero else ", and s'(0) != 0 is not proved"
        if zeros:
            return f"beta1 of atom {zeros[0] + 1} is 0{more}"
        moving = [self.beta1[j] for j in self.atoms]
        equal = len(set(moving)) == 1 if self.odd is not False else self.odd_power and len(set(moving)) < len(moving)
        if self.gauge == "anchored" and len(moving) > 1 and equal:
            start = "" if self.odd or self.odd_power else "if s is odd, "
            return f"{start}with another anchor the density is the same, and more beta1_j than the anchor's are 0{more}"
        return None
