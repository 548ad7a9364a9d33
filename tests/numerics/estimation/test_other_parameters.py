"""Twins of a fit: the same density at every point, and said in the fit's notes."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.estimation.estimate import fit
from temperance.numerics.estimation.identifiability import single_twins, twin_matrix, twin_notes
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.density import log_density
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.mixture.sampling import sample
from temperance.theory.activations.activation import activation


def measure(beta1):
    return MixingMeasure(
        beta1=np.array(beta1, dtype=float),
        beta0=np.array([0.3, 0.0]),
        tau=np.array(0.7),
        a=np.array([[1.0] * len(beta1[0]), [-0.5] * len(beta1[0])]),
        b=np.array([1.0, -1.0]),
        nu=np.array([0.4, 0.3]),
    )


@pytest.mark.parametrize(
    ("name", "gauge", "beta1", "expected"),
    [
        ("tanh", "free", [[2.0], [0.5]], [[-0.5], [-2.0]]),
        ("sigmoid", "free", [[2.0, 1.0], [0.5, -0.3]], [[-0.5, 0.3], [-2.0, -1.0]]),
        ("tanh", "anchored", [[2.0], [0.0]], [[0.0], [-2.0]]),
        ("cos", "free", [[2.0], [0.5]], [[-2.0], [0.5]]),
        ("step", "free", [[2.0, 1.0], [0.5, -0.3]], [[-0.5, 0.3], [-2.0, -1.0]]),
    ],
)
def test_a_twin_has_the_density_of_the_fit(name, gauge, beta1, expected):
    g = measure(beta1)
    (twin,) = single_twins(2, activation(name), gauge)
    other = replace(g, beta1=np.array(twin_matrix(twin)) @ g.beta1)
    assert other.beta1.tolist() == expected
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-3, 3, (50, g.d)), rng.normal(size=50)
    gate = compile_activation(activation(name))
    np.testing.assert_allclose(log_density(other, gate, x, y), log_density(g, gate, x, y), rtol=1e-12)
    assert twin_notes(2, activation(name), gauge)


@pytest.mark.parametrize("name", ["gelu", "softplus", "relu", "z", "z + z**2"])
def test_flows_and_unique_fits_are_no_twins(name):
    assert twin_notes(2, activation(name), "free") == ()


def test_a_fit_tells_its_twin():
    gate = compile_activation(activation("tanh"))
    x, y = sample(measure([[2.0], [0.5]]), gate, 400, seed=4)
    found = fit(x, y, fitted=2, activation="tanh", starts=2, seed=1)
    said = "beta1 of atom 0 is minus what it is here of atom 1 and beta1 of atom 1 is minus what it is here of atom 0"
    assert [said in w for w in found.warnings if "twin" in w] == [True]
    assert found.words[0] == "Every parameter is identifiable up to a twin; the warnings say what else is open."


def test_notes_without_a_measure():
    assert twin_notes(2, activation("tanh"), "anchored")[0].endswith(
        "is 0 and beta1 of atom 1 is minus what it is here of atom 0"
    )
    assert "up to its sign" in twin_notes(5, activation("cos"), "free")[0]
    assert twin_notes(3, activation("tanh"), "free") == ()
