"""Kinks and jumps between pieces, and which members of a family they turn into distributions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from theory import balls
from theory.families import S1, S2, Family
from theory.piecewise import Algebra, Pieces
from theory.roots import Sample

_BITS = 256


@dataclass(frozen=True)
class Kinks:
    """Points away from 0 where s is continuous but s' jumps, and where s itself jumps (at 0, z kills the delta).

    Attributes:
        kinks: end points of pieces where s' is proved to jump.
        jumps: end points where s is proved to jump.
    """

    kinks: tuple[sp.Expr, ...] = ()
    jumps: tuple[sp.Expr, ...] = ()

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
    algebra = Algebra(sample)
    kinks, jumps = [], []
    for left, right in pairwise(pieces):
        point = right.lower
        if algebra.compare(left.upper, point) or not algebra.compare(point, sp.S.Zero):
            continue
        at = {**sample, "z": balls.value(point, sample, _BITS)}
        below, above = (balls.jet(p.expr, at, 1, _BITS) for p in (left, right))
        jump, bend = (u - v for u, v in zip(above, below, strict=True))
        if jump.is_finite() and not jump.contains(0):
            jumps.append(point)
        elif bend.is_finite() and not bend.contains(0):
            kinks.append(point)
    return Kinks(tuple(kinks), tuple(jumps))
