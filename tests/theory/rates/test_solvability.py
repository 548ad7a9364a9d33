"""The solvability order: exact solutions below it, the derivation above it, and independent oracles."""

import math
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.theory.rates import overspecified as proofs
from temperance.theory.rates.overspecified import CITED, coefficient, gauss_hermite, solvability

SIZES = [2, 3, 4, 5, 6]


def unknowns(m: int) -> tuple[tuple[sp.Symbol, sp.Symbol, sp.Symbol], ...]:
    """(p_l, q1_l, q2_l) for l = 1..m, real."""
    return tuple(
        (sp.Symbol(f"p_{i}", real=True), sp.Symbol(f"q1_{i}", real=True), sp.Symbol(f"q2_{i}", real=True))
        for i in range(1, m + 1)
    )


def system(m: int, r: int) -> tuple[sp.Expr, ...]:
    """E_1, .., E_r, the left sides of the system of m atoms."""
    return tuple(sp.Add(*(p**2 * coefficient(j, q1, q2) for p, q1, q2 in unknowns(m))) for j in range(1, r + 1))


def softmax_unknowns(m: int) -> tuple[tuple[sp.Symbol, ...], ...]:
    """(p_l, q1_l, .., q4_l): offsets of beta1, a, b and nu/2 of the softmax gate, for one coordinate of x."""
    return tuple(
        tuple(sp.Symbol(f"{n}_{i}", real=True) for n in ("p", "q1", "q2", "q3", "q4")) for i in range(1, m + 1)
    )


def softmax_system(m: int, r: int) -> dict[tuple[int, int], sp.Expr]:
    """The four-offset system: for 1 <= j + k <= r, the coefficient of X^j Y^k in

        sum_l p_l^2 exp(q1_l X + q2_l X Y + q3_l Y + q4_l Y^2),

    X = x and Y the derivative in the mean of the expert (arXiv 2305.03288; alpha_1..alpha_4 are the powers of q1..q4).
    """
    atoms = softmax_unknowns(m)
    keys = [(j, k) for j in range(r + 1) for k in range(r + 1 - j) if j + k]
    return {(j, k): sp.Add(*(p**2 * _four(j, k, *q) for p, *q in atoms)) for j, k in keys}


def _four(j: int, k: int, q1: sp.Expr, q2: sp.Expr, q3: sp.Expr, q4: sp.Expr) -> sp.Expr:
    return sp.Add(
        *(
            q1 ** (j - n) * q2**n / (sp.factorial(j - n) * sp.factorial(n)) * coefficient(k - n, q3, q4)
            for n in range(min(j, k) + 1)
        )
    )


@pytest.mark.parametrize("m", SIZES)
def test_order_is_2m_and_every_check_comes_out(m):
    found = solvability(m)
    assert found.order == 2 * m
    assert found.proved
    assert found.below.coefficients[1 : 2 * m] == (0,) * (2 * m - 1)
    assert found.below.residual == -sp.factorial(m) / sp.factorial(2 * m)


@pytest.mark.parametrize("m", SIZES)
def test_nodes_and_weights_are_those_of_numpy(m):
    found = gauss_hermite(m)
    nodes, weights = np.polynomial.hermite_e.hermegauss(m)
    weight = sp.lambdify(sp.Symbol("x"), found.weight)
    assert np.allclose([sp.N(found.nodes.subs("x", x)) for x in nodes], 0, atol=1e-11)
    assert np.allclose([weight(x) for x in nodes], weights / math.sqrt(2 * math.pi), rtol=1e-12)


@pytest.mark.parametrize("m", [2, 3])
def test_the_solution_solves_the_system_as_written(m):
    found = gauss_hermite(m)
    values = {}
    for (p, q1, q2), x in zip(unknowns(m), sp.roots(found.nodes), strict=True):
        values |= {p: sp.sqrt(sp.nsimplify(found.weight.subs("x", x))), q1: x, q2: -sp.Rational(1, 2)}
    left = [sp.simplify(e.subs(values)) for e in system(m, 2 * m)]
    assert left == [0] * (2 * m - 1) + [-sp.factorial(m) / sp.factorial(2 * m)]


@pytest.mark.parametrize(("m", "r"), [(1, 3), (2, 4), (3, 6)])
def test_the_system_is_the_series_of_its_generating_function(m, r):
    t = sp.Symbol("t")
    series = sum(p**2 * sp.series(sp.exp(q1 * t + q2 * t**2), t, 0, r + 1).removeO() for p, q1, q2 in unknowns(m))
    coefficients = sp.Poly(sp.expand(series), t).all_coeffs()[::-1]
    assert all(sp.expand(e - c) == 0 for e, c in zip(system(m, r), coefficients[1:], strict=True))


