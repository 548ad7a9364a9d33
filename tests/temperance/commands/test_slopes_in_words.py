"""How measured slopes are compared with predictions, and put in rows."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from temperance.measurements.rate_studies import study_for
from temperance.measurements.slopes import SLOPE_COLUMNS, answer, predictions, slope_parts, study_record
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.results import StudyResult, StudySlope
from temperance.numerics.studies.slopes import log_slope
from temperance.show.table import Table
from temperance.theory.models.order import Prediction, weakest


def made(parameter, **changes):
    plain = {"cell": 0, "cell_size": 1, "share": 1.0, "cells": [[1, 1]], "anchor_at_home": None, "slope": -0.5}
    judged = {"ci": [-0.55, -0.45], "predicted": -0.5, "published": -0.5, "outcome": "confirmed", "sharp": True}
    points = [{"n": n, "rms": n**-0.5, "se": 0.1, "ci": None, "fits": 20} for n in (100, 200)]
    return {"parameter": parameter, **plain, **judged, "reason": "the interval is low", "points": points, **changes}


def test_the_answer_counts_what_is_judged_and_names_the_rest():
    slopes = [
        made("a"),
        made("a", cell=1, sharp=False),
        made("b", outcome="inconclusive", sharp=False, reason="too wide"),
        made("nu", outcome="contradicted", sharp=False, reason="too high"),
        made("tau", cell=None, predicted=None, outcome=None, sharp=None, reason="nobody knows"),
    ]
    fits = {"total": 40, "converged": 20, "at_bound": 10, "failed": 10}
    told = answer({"slopes": slopes, "fits": fits})
    assert all(part in told for part in ("2 of 4", "1 sharp", "inconclusive: b", "contradicted: nu", "measured: tau"))
    assert told.endswith("; 25% of the fits end at a bound of their box")
    two = [made("b"), made("b", cell=1, outcome="inconclusive", sharp=False)]
    assert answer({"slopes": two, "fits": {**fits, "at_bound": 2}}).endswith(
        "inconclusive: b (confirmed for 1 of 2); contradicted: none"
    )
    record = {"slopes": slopes, "fits": fits, "setting": {"sizes": [100, 10**12]}}
    grids = [part for part in slope_parts(record) if isinstance(part, Table)]
    assert [len(grid.rows) for grid in grids] == [5, 5]
    notes = [part for part in slope_parts(record) if isinstance(part, str)]
    assert [note for note in notes if note.startswith("[")] == ["[1] too wide", "[2] too high", "[3] nobody knows"]
    assert "25.00% were dropped" in notes[-1]


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"published": -0.25}, ["1 (1)", "1.00", "-0.500 [-0.550, -0.450]", "-0.5 (-0.25)", "confirmed, sharp"]),
        ({"median_slope": -0.3}, ["-0.500 [-0.550, -0.450], median -0.300"]),
        ({"median_slope": -0.46}, ["-0.500 [-0.550, -0.450]"]),
        ({"cell": None, "predicted": None, "outcome": None}, ["all", "none (-0.5)"]),
        ({"cell": None, "cells": [[1, 2]]}, ["all (1, 2)"]),
        ({"cell": None, "cells": [[1, 2], [2, 1]]}, ["all"]),
        ({"slope": None, "ci": None, "outcome": None, "sharp": None}, ["too few fits", "not judged"]),
        ({"slope": None, "points": [{"rms": 0.0}]}, ["no error"]),
        ({"slope": None, "points": [{"rms": 0.0}, {"rms": None}]}, ["overflow"]),
        ({"anchor_at_home": False, "share": 0.25}, ["1 (1), anchor away", "0.25"]),
    ],
)
def test_no_cell_of_a_row_is_blank(changes, row):
    (found,) = Table.of("Slopes", SLOPE_COLUMNS, [made("a", **changes)]).rows
    assert all(found)
    assert [cell for cell in found if cell in row] == row


def test_the_error_at_every_size_is_shown():
    sizes, ci = [10**j for j in range(2, 10)], [0.009, 0.012]
    points = [{"n": n, "rms": None if n == 1000 else n**-0.5, "ci": ci if n == 10**4 else None} for n in sizes[1:]]
    wide = [{"n": n, "rms": 1.0, "ci": [0.0, end]} for n, end in zip(sizes, (20.0, 20.1), strict=False)]
    fits = {"total": 40, "converged": 40, "at_bound": 0, "failed": 0}
    slopes = [made("a", points=points), made("b", points=wide)]
    record = {"slopes": slopes, "fits": fits, "setting": {"sizes": sizes}}
    _, first, second = (part.rows for part in slope_parts(record) if isinstance(part, Table))
    assert first[0][2:] == ("few", "large", "0.01 +-15%", "0.0032", "0.001")
    assert second[0][2:] == ("0.00032", "0.0001", "3.2e-05")
    assert first[1][2:4] == ("1 +-1000%", "1 +-large")


def test_the_mirror_image_of_an_anchored_truth_has_its_predictions():
    """(1, 0) and (0, -1) have one density: fits of either are judged alike, by the cell that their anchor is in."""
    study = study_for(gate="activation", source="tanh", true=2, fitted=3, gauge="anchored", n=(300, 900), replicates=12)
    near = study.layout.unpack(np.zeros(study.layout.size))
    truth = study.truth
    split = replace(
        near,
        beta1=np.array([truth.beta1[0], truth.beta1[0], [0.0]]),
        beta0=np.array([truth.beta0[0], truth.beta0[0], 0.0]),
        tau=truth.tau,
        a=truth.a[[0, 0, 1]],
        b=truth.b[[0, 0, 1]],
        nu=truth.nu[[0, 0, 1]],
    )
    swapped = replace(split, beta1=-split.beta1, a=truth.a[[1, 1, 0]], b=truth.b[[1, 1, 0]], nu=truth.nu[[1, 1, 0]])
    rng = np.random.default_rng(0)
    found = []
    for measure in (split, swapped):
        theta = study.layout.pack(measure) + 0.01 * rng.normal(size=(12, 2, study.layout.size))
        result = StudyResult(
            study, theta, np.full((12, 2), "converged"), np.ones((12, 2), dtype=int), np.zeros((12, 2))
        )
        assert result.errors["beta1"].max() < 0.1
        slopes = study_record(result)["slopes"]
        assert {s["anchor_at_home"] for s in slopes if s["slope"] and s["parameter"] != "density"} == {measure is split}
        found.append({(s["parameter"], s["cell_size"], s["predicted"], s["published"]) for s in slopes if s["slope"]})
    assert found[0] == found[1]
    assert ("beta1", 2, -0.25, -0.25) in found[0]


def prediction(sharp, cells="any", size=2):
    return Prediction("a", size, sharp, None, "because", "", (), cells)


def test_the_weakest_prediction_over_the_patterns_is_taken():
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    both = [prediction(half, "some singleton"), prediction(quarter, "every cell split")]
    assert weakest(both, "a", 0, [(2, 1)]).sharp == half
    assert weakest(both, "a", 0, [(2, 1), (2, 2)]).sharp == quarter
    assert weakest([both[0], prediction(None, "every cell split")], "a", 0, [(2, 1), (2, 2)]).sharp is None
    assert weakest(both, "a", 0, []) is None
    assert weakest(both, "b", 0, [(2, 1)]) is None
    assert weakest(both, "a", 0, [(1, 2)]) is None


def test_slopes_are_judged_by_the_predictions_of_theory(monkeypatch):
    study = replace(LINEAR, sizes=(10**4, 10**8, 10**12), replicates=40)
    status, sizes = np.full((40, 3), "converged"), np.array(study.sizes, dtype=float)
    theta = np.tile(study.layout.pack(study.truth), (40, 3, 1))
    result = StudyResult(study, theta, status, np.ones((40, 3), dtype=int), np.zeros((40, 3)))

    def slope(name, cell, exponent, tail=1.0):
        errors = np.random.default_rng(7).normal(size=(40, 3)) * sizes**-exponent
        errors[0, 0] *= tail
        size = None if cell is None else 1
        return StudySlope(name, cell, size, 1.0, ((1, 1),), None, log_slope(errors, sizes), errors=errors)

    given = (
        slope("a", 0, 0.5),
        slope("b", 0, 0.2),
        slope("tau", None, 0.5),
        slope("nu", 1, 0.7),
        slope("a", 1, 0.5, tail=1e6),
    )
    monkeypatch.setattr("temperance.measurements.slopes.study_slopes", lambda *_, **__: given)
    slopes = study_record(result)["slopes"]
    assert [(s["predicted"], s["outcome"], s["sharp"]) for s in slopes] == [
        (-0.5, "confirmed", True),
        (-0.5, "contradicted", False),
        (None, None, None),
        (-0.5, "contradicted", False),
        (-0.5, "inconclusive", False),
    ]
    spikes = replace(result, status=np.where(np.arange(40)[:, None] < 3, "spike", status))
    assert {s["outcome"] for s in study_record(spikes)["slopes"]} == {"inconclusive", None}
    assert {p.parameter for p in predictions(study)} >= {"beta1/tau", "a"}
