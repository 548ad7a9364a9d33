"""Writes the independence conditions of a gate as families of functions of x, decided by its interactions.

With u = exp(L) N(y | h, nu) every derivative is u times a function of x times a Hermite polynomial in y, and those are
independent for every x (theory 3.1). So a relation splits by their degrees into relations of families.

>>> from temperance.theory.interactions.interactions import derive
>>> conditions = gate_conditions(derive("quadratic"))["conditions"]
>>> [(c["name"], c["verdict"]) for c in conditions]
[('first order', 'fails'), ('second order', 'fails')]
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import sympy as sp

from temperance.theory.interactions.interactions import Interactions, Relation
from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import NU, MoESpec


def gate_conditions(found: Interactions) -> dict[str, Any]:
    """The conditions of order 1 and 2 of a gate with an expert: families, verdict, and the relations that break them.

    First order: no relation among u and its first derivatives. Second order: none of order 2 besides those of the
    expert alone, such as the heat equation.
    """
    spec = found.spec
    own = [g for g in found.generators if _moves_gate(g, spec)]
    conditions = [
        _condition("first order", [[sp.S.One, *_slopes(spec)]], [g for g in own if g.order == 1], found),
        _condition("second order", _second_order(spec), own, found),
    ]
    return {
        "gate": spec.gate.name,
        "expert": spec.expert.name,
        "dim": spec.dim,
        "conditions": conditions,
        "missing": list(found.missing),
    }


def _condition(
    name: str, families: list[list[sp.Expr]], relations: list[Relation], found: Interactions
) -> dict[str, Any]:
    verdict = "fails" if relations else "holds" if found.complete else "undecided"
    shown = [[str(sp.factor_terms(sp.expand(f))) for f in family] for family in families]
    return {"name": name, "verdict": verdict, "families": shown, "relations": [r.equation for r in relations]}


def _moves_gate(relation: Relation, spec: MoESpec) -> bool:
    """Whether a relation has a derivative in a parameter of the gate."""
    gate = {i for i, p in enumerate(relation.parameters) if p in spec.gate.parameters}
    return any(alpha[i] for _, alpha in relation.terms for i in gate)


def _slopes(spec: MoESpec) -> list[sp.Expr]:
    return [sp.diff(spec.gate.log_weight, p) for p in spec.gate.parameters]


def _second_order(spec: MoESpec) -> list[list[sp.Expr]]:
    """The families of the degrees 0, 1 and 2 in y; of an expert that is not Gaussian that of degree 0 alone.

    A function that is there twice is a relation; but for 1 in degree 2, which the heat equation has twice.
    """
    score, slopes, mean = spec.gate.log_weight, _slopes(spec), mean_of(spec.expert)
    pairs = combinations_with_replacement(spec.gate.parameters, 2)
    curvatures = [sp.diff(score, p, q) + sp.diff(score, p) * sp.diff(score, q) for p, q in pairs]
    families = [[sp.S.One, *slopes, *curvatures]]
    if mean is not None:
        moved = [sp.diff(mean, p) for p in spec.expert.parameters if p != NU]
        families.append([*moved, *(h * f for h in moved for f in slopes)])
        squares = [h * k for h, k in combinations_with_replacement(moved, 2)]
        families.append([*squares, *([] if sp.S.One in squares else [sp.S.One]), *slopes])
    return families
