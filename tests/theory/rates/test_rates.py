"""Predicted exponents against the table of theory 4.2, and laws that they obey whatever the activation is called."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from temperance.theory.activations.activation import activation
from temperance.theory.models.gates import linear, softmax
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import slopes, somewhere, truth_at

MIRROR = truth_at(((1.5,), (-1.5,)), 0.8, (-3, 3))
GENERIC = truth_at(((1.5,), (0.7,)), 0.8, (-3, 3))
ANCHORED = truth_at(((1.5,), (0,)), 0.8, (-3, 3))
REGULAR = {"tau": F(1, 2), "beta1": F(1, 2), "a": F(1, 2), "b": F(1, 2), "nu": F(1, 2), "weight": F(1, 2)}
NOTHING = dict.fromkeys(REGULAR)
EXPERTS = {**NOTHING, "a": F(1, 2), "b": F(1, 2), "nu": F(1, 2)}  # whatever the gate is


def at(predictions, sizes, cell, number="sharp"):
    """{parameter: exponent} for one cell of a fit with these cell sizes, and for what belongs to no cell."""
    kept = [p for p in predictions for c in (cell, None) if p.applies(sizes, c)]
    names = [p.parameter for p in kept]
    assert len(names) == len(set(names)), "two predictions for one parameter"
    return {p.parameter: getattr(p, number) for p in kept if p.parameter != "density"}


def exact(s, point=None, dim=1, **options):
    truth = point or somewhere(2, dim)
    return predict(truth, truth.k, s, **options)


def split(s, k=3, point=None, dim=1):
    return predict(point or somewhere(2, dim), k, s, gauge="anchored")


@pytest.mark.parametrize("true_k", [2, 3])
def test_linear_gate_exact(true_k):
    found = predict(somewhere(true_k, make=linear), true_k)
    expected = {"beta1/tau": F(1, 2), "beta0/tau": F(1, 2), **REGULAR, "tau": None, "beta1": None}
    assert at(found, [1] * true_k, 0) == expected
    assert at(found, [1] * true_k, 0, "published")["tau"] is None


@pytest.mark.parametrize("m", [2, 4])
def test_softmax_with_a_singleton_elsewhere(m):
    found = predict(somewhere(3, make=softmax), m + 2)
    cell = {"beta1": F(1, 4), "a": F(1, 4), "b": F(1, 4 * m), "nu": F(1, 2 * m), "weight": F(1, 2)}
    published = {"beta1": F(1, 4 * m), "a": F(1, 2 * m), "b": F(1, 4 * m), "nu": F(1, 2 * m), "weight": F(1, 2)}
    assert at(found, [1, m, 1], 1) == cell
    assert at(found, [1, m, 1], 1, "published") == published
    assert at(found, [1, m, 1], 0) == {p: F(1, 2) for p in cell}


@pytest.mark.parametrize(("sizes", "cell"), [([2, 2], 0), ([2, 3], 1), ([4], 0)])
def test_softmax_with_every_cell_split(sizes, cell):
    m = sizes[cell]
    found = predict(somewhere(len(sizes), make=softmax), sum(sizes))
    expected = {"beta1": None, "a": F(1, 2 * m), "b": F(1, 4 * m), "nu": F(1, 2 * m), "weight": F(1, 2)}
    assert at(found, sizes, cell) == expected


@pytest.mark.parametrize("s", ["tanh", "gelu", "2*tanh(3*z) - 1"])
@pytest.mark.parametrize(
    "options", [{"gauge": "anchored"}, {"gauge": "anchored", "point": ANCHORED}, {"point": GENERIC}]
)
def test_activation_exact_where_f1_holds(s, options):
    found = exact(s, **options)
    assert at(found, [1, 1], 0) == REGULAR
    assert at(found, [1, 1], 0, "published") == REGULAR


def test_generic_points_carry_their_conditions():
    assert any("neither" in c for p in exact("tanh") for c in p.conditions)
    assert all(p.conditions == ("the experts (a, b, nu) are distinct",) for p in exact("tanh", point=GENERIC)[:-1])


@pytest.mark.parametrize("m", [2, 3])
def test_activation_with_a_split_cell(m):
    found = split("tanh", k=m + 1, point=ANCHORED)
    expected = {"tau": F(1, 2), "beta1": F(1, 4), "a": F(1, 4), "b": F(1, 4 * m), "nu": F(1, 2 * m), "weight": F(1, 2)}
    assert at(found, [m, 1], 0) == expected
    assert at(found, [m, 1], 0, "published") == {**expected, "tau": F(1, 4)}
    assert at(found, [m, 1], 1) == REGULAR
    assert at(found, [1, m], 0) == EXPERTS  # the anchor cell is split


def test_a_of_the_softmax_gate_with_every_cell_split_is_seen_where_no_share_vanishes():
    found = [p for p in predict(somewhere(2, make=softmax), 6) if p.cells == "every cell split"]
    shared = {(p.parameter, p.cell_size) for p in found if any("shares" in c for c in p.conditions)}
    assert shared == {("a", 2), ("a", 3), ("a", 4)}


@pytest.mark.parametrize("s", ["exp(z)", "sqrt(1 + z**2)"])
def test_rates_stay_where_the_second_order_condition_fails_but_not_the_sharp_ones(s):
    found = split(s)
    expected = {"tau": F(1, 2), "beta1": F(1, 4), "a": F(1, 4), "b": F(1, 8), "nu": F(1, 4), "weight": F(1, 2)}
    assert at(found, [2, 1], 0) == expected
    assert set(at(found, [2, 1], 0, "published").values()) == {None}


@pytest.mark.parametrize("s", ["log(1 + z**2)", "log(1 + abs(z))"])
def test_an_exceptional_temperature(s):
    exceptional, other = (split(s, point=truth_at(((1.5,), (0,)), tau)) for tau in (1, 2))
    kept = {"a": F(1, 4), "b": F(1, 8), "nu": F(1, 4)}
    assert at(exceptional, [2, 1], 0) == {"tau": F(1, 2), "beta1": None, **kept, "weight": F(1, 2)}
    assert at(exceptional, [2, 1], 1) == REGULAR
    assert all("(i)" not in p.reason for p in exceptional if p.parameter == "a")
    assert at(other, [2, 1], 0) == {"tau": F(1, 2), "beta1": F(1, 4), **kept, "weight": F(1, 2)}
    assert "tau is none of 1" in split(s)[0].conditions
    assert not any("tau" in c for p in (*exceptional, *other) for c in p.conditions)


def test_slopes_where_a_sharp_condition_fails():
    """(ii) fails for z^2 + z and the like, and a keeps 1/4 in cells of two and three."""
    expected = {"tau": F(1, 2), "beta1": F(1, 4), "a": F(1, 4), "b": F(1, 8), "nu": F(1, 4), "weight": F(1, 2)}
    for s in ("z**2 + z", "3*z**2 - z + 1"):
        found = split(s, point=truth_at(((1.5,), (0,)), 0.25))
        assert at(found, [2, 1], 0) == expected
        assert at(found, [2, 1], 0, "published")["a"] is None
    (a,) = (p for p in found if p.parameter == "a" and p.applies([2, 1], 0))
    assert a.reason.startswith("sharp conditions (i) hold")
    assert not any("shares" in c for c in a.conditions)
    found = predict(somewhere(2, 2), 5, "z**2 + z", gauge="anchored")
    slopes = {p.cell_size: p for p in found if p.parameter == "a" and p.cells == "anchor singleton"}
    assert {m: p.sharp for m, p in slopes.items()} == {1: F(1, 2), 2: F(1, 4), 3: F(1, 4), 4: None}
    assert "the shares of the atoms of a cell are bounded away from 0" in slopes[3].conditions
    assert at(found, [2, 3], 0)["a"] is None  # the anchor cell is split


@pytest.mark.parametrize("s", ["relu", "z**3"])
def test_slopes_and_weights_of_a_homogeneous_activation_with_a_split_cell(s):
    """A gate in beta1/tau^(1/p), which has no tau: the sharp conditions are those of the others."""
    found = split(s)
    cell = {"tau": None, "beta1": None, "a": F(1, 4), "b": F(1, 8), "nu": F(1, 4), "weight": F(1, 2)}
    assert at(found, [2, 1], 0) == cell
    (a,) = (p for p in found if p.parameter == "a" and p.applies([2, 1], 0))
    assert a.reason.startswith("s is homogeneous")
    assert all(p.flat == (p.parameter in ("tau", "beta1")) for p in found)


def test_a_kink_inside_the_support():
    found = at(split("hardtanh", point=ANCHORED), [2, 1], 0)
    assert found == {"tau": F(1, 2), "beta1": F(1, 3), "a": F(1, 4), "b": F(1, 8), "nu": F(1, 4), "weight": F(1, 2)}
    inside = truth_at(((0.25,), (0,)), 0.8, (-3, 3))  # z stays within (-1, 1), where hardtanh is linear
    assert at(split("hardtanh", point=inside), [2, 1], 0)["beta1"] is None
    assert at(exact("hardtanh", gauge="anchored", point=inside), [1, 1], 0) == EXPERTS
    assert at(exact("hardtanh", gauge="anchored", point=ANCHORED), [1, 1], 0) == REGULAR


def test_a_kink_at_zero_moves_only_in_two_dimensions():
    s = "where(z > 0, tanh(z), 2*tanh(z) + z**2*exp(z))"
    assert at(split(s), [2, 1], 0)["beta1"] == F(1, 4)
    assert at(split(s, dim=2), [2, 1], 0)["beta1"] is None
    assert at(exact(s, dim=2, gauge="anchored"), [1, 1], 0) == REGULAR


@pytest.mark.parametrize("s", ["abs(z)", "5 + max(z, 0)**2"])
def test_continuous_homogeneous(s):
    found = exact(s, gauge="anchored")
    invariants = {"beta1^p/tau": F(1, 2), "beta1_direction": F(1, 2), "beta0/tau": F(1, 2)}
    assert at(found, [1, 1], 0) == {**REGULAR, "tau": None, "beta1": None, **invariants}


def test_homogeneous_seen_on_one_side_only():
    blind = truth_at(((-1.5,), (0,)), 0.8, (0, 3))
    found = at(exact("relu", gauge="anchored", point=blind), [1, 1], 0)
    weight = {"weight": F(1, 2), "beta0/tau": F(1, 2)}
    assert found == {**EXPERTS, **weight, "beta1^p/tau": None, "beta1_direction": None}


@pytest.mark.parametrize(
    ("s", "flat"),
    [("hardshrink", []), ("log(abs(z))", ["tau", "beta1"]), ("sign(z)", ["beta1"]), ("3", ["tau", "beta1"])],
)
def test_failures_of_f1_without_a_stated_rate_of_the_gate(s, flat):
    assert at(exact(s), [1, 1], 0) == EXPERTS  # poles and jumps are seen at single x
    assert [p.parameter for p in exact(s) if p.flat] == flat
    assert at(exact(s), [1, 1], 0, "published") == NOTHING


@pytest.mark.parametrize(
    ("beta1", "gauge", "expected"),
    [
        (((1,), (-1,)), "free", {**REGULAR, "beta1": F(1, 4), "beta1_sum": F(1, 4), "beta1_difference": F(1, 2)}),
        (((1,), (0,)), "free", {**REGULAR, "beta1": F(1, 4), "beta1_sum": F(1, 4), "beta1_difference": F(1, 2)}),
        (((1,), (-1,), (1,)), "free", {**REGULAR, "beta1": F(1, 4)}),
        (((0,), (1,), (1,)), "free", {**REGULAR, "beta1": F(1, 4)}),
        (((1,), (0,), (0,)), "anchored", REGULAR),
        (((1,), (1,), (0,)), "anchored", REGULAR),
    ],
)
def test_every_parameter_of_one_density_has_one_answer(beta1, gauge, expected):
    """2 (tanh(b x) - tanh(0)) = tanh(b x) - tanh(-b x), with tau and beta0 halved."""
    found = exact("tanh", gauge=gauge, point=truth_at(beta1, 1))
    assert at(found, [1] * len(beta1), 0) == expected


@pytest.mark.parametrize(
    ("gauge", "beta1"),
    [
        *(("free", b) for b in (((1,), (-1,)), ((1,), (0,)), ((0,), (-1,)), ((0,), (1,), (1,)))),
        *(("anchored", b) for b in (((1,), (1,), (0,)), ((-1,), (0,), (0,)))),
    ],
)
def test_a_slope_that_vanishes_at_one_parameter_leaves_the_others_of_its_density_without_a_rate(gauge, beta1):
    """s'(0) = 0 for z - sin(z), which is odd."""
    found = exact("z - sin(z)", gauge=gauge, point=truth_at(beta1, 1))
    assert at(found, [1] * len(beta1), 0) == EXPERTS


