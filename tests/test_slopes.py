import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.slopes import Slope, judge, log_slope

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


def test_a_seed_fixes_the_interval():
    e = errors(0.5, 20, seed=8)
    assert log_slope(e, SIZES, seed=3) == log_slope(e, SIZES, seed=3)
    assert log_slope(e, SIZES, seed=3).interval != log_slope(e, SIZES, seed=4).interval


def test_few_replicates_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="at least 10 replicates"):
        log_slope(errors(0.5, 9, seed=0), SIZES, seed=0)
    with pytest.raises(ValueError, match="errors must have shape"):
        log_slope(errors(0.5, 12, seed=0), SIZES[:-1], seed=0)
    with pytest.raises(ValueError, match="zero or missing"):
        log_slope(np.zeros((12, 8)), SIZES, seed=0)


def slope_with(value, low, high, curved=False):
    return Slope(value, (low, high), 0.0, (0.1, 0.2) if curved else (-1.0, 1.0), 100)


@pytest.mark.parametrize(
    ("slope", "predicted", "dropped", "supported", "expected"),
    [
        # design section 4, margin 0.1 for p = 1/2 and p/3 for p = 1/4
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
