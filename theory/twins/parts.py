"""Tells what the even and the odd part of s are on z > 0, as far as dilations are concerned (theory.md 2.9).

With e(z) = s(z) + s(-z) and o(z) = s(z) - s(-z) for z > 0, a part f is

- *free*: the functions f(B x), B > 0 distinct, and 1 are linearly independent. So it is where f has infinitely many
  Taylor terms at 0 (it is analytic there and no polynomial), or is a polynomial up to a first point at which it is not
  analytic;
- a *sum of powers*: f(B x) is told by B^n, n in the finite set of its exponents.

>>> from temperance.theory.activations.activation import activation
>>> [part.described for part in parts(activation("softplus"), {})]
['not a polynomial', 'a sum of powers of z: 1']
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import flint
import sympy as sp
from flint import arb

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Piece, on_both_sides, sample_points
from temperance.theory.expressions import balls
from temperance.theory.expressions.sign_changes import Sample, Z
from temperance.theory.fields.differential_field import Fraction, OutsideTowers
from temperance.theory.fields.tower import Tower
from temperance.theory.twins.polynomials import exponents, grows_like_no_polynomial, is_no_polynomial

_BITS = 256
_NEAR_ZERO = 2.0**-20
_MOST_POLE = 3
_DERIVATIVES = 6  # that are compared where two formulas meet


class NotDecided(Exception):
    """Something is not proved; the message says what."""


@dataclass(frozen=True)
class Part:
    """The even or the odd part of s on z > 0.

    Attributes:
        exponents: n > 0 (0 too, for the odd part of an s that jumps at 0) of a sum of powers; None where it is free.
        kink: the first point at which a free part that begins as a sum of powers is not analytic.
        inner: the exponents up to there.
    """

    exponents: tuple[sp.Expr, ...] | None
    kink: sp.Expr | None = None
    inner: tuple[sp.Expr, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether f(B x), B > 0 distinct, and 1 are independent."""
        return self.exponents is None

    @property
    def described(self) -> str:
        """What it is, in words."""
        if self.kink is not None:
            return f"not analytic at z = {self.kink}"
        if self.exponents is None:
            return "not a polynomial"
        return f"a sum of powers of z: {', '.join(map(str, self.exponents))}" if self.exponents else "constant"


class Halves:
    """s(z) and s(-z) on common pieces of the half-line z > 0."""

    def __init__(self, source: Activation, sample: Sample) -> None:
        self.sample = sample
        self.pieces = on_both_sides(source.pieces, sample)

    def elements(self) -> tuple[list[Fraction], list[Fraction]]:
        """Twice the even and odd parts, on every piece, in one tower."""
        self.tower = tower = Tower([e for p in self.pieces for e in p.expr], self.sample)
        even, odd = [], []
        for piece in self.pieces:
            s, t = (tower.embed(e, sample_points(piece, self.sample), piece) for e in piece.expr)
            even.append(s + t)
            odd.append(s - t)
        return even, odd


def parts(source: Activation, sample: Sample) -> tuple[Part, Part]:
    """The even and the odd part, at one sample of the parameters.

    Raises NotDecided: s is not defined, or not known to be analytic, on both sides of 0; or a part is neither proved to
    be free nor to be a sum of powers.
    """
    if source.domain:
        raise NotDecided("where s is real has no closed form")
    halves = Halves(source, sample)
    if not halves.pieces or halves.pieces[0].lower != 0:
        raise NotDecided("s is not defined on both sides of 0")
    pole = _pole(halves)
    even: list[Fraction] | None
    odd: list[Fraction] | None
    try:
        even, odd = halves.elements()
        if halves.tower.assumptions:
            raise NotDecided(min(halves.tower.assumptions))
    except (OutsideTowers, ZeroDivisionError, ValueError) as error:
        even = odd = None
        obstacle = str(error)
    else:
        obstacle = "the tower shows neither"
    pair = []
    for name, elements, sign in (("even", even, 1), ("odd", odd, -1)):
        part = _part(halves, elements, sign, pole)
        if part is None or (pole and part.exponents):
            raise NotDecided(f"whether the {name} part of s is a polynomial on z > 0: {obstacle}")
        pair.append(part)
    return pair[0], pair[1]


def _pole(halves: Halves) -> int:
    """The least n for which z^n s is analytic on both sides of 0: 0, but for sin(z)/z and the like.

    Raises NotDecided: none is found.
    """
    with flint.ctx.workprec(_BITS):
        around = {**halves.sample, "z": arb(0, _NEAR_ZERO)}
    for n in range(_MOST_POLE + 1):
        jets = (balls.jet(half * Z**n, around, 1, _BITS) for half in halves.pieces[0].expr)
        if all(c.is_finite() for jet in jets for c in jet):
            return n
    raise NotDecided("s is not known to be analytic on both sides of 0")


def _part(halves: Halves, elements: list[Fraction] | None, sign: int, pole: int) -> Part | None:
    first, sample = halves.pieces[0], halves.sample
    near = [p for p in sample_points(first, sample) if p > 0]
    expr = first.expr[0] + sign * first.expr[1]
    powers: tuple[int, ...] | None
    if elements is None:
        start, powers = None, () if not expr.has(Z) and (sign > 0 or expr == 0) else None
    else:
        start = elements[0] * halves.tower.z**pole
        powers = exponents(halves.tower, start, sample, near[0])
        powers = () if pole and elements[0].is_zero() else powers
    if powers is None:
        none = start is not None and is_no_polynomial(halves.tower, start, sample, near)
        slow = first.upper == sp.oo and not pole and grows_like_no_polynomial(expr, sample, near)
        return Part(None) if none or slow else None
    degrees = tuple(sp.Integer(n) for n in powers if n or sign < 0)
    for i, (left, right) in enumerate(pairwise(halves.pieces), start=1):
        if left.upper != right.lower:
            return None
        if not (elements is None or (elements[i] - elements[0]).is_zero()):
            return Part(None, right.lower, degrees) if _differ(halves, left, right, sign) else None
    return None if elements is None and len(halves.pieces) > 1 else Part(degrees)


def _differ(halves: Halves, left: Piece, right: Piece, sign: int) -> bool:
    """Whether two formulas are proved to be different functions where they meet, by a Taylor coefficient."""
    at = {**halves.sample, "z": balls.value(right.lower, halves.sample, _BITS)}
    some, others = ([balls.jet(e, at, _DERIVATIVES, _BITS) for e in p.expr] for p in (left, right))
    return any(balls.is_nonzero(s + sign * t - u - sign * v) for s, t, u, v in zip(*some, *others, strict=True))
