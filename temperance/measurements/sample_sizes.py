"""Computes how many observations a temperature needs, activation by activation (theory.md 6)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from temperance.measurements.true_measures import Truth
from temperance.numerics.information.best_tau import best_tau
from temperance.numerics.information.certificates import certificate
from temperance.numerics.information.designs import GRID, UNIFORM, d_design, tau_design
from temperance.numerics.information.fisher import factors_at
from temperance.numerics.information.matched import best_matched
from temperance.numerics.information.quadrature import FINE
from temperance.numerics.information.required import ASYMPTOTIC, Required, at_truth, relative_beta1, with_fixed_tau
from temperance.numerics.information.sparse_laws import TO_INFINITY, crossings, sparse_law
from temperance.numerics.mixture.activation_numpy import CompiledActivation, compile_activation
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import Activation, activation
from temperance.theory.rates.setting import Gauge
from temperance.theory.rates.unidentifiable import Obstacle, obstacle

Match = tuple[float, float]
_INVARIANT = ("linear", "homogeneous")  # flows that keep beta1/tau^(1/p)
_ROUGHEST = 0.01  # relative error of an n that is given


@dataclass(frozen=True)
class Law:
    """Exponents e of n ~ tau^e, or "exponential"; None where no law is proved."""

    tau_to_0: int | Literal["exponential"] | None = None
    tau_to_infinity: int | None = None


@dataclass(frozen=True)
class Row:
    """One activation at one truth. A number is None where there is none, for the `reason`.

    n_tau, n_beta1: n for the relative error; n_invariant: of beta1/tau^(1/p), where a flow leaves only that.
    best_tau: tau of the least n and its window of twice as much. asymptotic: whether n_tau is in the asymptotic regime.
    relative_error: of n_tau, by a coarser rule. beta1, beta0, at_edge, n_both: with match only. designs: of x.
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
    certified_n_tau: float | None = None
    tau: float | None = None
    n_invariant: float | None = None
    relative_error: float | None = None
    kurtosis: float | None = None
    reason: str | None = None
    beta1: tuple[tuple[float, ...], ...] | None = None
    beta0: float | None = None
    at_edge: bool = False
    n_both: float | None = None
    designs: dict[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Question:
    """What is asked of every activation: gauge, relative standard error, and the range of a matched gate."""

    gauge: Gauge
    precision: float
    match: Match | None = None

    def gauge_of(self, s: Activation) -> Gauge:
        """The linear gate is always anchored."""
        return "anchored" if s.is_linear else self.gauge

    def layout(self, s: Activation, truth: Truth) -> Layout:
        """Coordinates of the information."""
        return Layout(truth.measure.k, truth.measure.d, self.gauge_of(s))

    def n(self, variance: float) -> float:
        """Observations for a relative variance, given that of one."""
        return variance / self.precision**2


def read_activation(source: str | Activation) -> Activation:
    """The activation, if it has numbers in place of parameters; else raises ValueError."""
    s = activation(source)
    if s.parameters:
        raise ValueError(f"activation {s.name!r} has free parameters: numbers are needed in their place")
    return s


def at_temperature(truth: Truth, tau: float) -> Truth:
    """The same truth with another temperature."""
    return replace(truth, measure=replace(truth.measure, tau=np.array(tau)))


def row_of(source: str | Activation, truth: Truth, asked: Question) -> Row:
    """What one activation needs at one truth, without laws, designs and certificates.

    With a match, an activation that cannot be used has a reason in its row. Raises ValueError for one without.
    """
    s = activation(source)
    empty = Row(source if isinstance(source, str) else s.name, tau=float(truth.measure.tau))
    try:
        s = read_activation(s)
        if s.is_linear:
            truth = _translated(truth)
        point = truth.point if asked.match is None else replace(truth.point, support=None)
        proved = obstacle(s, asked.gauge_of(s), point)
        return _computed(empty, s, truth, asked) if proved is None else _lost(empty, s, truth, asked, proved)
    except ValueError as error:
        if asked.match is None:
            raise
        return replace(empty, reason=str(error))


def _translated(truth: Truth) -> Truth:
    """The linear gate in the gauge with beta1_k = 0: the same density."""
    return replace(truth, measure=replace(truth.measure, beta1=truth.measure.beta1 - truth.measure.beta1[-1]))


def _required(s: Activation, truth: Truth, layout: Layout) -> Required:
    return at_truth(truth.measure, layout, compile_activation(s), truth.low, truth.high)


def _lost(empty: Row, s: Activation, truth: Truth, asked: Question, proved: Obstacle) -> Row:
    """n of beta1/tau^(1/p), where a flow keeps it."""
    found = replace(empty, not_identifiable=proved.name, reason=proved.words)
    if proved.name not in _INVARIANT or asked.gauge_of(s) == "free":
        return found
    try:
        required = _required(s, truth, with_fixed_tau(asked.layout(s, truth), truth.measure))
    except ValueError:  # s is not real on all of beta1 . x
        return found
    if not required.resolved or required.error > _ROUGHEST:
        return found
    n = asked.n(required.beta1)
    return replace(found, n_invariant=n, condition=required.condition, relative_error=required.error)


def _computed(empty: Row, s: Activation, truth: Truth, asked: Question) -> Row:
    found = empty
    if asked.match is not None:
        moved = matched_truth(s, truth, asked)
        if moved is None:
            return replace(
                empty, reason="no length of beta1 gives the gate this range with a variance that is resolved"
            )
        truth, found = moved
        if (proved := obstacle(s, asked.gauge_of(s), truth.point)) is not None:
            return replace(empty, reason=proved.words)
    required = _required(s, truth, asked.layout(s, truth))
    if not required.resolved or required.tau is None or required.kurtosis is None:
        unresolved = "the information is singular to the digits of a double, and nothing is proved"
        return replace(empty, reason=unresolved)
    if required.error > _ROUGHEST:
        rough = f"two rules of integration differ by {required.error:.0%}: s or s' is too rough where x reaches it"
        return replace(empty, reason=rough)
    n_tau = asked.n(required.tau)
    return replace(
        found,
        activation=empty.activation,
        n_tau=n_tau,
        n_beta1=asked.n(required.beta1),
        price=required.price,
        condition=required.condition,
        relative_error=required.error,
        asymptotic=bool(required.kurtosis / n_tau <= ASYMPTOTIC),
        kurtosis=required.kurtosis if np.isfinite(required.kurtosis) else None,
        tau=float(truth.measure.tau),
    )


def matched_truth(s: Activation, truth: Truth, asked: Question) -> tuple[Truth, Row] | None:
    """The truth of the least variance of tau at the range of the gate, and what a row says of it."""
    assert asked.match is not None
    where = (truth.measure, asked.layout(s, truth), compile_activation(s), truth.low, truth.high, asked.match)
    best = best_matched(*where, lambda found, _: found.variance("tau"))
    if best is None:
        return None
    both = best_matched(*where, lambda found, m: max(found.variance("tau"), relative_beta1(found, m)))
    row = Row(
        s.name,
        beta1=tuple(tuple(beta) for beta in best.measure.beta1.tolist()),
        beta0=float(best.measure.beta0[0]),
        at_edge=best.at_edge,
        n_both=None if both is None else asked.n(both.cost),
    )
    return replace(truth, measure=best.measure), row


def with_laws(row: Row, source: str | Activation, truth: Truth, asked: Question) -> Row:
    """The row with crossings, laws and the best temperature, if it has an n."""
    if row.n_tau is None:
        return row
    s = activation(source)
    measure, layout, gate = truth.measure, asked.layout(s, truth), compile_activation(s)
    law, count = None, None
    if measure.d == 1:
        found = crossings(measure, gate, truth.low, truth.high)
        law, count = sparse_law(measure, layout, gate, found), len(found)
    best = best_tau(measure, layout, gate, truth.low, truth.high)
    window = None if best is None else (best.tau, best.low, best.high)
    return replace(row, best_tau=window, crossings=count, laws=Law(law, TO_INFINITY))


def with_designs(row: Row, source: str | Activation, truth: Truth, asked: Question) -> Row:
    """The row with the optimal designs of x, d = 1, if it has an n.

    designs: {"uniform": share of every design that is uniform, "saving": n over that of the first, "c_optimal": for
    tau, "d_optimal": for all}, the last two {"x", "weights", "n_tau", "efficiency", "sensitivity"}: how much one more
    observation would help at each of the points that fill the range of x evenly, 1 at most for an optimal design.
    """
    if row.n_tau is None:
        return row
    s = activation(source)
    layout = asked.layout(s, truth)
    x = np.linspace(truth.low, truth.high, GRID)[:, None]
    rows = factors_at(truth.measure, layout, compile_activation(s), x, FINE.per_deviation)
    found: dict[str, Any] = {}
    for name, design in (("c_optimal", tau_design(rows)), ("d_optimal", d_design(rows))):
        found[name] = {
            "x": x[design.places, 0].tolist(),
            "weights": design.weights.tolist(),
            "n_tau": asked.n(design.variance),
            "efficiency": design.efficiency,
            "sensitivity": design.sensitivity.tolist(),
        }
    return replace(row, designs={"uniform": UNIFORM, "saving": row.n_tau / found["c_optimal"]["n_tau"], **found})


def with_certificate(
    row: Row, source: str | Activation, truth: Truth, asked: Question
) -> tuple[Row, dict[str, Any] | None]:
    """The row with a bound of n that is proved by balls, and its certificate; without them where there is none.

    Certificates are for two atoms, d = 1, and activations with one formula on the whole line.
    """
    s = activation(source)
    if row.n_tau is None:
        return row, None
    where = (truth.measure, asked.gauge_of(s), compile_activation(s), truth.low, truth.high)
    try:
        found = certificate(*where, precision=asked.precision)
    except ValueError:
        return row, None
    return replace(row, certified_n_tau=float(found["bound"])), found


def curve(source: str | Activation, truth: Truth, asked: Question, taus: list[float]) -> list[float | None]:
    """n of tau at some temperatures; None where it is not resolved."""
    s = activation(source)
    gate: CompiledActivation = compile_activation(s)
    found: list[float | None] = []
    for tau in taus:
        there = at_temperature(truth, tau)
        try:
            required = at_truth(there.measure, asked.layout(s, truth), gate, truth.low, truth.high)
        except ValueError:  # too steep to be resolved
            found.append(None)
            continue
        found.append(None if required.tau is None else asked.n(required.tau))
    return found
