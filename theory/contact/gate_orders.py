"""Bounds the gate's orders in a cell by the derivatives of its weight (theory 5.2.1).

The weights of a cell add up to the true one whatever the experts are. So the gate's parameters have an equation of
their own, and where the derivatives in it are independent, their squares are O(distance): the order is 2 in a cell of
any number of atoms, with any expert, in any dimension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement as pairs_of

import sympy as sp

from temperance.theory.expressions import balls
from temperance.theory.interactions.independence import Place, formula_at, formulas_seen, independent
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.experts import constant
from temperance.theory.models.form import natural
from temperance.theory.models.order import Bounds, Quantity, Reason, theorem
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import covariates
from temperance.theory.models.truth import Setting

_WEIGHTS = theorem("the second derivatives of the gate's weight are independent")
_MOMENTS = theorem("the weights of the cell determine the moments of Gaussians with these offsets")
_RANK = theorem("one Gamma shows in every direction: the offsets of c/Gamma have moments without directions")
AVERAGE = theorem("the weights of the cell determine the mean of Gaussians with these offsets")
_FOURTH = theorem("c has the order of the number of atoms, and the fourth powers of x see the square of Gamma")
_FEW_ATOMS = theorem("the offsets of so few atoms make no second derivatives of the gate's weight that are dependent")
_HEAT = theorem("the weight solves a heat equation, and its other derivatives are independent: r_bar(m) = 2m")
_KINK = theorem("kinks move with every offset, and show it to the order 3/2; the shares are bounded away from 0")
_CURVE = theorem("the weight is linear in a power of beta1, and what it determines is independent of tau")


def least(*bounds: Bounds) -> Bounds:
    """The least bound of everything; of equal ones the first."""
    best: Bounds = {}
    for of, bound in (item for some in bounds for item in some.items()):
        if of not in best or bound[0] < best[of][0]:
            best[of] = bound
    return best


def gate_orders(cell: Setting, *, flat: bool = False, power: int = 0) -> Bounds:
    """Bounds of the gate's parameters in the cells of a setting.

    The other true atom is a singleton that is held, or split as well; what all atoms may change together has no bound
    then. flat: whether the own parameters are. power: k, where they are because the weight is linear in beta1^k at the
    true temperature (0: it is not).
    """
    other, size, every = cell.other, cell.size, cell.every
    gate, dim = cell.spec.gate, cell.spec.dim
    if flat and not power:
        return {}
    if (squares := quadratic(cell)) is not None:
        return {} if every else _of_moments(cell, squares, size)
    score, there = gate.log_weight, dict(other)
    moving = (cell.point, {**cell.point, **there}) if every else (cell.point,)
    if not all(formulas_seen(score, place, dim) for place in moving):
        return {}
    shared = [sp.diff(score - score.subs(there, simultaneous=True), p) for p in cell.shared]
    if power:
        weights = [score, score.subs(there, simultaneous=True)] if every else [score]
        parts = [sp.prod(c) * sp.exp(-w) for w in weights for c in pairs_of(covariates(dim), power)]
        proved = independent([sp.S.One, *parts, *shared], cell.point, dim)
        return {Quantity(p.name): (Fraction(1), _CURVE) for p in cell.shared} if proved else {}
    slopes = [sp.diff(score, p) for p in cell.own]
    kink_movers = _moving_kinks(cell, other) if dim == 1 else ()
    rest = [p for p in cell.own if p not in kink_movers]
    bends = {pair: _weight(score, *pair) for pair in pairs_of(cell.own, 2)}
    within = [bends[pair] for pair in pairs_of(rest, 2)]
    if every:
        slopes += [f.subs(there, simultaneous=True) for f in slopes]
        within += [f.subs(there, simultaneous=True) for f in within]
    seen = [f for f in slopes if f.subs(dict(cell.point)) != 0]  # the others leave their offsets to the second order
    functions = [sp.S.One, *(slopes if kink_movers else seen), *shared]
    if independent([*functions, *within], cell.point, dim):  # off the kinks, where E is smooth
        orders = {p: (Fraction(3, 2), _KINK) if p in kink_movers else (Fraction(2), _WEIGHTS) for p in cell.own}
        return _bounds(cell, orders, seen)
    relation = {} if every or kink_movers or score.has(sp.Piecewise) else _relation(cell)
    if not relation:
        return {}
    form = (c.subs(dict(cell.point)) * sp.prod(pair) for pair, c in relation.items() if len(pair) == 2)
    squares = sp.hessian(sum(form, sp.S.Zero), cell.own)  # S of the relation
    squares *= -1 if squares.trace() < 0 else 1
    if squares.is_zero_matrix or not all(e.is_Rational for e in squares):
        return {}
    if squares.is_positive_semidefinite and squares.rank() < size:
        return _by_heat(cell, relation, shared)
    pair = next(pair for pair in bends if pair in relation and relation[pair].subs(dict(cell.point)) != 0)
    alone = independent([*functions, *(f for by, f in bends.items() if by != pair)], cell.point, dim)
    return _bounds(cell, dict.fromkeys(cell.own, (Fraction(2), _FEW_ATOMS)), seen) if alone else {}


def _weight(score: sp.Expr, *by: sp.Symbol) -> sp.Expr:
    """The derivative of the weight E = exp(score) by these parameters, over E."""
    ratio = sp.S.One
    for p in by:
        ratio = sp.diff(ratio, p) + sp.diff(score, p) * ratio
    return ratio


def _bounds(cell: Setting, orders: Mapping[sp.Symbol, tuple[Fraction, Reason]], seen: Sequence[sp.Expr]) -> Bounds:
    """Bounds of the own parameters; 1 for shared ones, and for weighted means whose slopes are seen."""
    one = [Quantity(p.name) for p in cell.shared]
    one += [Quantity(p.name, True) for p in cell.own if sp.diff(cell.spec.gate.log_weight, p) in seen]
    reason = max(orders.values(), key=lambda bound: bound[0])[1]
    return {Quantity(p.name): bound for p, bound in orders.items()} | dict.fromkeys(one, (Fraction(1), reason))


_Relation = dict[tuple[sp.Symbol, ...], sp.Expr]
"""sum_alpha c_alpha D^alpha E = 0: alpha, as the parameters of the derivative, -> c_alpha."""


def _relation(cell: Setting) -> _Relation:
    """The relation of the weight and its derivatives up to the order 2 by own parameters; {} but where there is one."""
    interactions = derive(cell.spec.gate, constant(cell.spec.dim), dim=cell.spec.dim, order=2)
    terms = [
        {tuple(p for p, n in zip(r.parameters, alpha, strict=True) for _ in range(n)): c for c, alpha in r.terms}
        for r in interactions.relations
    ]
    own = [r for r in terms if all({*alpha} <= {*cell.own} for alpha in r)]
    return own[0] if len(own) == 1 else {}


def _by_heat(cell: Setting, relation: _Relation, shared: Sequence[sp.Expr]) -> Bounds:
    """The orders 2m and m where E_ww is a combination of E and its first derivatives, as in the heat equation."""
    pairs, score, size = [alpha for alpha in relation if len(alpha) == 2], cell.spec.gate.log_weight, cell.size
    w, rest = pairs[0][0], [p for p in cell.own if p != pairs[0][0]]
    first = [relation[alpha].subs(dict(cell.point)) for alpha in relation if len(alpha) == 1 and alpha != (w,)]
    if pairs != [(w, w)] or not any(first):
        return {}
    levels = [(n, by) for n in range(size + 1) for by in pairs_of(rest, n)]
    functions = [_weight(score, *by) for _, by in levels]
    functions += [_weight(score, *by, w) for n, by in levels if n < size]
    if not independent([*functions, *shared], cell.point, cell.spec.dim):
        return {}
    orders = dict.fromkeys(rest, Fraction(size)) | {w: Fraction(2 * size)}
    bounds = {Quantity(p.name): (r, _HEAT) for p, r in orders.items()}
    bounds |= {Quantity(w.name, True): (Fraction(size if (w,) in relation else Fraction(2 * size, 3)), _HEAT)}
    return bounds | {Quantity(p.name): (Fraction(1), _HEAT) for p in cell.shared}


@dataclass(frozen=True)
class Quadratic:
    """A log weight that is a quadratic polynomial in x, whose coefficients are coordinates of the own parameters.

    narrow: the parameters that determine the coefficients of squares, and no others do; () where they are mixed.
    one_form: whether all squares have one coefficient, that of a form of full rank (d >= 2). plain: parameters that
    stand before a power of x alone, in a log weight whose value at x = 0 no own parameter moves.
    """

    narrow: tuple[sp.Symbol, ...]
    one_form: bool
    plain: tuple[sp.Symbol, ...]


def quadratic(cell: Setting) -> Quadratic | None:
    """What the theorems on quadratic and Gaussian gates need; None where the gate is none at the true point."""
    gate, own, x = cell.spec.gate, cell.own, covariates(cell.spec.dim)
    statistics = natural(gate, cell.spec.dim)
    if statistics is None or cell.shared or len(statistics) != len(own):
        return None
    degrees = [{sum(m) for m in sp.Poly(e, *x).monoms()} if e.is_polynomial(*x) else {0} for e, _ in statistics]
    lines = [e.as_coeff_Mul()[1] for (e, _), n in zip(statistics, degrees, strict=True) if n == {1}]
    squares = [(e, phi) for (e, phi), n in zip(statistics, degrees, strict=True) if n == {2}]
    slopes = sp.Matrix([phi for _, phi in statistics]).jacobian(own).subs(dict(cell.point))
    if slopes.free_symbols or {*lines} != {*x} or len(lines) + len(squares) != len(own) or not squares:
        return None
    if not balls.is_nonzero(balls.value(slopes.det(), {})):
        return None
    narrow = tuple(p for p in own if any(phi.has(p) for _, phi in squares))
    one_form = len(x) > 1 == len(squares) and sp.hessian(squares[0][0], x).det() != 0
    rest = gate.log_weight.subs(dict.fromkeys(x, 0))
    phis = [phi for _, phi in statistics]
    alone = [p for phi in phis for p in own if phi.free_symbols & {*own} == {p} and not sp.diff(phi, p).has(p)]
    plain = () if rest.has(*own) else tuple(p for p in alone if sum(phi.has(p) for phi in phis) == 1)
    return Quadratic(narrow if len(narrow) == len(squares) else (), bool(one_form), plain)


def _of_moments(cell: Setting, gate: Quadratic, size: int) -> Bounds:
    """The bounds of a quadratic gate, and of a Gaussian one."""
    means = {Quantity(p.name, True): (Fraction(1), AVERAGE) for p in gate.plain if p not in gate.narrow}
    if not gate.one_form:
        powers = {p: Fraction(size if p in gate.narrow else 2 * size) for p in cell.own}
        return {Quantity(p.name): (r, _MOMENTS) for p, r in powers.items()} | means
    if size > cell.spec.dim:
        wide = max(Fraction(size, 2), Fraction(2))
        orders = {p: (wide, _FOURTH) if p in gate.narrow else (Fraction(size), _RANK) for p in cell.own}
        return {Quantity(p.name): bound for p, bound in orders.items()} | means
    return {Quantity(p.name, mean): (Fraction(1 if mean else 2), _RANK) for mean in (False, True) for p in cell.own}


def _moving_kinks(cell: Setting, other: Place) -> tuple[sp.Symbol, ...]:
    """The own parameters whose offsets move kinks inside [-2, 2] (d = 1) that the other atom has not.

    All where the kinks determine them; else those that move one alone.
    """
    score, point, (x,) = cell.spec.gate.log_weight, dict(cell.point), covariates(1)
    gaps = boundaries(score)
    roots = [root for gap in gaps for root in sp.solve(gap, x)]
    elsewhere = {gap.subs(point | dict(other)) for gap in gaps}
    moves: list[list[sp.Expr]] = []
    alone: list[sp.Symbol] = []
    for root in roots:
        here = root.subs(point)
        if not abs(here) < 2:
            continue
        step = min([abs(here - r) / 2 for r in (q.subs(point) for q in roots) if r != here], default=sp.S.One)
        sides = [formula_at(score, point | {x: here + sign * step}).subs(point) for sign in (-1, 1)]
        bend = [sp.diff(sides[0] - sides[1], x, n).subs(x, here) for n in (0, 1)]
        if bend[0] == 0 and bend[1] != 0 and all(gap.subs(x, here) != 0 for gap in elsewhere):
            moves.append([sp.diff(root, p).subs(point) for p in cell.own])
            own = root.free_symbols & {*cell.own}
            alone += own if len(own) == 1 and any(moves[-1]) and not cell.every else ()
    if moves and sp.Matrix(moves).rank() == len(cell.own):
        return cell.own
    return tuple(p for p in cell.own if p in alone)
