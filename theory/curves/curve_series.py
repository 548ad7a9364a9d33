"""Power series in t with exact coefficients, for the checker of curves.

Coefficients are polynomials over Q in x, in true values that may be any, in Y, q and r, and in symbols for what
is not rational: f^(k)(u)/k! for a function f at the true value u of its argument. The symbols are free: what is 0 as
a polynomial in them is 0 whatever f is. A series holds all powers below t^N; f is required to be analytic at u for
every real x, so that what is left out is O(t^N) on compact sets of x.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import factorial
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from temperance.theory.checker.rejected import require

ENTIRE = {"exp", "sin", "cos", "sinh", "cosh", "tanh", "atan", "asinh", "erf"}
"""The functions that are analytic at every real number."""
_MOST_TERMS, _MOST_BITS, _MOST_POWER, _POOL = 10_000, 10_000, 16, 64


class Ring:
    """The polynomials that coefficients are, in named variables and a pool of symbols.

    names: variable -> its polynomial. known: meaning -> the symbol of the pool that was taken for it.
    """

    def __init__(self, names: Sequence[str]) -> None:
        pool = [f"_{i}" for i in range(_POOL)]
        self.context = fmpq_mpoly_ctx.get((*names, *pool), Ordering.lex)
        symbols = self.context.gens()
        self.pool: Sequence[fmpq_mpoly] = symbols[len(names) :]
        self.names = dict(zip(names, symbols[: len(names)], strict=True))
        self.places = {name: i for i, name in enumerate(names)}
        self.known: dict[tuple[str, ...], fmpq_mpoly] = {}
        self.zero, self.one = self.context.constant(0), self.context.constant(1)

    def symbol(self, *meaning: str) -> fmpq_mpoly:
        """The symbol of the pool for what is meant."""
        require(meaning in self.known or len(self.known) < _POOL, "too many values of functions")
        return self.known.setdefault(meaning, self.pool[len(self.known)])

    def holds(self, p: fmpq_mpoly, names: Sequence[str] | None) -> bool:
        """Whether a polynomial has one of the variables; None: a symbol of the pool."""
        degrees = p.degrees()
        places = range(len(self.places), len(degrees)) if names is None else [self.places[name] for name in names]
        return any(degrees[at] > 0 for at in places)

    def number(self, p: fmpq_mpoly) -> fmpq | None:
        """The rational number that a polynomial is; None where it is none."""
        return p.leading_coefficient() if p != 0 and p.is_constant() else None if p != 0 else fmpq(0)

    def by_powers(self, p: fmpq_mpoly, names: Sequence[str]) -> dict[tuple[int, ...], fmpq_mpoly]:
        """Powers of some variables -> their coefficient."""
        places = [self.places[name] for name in names]
        found: dict[tuple[int, ...], dict[Any, fmpq]] = {}
        for m, c in p.to_dict().items():
            rest = list(m)
            for at in places:
                rest[at] = 0
            found.setdefault(tuple(int(m[at]) for at in places), {})[tuple(rest)] = c
        return {powers: self.context.from_dict(terms) for powers, terms in found.items()}

    def by_power(self, p: fmpq_mpoly, name: str) -> dict[int, fmpq_mpoly]:
        """Power of a variable -> its coefficient."""
        return {n: part for (n,), part in self.by_powers(p, (name,)).items()}

    def sound(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial, unless it is too large to go on with."""
        require(len(p) <= _MOST_TERMS, "a polynomial has too many terms")
        known = p.leading_coefficient() if len(p) == 1 else fmpq(0)
        require(max(known.p.bit_length(), known.q.bit_length()) <= _MOST_BITS, "a number is too large")
        return p

    def start(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """The value at t = 0."""
        return self.by_power(p, "t").get(0, self.zero)


class Series:
    """A power series. moves: whether it depends on t, maybe beyond the terms that are kept.

    sign: 1 where its value at t = 0 is a sum of squares, positive for all real x, 0 where it is a sum of squares.
    """

    __slots__ = ("moves", "sign", "terms")

    def __init__(self, terms: list[fmpq_mpoly], sign: int | None = None, *, moves: bool = True) -> None:
        self.terms, self.sign, self.moves = terms, sign, moves

    def __neg__(self) -> Series:
        return Series([-c for c in self.terms], moves=self.moves)

    def __add__(self, other: Series) -> Series:
        signs = (self.sign, other.sign)
        sign = None if None in signs else max(signs)  # type: ignore[type-var]
        terms = [p + q for p, q in zip(self.terms, other.terms, strict=True)]
        return Series(terms, sign, moves=self.moves or other.moves)

    def __sub__(self, other: Series) -> Series:
        return self + -other

    def __mul__(self, other: Series) -> Series:
        found = []
        for n in range(len(self.terms)):
            parts = [self.terms[i] * other.terms[n - i] for i in range(n + 1) if self.terms[i] and other.terms[n - i]]
            found.append(sum(parts, 0 * self.terms[0]))
        signs = (self.sign, other.sign)
        sign = None if None in signs else min(signs)  # type: ignore[type-var]
        return Series(found, sign, moves=self.moves or other.moves)


class Expansion:
    """Values of expressions as series below t^N, for `rejected.evaluate`.

    places: the names of true values; a function of these alone is a number, whatever it is.
    """

    def __init__(self, ring: Ring, degree: int, places: Sequence[str] = ()) -> None:
        self.ring, self.degree = ring, degree
        self.numbers = {ring.places[name] for name in places}

    def series(self, p: fmpq_mpoly) -> Series:
        """The series of a polynomial in t."""
        parts = self.ring.by_power(p, "t")
        value = self.ring.number(parts.get(0, self.ring.zero))
        sign = None if value is None or value < 0 else int(value > 0)
        return Series([parts.get(n, self.ring.zero) for n in range(self.degree)], sign, moves=any(parts.keys() - {0}))

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
            found = self.number(1)
            for _i in range(int(at)):
                found = found * u
            found.sign = 0 if found.sign is None and at % 2 == 0 else found.sign
            return found
        return self._composed(u, f"power {at}", at)

    def call(self, f: str, u: Series) -> Series:
        """f(u)."""
        return self._composed(u, f, Fraction(1, 2) if f == "sqrt" else None)

    def _composed(self, u: Series, f: str, at: Fraction | None) -> Series:
        """f(u), a power with the exponent at where that is not None."""
        start = u.terms[0]
        value = self.ring.number(start)
        sign = u.sign if value is None else 1 if value > 0 else 0 if value == 0 else None
        if f not in ENTIRE:
            require(at is not None or f == "log", f"the function {f!r} is not known here")
            require(value != 0 or (at is not None and at > 0), f"{f!r} at 0")
            whole = at is not None and at.denominator == 1 and value not in (None, 0)
            steady = not u.moves or (self.degree == 1 and at == Fraction(1, 2))  # a length is Lipschitz
            bounded = at is not None and at > 0 and steady and sign is not None
            divided = at is not None and at.denominator == 1  # by what is not 0 at a truth that has weights
            known = self._in(start) <= self.numbers and (divided or not u.moves)
            require(sign == 1 or whole or bounded or known, f"{f!r} is not shown to be analytic")
        found, power = (
            [self._coefficient(f, start, value, at, 0)] + [self.ring.zero] * (self.degree - 1),
            self.number(1),
        )
        if self._in(start) <= self.numbers:
            self.numbers |= self._in(found[0])
        for k in range(1, self.degree if u.moves else 0):
            power = power * Series([self.ring.zero, *u.terms[1:]])
            c = self._coefficient(f, start, value, at, k)
            found = [p + c * q for p, q in zip(found, power.terms, strict=True)]
        return Series(found, 1 if f == "exp" or (at is not None and sign == 1) else None, moves=u.moves)

    def _in(self, p: fmpq_mpoly) -> set[int]:
        """The places of the variables of a polynomial."""
        return {at for at, n in enumerate(p.degrees()) if n > 0}

    def _coefficient(self, f: str, start: fmpq_mpoly, value: fmpq | None, at: Fraction | None, k: int) -> fmpq_mpoly:
        """f^(k)/k! at the true argument."""
        ring, text = self.ring, str(start)
        if f == "exp":
            return (ring.one if value == 0 else ring.symbol(f, text)) / factorial(k)
        if value is None or value == 0 or (at is None and f != "log"):
            return ring.symbol(f, text, str(k))
        if at is None:
            whole = ring.zero if value == 1 else ring.symbol(f, text, "0")
            return whole if k == 0 else ring.context.constant(-fmpq((-1) ** k, k) / value**k)
        rational = at.denominator == 1 or value == 1
        base = ring.context.constant(value ** int(at)) if rational else ring.symbol(f, text, "0")
        return base * binomial(at, k) / value**k


def exponential(u: Series, one: fmpq_mpoly) -> Series:
    """exp(u) for a series without a constant term, by E' = u' E."""
    found = [one]
    for n in range(1, len(u.terms)):
        parts = (k * u.terms[k] * found[n - k] for k in range(1, n + 1) if u.terms[k])
        found.append(sum(parts, 0 * one) / n)
        require(len(found[-1]) <= _MOST_TERMS, "a series has too many terms")
    return Series(found)


def logarithm(u: Series, one: fmpq_mpoly) -> Series:
    """log(u) for a series with the constant term 1, by L' u = u'."""
    require(u.terms[0] == one, "a total that is not 1 at t = 0")
    found = [0 * one]
    for n in range(1, len(u.terms)):
        known = sum((k * found[k] * u.terms[n - k] for k in range(1, n)), 0 * one)
        found.append(u.terms[n] - known / n)
    return Series(found)


def binomial(at: Fraction, k: int) -> fmpq:
    """The coefficient of u^k in (1 + u)^at."""
    found, power = fmpq(1), fmpq(at.numerator, at.denominator)
    for i in range(k):
        found *= (power - i) / (i + 1)
    return found
