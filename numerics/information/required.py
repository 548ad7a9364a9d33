"""Sample sizes: at one truth, at the best temperature, on equal terms of two activations, and the floor of all gates.

Example: ``at_truth(truth, layout, gate, -3, 3).tau`` is [I^-1] of log tau: n observations give it the standard error
sqrt(tau/n), which is that of tau relative to tau.

The floor: no activation, expert or design learns the temperature from fewer observations (theory 7.2.1). Were the
labels seen and all else known, the information on log tau would be the mean over x of the varentropy Var_w(log w) of
the gate's weights w. Its maximum over all w of k atoms has one atom apart and the others equal: with u the log odds of
that atom, v = u + log(k - 1) and v tanh(u/2) = 2 it is v^2/4 - 1.

>>> round(100 * floor(2), 2), round(100 * floor(3), 2)
(227.67, 131.27)

Equal terms: log tau does not change under s -> alpha s + gamma and z -> delta z, so (tau, beta1) of two activations are
in different units. Their gates are not: for every length of beta1, its direction kept, beta0 and tau follow from the
least and the greatest probability of the first atom over x; the length that needs the fewest observations is searched
for.

Sparse gates: how n grows as tau -> 0, all else fixed; d = 1 (theory 7.4.2). Delta is the difference of the two leading
s(beta1_i x) + beta0_i at a tie, an x where they are equal, and p the order to which it vanishes there: 1 where the
leading atom changes, 2 where the scores touch. At a tie of order p a function that vanishes to the order j counts as
(1 + 2j)/p. Let e be the greatest count, the least one over the ties, of Delta plus a combination of its derivatives by
the gate's parameters. Then n grows like tau^(2 - e), and exponentially in 1/tau without a tie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from flint import arb, ctx, fmpq

from temperance.numerics.information.fisher import (
    COARSE,
    FINE,
    SCAN,
    Accuracy,
    Information,
    information,
    kurtosis,
    logits,
    product_grid,
    quadrature,
)
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.expressions.balls import jet

_BITS, _HALVINGS = 128, 90


def largest_varentropy(k: int) -> arb:
    """A ball around the maximum of the varentropy of k weights; raises ValueError for k < 2.

    The derivative by u of log f, f = v^2/(4 cosh^2(u/2)), is 2/v - tanh(u/2), and v tanh(u/2) grows: its root is
    unique, and balls of a proved sign enclose it.
    """
    if k < 2:
        raise ValueError(f"a gate needs two atoms, not {k}")
    with ctx.workprec(_BITS):
        more = arb(k - 1).log()
        low, high = fmpq(0), fmpq(4)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            excess = (arb(middle) + more) * (arb(middle) / 2).tanh() - 2
            if excess > 0:
                high = middle
            elif excess < 0:
                low = middle
            else:
                break
        root = arb(low).union(arb(high))
        return (root + more) ** 2 / 4 - 1


def floor(k: int) -> float:
    """1/max varentropy: the least variance of log tau, times n, that any gate of k atoms allows."""
    return float((1 / largest_varentropy(k)).mid())


ASYMPTOTIC = 0.1
"""Greatest kurtosis of the influence over n at which n is taken to be in the asymptotic regime (theory 7.1)."""


@dataclass(frozen=True)
class Required:
    """Variances of relative errors, times n.

    tau: None where it is fixed; beta1: of the worst atom, trace of the covariance over |beta1|^2, of atoms with
    beta1 != 0. price, kurtosis: as in theory 7; None where tau is fixed. error: relative, of tau (of beta1 where tau
    is fixed), by a coarser rule. resolved: whether the inverse of the information has digits in doubles.
    """

    tau: float | None
    beta1: float
    price: float | None
    condition: float
    kurtosis: float | None
    error: float
    resolved: bool


def relative_beta1(fisher: Information, measure: MixingMeasure) -> float:
    """The relative variance of beta1, times n, of the worst atom whose beta1 is free and not 0."""
    squares = {i: float(measure.beta1[i] @ measure.beta1[i]) for name, i in fisher.names if name == "beta1"}
    return max(fisher.variance("beta1", i) / square for i, square in squares.items() if square > 0)


def at_truth(measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float) -> Required:
    """What x uniform on [low, high]^d needs; raises ValueError as `information` and `quadrature` do."""
    fixed = layout.tau is not None

    nodes = quadrature(measure, gate, low, high, FINE)
    fisher = information(measure, layout, gate, nodes)
    if not fisher.resolved:
        return Required(None, float("inf"), None, fisher.condition, None, float("inf"), False)
    rough = information(measure, layout, gate, quadrature(measure, gate, low, high, COARSE))
    values = [relative_beta1(f, measure) if fixed else f.variance("tau") for f in (fisher, rough)]
    error = abs(values[1] / values[0] - 1)
    if fixed:
        return Required(None, values[0], None, fisher.condition, None, error, True)
    fourth = kurtosis(measure, layout, gate, nodes, fisher.influence("tau"))
    beta1 = relative_beta1(fisher, measure)
    return Required(values[0], beta1, fisher.price, fisher.condition, fourth, error, True)


def standard_errors(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float, n: float
) -> tuple[tuple[str, int | None, float], ...]:
    """(parameter, atom, standard error) of every coordinate, of tau and nu themselves, from n observations.

    Raises ValueError where the information is singular to the digits of a double.
    """
    fisher = information(measure, layout, gate, quadrature(measure, gate, low, high))
    if not fisher.resolved:
        raise ValueError("the information is singular to the digits of a double: there are no standard errors")
    errors = np.linalg.norm(fisher.inverse_factor, axis=1) / np.sqrt(n)
    rows = []
    for (name, atom), error in zip(layout.names, errors, strict=True):
        unit = float(measure.tau) if name == "tau" else float(measure.nu[atom]) if name == "nu" else 1.0
        rows.append((name, atom, float(error) * unit))
    return tuple(rows)


_LOG_TAUS = np.linspace(-6.0, 2.0, 33)  # of log(tau over the range of the numerator of the log odds)
_TAU_ROUNDS = 4
_EDGE_STEPS = 8


@dataclass(frozen=True)
class BestTau:
    """tau with the least variance of log tau, that variance (times n), and the window of at most twice as much.

    An end of the window is None where the search, over four decades, did not reach it.
    """

    tau: float
    variance: float
    low: float | None
    high: float | None


def tau_variance(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float, accuracy: Accuracy = FINE
) -> float:
    """[I^-1] of log tau for x uniform on [low, high]^d; infinite where it is not resolved in doubles."""
    fisher = information(measure, layout, gate, quadrature(measure, gate, low, high, accuracy))
    return fisher.variance("tau") if fisher.resolved else float("inf")


def best_tau(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float
) -> BestTau | None:
    """The best temperature to three digits; None where no temperature has a finite variance."""
    numerators = logits(measure, gate, product_grid(np.linspace(low, high, 65), measure.d)) * measure.tau
    scale = float(np.ptp(numerators, axis=1).max())
    if scale == 0:
        return None

    def at(log_tau: float) -> float:
        trial = replace(measure, tau=np.array(scale * np.exp(log_tau)))
        try:
            return float(np.log(tau_variance(trial, layout, gate, low, high, SCAN)))
        except ValueError:  # too steep to be resolved
            return float("inf")

    values = np.array([at(v) for v in _LOG_TAUS])
    best = int(values.argmin())
    if not np.isfinite(values[best]):
        return None
    place, value, width = float(_LOG_TAUS[best]), float(values[best]), float(_LOG_TAUS[1] - _LOG_TAUS[0])
    for _ in range(_TAU_ROUNDS):
        width /= 2
        for step in (-width, width):
            if (other := at(place + step)) < value:
                place, value = place + step, other
                break
    ends = [_edge(at, values, best, step, value + np.log(2.0)) for step in (-1, 1)]
    taus = [None if end is None else scale * float(np.exp(end)) for end in ends]
    return BestTau(scale * float(np.exp(place)), float(np.exp(value)), *taus)


def _edge(at: Callable[[float], float], values: Floats, best: int, step: int, wanted: float) -> float | None:
    """Where the function first rises to a value, going from the best in one direction."""
    i = best
    while 0 <= i + step < len(values) and values[i + step] < wanted:
        i += step
    if not 0 <= i + step < len(values):
        return None
    inside, outside = float(_LOG_TAUS[i]), float(_LOG_TAUS[i + step])
    for _ in range(_EDGE_STEPS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if at(middle) < wanted else (inside, middle)
    return (inside + outside) / 2


SCALES = np.exp(np.linspace(-3.0, 4.0, 36))  # of the greatest |beta1 . x|
_LENGTH_ROUNDS = 5
_SAME_COST = 1e-6  # relative: rules of integration of the two signs round differently
_POINTS = 801


@dataclass(frozen=True, eq=False)
class Matched:
    """The measure of the least cost, its cost, and whether the search ended at the end of its range of beta1."""

    measure: MixingMeasure
    cost: float
    at_edge: bool


def matched(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, probabilities: tuple[float, float]
) -> MixingMeasure | None:
    """beta0 and tau such that the first of two atoms has these least and greatest probabilities over x.

    None where the gate cannot: s is not finite on all of beta1 . x, or does not depend on x.
    """
    x = np.linspace(low, high, _POINTS if measure.d == 1 else 65)
    (s,) = gate(product_grid(x, measure.d) @ measure.beta1.T, 0)
    if not np.isfinite(s).all():
        return None
    difference = s[:, 0] - s[:, 1]
    if np.ptp(difference) <= 1e-12 * np.abs(s).max():
        return None
    least, greatest = (float(np.log(p / (1 - p))) for p in probabilities)
    tau = float(np.ptp(difference)) / (greatest - least)
    beta0 = tau * least - float(difference.min())
    return replace(measure, beta0=np.array([beta0, 0.0]), tau=np.array(tau))


def best_matched(
    measure: MixingMeasure,
    layout: Layout,
    gate: CompiledActivation,
    low: float,
    high: float,
    probabilities: tuple[float, float],
    cost: Callable[[Information, MixingMeasure], float],
) -> Matched | None:
    """The least cost over the length and sign of beta1, its direction kept; None where no length has a finite one.

    The sign of the truth is kept where the other one costs the same, as with even s, or odd s and x symmetric.
    """
    reach = float(np.abs(measure.beta1).sum(axis=1).max()) * max(abs(low), abs(high))

    def at(scale: float, accuracy: Accuracy = SCAN) -> tuple[float, MixingMeasure | None]:
        candidate = matched(replace(measure, beta1=measure.beta1 * (scale / reach)), gate, low, high, probabilities)
        if candidate is None:
            return float("inf"), None
        try:
            fisher = information(candidate, layout, gate, quadrature(candidate, gate, low, high, accuracy))
        except ValueError:  # s' is not finite, or the gate too steep to be resolved
            return float("inf"), None
        return (cost(fisher, candidate) if fisher.resolved else float("inf")), candidate

    lengths = np.concatenate([-SCALES[::-1], SCALES])
    values = np.array([at(v)[0] for v in lengths])
    backward, forward = values[: len(SCALES)], values[len(SCALES) :]
    keeps_sign = forward.min() <= backward.min() * (1 + _SAME_COST)
    best = int(forward.argmin()) + len(SCALES) if keeps_sign else int(backward.argmin())
    if not np.isfinite(values[best]):
        return None
    place, value, step = float(lengths[best]), float(values[best]), float(SCALES[1] / SCALES[0])
    for _ in range(_LENGTH_ROUNDS):
        step = float(np.sqrt(step))
        for other in (place / step, place * step):
            if SCALES[0] <= abs(other) <= SCALES[-1] and (trial := at(other)[0]) < value:
                place, value = other, trial
                break
    value, candidate = at(place, FINE)
    if candidate is None:
        return None
    edge = min(abs(abs(place) - end) / end for end in (SCALES[0], SCALES[-1])) < 1e-9
    return Matched(candidate, value, bool(edge))


Law = Fraction | Literal["exponential"] | None

TO_INFINITY = 2  # n grows like tau^2: theory 7.4.2
WITHIN = 0.1  # of the law, at three temperatures and below
_GRID = 4001
_PRECISE = 1e-15  # of a root or a least value
_ORDER = 14  # of the jets
_HIGHEST = 6  # order of a tie
_SAME = 1e-7  # residual, relative, below which a linear system is taken to be solvable, and a coefficient to be 0
_EQUAL = 1e-12  # difference of scores over their range
_STEPS = 20  # halvings of tau
_ROUGH = 0.03  # difference of two rules of integration, above which an n is not used
_CHECKED = 3  # temperatures that must have the law


@dataclass(frozen=True)
class Tie:
    """An x where the two leading atoms are equal.

    order: to which their difference vanishes; None where it has no jet.
    """

    x: float
    left: int
    right: int
    order: int | None


def ties(measure: MixingMeasure, gate: CompiledActivation, low: float, high: float) -> tuple[Tie, ...] | None:
    """The ties of the gate in [low, high], d = 1, its ends among them: of those that a grid of 4001 points tells apart.

    None where the leading scores are equal on an interval.
    """
    x = np.linspace(low, high, _GRID)
    scores = logits(measure, gate, x[:, None])
    order = np.argsort(scores, axis=1, kind="stable")
    lead, second = order[:, -1], order[:, -2]
    gap = np.take_along_axis(scores, lead[:, None], 1)[:, 0] - np.take_along_axis(scores, second[:, None], 1)[:, 0]
    least = _EQUAL * float(np.ptp(scores)) or _EQUAL
    if (gap <= least).sum() > _HIGHEST:
        return None
    padded = np.concatenate([[np.inf], gap, [np.inf]])
    places = np.flatnonzero((gap <= padded[:-2]) & (gap <= padded[2:]))
    chosen: list[Tie] = []
    for i in places.tolist():
        pair = (int(lead[i]), int(second[i]))
        a, b = float(x[max(i - 1, 0)]), float(x[min(i + 1, _GRID - 1)])
        tie = _tie(measure, gate, pair, (a, float(x[i]), b), least, (low, high))
        if tie is not None and all(abs(tie.x - other.x) > (high - low) / _GRID for other in chosen):
            chosen.append(tie)
    return tuple(chosen)


def _tie(
    measure: MixingMeasure,
    gate: CompiledActivation,
    pair: tuple[int, int],
    near: tuple[float, float, float],
    least: float,
    ends: tuple[float, float],
) -> Tie | None:
    """The tie of a pair of atoms about a grid point; None where their scores stay apart there."""

    from scipy.optimize import brentq, minimize_scalar  # slow to load, and the floor of all gates needs none

    def difference(x: float) -> float:
        scores = logits(measure, gate, np.array([[x]]))[0]
        return float(scores[pair[0]] - scores[pair[1]])

    a, middle, b = near
    x = middle
    if abs(difference(x)) > least and difference(a) * difference(b) < 0:
        x = float(brentq(difference, a, b, xtol=_PRECISE))
    if abs(difference(x)) > least:
        x = float(minimize_scalar(lambda v: abs(difference(v)), bounds=(a, b), options={"xatol": _PRECISE}).x)
    for order in range(1, _HIGHEST + 1):
        jets = _difference_jets(measure, gate, pair, x)
        if jets is None:
            return Tie(x, *pair, None) if abs(difference(x)) <= least else None
        refined = x
        for _ in range(3 if x not in ends else 0):
            slope = order * jets[order]
            refined = refined - jets[order - 1] / slope if slope else refined
            moved = _difference_jets(measure, gate, pair, refined)
            jets = jets if moved is None else moved
        scaled = np.abs(jets) * (ends[1] - ends[0]) ** np.arange(len(jets))
        near_by = abs(refined - x) <= (b - a)
        if near_by and scaled[order] > _SAME * scaled[1:].max() and scaled[:order].max() <= _SAME**1.2 * scaled.max():
            return Tie(float(refined), *pair, order)
    return None


def sparse_law(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, crossings: tuple[Tie, ...] | None
) -> Law:
    """The exponent of n ~ tau^e as tau -> 0, from the ranks of jets at the ties.

    "exponential" without a tie; None where a jet is not finite, or no order up to that of the jets decides.
    """
    if measure.d != 1 or crossings is None:
        return None
    if not crossings:
        return "exponential"
    jets = [_jets(measure, layout, gate, tie) for tie in crossings]
    if any(j is None for j in jets) or any(tie.order is None for tie in crossings):
        return None
    rows = np.stack([j for j in jets if j is not None])  # (ties, functions, orders)
    counts = np.array([[Fraction(1 + 2 * j, tie.order or 1) for j in range(_ORDER)] for tie in crossings])
    decided = min(row[-1] for row in counts)
    for e in sorted({c for c in counts.ravel() if c <= decided}):
        # does some combination vanish to every order that counts no more?
        values = rows.transpose(1, 0, 2)[:, counts <= e]
        target, others = values[0], values[1:].T
        scale = np.linalg.norm(others, axis=0)
        others = others[:, scale > 0] / scale[scale > 0]
        rest = target - others @ np.linalg.lstsq(others, target, rcond=_SAME)[0]
        if np.linalg.norm(rest) > _SAME * np.linalg.norm(target):
            return Fraction(2) - e
    return None


def holds_from(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float, law: Fraction
) -> float | None:
    """The temperature from which downwards n is within 10% of a multiple of tau^law, which is that at the least tau.

    None where the three least temperatures at which n is resolved do not have the law.
    """
    numerators = logits(measure, gate, np.linspace(low, high, 65)[:, None]) * measure.tau
    taus = float(np.ptp(numerators)) * 0.5 ** np.arange(_STEPS)
    logs: dict[float, float] = {}
    for tau in taus.tolist():
        at = replace(measure, tau=np.array(tau))
        try:
            value, other = (tau_variance(at, layout, gate, low, high, rule) for rule in (SCAN, COARSE))
        except ValueError:  # too steep to be resolved
            break
        if not np.isfinite([value, other]).all():
            break
        if abs(value / other - 1) <= _ROUGH:
            logs[tau] = float(np.log(value) - float(law) * np.log(tau))
    seen, least = list(logs), min(logs, default=0.0)
    far = [i for i, tau in enumerate(seen) if abs(np.expm1(logs[tau] - logs[least])) > WITHIN]
    first = far[-1] + 1 if far else 0
    return None if len(seen) - first < _CHECKED else seen[first]


def _difference_jets(
    measure: MixingMeasure, gate: CompiledActivation, pair: tuple[int, int], x: float
) -> Floats | None:
    """Taylor coefficients at x of the difference of two scores; None where one is not finite."""
    total = np.zeros(_ORDER)
    for atom, sign in zip(pair, (1.0, -1.0), strict=True):
        slope = float(measure.beta1[atom, 0])
        s = _taylor(gate, slope * x)
        if s is None:
            return None
        total = total + sign * s[:-1] * slope ** np.arange(_ORDER)
        total[0] += sign * float(measure.beta0[atom])
    return total


def _jets(measure: MixingMeasure, layout: Layout, gate: CompiledActivation, at: Tie) -> Floats | None:
    """Taylor coefficients at a tie of Delta, and of its derivatives by every free beta1 and beta0."""
    delta = _difference_jets(measure, gate, (at.left, at.right), at.x)
    if delta is None:
        return None
    delta[: at.order or 1] = 0.0
    gates: dict[tuple[str, int | None], Floats] = {}
    for atom, sign in ((at.left, 1.0), (at.right, -1.0)):
        slope = float(measure.beta1[atom, 0])
        s = _taylor(gate, slope * at.x)
        if s is None:
            return None
        first = s[1:] * np.arange(1, _ORDER + 1) * slope ** np.arange(_ORDER)  # of s'(beta1 (x + h)) in h
        gates["beta1", atom] = sign * (at.x * first + np.concatenate([[0.0], first[:-1]]))
        gates["beta0", atom] = sign * np.eye(_ORDER)[0]
    derivatives = [gates.get((n, o), np.zeros(_ORDER)) for n, o in layout.names if n in ("beta1", "beta0")]
    return np.stack([delta, *derivatives])


def _taylor(gate: CompiledActivation, z: float) -> Floats | None:
    """Taylor coefficients 0.._ORDER of s at z; None where they are not finite, as at a kink."""
    pieces = [p for p, c in zip(gate.source.pieces, gate.pieces, strict=True) if c.lower < z < c.upper]
    if not pieces:
        return None
    balls = jet(pieces[0].expr, {"z": fmpq(*z.as_integer_ratio())}, _ORDER)
    values = np.array([float(ball.mid()) for ball in balls])
    return values if np.isfinite(values).all() else None
