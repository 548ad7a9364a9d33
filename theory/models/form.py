"""Recognises what the formula of a gate is, and the intercept of an expert's mean, whatever parameters are called.

>>> from temperance.theory.models.spec import Gate, covariates
>>> (x,), w, t = covariates(1), sp.Symbol("w", real=True), sp.Symbol("t", positive=True)
>>> found = activated(Gate("mine", sp.tanh(w * x) / t, (w, t), (t,)), 1)
>>> found.s.name, found.direction, found.bias, found.tau
('tanh', (w,), None, t)

`named` finds the gate of the table that has the formula of another, however it is written:

>>> from temperance.theory.models.spec import BETA0
>>> named(Gate("mine", sp.tanh(w * x) / t, (w, t), (t,), BETA0 / t), 1)
'activation'

`linear_in` finds coordinates in which the mean of an expert is linear (theory 5.4.1): of h (x - g)^2 + c they are
h, g h and c + g^2 h.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import chain, permutations, product
from math import isfinite
from typing import TypeVar

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.expressions import balls
from temperance.theory.expressions.balls import is_constant_in, is_zero
from temperance.theory.models.experts import mean_of, normal
from temperance.theory.models.gates import ACTIVATED, GATES
from temperance.theory.models.gates import gate as gate_named
from temperance.theory.models.order import Quantity
from temperance.theory.models.spec import NU, Expert, Gate, Jet, MoESpec, covariates, dot
from temperance.theory.models.truth import Setting, Values


@dataclass(frozen=True)
class Activated:
    """log weight = s(direction . x + bias)/tau, the sum without the bias and s without tau where they are None."""

    s: Activation
    direction: tuple[sp.Symbol, ...]
    bias: sp.Symbol | None
    tau: sp.Symbol | None


@lru_cache(maxsize=256)
def natural(gate: Gate, dim: int) -> tuple[tuple[sp.Expr, sp.Expr], ...] | None:
    """The pairs (e_k, phi_k) of a log weight sum_k phi_k e_k(x) + what is free of x; None of any other.

    phi_k: functions of the parameters, whose derivative by the own ones is onto at generic ones.
    """
    if gate.log_weight.has(sp.Piecewise, Jet):
        return None
    weights = separated(sp.expand(sp.expand_log(gate.log_weight)), covariates(dim), gate.parameters)
    if weights is None:
        return None
    weights.pop(sp.S.One, None)
    statistics = tuple((e, phi) for phi, e in merged(weights).items())
    own = [p for p in gate.own if any(phi.has(p) for _, phi in statistics)]
    slopes = sp.Matrix([phi for _, phi in statistics]).jacobian(own) if own and statistics else sp.zeros(1, 0)
    at = {p: sp.Rational(k * k + 3, k + 2) for k, p in enumerate(gate.parameters)}
    return statistics if slopes.subs(at).rank() == len(statistics) > 0 else None


def merged(terms: Mapping[sp.Expr, sp.Expr]) -> dict[sp.Expr, sp.Expr]:
    """phi -> e, of e -> phi: functions of x before multiples of one phi are added."""
    sums: dict[sp.Expr, sp.Expr] = {}
    for e, phi in terms.items():
        c, phi = phi.as_coeff_Mul()
        sums[phi] = sums.get(phi, sp.S.Zero) + c * e
    return {phi: e for phi, e in sums.items() if e != 0}


def separated(total: sp.Expr, x: Sequence[sp.Symbol], parameters: Iterable[sp.Symbol]) -> dict[sp.Expr, sp.Expr] | None:
    """e -> phi, of a sum, multiplied out, of products of a function e of x and a function phi of parameters.

    None where a term is no such product.
    """
    terms_of: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(total):
        phi, e = term.as_independent(*x, as_Add=False)
        if e.free_symbols & {*parameters}:  # perhaps only as a product below the line is multiplied out
            phi, e = sp.factor(term).as_independent(*x, as_Add=False)
        if e.free_symbols & {*parameters}:
            return None
        terms_of[e] = terms_of.get(e, sp.S.Zero) + phi
    return terms_of


@lru_cache(maxsize=256)
def activated(gate: Gate, dim: int) -> Activated | None:
    """The gate as an activation of one line of x."""
    own, count = gate.own, len(gate.own) - dim
    if count not in (0, 1) or len(gate.shared) > 1 or gate.constants or gate.log_weight.has(Jet):
        return None
    tau = gate.shared[0] if gate.shared else None
    score = gate.log_weight if tau is None else gate.log_weight.subs(tau, 1)
    if tau is not None and not same(gate.log_weight, score / tau):
        return None
    x = covariates(dim)
    seen = {p: _at(score, {q: sp.Integer(q == p) for q in own}).free_symbols for p in own}
    direction = [next((p for p in own if seen[p] & {*x} == {v}), None) for v in x]
    others = [p for p in own if p not in direction]
    if None in direction or len({*direction}) < dim or len(others) != count:
        return None
    formula = _at(score, {p: sp.Integer(p == direction[0]) for p in own})
    formula = _at(formula, {**dict.fromkeys(x, sp.S.Zero), x[0]: Z})
    if formula.free_symbols != {Z} or not same(score, formula.subs(Z, sum(others, dot(direction, x)))):
        return None
    s = _activation(formula)
    return None if s is None else Activated(s, tuple(direction), others[0] if others else None, tau)


def _at(e: sp.Expr, place: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return e.subs(dict(place), simultaneous=True)


@lru_cache(maxsize=64)
def _activation(formula: sp.Expr) -> Activation | None:
    """An activation from its formula in z, with a name of the catalogue where it has one."""
    try:
        read = activation(formula)
    except ValueError:
        return None
    name = _catalogue().get(read.pieces)
    return replace(activation(name), name=name) if name else read


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[tuple, str]:
    return {activation(name).pieces: name for name in reversed(CATALOGUE)}


def same(e: sp.Expr, f: sp.Expr) -> bool:
    """Whether two expressions are proved to be one; pieces are compared one by one."""
    if e == f:
        return True
    if not (e.has(sp.Piecewise) or f.has(sp.Piecewise)):
        gap = e - f
        return sp.expand(gap) == 0 or (is_zero(gap))
    e, f = sp.piecewise_fold(e), sp.piecewise_fold(f)
    if not (isinstance(e, sp.Piecewise) and isinstance(f, sp.Piecewise)) or len(e.args) != len(f.args):
        return False
    pairs = zip(e.args, f.args, strict=True)
    return all(same(g, h) and _same_side(c, d) for (g, c), (h, d) in pairs)


def _same_side(c: sp.Basic, d: sp.Basic) -> bool:
    if c == d or not (isinstance(c, sp.core.relational.Relational) and isinstance(d, sp.core.relational.Relational)):
        return c == d
    return c.rel_op == d.rel_op and sp.expand(c.lhs - c.rhs - d.lhs + d.rhs) == 0


def factors(mean: sp.Expr, parameters: tuple[sp.Symbol, ...], dim: int) -> dict[sp.Symbol, sp.Expr]:
    """Parameter -> the polynomial in x that its slope of the mean is times that of the intercept; {} without one."""
    b = intercept(mean, parameters, dim)
    return {} if b is None else {p: sp.simplify(sp.diff(mean, p) / sp.diff(mean, b)) for p in parameters}


@lru_cache(maxsize=256)
def intercept(mean: sp.Expr, parameters: tuple[sp.Symbol, ...], dim: int) -> sp.Symbol | None:
    """The parameter of a mean h(a.x + b), or of a sum of slopes and b, that stands beside powers of x, before 1.

    The slopes of the mean by all others are its own times polynomials in x that are 0 at x = 0. None where there is
    none.
    """
    x = covariates(dim)
    origin = dict.fromkeys(x, 0)
    slopes = {p: sp.diff(mean, p) for p in parameters}
    for b, f in slopes.items():
        seen = f.subs(origin) != 0
        ratios = [sp.simplify(g / f) for p, g in slopes.items() if p != b] if seen else [sp.S.One]
        if all(r.free_symbols <= {*x} and r.is_polynomial(*x) and r.subs(origin) == 0 for r in ratios):
            return b
    return None


def affine_mean(mean: sp.Expr, parameters: tuple[sp.Symbol, ...], dim: int) -> tuple[sp.Symbol, ...] | None:
    """The parameters a and b, in this order, of a mean a.x + b; None of any other mean."""
    b, x = intercept(mean, parameters, dim), covariates(dim)
    slopes = {sp.diff(mean, p): p for p in parameters if p != b}
    if (
        b is None
        or len(parameters) != dim + 1
        or sp.expand(mean - dot([slopes.get(v, sp.S.Zero) for v in x], x) - b) != 0
    ):
        return None
    return (*(slopes[v] for v in x), b)


_MOST_ALIKE = 5  # parameters that have the same trace, all of whose orders are tried
_X = tuple(tuple((7 * k + 11 * j**2 + 3 * j * k) % 29 / 9 - 1.6 for j in range(20)) for k in range(3))
_ONE_VALUE, _VALUES = 0.7, (0.9, 1.2)

Cell = TypeVar("Cell", bound=Setting)
Renaming = Mapping[sp.Symbol, sp.Symbol]


@lru_cache(maxsize=1024)
def renaming(gate: Gate, other: Gate) -> Renaming | None:
    """The parameters of a gate -> those of another that has the same weight, up to a factor that is a number.

    What is declared of the signs of parameters is not compared, as all is asked near a true point that has them.
    None where there is none, and where it was not found.
    """
    counts = [(len(g.own), len(g.shared), g.constants, g.offset is None) for g in (gate, other)]
    if counts[0] != counts[1] or gate.log_weight.has(sp.Piecewise) != other.log_weight.has(sp.Piecewise):
        return None
    for order in _orders(gate, other):
        names = dict(zip(order, (*other.own, *other.shared), strict=True))
        common = {q: sp.Dummy(q.name, real=True, positive=q.is_positive) for q in names.values()}
        first = _unified(gate, {p: common[q] for p, q in names.items()})
        second = _unified(other, common)
        if first == second or all(_up_to_number(e, f) for e, f in zip(first, second, strict=True)):
            return names
    return None


def in_places(gate: Gate, other: Gate) -> tuple[sp.Symbol, ...] | None:
    """The parameters of a gate in the order of those of another with the same weight; None as `renaming` has it."""
    images = renaming(gate, other)
    if images is None:
        return None
    back = {q: p for p, q in images.items()}
    return tuple(back[q] for q in other.parameters)


def _unified(gate: Gate, names: Renaming) -> tuple[sp.Expr, sp.Expr]:
    """The log weight and the offset in other symbols; a free function has one name."""
    free = {jet: Jet(sp.Symbol("s"), *jet.args[1:]) for jet in gate.log_weight.atoms(Jet)}
    offset = sp.S.Zero if gate.offset is None else gate.offset
    return gate.log_weight.xreplace(free).xreplace(dict(names)), offset.xreplace(dict(names))


def _up_to_number(e: sp.Expr, f: sp.Expr) -> bool:
    if e == f:
        return True
    if e.has(sp.Piecewise, Jet):
        return same(e, f)
    gap = sp.expand(sp.expand_log(e) - sp.expand_log(f))
    return gap.is_number or is_constant_in(gap, gap.free_symbols)


def _orders(gate: Gate, other: Gate) -> Iterator[tuple[sp.Symbol, ...]]:
    """The orders of the parameters of a gate in which its weight is that of another, as far as numbers show."""
    groups: list[Iterator[tuple[sp.Symbol, ...]]] = []
    places: list[sp.Symbol] = []
    for ours, theirs in ((gate.own, other.own), (gate.shared, other.shared)):
        for trace in dict.fromkeys(_traces(other)[q] for q in theirs):
            alike = [p for p in ours if _traces(gate)[p] == trace]
            wanted = [q for q in theirs if _traces(other)[q] == trace]
            if len(alike) != len(wanted) or len(alike) > _MOST_ALIKE:
                return
            groups.append(permutations(alike))
            places += wanted
    for chosen in product(*groups):
        images = dict(zip(places, chain(*chosen), strict=True))
        yield tuple(images[q] for q in (*other.own, *other.shared))


@lru_cache(maxsize=256)
def _traces(gate: Gate) -> dict[sp.Symbol, tuple[float | None, ...]]:
    """What each parameter changes where all others have one value, which does not depend on names; None: no number."""
    x = sorted((s for s in gate.log_weight.free_symbols if s.name.startswith("x")), key=lambda s: s.name)
    formula = gate.log_weight.replace(Jet, lambda _, n, z: sp.sin(z + n + 1))  # any one will do to compare orders
    plain = {p: sp.Symbol(f"p{i}") for i, p in enumerate(gate.parameters)}  # as one may be called pi
    f = sp.lambdify([*plain.values(), *x], formula.xreplace(plain), "mpmath")

    def change(p: sp.Symbol, at: Sequence[float]) -> float | None:
        places = [[v if q == p else _ONE_VALUE for q in gate.parameters] for v in _VALUES]
        try:
            low, high = (float(f(*values, *at[: len(x)])) for values in places)
        except (ArithmeticError, ValueError, TypeError):
            return None
        return round(high - low, 9) if isfinite(high - low) else None

    return {p: tuple(change(p, at) for at in _X) for p in gate.parameters}


def named(gate: Gate, dim: int) -> str | None:
    """The name of the table of gates whose formula this is, up to a renaming of parameters with the same signs.

    None where there is none, and where it was not found.
    """
    namesake = _in_table(gate, dim)
    return None if namesake is None else namesake.name


def recognised(gate: Gate, dim: int) -> Gate:
    """A gate with what the table has beside the formula that it shares with one there: places, and the activation."""
    namesake = None if gate.places else _in_table(gate, dim)
    if namesake is None:
        return gate
    back = dict(zip(namesake.parameters, in_places(gate, namesake) or (), strict=True))
    places = tuple((back[q], values) for q, values in namesake.places)
    return replace(gate, places=places, activation=namesake.activation)


def on_lines_as(gate: Gate, dim: int) -> tuple[Gate, dict[sp.Symbol, tuple[sp.Symbol, bool]]] | None:
    """The gate that the table has in dimension 1 under the name of this one, and what each parameter is there.

    A parameter -> that of dimension 1, and whether it is this one as a whole, not a coordinate of it. None where the
    gate has no name, or none in dimension 1.
    """
    here = _in_table(gate, dim)
    there = None if here is None else _of_table(here.name, 1, here.activation)
    images = None if here is None else renaming(gate, here)
    if there is None or images is None:
        return None
    stems = {q.name: q for q in there.parameters}  # the table calls coordinates by their vector
    return there, {p: (stems[q.name.split("_")[0]], q in there.parameters) for p, q in images.items()}


@lru_cache(maxsize=256)
def _in_table(gate: Gate, dim: int) -> Gate | None:
    form = activated(gate, dim)
    with_s = () if form is None else tuple((name, form.s) for name in ACTIVATED)
    for name, s in (*((name, None) for name in GATES), *with_s):
        other = _of_table(name, dim, s)
        images = None if other is None else renaming(gate, other)
        if images is not None and all(p.is_positive == q.is_positive for p, q in images.items()):
            return other
    return None


@lru_cache(maxsize=256)
def _of_table(name: str, dim: int, s: Activation | None) -> Gate | None:
    try:
        return gate_named(name, dim, s)
    except ValueError:
        return None


@dataclass(frozen=True)
class Coordinates:
    """The mean is sum_j phi_j(eta) e_j, and phi is invertible near the true eta.

    parameters: eta. functions: phi. slopes: e_j, of x and of what is not in eta. inverse: the derivatives of eta by
    phi, as functions of eta. names: of the coordinates, the parameter itself or a new one.
    """

    parameters: tuple[sp.Symbol, ...]
    functions: tuple[sp.Expr, ...]
    slopes: tuple[sp.Expr, ...]
    inverse: sp.ImmutableMatrix
    names: tuple[sp.Symbol, ...]

    def __str__(self) -> str:
        """The mean, and the coordinates that are no parameters."""
        new = [f"{n} = {phi}" for n, phi in zip(self.names, self.functions, strict=True) if n != phi]
        return f"{self.mean} with {', '.join(new)}"

    @cached_property
    def mean(self) -> sp.Expr:
        """The mean as a function of the coordinates."""
        return sp.Add(*(n * e for n, e in zip(self.names, self.slopes, strict=True)))

    def rational_at(self, point: Values) -> Coordinates:
        """The same, over their values where these are no rational numbers at a point."""
        values = [phi.subs(point) for phi in self.functions]
        scale = [sp.S.One if v.is_Rational else v for v in values]
        functions = tuple(phi / c for phi, c in zip(self.functions, scale, strict=True))
        slopes = tuple(e * c for e, c in zip(self.slopes, scale, strict=True))
        return replace(self, functions=functions, slopes=slopes, inverse=self.inverse * sp.diag(*scale))

    def expert(self, spec: MoESpec) -> Expert:
        """The expert of a model in these coordinates."""
        rest = tuple(p for p in spec.expert.parameters if p not in self.parameters)
        return Expert(str(self.mean), normal(self.mean), (*self.names, *rest), spec.expert.constants)

    def setting(self, cell: Cell) -> Cell:
        """A setting in these coordinates."""
        spec = cell.spec
        atoms = tuple(
            {p: v for p, v in atom.items() if p not in self.parameters}
            | {n: phi.subs(atom) for n, phi in zip(self.names, self.functions, strict=True)}
            for atom in cell.truth.atoms
        )
        return replace(cell, truth=replace(cell.truth, spec=replace(spec, expert=self.expert(spec)), atoms=atoms))

    def orders(self, bounds: Mapping[Quantity, Fraction], points: Sequence[Values]) -> dict[Quantity, Fraction]:
        """The bounds of eta at these true points that follow from those of phi, and those of all else.

        An offset of eta is a sum of offsets of phi, and of products of two of them or more; products are as small as
        their factors say, in the mean as well.
        """
        result = {of: r for of, r in bounds.items() if of.name not in {n.name for n in self.names}}

        def power(j: int, *, is_mean: bool = False) -> Fraction:
            """w with |offset of phi_j|^(1/w) = O(distance), 0 where none is known."""
            orders = [bounds[of] for m in {False, is_mean} if (of := Quantity(self.names[j].name, m)) in bounds]
            return 1 / min(orders) if orders else Fraction(0)

        for i, p in enumerate(self.parameters):
            first = [
                j for j, e in enumerate(self.inverse.row(i)) if not all(balls.is_zero(e.subs(at)) for at in points)
            ]
            products = [power(j) + power(k) for j, k in self._bends(i)]
            for is_mean in (False, True):
                if least := min([*products, *(power(j, is_mean=is_mean) for j in first)]):
                    result[Quantity(p.name, is_mean)] = max(Fraction(1), 1 / least)
        return result

    def _bends(self, i: int) -> list[tuple[int, int]]:
        """The pairs of coordinates by which the second derivative of a parameter is not 0 everywhere."""
        slopes = self.inverse.row(i).jacobian(self.parameters) * self.inverse
        return [(j, k) for j in range(slopes.rows) for k in range(slopes.cols) if not balls.is_zero(slopes[j, k])]


def linear_in(spec: MoESpec, parameters: Sequence[sp.Symbol], points: Sequence[Values]) -> Coordinates | None:
    """The coordinates, as many as these parameters; None where none are found, or they are not invertible at a point.

    points: true ones; without any, a generic one is taken.

    The mean is multiplied out, and a sum of products of a function of x and a function of the parameters.
    """
    mean = mean_of(spec.expert)
    if mean is None or mean.has(sp.Piecewise) or not parameters:
        return None
    others = tuple({*covariates(spec.dim), *mean.free_symbols} - {*parameters})
    terms = separated(sp.expand(mean, trig=True), others, parameters)
    parts = merged(terms) if terms is not None else {}
    if len(parts) != len(parameters) or any(not phi.has(*parameters) for phi in parts):
        return None
    slopes = sp.Matrix([*parts]).jacobian(parameters)
    det = slopes.det()
    if balls.is_zero(det) or not all(balls.is_nonzero(balls.value(det.subs(at), {})) for at in points):
        return None
    stem, used = "phi", {p.name for p in spec.parameters}
    while used & {f"{stem}{j}" for j in range(1, len(parts) + 1)}:
        stem += "i"
    names = (phi if phi.is_Symbol else sp.Symbol(f"{stem}{j}", real=True) for j, phi in enumerate(parts, 1))
    inverse = sp.ImmutableMatrix(slopes.inv().applyfunc(sp.simplify))
    return Coordinates(tuple(parameters), tuple(parts), tuple(parts.values()), inverse, tuple(names))


(X,) = covariates(1)


def is_linear(cell: Setting) -> bool:
    """Whether the mean is a sum of parameters times functions of x, of one formula."""
    slopes = [sp.diff(cell.mean, p) for p in cell.expert if p != NU]
    return not cell.mean.has(sp.Piecewise) and not any(sp.expand(f).has(*cell.expert) for f in slopes)


def degree(slope: sp.Expr, dim: int) -> int | None:
    """The degree of a polynomial in x; None for any other function."""
    x = covariates(dim)
    return sp.total_degree(slope, *x) if slope.is_polynomial(*x) else None
