"""Gates and experts as formulas: what is read, what is added, and what is refused."""

import mpmath
import pytest
import sympy as sp

from temperance.theory.models import gates
from temperance.theory.models.by_name import gate_from, model
from temperance.theory.models.experts import mean_of
from temperance.theory.models.form import named
from temperance.theory.models.formula_reader import OF_GATES, Formula
from temperance.theory.models.spec import BETA0, NU, TAU, covariates, weight_parameters
from temperance.theory.symmetries.traits import understood
from tests.tables import tables

X = covariates(1)[0]
NAMED = tables(__file__)["NAMED"]  # the fourteen gates as formulas


@pytest.mark.parametrize(("name", "dim", "text", "options"), NAMED)
def test_a_formula_of_a_gate_of_the_table_has_its_name(name, dim, text, options):
    assert named(model(text, dim=dim, **options).gate, dim) == name


def test_every_gate_has_its_formula_here():
    assert {name for name, *_ in NAMED} == {*gates.names()} - {"generic"}  # whose function is free


READ = [  # formula, options: own, shared, offset
    ("kappa*cos(x - c)/tau", {}, "kappa c", "tau", BETA0 / TAU),
    ("beta1*x**3/tau + beta2*x", {}, "beta1 beta2", "tau", BETA0),
    ("beta1*x1 + beta2*x1*x2", {}, "beta1 beta2", "", BETA0),
    ("q*x + m", {}, "q", "", BETA0),
    ("(q*x + m)/tau", {}, "q", "tau", BETA0 / TAU),
    ("(q*x + m)/s", {"shared": ["s"]}, "q", "s", BETA0 / sp.Symbol("s", real=True)),
    ("log(w) + q*x", {"positive": ["w"]}, "w q", "", None),
    ("q*x/tau", {"bias": False}, "q", "tau", None),
    ("k*cos(x - c)", {"constants": {"k": "1/2"}}, "c", "", BETA0),
    ("where(x < c, w*x, w*c)", {}, "c w", "", BETA0),
    ("where(x < m, w*x + m, m)", {}, "m w", "", BETA0),  # m moves a kink, so it is no bias
]


@pytest.mark.parametrize(("text", "options", "own", "shared", "offset"), READ)
def test_parameters_come_in_the_order_of_the_formula_with_its_bias(text, options, own, shared, offset):
    found = model(text, **options).gate
    assert (" ".join(p.name for p in found.own), " ".join(p.name for p in found.shared)) == (own, shared)
    assert (found.name, found.offset) == (text, offset)


def test_the_dimension_is_the_least_or_the_one_that_is_given():
    assert model("beta1*x1 + beta2*x3", "a*x2").dim == 3
    assert [p.name for p in model("kappa*(beta1 @ x)", "a @ x + b", dim=2).parameters] == [
        *("kappa", "beta1_1", "beta1_2", "a_1", "a_2", "b", "nu"),
    ]
    assert model("beta1 @ x").gate.log_weight == model("softmax").gate.log_weight


def test_a_formula_is_evaluated_as_it_is_written():
    at = {"x": "0.7", "a": "-1.3", "b": "0.4", "c": "1.9", "tau": "0.6"}
    text = "gelu(a*x + b)/tau - max(abs(x - c), b*x, 1)**3*2e-1 + where(x >= c, 1, erf(a*x))"
    formula = gate_from(Formula(text, OF_GATES)).log_weight
    with mpmath.workdps(30):
        x, a, b, c, tau = (mpmath.mpf(at[n]) for n in ("x", "a", "b", "c", "tau"))
        z = a * x + b
        expected = z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2 / tau
        expected += -(max(abs(x - c), b * x, 1) ** 3) / 5 + (1 if x >= c else mpmath.erf(a * x))
        value = formula.subs({s: sp.Rational(at[s.name]) for s in formula.free_symbols})
        assert abs(mpmath.mpf(str(sp.N(value, 30))) - expected) < 1e-25


def test_an_expert_is_the_mean_with_the_noise_nu():
    found = model(expert="c*tanh(a*x + b)").expert
    c, a, b = sp.symbols("c a b", real=True)
    assert found.parameters == (c, a, b, NU)
    assert sp.expand(mean_of(found) - c * sp.tanh(a * X + b)) == 0


def test_what_was_understood_is_one_line():
    assert str(understood(model("tanh(w*x)/tau + q*x**2", "a*x**2"))) == (
        "gate exp(beta0 + q*x**2 + tanh(w*x)/tau): own w, q; shared tau; held of the last atom: q; weight of an atom: "
        "exp(beta0); expert N(y | a*x**2, nu): own a, nu"
    )
    assert "weight of an atom: none of its own" in str(understood(model("q*x", bias=False)))


@pytest.mark.parametrize(("text", "options", "message"), tables(__file__)["REFUSED"])
def test_what_is_no_formula_is_refused_in_one_line(text, options, message):
    with pytest.raises(ValueError, match=f"^[^\n]*{message}[^\n]*$"):
        model(text, **options)


@pytest.mark.parametrize("text", ["where(x > c, w*x, 0)/tau", "sign(x - c)*w", "w*x**2/tau + where(x > c, m, 0)"])
def test_the_place_of_a_jump_is_no_weight_of_an_atom(text):
    """Its derivative is 0 wherever it is defined, and yet it does not scale the weight."""
    spec = model(text)
    assert weight_parameters(spec) == ()
    assert spec.gate.offset is not None
