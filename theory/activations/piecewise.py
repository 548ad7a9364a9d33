"""Resolves abs, sign, max, min and where into smooth pieces on intervals.

Pieces end at the poles of formulas and of their parts, where s may jump. What holds on one side of a pole need not hold
on the other: atan(z) + atan(1/z) is (pi/2) sign(z).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from itertools import islice, pairwise

import flint
import sympy as sp
from flint import arb, fmpq

from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import (
    NoClosedForm,
    RecordingSample,
    Sample,
    Z,
    elementary,
    has_parameters,
    note,
    real_roots,
    sign_at,
)
from temperance.theory.expressions.language import KNOWN

_SIGN_POINTS = 3
_COMPARE_BITS = 2048
_OO = sp.S.Infinity
_SPREAD = [
    fmpq(p, q) for p, q in ((1, 9), (2, 7), (3, 5), (6, 7), (5, 4), (13, 8), (17, 7), (7, 2), (36, 7), (70, 9), (25, 2))
]
_NEAR = [fmpq(s * i, 8) for i in range(1, 129) for s in (1, -1)]
_ENOUGH_POINTS = 24
_FRACTIONS = [fmpq(p, 23) for p in (1, 2, 4, 6, 7, 9, 11, 13, 15, 16, 18, 20, 22)]


@dataclass(frozen=True)
class Piece:
    """One open interval (lower, upper) on which s(z) = expr is smooth; the ends may hold parameters.

    The formula is one in Z and parameters, without Abs, sign, Max, Min or Piecewise.
    """

    expr: sp.Expr
    lower: sp.Expr = -_OO
    upper: sp.Expr = _OO


Pieces = tuple[Piece, ...]


def ends_of(pieces: Iterable[Piece]) -> list[sp.Expr]:
    """The finite ends of pieces, in order, each once: where s may have a kink or a jump."""
    return list(dict.fromkeys(e for piece in pieces for e in (piece.lower, piece.upper) if e.is_finite))


def rational_inside(lower: arb | None, upper: arb | None) -> fmpq:
    """A short rational number strictly between two separated balls (None: unbounded)."""
    if lower is None:
        return fmpq(_middle(upper.lower()).floor()) - 1 if upper is not None else fmpq(0)
    if upper is None:
        return fmpq(_middle(lower.upper()).floor()) + 2
    middle, step = (_middle(lower) + _middle(upper)) / 2, fmpq(1)
    with flint.ctx.workprec(2 * _COMPARE_BITS):
        for _ in range(2 * _COMPARE_BITS):
            below = (middle / step).floor() * step
            for point in (below, below + step):
                if arb(point) > lower and arb(point) < upper:
                    return point
            step /= 2
    raise ValueError("two switching points lie too close together to be told apart")


def _formal_point(lower: sp.Expr, upper: sp.Expr) -> sp.Expr:
    """A formula of a point of an interval, which stays inside it where the parameters change."""
    if lower == -_OO:
        return sp.S.Zero if upper == _OO else upper - 1
    return lower + 1 if upper == _OO else (lower + upper) / 2


def _signs_inside(part: Piece) -> Iterator[sp.Expr]:
    """Expressions in the parameters with the sign of a formula inside an interval without a change of it.

    At a point of the interval; and where an end is a root, the derivative there, towards the inside.
    """
    yield sp.expand_log(part.expr.xreplace({Z: _formal_point(part.lower, part.upper)}))
    for end, side in ((part.lower, 1), (part.upper, -1)):
        if abs(end) != _OO and sp.expand(part.expr.xreplace({Z: end})).is_zero:
            slope = sp.expand(side * part.expr.diff(Z).xreplace({Z: end}))
            if slope != 0:
                yield slope


def _middle(ball: arb) -> fmpq:
    if not ball.is_finite():
        raise ValueError("a switching point has no finite value")
    mantissa, exponent = (int(part) for part in ball.mid().man_exp())
    return fmpq(mantissa << exponent) if exponent >= 0 else fmpq(mantissa, 1 << -exponent)


def sample_points(piece: Piece, sample: Sample, domain: Sequence[sp.Expr] = ()) -> tuple[fmpq, ...]:
    """Short rational points of a piece, near to and far from its ends and the origin.

    domain: what must be positive, at the points for which it is proved.
    """
    algebra = Algebra(sample)
    low, high = algebra.ball(piece.lower), algebra.ball(piece.upper)
    inner = rational_inside(low, high)
    candidates = [inner, *(p * s for p in _SPREAD for s in (1, -1))]
    if low is not None and high is not None:
        a, b = _middle(low), _middle(high)
        candidates += [_short(a + (b - a) * t, (b - a) / 4096) for t in _FRACTIONS]
    else:
        candidates += [inner + p if high is None else inner - p for p in _SPREAD]
    candidates += _NEAR if domain else []
    inside = dict.fromkeys(p for p in candidates if (low is None or p > low) and (high is None or p < high))
    if not domain:
        return tuple(inside)
    met = (p for p in inside if all(balls.sign(c, {**sample, "z": p}, 512) == 1 for c in domain))
    return tuple(islice(met, _ENOUGH_POINTS))


def on_both_sides(pieces: Pieces, sample: Sample) -> Pieces:
    """The pairs (s(z), s(-z)) on common pieces of the half-line z > 0."""
    turned = tuple(Piece(p.expr.xreplace({Z: -Z}).doit(), -p.upper, -p.lower) for p in reversed(pieces))
    half = (Piece(sp.S.One, sp.S.Zero, _OO),)
    return Algebra(sample).map(lambda s, t, _: sp.Tuple(s, t), pieces, turned, half)


def _short(value: fmpq, step: fmpq) -> fmpq:
    return value if step == 0 or value.q < 10**6 else fmpq((value / step).floor()) * step


def _vanishes(expr: sp.Expr) -> bool:
    """Whether an expression is 0 identically, as far as expanding it shows, all rewritten in exp where need be."""
    if sp.expand(expr) == 0:
        return True
    return bool(sp.expand(sp.fraction(sp.together(elementary(expr).rewrite(sp.exp)))[0]) == 0)


class Algebra:
    """Operations on piecewise formulas at one sample of the parameters, on the common refinement of the arguments.

    Attributes:
        switched: whether formulas were chosen between, by a sign that is not the same on the whole line.
        branched: whether they were, or might be at other values of the parameters.
        domain: what must be positive, on every piece, where a function is real, as far as that has no closed form.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.switched = self.branched = False
        self.domain: list[sp.Expr] = []

    def ball(self, number: sp.Expr) -> arb | None:
        """The enclosure of an end point; None for an infinite one."""
        return None if number in (_OO, -_OO) else balls.value(number, self.sample, _COMPARE_BITS)

    def compare(self, p: sp.Expr, q: sp.Expr) -> int:
        """Order of two end points; 0 where 2048 bits do not separate them."""
        if p == q:
            return 0
        if p is _OO or q is -_OO:
            return 1
        if p is -_OO or q is _OO:
            return -1
        return sign_at(p - q, self.sample) or 0

    def clipped(self, pieces: Pieces, lower: sp.Expr, upper: sp.Expr) -> Pieces:
        """What lies of the pieces in an interval."""
        return self.map(lambda formula, _: formula, pieces, (Piece(sp.S.One, lower, upper),))

    def ordered(self, points: Iterable[sp.Expr]) -> list[sp.Expr]:
        """Points in order, each once."""
        ordered: list[sp.Expr] = []
        for point in sorted(points, key=cmp_to_key(self.compare)):
            if not ordered or self.compare(ordered[-1], point):
                ordered.append(point)
        return ordered

    def _covers(self, piece: Piece, lower: sp.Expr, upper: sp.Expr) -> bool:
        return self.compare(piece.lower, lower) <= 0 and self.compare(upper, piece.upper) <= 0

    def map(self, build: Callable[..., sp.Expr], *values: Pieces) -> Pieces:
        """Apply a smooth operation piece by piece; what is nowhere real and finite is left out."""
        ends = self.ordered(e for v in values for p in v for e in (p.lower, p.upper))
        result = []
        for lower, upper in pairwise(ends):
            covering = [next((p for p in v if self._covers(p, lower, upper)), None) for v in values]
            if all(covering):
                result.append(Piece(build(*(c.expr for c in covering if c)), lower, upper))
        return tuple(p for p in result if not p.expr.has(sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I))

    def signs(self, value: Pieces) -> list[tuple[Piece, int]]:
        """Split each piece where its formula changes sign, with the proved sign on every part.

        Raises NoClosedForm: a sign change has no closed form, or no precision resolves a sign.
        """
        parts = [(part, self._proved_sign(part)) for piece in value for part in self.split(piece)]
        whole = len(parts) == 1 and parts[0][0].lower == -_OO and parts[0][0].upper == _OO
        self.switched = self.switched or not whole
        self.branched = self.branched or not whole or any(has_parameters(piece.expr) for piece in value)
        return parts

    def _proved_sign(self, part: Piece) -> int:
        """The proved sign on an interval without a change of sign: 0 where the formula vanishes."""
        sign = self._sign_at_points(part)
        if sign != 0:
            self._note_inside(part, sign)
        if sign is None:
            raise NoClosedForm(part.expr)
        return sign

    def split(self, piece: Piece) -> Pieces:
        """A piece in parts on which its formula does not change its sign."""
        roots = real_roots(piece.expr, self.sample)
        inner = [r for r in roots if self.compare(piece.lower, r) < 0 and self.compare(r, piece.upper) < 0]
        ends = self.ordered([piece.lower, *inner, piece.upper])
        return tuple(Piece(piece.expr, lower, upper) for lower, upper in pairwise(ends))

    def _real_parts(self, condition: Piece) -> list[tuple[Piece, int]]:
        """The parts of a piece on which a condition is positive or 0; where that has no closed form, all of it."""
        try:
            return [(part, self._proved_sign(part)) for part in self.split(condition)]
        except NoClosedForm:
            if self._sign_at_points(condition) == 0:
                return [(condition, 0)]
            self.domain.append(condition.expr)
            if has_parameters(condition.expr):
                note(sp.nan, self.sample)
            return [(condition, 1)]

    def _sign_at_points(self, part: Piece) -> int | None:
        """The proved sign at a point of an interval; 0 where the formula vanishes; None where nothing is proved."""
        points = sample_points(part, self.sample)[:_SIGN_POINTS]
        signs = (balls.sign(part.expr, {**self.sample, "z": point}) for point in points)
        sign = next((sign for sign in signs if sign), None)
        return 0 if sign is None and _vanishes(part.expr) else sign

    def _note_inside(self, part: Piece, sign: int | None) -> None:
        """Have what decides the sign inside an interval noted, if parameters do; nan where it is not known."""
        ends = [end for end in (part.lower, part.upper) if abs(end) != _OO]
        if isinstance(self.sample, RecordingSample) and any(map(has_parameters, (part.expr, *ends))):
            expressions = [e for e in _signs_inside(part) if not e.has(sp.zoo, sp.nan)]
            proved = [e for e in expressions if sign is not None and balls.sign(e, self.sample) == sign]
            note(min(proved, key=sp.count_ops, default=sp.nan), self.sample)

    def in_domain(self, arguments: Piece, conditions: Sequence[tuple[sp.Expr, sp.Expr]]) -> Pieces:
        """The parts on which a function is real: every condition is positive, or vanishes identically.

        Args:
            arguments: a piece whose formula is the tuple of arguments of the function.
            conditions: (c, edge): c must not be negative; where c = 0 throughout, the first argument is edge.
        """
        parts: Pieces = (arguments,)
        for condition, edge in conditions:
            real = []
            for part in parts:
                for sub, sign in self._real_parts(Piece(condition, part.lower, part.upper)):
                    first, *rest = part.expr
                    if sign >= 0:
                        real.append(Piece(sp.Tuple(first if sign else edge, *rest), sub.lower, sub.upper))
            parts = tuple(real)
        return parts

    def choose(self, switch: Pieces, positive: Pieces, zero: Pieces, negative: Pieces) -> Pieces:
        """Three-way choice by the sign of switch, almost everywhere."""
        result: list[Piece] = []
        for part, sign in self.signs(switch):
            branch = positive if sign > 0 else negative if sign < 0 else zero
            result += self.clipped(branch, part.lower, part.upper)
        return self._merged(result)

    def _merged(self, pieces: list[Piece]) -> Pieces:
        """Join neighbours with one formula that is finite between them."""
        merged: list[Piece] = []
        for piece in pieces:
            last = merged[-1] if merged else None
            if last and last.expr == piece.expr and not self.compare(last.upper, piece.lower) and self._smooth(piece):
                merged[-1] = Piece(last.expr, last.lower, piece.upper)
            else:
                merged.append(piece)
        return tuple(merged)

    def _smooth(self, piece: Piece) -> bool:
        at = {**self.sample, "z": balls.value(piece.lower, self.sample, _COMPARE_BITS)}
        return all(c.is_finite() for c in balls.jet(piece.expr, at, 2, 256))


