"""The cases that bound an order: initial forms, roots in an interval, signs, linear programs."""

import pytest
from flint import fmpq, fmpq_poly

from temperance.theory.orders.branch_and_bound import System
from temperance.theory.orders.dual_simplex import minimise
from temperance.theory.orders.tropical import refutations, sign_changes


def poly(*coefficients):
    return fmpq_poly(list(coefficients))


def toy():
    return System.of([{(0, 1): poly(1), (2, 0): poly(-1), (3, 0): poly(-1)}, {(1, 1): poly(1), (3, 0): poly(-1)}], 4)


def test_two_factors_do_not_vanish_at_once():
    """s x^2 and (2 s - 1) x^2: at every s one of them is of the order of x^2."""
    assert System.of([{(2,): poly(0, 1)}, {(2,): poly(-1, 2)}], 4).bound((1,), 100).value == fmpq(1, 2)


def test_initial_forms_alone_mislead_and_combinations_tell():
    """y - x^2 - x^3 and x (y - x^2): on x = t, y = t^2 both initial forms cancel; x^4 is in the ideal, so 4 is true."""
    system = toy()
    at = (fmpq(1, 5), fmpq(2, 5))
    found = next(refutations(system.elements, system.factors, at, [0, 1]))
    assert found.terms == {(4, 0): poly(-1)}
    assert 1 / system.bound((1, 0), 100).value == 4
    assert 1 / system.bound((0, 1), 100).value == 2


def test_the_toy_without_its_combination_is_unbounded(monkeypatch):
    monkeypatch.setattr("temperance.theory.orders.branch_and_bound.refutations", lambda *_: iter(()))
    assert toy().bound((1, 0), 100).value == fmpq(1, 5)  # the edge of the region: no bound


def test_a_root_of_a_coefficient_is_a_case_of_its_own():
    """s x^2 and x^3: at s = 0 the order is 3, elsewhere 2; x^2 (s + x) is 0 on a curve."""
    assert System.of([{(2,): poly(0, 1)}, {(3,): poly(1)}], 4).bound((1,), 100).value == fmpq(1, 3)
    assert System.of([{(2,): poly(2, 1)}, {(3,): poly(1)}], 4).bound((1,), 100).value == fmpq(1, 2)
    assert System.of([{(2,): poly(0, 1), (3,): poly(1)}], 4).bound((1,), 100).value == fmpq(1, 5)


def test_signs_decide_what_can_cancel():
    """x^2 + y^2 and x^2 - y^2: only the second has real zeros."""
    definite = System.of([{(2, 0): poly(1), (0, 2): poly(1)}], 4)
    assert definite.bound((1, 0), 100).value == fmpq(1, 2)
    indefinite = System.of([{(2, 0): poly(1), (0, 2): poly(-1)}], 4)
    assert indefinite.bound((1, 0), 100).value == fmpq(1, 5)


@pytest.mark.parametrize(
    ("p", "roots"), [((0, 1), 1), ((-1, 0, 3), 2), ((1, 0, 1), 0), ((1, -1), 0), ((-1, 0, 1), 0), ((0, -1, 0, 2), 3)]
)
def test_roots_are_counted_in_the_open_interval(p, roots):
    assert sign_changes(poly(*p)) == roots


def test_linear_programs_prove_their_answers():
    rows = [((fmpq(1), fmpq(0)), fmpq(0)), ((fmpq(0), fmpq(1)), fmpq(0)), ((fmpq(1), fmpq(2)), fmpq(3))]
    found = minimise([fmpq(1), fmpq(1)], rows)
    assert (found.value, found.multipliers) == (fmpq(3, 2), {0: fmpq(1, 2), 2: fmpq(1, 2)})
    infeasible = minimise([fmpq(1), fmpq(1)], [*rows, ((fmpq(-1), fmpq(-1)), fmpq(-1))])
    assert infeasible.value is None
    assert sum(y * ([*rows, ((fmpq(-1), fmpq(-1)), fmpq(-1))][i][1]) for i, y in infeasible.multipliers.items()) > 0
