import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.numerics.errors.slopes import WIDEST, Slope, _interval, _resampled, judge, log_slope, rms_intervals
from temperance.numerics.studies.results import slope_of

SIZES = np.geomspace(1e3, 1e5, 8)


def errors(exponent, replicates, seed, sizes=SIZES, bend=0.0):
    """Normal errors with standard deviation n^-exponent, and a bend in log-log."""
    u = np.log(sizes / sizes[0])
    return np.random.default_rng(seed).normal(size=(replicates, len(sizes))) * np.exp(-exponent * u + bend * u**2)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.floats(0.1, 1.5), st.sampled_from([1.0, 2.0, 3.0]))
def test_a_pure_power_law_has_its_exponent_exactly(exponent, power):
    signs = np.where(np.arange(12) % 2, 1.0, -1.0)[:, None]
    slope = log_slope(signs * SIZES**-exponent, SIZES, seed=0, power=power)
    assert slope.value == pytest.approx(-exponent, abs=1e-12)
    assert slope.curvature == pytest.approx(0.0, abs=1e-12)
    assert slope.width <= 1e-9
    assert not slope.curved


def test_the_scale_of_the_errors_does_not_matter():
    e = errors(0.5, 30, seed=1)
    one, two = log_slope(e, SIZES, seed=0), log_slope(1e6 * e, SIZES, seed=0)
    assert one.value == pytest.approx(two.value)
    assert one.interval == pytest.approx(two.interval)


@pytest.mark.parametrize(("replicates", "trials"), [(12, 300), (40, 150)])
def test_the_interval_covers_the_true_slope(replicates, trials):
    """A 95% interval: the true slope in at least 90% of the trials, and not in nearly all of them."""
    inside = 0
    for trial in range(trials):
        low, high = log_slope(errors(0.5, replicates, [2, trial]), SIZES, seed=trial, resamples=400).interval
        inside += low <= -0.5 <= high
    assert 0.90 * trials <= inside <= 0.995 * trials


def test_the_intervals_of_the_errors_cover_them_at_every_size():
    """95% intervals of RMS errors of known size, half of them from errors of which half are 0."""
    trials, inside = 200, np.zeros((2, len(SIZES)))
    for trial in range(trials):
        e = errors(0.5, 40, [11, trial])
        halved = np.where(np.random.default_rng([12, trial]).random(e.shape) < 0.5, 0.0, e)
        for i, (sample, share) in enumerate(((e, 1.0), (halved, 0.5))):
            intervals = rms_intervals(sample, seed=trial, resamples=400)
            truth = np.sqrt(share) * (SIZES / SIZES[0]) ** -0.5
            inside[i] += [ci is not None and ci[0] <= rms <= ci[1] for ci, rms in zip(intervals, truth, strict=True)]
    assert (0.89 * trials <= inside).all()
    assert (inside <= 0.995 * trials).all()


def test_sizes_with_too_few_errors_have_no_interval():
    e = errors(0.5, 12, seed=13)
    e[3:, 1] = np.nan
    e[:, 2] = 0.0
    e[4, 3] = np.inf
    assert [i is None for i in rms_intervals(e, seed=0)[:4]] == [False, True, True, True]


def test_curvature_is_found_where_it_is_and_rarely_where_it_is_not():
    bent = [log_slope(errors(0.5, 100, [3, t], bend=0.1), SIZES, seed=t, resamples=400).curved for t in range(20)]
    straight = [log_slope(errors(0.5, 100, [4, t]), SIZES, seed=t, resamples=400).curved for t in range(60)]
    assert all(bent)
    assert sum(straight) <= 4


def test_half_of_the_errors_may_be_zero():
    e = errors(0.25, 200, seed=5)
    e[np.random.default_rng(6).random(e.shape) < 0.5] = 0.0
    slope = log_slope(e, SIZES, seed=0)
    assert slope.interval[0] <= -0.25 <= slope.interval[1]


def test_missing_errors_are_left_out():
    e = errors(0.5, 50, seed=7)
    holes = e.copy()
    holes[3, 2] = holes[10, 5] = np.nan
    full, part = log_slope(e, SIZES, seed=0), log_slope(holes, SIZES, seed=0)
    rms = [np.sqrt(np.nanmean(column**2)) for column in holes.T]
    assert part.value == pytest.approx(np.polyfit(np.log(SIZES), np.log(rms), 1)[0])
    assert part.value != full.value


