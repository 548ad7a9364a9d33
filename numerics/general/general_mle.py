"""Fits an arbitrary gate and Gaussian expert by maximum likelihood, near a true mixture.

`fitting.mle` knows softmax and activation gates with linear experts; here the likelihood is generated from formulas.
The first cell has one to three atoms, or both have two, whose shares stay within a factor of each other, as
the bounds of contact orders suppose. The gate of the last atom is held where `Family.free` says so, which fixes a
translation where the gate has one. A box around the truth is part of the estimator. The search of `fitting.newton`
climbs from given starts.

Example: ``GeneralMixture(family).fitted(points, starts).status`` is "converged".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import sympy as sp

from temperance.numerics.fitting.newton import Local, Maximum, Stop, maximise
from temperance.numerics.general.split_mixtures import Array, Family
from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.generated import GeneratedLikelihood, likelihood
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.points import Points
from temperance.theory.models.kinks import kinks

Status = Literal["converged", "at_bound", "max_steps"]
_STEPS = 500
_RANGE = 2.0  # of real parameters around the truth
FACTOR = 4.0  # of positive parameters around the truth
_UNEVEN = 2.0  # |log w_l - log w_m| in a cell at most
_SAME = 1e-3  # log-likelihoods of one maximum


@dataclass(frozen=True)
class GeneralFit:
    """The best of some climbs: vector (as in `general.split_mixtures`), log-likelihood, status, and how many agree."""

    vector: Array
    loglik: float
    status: Status
    agree: int


_WEIGHT = sp.Symbol("weight", real=True)


def _likelihood(family: Family) -> GeneratedLikelihood:
    """Of a family, whose vectors hold log weights of atoms; what is known of their gates is put in."""
    cell, gate, k = family.setting, family.setting.spec.gate, sum(family.sizes)
    known = {p: cell.point.get(p, 1) for p in {*gate.own} - {*cell.own}}
    weight, own = gate.log_weight.subs(known) + _WEIGHT, (_WEIGHT, *cell.own)
    formulas = AtomFormulas.of(weight, cell.mean, own, gate.shared, cell.expert, cell.spec.dim)
    last = (k - 1) * family.width
    return likelihood(formulas, k, k if family.free[last : last + len(own)].any() else k - 1)


class GeneralMixture:
    """One to three atoms in the first cell and one in the second, or two in both, in coordinates u with a box.

    Coordinates are offsets from the truth; logarithms of the ratio to it for positive parameters; and, for the log
    weights of the m atoms of the first cell, their mean (from -log m) and by how much all but the first lie below it.
    """

    def __init__(self, family: Family) -> None:
        if family.sizes not in ((1, 1), (2, 1), (3, 1), (2, 2)):
            raise ValueError(f"fits are for one to three atoms beside one, and two beside two, not {family.sizes}")
        cone = any(kink.kind == "cone" and kink.moved_by for kink in kinks(family.setting.spec))
        if cone or family.kinks() or family.kinks(other=True):
            raise ValueError(
                f"the gate {family.setting.spec.gate.name!r} has a kink that x can reach: fits are for smooth gates, "
                "and a lattice would need n^(1/3) points of x"
            )
        self.family, self.free, self.likelihood = family, np.flatnonzero(family.free), _likelihood(family)
        own, others = np.split(family.width * np.arange(sum(family.sizes)), [family.m])
        self.center, self.mixing = (
            np.log(family.center, out=family.center.copy(), where=family.positive),
            np.eye(len(self.free)),
        )
        for weights in (own, others):
            self.center[weights] -= np.log(len(weights))
        shares = -np.eye(family.m)
        shares[0] = shares[:, 0] = 1
        places = np.searchsorted(self.free, own)
        self.mixing[np.ix_(places, places)] = shares
        reach = np.where(family.positive, np.log(FACTOR), _RANGE)
        reach[own[1:]], reach[others[:-1]] = _UNEVEN / family.m, _UNEVEN
        self.reach = reach[self.free]

    def theta(self, u: Array) -> Array:
        """The vector of the likelihood: with logarithms of what is positive."""
        theta = self.center.copy()
        theta[self.free] += self.mixing @ u
        return theta

    def vector(self, u: Array) -> Array:
        """The vector of the family."""
        return self.likelihood.natural(self.theta(u))

    def local(self, u: Array, points: Points) -> Local:
        """The mean log-likelihood, less that of the reference, with gradient and Hessian in u."""
        value, score, hessian = self.likelihood(self.theta(u), points.x, points.y, points.weights, points.reference)
        free, n, mixing = self.free, points.n, self.mixing
        return Local(value / n, mixing @ score[free] / n, mixing @ hessian[np.ix_(free, free)] @ mixing / n)

    def split(self, rng: np.random.Generator, size: float) -> Array:
        """A start: true atoms split at random by offsets of about a size and mean 0; the first one moved, if alone."""
        m, width, offset = self.family.m, self.family.width, np.zeros(len(self.center))
        rows = offset[: sum(self.family.sizes) * width].reshape(-1, width)
        cells = [(rows[:m], rows[1:m, 0]), (rows[m:], rows[m:-1, 0])]
        for cell, weights in cells[: min(self.family.sizes)]:
            moved = size * rng.normal(size=(max(len(cell) - 1, 1), width - 1))
            cell[: len(moved), 1:], cell[len(moved) :, 1:] = moved, -moved.sum(axis=0)
            weights[:] = rng.normal(size=len(weights)) / 2
        return np.asarray(np.clip(offset[self.free], -self.reach, self.reach))

    def fitted(self, points: Points, starts: Sequence[Array]) -> tuple[GeneralFit, Array]:
        """The highest of the climbs from some u, and its u; they end in units of the sample."""
        n = points.n
        stop = Stop.in_sample_units(n)
        with one_blas_thread():
            found = [
                maximise(lambda u: self.local(u, points), s, -self.reach, self.reach, _STEPS, stop=stop) for s in starts
            ]
        best = max(found, key=lambda end: end.local.value)
        agree = sum((best.local.value - end.local.value) * n < _SAME for end in found)
        fit = GeneralFit(self.vector(best.theta), best.local.value * n, self._status(best), agree)
        return fit, best.theta

    def _status(self, end: Maximum) -> Status:
        if not end.stationary:
            return "max_steps"
        return "converged" if (np.abs(end.theta) < self.reach).all() else "at_bound"
