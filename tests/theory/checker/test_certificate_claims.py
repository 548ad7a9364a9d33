"""The checker of certificates: claims, statements, digests and minors that are not what they say."""

import copy
import hashlib
import json
import re

import pytest

from temperance.theory.checker.order_checker import FORMAT as ORDERS
from temperance.theory.checker.order_checker import check as order_check
from temperance.theory.checker.rejected import Rejected, objection
from temperance.theory.checker.verdict_checker import check, digest, left_out, statement, tower_of
from temperance.theory.conditions.certificates import certificates as issued
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.orders.upper_bounds import certificate as certificate_of_orders
from temperance.theory.orders.upper_bounds import upper_orders


def test_a_digest_is_of_all_but_itself_in_alphabetical_order():
    expected = hashlib.sha256(b'{"a": 2, "b": 1}').hexdigest()
    assert digest({"digest": "x", "b": 1, "a": 2}) == expected


def test_a_statement_lists_families_temperatures_and_parameters():
    claim = {"condition": "a", "verdict": "v", "failing_families": ["A", "B"], "fails_at_tau": ["1", "2"]}
    near = {"parameters": {"p": "3", "q": "4"}, "expression": "z"}
    words = "a v (families A, B) for s(z) = z where all parts of it are real and analytic, "
    words += "all tau > 0 except 1, 2 where positive"
    region = ", generic parameters near p = 3, q = 4"
    assert statement({"claim": claim | {"left_out": []}, **near}) == words + region
    ends = ", almost everywhere: nothing is said of z = -1, 1"
    assert statement({"claim": claim | {"left_out": ["-1", "1"]}, **near}) == words + ends + region


LEFT_OUT = [  # a source, a condition that fails, the ends of pieces across which the relation does not hold
    ("hardshrink", "first_order", ["-1/2", "1/2"]),
    ("hardtanh", "second_order", ["-1", "1"]),
    ("hardsigmoid", "second_order", ["-3", "3"]),
    ("where(z < sqrt(2), z, 2*z - sqrt(2))", "second_order", ["sqrt(2)"]),
    ("log_abs", "first_order", ["0"]),  # infinite there
    ("relu", "first_order", []),
    ("relu", "second_order", []),
    ("sign", "first_order", []),  # z is 0 where s jumps
    ("square", "second_order", []),
    ("hardtanh", "tau_beta1", []),  # which holds: more is said
]


@pytest.mark.parametrize(("source", "condition", "ends"), LEFT_OUT)
def test_a_failure_that_holds_almost_everywhere_only_says_so(source, condition, ends):
    certificate = of(source, condition)
    assert certificate["claim"]["left_out"] == ends
    assert ("almost everywhere: nothing is said of z = " in certificate["statement"]) == bool(ends)
    for others in ([*ends, "5"], ["7"]):
        certificate["claim"]["left_out"] = others
        with pytest.raises(Rejected, match=r"^the ends of pieces that are left out are others$"):
            tower_of(certificate)


@pytest.mark.parametrize(
    ("expression", "ends"),
    [
        ("where(z < 1, z, 2*z - 1)", []),
        ("where(z < 1, z, 2*z - 2)", ["1"]),
        ("where(z < 1, z, 1 + log(z - 1))", ["1"]),  # of no value there
        ("where(z < 2, z, where(z < 1, 7, z))", ["2", "1"]),  # a piece without points
        ("where(z < 1/(log(4) - 2*log(2)), z, 2*z)", ["1/(log(4) - 2*log(2))"]),
    ],
)
def test_relations_without_s2_hold_across_ends_where_s_is_continuous(expression, ends):
    certificate = of("relu", "first_order") | {"expression": expression}
    assert left_out(certificate) == ends


def of_tanh():
    """The certificate that the first order holds for tanh, and its only minor."""
    certificate = copy.deepcopy(issued("tanh")[0])
    return certificate, certificate["families"]["F1"]["minor"]


UNFIT = "^F1: columns, points, bits and relations do not fit$"


@pytest.mark.parametrize("fields", [["columns"], ["points"], ["columns", "points"]])
def test_a_minor_has_a_column_and_a_point_for_each_member(fields):
    certificate, evidence = of_tanh()
    for field in fields:
        evidence[field].pop()
    with pytest.raises(Rejected, match=UNFIT):
        tower_of(certificate)


def test_the_bits_of_a_minor_have_a_bound():
    certificate, evidence = of_tanh()
    for evidence["bits"] in (64, 8192):
        tower_of(certificate)
    for evidence["bits"] in (1, 8193):
        with pytest.raises(Rejected, match=UNFIT):
            tower_of(certificate)
    line = of("z", "b_nu")
    line["families"]["(iii)"]["minor"] |= {"bits": 2, "determinant": "[-12 +/- 6]"}
    tower_of(line)


