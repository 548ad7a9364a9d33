"""How far from 0 the pieces of an activation are s, where their switching points were searched for."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from flint import arb, fmpq

from theory.activations import Activation
from theory.piecewise import Algebra

_FARTHEST = fmpq(2**20)
_NARROW = fmpq(1, 2**10)
_MOST_LOOKS = 2000  # balls on one side of 0


def within_reach(source: Activation) -> Activation:
    """The activation on the interval around 0 on which its pieces are s; all of it, if no switch was searched for.

    Else z belongs to the interval as far from 0 as balls prove that the formula of the piece is that of s, up to
    |z| = 2^20. Intervals shorter than 2^-10 in which nothing is proved, as around a switching point, do not end it.
    `relu(z - cos(z))` keeps all of that, `abs(sin(z))` what lies before the first switching points that were missed.

    Args:
        source: an activation without parameters.

    Raises:
        ValueError: switching points next to 0 were missed.
    """
    if source.exhaustive or len({p.expr for p in source.pieces}) == 1:
        return source
    pieces = Algebra({}).clipped(source.pieces, _Walk(source, -1).end(), _Walk(source, 1).end())
    if not pieces:
        raise ValueError(f"the switching points of {source.name!r} next to 0 are not known: numerics need them")
    return replace(source, pieces=pieces)


class _Walk:
    """A walk from 0 to one side, over all z at which the pieces may be s."""

    def __init__(self, source: Activation, side: int) -> None:
        self._source, self._side, self._looks = source, side, 0
        self._proved = fmpq(0)
        algebra = Algebra({})
        self._pieces = [(p, algebra.ball(p.lower), algebra.ball(p.upper)) for p in source.pieces]

    def end(self) -> sp.Rational:
        """The last place at which the pieces are proved to be s."""
        z = (_FARTHEST if self._on(fmpq(0), _FARTHEST) == _FARTHEST else self._proved) * self._side
        return sp.Rational(int(z.p), int(z.q))

    def _on(self, start: fmpq, end: fmpq) -> fmpq:
        """How far it goes from a distance to a larger one."""
        middle = (start + end) / 2
        found = self._is_right(arb(middle, (end - start) / 2))
        if found:
            self._proved = end
            return end
        if end - start <= _NARROW:
            return start if self._is_right(arb(start + (end - start) * 5 / 13)) is False else end
        if self._looks > _MOST_LOOKS:
            return start
        reached = self._on(start, middle)
        return reached if reached < middle else self._on(middle, end)

    def _is_right(self, distance: arb) -> bool | None:
        """Whether the formula of the piece there, or that there is none, is proved; None where nothing is."""
        self._looks += 1
        z = distance * self._side
        formula = self._source.formula_near(z, {})
        if formula is None:
            return None
        outside = 0
        for piece, lower, upper in self._pieces:
            if (lower is None or z > lower) and (upper is None or z < upper):
                return formula == (piece.expr,)
            outside += (lower is not None and z < lower) or (upper is not None and z > upper)
        return formula == () if outside == len(self._pieces) else None
