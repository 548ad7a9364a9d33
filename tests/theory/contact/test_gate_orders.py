"""Bounds by second derivatives of the gate's weight and of the mean: against certificates and identities."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sympy as sp

from temperance.theory.contact.bound_certificates import searched_orders
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.gate_orders import gate_orders
from temperance.theory.contact.moment_bounds import leading_equations
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.contact.places import text
from temperance.theory.models.by_name import model

X = sp.Symbol("x", real=True)


def known(*arguments, point=None, **how):
    """What is known of a setting, found once for all tests of this file."""
    return _known(arguments, tuple((point or {}).items()), tuple(sorted(how.items())))


@cache
def _known(arguments, point, how):
    return orders(order_setting(*arguments, point=dict(point) or None, **dict(how)))


def shown(*arguments, **how):
    return {o.parameter: "flat" if o.flat else o.upper for o in known(*arguments, **how).orders if not o.is_mean}


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
    certified = {o.of: o.upper for o in orders(chosen).orders if o.certified}
    other = {p: sp.Integer(-1 if p.name == "c" and gate == "gaussian" else p.name == "Gamma") for p in chosen.own}
    atoms = (chosen.point, {**chosen.truth.atoms[1], **other})
    found = gate_orders(replace(chosen, truth=replace(chosen.truth, atoms=atoms)))
    assert {p.name for p in (*chosen.own, *chosen.shared)} == {of.name for of in found if not of.is_mean}
    assert {of: r for of, (r, _) in found.items()} == {of: certified[of] for of in found}


def test_three_atoms_leave_no_order_open():
    assert shown("softmax", "constant", size=3) == {"beta1": 2, "b": 6, "nu": 3}
    assert shown("quadratic", size=3)["A/tau"] == 3
    assert shown("gaussian", size=3) == {"c": 6, "Gamma": 3, "a": 3, "b": 6, "nu": 3}
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
    beside = {**found, "a": 2, "b": 2} if "asinh" in expert else found  # which is a sum of two squares, of three atoms
    assert shown("softmax", expert) == {"beta1": 2, **beside}
    assert shown("softmax", expert, split="all")["beta1"] == "flat"
    assert shown("softmax", expert, split="all") == {"beta1": "flat", **found}


def test_an_expert_of_a_gate_without_a_bound_keeps_the_bound_of_every_gate():
    assert shown("kappa*cos(x - c)", "nonlinear:tanh", size=3) == {"kappa": None, "c": None, "a": 6, "b": 6, "nu": 3}


@pytest.mark.parametrize("dim", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("gate", "expert", "source"),
    [
        ("linear", "gaussian", None),
        ("softmax", "polynomial:2", None),
        ("activation", "gaussian", "tanh"),
        pytest.param("activation-bias", "constant", "sigmoid", marks=pytest.mark.slow),
        ("quadratic", "constant", None),
    ],
)
def test_bounds_of_dimension_one_hold_on_lines(gate, expert, source, dim):
    line, found = (known(gate, expert, source, dim=d) for d in (1, dim))
    upper = {o.name: o.upper for o in line.orders if not o.flat and not o.is_mean}
    assert line.certificates
    proved = [o for o in found.orders if not o.flat and not o.is_mean]
    assert len(proved) > len(upper)
    for o in proved:
        stem, *places = o.name.split("_")
        name = f"a_{len(places)}" if expert == "polynomial:2" and stem == "a" else stem
        assert o.upper == upper[name]


def test_weighted_means_have_a_bound_in_every_cell():
    found = {o.parameter: o.upper for o in known("softmax", "nonlinear:tanh", size=3).orders if o.is_mean}
    assert found == {"mean beta1": 1, "mean a": 1, "mean b": 1, "mean nu": 1}
    in_the_plane = known("softmax", dim=2)
    assert {o.upper for o in in_the_plane.orders if o.is_mean and o.name.startswith("a")} == {Fraction(4, 3)}
    assert all(o.upper for o in known("gaussian", dim=2).orders if o.is_mean)


def test_a_temperature_that_is_not_seen_is_not_bounded():
    """s(0) = 0 at beta1 = 0 in both atoms: tau moves nothing to the first order."""
    assert shown("activation", "gaussian", "tanh", point={"beta1": "0"}, size=3)["tau"] is None


@pytest.mark.parametrize("gate", ["quadratic", pytest.param("gaussian", marks=pytest.mark.slow)])
def test_slopes_where_every_cell_is_split_into_two(gate):
    found = shown(gate, split="all")
    assert (found["a"], found["b"]) == (2, 4)
    found = shown(gate, "polynomial:2", split="all")
    assert (found["a_1"], found["a_2"]) == (Fraction(9, 4), 2)
    assert shown(gate, split="all", size=3)["a"] == 6


def test_every_cell_of_a_gate_without_a_translation_is_split():
    found = shown("activation", "gaussian", "tanh", split="all")
    assert found == {"beta1": 2, "a": 2, "b": 4, "nu": 2, "tau": 1}
    assert shown("activation", "gaussian", "sqrt(1 + z**2)", split="all")["beta1"] == 2  # beta1 = 0 in the other atom
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
    found = known(gate, source=source, point=point, dim=dim)
    assert [o.parameter for o in found.orders if o.flat and not o.is_mean] == flat


def test_kinks_are_left_out_where_they_need_not_be_seen():
    found = shown("activation", "gaussian", "relu", dim=2)
    assert (found["beta1_1/tau"], found["a_2"], found["b"]) == (2, 2, 4)


@pytest.mark.parametrize(("beta1", "order"), [("1", Fraction(3, 2)), ("2/5", 2)])
def test_a_kink_shows_itself_inside_of_the_support_alone(beta1, order):
    """Nothing is seen of a kink at x = 5/2; the other atom has its kink at 1/2."""
    found = shown("activation", "gaussian", "hardtanh", point={"beta1": beta1}, split="all")
    assert (found["beta1"], found["a"]) == (order, 2)


@pytest.mark.parametrize(
    ("gate", "point", "found"),
    [
        ("w*max(x - c, 0)/tau", None, {"c": Fraction(3, 2)}),  # w + h and w - h move no kink
        ("hardtanh(w*x + h)/tau", {"w": 1, "h": 0}, {"w": Fraction(3, 2), "h": Fraction(3, 2)}),
        ("hardtanh(w*x + h)/tau", {"w": 1, "h": "3/2"}, {"w": None, "h": None}),  # one kink for two parameters
    ],
)
def test_kinks_show_what_moves_them_alone(gate, point, found):
    known = shown(gate, point=point)
    assert {name: known[name] for name in found} == found


def test_the_middle_part_of_a_gate_is_written_for_the_checker():
    """What is written is read back as the same function."""
    weight = order_setting("hardtanh(w*x + h)/tau").spec.gate.log_weight
    again, at = model(text(weight), bias=False).gate.log_weight, {"w": 2, "h": sp.Rational(1, 3), "tau": 3}
    for x in (-2, -1, sp.Rational(-1, 3), 0, sp.Rational(1, 4), 1):
        first, second = (e.subs({s: {**at, "x": x}[s.name] for s in e.free_symbols}) for e in (weight, again))
        assert first == second


def test_a_prediction_takes_no_kink_as_seen_that_lies_outside_of_the_support():
    """On [-2, 2] relu6 is ReLU, whose beta1 and tau move together; hardtanh(x/10) is linear."""
    assert shown("activation", "gaussian", "relu6")["tau"] is None
    assert shown("activation", "gaussian", "hardtanh", point={"beta1": "1/10"})["tau"] is None
    assert shown("activation", "gaussian", "hardtanh")["tau"] == 1


def test_nothing_is_said_of_a_gate_at_a_kink():
    """exp(relu(beta1 x)) has no derivative by beta1 at beta1 = 0, wherever x is."""
    found = shown("activation", "gaussian", "relu", point={"beta1": "0"})
    assert (found["beta1/tau"], found["a"]) == (None, 4)
    assert means("activation", "gaussian", "relu", point={"beta1": "0"}) == {"beta1": None, "a": 4, "b": 4, "nu": 2}


def means(*arguments, **how):
    return {o.name: o.upper for o in known(*arguments, **how).orders if o.is_mean and not o.flat}


@pytest.mark.parametrize(
    ("gate", "expert", "source", "found"),
    [
        ("activation", "gaussian", "z**2 + z", {"a": 2, "b": 6}),  # x^2 is a combination of 1, x and L_beta1
        ("softmax", "polynomial:2", None, {"a_1": Fraction(8, 3), "a_2": 2, "b": 6}),
        ("activation", "gaussian", "log(1 + z**2)", {"a": 2, "b": 6}),
    ],
)
def test_slopes_in_cells_of_three(gate, expert, source, found):
    every = shown(gate, expert, source, size=3)
    assert {name: every[name] for name in found} == found


def test_slopes_in_larger_cells_rest_on_independence():
    assert shown("activation", "gaussian", "tanh", size=4)["a"] == 2
    assert shown("activation", "gaussian", "z**2 + z", size=4)["a"] == Fraction(8, 3)  # 4m/(m + 2)


def test_a_step_has_no_beta1_and_its_expert_has_orders():
    assert shown("activation", "gaussian", "heaviside") == {"a": 4, "b": 4, "nu": 2, "tau": None}


def test_ever_smaller_gains_come_to_an_end():
    found = shown("activation", "polynomial:3", "relu", size=3)
    assert found["a_3"] == 2
    assert 0 < found["a_1"] - Fraction(18, 5) < Fraction(1, 30)
    assert 0 < found["a_2"] - Fraction(18, 7) < Fraction(1, 30)


def test_weighted_means_of_the_expert():
    assert means("activation", "gaussian", "gelu") == {"beta1": 1, "a": 1, "b": 1, "nu": 2}
    assert means("softmax", size=3) == {"beta1": 1, "a": Fraction(3, 2), "b": 1, "nu": 3}
    assert means("softmax", split="all") == {"a": 2, "b": 1, "nu": 2}  # beta1 is flat
    assert means("activation", "gaussian", "relu", split="all") == {"a": 1, "b": 1, "nu": 2}
    assert means("gaussian", size=3)["b"] == 2  # the shares at x = 0 are others


def test_theorems_on_products_say_what_certificates_say():
    """With no order known but those of the theorem on experts; certificates of cells of two are sharp, as measured."""
    settings = [
        ("softmax", "gaussian", None),
        ("softmax", "polynomial:2", None),
        ("activation", "gaussian", "z**2 + z"),
    ]
    for gate, expert, source in settings:
        chosen = order_setting(gate, expert, source)
        bounds = {str(o.of): o.upper for o in orders(chosen).orders if o.certified}
        known = {p.name: Fraction(1 if p in chosen.shared else 2) for p in (*chosen.own, *chosen.shared)}
        found = {str(of): r for of, (r, _) in searched_orders(chosen, known).items()}
        assert {name: found[name] for p in chosen.expert if (name := p.name)} == {
            p.name: bounds[p.name] for p in chosen.expert
        }
        assert all(found[f"mean {p.name}"] <= bounds[f"mean {p.name}"] for p in chosen.expert if p.name != "nu")


@pytest.mark.parametrize(
    ("dim", "size", "orders"),
    [
        (1, 2, (4, 2)),
        (2, 2, (2, 2)),
        pytest.param(2, 3, (3, 2), marks=pytest.mark.slow),
        pytest.param(3, 3, (2, 2), marks=pytest.mark.slow),
    ],
)
def test_the_one_gamma_of_a_gaussian_gate_shows_in_every_direction(dim, size, orders):
    found = shown("gaussian", dim=dim, size=size)
    assert (found.get("c", found.get("c_1")), found["Gamma"]) == orders


def test_the_means_of_a_gaussian_gate_in_the_plane_have_the_order_1():
    assert means("gaussian", dim=2)["c_1"] == means("gaussian", dim=2)["Gamma"] == 1


def test_weights_that_are_gaussian_determine_their_means():
    assert means("quadratic", size=3)["beta1"] == means("gaussian", size=3)["c"] == 1
    assert means("quadratic", size=3, dim=2)["beta1_2"] == means("gaussian", size=4, dim=2)["c_1"] == 1
    assert means("gaussian", size=3)["Gamma"] == 3
    assert means("gaussian", size=3, dim=2)["Gamma"] == Fraction(3, 2)
    assert means("gaussian", "constant", size=3)["b"] == 1  # no slope moves it


def test_a_triangle_of_three_weights_has_the_order_3():
    """Half the offset leaves an eighth: so do c and, at the square of the offset, the mean of Gamma."""
    x = np.stack(np.meshgrid(*[np.linspace(-2, 2, 41)] * 2), axis=-1)

    def weight(c, gamma):
        return np.exp(-((x - c) ** 2).sum(axis=-1) / (2 * gamma)) / gamma

    def distance(t):
        corners = [t * np.array([np.cos(a), np.sin(a)]) for a in 2 * np.pi * np.arange(3) / 3]
        return np.abs(np.mean([weight(c, 1 - t**2 / 2) for c in corners], axis=0) - weight(np.zeros(2), 1.0)).max()

    assert np.log2(distance(0.02) / distance(0.01)) == pytest.approx(3, abs=0.02)


@pytest.mark.parametrize("source", ["relu", "z**2 + z"])
def test_means_of_two_atoms_are_seen_on_lines(source):
    """In the plane x_1 x_2 s' stands before two products of offsets."""
    found = means("activation", "gaussian", source, split="all", dim=2)
    assert {found[name] for name in ("a_1", "a_2", "b")} == {1}


