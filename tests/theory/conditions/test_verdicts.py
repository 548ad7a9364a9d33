"""What verdicts say, word for word: outcome, relation, scope, temperatures and reason."""

from dataclasses import replace
from functools import partial

import pytest
import sympy as sp
from flint import fmpq

from temperance.theory.conditions import decision as independence
from temperance.theory.conditions.decision import decide, second_order_of
from temperance.theory.conditions.families import Verdict
from temperance.theory.conditions.relations import Analysis

ALMOST = "every d, derivatives almost everywhere"
EVERY_TAU = f"all tau > 0, {ALMOST}"
TEMPERATURE = "s'**2*z**2 - s'*z + s''*z**2 = 0"


def verdict(outcome, relation=None, scope="", **others):
    return Verdict(outcome, relation, tuple(scope.split("; ")), **others)


HOLDS, HOLDS_AT_TAU = verdict("holds", scope=ALMOST), verdict("holds", scope=EVERY_TAU)
VERDICTS = [  # expression, condition, everything but the LaTeX
    ("tanh", "first_order", HOLDS),
    ("tanh", "second_order", HOLDS_AT_TAU),
    ("tanh", "tau_beta1", HOLDS_AT_TAU),
    ("tanh", "a", HOLDS),
    ("tanh", "b_nu", HOLDS),
    ("z", "first_order", verdict("fails", "-s + s'*z = 0", ALMOST)),
    (
        "z",
        "second_order",
        verdict(
            "fails",
            "A: -s + s'*z = 0; B: -s + z = 0; C: -s + z = 0",
            EVERY_TAU,
            failing_families=("A", "B", "C"),
        ),
    ),
    ("z", "tau_beta1", verdict("fails", "-s + s'*z = 0", EVERY_TAU)),
    ("exp(z)", "second_order", verdict("fails", "B: -s*z + s'*z = 0", EVERY_TAU, failing_families=("B",))),
    ("log(abs(z))", "b_nu", verdict("fails", "-s'*z + 1 = 0", ALMOST)),
    ("z**2 + z", "a", verdict("fails", "-s'*z + 2*z**2 + z = 0", ALMOST)),
    # two relations with independent (p, q), one combination of them at every tau
    (
        "cos(log(abs(z)))",
        "second_order",
        verdict(
            "fails",
            "A: s + s'*z + s''*z**2 = 0 and s**2 + s'**2*z**2 - 1 = 0",
            EVERY_TAU,
            failing_families=("A",),
        ),
    ),
    *(
        (
            "log(1 + z**2)",
            condition,
            verdict("holds", TEMPERATURE, f"all tau > 0 except 1, {ALMOST}", fails_at_tau=("1",)),
        )
        for condition in ("second_order", "tau_beta1")
    ),
    # the same relation, at a temperature that is not positive
    ("-2*log(1 + z**2)", "second_order", HOLDS_AT_TAU),
    (
        "c*log(1 + z**2)",
        "tau_beta1",
        verdict(
            "holds",
            "-c*s'*z + c*s''*z**2 + s'**2*z**2 = 0",
            f"all tau > 0 except c (where c > 0), {ALMOST}",
            fails_at_tau=("c",),
        ),
    ),
    (
        "exp(c)*log(1 + z**2)",
        "tau_beta1",
        verdict(
            "holds",
            "s'**2*z**2 - s'*z*exp(c) + s''*z**2*exp(c) = 0",
            f"all tau > 0 except exp(c), {ALMOST}",
            fails_at_tau=("exp(c)",),
        ),
    ),
    (
        "where(alpha > 0, z, 0)",
        "tau_beta1",
        verdict(
            "fails",
            "-s + s'*z = 0",
            f"{EVERY_TAU}; the relation is that of one region of the parameters",
        ),
    ),
    (
        "max(-1, min(1, z))",
        "second_order",
        verdict(
            "fails",
            "A: s''*z**2 = 0 and -s*s'*z + s'**2*z**2 = 0",
            f"{EVERY_TAU}; almost everywhere only: with the kinks at z = -1, 1 counted as distributions, A holds",
            failing_families=("A",),
        ),
    ),
    (
        "where(z > lam, z - lam, where(z < -lam, z + lam, 0))",
        "second_order",
        verdict(
            "undecided",
            scope=ALMOST,
            reason="the verdict depends on the region in which the parameters lie "
            "(holds at lam = 5/7; fails (A, B, C) at lam = -2/7)",
        ),
    ),
]


