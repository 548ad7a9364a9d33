"""Builds the model of a gate and an expert, given by names or as objects."""

from __future__ import annotations

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.models.experts import expert as expert_named
from temperance.theory.models.gates import ACTIVATED
from temperance.theory.models.gates import gate as gate_named
from temperance.theory.models.renaming import recognised
from temperance.theory.models.spec import Expert, Gate, MoESpec, require_dimension


def model(
    gate: str | Gate = "linear",
    expert: str | Expert = "gaussian",
    activation: str | sp.Expr | Activation | None = None,
    dim: int = 1,
) -> MoESpec:
    """The model with that gate and expert (names or objects) in dimension dim. Raises ValueError for bad input."""
    require_dimension(dim)
    if isinstance(gate, Gate) and activation is not None:
        raise ValueError("an activation goes with the gate 'activation' only")
    chosen = recognised(gate, dim) if isinstance(gate, Gate) else gate_named(gate, dim, activation)
    return MoESpec(chosen, expert if isinstance(expert, Expert) else expert_named(expert, dim), dim)


def least(gate: str) -> tuple[MoESpec, tuple[str, ...]]:
    """The model with the gate of that name in the least dimension that it has, and the options that it needs.

    The activation of a gate that takes one is tanh.
    """
    source, options = ("tanh", ("--activation",)) if gate in ACTIVATED else (None, ())
    try:
        return model(gate, activation=source), options
    except ValueError:
        return model(gate, activation=source, dim=2), (*options, "--dim 2")
