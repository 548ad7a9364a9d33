"""Formulas in z: powers, what they are rewritten as, where they are constant, and where they may change sign."""

import pytest
import sympy as sp
from flint import fmpq

from temperance.theory.conditions.decision import decide
from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.expressions.formulas import NoClosedForm, Z, elementary, real_roots
from temperance.theory.expressions.language import power

CLOSED = [
    (Z**2 - 2, [-sp.sqrt(2), sp.sqrt(2)]),
    (Z**2 + 1, []),
    (Z**4 + Z + 1, []),
    (Z**7 - 3, [sp.root(3, 7)]),
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
    (1 - Z / sp.sqrt(1 + Z**2), []),
    (Z + 1 / sp.sqrt(2 - Z**2), [-sp.sqrt(2), -1, sp.sqrt(2)]),
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
        Z**3 - 3 * Z + 1,
        sp.sin(Z),
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


@pytest.mark.parametrize(
    ("source", "rational"),
    [
        ("cos(3*acos(z))", "4*z**3 - 3*z"),
        ("tan(2*atan(z))", "2*z/(1 - z**2)"),
        ("cos(atan(z) - 2*atan(2*z))", "1/sqrt(1 + z**2)/(1 + 4*z**2)"),
    ],
)
def test_functions_of_arctangents_are_decided_as_what_they_are(source, rational):
    one, other = decide(source), decide(rational)
    assert [v.outcome for v in one.verdicts] == [v.outcome for v in other.verdicts]
    assert one.first_order.outcome != "undecided"
    at = {Z: sp.Rational(1, 3)}
    mine, theirs = (elementary(d.activation.pieces[0].expr) for d in (one, other))
    assert abs(sp.N(mine.subs(at) - theirs.subs(at), 30)) < 1e-25


X, P = sp.symbols("x p")


@pytest.mark.parametrize(
    ("expression", "constant"),
    [
        (X - P, False),
        (sp.tanh(X * P), False),
        (sp.sin(X) ** 2 + sp.cos(X) ** 2 + P, True),
        (P + (X**2 - 1) / (X - 1) - X, True),
        (P**2, True),
        (sp.Piecewise((X, X > 0), (P, True)), False),  # has no balls
        (sp.log(-1 - X**2) - sp.log(-2 - 2 * X**2), True),  # nor has this a real value
    ],
)
def test_what_depends_on_x(expression, constant):
    assert is_constant_in(expression, expression.free_symbols & {X}) == constant


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
