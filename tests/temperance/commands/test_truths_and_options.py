"""Which truths and options `rates` takes, and how it refuses others."""

import json
from pathlib import Path

import pytest

import temperance
from temperance.commands.app import run
from temperance.measurements.rate_studies import study_for
from temperance.measurements.true_measures import default_truth, read_truth
from temperance.numerics.mixture.measures import measure_of

POINT = {
    "beta1": [[3], [0.5]],
    "beta0": [1, 0],
    "tau": 0.25,
    "a": [[1], [-1]],
    "b": [2, -2],
    "nu": [0.25, 0.5],
    "x": {"law": "uniform", "low": -2, "high": 4},
}


def test_a_lattice_with_too_many_cells_is_refused(tmp_path, capsys):
    path = tmp_path / "t.json"
    path.write_text(changed(b=[1e9, 0]))
    options = ["--truth", str(path), "--workers", "1"]
    assert run(["rates", "--activation", "tanh", "--true", "2", "--fitted", "2", *options]) == 2
    assert "an experiment by samples" in capsys.readouterr().err


def test_a_truth_from_a_file(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(POINT))
    truth = read_truth(str(path))
    assert truth.box == (-2, 4)
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
def test_bad_truths_are_one_line(tmp_path, refused, text, message):
    path = tmp_path / "t.json"
    path.write_text(text)
    refused(["rates", "--activation", "tanh", "--true", "2", "--fitted", "2", "--truth", str(path)], message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fitted", "2"], "--true needs a value"),
        (["--true", "3", "--fitted", "2"], "need 1 <= true <= fitted <= 12, not 3, 2"),
        (["--true", "2", "--fitted", "2", "--gate", "sine"], "unknown gate 'sine'; did you mean cosine? accepted"),
        (["--true", "2", "--fitted", "2", "--gate", "activation"], "needs an activation"),
        (["--true", "2", "--fitted", "2", "--activation", "sin(w*z)"], "free parameters"),
        (["--true", "2", "--fitted", "2", "--gauge", "loose"], "unknown gauge 'loose'"),
        (["--true", "2", "--fitted", "2", "--n", "1000"], "sizes must be at least two and increase"),
        (["--true", "2", "--fitted", "2", "--n", "2000,1000"], "sizes must be at least two and increase"),
        (["--true", "2", "--fitted", "2", "--n", "1.5,1e4"], "--n takes whole sizes N,N,.. such as 1000,1e6, not '1.5"),
        (
            ["--true", "2", "--fitted", "2", "--n", "1e4,1e20"],
            "n = 1e20 is out of range; accepted: 10 (all beta1, beta0, a, b, nu)",
        ),
        (["--true", "2", "--fitted", "2", "--n", "1e4,1e9", "--experiment", "sample"], "to 1e8 (experiment: sample)"),
        (
            ["--true", "2", "--fitted", "2", "--experiment", "grid"],
            "experiment must be sample or lattice, not 'grid'",
        ),
        (["--true", "2", "--fitted", "2", "--experiment", "lattice", "--dim", "3"], "1 or 2, not 3; use samples"),
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
def test_bad_options_are_one_line(refused, arguments, message):
    refused(["rates", *arguments], message)


FITTING = ["predict --true 2 --fitted 2", "rates --true 2 --fitted 2", "fit t.csv --fitted 2"]
NO_ACTIVATION = "the gate 'linear' takes no activation; the gate 'activation' does"


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        *((command, "--gate linear --activation tanh", NO_ACTIVATION) for command in ("derive", "exponents", *FITTING)),
        *((command, "--gauge loose", "unknown gauge 'loose'; accepted: free, anchored") for command in FITTING),
    ],
)
def test_options_of_another_gate_are_one_line(tmp_path, monkeypatch, capsys, command, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,3\n")
    assert run([*command.split(), *options.split()]) == 2
    assert capsys.readouterr() == ("", f"{message}\n")


@pytest.mark.parametrize("true_k", [1, 2, 3, 5])
@pytest.mark.parametrize("dim", [1, 3])
def test_the_default_truth_is_identifiable(true_k, dim):
    for anchored in (True, False):
        g = measure_of(default_truth(true_k, dim, anchored=anchored))
        assert (g.k, g.d) == (true_k, dim)
        assert len(set(g.b.tolist())) == true_k
        assert len({tuple(map(abs, row)) for row in g.beta1.tolist()}) == true_k


@pytest.mark.parametrize("name", ["t.json", "./t.json"])
def test_an_answer_replaces_no_file_that_is_read_or_written_besides(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "t.json"
    path.write_text(changed())
    assert run(["rates", "--true", "2", "--fitted", "2", "--truth", name, "-o", "t.json"]) == 2
    assert run(["check", "gelu", "--certificate", name, "-o", "t.json"]) == 2
    assert run(["certify", name, "-o", "t.json"]) == 2
    assert run(["exponents", "--truth", "t.json", "--certificate", name]) == 2
    said = capsys.readouterr().err
    assert said.count("is named twice; accepted: a file for each input and output") == 4
    assert path.read_text() == changed()


def test_functions_refuse_values_of_another_type():
    with pytest.raises(ValueError, match="expert must be a text or an Expert, not 3"):
        temperance.derive("linear", expert=3)
    with pytest.raises(ValueError, match="dim must be a whole number, not True"):
        temperance.atlas(dim=True)


ASKED = {
    "exponents": ["--gate", "softmax", "--bounds-only"],
    "efficiency": ["--gate", "tanh(w*x + c)/tau", "--parameter", "tau"],
    "rates": ["--true", "2", "--fitted", "2", "--n", "1000,2000", "--replicates", "10", "--workers", "1"],
    "paper": ["--gate", "beta1*x**3", "--without-experiments"],
}


@pytest.mark.parametrize("command", ASKED)
def test_a_truth_that_is_saved_is_one_to_ask_with(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run([command, *ASKED[command], "--save-truth", "first.json"]) == 0
    assert run([command, *ASKED[command], "--truth", "first.json", "--save-truth", "second.json"]) == 0
    assert Path("first.json").read_text() == Path("second.json").read_text()
    capsys.readouterr()
    assert run([command, *ASKED[command], "--truth", "first.json", "--save-truth", "first.json"]) == 2
    assert "named twice" in capsys.readouterr().err
