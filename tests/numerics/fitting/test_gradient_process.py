"""The gradient process of one more atom: against derivatives, projections and gains that are computed otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.fitting.climb import Stop
from temperance.numerics.fitting.problem import Box, layout_problem
from temperance.numerics.fitting.search import Effort, search_once
from temperance.numerics.fitting.starts import (
    Density,
    GradientProcess,
    candidate_experts,
    embeddings,
    process_starts,
)
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import log_weights, means_of
from temperance.numerics.mixture.measures import Layout, MixingMeasure, log_density, sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.claim_studies import TANH_FREE
from temperance.numerics.studies.lattice import samples

TRUTH = MixingMeasure([[0.9], [0.0]], [0.25, 0.0], 0.5, [[0.5], [-0.5]], [1.0, -1.0], [0.5, 0.25])
BOX = Box(4.0, 400.0, (0.1, 4.0), 5.0, 5.0, (0.05, 2.0))  # beta0 goes down to any small weight
EXPERTS = np.array([[0.4, 0.5, 0.4], [-0.6, -2.0, 0.3], [0.0, 0.0, 1.0]])
GATES = np.array([[0.0, 0.7], [0.0, -1.5]])  # the offset, and beta1


def fitted(source, gauge, n=400, weighted=False):
    """The problem of three atoms, that of two and its maximum, in NumPy."""
    gate = replace(compiled(source), machine_code=False)
    x, y = sample(TRUTH, gate, n, seed=2)
    weights = np.random.default_rng(1).integers(1, 4, n).astype(float)
    points = Points(x, y, weights, np.zeros(n)) if weighted else Points(x, y)
    layout = Layout(3, 1, gauge, 0.5 if source == "linear" else None)
    problem = layout_problem(layout, gate, points, BOX)
    smaller = problem.smaller()
    start = replace(layout, k=2).pack(TRUTH)
    return layout, gate, problem, smaller, smaller.climb(start * _ratios(layout, start)).theta


def _ratios(layout, theta):
    """The linear gate is fitted at the temperature 1."""
    names = replace(layout, k=2).names
    return np.array([1 / layout.tau if layout.tau and n in ("beta1", "beta0") else 1.0 for n, _ in names])


def with_weight(problem, way, gate, expert, weight):
    """Parameters of an embedding whose new atom has this weight, from the definition."""
    natural, where = way.natural.copy(), problem.where
    tau = natural[-1] if problem.formulas.shared else 1.0
    natural[where.values[way.slot]] = [
        tau * np.log(weight),
        gate[1],
        *natural[where.size - problem.formulas.shared :],
        *expert[:-1],
    ]
    natural[where.nu[way.slot]] = expert[-1]
    natural[where.values[:, 0]] -= natural[where.values[-1, 0]]
    return natural


def point_log_densities(problem, layout, gate, natural):
    """Of every point, from the plain density of a measure."""
    full, where = natural.copy(), problem.where
    full[where.logs] = np.log(full[where.logs])
    atoms = [
        [*full[row[1:2]], full[row[0]], *full[row[2 + problem.formulas.shared :]], full[nu]]
        for row, nu in zip(where.values, where.nu, strict=True)
    ]
    tau = natural[-1] if problem.formulas.shared else 1.0
    beta1, beta0, a, b, nu = np.array(atoms).T
    measure = MixingMeasure(beta1[:, None], beta0, tau, a[:, None], b, np.exp(nu))
    return log_density(measure, gate, problem.points.x, problem.points.y)


@pytest.mark.parametrize(
    ("source", "gauge", "ways"), [("tanh", "anchored", 5), ("gelu", "free", 2), ("linear", "anchored", 2)]
)
def test_d_and_v_are_derivative_and_what_a_projection_leaves(source, gauge, ways):
    """In every way to write the smaller fit, from differences of log densities; where the point has a weight, too."""
    layout, gate, problem, smaller, u = fitted(source, gauge, weighted=True)
    every, weights = list(embeddings(problem, smaller, u)), problem.points.weights
    assert len(every) == ways
    f, density, step = problem.formulas, Density(problem, every[0], problem.points), 1e-5
    sums = density.sums(means_of(f, density.x, EXPERTS[:, :-1]), EXPERTS[:, -1])
    for way in every:
        shared = np.tile(way.natural[len(way.natural) - f.shared :], (len(GATES), 1))
        process = GradientProcess(problem, way, density)
        d, v = process.over(log_weights(f, density.x, GATES, shared), *sums)
        for i, own in enumerate(GATES):
            for j, expert in enumerate(EXPERTS):
                scale = np.exp((log_weights(f, density.x, own[None], shared[:1]) - process.log_gates).max())
                step_of_w = 1e-6 / scale  # the largest ratio of its gate to all others times the weight is 1e-6
                small, least = (with_weight(problem, way, own, expert, w) for w in (step_of_w, 1e-7 * step_of_w))
                base = point_log_densities(problem, layout, gate, least)
                rise = (point_log_densities(problem, layout, gate, small) - base) / step_of_w
                new = {
                    *problem.where.values[way.slot, :2],
                    *problem.where.values[way.slot, 2 + f.shared :],
                    problem.where.nu[way.slot],
                }
                scores = []
                for place in {*problem.places.tolist()} - new:
                    up, down = least.copy(), least.copy()
                    up[place], down[place] = up[place] + step, down[place] - step
                    both = (point_log_densities(problem, layout, gate, one) for one in (up, down))
                    scores.append(np.subtract(*both) / (2 * step))
                root = np.sqrt(weights)
                scores, rise = np.array(scores).T * root[:, None], rise * root
                rest = rise - scores @ np.linalg.lstsq(scores, rise, rcond=1e-6)[0]
                assert d[i, j] == pytest.approx(rise @ root, rel=1e-3, abs=1e-3 * np.abs(rise).sum())
                if d[i, j] > 0:
                    assert v[i, j] == pytest.approx(rest @ rest, rel=1e-3)
        assert (d > 0).sum() >= 2


def test_half_the_square_of_t_is_the_gain_of_one_more_atom():
    """With gate and expert of the new atom held, a climb in its weight and in all other atoms gains T^2/2."""
    n, rng = 10**9, np.random.default_rng(0)  # of so many points, the gain is of second order in the weight
    (points,) = samples(TANH_FREE.lattice, (n,), seed=1)
    problem, stop = layout_problem(TANH_FREE.layout, TANH_FREE.gate, points, BOX), Stop.in_sample_units(n)
    smaller = problem.smaller()
    u = smaller.climb(replace(TANH_FREE.layout, k=2).pack(TANH_FREE.truth), stop=stop).theta
    way, f = next(iter(embeddings(problem, smaller, u))), problem.formulas
    density = Density(problem, way, points)
    experts = candidate_experts(problem, smaller, u, 0, rng)
    experts = experts[np.hypot(experts[:, 0], experts[:, 1]) < 1]  # far from both others: v is far from all scores
    gates = log_weights(f, density.x, GATES, np.tile(way.natural[-1:], (2, 1)))
    sums = density.sums(means_of(f, density.x, experts[:, :-1]), experts[:, -1])
    d, v = GradientProcess(problem, way, density).over(gates, *sums)
    t = np.where((d > 0) & (v > 0), d / np.sqrt(np.maximum(v, 1e-300)), 0.0)
    before, gains, squares = smaller.sums(u).value, [], []
    for index in np.argsort(-t, axis=None)[:60:20]:
        i, j = np.unravel_index(index, t.shape)
        start = problem.inside(with_weight(problem, way, GATES[i], experts[j], d[i, j] / v[i, j]))
        held = np.isin(problem.places, [problem.where.values[0, 1], *problem.where.values[0, 3:], problem.where.nu[0]])
        low, high = np.where(held, start, problem.lower), np.where(held, start, problem.upper)
        gains.append(replace(problem, lower=low, upper=high).climb(start, 200, stop).value * points.n - before)
        squares.append(t[i, j] ** 2 / 2)
    assert max(squares) > 1
    ratios = np.array(gains) / squares
    assert ratios.min() > 0.98
    assert np.median(ratios) == pytest.approx(1, abs=0.02)  # at times a climb leads on, to a higher maximum


def test_sums_in_machine_code_are_those_of_numpy():
    (points,) = samples(TANH_FREE.lattice, (10**6,), seed=1)
    found = []
    for machine_code in (True, False):
        problem = TANH_FREE.problem(points, compiled=machine_code)
        smaller = problem.smaller()
        u = replace(TANH_FREE.layout, k=2).pack(TANH_FREE.truth)
        way = next(iter(embeddings(problem, smaller, u)))
        density = Density(problem, way, points)
        experts = candidate_experts(problem, smaller, u, 1, np.random.default_rng(0))[::40]
        found.append(density.sums(means_of(problem.formulas, density.x, experts[:, :-1]), experts[:, -1]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8 * np.abs(other).max())


def test_starts_lie_where_t_is_high_and_two_grids_share_none():
    (points,) = samples(TANH_FREE.lattice, (10**4,), seed=1)
    problem, stop = TANH_FREE.problem(points, compiled=False), Stop.in_sample_units(10**4)
    smaller = problem.smaller()
    fewer = search_once(smaller, Effort(1, 0, 0), [1], 0, stop=stop)
    both = [process_starts(problem, smaller, fewer.u, 12, shift, np.random.default_rng(0)) for shift in (0, 0.5)]
    for starts in both:
        assert len(starts) == 12
        values = [problem.sums(start).value for start in starts]
        assert np.median(values) > fewer.log_likelihood  # at the best weight of the new atom, before any climb
        assert all(((start >= problem.lower) & (start <= problem.upper)).all() for start in starts)
    assert not {tuple(start) for start in both[0]} & {tuple(start) for start in both[1]}
