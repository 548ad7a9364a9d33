"""Fits as mixing measures: what they report, and that they are maxima."""

import numpy as np
import pytest
import sympy as sp

from temperance.numerics.fitting.climb import GRADIENT
from temperance.numerics.fitting.fits import fit_points
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation, Piece, Z
from tests.numerics.by_hand import log_likelihood

TANH, LINEAR, GELU = (
    compile_activation(Activation(name, (Piece(expr),)))
    for name, expr in (("tanh", sp.tanh(Z)), ("linear", Z), ("gelu", Z * (1 + sp.erf(Z / sp.sqrt(2))) / 2))
)
FREE = Layout(2, 1, "free")
TRUTH = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
BOX = Box(10.0, 10.0, (0.025, 10.0), 10.0, 10.0, (0.25 / 3, 1.5))


def test_one_atom_is_least_squares():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (400, 2))
    y = x @ [2.0, -1.0] + 0.5 + rng.normal(0, 0.3, 400)
    result = fit_points(
        Layout(1, 2, "anchored", tau=1.0), LINEAR, Points(x, y), box=Box.for_data(x, y), starts=1, seed=0
    )
    x1 = np.column_stack([x, np.ones(400)])
    coefficients = np.linalg.lstsq(x1, y, rcond=None)[0]
    np.testing.assert_allclose([*result.measure.a[0], result.measure.b[0]], coefficients, atol=1e-8)
    assert result.measure.nu[0] == pytest.approx(((y - x1 @ coefficients) ** 2).mean(), abs=1e-8)
    assert result.status == "converged"


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


def test_the_linear_gate_reports_its_flat_direction_and_fits_the_identifiable_functions():
    """theory 2.1.1: information v = 0 for v = (beta1, beta0, 1) in (beta1, beta0, log tau); tau = 1 loses nothing."""
    truth = MixingMeasure([[2.0], [0.0]], [0.5, 0.0], 1.0, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
    x, y = sample(truth, LINEAR, 800, seed=14)
    free = fit_points(Layout(2, 1), LINEAR, Points(x, y), box=BOX, starts=3, seed=0)
    softmax = fit_points(Layout(2, 1, tau=1.0), LINEAR, Points(x, y), box=BOX, starts=3, seed=0)
    assert free.status == softmax.status == "converged"
    assert free.log_likelihood == pytest.approx(softmax.log_likelihood, abs=1e-6)
    slopes = [np.diff(m.beta1[m.b.argsort(), 0] / m.tau)[0] for m in (free.measure, softmax.measure)]
    assert slopes[0] == pytest.approx(slopes[1], abs=1e-6)
    scale = [
        1.0 if n == "tau" else v * (n in ("beta1", "beta0"))
        for (n, _), v in zip(free.layout.names, free.theta, strict=True)
    ]
    assert free.flat_directions.shape == (1, 9)
    assert abs(free.flat_directions[0] @ scale) == pytest.approx(np.linalg.norm(scale), rel=1e-7)
    assert np.abs(free.information @ free.flat_directions[0]).max() <= 1e-6 * np.abs(free.information).max()
    assert len(softmax.flat_directions) == 0


def test_a_fit_at_the_edge_of_the_box_names_the_parameter():
    x, y = sample(TRUTH, TANH, 1500, seed=15)
    narrow = Box(10.0, 10.0, (0.025, 10.0), 10.0, 10.0, (0.02, 0.4))
    result = fit_points(FREE, TANH, Points(x, y), box=narrow, starts=3, seed=0)
    assert result.status == "at_bound"
    assert "nu" in [name for name, _ in result.bounds]
    assert result.measure.nu.max() == pytest.approx(0.4)


def test_a_variance_that_collapses_on_a_few_points_is_a_spike():
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(-1, 1, (80, 1)), axis=0)
    y = x[:, 0] + rng.normal(0, 1, 80)
    lone = MixingMeasure([[0.0], [0.0]], [-2.0, 0.0], 1.0, [[0.0], [1.0]], [y[40], 0.0], [1e-10, 1.0])
    box = Box(5.0, 5.0, (0.1, 10.0), 50.0, 50.0, (1e-10, 4.0))
    result = fit_points(FREE, TANH, Points(x, y), box=box, starts=0, seed=0, known_starts=[FREE.pack(lone)])
    assert result.status == "spike"
    assert ("nu", 0) in result.bounds


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
