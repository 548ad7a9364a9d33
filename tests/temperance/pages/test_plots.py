"""Errors over n with their standard errors, and the geometry of plots."""

import math

import numpy as np
import pytest

from temperance.numerics.studies.results import ErrorPoint, error_points
from temperance.pages.plots import HEIGHT, WIDTH, contact_plot, label, rates_plot, ticks

SIZES = (1000, 4000, 16000)


def test_the_standard_error_is_the_spread_of_the_rms_over_studies():
    errors = np.random.default_rng(5).normal(size=(1500, 200, 1))
    points = [error_points(one, (100,))[0] for one in errors]
    spread = np.std([p.rms for p in points])
    assert np.mean([p.se for p in points]) == pytest.approx(spread, rel=0.05)
    assert {p.fits for p in points} == {200}
    assert np.mean([p.rms for p in points]) == pytest.approx(1, rel=0.01)


def test_points_leave_out_missing_fits_and_have_no_number_that_overflows():
    errors = np.array([[3.0, np.nan, np.inf, 0.0, 1e200], [4.0, 2.0, 1.0, 0.0, 1.0], [np.nan, np.nan, 1.0, 0.0, 1.0]])
    two, one, infinite, zero, huge = error_points(errors, (1, 2, 3, 4, 5))
    squares = np.array([9.0, 16.0])
    assert two.rms == pytest.approx(math.sqrt(12.5))
    assert two.se == pytest.approx(squares.std(ddof=1) / math.sqrt(2) / (2 * math.sqrt(12.5)))
    assert one == ErrorPoint(2, 2.0, None, 1)
    assert infinite == ErrorPoint(3, None, None, 3)
    assert zero == ErrorPoint(4, 0.0, 0.0, 3)
    assert huge == ErrorPoint(5, None, None, 3)
    assert error_points(np.full((3, 1), np.nan), (9,)) == ()


def slope(**changes):
    points = [{"n": n, "rms": 3 * n**-0.5, "se": 0.3 * n**-0.5, "fits": 20} for n in SIZES]
    record = {"parameter": "a", "cell": 0, "cell_size": 2, "slope": -0.5, "ci": [-0.6, -0.4], "predicted": -0.5}
    return {**record, "published": -0.25, "outcome": "confirmed", "points": points, **changes}


def steepness(line):
    (x, y), (u, v) = line.start, line.end
    return (v - y) / (u - x)


def scale(plot):
    """Pixels of a slope of 1, from the marks of a law of which the slope is known to be -1/2."""
    first, *_, last = plot.marks
    return (last.y - first.y) / (last.x - first.x) / -0.5


def test_lines_have_their_slopes_and_go_through_the_mean():
    plot = rates_plot(slope(), 0.01)
    lines = {line.kind: line for line in plot.lines}
    assert list(lines) == ["measured", "predicted", "published"]
    for kind, expected in (("measured", -0.5), ("predicted", -0.5), ("published", -0.25)):
        assert steepness(lines[kind]) / scale(plot) == pytest.approx(expected, rel=0.01)
    middle = plot.marks[1]
    for line in plot.lines:
        at = line.start[1] + steepness(line) * (middle.x - line.start[0])
        assert at == pytest.approx(middle.y, abs=0.05)
    assert plot.notes == ("confirmed", "1.00% of the fits dropped")


def test_the_band_lies_between_the_ends_of_the_interval():
    plot = rates_plot(slope(), 0.0)
    (x, y), (u, v), (_, v_high), (_, y_high) = plot.band
    assert (v - y) / (u - x) / scale(plot) == pytest.approx(-0.6, rel=0.01)
    assert (v_high - y_high) / (u - x) / scale(plot) == pytest.approx(-0.4, rel=0.01)
    assert rates_plot(slope(ci=[None, None]), 0.0).band == ()


def test_bars_are_intervals_of_95_percent():
    plot = rates_plot(slope(), 0.0)
    mark = plot.marks[0]
    unit = (plot.marks[-1].y - mark.y) / (0.5 * math.log10(SIZES[-1] / SIZES[0]))  # pixels of a decade
    assert (mark.y - mark.high) / unit == pytest.approx(math.log10(1 + 1.96 * 0.1), rel=0.02)
    assert (mark.low - mark.y) / unit == pytest.approx(-math.log10(1 - 1.96 * 0.1), rel=0.02)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"published": -0.5}, ["measured -0.500 [-0.600, -0.400]", "predicted and published -0.5"]),
        ({"published": None}, ["measured -0.500 [-0.600, -0.400]", "predicted -0.5"]),
        ({"predicted": None, "ci": [None, -0.4]}, ["measured -0.500", "published -0.25"]),
    ],
)
def test_the_legend_says_what_is_stated(changes, words):
    assert [line.words for line in rates_plot(slope(**changes), 0.0).lines] == words


def test_what_has_no_slope_has_no_plot():
    assert rates_plot(slope(slope=None, ci=None), 0.0) is None
    assert rates_plot(slope(points=[{"n": 10, "rms": None, "se": None, "fits": 3}]), 0.0) is None


def order(**changes):
    record = {"curve": "c", "measured": 4.0, "expected": 4, "levels": [4, 8], "outcome": "confirmed"}
    return {**record, "distances": [2.0 ** (-4 * j) for j in range(4, 9)], **changes}


def test_the_order_of_contact_is_the_slope_of_the_distances():
    plot = contact_plot(order(expected=2))
    measured, expected = plot.lines
    first, *_, last = plot.marks
    assert steepness(measured) == pytest.approx((last.y - first.y) / (last.x - first.x), rel=0.01)
    assert steepness(expected) / steepness(measured) == pytest.approx(0.5, rel=0.01)
    assert [line.words for line in plot.lines] == ["measured order 4", "expected 2"]


def test_a_distance_that_is_zero_has_no_plot():
    assert contact_plot(order(measured="0 to within the working precision", expected="identically 0")) is None
    assert [line.kind for line in contact_plot(order(expected="identically 0")).lines] == ["measured"]


@pytest.mark.parametrize("plot", [rates_plot(slope(), 0.0), contact_plot(order())])
def test_everything_is_inside(plot):
    places = [(m.x, y) for m in plot.marks for y in (m.y, m.low, m.high)]
    places += [p for line in plot.lines for p in (line.start, line.end)] + list(plot.band)
    assert all(plot.left <= x <= plot.right and plot.top <= y <= plot.bottom for x, y in places)
    assert all(plot.left <= x <= plot.right for x, _ in plot.x_ticks)
    assert (plot.width, plot.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("low", [1e-40, 0.0123, 1.0, 777.0])
@pytest.mark.parametrize("ratio", [1.1, 2.0, 5.0, 40.0, 1e4, 1e30])
def test_ticks_are_round_few_and_inside(low, ratio):
    found = ticks(low, low * ratio)
    assert 2 <= len(found) <= 6
    assert all(low <= value <= low * ratio for value in found)
    assert found == sorted(found)


def test_labels():
    values = (0.0, -0.5, 2000.0, 123456.7, 0.01, 1e7, 2.664e-07, 999999.9)
    assert [label(value) for value in values] == ["0", "-0.5", "2000", "123457", "0.01", "10⁷", "2.66·10⁻⁷", "10⁶"]
    assert label(2218.123456, 6) == "2218.12"
