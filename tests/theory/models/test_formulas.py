"""Gates and experts as formulas: what is read, what is added, and what is refused."""

import mpmath
import pytest
import sympy as sp

from temperance.theory.models import gates
from temperance.theory.models.by_name import expert_from, gate_from, model
from temperance.theory.models.experts import mean_of
from temperance.theory.models.form import named
from temperance.theory.models.spec import BETA0, NU, TAU, covariates, weight_parameters
from temperance.theory.symmetries.traits import understood

X = covariates(1)[0]
D2 = "(G1*G3 - G2**2)"

NAMED = {  # the fourteen gates as formulas
    ("linear", 1): ("w*x/tau", {}),
    ("linear", 2): ("w @ x/tau", {}),
    ("softmax", 2): ("w1*x1 + w2*x2", {}),
    ("activation", 1): ("tanh(beta1*x)/tau + m/tau", {}),
    ("activation", 2): ("relu6(beta1 @ x)/tau", {}),
    ("activation-bias", 1): ("tanh(beta1*x + c)/tau", {}),
    ("quadratic", 1): ("(A*x**2 + beta1*x + beta0)/tau", {}),
    ("quadratic", 2): ("(A1*x1**2 + 2*A2*x1*x2 + A3*x2**2 + beta1 @ x)/tau", {}),
    ("gaussian", 2): ("log(p) - norm(x - c)**2/(2*Gamma) - log(2*pi*Gamma)", {"positive": ["p"]}),
    ("gaussian-full", 2): (
        f"log(p) - (G3*(x1 - c1)**2 - 2*G2*(x1 - c1)*(x2 - c2) + G1*(x2 - c2)**2)/(2*{D2}) - log(2*pi) - log{D2}/2",
        {"positive": ["p"]},
    ),
    ("sigmoid", 1): ("-log(1 + exp(-(beta1*x + w)/tau))", {"bias": False}),
    ("sigmoid-tau-1", 2): ("-log(1 + exp(-(beta1 @ x + w)))", {"bias": False}),
    ("sigmoid-euclidean", 1): ("-log(1 + exp((abs(beta1 - x) - w)/tau))", {"bias": False}),
    ("sigmoid-euclidean", 2): ("-log(1 + exp((norm(beta1 - x) - w)/tau))", {"bias": False}),
    ("cosine", 2): ("beta1 @ x/(norm(beta1)*norm(x))/tau + b0", {}),
    ("cosine-perturbed", 2): ("beta1 @ x/((norm(beta1) + 1)*(norm(x) + 1)*tau) + b0", {}),
    ("laplace", 1): ("-abs(x - beta1)/tau + beta0", {}),
    ("laplace", 2): ("-norm(x - beta1)/tau + beta0", {}),
}


@pytest.mark.parametrize(("name", "dim"), NAMED)
def test_a_formula_of_a_gate_of_the_table_has_its_name(name, dim):
    text, options = NAMED[name, dim]
    assert named(gate_from(text, dim, **options), dim) == name


def test_every_gate_has_its_formula_here():
    assert {name for name, _ in NAMED} == {*gates.names()} - {"generic"}  # whose function is free


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
    formula = gate_from(text).log_weight
    with mpmath.workdps(30):
        x, a, b, c, tau = (mpmath.mpf(at[n]) for n in ("x", "a", "b", "c", "tau"))
        z = a * x + b
        expected = z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2 / tau
        expected += -(max(abs(x - c), b * x, 1) ** 3) / 5 + (1 if x >= c else mpmath.erf(a * x))
        value = formula.subs({s: sp.Rational(at[s.name]) for s in formula.free_symbols})
        assert abs(mpmath.mpf(str(sp.N(value, 30))) - expected) < 1e-25


def test_an_expert_is_the_mean_with_the_noise_nu():
    found = expert_from("c*tanh(a*x + b)")
    c, a, b = sp.symbols("c a b", real=True)
    assert found.parameters == (c, a, b, NU)
    assert sp.expand(mean_of(found) - c * sp.tanh(a * X + b)) == 0


def test_what_was_understood_is_one_line():
    assert str(understood(model("tanh(w*x)/tau + q*x**2", "a*x**2"))) == (
        "gate exp(beta0 + q*x**2 + tanh(w*x)/tau): own w, q; shared tau; held of the last atom: q; weight of an atom: "
        "exp(beta0); expert N(y | a*x**2, nu): own a, nu"
    )
    assert "weight of an atom: none of its own" in str(understood(model("q*x", bias=False)))


