import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from rich.console import Console

from temperance.answers.rates import Rates
from temperance.commands.app import run
from temperance.evidence.comparison import predictions, study_record
from temperance.measurements.rate_study import study_for
from temperance.measurements.true_measures import default_truth, truth_of
from temperance.numerics.errors.slopes import Slope
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.results import StudyResult, StudySlope
from temperance.numerics.studies.run import run_study
from temperance.pages.slopes import answer, slope_row
from temperance.theory.rates.prediction import Prediction, weakest

QUICK = ["--n", "300,600,1200", "--replicates", "12"]
POINT = {
    "beta1": [[3], [0.5]],
    "beta0": [1, 0],
    "tau": 0.25,
    "a": [[1], [-1]],
    "b": [2, -2],
    "nu": [0.25, 0.5],
    "x": {"law": "uniform", "low": -2, "high": 4},
}


def test_json_has_the_documented_keys_and_nothing_of_the_machine(capsys, tmp_path):
    store = str(tmp_path / "s.sqlite")
    outputs = []
    for extra in ([], ["--store", store], ["--store", store]):
        assert run(["rates", "--true", "2", "--fitted", "2", *QUICK, *extra, "--workers", "1", "--json"]) == 0
        outputs.append(capsys.readouterr().out)
    assert len(set(outputs)) == 1
    record = json.loads(outputs[0], parse_constant=pytest.fail)
    assert list(record) == ["setting", "experiment", "slopes", "fits"]
    assert record["experiment"] == record["setting"]["experiment"] == "lattice"
    assert list(record["fits"]) == ["total", "converged", "at_bound", "failed"]
    assert record["fits"]["total"] == 36
    keys = ["parameter", "cell", "cell_size", "share", "slope", "ci", "predicted", "published", "outcome", "sharp"]
    for slope in record["slopes"]:
        assert [k for k in slope if k in keys] == keys
        for n, point in zip((300, 600, 1200), slope["points"], strict=True):
            assert list(point) == ["n", "rms", "se", "ci", "fits"]
            assert point["n"] == n
            assert point["ci"][0] < point["rms"] < point["ci"][1]
    assert {s["parameter"] for s in record["slopes"]} == {"beta1/tau", "beta0/tau", "a", "b", "nu", "weight", "density"}
    assert {(s["predicted"], s["published"]) for s in record["slopes"]} == {(-0.5, -0.5)}
    assert all(s["slope"] < 0 for s in record["slopes"])
    assert str(tmp_path) not in outputs[0]


@pytest.mark.slow
def test_json_has_nothing_of_the_workers(capsys):
    outputs = []
    for workers in ("1", "2"):
        assert run(["rates", "--true", "2", "--fitted", "2", *QUICK, "--workers", workers, "--json"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gate": "softmax", "true": 2, "fitted": 2}, {"beta1", "a", "b", "nu", "weight", "density"}),
        (
            {"gate": "activation", "source": "relu", "gauge": "anchored", "true": 2, "fitted": 2},
            {"beta1", "tau", "a", "b", "nu", "weight", "beta1^p/tau", "beta0/tau", "density"},
        ),
        ({"gate": "activation", "source": "z", "true": 2, "fitted": 2, "dim": 2}, {"beta1/tau", "beta0/tau", "a"}),
    ],
)
def test_every_gate_has_its_groups(options, expected):
    record = study_record(run_study(study_for(**options, n=(200, 400), replicates=10)))
    assert {s["parameter"] for s in record["slopes"]} >= expected
    if options["gate"] == "softmax":
        assert "tau" not in {s["parameter"] for s in record["slopes"]}


def test_an_over_specified_cell_has_the_sharp_and_the_published_number():
    record = study_record(run_study(study_for(gate="softmax", true=2, fitted=3, n=(300, 900), replicates=12)))
    (beta1,) = {
        (s["predicted"], s["published"]) for s in record["slopes"] if s["parameter"] == "beta1" and s["cell_size"] == 2
    }
    assert beta1 == (-0.25, -0.125)
    assert {(s["predicted"]) for s in record["slopes"] if s["parameter"] == "b" and s["cell_size"] == 2} == {-0.125}
    for cell in (0, 1):
        assert sum(
            s["share"] for s in record["slopes"] if s["parameter"] == "a" and s["cell"] == cell
        ) == pytest.approx(1)


