"""The solvability order: exact solutions below it, the derivation above it, and independent oracles."""

import math

import numpy as np
import pytest
import sympy as sp

from temperance.claims import c07_c08_c11_cells as cells
from temperance.claims.c07_c08_c11_cells import coefficient, gauss_hermite, solution, solved, sum_over_roots
from temperance.theory.rates.overspecified import order

SIZES = [2, 3, 5]


def unknowns(m: int) -> tuple[tuple[sp.Symbol, sp.Symbol, sp.Symbol], ...]:
    """(p_l, q1_l, q2_l) for l = 1..m, real."""
    return tuple(
        (sp.Symbol(f"p_{i}", real=True), sp.Symbol(f"q1_{i}", real=True), sp.Symbol(f"q2_{i}", real=True))
        for i in range(1, m + 1)
    )


def system(m: int, r: int) -> tuple[sp.Expr, ...]:
    """E_1, .., E_r, the left sides of the system of m atoms."""
    return tuple(sp.Add(*(p**2 * coefficient(j, q1, q2) for p, q1, q2 in unknowns(m))) for j in range(1, r + 1))


@pytest.mark.parametrize("m", SIZES)
def test_order_is_2m_and_every_check_comes_out(m):
    assert order(m) == 2 * m
    assert solved(m) == "confirmed"
    assert solution(m) == (1, *[0] * (2 * m - 1), -sp.factorial(m) / sp.factorial(2 * m))


def test_what_does_not_solve_the_system_proves_nothing(monkeypatch):
    monkeypatch.setattr(cells, "solution", lambda m: (1, *[0] * (2 * m - 2), 1, 1))
    assert solved(2) == "inconclusive"


@pytest.mark.parametrize("m", SIZES)
def test_nodes_and_weights_are_those_of_numpy(m):
    own_nodes, own_weight = gauss_hermite(m)
    nodes, weights = np.polynomial.hermite_e.hermegauss(m)
    assert np.allclose([float(own_nodes.eval(x)) for x in nodes], 0, atol=1e-10)
    assert np.allclose([float(own_weight.eval(x)) for x in nodes], weights / math.sqrt(2 * math.pi), rtol=1e-11)


@pytest.mark.parametrize(("m", "r"), [(1, 3), (2, 4), (3, 6)])
def test_the_system_is_the_series_of_its_generating_function(m, r):
    t = sp.Symbol("t")
    series = sum(p**2 * sp.series(sp.exp(q1 * t + q2 * t**2), t, 0, r + 1).removeO() for p, q1, q2 in unknowns(m))
    coefficients = sp.Poly(sp.expand(series), t).all_coeffs()[::-1]
    assert all(sp.expand(e - c) == 0 for e, c in zip(system(m, r), coefficients[1:], strict=True))


def test_one_atom():
    """E_1 = p^2 q1 is 0 where q1 is alone."""
    q1, q2 = sp.symbols("q1 q2")
    assert (order(1), coefficient(1, q1, q2)) == (1, q1)


@pytest.mark.parametrize("m", [0, -2, 1.5, True, "2"])
def test_bad_sizes_are_refused(m):
    with pytest.raises(ValueError, match="integer >= 1"):
        order(m)


def test_sums_over_the_roots_of_a_hermite_polynomial():
    """The check of the weights is about E_0 = 1, not only about zeros."""
    nodes, weight = gauss_hermite(3)
    x = sp.Symbol("x")
    assert [int(sum_over_roots(sp.Poly(x**k, x), nodes)) for k in range(5)] == [3, 0, 6, 0, 18]
    assert sum_over_roots(2 * weight, nodes) == 2
