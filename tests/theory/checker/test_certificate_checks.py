"""The checker of certificates, check by check: forged evidence, bounds, towers and messages, word for word."""

import copy
import re
from functools import cache

import pytest
import sympy as sp
from flint import arb_mat, ctx

from temperance.theory.checker import verdict_values
from temperance.theory.checker.rejected import FUNCTIONS, Rejected, rational
from temperance.theory.checker.verdict_checker import _Proof, check, digest, statement, tower_of
from temperance.theory.checker.verdict_values import _BALLS, DEFINED, _terms
from temperance.theory.conditions.certificates import certificates

NEITHER = "no verdict is proved$"
issued = cache(certificates)  # many tests alter a copy of one


def proof(expression, family, relations, minor=None, taus=()):
    """The proof of one family, from evidence given as it comes."""
    families = {family: {"relations": relations, "minor": minor}}
    claim = {"fails_at_tau": list(taus)}
    return _Proof({"families": families, "parameters": {}, "claim": claim, "expression": expression})


def minor(expression, family, columns, points):
    """The evidence for a minor, with its true determinant."""
    with ctx.workprec(128):
        rows = [proof(expression, family, []).members_at(family, z) for z in points]
        determinant = str(arb_mat([[row[j] for j in columns] for row in rows]).det())
    return {"columns": columns, "points": points, "bits": 128, "determinant": determinant}


def linear(expression, relation=("0", "-1", "1"), **parameters):
    """The certificate that the first order fails for s(z) = z, put on another expression."""
    certificate = copy.deepcopy(issued("z")[0])
    certificate |= {"expression": expression, "parameters": parameters, "point": "1/3"}
    certificate["families"]["F1"]["relations"] = [list(relation)]
    return certificate


def test_no_relation_takes_the_place_of_the_one_with_the_last_member():
    """z s' = 1 for s = log(z), so that (iii) fails; the minor of the other two members is no 0."""
    evidence = minor("log(z)", "(iii)", [0, 1], ["1", "2"])
    with pytest.raises(Rejected, match=NEITHER):
        proof("log(z)", "(iii)", [["0", "0", "0"]], evidence).verdict("(iii)")


HIDDEN = "2**(1/2)*2**(1/2) - 2"  # is 0, which neither its formula nor its ball shows


@pytest.mark.parametrize("relation", [["0"] * 7, ["1", "0", "-1", "0", "1", HIDDEN, "0"]])
def test_no_relation_takes_the_place_of_one_at_every_temperature(relation):
    """1 - s**2 + z s s' = 0 for s = (z**2 + 1)**(1/2), the only relation of A."""
    s = "(z**2 + 1)**(1/2)"
    evidence = minor(s, "A", [0, 1, 2, 3, 5, 6], ["0", "1/2", "1", "3/2", "5/2", "4"])
    with pytest.raises(Rejected, match=NEITHER):
        proof(s, "A", [relation], evidence).verdict("A")


@pytest.mark.parametrize("scale", ["1", "2", "1/9"])
def test_a_relation_counts_up_to_a_factor(scale):
    certificate = next(c for c in issued("3*log(1 + z**2)") if c["claim"]["condition"] == "tau_beta1")
    evidence = certificate["families"]["(i)"]
    relations = [[f"({c})*({scale})" for c in evidence["relations"][0]]]
    given = certificate["expression"], "(i)", relations, evidence["minor"]
    assert proof(*given, ["3"]).verdict("(i)") == "holds"
    with pytest.raises(Rejected, match=NEITHER):
        proof(*given).verdict("(i)")


def test_a_relation_and_its_double_are_not_two():
    """Two with independent (p, q) would be a failure at every temperature; two would leave a smaller minor to prove."""
    s, relations = "log(z**2 + 1)", [["0", "0", "-1", "1", "1"], ["0", "0", "-2", "2", "2"]]
    for taus in ([], ["1"]):
        with pytest.raises(Rejected, match=NEITHER):
            proof(s, "(i)", relations, minor(s, "(i)", [0, 1, 2], ["0", "1", "2"]), taus).verdict("(i)")


