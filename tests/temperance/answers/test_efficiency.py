"""`temperance efficiency` and its functions: what they answer, and what they claim by proof only."""

import json

import numpy as np
import pytest

import temperance

ROW = ["activation", "n_tau", "n_beta1", "price", "condition", "best_tau", "crossings", "laws", "asymptotic"]
TRUTH = {"beta1": [[1], [0]], "beta0": [-0.2, 0], "tau": 0.5, "a": [[0.5], [-0.5]], "b": [2, -2], "nu": [0.25, 0.5]}
TRUTH["x"] = {"law": "uniform", "low": -3, "high": 3}


def asked(*activations, gauge="free", options=None, **changes):
    """The answer at a truth that differs in some parts."""
    return temperance.efficiency(*activations, truth={**TRUTH, **changes}, gauge=gauge, **(options or {}))


def test_json_has_the_keys_of_the_contract(tmp_path, output):
    (tmp_path / "t.json").write_text(json.dumps(TRUTH))
    activations, options = ("tanh", "relu", "linear"), ("--truth", str(tmp_path / "t.json"), "--gauge", "anchored")
    found = json.loads(output("efficiency", *activations, *options, "--json"))
    assert found == json.loads(json.dumps(asked(*activations, gauge="anchored").to_json()))
    assert list(found)[:5] == ["truth", "gauge", "precision", "floor", "rows"]
    assert found["floor"] == pytest.approx(227.67, abs=0.01)
    assert found["truth"]["x"] == {"law": "uniform", "low": -3.0, "high": 3.0}
    tanh, relu, linear = found["rows"]
    assert list(tanh)[: len(ROW) + 1] == [*ROW, "not_identifiable"]
    assert tanh["n_tau"] == pytest.approx(949.28, rel=1e-4)
    assert tanh["laws"] == {"tau_to_0": -3, "tau_to_infinity": 2}
    assert tanh["best_tau"][1] < tanh["best_tau"][0] < tanh["best_tau"][2]
    assert (tanh["asymptotic"], tanh["not_identifiable"]) == (True, None)
    for row, name in ((relu, "homogeneous"), (linear, "linear")):
        assert row["n_tau"] is row["n_beta1"] is row["price"] is None
        assert row["not_identifiable"] == name
        assert row["n_invariant"] > 0
        assert row["reason"]


def test_the_answer_is_a_sentence():
    words = asked("tanh", gauge="anchored").words[0]
    assert all(number in words for number in ("10%", "949", "4.2 times"))


def test_the_linear_gate_answers_for_a_quotient():
    """n of beta1/tau does not change along its orbit."""
    (here,), (there,) = asked("linear").rows(), asked("z", beta1=[[3], [0]], beta0=[-0.6, 0], tau=1.5).rows()
    assert there["n_invariant"] == pytest.approx(here["n_invariant"], rel=1e-9)


@pytest.mark.parametrize(
    ("activation", "beta1", "name"),
    [
        ("gelu", [[1], [-1]], "mirror"),
        ("tanh", [[1], [1]], "constant_gate"),
        ("z + z**2", [[1], [0.5]], "two_monomials"),
        ("step", [[1], [0.5]], "constant"),
        ("hardtanh", [[0.3], [0.2]], "homogeneous"),
    ],
)
def test_not_identifiable_comes_from_a_proof(activation, beta1, name):
    (row,) = asked(activation, beta1=beta1).rows()
    assert (row["not_identifiable"], row["n_tau"]) == (name, None)
    assert row["reason"]


@pytest.mark.parametrize(
    ("activation", "beta1", "gauge"),
    [
        ("z + 0.000001*tanh(z)", [[1], [0]], "anchored"),  # a large number is no proof
        ("tanh", [[1], [-1]], "free"),  # singular information, and yet tau is identifiable
        ("tan", [[1], [0]], "anchored"),
    ],
)
def test_a_large_number_is_never_called_not_identifiable(activation, beta1, gauge):
    (row,) = asked(activation, beta1=beta1, gauge=gauge).rows()
    assert row["not_identifiable"] is None
    assert (row["n_tau"] is None) == (row["reason"] is not None)
    assert row["n_tau"] is None or row["n_tau"] > 1e12


@pytest.mark.parametrize(
    ("activation", "beta1", "gauge", "twin"),
    [
        ("tanh", [[1.5], [0]], "anchored", "(b, 0, beta0, tau) -> (0, -b, beta0, tau)"),
        ("tanh", [[1.5], [-0.6]], "free", "(b, c, beta0, tau) -> (-c, -b, beta0, tau)"),
        ("gelu", [[1.5], [0]], "anchored", None),
    ],
)
def test_a_truth_with_a_twin_says_so(activation, beta1, gauge, twin):
    text = str(asked(activation, beta1=beta1, gauge=gauge))
    assert (twin or "") in text
    assert ("a twin has" in text) is (twin is not None)


