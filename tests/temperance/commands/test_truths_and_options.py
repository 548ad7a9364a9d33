"""Which truths and options `rates` takes, and how it refuses others."""

import json
from pathlib import Path

import pytest

from temperance.commands.app import run
from temperance.measurements.rate_studies import study_for
from temperance.measurements.true_measures import default_truth, read_truth
from temperance.numerics.mixture.measures import measure_of

pytestmark = pytest.mark.usefixtures("few_climbs")
POINT = {
    "beta1": [[3], [0.5]],
    "beta0": [1, 0],
    "tau": 0.25,
    "a": [[1], [-1]],
    "b": [2, -2],
    "nu": [0.25, 0.5],
    "x": {"law": "uniform", "low": -2, "high": 4},
}


def test_a_truth_from_a_file(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(POINT))
    truth = read_truth(str(path))
    assert truth.box == (-2, 4)
    study = study_for(gate="activation", source="tanh", true=2, fitted=2, truth=truth)
    assert study.truth.beta1.tolist() == [[3.0], [0.5]]
    assert study.definition["low"] == -2.0


@pytest.mark.parametrize("true_k", [1, 2, 3, 5])
@pytest.mark.parametrize("dim", [1, 3])
def test_the_default_truth_is_identifiable(true_k, dim):
    for anchored in (True, False):
        g = measure_of(default_truth(true_k, dim, anchored=anchored))
        assert (g.k, g.d) == (true_k, dim)
        assert len(set(g.b.tolist())) == true_k
        assert len({tuple(map(abs, row)) for row in g.beta1.tolist()}) == true_k


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
