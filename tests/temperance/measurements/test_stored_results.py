"""The results that notebook 03 shows: what is kept of a report, and that it says the same."""

import json
import re
from dataclasses import replace
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from temperance.claims.verify import verify_claims
from temperance.commands.app import run
from temperance.measurements.verification_results import compact, read_results, stored
from temperance.notebooks.execution import cells_of
from temperance.numerics.studies.claim_studies import FULL, LINEAR
from temperance.terminal.output import to_json


def small(study):
    return replace(study, name=f"{study.name}, small", sizes=(300, 700, 1500), replicates=12, seed=101)


@pytest.fixture(scope="module")
def report():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("temperance.numerics.studies.claim_studies.LINEAR", small(LINEAR))
        patch.setattr("temperance.numerics.studies.claim_studies.QUICK", (small(LINEAR),))
        return json.loads(to_json(verify_claims(["C1", "C3", "C4", "C9"]).record()))


@pytest.mark.slow
def test_what_is_kept_says_what_the_report_says(report):
    found = compact(report)
    assert [(c["id"], c["outcome"]) for c in found["claims"]] == [(c["id"], c["outcome"]) for c in report["claims"]]
    (study,) = found["studies"].values()
    assert study["digest"] == small(LINEAR).digest
    legs = [leg for claim in report["claims"] for leg in claim["legs"].values() if leg]
    slopes = [s for leg in legs for s in leg.get("slopes", ()) if s["slope"] is not None or s["outcome"] is not None]
    assert {s["parameter"] for s in study["slopes"]} == {s["parameter"] for s in slopes} > {"density", "a"}
    for kept in study["slopes"]:
        whole = next(s for s in slopes if (s["parameter"], s["cell"]) == (kept["parameter"], kept["cell"]))
        assert kept["slope"] == pytest.approx(whole["slope"], rel=1e-5)
        assert kept["outcome"] == whole["outcome"]
        assert [p["n"] for p in kept["points"]] == list(small(LINEAR).sizes)
    contact = next(c for c in found["claims"] if c["id"] == "C4")["legs"]["contact"]
    assert len(contact["orders"]) == 7
    assert len(to_json(found)) < len(to_json(report))


@pytest.mark.slow
def test_a_slope_that_is_predicted_and_missing_is_kept(report):
    torn = json.loads(json.dumps(report))
    first = next(leg for c in torn["claims"] for leg in c["legs"].values() if leg and leg.get("slopes"))["slopes"]
    first[0].update(slope=None, ci=None, outcome="inconclusive")
    first[1].update(slope=None, ci=None, outcome=None)
    (study,) = compact(torn)["studies"].values()
    (without,) = compact(report)["studies"].values()
    assert len(study["slopes"]) == len(without["slopes"]) - 1


@pytest.mark.slow
def test_extracting_twice_changes_nothing(report, tmp_path, capsys):
    whole, once, twice = (tmp_path / name for name in ("full.json", "once.json", "twice.json"))
    whole.write_text(to_json(report), encoding="utf-8")
    assert run(["notebooks", "extract", str(whole), str(once)]) == 0
    assert run(["notebooks", "extract", str(once), str(twice)]) == 0
    assert once.read_text() == twice.read_text()
    assert read_results(str(whole)) == read_results(str(once)) == compact(report)
    assert capsys.readouterr().out == ""


def shown(report, path):
    """The names that the cells of notebook 03 which show results leave behind."""
    path.write_text(to_json(report), encoding="utf-8")
    names = {"results": str(path), "np": np, "plt": plt}
    notebook = nbformat.read(Path(__file__).parents[3] / "notebooks" / "03_rates.ipynb", as_version=4)
    sources = [source for kind, source in cells_of(notebook) if kind == "code" and "found[" in source]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.pyplot.show", lambda: plt.close("all"))
        for source in sources:
            exec(source, names)
    return names


@pytest.mark.slow
def test_the_notebook_shows_a_part_of_the_claims(report, tmp_path):
    matplotlib.use("Agg")
    names = shown(report, tmp_path / "r.json")
    (study,) = names["found"]["studies"].values()
    judged = [s["slope"] for s in study["slopes"] if s["outcome"] is not None and s["slope"] is not None]
    assert [s["slope"] for _, s in names["lines"] if s is not None] == judged != []
    assert shown({**report, "claims": report["claims"][:1]}, tmp_path / "r.json")["lines"] == []


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"claims": [1], "published": null}', '{"claims": 3}'])
def test_what_is_no_report_is_refused_in_one_line(tmp_path, capsys, content):
    (tmp_path / "x.json").write_text(content)
    assert run(["notebooks", "extract", str(tmp_path / "x.json"), str(tmp_path / "y.json")]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert not (tmp_path / "y.json").exists()


def test_a_missing_report_and_another_ending_are_refused(tmp_path, capsys):
    assert run(["notebooks", "extract", str(tmp_path / "x.json"), str(tmp_path / "y.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert run(["notebooks", "extract", "x.json", str(tmp_path / "y.txt")]) == 2
    assert "unknown ending" in capsys.readouterr().err


def test_the_stored_results_are_those_of_the_full_studies():
    assert {name: study["digest"] for name, study in stored()["studies"].items()} == {s.name: s.digest for s in FULL}
    assert {
        study["replicates"] * len(study["sizes"]) - study["fits"]["total"] for study in stored()["studies"].values()
    } == {0}


def test_what_is_stored_has_the_sign_of_a_slope():
    slopes = [slope for study in stored()["studies"].values() for slope in study["slopes"]]
    assert all(s[name] is None or s[name] < 0 for s in slopes for name in ("predicted", "published"))


def test_the_readme_counts_the_slopes_of_the_full_verification():
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    told = r"([0-9]+) of ([0-9]+) slopes are confirmed, ([0-9]+) of them sharp, and none is contradicted"
    (counts,) = re.findall(told, re.sub(r"\s+", " ", readme))
    slopes = [slope for study in stored()["studies"].values() for slope in study["slopes"]]
    judged = [slope for slope in slopes if slope["outcome"] is not None]
    confirmed = [slope for slope in judged if slope["outcome"] == "confirmed"]
    assert tuple(map(int, counts)) == (len(confirmed), len(judged), sum(slope["sharp"] for slope in confirmed))
    assert all(slope["outcome"] != "contradicted" for slope in judged)
