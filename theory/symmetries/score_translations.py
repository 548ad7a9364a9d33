"""Translations of the scores: what all atoms may change together because the softmax forgets one function of x.

Let log w = sum_k phi_k e_k + N, with functions e_k of x (and of shared parameters) that are independent modulo
constants, phi_k of the parameters, and N no such sum. A vector field V of the parameters with V N = 0 changes the score
by the function of x with coefficients V phi_k. All atoms can gain sum_k t_k e_k, however many they are, iff such a V
with V phi = t exists at every point: for s = |z|^p and d = 1, |beta1_i|^p -> |beta1_i|^p + t. Two atoms meet fewer
equations, and may have further curves of one density.

    >>> from temperance.theory.models.by_name import model
    >>> [str(f) for f in scores(model("activation", activation="z**2")).translated]
    ['beta1**2/tau']
    >>> rational = scores(model("log(exp(v*x) + exp(w*x))"))
    >>> [str(f) for f in rational.translated], [str(f) for f in rational.invariants]
    (['v'], ['v - w'])
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.interactions.derivatives import independent_functions
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.pieces import boundaries, in_conditions
from temperance.theory.models.spec import BETA0, Gate, Jet, MoESpec, atom_symbol, covariates
from temperance.theory.symmetries.vector_fields import VectorField, keeps_kinks, vector_field

_MOST_FUNCTIONS = 24  # of x, that are compared
_ADDING = (sp.sin, sp.cos, sp.sinh, sp.cosh)  # of a sum: a sum of products
_HALF = sp.Dummy("r", positive=True)
_SIZE = sp.Dummy("size", positive=True)
_DIGITS = 60

_Function = tuple[int, sp.Expr]  # side of 0, or 0 for both, and e_k
_Separated = dict[_Function, sp.Expr]  # -> phi_k


@dataclass(frozen=True)
class Scores:
    """What a mixture shows of the log weights of its atoms, at generic parameters.

    translated: functions of an atom's parameters to which all atoms may add one constant each; invariants: functions
    that it shows of each atom by itself; constant: phi_0 with the bias, None where there is no bias. one_sign: the
    parameter whose sign must be the same in all atoms (d = 1), None where all signs will do. scaled: how many curves of
    one density move shared parameters; fixed: the shared parameters that none of them moves. pair: how many more curves
    of one density two atoms have than many. plain: the translated functions that are linear in parameters, as the score
    is. complete: whether the functions are as many as an atom and the shared parameters show.
    """

    translated: tuple[sp.Expr, ...]
    invariants: tuple[sp.Expr, ...]
    constant: sp.Expr | None
    one_sign: sp.Symbol | None
    scaled: int
    fixed: tuple[sp.Symbol, ...]
    pair: int
    plain: tuple[sp.Expr, ...]
    complete: bool

    @property
    def beyond_parameters(self) -> tuple[sp.Expr, ...]:
        """The translated functions that are no parameter relative to one atom."""
        return tuple(f for f in self.translated if f not in self.plain)


@lru_cache(maxsize=64)
def plain_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters to which all atoms may add one constant: d log_weight/dp depends on no parameter of the atom."""
    gate = spec.gate
    own = {*gate.own}
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own if p not in in_conditions(gate.log_weight)}
    free = [p for p, slope in slopes.items() if is_constant_in(slope, slope.free_symbols & own)]
    biased = gate.offset is not None and not sp.diff(gate.offset, BETA0).has(*own)
    return (*free, BETA0) if biased else tuple(free)


