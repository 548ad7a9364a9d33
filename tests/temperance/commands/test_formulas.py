"""Gates and experts as formulas on the command line, and the same in Python."""

import json

import pytest

import temperance
from temperance.commands.app import run

CUBIC = "beta1*x**3/tau + beta2*x"


def test_a_formula_is_derived_and_said_in_one_line(output):
    lines = output("derive", "--gate", "kappa*cos(x - c)/tau", "--expert", "a*x + b", "--order", "1").splitlines()
    parts = ("exp(beta0/tau + kappa*cos(c - x)/tau)", "own kappa, c;", "shared tau;", "N(y | a*x + b, nu)")
    assert all(part in lines[3] for part in parts)
    assert "  tau*u_{tau} + kappa*u_{kappa} = 0" in lines


def test_its_json_says_what_was_understood(output):
    options = ("--shared", "v", "--positive", "w", "--constants", "k=1/2,q=3", "--no-bias", "--order", "1", "--json")
    found = json.loads(output("derive", "--gate", "v*tanh(k*w*x)/tau + q*w*x", *options))
    assert found["gate_formula"] == {
        "name": None,
        "formula": "exp(3*w*x + v*tanh(w*x/2)/tau)",
        "own": ["w"],
        "shared": ["v", "tau"],
        "held": [],
        "weight": None,
    }
    assert json.loads(output("derive", "--order", "1", "--json"))["gate_formula"] is None


def test_the_orders_of_a_new_gate_are_proved_and_its_certificate_accepted(capsys, tmp_path):
    path = str(tmp_path / "o.json")
    options = ("--gate", CUBIC, "--expert", "a*x + b", "--bounds-only", "--certificate", path, "--json")
    assert run(["exponents", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {r["parameter"]: "flat" if r["flat"] else r["upper"] for r in found["orders"]} == {
        **dict.fromkeys(("beta1", "tau"), "flat"),
        **{"beta1/tau": "2", "beta2": "2", "a": "2", "b": "4", "nu": "2"},
        **{"mean beta1/tau": "1", "mean beta2": "1", "mean a": "4/3", "mean b": "1", "mean nu": "2"},
    }
    assert found["setting"]["gate"] == CUBIC
    assert found["setting"]["gate_formula"]["own"] == ["beta1", "beta2"]
    assert temperance.certify(path).accepted


@pytest.mark.slow
def test_measured_orders_of_a_new_gate_meet_their_bounds(output, monkeypatch):
    """At half of the offsets that the command takes."""
    monkeypatch.setattr("temperance.numerics.contact.by_minimisation._LEVELS", (3, 4, 5, 6))
    found = json.loads(output("exponents", "--gate", CUBIC, "--expert", "tanh(a*x + b)", "--json"))
    measured = {
        r["parameter"]: (float(r["upper"]), r["measured"]) for r in found["orders"] if r["measured"] is not None
    }
    assert set(measured) == {"beta1/tau", "beta2", "a", "b", "nu"}
    assert all(order == pytest.approx(upper, abs=0.05) for upper, order in measured.values())


def test_a_true_point_names_the_parameters_of_the_formula(tmp_path):
    truth = {"beta1": [2, 1], "beta2": "1/3", "a": [5, 6], "x": {"law": "uniform", "low": 0, "high": 1}}
    found = temperance.exponents(CUBIC, truth=truth, bounds_only=True)
    assert found.to_json()["setting"]["point"] == {"beta1": "2", "beta2": "1/3", "tau": "1"}
    with pytest.raises(ValueError, match=r"has 'beta3'; accepted: .*beta1, beta2"):
        temperance.exponents(CUBIC, truth={"beta3": 2}, bounds_only=True)


def test_a_gate_without_a_temperature_takes_a_truth_where_it_is_1():
    """A truth of a paper names tau for every gate."""
    orders = [temperance.exponents("softmax", truth=truth, bounds_only=True).to_json() for truth in ({}, {"tau": 1})]
    assert orders[0]["orders"] == orders[1]["orders"]
    with pytest.raises(ValueError, match="has 'tau'"):
        temperance.exponents("softmax", truth={"tau": 2}, bounds_only=True)


def test_a_formula_that_begins_with_a_dash(output):
    assert "held of the last atom: c" in output("derive", "--gate=-(x - c)**2/tau", "--order", "1")
