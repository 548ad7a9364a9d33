import numpy as np
import pytest
import sympy as sp

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import MixingMeasure, gate_probabilities, sample
from temperance.theory.activations.activation import Activation, Piece, Z

TANH = compile_activation(Activation("tanh", (Piece(sp.tanh(Z)),)))
TRUTH = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
PLANE = MixingMeasure([[1.0, 2], [0, 0]], [0.3, 0.0], 0.5, [[1.0, 0], [-1, 1]], [2.0, -2.0], [0.25, 0.5])


@pytest.mark.parametrize("measure", [TRUTH, PLANE])
def test_a_longer_sample_begins_with_the_shorter(measure):
    short, long = (sample(measure, TANH, n, seed=4, replicate=2) for n in (137, 1000))
    np.testing.assert_array_equal(short[0], long[0][:137])
    np.testing.assert_array_equal(short[1], long[1][:137])


def test_streams_differ():
    base, *others = (sample(TRUTH, TANH, 5, seed=s, replicate=r)[0] for s, r in ((1, 0), (2, 0), (1, 1), (0, 1)))
    for other in others:
        assert not np.isin(other, base).any()


def test_the_conditional_moments_of_y_are_those_of_the_model():
    """E[y|x] and E[y^2|x] from the gate and the experts, within five standard errors at two points of x."""
    n = 200_000
    for at in (-0.4, 0.1):
        x = np.full((n, 1), at)
        _, y = sample(TRUTH, TANH, n, seed=7, x=x)
        pi, mean = gate_probabilities(TRUTH, TANH, x[:1])[0], TRUTH.a[:, 0] * at + TRUTH.b
        for values, expected in ((y, pi @ mean), (y**2, pi @ (mean**2 + TRUTH.nu))):
            assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(n)


def test_x_is_uniform_on_the_declared_interval():
    x, _ = sample(PLANE, TANH, 100_000, seed=3, low=1.0, high=4.0)
    assert x.shape == (100_000, 2)
    assert (x >= 1.0).all()
    assert (x < 4.0).all()
    counts = np.histogram2d(*x.T, bins=10, range=[[1, 4], [1, 4]])[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 99 + 5 * np.sqrt(2 * 99)  # chi-square, five standard deviations


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((3, 1))}, "x must have shape"),
        ({"low": 3.0}, "low must be below"),
        ({"seed": -1}, "seed and replicate from 0"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(ValueError, match=message):
        sample(TRUTH, TANH, **{"n": 5, "seed": 1, **changes})


def test_a_batch_of_measures_is_refused():
    batch = MixingMeasure(
        *(np.stack([v] * 2) for v in (TRUTH.beta1, TRUTH.beta0, TRUTH.tau, TRUTH.a, TRUTH.b, TRUTH.nu))
    )
    with pytest.raises(ValueError, match="one measure"):
        sample(batch, TANH, 5, seed=1)


def test_the_gate_may_be_named():
    for ours, theirs in zip(sample(TRUTH, "tanh(z)", 9, seed=1), sample(TRUTH, TANH, 9, seed=1), strict=True):
        np.testing.assert_array_equal(ours, theirs)
