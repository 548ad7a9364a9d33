"""The counter-based generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), and points drawn with it.

Point j of stream (seed, replicate) is a function of these three numbers alone. The counter of its draw number c is (low
and high half of j, c, replicate), the key is the seed in two halves. The four words of draw 0 give the radius and the
angle of a normal variable, the atom, and x_1; draw 1 + (l - 2) // 4 gives x_l, l >= 2. A word w stands for the uniform
(w + 1/2) 2^-32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from numerics.calls import call_jets, use_wide_vectors
from numerics.vectormath import cos_of_turns, log_of_normal, small_exp

Floats = NDArray[np.float64]

_MASK, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_UNIT = 2.0**-32
_BLOCK = 256
_FLOOR = -300.0
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


@njit(forceinline=True, **_OPTIONS)
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """The four words of a counter (c0, c1, c2, c3) and a key (k0, k1), all below 2^32 as unsigned 64-bit integers."""
    for _ in range(10):
        p0, p1 = (c0 & _MASK) * _M0, (c2 & _MASK) * _M1
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _MASK, (p0 >> _HALF) ^ c3 ^ k1, p0 & _MASK
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@njit(cache=True, **_OPTIONS)
def _uniforms(rows, seed, replicate, draw, start, step, m):  # type: ignore[no-untyped-def]
    """The uniforms of points start, start + step, ... of one draw, in four rows."""
    use_wide_vectors()
    r0, r1, r2, r3 = rows[0], rows[1], rows[2], rows[3]
    k0, k1 = np.uint64(seed) & _MASK, np.uint64(seed) >> _HALF
    first, stride, c2, c3 = np.uint64(start), np.uint64(step), np.uint64(draw), np.uint64(replicate)
    for j in range(m):
        point = first + stride * np.uint64(j)
        w0, w1, w2, w3 = philox(point & _MASK, point >> _HALF, c2, c3, k0, k1)
        r0[j] = (np.float64(w0) + 0.5) * _UNIT
        r1[j] = (np.float64(w1) + 0.5) * _UNIT
        r2[j] = (np.float64(w2) + 0.5) * _UNIT
        r3[j] = (np.float64(w3) + 0.5) * _UNIT


@njit(cache=True, fastmath={"contract"}, **_OPTIONS)
def _normals(radius, angle, out, m):  # type: ignore[no-untyped-def]
    """Box and Muller: sqrt(-2 log u) cos(2 pi v)."""
    use_wide_vectors()
    for j in range(m):
        out[j] = np.sqrt(-2.0 * log_of_normal(radius[j])) * cos_of_turns(angle[j])


@njit(cache=True, fastmath={"contract"}, **_OPTIONS)
def _weights(t, u, top, target, before, m):  # type: ignore[no-untyped-def]
    """exp(t_i - max t) in place of t, u times their total as the target, and zeros before the first atom."""
    use_wide_vectors()
    first = t[0]
    for j in range(m):
        top[j] = first[j]
        before[j] = target[j] = 0.0
    for i in range(1, len(t)):
        row = t[i]
        for j in range(m):
            top[j] = row[j] if row[j] > top[j] else top[j]
    for i in range(len(t)):
        row = t[i]
        for j in range(m):
            v = row[j] - top[j]
            v = small_exp(_FLOOR if v < _FLOOR else v)
            row[j] = v
            target[j] += v
    for j in range(m):
        target[j] *= u[j]


@njit(cache=True, **_OPTIONS)
def _columns(x, out, m):  # type: ignore[no-untyped-def]
    """The coordinates of m points as rows."""
    d = len(out)
    if d == 1:
        row = out[0]
        for j in range(m):
            row[j] = x[j]
    else:
        for l in range(d):
            for j in range(m):
                out[l, j] = x[j * d + l]


@njit(cache=True, fastmath={"contract"}, **_OPTIONS)
def _logits(s, constant, over, out, m):  # type: ignore[no-untyped-def]
    use_wide_vectors()
    for j in range(m):
        out[j] = (s[j] + constant) * over


@njit(cache=True, fastmath={"contract"}, **_OPTIONS)
def _affine(rows, coefficients, constant, out, m):  # type: ignore[no-untyped-def]
    """out = constant + coefficients . rows."""
    use_wide_vectors()
    for j in range(m):
        out[j] = constant + coefficients[0] * rows[0, j]
    for l in range(1, len(coefficients)):
        row, c = rows[l], coefficients[l]
        for j in range(m):
            out[j] += c * row[j]


@njit(cache=True, fastmath={"contract"}, **_OPTIONS)
def _pick(target, before, weight, mean, deviation, chosen, spread, m):  # type: ignore[no-untyped-def]
    """Take an atom's mean and deviation where the target lies beyond the weights before; add its weight to them."""
    use_wide_vectors()
    for j in range(m):
        take = target[j] >= before[j]
        chosen[j] = mean[j] if take else chosen[j]
        spread[j] = deviation if take else spread[j]
        before[j] += weight[j]


