"""Constants are printed as they were written, and functions of arctangents are what they are."""

import pytest
import sympy as sp

from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.expressions.normal_forms import elementary
from temperance.theory.expressions.sign_changes import Z


@pytest.mark.parametrize(
    ("source", "tau", "relation"),
    [
        ("sin(1)*log(1+z**4)", "sin(1)", "s'**2*z**2 - 3*s'*z*sin(1) + s''*z**2*sin(1) = 0"),
        ("tanh(1)*log(1+z**2)", "tanh(1)", "s'**2*z**2 - s'*z*tanh(1) + s''*z**2*tanh(1) = 0"),
        ("log(1+z**2)/(2+sin(2))", "1/(sin(2) + 2)", None),
        ("acos(1/3)*log(1+z**2)", "acos(1/3)", None),
    ],
)
def test_constants_are_printed_as_they_were_written(source, tau, relation):
    found = decide(source).second_order
    assert found.fails_at_tau == (tau,)
    assert relation is None or found.relation == relation


def test_a_degree_is_printed_as_it_was_written():
    assert str(classify("abs(z)**sin(1)").degree) == "sin(1)"


@pytest.mark.parametrize(
    ("source", "rational"),
    [
        ("cos(2*acos(z))", "2*z**2 - 1"),
        ("cos(2*atan(z))", "(1 - z**2)/(1 + z**2)"),
        ("cos(3*acos(z))", "4*z**3 - 3*z"),
        ("sin(2*atan(z) - pi/2)", "(z**2 - 1)/(1 + z**2)"),
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


def test_a_verdict_that_depends_on_the_region_says_where():
    assert "holds at c = " in decide("min(max(z,-c),c)").first_order.reason
