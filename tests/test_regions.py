"""Regions of the parameters with other pieces are found wherever they lie, and no verdict speaks for all of them."""

import re

import pytest
import sympy as sp
from flint import fmpq

from theory import independence
from theory.activations import UNSURVEYED, activation
from theory.analysis import Analysis
from theory.independence import decide
from theory.mirror import mirror
from theory.regions import unseen
from theory.verdicts import Verdict

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
    bare = [re.sub(r" at (alpha|beta) = .*", "", part) for part in found.split("; ")]
    assert sorted(bare) == sorted(outcomes.split("; "))


def test_regions_are_told_apart_by_one_value_in_each():
    source = activation("where(abs(alpha - 1/3) < 1e-9, z, tanh(z))")
    assert source.surveyed
    (other,) = source.others
    assert abs(dict(other.sample)["alpha"] - fmpq(1, 3)) < fmpq(1, 10**9)


@pytest.mark.parametrize("text", ["elu(z, alpha)", "where(z > lam, z - lam, where(z < -lam, z + lam, 0))", "tanh"])
def test_all_regions_of_one_parameter_are_known(text):
    assert activation(text).surveyed
    assert "other regions" not in decide(text).first_order.scope


SEVERAL = [  # conditions on more than one parameter, and how many combinations of signs they have
    ("alpha*beta > 1000", 2),
    ("alpha**2 + beta**2 < 1/100", 2),
    ("alpha**2 + beta**2 + c**2 < 1/100", 2),
    ("max(alpha, beta) < -1000", 2),
    ("sqrt(alpha**2 + 1) < beta", 2),
    ("alpha**(3/2) > 20 + beta**2/alpha", 2),
    ("exp(alpha) > 1e40", 2),
    ("alpha**20 < 1e-20", 2),
]


@pytest.mark.parametrize(("condition", "count"), SEVERAL)
def test_all_regions_of_several_parameters_are_found(condition, count):
    source = activation(f"where({condition}, z, tanh(z))")
    assert source.surveyed
    assert len(source.structures) == count
    assert decide(source).first_order.outcome == "undecided"


def test_regions_are_those_of_a_projection():
    a, b, c = sp.symbols("a b c", real=True)
    start = {"a": fmpq(5, 7), "b": fmpq(4, 3), "c": fmpq(2, 9)}
    found, complete = unseen([b**2 - 4 * a * c, c, (sp.sqrt(b**2 - 4 * a * c) - b) / (2 * c)], [start])
    assert complete
    signs = {tuple(bool(v > 0) for v in (q["b"] ** 2 - 4 * q["a"] * q["c"], q["c"])) for q in [start, *found]}
    assert len(signs) == 4
    assert all(len(set(values.values())) == 3 for values in found)  # no two of one value


@pytest.mark.parametrize(
    "text",
    [
        "where(sin(z) > alpha, tanh(z), z)",  # all z for alpha > 1
        "max(sin(z), alpha)",
        "where(cos(alpha) < -9999/10000, z, tanh(z))",
        "where(LambertW(alpha) > 10, z, tanh(z))",
        "where(cos(alpha) < beta - 100, z, tanh(z))",
        "where(z**3 + alpha*z + beta > 0, where(z < 0, tanh(z), z), z)",
    ],
)
def test_where_regions_may_be_missing_nothing_is_said_of_all_parameters(text):
    decision = decide(text)
    assert not decision.activation.surveyed
    assert {v.outcome for v in decision.verdicts} == {"undecided"}
    assert UNSURVEYED in {v.reason for v in decision.verdicts}
    assert not decision.mirror.proved


def test_what_is_undecided_in_the_regions_that_were_found_keeps_its_reason():
    found = Verdict("undecided", reason="a rank")
    assert independence._unknown_elsewhere(found) == found


def test_pivots_that_differ_from_one_structure_to_another_prove_nothing():
    first, second = (Analysis(a, a.pieces, {}) for a in map(activation, ("tanh", "z**2")))
    assert first.pivots() != second.pivots()
    assert independence._common_pivots([first, first]) == first.pivots()
    assert independence._common_pivots([first, second]) is None