_BITS = 256
_MOST_ORDER = 4  # of a zero that is cancelled
_BRANCHING = (sp.atan, sp.asinh)  # continued around a pole of the argument, they are other functions


def cut_at_poles(pieces: Pieces, sample: Sample) -> tuple[Pieces, tuple[sp.Expr, ...]]:
    """The pieces, ended at the poles of the formulas and of their parts, but for singularities that are removable.

    Returns:
        The pieces; and what vanishes at poles without a closed form, beside which one formula may be several functions.
    """
    cut: list[Piece] = []
    unseen: dict[sp.Expr, None] = {}
    for piece in pieces:
        branching = {d for f in piece.expr.atoms(*_BRANCHING) for d in _denominators(f.args[0])}
        # which meromorphic pieces there are does not depend on the parameters: their identities pass a pole
        algebra = Algebra(sample if branching else dict(sample))
        poles = []
        for denominator in _denominators(piece.expr):
            try:
                poles += real_roots(denominator, algebra.sample)
            except NoClosedForm:
                unseen |= {denominator: None} if denominator in branching else {}
        inside = (p for p in poles if algebra.compare(piece.lower, p) < 0 < algebra.compare(piece.upper, p))
        singular = [p for p in algebra.ordered(inside) if not _is_analytic_at(p, piece.expr, algebra.sample)]
        cut += [replace(piece, lower=low, upper=high) for low, high in pairwise([piece.lower, *singular, piece.upper])]
    return tuple(cut), tuple(unseen)


