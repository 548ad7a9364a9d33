"""The conditions of a gate: families of functions of x, decided by its interactions."""

import random

import pytest
import sympy as sp

import temperance
from temperance.theory.interactions.interactions import derive, gate_conditions
from temperance.theory.models.by_name import model

GATES = {  # first order, second order
    "softmax": ("holds", "fails"),  # u_{beta1 b} = u_a
    "linear": ("fails", "fails"),
    "kappa*cos(x - c)": ("holds", "fails"),
    "beta1*x**3": ("holds", "holds"),
    "w*x/(1 + x**2)": ("holds", "holds"),
    "beta1*x**2/tau": ("fails", "fails"),
    "tanh(w*x)": ("holds", "holds"),
}


def conditions_of(gate):
    spec = model(gate)
    return gate_conditions(derive(spec.gate, spec.expert, None, spec.dim, 2))["conditions"]


@pytest.mark.parametrize("gate", GATES)
def test_conditions_of_a_gate(gate):
    assert tuple(c["verdict"] for c in conditions_of(gate)) == GATES[gate]


@pytest.mark.parametrize("gate", GATES)
def test_a_condition_holds_where_each_family_has_full_rank_at_random_numbers(gate):
    """A second way to the verdict: the values of the functions at random points, in 40 digits."""
    rng = random.Random(7)
    for condition in conditions_of(gate):
        independent = True
        for family in condition["families"]:
            functions = [sp.sympify(text) for text in family]
            names = sorted(set().union(*(f.free_symbols for f in functions)), key=str)
            values = {p: sp.Rational(rng.randrange(1, 99), 50) for p in names if p.name != "x"}
            points = [sp.Rational(rng.randrange(-200, 200), 71) for _ in functions]
            rows = [[f.subs(values).subs("x", x).evalf(40) for f in functions] for x in points]
            singular = sorted(map(abs, sp.Matrix(rows).evalf(40).LUdecomposition()[1].diagonal()))
            independent &= bool(singular[0] > 1e-25)
        assert independent == (condition["verdict"] == "holds"), condition


def test_the_command_says_it(output):
    lines = output("check", "--gate", "kappa*cos(x - c)/tau").splitlines()
    assert lines[0].startswith(
        "kappa*cos(x - c)/tau: the first-order condition, for fits of as many atoms as the truth"
    )
    assert lines[2] == "first order: fails; tau*u_{tau} + kappa*u_{kappa} = 0"
    assert any(line.startswith("first order, degree 0 in y: 1, cos(c - x)/tau") for line in lines)
    record = temperance.check(gate="kappa*cos(x - c)/tau").to_json()
    assert [c["verdict"] for c in record["conditions"]] == ["fails", "fails"]