def naive_slopes(e, sizes, power):
    """(slope, curvature) and their standard errors, by the delta method, of replicates that may repeat."""
    shown = np.sum(~np.isnan(e), axis=0)
    means = np.nanmean(np.abs(e) ** power, axis=0)
    u = np.log(sizes)
    values, errors = [], []
    for degree in (1, 2):
        values.append(np.polyfit(u, np.log(means) / power, degree)[0])
        coefficients = [np.polyfit(u, unit, degree)[0] for unit in np.eye(len(u))]
        moved = np.nan_to_num((np.abs(e) ** power / means - 1) / (power * shown)) @ coefficients
        errors.append(np.sqrt(np.sum(moved**2)))
    return np.array(values), np.array(errors)


@pytest.mark.parametrize(("power", "count"), [(2.0, 8), (1.0, 3), (3.0, 4)])
def test_the_intervals_are_those_of_a_studentised_bootstrap_with_missing_errors(power, count):
    sizes = SIZES[:count]
    e, replicates, resamples = errors(0.5, 14, seed=9, sizes=sizes), 14, 200
    e[np.random.default_rng(10).random(e.shape) < 0.2] = np.nan
    counts = np.random.default_rng(11).multinomial(replicates, np.full(replicates, 1 / replicates), size=resamples)
    values, deviations = naive_slopes(e, sizes, power)
    t = []
    for drawn in counts:
        value, deviation = naive_slopes(np.repeat(e, drawn, axis=0), sizes, power)
        t.append((value - values) / deviation)
    found = log_slope(e, sizes, seed=11, power=power, resamples=resamples, level=0.9, curvature_level=0.8)
    for i, (level, value, interval) in enumerate(
        [(0.9, found.value, found.interval), (0.8, found.curvature, found.curvature_interval)]
    ):
        low, high = np.quantile(np.array(t)[:, i], [(1 - level) / 2, (1 + level) / 2])
        assert value == pytest.approx(values[i], rel=1e-9)
        assert interval == pytest.approx((values[i] - high * deviations[i], values[i] - low * deviations[i]), rel=1e-8)


def test_an_interval_is_infinite_where_a_resample_has_no_slope():
    """One replicate shows all that there is at the first size: most resamples have nothing there."""
    e = errors(0.5, 12, seed=12)
    e[1:, 0] = 0.0
    found = log_slope(e, SIZES, seed=0)
    assert found.interval == found.curvature_interval == (-np.inf, np.inf)
    assert not found.curved
    e[1:, 0] = np.nan
    assert log_slope(e, SIZES, seed=0).interval == (-np.inf, np.inf)


def test_two_sizes_have_a_slope_and_no_curvature():
    e = errors(0.5, 12, seed=13, sizes=SIZES[:2])
    found = log_slope(e, [1000, 2000], seed=0)
    rms = np.sqrt((e**2).mean(axis=0))
    assert found.value == pytest.approx(np.log(rms[1] / rms[0]) / np.log(2))
    assert found.interval[0] < found.value < found.interval[1]
    assert found.curvature == 0.0
    assert not found.curved


def test_a_seed_fixes_the_interval():
    e = errors(0.5, 20, seed=8)
    assert log_slope(e, SIZES, seed=3) == log_slope(e, SIZES, seed=3)
    assert log_slope(e, SIZES, seed=3).interval != log_slope(e, SIZES, seed=4).interval


def test_two_thousand_resamples_are_drawn():
    e = errors(0.5, 20, seed=8)
    assert log_slope(e, SIZES, seed=3) == log_slope(e, SIZES, seed=3, resamples=2000)


def test_what_the_slopes_of_a_study_share_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        _resampled(12, 5, 0)[0] = 0.0


def test_numbers_of_single_precision_are_worked_with_in_double():
    e, n = errors(0.5, 20, seed=8).astype(np.float32), SIZES.astype(np.float32)
    assert log_slope(e, n, seed=3) == log_slope(e.astype(float), n.astype(float), seed=3)


def test_few_replicates_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="at least 10 replicates"):
        log_slope(errors(0.5, 9, seed=0), SIZES, seed=0)
    with pytest.raises(ValueError, match="errors must have shape"):
        log_slope(errors(0.5, 12, seed=0), SIZES[:-1], seed=0)
    with pytest.raises(ValueError, match="errors must have shape"):
        log_slope(errors(0.5, 12, seed=0, sizes=SIZES[:1]), SIZES[:1], seed=0)
    flat = r"^at some size every error is zero or missing: its logarithm has no slope$"
    with pytest.raises(ValueError, match=flat):
        log_slope(np.zeros((12, 8)), SIZES, seed=0)
    e = errors(0.5, 12, seed=0)
    e[:, 3] = 0.0
    with pytest.raises(ValueError, match=flat):
        log_slope(e, SIZES, seed=0)


