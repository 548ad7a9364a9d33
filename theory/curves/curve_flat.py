"""Exact curves of one density, for the checker of curves: identities between rational functions of t; moving kinks.

The experts stay. In each cell the atoms have one weight, or weights that are powers of polynomials and keep their mean;
the changes of the log weight must be one function of x for all cells, up to numbers that weights of atoms take up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from fractions import Fraction
from itertools import pairwise

from temperance.theory.checker.rejected import Rejected, require, require_understood
from temperance.theory.curves.curve_atoms import Atoms
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
    """Whether u - v is of degree 1 in x, with numbers before x that are not all 0, and without functions."""
    parts = values.ring.by_powers(gap.top, values.x)
    slopes = (part for powers, part in parts.items() if any(powers))
    known = values.is_regular(gap) and not values.ring.holds(gap.top, None)
    return (
        known and all(values.ring.number(part) is not None for part in slopes) and max(map(sum, parts), default=0) == 1
    )


class Identity:
    """The change of the log weight in each cell. moves: the titles of what is shown not to be 0 along the curve.

    drift: the offsets of shared parameters, as written. nonzero: the names of true values that are any but 0.
    """

    def __init__(self, values: Quotients, pieces: Pieces, drift: Mapping[str, str], nonzero: Sequence[str]) -> None:
        self.values, self.pieces, self.nonzero = values, pieces, nonzero
        self.x = {name: values.of(values.ring.names[name]) for name in values.x}
        self.moves: set[str] = set()
        self.drift = self._offsets(drift, ())

    def _offsets(self, written: Mapping[str, str], free: Sequence[str]) -> dict[str, Quotient]:
        found = {name: self.values.value(text, ("t", "r", *free)) for name, text in written.items()}
        for name, offset in found.items():
            start = self.values.r.reduced(self.values.ring.start(offset.top))
            regular = self.values.is_regular(offset, self.nonzero)
            require(regular and start == 0, f"the offset of {name} is not 0 at t = 0")
            if self._moves(offset):
                self.moves.add(name)
        return found

    def _moves(self, offset: Quotient) -> bool:
        """Whether the first power of t is a number that is not 0, times true values that are not."""
        r = self.values.r
        powers = self.values.ring.by_power(r.reduced(offset.top), "t")
        return any(r.is_nonzero(powers[n], self.nonzero) for n in sorted(powers)[:1])

    def changes(self, place: Mapping[str, Quotient], free: Sequence[str], atoms: Sequence[Atoms]) -> list[Quotient]:
        """The log of sum_l p_l E_l/E on each piece; place: the true values, free: those that may be any."""
        none = self.values.number(0)
        require(all(part.count == 1 for part in atoms), "an identity is checked atom by atom")
        require(all(set(part.written) <= {*place} for part in atoms), "an identity in which experts move")
        shares = [self.values.of(part.total(part.share)) for part in atoms]
        offsets = [{**self._offsets(part.written, free), **self.drift} for part in atoms]
        for name in place:
            mean = none
            for share, own in zip(shares, offsets, strict=True):
                mean = mean + share * own.get(name, none)
            if self._moves(mean):
                self.moves.add(f"mean {name}")
        moved = [{name: p + own.get(name, none) for name, p in place.items()} for own in offsets]
        require(not list(moved_kinks(self.pieces, self.values, place, moved)), "a kink that moves along an identity")
        return [self._change(piece, place, moved, shares) for piece in self.pieces.formulas]

    def _change(
        self,
        piece: ast.expr,
        place: Mapping[str, Quotient],
        moved: Sequence[Mapping[str, Quotient]],
        shares: Sequence[Quotient],
    ) -> Quotient:
        start, *weights = (self.values.tree(piece, {**self.x, **at}) for at in (place, *moved))
        if all(self.values.is_zero(weight - weights[0]) for weight in weights):
            return weights[0] - start
        total = -self._exponential(start)
        for share, weight in zip(shares, weights, strict=True):
            total = total + share * self._exponential(weight)
        require(self.values.is_zero(total), "the weights do not keep their mean")
        return self.values.number(0)

    def _exponential(self, u: Quotient) -> Quotient:
        """exp of a whole multiple of a logarithm."""
        for symbol, argument in self.values.logs.values():
            ratio = u * symbol.inverse()
            whole = self.values.ring.number(ratio.top)
            if whole is not None and ratio.bottom == self.values.ring.one and whole.q == 1:
                return self.values.power(argument, argument, Fraction(int(whole.p)))
        raise Rejected("a weight that is no power of a polynomial")

    def same_pieces(self, first: Mapping[str, Quotient], second: Mapping[str, Quotient]) -> bool:
        """Whether the kinks of the weight at two places are the same, and its pieces on the same sides."""
        for low, high in self.pieces.sides:
            gaps = [
                self.values.tree(low, {**self.x, **at}) - self.values.tree(high, {**self.x, **at})
                for at in (first, second)
            ]
            ratio = gaps[0] * gaps[1].inverse()
            factor = self.values.ring.number(ratio.top)
            if factor is None or factor <= 0 or ratio.bottom != self.values.ring.one:
                return False
        return True

    def without_numbers(self, change: Quotient) -> Quotient:
        """A change without what it is at x = 0."""
        ring = self.values.ring
        parts = [ring.by_powers(p, self.values.x) for p in (change.top, change.bottom)]
        zero = (0,) * len(self.values.x)
        varies = any(
            n for p in (change.top, change.bottom) for i, n in enumerate(p.degrees()) if i in self.values.varying
        )
        require(zero in parts[1] and not varies, "a change that has no known value at x = 0")
        return change - Quotient(parts[0].get(zero, ring.zero), parts[1][zero])

    def require_common(self, change: Quotient, free: Sequence[str]) -> None:
        """That a change has no function, and no true value that may be any."""
        ring = self.values.ring
        own = any(ring.holds(p, None) or ring.holds(p, free) for p in (change.top, change.bottom))
        require(not own, "cells do not change alike")