@pytest.mark.parametrize(("expression", "condition", "said"), VERDICTS)
def test_what_a_verdict_says(expression, condition, said):
    verdict = getattr(decide(expression), condition)
    assert replace(verdict, latex=None) == said
    assert (verdict.latex is None) == (said.relation is None)


LATEX = [
    ("exp(z)", r"\text{B: } - s z + s' z = 0"),
    ("log(1 + z**2)", "s'^{2} z^{2} - s' z + s'' z^{2} = 0"),
    (
        "z**2 + z",
        r"\text{A: } 2 s - 2 s' z + s'' z^{2} = 0 \text{ and } 4 s^{2} - 4 s s' z + s + s'^{2} z^{2} - s' z = 0;\ "
        r"\text{B: } - 2 s + s' z + z = 0;\ \text{C: } - s + z^{2} + z = 0",
    ),
]


@pytest.mark.parametrize(("expression", "latex"), LATEX)
def test_relations_in_latex(expression, latex):
    assert decide(expression).second_order.latex == latex


def test_without_a_tower_every_condition_says_why():
    decision = decide("z**2 + gamma(z) - gamma(z + 1)/z")
    assert decision.first_order.reason.startswith("no tower for gamma")
    assert decision.second_order.reason.startswith("family A: no tower for gamma")
    assert decision.tau_beta1.reason.startswith("no tower for gamma")
    assert decision.a.reason.startswith("no tower for gamma")
    assert [v.outcome for v in decision.verdicts] == ["undecided"] * 4 + ["holds"]


ALMOST_EVERYWHERE = [  # expression, condition, what counting kinks and jumps as distributions changes
    ("where(z > 1, z**2 + z + 3, z**2 + z)", "a", "with the jump at z = 1 counted as distributions, (ii) holds"),
    (
        "where(z > 1, log(z) + z, log(abs(z)) + z - 1)",
        "b_nu",
        "with the jump at z = 1 counted as distributions, (iii) holds",
    ),
    (
        "where(z > 1, 2, where(z < -1, 0, 1))",
        "first_order",
        "with the jumps at z = -1, 1 counted as distributions, F1 holds",
    ),
    ("log(1 + abs(z))", "second_order", None),
    ("where(z > 0, log(z), log(-z) + 1)", "b_nu", None),
    ("max(0, 1 - z)", "second_order", None),  # z s s' = s**2 - s and z**2 s' - z s' = z s, whatever s'' is at the kink
]


@pytest.mark.parametrize(("expression", "condition", "change"), ALMOST_EVERYWHERE)
def test_what_kinks_and_jumps_change(expression, condition, change):
    found = getattr(decide(expression), condition)
    assert found.relation is not None
    assert found.scope.partition("almost everywhere only: ")[2] == (change or "")


FAILS, UNDECIDED = (
    verdict("fails", "s = 0", f"{ALMOST}; a note", latex="s = 0"),
    verdict("undecided", scope=ALMOST, reason="too large"),
)


def test_the_second_order_fails_where_a_family_fails_whatever_the_others():
    assert second_order_of({"A": UNDECIDED, "B": FAILS, "C": HOLDS}) == verdict(
        "fails",
        "B: s = 0",
        f"{EVERY_TAU}; a note; family A is undecided: too large",
        failing_families=("B",),
        latex=r"\text{B: } s = 0",
    )


def test_the_second_order_says_a_note_once():
    both = second_order_of({"A": HOLDS_AT_TAU, "B": FAILS, "C": FAILS})
    assert both.scope == f"{EVERY_TAU}; a note"
    assert both.relation == "B: s = 0; C: s = 0"
    assert both.latex == r"\text{B: } s = 0;\ \text{C: } s = 0"
    assert both.failing_families == ("B", "C")


