"""Writes the density of a mixture of k atoms as a formula."""

from __future__ import annotations

import re

import sympy as sp

from temperance.theory.models.spec import BETA0, MoESpec


def atom_symbol(p: sp.Symbol, i: int | str) -> sp.Symbol:
    """The symbol of the parameter p in the i-th atom (1, 2, .. or a letter), with the assumptions of p."""
    return sp.Symbol(f"{p.name}[{i}]", **p.assumptions0)


def symbolic_density(spec: MoESpec, k: int) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    """log g(y|x) of the k-atom mixture g = sum_i w_i f_i / sum_i w_i, and its parameter symbols.

    spec: the model of one atom. The symbols come in this order: every vector of gate parameters, atom by atom
    (beta1[1], .., beta1[k]; for d > 1 beta1_1[1], beta1_2[1], beta1_1[2], ..), then beta0[1], .., beta0[k] where the
    gate has an offset, then the shared parameters (tau), then every vector of expert parameters, atom by atom (a, then
    b, then nu). Raises ValueError unless k is a positive integer.
    """
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"the number of atoms must be a positive integer, got {k!r}")
    weights, densities = [], []
    offset = sp.S.Zero if spec.gate.offset is None else spec.gate.offset
    own = [p for p in (*spec.parameters, BETA0) if p not in spec.gate.shared]
    for i in range(1, k + 1):
        renamed = {p: atom_symbol(p, i) for p in own}
        weights.append(sp.exp((spec.gate.log_weight + offset).subs(renamed)))
        densities.append(sp.exp(spec.expert.log_density.subs(renamed)))
    joint = sum((w * f for w, f in zip(weights, densities, strict=True)), sp.S.Zero)
    return sp.log(joint) - sp.log(sum(weights, sp.S.Zero)), _mixture_parameters(spec, k)


def _mixture_parameters(spec: MoESpec, k: int) -> tuple[sp.Symbol, ...]:
    gate = _atom_by_atom(spec.gate.own, k)
    bias = [] if spec.gate.offset is None else _atom_by_atom((BETA0,), k)
    return (*gate, *bias, *spec.gate.shared, *_atom_by_atom(spec.expert.parameters, k))


def _atom_by_atom(parameters: tuple[sp.Symbol, ...], k: int) -> list[sp.Symbol]:
    vectors: dict[str, list[sp.Symbol]] = {}
    for p in parameters:
        vectors.setdefault(re.sub(r"(_\d+)+$", "", p.name), []).append(p)
    return [atom_symbol(p, i) for vector in vectors.values() for i in range(1, k + 1) for p in vector]
