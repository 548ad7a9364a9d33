"""The verdicts against ground truth: outcome, relation, scope, temperatures, exceptional parameters and reason."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import sympy as sp
from flint import fmpq

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.theory.activations.activation import activation
from temperance.theory.conditions import decision as deciding
from temperance.theory.conditions import families
from temperance.theory.conditions.certificates import certificates
from temperance.theory.conditions.decision import decide, second_order_of
from temperance.theory.conditions.families import Analysis, Verdict
from temperance.theory.fields.differential_field import OutsideTowers
from temperance.theory.kernel.check import check

ALMOST = "every d, derivatives almost everywhere"
EVERY_TAU = f"all tau > 0, {ALMOST}"


def verdict(outcome, relation=None, scope="", **others):
    return Verdict(outcome, relation, tuple(scope.split("; ")), **others)


HOLDS, HOLDS_AT_TAU = verdict("holds", scope=ALMOST), verdict("holds", scope=EVERY_TAU)
VERDICTS = json.loads((Path(__file__).parent / "data" / "verdicts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "expression", [pytest.param(e, marks=pytest.mark.slow) if "exp(1000)" in e else e for e in VERDICTS]
)
def test_what_verdicts_say(expression):
    """Word for word: data/verdicts.json has the record of a decision, its relations as LaTeX, and why it is there."""
    decision = decide(expression)
    found = decision.record() | {"latex": [verdict.latex for verdict in decision.verdicts]}
    found |= {"sharp_reasons": [verdict.reason for verdict in decision.verdicts[2:]]}
    assert json.loads(json.dumps(found)) == {key: v for key, v in VERDICTS[expression].items() if key != "why"}


FAILS, UNDECIDED = (
    verdict("fails", "s = 0", f"{ALMOST}; a note", latex="s = 0"),
    verdict("undecided", scope=ALMOST, reason="too large"),
)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            (UNDECIDED, FAILS, HOLDS),
            verdict(
                "fails",
                "B: s = 0",
                f"{EVERY_TAU}; a note; family A is undecided: too large",
                failing_families=("B",),
                latex=r"\text{B: } s = 0",
            ),
        ),
        (
            (HOLDS_AT_TAU, FAILS, FAILS),
            verdict(
                "fails",
                "B: s = 0; C: s = 0",
                f"{EVERY_TAU}; a note",
                failing_families=("B", "C"),
                latex=r"\text{B: } s = 0;\ \text{C: } s = 0",
            ),
        ),
        ((HOLDS_AT_TAU, HOLDS, UNDECIDED), verdict("undecided", scope=ALMOST, reason="family C: too large")),
        ((replace(HOLDS_AT_TAU, fails_at_tau=("1",)), HOLDS, HOLDS), replace(HOLDS_AT_TAU, fails_at_tau=("1",))),
    ],
)
def test_the_second_order_from_its_families(parts, said):
    assert second_order_of(dict(zip("ABC", parts, strict=True))) == said


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


def test_temperatures_are_the_same_in_number_and_in_value():
    c, same = sp.Symbol("c", real=True), partial(deciding._same, sample={"c": fmpq(5, 7)})
    assert same([c], [c])
    assert not any([same([c], [2 * c]), same([], [c]), same([c], []), same([c], [c, 2 * c])])


def test_values_that_are_not_told_apart_are_tried_once():
    long, short = 2 * sp.log(1 + sp.sqrt(5)) - sp.log(2), sp.log(3 + sp.sqrt(5))  # one number
    assert deciding._distinguish({long, sp.Integer(2), short}) == [short, sp.Integer(2)]


@pytest.mark.parametrize("expression", ["elu", "log(abs(z))"])
def test_decisions_show_themselves_in_notebooks(expression):
    decision = decide(expression)
    shown = decision._repr_markdown_()
    assert shown.startswith(f"`s(z) = {decision.activation.expression}`\n")
    table = [line for line in shown.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in table] == [5] * 7
    for verdict in decision.verdicts:
        assert (verdict.latex is None) == (verdict.relation is None)
        assert verdict.latex is None or verdict.latex.replace("|", r"\vert ") in shown


def test_every_failing_family_is_named_for_a_hidden_zero():
    decision = decide("acosh(1 + z**2/2) - 2*asinh(abs(z)/2)")
    named = set(decision.second_order.failing_families)
    assert named == set("ABC") or "undecided" in decision.second_order.scope


def test_a_family_that_is_too_large_to_be_eliminated_is_decided_by_balls_alone(monkeypatch):
    def too_large(*_):
        raise OutsideTowers("too large")

    monkeypatch.setattr(families, "nullspace", too_large)
    assert decide("tanh").first_order.outcome == "holds"
    assert decide("alpha*tanh(z)").exceptional_parameters == ()
    undecided = decide("z").first_order
    assert undecided.outcome == "undecided"
    assert undecided.reason.startswith("too large, and ")


@pytest.mark.parametrize("text", ["abs(sin(z))", "abs(z**5 - z - 1)"])
def test_a_switch_without_closed_form_leaves_all_undecided(text):
    decision = decide(text)
    assert {(v.outcome, v.reason) for v in decision.verdicts} == {("undecided", "no closed-form switch")}
    assert (decision.mirror.proved, decision.activation.expression) == (False, text)
    assert certificates(decision) == []
    assert text in decision._repr_markdown_()
    with pytest.raises(ValueError, match="no closed-form switch"):
        activation(text)


def test_points_at_which_one_formula_is_proved_to_be_real_are_enough():
    decision = decide("log(sin(z))")
    assert {v.outcome for v in decision.verdicts} == {"holds"}
    assert len(certificates(decision)) == 5
    with pytest.raises(ValueError, match="where activation 'log\\(sin\\(z\\)\\)' is real has no closed form"):
        compile_activation(decision.activation)


def test_a_constant_of_integration_in_a_relation_is_no_certificate():
    decision = decide("(acosh(2*z**2 - 1) - 2*acosh(z))*z")  # 0
    assert decision.first_order.outcome == "fails"
    for certificate in certificates(decision):
        check(certificate)
