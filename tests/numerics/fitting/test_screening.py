"""The log-likelihood alone at many parameters is the value that the full kernel gives."""

import numpy as np
import pytest
import sympy as sp

from temperance.numerics.likelihood.generated import evaluate
from temperance.numerics.likelihood.kernels import BLOCK
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import Activation, Piece, Z, activation

BESSEL = Activation("bessel", (Piece(sp.besselj(0, Z)),))  # without machine code
EXPONENTIALS = "(exp(z) - exp(-z))/(exp(z) + exp(-z) + exp(-z)/2)"
CASES = [
    ("linear", Layout(2, 1, "anchored"), 2 * BLOCK + 77),
    ("tanh", Layout(2, 1, "free"), 1000),
    ("sigmoid", Layout(2, 1, "anchored"), 300),  # s(0) is not 0: the anchored atom has a logit of its own
    ("where(z > -1, z + 2, 1)", Layout(3, 1, "anchored", 0.7), 300),
    ("linear", Layout(3, 2, "free"), 300),
    (BESSEL, Layout(2, 1, "anchored"), 50),
]


def at_random(layout, n):
    rng = np.random.default_rng([layout.k, layout.d, n])
    return rng.normal(0, 1, (20, layout.size)), rng.uniform(-2, 2, (n, layout.d)), rng.normal(0, 2, n)


@pytest.mark.parametrize(("name", "layout", "n"), CASES)
def test_the_values_are_those_of_the_full_kernel(name, layout, n):
    gate = compile_activation(activation(name))
    thetas, x, y = at_random(layout, n)
    expected = [evaluate(theta, layout, gate, x, y)[0] for theta in thetas]
    found = [evaluate(theta, layout, gate, x, y, derivatives=False).value for theta in thetas]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_values_that_overflow_are_those_of_the_plain_version():
    gate, layout = compile_activation(activation(EXPONENTIALS)), Layout(2, 1, "free")
    thetas, x, y = at_random(layout, 20)
    x[3] = 900.0 / thetas[4, 1]
    found = evaluate(thetas[4], layout, gate, x, y, derivatives=False).value
    assert np.isfinite(found)
    assert found == evaluate(thetas[4], layout, gate, x, y).value