def test_no_number_is_no_proof_that_there_is_none():
    found = asked("tanh", "relu", beta1=[[1], [-1]])
    assert [(row.n_tau, row.not_identifiable) for row in found.table] == [(None, None), (None, "homogeneous")]
    assert found.words[0].endswith("proof: relu.")


def test_near_a_mirror_point_the_number_is_large_and_finite():
    near, nearer = (asked("gelu", beta1=[[1], [-1 + d]]).rows()[0]["n_tau"] for d in (1e-3, 1e-4))
    assert nearer / near == pytest.approx(100, rel=0.05)


def test_temperatures_and_precision():
    rows = asked("tanh", gauge="anchored", options={"tau": (0.2, 1.0), "precision": 0.2}).rows()
    assert [row["tau"] for row in rows] == [0.2, 1.0]
    assert [4 * row["n_tau"] for row in rows] == pytest.approx([1105.6, 2164.0], rel=1e-3)


def test_equal_terms():
    names, options = ("tanh", "sigmoid", "gelu", "identity"), {"match": (0.1, 0.9)}
    tanh, sigmoid, gelu, identity = asked(*names, gauge="anchored", options=options).rows()
    assert tanh["n_both"] == pytest.approx(sigmoid["n_both"], rel=0.02)
    assert gelu["n_tau"] > 20 * tanh["n_tau"]
    assert identity["not_identifiable"] == "linear"
    assert tanh["at_edge"]


@pytest.mark.slow
def test_the_catalogue_is_ranked():
    found = temperance.efficiency(match=(0.1, 0.9), gauge="anchored").to_json()
    numbers = [row["n_tau"] for row in found["rows"] if row["n_tau"] is not None]
    assert len(numbers) > 40
    assert numbers == sorted(numbers)
    assert all(row["reason"] for row in found["rows"] if row["n_tau"] is None)
    assert numbers[0] > found["floor"]


@pytest.mark.slow
def test_three_atoms_and_two_dimensions():
    gates = {"beta1": [[1, 0.5], [0.3, -1], [0, 0]], "beta0": [0.1, 0.2, 0]}
    experts = {"a": [[0.5, 0], [0, 0.5], [0, 0]], "b": [4, -4, 0], "nu": [0.25, 0.5, 0.3]}
    (row,) = asked("tanh", gauge="anchored", **gates, **experts).rows()
    assert row["n_tau"] > 131
    assert row["crossings"] is row["laws"]["tau_to_0"] is None
    assert row["relative_error"] < 1e-3


def test_required_n_and_standard_errors_agree():
    n = temperance.required_n("tanh", TRUTH, gauge="anchored", precision=0.1)
    errors = temperance.standard_errors(TRUTH, n, activation="tanh", gauge="anchored")
    assert errors["tau"] == pytest.approx(0.05, rel=1e-6)
    n = temperance.required_n("tanh", TRUTH, gauge="anchored", precision=0.1, parameter="beta1")
    assert temperance.standard_errors(TRUTH, n, activation="tanh", gauge="anchored")["beta1_0"] == pytest.approx(0.1)
    for asking, message in (
        (lambda: temperance.required_n("relu", TRUTH), "homogeneous"),
        (lambda: temperance.standard_errors(TRUTH, 100, activation="relu"), "no standard errors of the gate"),
        (lambda: temperance.standard_errors(TRUTH, -1, activation="tanh"), "n must be"),
        (lambda: temperance.required_n("tanh", TRUTH, parameter="b"), "tau or beta1"),
    ):
        with pytest.raises(ValueError, match=message):
            asking()


def test_a_measure_is_a_truth():
    numbers = ([-0.2, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])
    measure = temperance.MixingMeasure(np.array([[1.0], [0.0]]), *numbers)
    assert temperance.required_n("tanh", measure, gauge="anchored") == pytest.approx(949.28, rel=1e-4)


@pytest.mark.slow
def test_the_picture_ends_with_the_data_and_has_the_floor_and_the_chosen_tau():
    """As the law of tau -> 0 goes on below all that is computed."""
    found = asked("tanh", gauge="anchored", options={"tau": [0.5, 1]})
    (plot,) = found.plots
    law, floor, *chosen = plot.lines
    assert (law.slope, floor.through[1]) == (-3, found.floor)
    assert [line.through[0] for line in chosen] == [0.5, 1.0]
    (axes,) = found.plot().axes
    ns = [p.y for p in plot.points]
    assert found.floor / 2 < axes.get_ylim()[0] < found.floor < max(ns) < axes.get_ylim()[1] < 2 * max(ns)
    for ticks in (axes.get_xticks(), axes.get_yticks()):
        assert 3 <= len(ticks) <= 6
        assert all(f"{tick:.0e}"[0] in "12357" and float(f"{tick:.1e}") == pytest.approx(tick) for tick in ticks)
    assert found.title in found.page()
