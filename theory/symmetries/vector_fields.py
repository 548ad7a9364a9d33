"""Integrates vector fields of parameters in closed form: one after the other, or a vector along its length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import sympy as sp

from temperance.theory.expressions.balls import is_zero
from temperance.theory.interactions.interactions import Relation
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import BETA0, MoESpec

SCALE = sp.Symbol("l", positive=True, composite=False)
"""The element of a group of scalings: printed as l, and no parameter l, which is not said to be no composite."""
_RADIUS = sp.Dummy("r", positive=True)
_TIME, _EARLIER = sp.Dummy("t", real=True), sp.Dummy("t0", real=True)  # logarithms of l


@dataclass(frozen=True)
class VectorField:
    """V = sum_i c_i d_i over the moved parameters (no c_i is 0), with V u = multiplier * u."""

    components: tuple[tuple[sp.Symbol, sp.Expr], ...]
    multiplier: sp.Expr

    def __call__(self, f: sp.Expr) -> sp.Expr:
        """V f."""
        return sp.simplify(sum((c * sp.diff(f, p) for p, c in self.components), sp.S.Zero))

    @property
    def moved(self) -> tuple[sp.Symbol, ...]:
        """The parameters that V moves."""
        return tuple(p for p, _ in self.components)


def vector_field(relation: Relation) -> VectorField:
    """The vector field of a relation of order 1, scaled so that its coefficients are as simple as they can be."""
    by_place = {alpha.index(1) if any(alpha) else -1: c for c, alpha in relation.terms}
    multiplier = -by_place.pop(-1, sp.S.Zero)
    components = tuple((p, by_place[i]) for i, p in enumerate(relation.parameters) if i in by_place)
    movable = {p for p, _ in components}
    if any(c.free_symbols & movable for _, c in components):
        factor = min((sp.cancel(c / p) for p, c in components), key=sp.count_ops)
        scaled = tuple((p, sp.cancel(c / factor)) for p, c in components)
        if not factor.is_number and all(not sp.cancel(c / p).free_symbols & movable for p, c in scaled):
            return VectorField(scaled, sp.cancel(multiplier / factor))
    scales = all(not sp.cancel(c / p).free_symbols & movable for p, c in components)
    factor = reduce(sp.gcd, (c for _, c in components))
    if factor.free_symbols & movable and not scales:
        return VectorField(tuple((p, sp.cancel(c / factor)) for p, c in components), sp.cancel(multiplier / factor))
    return VectorField(components, multiplier)


def keeps_kinks(log_weight: sp.Expr, field: VectorField) -> bool:
    """Whether V b is a multiple of b, for every b whose zeros are kinks."""
    return all(sp.denom(sp.cancel(field(b) / b)).is_number for b in boundaries(log_weight))


Solved = tuple[tuple[tuple[sp.Symbol, sp.Expr], ...], tuple[sp.Expr, ...]]


def integrated(spec: MoESpec, field: VectorField) -> Solved | None:
    """Where the group element l takes every moved parameter, and invariants; None where no closed form was found."""
    return _scaling(spec, field) or _solve_in_turn(field) or _radial(spec, field)


def _scaling(spec: MoESpec, field: VectorField) -> Solved | None:
    """c_i = w_i theta_i with constants w_i: theta_i -> l^w_i theta_i, invariants are monomials of weight 0."""
    weights = {p: sp.cancel(c / p) for p, c in field.components}
    if any(w.free_symbols & set(field.moved) for w in weights.values()):
        return None
    orbit = tuple((p, SCALE**w * p) for p, w in weights.items())
    shared = spec.gate.shared
    reference = max(field.moved, key=lambda p: (abs(weights[p]) == 1, p in shared, -field.moved.index(p)))
    others = [p for p in field.moved if p != reference]
    return orbit, tuple(_monomial(p, weights[p], reference, weights[reference], inverted=p in shared) for p in others)


def _monomial(p: sp.Symbol, w: sp.Expr, q: sp.Symbol, v: sp.Expr, *, inverted: bool) -> sp.Expr:
    """A monomial in p and q of weight 0, with p above the line unless inverted."""
    ratio = sp.cancel(w / v)
    exponents = (ratio.q, -ratio.p) if ratio.is_Rational else (sp.S.One, -ratio)
    value = p ** exponents[0] * (q if ratio.is_Integer or q.is_positive else sp.Abs(q)) ** exponents[1]
    return 1 / value if inverted else value


def _solve_in_turn(field: VectorField) -> Solved | None:
    """c_i = alpha_i theta_i + beta_i, alpha_i constant, beta_i of parameters before: linear equations in turn.

    The invariants are the orbits at the time -T(theta), where T is a function with V T = 1.
    """
    orbit: dict[sp.Symbol, sp.Expr] = {}
    remaining = dict(field.components)
    movable = {*field.moved}
    while remaining:
        p = next((p for p, c in remaining.items() if _is_next(p, c, movable, orbit)), None)
        if p is None:
            return None
        c = sp.expand(remaining.pop(p))
        slope = sp.diff(c, p)
        source = sp.expand(c - slope * p).subs(orbit, simultaneous=True).subs(_TIME, _EARLIER)
        gain = sp.integrate(sp.expand(sp.exp(-slope * _EARLIER) * source), (_EARLIER, 0, _TIME))
        orbit[p] = sp.expand(sp.exp(slope * _TIME) * (p + gain))
    clocks = [clock for p, c in field.components if (clock := _clock(p, c, movable)) is not None]
    if not clocks:
        return None
    reference, clock = min(clocks, key=lambda pair: (pair[0] == BETA0, pair[1].has(sp.log), pair[1].has(sp.Abs)))
    at = {p: sp.simplify(e.subs(_TIME, -clock)) for p, e in orbit.items() if p != reference}
    in_scale = tuple((p, sp.expand(sp.simplify(orbit[p].subs(_TIME, sp.log(SCALE))))) for p in field.moved)
    return in_scale, tuple(at[p] for p in field.moved if p != reference)


def _is_next(p: sp.Symbol, c: sp.Expr, movable: set[sp.Symbol], solved: dict[sp.Symbol, sp.Expr]) -> bool:
    slope = sp.diff(c, p)
    return not slope.free_symbols & movable and not (c.free_symbols & movable) - {p, *solved}


def _clock(p: sp.Symbol, c: sp.Expr, movable: set[sp.Symbol]) -> tuple[sp.Symbol, sp.Expr] | None:
    """A function of one parameter along which V is 1."""
    if not c.free_symbols & movable:
        return p, p / c
    weight = sp.cancel(c / p)
    return None if weight.free_symbols & movable else (p, sp.log(p if p.is_positive else sp.Abs(p)) / weight)


def _radial(spec: MoESpec, field: VectorField) -> Solved | None:
    """One vector with components beta_j g(|beta|), the rest scaled: |beta| moves along h(|beta|) -> l h(|beta|)."""
    ratios = {p: sp.simplify(c / p) for p, c in field.components}
    scaled = {p: w for p, w in ratios.items() if not w.free_symbols & set(field.moved)}
    block = [p for p in field.moved if p not in scaled]
    norm = sp.sqrt(sum((p**2 for p in block), sp.S.Zero))
    speeds = {sp.expand(ratios[p].subs(norm, _RADIUS)) for p in block}
    if len(speeds) != 1 or (speed := speeds.pop()).free_symbols - {_RADIUS}:
        return None
    h = sp.simplify(sp.exp(sp.integrate(sp.apart(1 / (_RADIUS * speed), _RADIUS), _RADIUS)))
    new = sp.Dummy("s", positive=True)
    roots = [sp.simplify(e) for e in sp.solve(sp.Eq(h.subs(_RADIUS, new), SCALE * h), new)]
    if len(roots) != 1 or not _solves(_RADIUS * speed, roots[0]):
        return None
    stretch = sp.simplify(roots[0] / _RADIUS).subs(_RADIUS, norm)
    orbit = tuple((p, p * stretch if p in block else SCALE ** scaled[p] * p) for p in field.moved)
    unit = sp.simplify(h / _RADIUS).subs(_RADIUS, norm)
    if not scaled:
        return orbit, tuple(p / block[0] for p in block[1:])
    reference = next(iter(scaled))
    base = reference ** (1 / scaled[reference])
    others = {p: w for p, w in scaled.items() if p != reference}
    rest = tuple(
        _monomial(p, w, reference, scaled[reference], inverted=p in spec.gate.shared) for p, w in others.items()
    )
    return orbit, tuple(p * unit / base for p in block) + rest


def _solves(speed: sp.Expr, orbit: sp.Expr) -> bool:
    """Whether the radius starts at r for l = 1 and l dr/dl is its speed along its orbit."""
    gaps = (orbit.subs(SCALE, 1) - _RADIUS, SCALE * sp.diff(orbit, SCALE) - speed.subs(_RADIUS, orbit))
    return all(map(is_zero, gaps))
