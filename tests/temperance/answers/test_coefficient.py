"""`temperance coefficient` and `temperance.coefficient`."""

import json

import pytest

import temperance

KEYS = {"lower", "upper", "exact", "multiplicity", "bic", "stratum", "reason"}


def test_the_first_line_answers(output):
    lines = output("coefficient", "--gate", "softmax", "--true", "2", "--fitted", "3").splitlines()
    assert lines[0] == "lambda = 5: two true softmax experts, three fitted; BIC charges 6.5"
    assert any("beta0 bounded" in line for line in lines)


def test_the_record_is_that_of_the_function(output):
    record = json.loads(output("coefficient", "--activation", "tanh", "--true", "2", "--fitted", "3", "--json"))
    assert record == temperance.coefficient(activation="tanh", true=2, fitted=3).to_json()
    assert record.keys() >= KEYS
    assert (record["exact"], record["bic"], record["multiplicity"], record["local"]) == ("11/2", "7", 1, True)


def test_a_formula_is_understood_and_has_the_answer_of_its_name():
    found = temperance.coefficient("tanh(w*x)/tau", "m*x + c", true=2, fitted=3)
    named = temperance.coefficient(activation="tanh", true=2, fitted=3)
    assert found.found.exact == named.found.exact
    assert found.to_json()["gate_formula"] is not None
    assert named.to_json()["gate_formula"] is None


@pytest.mark.parametrize(("gauge", "value", "held"), [("free", "5", "nothing"), ("anchored", "4.5", "v")])
def test_the_gauge_of_the_value_is_named(gauge, value, held):
    answer = temperance.coefficient("tanh(v*x)/tau", true=2, fitted=2, gauge=gauge)
    first, _, understood, *_ = map(str, answer.summary.all)
    assert first == f"lambda = {value}: two true tanh experts, two fitted; BIC charges {value} ({gauge} gauge)"
    assert f"held of the last atom: {held};" in understood
    assert answer.to_json()["gauge"] == gauge
    assert temperance.coefficient("softmax", true=2, fitted=2).gauge is None
