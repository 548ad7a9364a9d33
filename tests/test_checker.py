"""The checker alone, against certificates forged by hand: what each rule lets through, and the words of a refusal."""

import hashlib
import json

import pytest

from theory.certificates import FORMAT, Rejected, check, digest, statement, tower_of
from theory.issuing import certificates as issued

CONDITION = {"F1": "first_order", "A": "second_order", "(i)": "tau_beta1", "(ii)": "a", "(iii)": "b_nu"}
ROOTS = "2**(1/2)*3**(1/2) - 6**(1/2)"  # 0, which neither the rules for roots nor balls prove


def of(source, condition):
    return next(c for c in issued(source) if c["claim"]["condition"] == condition)


def sealed(certificate):
    """With the statement, tower and digest that anybody can work out."""
    certificate["statement"] = statement(certificate)
    try:
        certificate["tower"] = tower_of(certificate)
    except ValueError:
        certificate["tower"] = {}
    certificate["digest"] = digest(certificate)
    return certificate


def refused(certificate, reason):
    with pytest.raises(Rejected, match=f"^{reason}$"):
        check(sealed(certificate))


def forged(expression, family, verdict, relations, minor=None, **claim):
    """A certificate of one family, with any evidence."""
    return {
        "format": FORMAT,
        "claim": {
            "condition": CONDITION[family],
            "verdict": verdict,
            "fails_at_tau": claim.get("taus", []),
            "failing_families": claim.get("failing", []),
        },
        "expression": expression,
        "parameters": claim.get("parameters", {}),
        "families": {family: {"relations": relations, "minor": minor}},
    }


def test_the_digest_is_the_hash_of_all_but_itself_whatever_the_order_of_keys():
    certificate = issued("tanh")[0]
    rest = {key: certificate[key] for key in sorted(certificate, reverse=True) if key != "digest"}
    expected = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    assert digest(certificate) == digest(rest) == expected


def test_a_statement_names_everything():
    certificate = forged(
        "a*z**b", "A", "holds", [], taus=["1", "a"], failing=["A", "B"], parameters={"a": "1", "b": "2"}
    )
    assert statement(certificate) == (
        "second_order holds (families A, B) for s(z) = a*z**b, all tau > 0 except 1, a where positive, "
        "generic parameters near a = 1, b = 2"
    )


@pytest.mark.parametrize("expression", ["E*z + pi*z**2", "E**2*abs(z)", "exp(pi*z) + E"])
def test_constants_are_understood(expression):
    assert len(issued(expression)) == 5


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("z if 1 else 0", "<ast.IfExp object at .*> is not understood"),
        ("z + 0*(z + 1)**1001", "a power is too large"),
        ("z + ((z + 1)**2 - z**2 - 2*z - 1)**(-1)", "a division by 0"),
        ("z + (z - z)**0", "a division by 0"),
        ("z + z**2", "F1: a relation is not proved"),
        # a logarithm is not its argument, as an n-th root taken n times is
        ("z + log(z**2 + 1) - z**2 - 1", "F1: a relation is not proved"),
    ],
)
def test_the_relation_of_a_line_proves_nothing_else(expression, reason):
    refused(forged(expression, "F1", "fails", [["0", "-1", "1"]]), reason)


@pytest.mark.parametrize("row", [["1", "-1"], ["1", "-1", "0", "0"]])
def test_a_relation_has_one_number_for_each_member(row):
    refused(forged("1", "F1", "fails", [row]), "malformed: ValueError .*")


def test_a_relation_has_constants():
    refused(forged("z", "F1", "fails", [["z", "-1", "0"]]), "F1: a relation is not proved")


@pytest.mark.parametrize("name", ["z", "pi", "E", "tau", "a b", ""])
def test_a_parameter_has_a_name_of_its_own(name):
    refused(
        forged("z", "F1", "fails", [["0", "-1", "1"]], parameters={name: "1"}), "a parameter has a name that is taken"
    )


