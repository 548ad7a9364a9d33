"""Polynomials, linear equations and inequalities over Q, with a bound of the work, for the checkers of contact orders.

A certificate is a text of anybody; a short one can ask for more terms than a computer holds. Every operation is counted
before it is done, and a certificate that needs too many is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flint import fmpq, fmpq_mpoly

from temperance.theory.checker.rejected import rational, require, require_keys

MOST_BITS = 10000
_MOST_WORK, _MOST_TERMS, _WORD = 3 * 10**8, 5 * 10**6, 256

Row = dict[int, fmpq]


class Work:
    """Counts operations with numbers of up to 256 bits; longer ones count as often as they are longer."""

    def __init__(self) -> None:
        self.left = _MOST_WORK

    def spend(self, operations: int, bits: int) -> None:
        """Count operations. Raises Rejected where they are too many, or numbers too long."""
        self.left -= operations * (1 + bits // _WORD)
        require(self.left >= 0, "the equations take too long to set up")
        require(bits < MOST_BITS, "a number is too large")

    def multiply(self, p: fmpq_mpoly, q: fmpq_mpoly) -> None:
        """Count the product of two polynomials. Raises Rejected where it is too long."""
        terms = len(p) * len(q)
        require(terms <= _MOST_TERMS, "the formulas have too many monomials")
        self.spend(terms, bits_of(p.coeffs()) + bits_of(q.coeffs()))


def bits_of(numbers: Iterable[fmpq]) -> int:
    """The bits of the longest numerator or denominator."""
    return max((c.height_bits() for c in numbers), default=0)


def echelon(rows: Sequence[Mapping[int, fmpq]], work: Work) -> list[Row]:
    """The reduced echelon form of rows {column: number other than 0}, by its pivots. Raises Rejected as Work does."""
    pivots: dict[int, Row] = {}
    for given in rows:
        row = dict(given)
        while row and (j := min(row)) in pivots:
            _subtract(row, row[j], pivots[j], work)
        if row:
            pivots[j] = {k: c / row[j] for k, c in row.items()}
    for j in sorted(pivots, reverse=True):
        for k in sorted(pivots[j])[1:]:
            if k in pivots and k in pivots[j]:
                _subtract(pivots[j], pivots[j][k], pivots[k], work)
    return [dict(sorted(pivots[j].items())) for j in sorted(pivots)]


def _subtract(row: Row, factor: fmpq, other: Mapping[int, fmpq], work: Work) -> None:
    """Subtract a multiple of another row."""
    work.spend(len(other), factor.height_bits() + bits_of(other.values()))
    for k, c in other.items():
        value = row.get(k, 0) - factor * c
        if value:
            row[k] = value
        else:
            row.pop(k, None)


# -- linear inequalities in unknown orders w: how leaves of cases are closed

Inequality = tuple[tuple[fmpq, ...], fmpq]
"""(a, b): the inequality w.a >= b."""


def at_least(a: Sequence[int], b: Sequence[int], offset: fmpq | int = 0) -> Inequality:
    """w.a >= w.b + offset."""
    return tuple(fmpq(p - q) for p, q in zip(a, b, strict=True)), fmpq(offset)


def divides(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether the monomial a divides b, so that w.a <= w.b."""
    return all(p <= q for p, q in zip(a, b, strict=True))


def require_leaf(tree: Mapping[str, Any], cost: Sequence[int], value: fmpq, rows: Sequence[Inequality]) -> None:
    """Check that the multipliers of a leaf show w.cost >= value for all w that satisfy the rows, or that none does."""
    require_keys(tree, "multipliers", of="a case")
    numbers = {str(i): row for i, row in enumerate(rows)}
    used = [(rational(y), *numbers[i]) for i, y in tree["multipliers"].items()]
    require(all(y >= 0 for y, _, _ in used), "a negative multiplier")
    left = [sum((y * a[j] for y, a, _ in used), fmpq(0)) for j in range(len(cost))]
    right = sum((y * b for y, _, b in used), fmpq(0))
    minimum = left == [fmpq(n) for n in cost] and right >= value
    require(minimum or (not any(left) and right > 0), "a leaf is not closed")
