"""Bounds the contact orders of a split atom under least squares (theory 8).

The distance is that of the regression functions, in L1 or L2. An order r says |offset|^r = O(distance), shares being
bounded away from 0; the rate is n^(-1/(2r)). What moves along a straight line of one regression function is flat.

None does iff no symmetric matrix S >= 0 but 0 is in a space: iff a positive definite P is orthogonal to all of it, as
S >= 0 and <P, S> = 0 leave S = 0. Both answers come with the matrix that proves them (`cone`).

The relations of order <= 2 of the atom hold in every mixture. At a true point of exact numbers a minor, in balls,
proves that the mixture has no others (`relations`).

>>> from temperance.theory.models.by_name import model
>>> str(least_squares(model("softmax", "constant")).expert.log_density)
'log(-b + y)'
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, combinations_with_replacement
from typing import Any, Literal

import mpmath
import sympy as sp
from flint import fmpq, fmpq_mat

from temperance.theory.contact.places import model_text, place
from temperance.theory.expressions.balls import exact, is_zero
from temperance.theory.fields.differential_field import nullspace
from temperance.theory.interactions.independence import independent
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.kernel.balls import pivots
from temperance.theory.kernel.check import prove
from temperance.theory.kernel.reader import Rejected
from temperance.theory.models.experts import accepted, mean_of, normal
from temperance.theory.models.form import Coordinates, linear_in
from temperance.theory.models.order import Order, Quantity, Reason, ReasonKind
from temperance.theory.models.spec import NU, Expert, MoESpec, Y, covariates, kinks
from temperance.theory.models.truth import Noise, Setting


def mean(spec: MoESpec) -> sp.Expr:
    """The regression function h of one expert. Raises ValueError where the expert has no named mean."""
    formula = mean_of(spec.expert)
    if formula is None:
        names = accepted(orders=True)
        raise ValueError(f"least squares needs an expert with a named mean ({names}), not {spec.expert.name!r}")
    return formula


def least_squares(spec: MoESpec) -> MoESpec:
    """The model whose atom is U = exp(L) (y - h): y stands for the value of the regression function.

    spec: a gate, and a Gaussian expert with a named mean h. Raises ValueError for any other expert.
    """
    h = mean(spec)
    parameters = tuple(p for p in spec.expert.parameters if p != NU)
    log = sp.Piecewise(*((sp.log(Y - e), c) for e, c in h.args)) if isinstance(h, sp.Piecewise) else sp.log(Y - h)
    return replace(spec, expert=Expert(spec.expert.name, log, parameters, spec.expert.constants))


def with_known_noise(spec: MoESpec) -> MoESpec:
    """The model whose variance nu is no parameter. Raises ValueError for an expert that has none."""
    expert = spec.expert
    if NU not in expert.parameters:
        raise ValueError(f"the expert {expert.name!r} has no variance nu")
    parameters = tuple(p for p in expert.parameters if p != NU)
    return replace(spec, expert=replace(expert, parameters=parameters, constants=(*expert.constants, NU)))


def straight(h: sp.Expr, parameters: Sequence[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    """Parameters in which a mean is jointly affine: none of their second derivatives differs from 0.

    h: the mean. parameters: of the expert; the first ones are preferred where not all can be taken.
    """
    chosen: list[sp.Symbol] = []
    for p in parameters:
        slope = sp.diff(h, p)
        if all(is_zero(sp.diff(slope, q)) for q in (*chosen, p)):
            chosen.append(p)
    return tuple(chosen)


def is_homogeneous(h: sp.Expr, parameters: Sequence[sp.Symbol]) -> bool:
    """Whether h(l eta) = l h(eta) for l > 0, kinks and all: a ReLU of an affine function."""
    scale = sp.Symbol("l", positive=True)
    scaled = {p: scale * p for p in parameters}
    if not isinstance(h, sp.Piecewise):
        return is_zero(h.xreplace(scaled) - scale * h)
    return all(
        is_zero(e.xreplace(scaled) - scale * e) and (c == sp.true or _rests(c, scaled, scale)) for e, c in h.args
    )


def _rests(condition: sp.Basic, scaled: dict[sp.Symbol, sp.Expr], scale: sp.Symbol) -> bool:
    """Whether a boundary stays where it is: its gap is a multiple of itself by a power of the scale."""
    if not isinstance(condition, sp.core.relational.Relational):
        return False
    gap = condition.lhs - condition.rhs
    ratio = sp.simplify(gap.xreplace(scaled) / gap)
    return bool(ratio.free_symbols <= {scale} and ratio.is_positive)


Index = tuple[int, ...]


@dataclass(frozen=True)
class SplitAtom(Setting):
    """The first cell of a setting with a Gaussian expert, whose variance plays no part, beside a singleton.

    noise: None where the regression function is seen; else the density is, with a variance that is known or that all
    atoms have in common.
    """

    noise: Noise | None = None

    @property
    def shared(self) -> tuple[sp.Symbol, ...]:
        """The parameters that all atoms move together."""
        return (*super().shared, *((NU,) if self.noise == "common" else ()))

    @property
    def points(self) -> tuple[dict[sp.Symbol, sp.Expr], dict[sp.Symbol, sp.Expr]]:
        """The values of the parameters in the split atom and in the singleton, shared ones included."""
        return self.truth.point(0), self.truth.point(1)

    @property
    def expert(self) -> tuple[sp.Symbol, ...]:
        """The parameters of the mean."""
        return least_squares(self.spec).expert.parameters

    @property
    def places(self) -> tuple[Index, ...]:
        """The derivatives of the split atom that its relations are among, by their multi-indices over `each`."""
        n = len(self.each)
        pairs = combinations_with_replacement(range(n), 2)
        unit = [tuple(int(i == j) for i in range(n)) for j in range(n)]
        second = [tuple(p + q for p, q in zip(unit[i], unit[j], strict=True)) for i, j in pairs]
        return ((0,) * n, *unit, *second)


@dataclass(frozen=True)
class Relations:
    """Relations of order <= 2 of a split atom, without derivatives by shared parameters.

    atom: whose. interactions: all relations of the atom. rows: a basis at the true point, over `atom.places`, each as
    a row of rational numbers. formulas: the same basis as functions of the parameters. proved: whether a mixture is
    proved to have no others.
    """

    atom: SplitAtom
    interactions: Interactions
    rows: tuple[tuple[fmpq, ...], ...]
    formulas: tuple[tuple[sp.Expr, ...], ...]
    proved: bool


def split_atom(setting: Setting, noise: Noise | None = None) -> SplitAtom:
    """The first cell of a setting; a variance that all atoms have in common is that of the first one."""
    first, second = setting.truth.atoms
    if noise == "common":
        second = {**second, NU: first[NU]}
    return SplitAtom(replace(setting.truth, atoms=(first, second)), setting.cells, setting.held, noise)


class NotRational(ValueError):
    """The relations have coefficients that are no rational functions, or no rational numbers at the true point."""


def relations(atom: SplitAtom) -> Relations:
    """The relations of a split atom, and whether they are all that the mixture has.

    Raises NotRational where they cannot be written over Q at the true point.
    """
    model = _model(atom)
    interactions = derive(model.gate, model.expert, dim=model.dim, order=2)
    formulas = _without_shared(atom, interactions)
    values = [[c.xreplace(atom.points[0]) for c in row] for row in formulas]
    if not all(v.is_Rational for row in values for v in row):
        raise NotRational("the coefficients of the relations are not rational numbers at the true point")
    rows = [[exact(v) for v in row] for row in values]
    dependent = {*pivots(rows, len(atom.places))}
    proved = len(dependent) == len(rows) and _has_no_others(atom, dependent)
    return Relations(atom, interactions, tuple(map(tuple, rows)), tuple(map(tuple, formulas)), proved)


def _model(atom: SplitAtom) -> MoESpec:
    """The model of one atom, with what is known, or common to all, as constants."""
    gate = atom.spec.gate
    constants = tuple(p for p in gate.parameters if p not in (*atom.own, *atom.shared))
    moving = tuple(p for p in gate.parameters if p not in constants)
    shared = tuple(p for p in gate.shared if p in moving)
    gate = replace(gate, parameters=moving, shared=shared, constants=(*gate.constants, *constants), places=())
    model = replace(least_squares(atom.spec), gate=gate)
    return model if atom.noise is None else _with_letter(model, mean(atom.spec))


def _with_letter(spec: MoESpec, h: sp.Expr) -> MoESpec:
    """The model whose atom is exp(L) (f - g), f the Gaussian density: the last coordinate of x stands for g."""
    *x, letter = covariates(spec.dim + 1)
    renamed = dict(zip(covariates(spec.dim), x, strict=True))
    density = sp.exp(-((Y - h) ** 2) / (2 * NU))
    expert = Expert(spec.expert.name, sp.log(density - letter).xreplace(renamed), spec.expert.parameters, (NU,))
    gate = replace(spec.gate, log_weight=spec.gate.log_weight.xreplace(renamed))
    return MoESpec(gate, expert, spec.dim + 1)


def _without_shared(atom: SplitAtom, interactions: Interactions) -> list[list[sp.Expr]]:
    """A basis of the relations without derivatives by shared parameters, in terms of `places`, first order first."""
    symbols = {*interactions.spec.parameters, *interactions.spec.constants}
    if not all(c.is_rational_function(*symbols) for r in interactions.relations for c, _ in r.terms):
        raise NotRational("the coefficients of the relations are not rational functions of the parameters")
    family, places = interactions.basis.family, [dict(zip(atom.each, place, strict=True)) for place in atom.places]
    own = [tuple(place.get(p, 0) for p in interactions.spec.parameters) for place in places]
    kernel = nullspace(family.field, family.rows(own), len(own))
    dependent = [j for j in range(len(own)) if j not in kernel.pivots]
    return [
        [family.expression(family.field.fraction(c, relation[j])) for c in relation]
        for j, relation in zip(dependent, kernel.relations, strict=True)
    ][::-1]


def _has_no_others(atom: SplitAtom, dependent: set[int]) -> bool:
    """Whether the other derivatives are proved to be independent in the mixture, also of those of the singleton."""
    gate, h = atom.spec.gate.log_weight + (atom.spec.gate.offset or sp.S.Zero), mean(atom.spec)
    density = h if atom.noise is None else sp.exp(normal(h))
    points = [{**dict.fromkeys(atom.spec.gate.bias, sp.S.Zero), **v} for v in atom.points]
    weights, values = ([e.xreplace(v) for v in points] for e in (sp.exp(gate), density))
    true = sp.Add(*(w * f for w, f in zip(weights, values, strict=True))) / sp.Add(*weights)
    u = sp.exp(gate) * (true - density)
    columns = [_derivative(u, atom.each, place) for j, place in enumerate(atom.places) if j not in dependent]
    columns = [c.xreplace(points[0]) for c in columns]
    columns += [sp.diff(u, p).xreplace(points[1]) for p in atom.expert]
    columns += [sum(sp.diff(u, p).xreplace(v) for v in points) for p in atom.shared]
    return independent(columns, {}, atom.spec.dim, lambda rng: {Y: sp.Rational(rng.randrange(-399, 400), 100)})


def _derivative(e: sp.Expr, parameters: Sequence[sp.Symbol], place: Index) -> sp.Expr:
    for p, order in zip(parameters, place, strict=True):
        e = sp.diff(e, p, order) if order else e
    return e


_STEPS = 300
_GRID = 64  # eigenvectors are rounded to multiples of 1/64


@dataclass(frozen=True)
class Cone:
    """Whether the positive semidefinite matrices of a space are 0 alone.

    outcome: "trivial" (matrix is positive definite and orthogonal to the space), "nontrivial" (matrix is a positive
    semidefinite one of the space) or "undecided" (neither was found).
    """

    outcome: Literal["trivial", "nontrivial", "undecided"]
    matrix: fmpq_mat | None


def cone(space: Sequence[fmpq_mat], size: int) -> Cone:
    """The cone of positive semidefinite matrices in the span of symmetric ones of that size.

    Squares of single parameters come first, all that the span has; then interior points are looked for.
    """
    if size == 0:
        return Cone("trivial", fmpq_mat(0, 0))
    basis = _orthogonal(space)
    units = [fmpq_mat([[int(j == i == k) for k in range(size)] for j in range(size)]) for i in range(size)]
    squares = [s for s in units if _across(s, basis) == fmpq_mat(size, size)]
    if squares:
        return Cone("nontrivial", sum(squares[1:], start=squares[0]))
    total = sum(units[1:], start=units[0])
    for _ in range(_STEPS):
        across = _across(total, basis)
        if is_definite(across):
            return Cone("trivial", across)
        if is_definite(total - across):
            return Cone("nontrivial", total - across)
        v = _least_eigenvector(across)
        square = fmpq_mat([[p * q for q in v] for p in v])
        if _across(square, basis) == fmpq_mat(size, size):
            return Cone("nontrivial", square)
        total += square
    return Cone("undecided", None)


def is_definite(matrix: fmpq_mat) -> bool:
    """Whether a symmetric matrix is positive definite: its leading minors are."""
    n = matrix.nrows()
    return all(fmpq_mat([[matrix[i, j] for j in range(m)] for i in range(m)]).det() > 0 for m in range(1, n + 1))


def inner(one: fmpq_mat, other: fmpq_mat) -> fmpq:
    """The sum of the products of the entries."""
    places = [(i, j) for i in range(one.nrows()) for j in range(one.ncols())]
    return sum((one[p] * other[p] for p in places), fmpq(0))


def _orthogonal(space: Sequence[fmpq_mat]) -> list[fmpq_mat]:
    """An orthogonal basis of the span."""
    basis: list[fmpq_mat] = []
    for s in space:
        rest = _across(s, basis)
        if inner(rest, rest) != 0:
            basis.append(rest)
    return basis


def _across(matrix: fmpq_mat, basis: Sequence[fmpq_mat]) -> fmpq_mat:
    """The part of a matrix that is orthogonal to the span of an orthogonal basis."""
    for s in basis:
        matrix = matrix - s * (inner(matrix, s) / inner(s, s))
    return matrix


def _least_eigenvector(matrix: fmpq_mat) -> list[fmpq]:
    """A rational vector near the eigenvector of the least eigenvalue."""
    n = matrix.nrows()
    rows = [[mpmath.mpf(int(matrix[i, j].p)) / int(matrix[i, j].q) for j in range(n)] for i in range(n)]
    values, vectors = mpmath.eigsy(mpmath.matrix(rows))
    k = min(range(n), key=lambda i: values[i])
    return [fmpq(round(_GRID * vectors[i, k]), _GRID) for i in range(n)]


_ONE_GATE = "two atoms of equal weight with {0} + t and {0} - t, all else equal, have the regression function of one"
_RAY = "two atoms of equal weight with (1 + t) and (1 - t) times {0}, at one gate, have the regression function of one"
_STRAIGHT = (
    "two atoms of equal weight, on both sides of one along a line in coordinates, have its regression function; mean {}"
)
_THEOREM = "no relation has a positive semidefinite part of order 2 in the parameters that are not flat"
_MEAN = "no relation without such a part holds the first derivative"
_HALF = "a weighted mean that only products with offsets of order 2 can balance"
_KINKS = "the atom is not twice differentiable: a kink moves with {}"
_RANK = "that the mixture has no other relations than its atom was not proved at this true point"
_CONE = "{} has a positive semidefinite part of order 2, and no exact curve is known"
_OPEN = "neither a positive semidefinite part of a relation nor a matrix that excludes one was found"
_BALANCED = Reason(ReasonKind.NO_BOUND, "a relation balances it")


@dataclass(frozen=True)
class LeastSquaresOrders:
    """The orders of a split atom under least squares, and what decides them.

    atom: the setting. relations: those of the atom, None where they are not rational at the true point. straight: the
    parameters of the mean in which it is jointly affine; each is flat. all: the cone of the relations over `atom.each`.
    rest: that of the parameters that are not straight, `others`, whatever the other entries are; it decides the orders.
    everywhere: whether the matrix of `rest` excludes semidefinite parts at almost every true point, not only at this;
    weighted means are decided at this one. inner: the orders in the coordinates that decide these, if others do.
    orders: own parameters, the mean's, shared ones, then weighted means.
    """

    atom: SplitAtom
    relations: Relations | None
    straight: tuple[sp.Symbol, ...]
    all: Cone
    rest: Cone
    everywhere: bool
    orders: tuple[Order, ...]
    inner: LeastSquaresOrders | None = None

    @property
    def others(self) -> tuple[sp.Symbol, ...]:
        """The parameters of the split atom that are not straight."""
        return tuple(p for p in self.atom.each if p not in self.straight)

    def semidefinite(self, part: Cone, over: Sequence[sp.Symbol]) -> tuple[str, ...]:
        """The names of the parameters that a positive semidefinite part of a relation moves."""
        s = part.matrix
        if part.outcome != "nontrivial" or s is None:
            return ()
        return tuple(p.name for i, p in enumerate(over) if s[i, i] != 0)


def least_squares_orders(atom: SplitAtom) -> LeastSquaresOrders:
    """The orders of a split atom beside a singleton whose gate is held, by theory 8.1.1.

    Raises ValueError where the expert has no named mean.
    """
    plain = _decided(atom)
    coordinates = _coordinates(atom, len(plain.straight)) if atom.noise is None else None
    return plain if coordinates is None else _in_coordinates(plain, coordinates)


def _decided(atom: SplitAtom) -> LeastSquaresOrders:
    """The orders in the parameters as they are."""
    h = mean(atom.spec)
    lines = () if atom.noise is not None or _moved_kinks(atom, h) & {*atom.expert} else straight(h, atom.expert)
    rest = [p for p in atom.each if p not in lines]
    try:
        basis = relations(atom)
    except NotRational as error:
        undecided = Cone("undecided", None)
        return _assembled(atom, None, lines, undecided, undecided, Reason(ReasonKind.UNDECIDED, str(error)))
    whole = cone([fmpq_mat(_part(atom, row, atom.each)) for row in basis.rows], len(atom.each))
    part = cone([fmpq_mat(_part(atom, row, rest)) for row in basis.rows], len(rest))
    return _assembled(atom, basis, lines, whole, part, _obstacle(atom, h, basis, part, rest))


def _coordinates(atom: SplitAtom, straight: int) -> Coordinates | None:
    """The coordinates of the most parameters of the mean, more than are straight, in which it is jointly affine."""
    groups = (k for n in range(len(atom.expert), straight, -1) for k in combinations(atom.expert, n))
    tried = (linear_in(atom.spec, group, atom.points) for group in groups)
    return next((coordinates.rational_at(atom.points[0]) for coordinates in tried if coordinates is not None), None)


def _in_coordinates(plain: LeastSquaresOrders, phi: Coordinates) -> LeastSquaresOrders:
    """The orders by those in other coordinates: what is of these is flat, and the others are the same."""
    atom = plain.atom
    inner = _decided(phi.setting(atom))
    there, orders = {(o.name, o.is_mean): o for o in inner.orders}, []
    for p, is_mean in [*((p, False) for p in (*atom.each, *atom.shared)), *((p, True) for p in atom.each)]:
        order = there.get((p.name, is_mean))
        if p in phi.parameters and not is_mean:
            order = _flat(p, _STRAIGHT.format(phi))
        elif order is None:
            order = _order(p, True, None, _BALANCED)
        elif not order.flat:
            order = replace(order, reason=Reason(order.reason.kind, f"{order.reason.text}; coordinates of {phi}"))
        orders.append(order)
    decided = replace(plain, straight=phi.parameters, rest=inner.rest, everywhere=inner.everywhere)
    return replace(decided, orders=tuple(orders), inner=inner)


def _obstacle(atom: SplitAtom, h: sp.Expr, basis: Relations, part: Cone, rest: Sequence[sp.Symbol]) -> Reason | None:
    """What of the theorem fails, or is not proved."""
    if moving := _moved_kinks(atom, h):
        return Reason(ReasonKind.NO_BOUND, _KINKS.format(", ".join(sorted(p.name for p in moving))))
    if part.outcome == "nontrivial" and part.matrix is not None:
        names = ", ".join(p.name for i, p in enumerate(rest) if part.matrix[i, i] != 0)
        return Reason(ReasonKind.NO_BOUND, _CONE.format(f"a relation in {names}"))
    if part.outcome == "undecided":
        return Reason(ReasonKind.UNDECIDED, _OPEN)
    return None if basis.proved else Reason(ReasonKind.UNDECIDED, _RANK)


def _moved_kinks(atom: SplitAtom, h: sp.Expr) -> set[sp.Symbol]:
    """The parameters with which a kink of the gate, or of the mean h, moves."""
    moving = {p for kink in kinks(atom.spec) for p in kink.moved_by if p in (*atom.own, *atom.shared)}
    return moving | {p for w in h.atoms(sp.Piecewise) for _, c in w.args for p in c.free_symbols if p in atom.expert}


def _assembled(
    atom: SplitAtom,
    basis: Relations | None,
    lines: tuple[sp.Symbol, ...],
    whole: Cone,
    part: Cone,
    obstacle: Reason | None,
) -> LeastSquaresOrders:
    h, order = mean(atom.spec), []
    on_ray = atom.noise is None and not lines and is_homogeneous(h, atom.expert)
    ray = tuple(p for p in atom.expert if atom.points[0][p] != 0) if on_ray else ()
    names = ", ".join(p.name for p in atom.expert)
    for p in (*atom.each, *atom.shared):
        if p in lines:
            order.append(_flat(p, _ONE_GATE.format(p.name)))
        elif p in ray:
            order.append(_flat(p, _RAY.format(f"({names})")))
        elif obstacle or basis is None:
            order.append(_order(p, False, None, obstacle or _BALANCED))
        else:
            bound = Fraction(1 if p in atom.shared else 2)
            order.append(_order(p, False, bound, Reason(ReasonKind.THEOREM, _THEOREM)))
    order += [_mean(p, basis, lines, obstacle) for p in atom.each]
    everywhere = basis is not None and obstacle is None and _is_everywhere(basis, part, lines)
    return LeastSquaresOrders(atom, basis, lines, whole, part, everywhere, tuple(order))


def _flat(p: sp.Symbol, identity: str) -> Order:
    return Order(p.name, p.name, False, Reason(ReasonKind.IDENTITY, identity), flat=True)


def _order(p: sp.Symbol, is_mean: bool, upper: Fraction | None, reason: Reason) -> Order:
    return Order(str(Quantity(p.name, is_mean)), p.name, is_mean, reason, upper)


def _mean(p: sp.Symbol, basis: Relations | None, lines: tuple[sp.Symbol, ...], obstacle: Reason | None) -> Order:
    """The order of a weighted mean: 1 where no relation without parts of order 2 in the others holds U_p."""
    if obstacle or basis is None:
        return _order(p, True, None, obstacle or _BALANCED)
    each = basis.atom.each
    k, straight_at = each.index(p), {i for i, q in enumerate(each) if q in lines}
    first = tuple(int(i == k) for i in range(len(each)))
    place = basis.atom.places.index(first)

    def is_seen(index: tuple[int, ...], most: int) -> bool:
        """Whether a derivative of order 2 has more than so many factors that are straight."""
        return sum(index) == 2 and sum(e for i, e in enumerate(index) if i in straight_at) <= most

    if all(row[place] == 0 for row in _without(basis, lambda index: is_seen(index, 0))):
        return _order(p, True, Fraction(1), Reason(ReasonKind.THEOREM, _MEAN))
    if p not in lines or all(row[place] == 0 for row in _without(basis, lambda index: is_seen(index, 1))):
        return _order(p, True, Fraction(2), Reason(ReasonKind.THEOREM, _HALF))
    return _order(p, True, None, _BALANCED)


def _without(basis: Relations, is_seen: Callable[[tuple[int, ...]], bool]) -> list[list[fmpq]]:
    """A basis of the relations in which no derivative of these places stands."""
    if not basis.rows:
        return []
    places = basis.atom.places
    order = sorted(range(len(places)), key=lambda j: not is_seen(places[j]))
    seen = sum(map(is_seen, places))
    reduced, rank = fmpq_mat([[row[j] for j in order] for row in basis.rows]).rref()
    lead = [next(j for j in range(len(order)) if reduced[i, j] != 0) for i in range(rank)]
    back = [order.index(j) for j in range(len(order))]
    return [[reduced[i, j] for j in back] for i in range(rank) if lead[i] >= seen]


def _part(atom: SplitAtom, row: Sequence[Any], over: Sequence[sp.Symbol]) -> list[list[Any]]:
    """Of a relation sum M_p U_p + (1/2) sum S_pq U_pq = 0, the entries of S over some parameters."""
    each, at = atom.each, dict(zip(atom.places, row, strict=True))
    return [[(1 + (p == q)) * at[tuple((r == p) + (r == q) for r in each)] for q in over] for p in over]


def _is_everywhere(basis: Relations, part: Cone, lines: Sequence[sp.Symbol]) -> bool:
    """Whether the matrix excludes semidefinite parts for all values of the parameters: at almost every true point."""
    if part.matrix is None:
        return False
    rest = [p for p in basis.atom.each if p not in lines]
    weights = sp.Matrix([[sp.Rational(str(c)) for c in line] for line in part.matrix.tolist()])
    entries = (sp.Matrix(_part(basis.atom, row, rest)) for row in basis.formulas)
    return all(sp.cancel((weights * matrix).trace()) == 0 for matrix in entries)


def certificate(orders: LeastSquaresOrders) -> tuple[dict[str, Any] | None, str]:
    """The certificate of the orders 2 and 1, accepted by the kernel; or None and why there is none."""
    orders = orders.inner or orders
    atom, relations_ = orders.atom, orders.relations
    if atom.noise is not None:
        accepted = "--noise each, or --loss least-squares"
        return None, f"the kernel has no rule for a variance that is {atom.noise}; accepted: {accepted}"
    if relations_ is None or orders.rest.outcome != "trivial" or orders.rest.matrix is None:
        return None, "no order is proved"
    x = covariates(atom.spec.dim)
    moving = (*atom.own, *atom.expert, *atom.shared)
    held = {p: v for p, v in atom.points[0].items() if p not in (*moving, *x)}
    model = {
        **model_text(atom),
        "log_weight": str(atom.spec.gate.log_weight.xreplace(held)),
        "mean": str(mean(atom.spec)),
        "expert": [p.name for p in atom.expert],
        "held": [],
    }
    points = [{p.name: str(values[p]) for p in moving} for values in atom.points]
    here = {**place(atom), "subject": "regressions", "model": model, "points": points}
    count = len(atom.places) - len(relations_.rows) + len(atom.expert) + len(atom.shared)
    rng, n = random.Random(1), len(orders.others)
    proof = {
        "kind": "squares",
        "straight": [p.name for p in orders.straight],
        "relations": [[str(c) for c in row] for row in relations_.rows],
        "matrix": [[str(orders.rest.matrix[i, j]) for j in range(n)] for i in range(n)],
        "points": [[str(sp.Rational(rng.randrange(-199, 200), 100)) for _ in x] for _ in range(count)],
    }
    try:
        return prove(here, proof)[0], ""
    except Rejected as error:
        return None, f"the kernel does not prove it: {error}"
