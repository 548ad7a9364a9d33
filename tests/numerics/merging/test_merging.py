"""Merging by conditional moments: exact splits, contact along the Gauss-Hermite split, gauges; and its projections."""

from dataclasses import replace

import numpy as np
import pytest

from temperance import fit, merge, sample
from temperance.numerics.estimation.merge import Held, merged, path, projected
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.models import by_name

X = np.linspace(-3, 3, 41)[:, None]
W = np.full(41, 1 / 41)
LINEAR = Held((0, 1), (0.0, 0.0), True, False)
TANH = Held((0, 1), (0.0, 0.0), False, True)
SOFTMAX_OWN = np.array([[0.3, 1.5], [0.0, 0.0]])  # beta0, beta1
LINES, NU = np.array([[0.5, 2.0], [-0.5, -2.0]]), np.array([0.5, 0.4])


def mixture(own, lines, nu, tau=1.0, gate="linear"):
    spec = by_name.model(gate, "gaussian", None if gate == "linear" else "tanh", 1)
    return Mixture(formulas_of(spec), np.array(own), np.array([tau]), np.array(lines), np.array(nu))


def close(found, own, lines, nu, size):
    for one, other in ((found.own, own), (found.lines, lines), (found.nu, nu)):
        np.testing.assert_allclose(one, other, atol=size)


def test_an_exact_split_merges_to_its_atom():
    own = SOFTMAX_OWN[[0, 0, 1]] + [[np.log(0.3), 0], [np.log(0.7), 0], [0, 0]]
    split = mixture(own, LINES[[0, 0, 1]], NU[[0, 0, 1]])
    cells, found, residual, gate = projected(split, LINEAR, X, W, ((0, 1), (2,)))
    assert cells == ((0, 1), (2,))
    close(found, SOFTMAX_OWN, LINES, NU, 1e-11)
    assert residual < 1e-12
    assert gate < 1e-12


def test_a_common_shift_of_every_split_cell_is_no_error():
    """beta1 of single atoms is off by 0.8 at the density of the truth (theory 4.2)."""
    shift = np.array([[np.log(0.5), 0.8], [np.log(0.5), -0.8]])
    own = np.concatenate([row + shift for row in SOFTMAX_OWN])
    own -= own[-1]
    split = mixture(own, LINES[[0, 0, 1, 1]], NU[[0, 0, 1, 1]])
    _, found, *_ = projected(split, LINEAR, X, W, ((0, 1), (2, 3)))
    close(found, SOFTMAX_OWN, LINES, NU, 1e-10)


def test_an_anchor_in_another_cell_is_found():
    """The truth has the anchor in its second atom; in the fit the first expert is the anchor, and beta1 is turned."""
    true = mixture([[0.25, 1.2], [0, 0]], LINES, NU, 0.5, "activation")
    own = [[-0.25 + 0.5 * np.log(0.4), -1.2], [-0.25 + 0.5 * np.log(0.6), -1.2], [0, 0]]
    turned = mixture(own, LINES[[1, 1, 0]], NU[[1, 1, 0]], 0.5, "activation")
    np.testing.assert_allclose(turned.probabilities(X)[:, 2], true.probabilities(X)[:, 0], rtol=1e-12)
    order, found, residual, gate = projected(turned, TANH, X, W, ((0, 1), (2,)))
    assert gate < 1e-9
    assert residual < 1e-12
    assert abs(found.shared[0] - 0.5) < 1e-7
    assert abs(abs(found.own[0, 1]) - 1.2) < 1e-7
    assert sorted(order) == [(0, 1), (2,)]


