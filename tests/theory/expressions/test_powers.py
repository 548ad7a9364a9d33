"""Powers and exponentials of numbers, refused where SymPy would write out over 1000 digits."""

import pytest
import sympy as sp
from temperance.theory.activations.activation import activation
from temperance.theory.conditions.decision import decide
from temperance.theory.expressions.sign_changes import Z
from temperance.theory.expressions.size_limits import bits, exponential, is_large, power

LOG2 = sp.log(2)


def test_an_exponential_of_a_logarithm_is_a_power_of_at_most_a_thousand():
    assert exponential(1000 * LOG2) == 2**1000
    assert exponential(-1000 * LOG2 + Z) == sp.exp(Z) / 2**1000
    for q in (1001 * LOG2, Z - 1001 * LOG2, sp.sqrt(2) * (1001 * LOG2 + 1), 1001 * sp.log(sp.pi), sp.log(7) * 10**9):
        with pytest.raises(ValueError, match="accepted: at most 1000"):
            exponential(q)


def test_what_is_not_written_out_is_taken_as_it_is():
    for q in (10**20 * LOG2 * Z, 10**20 * sp.sqrt(2) * LOG2, sp.Integer(10**20), 10**20 * Z, Z * sp.log(Z)):
        assert exponential(q) == sp.exp(q)


def test_a_number_times_a_sum_is_multiplied_out():
    n = 10**24
    q = sp.Mul(sp.Rational(1, n), n * LOG2 + 1, evaluate=False)
    assert exponential(q) == 2 * sp.exp(sp.Rational(1, n))


def test_powers():
    assert power(sp.Rational(2, 3), sp.Integer(-1000)) == sp.Rational(3, 2) ** 1000
    assert power(sp.E, 3 * LOG2) == 8
    assert power(Z, sp.Symbol("p")) == Z ** sp.Symbol("p")
    for base, exponent in ((2, 1001), (10**400, 3), (sp.sqrt(Z), 2002), (sp.E, 1001 * LOG2), (1, 1001)):
        with pytest.raises(ValueError, match="accepted: at most 1000"):
            power(sp.sympify(base), sp.sympify(exponent))


def test_the_longest_number():
    assert bits(sp.Rational(3, 4) * Z + sp.sqrt(17)) == 6
    assert bits(Z + sp.pi) == 0


def test_what_is_too_large_to_factor():
    small = (Z**60, sp.exp(-60 * Z) + 1, Z + 10**60, sp.exp(sp.pi * Z))
    large = (Z**61, sp.exp(61 * Z), sp.exp(-999), (1 + Z) ** -61, Z + 10**60 + 1)
    assert [is_large(f) for f in (*small, *large)] == [False] * len(small) + [True] * len(large)


def test_a_written_exponential_is_bounded_as_its_power_is():
    assert activation("exp(1000*log(2))*z").expression == activation("2**1000*z").expression
    with pytest.raises(ValueError, match="a power of 1001; accepted: at most 1000"):
        activation("exp(1001*log(2))*z")


def test_a_logarithm_with_large_coefficients_is_decided_in_bounded_time():
    # candidates for theta are logarithms with numbers of 25 digits over another one: exp of them is a small number
    decision = decide("sqrt(theta + log(abs(z*3/4))) + 1/(1 + z**2)/10**12")
    assert {v.outcome for v in decision.verdicts} == {"holds"}


@pytest.mark.parametrize(("n", "values"), [(400, (str(10**800),)), (600, ())])
def test_exceptional_values_of_over_a_thousand_digits_are_left_out(n, values):
    assert dict(decide(f"log(1 + (alpha/10**{n} - 10**{n})*z**2)").exceptional_parameters).get("alpha", ()) == values
