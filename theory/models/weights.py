"""Tells which parameters of a gate only scale the weight of an atom."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.spec import MoESpec


@lru_cache(maxsize=64)
def weight_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that only scale the weight of an atom (pi of a Gaussian gate)."""
    gate = spec.gate
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own}
    return tuple(p for p, slope in slopes.items() if is_constant_in(slope, slope.free_symbols - {p}))


def is_weighted(spec: MoESpec) -> bool:
    """Whether an atom has a weight of its own, by a bias or by a parameter that only scales it."""
    return spec.gate.offset is not None or bool(weight_parameters(spec))
