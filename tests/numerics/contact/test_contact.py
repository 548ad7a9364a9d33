from dataclasses import replace
from math import factorial, log10

import flint
import numpy as np
import pytest
from flint import arb, fmpq

from temperance.numerics.contact.curves import (
    CurveMeasure,
    cell_moves,
    contact,
    extrapolate,
    gauss_hermite,
    gauss_hermite_split,
    line,
    nearest,
    scale_orbit,
    split,
    split_every,
    split_square,
    squared_distance,
)
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.activations.activation import activation

MEASURE = MixingMeasure(
    beta1=np.array([[3.0], [0.5]]),
    beta0=np.array([1.0, 0.0]),
    tau=np.array(0.25),
    a=np.array([[1.0], [-1.0]]),
    b=np.array([2.0, -2.0]),
    nu=np.array([0.25, 0.5]),
)
G = CurveMeasure.of(MEASURE)


def with_beta1(*values):
    return replace(G, atoms=tuple(replace(u, beta1=v) for u, v in zip(G.atoms, values, strict=True)))


def with_tau(tau):
    return replace(G, tau=fmpq(*tau))


def check_order(result, expected, width=1e-6):
    """Demands a narrow interval too; 77 digits are more than twice those of the smallest distance met here."""
    assert not result.zero
    assert result.error < width
    assert abs(result.order - expected) < width
    assert result.digits >= -2 * log10(min(result.distances))


def naive_squared_distance(g, truth, s, low, high):
    """E_x int (g - g*)^2 dy in doubles, both integrals by Gauss-Legendre in small cells, x cut where |beta1 x| = 1."""
    nodes, weights = np.polynomial.legendre.leggauss(8)

    cuts = [sign / float(u.beta1) for u in (*g.atoms, *truth.atoms) for sign in (-1, 1)]
    cuts = [cut for cut in cuts if low < cut < high]

    def rule(edges):
        half = np.diff(edges)[:, None] / 2
        return ((edges[:-1, None] + half) + half * nodes).ravel(), (half * weights).ravel()

    (x, wx), (y, wy) = rule(np.unique([*np.linspace(low, high, 121), *cuts])), rule(np.linspace(-15, 15, 201))

    def density(m):
        gate = np.array([s(float(u.beta1) * x) + float(u.beta0) for u in m.atoms]) / float(m.tau)
        gate = np.exp(gate - gate.max(axis=0))
        total = 0
        for u, p in zip(m.atoms, gate / gate.sum(axis=0), strict=True):
            residual, nu = y - (float(u.a) * x + float(u.b))[:, None], float(u.nu)
            total = total + p[:, None] * np.exp(-(residual**2) / (2 * nu)) / np.sqrt(2 * np.pi * nu)
        return total

    return float(wx @ (density(g) - density(truth)) ** 2 @ wy) / (high - low)


@pytest.mark.parametrize("name", ["hardtanh", "gelu"])
def test_the_closed_form_is_the_double_integral(name):
    s = activation(name)
    compiled = compile_activation(s)
    for curve in (split(G, 0, "beta1"), gauss_hermite_split(G, 1, 3), scale_orbit(with_beta1(2, -1))):
        g = curve(fmpq(1, 4))
        ours = squared_distance(g, G, s.pieces, (-3, 2), 200)
        naive = naive_squared_distance(g, G, lambda z: compiled(z, 0)[0], -3, 2)
        assert float(ours.mid()) == pytest.approx(naive, rel=1e-7)


