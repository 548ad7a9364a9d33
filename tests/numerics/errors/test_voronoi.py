from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.errors import Symmetry, group_errors, match

TRUTH = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])


def near(atoms, seed, scale=0.02, batch=()):
    """Measures whose atoms lie near the given true atoms."""
    rng = np.random.default_rng(seed)

    def moved(array):
        return array + scale * rng.normal(size=(*batch, *array.shape))

    beta0 = moved(TRUTH.beta0[atoms])
    return MixingMeasure(
        moved(TRUTH.beta1[atoms]),
        beta0,
        np.full(batch, 0.26),
        moved(TRUTH.a[atoms]),
        moved(TRUTH.b[atoms]),
        np.abs(moved(TRUTH.nu[atoms])),
    )


@pytest.mark.parametrize("symmetry", [Symmetry(), Symmetry("anchored"), Symmetry("anchored", linear=True)])
def test_permutation_and_translation_change_nothing(symmetry):
    m = near([0, 1, 1], 3)
    order = [2, 0, 1]
    permuted = replace(m, **{n: getattr(m, n)[order] for n in ("beta1", "beta0", "a", "b", "nu")})
    shifted = replace(m, beta0=m.beta0 + 0.37)
    for other in (permuted, shifted):
        for name, values in group_errors(m, TRUTH, symmetry).errors.items():
            np.testing.assert_allclose(group_errors(other, TRUTH, symmetry).errors[name], values, atol=1e-12)


def test_the_linear_gate_forgets_a_common_slope():
    symmetry = Symmetry("anchored", linear=True)
    m = near([0, 1], 4)
    moved = replace(m, beta1=m.beta1 + 0.9)
    np.testing.assert_allclose(
        group_errors(moved, TRUTH, symmetry).errors["beta1/tau"], group_errors(m, TRUTH, symmetry).errors["beta1/tau"]
    )
    assert group_errors(moved, TRUTH, Symmetry("anchored")).errors["beta1"].min() > 0.5


def test_the_scale_of_the_linear_gate_is_not_seen_by_the_errors():
    """theory 2.1.1: (c beta1, c beta0, c tau) has the density of the truth."""
    symmetry, c = Symmetry("anchored", linear=True), 2.0
    scaled = replace(TRUTH, beta1=c * TRUTH.beta1, beta0=c * TRUTH.beta0, tau=c * TRUTH.tau)
    for values in group_errors(scaled, TRUTH, symmetry).errors.values():
        np.testing.assert_allclose(values, 0.0, atol=1e-12)


def orbit(m, symmetry):
    """The measures with two atoms that have the density of one, but for the scale of the softmax."""
    images = [m]
    if symmetry.parity == "odd":
        images.append(replace(m, beta1=-m.beta1[::-1]))
    if symmetry.parity == "even":
        images += [replace(m, beta1=np.array(s)[:, None] * m.beta1) for s in ((1, -1), (-1, 1), (-1, -1))]
    swapped = [replace(g, **{n: getattr(g, n)[::-1] for n in ("beta1", "beta0", "a", "b", "nu")}) for g in images]
    return [*images, *swapped]


ORBITS = [(gauge, parity, d) for gauge in ("free", "anchored") for parity in ("odd", "even") for d in (1, 2)]
MIRROR = ((1.5, 0.5), (-1.5, -0.5))


@pytest.mark.parametrize(("gauge", "parity", "d"), ORBITS)
@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.1, 1.0, 5.0]),
    st.sampled_from([((3.0, 1.0), (0.5, -1.0)), MIRROR, ((1.0, 2.0), (0.0, 0.0))]),
)
def test_all_elements_of_an_orbit_have_the_same_errors(gauge, parity, d, seed, scale, beta1):
    """Also for estimates of which no atom is near a true one, at mirror points, and where a cell is empty."""
    rng, symmetry = np.random.default_rng(seed), Symmetry(gauge, parity=parity)
    slopes = [row[:d] for row in beta1]
    truth = MixingMeasure(slopes, [1.0, 0.0], 0.25, [[1.0] * d, [-1.0] * d], [2.0, -2.0], [0.25, 0.5])
    b = truth.b + scale * rng.normal(size=2)
    m = replace(truth, beta1=scale * rng.normal(size=(2, d)), b=b, tau=truth.tau + scale)
    here = group_errors(m, truth, symmetry)
    for image in orbit(m, symmetry):
        there = group_errors(image, truth, symmetry)
        np.testing.assert_array_equal(there.sizes, here.sizes)
        for name, values in here.errors.items():
            np.testing.assert_allclose(there.errors[name], values, rtol=1e-9, atol=1e-12)


