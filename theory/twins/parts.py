"""Tells what the even and the odd part of s are on z > 0, as far as dilations are concerned (theory 2.3).

With e(z) = s(z) + s(-z) and o(z) = s(z) - s(-z) for z > 0, a part f is

- *free*: the functions f(B x), B > 0 distinct, and 1 are linearly independent. So it is where f has infinitely many
  Taylor terms at 0 (it is analytic there and no polynomial), or is a polynomial up to a first point at which it is not
  analytic;
- a *sum of powers*: f(B x) is told by B^n, n in the finite set of its exponents.

>>> from temperance.theory.activations.activation import activation
>>> [part.described for part in parts(activation("softplus"), {})]
['not a polynomial', 'a sum of powers of z: 1']

`exponents` proves that an analytic function on z > 0 is a polynomial. Three proofs that it is none, for the function or
one of its first derivatives, none of which samples Taylor terms:

- it is a rational function of z and one t = exp(q), tan(q), log(q) or atan(q), q algebraic and not constant: t is
  transcendental over the algebraic functions, so the function is one of z alone only if its derivative by t is 0;
- it lies in a field of roots of distinct irreducible polynomials, whose monomials are independent over C(z);
- it is O((1 + z)^N), or a quotient whose numerator has the degree N: a polynomial then has at most the degree N, and
  its derivative of order N + 1 is 0.

That a derivative is not 0 is shown by a ball at one point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import flint
import sympy as sp
from flint import arb, fmpq

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Piece, on_both_sides, sample_points
from temperance.theory.expressions import balls
from temperance.theory.expressions.sign_changes import Sample, Z
from temperance.theory.fields.differential_field import Fraction, OutsideTowers
from temperance.theory.fields.tower import Tower

_POLYNOMIAL_DERIVATIVES = 3
_MOST_GROWTH = 12
_SAMPLE_BITS = 256
_POSITIVE = sp.Dummy("z", positive=True)
_BOUNDED = (sp.tanh, sp.sin, sp.cos, sp.erf, sp.atan)


def exponents(tower: Tower, f: Fraction, sample: Sample, point: fmpq) -> tuple[int, ...] | None:
    """The exponents of a field element that is a polynomial in z; None where it is none, or may lack one of its terms.

    sample: values of the parameters. point: where constants of integration are read.
    """
    if not tower.is_constant(f.den) or _generators(tower, f) - {tower.z_index}:
        return None
    powers: dict[int, dict[tuple[int, ...], int]] = {}
    for monomial, c in f.num.to_dict().items():
        rest = tuple(0 if i == tower.z_index else e for i, e in enumerate(monomial))
        powers.setdefault(int(monomial[tower.z_index]), {})[rest] = int(c)
    values = {n: tower.stands_for(tower.context.from_dict(part)) for n, part in powers.items()}
    if not all(balls.is_nonzero(balls.value(v, {**sample, "z": point}, _SAMPLE_BITS)) for v in values.values()):
        return None
    return tuple(sorted(values))


def is_no_polynomial(tower: Tower, f: Fraction, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a field element is proved to be no polynomial in z, by its form or that of a derivative.

    sample: values of the parameters. near: points at which the functions of the tower are defined.
    """
    try:
        for _ in range(_POLYNOMIAL_DERIVATIVES + 1):
            if _is_no_polynomial_in(tower, f, sample, near):
                return True
            f = tower.d(f)
    except (OutsideTowers, ZeroDivisionError, ValueError):
        return False
    return False


def grows_like_no_polynomial(expr: sp.Expr, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a function on the whole of z > 0 that is O((1 + z)^N) is proved to be no polynomial."""
    growth = _growth(expr.xreplace({Z: _POSITIVE}))
    return growth is not None and growth <= _MOST_GROWTH and _derivative_is_seen(expr, growth + 1, sample, near)


def _is_no_polynomial_in(tower: Tower, f: Fraction, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether the form of an element in the tower proves it."""
    used = _generators(tower, f)
    moving = used - {tower.z_index}
    roots = {i for i in moving if i in tower.roots}
    others = moving - roots
    radicands = {i for r in roots for i, e in enumerate(tower.roots[r][1].degrees()) if e > 0}
    if not radicands <= {tower.z_index, *others}:  # constants may hide a square
        return False
    if not others:
        if not roots:
            degree = int(f.num.degrees()[tower.z_index])
            quotient = tower.stands_for(f.num) / tower.stands_for(f.den)
            return not tower.is_constant(f.den) and _derivative_is_seen(quotient, degree + 1, sample, near)
        return _used(f) <= {tower.z_index, *roots}
    if len(others) > 1 or not _is_transcendental(tower, next(iter(others)), sample, near):
        return False
    t = others.pop()
    slope = f.num.derivative(t) * f.den - f.num * f.den.derivative(t)
    return any(balls.is_nonzero(balls.value(tower.stands_for(slope), {**sample, "z": p}, _SAMPLE_BITS)) for p in near)


def _is_transcendental(tower: Tower, t: int, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a generator is exp, tan, log or atan of an algebraic function that is proved not to be constant."""
    generator = tower.described[t]
    if generator.kind not in ("exp", "tan", "log", "atan"):
        return False
    q = generator.stands_for.args[0]
    functions = {f for f in q.atoms(sp.Function) if f.has(Z) and f.func is not sp.Abs}
    if functions or not all(p.exp.is_Rational for p in q.atoms(sp.Pow) if p.has(Z)):  # q is not algebraic
        return False
    jets = (balls.jet(generator.stands_for, {**sample, "z": p}, 1, _SAMPLE_BITS) for p in near)
    return any(balls.is_nonzero(jet[1]) for jet in jets)


def _used(f: Fraction) -> set[int]:
    return {i for p in (f.num, f.den) for i, e in enumerate(p.degrees()) if e > 0}


def _generators(tower: Tower, f: Fraction) -> set[int]:
    """The generators of an element that are not constant, z among them."""
    return {i for i in _used(f) if not tower.described[i].constant}


def _derivative_is_seen(expr: sp.Expr, order: int, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a derivative is proved not to be 0 at one of some points."""
    return any(balls.is_nonzero(balls.jet(expr, {**sample, "z": p}, order, _SAMPLE_BITS)[order]) for p in near)


def _growth(e: sp.Expr) -> int | None:
    """N with e = O((1 + z)^N) on z > 0 by the form of e; None where the form shows none."""
    if not e.has(_POSITIVE) or isinstance(e, _BOUNDED):
        return 0
    if e == _POSITIVE:
        return 1
    parts = [_growth(a) for a in e.args]
    if e.is_Add or e.is_Mul:
        known = [p for p in parts if p is not None]
        return None if len(known) < len(parts) else max(known) if e.is_Add else sum(known)
    if e.is_Pow and e.exp.is_Rational and e.exp > 0:
        return None if parts[0] is None else int(sp.ceiling(parts[0] * e.exp))
    if isinstance(e, sp.exp):
        return 0 if e.args[0].is_nonpositive else None
    if e.is_Pow and e.exp.is_negative:
        return 0 if (e.base - 1).is_nonnegative else None
    return None


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