def test_the_four_offset_system_is_the_sum_over_multi_indices():
    """alpha_1 + alpha_2 = l1 and alpha_2 + alpha_3 + 2 alpha_4 = l2, as arXiv 2305.03288 writes it for d = 1."""
    r, atoms = 4, softmax_unknowns(2)
    for (l1, l2), equation in softmax_system(2, r).items():
        terms = [
            p**2 * sp.Mul(*(q**a / sp.factorial(a) for q, a in zip(offsets, alpha, strict=True)))
            for p, *offsets in atoms
            for alpha in product(range(r + 1), repeat=4)
            if alpha[0] + alpha[1] == l1 and alpha[1] + alpha[2] + 2 * alpha[3] == l2
        ]
        assert sp.expand(equation - sp.Add(*terms)) == 0


@pytest.mark.parametrize("m", SIZES)
def test_modulo_two_sums_of_squares_the_four_offset_system_is_that_of_two_offsets(m):
    """Term by term: every equation is a sum over the atoms of one and the same term."""
    r = 2 * m
    terms, (p, q1, q2, q3, q4) = softmax_system(1, r), softmax_unknowns(1)[0]
    assert sp.expand(terms[2, 0] - p**2 * q1**2 / 2) == 0  # the beta1 offsets vanish
    assert sp.expand(terms[2, 2].subs(q1, 0) - p**2 * q2**2 / 2) == 0  # for r >= 4, the a offsets
    for (j, k), e in terms.items():
        left = 0 if j else p**2 * coefficient(k, q3, q4)
        assert sp.expand(e.subs({q1: 0, q2: 0}) - left) == 0


def test_below_order_four_the_softmax_system_leaves_a_free():
    """The bound r >= 4 on the a offsets is needed: (2, 2) is not among the equations at r = 3."""
    at = {}
    for a, (p, q1, q2, q3, q4) in zip((1, -1), softmax_unknowns(2), strict=True):
        at |= {p: 1, q1: 0, q2: a, q3: 0, q4: 0}
    values = {key: e.subs(at) for key, e in softmax_system(2, 4).items()}
    assert {key for key, v in values.items() if v != 0} == {(2, 2)}


@given(
    weight=st.fractions(min_value=sp.Rational(1, 50), max_value=50, max_denominator=50),
    scale=st.fractions(min_value=-3, max_value=3, max_denominator=20).filter(bool),
)
@settings(derandomize=True, deadline=None, max_examples=25)
def test_two_atoms_that_solve_three_equations_fail_the_fourth(weight, scale):
    """theory E.3: q1_2 = 1 leaves E_4/p_1^2 = -w (w + 1) (w^2 + w + 1)/36, here at a random weight and scale."""
    (p1, a1, c1), (p2, a2, c2) = unknowns(2)
    w, s = sp.Rational(weight.numerator, weight.denominator), sp.Rational(scale.numerator, scale.denominator)
    at = {p1: 1, p2: sp.sqrt(w), a1: -w * s, a2: s}
    (solved,) = sp.solve([e.subs(at) for e in system(2, 3)[1:]], [c1, c2], dict=True)
    assert system(2, 1)[0].subs(at) == 0
    last = sp.simplify(system(2, 4)[3].subs(at).subs(solved))
    assert last == -(s**4) * w * (w + 1) * (w**2 + w + 1) / 36


@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_citation_is_named_where_the_proof_rests_on_it(m):
    found = solvability(m)
    assert found.cited == CITED


def test_one_atom():
    found = solvability(1)
    assert (found.order, found.proved, found.below) == (1, True, None)


@pytest.mark.parametrize("m", [0, -2, 1.5, True, "2"])
def test_bad_sizes_are_refused(m):
    with pytest.raises(ValueError, match="integer >= 1"):
        solvability(m)


def test_a_wrong_solution_is_not_verified():
    """The check of the weights is about E_0 = 1, not only about zeros."""
    good = gauss_hermite(3)
    x = sp.Symbol("x")
    nodes = sp.Poly(sp.hermite_prob(3, x))
    assert [int(proofs._sum_over_roots(sp.Poly(x**k, x), nodes)) for k in range(5)] == [3, 0, 6, 0, 18]
    assert proofs._sum_over_roots(sp.Poly(2 * good.weight, x), nodes) == 2