ORDERS = {
    "tanh, beta1 split": (split(G, 0, "beta1"), G, "tanh", 2),
    "tanh, b split, nu fixed": (split(G, 0, "b"), G, "tanh", 2),
    "tanh, Gauss-Hermite, m=3": (gauss_hermite_split(G, 0, 3), G, "tanh", 6),
    "hardtanh, beta1 split": (split(G, 0, "beta1"), G, "hardtanh", 1.5),
    "log(1+z^2), tau=2": (split_square(with_tau((2, 1)), 0), with_tau((2, 1)), "log(1+z**2)", 2),
    "tanh at a mirror point": (line(with_beta1(2, -2), {"beta1": [1, 1]}), with_beta1(2, -2), "tanh", 2),
    "tanh off the mirror": (line(with_beta1(2, -1), {"beta1": [1, 1]}), with_beta1(2, -1), "tanh", 1),
    "tanh along the orbit of the linear gate": (scale_orbit(G), G, "tanh", 1),
}
ZEROS = {
    "linear gate, every atom split": (split_every(G), G, "linear"),
    "z^2, scale": (scale_orbit(with_beta1(4, 1), 2), with_beta1(4, 1), "z**2"),
    "GELU at a mirror point": (scale_orbit(with_beta1(2, -2)), with_beta1(2, -2), "gelu"),
    "log(1+z^2), tau=1": (split_square(with_tau((1, 1)), 0), with_tau((1, 1)), "log(1+z**2)"),
}


@pytest.mark.parametrize("case", ORDERS)
def test_orders_along_curves(case):
    curve, truth, s, expected = ORDERS[case]
    check_order(contact(curve, truth, s, nodes=48), expected)


@pytest.mark.parametrize("case", ZEROS)
def test_identities_are_zero_to_within_the_working_precision(case):
    curve, truth, s = ZEROS[case]
    result = contact(curve, truth, s, nodes=48, levels=range(2, 6))
    assert result.zero
    assert result.order is result.error is None
    assert result.exponents == ()
    assert result.digits == 308
    assert 0 < max(result.distances) < 1e-145


@pytest.mark.parametrize("name", ["tau", "beta1", "nu"])
def test_coordinate_directions_are_regular(name):
    result = contact(line(G, {name: 1 if name == "tau" else [1, 0]}), G, "tanh")
    check_order(result, 1)
    assert result.exponents[-1] == pytest.approx(1, abs=2e-3)
    assert result.levels == tuple(range(4, 13))
    assert len(result.distances) == len(result.exponents) + 1


def test_a_kink_counts_only_inside_the_support():
    inside = contact(split(G, 0, "beta1"), G, "hardtanh", support=(0, 1))
    check_order(inside, 1.5)
    check_order(contact(split(G, 0, "beta1"), G, "hardtanh", support=(0, fmpq(1, 4))), 2)


def test_precision_is_raised_for_smaller_distances_and_left_alone_outside():
    before = flint.ctx.prec
    result = contact(gauss_hermite_split(G, 0, 4), G, "tanh", levels=range(18, 24))
    assert flint.ctx.prec == before
    assert result.digits == 154
    check_order(result, 8)


SOFTMAX = CurveMeasure(1, tuple(replace(u, beta1=v) for u, v in zip(G.atoms, (1, 0), strict=True)))
LOG = replace(with_beta1(1, fmpq(-1, 2)), tau=fmpq(2))
FREE, ANCHORED = cell_moves((0, 0, 1)), cell_moves((0, 0, 1), gauge="anchored", held=("tau",))
MINIMISED = {
    # to b +- t come the cell's b and nu of themselves: the Gauss-Hermite splitting
    "tanh, b split": (split(G, 0, "b"), G, "tanh", FREE, 4),
    "tanh, a split": (split(G, 0, "a"), G, "tanh", FREE, 2),
    "tanh, Gauss-Hermite, m=3": (gauss_hermite_split(G, 0, 3), G, "tanh", cell_moves((0, 0, 0, 1)), 6),
    "tanh, b regular": (line(G, {"b": [1, 0]}), G, "tanh", cell_moves((0, 1), held=("b",)), 1),
    "softmax, b split": (split(SOFTMAX, 0, "b"), SOFTMAX, "linear", ANCHORED, 4),
    "log(1+z^2), tau=2": (split(LOG, 0, "beta1"), LOG, "log(1+z**2)", FREE, 2),
}


@pytest.mark.parametrize("case", MINIMISED)
def test_orders_that_are_minimised_over_the_regular_directions(case):
    curve, truth, s, moves, expected = MINIMISED[case]
    result = contact(curve, truth, s, moves=moves, nodes=24, levels=range(6, 12))
    assert not result.zero
    assert result.error < 1e-5
    assert abs(result.order - expected) < 1e-5


