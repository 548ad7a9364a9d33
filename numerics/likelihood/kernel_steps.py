"""Turns scores and log densities of atoms into probabilities on one block of points, for a likelihood kernel.

Every function is inlined where a kernel calls it, so the number of atoms is a constant there. Rows: t scores, f log
densities, p gate probabilities, r probabilities given y. The largest score is taken off before a density is added: of
scores of any size, the digits of densities stay.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from temperance.numerics.machine.elementary import less, log_of_normal, small_exp
from temperance.numerics.machine.row_products import LANES

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
def softmax(t, f, p, r, tops, k, m):  # type: ignore[no-untyped-def]
    """Probabilities of k atoms: p from t, r from t + f; tops is max_i (t_i + f_i) - max_i t_i.

    Returns the log-likelihood, with one logarithm for the block.
    """
    total, ratio = 0.0, 1.0
    for j in range(m):
        top_t = t[0, j]
        for i in range(1, k):
            top_t = t[i, j] if t[i, j] > top_t else top_t
        top_c = less(t[0, j], top_t) + f[0, j]
        for i in range(1, k):
            c = less(t[i, j], top_t) + f[i, j]
            top_c = c if c > top_c else top_c
        sum_t, sum_c = 0.0, 0.0
        for i in range(k):
            u = less(t[i, j], top_t)
            v = (u + f[i, j]) - top_c
            u, v = small_exp(_FLOOR if u < _FLOOR else u), small_exp(_FLOOR if v < _FLOOR else v)
            p[i, j], r[i, j] = u, v
            sum_t += u
            sum_c += v
        inverse = 1.0 / (sum_t * sum_c)
        scale_t, scale_c = sum_c * inverse, sum_t * inverse
        tops[j] = top_c
        total += top_c
        ratio *= sum_c * scale_t
        for i in range(k):
            p[i, j] *= scale_t
            r[i, j] *= scale_c
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
