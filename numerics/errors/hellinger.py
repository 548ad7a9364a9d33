"""Computes the Hellinger distance of two conditional densities, the error that has a rate in every setting.

    H^2 = (1/2) E_x int (sqrt g(y|x) - sqrt g*(y|x))^2 dy,    x uniform on [low, high]^d

Squaring before integrating avoids cancellation. The integral over y uses the trapezoid rule, exponentially accurate
for functions this smooth; that over x uses Gauss-Legendre for d = 1 and a fixed Sobol sequence for d > 1.
"""

from __future__ import annotations

import numpy as np

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import MixingMeasure, log_density
from temperance.numerics.mixture.threads import one_blas_thread

_NODES = 48
_SOBOL_BITS = 9  # 512 points
_REACH = 9.0  # standard deviations beyond the outermost line
_STEP = 0.35  # of the trapezoid rule, in the smallest standard deviation
_MOST_NODES = 20000  # of y, where a fitted variance is tiny


def _x_rule(d: int, low: float, high: float) -> tuple[Floats, Floats]:
    """Points (m, d) and weights (m,) of the uniform law on [low, high]^d."""
    if d == 1:
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        return (low + (nodes + 1) / 2 * (high - low))[:, None], weights / 2
    from scipy.stats import qmc

    points = qmc.Sobol(d, scramble=False).random_base2(_SOBOL_BITS)
    return low + points * (high - low), np.full(len(points), 1 / len(points))


def _y_rule(x: Floats, measures: tuple[MixingMeasure, ...]) -> tuple[Floats, float]:
    """Equidistant nodes that cover every atom of the measures at every x, and their distance."""
    means = np.concatenate([x @ g.a.T + g.b for g in measures], axis=1)
    deviation = np.sqrt(np.concatenate([g.nu for g in measures]))
    low, high = means.min() - _REACH * deviation.max(), means.max() + _REACH * deviation.max()
    count = min(_MOST_NODES, int((high - low) / (_STEP * deviation.min())) + 2)
    return np.linspace(low, high, count), float((high - low) / (count - 1))


@one_blas_thread()
def hellinger(
    measure: MixingMeasure, truth: MixingMeasure, gate: CompiledActivation, *, low: float, high: float
) -> Floats:
    """H(g_G, g_G*), in [0, 1], for every measure of the leading axes (...); truth has none.

    Raises ValueError if truth has leading axes or another dimension.
    """
    if truth.tau.ndim or truth.d != measure.d:
        raise ValueError(f"one true measure of dimension {measure.d} is needed, not {truth.beta1.shape}")
    x, weights = _x_rule(measure.d, low, high)
    distances = np.empty(measure.tau.shape)
    for index in np.ndindex(distances.shape):
        y, step = _y_rule(x, (measure[index], truth))
        grid_x, grid_y = np.repeat(x, len(y), axis=0), np.tile(y, len(x))
        densities = (log_density(g, gate, grid_x, grid_y) for g in (measure[index], truth))
        root, true_root = (np.exp(log / 2).reshape(len(x), -1) for log in densities)
        distances[index] = np.sqrt(0.5 * step * weights @ ((root - true_root) ** 2).sum(axis=1))
    return distances
