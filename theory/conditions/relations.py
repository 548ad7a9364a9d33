"""Finds all relations among the functions of a family: exact nullspaces, and a proof by balls that no others exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from operator import itemgetter, mul
from typing import TypeVar

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq, fmpz_mpoly

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Piece, Pieces
from temperance.theory.conditions.families import MEMBERS, S1, S2, VARIABLE, Family, S
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import has_branches
from temperance.theory.expressions.sign_changes import Sample
from temperance.theory.fields.differential_field import (
    Fraction,
    Nullspace,
    OutsideTowers,
    Row,
    coefficient_rows,
    nullspace,
)
from temperance.theory.fields.tower import Tower

_T = TypeVar("_T", Fraction, arb)
_BITS = (64, 128, 320, 1024, 4096)
_MOST_TERMS = 50_000


@dataclass(frozen=True)
class Relations:
    """What is known of the relations sum_j c_j f_j = 0 among a family f.

    Attributes:
        rows: basis of the relations proved, as polynomials in the constants of the tower.
        evidence: the minor that proves that there are no others (for generic parameters), if one was found.
        note: what stands in the way where there is none.
    """

    family: Family
    rows: tuple[Row, ...]
    evidence: Minor | None
    note: str | None

    @property
    def complete(self) -> bool:
        """Whether the relations are proved to be all."""
        return self.evidence is not None


@dataclass(frozen=True)
class Minor:
    """A determinant det f_j(z_i) whose ball excludes zero: the columns are independent functions."""

    columns: tuple[int, ...]
    points: tuple[fmpq, ...]
    bits: int
    determinant: arb


class Analysis:
    """The functions of an activation, exactly (tower) and by balls, at its sample of the parameters or another one."""

    def __init__(self, source: Activation, sample: Sample | None = None) -> None:
        self.source, self.pieces = source, source.pieces
        self.sample = dict(source.sample) if sample is None else sample
        self._distinct = _distinct(source.pieces)
        self.points = {p: source.points(p, self.sample) for p in self._distinct}
        self._values: dict[int, tuple[list[fmpq], list[list[arb]]]] = {}

    @cached_property
    def tower(self) -> Tower | None:
        """The tower, with every piece embedded; None where the activation has none (see `obstacle`)."""
        try:
            tower = Tower([p.expr for p in self.pieces], self.sample)
            self.columns = []
            for piece in self._distinct:  # where s is real has no closed form, the formula may hold anywhere
                s = tower.embed(piece.expr, self.points[piece], Piece(piece.expr) if self.source.domain else piece)
                s1 = tower.d(s)
                self.columns.append(_members(tower.z, s, s1, tower.d(s1), tower.unit))
            self.rows = [row for c in self.columns for row in coefficient_rows(tower, c, tower.constants, _MOST_TERMS)]
        except (OutsideTowers, ZeroDivisionError, ValueError) as error:
            self.obstacle = str(error)
            return None
        return tower

    obstacle = ""
    columns: list[list[Fraction]]
    rows: list[Row]  # over all members and pieces: one coefficient vector must annihilate all of them

    def relations(self, family: Family) -> Relations:
        """The relations of a family, and whether they are all: by balls of few bits, or by the tower and balls."""
        columns = _columns(family)
        cheap = self.minor(columns, _BITS[:3])
        if cheap:
            return Relations(family, (), cheap, None)
        rows: tuple[Row, ...] = ()
        try:
            kernel = self._nullspace(family)
        except OutsideTowers as error:
            independent, reason = columns, str(error)
        else:
            rows = kernel.relations
            if not self.doubts and not all(self._vanishes(row, columns) for row in rows):
                return Relations(family, (), None, "the tower and the balls disagree on a relation")
            independent, reason = [columns[p] for p in kernel.pivots], "the tower has no further relation"
        minor = self.minor(independent)
        note = f"{reason}, and no determinant excludes zero in balls of up to {_BITS[-1]} bits"
        return Relations(family, rows, minor, None if minor else note)

    def _nullspace(self, family: Family) -> Nullspace:
        if self.tower is None:
            raise OutsideTowers(self.obstacle)
        columns = _columns(family)
        return nullspace(self.tower, [tuple(row[c] for c in columns) for row in self.rows], len(columns))

    def pivot_values(self, family: Family) -> tuple[fmpz_mpoly, ...]:
        """What the elimination of a family divided by: where none of it vanishes, the rank is the generic one.

        Nothing where the family is too large to be eliminated.
        """
        try:
            return self._nullspace(family).pivot_values
        except OutsideTowers:
            return ()

    def deciding(self, relations: Relations) -> tuple[Row, ...]:
        """The relations that make a family fail, or bring its target into the span, at every tau; none if none do.

        Of a family at tau: one with p = q = 0, or two with independent (p, q) (theory 3.2.2).
        """
        rows = relations.rows
        if relations.family.target_last:
            return tuple(row for row in rows if not row[-1].is_zero())[:1]
        if not relations.family.at_tau:
            return rows[:1]
        for row in rows:
            if row[-1].is_zero() and row[-2].is_zero():
                return (row,)
        if len(rows) < 2 or self.tower is None:
            return ()
        u, v = rows[:2]
        if not self.tower.reduce(u[-2] * v[-1] - u[-1] * v[-2]).is_zero():
            return rows[:2]
        pivot = -1 if not u[-1].is_zero() else -2
        return (tuple(self.tower.reduce(a * v[pivot] - b * u[pivot]) for a, b in zip(u, v, strict=True)),)

    @property
    def doubts(self) -> set[str]:
        """Why relations found in the tower are not proved on the whole line, if they are not."""
        return self.tower.assumptions if self.tower else set()

    def constants(self, row: Row) -> tuple[sp.Expr, ...]:
        """The coefficients of a relation as numbers (or expressions in the parameters)."""
        assert self.tower is not None
        return tuple(self.tower.stands_for(entry) for entry in row)

    def _vanishes(self, row: Row, columns: Sequence[int]) -> bool:
        """Whether the relation's ball contains 0 at every sample point: a guard, not a proof."""
        _, matrix = self._sampled(128)
        coefficients = [balls.value(c, self.sample, 128) for c in self.constants(row)]
        with flint.ctx.workprec(128):
            totals = [sum((c * r[j] for c, j in zip(coefficients, columns, strict=True)), arb(0)) for r in matrix]
        return all(total.contains(0) for total in totals if total.is_finite())

    def _sampled(self, bits: int) -> tuple[list[fmpq], list[list[arb]]]:
        """Values of all members at the sample points of all pieces, where finite."""
        if bits not in self._values:
            points, matrix = [], []
            for piece in self._distinct:
                for point in self.points[piece]:
                    s, s1, half = balls.jet(piece.expr, {**self.sample, "z": point}, 2, bits)
                    with flint.ctx.workprec(bits):
                        row = _members(arb(point), s, s1, 2 * half, arb(1))
                    if all(v.is_finite() for v in row):
                        points.append(point)
                        matrix.append(row)
            self._values[bits] = points, matrix
        return self._values[bits]

    def minor(self, columns: Sequence[int], most: Sequence[int] = _BITS) -> Minor | None:
        """A square minor over the columns that is proved not to vanish, in balls of the given numbers of bits."""
        if not columns:
            return Minor((), (), _BITS[0], arb(1))
        for bits in most:
            points, matrix = self._sampled(bits)
            rows = [[row[c] for c in columns] for row in matrix]
            # beside values that are larger than the precision resolves, 1 is lost
            large = arb(2) ** (bits // 4)
            small = [i for i, row in enumerate(rows) if all(abs(v) < large for v in row)]
            for used in (range(len(rows)), small):
                chosen = [used[i] for i in _pivot_rows([rows[i] for i in used], bits)]
                if len(chosen) < len(columns):
                    continue
                with flint.ctx.workprec(bits):
                    determinant = arb_mat([rows[i] for i in chosen]).det()
                if balls.is_nonzero(determinant):
                    return Minor(tuple(columns), tuple(points[i] for i in chosen), bits, determinant)
                if len(small) == len(rows):
                    break
        return None


@lru_cache(maxsize=16)
def analysis_of(source: Activation) -> Analysis:
    """The functions of an activation, at its sample of the parameters: one tower for all that is asked of them."""
    return Analysis(source)


def _columns(family: Family) -> list[int]:
    """Where the members of a family stand among all members."""
    return [MEMBERS.index(m) for m in family.members]


def _distinct(pieces: Pieces) -> Pieces:
    """One piece of every formula; all of one that may be another function on another interval."""
    plain = {p.expr: p for p in pieces if not has_branches(p.expr)}
    return (*plain.values(), *(p for p in pieces if has_branches(p.expr)))


_FACTORS = [[x for x, n in m.as_powers_dict().items() if x != 1 for _ in range(n)] for m in MEMBERS]


def _members(z: _T, s: _T, s1: _T, s2: _T, unit: _T) -> list[_T]:
    """All members of families, as products; not by powers: those of balls around 0 are not finite."""
    letters = {VARIABLE: z, S: s, S1: s1, S2: s2}
    return [reduce(mul, [letters[x] for x in member], unit) for member in _FACTORS]


def _pivot_rows(matrix: list[list[arb]], bits: int) -> list[int]:
    """Rows chosen by Gaussian elimination with complete pivoting, columns scaled to size one."""
    with flint.ctx.workprec(bits):
        scales = [
            max((abs(row[j].mid()) for row in matrix), default=arb(0)) for j in range(len(matrix[0]) if matrix else 0)
        ]
        remaining = {  # without the columns of pivots
            i: {j: row[j].mid() / s if s > 0 else row[j].mid() for j, s in enumerate(scales)}
            for i, row in enumerate(matrix)
        }
        chosen: list[int] = []
        while len(chosen) < len(scales) and remaining:
            _, i, j = max(((abs(e), i, j) for i, row in remaining.items() for j, e in row.items()), key=itemgetter(0))
            pivot = remaining.pop(i)
            last = pivot.pop(j)
            if last == 0:
                break
            for row in remaining.values():
                factor = (row.pop(j) / last).mid()
                row |= {c: (row[c] - factor * p).mid() for c, p in pivot.items()}
            chosen.append(i)
    return chosen
