"""Performs the steps of a likelihood kernel on one block of points: fills rows of the workspace, then adds up products.

Every function is inlined where a kernel calls it, so the numbers of rows are constants there. Rows are named as in
`kernel`: t logits, c = t + log density, p gate probabilities, r responsibilities. Where points have weights, sums are
taken with rows of weighted probabilities in place of p and r.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from temperance.numerics.machine.elementary import log_of_normal, small_exp
from temperance.numerics.machine.intrinsics import call_jets
from temperance.numerics.machine.row_products import LANES, gram, spread, weigh

_SLOT = 8 * LANES  # bytes of one sum
_FLOOR = -300.0  # smaller exponentials cannot change a sum of doubles, and denormal numbers are slow


@njit(inline="always")
def affine(rows, coefficients, constant, out, m):  # type: ignore[no-untyped-def]
    """out = constant + coefficients . rows."""
    row, c = rows[0], coefficients[0]
    for j in range(m):
        out[j] = constant + c * row[j]
    for l in range(1, len(coefficients)):
        row, c = rows[l], coefficients[l]
        for j in range(m):
            out[j] += c * row[j]


@njit(inline="always")
def products(rows, factor, out, m):  # type: ignore[no-untyped-def]
    """out_l = rows_l factor."""
    for l in range(len(out)):
        row, target = rows[l], out[l]
        for j in range(m):
            target[j] = row[j] * factor[j]


@njit(inline="always")
def expert(y, residual, half, constant, t, joint, m):  # type: ignore[no-untyped-def]
    """From the mean in residual[0]: e, e^2/(2 nu) - 1/2 in residual, and c = t + log N(y | mean, nu) in joint."""
    e, h = residual[0], residual[1]
    for j in range(m):
        u = y[j] - e[j]
        v = half * u * u - 0.5
        e[j] = u
        h[j] = v
        joint[j] = t[j] + (constant - v)


@njit(inline="always")
def softmax_of_two(t, c, p, r, m):  # type: ignore[no-untyped-def]
    """Probabilities of two atoms from one exponential each; returns sum logsumexp(c) - logsumexp(t)."""
    t0, t1, c0, c1 = t[0], t[1], c[0], c[1]
    p0, p1, r0, r1 = p[0], p[1], r[0], r[1]
    top, ratio = 0.0, 1.0
    for j in range(m):
        dt, dc = t1[j] - t0[j], c1[j] - c0[j]
        u, v = -abs(dt), -abs(dc)
        u, v = small_exp(_FLOOR if u < _FLOOR else u), small_exp(_FLOOR if v < _FLOOR else v)
        inverse = 1.0 / ((1.0 + u) * (1.0 + v))
        large_t, large_c = (1.0 + v) * inverse, (1.0 + u) * inverse
        top += (c1[j] if dc > 0 else c0[j]) - (t1[j] if dt > 0 else t0[j])
        ratio *= (1.0 + v) * large_t
        p0[j], p1[j] = (u * large_t if dt > 0 else large_t), (large_t if dt > 0 else u * large_t)
        r0[j], r1[j] = (v * large_c if dc > 0 else large_c), (large_c if dc > 0 else v * large_c)
    return top + math.log(ratio)


@njit(inline="always")
def softmax(t, c, p, r, k, m):  # type: ignore[no-untyped-def]
    """Probabilities of k atoms; returns sum logsumexp(c) - logsumexp(t), with one logarithm for the block."""
    top, ratio = 0.0, 1.0
    for j in range(m):
        top_t, top_c = t[0, j], c[0, j]
        for i in range(1, k):
            top_t = t[i, j] if t[i, j] > top_t else top_t
            top_c = c[i, j] if c[i, j] > top_c else top_c
        sum_t, sum_c = 0.0, 0.0
        for i in range(k):
            u, v = t[i, j] - top_t, c[i, j] - top_c
            u, v = small_exp(_FLOOR if u < _FLOOR else u), small_exp(_FLOOR if v < _FLOOR else v)
            p[i, j], r[i, j] = u, v
            sum_t += u
            sum_c += v
        inverse = 1.0 / (sum_t * sum_c)
        scale_t, scale_c = sum_c * inverse, sum_t * inverse
        top += top_c - top_t
        ratio *= sum_c * scale_t
        for i in range(k):
            p[i, j] *= scale_t
            r[i, j] *= scale_c
    return top + math.log(ratio)


@njit(inline="always")
def weighted_value(t, c, p, r, weights, reference, k, m):  # type: ignore[no-untyped-def]
    """sum_j weight_j (log g_j - reference_j), where log g = max c - max t + log(max p/max r)."""
    total = 0.0
    for j in range(m):
        top_t, top_c, top_p, top_r = t[0, j], c[0, j], p[0, j], r[0, j]
        for i in range(1, k):
            top_t = t[i, j] if t[i, j] > top_t else top_t
            top_c = c[i, j] if c[i, j] > top_c else top_c
            top_p = p[i, j] if p[i, j] > top_p else top_p
            top_r = r[i, j] if r[i, j] > top_r else top_r
        total += weights[j] * ((top_c - top_t) - reference[j] + log_of_normal(top_p / top_r))
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


@njit(inline="always")
def fill_x(w, x, start, m, d):  # type: ignore[no-untyped-def]
    """x and the products of its coordinates in the first rows."""
    at = d + 1
    for l in range(d):
        row = w[l]
        for j in range(m):
            row[j] = x[start + j, l]
    for l in range(d):
        for o in range(l, d):
            products(w[l : l + 1], w[o], w[at : at + 1], m)
            at += 1


@njit(inline="always")
def fill_gate(w, full, jets, i, k, d, linear, phi, z, t, stride, m):  # type: ignore[no-untyped-def]
    """t_i and the features s'_i x of the gate."""
    q, over = 2 * d + 3, np.exp(-full[0])
    row, atom = phi + i * q, full[1 + i * q : 1 + (i + 1) * q]
    if linear:
        affine(w[:d], atom[:d] * over, atom[d] * over, w[t + i], m)
        products(w[:d], w[d], w[row : row + d], m)
    else:
        affine(w[:d], atom[:d], 0.0, w[z], m)
        s = z + 1 + i
        call_jets(jets, np.int64(w[z].ctypes.data), np.int64(w[s].ctypes.data), k * stride, m)
        affine(w[s : s + 1], np.array([over]), atom[d] * over, w[t + i], m)
        products(w[:d], w[s + k], w[row : row + d], m)


