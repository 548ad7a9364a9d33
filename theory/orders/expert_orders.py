"""Bounds the orders of the expert in a cell by the equations of the theorem on experts (theory.md 2.7 and 2.10).

The equations sum_l p_l R_l P_r = O(distance), r = 1 and 2, are expanded in the offsets. Every product of offsets stands
before a function of x, and what is known of its factors bounds it by a power of the distance. What stands before a
function that is independent of those before larger products is at most the largest product that is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement as pairs_of

import sympy as sp

from temperance.theory.models.form import intercept
from temperance.theory.models.spec import NU, covariates
from temperance.theory.orders.gate_orders import least
from temperance.theory.orders.independence import determined, formulas_seen, independent
from temperance.theory.orders.linear_means import degree, is_linear
from temperance.theory.settings.order import Bounds, Quantity
from temperance.theory.settings.reasons import theorem
from temperance.theory.settings.truth import Setting

Orders = dict[sp.Symbol, Fraction]

_EXPERTS = theorem("the theorem on experts, which holds for every gate: |b|^(2m) and |nu|^m are O(distance)")
_SQUARES = theorem("the squares of the slopes of the mean are independent of all larger terms of the equation r = 2")
_AVERAGES = theorem("the slopes of the mean are independent of all larger terms of the equation r = 1")
_PAIR = theorem("two atoms: the slopes of the mean and their products with those of the gate are independent")
_ORIGIN = theorem(
    "at x = 0 the atoms of a cell weigh what their shares say, whatever the own parameters of the gate are"
)
_POWER = theorem(
    "the weights of the cell are polynomials of a degree above 1, and so are the equations r = 1 and r = 2"
)
_DOUBLED = theorem(
    "two means of degree 2 at most, whose quotient is the exponential of a quadratic form, in every cell"
)
_MEANS = theorem("the second derivatives of the mean and 1 are independent, and the gate has the order 2")

_TOO_HIGH = 100  # the degree of what is no polynomial
_LEAST_GAIN = Fraction(1, 50)  # in an order: smaller ones may follow each other without end
_FEW = {2: 2, 3: 4}  # m -> r with |db|^r = O(distance), unless a slope has the order 2


def expert_orders(
    cell: Setting,
    gate: Orders,
    upper: Mapping[Quantity, Fraction] | None = None,
    *,
    power: bool = False,
    line: Setting | None = None,
) -> Bounds:
    """Bounds of the expert's parameters and of their weighted means.

    gate: the orders of the gate's own parameters: of all, or none. upper: other orders that are known. power: whether
    the weight is linear in a power of beta1 above 1, and tau has the order 1. line: what is seen on lines, if shares
    are the same there.
    """
    size = cell.size
    orders = {p: Fraction(size if p == NU else 2 * size) for p in cell.expert}
    found = {Quantity(p.name): (r, _EXPERTS) for p, r in orders.items()}
    orders = {p: min(r, (upper or {}).get(Quantity(p.name), r)) for p, r in orders.items()}
    slopes = {p: sp.diff(cell.mean, p) for p in cell.expert if p != NU}
    if not is_linear(cell):
        return _not_linear(cell, slopes, found, bool(gate) and max(gate.values()) <= 2)
    found |= _of_every_gate(cell, slopes, power=power)
    if size == 2 and _parts_products(line if line and _shows_all(cell, line) else cell):
        found |= {Quantity(p.name, True): (Fraction(1), _PAIR) for p in slopes}
    if not gate:
        return found
    equations = _Equations(cell, slopes, [(sp.diff(cell.spec.gate.log_weight, p), 1 / r) for p, r in gate.items()])
    if max(gate.values()) <= 2:
        orders = equations.squares(orders, size)
    # |offset of the gate|^2 |offset of the mean| is the largest term that `mean` does not see
    most = min(Fraction(1), 2 / max(gate.values()) + 1 / max(orders[p] for p in slopes))
    squares = {Quantity(p.name): (r, _SQUARES) for p, r in orders.items()}
    averages = {Quantity(p.name, True): (1 / equations.mean(p, orders, most), _AVERAGES) for p in slopes}
    return least(found, squares, averages)


def _of_every_gate(cell: Setting, slopes: dict[sp.Symbol, sp.Expr], *, power: bool) -> Bounds:
    """What needs no bound of the gate, the mean being linear."""
    found: Bounds = {}
    x, weight = covariates(cell.spec.dim), cell.spec.gate.log_weight
    seen = formulas_seen(weight, cell.point, cell.spec.dim)
    quadratic = any(f.is_polynomial(*x) and sp.Poly(f, *x).total_degree() <= 2 for f in seen)
    means = {Quantity(p.name, True): f for p, f in slopes.items()}
    degrees = {Quantity(p.name): degree(f, cell.spec.dim) for p, f in slopes.items()}
    top = max(_TOO_HIGH if n is None else n for n in degrees.values())
    if power and top == 1:
        found |= {name: (Fraction(2), _POWER) for name, n in degrees.items() if n}
        found |= dict.fromkeys(means, (Fraction(1), _POWER))
    elif cell.every and cell.size == 2 and quadratic and top < 3:
        orders = {top: Fraction(2), 1: Fraction(9, 4) if top > 1 else Fraction(2)}
        found |= {name: (orders[n], _DOUBLED) for name, n in degrees.items() if n}
    if (
        top < _TOO_HIGH
        and weight.is_polynomial(*x)
        and not weight.subs(dict.fromkeys(x, 0)).free_symbols & set(cell.own)
    ):
        found |= {name: (Fraction(1), _ORIGIN) for name, f in means.items() if f == 1}
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
    return bool(formulas_seen(weight, cell.point, dim)) and determined(products, [], cell.point, dim)


def _not_linear(cell: Setting, slopes: dict[sp.Symbol, sp.Expr], found: Bounds, quadratic: bool) -> Bounds:
    """The bounds where the mean is not linear; quadratic: whether the gate has at most the order 2."""
    b, dim = intercept(cell.mean, tuple(slopes), cell.spec.dim), cell.spec.dim
    place = {p: sp.Integer(p != b) for p in cell.expert}
    if not independent([*slopes.values()], place, dim):
        return {}
    if not quadratic or not independent([sp.S.One, *(f * g for f, g in pairs_of(slopes.values(), 2))], place, dim):
        return found
    means = [Quantity(p.name, True) for p in cell.expert]
    return dict.fromkeys(found, (Fraction(2), _MEANS)) | dict.fromkeys(means, (Fraction(1), _MEANS))


@dataclass(frozen=True)
class _Term:
    """A product of offsets: the function of x before it, e with |product| = O(distance^e), the slopes in it."""

    function: sp.Expr
    least: Fraction
    names: frozenset[sp.Symbol] = frozenset()


@dataclass(frozen=True)
class _Equations:
    """The equations r = 1, 2 where the mean is linear. weights: L_p and 1/r for each own parameter p of the gate."""

    cell: Setting
    slopes: dict[sp.Symbol, sp.Expr]
    weights: Sequence[tuple[sp.Expr, Fraction]]

    def squares(self, orders: Orders, size: int) -> Orders:
        """The orders that follow from squares of offsets, a gate's order being 2 at most."""
        degrees = {p: degree(f, self.cell.spec.dim) for p, f in self.slopes.items()}
        by_degree = sorted((p for p, n in degrees.items() if n != 0), key=lambda p: -(degrees[p] or 0))
        found, before = orders, None
        while found != before:
            before, open_ = found, [p for p in by_degree if found[p] > 2]
            known = dict(found)
            if (
                size in _FEW and all(degrees[p] == 1 for p in open_) and None not in degrees.values()
            ):  # "Two or three atoms"
                known |= {p: min(r, Fraction(2 if p == NU else _FEW[size])) for p, r in found.items() if p not in open_}
            for group in [open_, *([p] for p in open_)]:
                level = self._square(group, known) if group else Fraction(0)
                better = {p for p in group if level and found[p] - 2 / level > _LEAST_GAIN}
                found = {p: 2 / level if p in better else r for p, r in found.items()}
                if better:
                    break
        return found

    def _square(self, group: Collection[sp.Symbol], known: Orders) -> Fraction:
        """The largest e for which sum_l p_l |offsets of the group|^2 = O(distance^e) is proved; 0 where none is."""
        plain = [_Term(sp.S.One, 1 / known[NU])]
        for p, q in pairs_of(self.slopes, 2):
            plain.append(_Term(self.slopes[p] * self.slopes[q], 1 / known[p] + 1 / known[q], frozenset({p, q})))
        targets = [t.function for t in plain if t.names and t.names <= set(group)]
        others = [t for t in plain if not t.names or not t.names <= set(group)]
        # with a parameter of the group in them, terms of the gate are O(distance) + a small part of the targets
        seen = [t for t in plain if not t.names & set(group)]
        others += [_Term(f * t.function, e + t.least) for f, e in self.weights for t in seen]
        return self._level(targets, others, Fraction(1))

    def mean(self, p: sp.Symbol, orders: Orders, most: Fraction) -> Fraction:
        """The largest e up to `most` for which sum_l p_l (offset of p) = O(distance^e) is proved."""
        others = [_Term(f, Fraction(0)) for q, f in self.slopes.items() if q != p]
        others += [_Term(f * g, e + 1 / orders[q]) for f, e in self.weights for q, g in self.slopes.items()]
        return self._level([self.slopes[p]], others, most)

    def _level(self, targets: Sequence[sp.Expr], others: Sequence[_Term], most: Fraction) -> Fraction:
        """The largest e for which the targets are independent of all functions before larger products."""
        for level in sorted({most, *(t.least for t in others if 0 < t.least < most)}, reverse=True):
            larger = [t.function for t in others if t.least < level]
            if determined(targets, larger, self.cell.point, self.cell.spec.dim):
                return level
        return Fraction(0)