@pytest.mark.parametrize("s", ["gelu", "hardswish", "z**3 + cos(z)"])
def test_mirror_points_of_type_homogeneous(s):
    invariants = {"beta1^p/tau": F(1, 2), "beta1_direction": F(1, 2), "beta0/tau": F(1, 2)}
    assert at(exact(s, point=MIRROR), [1, 1], 0) == {**REGULAR, "tau": None, "beta1": None, **invariants}


@pytest.mark.parametrize("s", ["mish", "exp(z)", "elu"])
def test_mirror_points_of_no_type_are_regular(s):
    assert at(exact(s, point=MIRROR), [1, 1], 0) == REGULAR


def gate_rank(s, point, gauge):
    """Rank of the gate's scores at k = 2, d = 1: the information is regular iff it is their number.

    log of the odds of the two atoms, differentiated by beta1 of both (one if anchored), by tau and by beta0.
    """
    z = sp.Symbol("z", real=True)
    conditions = [(p.expr, p.upper > z if p.upper.is_finite else sp.true) for p in activation(s).pieces]
    value = sp.Piecewise(*conditions)
    f, slope = (sp.lambdify(z, e, "scipy") for e in (value, sp.diff(value, z)))
    x = np.linspace(-3, 3, 601) + 0.0037
    one, two = (float(beta[0]) for beta in slopes(point))
    columns = [x * slope(one * x), f(one * x) - f(two * x), np.ones_like(x)]
    columns += [x * slope(two * x)] if gauge == "free" else []
    matrix = np.stack([c / np.linalg.norm(c) for c in columns], axis=1)
    singular = np.linalg.svd(matrix, compute_uv=False)
    assert not np.any((singular > 1e-12) & (singular < 1e-7)), "no clear rank"
    return int(np.sum(singular > 1e-7)), len(columns)


