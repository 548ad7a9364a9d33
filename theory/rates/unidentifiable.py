"""Proves that tau or beta1 of an exact-specified gate are not identifiable, or that its information is singular.

>>> from temperance.theory.rates.true_point import truth_at
>>> obstacle("gelu", "free", truth_at(((1,), (-1,)), 0.5, (-3, 3))).name
'mirror'
>>> obstacle("gelu", "free", truth_at(((1,), (0.5,)), 0.5, (-3, 3))) is None
True
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp
from flint import arb

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.piecewise import Algebra
from temperance.theory.conditions.degeneracies import Failure, classify, mirror
from temperance.theory.expressions import balls
from temperance.theory.models.truth import Truth
from temperance.theory.rates.analysis import Gauge
from temperance.theory.rates.true_point import (
    Vectors,
    interval,
    irregularity,
    is_analytic,
    is_contiguous,
    is_entire,
    position,
    slope_at_zero,
    slopes,
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


def obstacle(source: str | Activation, gauge: Gauge, truth: Truth) -> Obstacle | None:
    """The first obstacle of theory 2.1, 3.1 and 3.3 that is proved; None where none is.

    Args:
        source: the activation.
        gauge: free or anchored.
        truth: the truth, with numbers for beta1; its box is the support of x.
    """
    s = activation(source)
    if s.is_linear:
        return Obstacle("linear", "linear gate: (beta1, beta0, tau) -> (l beta1, l beta0, l tau) leaves the density")
    beta1, box = slopes(truth) or (), truth.box
    hull = None if box is None else _hull(beta1, box)
    if not any(map(any, beta1)) or (gauge == "free" and position(beta1) == "equal"):
        return Obstacle("constant_gate", "the gate does not depend on x: beta1 and tau are not identifiable")
    part = s if hull is None else _restrict_to_support(s, *hull)
    failure = classify(part)
    if failure is not None:
        return _of_failure(failure)
    if hull is not None and (rough := irregularity(part, truth.spec.dim, 1)) is not None:
        return Obstacle(None, f"{rough}: there is no information of a likelihood that jumps")
    if hull is not None and (z := _pole(part, *hull)) is not None:
        return Obstacle(None, f"s is not shown to be finite near z = {z:.3g}, which x reaches")
    if gauge == "free" and (singularity := _of_pair(s, beta1)) is not None:
        return singularity
    moving = beta1[:-1] if gauge == "anchored" else beta1
    if not all(map(any, moving)) and slope_at_zero(s) == "finite" and _flat(s):
        return Obstacle(None, "some beta1 is 0 and s'(0) = 0: the information is singular")
    return None


def _hull(beta1: Vectors, box: tuple[sp.Expr, sp.Expr]) -> tuple[sp.Rational, sp.Rational]:
    """The smallest interval that holds the beta1 . x of every atom."""
    intervals = [interval(vector, box) for vector in beta1]
    return min(low for low, _ in intervals), max(high for _, high in intervals)


def _restrict_to_support(s: Activation, low: sp.Rational, high: sp.Rational) -> Activation:
    """s on what all atoms together see of it; all of s where it is analytic, or not real on all that they see."""
    if is_analytic(s):
        return s
    algebra = Algebra(dict(s.sample))
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


def _of_pair(s: Activation, beta1: Vectors) -> Obstacle | None:
    """Free gauge: mirror points, and polynomials of two monomials where k = 2."""
    expr = s.pieces[0].expr
    if len(s.pieces) == 1 and expr.is_polynomial(Z) and (len(beta1), len(beta1[0])) == (2, 1):
        (first,), (second,) = beta1
        terms = sp.Poly(expr - expr.subs(Z, 0), Z).terms()
        if len(terms) == 2 and first * second != 0 and abs(first) != abs(second):
            return Obstacle("two_monomials", "s has two monomials: four parameters of the gate make three numbers")
    if position(beta1) != "mirror":
        return None
    mirror_point = mirror(s)
    if not mirror_point.proved or mirror_point.kind is None:
        return None
    if mirror_point.kind == "odd":
        return Obstacle(None, f"mirror point of an odd activation: {mirror_point.description}")
    return Obstacle("mirror", f"mirror point: {mirror_point.description}")