@dataclass(frozen=True)
class _Side:
    """A log weight as sum_k phi_k e_k + N, and a basis of the vector fields V with V N = multiplier.

    fields: [(component by parameter, multiplier)]; shared: the shared parameters that fields may move.
    """

    phi: _Separated
    fields: tuple[tuple[dict[sp.Symbol, sp.Expr], sp.Expr], ...]
    shared: tuple[sp.Symbol, ...]
    rest: sp.Expr

    def gains(self, functions: Sequence[_Function]) -> sp.Matrix:
        """Column j: what field j adds to the coefficients of the functions, and to the shared parameters."""
        rows = []
        for e in functions:
            phi = self.phi.get(e, sp.S.Zero)
            constant = e == (0, sp.S.One)
            rows.append([_along(v, phi) + (m if constant else 0) for v, m in self.fields])
        rows += [[v.get(s, sp.S.Zero) for v, _ in self.fields] for s in self.shared]
        return sp.Matrix(len(rows), len(self.fields), lambda i, j: rows[i][j])


def _along(components: dict[sp.Symbol, sp.Expr], f: sp.Expr) -> sp.Expr:
    return sum((c * sp.diff(f, p) for p, c in components.items()), sp.S.Zero)


@lru_cache(maxsize=64)
def scores(spec: MoESpec) -> Scores | None:
    """The scores of a gate; None where no part of its log weight is a sum of parameters times functions of x."""
    own = [*spec.gate.own]
    signed = own[0] if spec.dim == 1 and len(own) == 1 and own[0].is_positive is None else None
    sides = [_halves(spec, signed, sign) for sign in (1, -1)] if signed else [_side(spec.gate.log_weight, spec, own)]
    separated = [side for side in sides if side is not None]
    biased = spec.gate.offset is not None
    functions = [e for e in dict.fromkeys(e for side in separated for e in side.phi) if not biased or e[1] != 1 or e[0]]
    if len(separated) < len(sides) or not 0 < len(functions) <= _MOST_FUNCTIONS:
        return None
    if signed:
        own = [_SIZE]
    gains = [side.gains(functions) for side in separated]
    count, shared = len(functions), separated[0].shared
    curves, everywhere = _curves(gains[:1], own), _curves(gains, own)
    of_scores = [list(v) for v in _without_shared(curves, count)]
    reduced, pivots = sp.Matrix(of_scores).rref(simplify=True) if of_scores else (sp.zeros(0, count), ())
    rows = reduced.tolist()[: len(pivots)]
    phis = [sp.Matrix([side.phi.get(e, sp.S.Zero) for e in functions]) for side in separated]
    written = [_by_sign(phis, k, signed) for k in range(count)] if signed else list(phis[0])
    zero = sp.zeros(count, 1)
    rest = sp.Matrix(written) - sum((sp.Matrix(row) * written[p] for row, p in zip(rows, pivots, strict=True)), zero)
    translated = tuple(written[p].as_independent(*spec.gate.parameters, as_Add=True)[1] for p in pivots)
    beside = [f for f in map(sp.simplify, rest) if f.free_symbols & {*spec.gate.own}]
    invariants = _new_functions(translated, [*beside, *_find_invariants(separated[0], spec)], spec.gate.own)
    translated = tuple(_without_invariants(f, invariants, spec) for f in translated)
    constant = None
    if biased:
        common = separated[0].phi.get((0, sp.S.One), sp.S.Zero)
        written_out = common.subs(_SIZE, sp.Abs(signed)) if signed else common
        bias = written_out if common.has(*own) else sp.S.Zero
        constant = sp.simplify(bias + spec.gate.offset)
    alone = gains[0].cols - generic_rank(gains[0])
    pair = 0
    if len(pivots) < count:
        usual = [len(curves), *(len(everywhere) for _ in gains[1:])]
        pair = min(_of_two(gains[0], other, spec, own) - 2 * alone - n for other, n in zip(gains, usual, strict=True))
    moving = sp.Matrix([list(c[count:]) for c in curves]) if curves and shared else sp.zeros(0, len(shared))
    movable = {p for j, p in enumerate(shared) if any(moving[:, j])}
    return Scores(
        translated,
        invariants,
        constant,
        None if len(everywhere) == len(curves) else signed,
        moving.rank(),
        tuple(p for p in spec.gate.shared if p not in movable),
        pair,
        tuple(f for f in translated if _is_plain(f, spec)),
        len(translated) + len(invariants) == len(own) - alone,
    )


