"""`twins` at a truth: the parameters that it lists have the gate of the truth."""

import numpy as np
import pytest
import sympy as sp

import temperance
from temperance.theory.activations.activation import Z, activation

PAIR, MIRROR = {"beta1": [1, 0.5], "beta0": [0.2, 0], "tau": 0.5}, {"beta1": [1, -1], "beta0": [0.2, 0]}
THREE = {"beta1": [1, -1, 0.5], "beta0": [0.2, 0.1, 0], "a": [1, 2, 3], "b": [0, 1, 2], "nu": [1, 2, 3], "tau": 0.5}
CASES = [
    ("tanh", PAIR, 1),
    ("tanh", MIRROR, 2),
    ("tanh", THREE, 0),
    ("relu", THREE, 1),
    ("z + z**2", PAIR, 1),
    ("z**2", THREE, 2),
    ("log(z**2)", PAIR, 3),
    ("exp(z)", PAIR, 0),
]


def odds(source, parameters, x):
    """The log odds of the atoms against the last."""
    free = {
        s: sp.Rational(7, 5) for values in parameters.values() for v in np.ravel(values) for s in sp.S(v).free_symbols
    }
    numbers = {name: [float(sp.S(v).subs(free)) for v in np.ravel(values)] for name, values in parameters.items()}
    (piece,) = {p.expr for p in activation(source).pieces} if source != "relu" else {sp.Max(Z, 0)}
    s = sp.lambdify(Z, piece, "numpy")
    logits = np.array([s(v * x) + bias for v, bias in zip(numbers["beta1"], numbers["beta0"], strict=True)])
    return (logits - logits[-1]) / numbers["tau"][0]


@pytest.mark.parametrize(("source", "truth", "count"), CASES)
def test_a_twin_at_a_truth_has_its_gate(source, truth, count):
    images = temperance.twins(source, truth=truth).to_json()["at_truth"]
    assert len(images) == count
    x = np.array([-1.7, -0.3, 0.4, 1.1])
    for image in images:
        there = image["parameters"]
        assert there != {name: [str(v) for v in np.ravel(truth[name])] for name in there if name in truth}
        here = {name: truth.get(name, 0.5) for name in ("beta1", "beta0", "tau")}
        np.testing.assert_allclose(odds(source, there, x), odds(source, here, x), rtol=1e-9, atol=1e-9)


def test_a_flow_at_a_truth():
    (image,) = temperance.twins(gate="v*sin(w*x)/tau", truth={"v": [1, 3]}).to_json()["at_truth"]
    assert image["parameters"] == {"v": ["l", "3*l"], "beta0": ["0", "0"], "tau": "l"}


def test_the_truth_of_a_formula_goes_by_its_names():
    formula = temperance.twins(gate="tanh(w*x)/t", shared=["t"], truth={"w": [1, 0.5], "t": 0.5}).to_json()
    named = temperance.twins("tanh", truth={"beta1": [1, 0.5], "tau": 0.5}).to_json()
    assert {**formula, "gate_formula": None} == named
    assert named["at_truth"] != []


def test_a_truth_has_the_atoms_that_are_asked_for():
    assert temperance.twins("tanh", truth=THREE).to_json()["atoms"] == 3
    with pytest.raises(ValueError, match=r"k\* = 2"):
        temperance.twins("tanh", truth=THREE, atoms=2)
