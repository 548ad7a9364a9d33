"""Encloses what expressions are at points: Taylor coefficients as balls, and proofs that functions are independent.

This is the one table of what functions are in balls; the formulas of SymPy that rules form are enclosed by it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_mat, arb_series, ctx, fmpq, fmpq_mat

from temperance.theory.kernel.reader import Rejected, evaluate, parsed, require

_BITS = (128, 512, 2048)
_MOST_COLUMNS = 120
_BALLS = {f: getattr(arb_series, f) for f in ("exp", "log", "sin", "cos", "atan", "erf", "gamma")}
_BALLS |= {"LambertW": arb_series.lambertw, "loggamma": arb_series.lgamma}
DEFINED = {  # functions by others, for all evaluators
    "sqrt": parsed("q**(1/2)"),
    "tan": parsed("sin(q)/cos(q)"),
    "sinh": parsed("(exp(q) - exp(-q))/2"),
    "cosh": parsed("(exp(q) + exp(-q))/2"),
    "tanh": parsed("1 - 2/(exp(q)**2 + 1)"),
    "asinh": parsed("log(q + sqrt(q**2 + 1))"),
    "acosh": parsed("log(q + sqrt(q**2 - 1))"),
    "atanh": parsed("(log(1 + q) - log(1 - q))/2"),
    "asin": parsed("atan(q/sqrt(1 - q**2))"),
    "acos": parsed("pi/2 - asin(q)"),
}


class Balls:
    """Taylor coefficients as balls, for `reader.evaluate`. All are finite and real, else Rejected."""

    derivative = staticmethod(arb_series.derivative)

    def __init__(self, names: Mapping[str, Any] | None = None, *, length: int) -> None:
        self.length = length
        self.names: dict[str, Any] = {"pi": self.number(arb.pi()), "E": self.number(arb.const_e()), **(names or {})}

    def number(self, value: Any) -> arb_series:
        """A number."""
        return arb_series([value], prec=self.length)

    def variable(self, value: Any) -> arb_series:
        """What the coefficients are powers of, around a value."""
        return arb_series([arb(value), 1], prec=self.length)

    @staticmethod
    def sound(value: arb_series) -> arb_series:
        """The value, if every coefficient is finite: nothing else is multiplied, raised to a power or dropped."""
        require(all(value[i].is_finite() for i in range(value.prec)), "a part is not shown to be real and finite")
        return value

    @staticmethod
    def power(base: arb_series, exponent: arb_series, written: Fraction | None) -> arb_series:
        """base^exponent, where that is shown to be real."""
        if written is None or written.denominator != 1:
            require(base[0] > 0, "the base of a power is not shown to be positive")
        elif written < 0:
            require(not base[0].contains(0), "a denominator is not shown to differ from 0")
        return base**exponent

    def call(self, f: str, q: arb_series) -> arb_series:
        """f(q)."""
        if f == "log":
            require(q[0] > 0, "an argument of log is not shown to be positive")
        return _BALLS[f](q) if f in _BALLS else evaluate(DEFINED[f], self, q=q)


def nonzero(ball: arb) -> bool:
    """Whether a ball shows that a number is not 0."""
    return bool(ball.is_finite() and not ball.contains(0))


def ball_of(e: sp.Expr, values: Balls, at: Mapping[sp.Symbol, Any]) -> arb_series:
    """Encloses a formula of SymPy at values of its symbols. Rejected for anything that is not real."""
    if e.is_Symbol:
        return at[e]
    if e.is_Rational:
        return values.number(arb(fmpq(int(e.p), int(e.q))))
    if e in (sp.pi, sp.E):
        return values.names[str(e)]
    if e.is_Add or e.is_Mul:
        total, *parts = (ball_of(part, values, at) for part in e.args)
        for part in parts:
            total = values.sound(total + part if e.is_Add else total * part)
        return total
    if e.is_Pow:
        written = Fraction(int(e.exp.p), int(e.exp.q)) if e.exp.is_Rational else None
        base = ball_of(e.base, values, at)
        return values.sound(values.power(base, ball_of(e.exp, values, at), written))
    require(e.is_Function and len(e.args) == 1 and e.func.__name__ in {*_BALLS, *DEFINED}, "a formula has no enclosure")
    return values.sound(values.call(e.func.__name__, ball_of(e.args[0], values, at)))


def prove_rank(row: Callable[[Any], list[arb]], points: Sequence[Any], what: str) -> None:
    """That rows of values at as many points as columns are a regular matrix, so that the columns are independent."""
    require(0 < len(points) <= _MOST_COLUMNS, f"the points of {what}")
    for bits in _BITS:
        with ctx.workprec(bits):
            rows = [row(point) for point in points]
            require(all(len(values) == len(points) for values in rows), f"as many points as {what} are needed")
            if nonzero(arb_mat(rows).det()):
                return
    raise Rejected(f"{what} are not shown to be independent")


def pivots(rows: Sequence[Sequence[fmpq]], columns: int) -> list[int]:
    """The columns of a matrix that do not depend on those before them."""
    reduced, rank = fmpq_mat([list(row) for row in rows] or [[0] * columns]).rref()
    return [next(j for j in range(columns) if reduced[i, j] != 0) for i in range(rank)]
