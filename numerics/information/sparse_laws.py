"""How the sample size grows as the gate gets sparse, tau -> 0, all else fixed; d = 1 (theory.md 6.4).

Delta is the difference of the two leading s(beta1_i x) + beta0_i at a crossing, an x where the leading atom changes,
and q the greatest order to which Delta plus a combination of its derivatives by the gate's parameters vanishes at all
crossings at once. Then n grows like tau^-(2q - 1), and exponentially in 1/tau without a crossing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from flint import fmpq

from temperance.numerics.information.quadrature import logits
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.expressions.balls import jet

Law = int | Literal["exponential"] | None

TO_INFINITY = 2  # n grows like tau^2: theory.md 6.4
_GRID = 4001
_HALVINGS = 60
_ORDER = 7  # of the jets: laws to tau^-13
_SAME = 1e-7  # residual, relative, below which a linear system is taken to be solvable


@dataclass(frozen=True)
class Crossing:
    """An x where the leading atom changes from `left` to `right`."""

    x: float
    left: int
    right: int


def crossings(measure: MixingMeasure, gate: CompiledActivation, low: float, high: float) -> tuple[Crossing, ...]:
    """The crossings of the gate in [low, high], d = 1: of those that a grid of 4001 points tells apart."""
    x = np.linspace(low, high, _GRID)
    lead = logits(measure, gate, x[:, None]).argmax(axis=1)
    found = []
    for i in np.flatnonzero(lead[1:] != lead[:-1]):
        left, right = int(lead[i]), int(lead[i + 1])
        a, b = float(x[i]), float(x[i + 1])
        for _ in range(_HALVINGS):
            middle = (a + b) / 2
            t = logits(measure, gate, np.array([[middle]]))[0]
            a, b = (middle, b) if t[left] > t[right] else (a, middle)
        found.append(Crossing((a + b) / 2, left, right))
    return tuple(found)


def sparse_law(measure: MixingMeasure, layout: Layout, gate: CompiledActivation, found: tuple[Crossing, ...]) -> Law:
    """The exponent e of n ~ tau^e as tau -> 0: -(2q - 1), from the ranks of jets at the crossings.

    "exponential" without a crossing; None where a jet is not finite, a crossing is not simple, or q is above 6.
    """
    if measure.d != 1:
        return None
    if not found:
        return "exponential"
    jets = [_jets(measure, layout, gate, c) for c in found]
    if any(j is None for j in jets):
        return None
    rows = np.stack([j for j in jets if j is not None])  # (crossings, functions, orders)
    if np.abs(rows[:, 0, 1]).min() <= _SAME * np.abs(rows[:, 0, 1:]).max():
        return None
    for q in range(1, _ORDER):
        # jets of order < q + 1 vanish for some combination?
        values = rows[:, :, : q + 1].transpose(1, 0, 2).reshape(rows.shape[1], -1)
        target, others = values[0], values[1:].T
        scale = np.linalg.norm(others, axis=0)
        others = others[:, scale > 0] / scale[scale > 0]
        rest = target - others @ np.linalg.lstsq(others, target, rcond=_SAME)[0]
        if np.linalg.norm(rest) > _SAME * np.linalg.norm(target):
            return -(2 * q - 1)
    return None


def _jets(measure: MixingMeasure, layout: Layout, gate: CompiledActivation, at: Crossing) -> Floats | None:
    """Taylor coefficients at a crossing of Delta, and of its derivatives by every free beta1 and beta0."""
    functions = [np.zeros(_ORDER)]
    gates: dict[tuple[str, int | None], Floats] = {}
    for atom, sign in ((at.left, 1.0), (at.right, -1.0)):
        slope = float(measure.beta1[atom, 0])
        s = _taylor(gate, slope * at.x)
        if s is None:
            return None
        powers = slope ** np.arange(_ORDER)
        functions[0] = functions[0] + sign * s[:-1] * powers
        first = s[1:] * np.arange(1, _ORDER + 1) * powers  # of s'(beta1 (x + h)) in h
        gates["beta1", atom] = sign * (at.x * first + np.concatenate([[0.0], first[:-1]]))
        gates["beta0", atom] = sign * np.eye(_ORDER)[0]
    functions[0][0] = 0.0
    for name, owner in layout.names:
        if name in ("beta1", "beta0"):
            functions.append(gates.get((name, owner), np.zeros(_ORDER)))
    return np.stack(functions)


def _taylor(gate: CompiledActivation, z: float) -> Floats | None:
    """Taylor coefficients 0.._ORDER of s at z; None where they are not finite, as at a kink."""
    pieces = [p for p, c in zip(gate.source.pieces, gate.pieces, strict=True) if c.lower < z < c.upper]
    if not pieces:
        return None
    balls = jet(pieces[0].expr, {"z": fmpq(*z.as_integer_ratio())}, _ORDER)
    values = np.array([float(ball.mid()) for ball in balls])
    return values if np.isfinite(values).all() else None
