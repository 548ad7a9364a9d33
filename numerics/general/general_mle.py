"""Fits an arbitrary gate and Gaussian expert by maximum likelihood: general, local, and slower.

`fitting.mle` knows softmax and activation gates with linear experts; here log weight and mean are compiled from their
formulas. The first cell has one atom, or two whose shares stay within a factor of each other, as the bounds of contact
orders suppose. The gate of the last atom is held, which fixes a translation where the gate has one. A box around the
truth is part of the estimator. The search of `fitting.newton` climbs from given starts.

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
    """One or two atoms in the first cell and one in the second, in coordinates u with a box.

    Coordinates are offsets from the truth; logarithms of the ratio to it for positive parameters; and, for the log
    weights of two atoms of a cell, their mean (from -log 2) and half their difference.
    """

    def __init__(self, family: Family) -> None:
        if family.sizes not in ((1, 1), (2, 1)):
            raise ValueError(f"fits are for cells of one or two atoms beside one of one, not {family.sizes}")
        if family.kinks() or family.kinks(other=True):
            raise ValueError(
                f"the gate {family.cell.spec.gate.name!r} has a kink that x can reach: fits are for smooth gates, and "
                "a lattice would need n^(1/3) points of x"
            )
        self.family, self.free = family, np.flatnonzero(family.free)
        weights = [l * family.width for l in range(family.m)]
        self.center, self.mixing = family.center.copy(), np.eye(len(self.free))
        self.center[weights] -= np.log(family.m)
        reach = np.where(family.positive, np.log(FACTOR), _RANGE)
        if family.m == 2:
            places = np.searchsorted(self.free, weights)
            self.mixing[np.ix_(places, places)] = [[1, 1], [1, -1]]
            reach[family.width] = _UNEVEN / 2
        self.reach, self.positive = reach[self.free], family.positive[self.free]

    def vector(self, u: Array) -> tuple[Array, Array]:
        """The vector, and the derivatives of its free entries by what `mixing` makes of u: the diagonal."""
        vector, moved = self.center.copy(), self.mixing @ u
        scale = np.where(self.positive, vector[self.free] * np.exp(np.where(self.positive, moved, 0.0)), 1.0)
        vector[self.free] = np.where(self.positive, scale, vector[self.free] + moved)
        return vector, scale

    def local(self, u: Array, columns: Columns) -> Local:
        """The mean log-likelihood, less that of the reference, with gradient and Hessian in u."""
        vector, scale = self.vector(u)
        value, slopes, bends = loglik(self.family, vector, columns)
        slopes = scale * slopes[self.free]
        bends = scale[:, None] * bends[np.ix_(self.free, self.free)] * scale
        bends[np.diag_indices_from(bends)] += np.where(self.positive, slopes, 0.0)
        n, mixing = columns.n, self.mixing
        return Local(value / n, mixing @ slopes / n, mixing @ bends @ mixing / n)

    def split(self, rng: np.random.Generator, size: float) -> Array:
        """A start: the first true atom split at random, or moved, by offsets of about a size."""
        width, offset = self.family.width, np.zeros(len(self.center))
        offset[1:width] = size * rng.normal(size=width - 1)
        if self.family.m == 2:
            offset[width + 1 : 2 * width] = -offset[1:width]
            offset[width] = rng.normal() / 2
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
