"""Forged certificates of sample sizes: the checker accepts only those that are true, by other code."""

import copy
import math
import random
from pathlib import Path

import pytest
from flint import arb

from temperance.theory.checker.rejected import objection
from temperance.theory.sizes import sample_size_checker as checker
from temperance.theory.sizes.mixture_in_balls import Place

pytestmark = pytest.mark.slow  # small campaigns


@pytest.fixture(autouse=True)
def _campaigns(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "campaigns"))


def test_forged_certificates_are_accepted_only_if_they_are_true():
    from forged_sizes import campaign

    found = campaign(40, 2)
    assert found.false == found.crashes == []
    assert 0 < found.accepted < found.mutants / 2


@pytest.mark.full
def test_of_two_thousand_forged_certificates_those_accepted_are_true():
    from forged_sizes import campaign

    found = campaign(2000, 1)
    assert found.false == found.crashes == []


def test_a_checker_that_forgets_what_lies_beyond_the_range_of_y_is_noticed(monkeypatch):
    from forged_sizes import falsehood, honest

    forged = copy.deepcopy(honest()[0])
    forged["y"] = {"low": "-2", "high": "2"}
    with monkeypatch.context() as patch:
        patch.setattr(Place, "beyond", lambda *_: arb(0))
        least, most = map(float, checker.proved_bounds(forged))
        forged |= {"least": str(math.floor(least)), "most": str(math.ceil(most))}
        forged["statement"] = checker.statement(forged)
        assert objection(checker.check, forged) is None
    assert falsehood(forged, random.Random(1)) is not None
    assert objection(checker.check, forged) is not None
