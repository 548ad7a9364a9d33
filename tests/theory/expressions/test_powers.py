"""Powers, refused where no researcher writes them."""

import pytest
import sympy as sp

from temperance.theory.expressions.language import power
from temperance.theory.expressions.sign_changes import Z


def test_powers():
    p = sp.Symbol("p")
    assert power(sp.Rational(2, 3), sp.Integer(-1000)) == sp.Rational(3, 2) ** 1000
    assert power(Z, p) == Z**p
    assert power(sp.Integer(2), sp.pi) == 2**sp.pi
    assert power(Z, sp.Rational(-7, 12)) == Z ** sp.Rational(-7, 12)


@pytest.mark.parametrize(
    ("base", "exponent", "accepted"),
    [
        (2, 1001, "n at most 12 and m at most 1000"),
        (Z, sp.Rational(1, 13), "n at most 12 and m at most 1000"),
        (sp.sqrt(2), sp.pi, "powers of rational numbers"),
        (sp.pi, sp.sqrt(2), "powers of rational numbers"),
    ],
)
def test_what_is_refused(base, exponent, accepted):
    with pytest.raises(ValueError, match=accepted):
        power(sp.sympify(base), sp.sympify(exponent))