def test_the_temperature_zero_is_no_exception():
    """A relation with p = 0, which is at no positive temperature."""
    s = "LambertW(1/z)**2/4 + LambertW(1/z)/2"
    evidence = next(c for c in issued(s) if c["claim"]["condition"] == "tau_beta1")["families"]["(i)"]
    assert proof(s, "(i)", evidence["relations"], evidence["minor"]).verdict("(i)") == "holds"
    with pytest.raises(Rejected, match=NEITHER):
        proof(s, "(i)", evidence["relations"], evidence["minor"], ["0"]).verdict("(i)")


@pytest.mark.parametrize(
    "certificate",
    [
        linear("E*z", ["0", "-E", "E"]),
        linear("z + log((z**2 + 1)**2) - 2*log(z**2 + 1)"),
        # a root within an exponential, and two of one parameter
        linear("z + exp(sqrt(z**2 + 1))*(sqrt(z**2 + 1)**2 - z**2 - 1)"),
        linear("z + sqrt(z**2 + p)**2 + sqrt(z**2 + 2*p)**2 - 2*z**2 - 3*p", p="1"),
        linear("z + sqrt(z**2 + 1)**5 - (z**2 + 1)**2*sqrt(z**2 + 1)"),
    ],
    ids=lambda certificate: certificate["expression"],
)
def test_disguises_of_a_linear_function_are_seen_through(certificate):
    tower_of(certificate)


@pytest.mark.parametrize("expression", ["log(z**2 + 1) - z**2 - 1", "log(z**2 + 1)**2 - (z**2 + 1)**2"])
def test_a_logarithm_is_not_its_argument(expression):
    with pytest.raises(Rejected, match=r"^F1: a relation is not proved$"):
        tower_of(linear(expression, ["0", "1", "0"]))


COSINE = "(exp(2*I*z) + 4*exp(I*z) + 1)*exp(-I*z)/2"
TOWERS = [  # the functions, and the derivatives of those that have no I
    ("z + 0*log(z**2 + 1) + 0*exp(z)", ["_v0 = log(z**2 + 1)", "exp(z)"], ["2*z/(z**2 + 1)", "exp(z)"]),
    ("z + 0*exp(log(2)*z)", ["_v0 = log(2)", "exp(_v0*z)"], ["0", "_v0*exp(_v0*z)"]),
    (
        "z + 0*exp(z*log(z**61 + 1))",
        ["_v0 = log(z**61 + 1)", "exp(_v0*z)"],
        ["61*z**60/(z**61 + 1)", "_v0*exp(_v0*z) + 61*z**61*exp(_v0*z)/(z**61 + 1)"],
    ),
    # a logarithm is taken apart where it is real, not into complex ones
    ("z + 0*log(cos(z) + 2)", ["exp(I*z)", "exp(-I*z)", f"_v0 = log({COSINE})"], []),
]


@pytest.mark.parametrize(("expression", "functions", "derivatives"), TOWERS)
def test_a_tower_has_every_function_of_its_expression(expression, functions, derivatives):
    tower = tower_of(linear(expression))
    assert sorted(tower) == sorted(functions)
    assert [tower[f] for f in functions if "I" not in f and "I" not in tower[f]] == derivatives


@pytest.mark.parametrize(
    ("argument", "logarithms"),
    [
        ("z**60 + z**59", ["z", "z + 1"]),
        ("z**61 + z**60", ["z**61 + z**60"]),
        ("exp(60*z) + exp(59*z)", ["exp(z) + 1"]),
        ("exp(61*z) + exp(60*z)", ["exp(61*z) + exp(60*z)"]),
        ("exp(60*z/7) + exp(59*z/7)", ["exp(z/7) + 1"]),
        ("exp(61*z/7) + exp(60*z/7)", ["exp(61*z/7) + exp(60*z/7)"]),
        ("exp(15*z) + exp(14*z + pi*z)*exp(E*z)", ["exp(z) + exp(E*z)*exp(pi*z)"]),
        ("exp(16*z) + exp(15*z + pi*z)*exp(E*z)", ["exp(16*z) + exp(15*z)*exp(E*z)*exp(pi*z)"]),
        ("10**60*(z**2 + z)", [10**60, "z", "z + 1"]),
        ("10**61*(z**2 + z)", [f"{10**61}*z**2 + {10**61}*z"]),
    ],
)
def test_logarithms_are_taken_apart_up_to_a_degree(argument, logarithms):
    names = [name.partition(" = ")[2] for name in tower_of(linear(f"z + 0*log({argument})"))]
    assert sorted(filter(None, names)) == sorted(f"log({factor})" for factor in logarithms)


