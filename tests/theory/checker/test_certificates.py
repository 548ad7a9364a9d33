"""Certificates: every verdict of the catalogue is re-proved by the checker, and no false statement is accepted."""

import copy
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import sympy as sp

from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.checker import verdict_checker, verdict_values
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.verdict_checker import CONDITIONS, check, digest, statement
from temperance.theory.conditions import families
from temperance.theory.conditions.certificates import certificates as issued
from temperance.theory.conditions.decision import decide

EXTRA = [
    "elu(z, alpha)",
    "c*log(1 + z**2)",
    "1/(3 + 2*sqrt(3)*z + z**2)",
    "z**alpha",
    "exp(LambertW(z))*LambertW(z)",
    "sin(z)**2 + cos(z)**2 + z",
    "acos(z) + asin(z) + 7*z",
    "log(exp(z) + 1) - log(1 + exp(-z))",
    "sin(2*z) - 2*sin(z)*cos(z) + z**2",
    "2**z",
    "z**2 + z**3 + z**4/4",
    # one relation with p = 0, with q = 0, with p/q < 0: at no positive temperature
    "LambertW(1/z)**2/4 + LambertW(1/z)/2",
    "z**5 + z**3",
    "-2*log(1 + z**2)",
    "exp(exp(z))",
    "sqrt(log(z))",
    "erf(1/z)",
]


@pytest.mark.parametrize("expression", [*CATALOGUE, *EXTRA])
def test_every_verdict_has_a_certificate_that_is_accepted(expression):
    decision = decide(expression)
    found = json.loads(json.dumps(issued(decision)))
    decided = [c for c, v in zip(CONDITIONS, decision.verdicts, strict=True) if v.outcome != "undecided"]
    assert [c["claim"]["condition"] for c in found] == decided
    for certificate, verdict in zip(found, decision.verdicts, strict=True):
        check(certificate)
        assert certificate["claim"]["verdict"] == verdict.outcome
        assert tuple(certificate["claim"]["fails_at_tau"]) == verdict.fails_at_tau
        assert tuple(certificate["claim"]["failing_families"]) == verdict.failing_families


def test_the_checker_knows_the_same_families_as_the_derivation():
    letters = {families.S: "s", families.S1: "s1", families.S2: "s2"}
    for family in families.EVERY:
        members = tuple(str(m.subs({k: sp.Symbol(v) for k, v in letters.items()})) for m in family.members)
        assert tuple(str(sp.sympify(m)) for m in verdict_values.FAMILIES[family.name]) == members
        assert (family.name in verdict_values.AT_TAU) == family.at_tau
        assert (family.name in verdict_values.TARGET_LAST) == family.target_last


def test_the_checker_loads_no_other_module_of_ours():
    assert loaded_by("verdict_checker") == ["rejected", "verdict_checker", "verdict_values"]
    shared = ["limited_work", "order_equations", "order_series", "rejected"]
    for checker in ("moment_checker", "order_checker"):
        assert loaded_by(checker) == sorted([checker, *shared])
    assert loaded_by("coefficient_checker") == sorted(["coefficient_checker", "order_checker", *shared])


def loaded_by(checker):
    """The modules of ours that a checker loads beside the packages that it lies in, which hold nothing."""
    wing = "temperance.theory.checker"
    code = f"import sys, {wing}.{checker}\nprint(*sorted(m for m in sys.modules if m.split('.')[0] == 'temperance'))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert shown[:3] == ["temperance", "temperance.theory", wing]
    return [name.removeprefix(f"{wing}.") for name in shown[3:]]


def _sealed(certificate):
    """Recompute everything that anybody can recompute, to leave the proof alone to tell."""
    certificate["statement"] = statement(certificate)
    try:
        certificate["tower"] = verdict_checker.tower_of(certificate)
    except Exception:  # whatever it is, the checker must say Rejected
        certificate["tower"] = []
    certificate["digest"] = digest(certificate)
    return certificate


def _refuse(certificate):
    with pytest.raises(Rejected):
        check(_sealed(certificate))


FALSE = [  # a certificate of one function, put on another or under another claim
    ("tanh", "z"),
    ("gelu", "relu"),
    ("log1p_square", "2*log(z**2 + 1)"),
    ("relu", "where(z < 0, 0, z + z**2)"),
    ("relu", "where(z < 0, 1, z)"),
    ("square", "z**2 + z"),
    ("square", "z**2 + tanh(z)/10**40"),
    ("exp", "exp(z) + tanh(z)/10**40"),
    ("hypot1", "sqrt(z**2 + 1) + z/10**40"),
    ("log_abs", "where(z < 0, 2*log(-z), log(z))"),
]


