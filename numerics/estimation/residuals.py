"""Tests what a fit leaves of the data: whether residuals are Gaussian, as the model says, and which points lie far off.

Under the model r_i(x, y) g(y|x) = pi_i(x) N_i(y|x), so that sum r_i He_q(e_i) over the data has the mean 0 for the
standardised residuals e_i and q = 3, 4: no point has to be given to one expert. The law of the statistic is that of
data drawn from the fit, as its limit is far off at a few hundred points.

Example: ``departure(mixture, points)`` is None for points drawn from the mixture, but for one draw in a hundred.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.points import Points

LEVEL = 0.01
"""Of the test of all experts together."""
_DRAWS = 199  # of data from the fit
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
    probabilities, means = mixture.probabilities(x), mixture.means(x)
    observed, _ = _moments(mixture, probabilities, means, y)
    totals, gram = np.empty((_DRAWS, *observed.shape)), np.zeros((mixture.k, 4, 4))
    for b in range(_DRAWS):
        drawn = draw(probabilities, means, mixture.nu, rng)
        totals[b], spread = _moments(mixture, probabilities, means, drawn)
        gram += spread / _DRAWS
    statistics, drawn_from_fit = _statistics(observed, gram), _statistics(totals, gram)
    above = int((drawn_from_fit.max(axis=-1) >= statistics.max()).sum())
    return int(statistics.argmax()) if (1 + above) / (1 + _DRAWS) <= LEVEL else None


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


def _moments(mixture: Mixture, probabilities: Floats, means: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The sums of r_i He_q(e_i), q = 1 to 4, over the points, (k, 4), and of their products, (k, 4, 4)."""
    e = (y[:, None] - means) / np.sqrt(mixture.nu)
    joint = probabilities * np.exp(-e * e / 2) / np.sqrt(mixture.nu)
    shares, square = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300), e * e
    rows = shares * np.stack([e, square - 1, e * (square - 3), square * (square - 6) + 3])
    return rows.sum(axis=1).T, np.einsum("ank,bnk->kab", rows, rows)


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
