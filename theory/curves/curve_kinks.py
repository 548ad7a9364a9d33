"""Weights with kinks, for the checker of curves: their pieces, and how far kinks move."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise

from temperance.theory.checker.rejected import require, require_understood
from temperance.theory.curves.curve_fractions import Quotient, Quotients

_MOST_PIECES = 8


class Pieces:
    """where(u1 < v1, e1, where(u2 < v2, e2, .. e)): the formulas e1, e2, .., e and the sides (u1, v1), (u2, v2), .."""

    def __init__(self, tree: ast.expr, names: Set[str]) -> None:
        self.formulas: list[ast.expr] = []
        self.sides: list[tuple[ast.expr, ast.expr]] = []
        rest: ast.expr | None = tree
        while rest is not None:
            match rest:
                case ast.Call(ast.Name("where"), [ast.Compare(low, [ast.Lt()], [high]), first, after], []):
                    self.sides.append((low, high))
                    parts, rest = [low, high, first], after
                case _:
                    parts, first, rest = [rest], rest, None
            for part in parts:
                require_understood(part, names)
            self.formulas.append(first)
            require(len(self.formulas) <= _MOST_PIECES, "too many pieces")


def moved_kinks(
    pieces: Pieces, values: Quotients, place: Mapping[str, Quotient], moved: Sequence[Mapping[str, Quotient]]
) -> Iterator[int]:
    """k of every kink that moves by O(t^k), where the weight is shown to be continuous.

    place: the true values of the gate's parameters, moved: those of each of the atoms. A kink stays where its u - v is
    multiplied by a factor near 1.
    """
    ring, x = values.ring, {name: values.of(values.ring.names[name]) for name in values.x}

    def gap(i: int, at: Mapping[str, Quotient]) -> Quotient:
        low, high = (values.tree(side, {**x, **at}) for side in pieces.sides[i])
        return low - high

    gaps, several = [gap(i, place) for i in range(len(pieces.sides))], False
    for i, true in enumerate(gaps):
        for at in moved:
            now = gap(i, at)
            factor = now * true.inverse()
            if values.is_regular(factor) and not ring.holds(factor.top, None):
                continue
            change, several = now - true, True
            require(_is_affine(values, true) and values.is_regular(change), "a kink whose place is not shown")
            first, second = (values.tree(formula, {**x, **at}) for formula in pieces.formulas[i : i + 2])
            jump = (first - second) * now.inverse()
            require(values.is_regular(jump), "the weight is not continuous at a kink that moves")
            yield min(ring.by_power(change.top, "t"))
    for true, after in pairwise(gaps):
        apart = ring.number((after - true).top)
        require(not several or (apart is not None and apart < 0), "kinks that are not shown to be apart")


def _is_affine(values: Quotients, gap: Quotient) -> bool:
    """Whether u - v is of degree 1 in x, with numbers as coefficients that are not all 0."""
    parts = values.ring.by_powers(gap.top, values.x)
    numbers = values.is_regular(gap) and all(values.ring.number(part) is not None for part in parts.values())
    return numbers and max(map(sum, parts), default=0) == 1
