"""Regions of a parameter with other pieces are found wherever they lie, and no verdict speaks for all of them."""

import pytest
import sympy as sp
from flint import fmpq

import temperance
from temperance.theory.activations.activation import activation, in_every_region, unseen
from temperance.theory.conditions import decision as independence
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.families import Verdict
from temperance.theory.models.gates import gate


def test_regions_are_told_apart_by_one_value_in_each():
    source = activation("where(abs(alpha - 1/3) < 1e-9, z, tanh(z))")
    assert source.surveyed
    (other,) = source.others
    assert abs(dict(other.sample)["alpha"] - fmpq(1, 3)) < fmpq(1, 10**9)


@pytest.mark.parametrize("text", ["elu(z, alpha)", "where(z > lam, z - lam, where(z < -lam, z + lam, 0))"])
def test_all_regions_of_one_parameter_are_known(text):
    assert activation(text).surveyed
    assert "other regions" not in decide(text).first_order.scope


@pytest.mark.parametrize("condition", ["alpha**20 < 1e-20", "1/(alpha - 2) > sqrt(alpha)"])
def test_all_regions_of_polynomials_in_a_parameter_are_found(condition):
    source = activation(f"where({condition}, z, tanh(z))")
    assert source.surveyed
    assert len(source.structures) == 2
    assert decide(source).first_order.outcome == "undecided"


def test_one_value_lies_in_every_region():
    b = sp.Symbol("b", real=True)
    start = {"a": fmpq(5, 7), "b": fmpq(4, 3)}
    found = unseen([b**2 - 4, (sp.sqrt(b**2 - 4) - b) / 2, sp.sqrt(2) * b], [start])
    ends = (-2, 0, 2)
    assert sorted(sum(bool(q["b"] > e) for e in ends) for q in [start, *found]) == [0, 1, 2, 3]
    assert {q["a"] for q in found} == {start["a"]}
    assert unseen([b], [start, {**start, "b": fmpq(-1)}]) == []
    assert unseen([b - sp.Symbol("a", real=True)], [start]) is None
    assert unseen([sp.exp(b) - 2], [start]) is None
    assert unseen([sp.sin(sp.sqrt(2)) * b - 1], [start]) is None  # a root that no product takes away


def test_given_numbers_decide_what_depends_on_the_parameters():
    source = activation("max(alpha*z, beta*z)")
    assert decide(source.at(alpha=2, beta=1)).second_order.failing_families == ("A", "B", "C")
    assert gate("activation", 1, source).caveat


def test_what_is_undecided_in_the_regions_that_were_found_keeps_its_reason(monkeypatch):
    monkeypatch.setattr(independence, "verdicts", lambda _: [Verdict("undecided", reason="a rank")] * 5)
    assert {v.reason for v in decide("max(alpha*z, beta*z)").verdicts} == {"a rank"}


def test_a_search_that_parameters_have_no_part_in_is_that_of_all():
    decision = decide("tanh(alpha*z) + 0*sqrt(sin(z) - 1/3)")
    assert decision.activation.surveyed
    assert decision.first_order.outcome == "holds"


@pytest.mark.parametrize("text", ["sqrt(alpha*z - exp(z))", "sqrt(-z**4 + alpha*z - 1)"])
def test_what_is_real_for_some_parameters_is_read(text):
    assert activation(text).points(activation(text).pieces[0], dict(activation(text).sample))


@pytest.mark.parametrize("text", ["log(alpha + beta*z**5)"])
def test_powers_with_parameters_have_their_roots(text):
    assert activation(text).surveyed
    assert "undecided" not in {v.outcome for v in decide(text).verdicts}


def test_a_region_is_judged_at_a_sample_of_its_own():
    """The pieces of a region go with its sample: with that of another, ends of pieces had no value."""
    source = activation("log(1 + alpha*z**2) + sinc(z)")
    seen = []
    in_every_region(source, lambda alone, sample: seen.append((dict(alone.sample), sample)) or True)
    assert len(seen) > 1
    assert all(own == sample for own, sample in seen)
    assert temperance.check("log(1 + alpha*z**2) + sinc(z)").to_json()
