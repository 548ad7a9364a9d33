import numpy as np
import pytest

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import TANH
from temperance.numerics.studies.errors import hellinger
from temperance.theory.activations.activation import activation

GATE = compile_activation(activation("tanh"))


def gaussian(a, b, nu):
    """One atom: a line with Gaussian errors, whatever the gate; the parameters may have leading axes."""
    a, b, nu = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (a, b, nu)))
    zero = np.zeros_like(b)[..., None]
    return MixingMeasure(zero[..., None], zero, zero[..., 0] + 1, a[..., None, None], b[..., None], nu[..., None])


def test_two_gaussians_have_the_closed_form():
    b, nu = np.array([0.0, 1e-4, 0.3, 2.0]), np.array([1.0 + 1e-6, 1.0, 0.7, 4.0])
    affinity = np.sqrt(2 * np.sqrt(nu) / (1 + nu)) * np.exp(-(b**2) / (4 * (1 + nu)))
    found = hellinger(gaussian(0.5, b, nu), gaussian(0.5, 0.0, 1.0), GATE, low=-3, high=3)
    assert found[2:] == pytest.approx(np.sqrt(1 - affinity)[2:], rel=1e-9)
    # to first order: H^2 = db^2/(8 nu) + dnu^2/(16 nu^2)
    assert found[:2] == pytest.approx(np.array([1e-6 / 4, 1e-4 / np.sqrt(8)]), rel=1e-4)


def test_slopes_are_averaged_over_x():
    """H^2 = E(1 - exp(-(t x)^2/8)) for two lines through 0 with slopes t apart, nu = 1."""
    x = np.linspace(-3, 3, 200001)
    expected = np.sqrt(np.trapezoid(1 - np.exp(-((0.5 * x) ** 2) / 8), x) / 6)
    found = hellinger(gaussian(1.5, 0.0, 1.0), gaussian(1.0, 0.0, 1.0), GATE, low=-3, high=3)
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_it_is_zero_for_equal_densities_and_near_one_far_away():
    assert float(hellinger(TANH.truth, TANH.truth, GATE, low=-3, high=3)) == 0.0
    assert float(hellinger(gaussian(0, 40, 1), gaussian(0, 0, 1), GATE, low=-3, high=3)) == pytest.approx(1.0)


def test_the_plane_is_averaged_too():
    def plane(slope):
        one, two = np.zeros((1, 2)), np.zeros(1)
        return MixingMeasure(one, two, np.array(1.0), np.array([[slope, 0.0]]), two, np.ones(1))

    line = hellinger(gaussian(1.5, 0.0, 1.0), gaussian(1.0, 0.0, 1.0), GATE, low=-3, high=3)
    assert float(hellinger(plane(1.5), plane(1.0), GATE, low=-3, high=3)) == pytest.approx(float(line), rel=1e-2)
