"""The words of the tracers, and the front door for callables where neither torch nor jax is loaded."""

import subprocess
import sys

import numpy as np
import pytest
import sympy as sp

import temperance
from temperance.interop.formulas import COMMON, added, choose, equal, expression, number
from temperance.theory.activations.activation import Z, activation
from temperance.theory.conditions.decision import decide

POINTS = [sp.Rational(p, 4) for p in (-9, -4, 1, 4, 7)]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (0.01, sp.Rational(1, 100)),
        (np.float32(1 / 3), sp.Rational(1, 3)),
        (0.044715, sp.Rational(8943, 200000)),
        (np.float32(np.sqrt(2)), sp.sqrt(2)),
        (-np.pi, -sp.pi),
        (1.67326324, sp.Rational(167326324, 10**8)),
        (-np.inf, -sp.oo),
        (True, sp.S.One),
        (np.array([[7]]), sp.Integer(7)),
    ],
)
def test_a_number_is_what_was_meant(value, meant):
    assert number(value) == meant
    assert np.asarray(value).dtype.type(float(number(value))) == value


@pytest.mark.parametrize("value", [np.nan, "1", 1j, np.ones(2), None])
def test_other_constants_are_refused(value):
    with pytest.raises(ValueError, match="cannot be traced"):
        number(value)


def at(point, value):
    """The value of a traced expression at a point."""
    found = expression(value)
    while found.func == sp.Function("where"):
        given, yes, no = found.args
        found = yes if given.subs(Z, point) else no
    return found


@pytest.mark.parametrize("point", POINTS)
def test_conditions_are_those_of_arithmetic(point):
    above, below = COMMON["gt"](Z, 1), COMMON["le"](Z, -1)
    negation, both, either = (COMMON[name] for name in ("not", "and", "or"))
    cases = {
        above: point > 1,
        below: point <= -1,
        equal(Z, 1): point == 1,
        negation(above): point <= 1,
        both(above, negation(equal(Z, sp.Rational(7, 4)))): point > 1 and point != sp.Rational(7, 4),
        either(above, below): abs(point) > 1 or point == -1,
        choose(above, below, negation(below)): point <= 1 and point > -1,
    }
    for condition, truth in cases.items():
        assert at(point, condition) == int(bool(truth))
    assert choose(COMMON["ne"](Z, Z), 1, Z) == choose(equal(Z, number(np.inf)), 1, Z) == Z
    assert str(COMMON["mul"](Z, COMMON["gt"](Z, 0))) == "z*where(z > 0, 1, 0)"


@pytest.mark.parametrize("difference", ["z", "-z"])
def test_the_form_of_softplus_that_does_not_overflow_is_softplus(difference):
    tail = COMMON["log1p"](COMMON["exp"](-COMMON["abs"](sp.Symbol("z", real=True) * (1 if difference == "z" else -1))))
    for terms in ((COMMON["max"](Z, 0), tail), (tail, COMMON["max"](Z, 0))):
        assert added(*terms) == sp.log(1 + sp.exp(Z))
    assert added(COMMON["max"](Z, 1), tail) == COMMON["max"](Z, 1) + tail


def test_names_and_expressions_pass_through_the_front_door():
    assert temperance.activation("gelu") == activation("gelu")
    assert temperance.activation(Z**2) == activation("z**2")
    assert temperance.check("relu").decisions == (decide("relu"),)
    with pytest.raises(ValueError, match="not int"):
        temperance.activation(3)


def test_a_callable_without_torch_or_jax_is_refused_in_one_line():
    code = (
        "import temperance\n"
        "try:\n    temperance.activation(lambda z: z)\n"
        "except ValueError as error:\n    print(error)\n"
        "import sys\nassert not {'torch', 'jax', 'numba'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a callable is traced by torch or jax, and neither is loaded; accepted: functions of these\n"
