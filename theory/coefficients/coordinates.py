"""Writes a model in coordinates in which its log weight or its mean is linear (theory.md 2.13).

Learning coefficients do not depend on coordinates: v w x with the own parameters v, w is phi x with phi = v w, and
a^3 x + b is a line, near truths at which the change is one of coordinates, as it is at almost every one.

>>> from temperance.theory.models.by_name import model
>>> in_linear_coordinates(model("v*w*x", "a**3*x + b")).log_atom
phi_1*x - log(2*pi*nu)/2 - (-b - phi2*x + y)**2/(2*nu)
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from temperance.theory.interactions.derivatives import independent_functions
from temperance.theory.models.spec import NU, Expert, Gate, MoESpec, covariates
from temperance.theory.orders.coordinates import linear_in
from temperance.theory.symmetries.score_translations import generic_rank, separated_score


def in_linear_coordinates(spec: MoESpec, *, gate: bool = True) -> MoESpec:
    """The model with a linear log weight and mean, each where a change of coordinates at generic points makes it so.

    gate: whether the log weight may be rewritten, which holds where the gate of every atom is generic.
    """
    linear = replace(spec, expert=_linear_expert(spec))
    return replace(linear, gate=_linear_gate(spec)) if gate else linear


def _linear_gate(spec: MoESpec) -> Gate:
    """sum_k phi_k e_k(x), phi_k for parameters, where the own parameters show as many independent functions."""
    gate = spec.gate
    terms = None if gate.offset is None else separated_score(spec)
    if terms is None:
        return gate
    functions = [(e, phi) for e, phi in terms.items() if e != 1]
    if any(e.free_symbols & {*gate.shared} for e, _ in functions) or not functions:
        return gate
    jacobian = sp.Matrix([phi for _, phi in functions]).jacobian(gate.own)
    if len(functions) == len(gate.own) and not gate.shared and not jacobian.free_symbols:
        return gate
    if generic_rank(jacobian) < len(functions):
        return gate
    phis = tuple(sp.Symbol(f"phi_{k}", real=True) for k in range(1, len(functions) + 1))
    score = sum((p * e for p, (e, _) in zip(phis, functions, strict=True)), sp.S.Zero)
    return Gate(gate.name, score, phis, constants=tuple(c for c in gate.constants if score.has(c)))


def _linear_expert(spec: MoESpec) -> Expert:
    """sum_k a_k e_k(x) + b with as many coefficients as the mean has parameters."""
    expert, own = spec.expert, tuple(p for p in spec.expert.parameters if p != NU)
    found = linear_in(spec, own, ())
    if found is None or {*found.functions} == {*own}:
        return expert
    slopes = list(found.slopes)
    combinations = independent_functions(slopes, covariates(spec.dim), expert.constants)
    alone = combinations is not None and all(c == {e: 1} for e, c in zip(slopes, combinations, strict=True))
    return found.expert(spec) if alone else expert
