"""Computes the log-likelihood of arbitrary gates and experts with its exact derivatives, in sums over y at each x.

Example: ``loglik(family, family.center, Columns.of(points))`` is the value, its slopes and second derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temperance.numerics.general.split_mixtures import Array, Atoms, Family, normalised
from temperance.numerics.mixture.density import Sums
from temperance.numerics.mixture.points import Points

_HANKEL = np.add.outer(np.arange(3), np.arange(3))


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
    """log g(y|x) (g, c), gaps to the means (l, g, c), probabilities of atoms before (l, g) and after y (l, g, c)."""
    prior, total = normalised(atoms.logits)
    gaps, nus = y - atoms.means[:, :, None], atoms.nus[:, None, None]
    posterior, joint = normalised(atoms.logits[:, :, None] - gaps * gaps / (2 * nus) - np.log(2 * np.pi * nus) / 2)
    return joint - total[:, None], gaps, prior, posterior


def loglik(family: Family, vector: Array, columns: Columns) -> Sums:
    """The log-likelihood, less that of the reference, with slopes and second derivatives by all entries of a vector.

    With gap = y - mean_l(x), the slopes of log E_l are e_l(x) and those of log f_l are d_l(x) . (1, gap, gap^2). So all
    sums over y are moments: of w r_l gap^j and of w r_l gap_l^j r_m gap_m^k, r the probabilities after y.
    """
    atoms, w = Atoms(family, vector, columns.x), columns.weights
    log_density, gaps, prior, posterior = _log_density(atoms, columns.y)
    powers = [posterior]
    for _ in range(4):
        powers.append(powers[-1] * gaps)
    moments = np.stack([(w * p).sum(axis=-1) for p in powers])  # (j, l, g)
    change = np.sum(w * (posterior - prior[:, :, None]), axis=-1)  # (l, g)
    e, d, hessian = _derivatives(family, atoms, columns.x, moments, change)
    slopes = np.einsum("agl,lg->a", e, change) + np.einsum("aglj,jlg->a", d, moments[:3])
    d[..., 0] += e
    rows = np.stack(powers[:3], axis=1).reshape(-1, *w.shape).swapaxes(0, 1)  # (g, (l, j), c)
    after = -(w[:, None] * rows) @ rows.swapaxes(1, 2)
    before = w.sum(axis=1) * prior[:, None] * prior
    for l in range(len(gaps)):
        after[:, 3 * l : 3 * l + 3, 3 * l : 3 * l + 3] += moments[_HANKEL, l].T
        before[l, l] -= w.sum(axis=1) * prior[l]
    hessian += _contracted(d.reshape(*d.shape[:2], -1), after) + _contracted(e, before.T)
    return float((w * (log_density - columns.reference)).sum()), slopes, hessian


def _contracted(slopes: Array, forms: Array) -> Array:
    """The sum over columns of S F S', S (a, g, q) and F (g, q, q)."""
    return np.asarray(np.tensordot(slopes.swapaxes(0, 1) @ forms, slopes, ([0, 2], [1, 2])))


def _derivatives(family: Family, atoms: Atoms, x: Array, moments: Array, change: Array) -> tuple[Array, Array, Array]:
    """e (a, g, l), d (a, g, l, 3), and the Hessian's part by second derivatives of log E and log f."""
    size, count = sum(family.sizes) * family.width + len(family.cell.spec.gate.shared), len(atoms.nus)
    e, d, hessian = np.zeros((size, len(x), count)), np.zeros((size, len(x), count, 3)), np.zeros((size, size))

    def bend(row: int, column: int, total: float) -> None:
        hessian[row, column] += total
        hessian[column, row] += total * (row != column)

    for l, (gate, line, nu, (m0, m1, m2)) in enumerate(
        zip(atoms.gates, atoms.lines, atoms.nus, moments[:3].swapaxes(0, 1), strict=True)
    ):
        of_gate, of_line, of_nu = family.places(l)
        e[of_gate, :, l] = [np.ones(len(x)), *(slope(x, *gate) for slope in family.weight.slopes)]
        basis = np.stack([slope(x, *line) for slope in family.mean.slopes])
        d[of_line, :, l, 1] = basis / nu
        d[of_nu, :, l] = -1 / (2 * nu), 0, 1 / (2 * nu * nu)
        for (a, b), second in family.weight.bends.items():
            bend(of_gate[1 + a], of_gate[1 + b], float(change[l] @ second(x, *gate)))
        for (a, b), second in family.mean.bends.items():
            bend(of_line[a], of_line[b], float(m1 @ second(x, *line)) / nu)
        hessian[np.ix_(of_line, of_line)] -= (basis * m0 / nu) @ basis.T
        for row, cross in zip(of_line, basis @ m1, strict=True):
            bend(row, of_nu, -float(cross) / nu**2)
        bend(of_nu, of_nu, -float((m2 / nu - m0 / 2).sum()) / nu**2)
    return e, d, hessian
