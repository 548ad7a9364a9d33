"""Lists the families of functions of z that the conditions want independent, and finds all relations among them.

For u = exp(s(beta1.x)/tau) N(y | a.x + b, nu) every derivative is

    D^alpha u = u * g(x, s, s', s'', 1/tau) * H_k(y),    H_k = (d/dmu)^k N / N,

and the H_k are independent functions of y for every x. A relation with constant coefficients therefore splits by the
Hermite degree k and, in coordinates with beta1 along the first axis, by the monomial in the other coordinates. The
part of degree k without those coordinates is a family; the parts with them, multiplied by a power of z, lie in its
span, so that the families of d = 1 decide every d (theory 3.1, 3.2; test_families.py derives all of them from the
atom).

Relations are exact nullspaces, and balls prove that no others exist. Kinks and jumps between pieces turn members of a
family into distributions (`kinks_of`). What is decided of a condition is a `Verdict`: three-valued, with its scope,
relation and, if undecided, reason (theory E.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, reduce
from itertools import pairwise
from operator import mul
from typing import Any, Literal, TypeVar

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq, fmpz_mpoly

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, limit
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import Sample, has_branches
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
_BITS = 256
_PRECISIONS = (64, 128, 320, 1024, 4096)  # bits of the balls of a minor
_MOST_TERMS = 50_000

S, S1, S2 = sp.symbols("s s' s''")
VARIABLE = sp.Symbol("z")


@dataclass(frozen=True)
class Family:
    """Functions of z as monomials in z, s, s' and s''.

    Attributes:
        name: what theory calls it.
        members: the monomials.
        at_tau: whether the last two members p, q enter as one, p + q/tau.
        target_last: whether only relations that involve the last member count.
    """

    name: str
    members: tuple[sp.Expr, ...]
    at_tau: bool = False
    target_last: bool = False

    def combined(self, coefficients: Iterable[sp.Expr]) -> sp.Expr:
        """The combination sum c_j f_j of the members."""
        return sp.Add(*(c * m for c, m in zip(coefficients, self.members, strict=True)))


_ONE, _SLOPE, _CURVATURE = sp.S.One, VARIABLE * S1, (VARIABLE**2 * S2, VARIABLE**2 * S1**2)

FIRST_ORDER = Family("F1", (_ONE, S, _SLOPE))
"""The gate's part of u and its first derivatives (the other parts, {1, z} and {1}, are always independent)."""

SECOND_ORDER = (
    Family("A", (_ONE, S, S**2, _SLOPE, S * _SLOPE, *_CURVATURE), at_tau=True),
    Family("B", (_ONE, S, VARIABLE, VARIABLE * S, _SLOPE, VARIABLE * _SLOPE)),
    Family("C", (_ONE, S, VARIABLE, VARIABLE**2, _SLOPE)),
)
"""The parts of Hermite degree 0, 1 and 2 of u and its derivatives of order <= 2."""

SHARP = (
    Family("(i)", (_ONE, S, _SLOPE, *_CURVATURE), at_tau=True),
    Family("(ii)", (_ONE, VARIABLE, _SLOPE, VARIABLE**2), target_last=True),
    Family("(iii)", (VARIABLE, _SLOPE, _ONE), target_last=True),
)
"""The families of the sharp conditions, the member that must stay outside last in (ii) and (iii).

(i): degree 0 of the derivatives of order <= 2 without products with tau; (ii): z^2, from u_aa, against the rest of
degree 2; (iii): 1, from the moments in b and nu at every degree, against single derivatives by a and beta1.
"""

MIRROR = Family("mirror", (_ONE, S, _SLOPE, _CURVATURE[0]), target_last=True)
"""z^2 s'' against what moves a mirror point of type odd (theory 3.3.1)."""

EVERY = (FIRST_ORDER, *SECOND_ORDER, *SHARP)
MEMBERS = tuple(dict.fromkeys(m for family in EVERY for m in family.members))
"""All functions that some family has, once each."""


Outcome = Literal["holds", "fails", "undecided"]

CONDITIONS = {
    "first_order": "first order: F1",
    "second_order": "second order: A, B, C",
    "tau_beta1": "sharp (i): tau, beta1",
    "a": "sharp (ii): a",
    "b_nu": "sharp (iii): b, nu",
}
"""The conditions that are decided, in order, and what each is called where it stands alone."""


@dataclass(frozen=True)
class Verdict:
    """The answer to one condition.

    Attributes:
        relation: for a failure (or a failure at some tau) the linear relation, in s, s', s'' and z.
        scopes: for which tau, parameters and derivatives the outcome is meant, and what else goes with it.
        reason: why it is undecided; None otherwise.
        fails_at_tau: the temperatures at which a condition that holds otherwise fails.
        failing_families: names of the families that fail for all tau.
        latex: the relation as LaTeX.
    """

    outcome: Outcome
    relation: str | None = None
    scopes: tuple[str, ...] = ()
    reason: str | None = None
    fails_at_tau: tuple[str, ...] = ()
    failing_families: tuple[str, ...] = ()
    latex: str | None = None

    @property
    def scope(self) -> str:
        """The scopes as a text."""
        return "; ".join(self.scopes)

    def record(self, *names: str) -> dict[str, Any]:
        """The outcome with some of these, tuples as the lists of JSON."""
        values = ((name, getattr(self, name)) for name in names)
        return {"verdict": self.outcome, **{n: list(v) if isinstance(v, tuple) else v for n, v in values}}


