"""Fits an arbitrary gate with a polynomial expert by maximum likelihood, d = 1: general, local, and slower.

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
from temperance.numerics.general.split_mixtures import Array, Atoms, Family, normalised
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.density import Sums
from temperance.numerics.mixture.points import Points
from temperance.theory.models.spec import NU

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
        self.family, width = family, family.width
        self.free = np.flatnonzero(family.free)
        atom = [False, *(bool(p.is_positive) for p in family.cell.each)]
        self.positive = np.array([*atom * 3, *(bool(p.is_positive) for p in family.cell.spec.gate.shared)])
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

    def local(self, u: Array, points: Points) -> Local:
        """The mean log-likelihood, less that of the reference, with gradient and Hessian in u."""
        vector, scale = self.vector(u)
        value, slopes, bends = loglik(self.family, vector, points)
        bends = scale[:, None] * bends * scale
        slopes = scale * slopes
        bends[np.diag_indices_from(bends)] += np.where(self.positive, slopes, 0.0)
        mixing = np.eye(len(slopes))
        mixing[np.ix_(self.weights, self.weights)] = [[1, 1], [1, -1]]
        slopes, bends = mixing @ slopes, mixing @ bends @ mixing
        return Local(value / points.n, slopes[self.free] / points.n, bends[np.ix_(self.free, self.free)] / points.n)

    def split(self, rng: np.random.Generator, size: float) -> Array:
        """A start: the first true atom split at random, by offsets of about a size."""
        offset = np.zeros(len(self.family.center))
        offset[1 : self.family.width] = size * rng.normal(size=self.family.width - 1)
        offset[self.family.width + 1 : 2 * self.family.width] = -offset[1 : self.family.width]
        offset[self.family.width] = rng.normal() / 2
        return np.asarray(np.clip(offset[self.free], -self.reach, self.reach))

    def fitted(self, points: Points, starts: Sequence[Array]) -> tuple[GeneralFit, Array]:
        """The highest of the climbs from some u, and its u; they end in units of the sample."""
        stop, n = Stop.in_sample_units(points.n), points.n
        with one_blas_thread():
            found = [
                maximise(lambda u: self.local(u, points), s, -self.reach, self.reach, _STEPS, stop=stop) for s in starts
            ]
        best = max(found, key=lambda end: end.local.value)
        agree = sum((best.local.value - end.local.value) * n < _SAME for end in found)
        fit = GeneralFit(self.vector(best.theta)[0], best.local.value * n, self._status(best), agree)
        return fit, best.theta

    def _status(self, end: Maximum) -> Status:
        if not end.stationary:
            return "max_steps"
        return "converged" if (np.abs(end.theta) < self.reach).all() else "at_bound"


def _densities(atoms: Atoms, y: Array) -> tuple[Array, Array, Array]:
    """log g(y_i|x_i), and the probabilities of the atoms before and after y_i."""
    prior, sums = normalised(atoms.logits)
    gaps, nus = y - atoms.means, atoms.nus[:, None]
    posterior, joint = normalised(atoms.logits + (-gaps * gaps / (2 * nus) - np.log(2 * np.pi * nus) / 2))
    return joint - sums, prior, posterior


def mixture_log_density(family: Family, vector: Array, x: Array, y: Array) -> Array:
    """log g(y_i|x_i) of a vector of the family, or of its reference: the true mixture."""
    return _densities(Atoms(family, vector, x), y)[0]


def loglik(family: Family, vector: Array, points: Points) -> Sums:
    """The log-likelihood, less that of the reference, with slopes and second derivatives by all entries of a vector."""
    at, own, shared = list(family.cell.expert).index(NU), len(family.cell.own), len(family.cell.spec.gate.shared)
    x, y = points.x[:, 0], points.y
    weights, reference = (points.weights, points.reference) if points.weighted else (np.ones(len(y)), 0.0)
    atoms, size = Atoms(family, vector, x), len(vector)
    log_density, prior, posterior = _densities(atoms, y)
    before, after, hessian = np.zeros((size, len(y))), np.zeros((size, len(y))), np.zeros((size, size))
    for i, (p, r, gate, nu, mean) in enumerate(zip(prior, posterior, atoms.gates, atoms.nus, atoms.means, strict=True)):
        first, gap, held, pull = i * family.width, y - mean, weights * r, weights * (r - p)
        of_gate = np.r_[first : first + 1 + own, size - shared : size]
        of_expert = np.r_[first + 1 + own : first + family.width]
        line = np.delete(of_expert, at)
        by_gate = np.stack([np.ones(len(y)), *(slope(*gate) for slope in family.compiled.slopes)])
        by_expert = np.insert(atoms.basis * gap / nu, at, (gap * gap / nu - 1) / (2 * nu), axis=0)
        every, slopes = np.r_[of_gate, of_expert], np.concatenate([by_gate, by_expert])
        before[of_gate] += p * by_gate
        after[every] += r * slopes
        hessian[np.ix_(every, every)] += (held * slopes) @ slopes.T
        hessian[np.ix_(of_gate, of_gate)] -= (weights * p * by_gate) @ by_gate.T
        for (a, b), bend in family.compiled.bends.items():
            total, row, column = float(pull @ bend(*gate)), of_gate[1 + a], of_gate[1 + b]
            hessian[row, column] += total
            hessian[column, row] += total * (row != column)
        hessian[np.ix_(line, line)] -= (held / nu * atoms.basis) @ atoms.basis.T
        cross = atoms.basis @ (held * gap) / nu**2
        hessian[line, of_expert[at]] -= cross
        hessian[of_expert[at], line] -= cross
        hessian[of_expert[at], of_expert[at]] -= float(held @ (gap * gap / nu - 0.5)) / nu**2
    hessian += (weights * before) @ before.T - (weights * after) @ after.T
    return float(weights @ (log_density - reference)), (after - before) @ weights, hessian
