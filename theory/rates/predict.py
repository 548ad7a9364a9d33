"""Predicts the exponents of the errors of fitted parameters, from verdicts and symmetries (theory.md 2.2 to 2.7).

>>> from temperance.theory.rates.predict import predict
>>> [str(p.sharp) for p in predict("activation", "tanh", true_k=2, fitted_k=2) if p.parameter == "tau"]
['1/2']
>>> [str(p.sharp) for p in predict("activation", "relu", true_k=2, fitted_k=2) if p.parameter == "tau"]
['None']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.conditions.decision import Decision
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.rates.exact_specified import exact_specified
from temperance.theory.rates.overspecified import EXPERT, activation_cells, bounds, softmax_cells, with_experts
from temperance.theory.rates.prediction import HALF, Prediction, density
from temperance.theory.rates.setting import Gauge, Setting
from temperance.theory.rates.true_point import TruePoint


def predict(
    gate: str,
    source: str | sp.Expr | Activation | None = None,
    *,
    true_k: int,
    fitted_k: int,
    gauge: Gauge = "free",
    dim: int = 1,
    point: TruePoint | None = None,
    decision: Decision | None = None,
) -> tuple[Prediction, ...]:
    """The exponents for every parameter group and every cell size that can occur.

    Args:
        gate: "linear" (dense-to-sparse, with tau), "softmax" (the same with tau = 1) or "activation".
        source: the activation of an activation gate; None for the others.
        true_k: k*, number of true atoms; fitted_k: k >= k*.
        gauge: of an activation gate (the others are taken modulo translation).
        dim: d.
        point: the true point; without it, a generic one is meant and `conditions` say what is assumed.
        decision: the verdicts on the activation, where they are known.

    Returns:
        Predictions; several for one parameter and cell size where the sizes of the other cells matter (see
        `Prediction.applies`).

    Raises:
        ValueError: an unknown gate or gauge, k* < 1, k < k*, d < 1, or a true point of another shape.
    """
    _validate(gate, source, true_k, fitted_k, gauge, dim, point)
    if gate != "activation":
        return (*_translated(gate, true_k, fitted_k), density())
    assert source is not None
    s = activation(source)
    if [p.expr for p in s.pieces] == [Z]:
        return (*_translated("linear", true_k, fitted_k), density())
    setting = Setting(s, true_k, fitted_k, gauge, dim, point, decision)
    return (*with_experts(setting, _activation_gate(setting)), density())


def _activation_gate(setting: Setting) -> tuple[Prediction, ...]:
    if setting.true_k == 1:
        return _one_atom(setting.fitted_k)
    return _flat(setting, activation_cells(setting) if setting.fitted_k > setting.true_k else exact_specified(setting))


def _flat(setting: Setting, found: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """With tau and beta1 not identifiable where a curve of parameters with the density of the truth moves them."""
    if setting.flat is None:
        return tuple(found)
    curve, names = setting.flat
    reason = f"{curve}: not identifiable{bounds(setting) if setting.fitted_k > setting.true_k else ''}"
    return tuple(replace(p, sharp=None, reason=reason, flat=True) if p.parameter in names else p for p in found)


def _validate(
    gate: str, source: object, true_k: int, fitted_k: int, gauge: str, dim: int, point: TruePoint | None
) -> None:
    require_gate(gate, source is not None, FITTED)
    gauge_of(gauge)
    if true_k < 1 or fitted_k < true_k or dim < 1:
        raise ValueError(f"need 1 <= true <= fitted and dim >= 1, not {true_k}, {fitted_k}, {dim}")
    if point is not None and (len(point.beta1), len(point.beta1[0])) != (true_k, dim):
        raise ValueError(f"the true point must have {true_k} vectors beta1 of length {dim}")
    if point is not None and gate == "activation" and gauge == "anchored" and any(point.beta1[-1]):
        raise ValueError("in the anchored gauge beta1 of the last atom is 0")


def _translated(gate: str, true_k: int, fitted_k: int) -> tuple[Prediction, ...]:
    """The linear gate and the softmax gate, whose parameters are meant modulo translation."""
    slope = "beta1/tau" if gate == "linear" else "beta1"
    found = softmax_cells(slope, true_k, fitted_k)
    if gate == "softmax":
        return found
    scale = (
        "scale symmetry (beta1, beta0, tau) -> (c beta1, c beta0, c tau): not identifiable, the minimax risk is bounded"
        " below by a constant"
    )
    published = "published as slower than any polynomial"
    sizes = sorted({p.cell_size for p in found if p.cell_size is not None})
    free = [Prediction("tau", None, None, None, scale, published, flat=True)]
    free += [Prediction("beta1", m, None, None, scale, published, flat=True) for m in sizes]
    return (*free, *found)


def _one_atom(fitted_k: int) -> tuple[Prediction, ...]:
    """k* = 1: the gate of the truth is constant."""
    constant = "k* = 1: the gate of the truth is 1 whatever beta1 and tau are: not identifiable"
    published = "the published statement supposes a gate"
    gate = [
        Prediction(n, m, None, None, constant, published, flat=True) for n, m in (("tau", None), ("beta1", fitted_k))
    ]
    if fitted_k == 1:
        regression = "one atom: linear regression with Gaussian errors"
        return (*gate, *(Prediction(p, 1, HALF, HALF, regression, regression) for p in EXPERT))
    reason = "k* = 1 < k in an activation gate: no statement covers it"
    return (*gate, *(Prediction(p, fitted_k, None, None, reason, reason) for p in EXPERT))
