"""Fits the regression function of an arbitrary gate and mean by least squares, near a true mixture (theory.md 2.12).

At nodes of x that are fixed, least squares sees the means of the responses alone, so that a fit costs the same at every
n: the estimate minimises sum_j (ybar_j - f(x_j))^2 over the box of `GeneralMixture`, f = sum_i pi_i h_i. That is the
estimator of arXiv 2402.02952: the likelihood of y - f(x) with one known variance, and not that of the mixture.

Example: ``RegressionMixture(family).fitted(mixture.means(10**6, rng), starts)`` is a fit and its coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        f, slopes = self.regressions([u])
        return f[0], slopes[:, 0]

    def regressions(self, several: Sequence[Array]) -> tuple[Array, Array]:
        """f at the nodes of several u (l, nodes), and its slopes by the coordinates (p, l, nodes), in one pass."""
        family, vectors, nodes = self.family, np.array([self.vector(u) for u in several]), len(self.x)
        atoms = Atoms(family, vectors, self.x)

        def by_atom(values: Array) -> Array:
            return values.reshape(-1, len(several), sum(family.sizes), nodes).swapaxes(1, 2)

        (logits,), (means,) = by_atom(atoms.logits), by_atom(atoms.means)
        shares = softmax(logits.reshape(len(logits), -1)).shares.reshape(logits.shape)
        f = np.sum(shares * means, axis=0)
        own, width = 1 + len(family.setting.own), family.width
        gate, line = (
            by_atom(part.slopes(self.x, at)) for part, at in ((family.weight, atoms.gates), (family.mean, atoms.lines))
        )
        kept = np.delete(np.arange(own, width), family.variance)
        slopes = np.zeros((vectors.shape[1], *f.shape))
        for i, (share, mean) in enumerate(zip(shares, means, strict=True)):
            pull, at = share * (mean - f), i * width
            slopes[at] = pull
            slopes[at + 1 : at + own] = gate[: own - 1, i] * pull
            slopes[at + kept] = line[:, i] * share
            slopes[len(shares) * width :] += gate[own - 1 :, i] * pull
        slopes *= np.where(family.positive, vectors, 1.0).T[:, :, None]
        return f, np.tensordot(self.mixing, slopes[self.free], 1)

    def means(self, n: int, rng: np.random.Generator) -> Means:
        """The mean responses of n points, as many at every node."""
        return Means(n, self.true + NOISE * rng.normal(size=len(self.x)) / np.sqrt(n / len(self.x)))

    def local(self, u: Array, points: Means) -> Local:  # type: ignore[override] # means in place of points
        """The mean of -(y - f)^2/(2 noise^2) with gradient and Hessian in u, the latter by differences."""
        step = _STEP * np.eye(len(u))
        f, slopes = self.regressions([u, *(u + step), *(u - step)])
        gap = (points.y - f) / (NOISE**2 * len(points.y))
        gradient, *others = np.ascontiguousarray(np.einsum("pln,ln->lp", slopes, gap))
        hessian = (np.array(others[: len(u)]) - np.array(others[len(u) :])) / (2 * _STEP)
        return Local(float(-((points.y - f[0]) @ gap[0]) / 2), gradient, (hessian + hessian.T) / 2)
