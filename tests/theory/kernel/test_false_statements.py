"""Statements that a checker accepted on 30 November, each false or without a meaning: none is accepted."""

import pytest

from temperance.answers.certify import together
from temperance.theory.kernel.check import FORMAT, check
from temperance.theory.kernel.reader import Rejected
from tests.theory.kernel.places import alone, atoms, certificate, claims, curve, objection, place

SOFTMAX = place("beta1*x")
PLAIN = curve([[atoms({"beta1": "_t*_q", "a": "_t*_q"})], []])


def step(theorem, names=(), level=None, points=()):
    return {"theorem": theorem, "names": [*names], "level": level, "points": [*points]}


def refused(proof, why):
    said = objection(check, proof)
    assert said is not None
    assert why in said


def test_the_frame_of_these_forgeries_is_right():
    accepted = certificate(SOFTMAX, claims("at least", beta1=2, a=2, mean_a=2), "curve", **PLAIN)
    refused(accepted, "mean a at least 2 is not proved")  # the mean stays 0 along the curve
    accepted["claims"] = claims("at least", beta1=2, a=2)
    assert objection(check, accepted) is None


# -- empty lists of cases


def moments(steps, at=SOFTMAX, **parts):
    proof = {"degree": 4, "reach": 8, "weights": ["1/2", "1/2", "1/4", "1/2"], "intercept": "b", "gate": []}
    return certificate(at, claims("at most", beta1=1, a=1, b=1), "moments", **{**proof, "steps": steps, **parts})


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([{"targets": [], "value": "1", "cases": []}], "a target"),
        ([{"targets": [[0, 1]], "value": "1", "cases": []}], "a case is missing"),
        ([{"targets": [[0, 1]], "value": "1", "cases": [{"row": 0, "moment": [2, 0, 0, 0], "cases": []}]}], ""),
        ([{"targets": [[0, 1]], "value": "1", "cases": [{"multipliers": {}}]}], "a leaf is not closed"),
        ([{"combination": []}], "the keys of a step"),
        ([], "no bound of"),
    ],
)
def test_no_tree_is_closed_by_cases_that_are_not_there(steps, why):
    refused(moments(steps), why)


@pytest.mark.parametrize(
    "form", ["orders/3", "orders/5", "coefficients/1", "sample-size/3", "curves/2", "certificate/4"]
)
def test_an_old_format_must_be_written_again(form):
    refused({"format": f"temperance-{form}", "steps": [{"combination": []}]}, "write the certificate again")


# -- hypotheses of theorems


DOUBLE = place("beta1*x", "a*x + c*x + b", expert=["a", "c", "b"], sizes=[2, 2])
POINTS = [["1"], ["-1/2"], ["3/2"]]


@pytest.mark.parametrize("points", [POINTS, POINTS[:1], []])
def test_slopes_that_depend_on_each_other_have_no_orders(points):
    stated = claims("at most", a=2, c=2)
    refused(certificate(DOUBLE, stated, "theorems", steps=[step("doubled", points=points)]), "")
    refused(certificate(DOUBLE, stated, "theorems", steps=[step("experts", points=points)]), "")


def test_they_are_flat():
    flat = [[alone({"a": "_t", "c": "-_t"})], [alone({"a": "_t", "c": "-_t"})]]
    shown = certificate(DOUBLE, claims("at least", a=12), "curve", **curve(flat, 12))
    assert objection(check, shown) is None


# -- symbols that depend on x


@pytest.mark.parametrize("weight", ["tanh(x + beta1)", "exp(x + beta1)", "sin(beta1)*cosh(x)", "erf(x*beta1)"])
def test_a_function_of_x_is_no_number(weight):
    for sizes in ([1, 1], [2, 2], [2, 1]):
        cells = [[alone({"beta1": "_t"})], [] if sizes[1] == 1 else [alone({"beta1": "_t"})]]
        proof = certificate(place(weight, sizes=sizes), claims("at least", beta1=12), "curve", **curve(cells, 12))
        refused(proof, "cells do not change alike")


