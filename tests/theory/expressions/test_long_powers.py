"""Powers of numbers with long exponents: taken apart, they are the same numbers."""

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from temperance.theory.conditions.decision import decide
from temperance.theory.expressions import balls
from temperance.theory.expressions.sign_changes import Z
from temperance.theory.expressions.size_limits import exponential, power, put

EXPONENT = sp.Rational(987654321987651, 10**15)
NUMBERS = [sp.Integer(24), sp.Rational(7, 360), sp.Rational(1, 24), sp.Integer(3 * 2**70), sp.Integer(2)]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("exponent", [EXPONENT, -EXPONENT, 3 + EXPONENT, sp.Rational(2, 61)])
def test_a_number_to_a_long_power_is_that_number(number, exponent):
    found = power(number, exponent)
    with ctx.workprec(256):
        expected = arb(fmpq(int(number.p), int(number.q))) ** arb(fmpq(int(exponent.p), int(exponent.q)))
        assert abs(balls.value(found, {}, 256) / expected - 1) < 1e-60
        assert abs(balls.value(exponential(exponent * sp.log(number)), {}, 256) / expected - 1) < 1e-60


def test_a_factor_that_is_a_number_is_taken_out_of_a_long_power():
    for z, factor in ((fmpq(3, 7), 24), (fmpq(-3, 7), -24)):
        found = balls.value(power(factor * Z, sp.Rational(98765, 10**5)), {"z": z}, 256)
        with ctx.workprec(256):
            assert abs(found / arb(z * factor) ** arb(fmpq(98765, 10**5)) - 1) < 1e-60


@pytest.mark.parametrize("base", [Z, 24 * Z, sp.sqrt(1 + Z**2), sp.sqrt(Z)])
def test_a_function_has_no_power_with_a_long_numerator_or_denominator(base):
    for exponent in (sp.Rational(2, 99999), sp.Rational(99998, 99999), sp.Rational(99998, 9999)):
        assert power(base, exponent).has(Z)
    for exponent in (EXPONENT, sp.Rational(2, 100001), sp.Rational(200006, 10001)):
        with pytest.raises(ValueError, match="accepted: a numerator and a denominator of at most 100000"):
            power(base, exponent)


@pytest.mark.parametrize("base", [sp.Rational(1, 3), sp.pi, sp.sqrt(2)])
def test_a_number_has_no_power_that_only_a_polynomial_of_a_vast_degree_tells_from_one(base):
    assert power(base, sp.Rational(2, 10**30 - 1)) != 1
    with pytest.raises(ValueError, match=f"accepted: a numerator and a denominator of at most {10**30}"):
        power(base, sp.Rational(2, 10**30 + 1))
    assert power(sp.S.One, sp.Rational(1, 10**300)) == 1
    assert power(sp.E, sp.Rational(1, 10**300)) == sp.exp(sp.Rational(1, 10**300))


def test_numbers_are_put_for_symbols_as_powers_are_taken():
    alpha = sp.Symbol("alpha", real=True)
    expr = sp.exp(alpha) + 24**alpha * Z + sp.sin(alpha / 2) + sp.pi
    found = put(expr, {alpha: EXPONENT})
    assert found == sp.exp(EXPONENT) + power(sp.Integer(24), EXPONENT) * Z + sp.sin(EXPONENT / 2) + sp.pi
    assert put(expr, {alpha: Z}) == expr.subs(alpha, Z)
    assert put(expr, {}) == expr
    for long in (24**alpha, 2 ** (alpha**alpha), 2 ** (alpha**60)):
        with pytest.raises(ValueError, match="accepted: at most 1000"):
            put(long, {alpha: sp.Integer(10**9)})


def test_exceptional_values_beside_long_powers_are_decided_on_their_own():
    """Where alpha = 0, s is a constant."""
    decision = decide("alpha*exp(z) + (1 + alpha**2)**0.98765")
    assert decision.second_order.failing_families == ("B",)
    assert dict(decision.exceptional_parameters) == {"alpha": ("0",)}
