"""Gates, experts and models: validation, branches, and the mixture's density by hand."""

import mpmath
import pytest
import sympy as sp

from temperance.theory.models.by_name import model
from temperance.theory.models.experts import expert
from temperance.theory.models.gates import GATES, gate
from temperance.theory.models.spec import TAU, Expert, Gate, MoESpec, Y, covariates, symbolic_density
from tests.tables import tables

X = covariates(1)[0]
B = sp.Symbol("beta", real=True)

PARAMETERS = tables(__file__)["PARAMETERS"]  # gate: names of its parameters in dimension 2


def test_gates_have_the_parameters_of_the_literature():
    assert {name: " ".join(p.name for p in gate(name, 2).parameters) for name in GATES} == PARAMETERS


@pytest.mark.parametrize(("name", "dim", "names"), tables(__file__)["EXPERTS"])
def test_experts_have_the_parameters_of_the_literature(name, dim, names):
    assert " ".join(p.name for p in expert(name, dim).parameters) == names


def test_every_gaussian_type_density_integrates_to_one():
    for name in ("gaussian", "polynomial:2"):
        e = expert(name, 1)
        density = sp.exp(e.log_density).subs({p: sp.Rational(1, 3) for p in e.parameters} | {X: 2})
        assert sp.integrate(density, (Y, -sp.oo, sp.oo)) == 1


def test_gaussian_gates_integrate_to_their_weight():
    for name in ("gaussian", "gaussian-full"):
        g = gate(name, 1)
        weight = g.parameters[0]
        density = sp.exp(g.log_weight).subs({p: sp.Rational(2, 3) for p in g.parameters if p != weight})
        assert sp.simplify(sp.integrate(density, (X, -sp.oo, sp.oo)) / weight) == 1


def test_branches_are_the_pieces_times_the_outcomes():
    assert len(model("laplace").branches) == 2
    assert len(model("softmax", "multinomial:3").branches) == 3
    assert len(model("laplace", "multinomial:3").branches) == 6
    assert len(model("activation", activation="relu").branches) == 2


def test_density_is_the_softmax_weighted_sum():
    log_density, parameters = symbolic_density(model("linear"), 2)
    assert [p.name for p in parameters] == [
        *("beta1[1]", "beta1[2]", "beta0[1]", "beta0[2]", "tau"),
        *("a[1]", "a[2]", "b[1]", "b[2]", "nu[1]", "nu[2]"),
    ]
    values = [1.5, -0.5, 0.25, 0.0, 0.5, 1.0, -1.0, 2.0, -2.0, 0.25, 0.5]
    got = float(log_density.subs(dict(zip(parameters, values, strict=True)) | {X: 0.7, Y: 1.1}))
    weights = [mpmath.exp((1.5 * 0.7 + 0.25) / 0.5), mpmath.exp((-0.5 * 0.7) / 0.5)]
    normals = [mpmath.npdf(1.1, 0.7 + 2, mpmath.sqrt(0.25)), mpmath.npdf(1.1, -0.7 - 2, mpmath.sqrt(0.5))]
    expected = mpmath.log(sum(w * f for w, f in zip(weights, normals, strict=True)) / sum(weights))
    assert got == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Gate("g", B * X, (B, B)), "used twice"),
        (lambda: Gate("g", B * X, (B, TAU)), "does not depend on its parameter 'tau'"),
        (lambda: Gate("g", B * X * sp.Symbol("c"), (B,)), "declare it"),
        (lambda: Gate("g", B * sp.Symbol("x"), (B,)), r"write x = sp.Symbol\('x', real=True\)"),
        (lambda: Gate("g", B * Y, (B,)), "must not depend on the response"),
        (lambda: Gate("g", B * X * 0.5, (B,)), "not exact"),
        (lambda: Gate("g", B * sp.floor(X), (B,)), "Piecewise"),
        (lambda: Gate("g", B * sp.Abs(2 + sp.sin(X)), (B,)), "no point was found with"),
        (lambda: Gate("g", sp.Symbol("c") * X, (sp.Symbol("c"),)), r"write c = sp.Symbol\('c', real=True\)"),
        (lambda: MoESpec(Expert("e", Y * B, (B,)), expert("gaussian", 1), 1), "gate must be a Gate, not an Expert"),
        (lambda: Gate("g", B * sp.I * X, (B,)), "real and finite"),
        (lambda: Gate("g", sp.Function("s")(B * X), (B,)), "Jet"),
        (lambda: Gate("g", X, (X,)), "names a covariate"),
        (lambda: Gate("g", B * X, (B,), (TAU,)), "among its parameters"),
        (lambda: Gate("g", B * X, ("beta",)), "parameters must be a list, each a SymPy Symbol"),
        (lambda: Expert("e", -B * X, (B,)), "must depend on the response y"),
        (lambda: Expert("e", "y", (B,)), "log_density must be a SymPy Expr"),
        (lambda: MoESpec(Gate("g", B * X, (B,)), Expert("e", B * Y, (B,)), 1), "used twice"),
        (lambda: MoESpec(gate("softmax", 2), expert("gaussian", 1), 1), "not a covariate in dimension 1"),
        (lambda: MoESpec(gate("softmax", 1), expert("gaussian", 1), 0), "from 1 to 200"),
        (lambda: gate("soft", 1), "unknown gate 'soft'; accepted: linear, activation, activation-bias"),
        (lambda: gate("activation", 1), "needs an activation"),
        (lambda: gate("linear", 1, "tanh"), "takes no activation"),
        (lambda: gate("cosine", 1), "dimension 2 or more"),
        (lambda: gate("cosine-perturbed", 1), "dimension 2 or more"),
        (lambda: expert("polynomial:0", 1), "accepted: gaussian"),
        (lambda: expert("multinomial:1", 1), "accepted: gaussian"),
        (lambda: expert("nonlinear:relu", 1), "one formula"),
        (lambda: symbolic_density(model(), 0), "positive integer"),
        (lambda: model(dim=True), "from 1 to 20"),
    ],
)
def test_bad_input_is_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_parameter_of_the_activation_needs_a_name_of_its_own():
    with pytest.raises(ValueError, match="used twice"):
        model("activation", "gaussian", "nu*z")
