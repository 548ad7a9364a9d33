"""The distance that orders are of: in L2 and of Hellinger they are the same, in total variation not where a kink moves.

Two atoms with the shares 1/2, at d and -d, beside another: NumPy alone, which knows nothing of the proofs.
"""

import numpy as np
import pytest

X, Y = np.linspace(-2, 2, 8_001), np.linspace(-12, 12, 97)  # the steps of d are multiples of those of x
ATOM, OTHER = (np.exp(-((Y - mean) ** 2) / 2) / np.sqrt(2 * np.pi) for mean in (1.0, -1.0))


def moved_kink(d):
    return -np.abs(X - 0.5 - d)


def scaled_kink(d):
    return -np.abs(X - 0.5) / (1 + d)


def slope(d):
    return (1 + d) * X


def slope_and_square(d):
    return (1 + d) * X - (1 + d**2 / 2) * X**2


def density(log_weight, d):
    """The density at all (x, y), with the two atoms at d and -d."""
    weight = (np.exp(log_weight(d)) + np.exp(log_weight(-d)))[:, None] / 2
    return (weight * ATOM + OTHER) / (weight + 1)


def distances(log_weight, d):
    g, true = density(log_weight, d), density(log_weight, 0)
    total, square = np.abs(g - true).mean(), ((g - true) ** 2).mean()
    return np.array([total, square**0.5, ((g**0.5 - true**0.5) ** 2).mean() ** 0.5])


@pytest.mark.parametrize(
    ("log_weight", "orders"),
    [
        (moved_kink, (2, 1.5, 1.5)),
        (scaled_kink, (2, 2, 2)),
        (slope, (2, 2, 2)),
        (slope_and_square, (4, 4, 4)),
    ],
)
def test_orders_of_the_three_distances(log_weight, orders):
    first, second = (distances(log_weight, d) for d in (0.016, 0.008))
    assert np.log2(first / second) == pytest.approx(orders, abs=0.05)