# -- kinks that move


@pytest.mark.parametrize(
    ("weight", "points", "why"),
    [
        ("where(x < beta1, 0, where(x < 1/c, x - beta1, 7))", {"beta1": "0", "c": "-1"}, "apart"),
        ("where(x < beta1, 0, where(x < 1/c, x - beta1, 7))", {"beta1": "0"}, ""),
        ("where(1/x < beta1, 0, 1/x - beta1)", {"beta1": "1", "c": "1"}, ""),
        ("where(x*beta1 < beta1**2, 0, x - beta1)", {"beta1": "0", "c": "1"}, ""),
        ("where(x**2 < beta1, 0, x**2 - beta1)", {"beta1": "1", "c": "1"}, "a kink whose place is not shown"),
        ("where(x < beta1, 0, 1)", {"beta1": "1", "c": "1"}, "not continuous"),
    ],
)
def test_pieces_lie_side_by_side_where_a_kink_moves(weight, points, why):
    at = place(weight, own=["beta1", "c"], points=[points, {"beta1": "1", "c": "1"}])
    proof = curve([[atoms({"beta1": "_t*_q"})], []], 2)
    refused(certificate(at, claims("at least", beta1="3/2"), "curve", **proof), why)


def test_a_kink_that_moves_is_seen_to_the_order_three_halves():
    at = place("where(x < beta1, 0, x - beta1)", points=[{"beta1": "1"}, {"beta1": "0"}])
    for reached in ("3/2", "2"):
        proof = certificate(at, claims("at least", beta1=reached), "curve", **curve([[atoms({"beta1": "_t*_q"})], []]))
        assert (objection(check, proof) is None) == (reached == "3/2")


# -- weights that are not Lipschitz


@pytest.mark.parametrize("weight", ["sqrt(x**2 + beta1)", "sqrt(beta1)*x", "sqrt(x**2*beta1)", "(x**2 + beta1)**(1/2)"])
def test_a_root_is_lipschitz_in_what_moves_inside_of_squares_alone(weight):
    at = place(weight, points=[{"beta1": "0"}, {"beta1": "1"}])
    proof = certificate(at, claims("at least", beta1=1), "curve", **curve([[alone({"beta1": "_t"})], []], 1))
    refused(proof, "")


def test_a_length_is_lipschitz():
    at = place("sqrt((x - beta1)**2)", points=[{"beta1": "0"}, {"beta1": "1"}])
    proof = certificate(at, claims("at least", beta1=1), "curve", **curve([[alone({"beta1": "_t"})], []], 1))
    assert objection(check, proof) is None


# -- formulas that are not real

UNREAL = ["beta1*x + log(-1)", "beta1*x + sqrt(-2)", "beta1*x*sqrt(-1)*sqrt(-1)", "beta1*x + (-8)**(1/3)", "log(-x**2)"]


@pytest.mark.parametrize("weight", [*UNREAL, "beta1*x + LambertW(-1)", "acos(2)*beta1*x", "beta1*x/(1 - 1)"])
def test_a_formula_that_is_nowhere_real_is_no_weight(weight):
    for proof in (PLAIN, curve([[alone({"beta1": "_t"})], []], 1)):
        stated = claims("at least", beta1=2 if proof is PLAIN else 1)
        refused(certificate(place(weight), stated, "curve", **proof), "a formula is not shown to be real")


def test_roots_of_negative_true_values_are_not_real():
    at = place("p**(1/2)*s**(1/2)*x", own=["p", "s"], points=[{"p": "-1", "s": "-1"}, {"p": "1", "s": "1"}])
    refused(certificate(at, claims("at least", p=1), "curve", **curve([[alone({"p": "_t"})], []], 1)), "real")


@pytest.mark.parametrize("name", ["I", "pi", "E", "exp", "_t", "1x", "where"])
def test_no_name_has_a_meaning_of_its_own(name):
    at = place(f"beta1*{name}", covariates=[name])
    refused(certificate(at, claims("at least", beta1=2), "curve", **PLAIN), "a name")