def _denominators(expr: sp.Expr) -> dict[sp.Expr, None]:
    """What vanishes at the poles of a formula and of its parts."""
    denominators: dict[sp.Expr, None] = {}
    for e in sp.preorder_traversal(expr):
        if e.is_Pow and e.exp.is_Integer and e.exp < 0:
            denominators[e.base] = None
        elif e.func is sp.tan:
            denominators[sp.cos(e.args[0])] = None
        elif e.func is sp.gamma:
            denominators[1 / e] = None
    return {d: None for d in denominators if d.has(Z) and not d.is_nonzero}


def _is_analytic_at(point: sp.Expr, e: sp.Expr, sample: Sample) -> bool:
    """Whether a formula is proved to be analytic at a point, singularities that are removable left out."""
    at = {**sample, "z": balls.value(point, sample, _BITS)}
    if all(c.is_finite() for c in balls.jet(e, at, 1, _BITS)):
        return True
    if e.is_Add or (e.func in KNOWN and KNOWN[e.func].entire):
        return all(_is_analytic_at(point, part, sample) for part in e.args)
    factors = sp.Mul.make_args(e)
    below = [1 / f for f in factors if f.is_Pow and f.exp.is_negative]
    quotient = sp.Mul(*(f for f in factors if not (f.is_Pow and f.exp.is_negative))), sp.Mul(*below)
    if not below or not all(_is_analytic_at(point, part, sample) for part in quotient):
        return False
    above, beneath = (_order(point, part, sample) for part in quotient)
    return above is not None and beneath is not None and above >= beneath


