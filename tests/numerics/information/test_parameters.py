"""The information of formulas of no paper, against another quadrature of the symbolic density and against samples."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import fixed_quad
from scipy.stats import norm

from temperance.numerics.fitting.fits import held_of
from temperance.numerics.information.fisher import free_names, held_in, information, information_at, quadrature, told
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.atom_formulas import Coordinates, formulas_of
from temperance.numerics.mixture.likelihood import atom_jets, plain_sums
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, atom_symbol, covariates, symbolic_density
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import exact

HINGE = "where(x > c, x - c, 0)*w"
WAVES = "tanh(w*x)/tau + q*x**2"
FORMULAS = ((WAVES, "a*tanh(x) + b", (-2, 0, 2)), (HINGE, "a*x + b", (-2, 0.5, 1, 2)))


@lru_cache(maxsize=4)
def case(gate, expert):
    """The truth, what is free as symbols, and the density and its score as functions of x and y."""
    truth = default_truth(model(gate, expert))
    held, symbols = held_in(truth, "free"), {p.name: p for p in (*truth.atoms[0], *truth.shared)}
    free = [symbols[n] if i is None else atom_symbol(symbols[n], i + 1) for n, i in free_names(truth, held)]
    log_g, _ = symbolic_density(truth.spec, truth.k)
    values = {atom_symbol(p, i + 1): v for i, atom in enumerate(truth.atoms) for p, v in atom.items()} | truth.shared
    shown = [log_g.subs(values), *(sp.diff(log_g, p).subs(values) for p in free)]
    return truth, held, free, sp.lambdify([*covariates(1), Y], shown, "numpy")


def score(evaluate, x, y):
    log_g, *slopes = (np.broadcast_to(v, np.shape(x)) for v in evaluate(x, y))
    return np.exp(log_g), np.stack(slopes)


@pytest.mark.parametrize(("gate", "expert", "ends"), FORMULAS)
def test_it_is_that_of_another_quadrature(gate, expert, ends):
    truth, held, free, evaluate = case(gate, expert)
    y = np.arange(-14, 18, 0.08)

    def at(x):
        points = np.repeat(x, len(y))
        g, slopes = score(evaluate, points, np.tile(y, len(x)))
        return np.einsum("in,jn,n->ijn", slopes, slopes, g * 0.08).reshape(len(free), len(free), len(x), -1).sum(axis=3)

    whole = sum(fixed_quad(at, low, high, n=40)[0] for low, high in pairwise(ends)) / 4
    variances = np.diag(np.linalg.inv(whole))
    for p, expected in list(zip(free, variances, strict=True))[::3]:
        found = told(truth, held, p)
        assert found.variance == pytest.approx(expected, rel=1e-6)
        assert found.error < 1e-8
        assert found.flat == 0


def test_what_flows_move_is_not_told_and_their_invariants_are():
    truth = default_truth(model("kappa*cos(x - c)/tau"))
    held = held_in(truth, "free")
    assert {p.name for p in held} == {"beta0", "kappa", "c"}
    (c, kappa), tau = truth.spec.gate.own[::-1], truth.spec.gate.shared[0]
    one, two = ({q: atom_symbol(q, i) for q in (c, kappa)} for i in (1, 2))
    lost = told(truth, held, atom_symbol(kappa, 1))
    assert (lost.variance, lost.flat) == (None, 1)
    wave = kappa * sp.cos(c)
    left = told(truth, held, (wave.subs(one) - wave.subs(two)) / tau)
    assert 0 < left.variance < 1e6
    assert left.value == pytest.approx(np.cos(1) - np.cos(1 / 3) / 2)


def test_lines_cut_the_panels_of_a_plane():
    found = told(*plane("max(v @ x, 0)"))
    assert found.error < 1e-8


def plane(gate):
    truth = default_truth(model(gate, dim=2))
    return truth, held_in(truth, "free"), atom_symbol(truth.spec.gate.own[0], 1)


def test_jumps_that_move_and_cones_are_refused():
    truth = default_truth(model("where(x < c, 0, w*x)"))
    with pytest.raises(ValueError, match="the gate jumps where c moves the jump"):
        told(truth, held_in(truth, "free"), atom_symbol(truth.spec.gate.own[0], 1))
    with pytest.raises(ValueError, match="the gate has a cone"):
        told(*plane("-norm(x - c)/tau"))


def test_a_jump_that_stays_is_no_obstacle():
    truth = default_truth(model("where(x < 1, 0, w*x)"))
    (w,) = truth.spec.gate.own
    assert told(truth, held_in(truth, "free"), atom_symbol(w, 1)).error < 1e-8


LINES = ((1.0, 0.0, 1.0), (-1.0, 3.0, 1.5))  # a, b, nu


def of_two(spec, natural, low, high):
    """The information of two atoms, of their parameters and then the shared ones."""
    each, shared = (*spec.gate.bias, *spec.gate.own, *spec.expert.parameters), spec.gate.shared
    *rows, rest = np.split(natural, [len(each), 2 * len(each)])
    first, last = (dict(zip(each, map(exact, row.tolist()), strict=True)) for row in rows)
    common = dict(zip(shared, map(exact, rest.tolist()), strict=True))
    return information_at(Truth(spec, (first, last), common, (exact(low), exact(high))), held_of(spec))


def test_it_is_the_information_of_an_activation_gate():
    """beta0 1/5 and 0, beta1 3/2 and -7/10, tau 1/2."""
    natural = np.array([0.2, 1.5, *LINES[0], 0.0, -0.7, *LINES[1], 0.5])
    found = of_two(model("activation", activation="tanh"), natural, -3, 3)
    measure = MixingMeasure([[1.5], [-0.7]], [0.2, 0.0], 0.5, [[1.0], [-1.0]], [0.0, 3.0], [1.0, 1.5])
    gate = compiled("tanh")
    expected = information(measure, Layout(2, 1, "free"), gate, quadrature(measure, gate, -3, 3))
    assert found.variance("tau") == pytest.approx(expected.variance("tau"), rel=1e-8)
    for name in ("beta1", "a", "nu"):
        assert found.variance(name, 1) == pytest.approx(expected.variance(name, 1), rel=1e-8)


@pytest.mark.parametrize(
    ("gate", "own", "shared"),
    [("laplace", ((0.3, 0.2), (0.0, -1.0)), (0.8,)), ("gaussian", ((1.2, 0.5, 0.7), (1.0, -0.5, 1.1)), ())],
)
def test_it_is_minus_the_expected_hessian(gate, own, shared):
    """By midpoints in x, which are good to 1e-5 of what is integrated, and the trapezoid rule in y."""
    natural = np.array([*own[0], *LINES[0], *own[1], *LINES[1], *shared])
    spec = model(gate)
    found, formulas = of_two(spec, natural, -2, 2), formulas_of(spec)
    x, y = (np.arange(4000) + 0.5) / 1000 - 2, np.arange(-9, 13, 0.25)
    at, response = np.repeat(x, len(y))[:, None], np.tile(y, len(x))
    atoms = [atom_jets(formulas, at, natural[v]) for v in Coordinates(formulas, 2).values]
    odds = np.exp([jets.log_weight for jets in atoms])
    normals = [norm.pdf(response, j.mean, nu**0.5) for j, (*_, nu) in zip(atoms, LINES, strict=True)]
    density = (odds * normals).sum(axis=0) / odds.sum(axis=0)
    sums = plain_sums(formulas, 2, natural, at, response, density * 0.25 / 4000, np.zeros(len(at)))
    free = np.ones(len(natural), dtype=bool)
    free[len(own[0]) + 3] = False  # the weight of the last atom
    np.testing.assert_allclose(found.factor.T @ found.factor, -sums.hessian[np.ix_(free, free)], rtol=1e-5, atol=1e-6)


def test_what_is_flat_has_no_variance():
    """c and Gamma of two Gaussian gates: one direction of log pi, log Gamma and c keeps the odds."""
    found = of_two(model("gaussian"), np.array([1.2, 0.5, 0.7, *LINES[0], 1.0, -0.5, 1.1, *LINES[1]]), -2, 2)
    c, a = (np.eye(len(found.names))[found.names.index((name, 0))] for name in ("c", "a"))
    assert len(found.flat) == 2
    assert found.variance_along(c) is None
    assert found.variance_along(a) > 0


def test_a_space_is_refused():
    with pytest.raises(ValueError, match="d = 1 or 2, not 3"):
        information_at(default_truth(model("softmax", dim=3)), ())