def test_terms_are_counted_as_they_are_multiplied_out():
    a, b, c = sp.symbols("a b c")
    expected = {(a + b + c) ** 4: 15, (a + b) * (a + c + 1) ** 2: 12, (a + b) ** -2: 3, sp.sqrt(a + b): 2, 7 * a**9: 1}
    assert {e: _terms(e) for e in expected} == expected
    assert all(_terms(e) == len(sp.Add.make_args(sp.expand(e))) for e in list(expected)[:2])
    assert _terms(((a + b) ** 1000 + 1) ** 1000 * c) >= 10**9


@pytest.mark.parametrize(("expression", "terms"), [("z + 0*log(z + 1)", 2), ("z", 1)])
def test_as_many_terms_are_read_as_the_bound_says(expression, terms, monkeypatch):
    """Of z + 1, under the logarithm, and of z - z = 0, which is z s' - s."""
    certificate = linear(expression)
    monkeypatch.setattr(verdict_values, "_MOST_TERMS", terms)
    tower_of(certificate)
    monkeypatch.setattr(verdict_values, "_MOST_TERMS", terms - 1)
    with pytest.raises(Rejected, match="is too long"):
        tower_of(certificate)


@pytest.mark.parametrize("name", ["z", "pi", "E", "tau", "a b"])
def test_names_that_are_taken_are_no_parameters(name):
    with pytest.raises(Rejected, match=r"^a name is taken$"):
        tower_of(linear("z", **{name: "1"}))


MESSAGES = [
    (linear("z + 0*(z + 1)**1001"), "a power is too large"),
    (linear("z + ((z + 1)**2 - z**2 - 2*z - 1)**(-1)"), "a division by 0"),
    (linear("z + 0*(z - z)**0"), "a division by 0"),
    (
        linear("z + 0*log((z + 1)**12*(exp(z) + 1)**12*(exp(2**(1/2)*z) + 1)**12*(erf(z) + 1)**24)"),
        "a formula is too long",
    ),
    (linear("z + (z + 1)**12*(exp(z) + 1)**12*(exp(2**(1/2)*z) + 1)**12*(erf(z) + 1)**24"), "a relation is too long"),
    (linear("z + 0*log(" + "(" * 9 + "z" + " + 1)**1000" * 9 + ")"), "a formula is too long"),
    (linear("z + 0*gamma(z)"), "the derivative of gamma is not known here"),
    (linear("z + 0*f(z, 1)"), "f(z, 1) is not understood"),
    (linear("z", [list(range(40)), "0", "0"]), f"{str(list(range(40)))[:60]} is not understood"),
]


@pytest.mark.parametrize(("certificate", "message"), MESSAGES)
def test_what_is_refused_is_said(certificate, message):
    with pytest.raises(Rejected, match=f"^{re.escape(message)}$"):
        tower_of(certificate)


@pytest.mark.parametrize("relation", [["1", "-1"], ["1", "-1", "0", "0"]])
def test_a_relation_has_a_number_for_each_member(relation):
    with pytest.raises(ValueError, match="zip"):
        tower_of(linear("1", relation))


def test_the_numbers_of_a_relation_are_constants():
    with pytest.raises(Rejected, match=r"^z is not understood$"):
        tower_of(linear("z", ["z", "-1", "0"]))


def sealed(certificate):
    """The certificate with all that anybody can compute computed anew."""
    certificate |= {"statement": statement(certificate), "tower": tower_of(certificate)}
    return certificate | {"digest": digest(certificate)}


HIDDEN_ZERO = "(log(4) - 2*log(2))"
RELU = "((z**2)**(1/2) + z)"  # twice relu
NOT_REAL = [  # formulas of which z s' - s = 0, or s = 0, expands to 0; what they are in truth
    ("z + 0*log(-1 - z**2)", "nowhere real", ["0", "-1", "1"]),
    ("z + log(-1 - z**2)**0 - 1", "nowhere real", ["0", "-1", "1"]),
    (f"z + 0/{HIDDEN_ZERO}", "a division by 0 everywhere", ["0", "-1", "1"]),
    (f"z + 0*{HIDDEN_ZERO}**(1/2)", "a root of 0, which has no derivative", ["0", "-1", "1"]),
    (f"tanh(exp(LambertW({RELU} - 2*z))*{RELU})", "tanh(2 z) for z > 0: LambertW(0) is 0", ["0", "1", "0"]),
    ("where(z < 0, log(-1 - z**2), log(-2 - z**2))*0 + z", "no function: the pieces are inside", ["0", "-1", "1"]),
]


