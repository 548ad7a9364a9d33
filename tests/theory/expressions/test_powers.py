"""Powers and exponentials of numbers, refused where no researcher writes them."""

import pytest
import sympy as sp

from temperance.theory.expressions.sign_changes import Z
from temperance.theory.expressions.size_limits import exponential, power

LOG2 = sp.log(2)


def test_an_exponential_of_a_logarithm_is_a_power():
    assert exponential(1000 * LOG2) == 2**1000
    assert exponential(-LOG2 / 12 + Z) == sp.exp(Z) / 2 ** sp.Rational(1, 12)
    for q in (1001 * LOG2, Z - 1001 * LOG2, sp.sqrt(2) * (1001 * LOG2 + 1), LOG2 / 13, 1001 * sp.log(sp.pi)):
        with pytest.raises(ValueError, match="accepted: m/n with n at most 12 and m at most 1000"):
            exponential(q)


def test_what_is_not_written_out_is_taken_as_it_is():
    for q in (10**20 * LOG2 * Z, 10**20 * sp.sqrt(2) * LOG2, sp.Integer(10**20), 10**20 * Z, Z * sp.log(Z)):
        assert exponential(q) == sp.exp(q)


def test_powers():
    p = sp.Symbol("p")
    assert power(sp.Rational(2, 3), sp.Integer(-1000)) == sp.Rational(3, 2) ** 1000
    assert power(sp.E, 3 * LOG2) == 8
    assert power(Z, p) == Z**p
    assert power(sp.Integer(2), sp.pi) == 2**sp.pi
    assert power(Z, sp.Rational(-7, 12)) == Z ** sp.Rational(-7, 12)


@pytest.mark.parametrize(
    ("base", "exponent", "accepted"),
    [
        (2, 1001, "n at most 12 and m at most 1000"),
        (Z, sp.Rational(1, 13), "n at most 12 and m at most 1000"),
        (10**400, 3, "at most 1000"),
        (Z**1000, 2, "at most 1000"),
        (sp.sqrt(2), sp.pi, "powers of rational numbers"),
        (sp.pi, sp.sqrt(2), "powers of rational numbers"),
    ],
)
def test_what_is_refused(base, exponent, accepted):
    with pytest.raises(ValueError, match=accepted):
        power(sp.sympify(base), sp.sympify(exponent))
