"""Decides which other parameters share a density with a truth (theory 2.3).

>>> tanh = twins("tanh")
>>> tanh.unique, tanh.twins[0].map
(False, '(b, c, beta0, tau) -> (-c, -b, beta0, tau)')
>>> twins("gelu").unique
True

A twin changes s(b_i x)/tau of every atom by one function of x. The even and the odd part of s turn a function s(b x)
into a vector: for a free part its component at |b|, for a sum of powers the |b|^n, with the sign of b for the odd part.
What is left is to find all vectors v(b_i') = l v(b_i) + r, l = tau'/tau, with one r for all atoms. For d = 1 a gate
that is constant on each side of 0, up to a logarithm of |z|, takes few values: its twins fill open sets of truths, that
of beta1 of one sign and that of both.

With e(z) = s(z) + s(-z) and o(z) = s(z) - s(-z) for z > 0, a part f is

- *free*: the functions f(B x), B > 0 distinct, and 1 are linearly independent. So it is where f has infinitely many
  Taylor terms at 0 (it is analytic there and no polynomial), or is a polynomial up to a first point at which it is not
  analytic;
- a *sum of powers*: f(B x) is told by B^n, n in the finite set of its exponents.

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
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import flint
import sympy as sp
from flint import arb, fmpq

from temperance.theory.activations.activation import Activation, activation, in_every_region
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, on_both_sides, sample_points
from temperance.theory.conditions.degeneracies import LEVEL_OPEN, Failure, classify
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import NO_CLOSED_FORM, NoClosedForm, Sample, Z
from temperance.theory.fields.differential_field import Fraction, OutsideTowers
from temperance.theory.fields.tower import Tower
from temperance.theory.twins.twin import S0, B, C, D, E, Gauge, L, M, P, Q, T, Twin, Twins, at_zero, touching_zero

_POLYNOMIAL_DERIVATIVES = 3
_MOST_GROWTH = 12
_BITS = 256
_NEAR_ZERO = 2.0**-20
_MOST_POLE = 3
_DERIVATIVES = 6  # that are compared where two formulas meet
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
    if not all(balls.is_nonzero(balls.value(v, {**sample, "z": point}, _BITS)) for v in values.values()):
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
    return any(balls.is_nonzero(balls.value(tower.stands_for(slope), {**sample, "z": p}, _BITS)) for p in near)


def _is_transcendental(tower: Tower, t: int, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a generator is exp, tan, log or atan of an algebraic function that is proved not to be constant."""
    generator = tower.described[t]
    if generator.kind not in ("exp", "tan", "log", "atan"):
        return False
    q = generator.stands_for.args[0]
    functions = {f for f in q.atoms(sp.Function) if f.has(Z) and f.func is not sp.Abs}
    if functions or not all(p.exp.is_Rational for p in q.atoms(sp.Pow) if p.has(Z)):  # q is not algebraic
        return False
    jets = (balls.jet(generator.stands_for, {**sample, "z": p}, 1, _BITS) for p in near)
    return any(balls.is_nonzero(jet[1]) for jet in jets)


def _used(f: Fraction) -> set[int]:
    return {i for p in (f.num, f.den) for i, e in enumerate(p.degrees()) if e > 0}


def _generators(tower: Tower, f: Fraction) -> set[int]:
    """The generators of an element that are not constant, z among them."""
    return {i for i in _used(f) if not tower.described[i].constant}


