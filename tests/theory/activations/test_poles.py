"""Pieces end at poles: steps behind them are seen, and what holds on one side is not said of the other."""

from itertools import pairwise

import mpmath
import pytest
import sympy as sp

from temperance.theory.activations.activation import activation
from temperance.theory.activations.piecewise import ends_of, limit
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.degeneracies import classify
from temperance.theory.rates.learnability import learnability
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import somewhere
from temperance.theory.twins.decision import twins

JUMP = "atan((1 + z)/(1 - z)) - atan(z)"  # pi/4 below 1, -3 pi/4 above


def ends(text):
    return [str(p.lower) for p in activation(text).pieces[1:]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("atan(z) + atan(1/z)", ["0"]),
        (JUMP, ["1"]),
        ("z/(z**2 - 2)", ["-sqrt(2)", "sqrt(2)"]),
        ("erf(1/(exp(z) - 2))", ["log(2)"]),
        ("1/(z - alpha)", ["alpha"]),
        ("atan(1/(2 + sin(z)))", []),
        ("atan(1/(1 + exp(z) + z**2))", []),
    ],
)
def test_a_piece_ends_at_a_pole(text, expected):
    assert ends(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "sin(z)/z",
        "(exp(z) - 1)/z",
        "z/tanh(z)",
        "(1 - cos(z))/z**2",
        "tanh(sin(z)/z) + z",
    ],
)
def test_a_singularity_that_is_removable_ends_none(text):
    assert ends(text) == []


@pytest.mark.parametrize("text", ["(1 - cos(z))/z**3", "z/tanh(z)**2", "sin(z)/(z**2 - z)"])
def test_one_that_is_not_ends_a_piece(text):
    assert len(ends(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "atan(1/z)",
        "atan((1 + z)/(1 - z)) - atan(z)",
        "tanh(1/z)/(z + 2)",
        "exp(-1/z**2)",
        "1/(1 + exp(1/z))",
        "1/(2 + log(z**2))",
        "cos(z)/(z - 1)**2",
    ],
)
def test_limits_are_those_of_independent_values(text):
    """Or none is given."""
    pieces = activation(text).pieces
    assert len(pieces) > 1
    value = sp.lambdify(sp.Symbol("z", real=True), pieces[0].expr, "mpmath")
    with mpmath.workdps(40):
        for left, right in pairwise(pieces):
            assert left.expr == right.expr
            end = mpmath.mpf(str(sp.N(right.lower, 40)))
            for piece, side in ((left, -1), (right, 1)):
                found = limit(piece, right.lower, {})
                far, near = (value(end + side * mpmath.mpf(10) ** -n) for n in (4, 12))
                if found in (sp.oo, -sp.oo):
                    assert mpmath.sign(near) == sp.sign(found)
                    assert abs(near) > abs(far) + 1
                elif found is not sp.nan:
                    assert abs(near - mpmath.mpf(str(sp.N(found, 40)))) < (0.1 if "log" in text else 1e-9)


def test_an_oscillation_and_a_difference_of_poles_have_no_limit_that_is_told():
    for text in ("sin(1/z)", "1/z - 1/sin(z)"):
        left, right = activation(text).pieces[:2]
        assert limit(left, right.lower, {}) is sp.nan


def test_a_step_at_0_behind_a_pole_is_a_step():
    """(pi/2) sign(z): not one constant."""
    same, step = classify("sign(z)"), classify("atan(z) + atan(1/z)")
    assert (step.kind, step.symmetry, step.level) == (same.kind, same.symmetry, same.level) == ("constant", True, False)
    away = [t.map for t in twins("sign").twins if 0 not in (*t.truth, *t.image)]  # it has no value at 0
    assert [t.map for t in twins("atan(z) + atan(1/z)").twins] == away
    anchored, free = (learnability(decide(s)).answer for s in ("sign", "atan(z) + atan(1/z)"))
    assert "direction" in anchored
    assert "direction" in free
    assert "anchored" in anchored
    assert "anchored" not in free  # an anchored atom needs s(0)


@pytest.mark.parametrize("factor", ["1", "z**2"])
def test_a_step_elsewhere_behind_a_pole_is_no_symmetry(factor):
    failure = classify(f"({factor})*({JUMP})")
    assert (failure.symmetry, failure.flow) == (False, None)
    assert "jump at z = 1" in failure.note
    assert twins(f"({factor})*({JUMP})").unique is None
    assert "a jump moves" in learnability(decide(f"({factor})*({JUMP})")).answer


@pytest.mark.parametrize("text", ["atan(tan(z)) - z", "atan(1/(z + cos(z))) + atan(z + cos(z))"])
def test_steps_at_poles_without_a_closed_form_are_not_denied(text):
    failure = classify(text)
    assert (failure.symmetry, failure.flow) == (None, None)
    assert twins(text).unique is None
    assert "not excluded" in learnability(decide(text)).answer


def test_a_relation_of_one_side_of_a_pole_is_none_of_all():
    """z s' = (pi/2) z^2 below 1 and -(3 pi/2) z^2 above: z^2 is outside span{1, z, z s'}."""
    assert decide(f"z**2*({JUMP})").a.outcome == "holds"
    assert decide("z**2*pi/4").a.outcome == "fails"


@pytest.mark.parametrize(
    "text",
    [
        "log(abs(2*z)) - log(abs(z))",
        "atan(z) + atan(1/z) - (pi/2)*sign(z)",
        f"{JUMP} + where(z < 1, 0, pi)",
    ],
)
def test_a_constant_is_not_learnable(text):
    assert classify(text).level is True
    assert learnability(decide(text)).answer == learnability(decide("1")).answer
    assert [t.map for t in twins(text).twins] == [t.map for t in twins("1").twins]


@pytest.mark.parametrize("text", ["1/(z - 1)", "atan(1/(z - 1))"])
def test_no_rate_is_predicted_where_s_jumps_or_has_a_pole(text):
    found = {r.parameter: r for r in predict(somewhere(2), 2, text, gauge="anchored")}
    assert found["tau"].sharp is None
    assert ("jump at z = 1" in found["tau"].reason) == (text != "1/(z - 1)")


@pytest.mark.parametrize(
    ("source", "found"),
    [("tanh", []), ("relu", [0]), ("hardtanh", [-1, 1]), ("log(z)", [0]), ("sqrt(z**2 - 4)", [-2, 2]), ("1/z", [0])],
)
def test_finite_ends_of_pieces_are_each_listed_once(source, found):
    assert ends_of(activation(source).pieces) == found
