"""Proves that tau or beta1 of an exact-specified gate are not identifiable, or that its information is singular.

>>> from temperance.theory.rates.true_point import TruePoint
>>> obstacle("gelu", "free", TruePoint(((1,), (-1,)), 0.5, (-3, 3))).name
'mirror'
>>> obstacle("gelu", "free", TruePoint(((1,), (0.5,)), 0.5, (-3, 3))) is None
True
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp
from flint import arb

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.piecewise import Algebra
from temperance.theory.conditions.first_order_failures import Failure, classify
from temperance.theory.conditions.mirror_points import mirror
from temperance.theory.expressions import balls
from temperance.theory.rates.setting import Gauge
from temperance.theory.rates.true_point import (
    TruePoint,
    irregularity,
    is_analytic,
    is_contiguous,
    is_entire,
    slope_at_zero,
)

_MARGIN = 1e-3
_DEPTH = 12


@dataclass(frozen=True)
class Obstacle:
    """What forbids standard errors of the gate's parameters.

    name: of the proof that they are not identifiable; None where only the information is proved to be singular.
    words: the statement.
    """

    name: str | None
    words: str


def obstacle(source: str | Activation, gauge: Gauge, point: TruePoint) -> Obstacle | None:
    """The first obstacle of theory.md 2.2, 2.3 and 2.5 that is proved; None where none is.

    Args:
        source: the activation.
        gauge: free or anchored.
        point: the true point, with its support.
    """
    s = activation(source)
    if s.is_linear:
        return Obstacle("linear", "linear gate: (beta1, beta0, tau) -> (l beta1, l beta0, l tau) leaves the density")
    if not any(map(any, point.beta1)) or (gauge == "free" and point.position == "equal"):
        return Obstacle("constant_gate", "the gate does not depend on x: beta1 and tau are not identifiable")
    part = _seen_by_all(s, point)
    failure = classify(part)
    if failure is not None:
        return _of_failure(failure)
    if point.support is not None and (rough := irregularity(part, len(point.beta1[0]), 1)) is not None:
        return Obstacle(None, f"{rough}: there is no information of a likelihood that jumps")
    if point.support is not None and (z := _pole(part, *_hull(point))) is not None:
        return Obstacle(None, f"s is not shown to be finite near z = {z:.3g}, which x reaches")
    if gauge == "free" and (found := _of_pair(s, point)) is not None:
        return found
    moving = point.beta1[:-1] if gauge == "anchored" else point.beta1
    if not all(map(any, moving)) and slope_at_zero(s) == "finite" and _flat(s):
        return Obstacle(None, "some beta1 is 0 and s'(0) = 0: the information is singular")
    return None


def _hull(point: TruePoint) -> tuple[sp.Rational, sp.Rational]:
    """The smallest interval that holds the beta1 . x of every atom; the point has a support."""
    intervals = [i for j in range(len(point.beta1)) if (i := point.interval(j)) is not None]
    return min(low for low, _ in intervals), max(high for _, high in intervals)


def _seen_by_all(s: Activation, point: TruePoint) -> Activation:
    """s on what all atoms together see of it; all of s where it is analytic, or not real on all that they see."""
    if point.support is None or is_analytic(s):
        return s
    algebra, (low, high) = Algebra(dict(s.sample)), _hull(point)
    clipped = algebra.clipped(s.pieces, low, high)
    whole = clipped and not (algebra.compare(clipped[0].lower, low) or algebra.compare(clipped[-1].upper, high))
    return replace(s, pieces=clipped) if whole and is_contiguous(clipped) else s


def _pole(s: Activation, low: sp.Rational, high: sp.Rational) -> float | None:
    """A z near which balls do not prove s to be finite, in [low, high] less its thousandths at the ends of pieces."""
    for piece in s.pieces:
        if is_entire(piece.expr):
            continue
        left, right = (float(v) for v in (sp.Max(low, piece.lower), sp.Min(high, piece.upper)))
        margin = _MARGIN * (right - left)
        stack = [(left + margin, right - margin, 0)] if left < right else []
        while stack:
            a, b, depth = stack.pop()
            if balls.value(piece.expr, {"z": arb((a + b) / 2, (b - a) / 2)}).is_finite():
                continue
            if depth == _DEPTH:
                return (a + b) / 2
            stack += [(a, (a + b) / 2, depth + 1), ((a + b) / 2, b, depth + 1)]
    return None


def _of_failure(failure: Failure) -> Obstacle:
    if failure.symmetry:
        where = f"the first-order condition fails: s is {failure.kind} where x reaches it"
        return Obstacle(failure.kind, f"{where}; {failure.flow}")
    return Obstacle(None, f"the first-order condition fails ({failure.note}): the information is singular")


def _flat(s: Activation) -> bool:
    """Whether s'(0) = 0, by the formula of the piece that holds 0."""
    inside = [p for p in s.pieces if sp.sympify(p.lower < 0) is sp.true and sp.sympify(p.upper > 0) is sp.true]
    return bool(inside) and sp.simplify(inside[0].expr.diff(Z).subs(Z, 0)) == 0


def _of_pair(s: Activation, point: TruePoint) -> Obstacle | None:
    """Free gauge: mirror points, and polynomials of two monomials where k = 2."""
    expr = s.pieces[0].expr
    if len(s.pieces) == 1 and expr.is_polynomial(Z) and (len(point.beta1), len(point.beta1[0])) == (2, 1):
        (first,), (second,) = point.beta1
        terms = sp.Poly(expr - expr.subs(Z, 0), Z).terms()
        if len(terms) == 2 and first * second != 0 and abs(first) != abs(second):
            return Obstacle("two_monomials", "s has two monomials: four parameters of the gate make three numbers")
    if point.position != "mirror":
        return None
    found = mirror(s)
    if not found.proved or found.kind is None:
        return None
    if found.kind == "odd":
        return Obstacle(None, f"mirror point of an odd activation: {found.description}")
    return Obstacle("mirror", f"mirror point: {found.description}")
