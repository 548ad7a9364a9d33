"""The search of `temperance fit`: pooled points, and starts from splits of the smaller maximum."""

import numpy as np
import pytest

from temperance.numerics.fitting import search as search_module
from temperance.numerics.fitting.mle import Box, fit_points
from temperance.numerics.fitting.newton import GRADIENT
from temperance.numerics.fitting.search import pooled, search
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.theory.activations.activation import activation

LINEAR = compile_activation(activation("linear"))
TRUTH = MixingMeasure([[3.0], [0.0]], [-0.5, 0.0], 1.0, [[1.0], [-1.0]], [0.5, -0.5], [0.09, 0.16])
BOX = Box(50.0, 50.0, (0.5, 2.0), 50.0, 50.0, (0.03, 1.0))


def drawn(n, replicate):
    return Points(*sample(TRUTH, LINEAR, n, seed=5, replicate=replicate, low=-1, high=1))


def test_pooled_points_keep_number_and_means():
    points = drawn(30_000, 0)
    few = pooled(points, 0.03)
    assert len(few.y) <= len(points.y) / 6
    assert few.n == points.n
    assert np.allclose(few.mean(few.x), points.mean(points.x), rtol=1e-12)
    assert np.isclose(few.mean(few.y), points.mean(points.y), rtol=1e-12)
    # within a cell y varies by less than its height: the variance changes by no more
    assert 0 <= points.y.var() - few.mean((few.y - few.mean(few.y)) ** 2) <= 0.03


def test_weighted_points_are_pooled_as_repeated_ones():
    points = drawn(30_000, 1)
    twice = Points(points.x, points.y, np.full(len(points.y), 2.0), np.sin(points.y))
    few, single = pooled(twice, 0.03), pooled(points, 0.03)
    assert np.allclose(few.weights, 2 * single.weights)
    assert np.allclose(few.x, single.x)
    assert np.isclose(few.total(few.reference), twice.total(twice.reference))


@pytest.mark.parametrize(("n", "least"), [(2_000, 0.03), (30_000, 1e-7)])
def test_few_points_and_coarse_cells_are_not_pooled(n, least):
    assert pooled(drawn(n, 0), least) is None


@pytest.mark.parametrize("replicate", range(3))
def test_the_search_climbs_as_high_as_the_same_starts_on_all_points(replicate):
    points, layout = drawn(20_000, replicate), Layout(3, 1, tau=1.0)
    assert pooled(points, BOX.nu[0]) is not None
    alone = fit_points(layout, LINEAR, points, box=BOX, starts=2, seed=replicate)
    found = search(layout, LINEAR, points, box=BOX, starts=2, seed=replicate)
    assert found.is_estimate
    assert found.gradient_norm <= GRADIENT * points.n
    assert found.log_likelihood >= alone.log_likelihood - 1e-3
    assert found.starts == 2 + 2 * 4
    assert 1 <= found.agree <= found.starts
    again = search(layout, LINEAR, points, box=BOX, starts=2, seed=replicate)
    assert (again.theta == found.theta).all()


def test_two_atoms_of_few_points_are_searched_as_before():
    points, layout = drawn(500, 4), Layout(2, 1, tau=1.0)
    before = fit_points(layout, LINEAR, points, box=BOX, starts=3, seed=1)
    found = search(layout, LINEAR, points, box=BOX, starts=3, seed=1)
    assert (found.theta == before.theta).all()
    assert (found.starts, found.agree) == (before.starts, before.agree)


def test_starts_are_climbed_on_all_points_where_the_best_of_pooled_ones_is_not_defined_there(monkeypatch):
    points, layout, calls = drawn(20_000, 0), Layout(2, 1, tau=1.0), []

    def refuses_first(*args, **options):
        calls.append(len(options["known_starts"]))
        if len(calls) == 1:
            raise ValueError("the likelihood is finite at no start")
        return fit_points(*args, **options)

    monkeypatch.setattr(search_module, "fit_points", refuses_first)
    found = search(layout, LINEAR, points, box=BOX, starts=2, seed=0)
    assert calls == [1, 2]
    alone = fit_points(layout, LINEAR, points, box=BOX, starts=2, seed=0)
    assert (found.theta == alone.theta).all()
