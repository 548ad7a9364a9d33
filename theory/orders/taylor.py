"""Computes exact Taylor polynomials of expressions over the rationals, in several variables.

A value is c + p: a real constant c, which may be irrational (log 2 in log(1 + exp(z)) at 0), and a polynomial p over Q
without constant term. An operation that needs a rational c raises `NotRational` otherwise; nothing is rounded.

Example: in one variable z at 0, ``Taylor({z: 0}, degree=3, ...).value(sp.exp(z))`` is (1, z + z^2/2 + z^3/6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from temperance.theory.expressions.functions import KNOWN

_T = sp.Symbol("t", real=True)
_INTEGRATED = (sp.log, sp.atan, sp.erf)  # functions whose derivative is evaluated instead


class NotRational(ValueError):
    """A Taylor coefficient that is not rational, or a function without a Taylor series at the point."""


def rational(number: sp.Expr) -> fmpq:
    """An exact rational number. Raises NotRational for any other."""
    number = number if number.is_Rational else sp.simplify(number)
    if not number.is_Rational:
        raise NotRational(f"{number} is not rational")
    return fmpq(int(number.p), int(number.q))


@dataclass(frozen=True)
class Value:
    """c + p, p without constant term."""

    constant: sp.Expr
    poly: fmpq_mpoly


class Taylor:
    """Taylor polynomials in the variables minus their values at a point.

    keep: whether a monomial, given by its exponents, is kept; what it drops, an ideal, has all degrees above `most`.
    """

    def __init__(self, point: Mapping[sp.Symbol, sp.Expr], keep: Callable[[Sequence[int]], bool], most: int) -> None:
        self.point, self.keep, self.most = dict(point), keep, most
        self.context = fmpq_mpoly_ctx.get(tuple(f"v{i}" for i in range(len(point))), Ordering.deglex)
        self.variables = dict(zip(point, self.context.gens(), strict=True))
        self.zero = self.context.constant(0)

    def value(self, f: sp.Expr) -> Value:
        """The expansion of an expression. Raises NotRational."""
        if not f.free_symbols & set(self.point):
            return Value(f, self.zero)
        if f.is_Symbol:
            return Value(self.point[f], self.variables[f])
        parts = [self.value(g) for g in f.args]
        if f.is_Add:
            return Value(sum((p.constant for p in parts), sp.S.Zero), sum((p.poly for p in parts), self.zero))
        if f.is_Mul:
            return self._product(parts)
        if f.is_Pow and not f.exp.free_symbols & set(self.point):
            return self._power(parts[0], f.exp)
        if f.is_Pow:
            return self.value(sp.exp(f.exp * sp.log(f.base)))
        return self._function(f, parts[0])

    def times(self, p: fmpq_mpoly, q: fmpq_mpoly) -> fmpq_mpoly:
        """The product, truncated."""
        kept = {m: c for m, c in (p * q).to_dict().items() if self.keep(m)}
        return self.context.from_dict(kept)

    def _product(self, parts: Sequence[Value]) -> Value:
        first, *rest = parts
        for other in rest:
            poly = self.times(first.poly, other.poly)
            if other.poly != 0:
                poly += rational(first.constant) * other.poly
            if first.poly != 0:
                poly += rational(other.constant) * first.poly
            first = Value(first.constant * other.constant, poly)
        return first

    def _power(self, base: Value, exponent: sp.Expr) -> Value:
        if exponent.is_Integer and exponent >= 0:
            return self._product([Value(sp.S.One, self.zero), *[base] * int(exponent)])
        if base.constant == 0:
            raise NotRational("a negative or fractional power of 0")
        q, scale = rational(exponent), rational(1 / base.constant)
        coefficients = [fmpq(1)]
        for k in range(self.most):
            coefficients.append(coefficients[-1] * (q - k) / (k + 1))
        return self._scaled(base.constant**exponent, self.compose(coefficients, scale * base.poly))

    def _scaled(self, constant: sp.Expr, poly: fmpq_mpoly) -> Value:
        return Value(constant, poly if poly == 0 else rational(constant) * poly)

    def compose(self, coefficients: Sequence[fmpq], inner: fmpq_mpoly) -> fmpq_mpoly:
        """sum_(k>=1) c_k inner^k, inner without constant term."""
        found = self.zero
        for c in reversed(coefficients[1 : self.most + 1]):
            found = self.times(found + c, inner) if found != 0 or c else found
        return found

    def exponential(self, inner: fmpq_mpoly) -> fmpq_mpoly:
        """exp(inner) - 1, inner without constant term."""
        return self.compose(_at_zero(sp.exp, self.most), inner)

    def _function(self, f: sp.Expr, inner: Value) -> Value:
        if isinstance(f, sp.exp):
            return self._scaled(sp.exp(inner.constant), self.exponential(inner.poly))
        if isinstance(f, sp.sin | sp.cos) and inner.constant == 0:
            return Value(f.func(0), self.compose(_at_zero(f.func, self.most), inner.poly))
        if isinstance(f, _INTEGRATED):
            coefficients = _integrated(f.func, inner.constant, self.most)
            return Value(f.func(inner.constant), self.compose(coefficients, inner.poly))
        if f.func in KNOWN and (written := KNOWN[f.func].written) is not None:
            return self.value(written(f.args[0]))
        raise NotRational(f"no rational Taylor series is known for {f.func.__name__} at {inner.constant}")


@cache
def _at_zero(kind: Any, most: int) -> list[fmpq]:
    """Taylor coefficients of exp, sin or cos at 0."""
    return [rational(kind(_T).diff(_T, k).subs(_T, 0) / sp.factorial(k)) for k in range(most + 1)]


@cache
def _integrated(kind: Any, at: sp.Expr, most: int) -> list[fmpq]:
    """Taylor coefficients of a function at a point, from those of its derivative."""
    ring = Taylor({_T: at}, lambda m: m[0] < most, most)
    slope = ring.value(sp.diff(kind(_T), _T))
    terms = {m[0]: c for m, c in slope.poly.to_dict().items()}
    terms[0] = rational(slope.constant)
    return [fmpq(0), *(terms.get(k - 1, fmpq(0)) / k for k in range(1, most + 1))]
