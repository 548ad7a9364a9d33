"""Kept fits of a study stand where a part of them is what the likelihood of here has."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.studies import kept_check as module
from temperance.numerics.studies.claim_studies import CONSTANTS, LINEAR, TANH_CELL
from temperance.numerics.studies.kept_check import SHARE, check_kept, drawn, gap_of
from temperance.numerics.studies.results import SAME
from temperance.numerics.studies.run import run_replicate

SMALL = replace(LINEAR, name="small", sizes=(10**4, 10**6), replicates=3, seed=1)
SPLIT = replace(TANH_CELL, name="small, split", sizes=(10**4, 10**6), replicates=2, seed=1)


@pytest.fixture(scope="module", params=[SMALL, SPLIT], ids=["exact", "split"])
def study(request):
    return request.param


@pytest.fixture(scope="module")
def kept(study):
    return {replicate: run_replicate(study, replicate) for replicate in range(study.replicates)}


def moved(outcome, by, at=-4):
    """The first fit elsewhere: by default in b of the first atom but one from the end, which data always tell."""
    theta = outcome[0].copy()
    theta[0, at] += by
    return theta, *outcome[1:]


def test_one_sample_in_forty_is_drawn_and_two_at_least():
    assert [len(drawn(study)) for study in (LINEAR, TANH_CELL, CONSTANTS, SMALL)] == [2, 3, -(-1500 // SHARE), 2]
    assert drawn(LINEAR) == drawn(LINEAR) != drawn(replace(LINEAR, seed=2))
    assert drawn(replace(SMALL, replicates=1)) == [0]


def test_fits_of_machine_code_stand(study, kept):
    """They are checked in NumPy: up to rounding, and to where a search stops."""
    told = []
    with ThreadPoolExecutor(1) as executor:
        found = check_kept(study, kept, executor, told.append)
    assert found.samples == 2
    assert found.gap < SAME / 5
    assert found.stand
    assert [(p.done, p.total) for p in told] == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("by", [0.05, -0.05])
def test_kept_fits_that_were_moved_fall(study, kept, by):
    changed = {replicate: moved(outcome, by) for replicate, outcome in kept.items()}
    with ThreadPoolExecutor(1) as executor:
        assert not check_kept(study, changed, executor).stand


def test_the_gap_is_that_of_the_likelihood():
    """To second order it is half of the square of the deviation in standard errors."""
    outcome = run_replicate(SMALL, 0)
    gaps = [gap_of(SMALL, 0, moved(outcome, by, at=1)) for by in (5e-3, 1e-2, 2e-2)]
    assert np.diff(np.log(gaps)) / np.log(2) == pytest.approx([2, 2], abs=0.1)
    assert gaps[-1] > SAME


def test_another_end_of_the_search_is_seen_where_there_is_one_maximum(monkeypatch):
    outcome = run_replicate(SMALL, 0)
    monkeypatch.setattr(module, "run_replicate", lambda *_: moved(outcome, 0.05))
    assert gap_of(SMALL, 0, outcome) > SAME


def test_a_fit_that_counts_is_not_one_that_does_not(monkeypatch):
    theta, status, agree = outcome = run_replicate(SMALL, 0)
    spike = (theta, ["spike", *status[1:]], agree)
    assert gap_of(SMALL, 0, spike) == math.inf
    monkeypatch.setattr(module, "run_replicate", lambda *_: spike)
    assert gap_of(SMALL, 0, outcome) == math.inf
    assert gap_of(SMALL, 0, (theta, ["max_steps", *status[1:]], agree)) < SAME  # neither counts
