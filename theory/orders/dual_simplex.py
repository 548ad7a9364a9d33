"""Solves linear programs in few variables exactly: minimises c.w subject to a.w >= b, by the dual simplex over Q.

The first n rows are w_i >= bound_i and c >= 0, so that the start is dual feasible. Every answer is its own certificate:

- a minimum: multipliers y >= 0 of rows with sum_r y_r a_r = c and sum_r y_r b_r = the minimum;
- infeasible: multipliers y >= 0 with sum_r y_r a_r = 0 and sum_r y_r b_r > 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_mat

Row = tuple[tuple[fmpq, ...], fmpq]
"""(a, b): the constraint a.w >= b."""


@dataclass(frozen=True)
class Solution:
    """The minimum (None: infeasible), a minimiser, and the multipliers {index of a row: y > 0} that prove it."""

    value: fmpq | None
    point: tuple[fmpq, ...]
    multipliers: dict[int, fmpq]
    basis: tuple[int, ...] = ()


def minimise(cost: Sequence[fmpq], rows: Sequence[Row], start: Sequence[int] = ()) -> Solution:
    """Minimise cost.w subject to the rows; the first len(cost) rows must be w_i >= bound_i, and cost >= 0.

    start: the basis of the minimum of the same cost under the first of the rows only.

    Bland's rule: the first violated row enters, the lowest index among ties leaves, so that it ends.
    """
    n = len(cost)
    basis = list(start or range(n))
    left, _ = fmpq_mat([[*a, -b] for a, b in rows]).numer_denom()
    while True:
        square = fmpq_mat([rows[i][0] for i in basis])
        point = square.solve(fmpq_mat(n, 1, [rows[i][1] for i in basis])).entries()
        whole, _ = fmpq_mat(n + 1, 1, [*point, 1]).numer_denom()
        entering = next((i for i, slack in enumerate((left * whole).entries()) if slack < 0), None)
        if entering is None:
            multipliers = square.transpose().solve(fmpq_mat(n, 1, list(cost))).entries()
            kept = {i: y for i, y in zip(basis, multipliers, strict=True) if y != 0}
            return Solution(dot(point, cost), tuple(point), kept, tuple(basis))
        both = fmpq_mat(n, 2, [v for pair in zip(cost, rows[entering][0], strict=True) for v in pair])
        moved = square.transpose().solve(both).entries()
        multipliers, direction = moved[::2], moved[1::2]
        steps = [(y / d, i) for y, d, i in zip(multipliers, direction, basis, strict=True) if d > 0]
        if not steps:
            ray = {i: -d for i, d in zip(basis, direction, strict=True) if d != 0}
            return Solution(None, (), ray | {entering: fmpq(1)})
        basis[basis.index(min(steps)[1])] = entering


def dot(w: Sequence[fmpq], a: Sequence[fmpq | int]) -> fmpq:
    """w.a, where a may be shorter."""
    return sum((p * q for p, q in zip(w, a, strict=False) if q), fmpq(0))
