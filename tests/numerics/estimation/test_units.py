"""A fit does not depend on the units of the data: the same estimates, transformed."""

from functools import cache

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit
from temperance.numerics.fitting.fits import Box
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import MixingMeasure, sample

pytestmark = pytest.mark.usefixtures("few_climbs")
LINE = MixingMeasure([[2.0], [0.0]], [0.5, 0.0], 1.0, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
PLANE = MixingMeasure([[2.0, -1.0], [0.0, 0.0]], [0.5, 0.0], 1.0, [[1.0, 0.5], [-1.0, 1]], [2.0, -2.0], [0.25, 0.5])
CURVE = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
CASES = {"softmax": (LINE, "identity"), "linear": (PLANE, "identity"), "tanh": (CURVE, "tanh"), "gelu": (CURVE, "gelu")}
OPTIONS = {"softmax": {"gate": "softmax"}, "linear": {}, "tanh": {"activation": "tanh"}, "gelu": {"activation": "gelu"}}


def data(name):
    measure, s = CASES[name]
    return sample(measure, compiled(s), 1200, seed=4)


@cache
def first_fit(name):
    """In the first units."""
    return fit(*data(name), fitted=2, starts=2, **OPTIONS[name])


def by_name(result):
    return {(e.parameter, e.atom): np.atleast_1d(e.value) for e in result.estimates}


def errors(result):
    return {(e.parameter, e.atom): np.atleast_1d(e.se) for e in result.estimates if e.se is not None}


def transformed(values, u, v, m=0.0, c=0.0, *, shift=True):
    """What estimates (or, without shifts, their scales) become for x -> m + u x, y -> c + v y."""
    new = dict(values)
    for (name, atom), value in values.items():
        if name in ("beta1", "a", "beta1/tau"):
            new[name, atom] = value * (v if name == "a" else 1.0) / u
        elif name == "b":
            new[name, atom] = v * value + shift * (c - (new["a", atom] * m).sum())
        elif name in ("beta0", "beta0/tau"):
            slope = name.replace("beta0", "beta1")
            new[name, atom] = value - shift * (new[slope, atom] * m).sum()
        elif name == "nu":
            new[name, atom] = v**2 * value
    return new


@pytest.mark.parametrize(
    ("name", "u", "v"),
    [
        ("softmax", 1e8, 1e-8),
        ("linear", 1e-6, 1e6),
        ("tanh", 1e-6, 1e6),
        ("gelu", 3.7, 1e8),
    ],
)
def test_scale(name, u, v):
    """Estimates, standard errors, likelihood and warnings are those of the first units."""
    x, y = data(name)
    first, other = first_fit(name), fit(u * x, v * y, fitted=2, starts=2, **OPTIONS[name])
    assert first.fit.status == other.fit.status
    assert first.fit.is_estimate
    assert other.warnings == first.warnings
    assert other.fit.log_likelihood == pytest.approx(first.fit.log_likelihood - len(y) * np.log(v), abs=1e-5)
    expected = transformed(by_name(first), u, v)
    for key, value in by_name(other).items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-4, err_msg=str(key))
    expected = transformed(errors(first), u, v, shift=False)
    for key, value in errors(other).items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-4, err_msg=str(key))


@pytest.mark.parametrize(("name", "m", "c"), [("softmax", 2000.0, -50.0), ("linear", 1e6, 1e8)])
def test_translation_of_x_and_y_with_the_linear_gate(name, m, c):
    x, y = data(name)
    first, other = first_fit(name), fit(x + m, y + c, fitted=2, starts=2, **OPTIONS[name])
    assert other.fit.status == "converged"
    assert len(other.fit.flat_directions) == len(first.fit.flat_directions)
    assert other.fit.log_likelihood == pytest.approx(first.fit.log_likelihood, abs=1e-5)
    expected = transformed(by_name(first), 1.0, 1.0, m, c)
    for key, value in by_name(other).items():
        scale = np.abs(value) + (m if key[0] in ("b", "beta0", "beta0/tau") else 0.0)
        assert (np.abs(value - expected[key]) <= 1e-5 * scale).all(), key


@pytest.mark.parametrize("name", CASES)
def test_the_fit_is_told_in_the_units_of_the_data(name):
    """log-likelihood, information and flat directions are those of theta and the data as they came."""
    x, y = data(name)
    x, y = 5 * x + 1 * (name != "gelu"), 0.1 * y + 3
    found = fit(x, y, fitted=2, starts=2, **OPTIONS[name]).fit
    value, _, hessian = evaluate(found.theta, found.layout, compiled(CASES[name][1]), x, y)
    assert found.log_likelihood == pytest.approx(value, rel=1e-10)
    size = np.abs(hessian).max()
    np.testing.assert_allclose(found.information, -hessian, rtol=1e-6, atol=1e-9 * size)
    for direction in found.flat_directions:
        assert np.abs(hessian @ direction).max() <= 1e-6 * size


def test_a_box_of_the_user_is_one_of_the_data():
    x, y = data("softmax")
    box = Box(10.0, 10.0, (0.1, 10.0), 1000.0, 1000.0, (1e-3, 3000.0))
    result = fit(x, 100 * y, fitted=2, gate="softmax", starts=2, box=box)
    assert result.fit.box == box
    assert result.fit.status == "at_bound"  # the larger variance is 5000
    assert result.fit.measure.nu.max() == pytest.approx(3000, rel=1e-9)
    assert result.to_json()["box"]["centre"] == {"x": [0.0], "y": 0.0}


def test_variances_far_below_that_of_y_are_not_at_a_bound():
    small = MixingMeasure(LINE.beta1, LINE.beta0, LINE.tau, LINE.a, LINE.b, [1e-4, 4e-4])
    x, y = sample(small, compiled("identity"), 1200, seed=4)
    result = fit(x, y, fitted=2, gate="softmax", starts=3)
    assert result.fit.status == "converged"
    np.testing.assert_allclose(np.sort(result.fit.measure.nu), [1e-4, 4e-4], rtol=0.2)
