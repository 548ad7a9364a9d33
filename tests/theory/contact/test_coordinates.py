"""Orders of experts that are linear in other coordinates, and of gates whose second derivatives are dependent."""

import pytest
import sympy as sp

from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.kernel.check import check
from temperance.theory.least_squares.orders import certificate, least_squares_orders, split_atom
from temperance.theory.models.by_name import model
from temperance.theory.models.form import linear_in

# orders in cells of two and of three beside a singleton; those of weighted means after the bar
EXPERTS = {
    "a*exp(x) + b": ("a 2, b 4, nu 2 | a 1, b 1, nu 2", "a 2, b 6, nu 3 | a 1, b 1, nu 3"),
    "a*x**3 + b": ("a 2, b 4, nu 2 | a 1, b 1, nu 2", "a 2, b 6, nu 3 | a 1, b 1, nu 3"),
    "a**3*x + b": ("a 2, b 4, nu 2 | a 4/3, b 1, nu 2", "a 2, b 6, nu 3 | a 3/2, b 1, nu 3"),
    "h*(x - g)**2 + c": (
        "h 2, g 2, c 4, nu 2 | h 1, g 4/3, c 4/3, nu 2",
        "h 2, g 8/3, c 6, nu 3 | h 8/7, g 3/2, c 3/2, nu 3",
    ),
    "kappa*cos(x - c)": ("kappa 2, c 2, nu 2 | kappa 1, c 1, nu 1", "kappa 6, c 6, nu 3 | kappa 3, c 3, nu 3"),
    "exp(a*x + b)": ("a 2, b 2, nu 2 | a 1, b 1, nu 1",) * 2,
    "w*tanh(v*x + c)": ("w 2, v 2, c 2, nu 2 | w 1, v 1, c 1, nu 1",) * 2,
    "w*max(x - c, 0)": ("w 2, c 2, nu 2 | w 1, c 1, nu 1",) * 2,
}
GATES = {
    "w*tanh(v*x + c)": ("w 4, v 2, c 2 | w 4/3, v 2, c 2", "w 6, v 3, c 3 | w 2, v 3, c 3"),
    "kappa*cos(x - c)": ("kappa 2, c 2 | kappa 1, c 1", "|"),
    "w*max(x - c, 0)": ("w 2, c 3/2 | w 1, c 1",) * 2,
}
SQUARES = {  # under least squares, behind a softmax; 0: flat
    "exp(a*x + b)": "beta1 2, a 2, b 0 | beta1 1, a 2",
    "kappa*cos(x - c)": "beta1 2, kappa 0, c 0 | beta1 1",
    "h*(x - g)**2 + c": "beta1 2, h 0, g 0, c 0 | beta1 1, h 2",
    "a**3*x + b": "beta1 2, a 0, b 0 | beta1 1, b 1",
    "w*tanh(v*x + c)": "beta1 2, w 0, v 2, c 2 | beta1 1, w 1, v 2, c 2",
    "a*exp(x) + b": "a 0, b 0 |",  # at beta1 = 1 the atom's b and the singleton's a change one function
}


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
    found = least_squares_orders(split_atom(spec, {}))
    assert _rows(found.orders, {p.name for p in spec.parameters}) == _table(SQUARES[expert])
    proof, why = certificate(found)
    assert (proof is None) == ("beta1" not in SQUARES[expert]), why
    assert proof is None or check(proof).claims


def test_an_intercept_hides_in_an_exponential():
    """The mean of two atoms with b_1, b_2 and exp(b_1) + exp(b_2) = 2 exp(b) is that of one, whatever x is."""
    a, b, t, x = sp.symbols("a b t x", real=True)
    other = sp.log(2 * sp.exp(b) - sp.exp(b + t))
    mean = (sp.exp(a * x + b + t) + sp.exp(a * x + other)) / 2
    assert sp.simplify(sp.expand(mean) - sp.exp(a * x + b)) == 0


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
