"""Relations, ranks and generators against the ground truth, and against numerical differentiation."""

import random
from fractions import Fraction
from functools import cache
from math import comb

import mpmath
import pytest
import sympy as sp

from temperance.theory.interactions.derivatives import RESIDUAL, DerivativeFamily, multi_indices
from temperance.theory.interactions.interactions import add_multiple, derive, groebner_basis
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import GATES
from temperance.theory.models.spec import Expert, Gate, Jet, Y, covariates
from tests.tables import tables

TABLE = {  # (d, r): derivatives, rank, relations of the linear gate
    (1, 1): (6, 5, 1),
    (1, 2): (21, 12, 9),
    (1, 3): (56, 22, 34),
    (2, 2): (36, 22, 14),
    (3, 2): (55, 35, 20),
}

MODELS = [(g, "gaussian", 2 if g.startswith("cosine") or g == "linear" else 1) for g in GATES]
MODELS += [("softmax", e, 1) for e in ("polynomial:2", "nonlinear", "multinomial:3")]


@pytest.mark.parametrize(("case", "expected"), TABLE.items())
def test_linear_gate_has_the_known_ranks(case, expected):
    d, r = case
    found = derive(dim=d, order=r)
    assert (found.derivatives, found.rank, len(found.relations)) == expected
    assert found.rank == sum(comb(i + d - 1, d - 1) * (2 * r - i + 1) for i in range(r + 1))


@pytest.mark.parametrize(("case", "expected"), tables(__file__)["GENERATORS"])
def test_generators_are_those_of_the_literature(case, expected):
    gate, expert, d, r = case
    found = derive(gate, expert, dim=d, order=r)
    assert sorted(g.equation for g in found.generators) == sorted(expected)
    assert found.complete
    assert found.missing == ()


@pytest.mark.parametrize(("gate", "expert", "dim"), MODELS)
def test_every_relation_holds_by_numerical_differentiation(gate, expert, dim):
    """Every printed relation, with derivatives of the density taken numerically at 50 digits."""
    _check_numerically(derive(gate, expert, dim=dim, order=2))


def test_the_numerical_check_can_fail():
    found = derive(order=1)
    c, alpha = found.relations[0].terms[0]
    wrong = type(found.relations[0])(found.spec.parameters, ((2 * c, alpha), *found.relations[0].terms[1:]))
    with pytest.raises(AssertionError):
        _check_relation(found.spec, wrong, 0)


def _check_numerically(found, seeds=(1,)):
    """Every relation on every branch at random rational parameters; on some branch its terms are not all 0."""
    branches = range(len(found.spec.branches))
    for relation in (*found.relations, *found.generators):
        sizes = [_check_relation(found.spec, relation, branch, seed) for branch in branches for seed in seeds]
        assert max(sizes) > 1e-15 or len(relation.terms) == 1


def _check_relation(spec, relation, branch, seed=1):
    """Size of the largest term of the relation, whose sum is checked to be 0 to 30 digits relative to it."""
    with mpmath.workdps(50):
        values, derivative = _numerical_atom(spec, branch, seed)
        terms = [_number(c, spec, values) * derivative(alpha) for c, alpha in relation.terms]
        size = max(map(abs, terms))
        scale = size if len(terms) > 1 else abs(derivative((0,) * len(values)))
        assert abs(mpmath.fsum(terms)) <= mpmath.mpf(10) ** -30 * scale, relation.equation
        return size


def _number(c, spec, values):
    point = {p: sp.Rational(v.numerator, v.denominator) for p, v in zip(spec.parameters, values, strict=True)}
    return mpmath.mpf(sp.N(sp.sympify(c).subs(point), 60))


def concrete(name, m, z):
    """A free function that is one."""
    w = sp.Symbol("w")
    return sp.diff(sp.sin(w) + sp.exp(w / 3) if name.name == "s" else sp.cos(w) + w**2, w, int(m)).subs(w, z)


@cache
def _numerical_atom(spec, branch, seed):
    """A rational point of the parameters and alpha -> D^alpha u there, u evaluated and differentiated numerically."""
    rng = random.Random(seed)
    values = [Fraction(rng.randrange(6, 20), rng.randrange(6, 14)) for _ in spec.parameters]
    place = {x: sp.Rational(577 + 311 * j, 991) for j, x in enumerate(covariates(spec.dim))} | {
        Y: sp.Rational(1613, 997)
    }
    atom = sp.exp(spec.branches[branch].replace(Jet, concrete)).subs(place)
    renamed = {p: sp.Symbol(f"p{k}") for k, p in enumerate(spec.parameters)}  # "pi" is a number to mpmath
    u = sp.lambdify(list(renamed.values()), atom.subs(renamed), "mpmath")
    at = [mpmath.mpf(v.numerator) / v.denominator for v in values]
    known = {}

    def derivative(alpha):
        if alpha not in known:
            known[alpha] = mpmath.diff(u, at, alpha) if any(alpha) else u(*at)
        return known[alpha]

    return values, derivative


