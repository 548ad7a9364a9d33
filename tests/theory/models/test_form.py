"""What the formula of a gate is, whatever its parameters are called, and in whatever order they are given."""

from dataclasses import replace

import pytest
import sympy as sp

from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.form import activated, intercept, named, natural, recognised, renaming
from temperance.theory.models.gates import gate, gaussian, names
from temperance.theory.models.spec import BETA0, TAU, Gate, covariates

(X,) = covariates(1)
B, C, K = sp.symbols("p q kappa", real=True)
G = sp.Symbol("s", positive=True)
SOURCES = {"activation": "tanh", "activation-bias": "sigmoid"}
OF_ONE_LINE = {"linear", "softmax", "activation", "activation-bias", "sigmoid-tau-1"}
NATURAL = {"linear", "softmax", "quadratic", "gaussian", "gaussian-full", "cosine-perturbed"}


def renamed(made, order=reversed):
    """The same gate with other letters, its own parameters in another order, and without what stands beside it."""
    new = {p: sp.Symbol(f"v{i}", **p.assumptions0) for i, p in enumerate(made.parameters)}
    own, shared = [new[p] for p in order(made.own)], [new[p] for p in made.shared]
    offset = None if made.offset is None else made.offset.xreplace(new)
    return Gate("mine", made.log_weight.xreplace(new), (*own, *shared), tuple(shared), offset), new


CASES = [(name, d) for name in names() for d in (1, 2) if d == 2 or not name.startswith("cosine")]


@pytest.mark.parametrize(("name", "dim"), CASES)
def test_a_gate_is_found_by_its_formula(name, dim):
    made = gate(name, dim, SOURCES.get(name))
    other, new = renamed(made)
    assert (named(made, dim), named(other, dim)) == (name, name)
    assert (activated(other, dim) is not None) == (name in OF_ONE_LINE)
    assert (natural(other, dim) is not None) == (name in NATURAL)
    found = recognised(other, dim)
    assert dict(found.places) == {new[p]: values for p, values in made.places}
    assert found.activation == made.activation


def test_numbers_decide_the_order_of_parameters_whatever_the_functions():
    """`LambertW` is none of Python's math."""
    score = sp.LambertW(sp.exp(B * X)) / TAU
    gates = [Gate("mine", e, (p, TAU), (TAU,), BETA0 / TAU) for e, p in ((score, B), (score.subs(B, C), C))]
    assert renaming(*gates) == {B: C, TAU: TAU}
    assert renaming(gates[0], Gate("mine", C * X / TAU, (C, TAU), (TAU,), BETA0 / TAU)) is None


def test_a_formula_is_found_however_it_is_written():
    typed = sp.log(K**2 + 1) - (X - C) ** 2 / (2 * G) - sp.log(G) / 2
    assert named(Gate("mine", typed, (C, K, G), (), None), 1) is None  # another weight than pi
    weight = sp.Symbol("w", positive=True)
    typed = sp.log(weight * sp.exp(-(X**2 - 2 * C * X + C**2) / (2 * G)) / sp.sqrt(G))
    assert named(Gate("mine", typed, (G, C, weight), (), None), 1) == "gaussian"


@pytest.mark.parametrize(
    ("log_weight", "own"),
    [
        (B * X / TAU + X, (B,)),  # the linear gate up to a function of x that all atoms share
        (B * X**3 / TAU, (B,)),
        (B * X / TAU**2, (B,)),
        (B * X**2 / TAU + C * X, (B, C)),
        (K * sp.cos(X - C) / TAU, (K, C)),
        (-((X - C) ** 2) / (2 * TAU), (C,)),
        (sp.tanh(B * X) / TAU + C * X, (B, C)),
        (sp.tanh(B * X + C) / TAU**2, (B, C)),
    ],
)
def test_near_misses_have_no_name(log_weight, own):
    assert named(Gate("mine", log_weight, (*own, TAU), (TAU,), BETA0 / TAU), 1) is None


def test_another_bias_or_other_signs_are_another_gate():
    assert named(Gate("mine", B * X / TAU, (B, TAU), (TAU,), BETA0), 1) is None
    made, _ = renamed(gaussian(1))
    real = {p: sp.Symbol(p.name, real=True) for p in made.parameters}
    free = replace(made, log_weight=made.log_weight.xreplace(real), parameters=tuple(real.values()))
    assert named(free, 1) is None
    assert renaming(free, gaussian(1)) is not None  # near a true point, which has the signs


@pytest.mark.parametrize("source", ["hardtanh", "gelu", "log(abs(z))", "step"])
@pytest.mark.parametrize("dim", [1, 2])
def test_an_activation_is_recognised_from_a_formula(source, dim):
    made = gate("activation", dim, source)
    other, new = renamed(made)
    found = activated(other, dim)
    assert found.s.pieces == made.activation.pieces
    assert (found.direction, found.bias, found.tau) == (tuple(new[p] for p in made.own), None, new[TAU])
    assert named(other, dim) == "activation"


def test_statistics_are_those_that_parameters_tell_apart():
    found = natural(gaussian(2), 2)
    x = covariates(2)
    assert {sp.expand(-2 * e) for e, _ in found} >= {x[0] ** 2 + x[1] ** 2}
    assert len(found) == 3
    assert natural(gate("cosine", 2), 2) is None  # x/|x| has two coordinates, and the direction of beta1 one


@pytest.mark.parametrize(
    ("name", "dim"), [("gaussian", 1), ("polynomial:2", 2), ("nonlinear:tanh", 2), ("constant", 1)]
)
def test_the_intercept_is_told_from_the_mean(name, dim):
    made = expert(name, dim)
    found = intercept(mean_of(made), made.parameters[:-1], dim)
    assert found.name == "b"
    new = {p: sp.Symbol(f"v{i}", real=True) for i, p in enumerate(made.parameters)}
    assert intercept(mean_of(made).xreplace(new), tuple(new.values())[:-1], dim) == new[found]
