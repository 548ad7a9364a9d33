"""Taylor polynomials of log weights: c + log(l) + p + h, with rationals c and l, p without constant term.

h is not known, but free of x: log(2)/tau is h, which has tau, where tau moves. A short text can ask for more terms
than a computer holds: every operation is counted before it is done.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import factorial

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from temperance.theory.kernel.reader import evaluate, names_in, parsed, require

MOST_BITS = 10000
_MOST_WORK, _MOST_TERMS, _WORD = 3 * 10**8, 5 * 10**6, 256


class Work:
    """Counts operations with numbers of up to 256 bits; longer ones count as often as they are longer."""

    def __init__(self) -> None:
        self.left = _MOST_WORK

    def spend(self, operations: int, bits: int) -> None:
        """Count operations. Raises Rejected where they are too many, or numbers too long."""
        self.left -= operations * (1 + bits // _WORD)
        require(self.left >= 0, "the equations take too long to set up")
        require(bits < MOST_BITS, "a number is too large")

    def multiply(self, p: fmpq_mpoly, q: fmpq_mpoly) -> None:
        """Count the product of two polynomials. Raises Rejected where it is too long."""
        terms = len(p) * len(q)
        require(terms <= _MOST_TERMS, "the formulas have too many monomials")
        self.spend(terms, bits_of(p.coeffs()) + bits_of(q.coeffs()))


def bits_of(numbers: Iterable[fmpq]) -> int:
    """The bits of the longest numerator or denominator."""
    return max((c.height_bits() for c in numbers), default=0)


_MOST_POWER = 8
_NONE: frozenset[int] = frozenset()
_DEFINED = {
    "sinh": parsed("(exp(q) - exp(-q))/2"),
    "cosh": parsed("(exp(q) + exp(-q))/2"),
    "tanh": parsed("(exp(q) - exp(-q))/(exp(q) + exp(-q))"),
    "sqrt": parsed("q**(1/2)"),
}


class Value:
    """c + log(l) + p + h. unknown: the variables that h may depend on; None where there is no h.

    Sums and multiples of these may be formed, as what is free of x in log weights cancels.
    """

    def __init__(
        self,
        ring: Ring,
        constant: fmpq,
        poly: fmpq_mpoly,
        log: fmpq | int = 1,
        unknown: frozenset[int] | None = None,
    ) -> None:
        self.ring, self.constant, self.poly, self.log, self.unknown = ring, constant, poly, fmpq(log), unknown

    def __neg__(self) -> Value:
        return Value(self.ring, -self.constant, -self.poly, 1 / self.log, self.unknown)

    def __add__(self, other: Value) -> Value:
        unknown = None if self.unknown is other.unknown is None else (self.unknown or _NONE) | (other.unknown or _NONE)
        log = self.log * other.log
        require(log.height_bits() < MOST_BITS, "a number is too large")
        return Value(self.ring, self.constant + other.constant, self.poly + other.poly, log, unknown)

    def __sub__(self, other: Value) -> Value:
        return self + -other

    def __mul__(self, other: Value) -> Value:
        b, p, c, q = self.constant, self.poly, other.constant, other.poly
        require(max(b.height_bits(), c.height_bits()) < MOST_BITS, "a number is too large")
        unknown: frozenset[int] | None = None
        for u, v in ((self, other), (other, self)):
            if u.log != 1 or u.unknown is not None:
                used = self.ring.variables_of(v.poly)
                require(not any(i < self.ring.dim for i in used), "a logarithm is multiplied by what has x")
                unknown = (unknown or _NONE) | (u.unknown or _NONE) | used
        return Value(self.ring, b * c, b * q + c * p + self.ring.times(p, q), 1, unknown)

    def rational(self) -> tuple[fmpq, fmpq_mpoly]:
        """c and p, where there is nothing else."""
        require(self.log == 1 and self.unknown is None, "a number that is not rational")
        require(self.constant.height_bits() < MOST_BITS, "a number is too large")
        return self.constant, self.poly


class Ring:
    """Polynomials in x, the first `dim` names, and the offsets, truncated at a total degree of each."""

    sound = staticmethod(lambda value: value)

    def __init__(self, names: Sequence[str], degree: int, reach: int, dim: int, work: Work) -> None:
        self.degree, self.reach, self.dim, self.work = degree, reach, dim, work
        self.context = fmpq_mpoly_ctx.get(tuple(f"q{i}" for i in range(len(names))), Ordering.deglex)
        self.symbols = dict(zip(names, self.context.gens(), strict=True))
        self.zero = self.context.constant(0)

    def value(self, tree: ast.expr, names: Mapping[str, Value]) -> Value:
        """The Taylor polynomial of an expression."""
        require(names_in(tree) <= names.keys(), "a name without a Taylor polynomial")
        found: Value = evaluate(tree, self, **names)
        return found

    @staticmethod
    def variables_of(p: fmpq_mpoly) -> frozenset[int]:
        """The places of the variables that a polynomial has."""
        return frozenset(i for i, n in enumerate(p.degrees()) if n > 0)

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
        require(u.constant == 0 and u.unknown is None, "exp of a rational other than 0 is not rational")
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
