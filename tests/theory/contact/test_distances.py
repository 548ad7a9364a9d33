"""The distance that orders are of: in L2 and of Hellinger they are the same, in total variation not where a kink moves.

Along ``c +- d`` of -abs(x - c)/s, shares 1/2, beside another atom; ``h +- d`` of a smooth gate for comparison.
"""

import numpy as np
import pytest

X, Y = np.linspace(-2, 2, 8_001), np.linspace(-12, 12, 97)  # the steps of d are multiples of those of x
ATOM, OTHER = (np.exp(-((Y - mean) ** 2) / 2) / np.sqrt(2 * np.pi) for mean in (1.0, -1.0))


def laplace(d):
    return -np.abs(X - 0.5 - d)


def smooth(d):
    return (1 + d) * X


def density(log_weight, d):
    """The density at all (x, y), with the two atoms at d and -d."""
    weight = (np.exp(log_weight(d)) + np.exp(log_weight(-d)))[:, None] / 2
    return (weight * ATOM + OTHER) / (weight + 1)


def distances(log_weight, d):
    g, true = density(log_weight, d), density(log_weight, 0)
    total, square = np.abs(g - true).mean(), ((g - true) ** 2).mean()
    return np.array([total, square**0.5, ((g**0.5 - true**0.5) ** 2).mean() ** 0.5])


@pytest.mark.parametrize(("log_weight", "orders"), [(laplace, (2, 1.5, 1.5)), (smooth, (2, 2, 2))])
def test_orders_of_the_three_distances(log_weight, orders):
    first, second = (distances(log_weight, d) for d in (0.008, 0.004))
    assert np.log2(first / second) == pytest.approx(orders, abs=0.05)
