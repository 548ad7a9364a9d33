"""The truth about the conditions of an activation by numerical rank, without any module of the project.

A family of functions sampled at 100 and more points has a relation where elimination with complete pivoting ends in
pivots below 1e-100 at 150 digits (columns and rows of size one); pivots of independent functions stay above 1e-70, also
where they are off a relation by 1e-12 only. Relations, and what falls between, are tried at 450 digits, with thresholds
that lie as much lower, and what then falls between raises: the truth is never guessed. Functions with large values get
six times as many more digits as the values have, since columns of size one put what is small beside them out of sight.
"""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from math import prod

from flint import arb, arb_series, ctx, fmpq

DIGITS = (150, 450)
MOST_DIGITS = 6000
MEMBERS = {  # powers of z, s, s', s''
    "F1": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0)],
    "A": [(0, 0, 0, 0), (0, 1, 0, 0), (0, 2, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (2, 0, 0, 1), (2, 0, 2, 0)],
    "B": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (2, 0, 1, 0)],
    "C": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (1, 0, 1, 0)],
    "(i)": [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0), (2, 0, 0, 1), (2, 0, 2, 0)],
    "(ii)": [(0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 1, 0), (2, 0, 0, 0)],
    "(iii)": [(1, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)],
}
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_COMPARED = {ast.Gt: 1, ast.Lt: -1}
_FUNCTIONS = {
    "tan": lambda q: q.sin() / q.cos(),
    "sinh": lambda q: (q.exp() - (-q).exp()) / 2,
    "cosh": lambda q: (q.exp() + (-q).exp()) / 2,
    "tanh": lambda q: 1 - 2 / ((q * 2).exp() + 1),
    "asinh": lambda q: (q + (q * q + 1).sqrt()).log(),
    "acosh": lambda q: (q + (q * q - 1).sqrt()).log(),
    "atanh": lambda q: ((1 + q) / (1 - q)).log() / 2,
    "LambertW": lambda q: q.lambertw(),
    "sigmoid": lambda q: 1 / (1 + (-q).exp()),
    "softplus": lambda q: (1 + q.exp()).log(),
    "gelu": lambda q: q * (1 + (q / arb(2).sqrt()).erf()) / 2,
}
_FUNCTIONS |= {f: getattr(arb_series, f) for f in ("exp", "log", "sqrt", "sin", "cos", "atan", "asin", "acos", "erf")}


_PIECE_BITS = 256
_LEAST = arb(10) ** -40  # a derivative that is smaller may be out of sight
_FEWEST = max(map(len, MEMBERS.values()))  # points on a piece that say as much of a relation as all of it
_signs: list[int] = []  # taken while a jet is evaluated: they tell its piece


class Unclear(Exception):
    """A sign or a rank that the precision does not tell, or a piece with too few points."""


