"""Laws of tau, also near singular points (theory 7.4, 7.5), the best temperature, and gates with one range."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, log, pi

import numpy as np
import pytest

from temperance.numerics.information.fisher import information, quadrature
from temperance.numerics.information.required import (
    best_matched,
    best_tau,
    holds_from,
    largest_varentropy,
    matched,
    sparse_law,
    tau_variance,
    ties,
)
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure


def pair(beta1=(1.0, 0.0), beta0=-0.2, tau=0.5):
    return MixingMeasure(
        np.array(beta1)[:, None], [beta0, 0.0], tau, np.array([[0.5], [-0.5]]), np.array([2.0, -2.0]), [0.25, 0.5]
    )


def slope(measure, name, gauge, taus):
    layout, gate = Layout(measure.k, 1, gauge), compiled(name)
    values = [tau_variance(replace(measure, tau=np.array(t)), layout, gate, -3.0, 3.0) for t in taus]
    return np.diff(np.log(values)) / np.diff(np.log(taus))


def law(measure, name, gauge, low=-3.0, high=3.0):
    gate = compiled(name)
    found = ties(measure, gate, low, high)
    return sparse_law(measure, Layout(measure.k, 1, gauge), gate, found), len(found)


THREE = MixingMeasure(
    [[2.0], [-1.5], [0.0]], [-0.5, 0.1, 0.0], 0.5, [[0.5], [-0.5], [0.1]], [4.0, -4.0, 0.0], [0.3, 0.4, 0.5]
)


@pytest.mark.parametrize(
    ("measure", "name", "gauge", "exponent", "count"),
    [
        (pair(), "gelu", "anchored", -3, 1),
        (pair(), "sin", "anchored", -1, 2),
        (pair((1.0, -0.5)), "z**2 + cos(z)", "free", -5, 2),  # even: two crossings count as one
        (pair((1.0, 0.5), beta0=0.0), "tanh", "free", -9, 1),  # odd about its crossing
        (THREE, "tanh", "anchored", -3, 2),  # two pairs, each with gate parameters of its own
    ],
)
def test_the_law_of_a_sparse_gate_is_that_of_the_numbers(measure, name, gauge, exponent, count):
    assert law(measure, name, gauge) == (exponent, count)
    taus = np.array([0.004, 0.002] if exponent > -9 else [0.001, 0.0005])  # the tails of the gate fade late
    assert slope(measure, name, gauge, taus)[0] == pytest.approx(exponent, abs=0.15)


TOUCHING = [  # activation, gauge, least x, exponent; beta0 = 0: the scores meet at x = 0
    ("log(cosh(z))", "anchored", -3.0, Fraction(-5, 2)),
    ("gaussian", "anchored", -3.0, Fraction(-5, 2)),
    ("z*tanh(z)", "free", -3.0, Fraction(-9, 2)),
    ("tanh", "anchored", 0.0, -5),
]


@pytest.mark.parametrize(("name", "gauge", "low", "exponent"), TOUCHING)
def test_scores_that_touch_or_cross_at_an_end_have_a_law(name, gauge, low, exponent):
    measure = pair((1.0, 0.0 if gauge == "anchored" else 0.5), beta0=0.0)
    layout, gate = Layout(2, 1, gauge), compiled(name)
    assert law(measure, name, gauge, low) == (exponent, 1)
    start = holds_from(measure, layout, gate, low, 3.0, Fraction(exponent))
    values = [tau_variance(replace(measure, tau=np.array(start * f)), layout, gate, low, 3.0) for f in (1, 0.5)]
    assert np.log(values[0] / values[1]) / np.log(2) == pytest.approx(float(exponent), abs=0.15)


def test_a_false_law_is_not_confirmed():
    measure, layout = pair((1.0, 0.0), beta0=0.0), Layout(2, 1)
    assert holds_from(measure, layout, compiled("gaussian"), -3.0, 3.0, Fraction(-2)) is None


def test_scores_that_are_equal_on_an_interval_have_no_law():
    assert ties(pair((1.0, 0.5), beta0=0.0), compiled("relu"), -3.0, 3.0) is None


def test_the_constant_of_one_crossing():
    """theory 7.4.2: n ~ 6750 beta s'^5/(pi^4 R^2 tau^3) for 10%, the anchored gate of tanh."""
    z = np.arctanh(0.2)
    s1, s2, s3 = 1 - 0.04, -2 * 0.2 * 0.96, 0.96 * (6 * 0.04 - 2)
    gamma = s1 / (s1 + z * s2)
    r = s2 - gamma * (2 * s2 + z * s3)
    wanted = 67.5 * s1**5 / (np.pi**4 * r**2 * 0.002**3)
    found = tau_variance(pair(tau=0.002), Layout(2, 1), compiled("tanh"), -3.0, 3.0)
    assert found == pytest.approx(wanted, rel=0.05)


def test_a_gate_without_crossing_is_exponential():
    measure = pair(beta0=2.0)
    assert law(measure, "tanh", "anchored") == ("exponential", 0)
    steep = slope(measure, "tanh", "anchored", np.array([0.1, 0.05]))
    assert steep[0] < -10


