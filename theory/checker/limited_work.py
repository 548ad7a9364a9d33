"""Polynomials and linear equations over Q with a bound of the work: what the checkers of contact orders compute with.

A certificate is a text of anybody; a short one can ask for more terms than a computer holds. Every operation is counted
before it is done, and a certificate that needs too many is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flint import fmpq, fmpq_mpoly

from temperance.theory.checker.rejected import require

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
