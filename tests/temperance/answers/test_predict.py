"""`temperance predict`: exponents as fractions or null, each with its reason."""

import re

import pytest

import temperance
from temperance.commands.app import run

pytestmark = pytest.mark.usefixtures("few_climbs")


def asked(capsys, *arguments):
    assert run(["predict", *arguments]) == 0
    return capsys.readouterr().out


def words_at(activation, beta1, tau=1, gauge="free", fitted=2):
    experts = {"a": [[0.5], [-0.5]], "b": [2, -2], "nu": [1, 2]}
    truth = {"beta1": [[b] for b in beta1], "beta0": [0.5, 0], "tau": tau, **experts}
    at = {**truth, "x": {"law": "uniform", "low": -3, "high": 3}}
    return temperance.predict(activation=activation, true=2, fitted=fitted, gauge=gauge, truth=at)


@pytest.mark.parametrize(
    ("source", "second", "fast"),
    [("tanh", -1, "beta1, beta1_sum"), ("tanh", 0.5, ""), ("gelu", -1, "tau, beta1")],
)
def test_a_published_exponent_above_the_sharp_one_is_said_to_be_too_fast(source, second, fast):
    words = " ".join(words_at(source, (1, second), tau=0.5).words)
    assert (f"The published exponent is too fast here for {fast}" in words) == bool(fast)


@pytest.mark.parametrize(("gauge", "fitted"), [("anchored", "3"), ("free", "4")])
def test_what_no_statement_covers_names_the_command_that_bounds_it(gauge, fitted, capsys, output):
    told = asked(capsys, "--activation", "tanh", "--gauge", gauge, "--true", "2", "--fitted", fitted)
    (command,) = set(re.findall("`temperance (.*?)`", told))
    assert "n^(-1/4) for beta1, a" in output(*command.split(), "--activation", "tanh", "--bounds-only")


@pytest.mark.parametrize(
    ("activation", "is_"), [("relu", "fails"), ("where(z > 10, tanh(exp(exp(exp(z)))), z)", "is undecided")]
)
@pytest.mark.parametrize(("fitted", "order"), [(2, "first"), (3, "second")])
def test_why_nothing_is_published_says_what_check_says(activation, is_, fitted, order):
    (checked,) = temperance.check(activation).to_json()
    assert checked[f"{order}_order"]["verdict"] == is_.removeprefix("is ")
    for p in temperance.predict(activation=activation, gauge="anchored", true=2, fitted=fitted).predictions[:-1]:
        assert p.published is None
        assert p.published_reason == f"the {order}-order condition of the published statement {is_}"


def test_a_gate_that_is_constant_has_the_curve_of_tau_and_no_twin_that_is_itself():
    found = words_at("tanh", (0, 0), gauge="anchored")
    assert found.twin is None
    assert "The published exponent is too fast here for tau: see sharp p" in found.words
    (tau,) = (p for p in found.predictions if p.parameter == "tau")
    assert "(0, .., 0, beta0, tau) -> (0, .., 0, l beta0, l tau): not identifiable" in tau.reason


@pytest.mark.parametrize(
    ("activation", "beta1", "offered"),
    [
        ("sign", (1, 2), "(b, c, beta0, tau) -> (b, c, l*beta0, l*tau)"),
        ("sign", (1, -2), "(b, -c, beta0, tau) -> (b, 0, beta0/2 + s(0), tau/2)"),  # that above asks for one sign
        ("tanh", (2, 1), "(b, c, beta0, tau) -> (-c, -b, beta0, tau)"),
        ("tanh", (2, 2), None),
        ("gelu", (2, 1), None),
    ],
)
def test_a_twin_is_offered_to_a_truth_that_has_its_signs(activation, beta1, offered):
    twin = words_at(activation, beta1).twin
    assert (None if twin is None else twin.map) == offered


@pytest.mark.parametrize(("activation", "fitted", "some"), [("tanh", 4, True), ("tanh", 3, False), ("gelu", 4, False)])
def test_mediants_are_named_where_there_are_atoms_for_them(activation, fitted, some):
    found = temperance.predict(activation=activation, gauge="anchored", true=2, fitted=fitted)
    words = " ".join(found.summary.words)
    assert ("4 atoms, those of this truth with weights E_i and those of its twin" in words) == some


def test_a_truth_decides_what_a_generic_point_leaves_open():
    generic = temperance.predict(activation="gelu", true=2, fitted=2).words[0]
    assert "tau, " not in generic.partition("no rate")[2]
    assert words_at("gelu", (1, -1), tau=0.5).words[0].endswith("no rate is predicted of: tau, beta1")


def test_where_a_sharp_condition_fails_the_command_that_bounds_the_orders_is_named():
    (beta1,) = (
        row
        for row in words_at("log(1+z**2)", (1, 0), gauge="anchored", fitted=3).to_json()
        if (row["parameter"], row["cell_size"]) == ("beta1", 2) and row["reason"].startswith("anchor cell a singleton")
    )
    assert (beta1["sharp"], beta1["identifiable"]) == (None, None)
    assert "`temperance exponents --activation 'log(1+z**2)'`" in beta1["reason"]


