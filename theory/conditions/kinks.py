"""Finds kinks and jumps between pieces, and the members of a family that they turn into distributions."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import sympy as sp

from temperance.theory.activations.piecewise import Algebra, Piece, Pieces
from temperance.theory.activations.poles import limit
from temperance.theory.conditions.families import S1, S2, Family
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import has_branches
from temperance.theory.expressions.sign_changes import Sample

_BITS = 256


@dataclass(frozen=True)
class Kinks:
    """Points away from 0 where s is continuous and s' is proved to jump, and where s is (at 0, z kills the delta).

    joints: neighbours between which s is not proved to jump.
    sample: of the parameters.
    """

    kinks: tuple[sp.Expr, ...] = ()
    jumps: tuple[sp.Expr, ...] = ()
    joints: tuple[tuple[Piece, Piece], ...] = ()
    sample: Sample = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.kinks or self.jumps)

    @property
    def unclear(self) -> bool:
        """Whether s may jump elsewhere: somewhere its two limits are not shown to be the same number.

        Not beside a pole of one formula without branches: what holds on one side holds on the other.
        """
        suspects = (j for j in self.joints if j[0].expr != j[1].expr or has_branches(j[0].expr))
        return any(not meets(*joint, self.sample) for joint in suspects)

    def unaffected(self, family: Family) -> Family:
        """The members that stay functions: without s'' at a kink, without s' and s'' at a jump."""
        hit = {S1, S2} if self.jumps else {S2} if self.kinks else set()
        return Family(family.name, tuple(m for m in family.members if not m.free_symbols & hit))

    def described(self) -> str:
        """Where they are, as text."""
        parts = [("the jump", self.jumps), ("the kink", self.kinks)]
        return " and ".join(
            f"{name}{'s' if len(points) > 1 else ''} at z = {', '.join(str(p) for p in points)}"
            for name, points in parts
            if points
        )


def kinks_of(pieces: Pieces, sample: Sample) -> Kinks:
    """The kinks and jumps of a piece structure, at one sample of the parameters."""
    kinks, jumps, joints, algebra = [], [], [], Algebra(sample)
    for left, right in pairwise(pieces):
        if algebra.compare(left.upper, right.lower) or not algebra.compare(right.lower, sp.S.Zero):
            continue
        at = {**sample, "z": balls.value(right.lower, sample, _BITS)}
        below, above = (balls.jet(piece.expr, at, 1, _BITS) for piece in (left, right))
        gap = above[0] - below[0]
        if balls.is_nonzero(gap) or meets(left, right, sample) is False:  # a jump may be smaller than a ball
            jumps.append(right.lower)
            continue
        joints.append((left, right))
        if balls.is_nonzero(above[1] - below[1]):
            kinks.append(right.lower)
    return Kinks(tuple(kinks), tuple(jumps), tuple(joints), sample)


def meets(left: Piece, right: Piece, sample: Sample) -> bool | None:
    """Whether s has one finite limit from both sides of the point between neighbours; None where neither is proved."""
    below, above = limit(left, left.upper, sample), limit(right, right.lower, sample)
    if {below, above} & {sp.oo, -sp.oo, sp.nan}:
        return None
    gap = sp.expand(above - below)
    return True if gap == 0 else False if balls.sign(gap, sample) else None