def test_the_second_order_is_undecided_where_a_family_is_and_none_fails():
    found = second_order_of({"A": HOLDS_AT_TAU, "B": HOLDS, "C": UNDECIDED})
    assert found == verdict("undecided", scope=ALMOST, reason="family C: too large")


def test_the_second_order_holds_as_a_does_at_its_temperatures():
    at_one = replace(HOLDS_AT_TAU, fails_at_tau=("1",))
    assert second_order_of({"A": at_one, "B": HOLDS, "C": HOLDS}) == at_one


def test_a_doubt_about_the_tower_leaves_every_failure_undecided(monkeypatch):
    monkeypatch.setattr(Analysis, "doubts", {"a sign was read at points"})
    decision = decide("relu")  # which fails all but (ii) and (iii)
    assert [v.outcome for v in decision.verdicts] == ["undecided"] * 3 + ["holds"] * 2
    assert decision.first_order.reason == "a sign was read at points"


def test_without_a_determinant_nothing_holds(monkeypatch):
    """Nor fails: log(1 + z**2) has one relation, at one temperature."""
    monkeypatch.setattr(Analysis, "minor", lambda *_: None)
    for verdict in decide("log(1 + z**2)").verdicts:
        assert verdict.outcome == "undecided"
        assert "the tower has no further relation, and no determinant excludes zero" in verdict.reason


EXCEPTIONS = [  # where some verdict is another: an outcome, or a temperature alone
    ("c*log(1 + z**2)", {"c": ("0",)}),
    ("log(1 + alpha*z**2)", {"alpha": ("0",)}),
    ("log(1 + z**2) + alpha*z", {"alpha": ("0",)}),
    ("(alpha + 1)*log(1 + z**2)", {"alpha": ("-1",)}),
    # alpha = 0 is looked at, and its verdicts are the generic ones, with the same temperature
    ("log(1 + z**2) + alpha", {}),
    ("c*log(1 + z**2) + alpha", {"c": ("0",)}),
    # so are c = 3, 2^(1/2) and -2^(1/2), where the temperature is c as elsewhere, or c is none
    ("c*log(1 + z**2) + c - 3", {"c": ("0",)}),
    ("c*log(1 + z**2) + c**2 - 2", {"c": ("0",)}),
    # conditions with long exponents are not factored
    ("(1 + z**2)**(2**(0.12345*c))", {"c": ("0",)}),
    pytest.param("(c - exp(1000))*tanh(z) + z", {"c": ("exp(1000)",)}, marks=pytest.mark.slow),
    # where nothing is defined, nothing is decided
    ("tanh(z)/c", {}),
]


@pytest.mark.parametrize(("expression", "exceptions"), EXCEPTIONS)
def test_exceptional_values(expression, exceptions):
    assert dict(decide(expression).exceptional_parameters) == exceptions


def test_temperatures_are_the_same_in_number_and_in_value():
    c, same = sp.Symbol("c", real=True), partial(independence._same, sample={"c": fmpq(5, 7)})
    assert same([c], [c])
    assert not any([same([c], [2 * c]), same([], [c]), same([c], []), same([c], [c, 2 * c])])


def test_a_decision_has_the_mirror_type_of_its_activation():
    assert [decide(s).mirror.kind for s in ("tanh", "gelu", "z**2", "exp(z)")] == ["odd", "homogeneous", "even", None]


def test_a_decision_of_an_activation_is_that_of_its_text():
    decision = decide("log(1 + z**2)")
    assert decide(decision.activation).verdicts == decision.verdicts
    assert decision.verdicts == (
        decision.first_order,
        decision.second_order,
        decision.tau_beta1,
        decision.a,
        decision.b_nu,
    )


def test_what_a_notebook_shows_has_the_expression_of_every_piece():
    assert decide("elu")._repr_markdown_().startswith("`s(z) = where(z < 0, exp(z) - 1, z)`\n")
