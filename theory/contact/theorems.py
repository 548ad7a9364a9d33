"""Holds the theorems that are about one formula, found by the formula of a gate, whatever its parameters are called.

What they say is proved for this formula alone (theory.md 2.10): the Gaussian gate has weights that are normalised over
the whole space, so that integrals of the equations over it determine what no coefficient does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from temperance.theory.models import gates
from temperance.theory.models.form import intercept
from temperance.theory.models.renaming import in_places
from temperance.theory.models.spec import NU, Gate, covariates
from temperance.theory.orders.gate_orders import AVERAGE, least
from temperance.theory.orders.split_cell import is_linear
from temperance.theory.settings.order import Bounds, Quantity
from temperance.theory.settings.reasons import theorem
from temperance.theory.settings.truth import Setting

_SPREAD = theorem(
    "the weights of the cell determine the second moment: Gamma in the mean, and the squares of the offsets of c"
)
_SHARED_OUT = theorem(
    "the means of x and y in the cell are the true ones: what b owes to a and to the gate has their orders"
)
_APART = theorem(
    "where every cell is split, b has the true mean at x = 0, and what shares owe to the gate is small with b"
)


@dataclass(frozen=True)
class Case:
    """What a bound is asked for: the setting, and what is known."""

    cell: Setting
    known: Bounds


@dataclass(frozen=True)
class Theorem:
    """A theorem about the gate of one formula.

    gate: the formula by the dimension of x. bound: of a case and the parameters in the order of the formula's, the
    bounds with their reasons; {} where a hypothesis of the theorem fails.
    """

    gate: Callable[[int], Gate]
    bound: Callable[[Case, tuple[sp.Symbol, ...]], Bounds]


def bounds_of(theorems: Iterable[Theorem], case: Case) -> Bounds:
    """What those theorems say that are about the gate's formula."""
    spec = case.cell.spec
    placed = [(t, in_places(spec.gate, t.gate(spec.dim))) for t in theorems]
    return least(*(t.bound(case, parameters) for t, parameters in placed if parameters is not None))


def _mean_of_c(case: Case, parameters: tuple[sp.Symbol, ...]) -> Bounds:
    return {} if case.cell.every else {Quantity(c.name, True): (Fraction(1), AVERAGE) for c in parameters[1:-1]}


def _mean_of_gamma(case: Case, parameters: tuple[sp.Symbol, ...]) -> Bounds:
    if case.cell.every or case.cell.spec.dim == 1:
        return {}
    return {Quantity(parameters[-1].name, True): (max(Fraction(case.cell.size, 2), Fraction(1)), _SPREAD)}


def _mean_of_intercept(case: Case, parameters: tuple[sp.Symbol, ...]) -> Bounds:
    """By E[m(x)] = O(distance), x ~ N(c, Gamma) of each atom, m the offset of a mean that is linear in its parameters.

    Where every cell is split into two: from the mean at x = 0.
    """
    cell, dim = case.cell, case.cell.spec.dim
    x, slopes = covariates(dim), tuple(p for p in cell.expert if p != NU)
    b = intercept(cell.mean, slopes, dim)
    top = max(sp.total_degree(sp.diff(cell.mean, p), *x) for p in slopes) if is_linear(cell) else None
    if b is None or top is None or {*parameters[1:]} != {*cell.own}:
        return {}
    if case.cell.every:
        apart = Fraction(2) if top < 2 else Fraction(9, 4)
        return {Quantity(b.name, True): (apart, _APART)} if case.cell.size == 2 and top < 3 else {}
    if top > max(case.cell.size - 1, 1):
        return {}
    return {Quantity(b.name, True): (_order_of_mean(case, b, parameters[1:]), _SHARED_OUT)}


def _order_of_mean(case: Case, b: sp.Symbol, gate: tuple[sp.Symbol, ...]) -> Fraction:
    """What the least power of the distance is in the other terms of E[m(x)], c and Gamma of the gate in this order."""
    cell, x = case.cell, covariates(case.cell.spec.dim)
    slopes = [p for p in cell.expert if p not in (NU, b)]
    term = total = sum((p * sp.diff(cell.mean, p) for p in slopes), sp.S.Zero)
    for k in range(1, sp.total_degree(term, *x) // 2 + 1):
        term = gate[-1] / (2 * k) * sum(sp.diff(term, v, 2) for v in x)
        total += term
    if total == 0:
        return Fraction(1)
    total = total.subs(dict(zip(x, gate, strict=False))).subs({p: p + cell.point[p] for p in gate}, simultaneous=True)
    sizes = {p: 1 / case.known[Quantity(p.name)][0] for p in (*gate, *slopes)}
    powers = [sum(n * sizes[p] for n, p in zip(m, sizes, strict=True)) for m in sp.Poly(total, *sizes).monoms()]
    return max(Fraction(1), 1 / min(powers))


OF_THE_GATE = (Theorem(gates.gaussian, _mean_of_c), Theorem(gates.gaussian, _mean_of_gamma))
OF_THE_MEAN = (Theorem(gates.gaussian, _mean_of_intercept),)
