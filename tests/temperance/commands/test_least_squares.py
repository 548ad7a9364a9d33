"""The commands under least squares (theory 8)."""

import json

import pytest

import temperance
from temperance.commands.app import run


def by_parameter(rows):
    return {r["parameter"]: "flat" if r["flat"] else r["upper"] for r in rows}


def test_derive(output):
    found = json.loads(output("derive", "--gate", "softmax", "--loss", "least-squares", "--json"))
    assert found["loss"] == "least-squares"
    assert [g["equation"] for g in found["generators"]] == ["u_{b b} = 0", "u_{beta1 b} = u_{a}"]
    text = output("derive", "--gate", "softmax", "--loss", "least-squares")
    assert "y - h is -a*x - b + y, y the value of the regression function" in text
    assert "density" not in text


def test_derive_where_the_variance_is_known(output):
    found = json.loads(output("derive", "--gate", "softmax", "--noise", "known", "--json"))
    assert [g["equation"] for g in found["generators"]] == ["u_{beta1 b} = u_{a}"]
    assert found["identifiable_functions"] == ["beta1", "beta0", "a", "b"]
    assert "N(y | a*x + b, nu)" in output("derive", "--gate", "softmax", "--noise", "known")


def test_the_steps_of_a_derivation_speak_of_regression_functions(tmp_path):
    answer = temperance.derive("linear", "gaussian", loss="least-squares")
    answer.write(str(tmp_path / "d.md"))
    text = (tmp_path / "d.md").read_text(encoding="utf-8")
    assert "have the regression function of one" in text
    assert "On an orbit the regression function does not change" in text
    assert "density" not in text


def test_exponents(output):
    found = json.loads(output("exponents", "--expert", "nonlinear:tanh", "--loss", "least-squares", "--json"))
    assert by_parameter(found["orders"]) == {
        "beta1": "flat",
        "tau": "flat",
        "beta1/tau": "2",
        "a": "2",
        "b": "2",
        "mean beta1/tau": "1",
        "mean a": "1",
        "mean b": "1",
    }
    assert found["cone"]["all"]["outcome"] == "trivial"
    assert found["cone"]["all"]["matrix"] == [["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]]
    assert found["cone"]["almost_everywhere"]
    assert {o["reason_kind"] for o in found["orders"]} == {"identity", "theorem"}


@pytest.mark.parametrize("noise", ["known", "common"])
def test_the_intercept_has_order_two_where_the_variance_is_not_fitted(noise, output):
    found = json.loads(output("exponents", "--gate", "softmax", "--noise", noise, "--json"))
    orders = {"beta1": "2", "a": "2", "b": "2", "mean beta1": "1", "mean a": "1", "mean b": "1"}
    assert by_parameter(found["orders"]) == orders | ({"nu": "1"} if noise == "common" else {})
    assert found["noise"] == noise
    assert found["loss"] == "likelihood"


def test_exponents_where_a_kink_moves_and_where_the_cone_is_open(output):
    kink = json.loads(output("exponents", "--gate", "laplace", "--loss", "least-squares", "--json"))["orders"]
    assert {o["parameter"]: o["reason_kind"] for o in kink if o["parameter"] in {"beta1", "a"}} == {
        "beta1": "no_bound",
        "a": "identity",
    }
    open_ = output("exponents", "--gate", "gaussian", "--expert", "nonlinear:tanh", "--loss", "least-squares")
    assert "c, Gamma, a, b, mean c, mean Gamma, mean a, mean b not decided" in open_


def test_a_point_where_a_power_is_flat_has_no_bounds_that_are_not_proved(output):
    """At tau = 1 the weights of log(1 + z^2) have a relation that their formula has not."""
    arguments = ("--activation", "log(1 + z**2)", "--expert", "nonlinear:tanh", "--loss", "least-squares", "--json")
    found = {o["parameter"]: o for o in json.loads(output("exponents", *arguments))["orders"]}
    assert found["beta1"]["flat"]
    assert {found[name]["reason_kind"] for name in ("a", "b", "tau")} == {"undecided"}


def test_a_certificate_is_written_and_proved(tmp_path, output):
    path = str(tmp_path / "o.json")
    asked = ("exponents", "--activation", "tanh", "--loss", "least-squares", "--certificate", path)
    found = json.loads(output(*(*asked, "--json")))
    assert {o["parameter"] for o in found["orders"] if o["certified"]} == {"beta1", "tau"}
    assert "1 of 1 certificates are proved" in output(*("certify", path))


def test_check(output):
    arguments = ("--loss", "least-squares", "--expert", "nonlinear:tanh", "--json")
    tanh, line = json.loads(output("check", "tanh", "z", *arguments))
    assert tanh["first_order"] == {"verdict": "holds", "relation": None}
    assert by_parameter(tanh["orders"])["tau"] == "1"
    assert line["first_order"] == {"verdict": "fails", "relation": "tau*u_{tau} + beta1*u_{beta1} = 0"}
    assert [r["equation"] for r in line["relations"]] == ["tau*u_{beta1 b} = u_{a}"]
    assert line["cone"]["all"]["outcome"] == "trivial"
    assert "tanh: Rates under least squares: beta1 n^(-1/4); a, b no rate" in output("check", "tanh", *arguments[:2])


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
    assert run(["exponents", "--noise", "known", "--certificate", str(tmp_path / "o.json")]) == 2
    captured = capsys.readouterr()
    assert "Orders of the linear gate" in captured.out
    assert "certificates are issued for least squares" in captured.err
    assert not (tmp_path / "o.json").exists()
