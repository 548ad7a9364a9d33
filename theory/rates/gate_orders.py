"""Bounds the orders in a cell by the second derivatives of the gate's weight and of the mean (theory.md 2.10).

The weights of a cell add up to the true one whatever the experts are. So the gate's parameters have an equation of
their own, and where the derivatives in it are independent, their squares are O(distance): the order is 2 in a cell of
any number of atoms, with any expert, in any dimension. Independence is decided in balls, at the true point.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement as pairs_of

import sympy as sp
from flint import arb

from temperance.theory.expressions import balls
from temperance.theory.interactions.rank_by_balls import independent_columns
from temperance.theory.models.spec import NU, covariates
from temperance.theory.orders.split_cell import Splitting, is_linear

Place = Mapping[sp.Symbol, sp.Expr]
Bounds = dict[str, tuple[Fraction, str]]
"""Name of a parameter, or "mean NAME" of a weighted mean -> (an upper bound of its order, the reason)."""

_ROWS = 3  # values for every function
_WEIGHTS = "the second derivatives of the gate's weight are independent"
_MOMENTS = "the weights of the cell determine the moments of Gaussians with these offsets"
_KINK = "the kink at x = beta1 moves, and shows itself to the order 3/2; the shares are bounded away from 0"
_CURVE = "the first derivatives of the gate's weight are independent, and it is linear in a power of beta1"
_SLOPES = "the squares of x are independent of 1, x and the slopes of the gate, which has at most the order 2"
_DOUBLED = "two lines whose quotient is the exponential of a quadratic form, in every cell"
_MEANS = "the second derivatives of the mean and 1 are independent, and the gate has the order 2"
_EXPERTS = "the theorem on experts, which holds for every gate: |b|^(2m) and |nu|^m are O(distance)"


def gate_orders(cell: Splitting, other: Place, size: int, *, every: bool = False, flat: bool = False) -> Bounds:
    """Bounds of the gate's parameters, in a cell of `size` atoms.

    other: the gate of the other true atom, a singleton that is held. every: it is split as well; what all atoms may
    change together has no bound then. flat: whether the own parameters are, because the weight is linear in a power of
    beta1 at the true temperature, or because every cell can change alike.
    """
    gate, dim = cell.spec.gate, cell.spec.dim
    if gate.name in ("quadratic", "gaussian"):
        narrow = {p: p.name.split("_")[0] in ("A", "Gamma") for p in cell.own}
        return {} if every else {p.name: (Fraction(size if narrow[p] else 2 * size), _MOMENTS) for p in cell.own}
    if gate.name == "laplace" and dim == 1 and any(cell.point[p] != v for p, v in other.items()):
        return _bounds(cell, Fraction(3, 2), _KINK)
    if _moves_a_kink(cell) or (every and gate.log_weight.has(sp.Piecewise)):
        return {}
    score, there = gate.log_weight, dict(other)
    shared = [sp.diff(score - score.subs(there, simultaneous=True), p) for p in cell.shared]
    slopes = [sp.diff(score, p) for p in cell.own]
    if flat:
        proved = dim == 1 and not every and independent([sp.S.One, *slopes, *shared], cell.point, dim)
        return {p.name: (Fraction(1), _CURVE) for p in cell.shared} if proved else {}
    bends = [sp.diff(score, p, q) + sp.diff(score, p) * sp.diff(score, q) for p, q in pairs_of(cell.own, 2)]
    if every:
        slopes += [f.subs(there, simultaneous=True) for f in slopes]
        bends += [f.subs(there, simultaneous=True) for f in bends]
    seen = [f for f in slopes if f.subs(dict(cell.point)) != 0]  # the others leave their offsets to the second order
    if not independent([sp.S.One, *seen, *shared, *bends], cell.point, dim):
        return {}
    return _bounds(cell, Fraction(2), _WEIGHTS, seen)


def _bounds(cell: Splitting, own: Fraction, reason: str, seen: Sequence[sp.Expr] | None = None) -> Bounds:
    """A bound of the own parameters; 1 for shared ones, and for weighted means whose slopes are seen."""
    one = [p.name for p in cell.shared]
    one += [f"mean {p.name}" for p in cell.own if seen is None or sp.diff(cell.spec.gate.log_weight, p) in seen]
    return {p.name: (own, reason) for p in cell.own} | dict.fromkeys(one, (Fraction(1), reason))


def expert_orders(cell: Splitting, size: int, *, squares: bool, every: bool = False) -> Bounds:
    """Bounds of the expert's parameters; squares: whether the gate's own parameters have at most the order 2."""
    found = {p.name: (Fraction(size if p == NU else 2 * size), _EXPERTS) for p in cell.expert}
    moving, dim = [p for p in cell.expert if p != NU], cell.spec.dim
    slopes = [sp.diff(cell.mean, p) for p in moving]
    bends = [f * g for f, g in pairs_of(slopes, 2)]
    if not is_linear(cell):
        place = {p: sp.S.Zero if p.name == "b" else sp.S.One for p in cell.expert}
        if squares and independent([sp.S.One, *bends], place, dim):
            return {p.name: (Fraction(2), _MEANS) for p in cell.expert}
        return found if independent(slopes, place, dim) else {}
    if set(slopes) != {sp.S.One, *covariates(dim)}:
        return found
    gate = [sp.diff(cell.spec.gate.log_weight, p) for p in cell.own]
    doubled = every and size == 2 and cell.spec.gate.name in ("quadratic", "gaussian")
    if doubled or (squares and independent([*bends, *gate], cell.point, dim)):
        found |= {p.name: (Fraction(2), _DOUBLED if doubled else _SLOPES) for p in moving if p.name != "b"}
    return found


def _moves_a_kink(cell: Splitting) -> bool:
    """Whether a kink of the gate is not at x = 0 for every value of the parameters."""
    x = dict.fromkeys(covariates(cell.spec.dim), sp.S.Zero)
    gaps = [r.lhs - r.rhs for r in cell.spec.gate.log_weight.atoms(sp.core.relational.Relational)]
    return any(cell.spec.dim > 1 or gap.subs(x) != 0 for gap in gaps)


def independent(functions: Sequence[sp.Expr], place: Place, dim: int) -> bool:
    """Whether functions of x are proved to be independent on [-2, 2]^dim, the parameters being at a place."""

    def rows(bits: int, rng: random.Random) -> list[list[arb]]:
        def row() -> list[arb]:
            at = {**place, **random_point(rng, dim)}
            number = numbers(at, bits)
            return [number(formula_at(f, at)) for f in functions]

        return finite_rows(row, len(functions))

    return independent_columns(rows)


def finite_rows(row: Callable[[], list[arb]], columns: int) -> list[list[arb]]:
    """Three rows for every column, without those that are not finite."""
    return [found for found in (row() for _ in range(_ROWS * columns)) if all(entry.is_finite() for entry in found)]


def random_point(rng: random.Random, dim: int) -> dict[sp.Symbol, sp.Expr]:
    """x in [-2, 2]^dim."""
    return {p: sp.Rational(rng.randrange(-199, 200), 100) for p in covariates(dim)}


def numbers(at: Place, bits: int) -> Callable[[sp.Expr], arb]:
    """Encloses expressions where their symbols have these values."""
    known = {p.name: balls.value(v, {}, bits) for p, v in at.items()}
    return lambda e: balls.value(e, known, bits)


def formula_at(e: sp.Expr, at: Place) -> sp.Expr:
    """The formula that an expression with pieces has around a point (which lies on no kink)."""
    pieces = e.atoms(sp.Piecewise)
    return e.xreplace({w: next(f for f, c in w.args if c.subs(at) == sp.true) for w in pieces}) if pieces else e
