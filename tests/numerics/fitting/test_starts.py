"""Starts from the data, and splits of a fit of one atom less."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.fitting.problem import layout_problem
from temperance.numerics.fitting.starts import clusterwise_regression, hop, labellings, rough_start, splits
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.generated import layout_formulas
from temperance.numerics.mixture.measures import Layout, sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.claim_studies import GELU, RELU, TANH, TANH_FREE
from temperance.theory.activations.activation import activation


def two_lines(rng, d, noise):
    x = rng.uniform(-3, 3, (300, d))
    return x, np.where(rng.random(300) < 0.5, 1, -1) * (1 + x.sum(axis=1)) + noise * rng.normal(size=300)


@pytest.mark.parametrize("d", [1, 2])
def test_clusterwise_regression_recovers_two_lines(d):
    """The best of four starts; residuals of points near both lines are cut short."""
    f, points = layout_formulas(activation("tanh"), d), Points(*two_lines(np.random.default_rng(0), d, 0.1))
    ends = [clusterwise_regression(f, points, 2, np.random.default_rng(seed)) for seed in range(4)]
    lines, nu = min(ends, key=lambda end: end[1].sum())
    np.testing.assert_allclose(sorted(lines.tolist()), [[-1.0] * (d + 1), [1.0] * (d + 1)], atol=0.15)
    assert nu == pytest.approx(0.01, rel=0.5)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones((300, 1)), np.arange(300.0)),
        (np.tile([[-1.0], [1.0]], (150, 1)), np.zeros(300)),
        (np.eye(5)[:, :2], np.arange(5.0)),
    ],
    ids=["one x", "no noise", "few"],
)
def test_clusterwise_regression_of_degenerate_data_is_finite(x, y):
    f = layout_formulas(activation("tanh"), x.shape[1])
    for k in (1, 2, 4):
        lines, nu = clusterwise_regression(f, Points(x, y), k, np.random.default_rng(k))
        assert np.isfinite(lines).all()
        assert (nu > 0).all()


CASES = [("tanh", Layout(2, 1, "free")), ("linear", Layout(3, 1, "anchored", 1.0)), ("relu", Layout(2, 2))]
CASES += [("sqrt(z + 3)", Layout(2, 1))]  # has no value where many draws would need one


@pytest.mark.parametrize(("name", "layout"), CASES)
def test_rough_starts_are_inside_and_far_better_than_one_atom_is(name, layout):
    x, y = two_lines(np.random.default_rng(5), layout.d, 0.1)
    problem = layout_problem(layout, replace(compiled(name), machine_code=False), Points(x, y), TANH_FREE.box)
    alone = -len(y) / 2 * (np.log(2 * np.pi * y.var()) + 1)
    values = []
    for seed in range(4):
        u = rough_start(problem, np.random.default_rng(seed))
        assert ((u >= problem.lower) & (u <= problem.upper)).all()
        values.append(problem.sums(u).value)
    assert max(values) > alone + 50


@pytest.mark.parametrize("study", [TANH, RELU, GELU], ids=lambda study: study.name)
def test_splits_double_an_atom_and_leave_its_weighted_mean(study):
    points = Points(*sample(study.truth, study.gate, 500, seed=1))
    problem = replace(study, k=3).problem(points, compiled=False)
    smaller, layout = problem.smaller(), Layout(3, 1, study.gauge)
    u, b = study.layout.pack(study.truth), study.truth.b
    starts = splits(problem, [(smaller, u)] * 8, np.random.default_rng(0))
    assert len(starts) == 8
    apart = []
    for start in starts:
        g = layout.unpack(start)
        assert float(g.tau) == pytest.approx(float(study.truth.tau))
        assert g.beta0[-1] == 0.0
        (single,) = (i for i in range(3) if np.isclose(g.b[i], b, atol=1e-12).any())
        pair = [i for i in range(3) if i != single]
        shares = np.exp(g.beta0[pair] / g.tau)
        shares /= shares.sum()
        assert 0.2 <= shares.min() <= 0.5
        for value, true in ((g.b, b), (g.a[:, 0], study.truth.a[:, 0]), (np.log(g.nu), np.log(study.truth.nu))):
            assert np.abs(shares @ value[pair] - true).min() < 1e-9
        apart.append(abs(np.subtract(*g.b[pair])))
    assert max(apart) > 3 * min(apart)  # at all scales
    np.testing.assert_array_equal(starts, splits(problem, [(smaller, u)] * 8, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("study", "ways"), [(TANH, 2), (TANH_FREE, 2), (RELU, 1), (GELU, 2)], ids=lambda v: getattr(v, "name", "")
)
def test_labellings_have_the_density_of_the_fit(study, ways):
    """In the free gauge each atom may be the last; where a gate is anchored, if s is odd and there are two."""
    points = Points(*sample(study.truth, study.gate, 300, seed=1))
    problem = replace(study, k=3).problem(points, compiled=False)
    smaller = problem.smaller()
    u = smaller.inside(smaller.natural(replace(study.layout, k=2).pack(study.truth)))
    every = labellings(problem, smaller, u)
    assert len(every) == ways
    value = smaller.sums(u).value
    for rows in every:
        theta = smaller.full(u)
        theta[: rows.size] = rows.ravel()
        full = smaller.likelihood(theta, points.x, points.y, points.weights, points.reference)
        assert full.value == pytest.approx(value, rel=1e-12)


def test_a_hop_moves_one_atom_within_the_box_and_nothing_else():
    x, y = two_lines(np.random.default_rng(5), 1, 0.1)
    problem = layout_problem(
        TANH_FREE.layout, replace(compiled("tanh"), machine_code=False), Points(x, y), TANH_FREE.box
    )
    u, rng = (problem.lower + 2 * problem.upper) / 3, np.random.default_rng(0)
    atoms, parts = problem.places // problem.where.width, []
    for _ in range(200):
        start = hop(problem, u, rng)
        assert ((problem.lower <= start) & (start <= problem.upper)).all()
        (atom,) = set(atoms[start != u])
        assert (start != u)[atoms == atom].all()
        parts.append((atom, float(np.abs((start - u) / (problem.upper - problem.lower)).max())))
    assert {atom for atom, _ in parts} == {0, 1, 2}
    far = np.mean([part > 0.25 for _, part in parts])
    assert 0.5 < far < 0.8  # half go anywhere in the box, as do few of the others
