"""Polynomials whose symbols know what they depend on, and power series in t with such coefficients.

Coefficients are polynomials over Q in x, in true values that are not rational, in Y, q and r, and in symbols for what
is not rational: f^(k)(u)/k! for a function f at the true value u of its argument. The symbols are free: what is 0 as a
polynomial in them is 0 whatever f is. A symbol is a number only where its argument has no x; then it has a ball.

A series holds all powers below t^N. Functions must be real and analytic at u for every real x, or be Lipschitz there
where N = 1: what is left out is O(t^N) on compact sets of x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import factorial, prod
from typing import Any

from flint import Ordering, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from temperance.theory.kernel.balls import Balls, nonzero
from temperance.theory.kernel.reader import ENTIRE, require

_MOST_TERMS, _MOST_BITS, _MOST_POWER, _POOL = 10_000, 10_000, 16, 64
_MOST_PRODUCT = 2_000_000


class Ring:
    """The polynomials that coefficients are, in named variables and a pool of symbols.

    names: variable -> its polynomial. x: the places of covariates. balls: place -> ball, of what is a number.
    """

    def __init__(self, names: Sequence[str], x: Sequence[str], numbers: Mapping[str, arb]) -> None:
        pool = [f"_{i}" for i in range(_POOL)]
        self.context = fmpq_mpoly_ctx.get((*names, *pool), Ordering.lex)
        symbols = self.context.gens()
        self.pool: Sequence[fmpq_mpoly] = symbols[len(names) :]
        self.names = dict(zip(names, symbols[: len(names)], strict=True))
        self.places = {name: i for i, name in enumerate(names)}
        self.varying = {self.places[name] for name in x}
        self.balls = {self.places[name]: ball for name, ball in numbers.items()}
        self.known: dict[tuple[str, ...], fmpq_mpoly] = {}
        self.zero, self.one = self.context.constant(0), self.context.constant(1)

    def symbol(self, argument: fmpq_mpoly, ball: arb | None, *meaning: str) -> fmpq_mpoly:
        """The symbol of the pool for what is meant, a function of the argument; ball: what it is as a number."""
        key = (*meaning, str(argument))
        if key not in self.known:
            require(len(self.known) < _POOL, "too many values of functions")
            self.known[key] = self.pool[len(self.known)]
            at = len(self.places) + len(self.known) - 1
            if self.has_x(argument):
                self.varying.add(at)
            elif ball is not None:
                self.balls[at] = ball
        return self.known[key]

    def variables(self, p: fmpq_mpoly) -> list[int]:
        """The places of the variables that a polynomial has."""
        return [at for at, n in enumerate(p.degrees()) if n > 0]

    def holds(self, p: fmpq_mpoly, names: Sequence[str]) -> bool:
        """Whether a polynomial has one of the variables."""
        return bool({*self.variables(p)} & {self.places[name] for name in names})

    def has_symbols(self, p: fmpq_mpoly) -> bool:
        """Whether a polynomial has a symbol of the pool."""
        return any(at >= len(self.places) for at in self.variables(p))

    def has_x(self, p: fmpq_mpoly) -> bool:
        """Whether a polynomial has x, or a function of it."""
        return any(at in self.varying for at in self.variables(p))

    def number(self, p: fmpq_mpoly) -> fmpq | None:
        """The rational number that a polynomial is; None where it is none."""
        return p.leading_coefficient() if p != 0 and p.is_constant() else None if p != 0 else fmpq(0)

    def ball(self, p: fmpq_mpoly) -> arb | None:
        """The number that a polynomial is, as a ball; None where a variable of it is none."""
        if not {*self.variables(p)} <= self.balls.keys():
            return None
        total = arb(0)
        for m, c in p.to_dict().items():
            term = arb(c)
            for at, n in enumerate(m):
                term = term * self.balls[at] ** int(n) if n else term
            total += term
        return total

    def by_powers(self, p: fmpq_mpoly, names: Sequence[str]) -> dict[tuple[int, ...], fmpq_mpoly]:
        """Powers of some variables -> their coefficient."""
        places = [self.places[name] for name in names]
        parts: dict[tuple[int, ...], dict[Any, fmpq]] = {}
        for m, c in p.to_dict().items():
            rest = list(m)
            for at in places:
                rest[at] = 0
            parts.setdefault(tuple(int(m[at]) for at in places), {})[tuple(rest)] = c
        return {powers: self.context.from_dict(terms) for powers, terms in parts.items()}

    def by_power(self, p: fmpq_mpoly, name: str) -> dict[int, fmpq_mpoly]:
        """Power of a variable -> its coefficient."""
        return {n: part for (n,), part in self.by_powers(p, (name,)).items()}

    def product(self, p: fmpq_mpoly, q: fmpq_mpoly) -> fmpq_mpoly:
        """A product, unless it is too long to form."""
        require(len(p) * len(q) <= _MOST_PRODUCT, "a product has too many terms")
        return self.sound(p * q)

    def sound(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial, unless it is too large to go on with."""
        require(len(p) <= _MOST_TERMS, "a polynomial has too many terms")
        require(all(c.height_bits() <= _MOST_BITS for c in p.coeffs()), "a number is too large")
        return p

    def start(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """The value at t = 0."""
        return self.by_power(p, "_t").get(0, self.zero)


class Series:
    """A power series. moves: whether it depends on t, maybe beyond the terms that are there.

    sign: 1 where its value at t = 0 is positive for all real x, 0 where it is not negative, None: neither is shown.
    squares: whether it is a sum of squares that move inside of the squares.
    """

    __slots__ = ("moves", "ring", "sign", "squares", "terms")

    def __init__(
        self, ring: Ring, terms: list[fmpq_mpoly], sign: int | None = None, *, squares: bool = False, moves: bool = True
    ) -> None:
        self.ring, self.terms, self.sign, self.squares, self.moves = ring, terms, sign, squares, moves

    def __neg__(self) -> Series:
        return Series(self.ring, [-c for c in self.terms], moves=self.moves)

    def __add__(self, other: Series) -> Series:
        sign = None if self.sign is None or other.sign is None else max(self.sign, other.sign)
        terms = [p + q for p, q in zip(self.terms, other.terms, strict=True)]
        squares, moves = self.squares and other.squares, self.moves or other.moves
        if sign is None and (ball := self.ring.ball(terms[0])) is not None and ball > 0:
            sign, squares = 1, True
        return Series(self.ring, terms, sign, squares=squares, moves=moves)

    def __sub__(self, other: Series) -> Series:
        return self + -other

    def __mul__(self, other: Series) -> Series:
        terms = []
        for n in range(len(self.terms)):
            pairs = [(self.terms[i], other.terms[n - i]) for i in range(n + 1)]
            terms.append(sum((self.ring.product(p, q) for p, q in pairs if p and q), self.ring.zero))
        sign = None if self.sign is None or other.sign is None else min(self.sign, other.sign)
        squares, moves = self.squares and other.squares, self.moves or other.moves
        return Series(self.ring, terms, sign, squares=squares, moves=moves)


class Expansion:
    """Values of expressions as series below t^N, for `reader.evaluate`."""

    def __init__(self, ring: Ring, degree: int) -> None:
        self.ring, self.degree = ring, degree
        self.names = {"pi": self.series(ring.names["_pi"])}

    def series(self, p: fmpq_mpoly) -> Series:
        """The series of a polynomial in t."""
        parts = self.ring.by_power(p, "_t")
        start, moves = parts.get(0, self.ring.zero), any(parts.keys() - {0})
        ball = self.ring.ball(start)
        sign = 1 if ball is not None and ball > 0 else 0 if start == 0 and not moves else None
        terms = [parts.get(n, self.ring.zero) for n in range(self.degree)]
        return Series(self.ring, terms, sign, squares=sign is not None, moves=moves)

    def number(self, n: int) -> Series:
        """An integer."""
        return self.series(self.ring.context.constant(n))

    def sound(self, value: Series) -> Series:
        """The value, unless it has too many terms."""
        for c in value.terms:
            self.ring.sound(c)
        return value

    def power(self, u: Series, _: Series, at: Fraction | None) -> Series:
        """u^at."""
        require(at is not None and abs(at.numerator) <= _MOST_POWER, "an exponent that is not a small number")
        assert at is not None
        if at.denominator == 1 and at >= 0:
            result = prod([u] * int(at), start=self.number(1))
            if at % 2 == 0:
                result.sign, result.squares = result.sign or 0, True
            return result
        return self._composed(u, f"power {at}", at)

    def call(self, f: str, u: Series) -> Series:
        """f(u)."""
        return self._composed(u, f, Fraction(1, 2) if f == "sqrt" else None)

    def _composed(self, u: Series, f: str, at: Fraction | None) -> Series:
        """f(u), a power with the exponent at where that is not None."""
        ring, start = self.ring, u.terms[0]
        value, ball = ring.number(start), ring.ball(start)
        positive = u.sign == 1 or (ball is not None and bool(ball > 0))
        if f not in ENTIRE:
            require(at is not None or f == "log", f"the function {f!r} is not known here")
            divided = at is not None and at.denominator == 1 and ball is not None and nonzero(ball)
            # a length is Lipschitz in what its squares are of; what does not move is no matter
            still = not u.moves or (self.degree == 1 and at == Fraction(1, 2) and u.squares)
            length = at is not None and at > 0 and u.sign is not None and still
            require(positive or divided or length, f"{f!r} is not shown to be real and analytic")
        terms = [self._coefficient(f, start, value, at, 0)] + [ring.zero] * (self.degree - 1)
        power = self.number(1)
        for k in range(1, self.degree if u.moves else 0):
            power = power * Series(ring, [ring.zero, *u.terms[1:]])
            c = self._coefficient(f, start, value, at, k)
            terms = [p + ring.product(c, q) for p, q in zip(terms, power.terms, strict=True)]
        if f == "exp" or (at is not None and positive):
            return Series(ring, terms, 1, squares=True, moves=u.moves)
        length = at is not None and at > 0 and at.denominator > 1 and u.sign == 0
        return Series(ring, terms, 0 if length else None, squares=length and not u.moves, moves=u.moves)

    def _coefficient(self, f: str, start: fmpq_mpoly, value: fmpq | None, at: Fraction | None, k: int) -> fmpq_mpoly:
        """f^(k)/k! at the true argument."""
        ring = self.ring
        if f == "exp":
            return (ring.one if value == 0 else self._symbol(start, f, at, 0)) / factorial(k)
        if value is None or value == 0 or (at is None and f != "log"):
            return self._symbol(start, f, at, k)
        if at is None:
            whole = ring.zero if value == 1 else self._symbol(start, f, at, 0)
            return whole if k == 0 else ring.context.constant(-fmpq((-1) ** k, k) / value**k)
        rational = at.denominator == 1 or value == 1
        base = ring.context.constant(value ** int(at)) if rational else self._symbol(start, f, at, 0)
        return base * binomial(fmpq(at.numerator, at.denominator), k) / value**k

    def _symbol(self, start: fmpq_mpoly, f: str, at: Fraction | None, k: int) -> fmpq_mpoly:
        """The symbol of f^(k)/k! at an argument, with its ball where that is a number."""
        ball, value = self.ring.ball(start), None
        if ball is not None:
            numbers = Balls(length=k + 1)
            u = numbers.variable(ball) if k else numbers.number(ball)
            if at is None:
                value = numbers.call(f, u)[k]
            elif k == 0 and at > 0 and ball == 0:
                value = arb(0)
            else:
                value = numbers.power(u, numbers.number(fmpq(at.numerator, at.denominator)), at)[k]
        return self.ring.symbol(start, value, f, str(k))


def exponential(u: Series) -> Series:
    """exp(u) for a series without a constant term, by E' = u' E."""
    ring = u.ring
    terms = [ring.one]
    for n in range(1, len(u.terms)):
        parts = (ring.product(k * u.terms[k], terms[n - k]) for k in range(1, n + 1) if u.terms[k])
        terms.append(sum(parts, ring.zero) / n)
    return Series(ring, terms)


def logarithm(u: Series) -> Series:
    """log(u) for a series with the constant term 1, by L' u = u'."""
    ring = u.ring
    require(u.terms[0] == ring.one, "a total that is not 1 at t = 0")
    terms = [ring.zero]
    for n in range(1, len(u.terms)):
        lower = sum((ring.product(k * terms[k], u.terms[n - k]) for k in range(1, n)), ring.zero)
        terms.append(u.terms[n] - lower / n)
    return Series(ring, terms)


def binomial(at: fmpq, k: int) -> fmpq:
    """The coefficient of u^k in (1 + u)^at."""
    return prod(((at - i) / (i + 1) for i in range(k)), start=fmpq(1))