# -- pieces that are entered on null sets


@pytest.mark.parametrize(
    ("weight", "x"), [("where(-x**2 < 0, 0, beta1)", ["x"]), ("where(-(x - y1)**2 < 0, 0, beta1)", ["x", "y1"])]
)
def test_a_piece_that_is_entered_on_a_null_set_shows_nothing(weight, x):
    values = {"beta1": "1", "a": "1", "b": "0", "nu": "1", "_weight": "0"}
    other = {"beta1": "0", "a": "-1", "b": "2", "nu": "1", "_weight": "0"}
    at = place(weight, covariates=x, sizes=[1, 1], points=[values, other], fixed=[[1, "_weight"], [1, "beta1"]])
    rows = [[*(str(i % 2) for _ in x), str(i)] for i in range(8)]
    refused(certificate(at, claims("at most", beta1=1), "derivatives", points=rows), "inside a piece")
    cell = place(weight, covariates=x)
    steps = [step("gate", points=[["0" for _ in x]] * 4)]
    refused(certificate(cell, claims("at most", beta1=2), "theorems", steps=steps), "")


# -- what a reader of the kernel might try


def test_directions_are_those_of_the_weight_whatever_its_parameters_are():
    weight = "(beta1*x + v*y1)/sqrt(x**2 + y1**2)"
    own = {"own": ["beta1", "v"], "covariates": ["x", "y1"]}
    at = place(weight, points=[{"beta1": "1", "v": "1"}, {"beta1": "1", "v": "-1"}], **own)
    for text, why in (("beta1*_u1 + v*_u2", None), ("1*_u1 + v*_u2", "in directions"), ("_u1", "in directions")):
        proof = curve([[atoms({"beta1": "_t*_q"})], []], 2, directions=text)
        said = objection(check, certificate(at, claims("at least", beta1=2), "curve", **proof))
        assert said is None if why is None else why in (said or "")


def test_equal_experts_have_no_bounds():
    """The density is one expert's, whatever the gate is."""
    values = {"beta1": "1", "a": "1", "b": "0"}
    at = place("beta1*x", "tanh(a*x + b)", points=[values, {**values, "beta1": "0"}])
    steps = [step("gate", points=[["1"], ["1/2"], ["3/2"]])]
    refused(certificate(at, claims("at most", beta1=2), "theorems", steps=steps), "not shown to be different")
    apart = place("beta1*x", "tanh(a*x + b)", points=[values, {"beta1": "0", "a": "-1", "b": "0"}])
    assert objection(check, certificate(apart, claims("at most", beta1=2), "theorems", steps=steps)) is None


NAMED = {"beta1": "1", "a": "1", "b": "0", "nu": "1"}


def split(b="_t*_q", nu="-_t**2"):
    return curve([[atoms({"b": b, "nu": nu}, ("-1", "0", "1"))], []], 4)


@pytest.mark.parametrize(
    ("mean", "other"),
    [
        ("a*x + b", {}),
        ("a*x + b", {"beta1": "0"}),
        ("a**2*x + b", {"a": "-1"}),
        ("(a + b)*x", {"a": "0", "b": "1"}),
        ("0*a + 0*b", {"a": "2"}),
    ],
)
def test_a_place_whose_true_atoms_are_equal_has_no_claims_of_any_kind(mean, other):
    at = place("beta1*x", mean, points=[NAMED, {**NAMED, **other}])
    refused(certificate(at, claims("at least", b=4), "curve", **split()), "not shown to be different")
    scale = place("beta1*x/tau", mean, shared=["tau"], points=[{**NAMED, "tau": "1"}] * 2, fixed=[])
    cells = [[alone({"beta1": "_t*beta1"})]] * 2
    flat = {"number": None, "shared": {"tau": "_t*tau"}, "cells": cells}
    refused(certificate(scale, claims("flat", tau=None), "identity", **flat), "not shown to be different")


