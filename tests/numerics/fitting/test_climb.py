"""Climbs end at maxima, in Python and in machine code at the same ones, and when they are told to."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.fitting.climb import CHOOSE, EXACT, NO_FRAME, NO_PAIR, NO_PLAN, Stop, climb, step
from temperance.numerics.fitting.starts import rough_start
from temperance.numerics.mixture.measures import sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.claim_studies import SOFTMAX_SPLITS, TANH_MIRROR
from temperance.numerics.studies.lattice import samples

WIDE = (np.full(2, -50.0), np.full(2, 50.0))


def climbed(f, start, lower, upper, passes, stop=EXACT):
    """The climb of a function that returns value, gradient and Hessian."""

    def fill(u, gradient, hessian):
        value, gradient[:], hessian[:] = f(u)
        return float(value)

    ends = (np.asarray(part, dtype=float) for part in (start, lower, upper))
    return climb(fill, NO_PLAN, *ends, passes, stop=stop)


def quadratic(theta):
    """-(x - 3)^2 - (y + 1)^2 - x y / 2."""
    x, y = theta
    gradient = [-2 * (x - 3) - y / 2, -2 * (y + 1) - x / 2]
    return -((x - 3) ** 2) - (y + 1) ** 2 - x * y / 2, gradient, [[-2.0, -0.5], [-0.5, -2.0]]


def rosenbrock(theta):
    x, y = theta
    gradient = [2 * (1 - x) + 400 * x * (y - x**2), -200 * (y - x**2)]
    return -((1 - x) ** 2) - 100 * (y - x**2) ** 2, gradient, [[-2 + 400 * y - 1200 * x**2, 400 * x], [400 * x, -200.0]]


def far_above(theta):
    """As high as that near its maximum a step gains less than the value is rounded by."""
    value, *slopes = quadratic(theta)
    return 1e3 + value, *slopes


def saddle(theta):
    """A quartic with a saddle at (0, 2) and maxima at (+-1, 2), and a coordinate that it ignores."""
    a, b, _ = theta
    value = a**2 - a**4 / 2 - (b - 2) ** 2
    return value, [2 * a - 2 * a**3, -2 * (b - 2), 0.0], np.diag([2 - 6 * a**2, -2.0, 0.0])


@pytest.mark.parametrize(
    ("f", "start", "box", "end", "passes"),
    [
        (quadratic, (0, 0), WIDE, np.linalg.solve([[2, 0.5], [0.5, 2]], [6, -2]), 10),
        (quadratic, (0, 0), ((-5, -0.5), (2, 5)), (2.0, -0.5), 10),
        (far_above, (3.466671, -1.866666), WIDE, np.linalg.solve([[2, 0.5], [0.5, 2]], [6, -2]), 10),
        (rosenbrock, (-1.2, 1), WIDE, (1, 1), 60),
        (saddle, (0.1, 0, 0.5), ((-5, -5, -5), (5, 5, 5)), (1, 2, 0.5), 30),
        (saddle, (-3, 9, 0.5), ((-5, -5, -5), (5, 1.5, 5)), (-1, 1.5, 0.5), 30),
    ],
)
def test_maxima_are_reached_inside_of_the_box_at_its_edge_and_along_valleys(f, start, box, end, passes):
    ended = climbed(f, start, *box, passes)
    assert ended.stationary
    np.testing.assert_allclose(ended.theta, end, atol=1e-6)


def test_a_saddle_is_left():
    end = climbed(saddle, (0, 2, 0.5), (-5, -5, -5), (5, 5, 5), 30)
    assert end.stationary
    assert np.abs(end.theta) == pytest.approx([1, 2, 0.5])


def test_points_where_the_function_is_not_finite_are_not_entered():
    def f(theta):  # log x - x, nan for x <= 0
        x = float(theta[0]) if theta[0] > 0 else np.nan
        return np.log(x) - x, [1 / x - 1], [[-1 / x**2]]

    end = climbed(f, [40.0], [-50], [50], 100)  # the first step goes below 0
    np.testing.assert_allclose(end.theta, 1.0, atol=1e-6)
    any_slope = Stop(1e3, 1e3, 1e-9, valleys=True)  # it goes on, as the step that failed promised a gain
    np.testing.assert_allclose(climbed(f, [3.0], [-50], [50], 100, any_slope).theta, 1.0, atol=1e-4)
    outside = climbed(f, [-1.0], [-50], [50], 100)
    assert outside.value == -np.inf
    assert not outside.stationary


@pytest.mark.parametrize("seed", range(3))
def test_a_held_coordinate_does_not_move_beside_a_direction_without_curvature(seed):
    """A direction without curvature has an eigenvalue of rounding, which is not to mix with that of what is held."""
    rng, held = np.random.default_rng(seed), [1, 4, 7]
    others = [a for a in range(9) if a not in held]
    root = rng.normal(size=(9, 4))  # of rank 4 in the 6 coordinates that are free
    hessian, gradient = -root @ root.T, 1e-3 * root @ rng.normal(size=4)
    free = np.array([float(a in others) for a in range(9)])
    ends = []
    for some in ([*range(9)], others):
        at, end = np.zeros(len(some)), np.empty(len(some))
        h = hessian[np.ix_(some, some)]
        step(end, at, gradient[some], h, free[some], at - 9, at + 9, NO_FRAME, 0, 1e-14, False, CHOOSE, NO_PAIR)
        ends.append(end)
    assert ends[0][held] == pytest.approx(0, abs=1e-12)
    assert root[others].T @ ends[0][others] == pytest.approx(root[others].T @ ends[1], abs=1e-9)


def test_a_climb_ends_where_it_is_told_to():
    def quartic(theta):
        return -(theta[0] ** 4), -4 * theta**3, -12 * theta[:, None] ** 2

    limits = ((1e-3, 1e-4), (1e-6, 1e-12), (1e-9, 1e-15))
    ends = [climbed(quartic, [1], [-2], [2], 200, Stop(gradient, gradient, settled)) for gradient, settled in limits]
    assert all(end.stationary for end in ends)
    assert ends[0].passes < ends[1].passes < ends[2].passes
    assert all(end.gradient_norm <= gradient for end, (gradient, _) in zip(ends, limits, strict=True))


PAIRS = [  # two atoms of points, and three on a lattice, stepped in the chart of a pair
    replace(TANH_MIRROR, sizes=(500, 1000), experiment="sample"),
    replace(SOFTMAX_SPLITS, sizes=(10**3, 10**8)),
]


@pytest.mark.slow
@pytest.mark.parametrize("study", PAIRS, ids=lambda study: study.name)
def test_climbs_in_machine_code_and_in_python_end_at_the_same_maximum(study):
    """From the end of one, both lead to one place. From a start they part at times, in curved valleys, by rounding."""
    if study.experiment == "lattice":
        points, stop = list(samples(study.lattice, study.sizes, seed=3))[-1], Stop.in_sample_units(study.sizes[-1])
    else:
        points, stop = Points(*sample(study.truth, study.gate, 500, seed=3)), EXACT
    both, alike = [study.problem(points, compiled=compiled) for compiled in (True, False)], 0
    for seed in range(6):
        start = rough_start(
            both[0].at(Points(*points.some(300, np.random.default_rng(5)))), np.random.default_rng(seed)
        )
        ends = [problem.climb(start, stop=stop) for problem in both]
        for end in ends:
            further = [problem.climb(end.theta, stop=stop).value * points.n for problem in both]
            assert end.stationary
            assert further[0] == pytest.approx(further[1], abs=1e-3)
        alike += abs(ends[0].value - ends[1].value) * points.n < 2e-3
    assert alike >= (2 if study.k == 3 else 4)


def test_at_a_mirror_point_nothing_is_left_to_gain():
    """At n = 10^10, a climb from the end of another, told to go on to 1e-6 units, gains less than 1e-3."""
    study, n = TANH_MIRROR, 10**10
    (points,) = samples(study.lattice, (n,), seed=7)
    problem, stop = study.problem(points), Stop.in_sample_units(n)
    start = rough_start(problem.at(Points(*points.some(500, np.random.default_rng(1)))), np.random.default_rng(2))
    end = problem.climb(start, stop=stop)
    assert end.stationary
    assert end.gradient_norm * n <= 1e-3 * np.sqrt(n)
    further = problem.climb(end.theta, stop=Stop(1e-11, 1e-7, 1e-6 / n))
    assert (further.value - end.value) * n < 1e-3