@pytest.mark.slow
def test_what_no_statement_covers_is_null():
    record = study_record(
        run_study(study_for(gate="activation", source="tanh", true=2, fitted=3, n=(200, 400), replicates=10))
    )
    assert {s["predicted"] for s in record["slopes"] if s["parameter"] in ("beta1", "tau", "weight")} == {None}
    assert {s["predicted"] for s in record["slopes"] if s["parameter"] in ("b", "nu")} == {-0.5, -0.125, -0.25}
    assert all(s["reason"] for s in record["slopes"])
    told = printed(record)
    assert told.count("no prediction [") == sum(s["predicted"] is None for s in record["slopes"])
    assert "[1] over-specified in the free gauge: no statement covers it" in told
    assert "in brackets: the published slope" in told
    assert "; not predicted, only measured: beta1, a, tau, weight\n" in told


def printed(record):
    """What `rates` prints, on a wide screen."""
    screen = Console(width=200)
    with screen.capture() as capture, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "200")
        Rates(record).show(screen)
    return capture.get()


def made(parameter, **changes):
    plain = {"cell": 0, "cell_size": 1, "share": 1.0, "cells": [[1, 1]], "anchor_at_home": None, "slope": -0.5}
    judged = {"ci": [-0.55, -0.45], "predicted": -0.5, "published": -0.5, "outcome": "confirmed", "sharp": True}
    points = [{"n": n, "rms": n**-0.5, "se": 0.1, "ci": None, "fits": 20} for n in (100, 200)]
    return {"parameter": parameter, **plain, **judged, "reason": "the interval is low", "points": points, **changes}


def test_the_answer_counts_what_is_judged_and_names_the_rest():
    missing = {"slope": None, "ci": None, "outcome": None, "sharp": None}
    slopes = [
        made("a"),
        made("a", cell=1, sharp=False),
        made("b", outcome="inconclusive", sharp=False, reason="too wide"),
        made("nu", outcome="contradicted", sharp=False, reason="too high"),
        made("tau", cell=None, predicted=None, outcome=None, sharp=None, reason="nobody knows"),
        made("beta1", **missing, anchor_at_home=False, reason="too rare", points=[]),
    ]
    assert answer(slopes) == (
        "Answer: errors fall as predicted in 2 of 4 slopes, 1 sharp; inconclusive: b; contradicted: nu; "
        "not predicted, only measured: tau"
    )
    half = [made("b"), made("b", cell=1, outcome="inconclusive", sharp=False)]
    assert "; inconclusive: b (confirmed for 1 of 2); contradicted: none" in answer(half)
    assert answer(slopes[4:5]) == "Answer: no slope is predicted and measured; not predicted, only measured: tau"
    fits = {"total": 40, "converged": 20, "at_bound": 10, "failed": 10}
    setting = {"name": "it", "replicates": 10, "sizes": [100, 10**12], "seed": 0}
    told = printed({"setting": setting, "experiment": "lattice", "slopes": slopes, "fits": fits})
    for line in (
        "it; 10 counts on the lattice at n = 100, 1e12; seed 0",
        "[1] too wide",
        "[2] too high",
        "[3] nobody knows",
        "[4] too rare",
        "40 fits: 50.00% converged, 25.00% ended at a bound of the box (they count: the slopes are those of estimates "
        "in this box), 25.00% were dropped (spikes, or out of steps)",
        answer(slopes),
    ):
        assert f"{line}\n" in told


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, ["0 (1)", "1.00", "-0.500 [-0.550, -0.450]", "-0.5", "confirmed, sharp"]),
        ({"published": -0.25}, ["0 (1)", "1.00", "-0.500 [-0.550, -0.450]", "-0.5 (-0.25)", "confirmed, sharp"]),
        ({"cell": None, "predicted": None, "outcome": None}, ["all", "none (-0.5)"]),
        ({"predicted": None, "outcome": None, "sharp": None}, ["none (-0.5)", "no prediction"]),
        ({"cell": None, "cells": [[1, 2]]}, ["all (1, 2)"]),
        ({"cell": None, "cells": [[1, 2], [2, 1]]}, ["all"]),
        ({"slope": None, "ci": None, "outcome": None, "sharp": None}, ["too few fits", "not judged"]),
        ({"slope": None, "points": [{"rms": 0.0}]}, ["no error"]),
        ({"slope": None, "points": [{"rms": 0.0}, {"rms": None}]}, ["overflow"]),
        ({"anchor_at_home": False, "share": 0.25}, ["0 (1), anchor away", "0.25"]),
    ],
)
def test_no_cell_of_a_row_is_blank(changes, row):
    found = slope_row(made("a", **changes))
    assert all(found)
    assert [cell for cell in found if cell in row] == row


