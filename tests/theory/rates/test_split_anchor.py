"""theory 3.2.6: where the anchor's cell of two true atoms is split in two, tau has the order 1 (s = tanh)."""

import numpy as np
import pytest
from scipy.optimize import least_squares

NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
X, Y = 2 * NODES, np.linspace(-7, 7, 41)
ROOTS = np.sqrt(WEIGHTS / 2 * (Y[1] - Y[0]))[:, None]
TAU, BETA, BIAS = 0.5, 1.3, 0.2
FIRST, ANCHOR = (1.0, 0.0, np.log(0.5)), (-1.0, 1.0, np.log(0.3))


def density(slopes, biases, tau, experts):
    weights = np.exp((np.tanh(np.outer(slopes, X)) + np.array(biases)[:, None]) / tau)
    means = np.array([a * X + b for a, b, _ in experts])[:, :, None]
    nu = np.exp([log_nu for *_, log_nu in experts])[:, None, None]
    normal = np.exp(-((Y - means) ** 2) / (2 * nu)) / np.sqrt(2 * np.pi * nu)
    return (weights[:, :, None] * normal).sum(0) / weights.sum(0)[:, None]


TRUE = density([BETA, 0], [BIAS, 0], TAU, (FIRST, ANCHOR))


def least_distance(t):
    """The least L2 distance of three atoms at tau exp(t), and beta1 of the free atom in the anchor's cell there."""

    def excess(p):
        fitted = density([p[0], p[1], 0], [p[2], p[3], 0], TAU * np.exp(t), (p[4:7], p[7:10], p[10:13]))
        return (ROOTS * (fitted - TRUE)).ravel()

    start = np.array([BETA, 0, BIAS + TAU * np.log(2), 0, *FIRST, *ANCHOR, *ANCHOR])
    low, high = np.full(13, -np.inf), np.full(13, np.inf)
    low[[1, 3]], high[[1, 3]] = (-0.6, -0.4), (0.6, 0.4)  # near 0, and shares away from 0
    fits = []
    for seed in range(3):
        moved = start + np.random.default_rng(seed).normal(size=13) * 0.4 * t**0.5
        moved = np.clip(moved, low + 1e-3, high - 1e-3)
        fits.append(
            least_squares(excess, moved, bounds=(low, high), x_scale="jac", ftol=1e-14, xtol=1e-14, max_nfev=60)
        )
    best = min(fits, key=lambda fit: fit.cost)
    return np.sqrt(2 * best.cost), abs(best.x[1])


def test_the_distance_is_of_the_order_of_the_offset_of_tau():
    distances, slopes = zip(*map(least_distance, (0.04, 0.02, 0.01)), strict=True)
    assert np.array(distances) / (0.04, 0.02, 0.01) == pytest.approx([0.01294, 0.01281, 0.01273], rel=0.02)
    assert np.array(slopes) / (0.04, 0.02, 0.01) == pytest.approx(1, abs=0.4)