def test_a_split_that_other_parameters_undo_is_zero():
    """beta1 +- t at tau = 1 in log(1+z^2): the cell's beta1 restores the mean of beta1^2."""
    truth = replace(LOG, tau=fmpq(1))
    arguments = {"nodes": 12, "levels": range(6, 9)}
    check_order(contact(split(truth, 0, "beta1"), truth, "log(1+z**2)", **arguments), 2, width=1e-2)
    held = cell_moves((0, 0, 1), held=("tau", "beta0", "a", "b", "nu"))
    assert contact(split(truth, 0, "beta1"), truth, "log(1+z**2)", moves=held, **arguments).zero


def test_the_nearest_measure_is_a_local_minimum():
    s, support, moves = activation("tanh"), (-3, 3), cell_moves((0, 0, 1))
    with flint.ctx.workprec(256):
        start = split(G, 0, "b")(fmpq(1, 32))
        found = nearest(start, G, s.pieces, support, 24, moves).measure
        least = squared_distance(found, G, s.pieces, support, 24)
        assert least * 10 < squared_distance(start, G, s.pieces, support, 24)
        for move in moves:
            for step in (fmpq(1, 2**16), fmpq(-1, 2**16)):
                assert squared_distance(line(found, move)(step), G, s.pieces, support, 24) > least
        offsets = [found.atoms[0].b - found.atoms[1].b, start.atoms[0].b - start.atoms[1].b]
        assert abs(offsets[0] - offsets[1]) < 1e-60


def test_moves_along_an_orbit_are_refused():
    with pytest.raises(ValueError, match="independent ways"):
        contact(split(G, 0, "b"), G, "linear", moves=FREE, nodes=8)


def test_cells_move_together():
    moves = cell_moves((0, 0, 1), gauge="anchored", held=("nu",))
    names = [next(iter(move)) for move in moves]
    assert names == ["tau", "beta1", "beta0", "a", "a", "b", "b"]
    assert moves[1] == {"beta1": [1, 1, 0]}
    assert moves[-1] == {"b": [0, 0, 1]}
    assert len(cell_moves((0, 0, 1))) == 1 + 2 + 1 + 2 + 2 + 2


@pytest.mark.parametrize("m", [1, 2, 6])
def test_gauss_hermite_rules_have_the_moments_of_the_normal_law(m):
    with flint.ctx.workprec(200):
        rule = gauss_hermite(m)
        for degree in range(2 * m + 1):
            moment = sum((w * (q**degree if degree else 1) for q, w in rule if q != 0 or not degree), arb(0))
            normal = 0 if degree % 2 else factorial(degree) // (2 ** (degree // 2) * factorial(degree // 2))
            missing = factorial(m) if degree == 2 * m else 0
            assert abs(moment - (normal - missing)) < 1e-40


def test_extrapolation_removes_powers_of_t():
    values = [3 + 2.0**-j - 5 * 4.0**-j + 8.0**-j for j in range(2, 8)]
    limit, change = extrapolate(values)
    assert limit == pytest.approx(3, abs=1e-12)
    assert change < 1e-12
    assert extrapolate([0.0, 1.0, 0.0, 1.0, 0.0])[1] > 0.4  # no limit: the error says so


def test_what_is_not_resolved_is_not_called_zero():
    def stops(t):
        return line(G, {"b": [t if t > fmpq(1, 100) else 0, 0]})(t)

    with pytest.raises(ValueError, match="not resolved with 308 digits"):
        contact(stops, G, "tanh", nodes=8)
    with flint.ctx.workprec(53):
        third = 1 / arb(3)
    rounded = replace(G, tau=third)
    with pytest.raises(ValueError, match="rounded to fewer digits"):
        contact(scale_orbit(rounded), rounded, "linear", nodes=8)


def test_an_activation_with_no_real_value_is_refused():
    with pytest.raises(ValueError, match="no real value at z"):
        contact(split(G, 0, "b"), G, "log(z)")
