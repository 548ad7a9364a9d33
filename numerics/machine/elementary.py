"""Computes elementary functions without branches or calls, so that the compiler makes vector instructions of them.

They are compiled with contraction (fused multiply-add) but without reassociation, which would undo the splitting of
constants into a leading and a trailing part.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

EXACT: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "forceinline": True}
ROUNDER = 1.5 * 2.0**52  # the low bits of ROUNDER + n are the integer n
_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


@intrinsic
def nearest(typing: Any, x: Any) -> Any:
    """x rounded to the nearest integer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = builder.module.declare_intrinsic("llvm.rint", [ir.DoubleType()])
        return builder.call(function, arguments)

    return types.float64(types.float64), generate


@intrinsic
def bits_of(typing: Any, x: Any) -> Any:
    """The 64 bits of a double as an integer."""
    return types.int64(types.float64), lambda c, builder, s, arguments: builder.bitcast(arguments[0], ir.IntType(64))


@intrinsic
def from_bits(typing: Any, i: Any) -> Any:
    """The double of 64 bits."""
    return types.float64(types.int64), lambda c, builder, s, arguments: builder.bitcast(arguments[0], ir.DoubleType())


@njit(**EXACT)
def choose(condition: bool, first: float, second: float) -> float:
    """The first where the condition holds, else the second; both are computed, so that no branch is needed."""
    return first if condition else second


@njit(**EXACT)
def less(a: float, b: float) -> float:
    """a - b before anything is added to it, which reassociation might do where this is inlined."""
    return a - b


@njit(**EXACT)
def power_of_two(n: float) -> float:
    """2^n for an integer n in [-1022, 1023]."""
    return from_bits((bits_of(n + ROUNDER) + 1023) << 52)


@njit(**EXACT)
def _reduced(x: float) -> tuple[float, float]:
    """(n, exp(r) - 1) with x = n log 2 + r, |r| <= log(2)/2; polynomial of relative error 2e-17 (interpolation)."""
    n = nearest(x * _LOG2_E)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = 2.5105217004720745163e-8
    p = p * r + 2.7626371065696356075e-7
    p = p * r + 2.755725540020642443e-6
    p = p * r + 2.4801504313785540166e-5
    p = p * r + 1.9841269874820625271e-4
    p = p * r + 1.3888888932514779355e-3
    p = p * r + 8.3333333333261351258e-3
    p = p * r + 4.1666666666573067732e-2
    p = p * r + 0.16666666666666670991
    p = p * r + 0.50000000000000056225
    return n, (p * r) * r + r


@njit(**EXACT)
def small_exp(x: float) -> float:
    """exp(x) for x in [-708, 709], without a check."""
    n, e = _reduced(x)
    scale = power_of_two(n)
    return e * scale + scale


@njit(**EXACT)
def exp(x: float) -> float:
    """exp(x) for every x: 0 and inf beyond the range of a double, nan for nan."""
    inside = -746.0 if x < -746.0 else (710.0 if x > 710.0 else x)
    n, e = _reduced(inside)
    half = nearest(0.5 * n)
    return ((1.0 + e) * power_of_two(half)) * power_of_two(n - half)


@njit(**EXACT)
def expm1(x: float) -> float:
    """exp(x) - 1 for x in [-708, 709], to a relative error of a few units in the last place."""
    n, e = _reduced(x)
    scale = power_of_two(n)
    return e * scale + (scale - 1.0)


@njit(**EXACT)
def tanh(x: float) -> float:
    """The hyperbolic tangent, as -m/(m + 2) with m = exp(-2|x|) - 1."""
    doubled = -2.0 * abs(x)
    m = expm1(-40.0 if doubled < -40.0 else doubled)
    value = -m / (m + 2.0)
    return -value if x < 0.0 else value


@njit(**EXACT)
def logistic(x: float) -> float:
    """1/(1 + exp(-x))."""
    size = abs(x)
    e = small_exp(-(708.0 if size > 708.0 else size))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


