"""Quotients of polynomials, for the checker of curves: identities in t, and where the kinks of a weight lie.

Nothing is cut off. A function that is not rational is a symbol for each argument, so that two values are the same where
the arguments are: what is 0 here is 0 whatever the functions are. Roots leave their squares: sqrt((1 + t)^2 c) is
(1 + t) sqrt(c), as squares are positive at t = 0.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

from flint import fmpq, fmpq_mpoly

from temperance.theory.checker.rejected import evaluate, require, understood
from temperance.theory.curves.curve_atoms import Number
from temperance.theory.curves.curve_series import Ring

_MOST_POWER, _MOST_TERMS = 16, 5_000


class Quotient:
    """A quotient in lowest terms with a denominator that is not 0."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> None:
        require(bottom != 0, "a division by 0")
        require(len(top) + len(bottom) <= _MOST_TERMS, "a quotient has too many terms")
        common = top.gcd(bottom)
        lead = (bottom / common).leading_coefficient()
        self.top, self.bottom = top / common / lead, bottom / common / lead

    def __neg__(self) -> Quotient:
        return Quotient(-self.top, self.bottom)

    def __add__(self, other: Quotient) -> Quotient:
        return Quotient(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    def __sub__(self, other: Quotient) -> Quotient:
        return self + -other

    def __mul__(self, other: Quotient) -> Quotient:
        return Quotient(self.top * other.top, self.bottom * other.bottom)

    def inverse(self) -> Quotient:
        """1 over it."""
        return Quotient(self.bottom, self.top)


class Quotients:
    """Values of expressions as quotients, for `rejected.evaluate`.

    x: the names of the covariates. r: the algebraic number. varying: the symbols whose argument has x; logs: those of
    logarithms, with the argument.
    """

    def __init__(self, ring: Ring, x: Sequence[str], r: Number) -> None:
        self.ring, self.x, self.r = ring, x, r
        self.varying: set[int] = set()
        self.logs: dict[int, tuple[Quotient, Quotient]] = {}

    def of(self, p: fmpq_mpoly) -> Quotient:
        """A polynomial."""
        return Quotient(p, self.ring.one)

    def number(self, n: int) -> Quotient:
        """An integer."""
        return self.of(self.ring.context.constant(n))

    def sound(self, value: Quotient) -> Quotient:
        """The value with powers of r reduced."""
        top, bottom = (self.ring.sound(self.r.reduced(p)) for p in (value.top, value.bottom))
        return Quotient(top, bottom)

    def power(self, u: Quotient, _: Quotient, at: Fraction | None) -> Quotient:
        """u^at."""
        require(at is not None and abs(at.numerator) <= _MOST_POWER, "an exponent that is not a small number")
        assert at is not None
        base = u if at >= 0 else u.inverse()
        base = base if at.denominator == 1 else self.call("sqrt", base)
        require(at.denominator <= 2, "a root that is not square")
        found = self.number(1)
        for _i in range(abs(at.numerator)):
            found = found * base
        return found

    def call(self, f: str, u: Quotient) -> Quotient:
        """f(u): a symbol."""
        if f != "sqrt":
            return self.of(self._symbol(u, f, str(u.top), str(u.bottom)))
        content, factors = (u.top * u.bottom).factor_squarefree()  # sqrt(p/q) = sqrt(p q)/q
        outside, inside = self.ring.one, self.ring.context.constant(abs(content))
        for p, n in factors:
            start = self.ring.number(self.ring.start(p))
            require(n == 1 or start not in (None, 0), "a root of a square whose sign is not known")
            outside *= (p if (start or 1) > 0 else -p) ** (n // 2)
            inside *= p if n % 2 else self.ring.one
        start, value = self.ring.number(self.ring.start(u.bottom)), self.ring.number(inside)
        require(start is not None and start != 0 and content > 0, "a root of a quotient whose sign is not known")
        assert start is not None
        inner = self.of(inside)
        root = self._symbol(inner, "sqrt", str(inside)) if value is None else self._of_number(value)
        return Quotient(outside * root, u.bottom if start > 0 else -u.bottom)

    def _symbol(self, u: Quotient, *meaning: str) -> fmpq_mpoly:
        symbol = self.ring.symbol(*meaning)
        at = symbol.degrees().index(1)
        if self.has_x(u):
            self.varying.add(at)
        if meaning[0] == "log":
            self.logs[at] = (self.of(symbol), u)
        return symbol

    def has_x(self, u: Quotient) -> bool:
        """Whether a quotient has x, or a function of it."""
        return any(n for p in (u.top, u.bottom) for i, n in enumerate(p.degrees()) if n > 0 and self._is_varying(i))

    def _is_varying(self, place: int) -> bool:
        return place in self.varying or any(self.ring.places[name] == place for name in self.x)

    def _of_number(self, value: fmpq) -> fmpq_mpoly:
        """The square root of a number: a number, a multiple of r, or a symbol."""
        if (found := _root(value)) is not None:
            return self.ring.context.constant(found)
        if (square := self.r.square) is not None and (found := _root(value / square)) is not None:
            return found * self.ring.names["r"]
        return self.ring.symbol("sqrt", str(value))

    def value(self, text: Any, names: Sequence[str]) -> Quotient:
        """The quotient that is written, in some of the variables."""
        return self.tree(understood(text, set(names)), {name: self.of(self.ring.names[name]) for name in names})

    def tree(self, tree: ast.expr, names: Mapping[str, Quotient]) -> Quotient:
        """The quotient of a tree."""
        found: Quotient = evaluate(tree, self, **names)
        return found

    def is_regular(self, u: Quotient, free: Sequence[str] = ()) -> bool:
        """Whether the denominator at t = 0 is not 0: a number, or a product of true values that are any but 0: free."""
        return self.r.is_nonzero(self.ring.start(u.bottom), free)

    def is_zero(self, u: Quotient) -> bool:
        """Whether a quotient is 0."""
        return bool(self.r.reduced(u.top) == 0)


def _root(value: fmpq) -> fmpq | None:
    """The rational square root of a number, if there is one."""
    parts = [isqrt(int(n)) if n > 0 else 0 for n in (value.p, value.q)]
    return fmpq(*parts) if fmpq(*parts) ** 2 == value else None