def _derivative_is_seen(expr: sp.Expr, order: int, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a derivative is proved not to be 0 at one of some points."""
    return any(balls.is_nonzero(balls.jet(expr, {**sample, "z": p}, order, _BITS)[order]) for p in near)


def _growth(e: sp.Expr) -> int | None:
    """N with e = O((1 + z)^N) on z > 0 by the form of e; None where the form shows none."""
    if not e.has(_POSITIVE) or isinstance(e, _BOUNDED):
        return 0
    if e == _POSITIVE:
        return 1
    parts = [_growth(a) for a in e.args]
    if e.is_Add or e.is_Mul:
        orders = [p for p in parts if p is not None]
        return None if len(orders) < len(parts) else max(orders) if e.is_Add else sum(orders)
    if e.is_Pow and e.exp.is_Rational and e.exp > 0:
        return None if parts[0] is None else int(sp.ceiling(parts[0] * e.exp))
    if isinstance(e, sp.exp):
        return 0 if e.args[0].is_nonpositive else None
    if e.is_Pow and e.exp.is_negative:
        return 0 if (e.base - 1).is_nonnegative else None
    return None


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
        growth = None if none or pole or first.upper != sp.oo else _growth(expr.xreplace({Z: _POSITIVE}))
        slow = growth is not None and growth <= _MOST_GROWTH and _derivative_is_seen(expr, growth + 1, sample, near)
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


HALF = sp.Rational(1, 2)
EVERY = "every truth"
ALONE = f"{EVERY}, atom by atom"
ONE_SIGN = "where all beta1_i have one sign, d = 1"
_BOTH_SIGNS = "where beta1 takes both signs, d = 1"


def several(atoms: int, *values: sp.Expr) -> tuple[sp.Expr, ...]:
    """The first two values, and all where there are more than two atoms."""
    return values if atoms > 2 else values[:2]


def of_a_step(atoms: int, gauge: Gauge) -> list[Twin]:
    """s is a constant on each side of 0, and jumps there: s(b x) is told by sgn(b), which is 0 for b = 0."""
    zero, one = sp.S.Zero, sp.S.One
    if gauge == "anchored":
        alone = Twin((B, zero), (L * B, zero), one, ALONE, True, alone=True)
        if atoms == 2:
            return [alone, Twin((B, zero), (zero, -B), one, f"{EVERY}; the other atom becomes the anchor", True)]
        where = f"{ONE_SIGN}; another atom becomes the anchor"
        return [alone, Twin((P, zero, Q), (zero, -T, zero), one, where, signs="one")]
    twins = [Twin((B, C), (L * B, M * C), one, ALONE, True, alone=True)]
    if atoms == 2:
        twins.append(Twin((B, C), (-C, -B), one, EVERY, True))
    positive, mixed = several(atoms, P, Q, T), several(atoms, P, -Q, T)
    turned, still = tuple(-v for v in positive), (zero,) * len(positive)
    below, above = (tuple(zero if v.is_negative is sign else v for v in mixed) for sign in (True, False))
    some_zero = f"where {'one beta1_i is 0' if atoms == 2 else 'some beta1_i are 0, the others of one sign'}, d = 1"
    return [
        *twins,
        *(Twin(positive, image, L, ONE_SIGN, signs="one") for image in (positive, turned, still)),
        *(Twin(mixed, image, HALF, _BOTH_SIGNS, signs="both") for image in (below, above)),
        Twin((P, zero), (P, -Q), sp.Integer(2), f"{some_zero}, as for b, c > 0"),
        Twin((P, zero), (zero, -P), one, some_zero),
    ]


def of_a_logarithm(c: sp.Expr, *, even: bool, one_sided: bool) -> list[Twin]:
    """s = c log|z| + const, on one side of 0 or on both, with one constant if it is even: s(b x) = s(x) + c log|b|."""
    twins = [Twin((B, C), (L * B, M * C), sp.S.One, ALONE, True, alone=True, shift=(-c * sp.log(L), -c * sp.log(M)))]
    if even:
        twins.append(Twin((B, C), (-B, C), sp.S.One, ALONE, True, alone=True))
    if even or one_sided:
        bias = tuple((L - 1) * c * sp.log(sp.Abs(v)) for v in (B, C))
        return [*twins, Twin((B, C), (B, C), L, f"{EVERY}, d = 1", True, shift=bias)]
    bias = tuple((L - 1) * c * sp.log(v) for v in (P, Q))
    images = ((P, Q), (-P, -Q))
    return [*twins, *(Twin((P, Q), image, L, ONE_SIGN, signs="one", shift=bias) for image in images)]


_R, _H = sp.symbols("r h", positive=True)
Listed = tuple[bool | None, tuple[Twin, ...], str | None]
_MANY = 4  # atoms, from which on almost every truth of a sum of two powers or more is unique
_CONJUGATE = "for d = 2 three atoms whose beta1_i lie on a hyperbola around 0 have one more twin, which is not listed"


def listed(even: Part, odd: Part, atoms: int, gauge: Gauge) -> Listed:
    """Whether almost every truth of k atoms is unique, the twins, and what is not decided, from the parts of s."""
    powers = {*(even.exponents or ()), *(odd.exponents or ())}
    if even.exponents == () and odd.exponents == ():  # s is constant: beta1 and tau are open
        c, e = (sp.S.Zero, sp.S.Zero) if gauge == "anchored" else (C, E)
        alone = Twin((B, c), (D, c), sp.S.One, ALONE, True, alone=True)
        return False, (Twin((B, c), (D, e), L, EVERY, True), alone), None
    if even.exponents == () and odd.exponents == (0,):
        twins = [*of_a_step(atoms, gauge), *([_constant_gate(False, gauge)] if gauge == "anchored" else [])]
        return False, tuple(twins), None
    if 0 in powers and not even.is_free:
        return None, (), "s jumps at 0 and is a sum of powers on both sides of it"
    always: list[Twin] = []
    special = [_constant_gate(odd.exponents == (), gauge)]
    if odd.exponents == ():
        other = sp.S.Zero if gauge == "anchored" else C
        always.append(Twin((B, other), (-B, other), sp.S.One, ALONE, True, alone=True))
    unique: bool | None = not always
    reason = None
    if not (even.is_free or odd.is_free) and len(powers) == 1:
        p = powers.pop()
        always += _homogeneous(even, odd, p, atoms, gauge)
        unique = False
        if p == 2 and odd.exponents == () and atoms == 3 and gauge == "free":
            reason = _CONJUGATE
    elif gauge == "anchored":
        if even.exponents == ():
            where = f"{_two_values('0 or b', atoms)}; the other atom becomes the anchor"
            (always if atoms == 2 else special).append(
                Twin((B, sp.S.Zero), (sp.S.Zero, -B), sp.S.One, where, atoms == 2)
            )
            unique = atoms > 2
    else:
        mirrored, others = _of_odd_part(even, odd, atoms)
        always, special = always + others, special + mirrored
        unique = unique and not others
        if not even.is_free and not odd.is_free:
            unique, more, reason = _of_powers(even, odd, atoms, unique)
            always += more
    return unique, (*always, *special), reason


def _two_values(values: str, atoms: int) -> str:
    return EVERY if atoms == 2 else f"where every beta1_i is {values}"


def _constant_gate(is_even: bool, gauge: Gauge) -> Twin:
    """All atoms have one gate: beta1 and tau are open."""
    if gauge == "anchored":
        zero = sp.S.Zero
        return Twin((zero, zero), (zero, zero), L, "where every beta1_i is 0")
    same = "equal up to their signs" if is_even else "equal"
    return Twin((B, B), (C, C), L, f"where all beta1_i are {same}")


def _homogeneous(even: Part, odd: Part, p: sp.Expr, atoms: int, gauge: Gauge) -> list[Twin]:
    """s = C |z|^p + const, with one C on each side of 0."""
    zero, one = sp.S.Zero, sp.S.One
    one_sided = bool(even.exponents and odd.exponents)
    plain = p == 1 and not even.exponents
    b, c, t, everywhere = (B, C, D, EVERY) if plain else (P, Q, T, f"{EVERY}, as for b > c > 0")
    if gauge == "anchored":
        twins = [Twin((B, zero), (L * B, zero), L**p, EVERY, True)]
        if even.exponents == ():
            truth: tuple[sp.Expr, ...] = (B, zero)
            image: tuple[sp.Expr, ...] = (zero, -B)
            if atoms > 2:
                truth, image = (b, c, zero), ((b**p - c**p) ** (1 / p), zero, -c)
            where = EVERY if atoms == 2 else everywhere
            twins.append(Twin(truth, image, one, f"{where}; another atom becomes the anchor", True))
        return twins
    twins = [Twin((B, C), (L * B, L * C), L**p, EVERY, True)]
    if atoms == 2 and even.exponents == () and not plain:
        twins.append(Twin((B, C), (-C, -B), one, EVERY, True))
    if atoms == 2 and p == 2 and not one_sided and even.exponents:  # b b' - c c' is kept
        near, far = (M + 1 / M) / 2, (M - 1 / M) / 2
        twins.append(Twin((B, C), (near * B + far * C, far * B + near * C), one, EVERY, True))
    image = ((b**p + t) ** (1 / p), (c**p + t) ** (1 / p))
    if one_sided:
        return [*twins, Twin((b, c), image, one, ONE_SIGN, signs="one")]
    return [*twins, Twin((b, c), image, one, everywhere if plain else f"{everywhere}, d = 1", True)]


def _of_odd_part(even: Part, odd: Part, atoms: int) -> tuple[list[Twin], list[Twin]]:
    """In the free gauge: twins of special truths, and of every truth or of open sets of them, that parity gives."""
    zero, opposite = sp.S.Zero, "where " + ("beta1_2 = -beta1_1" if atoms == 2 else "every beta1_i is b or -b")
    if even.exponents == ():
        alone = "where " + ("one beta1_i is 0" if atoms == 2 else "every beta1_i is b or 0")
        special = [
            Twin((B, -B), (B, zero), HALF, opposite),
            Twin((B, -B), (zero, -B), HALF, opposite),
            Twin((B, zero), (B, -B), sp.Integer(2), alone),
        ]
        swap = Twin((B, C), (-C, -B), sp.S.One, _two_values("b or c", atoms), atoms == 2)
        return ([*special, swap], []) if atoms > 2 else (special, [swap])
    if even.is_free and odd.exponents is not None and len(odd.exponents) == 1:
        (p,) = odd.exponents
        positive = several(atoms, P, Q, T)
        turned = Twin(positive, tuple(-v for v in positive), sp.S.One, ONE_SIGN, signs="one")
        return [Twin((B, -B), (L * B, -L * B), L**p, opposite)], [turned] if p == 0 else []
    return [], []


def _of_powers(even: Part, odd: Part, atoms: int, unique: bool | None) -> tuple[bool | None, list[Twin], str | None]:
    """In the free gauge: s is a sum of two powers or more, counted in the even and in the odd part."""
    exponents = [*(even.exponents or ()), *(odd.exponents or ())]
    special = "special truths of sums of powers are not all listed"
    if atoms >= _MANY:
        return unique, [], special
    if atoms == 2 and len(exponents) == 2:
        return False, [_orbit_of_two_powers(even, odd)], special
    if even.exponents == (2,) and odd.exponents == (1,):
        return unique, [], special
    if unique is False:
        return False, [], "further twins of sums of powers are not excluded"
    return None, [], f"s is a sum of {len(exponents)} powers: not decided for {atoms} atoms, only from {_MANY} atoms on"


def _orbit_of_two_powers(even: Part, odd: Part) -> Twin:
    """The curve on which two differences of powers keep their ratio."""
    p, q = sorted((*(even.exponents or ()), *(odd.exponents or ())), key=sp.default_sort_key)
    if (even.exponents, odd.exponents) == ((2,), (1,)):
        image = (((1 + L) * B + (1 - L) * C) / 2, ((1 - L) * B + (1 + L) * C) / 2)
        return Twin((B, C), image, L, EVERY, True)
    size = (P**q - Q**q) * (1 - _R**p) / ((P**p - Q**p) * (1 - _R**q))
    named = ((_H, size ** (1 / (q - p))), (L, _H**p * (1 - _R**p) / (P**p - Q**p)))
    where = "every truth, as for b > c > 0, with any 0 < r < 1"
    return Twin((P, Q), (_H, _R * _H), L, where, True, named=named)


def below_kinks(
    pieces: Pieces, sample: Sample, parts: tuple[Part, Part], atoms: int, gauge: Gauge
) -> tuple[list[Twin], str | None]:
    """The twins that parts with a kink have before it, but those of all truths, and what is not decided of them.

    pieces: those of s, at a sample of its parameters. parts: its even and its odd part.
    """
    kinks = [part.kink for part in parts if part.kink is not None]
    if not kinks:
        return [], None
    inside = _where(pieces, sample)
    even, odd = (part if part.kink is None else Part(part.inner) for part in parts)
    dead = "; such an atom is as one of beta1_i = 0" if even.exponents == odd.exponents == () else ""
    reached = {twin.map for twin in listed(*parts, atoms, gauge)[1]}
    _, candidates, reason = listed(even, odd, atoms, gauge)
    twins = []
    for twin in candidates:
        if twin.map in reached:
            continue
        where = f"atom by atom, where {inside}{dead}" if twin.alone else f"where {inside}"
        if not (twin.always or twin.alone):
            where = f"{twin.where}, and {inside}"
        twins.append(replace(twin, where=where, always=False, signs=None, reach=sp.Min(*kinks)))
    return twins, reason and f"where no beta1_i x reaches a kink, {reason}"


def _where(pieces: Pieces, sample: Sample) -> str:
    """That beta1_i x stays where s has the formulas that it has at 0."""
    near = touching_zero(pieces, sample)
    lower, upper = near[0].lower, near[-1].upper
    size = f"|beta1_i x| < {upper}" if Algebra(sample).compare(lower, -upper) == 0 else None
    return f"{size or f'beta1_i x is in ({lower}, {upper})'} on the support for both"


GAUGES: tuple[Gauge, ...] = ("free", "anchored")


def twins(source: str | sp.Expr | Activation, *, atoms: int = 2, gauge: Gauge = "free") -> Twins:
    """The other parameters of an activation gate that have the density of a truth.

    Two parameters have one density iff, up to the numbering of the atoms, their experts are the same and
    (s(b_i x) - s(b_j x))/tau - (s(b_i' x) - s(b_j' x))/tau' is constant in x for all i, j.

    Args:
        source: as theory.activations.activation.activation takes it; parameters are taken as generic.
        atoms: their number, 2 or more, all with distinct experts.
        gauge: free (only beta0 of the last atom is 0) or anchored (its beta1 too).

    Raises:
        ValueError: the activation cannot be read, or the number of atoms or the gauge is none of those accepted.
    """
    if isinstance(atoms, bool) or not isinstance(atoms, int) or atoms < 2:
        raise ValueError(
            f"the number of atoms must be 2 or more, not {atoms!r}: one atom has the weight 1 for any gate"
        )
    if gauge not in GAUGES:
        raise ValueError(f"unknown gauge {gauge!r}; accepted: {', '.join(GAUGES)}")
    try:
        read = activation(source)
    except NoClosedForm:
        return Twins(str(source).strip(), atoms, gauge, None, (), NO_CLOSED_FORM)
    results, reason = in_every_region(read, partial(_of_one, atoms, gauge))
    if not reason and len({(result.unique, result.twins) for result in results}) > 1:
        reason = "it depends on the region in which the parameters lie"
    return Twins(read.name, atoms, gauge, None, (), reason) if reason else results[0]


def _of_one(atoms: int, gauge: Gauge, source: Activation, sample: Sample) -> Twins:
    result = Twins(source.name, atoms, gauge, None, ())
    zero = at_zero(source.pieces, sample)
    if gauge == "anchored" and zero is None:
        return replace(result, reason="s(0) is not defined as s is written, and the anchored gauge takes it")
    try:
        even, odd = parts(source, sample)
    except NotDecided as open_question:
        failure = classify(source)
        if failure is None or not failure.symmetry:
            return replace(result, reason=str(open_question))
        if failure.kind == "constant" and failure.level is None:
            return replace(result, reason=LEVEL_OPEN)
        consequence = _of_failure(source, sample, failure)
        if consequence is None:
            return replace(result, reason=str(open_question))
        if not isinstance(consequence[0], Part):
            return replace(result, unique=False, twins=consequence)
        even, odd = consequence
    unique, others, reason = listed(even, odd, atoms, gauge)
    inner, open_inside = below_kinks(source.pieces, sample, (even, odd), atoms, gauge)
    gap = _gap(source, sample) if zero == S0 else sp.S.Zero
    return replace(
        result,
        unique=unique,
        twins=tuple(_with_bias(t, gap) for t in (*others, *inner) if zero is not None or 0 not in (*t.truth, *t.image)),
        reason="; ".join(filter(None, (reason, open_inside))) or None,
        even=even.described,
        odd=odd.described,
        every_dimension=(even.is_free or odd.is_free) and not any(t.signs for t in others),
        kinks=len(source.pieces) > 1,
    )


def _gap(source: Activation, sample: Sample) -> sp.Expr:
    """s(0) less the mean of its limits at 0, for an s that jumps there."""
    near = touching_zero(source.pieces, sample)
    left, right = (piece.expr.xreplace({Z: sp.S.Zero}) for piece in (near[0], near[-1]))
    return S0 - (left + right) / 2


def _with_bias(twin: Twin, gap: sp.Expr) -> Twin:
    """A twin of an s whose s(0) is the mean of its limits, for s itself: beta0 takes up the rest."""
    before, after = ([gap if v == 0 else sp.S.Zero for v in values] for values in (twin.truth, twin.image))
    shift = tuple(sp.expand(twin.factor * g - h) for g, h in zip(before, after, strict=True))
    return replace(twin, shift=shift) if len(set(shift)) > 1 else twin


def _of_failure(source: Activation, sample: Sample, failure: Failure) -> tuple[Part, Part] | tuple[Twin, ...] | None:
    """What a failure of the first-order condition tells of an s that is not analytic at 0; None where it does not.

    The parts of C |z|^p + const, or the twins of a logarithm. On one side of 0 alone, both parts are that of s there.
    """
    halves = Halves(source, sample)
    if failure.kind == "constant":
        return Part(()), Part(() if failure.level or not halves.pieces else (sp.S.Zero,))
    power = Part((failure.degree,) if failure.kind == "homogeneous" else ())
    even = odd = True  # whether s has such a part
    if halves.pieces:
        try:
            elements = halves.elements()
        except (OutsideTowers, ZeroDivisionError, ValueError):
            return None
        even = not all(halves.tower.d(e).is_zero() for e in elements[0])
        odd = not all(o.is_zero() for o in elements[1])
    if failure.kind == "logarithmic":
        return tuple(of_a_logarithm(failure.coefficient, even=not odd, one_sided=not halves.pieces))
    return power if even else Part(()), power if odd else Part(())
