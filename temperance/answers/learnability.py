"""Says in words whether the temperature is learnable with an activation, and what to do about it."""

from __future__ import annotations

from temperance.theory.conditions.decision import Decision
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.rates.predict import predict
from temperance.theory.rates.prediction import Prediction
from temperance.theory.rates.setting import Gauge

_PLACE = "beta1_2 = -beta1_1 (k = 2, free gauge)"
_SAFE = "tanh, sigmoid or gelu"

MIRRORS = {
    "homogeneous": f"mirror homogeneous: at {_PLACE} tau and beta1 move together and leave the density (of degree 0: "
    "beta1 alone)",
    "odd": f"mirror odd: at {_PLACE} beta1_1 + beta1_2 is estimated at n^(-1/4) at best, and two more points have the "
    "same density",
    "even": "mirror even: the signs of beta1 do not matter, and where beta1_2 = +-beta1_1 the gate is constant",
    "none": f"mirror none: at {_PLACE} nothing happens (or s is real at no pair z, -z)",
}


def learnability(found: Decision) -> list[str]:
    """The answer and what to do, in one or two lines."""
    if found.activation.is_linear:
        return [
            "tau learnable: no: only beta1/tau and beta0/tau are",
            f"what to do: fix tau (nothing is lost), or put an activation into the gate: {_SAFE}",
        ]
    if found.first_order.outcome == "undecided":
        return [
            f"tau learnable: undecided: {found.first_order.reason}",
            "what to do: give parameters numbers, or write s without the part that is named",
        ]
    if found.first_order.outcome == "fails":
        return _not_learnable(found)
    return _learnable(found)


def _not_learnable(found: Decision) -> list[str]:
    failure = classify(found.activation)
    instead = f"what to do: fix tau, or take another activation: {_SAFE}"
    if failure is None or not failure.symmetry:
        note = "the failure is no symmetry: s jumps" if failure else "which functions are left is not proved"
        return [f"tau learnable: not shown: the first-order condition fails ({note})", instead]
    if failure.kind == "logarithmic":
        where = "yes, where two beta1_i are not parallel (d >= 2): beta1 is not; for d = 1: no"
        return [f"tau learnable: {where}", instead]
    return [f"tau learnable: no: only {', '.join(failure.invariants)} are", instead]


def _tau(found: Decision, gauge: Gauge) -> Prediction:
    rates = predict("activation", found.activation, true_k=2, fitted_k=2, gauge=gauge, decision=found)
    return next(p for p in rates if p.parameter == "tau")


def _learnable(found: Decision) -> list[str]:
    """F1 holds: learnable in the gauges that a theorem covers, the mirror points excepted."""
    free, anchored = _tau(found, "free"), _tau(found, "anchored")
    mirror = found.mirror
    kind = mirror.kind if mirror is not None and mirror.proved else None
    if free.sharp is None and anchored.sharp is None:
        return [f"tau learnable: not shown: {anchored.reason}", "what to do: see the condition that is named"]
    exception = ""
    if mirror is not None and not mirror.proved:
        exception = f"; at {_PLACE} undecided: {mirror.reason}"
    elif kind == "even":
        exception = ", except where beta1_2 = +-beta1_1: the gate is constant"
    elif kind == "homogeneous" and mirror is not None and mirror.degree != 0:
        exception = f", except at {_PLACE}"
    elif kind == "odd":
        exception = f"; at {_PLACE} a box must leave out two points of the same density"
    if free.sharp is None:
        head = f"yes, in the anchored gauge (beta1_k = 0); in the free gauge no theorem covers it: {free.reason}"
    else:
        head = f"yes{exception}"
    ask = f"temperance predict --activation {found.activation.name!r} --true 2 --fitted 3 --gauge anchored"
    if exception or free.sharp is None:
        return [f"tau learnable: {head}", f"what to do: anchor one atom (--gauge anchored); rates: {ask}"]
    return [f"tau learnable: {head}", f"what to do: nothing; rates: {ask}"]
