"""Says in words whether the temperature is learnable with an activation, and what to do (theory 2.1 to 3.3).

>>> from temperance.theory.conditions.decision import decide
>>> learnability(decide("relu")).answer
'no: at most beta1/|beta1|, |beta1|/tau, beta0/tau are'
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.conditions.decision import Decision, temperature
from temperance.theory.conditions.degeneracies import LEVEL_OPEN, classify
from temperance.theory.rates.analysis import Analysis, Gauge, exponential
from temperance.theory.rates.predict import exact_specified
from temperance.theory.rates.prediction import Prediction
from temperance.theory.rates.true_point import is_analytic, somewhere
from temperance.theory.twins.twin import at_zero

_PLACE = "beta1_2 = -beta1_1 (k = 2, free gauge)"
_INSTEAD = "fix tau, or take another activation, such as tanh, sigmoid or gelu"
_WITH_SLOPES = "take an activation that is not constant on each side of 0, such as tanh, sigmoid or gelu"
_ENOUGH, _LOSES = "Scores.first_order_is_enough", "Scores.relation_loses_tau"
_ANCHOR = "anchor one atom, beta1_k = 0 (--gauge anchored)"

WHY = {
    _ENOUGH: "theory 3.1.3 and 3.3.3, where the gate depends on x",
    _LOSES: "the flow of theory 3.1.2",
}
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
