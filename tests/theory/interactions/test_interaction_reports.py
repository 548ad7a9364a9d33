"""What the interactions say of themselves: scopes, what is missing, and refusals, word for word; what is kept."""

import pytest
import sympy as sp

from temperance.theory.interactions import interactions
from temperance.theory.interactions.interactions import (
    add_multiple,
    derive,
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
