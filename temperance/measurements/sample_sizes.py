"""Computes how many observations a temperature needs, activation by activation (theory 7)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from temperance.numerics.information.required import (
    ASYMPTOTIC,
    TO_INFINITY,
    at_truth,
    best_matched,
    best_tau,
    holds_from,
    relative_beta1,
    sparse_law,
    ties,
)
from temperance.numerics.mixture.activation_numpy import CompiledActivation, compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure, measure_of, truth_of
from temperance.theory.activations.activation import Activation, activation
from temperance.theory.models.gates import Gauge
from temperance.theory.models.spec import TAU
from temperance.theory.models.truth import Truth
from temperance.theory.rates.learnability import Obstacle, obstacle
from temperance.theory.rates.true_point import exact

Match = tuple[float, float]
_INVARIANT = ("linear", "homogeneous")  # flows that keep beta1/tau^(1/p)
ROUGHEST = 0.01  # relative error of an n that is given


@dataclass(frozen=True)
class Law:
    """Exponents e of n ~ tau^e, or "exponential"; None where no law is proved."""

    tau_to_0: float | Literal["exponential"] | None = None
    tau_to_infinity: int | None = None


def power(exponent: float) -> str:
    """An exponent as tau^-3 or tau^(-5/2)."""
    e = Fraction(exponent).limit_denominator(60)
    return f"tau^{e}" if e.denominator == 1 else f"tau^({e})"


@dataclass(frozen=True)
class Row:
    """One activation at one truth. A number is None where there is none, for the `reason`.

    n_tau, n_beta1: n for the relative error; n_invariant: of beta1/tau^(1/p), where a flow leaves only that.
    best_tau: tau of the least n and its window of twice as much. asymptotic: whether n_tau is in the asymptotic regime.
    relative_error: of n_tau, by a coarser rule. beta1, beta0, at_edge, n_both: with match only.
    law_holds_from: the temperature from which downwards n is within 10% of the law of tau -> 0, by n at three smaller
    ones or more; None where that was not reached.
    """

    activation: str
    n_tau: float | None = None
    n_beta1: float | None = None
    price: float | None = None
    condition: float | None = None
    best_tau: tuple[float, float | None, float | None] | None = None
    crossings: int | None = None
    laws: Law = Law()
    asymptotic: bool | None = None
    not_identifiable: str | None = None
    tau: float | None = None
    n_invariant: float | None = None
    relative_error: float | None = None
    kurtosis: float | None = None
    reason: str | None = None
    beta1: tuple[tuple[float, ...], ...] | None = None
    beta0: float | None = None
    at_edge: bool = False
    n_both: float | None = None
    law_holds_from: float | None = None

    def record(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {**asdict(self), "parameter": "tau", "n": self.n_tau}


@dataclass(frozen=True)
class Question:
    """What is asked of every activation: gauge, relative standard error, and the range of a matched gate."""

    gauge: Gauge
    precision: float
    match: Match | None = None

    def n(self, variance: float) -> float:
        """Observations for a relative variance, given that of one."""
        return variance / self.precision**2


@dataclass(frozen=True)
class Case:
    """An activation at a true point."""

    s: Activation
    truth: Truth
    question: Question

    @classmethod
    def of(cls, source: str | Activation, truth: Truth, question: Question) -> Case:
        """The case of an activation without free parameters; raises ValueError for another."""
        s = activation(source)
        if s.parameters:
            raise ValueError(f"activation {s.name!r} has free parameters: numbers are needed in their place")
        return cls(s, truth, question)

    @property
    def gauge(self) -> Gauge:
        """The linear gate is always anchored."""
        return "anchored" if self.s.is_linear else self.question.gauge

    @property
    def gate(self) -> CompiledActivation:
        """s, compiled."""
        return compile_activation(self.s)

    @property
    def layout(self) -> Layout:
        """Coordinates of the information."""
        return Layout(self.truth.k, self.truth.spec.dim, self.gauge)

    @property
    def where(self) -> tuple[MixingMeasure, Layout, CompiledActivation, float, float]:
        """What `numerics.information` takes."""
        low, high = map(float, self.truth.box or ())
        return measure_of(self.truth), self.layout, self.gate, low, high

    @property
    def obstacle(self) -> Obstacle | None:
        """The proof that there are no standard errors; with a match, x fills what it has to."""
        truth = self.truth if self.question.match is None else replace(self.truth, box=None)
        return obstacle(self.s, self.gauge, truth)


def at_temperature(truth: Truth, tau: float) -> Truth:
    """The same truth with another temperature."""
    return replace(truth, shared={TAU: exact(tau)})


def row_of(source: str | Activation, truth: Truth, question: Question) -> Row:
    """What one activation needs at one truth, without laws.

    With a match, an activation that cannot be used has a reason in its row. Raises ValueError for one without.
    """
    name = source if isinstance(source, str) else source.name
    empty = Row(name, tau=float(truth.shared[TAU]))
    try:
        case = Case.of(source, truth, question)
        if case.s.is_linear:  # in the gauge with beta1_k = 0: the same density
            last, own = truth.atoms[-1], truth.spec.gate.own
            atoms = tuple({**atom, **{p: atom[p] - last[p] for p in own}} for atom in truth.atoms)
            case = replace(case, truth=replace(truth, atoms=atoms))
        proved = case.obstacle
        return _computed(empty, case) if proved is None else _lost(empty, case, proved)
    except ValueError as error:
        if question.match is None:
            raise
        return replace(empty, reason=str(error))


def _lost(empty: Row, case: Case, proved: Obstacle) -> Row:
    """n of beta1/tau^(1/p), where a flow keeps it."""
    row = replace(empty, not_identifiable=proved.name, reason=proved.words)
    if proved.name not in _INVARIANT or case.gauge == "free":
        return row
    measure, layout, gate, low, high = case.where
    try:
        required = at_truth(measure, replace(layout, tau=float(measure.tau)), gate, low, high)
    except ValueError:  # s is not real on all of beta1 . x
        return row
    if not required.resolved or required.error > ROUGHEST:
        return row
    n = case.question.n(required.beta1)
    return replace(row, n_invariant=n, condition=required.condition, relative_error=required.error)


def _computed(empty: Row, case: Case) -> Row:
    base, question = empty, case.question
    if question.match is not None:
        match = _matched(case, question.match)
        if match is None:
            return replace(
                empty, reason="no length of beta1 gives the gate this range with a variance that is resolved"
            )
        case, base = match
        if (proved := obstacle(case.s, case.gauge, case.truth)) is not None:
            return replace(empty, reason=proved.words)
    required = at_truth(*case.where)
    if not required.resolved or required.tau is None or required.kurtosis is None:
        unresolved = "the information is singular to the digits of a double, and nothing is proved"
        return replace(empty, reason=unresolved)
    if required.error > ROUGHEST:
        rough = f"two rules of integration differ by {required.error:.0%}: s or s' is too rough where x reaches it"
        return replace(empty, reason=rough)
    n_tau = question.n(required.tau)
    return replace(
        base,
        activation=empty.activation,
        n_tau=n_tau,
        n_beta1=question.n(required.beta1),
        price=required.price,
        condition=required.condition,
        relative_error=required.error,
        asymptotic=bool(required.kurtosis / n_tau <= ASYMPTOTIC),
        kurtosis=required.kurtosis if np.isfinite(required.kurtosis) else None,
        tau=float(case.truth.shared[TAU]),
    )


def _matched(case: Case, match: Match) -> tuple[Case, Row] | None:
    """The truth of the least variance of tau at the range of the gate, and what a row says of it."""
    *_, low, high = case.where
    best = best_matched(*case.where, match, lambda information, _: information.variance("tau"))
    if best is None:
        return None
    both = best_matched(
        *case.where, match, lambda information, m: max(information.variance("tau"), relative_beta1(information, m))
    )
    row = Row(
        case.s.name,
        beta1=tuple(tuple(beta) for beta in best.measure.beta1.tolist()),
        beta0=float(best.measure.beta0[0]),
        at_edge=best.at_edge,
        n_both=None if both is None else case.question.n(both.cost),
    )
    return replace(case, truth=truth_of(best.measure, low, high)), row


def with_laws(row: Row, case: Case, *, checked: bool = True) -> Row:
    """A row that has an n with crossings, laws and the best temperature. checked: whether laws are held against n."""
    measure, layout, gate, low, high = case.where
    meeting = ties(measure, gate, low, high) if measure.d == 1 else None
    law = sparse_law(measure, layout, gate, meeting)
    reach = holds_from(*case.where, law) if checked and isinstance(law, Fraction) else None
    exponent = law if not isinstance(law, Fraction) else int(law) if law.denominator == 1 else float(law)
    count = None if meeting is None else len(meeting)
    best = best_tau(*case.where)
    window = None if best is None else (best.tau, best.low, best.high)
    return replace(row, best_tau=window, crossings=count, laws=Law(exponent, TO_INFINITY), law_holds_from=reach)


def curve(case: Case, taus: list[float]) -> list[float | None]:
    """n of tau at some temperatures; None where it is not resolved."""
    sizes: list[float | None] = []
    for tau in taus:
        try:
            required = at_truth(*replace(case, truth=at_temperature(case.truth, tau)).where)
        except ValueError:  # too steep to be resolved
            sizes.append(None)
            continue
        sizes.append(None if required.tau is None else case.question.n(required.tau))
    return sizes