@pytest.mark.parametrize(
    ("split", "beta1", "seen"),
    [
        ("one", "1", True),
        ("one", "1/10", False),
        pytest.param("all", "1", True, marks=pytest.mark.slow),
        pytest.param("all", "1/10", False, marks=pytest.mark.slow),
    ],
)
def test_lines_show_no_kink_outside_of_the_support(beta1, seen, split):
    """In the plane, where |beta1 . x| < 1, hardtanh is the linear gate, whose mean slopes have no order 1."""
    point = {"beta1_1": beta1, "beta1_2": beta1}
    found = means("activation", "gaussian", "hardtanh", split=split, dim=2, point=point)
    assert (found["a_1"] == 1, found["a_2"] == 1) == (seen, seen)


def test_two_quadratic_means_whose_quotient_is_the_exponential_of_a_quadratic_form():
    """Their equations of weights 1 to 4 (theory A.1.1) have no common zero but 0."""
    a, b, c, d, q, k, m, x = sp.symbols("a b c d q k m x")
    u, w = a * x + c * x**2, b * x + d * x**2
    cubic = sp.expand((1 + u) * (1 + w) * (1 + q * u + (1 - q) * w) - (q + k) * (1 + u) - (1 - q - k) * (1 + w))
    logs = [sp.series(sp.log(1 + f), x, 0, 5).removeO() for f in (u, w)]
    odds = sp.expand(logs[1] - logs[0])
    low = [sp.expand(cubic.coeff(x, n).subs(k, k / m) * m) for n in (1, 2)]  # k may be infinite: m = 0
    assert sp.expand(low[0].subs({k: a + b, m: a - b})) == 0
    second = sp.expand(low[1].subs({k: a + b, m: a - b}))
    rest = [second, *(sp.expand(f.coeff(x, n)) for f in (cubic, odds) for n in (3, 4))]
    for place in ({a: 1}, {a: 0, b: 1}):
        left = [f.subs(place) for f in rest]
        free = [p for p in (b, c, d, q) if p not in place]
        assert sp.groebner(left, *free, order="grevlex").exprs == [1]
    ends = sp.groebner([f.subs({a: 0, b: 0}) for f in rest if f.subs({a: 0, b: 0}) != 0], c, d, q, order="lex")
    assert ends.contains(c**3)
    assert ends.contains(d**3)


