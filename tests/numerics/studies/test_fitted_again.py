"""Kept fits of a study stand where fits of here are no better, and fall where one is."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.studies import fitted_again as module
from temperance.numerics.studies.claim_studies import CONSTANTS, LINEAR, TANH_CELL
from temperance.numerics.studies.fitted_again import SHARE, drawn, fitted_again, gains_of
from temperance.numerics.studies.results import HIGHER
from temperance.numerics.studies.run import run_replicate

SMALL = replace(LINEAR, name="small", sizes=(10**4, 10**6), replicates=3, seed=1)


@pytest.fixture(scope="module")
def kept():
    return {replicate: run_replicate(SMALL, replicate) for replicate in range(3)}


def moved(outcome, by):
    """The first fit elsewhere."""
    theta = outcome[0].copy()
    theta[0, 0] += by
    return theta, *outcome[1:]


def test_one_sample_in_twenty_is_drawn_and_two_at_least():
    assert [len(drawn(study)) for study in (LINEAR, TANH_CELL, CONSTANTS, SMALL)] == [2, 6, 1500 // SHARE, 2]
    assert drawn(LINEAR) == drawn(LINEAR) != drawn(replace(LINEAR, seed=2))
    assert drawn(replace(SMALL, replicates=1)) == [0]


def test_fits_of_here_stand(kept):
    told = []
    with ThreadPoolExecutor(1) as executor:
        found = fitted_again(SMALL, kept, executor, told.append)
    assert (found.samples, found.gain, found.lower, found.stand) == (2, 0.0, 0, True)
    assert [(p.done, p.total) for p in told] == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("by", [0.01, -0.01])
def test_a_kept_fit_that_was_moved_falls(kept, by):
    """A hundredth in beta1 is about one standard error at the smaller n."""
    changed = {replicate: moved(outcome, by) for replicate, outcome in kept.items()}
    with ThreadPoolExecutor(1) as executor:
        assert not fitted_again(SMALL, changed, executor).stand


def test_the_gain_is_that_of_the_likelihood(kept):
    """To second order it is half of the square of the deviation in standard errors."""
    steps = np.array([2e-3, 4e-3, 8e-3])
    gains = [gains_of(SMALL, 0, moved(kept[0], by))[0] for by in steps]
    assert np.diff(np.log(gains)) / np.log(2) == pytest.approx([2, 2], abs=0.1)
    assert gains[-1] > HIGHER


def test_a_higher_maximum_that_is_kept_stands_and_is_counted(kept, monkeypatch):
    monkeypatch.setattr(module, "run_replicate", lambda study, replicate: moved(kept[replicate], 0.05))
    with ThreadPoolExecutor(1) as executor:
        found = fitted_again(SMALL, kept, executor)
    assert (found.gain, found.lower, found.stand) == (0.0, 2, True)


def test_a_fit_that_counts_is_not_one_that_does_not(kept, monkeypatch):
    theta, status, agree = kept[0]
    spike = (theta, ["spike", *status[1:]], agree)
    assert gains_of(SMALL, 0, spike) == [math.inf, 0.0]
    monkeypatch.setattr(module, "run_replicate", lambda study, replicate: spike)
    assert gains_of(SMALL, 0, kept[0]) == [math.inf, 0.0]
    assert gains_of(SMALL, 0, (theta, ["max_steps", *status[1:]], agree)) == [0.0, 0.0]  # neither counts
