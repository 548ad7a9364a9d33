"""Where a function may change sign: in closed form, or not at all."""

import pytest
import sympy as sp
from flint import fmpq

from temperance.theory.expressions.sign_changes import NoClosedForm, Z, real_roots

CLOSED = [
    (Z**2 - 2, [-sp.sqrt(2), sp.sqrt(2)]),
    (Z**2 + 1, []),
    (Z**4 + Z + 1, []),
    (Z**7 - 3, [sp.root(3, 7)]),
    (Z**4 - 3 * Z**2 + 2, [-1, 1, -sp.sqrt(2), sp.sqrt(2)]),
    ((Z - 1) ** 3 * (Z + 2), [-2, 1]),
    (Z - 1 / Z, [-1, 1, 0]),
    (sp.exp(2 * Z) - 3, [sp.log(3) / 2]),
    (sp.log(1 + sp.exp(Z)) - 1, [sp.log(-1 + sp.E)]),
    (sp.tanh(Z) - 2, []),
    (sp.cosh(Z) - 2, [-sp.acosh(2), sp.acosh(2)]),
    (2 + sp.sin(Z), []),
    (1 - sp.cos(Z), []),  # 0 here and there, and of one sign
    (1 + sp.erf(Z), []),
    (sp.erf(Z) * Z, [0, 0]),
    (Z + sp.sqrt(1 + Z**2), []),
    (1 - Z / sp.sqrt(1 + Z**2), []),
    (Z + 1 / sp.sqrt(2 - Z**2), [-sp.sqrt(2), -1, sp.sqrt(2)]),
    (2 * Z + sp.sqrt(1 + 3 * Z**2), [-1]),
    (1 + Z - sp.sqrt(4 - Z**2), [(-1 + sp.sqrt(7)) / 2]),
]


@pytest.mark.parametrize(("f", "roots"), CLOSED)
def test_roots_in_closed_form(f, roots):
    found = real_roots(f, {})
    assert sorted(found) == sorted(sp.sympify(roots))
    assert all(sp.simplify(f.subs(Z, r)) in (0, sp.zoo) for r in found)


@pytest.mark.parametrize(
    "f",
    [
        Z**5 - Z - 1,
        Z**3 + Z - 1,
        Z**3 - 3 * Z + 1,
        sp.sin(Z),
        Z - sp.cos(Z),
        sp.tanh(Z) - Z / 2,
        sp.erf(Z) - sp.Rational(1, 2),
    ],
)
def test_what_has_no_closed_form_is_named(f):
    with pytest.raises(ValueError, match="no closed-form switch: the zeros of"):
        real_roots(f, {})


def test_roots_with_a_parameter_are_told_at_its_sample():
    a = sp.Symbol("a", real=True)
    assert real_roots(Z**2 - a, {"a": fmpq(2)}) == [-sp.sqrt(a), sp.sqrt(a)]
    assert real_roots(Z**2 - a, {"a": fmpq(-2)}) == []
    with pytest.raises(NoClosedForm):
        real_roots(Z**3 + a * Z + 1, {"a": fmpq(2)})
