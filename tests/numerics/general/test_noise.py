"""Fits whose variance is common to all atoms or known, against a likelihood written by hand and climbed by SciPy."""

import numpy as np
import pytest
from scipy.optimize import minimize

from temperance.numerics.estimation.fit import fit

pytestmark = pytest.mark.usefixtures("few_climbs")

RNG = np.random.default_rng(5)
X = RNG.uniform(-2, 2, 400)
FIRST = RNG.random(400) < 1 / (1 + np.exp(-(1.5 * X**3 - 0.3)))
Y = np.where(FIRST, X + 1, -X - 2) + 0.3 * RNG.normal(size=400)


def loss(theta, nu=None):
    w, beta0, a1, b1, a2, b2, *rest = theta
    nu = np.exp(rest[0]) if nu is None else nu
    share = 1 / (1 + np.exp(-(w * X**3 + beta0)))
    f1, f2 = (np.exp(-((Y - a * X - b) ** 2) / (2 * nu)) / np.sqrt(2 * np.pi * nu) for a, b in ((a1, b1), (a2, b2)))
    return -np.log(share * f1 + (1 - share) * f2).sum()


@pytest.mark.parametrize(("noise", "nu"), [("common", None), ("known", 0.1)])
def test_the_maximum_is_that_of_the_likelihood_with_one_variance(noise, nu):
    found = fit(X, Y, fitted=2, gate="w*x**3", starts=4, noise=noise, nu=nu)
    start = [1.5, -0.3, 1, 1, -1, -2, *([np.log(0.1)] if nu is None else [])]
    best = minimize(loss, start, args=() if nu is None else (nu,), tol=1e-10)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-5)
    assert found.n_parameters == len(start)
    variances = [e for e in found.estimates if e.parameter == "nu"]
    assert variances[0].value == variances[1].value
    if nu is None:
        assert variances[0].value == pytest.approx(np.exp(best.x[-1]), rel=1e-3)
        se = variances[0].se
        assert variances[1].se == se == pytest.approx(variances[0].value * np.sqrt(best.hess_inv[-1, -1]), rel=0.1)
    else:
        assert [(e.value, e.caveat) for e in variances] == [(pytest.approx(nu, rel=1e-12), "held")] * 2
    assert f"nu is {'known' if nu else 'common to all atoms'}" in str(found)
    assert found.to_json()["noise"] == noise


def test_a_logarithm_of_x_is_fitted_where_the_data_allow_it():
    rng = np.random.default_rng(2)
    x = rng.uniform(0.1, 3, 300)
    share = 1 / (1 + np.exp(-(2 * np.log(x))))
    y = np.where(rng.random(300) < share, x + 1, -x - 1) + 0.2 * rng.normal(size=300)
    found = fit(x, y, fitted=2, gate="w*log(x)", starts=3)
    assert found.fit.status == "converged"
    with pytest.raises(ValueError, match="not real at x"):
        fit(x - 1, y, fitted=2, gate="w*log(x)")