def _is_zero(value: arb) -> bool:
    """Whether a number of size one is 0, by what the working precision leaves of it."""
    digits = ctx.prec * 3 // 10
    if abs(value) < arb(10) ** -(digits * 2 // 3):
        return True
    if abs(value) > arb(10) ** -(digits * 7 // 15):
        return False
    raise Unclear("a rank")


def _sign(q: arb_series) -> int:
    if not (q[0] > 0 or q[0] < 0):
        raise Unclear("a sign")
    _signs.append(1 if q[0] > 0 else -1)
    return _signs[-1]


def jet(text: str, values: dict[str, fmpq | int]) -> arb_series:
    """s, s' and s''/2 at z, as a power series."""
    names = {k: arb_series([arb(v), 1] if k == "z" else [arb(v)], prec=3) for k, v in values.items()}
    names |= {"pi": arb_series([arb.pi()], prec=3), "E": arb_series([arb.const_e()], prec=3)}
    return _jet(ast.parse(text, mode="eval").body, names)


def _jet(node: ast.expr, names: dict[str, arb_series]) -> arb_series:
    """A jet whose parts are all finite: 0 times what is not real is not real.

    Raises:
        ValueError: some part is not real or not finite.
    """
    found = _any_jet(node, names)
    if not all(found[i].is_finite() for i in range(3)):
        raise ValueError(f"{ast.unparse(node)} is not real and finite")
    return found


def _any_jet(node: ast.expr, names: dict[str, arb_series]) -> arb_series:
    match node:
        case ast.Constant(n):
            return arb_series([arb(fmpq(*Fraction(repr(n)).as_integer_ratio()))], prec=3)  # decimals are exact
        case ast.Name(name):
            return names[name]
        case ast.UnaryOp(ast.USub(), p):
            return -_jet(p, names)
        case ast.BinOp(p, ast.Pow(), q):
            return _power(_jet(p, names), _jet(q, names))
        case ast.BinOp(p, symbol, q):
            return _OPERATORS[type(symbol)](_jet(p, names), _jet(q, names))
        case ast.Call(ast.Name("where"), [ast.Compare(p, [symbol], [q]), yes, no]):
            positive = _sign(_jet(p, names) - _jet(q, names)) == _COMPARED[type(symbol)]
            return _jet(yes if positive else no, names)
        case ast.Call(ast.Name(f), arguments):
            return _call(f, [_jet(q, names) for q in arguments])
    raise ValueError(ast.dump(node))


def _power(base: arb_series, exponent: arb_series) -> arb_series:
    n = exponent[0].unique_fmpz() if exponent[0].is_exact() and len(exponent) <= 1 else None
    if n is None or abs(n) > 50:
        return (exponent * base.log()).exp()
    power = prod([base] * abs(int(n)), start=arb_series([1], prec=3))
    return power if n >= 0 else 1 / power


def _call(f: str, arguments: list[arb_series]) -> arb_series:
    q = arguments[0]
    if f in ("asin", "acos", "acosh"):  # where the argument touches 1 or -1, its derivative changes sign
        _signs.append(int(q[1] > 0) - int(q[1] < 0))
    if f in ("abs", "sign", "relu"):
        sign = _sign(q)
        return {"abs": q * sign, "sign": 0 * q + sign, "relu": q if sign > 0 else 0 * q}[f]
    if f in ("max", "min"):
        larger, smaller = arguments if _sign(q - arguments[1]) > 0 else arguments[::-1]
        return larger if f == "max" else smaller
    return _FUNCTIONS[f](q)


Intervals = Sequence[tuple[fmpq, fmpq]]


def points(intervals: Intervals = ()) -> Iterator[fmpq]:
    """Six points in every half unit of (-5, 5), some further out, and 40 in each of further intervals."""
    for k, j in product(range(-10, 10), range(1, 7)):
        yield fmpq(k, 2) + fmpq(2 * j * j + k % 3 + 1, 173)
    yield from (fmpq(s * p, 173) for p in (1063, 1459, 1853) for s in (1, -1))
    yield from (lower + (upper - lower) * fmpq(2 * j + 1, 83) for lower, upper in intervals for j in range(41))


_FAR = [173 * 2**k + 60 * j * 2**k + 1 for k in range(3, 11) for j in range(3)]


def _require_points_on_all_pieces(
    text: str, values: dict[str, fmpq | int], intervals: Intervals, mirrored: bool = False
) -> None:
    """That every piece seen up to |z| = 2000, or pair of pieces at z and -z, has as many points as a family members."""

    def piece(z: fmpq) -> tuple[tuple[int, ...], ...] | None:
        found = [_piece(text, {**values, "z": p}) for p in ((z, -z) if mirrored else (z,))]
        return None if None in found else tuple(p for p in found if p is not None)

    with ctx.workprec(_PIECE_BITS):
        counts = Counter(found for z in points(intervals) if (found := piece(z)) is not None)
        far = {piece(fmpq(s * p, 173)) for p in _FAR for s in (1, -1)} - {None}
    if not counts or any(counts[found] < _FEWEST for found in far | set(counts)):
        raise Unclear("a piece with few points")


def _piece(text: str, values: dict[str, fmpq | int]) -> tuple[int, ...] | None:
    """The signs that a jet is evaluated with; None where it is not real, or too near to a constant."""
    _signs.clear()
    try:
        s = jet(text, values)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return tuple(_signs) if all(abs(s[i]) > _LEAST or s[i].contains(0) for i in (1, 2)) else None


def _sampled(text: str, values: dict[str, fmpq | int], intervals: Intervals) -> list[tuple[arb, arb_series]]:
    """z and the jets of s at all points where they are real and finite."""
    found = []
    for z in points(intervals):
        try:
            s = jet(text, {**values, "z": z})
        except (ValueError, ZeroDivisionError):
            continue
        if all(s[i].is_finite() for i in range(3)):
            found.append((arb(z), s))
    return found


def _accurate(
    text: str, values: dict[str, fmpq | int], intervals: Intervals, digits: int
) -> list[tuple[arb, arb_series]]:
    """What is sampled, at a precision of so many digits, or of more where parts cancel."""
    work = digits
    while work <= MOST_DIGITS:
        with ctx.workprec(work * 10 // 3):
            sampled = _sampled(text, values, intervals)
        if all(_is_accurate(s, digits, 3) for _, s in sampled):
            return sampled
        work *= 2
    raise Unclear("values are too large, or cancel")


def _is_accurate(s: arb_series, digits: int, orders: int) -> bool:
    """Whether a jet has most of so many digits."""
    return all(s[i].rad() < (1 + abs(s[i])) * arb(10) ** -(digits * 4 // 5) for i in range(orders))


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
    _require_points_on_all_pieces(text, values, intervals)
    with suppress(Unclear):
        found = _truth(text, values, intervals, DIGITS[0])
        if not found.failing and not found.taus:
            return found
    return _truth(text, values, intervals, DIGITS[1])  # what depends at few digits may just be flat


def _truth(text: str, values: dict[str, fmpq | int], intervals: Intervals, digits: int) -> Truth:
    sampled = _accurate(text, values, intervals, digits)
    if len(sampled) < 12:
        raise Unclear("too few points")
    more = digits + 6 * _size(sampled)
    sampled = sampled if more == digits else _accurate(text, values, intervals, more)
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
    _require_points_on_all_pieces(text, values, intervals, mirrored=True)
    with ctx.workprec(DIGITS[1] * 10 // 3):
        pairs = _mirrored(text, values, intervals)
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


def _mirrored(
    text: str, values: dict[str, fmpq | int], intervals: Intervals
) -> list[tuple[arb, arb_series, arb_series]]:
    """z and the jets of s at z and at -z, at all points z > 0 where both are real and finite."""
    found = []
    for z in sorted({abs(p) for p in points(intervals)}):
        try:
            s, t = (jet(text, {**values, "z": p}) for p in (z, -z))
        except (ValueError, ZeroDivisionError):
            continue
        if all(f[i].is_finite() for f in (s, t) for i in range(2)):
            if not all(_is_accurate(f, DIGITS[1], 2) for f in (s, t)):
                raise Unclear("values that cancel")
            found.append((arb(z), s, t))
    if len(found) < 12:
        raise Unclear("too few points on both sides")
    return found