@njit(inline="always")
def fill_expert(w, full, y, i, d, row, t, c, m):  # type: ignore[no-untyped-def]
    """c_i and the features of the expert, from t_i."""
    atom = full[1 + i * (2 * d + 3) : 1 + (i + 1) * (2 * d + 3)]
    log_nu = atom[2 * d + 2]
    constant = -0.5 * (math.log(2 * math.pi) + log_nu + 1.0)
    affine(w[:d], atom[d + 1 : 2 * d + 1], atom[2 * d + 1], w[row + d], m)
    expert(y, w[row + d : row + d + 2], 0.5 * np.exp(-log_nu), constant, w[t + i], w[c + i], m)
    products(w[:d], w[row + d], w[row : row + d], m)


@njit(inline="always")
def fill(  # type: ignore[no-untyped-def]
    w, full, x, y, weights, reference, jets, start, m, k, d, gates, linear, phi, z, t, c, p, r, scratch, stride
):
    """All rows of m data from start on; returns their log-likelihood, relative to the reference if weighted."""
    q = 2 * d + 3
    fill_x(w, x, start, m, d)
    for i in range(k):
        if i < gates:
            fill_gate(w, full, jets, i, k, d, linear, phi, z, t, stride, m)
        fill_expert(w, full, y[start : start + m], i, d, phi + i * q + (d + 1 if i < gates else 0), t, c, m)
    if k == 2:
        value = softmax_of_two(w[t:c], w[c:p], w[p:r], w[r:scratch], m)
    else:
        value = softmax(w[t:c], w[c:p], w[p:r], w[r:scratch], k, m)
    if len(weights):
        stop = start + m
        value = weighted_value(w[t:c], w[c:p], w[p:r], w[r:scratch], weights[start:stop], reference[start:stop], k, m)
    return value


