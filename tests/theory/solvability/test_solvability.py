"""The solvability order: exact solutions below it, the derivation above it, and independent oracles."""

import math
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.theory.solvability import gauss_hermite
from temperance.theory.solvability import system as equations
from temperance.theory.solvability.solvability import solvability

SIZES = [2, 3, 4, 5, 6]


@pytest.mark.parametrize("m", SIZES)
def test_order_is_2m_and_every_check_comes_out(m):
    found = solvability(m)
    assert found.order == 2 * m
    assert found.proved
    assert all(step.holds for step in (*found.steps, *found.softmax))
    assert found.below.coefficients[1 : 2 * m] == (0,) * (2 * m - 1)
    assert found.below.residual == -sp.factorial(m) / sp.factorial(2 * m)


@pytest.mark.parametrize("m", SIZES)
def test_nodes_and_weights_are_those_of_numpy(m):
    found = gauss_hermite.gauss_hermite(m)
    nodes, weights = np.polynomial.hermite_e.hermegauss(m)
    weight = sp.lambdify(sp.Symbol("x"), found.weight)
    assert np.allclose([sp.N(found.nodes.subs("x", x)) for x in nodes], 0, atol=1e-11)
    assert np.allclose([weight(x) for x in nodes], weights / math.sqrt(2 * math.pi), rtol=1e-12)


@pytest.mark.parametrize("m", [2, 3])
def test_the_solution_solves_the_system_as_written(m):
    found = gauss_hermite.gauss_hermite(m)
    values = {}
    for (p, q1, q2), x in zip(equations.unknowns(m), sp.roots(found.nodes), strict=True):
        values |= {p: sp.sqrt(sp.nsimplify(found.weight.subs("x", x))), q1: x, q2: -sp.Rational(1, 2)}
    left = [sp.simplify(e.subs(values)) for e in equations.system(m, 2 * m)]
    assert left == [0] * (2 * m - 1) + [-sp.factorial(m) / sp.factorial(2 * m)]


@pytest.mark.parametrize(("m", "r"), [(1, 3), (2, 4), (3, 6)])
def test_the_system_is_the_series_of_its_generating_function(m, r):
    t = sp.Symbol("t")
    series = sum(
        p**2 * sp.series(sp.exp(q1 * t + q2 * t**2), t, 0, r + 1).removeO() for p, q1, q2 in equations.unknowns(m)
    )
    coefficients = sp.Poly(sp.expand(series), t).all_coeffs()[::-1]
    assert all(sp.expand(e - c) == 0 for e, c in zip(equations.system(m, r), coefficients[1:], strict=True))


def test_the_four_offset_system_is_the_sum_over_multi_indices():
    """alpha_1 + alpha_2 = l1 and alpha_2 + alpha_3 + 2 alpha_4 = l2, as arXiv 2305.03288 writes it for d = 1."""
    r, atoms = 4, equations.softmax_unknowns(2)
    for (l1, l2), equation in equations.softmax_system(2, r).items():
        terms = [
            p**2 * sp.Mul(*(q**a / sp.factorial(a) for q, a in zip(offsets, alpha, strict=True)))
            for p, *offsets in atoms
            for alpha in product(range(r + 1), repeat=4)
            if alpha[0] + alpha[1] == l1 and alpha[1] + alpha[2] + 2 * alpha[3] == l2
        ]
        assert sp.expand(equation - sp.Add(*terms)) == 0


def test_below_order_four_the_softmax_system_leaves_a_free():
    """The bound r >= 4 on the a offsets is needed: (2, 2) is not among the equations at r = 3."""
    at = {}
    for a, (p, q1, q2, q3, q4) in zip((1, -1), equations.softmax_unknowns(2), strict=True):
        at |= {p: 1, q1: 0, q2: a, q3: 0, q4: 0}
    values = {key: e.subs(at) for key, e in equations.softmax_system(2, 4).items()}
    assert {key for key, v in values.items() if v != 0} == {(2, 2)}


@given(
    weight=st.fractions(min_value=sp.Rational(1, 50), max_value=50, max_denominator=50),
    scale=st.fractions(min_value=-3, max_value=3, max_denominator=20).filter(bool),
)
@settings(derandomize=True, deadline=None, max_examples=25)
def test_two_atoms_that_solve_three_equations_fail_the_fourth(weight, scale):
    """theory.md 2.6: q1_2 = 1 leaves E_4/p_1^2 = -w (w + 1) (w^2 + w + 1)/36, here at a random weight and scale."""
    (p1, a1, c1), (p2, a2, c2) = equations.unknowns(2)
    w, s = sp.Rational(weight.numerator, weight.denominator), sp.Rational(scale.numerator, scale.denominator)
    at = {p1: 1, p2: sp.sqrt(w), a1: -w * s, a2: s}
    (solved,) = sp.solve([e.subs(at) for e in equations.system(2, 3)[1:]], [c1, c2], dict=True)
    assert equations.system(2, 1)[0].subs(at) == 0
    last = sp.simplify(equations.system(2, 4)[3].subs(at).subs(solved))
    assert last == -(s**4) * w * (w + 1) * (w**2 + w + 1) / 36


@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_citation_is_named_where_the_proof_rests_on_it(m):
    found = solvability(m)
    assert found.cited == ("Kalai, Moitra, Valiant 2010, Proposition 7",)


def test_one_atom():
    found = solvability(1)
    assert (found.order, found.proved, found.below) == (1, True, None)


@pytest.mark.parametrize("m", [0, -2, 1.5, True, "2"])
def test_bad_sizes_are_refused(m):
    with pytest.raises(ValueError, match="integer >= 1"):
        solvability(m)


def test_a_wrong_solution_is_not_verified():
    """The check of the weights is about E_0 = 1, not only about zeros."""
    good = gauss_hermite.gauss_hermite(3)
    power_sums = gauss_hermite._power_sums(sp.Poly(sp.hermite_prob(3, sp.Symbol("x"))))
    assert [int(s) for s in power_sums] == [3, 0, 6]
    doubled = sp.Poly(2 * good.weight, sp.Symbol("x"))
    assert gauss_hermite._sum_over_roots(doubled, power_sums) == 2
