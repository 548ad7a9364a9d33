"""The regions of a parameter between which the pieces of an activation may change, and one point inside each.

Pieces change where an expression in the parameter, whose sign was looked at, changes its sign.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from math import lcm
from typing import TypeVar

import flint
import sympy as sp
from flint import arb, fmpq

from temperance.theory.activations.piecewise import rational_inside
from temperance.theory.expressions.sign_changes import RecordingSample, Sample, enclosed_roots

_BITS = 256
_MOST_DEGREE = 60
_MOST_LOOKS = 80

_Seen = TypeVar("_Seen")


def explored(
    look: Callable[[Sample], _Seen], start: Mapping[str, fmpq]
) -> tuple[list[tuple[Sample, _Seen]], list[sp.Expr], bool]:
    """Look at a sample of the parameters, and at one in every other region of the one that decides.

    Args:
        look: what to look at, all of whose decisions are noted in the sample (`roots.RecordingSample`).
        start: the sample to begin with.

    Returns:
        The samples and what was seen there, what was asked of the parameters, and whether every region was seen: not
        where more than one parameter decides, or one by other conditions than polynomials.
    """
    conditions: dict[sp.Expr, None] = {}
    found: list[tuple[Sample, _Seen]] = []
    pending: list[dict[str, fmpq]] | None = [dict(start)]
    while pending:
        found += [(sample, look(RecordingSample(sample, conditions))) for sample in pending]
        pending = unseen(conditions, [sample for sample, _ in found]) if len(found) < _MOST_LOOKS else None
    return found, list(conditions), pending is not None


def unseen(conditions: Collection[sp.Expr], tried: Sequence[Mapping[str, fmpq]]) -> list[dict[str, fmpq]] | None:
    """One value in every region of the parameter that has none of those tried; None where regions are not told.

    Args:
        conditions: expressions in the parameters whose signs were asked for (`roots.RecordingSample.conditions`).
        tried: the values known.
    """
    symbols = {s for c in conditions for s in c.free_symbols}
    if not symbols:
        return None if conditions else []
    if len(symbols) > 1 or sp.nan in conditions:
        return None
    parts, name = [_boundaries(c) for c in conditions], symbols.pop().name
    if None in parts:
        return None
    factors = dict.fromkeys(factor for part in parts if part is not None for factor in part)
    ends = sorted((e for f in factors for e in enclosed_roots(f)), key=lambda end: float(end.mid()))
    cells = list(pairwise([None, *ends, None]))
    empty = [cell for cell in cells if not any(_is_inside(values[name], *cell) for values in tried)]
    return [dict(tried[0]) | {name: _inside(low, high)} for low, high in empty]


def _boundaries(condition: sp.Expr) -> list[sp.Poly] | None:
    """Polynomials one of which vanishes wherever a condition in one parameter changes its sign; None if there are none.

    With r^q for what stands under a root r, a polynomial in r vanishes only where its resultant with r^q - base does.
    """
    parts = list(sp.fraction(sp.together(condition)))
    while roots := {r for part in parts for r in part.atoms(sp.Pow) if r.exp.is_Rational and not r.exp.is_Integer}:
        base = max((r.base for r in roots), key=sp.count_ops)
        order, root = lcm(*(int(r.exp.q) for r in roots if r.base == base)), sp.Dummy()
        powers = {r: root ** (r.exp * order) for r in roots if r.base == base}
        above = [sp.fraction(sp.together(part.xreplace(powers)))[0] for part in parts]
        numerator, denominator = sp.fraction(sp.together(base))
        if not all(part.is_polynomial(root) for part in above):
            return None
        defining = denominator * root**order - numerator
        parts = [sp.resultant(part, defining, root) if part.has(root) else part for part in above]
        parts += [numerator, denominator]
    found: list[sp.Poly] = []
    for part in (part for part in parts if part.free_symbols):
        (symbol,) = part.free_symbols
        if not part.is_polynomial(symbol) or sp.degree(part, symbol) > _MOST_DEGREE:
            return None
        poly = sp.Poly(part, symbol).monic()
        if not all(c.is_Rational for c in poly.coeffs()):
            return None
        found += [factor for factor, _ in poly.factor_list()[1]]
    return found


def _is_inside(value: fmpq, low: arb | None, high: arb | None) -> bool:
    return (low is None or value > low) and (high is None or value < high)


def _inside(low: arb | None, high: arb | None) -> fmpq:
    """A number between two others that no simple relation singles out."""
    start, step = rational_inside(low, high), fmpq(5, 7)
    with flint.ctx.workprec(_BITS):
        while not _is_inside(start + step, low, high):
            step /= 2
    return start + step
