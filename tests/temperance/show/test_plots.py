"""Errors over n with their standard errors, and what plots draw."""

import itertools
import math
import re

import numpy as np
import pytest

from temperance.numerics.studies.results import ErrorPoint, error_points
from temperance.show.plots import contact_plot, label, panels, rates_plot

SIZES = (1000, 4000, 16000)
TALL = 34  # points of a drawing that a label of the page's letters takes


def test_the_standard_error_is_the_spread_of_the_rms_over_studies():
    errors = np.random.default_rng(5).normal(size=(500, 200, 1))
    points = [error_points(one, (100,))[0] for one in errors]
    spread = np.std([p.rms for p in points])
    assert np.mean([p.se for p in points]) == pytest.approx(spread, rel=0.08)
    assert {p.fits for p in points} == {200}
    assert np.mean([p.rms for p in points]) == pytest.approx(1, rel=0.01)


def test_points_leave_out_missing_fits_and_have_no_number_that_overflows():
    errors = np.array([[3.0, np.nan, np.inf, 0.0, 1e200], [4.0, 2.0, 1.0, 0.0, 1.0], [np.nan, np.nan, 1.0, 0.0, 1.0]])
    two, one, infinite, zero, huge = error_points(errors, (1, 2, 3, 4, 5))
    squares = np.array([9.0, 16.0])
    assert two.rms == pytest.approx(math.sqrt(12.5))
    assert two.se == pytest.approx(squares.std(ddof=1) / math.sqrt(2) / (2 * math.sqrt(12.5)))
    assert one == ErrorPoint(2, 2.0, None, None, 1)
    assert infinite == ErrorPoint(3, None, None, None, 3)
    assert zero == ErrorPoint(4, 0.0, 0.0, None, 3)
    assert huge == ErrorPoint(5, None, None, None, 3)
    assert error_points(np.full((3, 1), np.nan), (9,)) == ()


def slope(**changes):
    points = [{"n": n, "rms": 3 * n**-0.5, "se": 0.3 * n**-0.5, "fits": 20} for n in SIZES]
    record = {"parameter": "a", "cell": 0, "cell_size": 2, "slope": -0.5, "ci": [-0.6, -0.4], "predicted": -0.5}
    return {**record, "published": -0.25, "outcome": "confirmed", "points": points, **changes}


def drawn(plot):
    """The axes, and the logarithms of the ends of the lines by their kind."""
    (axes,) = panels([plot]).axes
    logs = [np.log10(line.get_xydata())[[0, -1]] for line in axes.lines[: len(plot.lines)]]
    return axes, {line.kind: ends for line, ends in zip(plot.lines, logs, strict=True)}


def steepness(ends):
    (x, y), (u, v) = ends
    return (v - y) / (u - x)


def test_lines_have_their_slopes_and_go_through_the_mean():
    plot = rates_plot(slope(), 0.01)
    _, lines = drawn(plot)
    assert list(lines) == ["measured", "predicted", "published"]
    for kind, expected in (("measured", -0.5), ("predicted", -0.5), ("published", -0.25)):
        assert steepness(lines[kind]) == pytest.approx(expected)
        (x, y), _ = lines[kind]
        assert y + expected * (math.log10(4000) - x) == pytest.approx(math.log10(3 * 4000**-0.5))
    assert plot.notes == ("confirmed", "1.00% of the fits dropped")


@pytest.mark.parametrize(("rises", "low"), [(2.2, 1.05e-2), (5, 6.2e-5), (40, 3e-2)])
def test_values_have_labels_and_room_between_them(low, rises):
    errors = [{"n": n, "rms": low * r, "se": 0.0} for n, r in zip(SIZES, (rises, rises**0.5, 1), strict=True)]
    axes, _ = drawn(rates_plot(slope(points=errors, slope=math.log(1 / rises) / math.log(16), ci=[None, None]), 0.0))
    axes.figure.draw_without_rendering()
    bottom, top = axes.get_window_extent().y0, axes.get_window_extent().y1
    labels = [text for text in axes.get_yticklabels(which="both") if text.get_text()]
    middles = sorted(text.get_window_extent().get_points()[:, 1].mean() for text in labels)
    middles = [middle for middle in middles if bottom - 1 < middle < top + 1]
    assert middles
    tall = TALL * axes.figure.dpi / 72
    assert all(above - below > tall for below, above in itertools.pairwise(middles))


def test_the_band_lies_between_the_ends_of_the_interval():
    axes, _ = drawn(rates_plot(slope(), 0.0))
    corners = np.log10(axes.collections[0].get_paths()[0].vertices)
    first, last = (corners[np.isclose(corners[:, 0], math.log10(n))] for n in (SIZES[0], SIZES[-1]))
    middle = np.array([math.log10(4000), math.log10(3 * 4000**-0.5)])
    for side in (first, last):
        slopes = (side[:, 1] - middle[1]) / (side[:, 0] - middle[0])
        assert (slopes.min(), slopes.max()) == pytest.approx((-0.6, -0.4))
    without, _ = drawn(rates_plot(slope(ci=[None, None]), 0.0))
    assert len(without.collections) == len(axes.collections) - 1


def test_bars_are_intervals_of_95_percent():
    (axes,) = panels([rates_plot(slope(), 0.0)]).axes
    low, high = axes.collections[-1].get_segments()[0][:, 1] / (3 * SIZES[0] ** -0.5)
    assert (low, high) == pytest.approx((1 - 0.196, 1 + 0.196), rel=1e-3)


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
    _, lines = drawn(plot)
    (x, y), (u, v) = (np.log10([p.x, p.y]) for p in (plot.points[0], plot.points[-1]))
    assert steepness(lines["measured"]) == pytest.approx((v - y) / (u - x))
    assert steepness(lines["predicted"]) == pytest.approx(2)
    assert [line.words for line in plot.lines] == ["measured order 4", "expected 2"]


def test_a_distance_that_is_zero_has_no_plot():
    assert contact_plot(order(measured="0 to within the working precision", expected="identically 0")) is None
    assert [line.kind for line in contact_plot(order(expected="identically 0")).lines] == ["measured"]


@pytest.mark.parametrize("plot", [rates_plot(slope(), 0.0), contact_plot(order())])
def test_drawings_are_the_same_every_time_in_the_colours_of_the_page(plot):
    svg = plot.drawing("p")
    assert svg == plot.drawing("p")
    assert set(re.findall("#[0-9a-f]{6}", svg)) == set()
    assert all(found.startswith("p-") for found in re.findall(r'(?:\bid="|href="#|url\(#)([^")]*)', svg))
    assert {f"var(--{line.kind})" for line in plot.lines} <= set(re.findall(r"var\([^)]*\)", svg))


def test_labels():
    values = (0.0, -0.5, 2000.0, 123456.7, 0.01, 1e7, 2.664e-07, 999999.9)
    assert [label(value) for value in values] == ["0", "-0.5", "2000", "123457", "0.01", "10⁷", "2.66·10⁻⁷", "10⁶"]
    assert label(2218.123456, 6) == "2218.12"
