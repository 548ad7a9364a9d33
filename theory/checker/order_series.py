"""Taylor polynomials of log weights: c + log(l) + p, with rationals c, l and p without constant term."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import factorial
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from temperance.theory.checker.limited_work import MOST_BITS, Work
from temperance.theory.checker.rejected import evaluate, parsed, require, understood

_MOST_POWER = 8
_DEFINED = {
    "sinh": parsed("(exp(q) - exp(-q))/2"),
    "cosh": parsed("(exp(q) + exp(-q))/2"),
    "tanh": parsed("(exp(q) - exp(-q))/(exp(q) + exp(-q))"),
    "sqrt": parsed("q**(1/2)"),
}


class Value:
    """c + log(l) + p; log None: l is not known here. It may be added and scaled, as constants of log weights cancel."""

    def __init__(self, ring: Ring, constant: fmpq, poly: fmpq_mpoly, log: fmpq | int | None = 1) -> None:
        self.ring, self.constant, self.poly, self.log = ring, constant, poly, None if log is None else fmpq(log)

    def __neg__(self) -> Value:
        return Value(self.ring, -self.constant, -self.poly, None if self.log is None else 1 / self.log)

    def __add__(self, other: Value) -> Value:
        log = None if self.log is None or other.log is None else self.log * other.log
        return Value(self.ring, self.constant + other.constant, self.poly + other.poly, log)

    def __sub__(self, other: Value) -> Value:
        return self + -other

    def __mul__(self, other: Value) -> Value:
        for u, v in ((self, other), (other, self)):
            if v.log != 1 and u.log == 1 and u.poly == 0:
                return Value(self.ring, fmpq(0), u.constant * v.poly, None)
        (b, p), (c, q) = self.rational(), other.rational()
        return Value(self.ring, b * c, b * q + c * p + self.ring.times(p, q))

    def rational(self) -> tuple[fmpq, fmpq_mpoly]:
        """c and p, where l is 1."""
        require(self.log == 1, "a logarithm is multiplied")
        bits = max(int(n).bit_length() for n in (self.constant.p, self.constant.q))
        require(bits < MOST_BITS, "a number is too large")
        return self.constant, self.poly


class Ring:
    """Polynomials in x, the first `dim` names, and the offsets, truncated at a total degree of each."""

    sound = staticmethod(lambda value: value)

    def __init__(self, names: Sequence[str], degree: int, reach: int, dim: int, work: Work) -> None:
        self.degree, self.reach, self.dim, self.work = degree, reach, dim, work
        self.context = fmpq_mpoly_ctx.get(tuple(f"q{i}" for i in range(len(names))), Ordering.deglex)
        self.symbols = dict(zip(names, self.context.gens(), strict=True))
        self.zero = self.context.constant(0)

    def value(self, text: Any, names: Mapping[str, Value]) -> Value:
        """The Taylor polynomial of an expression."""
        return evaluate(understood(text, names.keys()), self, **names)

    def number(self, n: int) -> Value:
        """An integer."""
        return Value(self, fmpq(n), self.zero)

    def times(self, p: fmpq_mpoly, q: fmpq_mpoly) -> fmpq_mpoly:
        """The product, truncated."""
        self.work.multiply(p, q)
        d, terms = self.dim, (p * q).to_dict().items()
        kept = {m: c for m, c in terms if sum(m[:d]) <= self.reach and sum(m[d:]) <= self.degree}
        return self.context.from_dict(kept)

    def series(self, p: fmpq_mpoly, coefficient: Callable[[int], fmpq]) -> fmpq_mpoly:
        """sum_(k>=1) coefficient(k) p^k."""
        total, power = self.zero, self.context.constant(1)
        for k in range(1, self.degree + self.reach + 1):
            power = self.times(power, p)
            total += coefficient(k) * power
        return total

    def exp(self, u: Value) -> Value:
        """exp(u), where that is rational."""
        require(u.constant == 0 and u.log is not None, "exp of a rational other than 0 is not rational")
        return Value(self, u.log, u.log * self.series(u.poly, lambda k: fmpq(1, factorial(k))))

    def power(self, u: Value, at: Value, _: object) -> Value:
        """u^at, where that is rational."""
        require(at.poly == 0, "an exponent that varies")
        (base, poly), (exponent, _) = u.rational(), at.rational()
        whole = exponent.q == 1 and abs(exponent) <= _MOST_POWER and (base != 0 or exponent >= 0)
        require(whole or base == 1, "a power that is not rational")

        def coefficient(k: int) -> fmpq:
            """That of p^k in (base + p)^exponent."""
            binomial = fmpq(1)
            for i in range(k):
                binomial *= (exponent - i) / (i + 1)
            return binomial if base == 1 or binomial == 0 else binomial * base ** int(exponent.p - k)

        return Value(self, coefficient(0), self.series(poly, coefficient))

    def log(self, u: Value) -> Value:
        """log(u) for a positive u."""
        base, poly = u.rational()
        require(base > 0, "log of a number that is not positive")
        return Value(self, fmpq(0), self.series(poly / base, lambda k: fmpq((-1) ** (k + 1), k)), base)

    def circular(self, start: int, u: Value) -> Value:
        """cos (start 0) or sin (start 1) at 0."""
        base, poly = u.rational()
        require(base == 0, "sin or cos away from 0")

        def coefficient(k: int) -> fmpq:
            return fmpq(0 if (k - start) % 2 else (-1) ** ((k - start) // 2), factorial(k))

        return Value(self, fmpq(1 - start), self.series(poly, coefficient))

    def call(self, f: str, u: Value) -> Value:
        """f(u)."""
        if f in _DEFINED:
            return evaluate(_DEFINED[f], self, q=u)
        if f in ("sin", "cos"):
            return self.circular(1 if f == "sin" else 0, u)
        require(f in ("exp", "log"), f"the function {f!r} is not known here")
        return self.exp(u) if f == "exp" else self.log(u)
