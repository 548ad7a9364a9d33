"""Weights and a reference in the likelihood: repeated points, and 40 digits at n = 10^12."""

import mpmath as mp
import numpy as np
import pytest

from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.kernels import BLOCK
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import Layout, MixingMeasure, log_density
from temperance.numerics.mixture.points import Points

CASES = [("linear", "anchored", 1, 1), ("linear", "anchored", 3, 1), ("tanh", "free", 2, 1), ("gelu", "anchored", 2, 2)]


def case(name, gauge, k, d, n=2 * BLOCK + 77):
    """Layout, gate, theta, x, y, whole weights with zeros among them, and a reference."""
    layout, rng = Layout(k, d, gauge), np.random.default_rng([k, d, n])
    theta, x, y = rng.normal(0, 0.7, layout.size), rng.uniform(-2, 2, (n, d)), rng.normal(0, 2, n)
    return layout, compiled(name), theta, x, y, rng.integers(0, 5, n).astype(float), rng.normal(size=n)


def check_equal(ours, exact):
    for found, part in zip(ours, exact, strict=True):
        np.testing.assert_allclose(found, part, rtol=1e-10, atol=1e-12 * max(1.0, float(np.abs(part).max())))


@pytest.mark.parametrize("setting", CASES)
def test_a_weight_repeats_its_point(setting):
    layout, s, theta, x, y, w, reference = case(*setting)
    whole = w.astype(int)
    value, *derivatives = evaluate(theta, layout, s, np.repeat(x, whole, axis=0), np.repeat(y, whole))
    check_equal(evaluate(theta, layout, s, x, y, w, reference), (value - w @ reference, *derivatives))


@pytest.mark.parametrize(("weights", "reference", "name"), [(4, 5, "weights"), (5, 4, "reference"), (0, 5, "weights")])
def test_wrong_shapes_are_named(weights, reference, name):
    with pytest.raises(ValueError, match=rf"^{name} must have shape \(5,\)"):
        Points(np.zeros((5, 1)), np.zeros(5), np.ones(weights), np.ones(reference))


def exact_value(theta, x, y, w, reference):
    """sum_j w_j (log g_j - reference_j) of two atoms with the tanh gate in the free gauge, from mpmath."""
    tau, (g1, c1, a1, b1, v1), (g2, a2, b2, v2) = mp.exp(theta[0]), theta[1:6], theta[6:]
    total = mp.mpf(0)
    for xj in sorted(set(x)):
        e1, e2 = mp.exp((mp.tanh(g1 * xj) + c1) / tau), mp.exp(mp.tanh(g2 * xj) / tau)
        inside = [(a * xj + b, mp.exp(v), e) for a, b, v, e in ((a1, b1, v1, e1), (a2, b2, v2, e2))]
        for j in np.flatnonzero(x == xj):
            joint = sum(e * mp.exp(-((mp.mpf(y[j]) - m) ** 2) / (2 * v)) / mp.sqrt(2 * mp.pi * v) for m, v, e in inside)
            total += mp.mpf(w[j]) * (mp.log(joint / (e1 + e2)) - mp.mpf(reference[j]))
    return total


def test_value_and_score_at_ten_to_the_twelve_are_those_of_forty_digits():
    """Within 1e-3 log-likelihood units, and 1e-3 of a standard deviation of the score."""
    layout, rng, n = Layout(2, 1, "free"), np.random.default_rng(0), 10**12
    truth = MixingMeasure([[1.5], [-1.5]], [0.5, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])
    columns, rows = np.array([-2.5, -1.0, 0.5, 2.0]), 0.1875 * np.arange(-48, 49)
    x, y = np.repeat(columns, len(rows)), np.tile(rows, len(columns))
    reference = log_density(truth, compiled("tanh"), x[:, None], y)
    p = np.exp(reference) * 0.1875 / len(columns)
    w = rng.multinomial(n, p / p.sum()).astype(float)
    x, y, w, reference = (array[w > 0] for array in (x, y, w, reference))
    theta = layout.pack(truth) + 1e-6 * rng.normal(size=layout.size)
    value, score, hessian = evaluate(theta, layout, compiled("tanh"), x[:, None], y, w, reference)
    with mp.workdps(40):
        point, step = [mp.mpf(t) for t in theta], mp.mpf(10) ** -12
        exact = exact_value(point, x, y, w, reference)
        slopes = []
        for i in range(len(point)):
            high, low = ([t + (sign * step if i == j else 0) for j, t in enumerate(point)] for sign in (1, -1))
            slopes.append((exact_value(high, x, y, w, reference) - exact_value(low, x, y, w, reference)) / (2 * step))
    assert -100 < exact < 100  # what is left of -10^12
    assert abs(value - exact) < 1e-3
    deviations = np.sqrt(-np.diag(hessian))
    assert (np.abs(score - np.array(slopes, dtype=float)) < 1e-3 * deviations).all()