@pytest.mark.parametrize(("source", "other"), FALSE)
def test_no_evidence_serves_another_function(source, other):
    """Whatever the verdicts on the other function are: where they differ, the certificate is refused."""
    truth = dict(zip(CONDITIONS, decide(other).verdicts, strict=True))
    refused = 0
    for certificate in issued(source):
        claim, verdict = certificate["claim"], truth[certificate["claim"]["condition"]]
        same = (
            claim["verdict"] == verdict.outcome
            and tuple(claim["fails_at_tau"]) == verdict.fails_at_tau
            and set(claim["failing_families"]) <= set(verdict.failing_families)
        )
        certificate["expression"] = other
        if not same:
            _refuse(certificate)
            refused += 1
    assert refused


@pytest.mark.parametrize("source", ["tanh", "relu", "log1p_square", "hypot1", "exp", "gamma"])
def test_the_contrary_claim_is_refused(source):
    for certificate in issued(source):
        contrary = copy.deepcopy(certificate)
        claim = contrary["claim"]
        claim["verdict"] = "fails" if claim["verdict"] == "holds" else "holds"
        claim["fails_at_tau"] = []
        claim["failing_families"] = [] if claim["verdict"] == "holds" else CONDITIONS[claim["condition"]][:1]
        _refuse(contrary)


def test_other_temperatures_are_refused():
    certificate = next(c for c in issued("3*log(1 + z**2)") if c["claim"]["condition"] == "second_order")
    assert certificate["claim"]["fails_at_tau"] == ["3"]
    for wrong in (["2"], [], ["3", "3"], ["-3"], ["3 + 1/10**50"], [3], "3"):
        changed = copy.deepcopy(certificate)
        changed["claim"]["fails_at_tau"] = wrong
        with pytest.raises((Rejected, TypeError)):
            check(_sealed(changed))


