"""Orders of experts that are linear in other coordinates, and of gates whose second derivatives are dependent."""

import pytest
import sympy as sp

from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.kernel.check import check
from temperance.theory.least_squares.orders import certificate, least_squares_orders, split_atom
from temperance.theory.models.by_name import model
from temperance.theory.models.form import linear_in
from tests.tables import tables

# orders in cells of two and of three beside a singleton; those of weighted means after the bar
EXPERTS = tables(__file__)["EXPERTS"]
GATES = tables(__file__)["GATES"]
SQUARES = tables(__file__)["SQUARES"]  # under least squares, behind a softmax; 0: flat


def _table(text):
    own, means = text.split("|")
    return {
        (*pair.split(), is_mean)
        for part, is_mean in ((own, False), (means, True))
        for pair in part.split(", ")
        if pair.strip()
    }


def _rows(found, names):
    rows = [(o.name, "0" if o.flat else str(o.upper), o.is_mean) for o in found if o.name in names]
    return {row for row in rows if row[1] != "None"}


@pytest.mark.parametrize(("expert", "size"), [*((e, 2) for e in EXPERTS), ("a**3*x + b", 3), ("w*max(x - c, 0)", 3)])
def test_experts_in_other_coordinates(expert, size):
    cell = order_setting("softmax", model("softmax", expert).expert, size=size)
    found = orders(cell)
    assert _rows(found.orders, {p.name for p in cell.expert}) == _table(EXPERTS[expert][size - 2])
    assert all(o.lower is None or o.lower <= o.upper for o in found.orders)
    assert all(check(proof).claims for proof in found.certificates)
    assert found.certificates or "max" in expert


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("gate", GATES)
def test_gates_with_dependent_second_derivatives(gate, size):
    cell = order_setting(model(gate).gate, size=size)
    found = orders(cell).orders
    assert _rows(found, {p.name for p in cell.own}) == _table(GATES[gate][size - 2])
    assert all(o.upper is None or o.lower is None or o.lower <= o.upper for o in found)


@pytest.mark.parametrize("expert", SQUARES)
def test_coordinates_are_flat_under_least_squares(expert):
    spec = model("softmax", expert)
    found = least_squares_orders(split_atom(order_setting(spec.gate, spec.expert)))
    assert _rows(found.orders, {p.name for p in spec.parameters}) == _table(SQUARES[expert])
    proof, why = certificate(found)
    assert (proof is None) == ("beta1" not in SQUARES[expert]), why
    assert proof is None or check(proof).claims


def test_coordinates_that_are_not_invertible_are_none():
    spec = model("softmax", "a**3*x + b")
    a, b, _ = spec.expert.parameters
    assert linear_in(spec, (a, b), [{a: sp.S.One, b: sp.S.Zero}]) is not None
    assert linear_in(spec, (a, b), [{a: sp.S.Zero, b: sp.S.Zero}]) is None
    found = linear_in(model("softmax", "phi1**3*x + b"), sp.symbols("phi1 b", real=True), [])
    assert not {"phi1", "phi2"} & {name.name for name in found.names}
    other = model("softmax", "w*tanh(v*x + c)")
    assert linear_in(other, other.expert.parameters[:-1], []) is None


@pytest.mark.parametrize("expert", ["w*tanh(v*x + c)", "v*tanh(w*x)", "v*w*x"])
def test_true_experts_are_different(expert):
    cell = order_setting("softmax", model("softmax", expert).expert)
    means = [cell.mean.subs(atom) for atom in cell.truth.atoms]
    assert sp.simplify(means[0] - means[1]) != 0