def test_a_logarithm_of_a_power_is_a_multiple():
    certificate = of("2*log(1 + z**2)", "second_order")
    assert certificate["claim"]["fails_at_tau"] == ["2"]
    certificate["expression"] = "log((1 + z**2)**2)"
    check(sealed(certificate))


def test_all_exponentials_are_in_the_tower():
    assert set(of("sin(z)**2 + cos(z)**2 + z", "first_order")["tower"]) == {"exp(I*z)", "exp(-I*z)"}


def test_a_point_on_the_edge_of_a_piece_is_refused():
    certificate = of("elu", "first_order")
    certificate["families"]["F1"]["minor"]["points"][0] = "0"
    refused(certificate, "the point 0 is not inside a piece")


@pytest.mark.parametrize("fields", [["columns"], ["points"], ["columns", "points"]])
def test_a_smaller_determinant_is_refused(fields):
    certificate = of("tanh", "first_order")
    for field in fields:
        certificate["families"]["F1"]["minor"][field].pop()
    refused(certificate, "F1: columns, points, bits and relations do not fit")


def test_bits_have_a_bound():
    certificate = of("tanh", "first_order")
    minor = certificate["families"]["F1"]["minor"]
    for minor["bits"] in (64, 8192):
        check(sealed(certificate))
    for minor["bits"] in (1, 8193):
        refused(certificate, "F1: columns, points, bits and relations do not fit")


def test_a_determinant_that_may_vanish_is_refused():
    certificate = of("tanh", "first_order")
    minor = certificate["families"]["F1"]["minor"]
    minor["points"][0] = minor["points"][1]
    refused(certificate, "F1: the determinant is not proved, or is not the one stored")


ROWS = {  # no relation at all, and one that holds (of s = z) but for a coefficient that is not seen to vanish
    "(ii)": [["0"] * 4],
    "A": [["0"] * 7, ["0", "0", "-1", "0", "1", ROOTS, "0"], ["0", "-1", "0", "1", "0", ROOTS, "0"]],
    "(i)": [["0"] * 5, ["0", "-1", "1", ROOTS, "0"]],
}


@pytest.mark.parametrize(("family", "row"), [(family, row) for family, rows in ROWS.items() for row in rows])
def test_no_relation_counts_that_is_not_seen_to_be_one(family, row):
    """Else the determinant of one column less would prove that no other relation exists."""
    known = of("tanh", CONDITION[family])["families"]
    certificate = forged("z", family, "holds", [row], known[family]["minor"])
    if family == "A":
        certificate["families"] |= {name: known[name] for name in ("B", "C")}
    refused(certificate, f"{'.' if family == 'A' else f'.{family[1:-1]}.'}: relations that prove neither verdict")


def scaled(certificate, factor):
    for family in certificate["families"].values():
        family["relations"] = [[f"({factor})*({c})" for c in row] for row in family["relations"]]
    return certificate


@pytest.mark.parametrize("factor", ["3", "-1/10"])
def test_a_multiple_of_a_relation_serves_too(factor):
    certificate = scaled(of("3*log(1 + z**2)", "second_order"), factor)
    check(sealed(certificate))
    for wrong in (["1/3"], ["3*(" + factor + ")"], []):
        certificate["claim"]["fails_at_tau"] = wrong
        refused(certificate, "A: relations that prove neither verdict")


def test_a_relation_at_no_positive_temperature_is_not_one_at_zero():
    certificate = of("LambertW(1/z)**2/4 + LambertW(1/z)/2", "second_order")
    assert certificate["claim"]["fails_at_tau"] == []
    certificate["claim"]["fails_at_tau"] = ["0"]
    refused(certificate, "A: relations that prove neither verdict")


@pytest.mark.parametrize("factor", ["1", "3"])
def test_a_relation_given_twice_is_one(factor):
    row = of("log(1 + z**2)", "tau_beta1")["families"]["(i)"]["relations"][0]
    certificate = scaled(forged("log(1 + z**2)", "(i)", "fails", [row, row]), factor)
    refused(certificate, r"\(i\): relations that prove neither verdict")
