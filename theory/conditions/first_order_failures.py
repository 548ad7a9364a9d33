"""Classifies failures of the first-order condition, and tells which are symmetries of the model (theory 3.1.2).

A relation c0 + c1 s + c2 z s' = 0 is the ODE z s' = p s + c. On a half-line where s is continuous its solutions are
s = C |z|^p - c/p for p != 0, s = c log|z| + C for p = 0, and s = C for c = p = 0, with one C per half-line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import sympy as sp

from temperance.theory.activations.activation import Activation, activation
from temperance.theory.conditions import families
from temperance.theory.conditions.families import kinks_of, meets
from temperance.theory.conditions.relations import Analysis, analysis_of
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import rationalized

_BITS = 256
Kind = Literal["homogeneous", "logarithmic", "constant"]
LEVEL_OPEN = "s is constant on both sides of 0, and whether it is one constant is not decided"


@dataclass(frozen=True)
class Failure:
    """A failure of the first-order condition.

    Attributes:
        kind: homogeneous (s = C|z|^p + const), logarithmic (s = c log|z| + const) or constant on each half-line.
        degree: p for a homogeneous s, else 0.
        coefficient: c of the logarithm, else 0.
        symmetry: whether the failure is a symmetry of the model; False where s jumps away from 0, so that the relation
            holds almost everywhere only; None where such a jump is not excluded.
        flow: the one-parameter group of parameters with one density, where there is one.
        invariants: what the flow keeps.
        note: where the jumps are.
        level: whether s is one constant; None where that is not decided.
    """

    kind: Kind
    degree: sp.Expr
    coefficient: sp.Expr
    symmetry: bool | None
    flow: str | None
    invariants: tuple[str, ...]
    note: str | None
    level: bool | None = False


def classify(source: str | sp.Expr | Activation) -> Failure | None:
    """The failure of the first-order condition of an activation; None where no failure is proved.

    With parameters, the pieces at the first sample of them are meant. Raises ValueError if it cannot be read.
    """
    source = activation(source)
    analysis = analysis_of(source)
    relations = analysis.relations(families.FIRST_ORDER)
    if not relations.rows or analysis.doubts:
        return None
    c0, c1, c2 = analysis.constants(relations.rows[0])
    degree = coefficient = sp.S.Zero
    if len(relations.rows) == 1 and c2 != 0:  # else s is constant, and its relations leave p free
        degree, coefficient = rationalized(-c1 / c2), rationalized(-c0 / c2)
    level = len(relations.rows) > 1 or (degree == coefficient == 0 and _is_level(analysis))
    kinks = kinks_of(source.pieces, analysis.sample)
    note = symmetry = None
    if kinks.jumps:
        note, symmetry = f"almost everywhere only: {kinks.described()}", False
    elif not level and (kinks.unclear or source.domain):
        note = "almost everywhere only: a jump between pieces is not excluded"
    else:
        symmetry = True
    described = _described(degree, sp.S.Zero if degree != 0 else coefficient, note)
    return replace(described, symmetry=symmetry, level=level)


def _is_level(analysis: Analysis) -> bool | None:
    """Whether an s that is constant on every piece is one constant; None where it is not decided."""
    sample = analysis.sample
    values = [balls.value(p.expr, {**sample, "z": points[0]}, _BITS) for p, points in analysis.points.items()]
    if any(balls.is_nonzero(v - values[0]) for v in values):
        return False
    joined = all(p.upper == q.lower and meets(p, q, sample) for p, q in pairwise(analysis.pieces))
    return True if joined and not analysis.source.domain else None


def _described(degree: sp.Expr, coefficient: sp.Expr, note: str | None) -> Failure:
    kind: Kind
    flow: str | None
    if degree != 0:
        kind = "homogeneous"
        power = "" if degree == 1 else f"^{degree}" if degree.is_Integer or degree.is_Symbol else f"^({degree})"
        flow = f"(beta1, beta0, tau) -> (l beta1, l{power} beta0, l{power} tau), l > 0"
        invariants: tuple[str, ...] = ("beta1/|beta1|", f"|beta1|{power}/tau", "beta0/tau")
    elif coefficient != 0:
        kind = "logarithmic"
        flow = f"free gauge: (beta1_i, beta0_i) -> (l_i beta1_i, beta0_i - ({coefficient}) log l_i), l_i > 0"
        invariants = ("beta1_i/|beta1_i|", f"beta0_i + ({coefficient}) log|beta1_i|", "tau")
    else:
        kind = "constant"
        flow = "beta1_i -> l_i beta1_i, l_i > 0"
        invariants = ("beta1_i/|beta1_i|", "(s + beta0_i)/tau")
    if note is not None:  # a jump breaks the symmetry
        flow, invariants = None, ()
    return Failure(kind, degree, coefficient, note is None, flow, invariants, note)
