"""Tests what a fit leaves of the data: whether residuals are Gaussian, as the model says, and which points lie far off.

Under the model r_i(x, y) g(y|x) = pi_i(x) N_i(y|x), so that sum r_i He_q(e_i) over the data has the mean 0 for the
standardised residuals e_i and q = 3, 4: no point has to be given to one expert. The law of the statistic is that of
data drawn from the fit, as its limit is far off at a few hundred points: up to 2,000 data sets, fewer where p is far
from the level (Besag and Clifford, Biometrika 78, 1991).

Example: ``departure(mixture, points)`` is None for points drawn from the mixture, but for one draw in a hundred.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from scipy.special import bdtr

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.points import Points

LEVEL = 0.01
"""Of the test of all experts together."""
_FIRST, _BLOCK, _DRAWS = 50, 100, 2000  # of data from the fit: for the spread of the moments, at a time, at most
_SURE = 1e-3  # chance of so few draws above the data, were p the level: then no more are made
_MOST = 5000  # points
_BROAD = 10.0  # times the median variance
_LIGHT = 0.05  # share of the points


def departure(mixture: Mixture, points: Points) -> int | None:
    """The expert whose residuals are least Gaussian, where the test rejects that all are; else None.

    Weights that are no whole numbers allow no test.
    """
    rng = np.random.default_rng([0, mixture.k])
    if points.weighted and not (points.weights == np.round(points.weights)).all():
        return None
    x, y = _single(points, rng)
    at = mixture.probabilities(x), mixture.means(x)
    first = (_moments(mixture, *at, draw(*at, mixture.nu, rng)) for _ in range(_FIRST))
    gram = sum((np.einsum("ank,bnk->kab", rows, rows) for rows in first), np.zeros((mixture.k, 4, 4))) / _FIRST
    statistics, above, drawn = _statistics(_moments(mixture, *at, y).sum(axis=1).T, gram), 0, 0
    while drawn < _DRAWS and above < LEVEL * _DRAWS and bdtr(above, drawn, LEVEL) > _SURE:
        block = (_moments(mixture, *at, draw(*at, mixture.nu, rng)) for _ in range(_BLOCK))
        totals = np.array([rows.sum(axis=1).T for rows in block])
        above += int((_statistics(totals, gram).max(axis=-1) >= statistics.max()).sum())
        drawn += _BLOCK
    return int(statistics.argmax()) if (1 + above) / (1 + drawn) <= LEVEL else None


def draw(probabilities: Floats, means: Floats, nu: Floats, rng: np.random.Generator) -> Floats:
    """A value of y (n,) at each point, of experts with probabilities and means (n, k) and variances nu (k,)."""
    atom = (rng.random(len(means))[:, None] >= np.cumsum(probabilities, axis=1)[:, :-1]).sum(axis=1)
    return np.asarray(means[np.arange(len(means)), atom] + np.sqrt(nu[atom]) * rng.standard_normal(len(means)))


def light_and_broad(mixture: Mixture, points: Points) -> tuple[int, ...]:
    """The experts that hold few points and have a variance far above that of the others, as outliers make them."""
    shares = points.mean(mixture.responsibilities(points))
    broad = mixture.nu > _BROAD * np.median(mixture.nu)
    return tuple(np.flatnonzero((shares < _LIGHT) & broad).tolist())


def _single(points: Points, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """At most so many points, each seen once."""
    if not points.weighted:
        return points.some(_MOST, rng)
    counts = points.weights.astype(np.int64)
    if counts.sum() > _MOST:
        counts = rng.multivariate_hypergeometric(counts, _MOST, method="marginals")
    return np.repeat(points.x, counts, axis=0), np.repeat(points.y, counts)


def _moments(mixture: Mixture, probabilities: Floats, means: Floats, y: Floats) -> Floats:
    """r_i He_q(e_i), q = 1 to 4, at the points, (4, n, k)."""
    e = (y[:, None] - means) / np.sqrt(mixture.nu)
    joint = probabilities * np.exp(-e * e / 2) / np.sqrt(mixture.nu)
    shares, square = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300), e * e
    return np.asarray(shares * np.stack([e, square - 1, e * (square - 3), square * (square - 6) + 3]))


def _statistics(totals: Floats, gram: Floats) -> Floats:
    """Third and fourth moments over their spread under the model, less what mean and variance take up, (..., k)."""
    taken = np.linalg.pinv(gram[:, :2, :2]) @ gram[:, :2, 2:]
    spread = gram[:, 2:, 2:] - gram[:, 2:, :2] @ taken
    left = totals[..., 2:] - np.einsum("...ka,kab->...kb", totals[..., :2], taken)
    return np.asarray(np.einsum("...ka,kab,...kb->...k", left, np.linalg.pinv(spread), left))


def outliers(mixture: Mixture, points: Points) -> dict[int, float]:
    """The points that lie far off every expert but the light and broad ones, with the distance, the farthest first.

    In standard deviations of the nearest expert; a point of n is far off where 0.01/n of a normal distribution is.
    """
    others = np.delete(np.arange(mixture.k), light_and_broad(mixture, points))
    distances = (np.abs(points.y[:, None] - mixture.means(points.x)) / np.sqrt(mixture.nu))[:, others].min(axis=1)
    far = np.flatnonzero(distances > -NormalDist().inv_cdf(LEVEL / (2 * len(distances))))
    return {int(i): float(distances[i]) for i in far[np.argsort(-distances[far], kind="stable")]}
