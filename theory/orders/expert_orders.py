"""Bounds the orders of the expert in a cell where the kernel has no theorem (theory 4.2 and 5).

These are weights linear in a power of beta1, two atoms on lines, and means with kinks.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement as pairs_of

import sympy as sp

from temperance.theory.models.spec import NU
from temperance.theory.orders.independence import formulas_seen, independent
from temperance.theory.orders.linear_means import degree, is_linear
from temperance.theory.settings.order import Bounds, Quantity
from temperance.theory.settings.reasons import theorem
from temperance.theory.settings.truth import Setting

_EXPERTS = theorem("the theorem on experts, which holds for every gate: |b|^(2m) and |nu|^m are O(distance)")
_PAIR = theorem("two atoms: the slopes of the mean and their products with those of the gate are independent")
_POWER = theorem(
    "the weights of the cell are polynomials of a degree above 1, and so are the equations r = 1 and r = 2"
)
_MEANS = theorem("the second derivatives of the mean and 1 are independent, and the gate has the order 2")
_TOO_HIGH = 100  # the degree of what is no polynomial
_TWO = theorem("two atoms: 1, the derivatives of the log weight and the products of those of the mean are independent")


def expert_orders(
    cell: Setting, *, order_two: bool = False, power: bool = False, line: Setting | None = None
) -> Bounds:
    """Bounds of the expert's parameters and of their weighted means.

    order_two: whether the gate has at most the order 2. power: whether the weight is linear in a power of beta1 above
    1, and tau has the order 1. line: what is seen on lines, if shares are the same there.
    """
    slopes = {p: sp.diff(cell.mean, p) for p in cell.expert if p != NU}
    if not independent([*slopes.values()], cell.point, cell.spec.dim):
        return {}
    orders = {p: Fraction(cell.size if p == NU else 2 * cell.size) for p in cell.expert}
    found: Bounds = {Quantity(p.name): (r, _EXPERTS) for p, r in orders.items()}
    if cell.mean.has(sp.Piecewise):
        return found | _with_kinks(cell, slopes, order_two=order_two)
    if not is_linear(cell):
        return found
    means = [Quantity(p.name, True) for p in slopes]
    degrees = {Quantity(p.name): degree(f, cell.spec.dim) for p, f in slopes.items()}
    if power and max(_TOO_HIGH if n is None else n for n in degrees.values()) == 1:
        found |= {name: (Fraction(2), _POWER) for name, n in degrees.items() if n}
        found |= dict.fromkeys(means, (Fraction(1), _POWER))
    if cell.size == 2 and _parts_products(line if line and _shows_all(cell, line) else cell):
        found |= dict.fromkeys(means, (Fraction(1), _PAIR))
    return found


def _shows_all(cell: Setting, line: Setting) -> bool:
    """Whether the atom sees every piece of its gate that a line, scaled so that beta1 is 1 on it, would show."""
    pieces = [formulas_seen(c.spec.gate.log_weight, c.point, c.spec.dim) for c in (cell, line)]
    return len(pieces[0]) == len(pieces[1])


def _parts_products(cell: Setting) -> bool:
    """Whether the slopes of a linear mean and their products with those of the gate are independent."""
    weight, dim = cell.spec.gate.log_weight, cell.spec.dim
    slopes = [sp.diff(cell.mean, p) for p in cell.expert if p != NU]
    products = [f * g for f in [sp.S.One, *(sp.diff(weight, p) for p in cell.own)] for g in slopes]
    return bool(formulas_seen(weight, cell.point, dim)) and independent(products, cell.point, dim)


def _with_kinks(cell: Setting, slopes: dict[sp.Symbol, sp.Expr], *, order_two: bool) -> Bounds:
    """The bounds where the mean has kinks: its offsets are linear up to squares of theirs, in L1."""
    place, dim, weight = dict(cell.point), cell.spec.dim, cell.spec.gate.log_weight
    offsets = [Quantity(p.name) for p in cell.expert]
    functions = [sp.S.One, *(f * g for f, g in pairs_of(slopes.values(), 2))]
    if order_two and independent(functions, place, dim):
        means = [Quantity(p.name, True) for p in cell.expert]
        return dict.fromkeys(offsets, (Fraction(2), _MEANS)) | dict.fromkeys(means, (Fraction(1), _MEANS))
    gates = [sp.diff(weight, p) for p in cell.own]
    if cell.size == 2 and formulas_seen(weight, cell.point, dim) and independent([*functions, *gates], place, dim):
        return dict.fromkeys(offsets, (Fraction(2), _TWO)) | {Quantity(NU.name, True): (Fraction(1), _TWO)}
    return {}
