"""Which functions have machine code, special functions without it, and how machine code is named on disk."""

from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp

from temperance.numerics.mixture import kernels
from temperance.numerics.mixture.activation_numpy import compile_activation, stable_jets
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.written_code import NoMachineCode, Printer, version_of
from temperance.theory.activations.activation import Z, activation
from temperance.theory.models.by_name import model

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


@pytest.mark.parametrize("name", ["vector_code", "kernel_sums", "kernels"])
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
        return kernels.kernel_text(formulas_of(model("softmax")), 1, 1)

    before = text()
    assert text() == before
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "kernels.py"))
    assert text() != before