def test_what_is_flat_where_every_cell_is_split():
    assert {name for name, r in shown("activation", "gaussian", "z**2 + z", split="all").items() if r == "flat"} == {
        "beta1",
        "tau",
    }
    assert shown("activation", "gaussian", "z**2", split="all")["beta1^2/tau"] == "flat"
    assert shown("activation", "gaussian", "relu", split="all", dim=2)["beta1_2/tau"] == "flat"
    assert shown("cosine", dim=2, split="all")["tau"] == "flat"
    skew = shown("activation", "gaussian", "z**2 + z", split="all", dim=2, point={"beta1_1": "3"})
    assert skew["tau"] != "flat"  # beta1 of the two atoms are not parallel


def test_a_temperature_and_a_power_of_beta1():
    every = shown("activation", "gaussian", "log(1 + z**2)", split="all")
    assert every == {"beta1": "flat", "a": 2, "b": 4, "nu": 2, "tau": 1}
    assert shown("activation", "gaussian", "log(1 + z**2)", dim=2)["tau"] == 1
    rests = shown("activation", "gaussian", "log(1 + z**2)", point={"beta1": "0"}, size=4)  # and says nothing of a
    assert (rests["beta1"], rests["a"]) == (None, 8)


@pytest.mark.parametrize("t", [Fraction(1, 10), Fraction(-1, 4)])
def test_curves_keep_the_log_odds(t):
    """z^2 + z at beta1 = 1, 2 and tau = 1; the cosine gate at beta1 = (1, 1), (-1, -1)."""
    tau = 1 + t
    first, second = (3 - tau) / 2, (3 + tau) / 2
    gap = ((first * X) ** 2 + first * X - (second * X) ** 2 - second * X) / tau
    assert sp.expand(gap - (X**2 + X - 4 * X**2 - 2 * X)) == 0
    if t < 0:  # the ends of a chord of length 2 tau of the unit circle
        along, across = float(tau) / 2**0.5, (1 - float(tau) ** 2) ** 0.5 / 2**0.5
        ends = (along - across, along + across), (-along - across, -along + across)
        assert [(p - q) / float(tau) for p, q in zip(*ends, strict=True)] == pytest.approx([2**0.5] * 2)
        assert [p * p + q * q for p, q in ends] == pytest.approx([1, 1])


