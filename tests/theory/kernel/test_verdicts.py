"""Rule "verdict": honest certificates are proved, and changes of any part of them are not."""

import copy
import json

import pytest

from temperance.theory.conditions.certificates import certificates
from temperance.theory.kernel.balls import _BALLS, DEFINED
from temperance.theory.kernel.check import check
from temperance.theory.kernel.reader import FUNCTIONS
from temperance.theory.kernel.verdict import CONDITIONS, FAMILIES
from tests.theory.kernel.places import objection


def of(source, condition):
    """The certificate of a condition, as it is read from a file."""
    found = next(c for c in certificates(source) if condition in {claim["title"] for claim in c["claims"]})
    return json.loads(json.dumps(found))


def said(certificate):
    return {(c.title, c.side, c.value) for c in check(certificate).claims}


VERDICTS = [
    ("tanh", "first_order", ("first_order", "holds", None)),
    ("relu", "first_order", ("first_order", "fails", None)),
    ("tanh", "second_order", ("second_order", "holds", None)),
    ("exp", "second_order", ("second_order", "fails", None)),
    ("log(1 + z**2)", "second_order", ("second_order", "holds", "1")),
    ("3*log(1 + z**2)", "tau_beta1", ("tau_beta1", "holds", "3")),
    ("z**2 + z", "a", ("a", "fails", None)),
    ("log(abs(z))", "b_nu", ("b_nu", "fails", None)),
    ("elu(z, alpha)", "first_order", ("first_order", "holds", None)),
    ("LambertW(z)", "first_order", ("first_order", "holds", None)),
]


@pytest.mark.parametrize(("source", "condition", "claim"), VERDICTS)
def test_verdicts_are_proved_with_their_temperatures(source, condition, claim):
    assert claim in said(of(source, condition))


def test_every_decided_condition_has_a_certificate():
    assert {c["claims"][-1]["title"] for c in certificates("tanh")} == {*CONDITIONS}
    assert ("B", "fails", None) in said(of("exp", "second_order"))


def test_ends_that_are_left_out_are_told():
    assert check(of("hardshrink", "first_order")).left_out == ("-1/2", "1/2")
    assert check(of("relu", "first_order")).left_out == ()


def families(certificate):
    return certificate["proof"]["families"]


CHANGES = {
    "another function": lambda c: c["place"]["model"].update(log_weight="z"),
    "a verdict the other way": lambda c: c["claims"][-1].update(side="fails"),
    "a temperature": lambda c: c["claims"][-1].update(value="1"),
    "a minor with two equal points": lambda c: families(c)["F1"]["minor"].update(points=["1/2"] * 3),
    "a minor of fewer members": lambda c: families(c)["F1"]["minor"].update(columns=[0, 1], points=["1/2", "1"]),
    "a column twice": lambda c: families(c)["F1"]["minor"].update(columns=[0, 1, 1]),
    "no minor": lambda c: families(c)["F1"].update(minor=None),
    "a relation that is 0": lambda c: families(c)["F1"].update(relations=[["0", "0", "0"]]),
    "a false relation": lambda c: families(c)["F1"].update(relations=[["1", "0", "0"]]),
    "a short relation": lambda c: families(c)["F1"].update(relations=[["1"]]),
    "no families": lambda c: c["proof"].update(families={}),
    "a point outside of the domain": lambda c: c["proof"].update(point="zero"),
    "bits": lambda c: families(c)["F1"]["minor"].update(bits=10**6),
    "a claim besides": lambda c: c["claims"].append({"title": "a", "side": "holds", "value": None}),
    "a mean": lambda c: c["place"]["model"].update(mean="z"),
    "a fixed parameter": lambda c: c["place"].update(fixed=[[0, "_weight"]]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_certificate_is_rejected(change):
    certificate = of("tanh", "first_order")
    changed = copy.deepcopy(certificate)
    CHANGES[change](changed)
    assert objection(check, certificate) is None
    assert objection(check, changed) is not None


def test_a_failure_is_a_relation_that_is_proved():
    certificate = of("relu", "first_order")
    certificate["place"]["model"]["log_weight"] = "where(z < 0, 0, z**2)"
    assert objection(check, certificate) == "F1: a relation is not proved"


def test_where_s_is_not_real_it_has_no_verdict():
    certificate = of("log(abs(z))", "first_order")
    for text in ("log(-1)*z", "sqrt(-1)*sqrt(-1)*z", "log(-z**2)"):
        certificate["place"]["model"]["log_weight"] = text
        assert objection(check, certificate) is not None


def test_every_function_of_the_language_has_a_ball():
    assert {*_BALLS, *DEFINED} == FUNCTIONS
    assert all(len(members) > 2 for members in FAMILIES.values())