@pytest.mark.parametrize("other", [{"nu": "2"}, {"b": "1"}, {"a": "-1"}])
def test_experts_of_another_mean_or_variance_are_different(other):
    at = place("beta1*x", points=[NAMED, {**NAMED, **other}])
    assert objection(check, certificate(at, claims("at least", b=4), "curve", **split())) is None


@pytest.mark.parametrize(
    ("weight", "why"),
    [
        ("log(x**2 + c)", "log"),
        ("log(x**2 - c*x)", "log"),
        ("log(x + c)", "log"),
        ("log(x + 2 + c)", "log"),
        ("log(exp(x) + c)", "log"),
        ("asin(x/2 + c)", "asin"),
        ("acosh(x + 3 + c)", "acosh"),
        ("sqrt(x**2 + x + c)", ""),
        ("log(3 + c*x)", None),
        ("log(x + 3) + c*x", None),
        ("c*x", None),
        ("(2 + c)/x", None),
        ("1/((2 + c)*x)", None),
        ("1/(c*x)", ""),
        ("x/(1 + sqrt(x + c))", ""),
        ("1/(x*sqrt(x**2 + c))", ""),
    ],
)
def test_along_an_identity_the_weights_stay_real_on_the_box(weight, why):
    """At c = 0 some weights are logarithms of negative numbers for every c near 0, on one side or on both."""
    at = place(weight, own=[], shared=["c"], points=[{"c": "0"}, {"c": "0"}], fixed=[])
    flat = {"number": None, "shared": {"c": "_t"}, "cells": [[], []]}
    proof = certificate(at, claims("flat", c=None), "identity", **flat)
    if why is None:
        assert objection(check, proof) is None
    else:
        refused(proof, why)


def test_atoms_with_opposite_offsets_stay_real_too():
    for weight, real in (("log(3 + c*x)", True), ("log(x**2 + c)", False)):
        at = place(weight, own=["c"], points=[{"c": "0"}, {"c": "1"}])
        cell = [atoms({"c": text}, (root, "1"), "1/2") for text, root in (("_t", "1"), ("-_t", "-1"))]
        flat = {"number": None, "shared": {}, "cells": [cell, []]}
        said = objection(check, certificate(at, claims("flat", c=None), "identity", **flat))
        assert (said is None) == real


def test_a_point_has_no_weight_where_atoms_have_none():
    at = place("beta1*x", weighted=False, sizes=[1, 1], points=[{**NAMED, "_weight": "5"}, {**NAMED, "_weight": "0"}])
    rows = [[f"{i}/4", f"{i % 3}"] for i in range(-4, 4)]
    refused(certificate(at, claims("at most", beta1=1), "derivatives", points=rows), "a true point")


def test_orders_are_numbers_however_they_are_written():
    proof = curve([[atoms({"b": "_t*_q"})], []], 2)
    stated = check(certificate(SOFTMAX, claims("at least", b="4/2"), "curve", **proof)).claims
    assert stated == check(certificate(SOFTMAX, claims("at least", b="2"), "curve", **proof)).claims


# -- own and shared parameters, and places


def test_a_place_says_which_parameters_are_own_and_which_are_shared():
    own = place(
        "tanh(beta1*x)/tau", own=["beta1", "tau"], points=[{"beta1": "1", "tau": "1"}, {"beta1": "0", "tau": "1"}]
    )
    shared = place("tanh(beta1*x)/tau", shared=["tau"])
    apart = curve([[atoms({"tau": "_t*_q"})], []])
    stated = claims("at least", tau=2)
    as_own = check(certificate(own, stated, "curve", **apart))
    refused(certificate(shared, stated, "curve", **apart), "an offset has no parameter")
    drift = curve([[], []], 1, shared={"tau": "_t"})
    as_shared = check(certificate(shared, claims("at least", tau=1), "curve", **drift))
    assert as_own.place != as_shared.place
    assert [str(orders["tau"]) for orders in together([as_own, as_shared]).values()] == ["at least 2", "at least 1"]


