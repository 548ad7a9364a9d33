"""Gates and experts as formulas on the command line, and the same in Python."""

import json

import pytest

import temperance

CUBIC = "beta1*x**3/tau + beta2*x"


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


# -- n of a parameter of any gate: that of activations where these answer, and where there is none, the proof


LAW = {"law": "uniform", "low": -3, "high": 3}
TRUTH = {"beta1": [[1.5], [-0.7]], "beta0": [0.2, 0], "tau": 0.5, "a": [[0.5], [-0.5]], "b": [-2, 2], "nu": [0.25, 0.5]}
TRUTH["x"] = LAW
ANCHORED = {**TRUTH, "beta1": [[1.5], [0]]}
PARABOLA = "-(x - c)**2/tau"


def row(gate, parameter, **options):
    (found,) = temperance.efficiency(gate=gate, parameter=parameter, **options).to_json()["rows"]
    return found


@pytest.mark.parametrize(("name", "truth", "gauge"), [("tanh", TRUTH, "free"), ("gelu", ANCHORED, "anchored")])
def test_a_formula_needs_what_the_activation_needs(name, truth, gauge):
    (its,) = temperance.efficiency(name, truth=truth, gauge=gauge).to_json()["rows"]
    mine = row(f"{name}(beta1*x)/tau", "tau", truth=truth, gauge=gauge)
    assert mine["n"] == pytest.approx(its["n_tau"], rel=1e-6)
    assert (its["parameter"], its["n"]) == ("tau", its["n_tau"])


def test_the_linear_gate_tells_beta1_over_tau():
    (its,) = temperance.efficiency("z", truth=ANCHORED, gauge="anchored").to_json()["rows"]
    for gauge in ("free", "anchored"):
        mine = row("beta1*x/tau", "tau", truth=ANCHORED, gauge=gauge)
        assert (mine["n"], mine["not_identifiable"], mine["invariant"]) == (None, "flow", "beta1[1]/tau")
        assert mine["n_invariant"] == pytest.approx(its["n_invariant"], rel=1e-6)


def test_a_parabola_does_not_tell_its_centre():
    """-(x - c)^2/tau has the odds of a linear gate with beta1 = 2 c and the bias less c^2."""
    found = row(PARABOLA, "c")
    assert (found["n"], found["not_identifiable"]) == (None, "temperature")
    assert found["invariant"] == "2*(c[1] - c[2])/tau"
    experts = {"tau": 1, "a": [1, -1], "b": [0, 3], "nu": [1, 1.5], "x": {"law": "uniform", "low": -2, "high": 2}}
    linear = row("beta1*x/tau", "beta1", truth={"beta0": [0, 0.75], "beta1": [2, 1], **experts})
    assert linear["invariant"] == "(beta1[1] - beta1[2])/tau"
    assert found["n_invariant"] == pytest.approx(linear["n_invariant"], rel=1e-9)


def test_it_is_said_in_words(output):
    lines = output("efficiency", f"--gate={PARABOLA}", "--parameter", "c").splitlines()
    assert "2*(c[1] - c[2])/tau" in lines[0]
    assert "exp(beta0/tau - (-c + x)**2/tau)" in lines[2]
    for parameter, to in (("c[2]", "10%"), ("b", "0.1 (absolute")):
        first = output("efficiency", "--gate", "max(x - c, 0)*w", "--parameter", parameter).splitlines()[0]
        assert first.startswith(parameter)
        assert to in first


def test_what_is_singular_without_a_proof_is_said_so():
    """d/dw log(1 + (w x)^2) is 0 at w = 0, where the last atom is not by default."""
    lost, beside = (row("log(1 + (w*x)**2)/tau", name, truth={"w": [1, 0]}) for name in ("w[2]", "tau"))
    assert (lost["n"], lost["not_identifiable"]) == (None, None)
    assert lost["reason"].startswith("not determined to first order")
    assert lost["singular_values"][-1] < 1e-13
    assert beside["n"] is None
    assert row("log(1 + (w*x)**2)/tau", "tau", gauge="anchored")["n"] > 0
    assert all(row(gate, "tau")["n"] > 0 for gate in ("log(1 + (w*x)**2)/tau", "tanh(w*x + c)/tau"))


def test_the_truth_of_an_answer_is_one_to_ask_with():
    truth = {"w": ["3/2", "1/3"], "v": [2, -1], "nu": "3/4"}
    shown = temperance.efficiency(gate="v*tanh(w*x)", parameter="v", truth=truth).to_json()
    assert (shown["truth"]["w"], shown["truth"]["v"], shown["truth"]["nu"]) == ([1.5, 1 / 3], [2, -1], [0.75, 0.75])
    again = temperance.efficiency(gate="v*tanh(w*x)", parameter="v", truth=shown["truth"]).to_json()
    assert again["rows"][0]["n"] == pytest.approx(shown["rows"][0]["n"], rel=1e-9)


def test_the_function_takes_what_the_command_takes(output):
    options = ("--gate", "v*tanh(k*w*x)/tau", "--shared", "v", "--constants", "k=1/2", "--parameter", "w", "--json")
    shell = json.loads(output("efficiency", *options))
    gate, constants = "v*tanh(k*w*x)/tau", {"k": "1/2"}
    found = temperance.efficiency(gate=gate, parameter="w", shared=["v"], constants=constants)
    assert found.to_json() == shell
    assert shell["gate_formula"]["shared"] == ["v", "tau"]
