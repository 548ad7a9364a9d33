"""The information of formulas of no paper, against another quadrature of the symbolic density and against samples."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import fixed_quad

from temperance.numerics.information.parameters import free_names, held_in, told
from temperance.theory.contact.places import exact_truth
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, atom_symbol, covariates, symbolic_density

HINGE = "where(x > c, x - c, 0)*w"
WAVES = "tanh(w*x)/tau + q*x**2"
FORMULAS = ((WAVES, "a*tanh(x) + b", (-2, 0, 2)), (HINGE, "a*x + b", (-2, 0.5, 1, 2)))


@lru_cache(maxsize=4)
def case(gate, expert):
    """The truth, what is free as symbols, and the density and its score as functions of x and y."""
    truth = exact_truth(model(gate, expert))
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
    for p, expected in zip(free, variances, strict=True):
        found = told(truth, held, p)
        assert found.variance == pytest.approx(expected, rel=1e-6)
        assert found.error < 1e-8
        assert found.flat == 0


def test_it_is_the_mean_square_of_the_influence_of_samples():
    truth, held, free, evaluate = case(*FORMULAS[1][:2])
    rng, n = np.random.default_rng(5), 200_000
    x = rng.uniform(-2, 2, n)
    (one, other), values = truth.atoms, {p.name: p for p in truth.atoms[0]}

    def of(name):
        return [float(atom[values[name]]) for atom in (one, other)]

    odds = [w * np.maximum(x - c, 0) + b for w, c, b in zip(of("w"), of("c"), of("beta0"), strict=True)]
    first = rng.uniform(size=n) < 1 / (1 + np.exp(odds[1] - odds[0]))
    a, b, nu = (np.where(first, *of(name)) for name in ("a", "b", "nu"))
    _, slopes = score(evaluate, x, a * x + b + np.sqrt(nu) * rng.standard_normal(n))
    for p in free[:2]:
        shares = np.array([_covariance(truth, held, p, q) for q in free])
        squares = (shares @ slopes) ** 2  # of the influence, whose variance is [I^-1]_pp
        assert abs(squares.mean() - told(truth, held, p).variance) < 4 * squares.std() / np.sqrt(n)


def _covariance(truth, held, p, q):
    """[I^-1]_pq, from variances of sums and differences."""
    if p == q:
        return told(truth, held, p).variance
    return (told(truth, held, p + q).variance - told(truth, held, p - q).variance) / 4


def test_what_flows_move_is_not_told_and_their_invariants_are():
    truth = exact_truth(model("kappa*cos(x - c)/tau"))
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
    truth = exact_truth(model(gate, dim=2))
    return truth, held_in(truth, "free"), atom_symbol(truth.spec.gate.own[0], 1)


def test_jumps_that_move_and_cones_are_refused():
    truth = exact_truth(model("where(x < c, 0, w*x)"))
    with pytest.raises(ValueError, match="the gate jumps where c moves the jump"):
        told(truth, held_in(truth, "free"), atom_symbol(truth.spec.gate.own[0], 1))
    with pytest.raises(ValueError, match="the gate has a cone"):
        told(*plane("-norm(x - c)/tau"))


def test_a_jump_that_stays_is_no_obstacle():
    truth = exact_truth(model("where(x < 1, 0, w*x)"))
    (w,) = truth.spec.gate.own
    assert told(truth, held_in(truth, "free"), atom_symbol(w, 1)).error < 1e-8
