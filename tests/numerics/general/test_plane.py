"""Likelihoods of general gates for x in the plane."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from temperance.numerics.fitting.families import Family, family_problem
from temperance.numerics.mixture.points import Points
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Setting, Truth

PLACES = {"beta1": 1.0, "beta1_1": 1.0, "beta1_2": 0.5, "tau": 0.75, "a": 0.5, "a_1": 0.5, "a_2": -0.25, "b": 1.0}


def made(gate, dim=2):
    """A family of a gate, with the mean a . x + b."""
    spec = model(gate, "gaussian", dim=dim)
    expert = spec.expert.parameters
    here = {p: sp.nsimplify(PLACES.get(p.name, 0.25)) for p in spec.parameters}
    there = {p: sp.Rational(1, 2) if p == NU else -here[p] if p in expert else -sp.Rational(1, 2) for p in here}
    shared = {p: here[p] for p in spec.gate.shared}
    return Family(Setting(Truth(spec, (here, there), shared, (sp.Integer(-2), sp.Integer(2))), (2, 1)))


def seen(d, n=60):
    """Points of [-2, 2]^d, each x with three y."""
    rng = np.random.default_rng(1)
    x = np.repeat(rng.uniform(-2, 2, (n // 3, d)), 3, axis=0)
    return Points(x, rng.normal(size=n), rng.uniform(0.5, 2, n))


def sums(found, rows, points):
    """Value and score of three atoms, in weight, gate, line and log nu; the gate of the last one is held."""
    theta = rows.copy()
    theta[:, -1] = np.log(rows[:, -1])
    likelihood = family_problem(found, points, compiled=False).likelihood
    return likelihood(theta.ravel(), points.x, points.y, points.weights, points.reference)[:2]


def test_a_constant_second_coordinate_is_one_dimension():
    """x = (x1, c): beta1_2 and a_2 only shift log weights and intercepts, and their slopes are c times those."""
    plane, line, c = made("softmax"), made("softmax", 1), 0.7
    rng, points = np.random.default_rng(3), seen(1)
    rows = np.c_[rng.uniform(-1, 1, (3, 6)), rng.uniform(0.5, 1, 3)]  # weight, beta1_1, beta1_2, a_1, a_2, b, nu
    flat = np.c_[rows[:, 0] + c * rows[:, 2], rows[:, [1, 3]], rows[:, 5] + c * rows[:, 4], rows[:, 6]]
    value, slopes = sums(plane, rows, replace(points, x=np.c_[points.x, np.full(len(points.x), c)]))
    expected, below = sums(line, flat, points)
    assert value == pytest.approx(expected, rel=1e-13)
    slopes, below = slopes.reshape(3, 7), below.reshape(3, 5)
    np.testing.assert_allclose(slopes[:, [0, 1, 3, 5, 6]], below, rtol=1e-10)
    np.testing.assert_allclose(slopes[:, [2, 4]], c * below[:, [0, 3]], rtol=1e-10)