def test_claims_at_different_places_are_not_said_together():
    one = check(certificate(SOFTMAX, claims("at least", beta1=2, a=2), "curve", **PLAIN))
    elsewhere = place("beta1*x", points=[{"beta1": "2"}, {"beta1": "0"}])
    free = {**SOFTMAX, "fixed": []}
    larger = {**SOFTMAX, "sizes": [3, 1]}
    several = [
        one,
        *(check(certificate(at, claims("at least", beta1=2), "curve", **PLAIN)) for at in (elsewhere, free, larger)),
    ]
    assert len(together(several)) == 4
    assert len(together([one, one])) == 1


def test_a_fixed_parameter_does_not_move():
    still = {**SOFTMAX, "fixed": [*SOFTMAX["fixed"], [0, "beta1"]]}
    refused(certificate(still, claims("at least", beta1=2), "curve", **PLAIN), "an offset of what is fixed")
    held = place("beta1*x", own=[], held=["beta1"], points=[{"beta1": "1"}, {"beta1": "0"}])
    refused(certificate(held, claims("at least", beta1=2), "curve", **PLAIN), "an offset has no parameter")


# -- the envelope


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.update(claims=[]), "nothing is claimed"),
        (lambda c: c.update(format="other"), "the format is unknown"),
        (lambda c: c.update(statement="all orders are 1"), "the keys of the certificate"),
        (lambda c: c["proof"].update(note=1), "the keys of the proof"),
        (lambda c: c["proof"].update(kind="faith"), "a kind that is not known"),
        (lambda c: c["place"].update(sizes=[2]), "the sizes"),
        (lambda c: c["place"].update(points=[]), "the points"),
        (lambda c: c["place"]["model"].update(own=[]), ""),
        (lambda c: c["claims"].append({"title": "beta1", "side": "at least", "value": "3"}), "two claims of one title"),
        (lambda c: c["claims"].append({"title": "b", "side": "at least", "value": "2"}), "b at least 2 is not proved"),
        (lambda c: c["claims"].append({"title": "b", "side": "flat", "value": None}), "b flat is not proved"),
    ],
)
def test_every_part_of_a_certificate_is_checked(change, why):
    import json

    proof = json.loads(json.dumps(certificate(SOFTMAX, claims("at least", beta1=2, a=2), "curve", **PLAIN)))
    change(proof)
    refused(proof, why)


@pytest.mark.parametrize("other", [None, 1, "x", [], {}, {"format": None}, {"format": FORMAT}, {"format": ["a"]}])
def test_anything_else_is_rejected_too(other):
    with pytest.raises(Rejected):
        check(other)


# -- means of weights


def turned(weight, name="w"):
    """Two atoms whose w keep the mean of w^2, beside a singleton."""
    at = place(weight, own=["w", "v"], points=[{"w": "1", "v": "1"}, {"w": "1/2", "v": "1/3"}])
    sides = [f"(1 {sign} 2*_t - _t**2)/(1 + _t**2) - 1" for sign in "+-"]
    cell = [atoms({name: f"{name}*({side})"}, ("0", "1")) for side in sides]
    return certificate(at, claims("flat", w=None), "identity", number=None, shared={}, cells=[cell, []])


def test_weights_keep_their_mean_beside_any_function_of_x():
    assert objection(check, turned("log(1 + (w*x)**2) + v*x + sin(v*x)")) is None


@pytest.mark.parametrize(
    ("weight", "why"),
    [
        ("log(1 + (w*x)**2)/2 + v*x", "no whole number"),
        ("2*log(1 + (w*x)**2) + v*x", "keep their mean"),
        ("log(1 + (w*x)**4) + v*x", "keep their mean"),
        ("log(1 + (w*x)**2) + v*x*w", "no whole number"),
        ("log(1 + (w*x)**2) + sin(w*x)", "no product of powers"),
        ("log(1 + (w*x)**2)*log(2 + x**2) + v*x", "no whole number"),
        ("log(1 + (w*x)**2)**2", "no whole number"),
    ],
)
def test_other_weights_do_not_keep_their_mean(weight, why):
    refused(turned(weight), why)
