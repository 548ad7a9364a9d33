"""The information of one observation against the density's own Hessian, finer rules, and its invariances."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit
from temperance.numerics.fitting.fits import Box
from temperance.numerics.information.fisher import FINE, Nodes, information, kurtosis, quadrature
from temperance.numerics.information.required import (
    at_truth,
    floor,
    largest_varentropy,
    relative_beta1,
    standard_errors,
)
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, log_density, sample
from tests.numerics.by_hand import log_likelihood


def pair(beta1=(1.0, 0.0), beta0=-0.2, tau=0.5, nu=(0.25, 0.5)):
    return MixingMeasure(
        np.array(beta1)[:, None], [beta0, 0.0], tau, np.array([[0.5], [-0.5]]), np.array([2.0, -2.0]), np.array(nu)
    )


def three(d=1):
    rng = np.random.default_rng(3)
    beta1 = rng.normal(size=(3, d))
    beta1[-1] = 0.0
    a = rng.normal(size=(3, d)) / 2
    return MixingMeasure(beta1, [0.3, -0.4, 0.0], 0.7, a, [3.0, -2.5, 0.2], [0.5, 0.3, 0.4])


def at(measure, name, gauge="anchored", accuracy=FINE, nodes=None):
    gate, layout = compiled(name), Layout(measure.k, measure.d, gauge)
    nodes = quadrature(measure, gate, -3.0, 3.0, accuracy) if nodes is None else nodes
    return information(measure, layout, gate, nodes)


@pytest.mark.parametrize(
    ("measure", "name", "gauge"),
    [
        (pair((1.0, -0.5)), "gelu", "free"),
        (three(2), "tanh", "anchored"),
    ],
)
def test_the_information_is_minus_the_mean_hessian_of_the_density(measure, name, gauge):
    """The same identity by other code: a sum over y of the Hessian of log g, at a few x."""
    gate, layout = compiled(name), Layout(measure.k, measure.d, gauge)
    x = np.random.default_rng(5).uniform(-3, 3, (15, measure.d))
    nodes = Nodes(x, np.full(len(x), 1 / len(x)), per_deviation=9.0)
    step = float(np.sqrt(measure.nu.min())) / 9
    y = np.arange(-14.0, 14.0, step)
    points, values = np.repeat(x, len(y), axis=0), np.tile(y, len(x))
    weights = np.exp(log_density(measure, gate, points, values)) * step / len(x)
    hessian = log_likelihood(layout.pack(measure), layout, gate, points, values, weights, np.zeros(len(values))).hessian
    found = information(measure, layout, gate, nodes).matrix
    scale = np.sqrt(np.diag(found))
    assert np.abs((found + hessian) / np.outer(scale, scale)).max() < 1e-10


@pytest.mark.parametrize(("name", "tau"), [("gelu", 0.5), ("sin", 0.05), ("tanh", 0.001)])
def test_finer_steps_change_nothing(name, tau):
    measure = pair(tau=tau)
    fine = at(measure, name).variance("tau")
    finer = at(measure, name, accuracy=replace(FINE, order=24, swing=1.5, panels=16, per_deviation=12.0)).variance(
        "tau"
    )
    assert abs(fine / finer - 1) < 2e-8


def iterated(measure, kinks):
    """Nodes of [-3, 3]^2: for every x_1, Gauss rules of x_2 between the kinks of s, whose corners end panels of x_1."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    lines = [(b[0], b[1], z) for b in measure.beta1 for z in kinks if b.any()]
    corners = [
        np.linalg.solve([m[:2], l[:2]], [m[2], l[2]])[0] for m in lines for l in lines if m[0] * l[1] != m[1] * l[0]
    ]
    corners += [(z - v * edge) / u for u, v, z in lines for edge in (-3.0, 3.0) if u]
    found = []
    edges = np.unique([*np.linspace(-3, 3, 9), *(c for c in corners if -3 < c < 3)])
    for low, high in pairwise(edges):
        for x, w in zip((low + high) / 2 + (high - low) / 2 * nodes, (high - low) / 2 * weights, strict=True):
            ends = [(z - u * x) / v for u, v, z in lines if v]
            cuts = np.unique([*np.linspace(-3, 3, 5), *(e for e in ends if -3 < e < 3)])
            for a, b in pairwise(cuts):
                found += [
                    (x, (a + b) / 2 + (b - a) / 2 * t, w * v * (b - a) / 72)
                    for t, v in zip(nodes, weights, strict=True)
                ]
    x1, x2, share = np.array(found).T
    return Nodes(np.stack([x1, x2], axis=1), share)


