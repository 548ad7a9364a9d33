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
from temperance.numerics.fitting.starts import clusterwise_regression, hop, labellings, rough_start, splits
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import layout_formulas
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.claim_studies import GELU, RELU, TANH, TANH_FREE, TANH_MIRROR, TANH_SPLITS
from temperance.numerics.studies.lattice import samples
from temperance.theory.activations.activation import activation

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


def test_a_search_that_is_stopped_keeps_its_best_end_only_when_it_is_told_to(two_maxima, monkeypatch):
    """Each search has one start in the first round; Ctrl-C comes when its progress is told."""
    problem, low, high = two_maxima
    monkeypatch.setattr(module, "starts_of", lambda *given: [low])

    def stopping(after):
        count = iter(range(1, after))

        def progress(done, total):
            if next(count, None) is None:
                raise KeyboardInterrupt

        return {"seed": 0, "effort": Effort(1, 0, 0), "progress": progress}

    with pytest.raises(KeyboardInterrupt):
        search(problem, **stopping(1))
    optimum = search(problem, **stopping(1), keep=True)
    assert (optimum.starts, optimum.planned, optimum.is_estimate) == (1, 2, True)
    assert np.isnan(optimum.gap)
    assert optimum.log_likelihood == pytest.approx(problem.sums(low).value)
    both = search(problem, **stopping(2), known=[high], keep=True)
    assert (both.starts, both.planned, both.gap) == (2, 3, pytest.approx(0, abs=1e-6))
    assert search(problem, **stopping(9), keep=True).planned is None
    monkeypatch.setattr(module, "starts_of", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):  # before a climb has ended
        search(problem, **stopping(9), keep=True)


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
def test_starts_anywhere_reach_a_maximum_that_no_peak_no_split_and_no_hop_reaches():
    """It is higher by 0.23: there tau is half of that at the peaks, and the new atom is the last."""
    (points, *_) = replace(TANH_FREE, seed=990_035).data(10)
    problem, stop = TANH_FREE.problem(points), Stop.in_sample_units(points.n)
    ends = [
        search_once(problem, Effort(0, 40, 16, hops=12, uniform=count), [0], 0, stop=stop).log_likelihood
        for count in (0, 60)
    ]
    assert ends[1] > ends[0] + 0.2


def test_starts_anywhere_lie_in_the_box_and_are_climbed_like_the_others():
    problem = TANH_MIRROR.problem(Points(*sample(TANH_MIRROR.truth, TANH_MIRROR.gate, 100, seed=3)), compiled=False)
    effort = Effort(0, 0, 0, uniform=3, hops=2)
    places = np.array([starts_of(problem, None, effort, [1], turn) for turn in (0, 1)])
    assert places.shape[:2] == (2, 3)
    assert ((places > problem.lower) & (places < problem.upper)).all()
    assert len({tuple(u) for u in places.reshape(6, -1)}) == 6
    assert search(problem, seed=1, effort=effort).starts == search_once(problem, effort, [1], 0).starts * 2 == 10


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


# -- starts from the data, and splits of a fit of one atom less


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


def test_a_climb_of_many_parameters_makes_few_hessians():
    """128 of them, from a start on a part of the points: it ends as high as the climb from the truth."""
    rng, d, n = np.random.default_rng(4), 20, 1_500
    x, noise = rng.normal(size=(n, d)), 0.3 * rng.normal(size=n)
    gates, slopes = np.zeros((3, d)), rng.normal(size=(3, d))
    gates[0, 0] = gates[1, 1] = 2.0
    atoms = (x @ gates.T + rng.gumbel(size=(n, 3))).argmax(axis=1)
    points = Points(x, (x * slopes[atoms]).sum(axis=1) + noise)
    gate, box = replace(LINEAR, machine_code=False), Box.for_data(points.x, points.y)
    problem = layout_problem(Layout(3, d, "free", tau=1.0), gate, points, box)
    assert len(problem.places) > 100
    end = problem.climb(rough_start(problem, rng))
    rows = np.column_stack([np.zeros(3), gates, slopes, np.zeros(3), np.full(3, 0.09)])
    assert end.stationary
    assert end.passes <= 8
    assert end.value >= problem.climb(problem.inside(rows.ravel())).value - 1e-9