@pytest.mark.parametrize("gate", ["sigmoid", pytest.param("sigmoid-tau-1", marks=pytest.mark.slow)])
def test_equal_atoms_for_each_of_a_normalised_sigmoid_gate(gate):
    flow = {"beta1": "flat", "w": "flat", "tau": "flat"} if gate == "sigmoid" else {}
    over = "/tau" if flow else ""
    orders_of = {f"beta1{over}": 2, f"w{over}": 2, "a": 2, "b": 4, "nu": 2}
    assert shown(gate, split="all") == flow | orders_of
    assert means(gate, split="all") == {"beta1": 1, "w": 1, "a": 1, "b": 1, "nu": 2}
    plane = shown(gate, split="all", dim=2)
    assert [plane[name] for name in (f"beta1_2{over}", f"w{over}", "a_1", "b", "nu")] == [2, 2, 2, 4, 2]
    three = shown(gate, split="all", size=3)
    assert (three[f"w{over}"], three["a"], three["b"], three["nu"]) == (2, 2, 6, 3)
    with pytest.raises(ValueError, match=r"^no order.*only --split all has orders"):
        order_setting(gate)


@pytest.mark.parametrize("point", [{"beta1": "2", "w": "-1"}, {"beta1": "-2", "w": "1"}, {"beta1": "0", "w": "-1"}])
def test_normalised_sigmoid_gates_whose_zeros_are_the_same_or_missing_have_no_bound(point):
    """The other atom is at beta1 = 2, w = -1: the sums are the same, or 1 - sigma of one is sigma of the other.

    At beta1 = 0 its slope is that of the second derivative.
    """
    found = shown("sigmoid-tau-1", split="all", point=point)
    assert found == {"beta1": None, "w": None, "a": 4, "b": 4, "nu": 2}


