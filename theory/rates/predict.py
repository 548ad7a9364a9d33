"""Predicts the exponents of the errors of fitted parameters, from verdicts and symmetries (theory 2.1 to 4.2).

>>> from temperance.theory.rates.true_point import somewhere
>>> [str(p.sharp) for p in predict(somewhere(2), 2, "tanh") if p.parameter == "tau"]
['1/2']
>>> [str(p.sharp) for p in predict(somewhere(2), 2, "relu") if p.parameter == "tau"]
['None']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.conditions.decision import Decision
from temperance.theory.models.gates import gauge_of
from temperance.theory.models.order import ReasonKind
from temperance.theory.models.spec import covariates, dot
from temperance.theory.models.truth import Truth
from temperance.theory.rates.analysis import Analysis, Gauge
from temperance.theory.rates.exact_specified import exact_specified
from temperance.theory.rates.overspecified import EXPERT, activation_cells, bounds, softmax_cells, with_experts
from temperance.theory.rates.prediction import HALF, Prediction, density


def predict(
    truth: Truth,
    fitted: int,
    source: str | sp.Expr | Activation | None = None,
    *,
    gauge: Gauge = "free",
    decision: Decision | None = None,
) -> tuple[Prediction, ...]:
    """The exponents for every parameter group and every cell size that can occur.

    Args:
        truth: the true mixture, its gate exp(beta1.x), exp(beta1.x/tau) or exp(s(beta1.x)/tau) with a free s; where it
            is generic, `conditions` say what is assumed.
        fitted: k >= k*.
        source: the activation in the place of a free s; None for the others.
        gauge: of an activation gate (the others are taken modulo translation).
        decision: the verdicts on the activation, where they are known.

    Returns:
        Predictions; several for one parameter and cell size where the sizes of the other cells matter (see
        `Prediction.applies`).

    Raises:
        ValueError: another gate, an unknown gauge, k* < 1, k < k*, or a truth that does not obey the gauge.
    """
    gate, x = truth.spec.gate, covariates(truth.spec.dim)
    tau_is_known = not gate.shared
    if source is None:
        score = gate.log_weight * sp.prod(gate.shared)
        slopes = [sp.expand(sp.diff(score, p)) for p in gate.own]
        if len(gate.shared) > 1 or {*slopes} != {*x} or sp.expand(score - dot(gate.own, slopes)) != 0:
            raise ValueError("rates are predicted of the gates exp(beta1.x), exp(beta1.x/tau) and of activation gates")
    if not 1 <= truth.k <= fitted:
        raise ValueError(f"need 1 <= true <= fitted, not {truth.k}, {fitted}")
    s = None if source is None else activation(source)
    if s is None or [p.expr for p in s.pieces] == [Z]:
        return (*_translated(truth.k, fitted, tau_is_known=tau_is_known), density())
    at = Analysis(s, truth, fitted, gauge_of(gauge), decision)
    if at.gauge == "anchored" and at.beta1 is not None and any(at.beta1[-1]):
        raise ValueError("in the anchored gauge beta1 of the last atom is 0")
    return (*with_experts(at, _activation_gate(at)), density())


def _activation_gate(at: Analysis) -> tuple[Prediction, ...]:
    if at.truth.k == 1:
        return _one_atom(at.fitted)
    return _flat(at, activation_cells(at) if at.fitted > at.truth.k else exact_specified(at))


def _flat(at: Analysis, rates: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """With tau and beta1 not identifiable where a curve of parameters with the density of the truth moves them."""
    if at.flat is None:
        return tuple(rates)
    curve, names = at.flat
    reason = f"{curve}: not identifiable{bounds(at) if at.fitted > at.truth.k else ''}"
    return tuple(
        replace(p, sharp=None, why=reason, unproved=ReasonKind.IDENTITY) if p.parameter in names else p for p in rates
    )


def _translated(true_k: int, fitted: int, *, tau_is_known: bool) -> tuple[Prediction, ...]:
    """The linear gate and the softmax gate, whose parameters are meant modulo translation."""
    cells = softmax_cells("beta1" if tau_is_known else "beta1/tau", true_k, fitted)
    if tau_is_known:
        return cells
    scale = (
        "scale symmetry (beta1, beta0, tau) -> (c beta1, c beta0, c tau): not identifiable, the minimax risk is bounded"
        " below by a constant"
    )
    published = "published as slower than any polynomial"
    sizes = sorted({p.cell_size for p in cells if p.cell_size is not None})
    free = [Prediction("tau", None, None, None, scale, published, unproved=ReasonKind.IDENTITY)]
    free += [Prediction("beta1", m, None, None, scale, published, unproved=ReasonKind.IDENTITY) for m in sizes]
    return (*free, *cells)


def _one_atom(fitted: int) -> tuple[Prediction, ...]:
    """k* = 1: the gate of the truth is constant."""
    constant = "k* = 1: the gate of the truth is 1 whatever beta1 and tau are: not identifiable"
    published = "the published statement supposes a gate"
    gate = [
        Prediction(n, m, None, None, constant, published, unproved=ReasonKind.IDENTITY)
        for n, m in (("tau", None), ("beta1", fitted))
    ]
    if fitted == 1:
        regression = "one atom: linear regression with Gaussian errors"
        return (*gate, *(Prediction(p, 1, HALF, HALF, regression, regression) for p in EXPERT))
    reason = "k* = 1 < k in an activation gate: no statement covers it"
    return (*gate, *(Prediction(p, fitted, None, None, reason, reason) for p in EXPERT))
