"""Bounds by second derivatives of the gate's weight and of the mean: against certificates and identities."""

from fractions import Fraction

import pytest
import sympy as sp

from temperance.theory.rates.contact_orders import order_setting, orders
from temperance.theory.rates.gate_orders import expert_orders, gate_orders, independent

X = sp.Symbol("x", real=True)


def shown(*arguments, **how):
    found = orders(order_setting(*arguments, **how)).orders
    return {o.parameter: "flat" if o.flat else o.upper for o in found if not o.mean}


def near_doubled(ends):
    """The functions of x of the second order near doubled atoms whose 1 - sigma are these."""
    return [f for s in ends for f in (s, X * s, *(X**k * s * (2 * s - 1) for k in range(3)))]


@pytest.mark.parametrize(
    ("gate", "source", "point"),
    [
        ("softmax", None, None),
        ("activation", "tanh", {"tau": "1/2"}),
        ("activation", "z**2", None),
        ("activation-bias", "sigmoid", {"beta1": "2", "c": "log(2)", "tau": "1/8"}),
        ("quadratic", None, None),
        ("gaussian", None, None),
    ],
)
def test_theorems_say_what_certificates_say(gate, source, point):
    """In a cell of two, by two ways."""
    chosen = order_setting(gate, source=source, point=point)
    certified = {f"mean {o.name}" if o.mean else o.name: o.upper for o in orders(chosen).orders if o.certified}
    other = {p: sp.Integer(-1 if p.name == "c" and gate == "gaussian" else p.name == "Gamma") for p in chosen.cell.own}
    found = gate_orders(chosen.cell, other, 2)
    assert {p.name for p in (*chosen.cell.own, *chosen.cell.shared)} == {name for name in found if " " not in name}
    assert {name: r for name, (r, _) in found.items()} == {name: certified[name] for name in found}


def test_three_atoms_leave_no_order_open():
    assert shown("softmax", "constant", size=3) == {"beta1": 2, "b": 6, "nu": 3}
    assert shown("quadratic", size=3)["A/tau"] == 3
    assert shown("gaussian", size=3) == {"c": 6, "Gamma": 3, "a": 6, "b": 6, "nu": 3}
    assert shown("activation-bias", "gaussian", "sigmoid", size=3)["tau"] == 1
    assert shown("laplace", size=3) == {"beta1": sp.Rational(3, 2), "a": 2, "b": 6, "nu": 3, "tau": 1}
    assert shown("activation", "gaussian", "log(1 + z**2)", size=3)["tau"] == 1


@pytest.mark.parametrize(
    ("expert", "found"),
    [
        ("nonlinear:tanh", {"a": 2, "b": 2, "nu": 2}),
        ("nonlinear:sigmoid", {"a": 2, "b": 2, "nu": 2}),
        ("nonlinear:identity", {"a": 2, "b": 4, "nu": 2}),  # heat: u_bb = 2 u_nu
        ("nonlinear:asinh(z)", {"a": 4, "b": 4, "nu": 2}),  # (1 + z^2) h'^2 = 1
    ],
)
def test_a_bounded_mean_breaks_the_heat_equation(expert, found):
    assert shown("softmax", expert) == {"beta1": 2, **found}
    assert shown("softmax", expert, split="all")["beta1"] == "flat"
    assert shown("softmax", expert, split="all")["b"] == 4


def test_an_expert_of_a_gate_without_a_bound_keeps_the_bound_of_every_gate():
    cell = order_setting("softmax", "nonlinear:tanh", size=3).cell
    assert {name: r for name, (r, _) in expert_orders(cell, 3, squares=False).items()} == {"a": 6, "b": 6, "nu": 3}


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize(
    ("gate", "expert", "source"),
    [
        ("linear", "gaussian", None),
        ("softmax", "polynomial:2", None),
        ("activation", "gaussian", "tanh"),
        ("activation-bias", "constant", "sigmoid"),
        ("quadratic", "constant", None),
    ],
)
def test_bounds_of_dimension_one_hold_on_lines(gate, expert, source, dim):
    line, found = (orders(order_setting(gate, expert, source, dim=d)) for d in (1, dim))
    upper = {o.name: o.upper for o in line.orders if not o.flat and not o.mean}
    assert found.certificate is None
    assert line.certificate is not None
    proved = [o for o in found.orders if not o.flat and not o.mean]
    assert len(proved) > len(upper)
    for o in proved:
        stem, *places = o.name.split("_")
        name = f"a_{len(places)}" if expert == "polynomial:2" and stem == "a" else stem
        assert (o.upper, o.certified) == (upper[name], False)