@pytest.mark.parametrize(("expression", "truth", "relation"), NOT_REAL)
def test_a_relation_needs_a_function(expression, truth, relation):
    with pytest.raises(Rejected):
        sealed(linear(expression, relation))


def test_a_function_is_real_where_every_part_is():
    """where(z < 0, tanh(z) + 0*log(z), z) is z, on z > 0 alone, so that F1 fails; at z < 0 nothing is shown."""
    false = copy.deepcopy(issued("where(z < 0, tanh(z), z)")[0])
    assert false["claim"]["verdict"] == "holds"
    assert any(point.startswith("-") for point in false["families"]["F1"]["minor"]["points"])
    for part in ("0*log(z)", "log(z)**0 - 1", "0**z - 1", "0*z**(1/2)", "0*(z - 1)**z", "0*LambertW(z - 1)"):
        false |= {"expression": f"where(z < 0, tanh(z) + {part}, z)", "point": "1"}
        with pytest.raises(Rejected, match="not shown to be"):
            sealed(false)


def test_an_exceptional_temperature_is_not_hidden():
    """log(1 + z**2) for z > 0, with a piece for z < 0 that is not real, in which the relation would not hold."""
    false = copy.deepcopy(next(c for c in issued("tanh") if c["claim"]["condition"] == "tau_beta1"))
    false |= {"expression": "where(z < 1/7, tanh(z) + 0*log(z), log(1 + z**2))", "point": "1"}
    with pytest.raises(Rejected, match="not shown to be"):
        sealed(false)


def test_the_point_is_one_of_the_domain():
    certificate = linear("where(z < 1, z + 0*log(z), z)")
    for certificate["point"] in ("-1", "0", "1"):
        with pytest.raises(Rejected, match=r"^s is not shown to be real at the point$"):
            sealed(certificate)
    for certificate["point"] in ("1/2", "2"):
        check(sealed(certificate))


def test_a_power_of_a_parameter_is_one_of_a_positive_number():
    """z**alpha near alpha = 2 is real for z > 0 alone, at generic alpha."""
    certificate = linear("z**alpha", ["0", "-alpha", "1"], alpha="2")
    check(sealed(certificate))
    certificate["point"] = "-1/3"
    with pytest.raises(Rejected, match=r"^s is not shown to be real at the point$"):
        sealed(certificate)


def test_a_negative_power_of_a_negative_number_is_real():
    check(sealed(linear("z + 0*(z - 5)**(-2)")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/0", "'1/0' is a division by 0"),
        ("1 + 1", "'1 + 1' is no rational number p/q"),
        (5, "'5' is no rational number p/q"),
    ],
)
def test_what_is_no_rational_number_is_named(text, message):
    with pytest.raises(Rejected, match=f"^{re.escape(message)}$"):
        rational(text)


STRICT = [
    lambda c: c.update(remark="more"),
    lambda c: c["claim"].update(remark="more"),
    lambda c: c["families"]["F1"].update(remark="more"),
    lambda c: c["families"]["F1"].update(minor={}),
    lambda c: c.update(expression="z # + tanh(z)"),
    lambda c: c.update(expression="z +\n0"),
    lambda c: c.update(expression="z + 0*log(z + 1, base=10)"),
    lambda c: c.update(expression="z + 0*True"),
    lambda c: c.update(expression="\N{MATHEMATICAL ITALIC SMALL Z}"),
    lambda c: c.update(parameters={"p": "1/0"}),
    lambda c: c.update(parameters={"p": "1 + 1"}),
    lambda c: c.update(parameters={"p": "1_0"}),
    lambda c: c.update(point="0.5"),
    lambda c: c.update(point=1),
]


@pytest.mark.parametrize("change", STRICT)
def test_nothing_in_a_certificate_is_passed_over(change):
    certificate = linear("z")
    check(sealed(certificate))
    change(certificate)
    with pytest.raises(Rejected):
        check(certificate | {"statement": statement(certificate), "digest": digest(certificate)})


def test_the_functions_that_are_understood_are_those_that_are_known():
    assert {*_BALLS, *DEFINED} == FUNCTIONS