def _new_functions(
    before: Sequence[sp.Expr], candidates: Iterable[sp.Expr], own: Sequence[sp.Symbol]
) -> tuple[sp.Expr, ...]:
    """The candidates that are functionally independent of those before them."""
    chosen = [*before]
    for f in candidates:
        if f not in chosen and generic_rank(sp.Matrix([*chosen, f]).jacobian(own)) > len(chosen):
            chosen.append(f)
    return tuple(chosen[len(before) :])


def _without_invariants(f: sp.Expr, invariants: Sequence[sp.Expr], spec: MoESpec) -> sp.Expr:
    """A translated function without the terms that invariants determine: the rest is translated as it is."""
    terms = sp.Add.make_args(f)
    if not invariants or len(terms) == 1:
        return f
    gradient = sp.Matrix([*invariants]).jacobian(spec.gate.parameters)
    rank = generic_rank(gradient)
    slopes = [sp.Matrix([term]).jacobian(spec.gate.parameters) for term in terms]
    return sp.Add(*(t for t, slope in zip(terms, slopes, strict=True) if generic_rank(gradient.col_join(slope)) > rank))


def _is_plain(f: sp.Expr, spec: MoESpec) -> bool:
    """Whether a function is linear in own parameters to each of which all atoms may add one constant."""
    own = f.free_symbols & {*spec.gate.own}
    return own <= {*plain_parameters(spec)} and not any(sp.diff(f, p).has(*own) for p in own)


def separated_score(spec: MoESpec) -> dict[sp.Expr, sp.Expr] | None:
    """e_k -> phi_k where the log weight is sum_k phi_k e_k, functions e_k of x and shared parameters; None else."""
    side = _side(spec.gate.log_weight, spec, [*spec.gate.own])
    return None if side is None or side.rest != 0 else {e: phi for (_, e), phi in side.phi.items()}


def in_mixture(spec: MoESpec, score: Scores) -> tuple[sp.Expr, ...]:
    """What is identifiable of the gate where all scores can change by one function of x."""
    sides = [{p: atom_symbol(p, side) for p in spec.gate.own} for side in "ij"]
    apart = [
        f if f in score.plain else f.subs(sides[0], simultaneous=True) - f.subs(sides[1], simultaneous=True)
        for f in score.translated
    ]
    bias = () if score.constant is None else (score.constant,)
    return (*(sp.factor_terms(sp.expand(f)) for f in apart), *score.invariants, *bias, *score.fixed)


def _halves(spec: MoESpec, beta: sp.Symbol, sign: int) -> _Side | None:
    """phi and e on the two half-lines of x, for the parameter beta = sign * size."""
    phi: _Separated = {}
    for side in (1, -1):
        values = {beta: sign * _SIZE, covariates(1)[0]: side * _HALF}
        part = _side(spec.gate.log_weight.subs(values, simultaneous=True), spec, [_SIZE], (_HALF,))
        if part is None or part.rest != 0:
            return None
        terms = dict(part.phi)
        constant = terms.pop((0, sp.S.One), sp.S.Zero)
        if side == 1:
            phi[0, sp.S.One] = constant
        elif sp.simplify(phi[0, sp.S.One] - constant) != 0:
            terms[0, sp.S.One] = constant - phi[0, sp.S.One]  # a step at 0 is a function of x
        phi |= {(side, e): f for (_, e), f in terms.items()}
    return _Side(phi, *_unit_fields(phi, [_SIZE], spec.gate.shared), sp.S.Zero)


def _unit_fields(
    phi: _Separated, own: Sequence[sp.Symbol], shared: Sequence[sp.Symbol]
) -> tuple[tuple[tuple[dict[sp.Symbol, sp.Expr], sp.Expr], ...], tuple[sp.Symbol, ...]]:
    """The fields d/dp, of shared parameters where no function e_k has them."""
    moving = tuple(s for s in shared if not any(e.has(s) for _, e in phi))
    return tuple(({p: sp.S.One}, sp.S.Zero) for p in (*own, *moving)), moving


