"""Decides whether a space of symmetric matrices over Q has a positive semidefinite one, other than 0.

It has none iff a positive definite matrix is orthogonal to all of it: S >= 0 and <P, S> = 0 with P > 0 leave S = 0.
Both answers come with the matrix that proves them; the search for it is by floating-point eigenvectors and may fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import mpmath
from flint import fmpq, fmpq_mat

_STEPS = 300
_GRID = 64  # eigenvectors are rounded to multiples of 1/64


@dataclass(frozen=True)
class Cone:
    """Whether the positive semidefinite matrices of a space are 0 alone.

    outcome: "trivial" (matrix is positive definite and orthogonal to the space), "nontrivial" (matrix is a positive
    semidefinite one of the space) or "undecided" (neither was found).
    """

    outcome: Literal["trivial", "nontrivial", "undecided"]
    matrix: fmpq_mat | None


def cone(space: Sequence[fmpq_mat], size: int) -> Cone:
    """The cone of positive semidefinite matrices in the span of symmetric ones of that size.

    Squares of single parameters come first, all that the span has; then interior points are looked for.
    """
    if size == 0:
        return Cone("trivial", fmpq_mat(0, 0))
    basis = _orthogonal(space)
    squares = [s for s in (_unit(i, size) for i in range(size)) if is_zero(_across(s, basis))]
    if squares:
        return Cone("nontrivial", sum(squares[1:], start=squares[0]))
    total = fmpq_mat([[int(i == j) for j in range(size)] for i in range(size)])
    for _ in range(_STEPS):
        found = _across(total, basis)
        if is_definite(found):
            return Cone("trivial", found)
        if is_definite(total - found):
            return Cone("nontrivial", total - found)
        v = _least_eigenvector(found)
        square = fmpq_mat([[p * q for q in v] for p in v])
        if is_zero(_across(square, basis)):
            return Cone("nontrivial", square)
        total += square
    return Cone("undecided", None)


def is_definite(matrix: fmpq_mat) -> bool:
    """Whether a symmetric matrix is positive definite: its leading minors are."""
    n = matrix.nrows()
    return all(fmpq_mat([[matrix[i, j] for j in range(m)] for i in range(m)]).det() > 0 for m in range(1, n + 1))


def inner(one: fmpq_mat, other: fmpq_mat) -> fmpq:
    """The sum of the products of the entries."""
    places = [(i, j) for i in range(one.nrows()) for j in range(one.ncols())]
    return sum((one[p] * other[p] for p in places), fmpq(0))


def is_zero(matrix: fmpq_mat) -> bool:
    """Whether all entries are 0."""
    return inner(matrix, matrix) == 0


def _unit(i: int, size: int) -> fmpq_mat:
    return fmpq_mat([[int(j == i == k) for k in range(size)] for j in range(size)])


def _orthogonal(space: Sequence[fmpq_mat]) -> list[fmpq_mat]:
    """An orthogonal basis of the span."""
    basis: list[fmpq_mat] = []
    for s in space:
        left = _across(s, basis)
        if not is_zero(left):
            basis.append(left)
    return basis


def _across(matrix: fmpq_mat, basis: Sequence[fmpq_mat]) -> fmpq_mat:
    """The part of a matrix that is orthogonal to the span of an orthogonal basis."""
    for s in basis:
        matrix = matrix - s * (inner(matrix, s) / inner(s, s))
    return matrix


def _least_eigenvector(matrix: fmpq_mat) -> list[fmpq]:
    """A rational vector near the eigenvector of the least eigenvalue."""
    n = matrix.nrows()
    rows = [[mpmath.mpf(int(matrix[i, j].p)) / int(matrix[i, j].q) for j in range(n)] for i in range(n)]
    values, vectors = mpmath.eigsy(mpmath.matrix(rows))
    k = min(range(n), key=lambda i: values[i])
    return [fmpq(round(_GRID * vectors[i, k]), _GRID) for i in range(n)]
