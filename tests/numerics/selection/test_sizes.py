"""The number of experts of data with a known number, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from temperance import MixingMeasure, fit, sample
from temperance.numerics.estimation.sizes import sizes

TRUTH = MixingMeasure(
    np.array([[1.5], [0.0]]),
    np.zeros(2),
    np.array(1.0),
    np.array([[0.5], [-0.5]]),
    np.array([2.0, -2.0]),
    np.full(2, 0.5),
)


@pytest.fixture(scope="module")
def data():
    return sample(TRUTH, "z", 1000, seed=1)


@pytest.fixture(scope="module")
def found(data):
    return sizes(*data, 3, gate="softmax")


def test_two_experts_that_are_apart_are_counted(found):
    assert found.by_bic == 2
    assert found.range == (2, 2)
    assert [found.at_resolution(s) for s in (0.1, 0.05, 0.02)] == [2, 2, 2]
    assert not found.misspecified


def test_a_fit_of_more_experts_is_no_lower(found, data):
    levels = [f.log_likelihood for f in found.fits]
    assert levels == sorted(levels)
    for k, level in enumerate(levels[:2], 1):
        assert level >= fit(*data, fitted=k, gate="softmax", starts=2).log_likelihood - 1e-3


def test_more_experts_than_bic_takes_have_no_tiny_variances(found):
    least = found.fits[1].fit.measure.nu.min()
    assert found.fits[2].fit.measure.nu.min() >= 0.3 * least * (1 - 1e-9)


def test_criteria_of_one_expert_are_those_of_a_regression(found, data):
    x, y = data[0][:, 0], data[1]
    left = y - np.polyval(np.polyfit(x, y, 1), x)
    level = -len(y) / 2 * (np.log(2 * np.pi * left.var()) + 1)
    assert found.fits[0].log_likelihood == pytest.approx(level, rel=1e-9)
    assert found.sbic[0][0] == pytest.approx(-2 * level + 3 * np.log(len(y)), rel=1e-9)


def test_the_singular_bic_charges_less_than_bic(found):
    for fit_, pair in zip(found.fits[1:], found.sbic[1:], strict=True):
        assert pair[1] <= fit_.bic + 1e-6
    assert found.charges[2][1].upper == 5  # theory: two true experts, three fitted, d = 1


def test_a_lower_end_takes_a_lower_bound_and_a_multiplicity(found):
    for change in ({"lower": None}, {"multiplicity": None}):
        first, (one, two), third = found.charges
        changed = replace(found, charges=(first, (replace(one, **change), two), third))
        lows, highs = zip(*changed.sbic, strict=True)
        assert lows[0] == found.sbic[0][0]
        assert lows[1:] == (None, None)
        assert None not in highs


def test_resolutions_count_merges(found):
    heights = found.heights
    assert len(heights) == 2
    assert found.resolution(1) == (max(heights), None)
    doubled = replace(
        found, mergers=tuple(m._replace(height=h) for m, h in zip(found.mergers, (0.3, 0.1), strict=True))
    )
    assert doubled.at_resolution(0.2) == 3
    assert doubled.at_resolution(0.4) == 1
    assert doubled.resolution(2) is None


def test_fits_without_coefficients_have_bic_alone():
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, 200)
    y = np.where(x > 0, 2 + x, -2 - x) + rng.normal(0, 0.5, 200)
    found = sizes(x, y, 2, activation="hardtanh", gauge="anchored", starts=2)
    assert found.charges is None
    assert "kink" in found.silence
    assert found.range == (found.by_bic, found.by_bic)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"most": 1}, "most must be at least 2"),
        ({"y": np.ones(60)}, "y is 1 at every point"),
        ({"points": 12}, "12 points are fewer than the 13 numbers that are fitted for 3 atoms"),
        ({"weights": -np.ones(60)}, "weight"),
    ],
)
def test_what_makes_no_answer_is_refused(data, change, message):
    x, y = (part[: change.get("points", 60)] for part in data)
    given = {"x": x, "y": y, "most": 3, "gate": "softmax", **change}
    given.pop("points", None)
    with pytest.raises(ValueError, match=message):
        sizes(given.pop("x"), given.pop("y"), given.pop("most"), **given)