WORDS = "accepted: x, or x1 .. xd, or vectors as in beta1 @ x and norm.x - c., parameters"
REFUSED = [
    (
        "sofmax",
        {},
        "unknown gate 'sofmax'; did you mean softmax. accepted: a name of .* or a formula of x, such as beta1",
    ),
    ("gelu", {}, "unknown gate 'gelu'; .*; the activation 'gelu' goes with --activation"),
    ("w*foo(x)", {}, rf"gate 'w\*foo\(x\)': unknown function 'foo'; {WORDS}.*"),
    ("lambda*x", {}, "'lambda' is a word of Python, .*; accepted: another name, such as lambda1"),
    ("w/x", {}, "a division by 'x', which is 0 at some x"),
    ("w/(1 + c*x)", {}, "a division by 'c.x . 1', which is 0 at some x"),
    ("w + tau", {}, "constant in x"),
    ("w*x3", {"dim": 2}, "x3 is no covariate in dimension 2; accepted: x1 .. x2"),
    ("w*x", {"dim": 2}, "mixes vectors and numbers in dimension 2"),
    ("w*y", {}, "y is the response"),
    ("w*z", {}, "the covariate is called x"),
    ("w*x + v - v", {}, "'v' does not act"),
    ("w*x*(sin(v)**2 + cos(v)**2)", {}, "'v' does not act: simplified, the formula is without it"),
    ("w*x + s*x**2", {"shared": ["s"]}, "'s' does not act: it changes all scores alike"),
    ("w*x + a + b", {}, "a and b only scale the weight of an atom; accepted: one"),
    ("w*x + a + log(p)", {"positive": ["p"]}, "two parameters only scale the weight"),
    ("beta0*x", {}, "beta0 is the bias of an atom"),
    ("w*log(x)", {}, "log of 'x' is not real at x = -"),
    ("w*x + log(p)", {}, "--positive NAME"),
    ("w*x**p", {}, "a power p of 'x' is not real"),
    ("w*x^2", {}, r"powers are written \*\*"),
    ("2x*w", {}, r"products are written \*, as in 2\*x"),
    ("w*x**9999", {}, "a power of 9999"),
    ("w*abs(2 + sin(x))", {}, "no point was found with"),
    ("__import__('os')", {}, "not a real number"),
    ("w*x", {"activation": "tanh"}, "written out, as in tanh"),
    ("w*x", {"shared": ["v"]}, "shared: 'v' is no parameter of a formula of the gate"),
    ("w*x", {"positive": ["v"]}, "positive: 'v' is no parameter"),
    ("w*x", {"constants": {"v": 1}}, "constants: 'v' is no parameter"),
    ("w*x", {"constants": {"x": 1}}, "constants: 'x' is no parameter"),
    ("v*w*x", {"constants": {"v": "c + 1"}}, "the constant v is no number: 'c \\+ 1'"),
    ("linear", {"bias": False}, "only a gate that is a formula can do without a bias"),
    ("linear", {"expert": "gausian"}, "unknown expert 'gausian'; .*did you mean gaussian.*a formula of x"),
    ("linear", {"expert": "a*x + nu"}, "a mean is without noise"),
    ("linear", {"expert": "a*x/tau"}, "tau is the temperature of the gate"),
    ("linear", {"expert": "a*x + beta1"}, "parameter 'beta1' is used twice"),
    ("w*x/tau", {"expert": "s*x", "shared": ["s"]}, "shared: 's' is no parameter of a formula of the gate"),
]


@pytest.mark.parametrize(("text", "options", "message"), REFUSED)
def test_what_is_no_formula_is_refused_in_one_line(text, options, message):
    with pytest.raises(ValueError, match=f"^[^\n]*{message}[^\n]*$"):
        model(text, **options)


@pytest.mark.parametrize("text", ["where(x > c, w*x, 0)/tau", "sign(x - c)*w", "w*x**2/tau + where(x > c, m, 0)"])
def test_the_place_of_a_jump_is_no_weight_of_an_atom(text):
    """Its derivative is 0 wherever it is defined, and yet it does not scale the weight."""
    spec = model(text)
    assert weight_parameters(spec) == ()
    assert spec.gate.offset is not None
