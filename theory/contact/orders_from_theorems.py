"""Bounds contact orders by theorems without certificates: theory 3.2, 4.1.1, 4.2.2 and 5, where the kernel has none.

`gate_orders` bounds the gate by the derivatives of its weight (5.2.1): the weights of a cell add up to the true one
whatever the experts are, so that the gate's parameters have an equation of their own. `expert_orders` bounds the
expert: weights linear in a power of beta1, two atoms on lines, and means with kinks. The weights of the Gaussian gate,
which is known by its formula, are normalised over the whole space, so that integrals of the equations over it determine
what no coefficient does. `known_orders` takes the least of all, and of what the kernel's theorems give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement as pairs_of

import sympy as sp

from temperance.theory.contact.bound_certificates import searched_orders
from temperance.theory.contact.order_setting import flat_curves, line_of
from temperance.theory.expressions import balls
from temperance.theory.interactions.independence import Place, formula_at, formulas_seen, independent
from temperance.theory.interactions.interactions import derive
from temperance.theory.models import gates
from temperance.theory.models.experts import constant
from temperance.theory.models.form import activated, affine_mean, degree, in_places, intercept, is_linear, natural
from temperance.theory.models.gates import Gauge
from temperance.theory.models.order import Bounds, Prediction, Quantity, Reason, ReasonKind, theorem
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import NU, covariates
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.rates.predict import predict
from temperance.theory.symmetries.traits import on_lines

_WEIGHTS = theorem("the second derivatives of the gate's weight are independent")
_MOMENTS = theorem("the weights of the cell determine the moments of Gaussians with these offsets")
_RANK = theorem("one Gamma shows in every direction: the offsets of c/Gamma have moments without directions")
AVERAGE = theorem("the weights of the cell determine the mean of Gaussians with these offsets")
_FOURTH = theorem("c has the order of the number of atoms, and the fourth powers of x see the square of Gamma")
_FEW_ATOMS = theorem(
    "the second derivatives of the gate's weight have one relation, and the second moments of the offsets of so few "
    "atoms are no multiple of it: they cannot cancel"
)
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


_EXPERTS = theorem("the theorem on experts, which holds for every gate: at most 2m for the mean, m for nu")
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
    bounds: Bounds = {Quantity(p.name): (r, _EXPERTS) for p, r in orders.items()}
    if cell.mean.has(sp.Piecewise):
        return bounds | _with_kinks(cell, slopes, order_two=order_two)
    if not is_linear(cell):
        return bounds
    means = [Quantity(p.name, True) for p in slopes]
    degrees = {Quantity(p.name): degree(f, cell.spec.dim) for p, f in slopes.items()}
    if power and max(_TOO_HIGH if n is None else n for n in degrees.values()) == 1:
        bounds |= {name: (Fraction(2), _POWER) for name, n in degrees.items() if n}
        bounds |= dict.fromkeys(means, (Fraction(1), _POWER))
    if cell.size == 2 and _parts_products(line if line and _shows_all(cell, line) else cell):
        bounds |= dict.fromkeys(means, (Fraction(1), _PAIR))
    return bounds


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


_SPREAD = theorem(
    "the weights of the cell determine the second moment: Gamma in the mean, and the squares of the offsets of c"
)
_SHARED_OUT = theorem(
    "the means of x and y in the cell are the true ones: what b owes to a and to the gate has their orders"
)
_APART = theorem(
    "where every cell is split, b has the true mean at x = 0, and what shares owe to the gate is small with b"
)


def _means_of_gaussian(cell: Setting, gate: Sequence[sp.Symbol]) -> Bounds:
    """Those of c and Gamma, the gate's parameters being in the order pi, c, Gamma."""
    if cell.every or not gate:
        return {}
    bounds: Bounds = {Quantity(c.name, True): (Fraction(1), AVERAGE) for c in gate[1:-1]}
    if cell.spec.dim > 1:
        bounds[Quantity(gate[-1].name, True)] = max(Fraction(cell.size, 2), Fraction(1)), _SPREAD
    return bounds


def _mean_of_intercept(cell: Setting, bounds: Bounds, gate: Sequence[sp.Symbol]) -> Bounds:
    """By E[m(x)] = O(distance), x ~ N(c, Gamma) of each atom, m the offset of a mean that is linear in its parameters.

    Where every cell is split into two: from the mean at x = 0.
    """
    b = intercept(cell.mean, tuple(p for p in cell.expert if p != NU), cell.spec.dim)
    degrees = _degrees(cell) if is_linear(cell) else None
    if b is None or degrees is None or {*gate[1:]} != {*cell.own}:
        return {}
    top = max(degrees.values())
    if cell.every:
        apart = Fraction(2) if top < 2 else Fraction(9, 4)
        return {Quantity(b.name, True): (apart, _APART)} if cell.size == 2 and top < 3 else {}
    if top > max(cell.size - 1, 1):
        return {}
    return {Quantity(b.name, True): (_order_of_mean(cell, bounds, b, gate[1:]), _SHARED_OUT)}


