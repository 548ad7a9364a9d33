"""Maximum likelihood for arbitrary gates, and the rate studies that use it."""

from dataclasses import replace
from functools import partial
from itertools import product
from math import exp, log

import numpy as np
import pytest
import sympy as sp

from temperance.measurements.contact_orders import family
from temperance.numerics.fitting.families import Family, family_problem, require_smooth
from temperance.numerics.fitting.search import Effort, climb_all, search
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies import study
from temperance.numerics.studies.lattice import family_experiment, samples
from temperance.numerics.studies.results import family_errors
from temperance.numerics.studies.run import run_general
from temperance.numerics.studies.study import GeneralStudy
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.spec import NU

SETTINGS = [
    ("softmax", "gaussian", None),
    ("gaussian", "gaussian", None),
    ("activation-bias", "polynomial:2", "sigmoid"),
    ("linear", "constant", None),
]
CELLS = [(2, False), (3, False), (2, True)]
SHIFT = 0.3


def apart(gate, expert="gaussian", source=None, m=2, every=False):
    """A family with experts that are easy to tell from each other."""
    near = order_setting(gate, expert, source)
    atoms = tuple({**atom, NU: sp.Rational(n, 4)} for n, atom in enumerate(near.truth.atoms, 1))
    return Family(replace(near, truth=replace(near.truth, atoms=atoms), cells=(m, m if every else 1)))


def displaced(problem, seed=0):
    """Coordinates at which no derivative is 0 by chance."""
    return problem.base[problem.places] + SHIFT * np.random.default_rng(seed).uniform(-1, 1, len(problem.places))


def counted(found, n, seed):
    """A sample of the true mixture on the lattice."""
    return next(samples(family_experiment(found, n=n), (n,), seed=seed))


@pytest.mark.parametrize(("gate", "expert", "source"), SETTINGS)
def test_the_likelihood_is_that_of_the_model(gate, expert, source):
    """Point by point from the symbolic log weight and mean, in plain Python."""
    found = apart(gate, expert, source)
    points, cell = counted(found, 5, seed=1), found.setting
    problem = family_problem(found, points, compiled=False)
    u = displaced(problem)
    vector = problem.natural(u)
    symbols = {s.name: s for s in (cell.spec.gate.log_weight + cell.mean).free_symbols}
    shared = dict(zip((p.name for p in cell.spec.gate.shared), vector[3 * found.width :], strict=True))
    total = 0.0
    for at, value, count, reference in zip(points.x[:, 0], points.y, points.weights, points.reference, strict=True):
        weights, densities = [], []
        for atom in range(3):
            row = vector[atom * found.width : (atom + 1) * found.width]
            values = {**dict(zip(found.names, row, strict=True)), **shared, "x": at}
            own = {s: values.get(name, 1) for name, s in symbols.items()}
            mean = float(cell.mean.subs(own))
            weights.append(exp(row[0] + float(cell.spec.gate.log_weight.subs(own))))
            densities.append(exp(-((value - mean) ** 2) / (2 * values["nu"])) / (2 * np.pi * values["nu"]) ** 0.5)
        mean = sum(w * f for w, f in zip(weights, densities, strict=True)) / sum(weights)
        total += count * (log(mean) - reference)
    assert problem.sums(u).value == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(("setting", "cells"), [*zip(SETTINGS, [*CELLS, (2, True)], strict=True)])
def test_gradient_and_hessian_are_those_of_central_differences(setting, cells):
    found = apart(*setting, *cells)
    points, step = counted(found, 200, seed=2), 1e-5
    problem = family_problem(found, points, compiled=False)
    u = displaced(problem)
    here, n = problem.sums(u), points.n
    ends = [(problem.sums(u + move), problem.sums(u - move)) for move in step * np.eye(len(u))]
    assert np.abs(here.score).min() / n > 1e-6
    slopes = [(up.value - down.value) / (2 * step) for up, down in ends]
    assert here.score / n == pytest.approx(np.array(slopes) / n, abs=1e-8)
    bends = [(up.score - down.score) / (2 * step) for up, down in ends]
    np.testing.assert_allclose(here.hessian / n, np.array(bends) / n, atol=1e-7)


def test_a_fit_recovers_a_truth_of_two_different_atoms():
    """Data of three atoms that are far from each other: every parameter within five standard errors or so."""
    found = apart("softmax", "constant")
    rng = np.random.default_rng(4)
    truth = dict(zip(["weight", *found.names[1:]], [0.0, 1.0, 1.2, 0.25], strict=True))
    other = {"weight": -0.5, "beta1": -0.5, "b": -1.2, "nu": 0.1}
    x = rng.uniform(-2, 2, 4000)
    rows = [truth, other, {"weight": 0.0, "beta1": 0.0, "b": 3.0, "nu": 0.5}]
    logits = np.stack([r["weight"] + r["beta1"] * x for r in rows])
    chosen = (logits + rng.gumbel(size=logits.shape)).argmax(axis=0)
    y = np.array([r["b"] for r in rows])[chosen] + np.sqrt([r["nu"] for r in rows])[chosen] * rng.normal(size=len(x))
    points = Points(x[:, None], y)
    problem = family_problem(found, points, compiled=False)
    optimum = search(problem, seed=4, effort=Effort(4, 0, 4))
    vector = problem.natural(optimum.u)
    atoms = sorted((vector[l * found.width : (l + 1) * found.width] for l in (0, 1)), key=lambda r: -r[2])
    assert optimum.status == "converged"
    rows_theta = np.concatenate([[*list(r.values())[:-1], log(r["nu"])] for r in rows])
    assert optimum.log_likelihood >= problem.likelihood(rows_theta, points.x, points.y).value
    for atom, row in zip(atoms, (truth, other), strict=True):
        assert atom == pytest.approx(list(row.values()), abs=0.2)


