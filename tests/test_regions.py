"""Regions of the parameters with other pieces are found wherever they lie, and no verdict speaks for all of them."""

import pytest
from flint import fmpq

from theory.activations import activation
from theory.independence import decide
from theory.mirror import mirror

DEPENDS = [  # an activation with regions of its parameter, the condition that differs, and what it is in each
    ("where(alpha > 1000, z, tanh(z))", "first_order", "holds; fails"),
    ("where(alpha > 50, z**2, z)", "a", "holds; fails"),
    ("sign(alpha - 77)*tanh(z) + tanh(z)", "first_order", "fails; holds"),
    ("min(exp(z), alpha - 30)", "first_order", "fails; holds"),
    ("where(z**2 < alpha - 1000, exp(z), z)", "first_order", "fails; holds"),
    ("max(z, z + (alpha - 1000)*exp(z))", "first_order", "holds; fails"),
    ("where(abs(alpha - 1/3) < 1e-9, z, tanh(z))", "first_order", "holds; fails"),
    ("max(tanh(z), alpha - 50)", "first_order", "holds; fails"),
    ("where(alpha > 1000, z, tanh(beta*z))", "first_order", "holds; fails"),
    ("where(alpha > 0, log(1 + z**2), 2*log(1 + z**2))", "tau_beta1", "holds but at tau = 1; holds but at tau = 2"),
    ("where(alpha > 0, exp(z), sqrt(1 + z**2))", "second_order", "fails B; fails A"),
]


@pytest.mark.parametrize(("text", "condition", "outcomes"), DEPENDS)
def test_a_verdict_that_depends_on_the_region_is_none(text, condition, outcomes):
    verdict = getattr(decide(text), condition)
    assert verdict.outcome == "undecided"
    found = verdict.reason.removeprefix("the verdict depends on the region in which the parameters lie (").rstrip(")")
    assert sorted(found.split("; ")) == sorted(outcomes.split("; "))


def test_regions_are_told_apart_by_one_value_in_each():
    source = activation("where(abs(alpha - 1/3) < 1e-9, z, tanh(z))")
    assert source.surveyed
    (other,) = source.others
    assert abs(dict(other.sample)["alpha"] - fmpq(1, 3)) < fmpq(1, 10**9)


@pytest.mark.parametrize("text", ["elu(z, alpha)", "where(z > lam, z - lam, where(z < -lam, z + lam, 0))", "tanh"])
def test_all_regions_of_one_parameter_are_known(text):
    assert activation(text).surveyed
    assert "other regions" not in decide(text).first_order.scope


def test_of_several_parameters_not_all_regions_may_be_known():
    source = activation("where(alpha*beta > 1000, z, tanh(z))")
    assert not source.surveyed
    assert decide(source).first_order.scope.endswith("other regions of the parameters may have other pieces")


@pytest.mark.parametrize("text", ["where(alpha > 0, z, exp(z))", "where(z**2 + alpha > 0, z, exp(z))"])
def test_a_mirror_type_is_that_of_every_region(text):
    assert mirror(text).kind is None
    assert not mirror(text).proved
    assert "region" in mirror(text).reason
    assert mirror("where(alpha > 0, tanh(z), sin(z))").kind == "odd"


def test_no_two_parameters_are_taken_as_equal():
    assert decide("(alpha - beta)*tanh(z) + z").second_order.outcome == "holds"
