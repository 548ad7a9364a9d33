"""Fits the regression function of an arbitrary gate and mean by least squares, near a true mixture (theory.md 2.12).

At nodes of x that are fixed, least squares sees the means of the responses alone, so that a fit costs the same at every
n: the estimate minimises sum_j (ybar_j - f(x_j))^2 over the box of `GeneralMixture`, f = sum_i pi_i h_i. That is the
estimator of arXiv 2402.02952: the likelihood of y - f(x) with one known variance, and not that of the mixture.

Example: ``RegressionMixture(family).fitted(mixture.means(10**6, rng), starts)`` is a fit and its coordinates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from temperance.numerics.fitting.newton import Local
from temperance.numerics.general.general_mle import GeneralMixture
from temperance.numerics.general.split_mixtures import Array, Atoms, Family
from temperance.numerics.mixture.softmax import softmax

NODES = {1: 64, 2: 12}  # in every coordinate of x
NOISE = 0.01  # standard deviation of y - f(x): a regression function tells little of its atoms
_STEP = 1e-5  # of the central differences of a gradient


class Means(NamedTuple):
    """The mean response at every node, of n points in all."""

    n: float
    y: Array


class RegressionMixture(GeneralMixture):
    """The mixtures of `GeneralMixture` as regression functions at nodes of x; variances keep their true values."""

    def __init__(self, family: Family) -> None:
        super().__init__(family)
        own, d = 1 + len(family.setting.own), family.setting.spec.dim
        kept = ~np.isin(self.free, [i * family.width + own + family.variance for i in range(sum(family.sizes))])
        self.free, self.reach, self.mixing = self.free[kept], self.reach[kept], self.mixing[np.ix_(kept, kept)]
        line = family.low + (family.high - family.low) * (np.arange(NODES[d]) + 0.5) / NODES[d]
        self.x: Array = np.stack(np.meshgrid(*[line] * d, indexing="ij"), axis=-1).reshape(-1, d)
        self.true = self.regression(np.zeros(len(self.free)))[0]

    def regression(self, u: Array) -> tuple[Array, Array]:
        """f at the nodes, and its slopes by the coordinates (p, nodes)."""
        family, vector = self.family, self.vector(u)
        atoms = Atoms(family, vector, self.x)
        shares = softmax(atoms.logits).shares
        f = np.sum(shares * atoms.means, axis=0)
        own, width = 1 + len(family.setting.own), family.width
        gate, line = family.weight.slopes(self.x, atoms.gates), family.mean.slopes(self.x, atoms.lines)
        slopes = np.zeros((len(vector), len(self.x)))
        for i, (share, mean) in enumerate(zip(shares, atoms.means, strict=True)):
            pull, at = share * (mean - f), i * width
            slopes[at] = pull
            slopes[at + 1 : at + own] = gate[: own - 1, i] * pull
            slopes[np.delete(np.arange(at + own, at + width), family.variance)] = line[:, i] * share
            slopes[len(shares) * width :] += gate[own - 1 :, i] * pull
        slopes *= np.where(family.positive, vector, 1.0)[:, None]
        return f, np.asarray(self.mixing @ slopes[self.free])

    def means(self, n: int, rng: np.random.Generator) -> Means:
        """The mean responses of n points, as many at every node."""
        return Means(n, self.true + NOISE * rng.normal(size=len(self.x)) / np.sqrt(n / len(self.x)))

    def local(self, u: Array, points: Means) -> Local:  # type: ignore[override] # means in place of points
        """The mean of -(y - f)^2/(2 noise^2) with gradient and Hessian in u, the latter by differences."""
        value, gradient = self._score(u, points.y)
        step = _STEP * np.eye(len(u))
        rows = [(self._score(u + h, points.y)[1] - self._score(u - h, points.y)[1]) / (2 * _STEP) for h in step]
        hessian = np.array(rows)
        return Local(value, gradient, (hessian + hessian.T) / 2)

    def _score(self, u: Array, y: Array) -> tuple[float, Array]:
        f, slopes = self.regression(u)
        gap = (y - f) / (NOISE**2 * len(y))
        return float(-((y - f) @ gap) / 2), slopes @ gap
