"""Failures of the first-order condition (theory 3.1.2), and mirror points (theory 3.3.1): what they do to the model.

A relation c0 + c1 s + c2 z s' = 0 is the ODE z s' = p s + c. On a half-line where s is continuous its solutions are
s = C |z|^p - c/p for p != 0, s = c log|z| + C for p = 0, and s = C for c = p = 0, with one C per half-line. `classify`
tells which failures are symmetries of the model.

At a mirror point beta1_2 = -beta1_1 (k = 2, free gauge), with s = e + o in even and odd parts, a perturbation of the
parameters is invisible to first order iff L_i = c_i.x s'(beta1_i.x) + c' s(beta1_i.x) + c0_i is the same for both
atoms. `mirror` finds when this has solutions:

- o = 0: the gate is constant on the mirror set (`even`);
- z o' = p o: (beta, -beta, beta0, tau) -> (l beta, -l beta, l^p beta0, l^p tau) is an exact orbit (`homogeneous`);
  where p = 0, tau is fixed along it;
- z e' is constant: the Fisher information is singular along (1, 1) in (beta1_1, beta1_2) (`odd`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import sympy as sp

from temperance.theory.activations.activation import Activation, activation, in_every_region
from temperance.theory.activations.piecewise import Piece, Pieces, on_both_sides
from temperance.theory.conditions import families
from temperance.theory.conditions.families import Analysis, Verdict, analysis_of, kinks_of, meets
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import NO_CLOSED_FORM, NoClosedForm, Sample, Z, rationalized

_BITS = 256
FailureKind = Literal["homogeneous", "logarithmic", "constant"]
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

    kind: FailureKind
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
    kind, flow, invariants = _flow(degree, coefficient)
    failure = Failure(kind, degree, coefficient if degree == 0 else sp.S.Zero, True, flow, invariants, None, level)
    if kinks.jumps:
        note = f"almost everywhere only: {kinks.described()}"
        return replace(failure, symmetry=False, flow=None, invariants=(), note=note)
    if not level and (kinks.unclear or source.domain):
        note = "almost everywhere only: a jump between pieces is not excluded"
        return replace(failure, symmetry=None, flow=None, invariants=(), note=note)
    return failure


def _is_level(analysis: Analysis) -> bool | None:
    """Whether an s that is constant on every piece is one constant; None where it is not decided."""
    sample = analysis.sample
    values = [balls.value(p.expr, {**sample, "z": points[0]}, _BITS) for p, points in analysis.points.items()]
    if any(balls.is_nonzero(v - values[0]) for v in values):
        return False
    joined = all(p.upper == q.lower and meets(p, q, sample) for p, q in pairwise(analysis.pieces))
    return True if joined and not analysis.source.domain else None


def _flow(degree: sp.Expr, coefficient: sp.Expr) -> tuple[FailureKind, str, tuple[str, ...]]:
    """The kind of a failure, its one-parameter group, and what that keeps."""
    if degree != 0:
        power = "" if degree == 1 else f"^{degree}" if degree.is_Integer or degree.is_Symbol else f"^({degree})"
        flow = f"(beta1, beta0, tau) -> (l beta1, l{power} beta0, l{power} tau), l > 0"
        return "homogeneous", flow, ("beta1/|beta1|", f"|beta1|{power}/tau", "beta0/tau")
    if coefficient != 0:
        flow = f"free gauge: (beta1_i, beta0_i) -> (l_i beta1_i, beta0_i - ({coefficient}) log l_i), l_i > 0"
        return "logarithmic", flow, ("beta1_i/|beta1_i|", f"beta0_i + ({coefficient}) log|beta1_i|", "tau")
    return "constant", "beta1_i -> l_i beta1_i, l_i > 0", ("beta1_i/|beta1_i|", "(s + beta0_i)/tau")


MirrorKind = Literal["even", "homogeneous", "odd"]
_UNKNOWN_DOMAIN = "where s is real has no closed form"
_NO_RELATION = "no relation found, and no ball determinant excludes one"
_ZERO = families.Family("zero", (families.S,))
_POWER = families.Family("power", (families.S, families.VARIABLE * families.S1))
_CONSTANT = families.Family("constant", (sp.S.One, families.VARIABLE * families.S1))
_EVEN = "the gate is constant on the mirror set; beta1_i -> -beta1_i atom by atom"


@dataclass(frozen=True)
class Mirror:
    """The mirror type of an activation.

    Attributes:
        kind: the first of even, homogeneous and odd that applies, or None.
        proved: whether the kind is proved (for None: that none of the three applies).
        degree: p, for homogeneous.
        even_part_moves: whether z e' is proved not to be constant: no second flow passes through the point.
        description: the exact orbit, or the direction in which the information is singular.
        reason: what stands in the way, where not proved.
    """

    kind: MirrorKind | None
    proved: bool
    degree: sp.Expr | None = None
    even_part_moves: bool = False
    description: str | None = None
    reason: str | None = None


def mirror(source: str | sp.Expr | Activation) -> Mirror:
    """The mirror type of an activation; of one with parameters, that on which all regions of them agree.

    Raises ValueError: the activation cannot be read.
    """
    try:
        types, reason = in_every_region(activation(source), _of_one)
    except NoClosedForm:
        types, reason = [], NO_CLOSED_FORM
    if not reason and len({(m.kind, m.proved, m.degree) for m in types}) > 1:
        reason = "it depends on the region in which the parameters lie"
    return Mirror(None, False, reason=reason) if reason else types[0]


def _of_one(source: Activation, sample: Sample) -> Mirror:
    both = on_both_sides(source.pieces, sample)
    if not both and not source.domain:
        return Mirror(None, True, description="s is not defined on both sides of 0")
    mirror_point = _by_relations(source, both, sample)
    unknown = source.domain and (mirror_point.kind or not mirror_point.proved)
    return Mirror(None, False, reason=_UNKNOWN_DOMAIN) if unknown else mirror_point


def _by_relations(source: Activation, both: Pieces, sample: Sample) -> Mirror:
    """From the relations of 2o and 2e, given (s(z), s(-z)) on pieces of the half-line z > 0."""
    parts = [tuple(Piece(p.expr[0] + sign * p.expr[1], p.lower, p.upper) for p in both) for sign in (-1, 1)]
    domain = (*source.domain, *(c.xreplace({Z: -Z}) for c in source.domain))
    odd, even = (Analysis(replace(source, domain=domain, pieces=part), sample) for part in parts)
    zero, power, constant = odd.relations(_ZERO), odd.relations(_POWER), even.relations(_CONSTANT)
    kinks = [kinks_of(part, sample) for part in parts]
    odd_jumps, even_jumps = (bool(k.jumps) for k in kinks)
    reason = min((*odd.doubts, *even.doubts), default=None)
    apart = any(k.unclear for k in kinks) or any(p.upper != q.lower for p, q in pairwise(both))
    if apart and not zero.rows and (power.rows or constant.rows):
        reason = "a constant may differ between the intervals on which s is smooth"
    mirror_point = None
    if zero.rows:
        mirror_point = Mirror("even", True, description=_EVEN)
    elif power.rows and not odd_jumps:
        reason = reason or (None if zero.complete else "the odd part is homogeneous, and may be 0")
        c0, c1 = odd.constants(power.rows[0])
        degree = rationalized(-c0 / c1)
        moves = constant.complete and not constant.rows
        mirror_point = Mirror("homogeneous", True, degree, moves, _orbit(degree))
    elif constant.rows and not even_jumps:
        reason = reason or (None if power.rows or power.complete else _NO_RELATION)
        mirror_point = Mirror("odd", True, description=_singular(source, sample))
    if mirror_point:
        return Mirror(None, False, reason=reason) if reason else mirror_point
    excluded = (zero.complete and power.complete) or odd_jumps, constant.complete or even_jumps
    return Mirror(None, True) if all(excluded) else Mirror(None, False, reason=_NO_RELATION)


def _orbit(degree: sp.Expr) -> str:
    if degree == 0:
        return "exact orbit (beta, -beta, beta0, tau) -> (l beta, -l beta, beta0, tau): beta is not identifiable"
    power = "l" if degree == 1 else f"l^({degree})"
    orbit = f"(beta, -beta, beta0, tau) -> (l beta, -l beta, {power} beta0, {power} tau)"
    return f"exact orbit {orbit}: tau and beta are not identifiable"


def _singular(source: Activation, sample: Sample) -> str:
    """Contact order 2 unless z^2 s'' lies in span{1, s, z s'}, where an exact orbit passes through the point."""
    direction = "information singular along (1, 1) in (beta1_1, beta1_2)"
    verdict = curvature_is_outside_span(source, sample)
    if verdict.outcome == "holds":
        return f"{direction}; contact order 2: beta1_1 + beta1_2 at n^(-1/4), all else at n^(-1/2)"
    return f"{direction}; {'' if verdict.outcome == 'fails' else 'contact order not decided: '}{verdict.reason}"


def curvature_is_outside_span(source: Activation, at: Sample | None = None) -> Verdict:
    """Whether z^2 s'' lies outside span{1, s, z s'}, for an s without kinks (theory 3.3.1, type odd)."""
    sample = dict(source.sample) if at is None else at
    kinks = kinks_of(source.pieces, sample)
    if kinks or not all(meets(*joint, sample) for joint in kinks.joints):
        return Verdict("undecided", reason="s has kinks, jumps or poles")
    relations = Analysis(source, sample).relations(families.MIRROR)
    if any(not row[-1].is_zero() for row in relations.rows):
        return Verdict("fails", reason="z^2 s'' lies in span{1, s, z s'}: an exact orbit passes through the point")
    return Verdict("holds") if relations.complete else Verdict("undecided", reason=relations.note)
