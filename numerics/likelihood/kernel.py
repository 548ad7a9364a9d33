"""Compiles log-likelihood, score and Hessian in one pass: the function of `density.log_likelihood`, faster.

A kernel is compiled for given k, d and kind of gate, and kept on disk. It goes through the data in blocks. For a block
it fills the rows of a workspace: for each atom the features (derivatives of c_i = t_i + f_i up to scale)

    phi_i = (s'_i x, 1; e_i x, e_i, e_i^2/(2 nu_i) - 1/2),    e_i = y - a_i . x - b_i,

the responsibilities r_i and the gate probabilities pi_i; then it adds up products of rows (`row_products`). With g_i =
(s'_i x, 1) the part of phi_i that belongs to the gate, the Hessian is, up to scale and the second
derivatives of c_i and t_i,

    sum r_i (1 - r_i) phi_i phi_i^T - sum pi_i (1 - pi_i) g_i g_i^T    in the block of atom i,
    -sum r_i r_j phi_i phi_j^T + sum pi_i pi_j g_i g_j^T               in the block of atoms i and j.

Points may have weights, which multiply their terms of every sum, and a reference, which is taken from log g: with
counts of 10^12 in all, log g - reference keeps the digits that log g does not have.

Kernels are closed over integers alone, because only such functions are found again on disk; the activation comes in as
the address of a compiled function (`jets`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types

from temperance.numerics.likelihood.hessian_assembly import add_lanes, assemble
from temperance.numerics.likelihood.kernel_steps import (
    add_activation,
    add_own,
    add_pair,
    aligned,
    constant_rows,
    fill,
    mean_logit,
    weigh_shares,
)
from temperance.numerics.machine.code_versions import MACHINE, version_of
from temperance.numerics.machine.interrupts import interrupts_noted
from temperance.numerics.machine.intrinsics import use_wide_vectors
from temperance.numerics.machine.row_products import LANES
from temperance.numerics.machine.written_code import NoMachineCode
from temperance.numerics.mixture import density
from temperance.numerics.mixture.activation_machine_code import machine_jets
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.density import NONE, Sums
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import Activation

_ROW, _TABLE = types.float64[::1], types.float64[:, ::1]
_SIGNATURE = types.float64(_ROW, types.boolean, _TABLE, _ROW, _ROW, _ROW, types.int64, _ROW, _ROW)
Likelihood = Callable[..., Sums]

BLOCK = 256


def code_version() -> int:
    """A number that changes with the code that kernels are made of, so that no stale kernel is found on disk."""
    return int(version_of(MACHINE, Path(__file__).parent)[:14], 16)


def row_counts(k: int, d: int, gates: int) -> list[int]:
    """Rows of the workspace: x, 1, products of x; phi; z, s, s', s''; t; c; pi; r; 4 of scratch; w, w pi, w r."""
    return [d + 1 + d * (d + 1) // 2, gates * (2 * d + 3) + (k - gates) * (d + 2), 1 + 3 * k, k, k, k, k, 4, 1 + 2 * k]


def _sum_count(k: int, d: int, gates: int, linear: bool) -> int:
    """Sums that the kernel keeps, in the order of `hessian_assembly.assemble`."""
    g, square, total = d + 1, d * (d + 1) // 2, 0
    rows = [2 * d + 3 if i < gates else d + 2 for i in range(k)]
    for i in range(k):
        total += rows[i] * (rows[i] + 3) // 2 + g + square
        total += (g * (g + 3) // 2 + (0 if linear else square)) * (i < gates)
        total += (rows[i] + g * (i < gates)) * (not linear)
        total += sum(rows[i] * rows[j] + g * g * (j < gates) for j in range(i + 1, k))
    return total


def _build(k: int, d: int, gates: int, linear: bool, version: int) -> Any:
    """The kernel for k atoms in dimension d, the first `gates` of which have free gate parameters.

    It is called with full (log tau, atoms), whether log tau is a coordinate, x (n, d), y (n,), weights and reference
    (both (n,), or empty) and the address of the jets, and returns the log-likelihood. It leaves its sums and two totals
    (zeros before) for `hessian_assembly.assemble`, unless the array for the sums is empty. Every free variable below is
    an integer.
    """
    q, e, g, square = 2 * d + 3, d + 2, d + 1, d * (d + 1) // 2
    basis, counts = g + square, row_counts(k, d, gates)
    phi, z, t, c, p, r, scratch, given, rows = (sum(counts[: i + 1]) for i in range(9))
    sums, block = _sum_count(k, d, gates, linear), BLOCK if k <= 8 else BLOCK // 4
    stride, line = block + LANES, 8 * (block + LANES)

    @njit(fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy", nogil=True, cache=True)
    def kernel(full, tau, x, y, weights, reference, jets, out_sums, totals):  # type: ignore[no-untyped-def]
        use_wide_vectors()
        w = aligned(rows * stride).reshape(rows, stride)
        partial = aligned(sums * LANES).reshape(sums, LANES)
        base, out = np.int64(w.ctypes.data), np.int64(partial.ctypes.data)
        value = 0.0 * version
        # rows of weights, weighted pi and weighted r: those of ones, pi and r themselves where there are no weights
        one, wp, wr = (given, given + 1, given + 1 + k) if len(weights) else (d, p, r)
        constant_rows(w, full, jets, k, d, gates, linear, phi, z, t, stride)
        for start in range(0, len(y), block):
            m = min(block, len(y) - start)
            padded = (m + LANES - 1) // LANES * LANES
            value += fill(
                w, full, x, y, weights, reference, jets, start, m,
                k, d, gates, linear, phi, z, t, c, p, r, scratch, stride,
            )  # fmt: skip
            if not len(out_sums):
                continue
            w[p:scratch, m:padded] = 0.0
            if len(weights):
                weigh_shares(w[p:scratch], weights[start : start + m], w[given:rows], m)
                w[given:rows, m:padded] = 0.0
            if tau and not linear:
                totals[0] += mean_logit(w[t:c], w[p:r], w[one], w[scratch], padded)
                totals[0] -= mean_logit(w[t:c], w[r:scratch], w[one], w[scratch + 1], padded)
            at, count = out, padded // LANES
            for i in range(k):
                here, weight, probability = base + (phi + i * q) * line, base + (wr + i) * line, base + (wp + i) * line
                share, prior = base + (r + i) * line, base + (p + i) * line
                at = add_own(here, base, weight, share, probability, prior, at, count, i, gates, q, e, g, basis, stride)
                if not linear:
                    at = add_activation(
                        w, base, here, at, totals, tau, count, padded, i, k, gates, q, e, g, square,
                        z + 1 + 2 * k, t, wp, wr, scratch, stride,
                    )  # fmt: skip
                for j in range(i + 1, k):
                    other, further = here + (j - i) * q * line, (j - i) * line
                    at = add_pair(
                        here, other, weight, share + further, probability, prior + further, at, count,
                        j, gates, q, e, g, stride,
                    )  # fmt: skip
        add_lanes(partial, out_sums)
        return value

    return kernel


@cache
def compiled_kernel(k: int, d: int, gates: int, linear: bool) -> Any:
    """The kernel of `_build`, one for each process."""
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        kernel = _build(k, d, gates, linear, code_version())
        kernel.compile(_SIGNATURE)
    return kernel


@lru_cache(maxsize=256)
def likelihood_of(layout: Layout, activation: Activation) -> Likelihood:
    """The compiled log-likelihood of a layout and an activation.

    It maps theta (p,), x (n, d), y (n,), weights and reference (each (n,), or `NONE`), doubles in C order, and whether
    derivatives are wanted, to the value, the score (p,) and the Hessian (p, p); without derivatives these are `NONE`.
    Raises `NoMachineCode` if a function in the activation is not translated.
    """
    linear = activation.is_linear
    address = 0 if linear else machine_jets(activation).address
    gates = layout.gates
    kernel = compiled_kernel(layout.k, layout.d, gates, linear)
    size, free = 1 + layout.k * layout.atom_size, layout.free
    square, tau = free[:, None] * size + free, layout.tau is None
    count = _sum_count(layout.k, layout.d, gates, linear)
    fixed = np.zeros(size)
    fixed[0] = 0.0 if layout.tau is None else np.log(layout.tau)

    def likelihood(theta: Floats, x: Floats, y: Floats, weights: Floats, reference: Floats, derivatives: bool) -> Sums:
        full = fixed.copy()
        full[free] = theta
        if not derivatives:
            return Sums(kernel(full, tau, x, y, weights, reference, address, NONE, NONE), NONE, NONE)
        score, hessian, sums, totals = np.zeros(size), np.zeros((size, size)), np.empty(count), np.zeros(2)
        value = kernel(full, tau, x, y, weights, reference, address, sums, totals)
        assemble(sums, totals, full, layout.k, layout.d, gates, linear, tau, score, hessian)
        return Sums(value, score.take(free), hessian.take(square))

    return likelihood


def evaluate(
    theta: Floats,
    layout: Layout,
    gate: CompiledActivation,
    x: Floats,
    y: Floats,
    weights: Floats = NONE,
    reference: Floats = NONE,
    *,
    derivatives: bool = True,
) -> Sums:
    """Value, score (p,) and Hessian (p, p) at one theta (p,) for x (n, d), y (n,) in C order; not checked.

    With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j), of which score
    and Hessian are the derivatives. Without derivatives, which cost more than half of a pass, only the value counts.
    The plain version takes over for an activation without machine code, and where the sums are not finite because s
    overflows in double precision.
    """
    return evaluation(layout, gate)(theta, x, y, weights, reference, derivatives)


def evaluation(layout: Layout, gate: CompiledActivation) -> Likelihood:
    """`evaluate` for a layout and a gate, which are looked up once for many theta; all arguments by position."""
    try:
        likelihood = likelihood_of(layout, gate.source)
    except NoMachineCode:
        likelihood = None

    def evaluated(theta: Floats, x: Floats, y: Floats, weights: Floats, reference: Floats, derivatives: bool) -> Sums:
        if likelihood is not None:
            sums = likelihood(theta, x, y, weights, reference, derivatives)
            if math.isfinite(sums.value) and (not derivatives or math.isfinite(sums.hessian.sum())):
                return sums
        with np.errstate(all="ignore"):
            return density.log_likelihood(theta, layout, gate, x, y, weights, reference)

    return evaluated