def _side(log_weight: sp.Expr, spec: MoESpec, own: list[sp.Symbol], x: Sequence[sp.Symbol] = ()) -> _Side | None:
    """A log weight as a sum of products of a function of x and one of the parameters, and what is no such product."""
    x = x or covariates(spec.dim)
    written = _expanded(log_weight)
    phi: _Separated = {}
    rest: list[sp.Expr] = []
    for term in sp.Add.make_args(written):
        f, e = _product(term, x, own)
        if f is None:
            rest.append(term)
        else:
            phi[0, e] = phi.get((0, e), sp.S.Zero) + f
    if not phi:
        return None
    reduced = _independent(phi, x, spec)
    if reduced is None:
        return None
    phi, remainder = reduced, sp.Add(*rest)
    fields, moving = _unit_fields(phi, own, spec.gate.shared)
    if remainder == 0:
        return _Side(phi, fields, moving, remainder)
    in_remainder = [p for p in (*own, *spec.gate.shared) if remainder.has(p)]
    if not any(p in in_remainder for p in own) or _HALF in x or len(phi) > _MOST_FUNCTIONS:
        return None
    free = tuple((v, m) for v, m in fields if not {*v} & {*in_remainder})
    inner = tuple((v, m) for v, m in _fields_of(remainder, in_remainder, spec) if {*v} <= {*own, *moving})
    return _Side(phi, (*inner, *free), moving, remainder)


def _product(term: sp.Expr, x: Sequence[sp.Symbol], own: Sequence[sp.Symbol]) -> tuple[sp.Expr | None, sp.Expr]:
    """(phi, e) of a product of a function e of x and a function phi of parameters; phi is None where it is none."""
    if isinstance(term, sp.Piecewise):
        return _product_of_pieces(term, x, own)
    algebraic = not any(f.has(*x) for f in term.atoms(sp.Function, sp.exp, Jet))
    for attempt in (term, sp.factor(term) if algebraic else term):
        f, e = attempt.as_independent(*x, as_Add=False)
        if not e.free_symbols & {*own}:
            return f, e
    return None, term


def _product_of_pieces(
    term: sp.Piecewise, x: Sequence[sp.Symbol], own: Sequence[sp.Symbol]
) -> tuple[sp.Expr | None, sp.Expr]:
    """The same of a Piecewise whose kinks stay in place, where all of its formulas have one function of parameters."""
    factors, pieces = set(), []
    for formula, condition in term.args:
        f, e = formula.as_independent(*x, as_Add=False)
        number, f = f.as_coeff_Mul()
        if formula != 0:
            factors.add(f)
        pieces.append((number * e if formula != 0 else sp.S.Zero, condition))
    if len(factors) != 1 or any({*own} & (e.free_symbols | c.free_symbols) for e, c in pieces):
        return None, term
    return factors.pop(), sp.Piecewise(*pieces)


def _expanded(log_weight: sp.Expr) -> sp.Expr:
    """The log weight multiplied out; of logarithms of sums and of moving kinks one term stands outside of them."""
    e = log_weight.replace(lambda e: isinstance(e, _ADDING), sp.expand_trig)
    e = e.replace(sp.log, _beside_first_term)
    pulled = [_beside_first_piece(t) for t in sp.Add.make_args(sp.expand(e, power_base=False, power_exp=False))]
    outside = sp.Add(*(o for o, _ in pulled))
    expanded = sp.expand(outside, power_base=True, log=True)
    if expanded.has(*_ADDING):
        expanded = sp.expand(expanded.replace(lambda e: isinstance(e, _ADDING), sp.expand_trig))
    return sp.Add(expanded, *(p for _, p in pulled))


