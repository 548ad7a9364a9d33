"""Bounds contact orders by theorems: the conditions of theory.md 2.4, and r_bar(m) = 2m (theory.md 2.6).

This covers what `orders.upper_bounds` cannot: cells of more than two atoms, kinks, irrational Taylor coefficients, and
every cell split, for softmax and activation gates with linear Gaussian experts.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.models.gates import FITTED
from temperance.theory.models.spec import TAU
from temperance.theory.orders.split_cell import Splitting
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import TruePoint


def known_orders(cell: Splitting, source: Activation | None, size: int, every: bool) -> dict[str, tuple[Fraction, str]]:
    """Name of a parameter -> (an upper bound of its order, the reason); {} where no theorem covers the setting.

    size: m. every: whether every cell is split.
    """
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
    bounds: dict[str, tuple[Fraction, str]] = {}
    for p in found:
        name = "beta1" if p.parameter == "beta1/tau" else p.parameter
        movable = name in {q.name for q in (*cell.each, *cell.shared)}
        if movable and p.sharp is not None and p.applies(sizes, None if name == "tau" else 0):
            bounds[name] = 1 / (2 * p.sharp), p.reason
    return bounds
