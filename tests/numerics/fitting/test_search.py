"""The search for the maximum: two halves that share nothing, pooled points, and what other searches reach."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.fitting import search as module
from temperance.numerics.fitting.climb import GRADIENT, Stop
from temperance.numerics.fitting.problem import Box, layout_problem
from temperance.numerics.fitting.search import (
    Effort,
    climb_all,
    fewer_atoms,
    pooled,
    search,
    search_once,
    shift_of,
    starts_of,
)
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.claim_studies import TANH_FREE, TANH_MIRROR, TANH_SPLITS
from temperance.numerics.studies.lattice import samples

LINEAR = compiled("linear")
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


@pytest.mark.slow
def test_a_search_on_pooled_points_ends_as_high_as_its_starts_on_all_points():
    points, effort = drawn(8_000, 0), Effort(2, 6, 4)
    problem = layout_problem(Layout(3, 1, tau=1.0), LINEAR, points, BOX)
    few = problem.at(pooled(points, BOX.nu[0]))
    stop = Stop.in_sample_units(points.n)
    optimum = search(problem, seed=0, effort=effort)
    for half in (0, 1):
        starts = starts_of(few, fewer_atoms(few, effort, [0, half], stop), effort, [0], half)
        assert optimum.log_likelihood >= climb_all(problem, starts).log_likelihood - 1e-3
    assert optimum.is_estimate
    assert optimum.maximum.gradient_norm <= GRADIENT
    assert optimum.starts == 2 * 12
    assert 1 <= optimum.agree <= optimum.starts
    assert (search(problem, seed=0, effort=effort).u == optimum.u).all()


def test_two_searches_share_no_start_and_their_gap_is_the_difference_of_their_ends():
    (points,) = samples(TANH_FREE.lattice, (10**4,), seed=3)
    problem, effort, stop = TANH_FREE.problem(points), Effort(1, 1, 1), Stop.in_sample_units(10**4)
    halves, starts = [], []
    for half in (0, 1):
        fewer = fewer_atoms(problem, effort, [5, half], stop)
        starts.append({tuple(start) for start in starts_of(problem, fewer, effort, [5], half)})
        halves.append(search_once(problem, effort, [5], half, stop=stop))
    assert [len(half) for half in starts] == [3, 3]
    assert not starts[0] & starts[1]
    both, ends = search(problem, seed=5, effort=effort, stop=stop), [half.log_likelihood for half in halves]
    assert both.gap == abs(ends[0] - ends[1])
    assert both.log_likelihood == pytest.approx(max(ends), abs=1e-9)  # of ends that agree it is the first
    assert both.starts == 6


@pytest.fixture(scope="module")
def two_maxima():
    """A problem at a mirror point of tanh, whose sample has two maxima 1.76 apart, and these: the lower one first."""
    points = Points(*sample(TANH_MIRROR.truth, TANH_MIRROR.gate, 500, seed=3))
    problem = TANH_MIRROR.problem(points, compiled=False)
    ends = [search_once(problem, Effort(1, 0, 0), [seed], 0) for seed in range(12)]
    return problem, *(choose(ends, key=lambda end: end.log_likelihood).u for choose in (min, max))


def test_a_higher_maximum_that_one_search_alone_reaches_is_seen_as_a_gap(two_maxima, monkeypatch):
    problem, low, high = two_maxima
    gap = float(problem.sums(high).value - problem.sums(low).value)
    assert gap > 0.5
    for planted in ((low, high), (high, low)):
        monkeypatch.setattr(module, "starts_of", lambda *given, ends=planted: [ends[given[-1]]])
        optimum = search(problem, seed=0, effort=Effort(1, 0, 0, rounds=1))
        assert optimum.gap == pytest.approx(gap, abs=1e-6)
        assert (optimum.agree, optimum.starts) == (1, 2)
        assert optimum.log_likelihood == pytest.approx(problem.sums(high).value)


def test_searches_that_differ_go_on_and_agree(two_maxima, monkeypatch):
    """Each is given the lower maximum in its first round at most, and both the higher one in the second."""
    problem, low, high = two_maxima
    monkeypatch.setattr(module, "starts_of", lambda *given: [(low, high, high, low)[given[-1]]])
    optimum = search(problem, seed=0, effort=Effort(1, 0, 0))
    assert (optimum.gap, optimum.agree, optimum.starts) == (pytest.approx(0, abs=1e-6), 2, 4)


def test_no_two_turns_share_a_node_or_a_start():
    assert [shift_of(turn) for turn in range(6)] == [0, 1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8]
    assert [Effort(1, 2, 3).at(turn).peaks for turn in range(6)] == [2, 2, 4, 4, 8, 8]
    assert Effort(1, 2, 3, hops=4).at(5) == Effort(4, 8, 12, hops=16)


@pytest.mark.slow
def test_hops_reach_a_maximum_that_is_no_split_and_no_peak():
    """It is higher by 0.8 than what 10 peaks and 20 splits lead to."""
    (points, *_) = replace(TANH_SPLITS, seed=881_001).data(8)
    problem, stop = TANH_SPLITS.problem(points), Stop.in_sample_units(points.n)
    without = search_once(problem, Effort(0, 10, 20), [0], 0, stop=stop)
    ends = [search_once(problem, Effort(0, 10, 20, hops=60), [0], turn, stop=stop) for turn in (0, 1)]
    assert ends[0].starts == without.starts + 60
    assert max(end.log_likelihood for end in ends) > without.log_likelihood + 0.5


@pytest.mark.slow
def test_a_search_reaches_what_150_random_climbs_reach():
    """Of a cell of tanh whose weights are free, the maximum is most often an atom far away, with a small weight."""
    (points,) = samples(TANH_FREE.lattice, (10**4,), seed=11)
    problem, stop, rng = TANH_FREE.problem(points), Stop.in_sample_units(10**4), np.random.default_rng(0)
    starts = rng.uniform(problem.lower, problem.upper, (150, len(problem.lower)))
    best = climb_all(problem, starts, 150, stop)
    optimum = search(problem, seed=0, effort=TANH_FREE.effort, stop=stop)
    assert optimum.is_estimate
    assert optimum.log_likelihood >= best.log_likelihood - 0.05


def test_a_search_begins_at_the_fits_of_fewer_atoms_that_it_is_given(monkeypatch):
    """Neither half searches for them again, and a place outside of the box does no harm."""
    problem = layout_problem(Layout(3, 1, tau=1.0), replace(LINEAR, machine_code=False), drawn(200, 0), BOX)
    effort = Effort(1, 2, 2, rounds=1)
    whole = search(problem, seed=0, effort=effort)
    two = search(problem.smaller(), seed=0, effort=effort)
    monkeypatch.setattr(module, "fewer_atoms", None)
    from_two = search(problem, seed=0, effort=effort, fewer=[two.u])
    outside = search(problem, seed=0, effort=effort, fewer=[np.where(two.u == two.u.max(), 1e3, two.u)])
    for optimum in (from_two, outside):
        assert optimum.log_likelihood >= two.log_likelihood - 1e-6
        assert optimum.log_likelihood == pytest.approx(whole.log_likelihood, abs=3)
