"""Finds the type of the mirror points beta1_2 = -beta1_1 (k = 2, free gauge; theory.md 2.5).

With s = e + o in even and odd parts, a perturbation of the parameters is invisible to first order iff
L_i = c_i.x s'(beta1_i.x) + c' s(beta1_i.x) + c0_i is the same for both atoms; at a mirror point this has solutions when

- o = 0: the gate is constant on the mirror set (`even`);
- z o' = p o: (beta, -beta, beta0, tau) -> (l beta, -l beta, l^p beta0, l^p tau) is an exact orbit (`homogeneous`);
  where p = 0, tau is fixed along it;
- z e' is constant: the Fisher information is singular along (1, 1) in (beta1_1, beta1_2) (`odd`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Literal

import sympy as sp
from flint import arb, fmpq

from temperance.theory.activations.activation import UNSURVEYED, Activation, activation
from temperance.theory.activations.piece_search import explored, look_at, points
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, sample_points
from temperance.theory.conditions import families
from temperance.theory.conditions.kinks import is_unclear, kinks_of
from temperance.theory.conditions.relations import Analysis
from temperance.theory.conditions.verdict import Verdict
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import rationalized
from temperance.theory.expressions.sign_changes import NO_CLOSED_FORM, NoClosedForm, Sample, Z
from temperance.theory.fields.differential_field import Fraction, OutsideTowers
from temperance.theory.fields.nullspace import Row, coefficient_rows, nullspace
from temperance.theory.fields.tower import Tower

Kind = Literal["even", "homogeneous", "odd"]
_BITS = 256
_UNKNOWN_DOMAIN = "where s is real has no closed form"
_EVEN = "the gate is constant on the mirror set; beta1_i -> -beta1_i atom by atom"


@dataclass(frozen=True)
class Mirror:
    """The mirror type of an activation.

    Attributes:
        kind: the first of even, homogeneous and odd that applies, or None.
        proved: whether the kind is proved (for None: that none of the three applies).
        degree: p, for homogeneous.
        description: the exact orbit, or the direction in which the information is singular.
        reason: what stands in the way, where not proved.
    """

    kind: Kind | None
    proved: bool
    degree: sp.Expr | None = None
    description: str | None = None
    reason: str | None = None


def mirror(source: str | sp.Expr | Activation) -> Mirror:
    """The mirror type of an activation; of one with parameters, that on which all regions of them agree.

    Raises:
        ValueError: the activation cannot be read.
    """
    try:
        source = activation(source)
        if not source.parameters:
            return _of_one(source, {})
        found, _, complete = explored(partial(_at, source), dict(source.sample))
    except NoClosedForm:
        return Mirror(None, False, reason=NO_CLOSED_FORM)
    types = [seen for _, seen in found if seen is not None]
    if not complete:
        return Mirror(None, False, reason=UNSURVEYED)
    if len({(m.kind, m.proved, m.degree) for m in types}) > 1:
        return Mirror(None, False, reason="it depends on the region in which the parameters lie")
    return types[0]


def _at(source: Activation, sample: Sample) -> Mirror | None:
    """The mirror type at values of the parameters; None where s is real nowhere."""
    look = look_at(source.text, sample)
    alone = replace(source, pieces=look.pieces, others=(), domain=look.domain)
    return _of_one(alone, sample) if look.pieces else None


def _of_one(source: Activation, sample: Sample) -> Mirror:
    """The mirror type at the only piece structure."""
    halves = Halves(source, sample)
    if source.domain:
        none = _none(halves)
        return none if none.proved else Mirror(None, False, reason=_UNKNOWN_DOMAIN)
    if not halves.pieces:
        return Mirror(None, True, description="s is not defined on both sides of 0")
    if seen := _by_symmetry(halves):
        return seen
    try:
        return _by_tower(halves)
    except (OutsideTowers, ZeroDivisionError, ValueError):
        return _none(halves)


def _by_tower(halves: Halves) -> Mirror:
    even, odd = halves.elements()
    tower = halves.tower
    if all(o.is_zero() for o in odd):
        return _proved(halves, "even", None, _EVEN)
    homogeneous = _relation(tower, [[o, tower.mul(tower.z, tower.d(o))] for o in odd])
    relation = _relation(tower, [[tower.unit, tower.mul(tower.z, tower.d(e))] for e in even])
    if (homogeneous is not None or relation is not None) and halves.constants_may_differ():
        return Mirror(None, False, reason="a constant may differ between the intervals on which s is smooth")
    if homogeneous is not None and not halves.jumps(-1):
        if not halves.odd_part_is_seen():
            return Mirror(None, False, reason="the odd part is homogeneous, and may be 0")
        degree = rationalized(-tower.stands_for(homogeneous[0]) / tower.stands_for(homogeneous[1]))
        return _proved(halves, "homogeneous", degree, _orbit(degree))
    if relation is not None and not halves.jumps(1):
        if homogeneous is None and not halves.odd_part_is_no_power():
            return Mirror(None, False, reason="no relation of the odd part found, and no ball determinant excludes one")
        return _proved(halves, "odd", None, _singular(halves))
    if any(halves.jumps(sign) for sign in (-1, 1)):
        return _proved(halves, None, None, "a jump away from 0 breaks the relation that holds almost everywhere")
    return _none(halves)


def _proved(halves: Halves, kind: Kind | None, degree: sp.Expr | None, description: str) -> Mirror:
    if halves.tower.assumptions:
        return Mirror(None, False, reason=min(halves.tower.assumptions))
    return Mirror(kind, True, degree, description)


def _relation(tower: Tower, columns: list[list[Fraction]]) -> Row | None:
    """A relation between two columns over all pieces that involves the second."""
    rows = [row for pair in columns for row in coefficient_rows(tower, pair, tower.constants)]
    for relation in nullspace(tower, rows, 2).relations:
        if not relation[1].is_zero():
            return relation
    return None


def _orbit(degree: sp.Expr) -> str:
    if degree == 0:
        return "exact orbit (beta, -beta, beta0, tau) -> (l beta, -l beta, beta0, tau): beta is not identifiable"
    power = "l" if degree == 1 else f"l^({degree})"
    orbit = f"(beta, -beta, beta0, tau) -> (l beta, -l beta, {power} beta0, {power} tau)"
    return f"exact orbit {orbit}: tau and beta are not identifiable"


def _singular(halves: Halves) -> str:
    """Contact order 2 unless z^2 s'' lies in span{1, s, z s'}, where an exact orbit passes through the point."""
    direction = "information singular along (1, 1) in (beta1_1, beta1_2)"
    verdict = curvature_is_outside_span(halves.source, halves.sample)
    if verdict.outcome == "holds":
        return f"{direction}; contact order 2: beta1_1 + beta1_2 at n^(-1/4), all else at n^(-1/2)"
    return f"{direction}; {'' if verdict.outcome == 'fails' else 'contact order not decided: '}{verdict.reason}"


def curvature_is_outside_span(source: Activation, at: Sample | None = None) -> Verdict:
    """Whether z^2 s'' lies outside span{1, s, z s'}, for an s without kinks (theory.md 2.5, type odd)."""
    sample = dict(source.sample) if at is None else at
    if kinks_of(source.pieces, sample):
        return Verdict("undecided", reason="s has kinks or jumps")
    found = Analysis(source, source.pieces, sample).relations(families.MIRROR)
    if any(not row[-1].is_zero() for row in found.rows):
        return Verdict("fails", reason="z^2 s'' lies in span{1, s, z s'}: an exact orbit passes through the point")
    return Verdict("holds") if found.complete else Verdict("undecided", reason=found.note)


def _none(halves: Halves) -> Mirror:
    """None of the three, proved by balls: o, (o, z o') and (1, z e') are independent."""
    not_odd = _independent([(arb(1), ze1) for _, ze1, _, _ in halves.samples])
    if halves.odd_part_is_seen() and halves.odd_part_is_no_power() and not_odd:
        return Mirror(None, True)
    return Mirror(None, False, reason="no relation found, and no ball determinant excludes one")


def _by_symmetry(halves: Halves) -> Mirror | None:
    """What SymPy's own symmetries, as in tanh(-z) = -tanh(z), and balls prove."""
    if all(s == t for s, t in (p.expr for p in halves.pieces)):
        return Mirror("even", True, description=_EVEN)
    total = {sum(p.expr) for p in halves.pieces}
    if len(total) == 1 and not total.pop().has(Z) and halves.odd_part_is_no_power():
        return Mirror("odd", True, description=_singular(halves))
    return None


def _independent(pairs: list[tuple[arb, arb]]) -> bool:
    kept = [p for p in pairs if p[0].is_finite() and p[1].is_finite()]
    return any(not (p * s - q * r).contains(0) for i, (p, q) in enumerate(kept) for r, s in kept[:i])


def _may_jump(expr: sp.Expr) -> bool:
    """Whether it has an atan or erf of what may have a pole, where these jump: z - atan(tan(z)) is a step."""
    arguments = [f.args[0] for f in expr.atoms(sp.atan, sp.acot, sp.erf, sp.erfc)]
    inverses = (p for q in arguments for p in q.atoms(sp.Pow) if p.base.has(Z) and not p.exp.is_positive)
    return any(q.has(sp.tan, sp.gamma) for q in arguments) or any(inverses)


class Halves:
    """s(z) and s(-z) on common pieces of the half-line z > 0."""

    def __init__(self, source: Activation, sample: Sample) -> None:
        self.source, self.sample = source, sample
        algebra = Algebra(self.sample)
        turned = tuple(Piece(p.expr.xreplace({Z: -Z}).doit(), -p.upper, -p.lower) for p in reversed(source.pieces))
        half = (Piece(sp.S.One, sp.S.Zero, sp.oo),)
        self.pieces: Pieces = algebra.map(lambda s, t, _: sp.Tuple(s, t), source.pieces, turned, half)

    def elements(self) -> tuple[list[Fraction], list[Fraction]]:
        """Twice the even and odd parts, on every piece, in one tower."""
        self.tower = tower = Tower([e for p in self.pieces for e in p.expr], self.sample)
        even, odd = [], []
        for piece in self.pieces:
            s, t = (tower.embed(e, sample_points(piece, self.sample), piece) for e in piece.expr)
            even.append(tower.add(s, t))
            odd.append(tower.add(s, tower.neg(t)))
        return even, odd

    def constants_may_differ(self) -> bool:
        """Whether what has the derivative 0 may be another constant beyond a gap, a pole or a jump."""
        gaps = any(p.upper != q.lower for p, q in pairwise(self.pieces))
        unclear = any(is_unclear(self._parts(sign), self.sample) for sign in (-1, 1))
        return gaps or unclear or any(_may_jump(p.expr) for p in self.source.pieces)

    def jumps(self, sign: int) -> bool:
        """Whether s(z) + sign s(-z) jumps at a point z > 0."""
        return bool(kinks_of(self._parts(sign), self.sample).jumps)

    def _parts(self, sign: int) -> Pieces:
        """s(z) + sign s(-z)."""
        return tuple(Piece(p.expr[0] + sign * p.expr[1], p.lower, p.upper) for p in self.pieces)

    def odd_part_is_seen(self) -> bool:
        """Whether o is proved not to be 0."""
        return any(o.is_finite() and not o.contains(0) for _, _, o, _ in self.samples)

    def odd_part_is_no_power(self) -> bool:
        """Whether o and z o' are proved to be independent."""
        return _independent([(o, zo1) for _, _, o, zo1 in self.samples])

    def points(self, piece: Piece) -> list[fmpq]:
        """Points at which the formulas of a piece are those of s(z) and s(-z)."""
        domain = self.source.domain
        return list(points(piece, (*domain, *(c.xreplace({Z: -Z}) for c in domain)), self.sample))

    @cached_property
    def samples(self) -> list[tuple[arb, arb, arb, arb]]:
        """Balls of 2e, 2 z e', 2o and 2 z o' at sample points."""
        found = []
        for piece in self.pieces:
            for point in self.points(piece):
                at = {**self.sample, "z": point}
                (s, s1), (t, t1) = (balls.jet(e, at, 1, _BITS) for e in piece.expr)
                found.append((s + t, (s1 + t1) * point, s - t, (s1 - t1) * point))
        return found
