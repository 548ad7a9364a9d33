"""Fits an arbitrary gate with a polynomial expert by maximum likelihood, d = 1: general, local, and slower.

`fitting.mle` knows softmax and activation gates with linear experts; here log weight and mean are compiled from their
formulas. The first cell has two atoms whose shares stay within a factor of each other, as the bounds of contact orders
suppose. The gate of the last atom is held, which fixes a translation where the gate has one. A box around the truth is
part of the estimator. SciPy's L-BFGS-B climbs from given starts.

Example: ``GeneralMixture(family).fitted(x, y, starts).status`` is "converged".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize

from temperance.numerics.general.split_mixtures import Array, Atoms, Family, normalised
from temperance.numerics.machine.threads import one_blas_thread
from temperance.theory.models.spec import NU

Status = Literal["converged", "at_bound", "max_steps"]
_GRADIENT = 1e-7  # of the mean log-likelihood, projected, in coordinates of order 1
_ACCEPTED = 1e-5  # where rounding stops the climb before
_STEPS = 1000
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
        """The vector, and the diagonal part of its derivatives by u; the log weights are mixed in `gradient`."""
        full = np.zeros(len(self.family.center))
        full[self.free] = u
        mean, half = full[self.weights]
        center = self.family.center
        scale = np.where(self.positive, center * np.exp(np.where(self.positive, full, 0.0)), 1.0)
        vector = np.where(self.positive, scale, center + full)
        vector[self.weights] = mean - np.log(2) + half, mean - np.log(2) - half
        return vector, scale

    def negative(self, u: Array, x: Array, y: Array) -> tuple[float, Array]:
        """Minus the mean log-likelihood, and its gradient."""
        vector, scale = self.vector(u)
        value, slopes = loglik(self.family, vector, x, y)
        slopes = scale * slopes
        first, second = slopes[self.weights]
        slopes[self.weights] = first + second, first - second
        return -value / len(x), -slopes[self.free] / len(x)

    def split(self, rng: np.random.Generator, size: float) -> Array:
        """A start: the first true atom split at random, by offsets of about a size."""
        offset = np.zeros(len(self.family.center))
        offset[1 : self.family.width] = size * rng.normal(size=self.family.width - 1)
        offset[self.family.width + 1 : 2 * self.family.width] = -offset[1 : self.family.width]
        offset[self.family.width] = rng.normal() / 2
        return np.asarray(np.clip(offset[self.free], -self.reach, self.reach))

    def fitted(self, x: Array, y: Array, starts: Sequence[Array]) -> tuple[GeneralFit, Array]:
        """The highest of the climbs from some u, and its u."""
        options = {"maxcor": 40, "maxiter": _STEPS, "maxfun": 2 * _STEPS, "ftol": 0.0, "gtol": _GRADIENT}
        bounds = list(zip(-self.reach, self.reach, strict=True))
        with one_blas_thread():
            found = [
                minimize(self.negative, s, (x, y), "L-BFGS-B", jac=True, bounds=bounds, options=options) for s in starts
            ]
        best = min(found, key=lambda r: float(r.fun))
        agree = sum(bool((r.fun - best.fun) * len(x) < _SAME) for r in found)
        return GeneralFit(self.vector(best.x)[0], -best.fun * len(x), self._status(best), agree), best.x

    def _status(self, r: Any) -> Status:
        inside = np.abs(r.x) < self.reach
        if np.abs(np.where(inside, r.jac, 0.0)).max() > _ACCEPTED:
            return "max_steps"
        return "converged" if inside.all() else "at_bound"


def _densities(atoms: Atoms, y: Array) -> tuple[Array, Array, Array]:
    """log g(y_i|x_i), and the probabilities of the atoms before and after y_i."""
    prior, sums = normalised(atoms.logits)
    gaps, nus = y - atoms.means, atoms.nus[:, None]
    posterior, joint = normalised(atoms.logits + (-gaps * gaps / (2 * nus) - np.log(2 * np.pi * nus) / 2))
    return joint - sums, prior, posterior


def mixture_log_density(family: Family, vector: Array, x: Array, y: Array) -> Array:
    """log g(y_i|x_i) of a vector of the family, or of its reference: the true mixture."""
    return _densities(Atoms(family, vector, x), y)[0]


def loglik(
    family: Family, vector: Array, x: Array, y: Array, weights: Array | float = 1.0, reference: Array | float = 0.0
) -> tuple[float, Array]:
    """sum_i weights_i (log g(y_i|x_i) - reference_i) and its derivatives by all entries of a vector."""
    at, own, atoms = list(family.cell.expert).index(NU), len(family.cell.own), Atoms(family, vector, x)
    log_density, prior, posterior = _densities(atoms, y)
    pulls, held = weights * (posterior - prior), weights * posterior
    slopes, common = [], np.zeros(len(family.cell.spec.gate.shared))
    for pull, r, gate, nu, gap in zip(pulls, held, atoms.gates, atoms.nus, y - atoms.means, strict=True):
        by_gate = [float(pull @ slope(*gate)) for slope in family.compiled.slopes]
        by_expert = list(atoms.basis @ (r * gap) / nu)
        by_expert.insert(at, float(r @ (gap * gap / nu - 1)) / (2 * nu))
        slopes += [float(pull.sum()), *by_gate[:own], *by_expert]
        common = common + np.array(by_gate[own:])
    return float((weights * (log_density - reference)).sum()), np.array([*slopes, *common])


def sampled(family: Family, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """n points of the true mixture, x uniform on its support."""
    x = rng.uniform(family.truth.low, family.truth.high, n)
    atoms = Atoms(family, family.reference, x)
    second = rng.random(n) < 1 / (1 + np.exp(atoms.logits[0] - atoms.logits[1]))
    means, nus = np.where(second, *atoms.means[::-1]), np.where(second, *atoms.nus[::-1])
    return x, means + np.sqrt(nus) * rng.normal(size=n)
