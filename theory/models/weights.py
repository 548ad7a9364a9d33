"""Tells which parameters of a gate only scale the weight of an atom."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from temperance.theory.models.kinks import moved_by
from temperance.theory.models.pieces import boundaries, in_conditions, is_constant
from temperance.theory.models.spec import Gate, MoESpec


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
