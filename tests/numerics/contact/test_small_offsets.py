"""Minima of the distance, followed to small offsets in many digits."""

import flint
import numpy as np
import pytest
import sympy as sp
from flint import arb

from temperance.measurements.contact_orders import family
from temperance.numerics.contact.by_minimisation import (
    BITS,
    NODES,
    Constrained,
    Minimum,
    Neighbourhood,
    _compiled,
    _is_lost,
    _prune,
    _Track,
    measure,
    minimised,
    supported,
)
from temperance.numerics.fitting.families import Grid, family_problem
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Z, activation
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.expressions import balls
from temperance.theory.models.by_name import model

EVEN = ({"source": "sqrt(1+z**2)", "split": "all"}, "activation")
SETTINGS = (
    EVEN,
    ({"size": 3}, "softmax"),
    ({}, "gaussian", "polynomial:2"),
    ({"source": "sigmoid"}, "activation-bias"),
)


def made(how, *names):
    """The mixtures of a setting, made where they are tested: pytest reads this file in every process."""
    return family(order_setting(*names, **how))


@pytest.mark.parametrize("chosen", SETTINGS)
def test_distances_and_slopes_are_those_of_the_grid(chosen):
    """The grid with the same nodes in x integrates over y by the trapezoid rule, in doubles."""
    mixtures = made(*chosen)
    offsets = np.where(mixtures.free, 0.02 * np.random.default_rng(0).normal(size=len(mixtures.center)), 0.0)
    grid = Grid(mixtures, *mixtures.panels(NODES))
    logs = np.zeros_like(offsets)
    logs[: sum(mixtures.sizes) * mixtures.width : mixtures.width] = -np.repeat(np.log(mixtures.sizes), mixtures.sizes)
    there = mixtures.center + offsets + logs
    columns = np.concatenate([grid.residual(there)[:, None], grid.slopes(there)], axis=1)
    with flint.ctx.workprec(BITS):
        near = Neighbourhood(mixtures)
        vector = near.center + offsets
        table, square = near.table(vector), near.square(vector)
    found = np.array([[float(table[i, j]) for j in range(table.ncols())] for i in range(table.nrows())])
    assert found == pytest.approx(columns.T @ columns, rel=1e-6, abs=1e-9)
    assert float(square) == pytest.approx(float(table[0, 0]), rel=1e-8)


def test_an_even_gate_is_seen_at_as_many_x_as_there_are_nodes():
    """At 6 values of x^2 the gates of four atoms with 8 parameters have mixtures of exactly the true density."""
    mixtures = made(*EVEN)
    squares = np.sort(Grid(mixtures, *mixtures.panels(NODES)).x[:, 0] ** 2)
    assert len(squares) == NODES
    assert np.diff(squares).min() > 1e-3
    beta1 = [mixtures.index(l, "beta1") for l in range(4)]
    assert np.all(mixtures.radius[beta1] < np.abs(mixtures.center[beta1]))


def test_signs_that_all_atoms_may_change_together_stay_those_of_the_truth():
    mixtures = made({}, model("w*tanh(v*x)", shared=("v",)).gate)
    v = mixtures.shared_index("v")
    assert mixtures.radius[v] < abs(mixtures.center[v])
    problem = family_problem(mixtures, Points(np.zeros((1, 1)), np.zeros(1)), compiled=False)
    assert problem.lower[problem.places == v] > 0


@pytest.mark.full
def test_minima_of_an_even_gate_are_near_the_truth():
    """Those that are not, with a beta1 of 0, have other orders."""
    chosen = order_setting("activation", source="log(1+z**2)", size=3, point={"tau": 2})
    assert measure(family(chosen), "a").order == pytest.approx(2, abs=0.01)


def test_a_minimum_that_falls_faster_is_followed_on():
    with flint.ctx.workprec(BITS):
        found = [
            _Track((3.0, 4.0), tuple(Minimum(np.zeros(0, dtype=object), arb(v)) for v in squares))
            for squares in ((1e-4, 1e-4 / 16), (1e-2, 1e-2 / 256), (1e-3, 1e-3 / 16))
        ]
        assert _prune(found) == [found[0], found[1]]
        assert _prune([found[0], found[2]]) == [found[0]]