def _beside_first_term(inside: sp.Expr) -> sp.Expr:
    """log(A + B + ..) = log A + log(1 + B/A + ..), for exponentials A, B, .. times positive numbers."""
    terms = [sp.powsimp(t).as_coeff_Mul() for t in sp.Add.make_args(sp.expand(inside))]
    if len(terms) < 2 or not all(c.is_positive and isinstance(t, sp.exp) for c, t in terms):
        return sp.log(inside)
    exponents = sorted(((t.args[0], c) for c, t in terms), key=lambda pair: sp.default_sort_key(pair[0]))
    (first, scale), *others = exponents
    ratios = (c / scale * sp.exp(sp.expand(u - first)) for u, c in others)
    return sp.log(scale) + first + sp.log(1 + sp.Add(*ratios))


def _beside_first_piece(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A term with one Piecewise of two formulas, whose kink is where they meet: the last, and what is added to it."""
    pieces = term.atoms(sp.Piecewise)
    if len(pieces) != 1 or (len(next(iter(pieces)).args) != 2):
        return (sp.S.Zero, term) if pieces else (term, sp.S.Zero)
    (piece,) = pieces
    (first, condition), (last, _) = piece.args
    factor = sp.Mul(*(f for f in sp.Mul.make_args(term) if f != piece))
    gap = sp.expand(first - last)
    bounds = boundaries(piece)
    meets = len(bounds) == 1 and gap != 0 and not sp.cancel(gap / bounds[0]).free_symbols & bounds[0].free_symbols
    if factor.has(piece) or not meets:
        return sp.S.Zero, term
    return factor * last, factor * sp.Piecewise((gap, condition), (0, True))


def _fields_of(
    rest: sp.Expr, parameters: list[sp.Symbol], spec: MoESpec
) -> Iterator[tuple[dict[sp.Symbol, sp.Expr], sp.Expr]]:
    """The vector fields that change a function of x and parameters by a constant, and keep its kinks in place."""
    shared = tuple(p for p in parameters if p in spec.gate.shared)
    gate = Gate("rest", rest, tuple(parameters), shared, None, tuple(c for c in spec.gate.constants if rest.has(c)))
    relations = derive(gate, "constant", dim=spec.dim, order=1)
    for relation in relations.generators:
        field: VectorField = vector_field(relation)
        if relation.order == 1 and set(field.moved) <= {*parameters} and keeps_kinks(rest, field):
            yield dict(field.components), field.multiplier


def _find_invariants(side: _Side, spec: MoESpec) -> Iterator[sp.Expr]:
    """Functions of the own parameters that N shows of each atom: parameters, differences, ratios and products."""
    own = [p for p in spec.gate.own if side.rest.has(p)]
    fields = [v for v, _ in side.fields if {*v} & {*own}]
    pairs = [*combinations(own, 2)]
    ratios = (p / q for p, q in permutations(own, 2))
    functions = [*own, *(p - q for p, q in pairs), *ratios, *(p * q for p, q in pairs)]
    for f in (*functions, *(f / s for s in spec.gate.shared if side.rest.has(s) for f in functions)):
        if all(sp.simplify(_along(v, f)) == 0 for v in fields):
            yield f


def _independent(phi: _Separated, x: Sequence[sp.Symbol], spec: MoESpec) -> _Separated | None:
    """The same sum over functions that are independent, 1 among them; None where those with kinks are not."""
    functions = [e for _, e in phi]
    if any(e.has(sp.Piecewise) for e in functions):
        return phi if _are_independent(dict.fromkeys([*functions, sp.S.One]), x) else None
    if all(e.is_polynomial(*x) for e in functions):
        return phi
    ordered = sorted(functions, key=lambda e: e != 1)
    if ordered[0] != 1:
        ordered = [sp.S.One, *ordered]
    basis = independent_functions(ordered, x, (*spec.gate.shared, *spec.gate.constants))
    if basis is None:
        return phi
    written: _Separated = {}
    for e, combination in zip(ordered, basis, strict=True):
        f = phi.get((0, e), sp.S.Zero)
        for g, c in combination.items():
            written[0, g] = written.get((0, g), sp.S.Zero) + c * f
    return {e: sp.simplify(f) for e, f in written.items() if sp.simplify(f) != 0}


def _are_independent(functions: Iterable[sp.Expr], x: Sequence[sp.Symbol]) -> bool:
    """Whether functions of x have independent values at random points."""
    rng, listed = random.Random(11), list(functions)
    points = [{v: sp.Rational(rng.randrange(-4000, 4001), 1000) for v in x} for _ in range(4 * len(listed) + 8)]
    return generic_rank(sp.Matrix([[e.subs(at) for e in listed] for at in points])) == len(listed)


def _curves(gains: Sequence[sp.Matrix], own: Sequence[sp.Symbol]) -> list[sp.Matrix]:
    """A basis of the (t, w) that are a combination of the columns of gains at every value of the own parameters."""
    count = gains[0].rows
    unknown = sp.symbols(f"t:{count}")
    target = sp.Matrix(unknown)
    equations = []
    for matrix in gains:
        for normal in [] if generic_rank(matrix) == matrix.rows else matrix.T.nullspace(simplify=True):
            condition = (normal.T * target)[0]
            numerator = sp.expand(sp.fraction(sp.together(condition))[0], power_base=True)
            parts: dict[sp.Expr, sp.Expr] = {}
            for term in sp.Add.make_args(numerator):
                coefficient, monomial = term.as_independent(*own, as_Add=False)
                parts[monomial] = parts.get(monomial, sp.S.Zero) + coefficient
            equations += list(parts.values())
    system = sp.Matrix([[sp.diff(e, u) for u in unknown] for e in equations] or [[0] * count])
    basis = system.nullspace(simplify=True)
    return sorted((sp.simplify(v) for v in basis), key=str)


def _without_shared(curves: Sequence[sp.Matrix], count: int) -> list[sp.Matrix]:
    """A basis of the combinations of curves that leave the shared parameters."""
    if not curves:
        return []
    basis = sp.Matrix.hstack(*curves)
    still = basis[count:, :].nullspace() if basis.rows > count else sp.eye(basis.cols).columnspace()
    return [(basis * c)[:count, :] for c in still]


def generic_rank(matrix: sp.Matrix) -> int:
    """The rank at random values of all symbols, to 60 digits: a pivot counts as 0 below 1e-40 of the largest entry."""
    rng = random.Random(7)
    values = {p: sp.Rational(rng.randrange(500, 1900), 1000) for p in sorted(matrix.free_symbols, key=str)}
    numbers = matrix.subs(values).evalf(_DIGITS)
    least = sp.Float("1e-40") * max(map(abs, numbers), default=0)
    return int(numbers.rank(iszerofunc=lambda e: abs(e) <= least))


def _by_sign(phis: Sequence[sp.Matrix], k: int, beta: sp.Symbol) -> sp.Expr:
    """phi_k as a function of a parameter, from what it is for each sign."""
    plus, minus = (phi[k] for phi in phis)
    plain = plus.subs(_SIZE, beta)
    if sp.simplify(plain.subs(beta, -_SIZE) - minus) == 0:
        return plain
    odd = sp.simplify(plus + minus) == 0
    return plus.subs(_SIZE, sp.Abs(beta)) * (sp.sign(beta) if odd else 1)


def _of_two(first: sp.Matrix, second: sp.Matrix, spec: MoESpec, own: Sequence[sp.Symbol]) -> int:
    """The dimension of what two generic atoms can change together with no change of phi[1] - phi[2]."""
    names = {*own, *spec.gate.own}
    first_gains, second_gains = (
        gains.subs({p: atom_symbol(p, i) for p in names}, simultaneous=True) for i, gains in ((1, first), (2, second))
    )
    return 2 * first.cols - generic_rank(first_gains.row_join(-second_gains))
