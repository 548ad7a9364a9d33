"""Verifies the identity of a twin exactly: the log odds of the truth and of the twin are one function of x.

>>> from temperance.theory.activations.activation import activation
>>> from temperance.theory.twins.decision import twins
>>> all(holds(activation("tanh"), twin) for twin in twins("tanh").twins)
True
"""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, sample_points
from temperance.theory.expressions import balls
from temperance.theory.expressions.sign_changes import Sample, Z
from temperance.theory.fields.differential_field import OutsideTowers
from temperance.theory.fields.tower import Tower
from temperance.theory.twins.twin import S0, Twin

_VALUES = {"b": (3, 2), "c": (2, 3), "d": (5, 7), "e": (7, 4), "l": (9, 8), "m": (11, 6), "r": (1, 3), "t": (5, 4)}
_SIZE = sp.Symbol("size", positive=True)
_VALUES[S0.name] = (3, 7)


def holds(source: Activation, twin: Twin) -> bool:
    """Whether the identity of a twin is proved, as one in its parameters, for x on the pieces of one sample of them.

    source: the activation, without parameters.
    """
    sample: Sample = {name: fmpq(*value) for name, value in _VALUES.items()}
    meaning = dict(twin.named)
    image = [_written_out(v, meaning) for v in twin.image]
    factor = _written_out(twin.factor, meaning)
    shift = [v.replace(sp.Abs, lambda e: balls.sign(e, sample) * e) for v in twin.shift or (sp.S.Zero,) * len(image)]
    algebra = Algebra(sample)
    for i in range(1, len(twin.truth)):
        offset = shift[0] - shift[i]
        dilated = [_dilated(source.pieces, v, sample) for v in (twin.truth[0], twin.truth[i], image[0], image[i])]
        gaps = algebra.map(lambda s, t, u, v, offset=offset: factor * (s - t) - (u - v + offset), *dilated)
        if twin.reach is not None:
            gaps = tuple(
                g for g in gaps if algebra.compare(g.lower, sp.S.Zero) <= 0 <= algebra.compare(g.upper, sp.S.Zero)
            )
        if not gaps or not _vanish(gaps, sample):
            return False
    return True


def _written_out(value: sp.Expr, meaning: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    for _ in meaning:
        value = value.xreplace(meaning)
    return value


def at_zero(pieces: Pieces, sample: Sample) -> sp.Expr | None:
    """s(0), or None where it is not defined as s is written; the symbol S0 where s jumps, as pieces do not tell it."""
    sides = values_at_zero(pieces, sample)
    value = next(iter(sides), sp.nan)
    if not value.is_finite or value.has(sp.AccumBounds):
        return None
    return value if sp.expand(sides[0] - sides[-1]) == 0 else S0


def values_at_zero(pieces: Pieces, sample: Sample) -> list[sp.Expr]:
    """The values at 0 of the formulas of the pieces that touch it, from the left to the right."""
    algebra = Algebra(sample)
    touching = (p for p in pieces if algebra.compare(p.lower, sp.S.Zero) <= 0 <= algebra.compare(p.upper, sp.S.Zero))
    return [p.expr.xreplace({Z: sp.S.Zero}) for p in touching]


def _dilated(pieces: Pieces, v: sp.Expr, sample: Sample) -> Pieces:
    if v == 0:
        value = at_zero(pieces, sample)
        return () if value is None else (Piece(value),)
    positive = balls.sign(v, sample) == 1
    dilated = []
    for piece in pieces if positive else reversed(pieces):
        ends = (piece.lower, piece.upper) if positive else (piece.upper, piece.lower)
        lower, upper = (e / v if e.is_finite else e if positive else -e for e in ends)
        dilated.append(Piece(piece.expr.xreplace({Z: v * Z}), lower, upper))
    return tuple(dilated)


def _vanish(gaps: Pieces, sample: Sample) -> bool:
    """Whether formulas are 0 on their pieces: multiplied out, or in a tower."""
    rest = [g for g in gaps if sp.expand(g.expr) != 0 and not _vanishes_on_a_side(g, sample)]
    try:
        tower = Tower([g.expr for g in rest], sample)
        return all(tower.embed(g.expr, sample_points(g, sample), g).is_zero() for g in rest) and not tower.assumptions
    except (OutsideTowers, ZeroDivisionError, ValueError):
        return False


def _vanishes_on_a_side(gap: Piece, sample: Sample) -> bool:
    """Whether a formula on one side of 0 is 0 once roots of squares are taken, with the signs of one sample."""
    algebra = Algebra(sample)
    side = 1 if algebra.compare(gap.lower, sp.S.Zero) >= 0 else -1
    if side < 0 < algebra.compare(gap.upper, sp.S.Zero):
        return False
    rooted = gap.expr.xreplace({Z: side * _SIZE}).replace(sp.Abs, lambda e: balls.sign(e, sample) * e)
    return bool(sp.expand(rooted) == 0)
