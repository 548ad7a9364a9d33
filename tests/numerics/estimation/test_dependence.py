"""Columns of x that depend on each other, and few values of x: parameters that no density needs do not count."""

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit

pytestmark = pytest.mark.usefixtures("few_climbs")

RNG = np.random.default_rng(4)
N = 300
X = RNG.uniform(-2, 2, N)
FIRST = RNG.random(N) < 1 / (1 + np.exp(-2 * X))
Y = np.where(FIRST, X + 2, -X - 1) + 0.4 * RNG.normal(size=N)
NOISE = RNG.normal(size=N)
SAID = (
    "the columns of x are linearly dependent (to four digits): no single {} determined, "
    "and AIC and BIC count {} parameters less"
)


def dependence(result):
    return [w for w in result.warnings if "linearly dependent" in w]


@pytest.mark.parametrize(
    ("options", "apart"),
    [
        ({}, 3),
        ({"fitted": 1}, 1),
        ({"activation": "tanh", "gauge": "anchored"}, 3),
        ({"activation": "tanh"}, 4),
        ({"activation": "relu", "gauge": "anchored"}, 3),
    ],
)
def test_a_column_and_its_double_count_once(options, apart):
    """The criteria are those of the fit without the second column."""
    options, other = {"fitted": 2, "starts": 3, **options}, 2 * X + 1e-9 * NOISE * (apart == 1)
    one, two = fit(X, Y, **options), fit(np.column_stack([X, other]), Y, **options)
    what = "a is" if options["fitted"] == 1 else "beta1 and a are"
    assert dependence(two) == [SAID.format(what, apart)]
    assert two.n_parameters == one.n_parameters
    assert two.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-3)
    assert two.aic == pytest.approx(one.aic, abs=2e-3)
    assert not any(e.identifiable for e in two.estimates if e.parameter in ("beta1", "a"))
    assert all(e.identifiable for e in two.estimates if e.parameter == "nu")
    assert not any("singular" in w or "is flat" in w for w in two.warnings)


def test_a_gate_without_a_constant_tells_columns_apart_that_a_constant_moves():
    """x_2 = 2 x_1 + 3: a_1 and a_2 are not apart, beta1 of tanh(beta1 . x) is."""
    x = np.column_stack([X, 2 * X + 3])
    result = fit(x, Y, fitted=2, activation="tanh", gauge="anchored", starts=3)
    assert dependence(result) == [SAID.format("a and b are", 2)]
    assert result.n_parameters == result.fit.layout.size - 2
    linear = fit(x, Y, fitted=2, starts=3)
    assert dependence(linear) == [SAID.format("beta1, beta0, a and b are", 3)]
    assert linear.n_parameters == fit(X, Y, fitted=2, starts=3).n_parameters


@pytest.mark.parametrize(
    ("options", "fewer", "open_"),
    [
        ({}, 0, ""),
        ({"activation": "tanh"}, 2, "tau, beta1 of atom 0, beta0 of atom 0, beta1 of atom 1"),
        ({"activation": "gelu", "tau": 1.0}, 1, "beta1 of atom 0, beta1 of atom 1"),
    ],
)
def test_a_gate_has_no_more_parameters_than_values(options, fewer, open_):
    """x of two values: two log odds, two lines through two points each, two variances."""
    x = (X > 0).astype(float)
    result = fit(x, Y, fitted=2, starts=3, **options)
    assert result.n_parameters == 8
    said = (
        "x has only 2 different values, where a gate has 2 log odds: AIC and BIC count {} of its parameters less, so "
        "that the data do not determine {}"
    )
    assert [w for w in result.warnings if "different values" in w] == [said.format(fewer, open_)] * (fewer > 0)
    assert not any("singular" in w for w in result.warnings)
    told = {(e.parameter, e.atom): e.identifiable for e in result.estimates}
    assert told["b", 0]
    assert told["beta1", 0] is False
