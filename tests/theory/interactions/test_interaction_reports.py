"""What the interactions say of themselves: scopes, what is missing, and refusals, word for word; what is kept."""

import random

import pytest
import sympy as sp

from temperance.theory.interactions import interactions
from temperance.theory.interactions.interactions import (
    add_multiple,
    derive,
    gate_conditions,
    groebner_basis,
    prolong,
    without_redundant,
)
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import gate
from temperance.theory.models.spec import TAU
from tests.tables import tables

SCOPES = tables(__file__)["SCOPES"]


@pytest.mark.parametrize(("options", "scope"), SCOPES)
def test_scopes(options, scope):
    assert derive(**options).scope == scope


def test_what_too_much_work_leaves_undecided_is_kept_and_named(monkeypatch):
    monkeypatch.setattr(interactions, "MOST_WORK", 30)
    found = derive(order=2)
    assert {g.equation for g in found.generators} == {
        "tau*u_{tau} + beta1*u_{beta1} = 0",
        "tau*u_{beta1 b} = u_{a}",
        "u_{b b} = 2*u_{nu}",
        "2*tau*u_{beta1 nu} = u_{a b}",
    }
    assert found.missing == ("irredundancy of the generators",)
    assert not found.complete
    assert (found.derivatives, found.rank, len(found.relations)) == (21, 12, 9)


def combination(family, *parts):
    """The operator that is the sum of c f over the parts (c, f)."""
    total = {}
    for c, f in parts:
        add_multiple(total, family.field.fraction_of(sp.sympify(c, locals={"tau": TAU})), f)
    return total


def test_what_the_others_of_its_order_and_below_give_is_dropped_from_the_last_on():
    """Also below an operator that is the only one of its order."""
    basis = groebner_basis(model(), 2)
    family = basis.family
    temperature, heat, _, slope = basis.operators
    both, third = combination(family, (1, heat), ("tau", slope)), prolong(heat, 1)
    kept = without_redundant(family.key, [temperature, heat, slope, both, third], 3)
    assert kept == [temperature, heat, slope, third]


@pytest.mark.parametrize("dim", [0, 21, -1, 1.0, True, "2"])
def test_dimensions_outside_one_to_twenty_are_refused(dim):
    with pytest.raises(ValueError, match=f"^the dimension of x must be an integer from 1 to 20, got {dim!r}$"):
        model(dim=dim)


def test_an_activation_goes_with_its_gate_only():
    with pytest.raises(ValueError, match=r"^an activation goes with the gate 'activation' only$"):
        model(gate("linear", 1), activation="tanh")
    assert model(gate("linear", 1)) == model("linear")


# -- the conditions of a gate: families of functions of x, decided by its interactions


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
