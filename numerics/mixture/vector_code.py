"""What machine code of likelihoods calls: elementary functions and sums of products, in vectors of eight doubles.

Elementary functions have no branches or calls, so that the compiler makes vector instructions of them. They are
compiled with contraction (fused multiply-add) but without reassociation, which would undo the splitting of constants
into a leading and a trailing part.

Weighted products of rows are the inner loops of a likelihood kernel. Rows lie in one workspace, `stride` doubles apart,
padded to whole vectors with zero weights. Each sum keeps eight partial sums, one for each lane, in memory between the
blocks; lanes are added up at the end. The numbers of rows and the stride are compile-time constants, so every sum of a
tile stays in a register. Inside a jitted function ``gram(a, b, u, v, out, count, 5, 3, 264)`` adds
sum_j u_j v_j A_rj B_cj to out[(3 r + c), lane] for 5 rows at the address a and 3 rows at b.

The steps of a kernel turn scores and log densities of atoms into probabilities on one block of points. They are inlined
where a kernel calls them, so the number of atoms is a constant there. Rows: t scores, f log densities, p gate
probabilities, r probabilities given y. The largest score is taken off before a density is added: of scores of any size,
the digits of densities stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def use_wide_vectors(typing: Any) -> Any:
    """Let the function around it use vectors of 512 bits where the machine has them; LLVM prefers 256 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # not in the list that llvmlite checks
        return context.get_dummy_value()

    return types.none(), generate


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


LANES = 8
_MOST_ROWS = 5  # a tile has at most 5 x 5 sums: with its operands that fills 32 registers
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_BYTES = 8


class _Rows:
    """Loads of vector number `index` of rows at an address."""

    def __init__(self, builder: Any, address: Any, stride: int) -> None:
        self.builder, self.stride = builder, stride // LANES
        self.base = builder.inttoptr(address, _VECTOR.as_pointer())

    def load(self, row: int, index: Any) -> Any:
        offset = self.builder.add(index, ir.Constant(index.type, row * self.stride))
        return self.builder.load(self.builder.gep(self.base, [offset]), align=_BYTES)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return builder.fadd(builder.fmul(x, y, flags=("contract",)), z, flags=("contract",))


def _accumulate(
    builder: Any, out: Any, slots: Sequence[int], count: Any, terms: Callable[[Any], Sequence[tuple[Any, Any]]]
) -> None:
    """out[slots] += the sum over vectors 0..count of the products of pairs that terms(index) lists."""
    sums = _Rows(builder, out, LANES)
    zero = ir.Constant(count.type, 0)
    registers = [cgutils.alloca_once(builder, _VECTOR) for _ in slots]
    for register, slot in zip(registers, slots, strict=True):
        builder.store(sums.load(slot, zero), register)
    with cgutils.for_range(builder, count) as loop:
        for register, (x, y) in zip(registers, terms(loop.index), strict=True):
            builder.store(_multiply_add(builder, x, y, builder.load(register)), register)
    for register, slot in zip(registers, slots, strict=True):
        target = builder.gep(sums.base, [ir.Constant(count.type, slot)])
        builder.store(builder.load(register), target, align=_BYTES)


