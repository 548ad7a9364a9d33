"""Least squares of a regression function: f and its slopes against numbers written by hand, and an exact sample."""

import math

import numpy as np
import pytest
from scipy.optimize import least_squares

from temperance.measurements.rate_studies import any_record, any_study
from temperance.numerics.fitting.families import NOISE, RegressionMixture
from temperance.numerics.studies.run import run_general
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.models.by_name import model


@pytest.fixture(scope="module")
def asked():
    return any_study(
        default_truth(model("beta1*x", "tanh(a*x + b)")),
        3,
        sizes=(10**9, 10**12),
        replicates=24,
        seed=3,
        loss="least-squares",
    )


def test_the_regression_function_is_the_weighted_mean_and_has_its_slopes(asked):
    mixture, rng = RegressionMixture(asked[0].family), np.random.default_rng(0)
    u = (mixture.lower + mixture.upper) / 2 + 0.2 * rng.uniform(-1, 1, len(mixture.lower))
    f, slopes = mixture.regression(u)
    rows = mixture.vector(u).reshape(3, -1)  # log weight, beta1, a, b, nu
    for j in (0, 20, 63):
        x = float(mixture.x[j, 0])
        weights = [math.exp(w + beta1 * x) for w, beta1, *_ in rows]
        means = [math.tanh(a * x + b) for _, _, a, b, _ in rows]
        assert f[j] == pytest.approx(sum(w * h for w, h in zip(weights, means, strict=True)) / sum(weights), abs=1e-13)
    for i, e in enumerate(np.eye(len(u))):
        ends = [mixture.regression(u + sign * 1e-6 * e)[0] for sign in (1, -1)]
        assert np.abs((ends[0] - ends[1]) / 2e-6 - slopes[i]).max() < 1e-8
    assert rows[:, 4].tolist() == pytest.approx([1, 1, 1.5])  # variances are not in it


def test_the_estimate_is_the_least_sum_of_squares(asked):
    """SciPy, from there and by Gauss-Newton steps, finds no less."""
    mixture, rng, n = RegressionMixture(asked[0].family), np.random.default_rng(1), 10**8
    means = mixture.means(n, rng)
    end = mixture.search_once(means, 2, [], rng)
    unit = math.sqrt(n / len(means.y)) / NOISE

    def gaps(v):
        return unit * (mixture.regression(v)[0] - means.y)

    assert (gaps(end.theta) ** 2).sum() / 2 == pytest.approx(-end.value * n, rel=1e-9)
    inside = np.clip(end.theta, mixture.lower + 1e-6, mixture.upper - 1e-6)
    again = least_squares(gaps, inside, bounds=(mixture.lower, mixture.upper), xtol=1e-12, ftol=1e-12)
    assert -end.value * n < again.cost + 1e-2
    assert 10 < -end.value * n < 60  # half of a chi-squared variable with about 54 degrees of freedom


def test_what_is_flat_or_a_variance_has_no_error():
    study, proved = any_study(
        default_truth(model("tanh(w*x)/tau", "a*x + b")), 3, sizes=None, replicates=None, seed=0, loss="least-squares"
    )
    assert {name for name, o in proved.items() if o.flat} == {"a", "b"}
    assert "nu" not in study.orders
    assert proved["w"].upper == 2


@pytest.mark.parametrize("fitted", [2, 4])
def test_other_numbers_of_atoms_are_refused(fitted):
    with pytest.raises(ValueError, match="--true 2 --fitted 3 by least squares, not 2"):
        any_study(default_truth(model("beta1*x"), 2), fitted, sizes=None, replicates=None, seed=0, loss="least-squares")


@pytest.mark.slow
def test_errors_fall_as_the_theorem_says(asked):
    study, proved = asked
    slopes = any_record(proved, run_general(study))["slopes"]
    assert [s["parameter"] for s in slopes] == ["beta1", "mean beta1", "a", "mean a", "b", "mean b"]
    for slope in slopes:
        assert slope["slope"] == pytest.approx(slope["predicted"], abs=0.05)
        # 24 samples lack the power for some slopes, and two searches may differ: then a study settles nothing
        assert slope["outcome"] in ("confirmed", "inconclusive")