@pytest.mark.parametrize("s", ["tanh", "gelu", "mish", "elu", "relu", "hardtanh", "z**3"])
@pytest.mark.parametrize(("point", "gauge"), [(MIRROR, "free"), (GENERIC, "free"), (ANCHORED, "anchored")])
def test_half_is_predicted_only_where_the_sampled_information_is_regular(s, point, gauge):
    found = at(exact(s, point=point, gauge=gauge), [1, 1], 0)
    rank, size = gate_rank(s, point, gauge)
    if found["tau"] is not None and found["beta1"] == F(1, 2):
        assert rank == size
    elif found.get("beta1_sum") is not None or found.get("beta1^p/tau") is not None:
        assert rank == size - 1  # one direction, whose invariants (or whose complement) keep their rate
    else:
        assert found["beta1"] is None


@pytest.mark.parametrize(
    ("s", "point"),
    [
        ("z + z**3", MIRROR),  # an exact orbit passes through the point
        ("hardtanh", MIRROR),  # kinks
        ("log(1 + z**2)", MIRROR),  # even: the gate is constant
        ("z + log(abs(z))", MIRROR),  # two flows
        ("tanh", truth_at(((1,), (1,)), 1)),  # the gate is constant
        ("log(1 + z**2)", truth_at(((1,), (0,)), 1)),  # s'(0) = 0
        ("z + z**2", GENERIC),  # two monomials
        ("z + z**2 + z**3", GENERIC),
        ("hardtanh", GENERIC),  # not analytic
        ("exp(-1/z**2)", GENERIC),  # smooth, not analytic
    ],
)
def test_points_that_no_statement_covers(s, point):
    found = exact(s, point=point)
    assert at(found, [1] * point.k, 0) == EXPERTS
    away = any("away from 0" in c for p in found for c in p.conditions)
    assert away == (s in ("z + log(abs(z))", "exp(-1/z**2)"))  # of which s(0) is not defined as it is written


