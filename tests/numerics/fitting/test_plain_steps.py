"""Steps in NumPy go where compiled ones go."""

import numpy as np
import pytest

from temperance.numerics.fitting.charts import NO_FRAME, NO_PAIR
from temperance.numerics.fitting.newton import Local, maximise
from temperance.numerics.fitting.steps import CHOOSE, step


def f(u):
    """A quartic with a saddle at 0 and maxima at (+-1, 2), and a coordinate that it ignores."""
    a, b, _ = u
    value = a**2 - a**4 / 2 - (b - 2) ** 2
    return Local(value, np.array([2 * a - 2 * a**3, -2 * (b - 2), 0.0]), np.diag([2 - 6 * a**2, -2.0, 0.0]))


@pytest.mark.parametrize("start", [(0.1, 0.0, 0.5), (-3.0, 9.0, 0.5), (0.0, 2.0, 0.5)])
@pytest.mark.parametrize("upper", [5.0, 1.5])
def test_both_searches_end_at_one_maximum(start, upper):
    low, high = np.full(3, -5.0), np.array([5.0, upper, 5.0])
    one, two = (maximise(f, np.array(start), low, high, 200, compiled=c) for c in (True, False))
    assert one.stationary
    assert two.stationary
    np.testing.assert_allclose(two.theta, one.theta, atol=1e-6)
    assert abs(two.theta[0]) == pytest.approx(1)
    assert two.theta[1] == pytest.approx(min(2, upper))
    assert abs(one.passes - two.passes) <= 2


@pytest.mark.parametrize("seed", range(8))
def test_a_held_coordinate_does_not_move_beside_a_direction_without_curvature(seed):
    """A direction without curvature has an eigenvalue of rounding, which is not to mix with that of what is held."""
    rng, held = np.random.default_rng(seed), [1, 4, 7]
    kept = [a for a in range(9) if a not in held]
    root = rng.normal(size=(9, 4))  # of rank 4 in the 6 coordinates that are free
    hessian, gradient = -root @ root.T, 1e-3 * root @ rng.normal(size=4)
    free = np.array([a in kept for a in range(9)])
    ends = []
    for some in ([*range(9)], kept):
        at, end = np.zeros(len(some)), np.empty(len(some))
        h = hessian[np.ix_(some, some)]
        step(end, at, gradient[some], h, free[some], at - 9, at + 9, NO_FRAME, 0, 1e-14, False, CHOOSE, NO_PAIR)
        ends.append(end)
    assert ends[0][held] == pytest.approx(0, abs=1e-12)
    assert root[kept].T @ ends[0][kept] == pytest.approx(root[kept].T @ ends[1], abs=1e-9)
