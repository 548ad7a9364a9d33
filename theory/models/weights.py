"""Tells which parameters of a gate only scale the weight of an atom."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from temperance.theory.models.pieces import in_conditions, is_constant
from temperance.theory.models.spec import Gate, MoESpec


def weight_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that only scale the weight of an atom (pi of a Gaussian gate)."""
    return of_gate(spec.gate)


@lru_cache(maxsize=64)
def of_gate(gate: Gate) -> tuple[sp.Symbol, ...]:
    """`weight_parameters`, which depend on the gate alone."""
    moving = in_conditions(gate.log_weight)
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own}
    steps = gate.activation is not None  # the jump of a step s(beta1 x) stays at 0; others move with a parameter
    slopes = {p: slope for p, slope in slopes.items() if p not in moving or (steps and slope == 0)}
    return tuple(p for p, slope in slopes.items() if is_constant(slope, slope.free_symbols - {p}))


def is_weighted(spec: MoESpec) -> bool:
    """Whether an atom has a weight of its own, by a bias or by a parameter that only scales it."""
    return spec.gate.offset is not None or bool(weight_parameters(spec))
