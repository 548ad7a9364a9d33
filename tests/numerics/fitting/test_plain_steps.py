"""Steps in NumPy go where compiled ones go."""

import numpy as np
import pytest

from temperance.numerics.fitting.newton import Local, maximise


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