def _chunks(rows: int) -> list[range]:
    """Near-equal parts of range(rows), none longer than _MOST_ROWS."""
    parts = -(-rows // _MOST_ROWS)
    cuts = [rows * i // parts for i in range(parts + 1)]
    return [range(low, high) for low, high in pairwise(cuts)]


def _literals(*values: Any) -> list[int] | None:
    """Values of compile-time constants, None if one is not constant."""
    return [v.literal_value for v in values] if all(isinstance(v, types.IntegerLiteral) for v in values) else None


def _signature(arguments: int, literals: Sequence[Any]) -> Any:
    return types.none(*[types.int64] * arguments, *literals)


@intrinsic(prefer_literal=True)
def gram(
    typing: Any, a: Any, b: Any, u: Any, v: Any, out: Any, count: Any, rows: Any, columns: Any, stride: Any
) -> Any:
    """out[r columns + c] += sum_j u_j v_j A_rj B_cj, lane by lane."""
    constants = _literals(rows, columns, stride)
    if constants is None:
        return None
    p, q, step = constants

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, second, left, right = (_Rows(builder, address, step) for address in arguments[:4])
        for i in _chunks(p):
            for j in _chunks(q):

                def terms(index: Any, i: range = i, j: range = j) -> list[tuple[Any, Any]]:
                    weight = builder.fmul(left.load(0, index), right.load(0, index))
                    weighted = [builder.fmul(weight, second.load(c, index)) for c in j]
                    return [(x, y) for x in (first.load(r, index) for r in i) for y in weighted]

                _accumulate(builder, arguments[4], [r * q + c for r in i for c in j], arguments[5], terms)
        return context.get_dummy_value()

    return _signature(6, (rows, columns, stride)), generate


@intrinsic(prefer_literal=True)
def spread(typing: Any, a: Any, u: Any, v: Any, out: Any, count: Any, rows: Any, stride: Any) -> Any:
    """out[r] += sum_j u_j A_rj, then in order of r <= c, out[rows + ..] += sum_j u_j (1 - v_j) A_rj A_cj."""
    constants = _literals(rows, stride)
    if constants is None:
        return None
    p, step = constants
    slot = {pair: p + s for s, pair in enumerate((r, c) for r in range(p) for c in range(r, p))}

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, left, right = (_Rows(builder, address, step) for address in arguments[:3])
        parts = _chunks(p)
        for i in parts:
            for j in (part for part in parts if part.start >= i.start):
                pairs = [(r, c) for r in i for c in j if r <= c]
                firsts = list(i) if i == j else []

                def terms(index: Any, j: range = j, pairs: Any = pairs, firsts: Any = firsts) -> list[tuple[Any, Any]]:
                    u = left.load(0, index)
                    weight = builder.fsub(u, builder.fmul(u, right.load(0, index)))
                    rows = {r: first.load(r, index) for r in sorted({r for pair in pairs for r in pair})}
                    weighted = {c: builder.fmul(weight, rows[c]) for c in j}
                    return [(u, rows[r]) for r in firsts] + [(rows[r], weighted[c]) for r, c in pairs]

                _accumulate(builder, arguments[3], [*firsts, *(slot[pair] for pair in pairs)], arguments[4], terms)
        return context.get_dummy_value()

    return _signature(5, (rows, stride)), generate


@intrinsic(prefer_literal=True)
def weigh(typing: Any, a: Any, u: Any, out: Any, count: Any, rows: Any, stride: Any) -> Any:
    """out[r] += sum_j u_j A_rj."""
    constants = _literals(rows, stride)
    if constants is None:
        return None
    p, step = constants

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, left = (_Rows(builder, address, step) for address in arguments[:2])
        for i in _chunks(p):

            def terms(index: Any, i: range = i) -> list[tuple[Any, Any]]:
                weight = left.load(0, index)
                return [(weight, first.load(r, index)) for r in i]

            _accumulate(builder, arguments[2], list(i), arguments[3], terms)
        return context.get_dummy_value()

    return _signature(4, (rows, stride)), generate


_FLOOR = -300.0  # smaller exponentials cannot change a sum of doubles, and denormal numbers are slow


@njit(inline="always")
def softmax_of_two(t, f, p, r, tops, m):  # type: ignore[no-untyped-def]
    """Probabilities of two atoms from one exponential each; `tops` and the value are those of `softmax`."""
    t0, t1, f0, f1 = t[0], t[1], f[0], f[1]
    p0, p1, r0, r1 = p[0], p[1], r[0], r[1]
    total, ratio = 0.0, 1.0
    for j in range(m):
        dt = less(t1[j], t0[j])
        dc = dt + (f1[j] - f0[j])
        u, v = -abs(dt), -abs(dc)
        below = f1[j] + (dt if dt < 0 else 0.0) if dc > 0 else f0[j] - (dt if dt > 0 else 0.0)
        u, v = small_exp(_FLOOR if u < _FLOOR else u), small_exp(_FLOOR if v < _FLOOR else v)
        inverse = 1.0 / ((1.0 + u) * (1.0 + v))
        large_t, large_c = (1.0 + v) * inverse, (1.0 + u) * inverse
        tops[j] = below
        total += below
        ratio *= (1.0 + v) * large_t
        p0[j], p1[j] = (u * large_t if dt > 0 else large_t), (large_t if dt > 0 else u * large_t)
        r0[j], r1[j] = (v * large_c if dc > 0 else large_c), (large_c if dc > 0 else v * large_c)
    return total + math.log(ratio)


@njit(inline="always")
def largest(rows, tops, k, m):  # type: ignore[no-untyped-def]
    """The largest of k rows at each of m points, to tops; atoms are the outer loop, so that points make vectors."""
    for j in range(m):
        tops[j] = rows[0, j]
    for i in range(1, k):
        for j in range(m):
            tops[j] = rows[i, j] if rows[i, j] > tops[j] else tops[j]


@njit(inline="always")
def softmax(t, f, p, r, tops, k, m):  # type: ignore[no-untyped-def]
    """Probabilities of k atoms: p from t, r from t + f; tops is max_i (t_i + f_i) - max_i t_i.

    Returns the log-likelihood, with one logarithm for the block.
    """
    sum_t, sum_c = t[0], f[0]  # which are read before
    largest(t, tops, k, m)
    for i in range(k):
        for j in range(m):
            u = less(t[i, j], tops[j])
            p[i, j], r[i, j] = u, u + f[i, j]
    largest(r, tops, k, m)
    for j in range(m):
        sum_t[j], sum_c[j] = 0.0, 0.0
    for i in range(k):
        for j in range(m):
            u, v = p[i, j], r[i, j] - tops[j]
            u, v = small_exp(_FLOOR if u < _FLOOR else u), small_exp(_FLOOR if v < _FLOOR else v)
            p[i, j], r[i, j] = u, v
            sum_t[j] += u
            sum_c[j] += v
    total, ratio = 0.0, 1.0
    for j in range(m):
        inverse = 1.0 / (sum_t[j] * sum_c[j])
        scale_t, scale_c = sum_c[j] * inverse, sum_t[j] * inverse
        total += tops[j]
        ratio *= sum_c[j] * scale_t
        sum_t[j], sum_c[j] = scale_t, scale_c
    for i in range(k):
        for j in range(m):
            p[i, j] *= sum_t[j]
            r[i, j] *= sum_c[j]
    return total + math.log(ratio)


@njit(inline="always")
def weighted_value(tops, p, r, weights, reference, k, m):  # type: ignore[no-untyped-def]
    """sum_j weight_j (log g_j - reference_j), where log g = top + log(max p/max r)."""
    total = 0.0
    for j in range(m):
        top_p, top_r = p[0, j], r[0, j]
        for i in range(1, k):
            top_p = p[i, j] if p[i, j] > top_p else top_p
            top_r = r[i, j] if r[i, j] > top_r else top_r
        total += weights[j] * (tops[j] - reference[j] + log_of_normal(top_p / top_r))
    return total


@njit(inline="always")
def weigh_shares(shares, weights, out, m):  # type: ignore[no-untyped-def]
    """The weights in the first row of out, and the rows of shares times the weights in the others."""
    first = out[0]
    for j in range(m):
        first[j] = weights[j]
    for i in range(len(shares)):
        row, target = shares[i], out[i + 1]
        for j in range(m):
            target[j] = row[j] * first[j]


@njit(inline="always")
def aligned(size):  # type: ignore[no-untyped-def]
    """Zeros that begin at a multiple of 64 bytes."""
    flat = np.zeros(size + LANES)
    skip = -(np.int64(flat.ctypes.data) // 8) % LANES
    return flat[skip : skip + size]
