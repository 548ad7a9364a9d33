"""Integrates vector fields of parameters in closed form: scalings, shifts, one vector that moves along its length."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sympy as sp

from temperance.theory.expressions.balls import is_zero
from temperance.theory.models.spec import MoESpec

SCALE = sp.Symbol("l", positive=True, composite=False)
"""The element of a group of scalings: printed as l, and no parameter l, which is not said to be no composite."""
_RADIUS = sp.Dummy("r", positive=True)


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


Solved = tuple[tuple[tuple[sp.Symbol, sp.Expr], ...], tuple[sp.Expr, ...]]


def integrated(spec: MoESpec, field: VectorField) -> Solved | None:
    """Where the group element l takes every moved parameter, and invariants; None where no closed form was found."""
    return _scaling(spec, field) or _shift(field) or _radial(spec, field)


def _scaling(spec: MoESpec, field: VectorField) -> Solved | None:
    """c_i = w_i theta_i with constants w_i: theta_i -> l^w_i theta_i, invariants are monomials of weight 0."""
    weights = {p: sp.cancel(c / p) for p, c in field.components}
    if any(w.free_symbols & set(field.moved) for w in weights.values()):
        return None
    orbit = tuple((p, SCALE**w * p) for p, w in weights.items())
    reference = max(field.moved, key=lambda p: (abs(weights[p]) == 1, p in spec.gate.shared, -field.moved.index(p)))
    others = [p for p in field.moved if p != reference]
    shared = spec.gate.shared
    return orbit, tuple(_monomial(p, weights[p], reference, weights[reference], shared) for p in others)


def _monomial(p: sp.Symbol, w: sp.Expr, q: sp.Symbol, v: sp.Expr, shared: Collection[sp.Symbol]) -> sp.Expr:
    """A monomial in p and q of weight 0, with p above the line unless p is shared, as a temperature is."""
    ratio = sp.cancel(w / v)
    exponents = (ratio.q, -ratio.p) if ratio.is_Rational else (sp.S.One, -ratio)
    value = p ** exponents[0] * (q if ratio.is_Integer or q.is_positive else sp.Abs(q)) ** exponents[1]
    return 1 / value if p in shared else value


def _shift(field: VectorField) -> Solved | None:
    """c_i that do not depend on the moved parameters: theta_i -> theta_i + c_i log l."""
    if any(c.free_symbols & set(field.moved) for _, c in field.components):
        return None
    orbit = tuple((p, p + c * sp.log(SCALE)) for p, c in field.components)
    (first, slope), *others = field.components
    return orbit, tuple(sp.expand(p - c / slope * first) for p, c in others)


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
    rest = tuple(_monomial(p, w, reference, scaled[reference], spec.gate.shared) for p, w in others.items())
    return orbit, tuple(p * unit / base for p in block) + rest


def _solves(speed: sp.Expr, orbit: sp.Expr) -> bool:
    """Whether the radius starts at r for l = 1 and l dr/dl is its speed along its orbit."""
    gaps = (orbit.subs(SCALE, 1) - _RADIUS, SCALE * sp.diff(orbit, SCALE) - speed.subs(_RADIUS, orbit))
    return all(map(is_zero, gaps))
