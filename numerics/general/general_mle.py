"""Fits an arbitrary gate and Gaussian expert by maximum likelihood: general, local, and slower.

`fitting.mle` knows softmax and activation gates with linear experts; here log weight and mean are compiled from their
formulas. The first cell has two atoms whose shares stay within a factor of each other, as the bounds of contact orders
suppose. The gate of the last atom is held, which fixes a translation where the gate has one. A box around the truth is
part of the estimator. The search of `fitting.newton` climbs from given starts.

Example: ``GeneralMixture(family).fitted(points, starts).status`` is "converged".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from temperance.numerics.fitting.newton import Local, Maximum, Stop, maximise
from temperance.numerics.general.likelihood import Columns, loglik
from temperance.numerics.general.split_mixtures import Array, Family
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.points import Points

Status = Literal["converged", "at_bound", "max_steps"]
_STEPS = 500
_RANGE = 2.0  # of real parameters around the truth
FACTOR = 4.0  # of positive parameters around the truth
_UNEVEN = 2.0  # |log w_1 - log w_2| at most
_SAME = 1e-3  # log-likelihoods of one maximum


@dataclass(frozen=True)
class GeneralFit:
    """The best of some climbs: vector (as in `general.split_mixtures`), log-likelihood, status, and how many agree."""

    vector: Array
    loglik: float
    status: Status
    agree: int


class GeneralMixture:
    """Two atoms in the first cell and one in the second, in coordinates u with a box.

    Coordinates are offsets from the truth; logarithms of the ratio to it for positive parameters; and, for the log
    weights of the first two atoms, their mean (from -log 2) and half their difference.
    """

    def __init__(self, family: Family) -> None:
        if family.sizes != (2, 1):
            raise ValueError(f"fits are for cells of two atoms and one, not {family.sizes}")
        if family.kinks() or family.kinks(other=True):
            raise ValueError(
                f"the gate {family.cell.spec.gate.name!r} has a kink that x can reach: fits are for smooth gates, and "
                "a lattice would need n^(1/3) points of x"
            )
        self.family, width = family, family.width
        self.free = np.flatnonzero(family.free)
        self.positive = family.positive
        self.weights = [0, width]
        reach = np.where(self.positive, np.log(FACTOR), _RANGE)
        reach[width] = _UNEVEN / 2
        self.reach = reach[self.free]

    def vector(self, u: Array) -> tuple[Array, Array]:
        """The vector, and the diagonal part of its derivatives by u; the log weights are mixed in `local`."""
        full = np.zeros(len(self.family.center))
        full[self.free] = u
        mean, half = full[self.weights]
        center = self.family.center
        scale = np.where(self.positive, center * np.exp(np.where(self.positive, full, 0.0)), 1.0)
        vector = np.where(self.positive, scale, center + full)
        vector[self.weights] = mean - np.log(2) + half, mean - np.log(2) - half
        return vector, scale

    def local(self, u: Array, columns: Columns) -> Local:
        """The mean log-likelihood, less that of the reference, with gradient and Hessian in u."""
        vector, scale = self.vector(u)
        value, slopes, bends = loglik(self.family, vector, columns)
        bends = scale[:, None] * bends * scale
        slopes = scale * slopes
        bends[np.diag_indices_from(bends)] += np.where(self.positive, slopes, 0.0)
        mixing = np.eye(len(slopes))
        mixing[np.ix_(self.weights, self.weights)] = [[1, 1], [1, -1]]
        slopes, bends = mixing @ slopes, mixing @ bends @ mixing
        n, free = columns.n, self.free
        return Local(value / n, slopes[free] / n, bends[np.ix_(free, free)] / n)

    def split(self, rng: np.random.Generator, size: float) -> Array:
        """A start: the first true atom split at random, by offsets of about a size."""
        offset = np.zeros(len(self.family.center))
        offset[1 : self.family.width] = size * rng.normal(size=self.family.width - 1)
        offset[self.family.width + 1 : 2 * self.family.width] = -offset[1 : self.family.width]
        offset[self.family.width] = rng.normal() / 2
        return np.asarray(np.clip(offset[self.free], -self.reach, self.reach))

    def fitted(self, points: Points, starts: Sequence[Array]) -> tuple[GeneralFit, Array]:
        """The highest of the climbs from some u, and its u; they end in units of the sample."""
        columns, n = Columns.of(points), points.n
        stop = Stop.in_sample_units(n)
        with one_blas_thread():
            found = [
                maximise(lambda u: self.local(u, columns), s, -self.reach, self.reach, _STEPS, stop=stop)
                for s in starts
            ]
        best = max(found, key=lambda end: end.local.value)
        agree = sum((best.local.value - end.local.value) * n < _SAME for end in found)
        fit = GeneralFit(self.vector(best.theta)[0], best.local.value * n, self._status(best), agree)
        return fit, best.theta

    def _status(self, end: Maximum) -> Status:
        if not end.stationary:
            return "max_steps"
        return "converged" if (np.abs(end.theta) < self.reach).all() else "at_bound"
