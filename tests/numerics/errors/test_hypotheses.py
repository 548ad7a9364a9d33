"""Tests of exponents and variances: they reject what is false, keep their level, and have the power that they say."""

import numpy as np
import pytest
from scipy import stats

from temperance.numerics.studies.slopes import correlations, holm, slope_test, variance_test

SIZES = 10.0 ** np.arange(4, 13)
LEVEL = 2e-5


def nested(rng, replicates, sizes, p=0.5):
    """Errors sign(B) |B(n)/n|^(2p) of sums over nested samples."""
    steps = np.sqrt(np.diff(np.r_[0.0, sizes]))
    means = np.cumsum(rng.normal(size=(*np.atleast_1d(replicates), len(sizes))) * steps, axis=-1) / sizes
    return np.sign(means) * np.abs(means) ** (2 * p)


def test_holm_steps_down():
    assert holm([0.001, 0.5, 0.004], 0.01, 3) == [True, False, True]
    assert holm([0.001, 0.5, 0.004], 0.01, 10) == [True, False, False]  # seven that are not made have p = 1
    assert holm([0.004, 0.004], 0.01, 1) == [True, True]  # never fewer than there are
    assert holm([0.006, 0.001], 0.01, 2) == [True, True]
    assert holm([], 0.01, 5) == []


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("p", [0.5, 0.25, 1 / 12])
def test_a_true_exponent_is_not_rejected_and_a_smaller_one_is(p, exact):
    errors = nested(np.random.default_rng(1), 60, SIZES, p)
    true, false = (slope_test(errors, SIZES, q, exact=exact, level=LEVEL) for q in (p, p + min(1 / 8, p)))
    assert true.p > 0.01
    assert min(true.power, true.planned) > 0.9
    assert false.p < LEVEL


def test_a_bound_is_not_rejected_by_a_faster_fall_and_an_exact_rate_is():
    errors = nested(np.random.default_rng(2), 60, SIZES, 0.6)
    assert slope_test(errors, SIZES, 0.5, exact=False, level=LEVEL).p > 0.999
    assert slope_test(errors, SIZES, 0.5, exact=True, level=LEVEL).p < LEVEL


def test_the_hypothesis_of_a_bound_has_its_logarithm():
    """Errors of exactly (log n/n)^(1/2), up to noise, are within the bound; without the logarithm they are not."""
    noise = nested(np.random.default_rng(3), 1500, SIZES)
    errors = noise * np.sqrt(np.log(SIZES))
    assert slope_test(errors, SIZES, 0.5, exact=False, level=LEVEL).p > 0.01
    assert slope_test(errors, SIZES, 0.5, exact=True, level=LEVEL).p < LEVEL


@pytest.mark.parametrize("shift", [np.nan, 0.0, 1e200])
def test_errors_that_allow_no_test_have_no_p_and_no_power(shift):
    errors = nested(np.random.default_rng(4), 12, SIZES)
    errors[:, 3] = shift if shift != 1e200 else errors[:, 3] * shift
    found = slope_test(errors, SIZES, 0.5, exact=True, level=LEVEL)
    assert (found.p, found.power) == (None, 0.0)
    assert found.planned > 0.0


def test_one_error_that_makes_the_mean_leaves_no_power():
    errors = nested(np.random.default_rng(5), 60, SIZES[::2])
    errors[0, 0] *= 1e3
    assert slope_test(errors, SIZES[::2], 0.5, exact=True, level=LEVEL).power < 0.5


def test_the_jackknife_is_the_naive_one():
    errors = nested(np.random.default_rng(6), 14, SIZES)
    errors[np.random.default_rng(7).random(errors.shape) < 0.1] = np.nan
    u = np.log(SIZES)

    def slope(e):
        return np.polyfit(u, np.log(np.nanmean(e**2, axis=0)) / 2, 1)[0]

    without = np.array([slope(np.delete(errors, r, axis=0)) for r in range(14)])
    error = np.sqrt(13 / 14 * ((without - without.mean()) ** 2).sum())
    fewest = (~np.isnan(errors)).sum(axis=0).min()
    found = slope_test(errors, SIZES, 0.5, exact=True, level=LEVEL)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(slope(errors) + 0.5) / error, fewest / 2), rel=1e-9)
    critical = stats.t.isf(LEVEL / 2, fewest / 2)
    assert found.power == pytest.approx(stats.t.cdf(0.125 / error - critical, fewest / 2), rel=1e-6)


@pytest.mark.parametrize(
    ("factor", "floor", "rejected"),
    [(1.0, False, False), (1.2, False, True), (0.8, False, True), (1.2, True, False), (0.8, True, True)],
)
def test_a_variance_that_is_a_fifth_off_is_found(factor, floor, rejected):
    sizes = np.array([1e4, 1e8])
    ratios = factor * nested(np.random.default_rng(8), 1500, sizes) ** 2 * sizes
    found = variance_test(ratios, sizes, level=LEVEL, replicates=1500, floor=floor)
    assert (found.p < LEVEL) == rejected
    assert found.power == found.planned > 0.9


def test_the_power_of_a_variance_is_that_of_the_chi_squared_law():
    """900 replicates at two sizes, of which a share of 1/10000 is common: 0.9; of a mean of eight numbers, all."""
    sizes = np.array([1e4, 1e8])
    freedom = 900 * 2 / 1.0001
    low, high = stats.chi2.ppf(LEVEL / 2, freedom), stats.chi2.isf(LEVEL / 2, freedom)
    wanted = min(stats.chi2.cdf(low / 0.8, freedom), stats.chi2.sf(high / 1.2, freedom))
    found = variance_test(np.ones((0, 2)), sizes, level=LEVEL, replicates=900)
    assert found.planned == pytest.approx(wanted, rel=1e-6)
    assert (found.p, found.power) == (None, 0.0)
    assert variance_test(np.ones((0, 2)), sizes, level=LEVEL, replicates=900, numbers=8).planned > 1 - 1e-9


def test_squares_at_nested_sizes_have_the_correlations_said():
    sizes = np.array([1e4, 2e4, 8e4])
    squares = nested(np.random.default_rng(9), 100000, sizes) ** 2
    assert np.corrcoef(squares.T) == pytest.approx(correlations(sizes), abs=0.02)


def rejections(make, trials, level, seed, *, replicates, sizes, p):
    """How often a true rate is rejected, either way."""
    rng = np.random.default_rng(seed)
    found = (slope_test(make(rng, replicates, sizes), sizes, p, exact=True, level=level).p for _ in range(trials))
    return sum(value is not None and value < level for value in found)


def heavy(rng, replicates, sizes):
    return rng.standard_t(5, size=(replicates, len(sizes))) / np.sqrt(sizes)


def boundary(rng, replicates, sizes):
    """Of which half are 0, and n^(-1/4) else."""
    return np.sqrt(np.maximum(nested(rng, replicates, sizes), 0.0))


@pytest.mark.full
@pytest.mark.parametrize("level", [0.01, 0.001])
@pytest.mark.parametrize(("make", "p", "factor"), [(nested, 0.5, 1.0), (boundary, 0.25, 1.0), (heavy, 0.5, 2.0)])
@pytest.mark.parametrize(("replicates", "sizes"), [(20, SIZES), (60, SIZES[2::2])])
def test_a_slope_keeps_its_level(make, p, factor, replicates, sizes, level):
    """At most the level, or twice it for heavy tails; three standard deviations of the count are granted."""
    trials = 4000
    found = rejections(make, trials, level, 10, replicates=replicates, sizes=sizes, p=p)
    expected = factor * level * trials
    assert found <= expected + 3 * np.sqrt(expected)
