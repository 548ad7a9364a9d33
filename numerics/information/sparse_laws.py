"""How the sample size grows as the gate gets sparse, tau -> 0, all else fixed; d = 1 (theory 7.4.2).

Delta is the difference of the two leading s(beta1_i x) + beta0_i at a tie, an x where they are equal, and p the order
to which it vanishes there: 1 where the leading atom changes, 2 where the scores touch. At a tie of order p a function
that vanishes to the order j counts as (1 + 2j)/p. Let e be the greatest count, the least one over the ties, of Delta
plus a combination of its derivatives by the gate's parameters. Then n grows like tau^(2 - e), and exponentially in
1/tau without a tie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from flint import fmpq
from scipy.optimize import brentq, minimize_scalar

from temperance.numerics.information.fisher import COARSE, SCAN, logits
from temperance.numerics.information.required import tau_variance
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.expressions.balls import jet

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
