"""Curves that reach bounds: their orders, which the density confirms in many digits, and theorems that they meet."""

from fractions import Fraction

import pytest
import sympy as sp

from temperance.measurements.contact_orders import family
from temperance.numerics.contact.by_minimisation import measure
from temperance.theory.contact.contact_curves import Q, certificates, quadrature, reached
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import covariates
from tests.tables import tables
from tests.theory.contact.settings import known


def found(gate, expert, size, split, dim=1):
    return known(gate, expert, size=size, split=split, dim=dim)


@pytest.mark.parametrize(("setting", "exact"), tables(__file__)["EXACT"])
def test_orders_that_a_theorem_and_a_curve_know_exactly(setting, exact):
    rows = found(*setting).orders
    assert {o.parameter: o.upper for o in rows if o.parameter in exact and o.exact} == {
        n: Fraction(r) for n, r in exact.items()
    }
    assert all(o.lower <= o.upper for o in rows if o.lower)


def test_a_curve_on_a_line_is_one_in_every_dimension():
    exact = {o.parameter: o.upper for o in found("softmax", "polynomial:2", 3, "one", dim=2).orders if o.exact}
    assert {exact[f"mean a_{i}_{j}"] for i, j in ((1, 1), (1, 2), (2, 2))} == {Fraction(8, 7)}


def test_the_gaussian_gate_of_three_atoms_in_dimension_2():
    """c is sharp at 3 by a triangle, Gamma and a at 2; the means of a and b lie between a curve and a bound."""
    rows = {o.parameter: o for o in found("gaussian", "gaussian", 3, "one", dim=2).orders}
    exact = {"c_1": 3, "c_2": 3, "Gamma": 2, "a_1": 2, "a_2": 2, "mean Gamma": Fraction(3, 2)}
    assert {name: rows[name].upper for name in exact if rows[name].exact} == exact
    assert (rows["mean a_1"].lower, rows["mean a_1"].upper) == (Fraction(3, 2), 2)
    assert (rows["mean b"].lower, rows["mean b"].upper) == (1, Fraction(6, 5))


def test_orders_that_theorems_bound_without_a_curve():
    rows = {o.parameter: o.upper for o in found("gaussian", "polynomial:2", 3, "one").orders}
    assert (rows["a_2"], rows["mean a_2"], rows["mean c"]) == (2, 2, 1)
    rows = {o.parameter: o.upper for o in found("quadratic", "gaussian", 3, "one", dim=2).orders}
    assert (rows["a_1"], rows["mean beta1_1/tau"]) == (3, 1)


@pytest.mark.parametrize(
    ("gate", "expert", "positive", "least"),
    [
        ("log(cosh(w*x))/tau + c*x", "gaussian", (), {"b": "4", "c": "2", "mean a": "4/3"}),  # cosh is positive
        ("-abs(x - c)/s", "gaussian", ("s",), {"c": "3/2", "s": "2"}),  # s does not move the kink
        ("-g*x**2/tau + h*x", "a*tanh(x) + b", ("g",), {"g": "2", "h": "4", "mean g": "2"}),  # no a*x is needed
    ],
)
def test_curves_of_gates_of_no_table(gate, expert, positive, least):
    spec = model(gate, expert, positive=positive)
    best = reached(certificates(order_setting(spec.gate, spec.expert)))
    assert {name: best[name] for name in least} == {name: Fraction(r) for name, r in least.items()}


LEAST = [  # of softmax gates with every cell split, and of models that no paper has
    ("softmax", "polynomial:2", "a_2", {"split": "all"}, {"mean": True}),
    ("softmax", "nonlinear:tanh", "a", {"split": "all"}, {}),
    *(("beta1*x**3/tau + beta2*x", "a*x + b", name, {}, {}) for name in ("beta1", "b")),
    *(("kappa*cos(x - c)/tau", "tanh(a*x + b)", name, {}, {}) for name in ("kappa", "c", "b")),
    *(("w*log(1 + (x - c)**2)/tau", "a*x + b", name, {}, {}) for name in ("w", "a")),
    *(("w*max(x - c, 0)/tau", "a1*x + a2*x**2 + b", name, {}, {"levels": (5, 6, 7)}) for name in ("w", "c", "a1")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("gate", "expert", "name", "cells", "how"), LEAST)
def test_the_least_distances_have_the_orders_that_are_proved(gate, expert, name, cells, how):
    """Minimised over all other parameters, which knows nothing of the proofs."""
    mean = how.get("mean", False)
    (proved,) = (o for o in known(gate, expert, **cells).orders if (o.name, o.is_mean, o.flat) == (name, mean, False))
    assert proved.exact
    found = measure(family(order_setting(gate, expert, **cells)), name, **how)
    assert found.order == pytest.approx(float(proved.upper), abs=0.1)


def test_quadratures_have_the_moments_of_their_laws():
    nodes, share = quadrature(3)
    assert sp.expand(nodes - Q * (Q**2 - 3)) == 0
    assert [share.subs(Q, q) for q in (0, sp.sqrt(3), -sp.sqrt(3))] == [sp.Rational(2, 3), *[sp.Rational(1, 6)] * 2]
    skewed, _ = quadrature(2, 1)
    assert sp.expand(skewed - (Q**2 - Q - 1)) == 0


def test_log_quotients_of_parabolas_vanish_on_the_diagonal_alone():
    """The two eliminations in the proof of the order 9/4."""
    (x,), names = covariates(1), sp.symbols("u1 u2 w1 w2 z T")
    u1, u2, w1, w2, z, t = names
    first, second = (sp.Poly(_logarithm(a * x + b * x**2, x, 6), x) for a, b in ((u1, u2), (w1, w2)))
    logs = {n: (first - second).coeff_monomial(x**n) for n in range(3, 7)}
    for gap in (u1 - w1, u2 - w2):
        assert sp.groebner([*logs.values(), 1 - t * gap], *names[:4], t, order="grevlex").exprs == [1]
    big, small, q = 1 + u1 * x + u2 * x**2, 1 + w1 * x + w2 * x**2, ((1 + z) / 2, (1 - z) / 2)
    right = (q[0] - z / 3) * big + (q[1] + z / 3) * small
    cubic = sp.Poly(sp.expand(big * small * (q[0] * big + q[1] * small) - right), x)
    system = [cubic.coeff_monomial(x), cubic.coeff_monomial(x**2), logs[3], logs[4]]
    assert sp.groebner([e.subs({u1: 1, w1: 0}) for e in system], u2, w2, z).exprs == [1]
    last = sp.Poly(sp.groebner([e.subs(w1, 1) for e in system], u2, w2, u1, z).exprs[-1], z)
    assert sp.count_roots(last, -1, 1) == 0
    left = sp.groebner([e.subs({u1: 0, w1: 0}) for e in system], u2, w2, z)
    assert left.contains(z * w2**2)
    assert left.contains(w2 * (u2 + w2))


def _logarithm(e, x, degree):
    return sp.expand(sum((-1) ** (n + 1) * e**n / n for n in range(1, degree + 1)))


@pytest.mark.parametrize("split", ["one", "all"])
@pytest.mark.parametrize(
    ("gate", "point"),
    [("linear", {"beta1": "log(2)", "tau": "1/3"}), ("softmax", {"beta1": "sqrt(2)"}), ("gaussian", {"c": "log(2)"})],
)
def test_curves_at_irrational_points_hold_there(gate, point, split):
    found = certificates(order_setting(gate, split=split, point=point))
    assert reached(found)["b"] == 4
    (name,) = (p for p in point if p != "tau")
    assert {c["place"]["points"][0][name] for c in found} == {point[name]}