@pytest.mark.parametrize(
    ("name", "kinks", "gauge", "tau"),
    [
        ("hardtanh", (-1.0, 1.0), "anchored", None),
        ("hardswish", (-3.0, 3.0), "free", None),
        ("sign", (0.0,), "free", 0.5),
    ],
)
def test_kinks_in_two_dimensions_cost_no_digits(name, kinks, gauge, tau):
    """Against an iterated integral; the error that is said is not below the true one."""
    last = [0.3, 0.8] if gauge == "free" else [0.0, 0.0]
    measure = MixingMeasure([[1.0, -0.7], last], [0.3, 0.0], 0.5, [[1.0, 0.2], [-1.0, 0.1]], [1.0, -1.0], [0.3, 0.3])
    gate, layout = compiled(name), Layout(2, 2, gauge, tau)
    wanted = information(measure, layout, gate, iterated(measure, kinks))
    found = information(measure, layout, gate, quadrature(measure, gate, -3.0, 3.0))
    np.testing.assert_allclose(np.diag(found.matrix), np.diag(wanted.matrix), rtol=2e-5)
    if name != "sign":  # whose information on beta1 is 0
        required = at_truth(measure, layout, gate, -3.0, 3.0)
        here, there = (relative_beta1(f, measure) if tau else f.variance("tau") for f in (found, wanted))
        assert (required.beta1 if tau else required.tau) == here
        assert abs(here / there - 1) < required.error < 1e-4


@pytest.mark.parametrize(
    ("name", "tau", "wanted"),
    [("tanh", 0.5, 949.28), ("gelu", 0.5, 19478), ("softplus", 0.5, 12562), ("sin", 0.2, 521.3), ("exp", 1.0, 7513.8)],
)
def test_sample_sizes_of_a_tenth(name, tau, wanted):
    assert 100 * at(pair(tau=tau), name).variance("tau") == pytest.approx(wanted, rel=1e-4)


def test_units_of_s_and_of_z_do_not_matter():
    """s -> 3 s + 2 with tau -> 3 tau, z -> 2 z with beta1 -> beta1/2: the same relative variances."""
    first = at(pair((1.0, -0.5)), "tanh", "free")
    moved = pair((0.5, -0.25), beta0=-0.6, tau=1.5)
    second = at(moved, "3*tanh(2*z) + 2", "free")
    assert second.variance("tau") == pytest.approx(first.variance("tau"), rel=1e-9)
    assert 4 * second.variance("beta1", 0) == pytest.approx(first.variance("beta1", 0), rel=1e-9)
    assert second.price == pytest.approx(first.price, rel=1e-9)


def test_the_price_is_a_ratio_of_variances_and_of_generalised_variances():
    found = at(pair((1.0, -0.5)), "gelu", "free")
    tau, beta1 = found.places("tau"), found.places("beta1")
    inverse = np.linalg.inv(found.matrix)
    without_beta1 = np.linalg.inv(np.delete(np.delete(found.matrix, beta1, 0), beta1, 1))
    without_tau = np.linalg.inv(np.delete(np.delete(found.matrix, tau, 0), tau, 1))
    beta1_there = [j - 1 for j in beta1]
    assert found.price == pytest.approx(inverse[0, 0] / without_beta1[0, 0], rel=1e-6)
    ratio = np.linalg.det(inverse[np.ix_(beta1, beta1)]) / np.linalg.det(without_tau[np.ix_(beta1_there, beta1_there)])
    assert found.price == pytest.approx(ratio, rel=1e-6)


def test_the_factor_resolves_what_the_matrix_does_not():
    """A gate that is nearly linear, s = z + e (tanh z - z): n grows like e^-2 down to e = 1e-7."""
    values = [at(pair(), f"z + {e}*(tanh(z) - z)").variance("tau") for e in ("0.00001", "0.0000001")]
    assert values[1] / values[0] == pytest.approx(1e4, rel=1e-3)


