"""Finds the linear relations with constant coefficients among elements of a tower."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

from flint import fmpz_mpoly

from temperance.theory.fields.differential_field import (
    DifferentialField,
    Fraction,
    OutsideTowers,
    common_divisor,
    least_common_multiple,
)

Row = tuple[fmpz_mpoly, ...]


@dataclass(frozen=True)
class Nullspace:
    """All relations sum_j c_j f_j = 0 found among the columns f_j.

    Attributes:
        relations: basis of the relations, each a vector of polynomials in the constants.
        pivots: columns that are independent of one another.
        pivot_values: what was divided by; where none of them vanishes, no parameter value adds a relation.
    """

    relations: tuple[Row, ...]
    pivots: tuple[int, ...]
    pivot_values: tuple[fmpz_mpoly, ...]


def coefficient_rows(
    field: DifferentialField, columns: Sequence[Fraction], constants: Collection[int], most_terms: float = inf
) -> list[Row]:
    """Rows of coefficients: sum_j c_j f_j = 0 iff every row is orthogonal to c.

    The columns are brought over one denominator and compared monomial by monomial in the generators outside
    `constants`; the entries are polynomials in the constants. Raises OutsideTowers where the numerators have more terms
    than most_terms.
    """
    common = least_common_multiple((f.den for f in columns), field.one)
    if sum(len(f.num) * len(common / f.den) for f in columns) > most_terms:
        raise OutsideTowers(f"numerators over one denominator have over {most_terms} terms")
    rows: dict[tuple[int, ...], list[dict[tuple[int, ...], int]]] = {}
    for j, f in enumerate(columns):
        numerator = field.reduce(f.num * (common / f.den))
        for monomial, c in numerator.to_dict().items():
            outer = tuple(0 if i in constants else e for i, e in enumerate(monomial))
            inner = tuple(e if i in constants else 0 for i, e in enumerate(monomial))
            rows.setdefault(outer, [{} for _ in columns])[j][inner] = int(c)
    return [tuple(field.context.from_dict(entry) for entry in row) for row in rows.values()]


def nullspace(field: DifferentialField, rows: Sequence[Row], width: int) -> Nullspace:
    """The vectors orthogonal to every row, over the fraction field of the constants.

    By Gauss-Jordan elimination; pivots with few terms keep the entries small.
    """
    distinct = {tuple(tuple(entry.to_dict().items()) for entry in row): row for row in rows}
    remaining = [[field.whole(e) for e in row] for key, row in distinct.items() if any(key)]
    done: list[list[Fraction]] = []
    pivots: list[int] = []
    values: list[fmpz_mpoly] = []
    for column in range(width):
        candidates = [row for row in remaining if not row[column].is_zero()]
        if not candidates:
            continue
        pivot = min(candidates, key=lambda row: len(row[column].num.to_dict()) + len(row[column].den.to_dict()))
        values += [pivot[column].num, pivot[column].den]
        unit = [e / pivot[column] for e in pivot]
        remaining = [_cleared(row, unit, column) for row in remaining if row is not pivot]
        done = [_cleared(row, unit, column) for row in done] + [unit]
        pivots.append(column)
    relations = []
    for free in (j for j in range(width) if j not in pivots):
        vector = [field.zero] * width
        vector[free] = field.unit
        for row, pivot_column in zip(done, pivots, strict=True):
            vector[pivot_column] = -row[free]
        relations.append(cleared_denominators(field, vector))
    return Nullspace(tuple(relations), tuple(pivots), tuple(values))


def _cleared(row: list[Fraction], unit: list[Fraction], column: int) -> list[Fraction]:
    factor = row[column]
    if factor.is_zero():
        return row
    return [e if u.is_zero() else e - factor * u for e, u in zip(row, unit, strict=True)]


def cleared_denominators(field: DifferentialField, fractions: Sequence[Fraction]) -> Row:
    """The multiple of a vector without denominators or common factors, its last entry but for zeros led by > 0."""
    denominator = least_common_multiple((f.den for f in fractions), field.one)
    vector = [field.reduce(f.num * (denominator / f.den)) for f in fractions]
    common = field.null
    for entry in vector:
        common = common_divisor(common, entry) if common else entry
    last = next(e for e in reversed(vector) if e)
    if (last / common).leading_coefficient() < 0:
        common = -common
    return tuple(entry / common for entry in vector)
