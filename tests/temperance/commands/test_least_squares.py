"""The commands under least squares (theory 8)."""

import json

import pytest

import temperance
from temperance.commands.app import run


def by_parameter(rows):
    return {r["parameter"]: "flat" if r["flat"] else r["upper"] for r in rows}


def test_the_steps_of_a_derivation_speak_of_regression_functions(tmp_path):
    answer = temperance.derive("linear", "gaussian", loss="least-squares")
    answer.write(str(tmp_path / "d.md"))
    text = (tmp_path / "d.md").read_text(encoding="utf-8")
    assert "have the regression function of one" in text
    assert "On an orbit the regression function does not change" in text
    assert "density" not in text


@pytest.mark.parametrize(("options", "variance"), [({"loss": "least-squares"}, None), ({"noise": "known"}, "1/3")])
def test_the_truth_is_that_of_all_commands(options, variance):
    truth = {"a": ["3/2", -1], "b": [-2, "5/2"], "nu": [1, "1/3"], "beta0": ["1/4", 0]}
    first, second = temperance.exponents(truth=truth, **options).to_json()["setting"]["truth"]["atoms"]
    assert (first["a"], first["b"], first["beta0"]) == ("3/2", "-2", "1/4")
    assert (second["b"], second.get("nu")) == ("5/2", variance)
    (default, _) = temperance.exponents(**options).to_json()["setting"]["truth"]["atoms"]
    assert (default["a"], default["b"]) == ("1/2", "-2")


def test_a_certificate_is_written_and_proved(tmp_path, output):
    path = str(tmp_path / "o.json")
    asked = ("exponents", "--activation", "tanh", "--loss", "least-squares", "--certificate", path)
    found = json.loads(output(*(*asked, "--json")))
    assert {o["parameter"] for o in found["orders"] if o["certified"]} == {"beta1", "tau"}
    assert "1 of 1 certificates are proved" in output(*("certify", path))


def test_atlas(output):
    found = json.loads(output("atlas", "--loss", "least-squares", "--json"))
    entries = {(e["gate"], e["expert"]): e for e in found["entries"]}
    assert by_parameter(entries["softmax", "gaussian"]["orders"])["a"] == "flat"
    assert by_parameter(entries["softmax", "nonlinear:gelu"]["orders"])["b"] == "2"
    assert by_parameter(entries["activation", "gaussian"]["orders"])["tau"] == "1"
    assert entries["sigmoid", "nonlinear:tanh"]["orders"] == []
    assert "almost no truth" in entries["sigmoid", "nonlinear:tanh"]["reasons"][0]
    assert {"2402.02952", "2503.03213"} <= {paper["arxiv"] for paper in found["papers"]}


def test_orders_without_a_certificate_are_printed_with_the_reason(capsys, tmp_path):
    for noise in ("known", "common"):
        assert run(["exponents", "--noise", noise, "--certificate", str(tmp_path / "o.json")]) == 2
        captured = capsys.readouterr()
        assert "Orders of the linear gate" in captured.out
        assert f"no rule for a variance that is {noise}; accepted: --noise each" in captured.err
        assert not (tmp_path / "o.json").exists()
