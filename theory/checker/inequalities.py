"""Linear inequalities in unknown orders w, for the checkers of contact orders: how leaves of their cases are closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

from temperance.theory.checker.rejected import rational, require, require_keys

Row = tuple[tuple[fmpq, ...], fmpq]
"""(a, b): the inequality w.a >= b."""


def at_least(a: Sequence[int], b: Sequence[int], offset: fmpq | int = 0) -> Row:
    """w.a >= w.b + offset."""
    return tuple(fmpq(p - q) for p, q in zip(a, b, strict=True)), fmpq(offset)


def divides(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether the monomial a divides b, so that w.a <= w.b."""
    return all(p <= q for p, q in zip(a, b, strict=True))


def require_leaf(tree: Mapping[str, Any], cost: Sequence[int], value: fmpq, rows: Sequence[Row]) -> None:
    """Check that the multipliers of a leaf show w.cost >= value for all w that satisfy the rows, or that none does."""
    require_keys(tree, "multipliers", of="a case")
    numbers = {str(i): row for i, row in enumerate(rows)}
    used = [(rational(y), *numbers[i]) for i, y in tree["multipliers"].items()]
    require(all(y >= 0 for y, _, _ in used), "a negative multiplier")
    left = [sum((y * a[j] for y, a, _ in used), fmpq(0)) for j in range(len(cost))]
    right = sum((y * b for y, _, b in used), fmpq(0))
    minimum = left == [fmpq(n) for n in cost] and right >= value
    require(minimum or (not any(left) and right > 0), "a leaf is not closed")
