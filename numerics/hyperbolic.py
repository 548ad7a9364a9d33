"""Hyperbolic functions, their inverses, tan and powers: without branches, made of the functions of `vectormath`."""

from __future__ import annotations

from math import sqrt

from numba import njit

from numerics.vectormath import EXACT, exp, expm1, log, log_of_normal, quarters


@njit(**EXACT)
def sinh(x: float) -> float:
    """(m + m/(m + 1))/2 with m = exp(|x|) - 1; inf beyond 709."""
    size = abs(x)
    m = expm1(709.0 if size > 709.0 else size)
    value = float("inf") if size > 709.0 else 0.5 * (m + m / (m + 1.0))
    value = value if size == size else size
    return -value if x < 0.0 else value


@njit(**EXACT)
def cosh(x: float) -> float:
    """(e + 1/e)/2 with e = exp(|x|)."""
    e = exp(abs(x))
    return 0.5 * (e + 1.0 / e)


@njit(**EXACT)
def log1p(x: float) -> float:
    """log(1 + x) as log(u) + (x - (u - 1))/u with u = 1 + x rounded; -inf at -1, nan below."""
    u = 1.0 + x
    inside = u > 0.0 and u <= 1.7976931348623157e308
    v = u if inside else 1.0
    value = log_of_normal(v) + (x - (v - 1.0)) / v
    return value if inside else log(u)


@njit(**EXACT)
def asinh(x: float) -> float:
    """log1p(|x| + x^2/(1 + sqrt(1 + x^2))) with the sign of x; for |x| > 1e8 log(2|x|)."""
    size = abs(x)
    near = 1e8 if size > 1e8 else size
    square = near * near
    value = log1p(near + square / (1.0 + sqrt(1.0 + square)))
    value = log(size) + 0.6931471805599453 if size > 1e8 else value
    return -value if x < 0.0 else value


@njit(**EXACT)
def acosh(x: float) -> float:
    """log1p(t + sqrt(t (t + 2))) with t = x - 1; for x > 1e8 log(2x); nan for x < 1."""
    t = (1e8 if x > 1e8 else x) - 1.0
    value = log1p(t + sqrt(t * (t + 2.0)))
    value = log(x) + 0.6931471805599453 if x > 1e8 else value
    return value if x >= 1.0 else float("nan")


@njit(**EXACT)
def atanh(x: float) -> float:
    """log1p(2|x|/(1 - |x|))/2 with the sign of x; inf at 1, nan beyond."""
    size = abs(x)
    value = 0.5 * log1p(2.0 * size / (1.0 - size))
    return -value if x < 0.0 else value


@njit(**EXACT)
def tan(x: float) -> float:
    """tan(x) for |x| <= 1e6, nan beyond."""
    q, s, c = quarters(x)
    value = -c / s if abs(q) == 1.0 else s / c
    return value if abs(x) <= 1e6 else float("nan")


@njit(**EXACT)
def power(x: float, y: float) -> float:
    """x^y = exp(y log x) for x >= 0, nan below; the relative error is |y log x| roundings."""
    return exp(y * log(x))