def outcome_in_words(verdict: Verdict, but: str = "except") -> str:
    """The outcome in words, with the temperatures (after this word) or families at which it fails."""
    if verdict.fails_at_tau:
        return f"{verdict.outcome}, {but} at tau = {', '.join(verdict.fails_at_tau)}"
    if verdict.failing_families:
        return f"{verdict.outcome} ({', '.join(verdict.failing_families)})"
    return verdict.outcome


@dataclass(frozen=True)
class Kinks:
    """Points away from 0 where s is continuous and s' is proved to jump, and where s is (at 0, z kills the delta).

    joints: neighbours between which s is not proved to jump.
    sample: of the parameters.
    """

    kinks: tuple[sp.Expr, ...] = ()
    jumps: tuple[sp.Expr, ...] = ()
    joints: tuple[tuple[Piece, Piece], ...] = ()
    sample: Sample = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.kinks or self.jumps)

    @property
    def unclear(self) -> bool:
        """Whether s may jump elsewhere: somewhere its two limits are not shown to be the same number.

        Not beside a pole of one formula without branches: what holds on one side holds on the other.
        """
        suspects = (j for j in self.joints if j[0].expr != j[1].expr or has_branches(j[0].expr))
        return any(not meets(*joint, self.sample) for joint in suspects)

    def unaffected(self, family: Family) -> Family:
        """The members that stay functions: without s'' at a kink, without s' and s'' at a jump."""
        hit = {S1, S2} if self.jumps else {S2} if self.kinks else set()
        return Family(family.name, tuple(m for m in family.members if not m.free_symbols & hit))

    def described(self) -> str:
        """Where they are, as text."""
        parts = [("the jump", self.jumps), ("the kink", self.kinks)]
        return " and ".join(
            f"{name}{'s' if len(points) > 1 else ''} at z = {', '.join(str(p) for p in points)}"
            for name, points in parts
            if points
        )


def kinks_of(pieces: Pieces, sample: Sample) -> Kinks:
    """The kinks and jumps of a piece structure, at one sample of the parameters."""
    kinks, jumps, joints, algebra = [], [], [], Algebra(sample)
    for left, right in pairwise(pieces):
        if algebra.compare(left.upper, right.lower) or not algebra.compare(right.lower, sp.S.Zero):
            continue
        at = {**sample, "z": balls.value(right.lower, sample, _BITS)}
        below, above = (balls.jet(piece.expr, at, 1, _BITS) for piece in (left, right))
        gap = above[0] - below[0]
        if balls.is_nonzero(gap) or meets(left, right, sample) is False:  # a jump may be smaller than a ball
            jumps.append(right.lower)
            continue
        joints.append((left, right))
        if balls.is_nonzero(above[1] - below[1]):
            kinks.append(right.lower)
    return Kinks(tuple(kinks), tuple(jumps), tuple(joints), sample)


def meets(left: Piece, right: Piece, sample: Sample) -> bool | None:
    """Whether s has one finite limit from both sides of the point between neighbours; None where neither is proved."""
    below, above = limit(left, left.upper, sample), limit(right, right.lower, sample)
    if {below, above} & {sp.oo, -sp.oo, sp.nan}:
        return None
    gap = sp.expand(above - below)
    return True if gap == 0 else False if balls.sign(gap, sample) else None


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
        cheap = self.minor(columns, _PRECISIONS[:3])
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
        note = f"{reason}, and no determinant excludes zero in balls of up to {_PRECISIONS[-1]} bits"
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

    def minor(self, columns: Sequence[int], most: Sequence[int] = _PRECISIONS) -> Minor | None:
        """A square minor over the columns that is proved not to vanish, in balls of the given numbers of bits."""
        if not columns:
            return Minor((), (), _PRECISIONS[0], arb(1))
        for bits in most:
            points, matrix = self._sampled(bits)
            rows = [[row[c] for c in columns] for row in matrix]
            # beside values that are larger than the precision resolves, 1 is lost
            large = arb(2) ** (bits // 4)
            small = [i for i, row in enumerate(rows) if all(abs(v) < large for v in row)]
            for used in (range(len(rows)), small):
                with flint.ctx.workprec(bits):
                    sizes = [max(abs(rows[i][j].mid()) for i in used) for j in range(len(columns))] if used else []
                    scaled = [[v / size for v, size in zip(rows[i], sizes, strict=True)] for i in used]
                    chosen = [used[i] for i in balls.pivot_rows(scaled)]
                    if len(chosen) < len(columns):
                        continue
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