@pytest.fixture(autouse=True)
def without_machine_code(monkeypatch):
    """A few points take less time than to compile what fits them."""
    monkeypatch.setattr(study, "family_problem", partial(family_problem, compiled=False))


def small(**changes):
    """A study of a second."""
    found, q = apart("softmax", "constant"), {"beta1": 2.0, "b": 4.0, "nu": 2.0}
    return replace(GeneralStudy("a study", found, q, (100, 300), 2, 1, 7), **changes)


def test_a_study_is_determined_by_its_definition():
    one, again, other = (run_general(small(seed=seed)) for seed in (7, 7, 8))
    assert set(one.errors) == {"beta1", "mean beta1", "b", "mean b", "nu", "mean nu"}
    for name, errors in one.errors.items():
        assert errors.shape == (2, 2, 1)
        assert np.array_equal(errors, again.errors[name])
        assert not np.array_equal(errors, other.errors[name])
    assert one.status.tolist() == again.status.tolist()
    assert np.array_equal(one.gaps, again.gaps)


def test_errors_are_weighted_by_the_shares():
    """Shares 3/4 and 1/4, offsets 0.1 and -0.3: the mean is 0 and (E |d|^q)^(1/q) by hand."""
    found = apart("softmax", "constant")
    vector = found.center.copy()
    vector[[found.index(0, "weight"), found.index(1, "weight")]] = log(3), 0.0
    vector[[found.index(0, "b"), found.index(1, "b")]] += [0.1, -0.3]
    errors = family_errors(found, vector, {"b": 4.0, "nu": 2.0})
    assert errors["mean b"] == pytest.approx(0, abs=1e-15)
    assert errors["b"] == pytest.approx((0.75 * 0.1**4 + 0.25 * 0.3**4) ** 0.25)
    assert errors["nu"] == errors["mean nu"] == 0


@pytest.mark.parametrize(("source", "same"), [("sqrt(1 + z**2)", True), ("tanh", False)])
def test_an_atom_at_minus_beta1_is_the_same_where_the_gate_is_even(source, same):
    found = apart("activation", "constant", source)
    vector = found.center.copy()
    vector[[found.index(0, "beta1"), found.index(1, "beta1")]] += [0.1, -0.2]
    image = vector.copy()
    image[found.index(1, "beta1")] *= -1
    errors = [family_errors(found, v, {"beta1": 2.0, "b": 4.0}) for v in (vector, image)]
    assert (errors[0] == errors[1]) is same
    assert errors[0]["mean beta1"] == pytest.approx(0.05)


def test_a_climb_that_is_stopped_early_says_so():
    problem = family_problem(found := apart("softmax", "constant"), counted(found, 300, seed=5), compiled=False)
    assert climb_all(problem, [displaced(problem)], passes=2).status == "max_steps"


@pytest.mark.parametrize(("m", "every"), CELLS)
def test_shares_of_a_cell_stay_within_a_factor(m, every):
    """At every corner of the box, whose extremes those of the shares are."""
    found = apart("softmax", "constant", m=m, every=every)
    problem, gaps = family_problem(found, counted(found, 5, seed=1), compiled=False), []
    at = np.flatnonzero(problem.places % found.width == 0)
    for signs in product((False, True), repeat=len(at)):
        u = problem.base[problem.places].copy()
        u[at] = np.where(signs, problem.upper[at], problem.lower[at])
        logs = problem.natural(u)[:: found.width]
        gaps += [np.ptp(cell) for cell in (logs[:m], logs[m:])]
    assert max(gaps) == pytest.approx(2)


@pytest.mark.parametrize(
    ("expert", "b", "half"), [("gaussian", 3, 2.0), ("gaussian", 2, 2.0), ("nonlinear:tanh", 1, 1.0)]
)
def test_no_box_of_a_cell_has_the_expert_of_the_other(expert, b, half):
    """In the box of b, which tells the two apart, atoms go 2 to either side, or halfway to the other expert."""
    near = order_setting("softmax", expert)
    slope, level = (p for p in near.expert if p != NU)
    lines = [{slope: sign * sp.S.Half, level: sign * b} for sign in (1, -1)]
    atoms = tuple({**atom, **line} for atom, line in zip(near.truth.atoms, lines, strict=True))
    found = Family(replace(near, truth=replace(near.truth, atoms=atoms), cells=(2, 1)))
    problem = family_problem(found, counted(found, 5, seed=1), compiled=False)
    at = np.flatnonzero(problem.places % found.width == found.names.index("b"))
    assert problem.upper[at] == pytest.approx([b + half, b + half, half - b])
    assert problem.lower[at] == pytest.approx([b - half, b - half, -b - half])
    assert found.halfway == ({"b": half} if half < 2 else {})


@pytest.mark.parametrize(("m", "every"), [(4, False), (3, True)])
def test_larger_cells_are_refused(m, every):
    with pytest.raises(ValueError, match=r"one to three atoms beside one, and two beside two, not \("):
        require_smooth(apart("softmax", m=m, every=every))


@pytest.mark.parametrize(
    ("gate", "source", "dim"), [("laplace", None, 1), ("laplace", None, 2), ("activation", "relu", 1)]
)
def test_a_kink_that_x_can_reach_is_refused(gate, source, dim):
    """In the plane, the distance of a Laplace gate has a cone at beta1."""
    with pytest.raises(ValueError, match="a kink that x can reach"):
        require_smooth(family(order_setting(gate, "gaussian", source, dim=dim)))


def test_kinks_in_the_plane_are_refused():
    with pytest.raises(ValueError, match="has kinks, and these are measured in d = 1"):
        family(order_setting("activation", "gaussian", "relu", dim=2)).grid(1.0)
