"""Every named gate that can be written as a formula gets from it, in other letters, what it gets from its name.

The letters have the alphabetical order of those of the table, in which SymPy writes sums and products.
"""

import json
import re

import pytest

import temperance
from temperance.theory.models.gates import names
from tests.tables import tables

# gate, dimension -> its formula in other letters, the options that it needs, and what the table calls each letter
FORMULAS = {(name, dim): row for name, dim, *row in tables(__file__)["FORMULAS"]}
(FULL,) = tables(__file__)["FULL"]  # in dimension 2 of more parameters than orders are computed for
LONG = ("activation-bias", "gaussian", "sigmoid", "sigmoid-tau-1", "sigmoid-euclidean", "laplace")
QUICK = [key for key in FORMULAS if key[1] == 1 and key[0] not in LONG] + [("cosine", 2)]
PLACES = [pytest.param(*key, marks=() if key in QUICK else pytest.mark.slow) for key in FORMULAS]


def named(name, dim):
    return {"gate": name, "activation": "tanh" if name.startswith("activation") else None, "dim": dim}


def translated(answer, text, name, letters):
    """An answer as JSON, with the names of the table in place of letters, and that of the gate in place of its text."""

    def one(found):
        before, stem, place = found.groups()
        return f"{before}{letters.get(stem, stem)}{place}"

    # differences of two atoms are called h_NAME
    return json.loads(
        re.sub(r"\b(h_|)([A-Za-z]+\d*)((?:_\d+)*)\b", one, json.dumps(answer).replace(json.dumps(text)[1:-1], name))
    )


def proved(answer):
    """The formats of certificates and what they bound."""
    return [[c["proof"]["kind"], c["claims"]] for c in answer.certificates()]


@pytest.mark.parametrize(("name", "dim"), PLACES)
def test_bounds_of_a_formula_are_those_of_the_name(name, dim):
    formula, options, letters = FORMULAS[name, dim]
    how = {"split": "all" if options.get("bias") is False else "one", "bounds_only": True}
    theirs = temperance.exponents(**named(name, dim), **how)
    ours = temperance.exponents(formula, dim=dim, **options, **how)
    expected, found = theirs.to_json(), translated(ours.to_json(), formula, name, letters)
    assert found["setting"].pop("gate_formula")["name"] in (name, "linear")
    assert expected["setting"].pop("gate_formula") is None
    assert found == expected
    assert translated(proved(ours), formula, name, letters) == proved(theirs)


KEYS = ("derivatives", "rank", "complete", "relations", "generators", "symmetries", "identifiable_functions")


@pytest.mark.parametrize(("name", "dim"), PLACES)
def test_relations_of_a_formula_are_those_of_the_name(name, dim):
    formula, options, letters = FORMULAS[name, dim]
    theirs = temperance.derive(**named(name, dim)).to_json()
    ours = translated(temperance.derive(formula, dim=dim, **options).to_json(), formula, name, letters)
    for symmetry in ours["symmetries"]:  # a formula names the entries of a matrix one by one
        if symmetry["kind"] == "split":
            symmetry["statement"] = symmetry["statement"].replace("A_1_1, A_1_2, A_2_2", "A")
    for key in KEYS:
        assert ours[key] == theirs[key], key


@pytest.mark.slow
def test_a_gate_with_a_covariance_has_as_many_relations_in_another_order_of_its_parameters():
    """The formula names entries of the matrix before the place: terms are written in that order."""
    formula, options, letters = FULL
    theirs = temperance.derive("gaussian-full", dim=2).to_json()
    ours = translated(temperance.derive(formula, dim=2, **options).to_json(), formula, "gaussian-full", letters)
    assert [ours[key] for key in KEYS[:3]] == [theirs[key] for key in KEYS[:3]]
    for key in ("relations", "generators"):
        assert sorted(r["order"] for r in ours[key]) == sorted(r["order"] for r in theirs[key])
    assert {*ours["identifiable_functions"]} == {*theirs["identifiable_functions"]}


def test_every_named_gate_but_the_free_one_has_a_formula():
    assert {*names()} == {name for name, _ in FORMULAS} | {"gaussian-full"} | {"generic"}
