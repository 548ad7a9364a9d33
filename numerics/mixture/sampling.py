"""Samples (x, y) from a mixing measure, by a counter-based generator.

Point j of a stream is a function of (seed, replicate, j) alone: longer samples begin with the shorter ones. Studies are
defined by their seed and this generator (Philox4x64).
"""

from __future__ import annotations

import numpy as np

from temperance.numerics.mixture.activation_numpy import Compilable, Floats, compiled
from temperance.numerics.mixture.density import check_points, gate_probabilities
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.expressions.arguments import checked

_COUNTER = 4  # Philox4x64 makes four uniforms from one value of its counter


@checked
def sample(
    measure: MixingMeasure,
    gate: Compilable,
    n: int,
    *,
    seed: int,
    replicate: int = 0,
    low: float = -3.0,
    high: float = 3.0,
    x: Floats | None = None,
) -> tuple[Floats, Floats]:
    """n points x (n, d), uniform on [low, high]^d unless given, and y (n,) from g_G(y | x).

    measure has no replicate axis; gate: s, a name, an expression in z, an Activation, or one that is compiled; seed,
    replicate: of the stream. Raises ValueError for a wrong shape, an empty interval, or a gate that cannot be read.
    """
    if not low < high:
        raise ValueError(f"low must be below high, not {low}, {high}")
    if n < 0 or not (0 <= seed < 2**64 and 0 <= replicate < 2**64):
        raise ValueError(f"n must be at least 0, seed and replicate from 0 to 2^64 - 1, not {n}, {seed}, {replicate}")
    bits, columns = np.random.Philox(key=np.array([seed, replicate], dtype=np.uint64)), measure.d + 3
    u = np.random.Generator(bits).random((n, -(-columns // _COUNTER) * _COUNTER))
    if x is None:
        x = low + (high - low) * u[:, 3:columns]
    x = check_points(measure, x)
    if len(x) != n:
        raise ValueError(f"x must have shape {(n, measure.d)}, not {x.shape}")
    cumulative = np.cumsum(gate_probabilities(measure, compiled(gate), x), axis=1)
    atom = (u[:, :1] >= cumulative[:, :-1]).sum(axis=1)
    normal = np.sqrt(-2.0 * np.log1p(-u[:, 1])) * np.cos(2 * np.pi * u[:, 2])  # Box-Muller
    mean = np.einsum("nd,nd->n", x, measure.a[atom]) + measure.b[atom]
    return x, mean + np.sqrt(measure.nu[atom]) * normal
