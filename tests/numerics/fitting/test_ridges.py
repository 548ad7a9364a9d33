"""Fits of gates with kinks end at maxima: no better point is near, in any direction."""

import numpy as np
import pytest
from scipy.optimize import minimize

from temperance.numerics.fitting.hyperplanes import kinks_of
from temperance.numerics.fitting.mle import Box, fit_points
from temperance.numerics.fitting.newton import GRADIENT, SETTLED, Stop
from temperance.numerics.fitting.starting_points import smaller, split_starts
from temperance.numerics.lattice.counts import samples
from temperance.numerics.lattice.experiment import experiment
from temperance.numerics.mixture import density
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.numerics.studies.claim_studies import TANH_CELL
from temperance.theory.activations.activation import activation

N = 300
GATES = ("relu", "abs", "leaky_relu", "hardtanh", "softshrink", "hardswish")
CASES = [(d, name, gauge, 1) for d in (1, 2) for name in GATES for gauge in ("free", "anchored")]
# a maximum on ridges at the edge of the box; with a large |beta1|; in a flat valley; with a higher one 0.001 away
CASES += [(2, "hardtanh", "free", 8), (2, "abs", "free", 6), (2, "softshrink", "free", 4), (2, "leaky_relu", "free", 2)]


def case(d, name, gauge="free", n=N, seed=1):
    """A layout, a gate and data of it, the last atom without a gate of its own in the anchored gauge."""
    gate = compile_activation(activation(name))
    beta1 = [[2.0, -1.0][:d], [-0.7, 0.8][:d] if gauge == "free" else [0.0] * d]
    a = [[1.5, 0.5][:d], [-1.0, 0.3][:d]]
    truth = MixingMeasure(beta1, [0.4, 0.0], 0.8, a, [1.0, -1.5], [0.25, 0.09])
    return Layout(2, d, gauge), gate, *sample(truth, gate, n, seed=seed)


def distances(gate, x, beta1):
    """Of every gate from every hyperplane beta1 . x_j = kink, shape (kinks, n, k)."""
    kinks = kinks_of(gate).places[:, None, None]
    return np.abs(x @ beta1.T - kinks) / np.linalg.norm(x, axis=1)[:, None]


def best_nearby(layout, gate, x, y, found):
    """The highest log-likelihood that random steps and Nelder and Mead reach, short of the next hyperplane."""
    lower, upper = found.box.bounds(layout)
    away = distances(gate, x, found.measure.beta1)
    radius = min(1e-3, 0.9 * away[away > 1e-9].min())

    def value(theta):
        theta = np.clip(theta, lower, upper)
        near = np.linalg.norm(theta - found.theta) < radius
        return float(density.log_likelihood(theta, layout, gate, x, y).value) if near else -1e9

    rng = np.random.default_rng(0)
    steps = [radius * size * rng.normal(size=layout.size) for size in (1e-4, 1e-3, 0.01, 0.1) for _ in range(40)]
    simplex = found.theta + 0.3 * radius * np.vstack([np.zeros(layout.size), np.eye(layout.size)])
    options = {"maxfev": 1000, "initial_simplex": simplex}
    polished = minimize(lambda theta: -value(theta), found.theta, method="Nelder-Mead", options=options)
    return max(-float(polished.fun), *(value(found.theta + step) for step in steps))


@pytest.mark.parametrize(("d", "name", "gauge", "seed"), CASES)
def test_a_fit_of_a_gate_with_kinks_ends_at_a_maximum(d, name, gauge, seed):
    layout, gate, x, y = case(d, name, gauge, seed=seed)
    found = fit_points(layout, gate, Points(x, y), box=Box.for_data(x, y), starts=3, seed=1)
    assert found.status in ("converged", "at_bound")
    assert found.gradient_norm <= GRADIENT * N
    assert best_nearby(layout, gate, x, y, found) <= found.log_likelihood + SETTLED * N