def test_what_the_anchored_gauge_needs():
    assert at(exact("log(z) + z", gauge="anchored"), [1, 1], 0) == NOTHING  # s is not finite at 0
    zeros = truth_at(((0,), (0,)), 1)  # (0, 0, l beta0, l tau) has its density, and beta1 is 0 in all of them
    assert at(exact("tanh", gauge="anchored", point=zeros), [1, 1], 0) == {**REGULAR, "tau": None}
    assert at(exact("cosh(z)", gauge="anchored", point=zeros), [1, 1], 0) == EXPERTS
    assert at(exact("log(abs(z)) + z", point=truth_at(((1,), (0,)), 1)), [1, 1], 0) == NOTHING  # no s(0)
    three = truth_at(((1,), (0,), (0,)), 1)
    assert at(exact("tanh", gauge="anchored", point=three), [1] * 3, 1) == REGULAR
    assert at(exact("cosh(z)", gauge="anchored", point=three), [1] * 3, 1) == EXPERTS  # s'(0) = 0


def test_over_specified_in_the_free_gauge_has_the_experts_and_published_numbers():
    found = predict(somewhere(2), 3, "tanh")
    assert at(found, [2, 1], 0) == {**NOTHING, "b": F(1, 8), "nu": F(1, 4)}
    assert at(found, [2, 1], 1) == EXPERTS
    (a,) = (p for p in found if p.parameter == "a" and p.cell_size == 2)
    assert a.reason.endswith("a bound is known: at least 1/8 (theory 4.2.2)")
    assert at(found, [2, 1], 0, "published")["beta1"] == F(1, 4)


def test_one_true_atom():
    assert at(predict(somewhere(1, make=softmax), 1), [1], 0) == {
        **dict.fromkeys(("beta1", "weight")),
        **dict.fromkeys(("a", "b", "nu"), F(1, 2)),
    }
    found = at(predict(somewhere(1), 3, "tanh"), [3], 0)
    assert found == {"beta1": None, "tau": None, "a": None, "b": F(1, 12), "nu": F(1, 6)}


def test_the_identity_in_the_activation_gate_is_the_linear_gate():
    assert exact("z") == predict(somewhere(2, make=linear), 2)


@pytest.mark.parametrize(
    ("s", "same"), [("tanh", "7 - 2*tanh(z/3)"), ("gelu", "3*gelu(2*z)"), ("relu", "max(5*z, 0)/2")]
)
def test_numbers_do_not_depend_on_the_form_of_s(s, same):
    for options in ({"gauge": "anchored"}, {"point": MIRROR}):
        numbers = [[(p.parameter, p.cell_size, p.sharp, p.published) for p in exact(f, **options)] for f in (s, same)]
        assert numbers[0] == numbers[1]