@pytest.mark.parametrize("text", ["log(alpha + beta*z + c*z**2 + z**3)", "log(1 + alpha*z + z**4)"])
def test_one_formula_is_decided_wherever_it_is_real(text):
    decision = decide(text)
    assert not decision.activation.surveyed
    assert decision.first_order.outcome == "holds"
    assert not decision.mirror.proved  # which asks on which sides of 0 it is


def test_a_search_that_parameters_have_no_part_in_is_that_of_all():
    decision = decide("tanh(alpha*z) + 0*sqrt(sin(z) - 1/3)")
    assert decision.activation.surveyed
    assert decision.first_order.outcome == "holds"


@pytest.mark.parametrize("text", ["where(alpha > 0, z, exp(z))", "where(z**2 + alpha > 0, z, exp(z))"])
def test_a_mirror_type_is_that_of_every_region(text):
    assert mirror(text).kind is None
    assert not mirror(text).proved
    assert "region" in mirror(text).reason
    assert mirror("where(alpha > 0, tanh(z), sin(z))").kind == "odd"


def test_no_two_parameters_are_taken_as_equal():
    assert decide("(alpha - beta)*tanh(z) + z").second_order.outcome == "holds"


@pytest.mark.parametrize(
    "text",
    [
        "where(z < beta, abs(z), z) + cosh(z)",  # even for beta > 0 only
        "where(z < beta, where(z > 0, z, 0), z)",
        "0*log(z + alpha) + z**2",  # on one side of 0 only for alpha < 0
        "exp(log(z + alpha))",
        "0*acosh(z + alpha) + cosh(z)",
        "tanh(atanh(z + alpha))",
    ],
)
def test_a_mirror_type_of_some_parameters_is_not_that_of_all(text):
    found = mirror(text)
    assert (found.kind, found.proved) == (None, False)
    assert "region" in found.reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [("log(alpha + z**2)", "even"), ("max(alpha*z, beta*z)", "homogeneous"), ("asin(alpha*z)", "odd")],
)
def test_a_mirror_type_of_all_regions_is_proved(text, kind):
    assert (mirror(text).kind, mirror(text).proved) == (kind, True)


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(z**2 + 2*alpha*z + alpha**2)",  # the discriminant is 0
        "max(z**2 + alpha**2, 2*alpha*z)",
        "abs(z**3 + 3*alpha*z**2 + 3*alpha**2*z + alpha**3)",
        "0*log(z - alpha)*log(beta - z) + abs(z)",  # a parameter in upper ends only
        "0*sqrt(z - alpha)*sqrt(beta - z) + abs(z**2 - 1)",
        "max(alpha*z**2 + beta*z + c, d*z**2 + z, 0)",  # more regions than are looked at
        "where(sqrt(alpha) + sqrt(beta) + sqrt(c) < d, z, tanh(z))",
        "log(exp(cosh(alpha*log(abs(z))) + sin(z)))",  # SymPy has no value at 0
        "where(z < 1000, sqrt(alpha + z**2), log(cos(pi*z) - 1/3) + sqrt(alpha + z**2))",  # ends between many roots
    ],
)
def test_regions_of_parameters_are_no_error(text):
    assert len(decide(text).verdicts) == 5


@pytest.mark.parametrize("text", ["sqrt(alpha*z - exp(z))", "sqrt(-z**4 + alpha*z - 1)", "acosh(alpha*cos(z))"])
def test_what_is_real_for_some_parameters_is_read(text):
    assert not activation(text).surveyed


@pytest.mark.parametrize("text", ["log(1 + abs(z)**alpha)", "where(z**3 > alpha, z, 2*z)", "log(alpha + beta*z**5)"])
def test_powers_with_parameters_have_their_roots(text):
    assert activation(text).surveyed
    assert "undecided" not in {v.outcome for v in decide(text).verdicts}


def test_a_parameter_of_conditions_only_is_one():
    decision = decide("where(alpha*z > 0, z**2, -z**2)")
    assert decision.exceptional_parameters == (("alpha", ("0",)),)
