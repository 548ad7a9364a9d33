"""Optimal designs against brute force, and the bounds on their efficiency."""

import numpy as np
import pytest
from scipy.optimize import minimize

from temperance.numerics.information.designs import GRID, UNIFORM, d_design, tau_design
from temperance.numerics.information.fisher import factors_at, information
from temperance.numerics.information.quadrature import Nodes
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import activation

TRUTH = MixingMeasure([[1.0], [0.0]], [-0.2, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])
LAYOUT = Layout(2, 1)


def rows(name, points):
    x = np.linspace(-3, 3, points)[:, None]
    return x, factors_at(TRUTH, LAYOUT, compile_activation(activation(name)), x, 6.0)


def value(factors, weights, kind):
    """log of the variance of log tau, or minus log det of the information."""
    matrix = np.einsum("n,nqi,nqj->ij", weights, factors, factors)
    return np.log(np.linalg.inv(matrix)[0, 0]) if kind == "tau" else -np.linalg.slogdet(matrix)[1]


@pytest.mark.parametrize("name", ["tanh", "gelu"])
@pytest.mark.parametrize("kind", ["tau", "all"])
def test_a_design_is_as_good_as_that_of_a_general_optimiser(name, kind):
    points = 13
    _, factors = rows(name, points)
    factors = factors / np.sqrt((factors**2).sum(axis=(0, 1)))
    found = (tau_design if kind == "tau" else d_design)(factors)
    full = np.full(points, UNIFORM / points)
    full[found.places] += (1 - UNIFORM) * found.weights

    def objective(logs):
        w = np.exp(logs - logs.max())
        return value(factors, UNIFORM / points + (1 - UNIFORM) * w / w.sum(), kind)

    rng = np.random.default_rng(0)
    best = min(minimize(objective, rng.normal(size=points), method="BFGS").fun for _ in range(4))
    assert value(factors, full, kind) <= best + 2e-3
    size = 1 if kind == "tau" else factors.shape[2]
    assert best >= value(factors, full, kind) + size * np.log(found.efficiency) - 1e-9  # what the bound forbids


def test_no_random_design_beats_the_bound():
    _, factors = rows("softplus", GRID)
    c, d = tau_design(factors), d_design(factors)
    assert min(c.efficiency, d.efficiency) > 0.999
    assert len(c.places) < 10
    full = np.full(GRID, UNIFORM / GRID)
    full[d.places] += (1 - UNIFORM) * d.weights
    rng = np.random.default_rng(1)
    for _ in range(200):
        w = np.zeros(GRID)
        chosen = rng.choice(np.append(c.places, d.places), 6)
        w[(chosen + rng.integers(-4, 5, 6)).clip(0, GRID - 1)] = rng.dirichlet(np.ones(6))
        w = 0.99 * w + 0.01 / GRID
        assert value(factors, w, "tau") >= np.log(c.variance * c.efficiency) - 1e-6
        assert value(factors, w, "all") >= value(factors, full, "all") + 9 * np.log(d.efficiency) - 1e-6


def test_the_variance_is_that_of_the_information_of_the_design():
    x, factors = rows("tanh", GRID)
    found = tau_design(factors)
    nodes = Nodes(
        np.append(x[found.places], x, axis=0), np.append((1 - UNIFORM) * found.weights, np.full(GRID, UNIFORM / GRID))
    )
    made = information(TRUTH, LAYOUT, compile_activation(activation("tanh")), nodes)
    assert made.variance("tau") == pytest.approx(found.variance, rel=1e-9)
    assert found.sensitivity[found.places] == pytest.approx(np.ones(len(found.places)), abs=0.01)
