"""Bounds contact orders by theorems: the one on experts, the conditions of theory.md 2.4, and r_bar(m) = 2m (2.6).

This covers what `orders.upper_bounds` cannot: cells of more than two atoms, kinks, irrational Taylor coefficients, and
every cell split. The theorem on experts holds for every gate, the others for softmax and activation gates.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.models.gates import FITTED
from temperance.theory.models.spec import NU, TAU
from temperance.theory.orders.split_cell import Splitting
from temperance.theory.rates.predict import predict
from temperance.theory.rates.prediction import Prediction
from temperance.theory.rates.true_point import TruePoint

_EXPERTS = "the theorem on experts, which holds for every gate: |b|^(2m) and |nu|^m are O(distance)"


def known_orders(cell: Splitting, source: Activation | None, size: int, every: bool) -> dict[str, tuple[Fraction, str]]:
    """Name of a parameter -> (the least upper bound of its order that a theorem gives, the reason).

    size: m. every: whether every cell is split.
    """
    bounds = {p.name: (Fraction(size if p == NU else 2 * size), _EXPERTS) for p in cell.expert}
    for name, p in _predicted(cell, source, size, every).items():
        if p.sharp is not None and (name not in bounds or 1 / (2 * p.sharp) <= bounds[name][0]):
            bounds[name] = 1 / (2 * p.sharp), p.reason
    return bounds


def published_rates(
    cell: Splitting, source: Activation | None, size: int, every: bool
) -> dict[str, tuple[Fraction | None, str]]:
    """Name of a parameter -> (its published exponent, None where none is polynomial; the reason).

    Only for the gates of arXiv 2401.13875 and 2305.03288 with linear Gaussian experts; arguments as in `known_orders`.
    """
    return {name: (p.published, p.published_reason) for name, p in _predicted(cell, source, size, every).items()}


def _predicted(cell: Splitting, source: Activation | None, size: int, every: bool) -> dict[str, Prediction]:
    """Name of a parameter -> what `rates.predict` says of it; {} for other gates and experts."""
    gate = cell.spec.gate.name
    if gate not in FITTED or cell.spec.expert.name != "gaussian":
        return {}
    point = None
    if source is not None:
        values = {p.name: cell.point[p] for p in (*cell.own, *cell.spec.gate.shared)}
        if not all(v.is_Rational for v in values.values()):
            return {}
        point = TruePoint(((values["beta1"],), (sp.S.Zero,)), values[TAU.name])
    fitted, sizes = (2 * size, (size, size)) if every else (size + 1, (size, 1))
    gauge = "free" if source is None else "anchored"
    found = predict(gate, source, true_k=2, fitted_k=fitted, gauge=gauge, point=point)  # type: ignore[arg-type]
    movable = {q.name for q in (*cell.each, *cell.shared)}
    named = ((p.parameter.replace("beta1/tau", "beta1"), p) for p in found)
    return {name: p for name, p in named if name in movable and p.applies(sizes, None if name == "tau" else 0)}