def _paths(value, path=()):
    """Every leaf of a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _paths(inner, (*path, i))
    else:
        yield path


def _mutated(certificate, rng):
    changed = copy.deepcopy(certificate)
    paths = [p for p in _paths(changed) if p[0] not in ("statement", "tower", "digest")]
    *way, last = rng.choice(paths)
    inner = changed
    for key in way:
        inner = inner[key]
    inner[last] = _another(inner[last], rng)
    return changed


def _another(value, rng):
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 7])
    if isinstance(value, str):
        options = [
            "0",
            "1",
            f"({value}) + 1",
            f"2*({value})",
            f"({value})*z",
            "",
            "holds",
            "fails",
            "first_order",
            "tanh(z)",
        ]
        return rng.choice(options)
    return rng.choice([None, 0, "x", []])


def _true(certificate):
    """Whether a (mutated) statement is true, by the decision itself."""
    claim = certificate["claim"]
    try:
        verdicts = dict(zip(CONDITIONS, decide(certificate["expression"]).verdicts, strict=True))
    except ValueError:
        return False
    verdict = verdicts[claim["condition"]]
    agrees = claim["verdict"] == verdict.outcome and set(claim["failing_families"]) <= set(verdict.failing_families)
    return agrees and [str(t) for t in claim["fails_at_tau"]] == list(verdict.fails_at_tau)


def _mutation_run(seed, count):
    rng = random.Random(seed)
    sources = [
        "tanh",
        "relu",
        "log1p_square",
        "hypot1",
        "exp",
        "gelu",
        "elu",
        "square",
        "LambertW",
        "hardtanh",
        "gamma",
    ]
    pool = [certificate for source in sources for certificate in issued(source)]
    accepted = 0
    for _ in range(count):
        changed = _mutated(rng.choice(pool), rng)
        try:
            sealed = _sealed(changed)
        except (KeyError, TypeError):
            continue
        try:
            check(sealed)
        except Rejected:
            continue
        accepted += 1
        assert _true(changed), changed
    return accepted


def test_mutated_certificates_are_accepted_only_where_they_stay_true():
    assert _mutation_run(1, 150) < 75


@pytest.mark.full
def test_a_thousand_mutated_certificates():
    assert _mutation_run(2, 1000) < 500


TOWERS = [  # the functions that relations are proved with, and their derivatives
    ("3*log(1 + z**2)", {"_v0 = log(z**2 + 1)": "2*z/(z**2 + 1)"}),
    ("sqrt(1 + z**2)", {"_v0 = (z**2 + 1)**(1/2)": "2*_v0*z/(2*z**2 + 2)"}),
    ("LambertW(z)", {"_v0 = exp(LambertW(z))": "_v0/(_v0 + z)"}),
    ("exp(2*z)", {"exp(2*z)": "2*exp(2*z)"}),
    ("abs(z)**(1/3)", {"_v0 = (-z)**(1/3)": "_v0/(3*z)", "_v1 = (z)**(1/3)": "_v1/(3*z)"}),
    ("tanh(z)", {}),
]


@pytest.mark.parametrize(("expression", "tower"), TOWERS)
def test_the_tower_of_a_certificate(expression, tower):
    certificate = next(c for c in issued(expression) if c["claim"]["condition"] == "second_order")
    assert certificate["tower"] == tower
    certificate["tower"] = tower | {"w": "1"}
    certificate["digest"] = digest(certificate)
    with pytest.raises(Rejected, match="the tower is wrong"):
        check(certificate)


STATEMENTS = [
    ("exp(2*z)", "second_order fails (families B) for s(z) = exp(2*z), all tau > 0"),
    ("3*log(1 + z**2)", "second_order holds for s(z) = 3*log(z**2 + 1), all tau > 0 except 3 where positive"),
    (
        "c*log(1 + z**2)",
        "second_order holds for s(z) = c*log(z**2 + 1), all tau > 0 except c where positive, "
        "generic parameters near c = 0",
    ),
]


@pytest.mark.parametrize(("expression", "words"), STATEMENTS)
def test_the_statement_of_a_certificate(expression, words):
    certificate = next(c for c in issued(expression) if c["claim"]["condition"] == "second_order")
    sample = certificate["parameters"].get("c", "0")
    words = words.replace(", all", " where all parts of it are real and analytic, all")
    assert certificate["statement"] == words.replace("c = 0", f"c = {sample}")
    certificate["statement"] = words.replace("all", "some")
    certificate["digest"] = digest(certificate)
    with pytest.raises(Rejected, match="the statement is wrong"):
        check(certificate)


@pytest.mark.parametrize("expression", ["z + (z - z)**1", "z*(1 + z - z)**(-1)", "z + 0*(z + 1)**1000"])
def test_zeros_and_powers_within_the_bounds_are_understood(expression):
    for certificate in issued("z")[:2]:
        certificate["expression"] = expression
        check(_sealed(certificate))


@pytest.mark.parametrize("expression", ["z + 0*(z + 1)**1001", "z + 0*(z + 1)**(-1001)", "z + 0*(z**2 + 1)**(1/1001)"])
def test_powers_out_of_bounds_are_not(expression):
    for certificate in issued("z")[:2]:
        certificate["expression"] = expression
        certificate["statement"], certificate["digest"] = statement(certificate), ""
        certificate["digest"] = digest(certificate)
        with pytest.raises(Rejected, match="a power is too large"):
            check(certificate)


def test_a_stored_determinant_outside_its_ball_is_refused():
    certificate = next(c for c in issued("tanh") if c["claim"]["condition"] == "first_order")
    certificate["families"]["F1"]["minor"]["determinant"] = "[0.123 +/- 1e-10]"
    _refuse(certificate)


def test_a_wrong_digest_is_refused():
    certificate = issued("tanh")[0]
    certificate["digest"] = "0" * 64
    with pytest.raises(Rejected, match="digest"):
        check(certificate)


@pytest.mark.parametrize("value", [None, [], {}, "tanh", 3, {"format": verdict_checker.FORMAT}])
def test_what_is_no_certificate_is_refused(value):
    with pytest.raises(Rejected):
        check(value)


def test_the_checker_is_short():
    files = (Path(module.__file__) for module in (verdict_checker, verdict_values))
    assert sum(len(file.read_text().splitlines()) for file in files) <= 450


@pytest.mark.parametrize("expression", ["a", "a*z", "log(a)*z", "a*z/a"])
def test_every_name_needs_a_value(expression):
    for certificate in issued("z"):
        certificate["expression"] = expression
        _refuse(certificate)


def test_equal_spellings_of_different_functions_are_told_apart():
    """With a parameter called I, cosh(I*z) is spelt as SymPy spells cos(z)."""
    false = "z + log(cos(z) + 2) - log((exp(I*z) + exp(-I*z))/2 + 2)"
    certificate = next(c for c in issued("z") if c["claim"]["condition"] == "first_order")
    certificate["expression"] = false
    _refuse(certificate)


@pytest.mark.parametrize(
    "expression", ["z + ((z + 1)**2 - z**2 - 2*z - 1)**(-1)", "True*z", "z if 1 else 0", "9**9**9*z", "(" * 9999, ""]
)
def test_what_is_no_function_has_no_certificate(expression):
    for certificate in issued("z"):
        certificate["expression"] = expression
        _refuse(certificate)
