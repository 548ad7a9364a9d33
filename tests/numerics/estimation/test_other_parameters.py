"""Twins of a fit: the same density at every point, and said in the fit's notes."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from temperance.numerics.estimation.fit import fit
from temperance.numerics.estimation.identifiability import single_twins, twin_matrix, twin_notes
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import MixingMeasure, log_density, sample
from temperance.theory.activations.activation import activation
from temperance.theory.twins.decision import twins


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
    gate = compiled(name)
    np.testing.assert_allclose(log_density(other, gate, x, y), log_density(g, gate, x, y), rtol=1e-12)
    assert twin_notes(2, activation(name), gauge)


@pytest.mark.parametrize("name", ["gelu", "relu", "z"])
def test_flows_and_unique_fits_are_no_twins(name):
    assert twin_notes(2, activation(name), "free") == ()


def test_a_fit_tells_its_twin():
    gate = compiled("tanh")
    x, y = sample(measure([[2.0], [0.5]]), gate, 400, seed=4)
    found = fit(x, y, fitted=2, activation="tanh", starts=2, seed=1)
    said = "beta1 of atom 0 is minus what it is here of atom 1 and beta1 of atom 1 is minus what it is here of atom 0"
    assert [said in w for w in found.warnings if "twin" in w] == [True]
    assert found.words[0] == "Every parameter is identifiable up to a twin; the warnings say what else is open."


def test_a_twin_that_asks_for_signs_is_told_where_the_fit_has_them():
    step, turned = activation("sign"), activation("exp(-z**2) + sign(z)")
    halves = [n for n in twin_notes(2, step, "free", [[2.0], [-0.5]]) if "tau/2" in n]
    assert len(halves) == 2
    assert not any("tau/2" in n for n in twin_notes(2, step, "free", [[2.0], [0.5]]))
    assert any("(-b, -c, beta0, tau)" in n for n in twin_notes(2, turned, "free", [[-2.0], [-0.5]]))
    assert twin_notes(2, turned, "free", [[2.0], [-0.5]]) == ()
    assert any("2*s(0)" in n for n in twin_notes(2, step, "anchored"))
    assert any("up to its sign" in n for n in twin_notes(2, activation("log(abs(z))"), "free"))


def test_a_fit_of_steps_does_not_tell_tau():
    """A gate with a step, which both signs make, is never below one without: tau/2 has its density too."""
    gate = compiled("sign")
    x, y = sample(measure([[2.0], [0.5]]), gate, 300, seed=2)
    found = fit(x, y, fitted=2, activation="sign", starts=3, seed=1)
    (tau,) = (e for e in found.estimates if e.parameter == "tau")
    signs = {np.sign(v) for v in found.fit.measure.beta1[:, 0]}
    assert signs == {-1.0, 1.0}
    assert tau.identifiable is False


def test_two_squares_of_two_variables_have_a_curve_of_one_density():
    """(b.x)^2 - (c.x)^2 is a product of two linear forms: one is multiplied, the other divided."""
    gate = compiled("z**2")
    g = measure([[1.0, 0.3], [-0.2, 0.8]])
    near, far = 1.25, 0.75
    other = replace(g, beta1=np.array([[near, far], [far, near]]) @ g.beta1)
    x, y = sample(g, gate, 300, seed=2)
    np.testing.assert_allclose(log_density(other, gate, x, y), log_density(g, gate, x, y), rtol=1e-9)
    found = fit(x, y, fitted=2, activation="z**2", starts=2, seed=1)
    assert found.n_parameters == 14 - 2
    assert any("beta1_0 beta1_0'" in w for w in found.warnings)


@pytest.mark.parametrize(
    ("name", "gauge"),
    [
        ("sign", "free"),
        ("step", "anchored"),
        ("log(abs(z)) + sign(z)", "free"),
        ("z**2", "anchored"),
        ("z**3", "free"),
        ("tanh(z) + step(z)", "free"),
        ("cos(z) + sign(z)", "anchored"),
    ],
)
def test_every_listed_twin_has_the_density_of_its_truth(name, gauge):
    """By the compiled density, apart from the algebra that proves identities; s(0) is what the compiled s has there."""
    gate = compiled(name)
    rng = np.random.default_rng(7)
    x, y = rng.uniform(-3, 3, (40, 1)), rng.normal(size=40)
    found = twins(name, gauge=gauge).twins
    assert found
    for twin in found:
        values = {"b": 1.3, "c": 0.6, "d": -0.4, "e": 0.9, "l": 1.7, "m": 0.8, "t": 0.5}
        values["s(0)"] = float(gate(np.zeros(1), 0)[0][0]) if not name.startswith("log") else 0.0
        at = {v: values[v.name] for e in (*twin.truth, *twin.image, twin.factor, *twin.shift) for v in e.free_symbols}
        truth, image = ([[float(v.subs(at))] for v in some] for some in (twin.truth, twin.image))
        factor, moved = (
            float(sp.sympify(v).subs(at)) for v in (twin.factor, twin.shift[0] - twin.shift[1] if twin.shift else 0)
        )
        g = measure(truth)
        other = replace(g, beta1=np.array(image), beta0=factor * g.beta0 + [moved, 0.0], tau=factor * g.tau)
        np.testing.assert_allclose(log_density(other, gate, x, y), log_density(g, gate, x, y), rtol=1e-11)
