"""Encloses an expression and its Taylor coefficients rigorously, in the ball arithmetic of python-flint.

>>> import sympy as sp
>>> from temperance.theory.expressions.balls import jet
>>> [c.str(5, radius=False) for c in jet(sp.Symbol("z") ** 3, {"z": 2}, order=2, bits=64)]
['8.0000', '12.000', '6.0000']
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, reduce
from typing import TypeAlias

import flint
import sympy as sp
from flint import arb, arb_series, fmpq

from temperance.theory.expressions.language import KNOWN, LANGUAGE, Series, inverse

Value: TypeAlias = int | fmpq | arb
Evaluator: TypeAlias = Callable[[Mapping[str, Series], int], Series]
_CONSTANTS = {sp.pi: arb.pi, sp.E: arb.const_e}


def exact(number: sp.Rational) -> fmpq:
    """The flint rational equal to a SymPy rational."""
    return fmpq(int(number.p), int(number.q))


def _power(base: Evaluator, exponent: sp.Expr) -> Evaluator:
    if exponent.is_Integer:
        n = int(exponent)
        if n >= 0:
            return lambda symbols, length: base(symbols, length) ** n
        return lambda symbols, length: inverse(base(symbols, length) ** -n)
    if exponent.is_Rational and exponent.q == 2:
        p = int(exponent.p)
        if p > 0:
            return lambda symbols, length: base(symbols, length).sqrt() ** p
        return lambda symbols, length: inverse(base(symbols, length).sqrt() ** -p)
    value = _evaluator(exponent)
    return lambda symbols, length: (value(symbols, length) * base(symbols, length).log()).exp()


@lru_cache(maxsize=4096)
def _evaluator(e: sp.Expr) -> Evaluator:
    """Gives the power series of an expression from those of its symbols, to a length; it reads the expression once."""
    if e.is_Symbol:
        name = e.name
        return lambda symbols, _: symbols[name]
    if e in _CONSTANTS:
        constant = _CONSTANTS[e]
        return lambda _, length: arb_series([constant()], prec=length)
    if e.is_Rational:
        number = exact(e)
        return lambda _, length: arb_series([arb(number)], prec=length)
    if e.is_Pow:
        return _power(_evaluator(e.base), e.exp)
    parts = [_evaluator(part) for part in e.args]
    if e.is_Add or e.is_Mul:
        joined = operator.add if e.is_Add else operator.mul
        return lambda symbols, length: reduce(joined, [part(symbols, length) for part in parts])
    if e.func not in KNOWN or len(parts) != 1:
        name = e.func.__name__
        raise ValueError(
            f"no ball arithmetic for {name}, in a formula or its derivative; accepted: {', '.join(LANGUAGE)}"
        )
    ball, (part,) = KNOWN[e.func].ball, parts
    return lambda symbols, length: ball(part(symbols, length))


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
        symbols = {n: arb_series([arb(v), 1] if n == "z" else [arb(v)], prec=order + 1) for n, v in values.items()}
        try:
            series = _evaluator(expr)(symbols, order + 1)
        except KeyError as error:
            raise ValueError(f"no value for the symbol {error.args[0]!r}") from None
        except (ZeroDivisionError, OverflowError):
            return [arb.nan()] * (order + 1)
        return [series[i] for i in range(order + 1)]


def value(expr: sp.Expr, values: Mapping[str, Value], bits: int = 128) -> arb:
    """Enclose f(z0); see `jet`."""
    return jet(expr, values, 0, bits)[0]


def is_nonzero(ball: arb) -> bool:
    """Whether a ball proves that a number is not 0."""
    return bool(ball.is_finite() and not ball.contains(0))


def is_constant_in(expr: sp.Expr, symbols: Collection[sp.Symbol]) -> bool:
    """Whether an expression does not depend on symbols, once simplified; balls at two points often tell sooner."""
    if not symbols:
        return True
    places = [
        {s.name: fmpq(i + 2 + j * (s in symbols), 2 * i + 5) for i, s in enumerate(sorted(expr.free_symbols, key=str))}
        for j in range(2)
    ]
    try:
        first, other = (value(expr, place) for place in places)
    except ValueError:  # no ball arithmetic
        pass
    else:
        if first.is_finite() and other.is_finite() and not first.overlaps(other):
            return False
    return not sp.simplify(expr).free_symbols & set(symbols)


def is_zero(expr: sp.Expr) -> bool:
    """Whether an expression is 0, once simplified; balls at two points often tell sooner that it is not."""
    return is_constant_in(expr, expr.free_symbols) and sp.simplify(expr) == 0


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


def pivot_rows(rows: Sequence[Sequence[arb]]) -> list[int]:
    """The rows with pivots without 0 in an elimination of balls: as many as the rank that is proved, from below."""
    remaining, chosen = {i: list(row) for i, row in enumerate(rows)}, []
    while candidates := [
        (abs(e.mid()), i, j) for i, row in remaining.items() for j, e in enumerate(row) if not e.contains(0)
    ]:
        _, i, j = max(candidates, key=lambda f: f[0])
        pivot = remaining.pop(i)
        remaining = {
            k: [e - row[j] / pivot[j] * p for c, (e, p) in enumerate(zip(row, pivot, strict=True)) if c != j]
            for k, row in remaining.items()
        }
        chosen.append(i)
    return chosen
