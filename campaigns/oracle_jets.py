"""Values and derivatives of an activation at points of all its pieces, without any module of the project."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import prod

from flint import arb, arb_series, ctx, fmpq

MOST_DIGITS = 6000
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
_signs: list[int] = []  # taken while a jet is evaluated: they tell its piece


class Unclear(Exception):
    """A sign or a rank that the precision does not tell, or a piece with too few points."""


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


def require_points_on_all_pieces(
    text: str, values: dict[str, fmpq | int], intervals: Intervals, fewest: int, mirrored: bool = False
) -> None:
    """That every piece seen up to |z| = 2000, or pair of pieces at z and -z, has at least the fewest points.

    Points too near to a constant show a piece, but not what it is.

    Raises:
        Unclear: one has fewer.
    """

    def piece(z: fmpq) -> tuple[tuple[tuple[int, ...], ...], bool] | None:
        found = [_piece(text, {**values, "z": p}) for p in ((z, -z) if mirrored else (z,))]
        both = [p for p in found if p is not None]
        return (tuple(signs for signs, _ in both), all(clear for _, clear in both)) if len(both) == len(found) else None

    with ctx.workprec(_PIECE_BITS):
        near = [found for z in points(intervals) if (found := piece(z)) is not None]
        far = [found for p in _FAR for s in (1, -1) if (found := piece(fmpq(s * p, 173))) is not None]
    counts = Counter(signs for signs, clear in near if clear)
    if not counts or any(counts[signs] < fewest for signs, _ in [*near, *far]):
        raise Unclear("a piece with few points")


def _piece(text: str, values: dict[str, fmpq | int]) -> tuple[tuple[int, ...], bool] | None:
    """The signs that a jet is evaluated with, and whether it is no constant in disguise; None where it is not real."""
    _signs.clear()
    try:
        s = jet(text, values)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return tuple(_signs), all(abs(s[i]) > _LEAST or s[i].contains(0) for i in (1, 2))


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


def accurate(
    text: str, values: dict[str, fmpq | int], intervals: Intervals, digits: int
) -> list[tuple[arb, arb_series]]:
    """z and the jets of s where they are real, to so many digits, at a higher precision where parts cancel.

    Raises:
        Unclear: no precision is enough.
    """
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


def mirrored(
    text: str, values: dict[str, fmpq | int], intervals: Intervals, digits: int
) -> list[tuple[arb, arb_series, arb_series]]:
    """z and the jets of s at z and at -z, at all points z > 0 where both are real and finite.

    Raises:
        Unclear: they have not so many digits, or the points are few.
    """
    found = []
    for z in sorted({abs(p) for p in points(intervals)}):
        try:
            s, t = (jet(text, {**values, "z": p}) for p in (z, -z))
        except (ValueError, ZeroDivisionError):
            continue
        if all(f[i].is_finite() for f in (s, t) for i in range(2)):
            if not all(_is_accurate(f, digits, 2) for f in (s, t)):
                raise Unclear("values that cancel")
            found.append((arb(z), s, t))
    if len(found) < 12:
        raise Unclear("too few points on both sides")
    return found


def ends(text: str, values: dict[str, fmpq | int], left_out: Sequence[str]) -> list[tuple[bool, bool]]:
    """Whether s jumps, and whether it or s' does, at the ends of pieces that are not left out; at 0 nothing matters.

    Raises:
        Unclear: s is not finite beside one, or there are no numbers there.
    """
    found = []
    with ctx.workprec(2000):
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Compare):
                end = ast.get_source_segment(text, node.comparators[0])
                p = jet(end, values)[0]
                if not p.is_finite():
                    raise Unclear("an end")
                if abs(p) < arb(10) ** -300 or end in left_out:
                    continue
                sides = [_beside(text, values, p + sign * arb(10) ** -200) for sign in (1, -1)]
                jumps = [abs(sides[0][i] - sides[1][i]) > arb(10) ** -100 for i in range(2)]
                found.append((jumps[0], any(jumps)))
    return found


def _beside(text: str, values: dict[str, fmpq | int], z: arb) -> arb_series:
    try:
        return jet(text, {**values, "z": z})
    except (ValueError, ZeroDivisionError):
        raise Unclear("no number beside an end") from None
