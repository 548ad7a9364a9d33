"""Finds where a log weight is not smooth, and which parameters of the atom move that place.

A boundary of a Piecewise, and a cone: the point where what a square root is of has a double zero, as |beta1 - x| has at
x = beta1 in dimension 2 and more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import Gate, MoESpec, covariates


@dataclass(frozen=True)
class Kink:
    """Where log_weight is not smooth: boundary = 0.

    kind: "boundary" between two formulas, or "cone", a point. moved_by: the parameters that move it, so that the
    density is not twice differentiable in them.
    """

    boundary: sp.Expr
    kind: Literal["boundary", "cone"]
    moved_by: tuple[sp.Symbol, ...]


@lru_cache(maxsize=256)
def kinks(spec: MoESpec) -> tuple[Kink, ...]:
    """The kinks of a gate's log weight, for every value of its parameters, each once."""
    weight, x = spec.gate.log_weight, covariates(spec.dim)
    every = [Kink(sp.expand(gap), "boundary", moved_by(gap, spec.gate)) for gap in boundaries(weight)]
    roots = [p.base for p in weight.atoms(sp.Pow) if p.exp.is_Rational and p.exp.q == 2 and p.base.has(*x)]
    every += [cone for base in roots for cone in _of_root(sp.expand(base), spec)]
    return tuple(sorted(dict.fromkeys(every), key=lambda kink: str(kink.boundary)))


def moved_by(gap: sp.Expr, gate: Gate) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that move the boundary {gap = 0}.

    All but those by which its derivative is 0 on it: a multiple of gap, with no x in the denominator of the factor.
    """
    x = gap.free_symbols - {*gate.parameters, *gate.constants}
    slopes = {p: sp.diff(gap, p) for p in gate.parameters}
    return tuple(p for p, f in slopes.items() if f != 0 and sp.denom(sp.cancel(sp.together(f / gap))).has(*x))


def _of_root(base: sp.Expr, spec: MoESpec) -> list[Kink]:
    """The point where a quadratic form in x under a root has a double zero, if it has one."""
    x = covariates(spec.dim)
    if not base.is_polynomial(*x) or sp.total_degree(base, *x) != 2:
        return []
    (zero,) = list(sp.linsolve([sp.diff(base, v) for v in x], *x)) or [None]
    if zero is None or not is_constant_in(base.subs(dict(zip(x, zero, strict=True))), base.free_symbols):
        return []
    if sp.simplify(base.subs(dict(zip(x, zero, strict=True)))) != 0:
        return []
    movers = tuple(p for p in spec.gate.parameters if any(e.has(p) for e in zero))
    return [Kink(base, "cone", movers)]
