"""Decided verdicts that have no certificate."""

import pytest

from temperance.theory.conditions import certificates as issuing
from temperance.theory.conditions.certificates import certificates as issued
from temperance.theory.conditions.decision import decide


def test_what_the_checker_has_no_formula_of_has_no_certificate():
    """The derivative of loggamma is not among the checker's."""
    decision = decide("sinh(loggamma(where(z > pi, 1/3001, alpha)))")
    assert decision.first_order.outcome == "fails"
    assert issued(decision) == []


def test_a_relation_with_a_long_coefficient_has_no_certificate(monkeypatch):
    """z s' - s = 0 for s = z has the coefficient -1, of two characters."""
    before = issued("z")
    assert before[0]["families"]["F1"]["relations"] == [["0", "-1", "1"]]
    monkeypatch.setattr(issuing, "_MOST_CHARACTERS", 2)
    assert issued("z") == before
    monkeypatch.setattr(issuing, "_MOST_CHARACTERS", 1)
    assert "first_order" not in [c["claim"]["condition"] for c in issued("z")]


def test_a_coefficient_of_many_nodes_is_not_written_first(monkeypatch):
    def never(_):
        pytest.fail("written")

    decision = decide("exp(z/3) + 1")
    monkeypatch.setattr(issuing, "_MOST_CHARACTERS", 0)
    monkeypatch.setattr(issuing, "written", never)
    assert "first_order" in [c["claim"]["condition"] for c in issued(decision)]
    assert issued("z*sqrt(2)") == []