def _order_of_mean(cell: Setting, bounds: Bounds, b: sp.Symbol, gate: Sequence[sp.Symbol]) -> Fraction:
    """What the least power of the distance is in the other terms of E[m(x)], c and Gamma of the gate in this order."""
    x = covariates(cell.spec.dim)
    slopes = [p for p in cell.expert if p not in (NU, b)]
    term = total = sum((p * sp.diff(cell.mean, p) for p in slopes), sp.S.Zero)
    for k in range(1, sp.total_degree(term, *x) // 2 + 1):
        term = gate[-1] / (2 * k) * sum(sp.diff(term, v, 2) for v in x)
        total += term
    if total == 0:
        return Fraction(1)
    total = total.subs(dict(zip(x, gate, strict=False))).subs({p: p + cell.point[p] for p in gate}, simultaneous=True)
    sizes = {p: 1 / bounds[Quantity(p.name)][0] for p in (*gate, *slopes)}
    powers = [sum(n * sizes[p] for n, p in zip(m, sizes, strict=True)) for m in sp.Poly(total, *sizes).monoms()]
    return max(Fraction(1), 1 / min(powers))


_KNOWN = theorem("known already")
_JOINTLY = theorem("(x, d/dmu) sees the cell as Gaussians, whose means and covariances every direction determines")
_THREE_APART = theorem(
    "three atoms: 1, b and b^2 + nu are independent, and x sees a beside each of them (Gaussian gate, d >= 2)"
)


def known_orders(cell: Setting, upper: Mapping[Quantity, Fraction] | None = None) -> Bounds:
    """The least upper bounds that a theorem gives. upper: those that are known already."""
    curves, every, size = flat_curves(cell), cell.every, cell.size
    proved = {of: (r, _KNOWN) for of, r in (upper or {}).items()}
    gate = least(proved, gate_orders(cell, flat=bool(curves.flat), power=curves.power))
    first = {p: gate[of][0] for p in (*cell.own, *cell.shared) if (of := Quantity(p.name)) in gate}
    seen = {*cell.own} <= first.keys() and all(first.get(p, 2) <= 1 for p in cell.shared)
    own = {p: first[p] for p in cell.own} if seen else {}
    line = line_of(cell) if on_lines(cell.spec) else None
    beside = expert_orders(
        cell, order_two=bool(own) and max(own.values()) <= 2, power=bool(curves.power and gate), line=line
    )
    expert = least(searched_orders(cell, {p.name: r for p, r in first.items()} if own else {}), beside)
    rates = _predicted(cell).items()
    predicted = {Quantity(n): (1 / (2 * p.sharp), theorem(p.reason)) for n, p in rates if p.sharp is not None}
    gaussian = in_places(cell.spec.gate, gates.gaussian(cell.spec.dim)) or ()
    bounds = least(predicted, gate, _means_of_gaussian(cell, gaussian), expert)
    if not is_linear(cell):
        return bounds
    squares = quadratic(cell)
    if squares is not None and not every:
        bounds = least(bounds, _jointly_gaussian(cell, squares, size))
    return least(bounds, _mean_of_intercept(cell, bounds, gaussian) if gaussian else {})


def _degrees(cell: Setting) -> dict[sp.Symbol, int] | None:
    """A coefficient of a mean that is linear in them -> the degree of what it stands before; None: no polynomials."""
    degrees = {p: degree(sp.diff(cell.mean, p), cell.spec.dim) for p in cell.expert if p != NU}
    finite = {p: n for p, n in degrees.items() if n is not None}
    return finite if finite == degrees else None


def _jointly_gaussian(cell: Setting, gate: Quadratic, size: int) -> Bounds:
    """Slopes of the mean with a quadratic or Gaussian gate."""
    degrees = _degrees(cell)
    if degrees is None or max(degrees.values()) > max(size - 1, 1):
        return {}
    bounds: Bounds = {Quantity(p.name): (Fraction(2 * size, k + 1), _JOINTLY) for p, k in degrees.items() if k}
    if gate.one_form and size == 3 and max(degrees.values()) == 1:
        return dict.fromkeys(bounds, (Fraction(2), _THREE_APART))
    return bounds


def published_rates(cell: Setting) -> dict[str, tuple[Fraction | None, Reason]]:
    """Name of a parameter -> (its published exponent, None where none is polynomial; the reason).

    Only for the gates of arXiv 2401.13875 and 2305.03288 with linear Gaussian experts.
    """
    rates = {}
    for name, p in _predicted(cell).items():
        kind = ReasonKind.UNMET if p.published is None else ReasonKind.PUBLISHED
        rates[name] = p.published, Reason(kind, p.published_reason)
    return rates


def _predicted(cell: Setting) -> dict[str, Prediction]:
    """Name of a parameter -> what `rates.predict` says of it; {} for other gates and experts."""
    gate, source, size, every = cell.spec.gate, cell.spec.gate.activation, cell.size, cell.every
    parts, form = _parts(cell), activated(gate, cell.spec.dim)
    if parts is None or form is None or form.bias is not None or gate.offset is None:
        return {}
    if not form.s.is_linear if source is None else form.tau is None:
        return {}
    truth = Truth(cell.spec, ({}, {}))
    if source is not None:
        if not all(cell.point[p].is_Rational for p in (*cell.own, *gate.shared)) or not cell.own:  # a step has no beta1
            return {}
        truth = cell.truth
    fitted, sizes = (2 * size, (size, size)) if every else (size + 1, (size, 1))
    gauge: Gauge = "free" if source is None or every or any(cell.other.values()) else "anchored"
    predictions = predict(truth, fitted, source, gauge=gauge)
    apt = (p for p in predictions if p.applies(sizes, None if p.cell_size is None else 0))
    by_part = {p.parameter.replace("beta1/tau", "beta1"): p for p in apt}
    return {q.name: by_part[part] for q, part in parts.items() if part in by_part}


def _parts(cell: Setting) -> dict[sp.Symbol, str] | None:
    """What `rates.predict` calls each parameter of an atom with a linear Gaussian expert; None for another expert."""
    linear = affine_mean(cell.mean, cell.expert[:-1], cell.spec.dim)
    if linear is None:
        return None
    parts = {**dict.fromkeys(cell.own, "beta1"), **dict.fromkeys(linear, "a"), linear[-1]: "b", NU: "nu"}
    return {**parts, **dict.fromkeys(cell.shared, "tau")}