def test_estimates_beyond_the_reach_of_the_loss_have_the_errors_of_their_images():
    """The loss is that of no weight at all, for both images alike."""
    truth = replace(TRUTH, beta1=np.array([[1.0], [0.5]]), tau=0.2)
    far = replace(truth, beta1=np.array([[-0.5], [-1.0]]), tau=1.6)
    image = replace(truth, tau=1.6)
    odd = Symmetry(parity="odd")
    for m in (far, image):
        errors = group_errors(m, truth, odd).errors
        assert errors["beta1"].tolist() == [0.0, 0.0]
        assert float(errors["tau"]) == pytest.approx(1.4)


def test_three_atoms_around_the_mirror_image_of_an_anchored_truth():
    """The truth (3, 0) has the image (0, -3): beta1 of a cell is that of its expert."""
    truth = replace(TRUTH, beta1=np.array([[3.0], [0.0]]))
    m = replace(near([0, 1, 1], 5), beta1=np.array([[0.0], [-3.1], [-2.9]]))
    result = group_errors(m, truth, Symmetry("anchored", parity="odd"))
    assert result.sizes.tolist() == [1, 2]
    np.testing.assert_allclose(result.errors["beta1"], [0.0, 0.1], atol=1e-12)


def test_beside_a_kink_the_power_of_beta1_is_that_of_its_order():
    m = near([0, 1, 1], 7)
    w = np.exp(m.beta0 / m.tau)[1:]
    kinked = group_errors(m, TRUTH, Symmetry(), kink=True).errors["beta1"][1]
    assert kinked == pytest.approx((w @ np.abs(m.beta1[1:, 0] - 0.5) ** 1.5 / w.sum()) ** (1 / 1.5))


def test_a_vanished_atom_does_not_count():
    m = near([0, 1], 8)
    far = {"beta1": [[9.0]], "beta0": [-300.0], "a": [[-1.0]], "b": [-9.0], "nu": [0.5]}
    more = replace(m, **{n: np.concatenate([getattr(m, n), np.array(v)]) for n, v in far.items()})
    few, many = group_errors(m, TRUTH, Symmetry()), group_errors(more, TRUTH, Symmetry())
    assert many.sizes.tolist() == [1, 2]
    assert many.errors["a"][1] == pytest.approx(few.errors["a"][1])


def test_an_empty_cell_has_no_error():
    m = near([1, 1], 9)
    result = group_errors(m, TRUTH, Symmetry())
    assert result.sizes.tolist() == [0, 2]
    assert np.isnan(result.errors["a"][0])


def test_anchored_cells_leave_the_gate_out():
    m = replace(TRUTH, beta1=np.array([[-60.0], [80.0]]))
    assert match(m, TRUTH, Symmetry("anchored")).cells.tolist() == [0, 1]
    assert match(m, TRUTH, Symmetry()).cells.tolist() == [1, 0]


def test_the_largest_weight_of_each_measure_is_one():
    """Also where exp(beta0/tau) is beyond the doubles."""
    m = near([0, 1, 1], 2, batch=(4, 3))
    heavy = replace(m, beta0=m.beta0 + 300.0 * np.arange(4)[:, None, None])
    for measure in (m, heavy):
        np.testing.assert_array_equal(match(measure, TRUTH, Symmetry()).weights.max(axis=-1), np.ones((4, 3)))


def test_an_atom_alone_has_its_distance_for_an_error():
    """Without powers, which the distance may be too small for."""
    truth = MixingMeasure([[0.0]], [0.0], 1.0, [[0.0]], [0.0], [0.3])
    errors = group_errors(MixingMeasure([[0.0]], [0.0], 1.0, [[0.0]], [1e-200], [0.3]), truth, Symmetry()).errors
    assert errors["b"][0] == 1e-200