def test_a_dense_gate_costs_the_square_of_tau():
    for name, gauge in (("tanh", "anchored"), ("gelu", "free")):
        assert slope(pair((1.0, -0.5) if gauge == "free" else (1.0, 0.0)), name, gauge, np.array([200.0, 400.0]))[
            0
        ] == pytest.approx(2, abs=0.01)


def test_where_the_gate_is_linear_at_its_crossing_no_law_is_given():
    assert law(pair(), "elu", "anchored") == (None, 1)


def test_the_best_temperature_is_a_minimum_with_its_window():
    measure, layout, gate = pair(), Layout(2, 1), compiled("tanh")
    best = best_tau(measure, layout, gate, -3.0, 3.0)

    def at(tau):
        return tau_variance(replace(measure, tau=np.array(tau)), layout, gate, -3.0, 3.0)

    assert at(best.tau) == pytest.approx(best.variance, rel=1e-3)
    assert min(at(best.tau * f) for f in (0.5, 0.8, 0.95, 1.05, 1.25, 2)) > best.variance
    for end in (best.low, best.high):
        assert at(end) == pytest.approx(2 * best.variance, rel=0.01)


def test_the_gate_has_the_range_that_is_asked_for():
    for beta1 in ((1.3, 0.0), (0.7, -0.4)):
        made = matched(pair(beta1), compiled("gelu"), -3.0, 3.0, (0.1, 0.9))
        p = made.gate_probabilities(np.linspace(-3, 3, 2001)[:, None], compiled("gelu"))[:, 0]
        assert (p.min(), p.max()) == pytest.approx((0.1, 0.9), abs=1e-4)
    assert matched(pair(), compiled("log(z)"), -3.0, 3.0, (0.1, 0.9)) is None


def test_units_do_not_move_the_least_cost_at_a_range():
    costs = []
    for name in ("tanh", "5*tanh(2*z) - 1"):
        found = best_matched(
            pair(),
            Layout(2, 1),
            compiled(name),
            -3.0,
            3.0,
            (0.2, 0.8),
            lambda i, _: i.variance("tau") + i.variance("b", 0),
        )
        costs.append(found.cost)
    assert costs[0] == pytest.approx(costs[1], rel=0.02)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", ["log(1 + z**2)", "z*tanh(z)"])
def test_even_activations_keep_the_sign_of_the_truth(name, sign):
    beta1 = (sign * 1.0, sign * 0.5)
    best = best_matched(
        pair(beta1), Layout(2, 1), compiled(name), -3.0, 3.0, (0.1, 0.9), lambda i, _: i.variance("tau")
    )
    assert np.all(np.sign(best.measure.beta1) == sign)


def variances(measure, name, gauge):
    gate = compiled(name)
    found = information(measure, Layout(2, 1, gauge), gate, quadrature(measure, gate, -3.0, 3.0))
    return found.variance("tau"), found.variance("beta1")


def orders(make, steps):
    """Slopes of log n of tau and beta1 over the logarithm of the distance."""
    values = np.log([make(t) for t in steps])
    return np.diff(values, axis=0)[0] / np.diff(np.log(steps))[0]


@pytest.mark.parametrize(("gauge", "beta1"), [("anchored", (1.0, 0.0)), ("free", (1.0, -0.5))])
def test_a_nearly_linear_gate(gauge, beta1):
    def make(t):
        return variances(pair(beta1), f"z + {t:.6f}*(tanh(z) - z)", gauge)

    assert orders(make, (0.002, 0.001)) == pytest.approx([-2, -2], abs=0.05)


@pytest.mark.parametrize(("name", "order"), [("gelu", -2), ("tanh", -4)])
def test_a_shallow_gate(name, order):
    def make(t):
        gate = compiled(name)
        measure = matched(pair((t, 0.0)), gate, -3.0, 3.0, (0.1, 0.9))
        return variances(measure, name, "anchored")

    assert orders(make, (0.02, 0.01))[0] == pytest.approx(order, abs=0.05)


def test_equal_gates():
    def make(t):
        return variances(pair((1.0 + t, 1.0)), "gelu", "free")

    assert orders(make, (0.02, 0.01)) == pytest.approx([-6, -4], abs=0.1)


@pytest.mark.parametrize(("name", "wanted"), [("gelu", (-2, -2)), ("tanh", (0, -2))])
def test_mirror_points(name, wanted):
    def make(t):
        return variances(pair((1.0, -1.0 + t)), name, "free")

    assert orders(make, (0.002, 0.001)) == pytest.approx(wanted, abs=0.05)


# -- theory 7.2.2: the bound on the mean square error of every estimator of log tau, and its numbers


V = float(largest_varentropy(2))


def observations(error, width):
    return ceil((error**-2 - (2 * pi / width) ** 2) / V)


@pytest.mark.parametrize(("factor", "n"), [(10, 211), (4, 181), (1e300, 228)])
def test_observations_for_ten_percent(factor, n):
    assert observations(0.1, log(factor)) == n
