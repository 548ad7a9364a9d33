"""Profile intervals: held against formulas of one regression, against fits with the parameter held, and their words."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy.optimize import brentq

from temperance import Box, MixingMeasure, fit, sample
from temperance.numerics.estimation.intervals import QUANTILE, TAILS

GELU = MixingMeasure([[0.8], [0.0]], [0.3, 0.0], 0.5, [[1.0], [-1.0]], [1.0, -1.0], [0.3, 0.5])
OPTIONS = {"fitted": 2, "activation": "gelu", "gauge": "anchored", "starts": 4}


@pytest.fixture(scope="module")
def curved():
    x, y = sample(GELU, "gelu", 600, seed=5)
    return x, y, fit(x, y, **OPTIONS)


@pytest.mark.parametrize("options", [{"gate": "softmax"}, {}, {"gate": "c*x", "expert": "a*x + b"}])
def test_intervals_of_one_regression_are_those_of_its_formulas(options):
    """The residual sum of squares at an end is exp(1.96^2/n) times the least; x is far from 0."""
    rng = np.random.default_rng(1)
    x = 20 + rng.normal(size=60)
    y = 3 * x - 1 + rng.normal(size=60)
    design = np.column_stack([x, np.ones(60)])
    values, (square,), *_ = np.linalg.lstsq(design, y, rcond=None)
    reach = np.sqrt(square * np.expm1(QUANTILE**2 / 60) * np.linalg.inv(design.T @ design).diagonal())
    a, b, nu = fit(x, y, fitted=1, **options).profiled(["a", "b", "nu"]).profiles
    for found, value, far in zip((a, b), values, reach, strict=True):
        assert found.ends == ("closed", "closed")
        assert (found.low, found.high) == pytest.approx((value - far, value + far), rel=1e-4)

    def fall(log_nu):
        nu = np.exp(log_nu)
        return 60 * np.log(nu * 60 / square) + square / nu - 60 - QUANTILE**2

    middle = np.log(square / 60)
    ends = np.exp([brentq(fall, middle - 3, middle), brentq(fall, middle, middle + 3)])
    assert (nu.low, nu.high) == pytest.approx(tuple(ends), rel=1e-4)


def test_an_end_is_where_the_fit_with_the_parameter_held_is_no_longer_likely(curved):
    x, y, whole = curved
    (tau,) = whole.profiled(["tau"]).profiles
    for end in (tau.low, tau.high):
        held = fit(x, y, tau=end, **OPTIONS)
        assert 2 * (whole.log_likelihood - held.log_likelihood) == pytest.approx(QUANTILE**2, abs=2e-3)


def test_an_interval_does_not_depend_on_the_units(curved):
    x, y, whole = curved
    other = fit(10 * x, 5 - 2 * y, **OPTIONS).profiled(["beta1", "b"]).profiles
    beta1, *b = whole.profiled(["beta1", "b"]).profiles
    assert (10 * other[0].low, 10 * other[0].high) == pytest.approx((beta1.low, beta1.high), rel=1e-3)
    for one, twin in zip(b, other[1:], strict=True):
        assert (5 - 2 * one.high, 5 - 2 * one.low) == pytest.approx((twin.low, twin.high), rel=1e-3)


@pytest.mark.parametrize("held", [{}, {"tau": 0.25}])
def test_the_linear_gate_has_intervals_of_what_it_determines(held):
    x, y = sample(
        MixingMeasure([[1.5], [0.0]], [0.3, 0.0], 1.0, [[1.0], [-1.0]], [2, -2], [0.3, 0.5]), "z", 400, seed=2
    )
    softmax = fit(3 + x, y, fitted=2, gate="softmax", starts=4).profiled(["beta1", "beta0", "a"]).profiles
    names, factor = (["beta1", "beta0", "a"], 0.25) if held else (["beta1/tau", "beta0/tau", "a"], 1.0)
    linear = fit(3 + x, y, fitted=2, starts=4, **held)
    found = {(p.parameter.removesuffix("/tau"), p.atom): p for p in linear.profiled(names).profiles}
    assert len(found) == len(softmax) == 4
    for one in softmax:
        other = found[one.parameter, one.atom]
        scale = 1.0 if one.parameter == "a" else factor
        assert (scale * one.low, scale * one.high) == pytest.approx((other.low, other.high), rel=2e-3)
    with pytest.raises(ValueError, match=r"'temperature' has no profile interval; accepted: .*a, b, nu"):
        linear.profiled(["temperature"])


@pytest.mark.parametrize("noise", ["each", "common", "known"])
def test_a_formula_has_the_intervals_of_the_gate_of_its_name(noise):
    x, y = sample(
        MixingMeasure([[1.5], [0.0]], [0.3, 0.0], 1.0, [[1.0], [-1.0]], [2, -2], [0.4, 0.4]), "z", 400, seed=3
    )
    options = {"fitted": 2, "starts": 4, "noise": noise, "nu": 0.4 if noise == "known" else None}
    names = ["a", "nu"] if noise != "known" else ["a"]
    named = fit(x, y, gate="softmax", **options).profiled(names).profiles
    formula = fit(x, y, gate="c*x", expert="a*x + b", **options).profiled(names).profiles
    ends = [sorted((p.low, p.high) for p in found) for found in (named, formula)]
    np.testing.assert_allclose(*ends, rtol=1e-3)


def test_the_edge_of_the_box_leaves_an_interval_open(curved):
    x, y, whole = curved
    tau = whole.estimates[0].value
    box = Box(50.0, 50.0, (0.98 * tau, 50.0), 50.0, 50.0, (1e-3, 40.0))
    (found,) = fit(x, y, box=box, **OPTIONS).profiled(["tau"]).profiles
    assert found.ends == ("edge", "closed")
    assert found.low == pytest.approx(0.98 * tau)
    assert str(found).endswith("]; open below: reaches the edge of the box")


def test_a_misleading_curvature_is_said_with_the_tails_that_the_profile_gives(curved):
    x, y, whole = curved
    (note,) = [w for w in whole.warnings if "curvature misleads" in w]
    assert note.startswith("the curvature misleads about tau: ")
    assert note.endswith("; --profile tau gives the interval by the likelihood")
    tails = []
    for end in whole.estimates[0].interval:
        held = fit(x, y, tau=end, **OPTIONS)
        root = np.sqrt(2 * (whole.log_likelihood - held.log_likelihood))
        tails.append(float(note.split(" tails of ")[1].split("%")[len(tails)].split()[-1]) / 100)
        assert tails[-1] == pytest.approx(NormalDist().cdf(-root), rel=0.06)
    assert not all(TAILS[0] <= tail <= TAILS[1] for tail in tails)


def test_a_fit_without_a_maximum_has_no_interval():
    x = np.linspace(0.1, 3, 40)
    y = np.where(x > 1.5, 5.0, -5.0) + 0.3 * np.random.default_rng(5).normal(size=40)
    result = fit(x, y, fitted=2, gate="softmax", starts=2)
    assert result.status == "separated"
    with pytest.raises(ValueError, match=r"no maximum .status separated."):
        result.profiled(["a"])
