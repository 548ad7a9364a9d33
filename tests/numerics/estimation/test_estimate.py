"""Fits to a user's data: standard errors, identifiable functions, warnings."""

import json

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit
from temperance.numerics.information.required import standard_errors as expected_errors
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample

pytestmark = pytest.mark.usefixtures("few_climbs")
LINE = MixingMeasure([[2.0], [0.0]], [0.5, 0.0], 1.0, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
PLANE = MixingMeasure([[2.0, -1.0], [0.0, 0.0]], [0.5, 0.0], 1.0, [[1.0, 0.5], [-1.0, 1]], [2.0, -2.0], [0.25, 0.5])


def draw(measure, name, n, seed=1):
    return sample(measure, compiled(name), n, seed=seed)


def by_name(result):
    return {(e.parameter, e.atom): e for e in result.estimates}


@pytest.mark.slow
def test_lines_in_many_columns_are_recovered_from_a_part_of_the_points_first():
    rng, d = np.random.default_rng(3), 21
    x = rng.uniform(-1, 1, (6000, d))
    beta1, a = 3 * rng.normal(size=d), rng.normal(size=(2, d))
    first = rng.random(len(x)) < 1 / (1 + np.exp(-x @ beta1))
    y = np.where(first, x @ a[0] - 2, x @ a[1] + 2) + rng.normal(size=len(x)) / 4
    result = fit(x, y, fitted=2, gate="softmax")
    slopes = np.array([values["a", i].value for values in [by_name(result)] for i in (0, 1)])
    order = [0, 1] if slopes[0] @ a[0] > slopes[0] @ a[1] else [1, 0]
    assert np.abs(slopes[order] - a).max() < 0.05
    assert result.gap < 1e-4


def test_one_atom_has_the_standard_errors_of_least_squares():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 500)
    y = 2 * x + 1 + rng.normal(0, 0.3, 500)
    values = by_name(fit(x, y, fitted=1, gate="softmax", starts=1))
    x1 = np.column_stack([x, np.ones(500)])
    residual = y - x1 @ np.linalg.lstsq(x1, y, rcond=None)[0]
    nu = (residual**2).mean()
    errors = np.sqrt(nu * np.diagonal(np.linalg.inv(x1.T @ x1)))
    assert values["a", 0].se == pytest.approx(errors[0], rel=1e-6)
    assert values["b", 0].se == pytest.approx(errors[1], rel=1e-6)
    assert values["nu", 0].value == pytest.approx(nu, rel=1e-6)
    assert values["nu", 0].se == pytest.approx(nu * np.sqrt(2 / 500), rel=1e-6)


CURVE = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])


def test_standard_errors_are_those_of_the_expected_information():
    """tanh, 2000 points: quadrature gives the expectation, at the estimate, of the information of the data."""
    result = fit(*draw(CURVE, "tanh", 2000), fitted=2, activation="tanh", gauge="anchored", starts=2)
    gate, layout = compiled("tanh"), Layout(2, 1, "anchored")
    values = by_name(result)
    for name, atom, expected in expected_errors(result.fit.measure, layout, gate, -3.0, 3.0, 2000):
        assert values[name, atom].se == pytest.approx(expected, rel=0.25), (name, atom)


def test_json_is_strict_and_progress_counts_starts():
    seen = []
    result = fit(*draw(PLANE, "identity", 400), fitted=2, starts=2, progress=lambda *at: seen.append(at))
    text = json.loads(json.dumps(result.to_json(), allow_nan=False))
    keys = ["parameter", "atom", "value", "se", "identifiable", "interval", "caveat", "truth", "off"]
    assert list(text["estimates"][0]) == keys
    assert len(next(e for e in text["estimates"] if e["parameter"] == "a")["value"]) == 2
    assert seen == [(i + 1, 6) for i in range(6)]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("identity", {"fitted": 1}, "one atom has the weight 1 whatever its gate"),
        ("identity", {"fitted": 2, "activation": "relu"}, "beta1/|beta1|, |beta1|/tau, beta0/tau"),
        ("identity", {"fitted": 2, "activation": "3"}, "(s + beta0_i)/tau"),
    ],
)
def test_what_the_gate_leaves_open_is_said_once(name, options, said):
    result = fit(*draw(LINE, name, 500), starts=2, **options)
    assert sum(said in warning for warning in result.warnings) == 1
    assert result.fit.status in ("converged", "at_bound")  # what is left open may lie at the edge of the box


def test_a_homogeneous_gate_has_the_standard_errors_of_its_invariants():
    """relu with tau free: |beta1|/tau and beta0/tau have the errors that tau fixed at its estimate gives them."""
    x, y = draw(LINE, "relu", 800)
    free = by_name(fit(x, y, fitted=2, starts=3, activation="relu", gauge="anchored"))
    assert not free["tau", None].identifiable
    fixed = fit(x, y, fitted=2, starts=3, activation="relu", gauge="anchored", tau=free["tau", None].value)
    assert len(fixed.fit.flat_directions) == 0
    tau, fixed = free["tau", None].value, by_name(fixed)
    assert free["|beta1|/tau", 0].identifiable
    for ratio, name in (("|beta1|/tau", "beta1"), ("beta0/tau", "beta0")):
        assert free[ratio, 0].value == pytest.approx(abs(fixed[name, 0].value) / tau, rel=1e-4)
        assert free[ratio, 0].se == pytest.approx(fixed[name, 0].se / tau, rel=1e-4)


def test_an_activation_that_is_not_defined_everywhere():
    """sqrt(z): starts and steps with a beta1 x < 0 are left out; x on both signs has no fit with log(z)."""
    truth = MixingMeasure([[6.0], [1.0]], [-1.0, 0.0], 0.3, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
    source = "sqrt(z) + z/5"
    x = np.random.default_rng(3).uniform(0.1, 3, (800, 1))
    _, y = sample(truth, compiled(source), 800, seed=5, x=x)
    result = fit(x, y, fitted=2, starts=2, activation=source, tau=0.3)
    assert result.fit.status == "converged"
    assert (result.fit.measure.beta1 > 0).all()
    with pytest.raises(ValueError, match="the likelihood is finite at no start"):
        fit(x[:100] - 1.5, y[:100], fitted=2, starts=1, activation="log(z)")


def test_a_weight_says_how_often_a_point_was_seen():
    x, y = draw(LINE, "identity", 400)
    weights = np.random.default_rng(2).integers(0, 4, 400)
    ours = fit(x, y, fitted=2, starts=3, weights=weights)
    many = fit(np.repeat(x, weights, axis=0), np.repeat(y, weights), fitted=2, starts=3)
    assert (ours.fit.status, ours.notes) == (many.fit.status, many.notes)
    assert ours.fit.log_likelihood == pytest.approx(many.fit.log_likelihood, rel=1e-9)
    assert (ours.fit.box.beta1, ours.fit.box.nu[1]) == pytest.approx((many.fit.box.beta1, many.fit.box.nu[1]), rel=1e-9)
    order = [0, 1] if np.sign(by_name(ours)["b", 0].value) == np.sign(by_name(many)["b", 0].value) else [1, 0]
    for name in ("a", "b", "nu"):
        one, other = by_name(ours)[name, 0], by_name(many)[name, order[0]]
        assert one.value == pytest.approx(other.value, abs=1e-5)
        assert one.se == pytest.approx(other.se, rel=1e-4)
