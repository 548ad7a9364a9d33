"""Polynomials whose symbols know what they depend on, and power series with such coefficients.

Coefficients are polynomials over Q in x, in true values that are not rational, in Y, q and r, and in symbols for what
is not rational: f^(k)(u)/k! for a function f at the true value u of its argument. The symbols are free: what is 0 as a
polynomial in them is 0 whatever f is. A symbol is a number only where its argument has no x; then it has a ball.

A series holds all powers below t^N, in one variable or in several. Functions must be real and analytic at u for every
real x, or be Lipschitz there where N = 1: what is left out is O(t^N) on compact sets of x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import factorial, prod
from typing import Any

from flint import Ordering, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from temperance.theory.kernel.balls import Balls, nonzero
from temperance.theory.kernel.reader import ENTIRE, require

_MOST_TERMS, _MOST_BITS, _MOST_POWER, _MOST_PRODUCT = 100_000, 10_000, 16, 5_000_000


class Ring:
    """The polynomials that coefficients are, in named variables and a pool of symbols.

    names: variable -> its polynomial. x: the places of covariates. balls: place -> ball, of what is a number. logs:
    place -> v, of the symbol that log(v) is, v rational.
    """

    def __init__(self, names: Sequence[str], x: Sequence[str], numbers: Mapping[str, arb], size: int = 64) -> None:
        pool = [f"_{i}" for i in range(size)]
        self.context = fmpq_mpoly_ctx.get((*names, *pool), Ordering.lex)
        symbols = self.context.gens()
        self.pool: Sequence[fmpq_mpoly] = symbols[len(names) :]
        self.names = dict(zip(names, symbols[: len(names)], strict=True))
        self.places = {name: i for i, name in enumerate(names)}
        self.varying = {self.places[name] for name in x}
        self.balls = {self.places[name]: ball for name, ball in numbers.items()}
        self.symbols: dict[tuple[str, ...], fmpq_mpoly] = {}
        self.logs: dict[int, fmpq] = {}
        self.zero, self.one = self.context.constant(0), self.context.constant(1)

    def symbol(self, argument: fmpq_mpoly, ball: arb | None, *meaning: str) -> fmpq_mpoly:
        """The symbol of the pool for what is meant, a function of the argument; ball: what it is as a number."""
        key = (*meaning, str(argument))
        if key not in self.symbols:
            require(len(self.symbols) < len(self.pool), "too many values of functions")
            self.symbols[key] = self.pool[len(self.symbols)]
            (at,) = self.variables(self.symbols[key])
            if self.has_x(argument):
                self.varying.add(at)
            elif ball is not None:
                self.balls[at] = ball
        return self.symbols[key]

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
    """A power series. moves: whether it depends on what it is a series in, maybe beyond the terms that are there.

    sign: 1 where its value at the start is positive for all real x, 0 where it is not negative, None: neither is shown.
    squares: whether it is a sum of squares that move inside of the squares.
    """

    __slots__ = ("moves", "poly", "sign", "squares", "values")

    def __init__(
        self, values: Expansion, poly: fmpq_mpoly, sign: int | None = None, *, squares: bool = False, moves: bool = True
    ) -> None:
        self.values, self.poly, self.sign, self.squares, self.moves = values, poly, sign, squares, moves

    def __neg__(self) -> Series:
        return Series(self.values, -self.poly, moves=self.moves)

    def __add__(self, other: Series) -> Series:
        sign = None if self.sign is None or other.sign is None else max(self.sign, other.sign)
        poly = self.poly + other.poly
        squares, moves = self.squares and other.squares, self.moves or other.moves
        if sign is None and (ball := self.values.ring.ball(self.values.start(poly))) is not None and ball > 0:
            sign, squares = 1, True
        return Series(self.values, poly, sign, squares=squares, moves=moves)

    def __sub__(self, other: Series) -> Series:
        return self + -other

    def __mul__(self, other: Series) -> Series:
        sign = None if self.sign is None or other.sign is None else min(self.sign, other.sign)
        squares, moves = self.squares and other.squares, self.moves or other.moves
        return Series(self.values, self.values.product(self.poly, other.poly), sign, squares=squares, moves=moves)


class Expansion:
    """Values of expressions as series, for `reader.evaluate`. below: variable of the series -> N, powers below it.

    bounded: whether functions must be real and analytic also where their arguments stay as they are.
    """

    def __init__(self, ring: Ring, below: Mapping[str, int], *, bounded: bool = True) -> None:
        self.bounded = bounded
        self.ring, self.start_at = ring, dict.fromkeys(below, 0)
        self.dropped = [ring.names[name] ** n for name, n in below.items()]
        self.only_start = {*below.values()} == {1}
        self.names = {"pi": self.series(ring.names["_pi"])}

    def start(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """The value of a polynomial at the start, where the variables of the series are 0."""
        return p.subs(self.start_at)

    def truncated(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial without the powers that are dropped."""
        for power in self.dropped:
            p = p % power
        return self.ring.sound(p)

    def product(self, p: fmpq_mpoly, q: fmpq_mpoly) -> fmpq_mpoly:
        """A product without the powers that are dropped, unless it is too long to form."""
        return self.truncated(self.ring.product(p, q))

    def composed(self, p: fmpq_mpoly, coefficient: Callable[[int], fmpq_mpoly | fmpq]) -> fmpq_mpoly:
        """sum_k coefficient(k) p^k, for p that is 0 at the start."""
        total, power, k = self.ring.zero, self.ring.one, 0
        while power != 0:
            total += self.product(coefficient(k) * self.ring.one, power)
            power, k = self.product(power, p), k + 1
        return total

    def exponential(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """exp(p), for p that is 0 at the start."""
        return self.composed(p, lambda k: fmpq(1, factorial(k)))

    def logarithm(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """log(p), for p that is 1 at the start."""
        require(self.start(p) == 1, "a total that is not 1 at the start")
        return self.composed(p - 1, lambda k: fmpq((-1) ** (k + 1), k) if k else fmpq(0))

    def series(self, p: fmpq_mpoly) -> Series:
        """The series of a polynomial."""
        start = self.start(p)
        moves, ball = start != p, self.ring.ball(start)
        sign = 1 if ball is not None and ball > 0 else 0 if p == 0 else None
        return Series(self, self.truncated(p), sign, squares=sign is not None, moves=moves)

    def number(self, n: int) -> Series:
        """An integer."""
        return self.series(self.ring.context.constant(n))

    def sound(self, value: Series) -> Series:
        """The value, unless it has too many terms."""
        self.ring.sound(value.poly)
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
        return self._at(u, f"power {at}", at)

    def call(self, f: str, u: Series) -> Series:
        """f(u)."""
        return self._at(u, f, Fraction(1, 2) if f == "sqrt" else None)

    def _at(self, u: Series, f: str, at: Fraction | None) -> Series:
        """f(u), a power with the exponent at where that is not None."""
        ring, start = self.ring, self.start(u.poly)
        value, ball = ring.number(start), ring.ball(start)
        positive = u.sign == 1 or (ball is not None and bool(ball > 0))
        if f not in ENTIRE and (u.moves or self.bounded):
            require(at is not None or f == "log", f"the function {f!r} is not known here")
            divided = at is not None and at.denominator == 1 and ball is not None and nonzero(ball)
            # a length is Lipschitz in what its squares are of; what does not move is no matter
            still = not u.moves or (self.only_start and at == Fraction(1, 2) and u.squares)
            length = at is not None and at > 0 and u.sign is not None and still
            require(positive or divided or length, f"{f!r} is not shown to be real and analytic")
        poly = self.composed(u.poly - start, lambda k: self._coefficient(f, start, value, at, k))
        if f in ("exp", "cosh") or (at is not None and positive):
            return Series(self, poly, 1, squares=True, moves=u.moves)
        length = at is not None and at > 0 and at.denominator > 1 and u.sign == 0
        return Series(self, poly, 0 if length else None, squares=length and not u.moves, moves=u.moves)

    def _coefficient(self, f: str, start: fmpq_mpoly, value: fmpq | None, at: Fraction | None, k: int) -> fmpq_mpoly:
        """f^(k)/k! at the true argument."""
        ring = self.ring
        if f == "exp":
            return self._exponential(start) / factorial(k)
        if value is None or value == 0 or (at is None and f != "log"):
            return self._symbol(start, f, at, k)
        if at is None:
            return self._log(start, value) if k == 0 else ring.context.constant(-fmpq((-1) ** k, k) / value**k)
        rational = at.denominator == 1 or value == 1
        base = ring.context.constant(value ** int(at)) if rational else self._symbol(start, f, at, 0)
        return base * binomial(fmpq(at.numerator, at.denominator), k) / value**k

    def _log(self, start: fmpq_mpoly, value: fmpq) -> fmpq_mpoly:
        """The logarithm of a rational number."""
        if value == 1:
            return self.ring.zero
        symbol = self._symbol(start, "log", None, 0)
        self.ring.logs[self.ring.variables(symbol)[0]] = value
        return symbol

    def _exponential(self, start: fmpq_mpoly) -> fmpq_mpoly:
        """exp of the true argument: rational where that is a sum of whole multiples of logarithms."""
        result = self.ring.one
        for m, c in start.to_dict().items():
            places = [i for i, n in enumerate(m) if n]
            if len(places) != 1 or m[places[0]] != 1 or c.q != 1 or places[0] not in self.ring.logs:
                return self._symbol(start, "exp", None, 0)
            require(abs(c) <= _MOST_POWER, "a power is too high")
            result *= self.ring.logs[places[0]] ** int(c.p)
        return result

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


def binomial(at: fmpq, k: int) -> fmpq:
    """The coefficient of u^k in (1 + u)^at."""
    return prod(((at - i) / (i + 1) for i in range(k)), start=fmpq(1))