@njit(inline="always")
def mean_logit(t, r, weight, scratch, m):  # type: ignore[no-untyped-def]
    """sum_i r_i t_i in scratch; returns its weighted total."""
    total = 0.0
    for j in range(m):
        scratch[j] = 0.0
    for i in range(len(t)):
        u, v = t[i], r[i]
        for j in range(m):
            scratch[j] += u[j] * v[j]
    for j in range(m):
        total += weight[j] * scratch[j]
    return total


@njit(inline="always")
def pull(t, r, mean, out, m):  # type: ignore[no-untyped-def]
    """out = r (mean - t); returns the sum of t out."""
    total = 0.0
    for j in range(m):
        u = r[j] * (mean[j] - t[j])
        out[j] = u
        total += t[j] * u
    return total


@njit(inline="always")
def constant_rows(w, full, jets, k, d, gates, linear, phi, z, t, stride):  # type: ignore[no-untyped-def]
    """The rows of ones, and t of an atom whose gate parameters are held at 0."""
    q = 2 * d + 3
    w[d] = 1.0
    for i in range(gates):
        w[phi + i * q + d] = 1.0
    if gates < k:
        if not linear:
            call_jets(jets, np.int64(w[z].ctypes.data), np.int64(w[z + k].ctypes.data), k * stride, 1)
        w[t + k - 1] = (w[z + k, 0] + full[1 + (k - 1) * q + d]) * np.exp(-full[0])


@njit(inline="always")
def add_own(here, base, weight, r, probability, p, at, count, i, gates, q, e, g, basis, stride):  # type: ignore[no-untyped-def]
    """Sums of an atom with itself, weight and probability being weighted r and p; returns where the next sums go."""
    if i < gates:
        spread(here, weight, r, at, count, q, stride)
        at += _SLOT * (q * (q + 3) // 2)
    else:
        spread(here, weight, r, at, count, e, stride)
        at += _SLOT * (e * (e + 3) // 2)
    weigh(base, weight, at, count, basis, stride)
    at += _SLOT * basis
    if i < gates:
        spread(here, probability, p, at, count, g, stride)
        at += _SLOT * (g * (g + 3) // 2)
    return at


@njit(inline="always")
def add_activation(  # type: ignore[no-untyped-def]
    w, base, here, at, totals, tau, count, padded, i, k, gates, q, e, g, square, s2, t, wp, wr, scratch, stride
):
    """Sums of an atom with s'' x x^T and with log tau: features weighted with r (T_r - t), then with pi (T_pi - t).

    s2, t, wp, wr: first rows of s'', t, weighted pi and weighted r. Returns where the next sums go.
    """
    line, pulls = 8 * stride, base + (scratch + 2) * 8 * stride
    if i < gates:
        for j in range(padded):
            w[scratch + 2, j] = (w[wr + i, j] - w[wp + i, j]) * w[s2 + i, j]
        weigh(base + g * line, pulls, at, count, square, stride)
        at += _SLOT * square
    if tau:
        totals[1] -= pull(w[t + i], w[wr + i], w[scratch + 1], w[scratch + 2], padded)
        totals[1] += pull(w[t + i], w[wp + i], w[scratch], w[scratch + 3], padded)
    if i < gates:
        weigh(here, pulls, at, count, q, stride)
        weigh(here, pulls + line, at + _SLOT * q, count, g, stride)
        return at + _SLOT * (q + g)
    weigh(here, pulls, at, count, e, stride)
    return at + _SLOT * e


@njit(inline="always")
def add_pair(here, other, weight, r, probability, p, at, count, j, gates, q, e, g, stride):  # type: ignore[no-untyped-def]
    """Sums of atoms i < j, of weighted r_i and p_i with r_j and p_j; returns where the next sums go."""
    if j < gates:
        gram(here, other, weight, r, at, count, q, q, stride)
        at += _SLOT * q * q
        gram(here, other, probability, p, at, count, g, g, stride)
        return at + _SLOT * g * g
    gram(here, other, weight, r, at, count, q, e, stride)
    return at + _SLOT * q * e
