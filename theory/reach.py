"""How far from 0 the pieces of an activation are s, where their switching points were searched for."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from flint import arb, fmpq

from theory.activations import Activation
from theory.piecewise import Algebra, Piece
from theory.roots import LOOKED_AT_CLOSELY

_FARTHEST = 2**20
_MOST_BISECTIONS = 6


def within_reach(source: Activation) -> Activation:
    """The activation on the interval on which its pieces can be told to be s: all of it, if no switch was searched for.

    A search sees the sign changes of a function on |z| <= 16, unless two lie within 1/8. Beyond, z belongs to the
    interval as far as balls prove that the formula of the piece is that of s, up to |z| = 2^20: `relu(z - cos(z))`
    keeps all of that, and `abs(sin(z))` nothing.

    Args:
        source: an activation without parameters.
    """
    if source.exhaustive or len({p.expr for p in source.pieces}) == 1:
        return source
    lower, upper = (side * _reach(source, side) for side in (-1, 1))
    algebra = Algebra({})
    pieces = []
    for piece in source.pieces:
        start = lower if algebra.compare(piece.lower, lower) < 0 else piece.lower
        end = upper if algebra.compare(piece.upper, upper) > 0 else piece.upper
        if algebra.compare(start, end) < 0:
            pieces.append(Piece(piece.expr, start, end))
    return replace(source, pieces=tuple(pieces))


def _reach(source: Activation, side: int) -> sp.Integer:
    """A distance up to which the pieces on one side of 0 are those of s."""
    reach = LOOKED_AT_CLOSELY
    while reach < _FARTHEST and _is_proved(source, fmpq(side * reach), fmpq(2 * side * reach), _MOST_BISECTIONS):
        reach *= 2
    return sp.Integer(reach)


def _is_proved(source: Activation, start: fmpq, end: fmpq, bisections: int) -> bool:
    """Whether the formula of one piece is proved to be that of s in all of an interval."""
    middle = (start + end) / 2
    ball = arb(middle, abs(end - start) / 2)
    algebra = Algebra({})
    for piece in source.pieces:
        ends = (algebra.ball(piece.lower), algebra.ball(piece.upper))
        inside = (ends[0] is None or ball > ends[0]) and (ends[1] is None or ball < ends[1])
        if inside and source.is_near(ball, piece, {}):
            return True
    halves = ((start, middle), (middle, end))
    return bisections > 0 and all(_is_proved(source, p, q, bisections - 1) for p, q in halves)