@pytest.mark.parametrize(("gate", "expert", "d", "r", "relation"), tables(__file__)["KNOWN"])
def test_relations_of_the_literature_reduce_to_zero(gate, expert, d, r, relation):
    """The normal form of sum c_alpha D^alpha is 0, for {alpha: c_alpha}; with one coefficient changed it is not."""
    basis = groebner_basis(model(gate, expert, dim=d), r)
    assert _normal_form(basis, relation) == {}
    first = next(iter(relation))
    assert _normal_form(basis, relation | {first: f"2*({relation[first]})"}) != {}


def _normal_form(basis, relation):
    names = [p.name for p in basis.family.spec.parameters]
    symbols = {p.name: p for p in basis.family.spec.parameters}
    key, unit = basis.family.key, basis.family.field.unit
    forms = {alpha: {alpha: unit} for alpha in basis.standard}
    for f in basis.relations:
        lead = max(f, key=key)
        forms[lead] = {alpha: -c for alpha, c in f.items() if alpha != lead}
    total = {}
    for derivative, c in relation.items():
        alpha = tuple(derivative.split().count(n) for n in names)
        coefficient = basis.family.field.fraction_of(sp.sympify(c, locals=symbols))
        add_multiple(total, coefficient, forms[alpha])
    return total


def test_a_gate_and_an_expert_of_ones_own():
    """A cubic gate with a temperature and an exponential expert: rate exp(m), no Gaussian in sight."""
    x = covariates(1)[0]
    beta, t, m = sp.symbols("beta t m", real=True)
    gate = Gate("cubic", beta * x**3 / t, (beta, t), (t,))
    found = derive(gate, Expert("exponential", m - Y * sp.exp(m), (m,)), order=2)
    assert "t*u_{t} + beta*u_{beta} = 0" in [g.equation for g in found.generators]
    assert found.complete
    _check_numerically(found)


def test_relations_hold_on_every_piece():
    """ReLU has the temperature relation on both sides of its kink; a leaky one with unequal powers has none."""
    assert [g.order for g in derive("activation", activation="relu", order=1).generators] == [1]
    assert derive("activation", activation="where(z<0, -z**2, z)", order=1).generators == ()


@pytest.mark.parametrize(("s", "orders"), [("gelu", [2]), ("atan(z)", [2, 3])])
def test_ranks_with_error_functions_and_logarithms_are_proved_by_balls(s, orders):
    found = derive("activation", activation=s, order=3)
    assert "nonzero by interval arithmetic" in found.scope
    assert found.complete
    assert [g.order for g in found.generators] == orders


def test_dependent_exponentials_are_not_taken_for_independent():
    """exp(x + m) is exp(m) exp(x): the relation of c and n would be missed if both were free generators."""
    x = covariates(1)[0]
    m, c, n = sp.symbols("m c n", real=True)
    gate = Gate("shifted", c * sp.exp(x + m) + n * sp.exp(x), (c, m, n))
    found = derive(gate, "constant", order=1)
    assert [g.equation for g in found.generators] == ["u_{c} = exp(m)*u_{n}", "u_{m} = c*exp(m)*u_{n}"]


@pytest.mark.parametrize("order", [0, 9, -1, 1.5, True, "2"])
def test_orders_outside_one_to_eight_are_refused(order):
    with pytest.raises(ValueError, match="from 1 to 8"):
        derive(order=order)


def test_pieces_at_other_parameters_are_said_to_be_missing():
    found = derive("activation", activation="where(z > lam, z - lam, where(z < -lam, z + lam, 0))", order=1)
    assert not found.complete
    assert any("other values of its parameters" in text for text in found.missing)


# -- derivatives of an atom divided by the atom, against SymPy's own differentiation


CASES = [
    ("generic", "gaussian", 1),
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
    return expr.replace(Jet, concrete).doit()


def test_annihilates_tells_true_from_false():
    family = DerivativeFamily(model("linear"), 2)
    one, minus_two, minus_three = (family.field.fraction_of(sp.Integer(n)) for n in (1, -2, -3))
    heat = {(0, 0, 0, 2, 0): one, (0, 0, 0, 0, 1): minus_two}
    assert family.annihilates(heat)
    assert not family.annihilates(heat | {(0, 0, 0, 0, 1): minus_three})
