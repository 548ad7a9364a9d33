"""The expression language: what it means, and what it refuses in one line."""

import pytest
import sympy as sp

from temperance.theory.activations.activation import Z, activation, reread
from tests.tables import tables

MEANINGS = tables(__file__)["MEANINGS"]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_meaning(text, meaning):
    assert activation(text).expression == activation(meaning).expression == meaning


REFUSED = [
    "", "z +", "1/0", "log(0)*z", "sqrt(-1 - z**2)", "nan", "oo", "I*z", "tau*z", "x*z", "y", "z.real", "z[0]",
    "__import__('os')", "().__class__", "z.__class__", "a__b*z", "'z'", "1j*z", "True", "None", "z if z else 1",
    "lambda z: z", "[z]", "z == 1", "z // 2", "z % 2", "z @ z", "~z", "not z", "z and z", "foo(z)", "tanh*z",
    "gelu*2", "a + b", "exp/z", "where(z, 1, 2)", "where(z > 0, 1)", "where(0 < z < 1, 1, 2)", "sin(z, z)", "sin()",
    "sin(z=1)",
    "sin(*z)", "max(z)", "9**9**9", "2**1001", "z**1001", "1e100*z", "1e-100*z", "0xff*z",
    "1" * 41 + "*z", "0." + "1" * 41 + "*z",
    "z**(1/13)", "z**0.123", "pi**pi*z", "sqrt(2)**sqrt(2)*z",
    "(" * 1001 + "z" + ")" * 1001, "z" + "+z" * 3000, "gamma(10**9)",
    "0**(-1 - z**2) + z", "0**abs(z)", "max(z, 0)**z",
    "z\x00", "é*z", "0777", "elu(z, 1, 2)", "(z := 1)", "f'{z}'", "z is z", "exp(z", "*", "2z", "z#tanh(z)", "z # z",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refused_in_one_line(text):
    with pytest.raises(ValueError) as refusal:
        activation(text)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 700


def test_long_chains_are_no_deep_nests():
    assert activation("+".join(["z"] * 200)).expression == "200*z"


def test_sympy_expressions_are_accepted():
    z = sp.Symbol("z")
    assert activation(sp.Piecewise((z, z > 0), (0, True))).expression == "where(z < 0, 0, z)"
    assert activation(sp.Max(z, 0) * sp.exp(z)).expression == "where(z < 0, 0, z*exp(z))"
    assert activation(sp.tanh(Z)).expression == "tanh(z)"


def test_parameters_take_values():
    source = activation("elu(z, alpha)")
    assert [p.name for p in source.parameters] == ["alpha"]
    assert source.at(alpha=0).expression == "where(z < 0, 0, z)"
    with pytest.raises(ValueError, match="no parameter 'beta'"):
        source.at(beta=1)


def test_a_wrong_type_is_named():
    with pytest.raises(ValueError, match="not int"):
        activation(3)


def test_what_is_written_reads_back_whatever_its_numbers():
    selu = activation("selu")
    assert reread(selu.expression).pieces == selu.pieces


@pytest.mark.parametrize(
    ("text", "interval"),
    [("log(-1 - z**2)", "no interval"), ("sqrt(sin(z) + cos(z) - 2)", "no interval that was found")],
)
def test_an_empty_domain_is_told_from_one_that_was_not_found(text, interval):
    with pytest.raises(ValueError, match=f"is real and finite on {interval}; accepted"):
        activation(text)
