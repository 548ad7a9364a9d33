"""`temperance efficiency` and its functions: what they print, what they refuse, and what they claim by proof only."""

import json

import numpy as np
import pytest

import temperance
from temperance.commands.app import run

ROW = [
    "activation",
    "n_tau",
    "n_beta1",
    "price",
    "condition",
    "best_tau",
    "crossings",
    "laws",
    "asymptotic",
    "not_identifiable",
]
TRUTH = {
    "beta1": [[1], [0]],
    "beta0": [-0.2, 0],
    "tau": 0.5,
    "a": [[0.5], [-0.5]],
    "b": [2, -2],
    "nu": [0.25, 0.5],
    "x": {"law": "uniform", "low": -3, "high": 3},
}


@pytest.fixture
def truth(tmp_path):
    def write(**changes):
        path = tmp_path / "truth.json"
        path.write_text(json.dumps({**TRUTH, **changes}))
        return str(path)

    return write


def record(capsys, *arguments):
    assert run(["efficiency", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_has_the_keys_of_the_contract(truth, capsys):
    found = record(capsys, "tanh", "relu", "linear", "--truth", truth(), "--gauge", "anchored")
    assert list(found)[:5] == ["truth", "gauge", "precision", "floor", "rows"]
    assert found["floor"] == pytest.approx(227.67, abs=0.01)
    assert found["truth"]["x"] == {"law": "uniform", "low": -3.0, "high": 3.0}
    tanh, relu, linear = found["rows"]
    assert list(tanh)[: len(ROW)] == ROW
    assert tanh["n_tau"] == pytest.approx(949.28, rel=1e-4)
    assert tanh["laws"] == {"tau_to_0": -3, "tau_to_infinity": 2}
    assert tanh["best_tau"][1] < tanh["best_tau"][0] < tanh["best_tau"][2]
    assert tanh["asymptotic"] is True
    assert tanh["not_identifiable"] is None
    for row, name in ((relu, "homogeneous"), (linear, "linear")):
        assert row["n_tau"] is row["n_beta1"] is row["price"] is None
        assert row["not_identifiable"] == name
        assert row["n_invariant"] > 0
        assert row["reason"]


def test_the_linear_gate_answers_for_a_quotient(truth, capsys):
    """n of beta1/tau does not change along its orbit."""
    here = record(capsys, "linear", "--truth", truth())["rows"][0]["n_invariant"]
    moved = truth(beta1=[[3], [0]], beta0=[-0.6, 0], tau=1.5)
    assert record(capsys, "z", "--truth", moved)["rows"][0]["n_invariant"] == pytest.approx(here, rel=1e-9)


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
def test_not_identifiable_comes_from_a_proof(activation, beta1, name, truth, capsys):
    (row,) = record(capsys, activation, "--truth", truth(beta1=beta1))["rows"]
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
def test_a_large_number_is_never_called_not_identifiable(activation, beta1, gauge, truth, capsys):
    (row,) = record(capsys, activation, "--truth", truth(beta1=beta1), "--gauge", gauge)["rows"]
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
def test_a_truth_with_a_twin_says_so(activation, beta1, gauge, twin, truth):
    text = str(temperance.efficiency(activation, truth=truth(beta1=beta1), gauge=gauge))
    assert (twin or "") in text
    assert ("a twin has" in text) is (twin is not None)


def test_no_number_is_no_proof_that_there_is_none(truth):
    found = temperance.efficiency("tanh", "relu", truth=truth(beta1=[[1], [-1]]))
    assert [(row.n_tau, row.not_identifiable) for row in found.table] == [(None, None), (None, "homogeneous")]
    assert found.words[0].endswith("proof: relu.")


def test_near_a_mirror_point_the_number_is_large_and_finite(truth, capsys):
    values = [
        record(capsys, "gelu", "--truth", truth(beta1=[[1], [-1 + d]]))["rows"][0]["n_tau"] for d in (1e-2, 1e-3, 1e-4)
    ]
    assert values[2] / values[1] == pytest.approx(100, rel=0.05)


def test_temperatures_and_precision(truth, capsys):
    found = record(capsys, "tanh", "--truth", truth(), "--gauge", "anchored", "--tau", ".2,1", "--precision", "0.2")
    assert [row["tau"] for row in found["rows"]] == [0.2, 1.0]
    assert [4 * row["n_tau"] for row in found["rows"]] == pytest.approx([1105.6, 2164.0], rel=1e-3)


def test_equal_terms(truth, capsys):
    found = record(
        capsys, "tanh", "sigmoid", "gelu", "identity", "--truth", truth(), "--gauge", "anchored", "--match", ".1,.9"
    )
    tanh, sigmoid, gelu, identity = found["rows"]
    assert tanh["n_both"] == pytest.approx(sigmoid["n_both"], rel=0.02)
    assert gelu["n_tau"] > 20 * tanh["n_tau"]
    assert identity["not_identifiable"] == "linear"
    assert tanh["at_edge"]


@pytest.mark.slow
def test_the_catalogue_is_ranked(capsys):
    found = record(capsys, "--match", ".1,.9", "--gauge", "anchored")
    numbers = [row["n_tau"] for row in found["rows"] if row["n_tau"] is not None]
    assert len(numbers) > 40
    assert numbers == sorted(numbers)
    assert all(row["reason"] for row in found["rows"] if row["n_tau"] is None)
    assert numbers[0] > found["floor"]


def test_three_atoms_and_two_dimensions(truth, capsys):
    three = truth(
        beta1=[[1, 0.5], [0.3, -1], [0, 0]],
        beta0=[0.1, 0.2, 0],
        a=[[0.5, 0], [0, 0.5], [0, 0]],
        b=[4, -4, 0],
        nu=[0.25, 0.5, 0.3],
    )
    (row,) = record(capsys, "tanh", "--truth", three, "--gauge", "anchored")["rows"]
    assert row["n_tau"] > 131
    assert row["crossings"] is row["laws"]["tau_to_0"] is None
    assert row["relative_error"] < 1e-3


def test_required_n_and_standard_errors_agree(truth):
    n = temperance.required_n("tanh", truth(), gauge="anchored", precision=0.1)
    errors = temperance.standard_errors(truth(), n, activation="tanh", gauge="anchored")
    assert errors["tau"] == pytest.approx(0.05, rel=1e-6)
    n = temperance.required_n("tanh", truth(), gauge="anchored", precision=0.1, parameter="beta1")
    assert temperance.standard_errors(truth(), n, activation="tanh", gauge="anchored")["beta1_0"] == pytest.approx(0.1)
    with pytest.raises(ValueError, match="homogeneous"):
        temperance.required_n("relu", truth())
    with pytest.raises(ValueError, match="no standard errors of the gate"):
        temperance.standard_errors(truth(), 100, activation="relu")
    with pytest.raises(ValueError, match="n must be"):
        temperance.standard_errors(truth(), -1, activation="tanh")
    with pytest.raises(ValueError, match="tau or beta1"):
        temperance.required_n("tanh", truth(), parameter="b")


def test_a_measure_is_a_truth():
    measure = temperance.MixingMeasure(
        np.array([[1.0], [0.0]]), [-0.2, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5]
    )
    assert temperance.required_n("tanh", measure, gauge="anchored") == pytest.approx(949.28, rel=1e-4)


@pytest.mark.slow
def test_the_picture_ends_with_the_data_and_has_the_floor_and_the_chosen_tau(truth):
    """As the law of tau -> 0 goes on below all that is computed."""
    found = temperance.efficiency("tanh", truth=truth(), gauge="anchored", tau=[0.5, 1])
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
