"""Functions of arctangents are what they are."""

import pytest
import sympy as sp

from temperance.theory.conditions.decision import decide
from temperance.theory.expressions.normal_forms import elementary
from temperance.theory.expressions.sign_changes import Z


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