def test_weighted_means_have_a_bound_in_every_cell():
    found = {o.parameter: o.upper for o in orders(order_setting("softmax", "nonlinear:tanh", size=3)).orders if o.mean}
    assert found == {"mean beta1": 1, "mean a": 2, "mean b": 2, "mean nu": 2}
    in_the_plane = orders(order_setting("softmax", dim=2))
    assert {o.upper for o in in_the_plane.orders if o.mean and o.name.startswith("a")} == {Fraction(4, 3)}
    assert all(o.upper for o in orders(order_setting("gaussian", dim=2)).orders if o.mean)


def test_a_temperature_that_is_not_seen_is_not_bounded():
    """s(0) = 0 at beta1 = 0 in both atoms: tau moves nothing to the first order."""
    assert shown("activation", "gaussian", "tanh", point={"beta1": "0"}, size=3)["tau"] is None


@pytest.mark.parametrize("gate", ["quadratic", "gaussian"])
def test_slopes_where_every_cell_is_split_into_two(gate):
    found = shown(gate, split="all")
    assert (found["a"], found["b"]) == (2, 4)
    assert shown(gate, "polynomial:2", split="all")["a_2"] == 4
    assert shown(gate, split="all", size=3)["a"] == 6


def test_every_cell_of_a_gate_without_a_translation_is_split():
    found = shown("activation", "gaussian", "tanh", split="all")
    assert found == {"beta1": 2, "a": 2, "b": 4, "nu": 2, "tau": 1}
    assert shown("activation", "gaussian", "sqrt(1 + z**2)", split="all")["beta1"] == 2  # beta1 = 0 in the other atom
    assert shown("activation", "gaussian", "z**2 + z", split="all")["beta1"] is None
    assert shown("laplace", split="all")["beta1"] == sp.Rational(3, 2)


def test_routers_in_dimension_two():
    found = shown("cosine", dim=2)
    assert found == {
        **dict.fromkeys(("beta1_1", "beta1_2"), "flat"),
        **{"beta1_2/beta1_1": 2, "a_1": 2, "a_2": 2, "b": 4, "nu": 2, "tau": 1},
    }
    assert shown("cosine-perturbed", dim=2, split="all")["tau"] == "flat"
    with pytest.raises(ValueError, match="accepted: beta1_2, tau"):
        order_setting("cosine", dim=2, point={"beta1_1": "2"})


@pytest.mark.parametrize(
    ("gate", "source", "point", "dim", "flat"),
    [
        ("linear", None, {"beta1": "0"}, 1, ["tau"]),
        ("quadratic", None, {"A": "0"}, 1, ["beta1", "tau"]),
        ("cosine", None, {"beta1_2": "0"}, 2, ["beta1_1"]),
        ("activation", "log(1 + z**2)", {"beta1": "0"}, 1, []),
        ("activation", "log(1 + z**2)", {"beta1_2": "0"}, 2, ["beta1_1"]),
    ],
)
def test_a_curve_does_not_move_what_is_0(gate, source, point, dim, flat):
    """l beta1 = 0 for every l; only beta1 = 0 in both atoms has the mean of beta1^2 = 0."""
    found = orders(order_setting(gate, source=source, point=point, dim=dim))
    assert [o.parameter for o in found.orders if o.flat] == flat


def test_what_turns_with_a_kink_is_left_open():
    found = shown("activation", "gaussian", "relu", dim=2)
    assert (found["beta1_1/tau"], found["b"]) == (None, 4)


def test_two_atoms_for_each_of_a_normalised_sigmoid_gate():
    """The functions of the second order near doubled atoms (theory.md 2.10)."""
    ends = [1 / (1 + sp.exp(X)), 1 / (1 + sp.exp(sp.Rational(1, 2) - 2 * X))]
    assert independent(near_doubled(ends), {}, 1)
    assert not independent(near_doubled([1 / (1 + sp.exp(X)), 1 / (1 + sp.exp(-X))]), {}, 1)