@njit(**EXACT)
def log_of_normal(x: float) -> float:
    """log(x) for a positive normal number: x = 2^n m, m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1)/(m + 1))."""
    shifted = bits_of(x) - 0x3FE6A09E667F3BCD  # sqrt(1/2)
    exponent = shifted >> 52
    m = from_bits(bits_of(x) - (exponent << 52))
    n = from_bits(bits_of(ROUNDER) + exponent) - ROUNDER
    f = m - 1.0
    s = f / (2.0 + f)
    w = s * s
    p = 0.13086626147840102138
    p = p * w + 0.13268773138656885185
    p = p * w + 0.15386239702814658188
    p = p * w + 0.18181795640132906276
    p = p * w + 0.22222222391713917442
    p = p * w + 0.28571428570803611811
    p = p * w + 0.40000000000000876983
    p = p * w + 0.66666666666666666465
    square = 0.5 * f * f
    return n * _LN2_HIGH - ((square - (s * (square + w * p) + n * _LN2_LOW)) - f)


@njit(**EXACT)
def log(x: float) -> float:
    """log(x) for every x: -inf at 0, nan below, inf at inf."""
    tiny = x < 2.2250738585072014e-308
    value = log_of_normal(x * 18014398509481984.0 if tiny else x) - (37.429947750237048 if tiny else 0.0)
    value = float("inf") if x == float("inf") else value
    value = float("-inf") if x == 0.0 else value
    return value if x >= 0.0 else float("nan")


@njit(**EXACT)
def softplus(x: float) -> float:
    """log(1 + exp(x)); log1p(e) = log(u) e/(u - 1) with u = 1 + e rounded."""
    size = abs(x)
    e = small_exp(-(708.0 if size > 708.0 else size))
    u = 1.0 + e
    tail = log_of_normal(u) + (e - (u - 1.0)) / u
    return (x if x > 0.0 else 0.0) + tail


@njit(**EXACT)
def _erf_near_zero(x: float) -> float:
    w = x * x
    p = -7.7958988270021422416e-10
    p = p * w + 1.3720064546777685604e-8
    p = p * w - 1.6208483801871705902e-7
    p = p * w + 1.644742470331736241e-6
    p = p * w - 1.4924736907419660338e-5
    p = p * w + 1.2055294904839707917e-4
    p = p * w - 8.5483259753896920806e-4
    p = p * w + 5.2239776071164227321e-3
    p = p * w - 2.686617064323777036e-2
    p = p * w + 0.11283791670945006266
    p = p * w - 0.37612638903183540438
    p = p * w + 1.1283791670955125665
    return p * x


@njit(**EXACT)
def _erfc_beyond_one(x: float) -> float:
    """erfc(x) on [1, 6]: (1 + 2x) exp(x^2) erfc(x) is a polynomial in (x - 7/2)/(x + 7/2)."""
    inverse = 1.0 / ((x + 3.5) * (1.0 + 2.0 * x))
    t = (x - 3.5) * ((1.0 + 2.0 * x) * inverse)
    p = 8.598552718512144838e-6
    p = p * t + 2.799080544309140217e-5
    p = p * t - 4.2556681494383826236e-5
    p = p * t - 1.2218780307223927593e-4
    p = p * t + 5.6416724380947516261e-4
    p = p * t - 3.0223824570164241586e-4
    p = p * t - 4.2149983928362455467e-3
    p = p * t + 1.9099331467075887146e-2
    p = p * t - 4.8823326703950381478e-2
    p = p * t + 8.7983153763212016575e-2
    p = p * t - 0.11508959814415491213
    p = p * t + 9.7519095154432113675e-2
    p = p * t - 1.0555596332330851635e-2
    p = p * t - 0.14000918013762458131
    p = p * t + 1.2423492448711545187
    return (p * (x + 3.5)) * (inverse * small_exp(-x * x))


@njit(**EXACT)
def erf(x: float) -> float:
    """The error function."""
    size = abs(x)
    beyond = 1.0 - _erfc_beyond_one(6.0 if size > 6.0 else size)
    value = _erf_near_zero(size) if size < 1.0 else beyond
    return -value if x < 0.0 else value