def gauss_hermite(m, t):
    """A cell of m atoms at distance O(t^2m) of its atom, with beta1 apart by t^(2m - 1) (theory 4.4.1, remark 5)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(m)
    share = weights / weights.sum()
    turn = nodes * (1 + nodes)
    turn -= share @ turn
    own = np.concatenate([SOFTMAX_OWN[0] + np.stack([np.log(share), t ** (2 * m - 1) * turn], axis=1), SOFTMAX_OWN[1:]])
    lines = np.concatenate([LINES[0] + np.stack([0 * nodes, t * nodes], axis=1), LINES[1:]])
    return mixture(own, lines, np.append(NU[0] - t * t + 0 * nodes, NU[1]))


@pytest.mark.parametrize("m", [2, 3])
def test_merged_errors_along_the_gauss_hermite_split_have_the_order_of_the_distance(m):
    sizes, errors = np.array([0.2, 0.3, 0.4]), []
    for t in sizes:
        _, found, *_ = projected(gauss_hermite(m, t), LINEAR, X, W, (tuple(range(m)), (m,)))
        errors.append(np.abs([*(found.lines - LINES).ravel(), *(found.own - SOFTMAX_OWN).ravel()]).max())
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert abs(slope - 2 * m) < 0.15


def test_a_part_of_a_cell_is_not_merged_at_the_order_of_the_distance():
    """Two of the three atoms of a cell: a larger error than the distance, t^6, by remark 2."""
    t = 0.2
    split = gauss_hermite(3, t)
    at = [0, 1]
    part = merged(
        split.formulas, X, W, split.probabilities(X)[:, at], split.means(X)[:, at], split.lines[at], split.nu[at]
    )
    assert abs(part.line[1] - LINES[0, 1]) > 0.3 * t


def test_conditional_moments_of_a_union_are_those_of_its_parts():
    """With means that have one slope, projections are exact, so that merging twice is merging at once."""
    lines, nu = np.array([[0.5, 1.0], [0.5, 2.0], [0.5, 4.0]]), np.array([0.3, 0.5, 0.9])
    p = np.tile([0.2, 0.3, 0.4], (41, 1))
    split = mixture(np.zeros((3, 2)), lines, nu)
    means = split.means(X)

    def of(at, p=p, means=means, lines=lines, nu=nu):
        return merged(split.formulas, X, W, p[:, at], means[:, at], lines[at], nu[at])

    two, three = of([0, 1]), of([0, 1, 2])
    pair = [np.stack([a, b], axis=axis) for a, b, axis in ((two.probability, p[:, 2], 1), (two.line, lines[2], 0))]
    again = merged(split.formulas, X, W, pair[0], pair[1][:, 0] * X + pair[1][:, 1], pair[1], np.array([two.nu, nu[2]]))
    np.testing.assert_allclose(again.line, three.line, rtol=1e-12)
    assert abs(again.nu - three.nu) < 1e-12


def test_a_mean_that_is_not_linear_is_projected_on_its_family():
    formulas = formulas_of(by_name.model("linear", "c*tanh(a*x)", None, 1))
    line = np.array([1.5, 0.7]) if str(formulas.mean).startswith("p3") else np.array([0.7, 1.5])
    means = Mixture(formulas, np.zeros((2, 2)), np.ones(1), np.stack([line, line]), np.ones(2)).means(X)
    p = np.tile([0.4, 0.6], (41, 1))
    found = merged(formulas, X, W, p, means, np.stack([line * 1.3, line * 0.9]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(found.line, line, rtol=1e-6)
    assert found.residual < 1e-6


def test_dissimilarity_is_zero_for_equal_experts_and_the_same_in_other_units():
    own = SOFTMAX_OWN[[0, 0, 1]] + [[0, 0.4], [0.2, -0.3], [0, 0]]
    split = mixture(own, LINES[[0, 0, 1]], NU[[0, 0, 1]])
    first, last = path(split, X, W)
    assert first.pair == (0, 1)
    assert first.height < 1e-6
    assert last.height > 0.3
    scaled = mixture(own * [1, 0.1], LINES[[0, 0, 1]] * [100.0, 1000.0], NU[[0, 0, 1]] * 1e6)
    assert abs(path(scaled, 10 * X, W)[1].height - last.height) < 1e-9


def test_dissimilarity_of_two_constant_experts_is_the_divergence():
    """Against a sum over a fine grid of y, apart from the code: p N(-1, 1) + (1 - p) N(2, .25) and its own moments."""
    lines, nu = np.array([[0.0, -1.0], [0.0, 2.0]]), np.array([1.0, 0.25])
    two = mixture(np.array([[np.log(0.3 / 0.7), 0.0], [0.0, 0.0]]), lines, nu)
    y = np.linspace(-12, 12, 200001)

    def normal(mean, variance):
        return np.exp(-((y - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)

    g = 0.3 * normal(-1, 1) + 0.7 * normal(2, 0.25)
    mean = 0.3 * -1 + 0.7 * 2
    variance = 0.3 * (1 + (-1 - mean) ** 2) + 0.7 * (0.25 + (2 - mean) ** 2)
    exact = (g * np.log(np.maximum(g, 1e-300) / normal(mean, variance))).sum() * (y[1] - y[0])
    assert abs(path(two, X, W)[0].height - exact) < 1e-4


@pytest.mark.parametrize("nu", [(1e-3, 1e-3), (1e-12, 1e-12), (1e-12, 1e-2)])
def test_experts_with_little_noise_are_as_unlike_as_their_lines_are_far_apart(nu):
    """Of lines that do not meet D is log(v/(nu_1 nu_2)^(1/2))/2 - log 2, v the variance about the merged line."""
    two = mixture(np.zeros((2, 2)), LINES, nu)
    variance = np.mean(nu) + np.mean((0.5 * X + 2) ** 2)
    exact = np.log(variance) / 2 - np.log(nu).mean() / 2 - np.log(2)
    assert path(two, X, W)[0].height == pytest.approx(exact, rel=1e-6)


@pytest.fixture(scope="module")
def data():
    truth = MixingMeasure(np.array([[1.5], [0.0]]), np.zeros(2), np.array(1.0), LINES[:, :1], LINES[:, 1], NU)
    return sample(truth, "z", 300, seed=5)


@pytest.fixture(scope="module")
def two(data):
    return fit(*data, fitted=2, gate="softmax", starts=2)


def test_a_fit_is_merged_and_fitted_again(data, two):
    three = fit(*data, fitted=3, gate="softmax", starts=3)
    found = three.merged(2)
    assert abs(found.refit.log_likelihood - two.log_likelihood) < 1e-3
    assert found.log_likelihood <= found.refit.log_likelihood + 1e-6
    by_name_ = {e.parameter: e.se for e in found.refit.estimates}
    assert by_name_["b"] > 0
    assert {row["parameter"] for row in found.rows()} == {"beta0", "beta1", "a", "b", "nu", "tau"}
    assert "Fitted again" in str(found)
    assert found.to_json()["refit"]["fitted"] == 2
    one = three.merged(1)
    assert one.cells == ((0, 1, 2),)
    slope, level = np.polyfit(data[0][:, 0], data[1], 1)
    np.testing.assert_allclose(one.refit.fit.measure.a.ravel(), slope, rtol=1e-6)
    np.testing.assert_allclose(one.refit.fit.measure.b.ravel(), level, rtol=1e-6)


def test_the_log_likelihood_of_an_unmerged_fit_is_its_own(two):
    found = merge(two, [[0], [1]])
    assert abs(found.log_likelihood - two.log_likelihood) < 1e-6


def test_a_fit_of_formulas_is_merged(data):
    three = fit(*data, fitted=3, gate="beta1*x**2", starts=1)
    found = three.merged(2)
    assert found.refit.fitted == 2
    assert found.refit.log_likelihood >= found.log_likelihood - 1e-6


@pytest.mark.parametrize("cells", [[[0]], [[0], [0, 1]], [[0, 1], []], [[0, 3], [1]]])
def test_cells_must_hold_every_atom_once(two, cells):
    with pytest.raises(ValueError, match="atoms 0 to 1 once"):
        merge(two, cells)


def test_what_is_no_fit_is_refused(two):
    with pytest.raises(ValueError, match="from 1 to 2"):
        two.merged(3)
    with pytest.raises(ValueError, match="with its data"):
        merge(replace(two, mixture=replace(two.mixture, refit=None)), [[0, 1]])
