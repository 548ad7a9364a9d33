"""theory 7.2.2: the bound on the mean square error of every estimator of log tau, and its numbers."""

from math import ceil, log, pi

import numpy as np
import pytest
from scipy.stats import binom

from temperance.numerics.information.required import largest_varentropy

V = float(largest_varentropy(2))


def observations(error, width):
    return ceil((error**-2 - (2 * pi / width) ** 2) / V)


@pytest.mark.parametrize(("factor", "n"), [(10, 211), (4, 181), (1e300, 228)])
def test_observations_for_ten_percent(factor, n):
    assert observations(0.1, log(factor)) == n


@pytest.mark.parametrize(("n", "width", "odds"), [(50, log(4), 1.8), (211, log(10), 2.4)])
def test_the_best_estimator_for_the_prior_obeys_it(n, width, odds):
    """Labels of two atoms are seen, with log odds `odds`/tau; the mean error of the posterior mean is the least."""
    theta = np.linspace(-0.5, 0.5, 801) * width
    prior = np.cos(pi * theta / width) ** 2
    probability = 1 / (1 + np.exp(-odds * np.exp(-theta)))
    joint = binom.pmf(np.arange(n + 1)[:, None], n, probability) * prior / prior.sum()
    seen = joint.sum(1)
    joint, seen = joint[seen > 0], seen[seen > 0]
    least = ((joint @ theta**2) - (joint @ theta) ** 2 / seen).sum()
    bound = 1 / (n * V + (2 * pi / width) ** 2)
    assert bound < least < 2 * bound
