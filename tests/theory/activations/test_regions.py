"""Regions of a parameter with other pieces are found wherever they lie, and no verdict speaks for all of them."""

import re

import pytest
import sympy as sp
from flint import fmpq

import temperance
from temperance.theory.activations.activation import activation, in_every_region, unseen
from temperance.theory.conditions import decision as independence
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.degeneracies import mirror
from temperance.theory.conditions.families import Verdict
from temperance.theory.models.gates import gate
from tests.tables import tables

# an activation with regions of its parameter, the condition that differs, and what it is in each
DEPENDS = tables(__file__)["DEPENDS"]


@pytest.mark.parametrize(("text", "condition", "outcomes"), DEPENDS)
def test_a_verdict_that_depends_on_the_region_is_none(text, condition, outcomes):
    verdict = getattr(decide(text), condition)
    assert verdict.outcome == "undecided"
    found = verdict.reason.removeprefix("the verdict depends on the region in which the parameters lie (").rstrip(")")
    bare = [re.sub(r" at (alpha|beta) = .*", "", part) for part in found.split("; ")]
    assert sorted(bare) == sorted(outcomes.split("; "))


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


@pytest.mark.parametrize(
    "text",
    [
        "where(alpha*beta > 1000, z, tanh(z))",
        "where(exp(alpha) > 1e39, z, tanh(z))",
        "where(z**3 > alpha, z, tanh(z))",  # at a cube root
        "where(z**2 + alpha*z + beta > 0, where(z < 0, tanh(z), z), z)",
    ],
)
def test_where_more_than_a_polynomial_in_one_parameter_decides_all_depends_on_the_parameters(text):
    decision = decide(text)
    assert not decision.activation.surveyed
    assert {v.outcome for v in decision.verdicts} == {"undecided"}
    assert all("depends on the parameters" in v.reason for v in decision.verdicts)
    assert not decision.mirror.proved


def test_given_numbers_decide_what_depends_on_the_parameters():
    source = activation("max(alpha*z, beta*z)")
    assert decide(source.at(alpha=2, beta=1)).second_order.failing_families == ("A", "B", "C")
    assert gate("activation", 1, source).caveat


def test_what_is_undecided_in_the_regions_that_were_found_keeps_its_reason(monkeypatch):
    monkeypatch.setattr(independence, "verdicts", lambda _: [Verdict("undecided", reason="a rank")] * 5)
    assert {v.reason for v in decide("max(alpha*z, beta*z)").verdicts} == {"a rank"}


@pytest.mark.parametrize("text", ["log(1 + alpha*z + z**4)"])
def test_one_formula_is_decided_wherever_it_is_real(text):
    decision = decide(text)
    assert decision.first_order.outcome == "holds"
    assert not decision.mirror.proved  # which asks on which sides of 0 it is


def test_a_search_that_parameters_have_no_part_in_is_that_of_all():
    decision = decide("tanh(alpha*z) + 0*sqrt(sin(z) - 1/3)")
    assert decision.activation.surveyed
    assert decision.first_order.outcome == "holds"


def test_no_two_parameters_are_taken_as_equal():
    assert decide("(alpha - beta)*tanh(z) + z").second_order.outcome == "holds"


@pytest.mark.parametrize(
    "text",
    [
        "where(alpha > 0, z, exp(z))",
        "where(z < beta, abs(z), z) + cosh(z)",  # even for beta > 0 only
        "0*log(z + alpha) + z**2",  # on one side of 0 only for alpha < 0
        "exp(log(z + alpha))",
        "0*acosh(z + alpha) + cosh(z)",
    ],
)
def test_a_mirror_type_of_some_parameters_is_not_that_of_all(text):
    found = mirror(text)
    assert (found.kind, found.proved) == (None, False)
    assert "region" in found.reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [("log(alpha + z**2)", "even"), ("max(alpha*z, z)", "homogeneous"), ("where(alpha > 0, tanh(z), sin(z))", "odd")],
)
def test_a_mirror_type_of_all_regions_is_proved(text, kind):
    assert (mirror(text).kind, mirror(text).proved) == (kind, True)


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(z**2 + 2*alpha*z + alpha**2)",  # the discriminant is 0
        "max(z**2 + alpha**2, 2*alpha*z)",
        "0*log(z - alpha)*log(beta - z) + abs(z)",  # a parameter in upper ends only
        "where(sqrt(alpha) + sqrt(beta) + sqrt(c) < d, z, tanh(z))",
    ],
)
def test_regions_of_parameters_are_no_error(text):
    assert len(decide(text).verdicts) == 5


@pytest.mark.parametrize("text", ["sqrt(alpha*z - exp(z))", "sqrt(-z**4 + alpha*z - 1)"])
def test_what_is_real_for_some_parameters_is_read(text):
    assert activation(text).points(activation(text).pieces[0], dict(activation(text).sample))


@pytest.mark.parametrize("text", ["log(alpha + beta*z**5)"])
def test_powers_with_parameters_have_their_roots(text):
    assert activation(text).surveyed
    assert "undecided" not in {v.outcome for v in decide(text).verdicts}


def test_a_parameter_of_conditions_only_is_one():
    decision = decide("where(alpha*z > 0, z**2, -z**2)")
    assert decision.exceptional_parameters == (("alpha", ("0",)),)


def test_a_region_is_judged_at_a_sample_of_its_own():
    """The pieces of a region go with its sample: with that of another, ends of pieces had no value."""
    source = activation("log(1 + alpha*z**2) + sinc(z)")
    seen = []
    in_every_region(source, lambda alone, sample: seen.append((dict(alone.sample), sample)) or True)
    assert len(seen) > 1
    assert all(own == sample for own, sample in seen)
    assert temperance.check("log(1 + alpha*z**2) + sinc(z)").to_json()
