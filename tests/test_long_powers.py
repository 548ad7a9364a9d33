"""Powers of numbers with long exponents: taken apart, they are the same numbers."""

import pytest
import sympy as sp
from flint import arb, ctx, fmpq

from theory import balls
from theory.independence import decide
from theory.powers import exponential, power
from theory.roots import Z

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
        found = balls.value(power(factor * Z, EXPONENT), {"z": z}, 256)
        with ctx.workprec(256):
            assert abs(found / arb(z * factor) ** arb(fmpq(987654321987651, 10**15)) - 1) < 1e-60


def test_exceptional_values_beside_long_powers_are_decided_on_their_own():
    """Where alpha = 0, s is a constant."""
    decision = decide("alpha*exp(z) + (1 + alpha**2)**0.987654321987651")
    assert decision.second_order.failing_families == ("B",)
    assert dict(decision.exceptional_parameters) == {"alpha": ("0",)}
