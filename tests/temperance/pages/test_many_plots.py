"""Plots of large pages: the same lines as matplotlib draws, labels that do not touch, colours of the page."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest

from temperance.pages.leg_views import evidence
from temperance.pages.many_plots import LightPlot
from temperance.pages.plots import rates_plot

SIZES = (1000, 4000, 16000)


def plot(low=3 * 16000**-0.5, rises=4.0, **changes):
    slope = -math.log(rises) / math.log(16)
    points = [{"n": n, "rms": low * (16000 / n) ** -slope, "se": 0.1 * low, "fits": 20} for n in SIZES]
    record = {"parameter": "a", "cell": 0, "cell_size": 2, "slope": slope, "ci": [slope - 0.1, slope + 0.1]}
    record |= {"predicted": -0.5, "published": -0.25, "outcome": "confirmed", "points": points, **changes}
    return LightPlot(**vars(rates_plot(record, 0.0)))


def parts(drawn, tag):
    return list(ElementTree.fromstring(f"<svg>{drawn.drawing('p')}</svg>").iter(tag))


def places(path):
    return [tuple(map(float, place.split())) for place in re.split("[ML]", path.get("d").rstrip("Z"))[1:]]


def lines(drawn):
    """The lines by their kinds, as pairs of places."""
    found = [p for p in parts(drawn, "path") if p.get("stroke-width") == "1.5"]
    return {re.search(r"--(\w+)", p.get("stroke"))[1]: places(p) for p in found}


def test_lines_have_their_slopes_through_the_mean_of_the_points():
    drawn = plot(rises=4)
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in parts(drawn, "circle")]
    (left, top), middle, (right, bottom) = dots
    per_power = (bottom - top) / (right - left) / 0.5  # the points have the slope -1/2
    found = lines(drawn)
    assert list(found) == ["measured", "predicted", "published"]
    for kind, slope in (("measured", -0.5), ("predicted", -0.5), ("published", -0.25)):
        (x, y), (through_x, through_y), (u, v) = found[kind]
        assert (through_x, through_y) == pytest.approx(middle, abs=0.2)
        assert (v - y) / (u - x) == pytest.approx(-slope * per_power, abs=0.01)


def test_bars_are_the_intervals_of_95_percent():
    drawn = plot()
    bars = [places(p) for p in parts(drawn, "path") if p.get("stroke-width") is None and p.get("stroke")]
    heights = [lower[1] - upper[1] for lower, upper in bars]
    errors = [math.log((1 + p.relative) / (1 - p.relative)) for p in drawn.points]
    assert [h / heights[0] for h in heights] == pytest.approx([e / errors[0] for e in errors], rel=0.05)


@pytest.mark.parametrize("rises", [2.2, 5.0, 8.0, 40.0, 1e6])
@pytest.mark.parametrize("low", [1.05e-2, 3e-2, 6.2e-5])
def test_values_have_labels_and_room_between_them(low, rises):
    labels = [t for t in parts(plot(low, rises), "text") if t.get("text-anchor") == "end"]
    heights = sorted(float(t.get("y")) for t in labels)
    assert len(heights) >= 2
    assert all(below - above >= 34 for above, below in itertools.pairwise(heights))


def test_a_drawing_has_the_colours_of_the_page_and_no_ids():
    drawn = plot()
    svg = drawn.drawing("p")
    assert svg == drawn.drawing("q")
    assert not re.findall(r"#[0-9a-f]{6}|\bid=", svg)
    assert {f"var(--{line.kind})" for line in drawn.lines} <= set(re.findall(r"var\([^)]*\)", svg))
    assert svg.count("Z") == 1
    assert plot(ci=[None, None]).drawing("p").count("Z") == 0


def test_the_page_of_a_verification_draws_its_plots_so():
    order = {"curve": "c", "measured": 4.0, "expected": 4, "levels": [4, 8], "outcome": "confirmed"}
    (drawn,) = evidence({"orders": [{**order, "distances": [2.0 ** (-4 * j) for j in range(4, 9)]}]}, "x")["plots"]
    assert isinstance(drawn, LightPlot)
    assert len(parts(drawn, "circle")) == 5
