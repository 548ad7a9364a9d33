"""The branch-free functions against mpmath, to a few units in the last place, and at the ends of their ranges."""

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from numba import njit

from temperance.numerics.mixture import kernels
from temperance.numerics.mixture.activation_numpy import compile_activation, stable_jets
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.kernels import NoMachineCode, Printer, version_of
from temperance.numerics.mixture.vector_code import erf, exp, expm1, log, logistic, softplus, tanh
from temperance.theory.activations.activation import Z, activation
from temperance.theory.models.by_name import model

WIDE = np.concatenate(
    [np.linspace(-700, 700, 501), np.linspace(-3, 3, 301), [1e-300, -1e-12, 1e-8, 0.5, 1.0, 6.0, -6.0]]
)
POSITIVE = np.concatenate([np.geomspace(1e-300, 1e300, 601), np.linspace(0.5, 2, 301), [5e-324, 1e-310]])
CASES = {
    "exp": (WIDE, mpmath.exp),
    "expm1": (WIDE, mpmath.expm1),
    "tanh": (WIDE, mpmath.tanh),
    "erf": (WIDE, mpmath.erf),
    "logistic": (WIDE, lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": (WIDE, lambda x: mpmath.log1p(mpmath.exp(x))),
    "log": (POSITIVE, mpmath.log),
}


@njit
def every(x, out):
    for j in range(len(x)):
        z = x[j]
        out[0, j], out[1, j], out[2, j], out[3, j] = exp(z), expm1(z), tanh(z), erf(z)
        out[4, j], out[5, j], out[6, j] = logistic(z), softplus(z), log(z)


def compiled(name, x):
    out = np.empty((len(CASES), len(x)))
    every(np.asarray(x, dtype=float), out)
    return out[list(CASES).index(name)]


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    """To a few units in the last place."""
    x, exact = CASES[name]
    with mpmath.workdps(40):
        expected = np.array([float(exact(mpmath.mpf(float(u)))) for u in x])
    np.testing.assert_allclose(compiled(name, x), expected, rtol=2e-15, atol=0)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [-800.0, 800.0, np.inf, -np.inf, np.nan], [0.0, np.inf, np.inf, 0.0, np.nan]),
        ("log", [0.0, -1.0, np.inf, np.nan], [-np.inf, np.nan, np.inf, np.nan]),
        ("tanh", [-1e300, np.inf, np.nan, 0.0], [-1.0, 1.0, np.nan, 0.0]),
        ("erf", [-1e300, np.inf, np.nan, 0.0], [-1.0, 1.0, np.nan, 0.0]),
        ("logistic", [-1e5, 1e5, np.nan], [math.exp(-708), 1.0, np.nan]),
    ],
)
def test_the_ends(name, x, expected):
    np.testing.assert_allclose(compiled(name, x), expected, rtol=1e-13, atol=0)


# -- which functions have machine code, special functions without it, and how machine code is named on disk


TRANSLATED = "sin cos tan tanh sinh cosh atan asinh erf erfc exp log sqrt asin acos atanh acosh"


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


def test_functions_of_the_language_are_translated():
    for name in TRANSLATED.split():
        assert "(z)" in Printer().doprint(activation(f"{name}(z)").pieces[0].expr)


@pytest.mark.parametrize("name", ["LambertW", "gamma", "loggamma"])
def test_special_functions_are_left_to_scipy(name):
    with pytest.raises(NoMachineCode):
        Printer().doprint(activation(f"{name}(z)").pieces[0].expr)


FOLDER = Path(kernels.__file__).parent


@pytest.mark.parametrize("name", ["vector_code", "atom_formulas", "kernels"])
def test_an_edit_of_a_source_gives_another_version(name, tmp_path):
    for path in FOLDER.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = version_of(tmp_path)
    assert before == version_of(FOLDER)
    with (tmp_path / f"{name}.py").open("a") as file:
        file.write("# another line")
    assert version_of(tmp_path) != before


def test_kernels_are_named_after_what_they_call(tmp_path, monkeypatch):
    def text():
        return kernels.kernel_text(formulas_of(model("softmax")), ("free",))

    before = text()
    assert text() == before
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "kernels.py"))
    assert text() != before
