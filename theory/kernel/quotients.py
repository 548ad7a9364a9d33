"""The atoms along a curve, and quotients of polynomials: identities in t, and where the kinks of a weight lie.

Atoms whose q are the roots of one polynomial are given together. A sum over them needs the power sums of the roots
alone, which are rational (Newton); the roots themselves are enclosed in balls only where a sign is asked.

Of quotients nothing is cut off. A function that is not rational is a symbol for each argument, so that two values are
the same where the arguments are: what is 0 here is 0 whatever the functions are. Roots leave their squares:
sqrt((1 + t)^2 c) is (1 + t) sqrt(c), as squares are positive at t = 0.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt, prod
from typing import Any

from flint import arb, fmpq, fmpq_mpoly, fmpq_poly

from temperance.theory.kernel.balls import Balls
from temperance.theory.kernel.reader import Rejected, evaluate, expression, rational, require, require_keys
from temperance.theory.kernel.series import Ring

_MOST_POWER, _MOST_ROOTS, _MOST_BITS, _MOST_NODE_POWER = 16, 8, 2000, 400


class Polynomials:
    """Values of expressions as polynomials, for `reader.evaluate`; whatever is no polynomial is rejected."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring

    def value(self, text: Any, names: Mapping[str, fmpq_mpoly]) -> fmpq_mpoly:
        """The polynomial that is written in some names."""
        polynomial: fmpq_mpoly = evaluate(expression(text, names.keys()), self, **names)
        return polynomial

    def number(self, n: int) -> fmpq_mpoly:
        """An integer."""
        return self.ring.context.constant(n)

    def sound(self, value: fmpq_mpoly) -> fmpq_mpoly:
        """The value, unless it is too large."""
        require(max(value.degrees(), default=0) <= _MOST_NODE_POWER, "a power is too high")
        return self.ring.sound(value)

    def power(self, u: fmpq_mpoly, _: fmpq_mpoly, at: Fraction | None) -> fmpq_mpoly:
        """u^at."""
        require(at is not None and at.denominator == 1 and abs(at) <= _MOST_POWER, "an exponent")
        assert at is not None
        if at >= 0:
            result = self.ring.one
            for _i in range(int(at)):
                result = self.sound(self.ring.product(result, u))
            return result
        value = self.ring.number(u)
        require(value not in (None, 0), "a division by what is no number")
        assert value is not None
        return self.ring.context.constant(value ** int(at))

    def call(self, f: str, _: fmpq_mpoly) -> fmpq_mpoly:
        """No function is a polynomial."""
        require(False, f"{f!r} in a polynomial")
        return self.ring.zero


def root_of(part: Any) -> tuple[fmpq_poly, arb]:
    """A polynomial, and the only real root of it between two bounds; 0 for null."""
    if part is None:
        return fmpq_poly([0, 1]), arb(0)
    require_keys(part, "polynomial", "between", of="the number r")
    modulus = _monic(part["polynomial"])
    low, high = (rational(end) for end in part["between"])
    inside = [root for root in _real_roots(modulus) if not (root < low or root > high)]
    require(len(inside) == 1 and inside[0] > low and inside[0] < high, "r is not the only root between its bounds")
    return modulus, inside[0]


