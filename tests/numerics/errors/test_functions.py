from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import GELU_MIRROR, RELU, TANH
from temperance.numerics.studies.errors import (
    Symmetry,
    hellinger,
    homogeneous_errors,
    in_order,
    mirror_errors,
)

FREE = Symmetry("free", False, None)


def scaled(measure, scales):
    """(l beta1, l beta0, l tau) of one measure for scales l, the leading axis."""
    l = np.asarray(scales)
    a, b, nu = (np.broadcast_to(part, (*l.shape, *part.shape)) for part in (measure.a, measure.b, measure.nu))
    return MixingMeasure(l[:, None, None] * measure.beta1, l[:, None] * measure.beta0, l * measure.tau, a, b, nu)


ATOMS = ("beta1", "beta0", "a", "b", "nu")


def swapped(measure):
    return replace(measure, **{name: getattr(measure, name)[::-1] for name in ATOMS})


def test_atoms_come_in_the_order_of_the_truth():
    found, single = in_order(swapped(TANH.truth), TANH.truth, FREE)
    assert single
    for name in (*ATOMS, "tau"):
        np.testing.assert_array_equal(getattr(found, name), getattr(TANH.truth, name))


def test_the_sum_and_the_difference_of_a_mirror_point():
    truth = GELU_MIRROR.truth
    near = replace(truth, beta1=truth.beta1 + np.array([[0.02], [0.05]]))
    errors = mirror_errors(near, truth, FREE)
    assert float(errors["beta1_sum"]) == pytest.approx(0.07)
    assert float(errors["beta1_difference"]) == pytest.approx(0.03)
    image = replace(near, beta1=-near.beta1[::-1])
    for name, error in mirror_errors(image, truth, FREE).items():
        assert float(error) == pytest.approx(float(errors[name]))


@pytest.mark.parametrize("scale", [0.2, 1.0, 7.0])
def test_the_invariants_of_a_homogeneous_gate_do_not_move_along_its_flow(scale):
    truth, symmetry = RELU.truth, RELU.symmetry
    errors = homogeneous_errors(scaled(truth, [scale]), truth, symmetry, 1.0)
    assert errors["beta1^p/tau"][0, 0] == pytest.approx(0.0, abs=1e-14)
    assert errors["beta1^p/tau"].shape == (1, 1)  # without the anchor
    assert errors["beta0/tau"][0] == pytest.approx([0.0], abs=1e-14)


def test_the_direction_has_an_error_in_the_plane():
    truth = MixingMeasure(
        np.array([[3.0, 4.0], [0.0, 0.0]]), np.zeros(2), np.array(1.0), np.eye(2), np.ones(2), np.ones(2)
    )
    turned = replace(truth, beta1=np.array([[4.0, 3.0], [0.0, 0.0]]))
    error = homogeneous_errors(turned, truth, Symmetry("anchored", False, None), 1.0)["beta1_direction"]
    assert error[0] == pytest.approx(np.hypot(0.2, 0.2))

    even = Symmetry("anchored", False, "even")
    back = replace(truth, beta1=-turned.beta1)
    assert homogeneous_errors(back, truth, even, 1.0)["beta1_direction"] == pytest.approx(error)


def test_the_invariants_of_an_odd_gate_are_those_of_its_mirror_image():
    """z^3 in the anchored gauge: (beta1, 0) and (0, -beta1), which is (-beta1, 0) with the experts swapped."""
    truth, odd = RELU.truth, Symmetry("anchored", False, "odd")
    near = replace(truth, beta1=truth.beta1 + np.array([[0.1], [0.0]]))
    image = swapped(replace(near, beta1=-near.beta1[::-1]))
    assert not image.beta1[-1].any()
    here, there = (homogeneous_errors(g, truth, odd, 3.0) for g in (near, image))
    for name, error in here.items():
        np.testing.assert_allclose(there[name], error, atol=1e-14)
    assert here["beta1^p/tau"][0] == pytest.approx((1.1**3 - 1) / 0.5)


def test_functions_are_those_of_exact_specified_fits():
    truth = TANH.truth
    both_near_one = replace(truth, b=np.array([2.0, 2.0]), a=np.array([[0.5], [0.5]]), beta1=truth.beta1[[0, 0]])
    assert np.isnan(mirror_errors(both_near_one, truth, FREE)["beta1_sum"])


GATE = compiled("tanh")


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
