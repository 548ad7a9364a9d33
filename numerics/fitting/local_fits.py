"""Fits any gate and Gaussian expert near a true mixture, by likelihood or least squares, in a box around the truth.

The first cell has one to three atoms, or both have two, whose log weights stay within a range of those of an equal
split, as the bounds of contact orders suppose. The gate of the last atom is held where `Family.free` says so, which
fixes a translation where the gate has one.

Example: ``search(family_problem(family, points), seed=0).status`` is "converged".

Least squares fits the regression function (theory 8). At nodes of x that are fixed it sees the means of the responses
alone, so that a fit costs the same at every n: the estimate minimises sum_j (ybar_j - f(x_j))^2 over the box of
`family_problem`, f = sum_i pi_i h_i. That is the estimator of arXiv 2402.02952: the likelihood of y - f(x) with one
known variance, and not that of the mixture.

Example: ``mixture.search_once(mixture.means(10**6, rng), 6, (), rng).theta`` are the coordinates of a fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import sympy as sp

from temperance.numerics.fitting.climb import NO_PLAN, Maximum, Stop, climb
from temperance.numerics.fitting.problem import MAX_PASSES, Problem
from temperance.numerics.fitting.search import Status, best_end
from temperance.numerics.fitting.split_mixtures import Array, Atoms, Family
from temperance.numerics.mixture.atom_formulas import AtomFormulas
from temperance.numerics.mixture.points import Points, softmax
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.models.spec import kinks

_RANGE = 2.0  # of real parameters around the truth
FACTOR = 4.0  # of positive parameters around the truth
UNEVEN = 1.0  # of the log weight of an atom around that of an equal split of its cell
_WEIGHT = sp.Symbol("weight", real=True)
_CELLS = ((1, 1), (2, 1), (3, 1), (2, 2))


def require_smooth(family: Family) -> None:
    """Raise ValueError for a family that is not fitted: other cells, or a gate with a kink that x reaches."""
    if family.sizes not in _CELLS:
        raise ValueError(f"fits are for one to three atoms beside one, and two beside two, not {family.sizes}")
    cone = any(kink.kind == "cone" and kink.moved_by for kink in kinks(family.setting.spec))
    if cone or family.kinks() or family.kinks(other=True):
        raise ValueError(
            f"the gate {family.setting.spec.gate.name!r} has a kink that x can reach: fits are for smooth gates, "
            "and a lattice would need n^(1/3) points of x"
        )


def family_formulas(family: Family) -> AtomFormulas:
    """Those of a family, whose atoms have log weights; what is known of their gates is put in."""
    cell, gate = family.setting, family.setting.spec.gate
    values = {p: cell.point.get(p, 1) for p in {*gate.own} - {*cell.own}}
    weight, own = gate.log_weight.subs(values) + _WEIGHT, (_WEIGHT, *cell.own)
    return AtomFormulas.of(weight, cell.mean, own, gate.shared, cell.expert, cell.spec.dim)


def center_of(family: Family) -> Array:
    """The true mixture in coordinates, every cell split evenly."""
    center, first = np.log(family.center, out=family.center.copy(), where=family.positive), 0
    for size in family.sizes:
        center[family.width * np.arange(first, first + size)] -= np.log(size)
        first += size
    return center


def family_problem(family: Family, points: Points, *, compiled: bool = True) -> Problem:
    """The fit of a family to points."""
    k, free = sum(family.sizes), np.flatnonzero(family.free)
    last, own = (k - 1) * family.width, 1 + len(family.setting.own)
    reach = np.where(family.positive, np.log(FACTOR), _RANGE)
    weights = family.width * np.arange(k)
    reach[weights] = np.where(np.repeat(family.sizes, family.sizes) > 1, UNEVEN, _RANGE)
    center = center_of(family)
    smaller = _drop_atom(family)
    return Problem(
        family_formulas(family),
        k,
        k if family.free[last : last + own].any() else k - 1,
        points,
        compiled,
        center,
        free,
        (center - reach)[free],
        (center + reach)[free],
        smaller=None if smaller is None else partial(family_problem, smaller, points, compiled=compiled),
        parents=(k - 2,) if family.sizes[1] > 1 else tuple(range(max(family.m - 1, 1))),
    )


def _drop_atom(family: Family) -> Family | None:
    """The family of one atom less: of the first cell, or of the second where both are split."""
    first, second = family.sizes
    if first == 1:
        return None
    cells = (first, second - 1) if second > 1 else (first - 1, second)
    return Family(replace(family.setting, cells=cells))


NODES = {1: 64, 2: 12}  # in every coordinate of x
NOISE = 0.01  # standard deviation of y - f(x): a regression function tells little of its atoms
_STEP = 1e-5  # of the central differences of a gradient


class Means(NamedTuple):
    """The mean response at every node, of n points in all."""

    n: float
    y: Array


class RegressionMixture:
    """The mixtures of a family as regression functions at nodes of x; variances keep their true values.

    u (p,) are the coordinates of `family_problem` that are no variance, between lower and upper.
    """

    def __init__(self, family: Family) -> None:
        require_smooth(family)
        box = family_problem(family, Points(np.zeros((1, family.setting.spec.dim)), np.zeros(1)), compiled=False)
        mask = ~np.isin(box.places, box.where.nu)
        self.family, self.problem = family, box
        self.free, self.lower, self.upper = box.places[mask], box.lower[mask], box.upper[mask]
        d = family.setting.spec.dim
        line = family.low + (family.high - family.low) * (np.arange(NODES[d]) + 0.5) / NODES[d]
        self.x: Array = np.stack(np.meshgrid(*[line] * d, indexing="ij"), axis=-1).reshape(-1, d)
        self.true = self.regression((self.lower + self.upper) / 2)[0]

    def vector(self, u: Array) -> Array:
        """The vector of the family."""
        theta = self.problem.base.copy()
        theta[self.free] = u
        return self.problem.likelihood.natural(theta)

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
        line_places = np.delete(np.arange(own, width), family.variance)
        slopes = np.zeros((vectors.shape[1], *f.shape))
        for i, (share, mean) in enumerate(zip(shares, means, strict=True)):
            pull, at = share * (mean - f), i * width
            slopes[at] = pull
            slopes[at + 1 : at + own] = gate[: own - 1, i] * pull
            slopes[at + line_places] = line[:, i] * share
            slopes[len(shares) * width :] += gate[own - 1 :, i] * pull
        slopes *= np.where(family.positive, vectors, 1.0).T[:, :, None]
        return f, slopes[self.free]

    def means(self, n: int, rng: np.random.Generator) -> Means:
        """The mean responses of n points, as many at every node."""
        return Means(n, self.true + NOISE * rng.normal(size=len(self.x)) / np.sqrt(n / len(self.x)))

    def fill(self, points: Means, u: Array, gradient: Array, hessian: Array) -> float:
        """The mean of -(y - f)^2/(2 noise^2); fills gradient and Hessian in u, the latter by differences."""
        step = _STEP * np.eye(len(u))
        f, slopes = self.regressions([u, *(u + step), *(u - step)])
        gap = (points.y - f) / (NOISE**2 * len(points.y))
        gradient[:], *others = np.einsum("pln,ln->lp", slopes, gap)
        half = (np.array(others[: len(u)]) - np.array(others[len(u) :])) / (2 * _STEP)
        hessian[:] = (half + half.T) / 2
        return float(-((points.y - f[0]) @ gap[0]) / 2)

    def search_once(self, points: Means, count: int, initial: Sequence[Array], rng: np.random.Generator) -> Maximum:
        """The highest of the climbs from known u and from so many that are drawn in the box, at all scales."""
        middle, reach = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        scales = np.exp(rng.uniform(np.log(points.n) / -4, 0, count))
        starts = [*initial, *(middle + scale * reach * rng.uniform(-1, 1, len(reach)) for scale in scales)]
        stop = Stop.in_sample_units(points.n)
        kernel = partial(self.fill, points)
        with one_blas_thread():
            ends = [climb(kernel, NO_PLAN, u, self.lower, self.upper, MAX_PASSES, stop=stop) for u in starts]
        return best_end(ends, points.n)[0]

    def status(self, end: Maximum) -> Status:
        """How a climb ended."""
        if not end.stationary:
            return "max_steps"
        return "converged" if ((end.theta > self.lower) & (end.theta < self.upper)).all() else "at_bound"