def test_the_error_at_every_size_is_shown():
    sizes = [10**j for j in range(2, 10)]
    ci = [0.009, 0.012]
    points = [{"n": n, "rms": None if n == 1000 else n**-0.5, "ci": ci if n == 10**4 else None} for n in sizes[1:]]
    fits = {"total": 40, "converged": 40, "at_bound": 0, "failed": 0}
    setting = {"name": "it", "replicates": 10, "sizes": sizes, "seed": 0}
    told = printed({"setting": setting, "experiment": "lattice", "slopes": [made("a", points=points)], "fits": fits})
    first, second = (line.split() for line in told.splitlines() if line.startswith(" a  ") and "confirmed" not in line)
    assert first == ["a", "0", "(1)", "few", "large", "0.01", "+-15%", "0.0032", "0.001"]
    assert second == ["a", "0", "(1)", "0.00032", "0.0001", "3.2e-05"]


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
        result = StudyResult(study, theta, np.full((12, 2), "converged"), np.ones((12, 2), dtype=int))
        assert result.errors["beta1"].max() < 0.1
        slopes = study_record(result)["slopes"]
        assert {s["anchor_at_home"] for s in slopes if s["slope"] and s["parameter"] != "density"} == {measure is split}
        found.append({(s["parameter"], s["cell_size"], s["predicted"], s["published"]) for s in slopes if s["slope"]})
    assert found[0] == found[1]
    assert ("beta1", 2, -0.25, -0.25) in found[0]


def test_beta1_of_the_anchor_has_no_slope(capsys):
    """The gauge holds it at 0: it is no row, and nothing that is left open."""
    options = ["--activation", "relu", "--gauge", "anchored", "--true", "2", "--fitted", "2", "--workers", "1"]
    assert run(["rates", *options, *QUICK, "--json"]) == 0
    slopes = json.loads(capsys.readouterr().out)["slopes"]
    assert [s["cell"] for s in slopes if s["parameter"] == "beta1"] == [0]
    assert [s["cell"] for s in slopes if s["parameter"] == "a"] == [0, 1]
    assert all(s["slope"] is not None for s in slopes)


def test_the_lattice_is_the_default_where_there_is_one():
    tanh = {"gate": "activation", "source": "tanh", "true": 2, "fitted": 2}
    made = study_for(**tanh)
    assert (made.experiment, made.sizes) == ("lattice", tuple(10**j for j in range(4, 13)))
    kinked = study_for(**{**tanh, "source": "hardtanh"})
    assert (kinked.experiment, kinked.sizes[-1], len(kinked.lattice.x)) == ("lattice", 10**8, 466)
    assert study_for(**{**tanh, "source": "relu"}).sizes == made.sizes  # its kink stays at x = 0
    for samples in (study_for(**tanh, experiment="sample"), study_for(**tanh, dim=3)):
        assert (samples.experiment, samples.sizes[-1]) == ("sample", 32000)


