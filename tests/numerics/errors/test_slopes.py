import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from temperance.numerics.studies.results import slope_of
from temperance.numerics.studies.slopes import is_sharp, jackknife, log_slope, rms_intervals

SIZES = np.geomspace(1e3, 1e5, 8)


def errors(exponent, replicates, seed, sizes=SIZES):
    """Normal errors with standard deviation n^-exponent."""
    u = np.log(sizes / sizes[0])
    return np.random.default_rng(seed).normal(size=(replicates, len(sizes))) * np.exp(-exponent * u)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.floats(0.1, 1.5))
def test_a_pure_power_law_has_its_exponent_exactly(exponent):
    signs = np.where(np.arange(12) % 2, 1.0, -1.0)[:, None]
    slope = log_slope(signs * SIZES**-exponent, SIZES)
    assert (slope.value, slope.median) == (pytest.approx(-exponent, abs=1e-12), pytest.approx(-exponent, abs=1e-12))
    low, high = slope.interval
    assert low < slope.value < high < low + 1e-10


@pytest.mark.parametrize(("replicates", "trials"), [(12, 200), (40, 200)])
def test_the_interval_covers_the_true_slope(replicates, trials):
    """A 95% interval: the true slope in at least 92% of the trials, and not in nearly all of them."""
    inside = 0
    for trial in range(trials):
        low, high = log_slope(errors(0.5, replicates, [2, trial]), SIZES).interval
        inside += low <= -0.5 <= high
    assert 0.92 * trials <= inside <= 0.99 * trials


def test_the_intervals_of_the_errors_cover_them_at_every_size():
    """95% intervals of RMS errors of known size, half of them from errors of which half are 0."""
    trials, inside = 200, np.zeros((2, len(SIZES)))
    for trial in range(trials):
        e = errors(0.5, 40, [11, trial])
        halved = np.where(np.random.default_rng([12, trial]).random(e.shape) < 0.5, 0.0, e)
        for i, (sample, share) in enumerate(((e, 1.0), (halved, 0.5))):
            truth = np.sqrt(share) * (SIZES / SIZES[0]) ** -0.5
            intervals = zip(rms_intervals(sample), truth, strict=True)
            inside[i] += [ci is not None and ci[0] <= rms <= ci[1] for ci, rms in intervals]
    assert (0.89 * trials <= inside).all()
    assert (inside <= 0.995 * trials).all()
    low, high = rms_intervals(e[:, :1])[0]
    error = jackknife(e[:, :1], np.ones(1))[1]
    assert np.log(high / low) / (2 * error) == pytest.approx(stats.t.ppf(0.975, 20))  # half of 40 replicates


def test_sizes_with_too_few_errors_have_no_interval():
    e = errors(0.5, 12, seed=13)
    e[3:, 1] = np.nan
    e[:, 2] = 0.0
    e[4, 3] = np.inf
    e[1:, 4] = 0.0
    assert [i is None for i in rms_intervals(e)[:5]] == [False, True, True, True, True]


def test_half_of_the_errors_may_be_zero_and_then_the_median_has_no_slope():
    e = errors(0.25, 200, seed=5)
    e[np.random.default_rng(6).random(e.shape) < 0.5] = 0.0
    e[:101, 3] = 0.0
    slope = log_slope(e, SIZES)
    assert slope.interval[0] <= -0.25 <= slope.interval[1]
    assert slope.median is None


def test_the_median_is_not_moved_by_a_tail_that_moves_the_rms():
    e = errors(0.5, 40, seed=15)
    e[:4] = 30 * SIZES[0] ** 0.1 * SIZES**-0.1
    slope = log_slope(e, SIZES)
    assert slope.median == pytest.approx(-0.5, abs=0.1)
    assert slope.value > -0.15


def test_missing_errors_are_left_out():
    e = errors(0.5, 50, seed=7)
    holes = e.copy()
    holes[3, 2] = holes[10, 5] = np.nan
    full, part = log_slope(e, SIZES), log_slope(holes, SIZES)
    rms = [np.sqrt(np.nanmean(column**2)) for column in holes.T]
    assert part.value == pytest.approx(np.polyfit(np.log(SIZES), np.log(rms), 1)[0])
    assert part.value != full.value
    assert (full.freedom, part.freedom) == (25, 24.5)


def test_the_interval_is_that_of_students_t():
    e = errors(0.5, 20, seed=8)
    slope = log_slope(e, SIZES)
    half = stats.t.ppf(0.975, 10) * slope.error
    assert slope.interval == pytest.approx((slope.value - half, slope.value + half))


def test_an_interval_is_infinite_where_one_replicate_has_all_errors():
    e = errors(0.5, 12, seed=12)
    e[1:, 0] = 0.0
    assert log_slope(e, SIZES).interval == (-np.inf, np.inf)
    e[1:, 0] = np.nan
    assert log_slope(e, SIZES).interval == (-np.inf, np.inf)
    assert jackknife(e, np.ones(8))[1] == np.inf


def test_few_replicates_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="at least 10 replicates"):
        log_slope(errors(0.5, 9, seed=0), SIZES)
    with pytest.raises(ValueError, match="errors must have shape"):
        log_slope(errors(0.5, 12, seed=0), SIZES[:-1])
    with pytest.raises(ValueError, match="errors must have shape"):
        log_slope(errors(0.5, 12, seed=0, sizes=SIZES[:1]), SIZES[:1])
    flat = r"^at some size every error is zero or missing: its logarithm has no slope$"
    with pytest.raises(ValueError, match=flat):
        log_slope(np.zeros((12, 8)), SIZES)
    e = errors(0.5, 12, seed=0)
    e[:, 3] = 0.0
    with pytest.raises(ValueError, match=flat):
        log_slope(e, SIZES)


def test_errors_and_sizes_without_a_slope_are_refused():
    e = errors(0.5, 12, seed=0)
    for bad in (np.inf, -np.inf):
        broken = e.copy()
        broken[3, 4] = bad
        with pytest.raises(ValueError, match=r"^errors must be finite, or nan where they are missing$"):
            log_slope(broken, SIZES)
    for sizes in (0 * SIZES, -SIZES, np.full(8, 100.0), np.r_[SIZES[1:], np.inf], np.r_[SIZES[1:], np.nan]):
        with pytest.raises(ValueError, match="sizes must be positive and not all equal"):
            log_slope(e, sizes)


@pytest.mark.parametrize(
    ("value", "interval", "predicted", "sharp"),
    [
        (-0.62, (-0.64, -0.5), 0.5, True),  # at the end of the interval
        (-0.62, (-0.64, -0.51), 0.5, False),
        (-0.25, (-0.26, -0.2), 0.1875, True),  # as far off as the margin of 1/16
        (-0.75, (-0.8, -0.7), 0.5, False),
    ],
)
def test_a_slope_is_sharp_about_the_rate(value, interval, predicted, sharp):
    assert is_sharp(value, interval, predicted) == sharp


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200, np.inf])
def test_a_study_has_no_slope_where_squares_of_errors_overflow_or_vanish(scale):
    e = np.abs(errors(0.5, 12, seed=14))
    e[:, 3] *= scale
    assert slope_of(e, tuple(SIZES)) == (log_slope(e, SIZES) if scale == 1.0 else None)


def test_a_study_has_no_slope_where_an_n_has_fewer_than_ten_errors():
    e = errors(0.5, 12, seed=3)
    e[3:, 2] = np.nan
    assert slope_of(e, tuple(SIZES)) is None
