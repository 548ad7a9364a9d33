"""Derivatives of an atom divided by the atom, against SymPy's own differentiation."""

import pytest
import sympy as sp

from temperance.theory.interactions.derivatives import RESIDUAL, DerivativeFamily, multi_indices
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, covariates

CASES = [
    ("linear", "gaussian", 1),
    ("generic", "gaussian", 1),
    ("sigmoid", "gaussian", 1),
    ("cosine", "gaussian", 2),
    ("laplace", "gaussian", 1),
    ("softmax", "nonlinear", 1),
    ("softmax", "multinomial:2", 1),
]


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


def test_annihilates_tells_true_from_false():
    family = DerivativeFamily(model("linear"), 2)
    one, minus_two, minus_three = (family.field.fraction_of(sp.Integer(n)) for n in (1, -2, -3))
    heat = {(0, 0, 0, 2, 0): one, (0, 0, 0, 0, 1): minus_two}
    assert family.annihilates(heat)
    assert not family.annihilates(heat | {(0, 0, 0, 0, 1): minus_three})
