"""Computes the log-likelihood of arbitrary gates and experts with its exact derivatives, in sums over y at each x.

Example: ``loglik(family, family.center, Columns.of(points))`` is the value, its slopes and second derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temperance.numerics.general.split_mixtures import Array, Atoms, Family
from temperance.numerics.mixture.density import Sums
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.softmax import softmax


@dataclass(frozen=True, eq=False)
class Columns:
    """Points by the x they share: x (g, d), y (g, c), weights (g, c), 0 where a column has fewer, and the reference.

    What depends on x alone is computed once a column. n: the number of points, or their total weight.
    """

    x: Array
    y: Array
    weights: Array
    reference: Array
    n: float

    @staticmethod
    def of(points: Points) -> Columns:
        """The columns of points: those of one x that follow each other make one."""
        n = len(points.y)
        first = np.flatnonzero(np.r_[True, (points.x[1:] != points.x[:-1]).any(axis=1)])
        sizes = np.diff(np.r_[first, n])
        place = np.repeat(np.arange(len(first)), sizes), np.arange(n) - np.repeat(first, sizes)
        y, weights, reference = np.zeros((3, len(first), sizes.max()))
        y[:] = points.y[first][:, None]
        y[place], weights[place] = points.y, points.weights if points.weighted else 1.0
        reference[place] = points.reference if points.weighted else 0.0
        return Columns(points.x[first], y, weights, reference, points.n)


def mixture_log_density(family: Family, vector: Array, x: Array, y: Array) -> Array:
    """log g(y_i|x_i) of a vector of the family, or of its reference: the true mixture; x (n, d), y (n,)."""
    return _log_density(Atoms(family, vector, x), y[:, None])[0][:, 0]


def _log_density(atoms: Atoms, y: Array) -> tuple[Array, Array, Array, Array]:
    """log g(y|x) (g, c), gaps to the means (g, l, c), probabilities of atoms before (l, g) and after y (g, l, c)."""
    prior = softmax(atoms.logits)
    gaps, nus = y[:, None] - atoms.means.T[:, :, None], atoms.nus[:, None]
    logs = atoms.logits.T[:, :, None] - np.log(2 * np.pi * nus) / 2 - gaps * gaps / (2 * nus)
    posterior = softmax(logs, axis=1)
    return posterior.log_sum - prior.log_sum[:, None], gaps, prior.shares, posterior.shares


def loglik(family: Family, vector: Array, columns: Columns) -> Sums:
    """The log-likelihood, less that of the reference, with slopes and second derivatives by all entries of a vector.

    With gap = y - mean_l(x), the slopes of log E_l are e_l(x), and those of log(E_l f_l) are d_l(x) . (1, gap, gap^2).
    So all sums over y are moments: of w r_l gap^j and of w r_l gap_l^j r_m gap_m^k, r the probabilities after y.
    """
    atoms, w = Atoms(family, vector, columns.x), columns.weights
    log_density, gaps, prior, posterior = _log_density(atoms, columns.y)
    g, count, c = gaps.shape
    powers = np.stack([np.ones_like(gaps), gaps, gaps * gaps], axis=2)  # (g, l, j, c)
    after = posterior[:, :, None] * powers
    held, before = w[:, None, None] * after, w.sum(axis=1) * prior
    moments = held @ powers.swapaxes(2, 3)  # (g, l, j, k): of gap^(j + k)
    pairs = held.reshape(g, -1, c) @ after.reshape(g, -1, c).swapaxes(1, 2)
    forms = np.zeros((g, count, 4, count, 4))  # of d and, last, of e
    forms[:, :, :3, :, :3] = -pairs.reshape(g, count, 3, count, 3)
    forms[:, :, 3, :, 3] = (before[:, None] * prior).T
    for l in range(count):
        forms[:, l, :3, l, :3] += moments[:, l]
        forms[:, l, 3, l, 3] -= before[l]
    sums = np.concatenate([moments[..., 0], -before.T[:, :, None]], axis=2)  # (g, l, 4)
    slopes, hessian = _derivatives(family, atoms, sums)
    flat = slopes.reshape(len(slopes), g, -1)
    hessian += np.tensordot(flat.swapaxes(0, 1) @ forms.reshape(g, 4 * count, -1), flat, ([0, 2], [1, 2]))
    value = float((w * (log_density - columns.reference)).sum())
    return Sums(value, np.tensordot(slopes, sums, 3), hessian)


def _derivatives(family: Family, atoms: Atoms, sums: Array) -> tuple[Array, Array]:
    """(d, e) as (a, g, l, 4), and the Hessian's part by second derivatives of log E and log f."""
    size, (g, count, _) = sum(family.sizes) * family.width + len(family.setting.spec.gate.shared), sums.shape
    slopes, hessian = np.zeros((size, g, count, 4)), np.zeros((size, size))
    m0, m1, m2, m3 = np.moveaxis(sums, (2, 1), (0, 1))
    by_gate, basis = family.weight.slopes(atoms.x, atoms.gates), family.mean.slopes(atoms.x, atoms.lines)
    of_weights = (family.weight.bends(atoms.x, atoms.gates) * (m0 + m3)).sum(axis=2)
    of_means = (family.mean.bends(atoms.x, atoms.lines) * m1).sum(axis=2)

    def bend(row: int, column: int, total: float) -> None:
        hessian[row, column] += total
        hessian[column, row] += total * (row != column)

    for l, nu in enumerate(atoms.nus):
        of_gate, of_line, of_nu = family.places(l)
        slopes[of_gate[0], :, l, ::3] = 1
        slopes[of_gate[1:], :, l, 0] = slopes[of_gate[1:], :, l, 3] = by_gate[:, l]
        slopes[of_line, :, l, 1] = basis[:, l] / nu
        slopes[of_nu, :, l, :3] = -1 / (2 * nu), 0, 1 / (2 * nu * nu)
        for (a, b), total in zip(family.weight.pairs, of_weights[:, l], strict=True):
            bend(of_gate[1 + a], of_gate[1 + b], total)
        for (a, b), total in zip(family.mean.pairs, of_means[:, l], strict=True):
            bend(of_line[a], of_line[b], total / nu)
        hessian[np.ix_(of_line, of_line)] -= (basis[:, l] * m0[l] / nu) @ basis[:, l].T
        for row, cross in zip(of_line, basis[:, l] @ m1[l], strict=True):
            bend(row, of_nu, -cross / nu**2)
        bend(of_nu, of_nu, -(m2[l] / nu - m0[l] / 2).sum() / nu**2)
    return slopes, hessian
