"""Finds where a log weight is not smooth, and which parameters of the atom move that place.

A boundary of a Piecewise, and a cone: the point where what a square root is of has a double zero, as |beta1 - x| has at
x = beta1 in dimension 2 and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.spec import MoESpec, covariates


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
    found = [_of_boundary(r.lhs - r.rhs, spec) for r in weight.atoms(sp.core.relational.Relational)]
    roots = [p.base for p in weight.atoms(sp.Pow) if p.exp.is_Rational and p.exp.q == 2 and p.base.has(*x)]
    found += [cone for base in roots for cone in _of_root(sp.expand(base), spec)]
    return tuple(sorted(dict.fromkeys(found), key=lambda kink: str(kink.boundary)))


def _of_boundary(gap: sp.Expr, spec: MoESpec) -> Kink:
    """A parameter moves {gap = 0} unless its derivative is 0 on it: V gap is a multiple of gap."""
    moved = []
    for p in spec.gate.parameters:
        slope = sp.diff(gap, p)
        if slope != 0 and not _vanishes_with(slope, gap, covariates(spec.dim)):
            moved.append(p)
    return Kink(sp.expand(gap), "boundary", tuple(moved))


def _vanishes_with(slope: sp.Expr, gap: sp.Expr, x: Sequence[sp.Symbol]) -> bool:
    """Whether a slope is 0 where the boundary is, as slope/gap has no x in its denominator."""
    ratio = sp.cancel(sp.together(slope / gap))
    return not sp.denom(ratio).has(*x)


def _of_root(base: sp.Expr, spec: MoESpec) -> list[Kink]:
    """The point where a quadratic form in x under a root has a double zero, if it has one."""
    x = covariates(spec.dim)
    if not base.is_polynomial(*x) or sp.total_degree(base, *x) != 2:
        return []
    (found,) = list(sp.linsolve([sp.diff(base, v) for v in x], *x)) or [None]
    if found is None or not is_constant_in(base.subs(dict(zip(x, found, strict=True))), base.free_symbols):
        return []
    if sp.simplify(base.subs(dict(zip(x, found, strict=True)))) != 0:
        return []
    moved = tuple(p for p in spec.gate.parameters if any(e.has(p) for e in found))
    return [Kink(base, "cone", moved)]
