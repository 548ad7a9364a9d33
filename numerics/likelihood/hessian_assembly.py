"""Assembles score and Hessian from the sums of a kernel, in the order in which it adds them up."""

from __future__ import annotations

import numpy as np
from numba import njit

from temperance.numerics.machine.row_products import LANES
from temperance.numerics.mixture.activation_numpy import Floats

_OPTIONS = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}


@njit(**_OPTIONS)
def _add(hessian: Floats, i: int, j: int, value: float) -> None:
    hessian[i, j] += value
    if i != j:
        hessian[j, i] += value


@njit(**_OPTIONS)
def _spread(sums: Floats, at: int, first: int, rows: int, sign: float, scale: Floats, score: Floats, h: Floats) -> int:
    """Add the sums of `row_products.spread` for coordinates first..first+rows; returns where the next sums begin."""
    for r in range(rows):
        score[first + r] += sign * sums[at + r] * scale[first + r]
    at += rows
    for r in range(rows):
        for c in range(r, rows):
            _add(h, first + r, first + c, sign * sums[at] * scale[first + r] * scale[first + c])
            at += 1
    return at


@njit(**_OPTIONS)
def _cross(
    sums: Floats, at: int, first: int, rows: int, second: int, columns: int, sign: float, scale: Floats, h: Floats
) -> int:
    """Add the sums of `row_products.gram` for two atoms."""
    for r in range(rows):
        for c in range(columns):
            _add(h, first + r, second + c, sign * sums[at] * scale[first + r] * scale[second + c])
            at += 1
    return at


@njit(**_OPTIONS)
def _tau_row(sums: Floats, at: int, first: int, rows: int, sign: float, scale: Floats, h: Floats) -> int:
    for r in range(rows):
        _add(h, 0, first + r, sign * sums[at + r] * scale[first + r])
    return at + rows


@njit(**_OPTIONS)
def _gate_curvature(sums: Floats, at: int, first: int, d: int, scale: float, h: Floats) -> int:
    """sum (r - pi) d2 t: s'' x x^T/tau."""
    for l in range(d):
        for m in range(l, d):
            _add(h, first + l, first + m, sums[at] * scale)
            at += 1
    return at


@njit(**_OPTIONS)
def _expert_curvature(sums: Floats, at: int, first: int, d: int, inverse: float, score: Floats, h: Floats) -> int:
    """sum r d2 f from the sums of r x, r, r x x^T; first: coordinate of a_i."""
    b, nu = first + d, first + d + 1
    for l in range(d + 1):
        _add(h, first + l, b, -sums[at + l] * inverse)
        _add(h, first + l, nu, -score[first + l])
    _add(h, nu, nu, -score[nu] - 0.5 * sums[at + d])
    at += d + 1
    for l in range(d):
        for m in range(l, d):
            _add(h, first + l, first + m, -sums[at] * inverse)
            at += 1
    return at


@njit(**_OPTIONS)
def _tau_of_linear_gate(full: Floats, k: int, d: int, gates: int, score: Floats, h: Floats) -> None:
    """t is homogeneous in (beta1, beta0, tau): the row of log tau is minus the combination of the others."""
    q = 2 * d + 3
    for i in range(gates):
        for p in range(1 + i * q, 1 + i * q + d + 1):
            score[0] -= full[p] * score[p]
            for c in range(1, len(score)):
                h[0, c] -= full[p] * h[p, c]
    for i in range(gates):
        for p in range(1 + i * q, 1 + i * q + d + 1):
            h[0, p] -= score[p]
    for i in range(gates):
        for p in range(1 + i * q, 1 + i * q + d + 1):
            h[0, 0] -= full[p] * h[0, p]
    for c in range(1, len(score)):  # a loop compiles in no time, an array of another shape does not
        h[c, 0] = h[0, c]


@njit(**_OPTIONS)
def _scales(full: Floats, k: int, d: int) -> Floats:
    """Derivative of c_i in each coordinate over its row of features."""
    q = 2 * d + 3
    scale = np.full(1 + k * q, np.exp(-full[0]))
    for i in range(k):
        first = 1 + i * q + d + 1
        scale[first : first + d + 1] = np.exp(-full[first + d + 1])
        scale[first + d + 1] = 1.0
    return scale


@njit(inline="always")
def add_lanes(partial, out):  # type: ignore[no-untyped-def]
    """Every sum over its lanes."""
    for i in range(len(out)):
        total = 0.0
        for lane in range(LANES):
            total += partial[i, lane]
        out[i] = total


@njit(cache=True, error_model="numpy", nogil=True, no_cfunc_wrapper=True)
def assemble(
    sums: Floats,
    totals: Floats,
    full: Floats,
    k: int,
    d: int,
    gates: int,
    linear: bool,
    tau: bool,
    score: Floats,
    h: Floats,
) -> None:
    """Add a kernel's sums to score and Hessian in the coordinates (log tau, atom 1, ..., atom k).

    totals: sum of (pi - r) . t, and of sum_i t_i (pi_i (T_pi - t_i) - r_i (T_r - t_i)), T = sum_i of the weighted t_i.
    """
    q, g, at, scale = 2 * d + 3, d + 1, 0, _scales(full, k, d)
    for i in range(k):
        gate_first, expert = 1 + i * q, 1 + i * q + g
        first = gate_first if i < gates else expert
        rows = gate_first + q - first
        at = _spread(sums, at, first, rows, 1.0, scale, score, h)
        at = _expert_curvature(sums, at, expert, d, scale[expert], score, h)
        if i < gates:
            at = _spread(sums, at, gate_first, g, -1.0, scale, score, h)
        if i < gates and not linear:
            at = _gate_curvature(sums, at, gate_first, d, scale[0], h)
        if not linear:
            sign = 1.0 if tau else 0.0
            at = _tau_row(sums, at, first, rows, sign, scale, h)
            if i < gates:
                at = _tau_row(sums, at, gate_first, g, -sign, scale, h)
        for j in range(i + 1, k):
            second = 1 + j * q + (0 if j < gates else g)
            at = _cross(sums, at, first, rows, second, 1 + (j + 1) * q - second, -1.0, scale, h)
            if j < gates:
                at = _cross(sums, at, gate_first, g, second, g, 1.0, scale, h)
    if tau and linear:
        _tau_of_linear_gate(full, k, d, gates, score, h)
    elif tau:
        score[0] += totals[0]
        h[0, 0] += totals[1] - totals[0]
        for i in range(gates):
            for p in range(1 + i * q, 1 + i * q + g):
                _add(h, 0, p, -score[p])
