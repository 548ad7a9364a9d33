"""Tells which parameters of a gate only scale the weight of an atom, and which move a place where it is not smooth.

A log weight is not smooth at a boundary of a Piecewise, and at a cone: the point where what a square root is of has a
double zero, as |beta1 - x| has at x = beta1 in dimension 2 and more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.pieces import boundaries, in_conditions, is_constant
from temperance.theory.models.spec import Gate, MoESpec, covariates


def weight_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that only scale the weight of an atom (pi of a Gaussian gate), or that nothing shows."""
    return (*scaling(spec.gate), *_unseen(spec.gate))


def own_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of the gate that each atom has for itself, without those that only scale its weight."""
    weights = weight_parameters(spec)
    return tuple(p for p in spec.gate.own if p not in weights)


@lru_cache(maxsize=64)
def scaling(gate: Gate) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that only scale the weight of an atom."""
    moving = in_conditions(gate.log_weight)
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own if p not in moving}
    return tuple(p for p, f in slopes.items() if f != 0 and is_constant(f, f.free_symbols - {p}))


@lru_cache(maxsize=64)
def _unseen(gate: Gate) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that are in no formula and move no kink: the jump of s(beta1 x) at 0, if s is a step."""
    own = [p for p in gate.own if sp.diff(gate.log_weight, p) == 0]
    kink_movers = {p for gap in boundaries(gate.log_weight) for p in moved_by(gap, gate)} if own else ()
    return tuple(p for p in own if p not in kink_movers)


def is_weighted(spec: MoESpec) -> bool:
    """Whether an atom has a weight of its own, by a bias or by a parameter that only scales it."""
    return spec.gate.offset is not None or bool(scaling(spec.gate))


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
