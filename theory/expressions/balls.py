"""Encloses an expression and its Taylor coefficients rigorously, in the ball arithmetic of python-flint.

>>> import sympy as sp
>>> from temperance.theory.expressions.balls import jet
>>> [c.str(5, radius=False) for c in jet(sp.Symbol("z") ** 3, {"z": 2}, order=2, bits=64)]
['8.0000', '12.000', '6.0000']
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TypeAlias

import flint
import sympy as sp
from flint import arb, arb_series, fmpq

from temperance.theory.expressions.functions import KNOWN, Series, inverse

Value: TypeAlias = int | fmpq | arb


def exact(number: sp.Rational) -> fmpq:
    """The flint rational equal to a SymPy rational."""
    return fmpq(int(number.p), int(number.q))


def _power(base: Series, exponent: sp.Expr, value: Callable[[sp.Expr], Series]) -> Series:
    if exponent.is_Integer:
        return base ** int(exponent) if exponent >= 0 else inverse(base ** int(-exponent))
    if exponent.is_Rational and exponent.q == 2:
        root = base.sqrt()
        return root ** int(exponent.p) if exponent > 0 else inverse(root ** int(-exponent.p))
    return (value(exponent) * base.log()).exp()


class _Evaluator:
    """Evaluates shared subexpressions once."""

    def __init__(self, values: Mapping[str, Value], length: int) -> None:
        self.length = length
        self.seen: dict[sp.Expr, Series] = {}
        self.values = {name: self._lift(v, name == "z") for name, v in values.items()}

    def _lift(self, value: Value, variable: bool = False) -> Series:
        return arb_series([arb(value), 1] if variable else [arb(value)], prec=self.length)

    def __call__(self, expr: sp.Expr) -> Series:
        found = self.seen.get(expr)
        if found is None:
            found = self.seen[expr] = self._compute(expr)
        return found

    def _compute(self, expr: sp.Expr) -> Series:
        if expr.is_Rational:
            return self._lift(exact(expr))
        if expr.is_Symbol:
            return self.values[expr.name]
        if expr is sp.pi:
            return self._lift(arb.pi())
        if expr is sp.E:
            return self._lift(arb.const_e())
        if expr.is_Add or expr.is_Mul:
            return reduce(operator.add if expr.is_Add else operator.mul, map(self, expr.args))
        if expr.is_Pow:
            return _power(self(expr.base), expr.exp, self)
        if expr.func not in KNOWN or len(expr.args) != 1:
            raise ValueError(f"no ball arithmetic for {expr.func.__name__}")
        return KNOWN[expr.func].ball(self(expr.args[0]))


def jet(expr: sp.Expr, values: Mapping[str, Value], order: int = 0, bits: int = 128) -> list[arb]:
    """Enclose f(z0), f'(z0), f''(z0)/2!, ... up to the given order.

    Args:
        expr: f, in the variable z and possibly other symbols; no Abs, sign or Piecewise.
        values: the exact or ball value of every symbol, by name; "z" is the variable.

    Returns:
        order+1 balls; a ball that is not finite where f has no real value there (or none was proved).

    Raises:
        ValueError: a function without ball arithmetic, or a symbol without a value.
    """
    with flint.ctx.workprec(bits):
        try:
            series = _Evaluator(values, order + 1)(expr)
        except KeyError as error:
            raise ValueError(f"no value for the symbol {error.args[0]!r}") from None
        except (ZeroDivisionError, OverflowError):
            return [arb.nan()] * (order + 1)
        return [series[i] for i in range(order + 1)]


def value(expr: sp.Expr, values: Mapping[str, Value], bits: int = 128) -> arb:
    """Enclose f(z0); see `jet`."""
    return jet(expr, values, 0, bits)[0]


def sign(expr: sp.Expr, values: Mapping[str, Value], most_bits: int = 2048) -> int | None:
    """The proved sign of a real number, or None where no precision up to most_bits separates it from 0."""
    if expr.is_Rational:
        return int(bool(expr > 0)) - int(bool(expr < 0))
    bits = 64
    while bits <= most_bits:
        ball = value(expr, values, bits)
        if ball.is_finite() and ball > 0:
            return 1
        if ball.is_finite() and ball < 0:
            return -1
        bits *= 4
    return None