def _order(point: sp.Expr, f: sp.Expr, sample: Sample) -> int | None:
    """The order of the zero that an analytic function has at a point; None where it is not proved."""
    for n in range(_MOST_ORDER + 1):
        value = sp.expand(f.xreplace({Z: point}))
        if value != 0:
            return n if balls.sign(value, sample) else None
        f = f.diff(Z)
    return None


def limit(piece: Piece, end: sp.Expr, sample: Sample) -> sp.Expr:
    """The limit of a formula at an end of its piece, oo and -oo among them; nan where its form does not tell.

    args: end: the upper or the lower end.
    """
    at = {**sample, "z": balls.value(end, sample, _BITS)}
    if balls.value(piece.expr, at, _BITS).is_finite():
        return piece.expr.xreplace({Z: end})
    return _limit(piece.expr, piece, end, sample)


def _limit(e: sp.Expr, piece: Piece, end: sp.Expr, sample: Sample) -> sp.Expr:
    if not e.has(Z) or e == Z:
        return e.xreplace({Z: end})
    parts = [_limit(part, piece, end, sample) for part in e.args]
    if sp.nan in parts or e.func in (sp.gamma, sp.loggamma) or (e.is_Pow and e.base.has(Z) and e.exp.has(Z)):
        return sp.nan
    if e.func is sp.log and sp.expand(parts[0]) == 0:
        return -sp.oo
    if e.is_Pow and e.exp.is_negative and abs(parts[0]) != sp.oo and not balls.sign(parts[0], sample):
        return _side(e, piece, end, sample) * sp.oo if sp.expand(parts[0]) == 0 else sp.nan
    value = e.func(*parts)
    # SymPy's is_real and is_finite would take seconds for a long sum
    is_definite = value in (sp.oo, -sp.oo) or not value.has(sp.oo, -sp.oo, sp.zoo, sp.AccumBounds)
    return value if is_definite else sp.nan


def _side(f: sp.Expr, piece: Piece, end: sp.Expr, sample: Sample) -> sp.Expr:
    """The sign of a function beside an end of a piece; nan where it is not proved."""
    try:
        signs = Algebra(dict(sample)).signs((replace(piece, expr=f),))
    except NoClosedForm:
        return sp.nan
    return sp.Integer(signs[0 if end == piece.lower else -1][1])
