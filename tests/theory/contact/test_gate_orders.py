"""Bounds by second derivatives of the gate's weight and of the mean: against certificates and identities."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from temperance.theory.contact.bound_certificates import searched_orders
from temperance.theory.contact.moment_bounds import leading_equations
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.contact.orders_from_theorems import gate_orders
from temperance.theory.contact.places import text
from temperance.theory.models.by_name import model
from tests.tables import tables
from tests.theory.contact.settings import known, means, shown

X = sp.Symbol("x", real=True)

# a setting, and upper bounds that it has
ORDERS = tables(__file__)["ORDERS"]
MEANS = tables(__file__)["MEANS"]


@pytest.mark.parametrize(
    ("of", "arguments", "how", "bounds"), [*((shown, *row) for row in ORDERS), *((means, *row) for row in MEANS)]
)
def test_orders(of, arguments, how, bounds):
    found = of(*arguments, **how)
    assert {name: found[name] for name in bounds} == {
        n: Fraction(r) if r not in (None, "flat") else r for n, r in bounds.items()
    }


@pytest.mark.parametrize(
    ("gate", "source", "point"),
    [
        ("softmax", None, None),
        ("activation", "tanh", {"tau": "1/2"}),
        ("activation-bias", "sigmoid", {"beta1": "2", "c": "log(2)", "tau": "1/8"}),
        ("gaussian", None, None),
    ],
)
def test_theorems_say_what_certificates_say(gate, source, point):
    """In a cell of two, by two ways."""
    chosen = order_setting(gate, source=source, point=point)
    certified = {o.of: o.upper for o in known(gate, source=source, point=point).orders if o.certified}
    other = {p: sp.Integer(-1 if p.name == "c" and gate == "gaussian" else p.name == "Gamma") for p in chosen.own}
    atoms = (chosen.point, {**chosen.truth.atoms[1], **other})
    found = gate_orders(replace(chosen, truth=replace(chosen.truth, atoms=atoms)))
    assert {p.name for p in (*chosen.own, *chosen.shared)} == {of.name for of in found if not of.is_mean}
    assert {of: r for of, (r, _) in found.items()} == {of: certified[of] for of in found}


@pytest.mark.parametrize(
    ("gate", "expert", "source"),
    [("linear", "gaussian", None), ("softmax", "polynomial:2", None), ("activation", "gaussian", "tanh")],
)
def test_bounds_of_dimension_one_hold_on_lines(gate, expert, source):
    line, found = (known(gate, expert, source, dim=d) for d in (1, 2))
    upper = {o.name: o.upper for o in line.orders if not o.flat and not o.is_mean}
    assert line.certificates
    proved = [o for o in found.orders if not o.flat and not o.is_mean]
    assert len(proved) > len(upper)
    for o in proved:
        stem, *places = o.name.split("_")
        name = f"a_{len(places)}" if expert == "polynomial:2" and stem == "a" else stem
        assert o.upper == upper[name]


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


def test_the_middle_part_of_a_gate_is_written_for_the_checker():
    """What is written is read back as the same function."""
    weight = order_setting("hardtanh(w*x + h)/tau").spec.gate.log_weight
    again, at = model(text(weight), bias=False).gate.log_weight, {"w": 2, "h": sp.Rational(1, 3), "tau": 3}
    for x in (-2, -1, sp.Rational(-1, 3), 0, sp.Rational(1, 4), 1):
        first, second = (e.subs({s: {**at, "x": x}[s.name] for s in e.free_symbols}) for e in (weight, again))
        assert first == second


def test_ever_smaller_gains_come_to_an_end():
    found = shown("activation", "polynomial:3", "relu", size=3)
    assert found["a_3"] == 2
    assert 0 < found["a_1"] - Fraction(18, 5) < Fraction(1, 30)
    assert 0 < found["a_2"] - Fraction(18, 7) < Fraction(1, 30)


def test_theorems_on_products_say_what_certificates_say():
    """With no order known but those of the theorem on experts; certificates of cells of two are sharp, as measured."""
    settings = [
        ("softmax", "gaussian", None),
        ("softmax", "polynomial:2", None),
        ("activation", "gaussian", "z**2 + z"),
    ]
    for gate, expert, source in settings:
        chosen = order_setting(gate, expert, source)
        bounds = {str(o.of): o.upper for o in known(gate, expert, source).orders if o.certified}
        of_gate = {p.name: Fraction(1 if p in chosen.shared else 2) for p in (*chosen.own, *chosen.shared)}
        found = {str(of): r for of, (r, _) in searched_orders(chosen, of_gate).items()}
        assert {name: found[name] for p in chosen.expert if (name := p.name)} == {
            p.name: bounds[p.name] for p in chosen.expert
        }
        assert all(found[f"mean {p.name}"] <= bounds[f"mean {p.name}"] for p in chosen.expert if p.name != "nu")


@pytest.mark.parametrize(("beta1", "seen"), [("1", True), ("1/10", False)])
def test_lines_show_no_kink_outside_of_the_support(beta1, seen):
    """In the plane, where |beta1 . x| < 1, hardtanh is the linear gate, whose mean slopes have no order 1."""
    found = means("activation", "gaussian", "hardtanh", dim=2, point={"beta1_1": beta1, "beta1_2": beta1})
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


def test_what_is_flat_where_beta1_of_two_atoms_are_not_parallel():
    """z^2 + z: where the sum of the two stays and their difference grows with tau, the log odds stay."""
    skew = shown("activation", "gaussian", "z**2 + z", split="all", dim=2, point={"beta1_1": "3"})
    assert (skew["tau"], skew["beta1_1"], skew["beta1_2"]) == ("flat", "flat", "flat")


def test_a_homogeneous_activation_with_a_bias_has_its_scale():
    """(beta1 x + c)^2/tau is kept by (l beta1, l c, l^2 tau), and translated where every cell is split."""
    beside, every = (known("activation-bias", source="z**2", split=split) for split in ("one", "all"))
    assert [o.parameter for o in beside.orders if o.flat and o.shown] == ["beta1", "c", "tau"]
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
    found = known("-norm(x - c)**2/tau", "constant", split="all", dim=2)
    flat = {o.parameter for o in found.orders if o.flat}
    assert flat == {"c_1", "c_2", "tau", "mean c_1", "mean c_2"}


@pytest.mark.parametrize(
    ("gate", "split", "flat"),
    [
        ("sin(w*x)/tau + v*x", "all", {"v"}),  # v + delta and v - delta in every cell
        ("sin(w*x)/tau + v*x", "one", set()),
        ("log(1 + (w*x)**2) + v*x", "one", {"w"}),  # two atoms that keep the mean of w^2
        ("w*v*x/tau", "all", {"w", "v", "tau"}),
    ],
)
def test_a_part_of_the_parameters_of_a_gate_is_flat(gate, split, flat):
    found = known(gate, "gaussian", split=split)
    assert {o.name for o in found.orders if o.flat and o.name in {"w", "v", "tau"}} == flat
    assert all(o.shown for o in found.orders if o.flat)


def test_what_is_linear_in_a_parameter_has_the_curves_of_a_line():
    found = {o.parameter: o for o in known("sin(w*x)/tau + v*x", "gaussian").orders}
    assert found["mean a"].exact
    assert found["mean a"].upper == Fraction(4, 3)
