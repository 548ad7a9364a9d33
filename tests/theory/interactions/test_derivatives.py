"""Derivatives of an atom divided by the atom, against SymPy's own differentiation."""

from itertools import product
from math import comb

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.theory.interactions.derivatives import RESIDUAL, DerivativeFamily, divides, multi_indices, raised
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, covariates

CASES = [
    ("linear", "gaussian", 1),
    ("linear", "gaussian", 2),
    ("generic", "gaussian", 1),
    pytest.param("gaussian-full", "gaussian", 2, marks=pytest.mark.slow),
    ("sigmoid", "gaussian", 1),
    ("cosine", "gaussian", 2),
    pytest.param("cosine-perturbed", "constant", 2, marks=pytest.mark.slow),
    ("laplace", "gaussian", 1),
    ("laplace", "constant", 2),
    ("softmax", "nonlinear", 1),
    ("softmax", "multinomial:2", 1),
]


@given(st.integers(1, 6), st.integers(0, 5))
@settings(derandomize=True, deadline=None)
def test_multi_indices_are_all_distinct(size, degree):
    found = list(multi_indices(size, degree))
    assert len(found) == len(set(found)) == comb(size + degree - 1, degree)
    assert all(sum(alpha) == degree and len(alpha) == size for alpha in found)


def test_divisibility_is_entrywise():
    assert divides((1, 0, 2), (1, 3, 2))
    assert not divides((1, 0, 2), (3, 3, 1))
    assert raised((1, 0), 1) == (1, 1)


@pytest.mark.parametrize(("gate", "expert", "dim"), CASES)
def test_quotients_are_those_of_plain_differentiation(gate, expert, dim):
    spec = model(gate, expert, dim=dim)
    family = DerivativeFamily(spec, 2)
    point = {p: sp.Rational(k + 3, k + 2) for k, p in enumerate(spec.parameters)}
    point |= {x: sp.Rational(5, 2 * k + 7) for k, x in enumerate(covariates(dim))} | {Y: sp.Rational(9, 7)}
    for branch, log_atom in enumerate(spec.branches):
        for alpha in [a for degree in (1, 2) for a in multi_indices(len(spec.parameters), degree)]:
            steps = [(p, e) for p, e in zip(spec.parameters, alpha, strict=True) if e]
            plain = _no_jets(sp.exp(log_atom).diff(*steps)).subs(point) / _no_jets(sp.exp(log_atom)).subs(point)
            found = _no_jets(family.quotient(alpha, branch).subs(RESIDUAL, _residual(family, log_atom))).subs(point)
            assert abs(sp.N(plain - found, 30)) < 1e-20, alpha


def _residual(family, log_atom):
    """y minus the mean, read off the derivative of the log density in y."""
    nu = [p for p in family.spec.parameters if p.name == "nu"]
    return -sp.diff(log_atom, Y) * nu[0] if nu else Y


def _no_jets(expr):
    w = sp.Symbol("w")
    from temperance.theory.models.spec import Jet

    def concrete(name, m, z):
        return sp.diff(sp.sin(w) + w**3, w, int(m)).subs(w, z)

    return expr.replace(Jet, concrete).doit()


def test_the_recursion_does_not_depend_on_the_path():
    family = DerivativeFamily(model("sigmoid"), 3)
    for i, j in product(range(family.size), repeat=2):
        zero = (0,) * family.size
        assert _differentiated(family, raised(zero, i), j) == _differentiated(family, raised(zero, j), i)


def _differentiated(family, alpha, i):
    field, below = family.field, family.fraction(alpha)
    return field.derivative(below, i) + family.atom.gradients[0][i] * below


def test_annihilates_tells_true_from_false():
    family = DerivativeFamily(model("linear"), 2)
    one, minus_two, minus_three = (family.field.fraction_of(sp.Integer(n)) for n in (1, -2, -3))
    heat = {(0, 0, 0, 2, 0): one, (0, 0, 0, 0, 1): minus_two}
    assert family.annihilates(heat)
    assert not family.annihilates(heat | {(0, 0, 0, 0, 1): minus_three})
