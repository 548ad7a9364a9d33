"""Bounds contact orders by theorems: the one on experts, those of theory.md 2.4 and 2.10, and r_bar(m) = 2m (2.6).

This covers what `orders.upper_bounds` cannot: cells of more than two atoms, kinks, irrational Taylor coefficients,
means that are not linear in the parameters, and every cell split.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.models.gates import FITTED
from temperance.theory.models.spec import TAU, coordinates
from temperance.theory.orders.expert_orders import expert_orders
from temperance.theory.orders.gate_orders import Bounds, gate_orders, least
from temperance.theory.orders.independence import Place
from temperance.theory.orders.split_cell import Splitting
from temperance.theory.rates.predict import predict
from temperance.theory.rates.prediction import Prediction
from temperance.theory.rates.true_point import TruePoint

OTHER_SPLIT = 2
"""beta1 of the other true atom where every cell of an activation gate is split: far from a mirror point and a kink."""


def known_orders(
    cell: Splitting,
    source: Activation | None,
    other: Place,
    size: int,
    *,
    every: bool,
    flat: bool,
    power: int = 0,
    upper: Mapping[str, Fraction] | None = None,
    line: Splitting | None = None,
) -> Bounds:
    """Name of a parameter -> (the least upper bound of its order that a theorem gives, the reason).

    other: the gate of the other true atom. size: m. every: whether every cell is split. flat, power: as `gate_orders`
    has them. upper: bounds that are known already.
    """
    proved = {name: (r, "") for name, r in (upper or {}).items()}
    gate = least(proved, gate_orders(cell, other, size, every=every, flat=flat, power=power))
    seen = all(p.name in gate for p in cell.own) and all(p.name in gate and gate[p.name][0] <= 1 for p in cell.shared)
    own = {p: gate[p.name][0] for p in cell.own} if seen else {}
    expert = expert_orders(cell, size, own, upper or {}, every=every, power=bool(power and gate), line=line)
    predicted = {
        name: (1 / (2 * p.sharp), p.reason)
        for name, p in _predicted(cell, source, size, every).items()
        if p.sharp is not None
    }
    return least(predicted, gate, expert)


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
    point, dim = None, cell.spec.dim
    if source is not None:
        values = [cell.point[p] for p in (*coordinates("beta1", dim), TAU)]
        if not all(v.is_Rational for v in values):
            return {}
        point = TruePoint((tuple(values[:-1]), (sp.Integer(OTHER_SPLIT if every else 0),) * dim), values[-1])
    fitted, sizes = (2 * size, (size, size)) if every else (size + 1, (size, 1))
    gauge = "free" if source is None or every else "anchored"
    found = predict(gate, source, true_k=2, fitted_k=fitted, gauge=gauge, dim=dim, point=point)  # type: ignore[arg-type]
    apt = (p for p in found if p.applies(sizes, None if p.parameter == "tau" else 0))
    named = {p.parameter.replace("beta1/tau", "beta1"): p for p in apt}
    movable = {q.name: q.name.split("_")[0] for q in (*cell.each, *cell.shared)}
    return {name: named[stem] for name, stem in movable.items() if stem in named}