def test_the_least_that_is_needed_is_taken():
    """Ten replicates, of which one has no error at all, and sizes below 1, of which none is 0."""
    e = errors(0.5, 10, seed=0)
    e[4] = 0.0
    assert log_slope(e, SIZES, seed=0).replicates == 10
    assert log_slope(e, SIZES / 1e4, seed=0).value == pytest.approx(log_slope(e, SIZES, seed=0).value)
    with pytest.raises(ValueError, match="sizes must be positive"):
        log_slope(e, np.r_[0.0, SIZES[1:]], seed=0)


@pytest.mark.parametrize("exponent", [0.5, 2.0])
def test_an_interval_of_equal_errors_is_as_wide_as_rounding(exponent):
    slope = log_slope(np.ones((12, 1)) * SIZES**-exponent, SIZES, seed=0)
    assert slope.width == pytest.approx(2e-12 * (1 + exponent), rel=1e-2)


def test_an_error_is_rounding_up_to_its_limit():
    none = np.array([np.inf])
    assert _interval(0.0, 1e-12, none, 0.95) == (-1e-12, 1e-12)
    assert _interval(0.0, np.nextafter(1e-12, 1), none, 0.95) == (-np.inf, np.inf)


def test_the_limits_of_the_outcome_rule_are_not_within_it():
    edge = -0.5 + 0.1
    assert judge(slope_with(-0.45, -0.5, edge), 0.5, 0.0).reason == "the interval does not lie below -0.400"
    assert judge(slope_with(-0.35, edge, -0.3), 0.5, 0.0).outcome == "inconclusive"
    assert judge(slope_with(-0.35, np.nextafter(edge, 0), -0.3), 0.5, 0.0).outcome == "contradicted"
    assert judge(slope_with(-0.45, -0.5, np.nextafter(edge, -1)), 0.5, 0.0).outcome == "confirmed"
    low = -0.16
    wide, narrow = slope_with(-0.1, low, low + WIDEST), slope_with(-0.1, low, low + WIDEST - 1e-15)
    assert wide.width == WIDEST > narrow.width
    assert [judge(s, 0.01, 0.0).outcome for s in (wide, narrow)] == ["inconclusive", "confirmed"]


def test_errors_sizes_and_powers_without_a_slope_are_refused():
    e = errors(0.5, 12, seed=0)
    for bad in (np.inf, -np.inf):
        broken = e.copy()
        broken[3, 4] = bad
        with pytest.raises(ValueError, match=r"^errors must be finite, or nan where they are missing$"):
            log_slope(broken, SIZES, seed=0)
    for sizes in (0 * SIZES, -SIZES, np.full(8, 100.0), np.r_[SIZES[1:], np.inf], np.r_[SIZES[1:], np.nan]):
        with pytest.raises(ValueError, match="sizes must be positive and not all equal"):
            log_slope(e, sizes, seed=0)
    for power in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="power positive"):
            log_slope(e, SIZES, seed=0, power=power)


def slope_with(value, low, high, curved=False):
    return Slope(value, (low, high), 0.0, (0.1, 0.2) if curved else (-1.0, 1.0), 100)


@pytest.mark.parametrize(
    ("slope", "predicted", "dropped", "supported", "expected"),
    [
        # the prediction at the upper end of the interval, farther from the slope than the margin
        (slope_with(-0.62, -0.64, -0.5), 0.5, 0.0, False, ("confirmed", True)),
        (slope_with(-0.62, -0.64, -0.51), 0.5, 0.0, False, ("confirmed", False)),
        # at the lower end
        (slope_with(-0.62, -0.5, -0.45), 0.5, 0.0, False, ("confirmed", True)),
        # outside of the interval, the slope as far off as the margin of 1/16
        (slope_with(-0.25, -0.26, -0.2), 0.1875, 0.0, False, ("confirmed", True)),
        # theory.md 4, margin 0.1 for p = 1/2 and p/3 for p = 1/4
        (slope_with(-0.5, -0.55, -0.45), 0.5, 0.0, False, ("confirmed", True)),
        (slope_with(-0.75, -0.8, -0.7), 0.5, 0.0, False, ("confirmed", False)),
        (slope_with(-0.45, -0.52, -0.39), 0.5, 0.0, False, ("inconclusive", False)),
        (slope_with(-0.5, -0.58, -0.42), 0.5, 0.0, False, ("inconclusive", False)),  # too wide
        (slope_with(-0.5, -0.55, -0.45, curved=True), 0.5, 0.0, False, ("inconclusive", False)),
        (slope_with(-0.5, -0.55, -0.45), 0.5, 0.051, False, ("inconclusive", False)),
        (slope_with(-0.5, -0.55, -0.45), 0.5, 0.05, False, ("confirmed", True)),
        (slope_with(-0.25, -0.3, -0.2), 0.5, 0.0, False, ("contradicted", False)),
        (slope_with(-0.25, -0.3, -0.2), 0.5, 0.0, True, ("inconclusive", False)),
        (slope_with(-0.25, -0.3, -0.2, curved=True), 0.5, 0.0, False, ("inconclusive", False)),
        (slope_with(-0.2, -0.23, -0.17), 0.25, 0.0, False, ("confirmed", True)),
        (slope_with(-0.2, -0.23, -0.166), 0.25, 0.0, False, ("inconclusive", False)),
    ],
)
def test_the_outcome_rule(slope, predicted, dropped, supported, expected):
    judgement = judge(slope, predicted, dropped, supported=supported)
    assert (judgement.outcome, judgement.sharp) == expected
    assert judgement.reason