@pytest.mark.parametrize(
    ("exponents", "lost"),
    [
        ((2.70, 2.63, 2.62, 0.18), True),
        ((2.1, 2.0, 1.9), False),
        ((1.2, 0.8, 0.6), True),
        ((8.00, 0.49, 0.64, 3.15, 1.93), False),  # measured: another minimum becomes the least
        ((8.00, 0.49, 0.64, 3.15, 0.60), True),
        ((2.85, 2.70, 3.35, 3.01), True),  # measured: later ones settle at 2.978, less than doubles find
    ],
)
def test_a_minimum_that_is_no_continuation_is_lost(exponents, lost):
    assert _is_lost(exponents) == lost


@pytest.mark.parametrize("text", ["tanh(z)/3 + pi*z", "gelu", "exp(2) + log(1+z**2)/sqrt(1+z**2)"])
def test_compiled_formulas_have_all_digits(text):
    x, b = sp.symbols("x b")
    formula = activation(text).pieces[0].expr.subs(Z, x * b)
    formulas = (formula, sp.diff(formula, b))
    with flint.ctx.workprec(BITS):
        at = arb(1) / 3, arb(7) / 5
        found = _compiled(formulas, (x, b))(*at)
    for value, f in zip(found, formulas, strict=True):
        assert abs(value - balls.value(f, dict(zip("xb", at, strict=True)), BITS)) < 1e-70


def test_kinks_that_move_are_not_followed():
    assert supported(family(order_setting("activation", source="relu")))
    assert not supported(family(order_setting("activation", source="hardtanh")))
    assert not supported(family(order_setting("laplace")))
    assert not supported(family(order_setting("softmax", "nonlinear:tanh")))
    assert not supported(family(order_setting("softmax", dim=2)))


def test_moving_kinks_are_those_of_a_boundary_that_depends_on_the_atom():
    for source, places, moving in (("relu", [0], []), ("hardtanh", [-1, 1], [-1, 1]), ("tanh", [], [])):
        mixtures = family(order_setting("activation", source=source))
        beta1 = float(mixtures.setting.point[mixtures.setting.own[0]])
        assert mixtures.kinks() == [p / beta1 for p in places]
        assert mixtures.kinks(moving=True) == [p / beta1 for p in moving]


def test_a_minimum_keeps_its_offset_and_its_shares():
    mixtures = family(order_setting("softmax", size=3))
    with flint.ctx.workprec(BITS):
        problem = Constrained(Neighbourhood(mixtures), "b", arb(1) / 8)
        found = minimised(problem, problem.start(np.zeros(len(mixtures.center))))
        vector = problem.vector(found.u)
        assert abs(vector[mixtures.index(0, "b")] - vector[mixtures.index(1, "b")] - arb(1) / 8) < 1e-60
        assert all(abs(vector[mixtures.index(l, "weight")] + arb(3).log()) <= 1 + 1e-9 for l in range(3))
        assert found.square < problem.near.table(problem.vector(problem.start(np.zeros(len(mixtures.center)))))[0, 0]


def test_atoms_without_weights_of_their_own_have_equal_shares():
    mixtures = family(order_setting("sigmoid-tau-1", "constant", split="all"))
    assert mixtures.free.sum() == 4 * 4  # beta1, w, b and nu of each atom
    with flint.ctx.workprec(BITS):
        assert Constrained(Neighbourhood(mixtures), "b", arb(1)).boxed == set()


@pytest.mark.slow
def test_orders_of_atoms_with_equal_shares():
    mixtures = family(order_setting("sigmoid-tau-1", "constant", split="all"))
    assert measure(mixtures, "b").order == pytest.approx(4, abs=0.01)
    assert measure(mixtures, "nu", mean=True, sign=-1).order == pytest.approx(2, abs=0.01)  # it falls as b moves apart


def test_orders_are_read_off_where_doubles_see_no_distance():
    found = measure(family(order_setting("softmax")), "b")
    assert found.order == pytest.approx(4, abs=0.005)
    assert min(found.distances) < 5e-11


@pytest.mark.full
def test_the_slope_of_a_quadratic_expert_in_a_cell_of_three():
    """a_1 has a curve of the order 8/3 exactly (theory B.2.1); the error says by how much its exponents scatter."""
    found = measure(family(order_setting("softmax", "polynomial:2", size=3)), "a_1")
    assert found.error < 0.1
    assert found.order == pytest.approx(8 / 3, abs=found.error)


@pytest.mark.parametrize("gate", [{"gate": "laplace"}, {"gate": "activation", "source": "hardtanh"}])
def test_every_cell_is_not_split_where_kinks_move(gate):
    with pytest.raises(ValueError, match="kinks of the gate"):
        family(order_setting(**gate, split="all"))
