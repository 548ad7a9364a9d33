"""Certificates of bounds that theorems give: they state what other code finds, and nothing that is false passes."""

import copy
import json
import random
from fractions import Fraction

import pytest

import temperance
from temperance.theory.bounds import bound_checker, exact_checker
from temperance.theory.bounds.together import Way, in_short, together
from temperance.theory.checker.rejected import objection
from temperance.theory.contact.bound_certificates import bound_certificate, exact_certificate
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.contact.orders_from_theorems import known_orders

LOG = "log(1+z**2)"
SETTINGS = [
    ("softmax", "gaussian", None, 3, "one", 1),
    ("softmax", "polynomial:2", None, 3, "one", 2),
    ("softmax", "polynomial:2", None, 2, "all", 1),
    ("softmax", "nonlinear:tanh", None, 2, "all", 1),
    ("softmax", "nonlinear:tanh", None, 3, "one", 2),
    ("activation", "gaussian", "gelu", 2, "one", 2),
    ("activation", "gaussian", "relu", 2, "one", 1),
    ("activation", "gaussian", "relu", 2, "all", 1),
    ("activation", "gaussian", "hardtanh", 3, "one", 1),
    ("activation", "gaussian", "hardtanh", 2, "all", 1),
    ("activation", "gaussian", "tanh", 2, "all", 2),
    ("laplace", "gaussian", None, 2, "one", 1),
    ("laplace", "gaussian", None, 2, "one", 2),
    ("sigmoid", "gaussian", None, 2, "all", 1),
    ("cosine", "gaussian", None, 2, "one", 2),
]


def issued(gate, expert, source, size, split, dim):
    setting = order_setting(gate, expert, source, size=size, split=split, dim=dim)
    return setting, json.loads(json.dumps(bound_certificate(setting)))


@pytest.mark.parametrize("args", SETTINGS, ids=str)
def test_the_checkers_rules_say_what_the_theorems_say(args):
    """Two ways to one number: the rules of the checker, and the code that bounds orders without certificates."""
    setting, proof = issued(*args)
    known = {str(of): r for of, (r, _) in known_orders(setting).items()}
    assert bound_checker.check(proof) == proof["statement"]
    stated = {title: Fraction(r) for title, r in proof["orders"].items()}
    both = {*known} & {*stated}
    assert len(both) >= 3
    assert {t: stated[t] for t in both} == {t: known[t] for t in both}


def test_kinks_are_shown_where_they_move_inside_the_support():
    _, proof = issued("activation", "gaussian", "hardtanh", 2, "one", 1)
    assert proof["orders"]["beta1"] == "3/2"
    for change in ({"beta1": "1/3"}, {"beta1": "0"}):  # the kinks are at 3 and -3, or nowhere
        moved = copy.deepcopy(proof)
        moved["cells"][0] |= change
        moved["statement"] = bound_checker.statement(moved)
        assert objection(bound_checker.check, moved) is not None


