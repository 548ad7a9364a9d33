"""The truth about the conditions of an activation by numerical rank, without any module of the project.

A family of functions sampled at 100 and more points has a relation where elimination with complete pivoting ends in
pivots below 1e-100 at 150 digits (columns and rows of size one); pivots of independent functions stay above 1e-70, also
where they are off a relation by 1e-12 only. Relations, and what falls between, are tried at 450 digits, with thresholds
that lie as much lower, and what then falls between raises: the truth is never guessed. Functions with large values get
six times as many more digits as the values have, since columns of size one put what is small beside them out of sight.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from math import prod

from flint import arb, arb_series, ctx, fmpq
from oracle_jets import Intervals, Unclear, accurate, mirrored, require_points_on_all_pieces

DIGITS = (150, 450)
MEMBERS = {  # powers of z, s, s', s''
    "F1": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0)],
    "A": [(0, 0, 0, 0), (0, 1, 0, 0), (0, 2, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (2, 0, 0, 1), (2, 0, 2, 0)],
    "B": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (2, 0, 1, 0)],
    "C": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (1, 0, 1, 0)],
    "(i)": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0), (2, 0, 0, 1), (2, 0, 2, 0)],
    "(ii)": [(0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 1, 0), (2, 0, 0, 0)],
    "(iii)": [(1, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)],
}
_FEWEST = max(map(len, MEMBERS.values()))  # points on a piece that say as much of a relation as all of it


def _is_zero(value: arb) -> bool:
    """Whether a number of size one is 0, by what the working precision leaves of it."""
    digits = ctx.prec * 3 // 10
    if abs(value) < arb(10) ** -(digits * 2 // 3):
        return True
    if abs(value) > arb(10) ** -(digits * 7 // 15):
        return False
    raise Unclear("a rank")


def _scaled(values: list[arb]) -> list[arb]:
    """Values of size one."""
    most = reduce(max, (abs(v) for v in values)).mid()
    return [arb(0) if _is_zero(most) else (v / most).mid() for v in values]


def nullspace(rows: list[list[arb]]) -> list[list[arb]]:
    """A basis of the relations among the columns, each of size one."""
    columns = [_scaled(list(column)) for column in zip(*rows, strict=True)]
    sizes = [reduce(max, (abs(row[j]) for row in rows)).mid() for j in range(len(columns))]
    left = [_scaled(list(row)) for row in zip(*columns, strict=True)]
    pivots: list[tuple[int, list[arb]]] = []
    free = list(range(len(columns)))
    while free:
        i, j = max(((i, j) for i in range(len(left)) for j in free), key=lambda ij: abs(left[ij[0]][ij[1]]))
        if _is_zero(left[i][j]):
            break
        row = left.pop(i)
        pivot = [(v / row[j]).mid() for v in row]
        left = [[(v - row[j] * p).mid() for v, p in zip(row, pivot, strict=True)] for row in left]
        pivots = [(k, [(v - row[j] * p).mid() for v, p in zip(row, pivot, strict=True)]) for k, row in pivots]
        pivots.append((j, pivot))
        free.remove(j)
    basis = []
    for f in free:
        vector = [arb(int(j == f)) for j in range(len(columns))]
        for j, row in pivots:
            vector[j] = -row[f]
        basis.append(_scaled([v / size if size > 0 else v for v, size in zip(vector, sizes, strict=True)]))
    return basis


@dataclass(frozen=True)
class Truth:
    """The families that fail (at all tau), and the temperatures at which A and (i) fail alone."""

    failing: frozenset[str]
    taus: dict[str, arb]


def truth(text: str, values: dict[str, fmpq | int], intervals: Intervals = ()) -> Truth:
    """What holds of an activation, by numerical rank.

    Args:
        text: s(z), in the operations above.
        values: the values of its parameters.
        intervals: where pieces lie that else have few points or none.

    Raises:
        Unclear: the precision does not tell, or a piece has too few points.
    """
    require_points_on_all_pieces(text, values, intervals, _FEWEST)
    with suppress(Unclear):
        found = _truth(text, values, intervals, DIGITS[0])
        if not found.failing and not found.taus:
            return found
    return _truth(text, values, intervals, DIGITS[1])  # what depends at few digits may just be flat


def _truth(text: str, values: dict[str, fmpq | int], intervals: Intervals, digits: int) -> Truth:
    sampled = accurate(text, values, intervals, digits)
    if len(sampled) < 12:
        raise Unclear("too few points")
    more = digits + 6 * _size(sampled)
    sampled = sampled if more == digits else accurate(text, values, intervals, more)
    with ctx.workprec(more * 10 // 3):
        failing, taus = set(), {}
        for name in MEMBERS:
            fails, tau = _verdict(name, nullspace([monomials(s, z, name) for z, s in sampled]))
            failing |= {name} if fails else set()
            taus |= {} if tau is None else {name: tau}
        return Truth(frozenset(failing), taus)


def _size(sampled: list[tuple[arb, arb_series]]) -> int:
    """How many digits the largest of s, s' and s'' has, beyond the 10 that need no care."""
    largest = reduce(max, (abs(s[i]).upper() for _, s in sampled for i in range(3)))
    return max(int(float((largest + 1).log() / arb(10).log())) - 10, 0)


