"""All tests of a run at one level: what a leg finds alone, what Holm's method adds, and what is said of it."""

import pytest

from temperance.measurements.judgement import LEVEL, POWER, Leg, describe_family, family, stepped_down, with_test
from temperance.numerics.studies.slopes import Hypothesis

TESTS = 500
EACH = LEVEL / TESTS


def row(p, power=0.99, *, rare=False, study="s", objection=None):
    tested = Hypothesis("it holds", "it is off", 0.95, p, power)
    return with_test({"study": study, "parameter": "a", "cell": 1}, tested, EACH, rare=rare, objection=objection)


@pytest.mark.parametrize(
    ("p", "power", "rare", "outcome"),
    [
        (0.3, POWER, False, "confirmed"),
        (0.3, POWER - 1e-9, False, "inconclusive"),
        (0.3, POWER - 1e-9, True, None),
        (EACH, 0.99, False, "contradicted"),
        (EACH, 0.1, True, "contradicted"),
        (1.01 * EACH, 0.99, False, "confirmed"),
        (None, 0.0, False, "inconclusive"),
        (None, 0.0, True, None),
    ],
)
def test_the_outcome_of_a_test(p, power, rare, outcome):
    assert row(p, power, rare=rare)["outcome"] == outcome


@pytest.mark.parametrize("p", [0.3, EACH / 2])
def test_fits_that_settle_nothing_have_no_test_whatever_they_say(p):
    found = row(p, objection="two searches differ")
    assert (found["outcome"], found["reason"]) == ("inconclusive", "two searches differ")
    assert (found["test"]["p"], found["test"]["power"]) == (None, 0.0)
    assert row(p, rare=True, objection="two searches differ")["outcome"] is None


def test_holm_rejects_more_only_after_what_is_rejected_alone():
    """499 hypotheses are left after the first: what lies between 1/500 and 1/499 of the level is rejected then."""
    between = LEVEL / (TESTS - 0.5)
    legs = [Leg("confirmed", "one", {"slopes": [row(between), row(0.5)]}), None]
    assert stepped_down(legs) == legs
    other = Leg("contradicted", "two", {"variances": [row(EACH / 2, study="t")], "sizes": [1, 2], "least": 0.1})
    one, _, two = stepped_down([*legs, other])
    assert [r["outcome"] for r in one.data["slopes"]] == ["contradicted", "confirmed"]
    assert one.outcome == "contradicted"
    assert one.detail == "one; Holm's method rejects 1 more"
    assert two == other


def test_what_a_run_tested_is_said():
    rows = [row(0.5), row(0.5, 0.2, rare=True), row(EACH / 9, study="t"), row(None)]
    found = family([Leg("contradicted", "", {"slopes": rows, "other": [{"outcome": "confirmed"}]}), None])
    assert (found["made"], found["rejected"], found["powerful"]) == (3, ["t: a in cell 1"], 2)
    assert (found["least_power"], found["least_planned"]) == (0.99, 0.95)
    assert (found["tests"], found["planned"]) == (TESTS, 3)
    words = "rejected are t: a in cell 1; power 0.9 was planned in 3 (at least 0.95 in all), reached in 2"
    assert words in describe_family(found)