def test_the_influence_of_a_normal_score_has_its_kurtosis():
    """Of nu of a far atom the influence is that of a variance: E (e^2 - 1)^4/4 = 15."""
    measure, gate = pair(nu=(0.01, 0.01)), compiled("tanh")
    layout = Layout(2, 1, "anchored")
    nodes = Nodes(np.array([[2.9]]), np.ones(1))
    direction = np.zeros(layout.size)
    direction[layout.names.index(("nu", 0))] = 1.0
    share = 1 / (1 + np.exp(-(np.tanh(2.9) - 0.2) / 0.5))
    assert kurtosis(measure, layout, gate, nodes, direction) == pytest.approx(15 / share, rel=1e-6)


@pytest.mark.slow
def test_a_fit_to_many_points_has_these_standard_errors():
    truth, gate = pair(), compiled("tanh")
    x, y = sample(truth, gate, 200_000, seed=12, low=-3.0, high=3.0)
    box = Box(beta1=5.0, beta0=5.0, tau=(0.05, 5.0), a=5.0, b=5.0, nu=(0.05, 5.0))
    found = fit(x, y, fitted=2, activation="tanh", gauge="anchored", starts=2, box=box)
    wanted = {(p, i): se for p, i, se in standard_errors(truth, Layout(2, 1, "anchored"), gate, -3.0, 3.0, 200_000)}
    tau = next(e for e in found.estimates if e.parameter == "tau")
    assert tau.se == pytest.approx(wanted["tau", None], rel=0.05)
    assert abs(tau.value - 0.5) < 5 * tau.se
    experts = sorted(e.se for e in found.estimates if e.parameter == "b")
    assert experts == pytest.approx(sorted(v for (p, _), v in wanted.items() if p == "b"), rel=0.03)


def varentropy(weights):
    """Var_w(log w) over the last axis, 0 log 0 being 0."""
    logs = np.log(np.where(weights > 0, weights, 1.0))
    mean = (weights * logs).sum(axis=-1, keepdims=True)
    return (weights * (logs - mean) ** 2).sum(axis=-1)


def test_the_floor_is_the_greatest_varentropy():
    for k, wanted in ((2, 0.4392288), (3, 0.7618024), (8, 1.7765724)):
        weights = np.random.default_rng(k).dirichlet(np.full(k, 0.3), 20_000)
        greatest = float(largest_varentropy(k).mid())
        assert greatest == pytest.approx(wanted, rel=1e-5)
        reached = varentropy(weights).max()
        assert greatest * 0.9 < reached <= greatest
    odds = np.linspace(0, 12, 100_001)
    p = 1 / (1 + np.exp(-odds))
    assert varentropy(np.stack([p, 1 - p], axis=-1)).max() == pytest.approx(1 / floor(2), rel=1e-8)
    with pytest.raises(ValueError, match="two atoms"):
        floor(1)


def test_no_truth_goes_below_the_floor():
    rng = np.random.default_rng(11)
    for trial in range(12):
        k = int(rng.integers(2, 5))
        beta1 = rng.normal(size=(k, 1)) * rng.uniform(0.3, 5)
        beta1[-1] = 0.0
        nu = rng.uniform(0.01, 1, k)
        m = MixingMeasure(
            beta1, [*rng.normal(size=k - 1), 0.0], rng.uniform(0.1, 1), rng.normal(size=(k, 1)), 4.0 * np.arange(k), nu
        )
        found = at_truth(m, Layout(k, 1), compiled(("tanh", "sin", "gelu")[trial % 3]), -3.0, 3.0)
        assert not found.resolved or found.tau > floor(k)


def test_a_gate_that_is_too_steep_or_rough_is_refused():
    with pytest.raises(ValueError, match="not real and finite on all of"):
        at(pair(), "log(z)")
    far = replace(pair(), b=np.array([1e7, -1e7]))
    with pytest.raises(ValueError, match="standard deviations"):
        at(far, "tanh")
    with pytest.raises(ValueError, match="dimension 1 or 2, not 3"):
        at(three(3), "tanh")
