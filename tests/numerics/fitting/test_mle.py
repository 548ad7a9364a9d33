"""Fits as mixing measures: what they report, and that they are maxima."""

import numpy as np
import pytest

from temperance.numerics.fitting.climb import GRADIENT
from temperance.numerics.fitting.fits import fit_points
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample
from temperance.numerics.mixture.points import Points
from tests.numerics.by_hand import log_likelihood

TANH = compiled("tanh")
FREE = Layout(2, 1, "free")
TRUTH = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
BOX = Box(10.0, 10.0, (0.025, 10.0), 10.0, 10.0, (0.25 / 3, 1.5))


def test_starts_that_do_not_know_the_truth_do_at_least_as_well_as_it():
    x, y = sample(TRUTH, TANH, 1000, seed=11)
    blind = fit_points(FREE, TANH, Points(x, y), box=BOX, starts=6, seed=0)
    from_truth = fit_points(FREE, TANH, Points(x, y), box=BOX, starts=0, seed=0, known_starts=[FREE.pack(TRUTH)])
    assert blind.status == from_truth.status == "converged"
    assert blind.log_likelihood == pytest.approx(from_truth.log_likelihood, abs=1e-6)
    assert 1 <= blind.agree <= blind.starts == 6
    np.testing.assert_allclose(sorted(blind.measure.b), [-2, 2], atol=0.15)


def test_converged_means_a_small_gradient_and_a_positive_information():
    x, y = sample(TRUTH, TANH, 1000, seed=12)
    result = fit_points(FREE, TANH, Points(x, y), box=BOX, starts=3, seed=1)
    assert result.status == "converged"
    assert np.linalg.norm(log_likelihood(result.theta, FREE, TANH, x, y).score) <= GRADIENT * len(y)
    assert np.linalg.eigvalsh(result.information)[0] > 0
    assert result.flat_directions.shape == (0, FREE.size)


def test_running_out_of_passes_is_said():
    x, y = sample(TRUTH, TANH, 1000, seed=16)
    start = FREE.pack(MixingMeasure([[1.0], [-1.0]], [0.0, 0.0], 1.0, [[0.0], [0.0]], [1.0, -1.0], [1.0, 1.0]))
    options = {"box": BOX, "starts": 0, "seed": 0, "known_starts": [start]}
    result = fit_points(FREE, TANH, Points(x, y), max_passes=2, **options)
    assert result.status == "max_steps"
    assert result.log_likelihood < fit_points(FREE, TANH, Points(x, y), **options).log_likelihood - 1


@pytest.mark.parametrize(("field", "value"), [("beta1", -1.0), ("tau", (1.0, 0.5)), ("nu", (0.0, 1.0)), ("a", np.inf)])
def test_boxes_are_validated(field, value):
    good = {"beta1": 1.0, "beta0": 1.0, "tau": (0.1, 1.0), "a": 1.0, "b": 1.0, "nu": (0.1, 1.0)}
    with pytest.raises(ValueError, match=f"box: {field} must be"):
        Box(**{**good, field: value})


def test_no_starts_and_no_data_are_refused():
    x, y = sample(TRUTH, TANH, 100, seed=1)
    with pytest.raises(ValueError, match="at least one start"):
        fit_points(FREE, TANH, Points(x, y), box=BOX, starts=0, seed=0)
    with pytest.raises(ValueError, match="finite"):
        fit_points(FREE, TANH, Points(x, np.full(100, np.nan)), box=BOX, starts=1, seed=0)
