"""Claim C17: what its legs do with coefficients and volumes that are others."""

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from temperance.claims import c17_volumes as volumes
from temperance.claims.c17_volumes import ONE, STUDIES
from temperance.measurements.judgement import POWER
from temperance.theory.models.by_name import model

LEVEL_OF_EACH = 2e-5


def test_what_is_kept_is_of_the_studies_that_are_defined():
    kept = volumes.stored()
    assert kept.keys() == {study.name for study in STUDIES}
    assert all(kept[s.name]["digest"] == s.digest and len(kept[s.name]["levels"]) == s.replicates for s in STUDIES)


def test_the_planned_power_and_the_slope_with_a_logarithm():
    eps = np.linspace(-1.0, -40.0, 400)
    levels = list(np.interp(-np.arange(1, 90), (2.5 * eps + np.log(-eps))[::-1], eps[::-1]))
    assert ONE.slope(levels) == pytest.approx(ONE.expected(levels, 2.5, 2), abs=2e-3)
    assert ONE.expected(levels, 2.5, 2) < 2.47
    assert all(study.test([], 5.0, 1, 2e-5).planned > 0.9 for study in STUDIES)


def test_a_wrong_coefficient_is_contradicted_and_a_change_of_a_study_leaves_nothing_to_test(monkeypatch):
    row = volumes._row(ONE, LEVEL_OF_EACH)
    assert row["test"]["planned"] >= POWER
    slopes = np.array([ONE.slope(run) for run in volumes.stored()[ONE.name]["levels"]])
    assert row["slope"] == pytest.approx(slopes.mean())
    off = ONE.test(volumes.stored()[ONE.name]["levels"], 3.0, 2, LEVEL_OF_EACH)
    assert off.p < LEVEL_OF_EACH
    assert volumes._row(replace(ONE, seed=18), LEVEL_OF_EACH)["outcome"] == "inconclusive"
    spoiled = deepcopy(volumes.stored())
    spoiled[ONE.name]["levels"] = [[0.7 * v for v in run] for run in spoiled[ONE.name]["levels"]]
    monkeypatch.setattr(volumes, "stored", lambda: spoiled)
    assert volumes._row(ONE, LEVEL_OF_EACH)["outcome"] == "contradicted"
    assert volumes.volumes_measured(None, LEVEL_OF_EACH).outcome == "contradicted"


def test_the_proof_leg_tells_a_wrong_coefficient():
    spec = partial(model, "softmax")
    assert volumes._decided(spec, 2, 3, Fraction(5), 1) == "confirmed"
    assert volumes._decided(spec, 2, 3, Fraction(13, 2), 1) == "contradicted"
    assert volumes._decided(spec, 2, 3, Fraction(5), 2) == "contradicted"
    coefficients = {study.name: volumes.predicted(study) for study in STUDIES}
    assert [c.exact for c in coefficients.values()] == [5, Fraction(11, 2), Fraction(15, 4), Fraction(5, 2)]
    assert [c.multiplicity for c in coefficients.values()] == [(1, 1)] * 3 + [(2, 2)]
    assert volumes._decided(spec, 4, 7, Fraction(12), 1) == "inconclusive"
