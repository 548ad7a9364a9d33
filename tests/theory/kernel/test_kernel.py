"""The kernel as a whole: its size, its limits, and that it says why it refuses."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from temperance.answers.certify import interval
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.kernel.check import RULES, check, prove
from temperance.theory.kernel.place import Claim
from temperance.theory.models.by_name import model
from tests.theory.kernel.places import alone, atoms, certificate, claims, curve, objection, place

KERNEL = Path(__file__).parents[3] / "theory" / "kernel"
MOST_LINES = 3100


def test_the_kernel_is_short():
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in KERNEL.glob("*.py"))
    assert lines <= MOST_LINES


def test_it_can_be_loaded_without_the_rest_of_the_project():
    listed = "print(*sorted(m for m in sys.modules if m.startswith('temperance.')))"
    code = f"import sys, temperance.theory.kernel.check\n{listed}"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {m for m in loaded if not m.startswith("temperance.theory.kernel")} <= {"temperance.theory"}


def test_it_never_simplifies():
    assert not any("simplify" in path.read_text(encoding="utf-8") for path in KERNEL.glob("*.py"))


def verdict(text):
    model = {"covariates": ["z"], "log_weight": text, "mean": "0", "own": [], "expert": [], "shared": [], "held": []}
    at = {"subject": "activation", "model": {**model, "weighted": False}, "sizes": [1], "points": [{}]}
    evidence = {"relations": [["1", "1", "1"]], "minor": None, "tau": None}
    stated = [{"title": "first_order", "side": "fails", "value": None}]
    at |= {"fixed": [], "nonzero": []}
    return certificate(at, stated, "verdict", families={"F1": evidence}, point="1/2")


def contact(weight, **parts):
    proof = curve([[atoms({"beta1": "_t*_q"})], []], **parts)
    return certificate(place(weight), claims("at least", beta1=2), "curve", **proof)


def by_theorem(weight, mean="a*x + b"):
    step = {"theorem": "gate", "names": [], "level": None, "points": [["1"], ["1/2"], ["3/2"]]}
    return certificate(place(weight, mean), claims("at most", beta1=2), "theorems", steps=[step])


def by_moments(weight, mean="a*x + b"):
    proof = {"degree": 8, "reach": 16, "weights": ["1"] * 4, "intercept": "b", "gate": [], "steps": []}
    return certificate(place(weight, mean), claims("at most", beta1=2), "moments", **proof)


NESTED = "z"
for _ in range(12):
    NESTED = f"tanh({NESTED})**9"
SUMS = "+".join(f"sqrt(z + {n})" for n in range(2, 300))
LONG = {
    "a power of a number": "(3/2)**(10**6)",
    "a power of a power": "2**(9**(9**9))",
    "a tower of powers": "((((x**9)**9)**9)**9)**9",
    "a power of a sum": "beta1*(1 + x + x**2 + beta1)**900",
    "nested powers of a sum": "(((1 + x)**30 + beta1)**30 + 1)**30",
    "a product of sums": "*".join(["(1 + x + beta1)"] * 60),
    "a deep expression": "(" * 250 + "beta1*x" + ")" * 250,
    "a deep chain": "beta1*x" + " + 1" * 5000,
    "a long number": "beta1*x*" + "9" * 15_000,
    "nested functions": "tanh(" * 200 + "beta1*x" + ")" * 200,
    "many functions": " + ".join(f"tanh(beta1*x + {n})" for n in range(300)),
    "nested powers of tanh": NESTED.replace("z", "beta1*x"),
    "a deep division": "1/(" * 100 + "beta1*x + 2" + ")" * 100,
}
HARD = [*((name, kind) for name in LONG for kind in (contact, by_theorem, by_moments))]


@pytest.mark.parametrize(("name", "kind"), HARD)
def test_work_is_bounded_whatever_the_file_is(name, kind):
    start = time.monotonic()
    objection(check, kind(LONG[name]))
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    "text",
    [
        NESTED,
        SUMS,
        "(3/2)**(10**6)*z",
        "(1 + z + exp(z))**300",
        "z**(1/999) + (z + 1)**(1/997)",
        "sqrt(" * 40 + "z" + ")" * 40,
    ],
)
def test_work_on_verdicts_is_bounded(text):
    start = time.monotonic()
    objection(check, verdict(text))
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    "offset",
    [
        "_t**16*_q**16*_r**16",
        "((_q**16)**16)**16*_t",
        "(_t + _q + _r + beta1)**16",
        "_t*" + "*".join(["(1 + _r)"] * 90),
    ],
)
def test_powers_of_nodes_and_algebraic_numbers_are_bounded(offset):
    number = {"polynomial": ["-2", *["0"] * 7, "1"], "between": ["1", "2"]}
    cells = [[atoms({"beta1": offset}, nodes=("-1/4", "0", "1"))], []]
    start = time.monotonic()
    proof = curve(cells, 12, number=number)
    objection(check, certificate(place("beta1*x"), claims("at least", beta1=2), "curve", **proof))
    assert time.monotonic() - start < 20


def test_memory_is_bounded():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("a power of a sum", "a product of sums", "many functions"):
        objection(check, by_moments(LONG[name]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # KiB


def test_claims_may_be_weaker_than_what_is_proved():
    at, proof = place("beta1*x"), curve([[atoms({"beta1": "_t*_q"})], []])
    assert [(c.title, c.value) for c in prove(at, {"kind": "curve", **proof})[1].claims] == [("beta1", "2")]
    for value, is_accepted in (("1", True), ("2", True), ("5/2", False)):
        said = objection(check, certificate(at, claims("at least", beta1=value), "curve", **proof))
        assert (said is None) == is_accepted


def test_a_certificate_proves_what_was_proved_as_it_was_issued():
    steps = [{"theorem": "gate", "names": [], "level": None, "points": [["1"], ["1/2"], ["3/2"]]}]
    issued, checked = prove(place("beta1*x"), {"kind": "theorems", "steps": steps})
    assert check(issued) == checked
    assert checked.assumed == ("on the gate in a cell (5.2.1)",)


def test_bounds_that_contradict_each_other_are_told():
    found = interval([Claim("tau", "at most", "1"), Claim("tau", "at least", "4")])
    assert found.contradicts
    assert str(found) == "contradicted: at least 4, at most 1"
    assert interval([Claim("tau", "at most", "1"), Claim("tau", "flat")]).contradicts
    exact = interval([Claim("tau", "at most", "3/2"), Claim("tau", "at least", "3/2"), Claim("tau", "at least", "1")])
    assert (exact.contradicts, str(exact)) == (False, "exactly 3/2")


def test_orders_may_be_below_one():
    """The density is the true one up to t^3 while sqrt moves as t^(1/2): |offset| = t^6 along t^2."""
    at = place("tanh(beta1**3*x)", points=[{"beta1": "0"}, {"beta1": "1"}], sizes=[1, 1], fixed=[[1, "_weight"]])
    proof = curve([[alone({"beta1": "_t"})], []], 3)
    assert {c.value for c in prove(at, {"kind": "curve", **proof})[1].claims} == {"3"}
    slow = curve([[alone({"beta1": "_t**4"})], []], 3)
    assert {c.value for c in prove(at, {"kind": "curve", **slow})[1].claims} == {"3/4"}


def test_every_rule_has_keys_of_its_own():
    assert {*RULES} == {"moments", "theorems", "derivatives", "curve", "identity", "squares", "verdict"}


def test_the_letter_of_a_scale_is_none_of_a_parameter():
    found = orders(order_setting(model("l*x/tau").gate))
    assert "(k l, k beta0, k tau) has the same density for every k > 0" in found.reasons[0].text