FORGED = {
    "a smaller order": lambda c: c["orders"].update({"beta1": "1"}),
    "an order of nothing": lambda c: c["orders"].update({"gamma": "2"}),
    "no steps": lambda c: c.update(steps=[]),
    "a step left out": lambda c: c.update(steps=c["steps"][1:]),
    "one point twice": lambda c: c["steps"][1]["points"].__setitem__(0, c["steps"][1]["points"][1]),
    "a point outside": lambda c: c["steps"][1]["points"].__setitem__(0, ["5/2"]),
    "a level above 1": lambda c: c["steps"][-1].update(level="2", theorem="means", names=["a"]),
    "a level that is text": lambda c: c["steps"][0].update(level="abc"),
    "a level of a theorem without one": lambda c: c["steps"][1].update(level="-1000"),
    "another theorem": lambda c: c["steps"][1].update(theorem="kinks"),
    "a linear weight": lambda c: c["model"].update(log_weight="beta1*x/tau"),
    "a weight with a scale": lambda c: c["model"].update(log_weight="tanh(beta1*tau*x)"),
    "a mean with a square": lambda c: c["model"].update(mean="a*x + b + a**2"),
    "dependent slopes": lambda c: c["model"].update(mean="a + b"),
    "atoms without weights": lambda c: c["model"].update(weighted=False),
    "no atoms": lambda c: c.update(atoms=1),
    "a parameter that is not there": lambda c: c["cells"][0].pop("tau"),
    "an own parameter that is shared": lambda c: c["model"].update(own=[], shared=["tau", "beta1"]),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_bounds_are_rejected(name):
    _, proof = issued("activation", "gaussian", "tanh", 2, "one", 1)
    assert proof["steps"][1]["theorem"] == "gate"
    FORGED[name](proof)
    proof["statement"] = bound_checker.statement(proof)
    assert objection(bound_checker.check, proof) is not None


EXACT = [("softmax", None, 1), ("linear", None, 2), ("activation", "relu", 2)]
EXACT += [("laplace", None, 1), ("cosine", None, 2)]


@pytest.mark.parametrize(("gate", "source", "d"), EXACT)
def test_first_orders_have_certificates(gate, source, d):
    found = exact_orders(gate, source=source, d=d)
    (proof,) = found.certificates
    assert exact_checker.check(proof) == proof["statement"]
    assert {*proof["orders"]} == {o.title for o in found.orders if o.upper == 1}
    assert all(o.certified for o in found.orders if o.upper == 1)
    free = {**proof, "fixed": []}  # nothing held: a translation of all scores, or what weights have in common
    free["statement"] = exact_checker.statement(free)
    assert objection(exact_checker.check, free) is not None


def test_a_flow_leaves_no_certificate_of_first_orders():
    """The linear gate with tau free: beta1/tau is all that the density shows."""
    found = exact_orders("linear")
    (proof,) = found.certificates
    assert proof["model"]["held"] == ["tau"]
    forged = {**proof, "model": {**proof["model"], "held": [], "shared": ["tau"]}}
    rng = random.Random(1)
    forged["points"] = [[f"{rng.randrange(-199, 200)}/100", f"{rng.randrange(-500, 500)}/100"] for _ in range(9)]
    forged["statement"] = exact_checker.statement(forged)
    assert objection(exact_checker.check, forged) == "the derivatives are not shown to be independent"
    assert exact_certificate(found.setting, ["tau"]) is None


def test_certify_says_exactly_where_bounds_and_curves_meet():
    proofs = temperance.exponents("softmax", cell=2, bounds_only=True).certificates()
    answer = temperance.certify(*proofs)
    assert "exactly 4/3: mean a" in str(answer)
    assert "exactly 4: b" in str(answer)
    assert temperance.certify(proofs[0]).proofs[0].orders["mean a"] == Way("at most", Fraction(4, 3))
    assert temperance.certify(*proofs[1:]).proofs[-1].orders["mean a"] == Way("at least", Fraction(4, 3))


def lines_of(*proofs):
    """What certificates say together: a line for each setting."""
    return together([json.loads(json.dumps(proof)) for proof in proofs]).lines


@pytest.mark.parametrize(("gate", "source"), [("linear", None), ("activation", "relu"), ("activation", "leaky_relu")])
def test_what_is_said_where_tau_is_held_is_not_said_where_it_moves(gate, source):
    proofs = temperance.exponents(gate, "gaussian", source, bounds_only=True).certificates()
    assert str(temperance.certify(*proofs)).count("certificate: a cell of 2") == 1
    held, moves = lines_of(*proofs)
    assert held.startswith("a cell of 2, d = 1, at beta1 = 1, tau held")
    assert "flat" not in held
    assert "exactly 4: b" in held
    assert moves.startswith("curves that move what is held: every cell of 1, d = 1, at tau = 1")
    assert moves.endswith(": flat: tau, beta1, mean beta1")


def test_tau_is_held_where_no_certificate_moves_it():
    """The bound names no tau; the curves do, and keep it."""
    proofs = temperance.exponents("beta1*x**3/tau + beta2*x", bounds_only=True).certificates()
    assert "tau" not in proofs[0]["model"]["log_weight"]
    (line,) = lines_of(*proofs)
    assert line.startswith("a cell of 2, d = 1, at beta1 = 1, beta2 = 1, tau held: exactly 1: mean beta1")


def test_settings_are_not_pooled():
    (bound,), curves = orders(order_setting("softmax")).certificates, orders(order_setting("softmax", dim=2, size=3))
    ours, *others = lines_of(bound, *curves.curves)
    assert ours.startswith("a cell of 2, d = 1, at beta1 = 1")
    assert "at least" not in ours
    assert all(line.startswith("curves of other cells or models: a cell of ") for line in others)
    assert any("a cell of 3, d = 2" in line and "at least 3: nu" in line for line in others)


def test_curves_at_other_true_points_have_a_line_of_their_own():
    found = orders(order_setting("softmax"))
    curves = [copy.deepcopy(curve) for curve in found.curves]
    for curve in curves:
        curve["cells"][0]["point"]["beta1"] = "1/4"
    ours, theirs = lines_of(found.certificates[0], *curves)
    assert "at most 4: b" in ours
    assert "at least" not in ours
    assert theirs.startswith("curves at other true points: a cell of 2, d = 1, at beta1 = 1/4: ")
    assert "at least 4: b" in theirs
    both = lines_of(found.certificates[0], *found.curves, *curves)
    assert len(both) == 1  # nothing is said again of what is exact


def test_bounds_of_one_setting_are_said_in_one_line():
    proofs = temperance.exponents("softmax", cell=3, bounds_only=True).certificates()
    _, by_theorems = issued("softmax", "gaussian", None, 3, "one", 1)
    moments = [proof for proof in proofs if proof["format"] == "temperance-orders/5"]
    assert len(moments) == 1
    (line,) = lines_of(*moments, by_theorems)
    assert "at most 6: b" in line
    moved = copy.deepcopy(by_theorems)
    moved["cells"][0]["beta1"] = "1/4"
    assert len(lines_of(*moments, moved)) == 2


def test_that_an_order_is_at_least_one_is_not_said():
    proofs = temperance.exponents("softmax", bounds_only=True).certificates()
    assert lines_of(*proofs[1:2]) == []
    exact = exact_orders("softmax")
    (line,) = lines_of(*exact.certificates, *exact.curves)
    assert line.endswith("at beta1 = 1 and beta1 = 0: exactly 1: beta1, a, b, nu")


OTHERS = {
    "another gate": lambda c: c["model"].update(log_weight="2*beta1*x"),
    "another mean": lambda c: c["model"].update(mean="a*x**3 + b"),
    "another point": lambda c: c["cells"][0]["point"].update(beta1="2"),
    "more atoms": lambda c: c["cells"][0]["atoms"].append(c["cells"][0]["atoms"][0]),
    "another split": lambda c: c.update(split="every"),
    "no weights": lambda c: c["model"].update(weighted=False),
    "another parameter moves": lambda c: c["shared"].update(tau="t"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_bound_and_a_curve_of_different_settings_do_not_meet(name):
    found = orders(order_setting("softmax"))
    bound, curve = found.certificates[0], copy.deepcopy(found.curves[-1])
    assert str(together([bound, curve]).orders[0]["mean a"]) == "exactly 4/3"
    OTHERS[name](curve)
    assert str(together([bound, curve]).orders[0]["mean a"]) == "at most 4/3"


def test_what_is_said_of_one_order_in_short():
    low, high, flat = Way("at least", Fraction(1)), Way("at most", Fraction(2)), Way("flat")
    assert in_short([low, Way("at least", Fraction(4, 3)), high]) == (Way("at least", Fraction(4, 3)), high)
    assert in_short([low, Way("at least", Fraction(2)), high]) == (Way("exactly", Fraction(2)),)
    assert in_short([low, flat]) == (flat,)
