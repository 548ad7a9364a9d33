"""Computes the log-likelihood alone at many parameters on the same data, to choose starting points.

It omits the sums for score and Hessian, which cost more than half of a pass of `kernels.evaluate`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from temperance.numerics.likelihood.kernel import BLOCK, FAST, code_version, evaluate, row_counts
from temperance.numerics.likelihood.kernel_steps import aligned, constant_rows, fill
from temperance.numerics.machine.interrupts import interrupts_noted
from temperance.numerics.machine.intrinsics import use_wide_vectors
from temperance.numerics.machine.row_products import LANES
from temperance.numerics.mixture.activation_machine_code import NoMachineCode, machine_jets
from temperance.numerics.mixture.activation_numpy import CompiledActivation
from temperance.numerics.mixture.density import NONE
from temperance.numerics.mixture.measures import Layout

Floats = NDArray[np.float64]
_SIGNATURE = types.void(
    types.float64[:, ::1],
    types.float64[:, ::1],
    types.float64[::1],
    types.float64[::1],
    types.float64[::1],
    types.int64,
    types.float64[::1],
)


def _build(k: int, d: int, gates: int, linear: bool, version: int) -> Any:
    """The kernel for k atoms in dimension d, the first `gates` of which have free gate parameters.

    It is called with rows (log tau, atoms), x (n, d), y (n,), weights and reference (each (n,), or empty) and the
    address of the jets, and leaves a value for each row. Every free variable below is an integer, as in `kernels`.
    """
    counts = row_counts(k, d, gates)
    phi, z, t, c, p, r, scratch, rows = (sum(counts[: i + 1]) for i in range(8))
    block = BLOCK if k <= 8 else BLOCK // 4
    stride = block + LANES

    @njit(**FAST, cache=True)
    def kernel(fulls, x, y, weights, reference, jets, out):  # type: ignore[no-untyped-def]
        use_wide_vectors()
        w = aligned(rows * stride).reshape(rows, stride)
        for at in range(len(fulls)):
            full = fulls[at]
            value = 0.0 * version
            w[z, 0] = 0.0  # constant_rows takes s there
            constant_rows(w, full, jets, k, d, gates, linear, phi, z, t, stride)
            for start in range(0, len(y), block):
                m = min(block, len(y) - start)
                value += fill(
                    w, full, x, y, weights, reference, jets, start, m,
                    k, d, gates, linear, phi, z, t, c, p, r, scratch, stride,
                )  # fmt: skip
            out[at] = value

    return kernel


@cache
def _compiled(k: int, d: int, gates: int, linear: bool) -> Any:
    with interrupts_noted():  # as in kernels
        kernel = _build(k, d, gates, linear, code_version())
        kernel.compile(_SIGNATURE)
    return kernel


def values(
    thetas: Floats,
    layout: Layout,
    gate: CompiledActivation,
    x: Floats,
    y: Floats,
    weights: Floats = NONE,
    reference: Floats = NONE,
) -> Floats:
    """sum_j log g(y_j | x_j) at every theta of thetas (m, p), for x (n, d), y (n,) in C order; not checked.

    weights and reference (n,) as in `kernels.evaluate`, whose value it is where a value is not finite, and for an
    activation without machine code.
    """
    found = np.full(len(thetas), np.nan)
    linear = gate.source.is_linear
    fulls = np.zeros((len(thetas), 1 + layout.k * layout.atom_size))
    fulls[:, 0] = 0.0 if layout.tau is None else np.log(layout.tau)
    fulls[:, layout.free] = thetas
    try:
        address = 0 if linear else machine_jets(gate.source).address
        _compiled(layout.k, layout.d, layout.gates, linear)(fulls, x, y, weights, reference, address, found)
    except NoMachineCode:
        pass
    for i in np.flatnonzero(~np.isfinite(found)):
        found[i] = evaluate(thetas[i], layout, gate, x, y, weights, reference)[0]
    return found