class Number:
    """r, an algebraic number with a ball, and what polynomials are once its powers are reduced."""

    def __init__(self, ring: Ring, modulus: fmpq_poly, ball: arb) -> None:
        self.ring, self.modulus, self.ball = ring, modulus, ball

    def is_nonzero(self, p: fmpq_mpoly, free: Sequence[str] = ()) -> bool:
        """Whether a polynomial is a number that is shown not to be 0, times true values that are not 0: free."""
        split = [*self.ring.by_powers(self.reduced(p), free).values()]
        ball = self.ring.ball(split[0]) if len(split) == 1 else None
        return ball is not None and not ball.contains(0)

    @property
    def square(self) -> fmpq | None:
        """r^2, where r is the positive root of a number."""
        c = self.modulus.coeffs()
        return -c[0] if len(c) == 3 and c[1] == 0 and self.ball > 0 else None

    def reduced(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial with powers of r brought below the degree of its equation."""
        parts = self.ring.by_power(p, "_r")
        if max(parts, default=0) < self.modulus.degree():
            return p
        require(max(parts) <= _MOST_NODE_POWER, "a power of r is too high")
        total, r = self.ring.zero, self.ring.names["_r"]
        for n, part in parts.items():
            residue = fmpq_poly([0] * n + [1]) % self.modulus
            power = sum((c * r**k for k, c in enumerate(residue.coeffs())), self.ring.zero)
            total += self.ring.product(part, power)
        return self.ring.sound(total)


class Atoms:
    """Atoms of a cell with the roots of one polynomial as q.

    values: the true values of the gate's parameters by name. share: a polynomial in t, q, r and these.
    """

    def __init__(self, ring: Ring, part: Any, values: Mapping[str, fmpq_mpoly], number: Number) -> None:
        require_keys(part, "nodes", "share", "offsets", of="atoms")
        self.ring, self.number = ring, number
        self.names = {**values, **{n: ring.names[n] for n in ("_t", "_q", "_r")}}
        nodes = _monic(part["nodes"])
        self.roots, self.equation, self.count = _real_roots(nodes), nodes.coeffs(), nodes.degree()
        require(len(self.roots) == self.count, "nodes that are not real")
        self.sums = [fmpq(self.count)]
        self.share = Polynomials(ring).value(part["share"], self.names)
        shares = self.balls(ring.start(self.share))
        require(shares is not None and all(v > 0 for v in shares), "a share is not positive at t = 0")
        require(isinstance(part["offsets"], dict), "the offsets")
        self.written: Mapping[str, Any] = part["offsets"]

    def offsets(self) -> dict[str, fmpq_mpoly]:
        """The offsets as polynomials in t, q, r and true values; 0 at t = 0."""
        values = Polynomials(self.ring)
        offsets = {name: values.value(text, self.names) for name, text in self.written.items()}
        for name, offset in offsets.items():
            require(self.vanishes(self.ring.start(offset)), f"the offset of {name} is not 0 at t = 0")
        return offsets

    def total(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """The sum of a polynomial over the atoms."""
        total = self.ring.zero
        for n, part in self.ring.by_power(p, "_q").items():
            total += part * self._power_sum(n)
        return self.number.reduced(self.ring.sound(total))

    def _power_sum(self, n: int) -> fmpq:
        """sum_l q_l^n, by Newton's identities."""
        require(n <= _MOST_NODE_POWER, "a power of q is too high")
        c, m = self.equation, self.count
        while len(self.sums) <= n:
            k = len(self.sums)
            own = k * c[m - k] if k <= m else fmpq(0)
            self.sums.append(-own - sum((c[m - i] * self.sums[k - i] for i in range(1, min(k - 1, m) + 1)), fmpq(0)))
        return self.sums[n]

    def vanishes(self, p: fmpq_mpoly) -> bool:
        """Whether a polynomial is 0 at every atom: modulo the nodes, it is 0."""
        parts = self.ring.by_power(p, "_q")
        remainder: dict[int, fmpq_mpoly] = {}
        modulus = fmpq_poly(self.equation)
        for n, part in parts.items():
            for k, c in enumerate((fmpq_poly([0] * n + [1]) % modulus).coeffs()):
                remainder[k] = remainder.get(k, self.ring.zero) + c * part
        return all(self.number.reduced(part) == 0 for part in remainder.values())

    def balls(self, p: fmpq_mpoly) -> list[arb] | None:
        """The value at every atom of a polynomial in q and numbers; None where it has anything else."""
        values = [arb(0)] * self.count
        for n, part in self.ring.by_power(p, "_q").items():
            ball = self.ring.ball(part)
            if ball is None:
                return None
            values = [total + ball * root**n for total, root in zip(values, self.roots, strict=True)]
        return values


def _monic(part: Any) -> fmpq_poly:
    p = fmpq_poly([rational(c) for c in part])
    require(1 <= p.degree() <= _MOST_ROOTS and p.coeffs()[-1] == 1, "a polynomial is not monic, or too long")
    require(all(c.height_bits() <= _MOST_BITS for c in p.coeffs()), "a number is too large")
    return p


def _real_roots(p: fmpq_poly) -> list[arb]:
    """The real roots. Rejected where one is not simple."""
    require(p.gcd(p.derivative()).degree() == 0, "a root that is not simple")
    return [root.real for root, _ in p.numer().complex_roots() if root.imag == 0]


_MOST_TERMS, _MOST_DEGREE = 2_000, 400


class Quotient:
    """A quotient in lowest terms with a denominator that is not 0."""

    __slots__ = ("bottom", "ring", "top")

    def __init__(self, ring: Ring, top: fmpq_mpoly, bottom: fmpq_mpoly) -> None:
        require(bottom != 0, "a division by 0")
        require(len(top) + len(bottom) <= _MOST_TERMS, "a quotient has too many terms")
        degrees = (*top.degrees(), *bottom.degrees())
        require(max(degrees, default=0) <= _MOST_DEGREE, "a quotient has too high a degree")
        common = top.gcd(bottom)
        lead = (bottom / common).leading_coefficient()
        self.ring, self.top, self.bottom = ring, top / common / lead, bottom / common / lead

    def __neg__(self) -> Quotient:
        return Quotient(self.ring, -self.top, self.bottom)

    def __add__(self, other: Quotient) -> Quotient:
        p, q = self.ring.product(self.top, other.bottom), self.ring.product(other.top, self.bottom)
        return Quotient(self.ring, p + q, self.ring.product(self.bottom, other.bottom))

    def __sub__(self, other: Quotient) -> Quotient:
        return self + -other

    def __mul__(self, other: Quotient) -> Quotient:
        bottom = self.ring.product(self.bottom, other.bottom)
        return Quotient(self.ring, self.ring.product(self.top, other.top), bottom)

    def inverse(self) -> Quotient:
        """1 over it."""
        return Quotient(self.ring, self.bottom, self.top)


class Quotients:
    """Values of expressions as quotients, for `reader.evaluate`.

    r: the algebraic number. logs: the symbols of logarithms, with the argument.
    """

    def __init__(self, ring: Ring, r: Number) -> None:
        self.ring, self.r = ring, r
        self.logs: dict[str, tuple[Quotient, Quotient]] = {}
        self.names = {"pi": self.of(ring.names["_pi"])}

    def of(self, p: fmpq_mpoly) -> Quotient:
        """A polynomial."""
        return Quotient(self.ring, p, self.ring.one)

    def number(self, n: int) -> Quotient:
        """An integer."""
        return self.of(self.ring.context.constant(n))

    def sound(self, value: Quotient) -> Quotient:
        """The value with powers of r reduced."""
        top, bottom = (self.ring.sound(self.r.reduced(p)) for p in (value.top, value.bottom))
        return Quotient(self.ring, top, bottom)

    def power(self, u: Quotient, _: Quotient, at: Fraction | None) -> Quotient:
        """u^at."""
        require(at is not None and abs(at.numerator) <= _MOST_POWER, "an exponent that is not a small number")
        assert at is not None
        base = u if at >= 0 else u.inverse()
        base = base if at.denominator == 1 else self.call("sqrt", base)
        require(at.denominator <= 2, "a root that is not square")
        return prod([base] * abs(at.numerator), start=self.number(1))

    def call(self, f: str, u: Quotient) -> Quotient:
        """f(u): a symbol."""
        if f != "sqrt":
            symbol = self.of(self._symbol(u, f))
            if f == "log":
                self.logs[str(symbol.top)] = (symbol, u)
            return symbol
        content, factors = self.ring.product(u.top, u.bottom).factor_squarefree()  # sqrt(p/q) = sqrt(p q)/q
        outside, inside = self.ring.one, self.ring.context.constant(abs(content))
        for p, n in factors:
            sign = self.sign(p)
            require(n == 1 or sign is not None, "a root of a square whose sign is not known")
            outside *= (p if (sign or 1) > 0 else -p) ** (n // 2)
            inside *= p if n % 2 else self.ring.one
        below, value = self.sign(u.bottom), self.ring.number(inside)
        require(below is not None and content > 0, "a root of a quotient whose sign is not known")
        root = self._symbol(self.of(inside), "sqrt") if value is None else self._root(value)
        return Quotient(self.ring, self.ring.product(outside, root), u.bottom if (below or 1) > 0 else -u.bottom)

    def sign(self, p: fmpq_mpoly) -> int | None:
        """The sign of a polynomial at t = 0, where it is a number other than 0 there."""
        ball = self.ring.ball(self.ring.start(p))
        return None if ball is None or ball.contains(0) else 1 if ball > 0 else -1

    def ball(self, u: Quotient) -> arb | None:
        """The number that a quotient is, as a ball."""
        top, bottom = self.ring.ball(u.top), self.ring.ball(u.bottom)
        return None if top is None or bottom is None or bottom.contains(0) else top / bottom

    def _symbol(self, u: Quotient, f: str) -> fmpq_mpoly:
        ball, value = self.ball(u), None
        if ball is not None and not self.ring.holds(u.top + u.bottom, ("_t",)):
            try:
                numbers = Balls(length=1)
                value = numbers.sound(numbers.call(f, numbers.number(ball)))[0]
            except Rejected:
                value = None
        argument = u.top if u.bottom == self.ring.one else self.ring.product(u.top, u.bottom)
        return self.ring.symbol(argument, value, "of", f, str(u.top), str(u.bottom))

    def has_x(self, u: Quotient) -> bool:
        """Whether a quotient has x, or a function of it."""
        return self.ring.has_x(u.top) or self.ring.has_x(u.bottom)

    def has_symbols(self, u: Quotient) -> bool:
        """Whether a quotient has a function."""
        return self.ring.has_symbols(u.top) or self.ring.has_symbols(u.bottom)

    def _root(self, value: fmpq) -> fmpq_mpoly:
        """The square root of a number: a number, a multiple of r, or a symbol."""
        if (root := _rational_root(value)) is not None:
            return self.ring.context.constant(root)
        if (square := self.r.square) is not None and (root := _rational_root(value / square)) is not None:
            return root * self.ring.names["_r"]
        argument = self.ring.context.constant(value)
        return self.ring.symbol(argument, arb(value).sqrt() if value > 0 else None, "of", "sqrt", str(value), "1")

    def value(self, text: Any, names: Mapping[str, fmpq_mpoly]) -> Quotient:
        """The quotient that is written in some names."""
        return self.tree(expression(text, names.keys()), {name: self.of(p) for name, p in names.items()})

    def tree(self, tree: ast.expr, names: Mapping[str, Quotient]) -> Quotient:
        """The quotient of a tree."""
        quotient: Quotient = evaluate(tree, self, **names)
        return quotient

    def is_regular(self, u: Quotient, free: Sequence[str] = ()) -> bool:
        """Whether the denominator at t = 0 is not 0: a number, or a product of true values that are not 0: free."""
        return self.r.is_nonzero(self.ring.start(u.bottom), free)

    def is_zero(self, u: Quotient) -> bool:
        """Whether a quotient is 0."""
        return bool(self.r.reduced(u.top) == 0)


def _rational_root(value: fmpq) -> fmpq | None:
    """The rational square root of a number, if there is one."""
    parts = [isqrt(int(n)) if n > 0 else 0 for n in (value.p, value.q)]
    return fmpq(*parts) if fmpq(*parts) ** 2 == value else None