@njit(cache=True, fastmath={"contract"}, **_OPTIONS)
def _finish(chosen, spread, normal, y, m):  # type: ignore[no-untyped-def]
    use_wide_vectors()
    for j in range(m):
        y[j] = chosen[j] + spread[j] * normal[j]


@njit(cache=True, **_OPTIONS)
def draw_uniforms(seed, replicate, draw, start, step, out):  # type: ignore[no-untyped-def]
    """Fill out (n, 4) with the uniforms of one draw for points start, start + step, ..."""
    rows = np.empty((4, _BLOCK))
    for at in range(0, len(out), _BLOCK):
        m = min(_BLOCK, len(out) - at)
        _uniforms(rows, seed, replicate, draw, start + step * at, step, m)
        for j in range(m):
            for c in range(4):
                out[at + j, c] = rows[c, j]


@njit(cache=True, **_OPTIONS)
def draw_x(seed, replicate, start, step, x):  # type: ignore[no-untyped-def]
    """Fill x (n, d) with the uniforms of points start, start + step, ..."""
    rows = np.empty((4, _BLOCK))
    n, d = x.shape
    for at in range(0, n, _BLOCK):
        m = min(_BLOCK, n - at)
        for l in range(d):
            if l == 0 or l % 4 == 1:
                _uniforms(rows, seed, replicate, 0 if l == 0 else 1 + (l - 1) // 4, start + step * at, step, m)
            row = rows[3 if l == 0 else (l - 1) % 4]
            for j in range(m):
                x[at + j, l] = row[j]


@njit(cache=True, **_OPTIONS)
def draw_y(beta1, logits, tau, a, b, deviation, linear, jets, seed, replicate, start, step, x, y):  # type: ignore[no-untyped-def]
    """Fill y (n,) at x (n, d): atom i with probability softmax_i((s(beta1_i . x) + logits_i)/tau)."""
    k, n = len(logits), len(y)
    rows, t, jet, over = np.zeros((12, _BLOCK)), np.zeros((k, _BLOCK)), np.zeros((3, _BLOCK)), 1.0 / tau
    z, chosen, spread, mean = rows[4], rows[5], rows[6], rows[7]
    top, target, before, normal = rows[8], rows[9], rows[10], rows[11]
    columns, flat = np.zeros((x.shape[1], _BLOCK)), x.reshape(-1)
    for at in range(0, n, _BLOCK):
        m = min(_BLOCK, n - at)
        _uniforms(rows, seed, replicate, 0, start + step * at, step, m)
        _normals(rows[0], rows[1], normal, m)
        _columns(flat[at * x.shape[1] :], columns, m)
        for i in range(k):
            _affine(columns, beta1[i], 0.0, z, m)
            if not linear:
                call_jets(jets, np.int64(z.ctypes.data), np.int64(jet.ctypes.data), _BLOCK, m)
            _logits(z if linear else jet[0], logits[i], over, t[i], m)
        _weights(t, rows[2], top, target, before, m)
        for i in range(k):
            _affine(columns, a[i], b[i], mean, m)
            _pick(target, before, t[i], mean, deviation[i], chosen, spread, m)
        _finish(chosen, spread, normal, y[at : at + m], m)
