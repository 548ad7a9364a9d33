"""Says in words whether the temperature is learnable with an activation, and what to do (theory 2.1 to 3.3).

>>> from temperance.theory.conditions.decision import decide
>>> learnability(decide("relu")).answer
'no: at most beta1/|beta1|, |beta1|/tau, beta0/tau are'

`obstacle` proves that at a truth tau or beta1 are not identifiable, or that the information is singular:

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
from temperance.theory.conditions.decision import Decision, temperature
from temperance.theory.conditions.degeneracies import LEVEL_OPEN, Failure, classify, mirror
from temperance.theory.expressions import balls
from temperance.theory.models.gates import Gauge
from temperance.theory.models.order import Prediction
from temperance.theory.models.truth import Truth
from temperance.theory.rates.predict import exact_specified
from temperance.theory.rates.true_point import (
    Analysis,
    Vectors,
    exponential,
    interval,
    irregularity,
    is_analytic,
    is_contiguous,
    is_entire,
    position,
    slope_at_zero,
    slopes,
    somewhere,
)
from temperance.theory.twins.twin import at_zero

_PLACE = "beta1_2 = -beta1_1 (k = 2, free gauge)"
_INSTEAD = "fix tau, or take another activation, such as tanh, sigmoid or gelu"
_WITH_SLOPES = "take an activation that is not constant on each side of 0, such as tanh, sigmoid or gelu"
_ENOUGH, _LOSES = "Scores.first_order_is_enough", "Scores.relation_loses_tau"
_ANCHOR = "anchor one atom, beta1_k = 0 (--gauge anchored)"

WHY = {_ENOUGH: "theory 3.1.3 and 3.3.3, where the gate depends on x", _LOSES: "the flow of theory 3.1.2"}
"""Where docs/theory proves an answer, by its theorem in Coq."""
MIRRORS = {
    "homogeneous": f"homogeneous: at {_PLACE} tau and beta1 move together, the density stays (degree 0: beta1 alone)",
    "odd": f"odd: at {_PLACE} beta1_1 + beta1_2 is slow, n^(-1/4) for a smooth s; "
    "if s(0) exists, beta1 = (b, 0) and (0, -b) have the same density with half of tau",
    "even": "even: signs of beta1 do not matter, and where beta1_2 = +-beta1_1 (k = 2) the gate is constant",
    "none": f"none: {_PLACE} is no mirror point",
}
"""What each mirror type means."""


@dataclass(frozen=True)
class Learnability:
    """Whether tau is learnable, in words, and what to do about it.

    Attributes:
        answer: in words.
        advice: what to do; None: nothing.
        theorem: of theory/coq/Scores.v, the part of the answer that it proves: two atoms, one of them anchored, d = 1.
            None: no part.
    """

    answer: str
    advice: str | None
    theorem: str | None = None


def learnability(decision: Decision) -> Learnability:
    """Whether tau is learnable with an activation of which the conditions are decided."""
    if _is_line(decision.activation):
        return Learnability("no: only beta1/tau and beta0/tau are", f"nothing is lost if you {_INSTEAD}", _LOSES)
    if decision.first_order.outcome == "undecided":
        advice = "write s without the part that is named, or give its parameters numbers"
        return Learnability(f"undecided: {decision.first_order.reason}", advice)
    return _not_learnable(decision) if decision.first_order.outcome == "fails" else _learnable(decision)


def _is_line(s: Activation) -> bool:
    """Whether s(z) = p z + q on the whole line, p a number other than 0: a linear gate with beta1 times p."""
    slope = sp.diff(s.pieces[0].expr, Z) if is_analytic(s) else sp.S.Zero
    return bool(slope.is_number and slope.is_nonzero)


def _not_learnable(decision: Decision) -> Learnability:
    failure = classify(decision.activation)
    if failure is None or not failure.symmetry:
        reason = "its kind is not proved"
        if failure is not None:
            reason = "a jump moves with beta1" if failure.symmetry is False else "a jump between pieces is not excluded"
        return Learnability(f"not proved: the first-order condition fails, but not as a symmetry ({reason})", _INSTEAD)
    anchored = at_zero(decision.activation.pieces, dict(decision.activation.sample)) is not None
    if failure.kind == "logarithmic":
        return Learnability("yes where two beta1_i are not parallel (d >= 2), but beta1 is not; d = 1: no", _INSTEAD)
    if failure.kind == "constant":
        if failure.level is None:
            return Learnability(f"not proved: {LEVEL_OPEN}", _INSTEAD)
        if failure.level:
            return Learnability("no: s is constant, and the gate does not depend on x", _INSTEAD, _LOSES)
        where = "two beta1_i are not parallel"
        if anchored:
            where += ", or one is anchored; where two are opposite, tau/2 has the density too"
        return Learnability(f"yes where {where}; of beta1 only its direction is", _WITH_SLOPES)
    loses = _LOSES if anchored else None
    return Learnability(f"no: at most {', '.join(failure.invariants)} are", _INSTEAD, loses)


def _tau(decision: Decision, gauge: Gauge) -> Prediction:
    rates = exact_specified(Analysis(decision.activation, somewhere(2), 2, gauge, decision))
    return next(p for p in rates if p.parameter == "tau")


def _learnable(decision: Decision) -> Learnability:
    """F1 holds: learnable in the gauges that a theorem covers, the mirror points excepted."""
    free, anchored = _tau(decision, "free"), _tau(decision, "anchored")
    if free.sharp is None and anchored.sharp is None:
        return Learnability(f"not proved: {anchored.reason}", _INSTEAD)
    exception = _at_mirror_points(decision)
    exceptional = decision.tau_beta1.fails_at_tau
    if taus := [tau for tau in exceptional if exponential(decision.activation, temperature(tau)) is None]:
        exception += f"; with k > k* not proved at tau = {', '.join(taus)}"
    if free.sharp is not None:
        return Learnability(f"yes{exception}", _ANCHOR if exception else None, _ENOUGH)
    support = "" if is_analytic(decision.activation) else " if beta1.x reaches every piece of s"
    answer = f"yes with an anchored atom (beta1_k = 0){support}; free gauge: not proved, {free.why}"
    return Learnability(answer, _ANCHOR, _ENOUGH)


def _at_mirror_points(decision: Decision) -> str:
    mirror = decision.mirror
    if mirror is None or not mirror.proved:
        return f"; at {_PLACE} undecided"
    if mirror.kind == "homogeneous" and mirror.degree != 0:
        return f", except at {_PLACE}"
    if mirror.kind == "odd":
        return f", except at {_PLACE} and at two points with the same density, where one beta1_i is 0"
    return ", except where beta1_2 = +-beta1_1 (k = 2): the gate is constant" if mirror.kind == "even" else ""


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
