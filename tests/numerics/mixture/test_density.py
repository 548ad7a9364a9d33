"""Densities, and sums from formulas against those that are written by hand."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest

from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import (
    Layout,
    MixingMeasure,
    log_density,
)
from temperance.numerics.mixture.points import softmax
from tests.numerics.by_hand import log_likelihood

GATES = {name: compiled(name) for name in ("linear", "tanh", "gelu", "sigmoid", "softplus")}


def case(layout, seed, points=1):
    rng = np.random.default_rng([seed, layout.k, layout.d])
    return rng.normal(0, 0.7, layout.size), rng.uniform(-2, 2, (points, layout.d)), rng.normal(0, 2, points)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("linear", Layout(2, 2, "anchored")),
        ("linear", Layout(3, 1, "anchored", 0.7)),
        ("tanh", Layout(3, 1, "free")),
        ("gelu", Layout(2, 1, "anchored")),
        ("sigmoid", Layout(1, 2, "free")),
        ("softplus", Layout(2, 1, "anchored", 0.7)),
        ("tanh", Layout(3, 6, "free")),  # all derivatives by beta1 have one function, so that sums are few
        ("linear", Layout(3, 25, "free")),
    ],
)
def test_sums_from_formulas_are_those_by_hand(name, layout):
    """Value, score and Hessian, with weights and without; the value is that of densities."""
    theta, x, y = case(layout, seed=8, points=300)
    plain = replace(GATES[name], machine_code=False)
    weights, reference = np.random.default_rng(9).uniform(0.5, 2, (2, len(y)))
    for given in ((), (weights, reference)):
        by_hand, sums = (f(theta, layout, plain, x, y, *given) for f in (log_likelihood, evaluate))
        for one, other in zip(sums, by_hand, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11 * np.abs(other).max())
    logs = log_density(layout.unpack(theta), plain, x, y)
    np.testing.assert_allclose(weights @ (logs - reference), sums.value, rtol=1e-12)


def test_an_overflow_of_s_is_no_number_and_no_warning():
    gate = compiled("exp(z)")
    measure = MixingMeasure([[800.0], [0.0]], [0.0, 0.0], 1.0, [[1.0], [0.0]], [0.0, 0.0], [1.0, 1.0])
    assert np.isnan(log_density(measure, gate, np.array([[1.0], [0.0]]), np.zeros(2))).tolist() == [True, False]


def test_one_measure_at_many_sets_of_points_and_many_measures_at_one():
    measures = Layout(2, 1, "free").unpack(np.random.default_rng(4).normal(size=(3, 10)))
    x, y = np.random.default_rng(5).normal(size=(2, 4, 20, 1)), np.random.default_rng(6).normal(size=(2, 4, 20))
    many, single = log_density(measures, GATES["tanh"], x[0, 0], y[0, 0]), measures[1]
    np.testing.assert_array_equal(many, [log_density(measures[r], GATES["tanh"], x[0, 0], y[0, 0]) for r in range(3)])
    sets = log_density(single, GATES["tanh"], x, y)
    assert sets.shape == (2, 4, 20)
    for index in np.ndindex(2, 4):
        np.testing.assert_array_equal(sets[index], log_density(single, GATES["tanh"], x[index], y[index]))


def test_the_smallest_shares_are_cut_off():
    measure = MixingMeasure([[5.0], [-5.0]], [0.0, 0.0], 1e-3, [[1.0], [-1.0]], [0.0, 0.0], [1e-4, 1e-4])
    x, y = np.array([[3.0], [-3.0], [0.0]]), np.array([3.0, 40.0, 0.0])
    for share in (measure.gate_probabilities(x, "tanh"), measure.responsibilities(x, y, "tanh")):
        np.testing.assert_allclose(share.sum(axis=1), 1.0)
        assert share.min() == np.exp(-300.0)  # smaller ones are cut off, not left to be denormal or 0


def test_points_far_from_all_atoms_beside_near_ones():
    """Each point has a largest logit of its own: log g is -5e7 at one of them, and 0 to 1 at others."""
    measure = MixingMeasure([[5.0], [-5.0]], [0.0, 0.0], 0.01, [[1.0], [-1.0]], [0.0, 0.0], [0.01, 0.02])
    x, y = np.array([[3.0], [-3.0], [0.2], [0.0]]), np.array([3.0, 1000.0, -0.2, 0.1])
    values, first = log_density(measure, GATES["tanh"], x, y), measure.gate_probabilities(x, "tanh")[:, 0]
    after = measure.responsibilities(x, y, "tanh")[:, 0]
    for at, (point, target) in enumerate(zip(x[:, 0], y, strict=True)):
        with mpmath.workdps(60):
            logits = [mpmath.tanh(mpmath.mpf(float(b)) * point) / mpmath.mpf(0.01) for b in measure.beta1[:, 0]]
            shares = [mpmath.exp(t) / sum(mpmath.exp(u) for u in logits) for t in logits]
            terms = [
                s * mpmath.npdf(target, mpmath.mpf(float(a)) * point, mpmath.sqrt(mpmath.mpf(float(nu))))
                for s, a, nu in zip(shares, measure.a[:, 0], measure.nu, strict=True)
            ]
            exact = float(mpmath.log(sum(terms))), float(shares[0]), float(terms[0] / sum(terms))
        assert (values[at], first[at], after[at]) == pytest.approx(exact, rel=1e-11, abs=1e-80)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((5, 2)), np.zeros(5), r"^x must have shape \(..., n, 1\), not \(5, 2\)$"),
        (np.zeros(5), np.zeros(5), r"^x must have shape \(..., n, 1\), not \(5,\)$"),
        (np.zeros((5, 1)), np.zeros(4), r"^y must have shape \(5,\) to go with x, not \(4,\)$"),
        (np.zeros((3, 5, 1)), np.zeros((3, 4)), r"^y must have shape \(3, 5\) to go with x, not \(3, 4\)$"),
    ],
)
def test_wrong_shapes_are_named(x, y, message):
    measure = Layout(2, 1).unpack(np.zeros(9))
    with pytest.raises(ValueError, match=message):
        log_density(measure, GATES["tanh"], x, y)


LOGS = np.array([[0.3, 1e4, -2e5, 0.0], [-1.2, 1e4 - 3, -2e5 + 700, -305.0], [2.0, -1e4, -2e5 + 1, -1e3]])


@pytest.mark.parametrize("axis", [0, 1])
def test_shares_and_the_logarithm_of_the_sum(axis):
    found = softmax(LOGS, axis)
    assert found.shares.shape == LOGS.shape
    for logs, shares, log_sum in zip(
        np.moveaxis(LOGS, axis, -1).reshape(-1, LOGS.shape[axis]),
        np.moveaxis(found.shares, axis, -1).reshape(-1, LOGS.shape[axis]),
        found.log_sum,
        strict=True,
    ):
        with mpmath.workdps(40):
            powers = [mpmath.exp(mpmath.mpf(float(v))) for v in logs]
            expected = [float(p / mpmath.fsum(powers)) for p in powers]
            assert log_sum == pytest.approx(float(mpmath.log(mpmath.fsum(powers))), rel=1e-15)
        assert shares == pytest.approx(expected, rel=1e-13, abs=0)


def test_a_floor_changes_no_sum():
    at_floor, plain = softmax(LOGS, floor=-300.0), softmax(LOGS)
    assert np.array_equal(at_floor.log_sum, plain.log_sum)
    assert plain.shares[1, 3] < np.exp(-300.0) == at_floor.shares[1, 3]


def test_infinite_logits_give_no_number():
    assert np.isnan(softmax(np.array([[np.inf], [0.0]])).shares).any()
