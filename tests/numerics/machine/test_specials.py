"""Which functions of the language have machine code, and special functions without it."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from temperance.numerics.mixture.activation_numpy import compile_activation, stable_jets
from temperance.numerics.mixture.written_code import NoMachineCode, Printer
from temperance.theory.activations.activation import Z, activation

TRANSLATED = "sin cos tan tanh sinh cosh atan asinh erf erfc exp log sqrt asin acos atanh acosh"
LEFT_TO_SCIPY = "LambertW gamma loggamma"


def lambert(u):
    return mpmath.lambertw(u).real


@pytest.mark.parametrize(
    ("source", "low", "high"),
    [("LambertW(z)", -0.3, 40), ("gamma(z)", -3.9, 12), ("loggamma(z)", 0.05, 40), ("LambertW(exp(z))", -30, 5)],
)
def test_jets_of_special_functions_are_those_of_mpmath(source, low, high):
    z = np.linspace(low, high, 200)
    exact = [
        sp.lambdify(Z, expr, modules=[{"Lambert": lambert}, "mpmath"])
        for expr in stable_jets(activation(source).pieces[0])
    ]
    with mpmath.workdps(40):
        expected = [[float(mpmath.re(f(mpmath.mpf(float(u))))) for u in z] for f in exact]
    np.testing.assert_allclose(compile_activation(activation(source))(z), expected, rtol=1e-11, atol=1e-13)


def test_lambert_at_zero():
    """SymPy's derivative of W is 0/0 there: W' = 1, W'' = -2."""
    np.testing.assert_allclose(np.array(compile_activation(activation("LambertW(z)"))(np.zeros(1)))[:, 0], [0, 1, -2])


@pytest.mark.parametrize("name", TRANSLATED.split())
def test_functions_of_the_language_are_translated(name):
    assert "(z)" in Printer().doprint(activation(f"{name}(z)").pieces[0].expr)


@pytest.mark.parametrize("name", LEFT_TO_SCIPY.split())
def test_special_functions_are_left_to_scipy(name):
    with pytest.raises(NoMachineCode):
        Printer().doprint(activation(f"{name}(z)").pieces[0].expr)


def test_other_functions_are_refused():
    with pytest.raises(NoMachineCode):
        Printer().doprint(sp.besselj(0, Z))