def test_an_interval_that_would_leave_out_its_slope_is_none():
    """As the median of the resamples alone does; real data where the 95% interval does, in test_verify.py."""
    found = log_slope(errors(0.5, 40, seed=3), SIZES, seed=0, level=1e-6)
    assert found.interval == (-np.inf, np.inf)
    assert judge(found, 0.5, 0.0).reason == "the bootstrap has no interval that holds the slope"


def test_reasons_give_the_numbers():
    line = slope_with(-0.5, -0.58, -0.42)
    assert judge(line, 0.5, 0.2).reason == "20.0% of the fits were dropped, more than 5%"
    assert judge(slope_with(-0.5, -0.58, -0.42, curved=True), 0.5, 0.0).reason == "log error is curved in log n"
    assert judge(line, 0.5, 0.0).reason == "the interval is 0.160 wide, not below 0.15"
    assert judge(slope_with(-0.5, -0.55, -0.45), 0.5, 0.0).reason == "the interval lies below -0.400"
    assert judge(slope_with(-0.25, -0.3, -0.2), 0.5, 0.0).reason == "the interval lies above -0.400"
    assert judge(slope_with(-0.25, -0.3, -0.2), 0.5, 0.0, supported=True).reason == (
        "the interval does not lie below -0.400"
    )


@pytest.mark.full
@pytest.mark.parametrize("replicates", [40, 80, 200])
def test_the_interval_covers_at_its_level_over_a_thousand_studies(replicates):
    inside = 0
    for trial in range(1000):
        low, high = log_slope(errors(0.5, replicates, [9, trial]), SIZES, seed=trial, resamples=1000).interval
        inside += low <= -0.5 <= high
    assert 920 <= inside <= 980


def confirmed(predicted, true, replicates, trials, resamples):
    """How often the outcome rule confirms a prediction when the errors go with another exponent."""
    slopes = (log_slope(errors(true, replicates, [10, t]), SIZES, seed=t, resamples=resamples) for t in range(trials))
    return sum(judge(slope, predicted, 0.0).outcome == "confirmed" for slope in slopes)


@pytest.mark.parametrize("predicted", [0.5, 0.25, 0.125])
def test_slopes_off_by_twice_the_margin_are_not_confirmed(predicted):
    margin = min(0.1, predicted / 3)
    assert confirmed(predicted, predicted - 2 * margin, 200, 40, 300) == 0
    assert confirmed(predicted, predicted - margin, 200, 100, 300) <= 7


@pytest.mark.full
@pytest.mark.parametrize("replicates", [40, 200])
@pytest.mark.parametrize("predicted", [0.5, 0.25, 0.125])
def test_slopes_off_by_the_margin_are_confirmed_in_a_twentieth_at_most(predicted, replicates):
    margin = min(0.1, predicted / 3)
    assert confirmed(predicted, predicted - margin, replicates, 1000, 1000) <= 50
    assert confirmed(predicted, predicted - 2 * margin, replicates, 1000, 300) == 0


@pytest.mark.full
def test_a_true_prediction_is_usually_confirmed_at_the_size_of_our_studies():
    assert confirmed(0.5, 0.5, 300, 200, 1000) >= 190


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200, np.inf])
def test_a_study_has_no_slope_where_squares_of_errors_overflow_or_vanish(scale):
    e = np.abs(errors(0.5, 12, seed=14))
    e[:, 3] *= scale
    found = slope_of(e, tuple(SIZES), seed=0, together=1)
    assert (found is not None) == (scale == 1.0)
