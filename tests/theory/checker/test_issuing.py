"""Decided verdicts that have no certificate."""

from temperance.theory.conditions.certificates import certificates as issued
from temperance.theory.conditions.decision import decide


def test_what_the_checker_has_no_formula_of_has_no_certificate():
    """The derivative of loggamma is not among the checker's."""
    decision = decide("sinh(loggamma(where(z > pi, 1/3001, alpha)))")
    assert decision.first_order.outcome == "fails"
    assert issued(decision) == []
