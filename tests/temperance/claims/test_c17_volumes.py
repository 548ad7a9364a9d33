"""Claim C17: what its legs do with coefficients and volumes that are others."""

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from temperance.claims import c17_volumes as volumes
from temperance.claims.c17_volumes import CONSTANT, ONE, SOFTMAX, STUDIES, TANH
from temperance.measurements.judgement import POWER
from temperance.theory.models.by_name import model

LEVEL_OF_EACH = 2e-5


@pytest.mark.parametrize(
    ("study", "exact", "m"),
    [(SOFTMAX, 5, 1), (TANH, Fraction(11, 2), 1), (CONSTANT, Fraction(15, 4), 1), (ONE, Fraction(5, 2), 2)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_the_predictions_of_the_studies(study, exact, m):
    found = volumes.predicted(study)
    assert (found.exact, found.multiplicity) == (exact, (m, m))


def test_what_is_kept_is_of_the_studies_that_are_defined():
    kept = volumes.stored()
    assert kept.keys() == {study.name for study in STUDIES}
    assert all(kept[s.name]["digest"] == s.digest and len(kept[s.name]["levels"]) == s.replicates for s in STUDIES)


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
    assert volumes._decided(spec, 4, 7, Fraction(12), 1) == "inconclusive"