def monomials(s: arb_series, z: arb, family: str) -> list[arb]:
    """The members of a family at z."""
    row = (z, s[0], s[1], 2 * s[2])
    return [prod((v for v, e in zip(row, m, strict=True) for _ in range(e)), start=arb(1)) for m in MEMBERS[family]]


def fails_across(text: str, values: dict[str, fmpq | int], name: str, *, jumps: bool) -> bool:
    """Whether a family fails with the kinks, or jumps, of s away from 0 counted as distributions.

    The members that become distributions are independent of the others: s'' at a kink, s' too at a jump. Without s''
    there is no relation at all temperatures with the last two members of A and (i).
    """
    hit = [any(m[2:]) if jumps else bool(m[3]) for m in MEMBERS[name]]
    if name in ("A", "(i)"):
        hit[-2:] = True, True
    with ctx.workprec(DIGITS[1] * 10 // 3):
        rows = [monomials(s, z, name) for z, s in accurate(text, values, (), DIGITS[1])]
        basis = nullspace([[v for v, out in zip(row, hit, strict=True) if not out] for row in rows])
    return any(not _is_zero(v[-1]) for v in basis) if name in ("(ii)", "(iii)") else bool(basis)


def _verdict(name: str, basis: list[list[arb]]) -> tuple[bool, arb | None]:
    if name in ("(ii)", "(iii)"):
        return any(not _is_zero(vector[-1]) for vector in basis), None
    if name not in ("A", "(i)") or not basis:
        return bool(basis), None
    if len(basis) > 1:  # at every tau some combination has p = tau q
        return True, None
    p, q = basis[0][-2:]
    if _is_zero(p) or _is_zero(q):
        return _is_zero(p) and _is_zero(q), None
    return False, p / q if p / q > 0 else None


def mirror_truth(text: str, values: dict[str, fmpq | int], intervals: Intervals = ()) -> tuple[str | None, arb | None]:
    """The mirror type of an activation, and the degree p of a homogeneous one.

    With s = e + o in even and odd parts: even if o = 0, homogeneous if o = C z^p and odd if e = c log z + const, all
    for z > 0; the first that applies.

    Raises:
        Unclear: the precision does not tell, or s is real on too little of both sides.
    """
    require_points_on_all_pieces(text, values, intervals, _FEWEST, mirrored=True)
    with ctx.workprec(DIGITS[1] * 10 // 3):
        pairs = mirrored(text, values, intervals, DIGITS[1])
        if all(_is_zero((s[0] - t[0]) / (abs(s[0]) + abs(t[0]) + 1)) for _, s, t in pairs):
            return "even", None
        z, s, t = next(p for p in pairs if not _is_zero(p[1][0] - p[2][0]))
        degree = z * (s[1] + t[1]) / (s[0] - t[0])
        scaled = [(s[0] - t[0]) * z**-degree for z, s, t in pairs]
        if all(_is_zero(c / scaled[0] - 1) for c in scaled):
            return "homogeneous", degree
        slope = pairs[0][0] * (pairs[0][1][1] - pairs[0][2][1])
        rest = [(s[0] + t[0] - slope * z.log(), abs(s[0]) + abs(t[0]) + 1) for z, s, t in pairs]
        return ("odd" if all(_is_zero((r - rest[0][0]) / size) for r, size in rest) else None), None