def test_a_homogeneous_activation_with_a_bias_has_its_scale():
    """(beta1 x + c)^2/tau is kept by (l beta1, l c, l^2 tau), and translated where every cell is split."""
    beside = orders(order_setting("activation-bias", source="z**2"))
    assert [o.parameter for o in beside.orders if o.flat and o.shown] == ["beta1", "c", "tau"]
    every = orders(order_setting("activation-bias", source="z**2", split="all"))
    assert {"beta1/sqrt(tau)", "c/sqrt(tau)"} <= {o.parameter for o in every.orders if o.flat}


def test_cells_of_atoms_without_weights_are_shared_out_by_equal_ones():
    for gate in ("sigmoid", "sigmoid-tau-1", "sigmoid-euclidean"):
        assert not order_setting(gate, split="all").weighted
    with pytest.raises(ValueError, match="almost no truth"):
        order_setting("sigmoid")
    with pytest.raises(ValueError, match="is not known"):
        order_setting("sigmoid-euclidean")


def test_a_certificate_by_moments_shows_its_leading_equations():
    proof, *_ = known("softmax").certificates
    equations = leading_equations(proof)
    assert all(e.names == ("beta1", "a", "b", "nu") and e.own == 4 for e in equations)
    moments = [{m: (int(c.p), int(c.q)) for m, c in e.terms.items()} for e in equations]
    one = (1, 1)
    assert {(0, 1, 0, 0): one, (1, 0, 1, 0): one} in moments  # E[a] + E[beta1 b]
    assert {(2, 0, 0, 0): one} in moments
    assert {(0, 2, 0, 0): one} in moments


def test_what_a_certified_curve_of_one_density_moves_is_flat():
    setting = order_setting(model("-norm(x - c)**2/tau", "constant", dim=2).gate, "constant", split="all", dim=2)
    flat = {o.parameter for o in orders(setting).orders if o.flat}
    assert flat == {"c_1", "c_2", "tau", "mean c_1", "mean c_2"}
