"""Finds kinks and jumps between pieces, and the members of a family that they turn into distributions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import sympy as sp
from flint import arb

from temperance.theory.activations.piecewise import Algebra, Piece, Pieces
from temperance.theory.conditions.families import S1, S2, Family
from temperance.theory.expressions import balls
from temperance.theory.expressions.sign_changes import Sample, Z

_BITS = 256


@dataclass(frozen=True)
class Kinks:
    """Points away from 0 where s is continuous and s' is proved to jump, and where s is (at 0, z kills the delta).

    unclear: whether s may jump elsewhere: without a proof, and its two values are not the same number, as written.
    """

    kinks: tuple[sp.Expr, ...] = ()
    jumps: tuple[sp.Expr, ...] = ()
    unclear: bool = False

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.kinks or self.jumps)

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
    kinks, jumps, unclear, algebra = [], [], False, Algebra(sample)
    for left, right in pairwise(pieces):
        if algebra.compare(left.upper, right.lower) or not algebra.compare(right.lower, sp.S.Zero):
            continue
        jump, bend = _differences(left, right, sample)
        if _is_other_than_0(jump):
            jumps.append(right.lower)
            continue
        unclear = unclear or not _meet(left, right)
        if _is_other_than_0(bend):
            kinks.append(right.lower)
    return Kinks(tuple(kinks), tuple(jumps), unclear)


def _differences(left: Piece, right: Piece, sample: Sample) -> tuple[arb, arb]:
    """By how much s and s' grow from one piece to the next."""
    at = {**sample, "z": balls.value(right.lower, sample, _BITS)}
    below, above = (balls.jet(p.expr, at, 1, _BITS) for p in (left, right))
    return above[0] - below[0], above[1] - below[1]


def _is_other_than_0(ball: arb) -> bool:
    return bool(ball.is_finite() and not ball.contains(0))


def _meet(left: Piece, right: Piece) -> bool:
    """Whether two pieces have the same value at their common end, as far as multiplying out shows it."""
    values = [sp.expand(p.expr.xreplace({Z: right.lower})) for p in (left, right)]
    return values[0] == values[1] and not values[0].has(sp.nan, sp.zoo, sp.oo)