@pytest.mark.parametrize(("seed", "held"), [(3, [0]), (5, [1]), (19, [0, 1])])
def test_a_maximum_may_lie_on_ridges(seed, held):
    """The beta1 of these atoms are held by a point each: beside it the slopes are not 0, and point at the fit."""
    layout, gate, x, y = case(2, "relu", n=80, seed=seed)
    found = fit_points(layout, gate, Points(x, y), box=Box.for_data(x, y), starts=3, seed=1)
    on = np.argwhere(distances(gate, x, found.measure.beta1)[0] < 1e-9)
    assert found.status == "converged"
    assert sorted(on[:, 1]) == held
    for point, atom in on:
        normal = np.zeros(layout.size)
        normal[[j for j, name in enumerate(layout.names) if name == ("beta1", atom)]] = x[point]
        beside = [found.theta + side * normal for side in (-1e-7, 1e-7)]
        slopes = [normal @ density.log_likelihood(theta, layout, gate, x, y).score for theta in beside]
        assert slopes[0] > 100 * found.gradient_norm
        assert slopes[1] < -100 * found.gradient_norm


def test_fits_of_many_points_and_of_three_atoms_end_too():
    for d, name in ((1, "hardtanh"), (2, "relu")):
        layout, gate, x, y = case(d, name, n=20_000)
        assert fit_points(layout, gate, Points(x, y), box=Box.for_data(x, y), starts=2, seed=1).status == "converged"
        three = fit_points(Layout(3, d), gate, Points(x[:2000], y[:2000]), box=Box.for_data(x, y), starts=2, seed=1)
        assert three.status != "max_steps"


def test_repeated_points_share_their_ridges():
    layout, gate, x, y = case(2, "relu", "anchored", 60)
    once = fit_points(layout, gate, Points(x, y), box=Box.for_data(x, y), starts=2, seed=3)
    x, y = np.tile(x, (5, 1)), np.tile(y, 5)
    again = fit_points(layout, gate, Points(x, y), box=once.box, starts=0, seed=0, known_starts=[once.theta])
    assert again.status == once.status != "max_steps"
    assert again.log_likelihood == pytest.approx(5 * once.log_likelihood, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "places", "jumps"),
    [
        ("relu", [0], [1]),
        ("hardtanh", [-1, 1], [1, -1]),
        ("abs", [0], [2]),
        ("leaky_relu", [0], [0.99]),
    ],
)
def test_kinks_are_where_the_slope_jumps(name, places, jumps):
    kinks = kinks_of(compile_activation(activation(name)))
    np.testing.assert_allclose(kinks.places, places)
    np.testing.assert_allclose(kinks.jumps, jumps)


@pytest.mark.parametrize("name", ["tanh", "elu", "z*abs(z)", "where(z > 0, 1, 0)", "hardshrink"])
def test_smooth_gates_and_gates_that_jump_have_none(name):
    assert kinks_of(compile_activation(activation(name))) is None


def test_curved_valleys_of_a_surplus_atom_are_left_over_ridges():
    """hardtanh, three atoms for two: from splits of the maximum for two, searches end, and no lower than it."""
    truth = MixingMeasure([[0.6], [0.0]], [0.25, 0.0], 0.25, [[0.5], [-0.5]], [2.0, -2.0], [1.0, 0.25])
    gate, layout, n = compile_activation(activation("hardtanh")), Layout(3, 1), 10**8
    options = {"box": TANH_CELL.box, "stop": Stop.in_sample_units(n), "starts": 0, "seed": 0}
    made = experiment(truth, gate, TANH_CELL.box, n=n)
    for replicate in (4, 5):
        (points,) = samples(made, (n,), seed=2024, replicate=replicate)
        two = fit_points(smaller(layout), gate, points, known_starts=[smaller(layout).pack(truth)], **options)
        rng = np.random.default_rng([2024, 0, 5])
        for start in split_starts(layout, two.measure, 3, spread=float(points.middle[1][0]), rng=rng):
            found = fit_points(layout, gate, points, known_starts=[start], **options)
            assert found.is_estimate
            assert found.log_likelihood >= two.log_likelihood