def test_sizes_may_be_powers_of_ten(capsys):
    rows = []
    for sizes in ("100,1e3", "100,1000", "1e2,1.0e3"):
        options = ["--n", sizes, "--replicates", "10", "--workers", "1", "--json"]
        assert run(["rates", "--true", "2", "--fitted", "2", *options]) == 0
        rows.append(capsys.readouterr().out)
    assert len(set(rows)) == 1
    assert json.loads(rows[0])["setting"]["sizes"] == [100, 1000]


def test_a_lattice_with_too_many_cells_is_refused(tmp_path, capsys):
    path = tmp_path / "t.json"
    path.write_text(changed(b=[1e9, 0]))
    options = ["--truth", str(path), "--workers", "1"]
    assert run(["rates", "--activation", "tanh", "--true", "2", "--fitted", "2", *options]) == 2
    assert "an experiment by samples" in capsys.readouterr().err


def test_a_truth_from_a_file(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(POINT))
    truth = truth_of(str(path))
    assert (truth.low, truth.high) == (-2.0, 4.0)
    study = study_for(gate="activation", source="tanh", true=2, fitted=2, truth=truth)
    assert study.truth.beta1.tolist() == [[3.0], [0.5]]
    assert study.definition["low"] == -2.0


def changed(**parts):
    return json.dumps({**POINT, **parts})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object"),
        (json.dumps({k: v for k, v in POINT.items() if k != "nu"}), "has no 'nu'; accepted"),
        (changed(z=1), "has 'z'; accepted"),
        ('{"tau": 1, "tau": 2}', "'tau' is given twice"),
        (changed(tau=-1), "tau must be positive"),
        (changed(tau="1"), "tau must hold numbers"),
        (changed(tau=True), "tau must hold numbers"),
        (changed(tau=10**400), "tau holds a number that is too large"),
        (changed(nu=[1, 1]).replace("1, 1]", "1, " + "9" * 6000 + "]"), "nu holds a number that is too large"),
        (changed(b=[1e300, 0]), "b holds a number that is too large"),
        (changed(tau=1e-300), "tau and nu must be at least 1e-50"),
        (changed(beta0=[600 * POINT["tau"], 0]), "beta0/tau must lie between -500 and 500"),
        (changed(x={"law": "uniform", "low": -1e308, "high": 1}), "x holds a number that is too large"),
        (changed(b=[1, 2, 3]), "b must have shape"),
        (changed(a=[[1], [1, 2]]), "rows of one length"),
        (changed(x={"law": "normal", "low": 0, "high": 1}), "uniform"),
        (changed(x={"law": "uniform", "low": 1, "high": 1}), "low < high"),
        (changed(x={"law": "uniform", "low": [1], "high": [2]}), "low < high"),
        (changed(tau=float("nan")), "NaN is no number"),
        ("[" * 100000, "is not JSON"),
        (changed(beta0=[1, 2]), "must obey the gauge"),
        (changed(beta1=[[1, 2], [1, 2]], a=[[1, 2], [1, 2]]), "d = 2, not k"),
    ],
)
def test_bad_truths_are_one_line(tmp_path, capsys, text, message):
    path = tmp_path / "t.json"
    path.write_text(text)
    assert run(["rates", "--activation", "tanh", "--true", "2", "--fitted", "2", "--truth", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fitted", "2"], "--true needs a value"),
        (["--true", "3", "--fitted", "2"], "need 1 <= k* <= k"),
        (["--true", "2", "--fitted", "2", "--gate", "cosine"], "unknown gate 'cosine'; accepted: linear"),
        (["--true", "2", "--fitted", "2", "--gate", "activation"], "needs an activation"),
        (["--true", "2", "--fitted", "2", "--activation", "sin(w*z)"], "free parameters"),
        (["--true", "2", "--fitted", "2", "--gauge", "loose"], "unknown gauge 'loose'"),
        (["--true", "2", "--fitted", "2", "--n", "1000"], "two increasing sizes"),
        (["--true", "2", "--fitted", "2", "--n", "2000,1000"], "two increasing sizes"),
        (["--true", "2", "--fitted", "2", "--n", "1.5,1e4"], "--n takes whole sizes N,N,.. such as 1000,1e6, not '1.5"),
        (
            ["--true", "2", "--fitted", "2", "--n", "1e4,1e20"],
            "n = 1e20 is out of range; accepted: 10 (the number of par",
        ),
        (["--true", "2", "--fitted", "2", "--n", "1e4,1e9", "--experiment", "sample"], "to 1e8 (experiment: sample)"),
        (
            ["--true", "2", "--fitted", "2", "--experiment", "grid"],
            "unknown experiment 'grid'; accepted: lattice, sample",
        ),
        (["--true", "2", "--fitted", "2", "--experiment", "lattice", "--dim", "3"], "in dimension 1 or 2, not 3"),
        (["--true", "2", "--fitted", "2", "--n", "100,200", "--n", "100,300"], "--n is given twice; accepted: once"),
        (["--true", "2", "--fitted", "2", "--replicates", "many"], "of at most 9 digits, not 'many'"),
        (["--true", "2", "--fitted", "2", "--replicates", "9"], "at least 10"),
        (["--true", "2", "--fitted", "2", "--workers", "0"], "workers must be at least 1"),
        (["--true", "2", "--fitted", "2", "--dim", "0"], "dimension"),
        (["--true", "2", "--fitted", "2", "--seed", "-1"], "seed"),
        (["--true", "2", "--fitted", "2", "--truth", "missing.json"], "cannot be read"),
        (["--true", "2", "--fitted", "2", "--scheduler", "nowhere"], "no Dask scheduler"),
        (["--true", "2", "--fitted", "2", "--store", "."], "store"),
    ],
)
def test_bad_options_are_one_line(capsys, arguments, message):
    assert run(["rates", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize("true_k", [1, 2, 3, 5])
@pytest.mark.parametrize("dim", [1, 3])
def test_the_default_truth_is_identifiable(true_k, dim):
    for anchored in (True, False):
        g = default_truth(true_k, dim, tau=0.5, anchored=anchored).measure
        assert (g.k, g.d) == (true_k, dim)
        assert len(set(g.b.tolist())) == true_k
        assert len({tuple(map(abs, row)) for row in g.beta1.tolist()}) == true_k


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
    study = replace(LINEAR, sizes=(300, 900), replicates=12)
    status = np.full((12, 2), "converged")
    theta = np.tile(study.layout.pack(study.truth), (12, 2, 1))
    result = StudyResult(study, theta, status, np.ones((12, 2), dtype=int))

    def slope(name, cell, value, width=0.06):
        made = Slope(value, (value - width / 2, value + width / 2), 0.0, (-0.1, 0.1), 12)
        return StudySlope(name, cell, None if cell is None else 1, 1.0, ((1, 1),), None, made)

    given = (
        slope("a", 0, -0.5),
        slope("b", 0, -0.2),
        slope("tau", None, -0.5),
        slope("nu", 1, -0.7),
        slope("a", 1, -0.5, np.inf),
    )
    monkeypatch.setattr("temperance.evidence.comparison.study_slopes", lambda *_, **__: given)
    found = [(s["predicted"], s["outcome"], s["sharp"]) for s in study_record(result)["slopes"]]
    assert found == [
        (-0.5, "confirmed", True),
        (-0.5, "inconclusive", False),
        (None, None, None),
        (-0.5, "confirmed", False),
        (-0.5, "inconclusive", False),
    ]
    alone = [s["alone"] for s in study_record(result)["slopes"]]
    assert alone == ["confirmed", "contradicted", None, "confirmed", "inconclusive"]
    assert study_record(result)["slopes"][-1]["ci"] == [None, None]
    spikes = replace(result, status=np.where(np.arange(12)[:, None] < 2, "spike", status))
    assert {s["outcome"] for s in study_record(spikes)["slopes"]} == {"inconclusive", None}
    assert {p.parameter for p in predictions(study)} >= {"beta1/tau", "a"}