def test_a_minor_that_may_vanish_proves_nothing():
    certificate, evidence = of_tanh()
    evidence["points"][0] = evidence["points"][1]
    with pytest.raises(Rejected, match=r"^F1: the determinant is not proved, or is not the one stored$"):
        tower_of(certificate)


def test_a_point_on_the_edge_of_a_piece_is_in_none():
    certificate = copy.deepcopy(issued("elu")[0])
    certificate["families"]["F1"]["minor"]["points"][0] = "0"
    with pytest.raises(Rejected, match=r"^the point 0 is not inside a piece$"):
        tower_of(certificate)


def of(source, condition, /, **claim):
    """The certificate of a condition, with another claim."""
    certificate = copy.deepcopy(next(c for c in issued(source) if c["claim"]["condition"] == condition))
    certificate["claim"] |= claim
    return certificate


def without(certificate, *families):
    for family in families:
        del certificate["families"][family]
    return certificate


UNKNOWN = [
    lambda: without(of("tanh", "second_order"), "B"),  # holds with two families of three
    lambda: without(of("z", "first_order"), "F1"),  # fails with none
    # with families of another condition
    lambda: of("z", "second_order", condition="first_order", failing_families=[]),
    lambda: of("z", "second_order", failing_families=["A", "B"]),
    lambda: of("z", "first_order", failing_families=["F1"]),
    lambda: of("tanh", "second_order", failing_families=["A", "B", "C"]),
    lambda: of("z", "second_order", fails_at_tau=["1"]),
    lambda: of("tanh", "a", fails_at_tau=["1"]),
    lambda: of("log(1 + z**2)", "tau_beta1", fails_at_tau="1"),
]
"""Made where they are tested: pytest reads this file in every process."""


@pytest.mark.parametrize("made", UNKNOWN)
def test_claims_of_another_form_are_refused(made):
    with pytest.raises(Rejected, match=r"^the claim is not of a form that is known$"):
        tower_of(made())


def test_evidence_of_the_contrary_is_refused():
    with pytest.raises(Rejected, match=r"^F1: the evidence proves the contrary$"):
        tower_of(of("tanh", "first_order", verdict="fails"))


def altered(**fields):
    """A certificate with other fields, whose digest is right unless it is one of them."""
    certificate = of("z", "first_order") | fields
    return certificate if "digest" in fields else certificate | {"digest": digest(certificate)}


REFUSALS = [
    (lambda: altered(format="another"), "the format is unknown"),
    (lambda: altered(digest="0"), "the digest is wrong"),
    (lambda: altered(statement="another"), "the statement is wrong"),
    (lambda: altered(tower={"exp(z)": "exp(z)"}), "the tower is wrong"),
    (dict, "malformed: KeyError 'format'"),
    (
        lambda: {"format": ORDERS},
        "the keys of the certificate are not format, statement, model, degree, reach, variables, means, steps, orders",
    ),
]


@pytest.mark.parametrize(("made", "message"), REFUSALS)
def test_a_refusal_says_where(made, message):
    with pytest.raises(Rejected, match=f"^{re.escape(message)}$"):
        check(made())


def test_certificates_of_orders_are_for_another_checker():
    orders = certificate_of_orders(upper_orders(order_setting("softmax")))
    check(json.loads(json.dumps(orders)))
    changed = orders | {"statement": "another"}
    with pytest.raises(Rejected, match=f"^{re.escape(objection(order_check, changed))}$"):
        check(changed)


def test_a_piece_without_points_is_read_too():
    certificate, _ = of_tanh()
    certificate |= {"expression": "where(z < -99, f(z), tanh(z))"}
    with pytest.raises(Rejected, match=r"^f\(z\) is not understood$"):
        tower_of(certificate)


@pytest.mark.parametrize("stored", ["nan", "[0 +/- inf]"])
def test_a_stored_determinant_is_a_number(stored):
    certificate, evidence = of_tanh()
    evidence["determinant"] = stored
    with pytest.raises(Rejected, match="is not the one stored"):
        tower_of(certificate)


@pytest.mark.parametrize("tau", ["1/0", "1/(log(4) - 2*log(2))", "log(-1)", "z"])
def test_a_temperature_is_a_number(tau):
    certificate = of("log(1 + z**2)", "tau_beta1", fails_at_tau=[tau])
    with pytest.raises(Rejected):
        tower_of(certificate)
