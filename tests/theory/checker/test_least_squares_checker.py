"""Certificates of least squares: what is true is proved, and nothing that is changed."""

import copy

import pytest

from temperance.theory.checker import least_squares_checker
from temperance.theory.checker.least_squares_checker import statement
from temperance.theory.checker.rejected import objection
from temperance.theory.checker.verdict_checker import check
from temperance.theory.least_squares.orders import certificate, least_squares_orders
from temperance.theory.least_squares.split_atom import split_atom
from temperance.theory.models.by_name import model


@pytest.fixture(scope="module")
def proofs():
    made = {}
    for gate, activation, expert in (
        ("softmax", None, "nonlinear:tanh"),
        ("softmax", None, "gaussian"),
        ("activation", "tanh", "gaussian"),
        ("activation", "gelu", "nonlinear:gelu"),
    ):
        found, why = certificate(least_squares_orders(split_atom(model(gate, expert, activation), {})))
        assert found is not None, why
        made[activation or gate, expert] = found
    return made


def restated(proof):
    """With the statement of its model."""
    proof["statement"] = statement(proof["model"], proof["truth"])
    return proof


def test_proofs_are_accepted(proofs):
    for proof in proofs.values():
        check(proof)
    said = proofs["tanh", "gaussian"]["statement"]
    assert "|offset|^2 of beta1; |offset| of tau is O(distance of the regression functions)" in said


def forged(proof, path, value):
    proof = copy.deepcopy(proof)
    *way, last = path
    part = proof
    for key in way:
        part = part[key]
    part[last] = value
    return restated(proof)


@pytest.mark.parametrize(
    ("which", "path", "value", "why"),
    [
        (("softmax", "gaussian"), ("model", "straight"), [], "size of the matrix"),
        (("softmax", "nonlinear:tanh"), ("model", "straight"), ["a"], "not affine"),
        (("softmax", "nonlinear:tanh"), ("relations",), [], "as many points"),
        (("softmax", "nonlinear:tanh"), ("relations", 0, 0), "1", "does not hold"),
        (("softmax", "nonlinear:tanh"), ("matrix", 0), ["1", "0", "1"], "not symmetric"),
        (("softmax", "nonlinear:tanh"), ("matrix", 1, 1), "-1", "not positive definite"),
        (
            ("softmax", "nonlinear:tanh"),
            ("matrix",),
            [["1", "0", "1/2"], ["0", "1", "0"], ["1/2", "0", "1"]],
            "orthogonal",
        ),
        (("softmax", "nonlinear:tanh"), ("points", 0), ["1/3", "1"], "another dimension"),
        (("softmax", "nonlinear:tanh"), ("model", "mean"), "a*x + b", "does not hold|determinant"),
        (("softmax", "nonlinear:tanh"), ("model", "mean"), "tanh(a*x + b)/(x**2 + 1)", "a division or a root"),
        (("softmax", "nonlinear:tanh"), ("model", "mean"), "sqrt(x**2)*a + b", "a division or a root"),
        (
            ("softmax", "nonlinear:tanh"),
            ("model", "log_weight"),
            "beta1*x**(9**9)",
            "too large|Pow|understood|exponent",
        ),
        (("softmax", "nonlinear:tanh"), ("model", "log_weight"), "a*beta1*x", "parameter of the mean"),
        (("tanh", "gaussian"), ("truth", 1, "tau"), "2", "two values"),
        (("tanh", "gaussian"), ("truth", 0, "beta1"), "0", "does not hold|determinant"),
    ],
)
def test_what_is_changed_is_rejected(proofs, which, path, value, why):
    rejected = objection(check, forged(proofs[which], path, value))
    assert rejected is not None
    assert any(part in rejected for part in why.split("|")), rejected


def test_equal_points_and_another_statement_are_rejected(proofs):
    proof = copy.deepcopy(proofs["softmax", "gaussian"])
    proof["points"][1] = proof["points"][0]
    assert "determinant" in objection(check, proof)
    left_out = copy.deepcopy(proofs["softmax", "nonlinear:tanh"])
    left_out["relations"] = []
    left_out["points"].append(["7/5"])
    assert "determinant" in objection(check, left_out)
    other = copy.deepcopy(proofs["softmax", "gaussian"])
    other["statement"] = other["statement"].replace("|offset|^2 of beta1", "|offset|^2 of beta1, a, b")
    assert "statement" in objection(check, other)


def test_own_and_shared_are_not_exchanged(proofs):
    """tau of each atom by itself: there is a relation more, and the derivatives left are not independent."""
    proof = copy.deepcopy(proofs["tanh", "gaussian"])
    proof["model"]["own"], proof["model"]["shared"] = ["beta1", "tau"], []
    assert objection(check, restated(proof)) is not None


def test_relations_are_compared_with_functions_and_not_with_letters_of_the_certificate():
    assert least_squares_checker._is_zero(least_squares_checker.sp.Integer(0))
    x = least_squares_checker.sp.Symbol("x")
    tanh = least_squares_checker.sp.tanh(x)
    assert least_squares_checker._is_zero((1 - tanh**2) - (1 - tanh) * (1 + tanh))
    assert not least_squares_checker._is_zero(tanh - x)
