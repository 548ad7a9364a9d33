"""Densities of theory 2.2.3, 2.3.5 and 2.4.1, written out here: mediants, a twin of z + z^3, and cells of tanh."""

from itertools import combinations

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import least_squares

EXPERTS = ((1, 0, 0.5), (-1, 1, 0.3))
X = np.linspace(-3, 3, 61)


def density(weights, slopes, tau, experts, x, y):
    """At 50 digits, of a gate with s = tanh."""
    weight = [w * mp.exp(mp.tanh(b * x) / tau) for w, b in zip(weights, slopes, strict=True)]
    parts = (w * mp.npdf(y, a * x + b, mp.sqrt(nu)) for w, (a, b, nu) in zip(weight, experts, strict=True))
    return sum(parts) / sum(weight)


@pytest.mark.parametrize("w", [0.3, 1, 5])
def test_a_twin_that_keeps_tau_has_mediants(w):
    with mp.workdps(50):
        tau, b, e = mp.mpf("0.5"), mp.mpf("1.3"), mp.exp(mp.mpf("0.4"))
        first, second = EXPERTS
        for x, y in ((-1.7, 0.3), (0.4, 1.9), (1.1, -2.2)):
            true = density([e, 1], [b, 0], tau, EXPERTS, mp.mpf(x), mp.mpf(y))
            four = [first, first, second, second]
            mixed = density([e, w * e, 1, w], [b, 0, 0, -b], tau, four, mp.mpf(x), mp.mpf(y))
            assert abs(true - mixed) < 1e-45
            other = density([e, w * e, 1, 2 * w], [b, 0, 0, -b], tau, four, mp.mpf(x), mp.mpf(y))
            assert abs(true - other) > 0.001 * true


@pytest.mark.parametrize("slopes", [(-1.613, -0.933, -0.318), (0.4, -1.1, 2.0), (3.0, 0.2, 1.0)])
def test_three_atoms_of_z_plus_z3_have_a_twin(slopes):
    b = np.array(slopes)
    e1, e2 = b.sum(), sum(p * q for p, q in combinations(b, 2))
    scale = abs(e1) / np.sqrt(e1**2 - 3 * e2)
    twin = scale * b - e1 * (scale**2 - 1) / (3 * scale)

    def score(z):
        return z + z**3

    for i, j in combinations(range(3), 2):
        odds = score(b[i] * X) - score(b[j] * X) - (score(twin[i] * X) - score(twin[j] * X)) / scale
        assert np.ptp(odds) < 1e-10
    assert abs(scale - 1) > 0.01
    if slopes[0] == -1.613:
        assert scale == pytest.approx(2.553, abs=5e-4)
        assert twin == pytest.approx([-2.054, -0.319, 1.251], abs=1e-3)


def test_a_cell_of_tanh_beside_a_singleton_has_one_gate():
    """Log odds of a cell of two and a singleton, searched for those of a truth: a stratum of it, or of its twin."""
    b, c, tau = 1.3, -0.7, 0.5
    true = (np.tanh(b * X) - np.tanh(c * X)) / tau + 0.3

    def excess(p):
        own, beside = np.tanh(np.outer(p[:2], X)) / np.exp(p[3]), np.tanh(p[2] * X) / np.exp(p[3])
        return np.logaddexp(p[4] + own[0], p[5] + own[1]) - beside - true

    rng = np.random.default_rng(1)
    starts = [[*rng.uniform(-2, 2, 3), rng.uniform(-1.5, 0.5), *rng.uniform(-1, 1, 2)] for _ in range(40)]
    fits = [least_squares(excess, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=600) for start in starts]
    exact = [fit.x for fit in fits if fit.cost < 1e-12 and abs(fit.x[4] - fit.x[5]) < 5]  # no weight vanishes
    assert len(exact) > 3
    for first, second, beside, log_tau, *_ in exact:
        assert first == pytest.approx(second, abs=0.02)
        assert np.exp(log_tau) == pytest.approx(tau, abs=0.01)
        assert (round(first, 1), round(beside, 1)) in {(1.3, -0.7), (0.7, -1.3)}