@pytest.mark.parametrize(("activation", "beta1"), [("sign", (1, 1, 2)), ("tanh", (1, -1, 1))])
def test_three_atoms_of_two_values_have_the_twins_of_three(activation, beta1):
    experts = {"a": [[1], [-1], [0]], "b": [0, 1, 2], "nu": [1, 2, 1]}
    truth = {"beta1": [[b] for b in beta1], "beta0": [0.5, 0.2, 0], "tau": 0.5, **experts}
    at = {**truth, "x": {"law": "uniform", "low": -3, "high": 3}}
    assert temperance.predict(activation=activation, true=3, fitted=3, truth=at).predictions


def test_a_formula_is_predicted_at_its_truth():
    gate, seen = "w*max(x - c, 0)/tau", {"c": [1, "1/2"]}
    at = temperance.predict(gate, true=2, fitted=2, truth=seen)
    assert {p.parameter for p in at.predictions if p.sharp is None} == {"w", "tau"}
    assert "c = 1/2" in str(at.predictions[2].conditions)
    hidden = temperance.predict(gate, true=2, fitted=2, truth={"c": [7, "1/2"]})  # a kink that x does not reach
    assert {p.parameter for p in hidden.predictions if p.sharp is None} >= {"w", "tau", "c", "w/tau"}
    with pytest.raises(ValueError, match="has 2 atoms, not 3"):
        temperance.predict(gate, true=3, fitted=3, truth=seen)


def test_the_rates_of_a_formula_are_measured_at_its_truth():
    truth = {"beta1": ["3/2", "1/2"], "b": [0, 3], "beta0": ["1/2", 0], "x": {"law": "uniform", "low": -2, "high": 1}}
    options = {"truth": truth, "replicates": 10, "n": (10**6, 10**8), "workers": 1}
    answer = temperance.rates("beta1*x**3/tau", true=2, fitted=2, **options)
    assert answer.true_values()["beta1"] == ["3/2", "1/2"]
    assert answer.true_values()["x"]["high"] == 1
    assert answer.record["setting"]["gates"][0]["beta1"] == "3/2"
    assert all(s["points"][-1]["rms"] < 0.05 for s in answer.record["slopes"])


def test_a_truth_by_the_names_of_a_formula_is_read_where_the_gate_has_another_name():
    found = temperance.predict("exp(w*x)/tau", true=2, fitted=3, truth={"w": [1, 2], "tau": "1/2"})
    rates = {(p.parameter, p.cell_size): p.proved for p in found.predictions if p.cells == "some singleton"}
    assert (rates["w", 2], rates["tau", None]) == (0.25, 0.5)
    assert "whose names" not in str(found)
    assert "beta1" in [p.parameter for p in temperance.predict("exp(w*x)/tau", true=2, fitted=3).predictions]


def test_kinks_are_looked_for_in_one_law_of_x():
    """Where x is beyond the kink, abs(x - c) is x - c, and c is not determined."""
    beyond = {"x": {"law": "uniform", "low": 2, "high": 3}}
    refused = r"not proved for x uniform on \[2, 3\]; accepted: an interval that holds \[-2, 2\]"
    with pytest.raises(ValueError, match=refused):
        temperance.predict("w*abs(x - c)/tau + v*x", true=2, fitted=2, truth=beyond)
    with pytest.raises(ValueError, match=refused):
        temperance.exponents("w*abs(x - c)/tau + v*x", bounds_only=True, truth=beyond)
    around = {"x": {"law": "uniform", "low": -3, "high": "5/2"}}
    assert temperance.predict("w*abs(x - c)/tau + v*x", true=2, fitted=2, truth=around).predictions


@pytest.mark.parametrize("w", [["5/3", "-5/3"], ["5/3", "1/3"]])
def test_an_invariant_is_flat_by_a_curve_that_is_no_flow(w):
    """With equal c (w_1 + t, w_2 + t) has one density. Every w and tau times 1 + t is the flow, and w/tau stays."""
    found = temperance.exponents("w*tanh(x + c)/tau", truth={"w": w, "c": "1/2"}, split="all", bounds_only=True)
    assert {row["parameter"]: row["flat"] for row in found.rows()}["w/tau"]
    flat = [{c["title"] for c in proof["claims"] if c["side"] == "flat"} for proof in found.certificates()]
    assert {"w", "mean w"} in flat


def test_a_flow_of_all_atoms_makes_no_invariant_flat_where_its_order_is_undecided():
    truth = {"b": [123456.789, 0]}
    rows = {p.parameter: p for p in temperance.predict("(w*x + v*x**2)/tau", true=2, fitted=2, truth=truth).predictions}
    assert "keeps the density" in rows["w"].reason
    assert "curve of mixtures" not in rows["w/tau"].reason


def test_a_shared_parameter_stands_for_the_ratio_that_a_flow_keeps():
    found = temperance.exponents("v*tanh(w*x + c)/tau", shared=["v"], bounds_only=True)
    assert "the certificate holds v at its true value: tau stands for v/tau" in found.record["reasons"]
    orders = {row["parameter"]: row["upper"] for row in found.rows()}
    assert (orders["v"], orders["tau"], orders["v/tau"]) == (None, None, "1")


def test_one_number_of_a_truth_is_that_of_every_atom():
    """With beta1 = 1 in both atoms the gate of tanh is constant; it has rates where the second is the default 1/2."""

    def records(beta1):
        return temperance.predict(activation="tanh", true=2, fitted=2, truth={"beta1": beta1}).to_json()

    assert records(1) == records([1, 1]) != records([1, "1/2"])
    assert [row["sharp"] for row in records(1)][:2] == [None, None]
