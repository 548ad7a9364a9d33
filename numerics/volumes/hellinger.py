"""Computes the squared Hellinger distance of a mixture of split atoms from the true one, compiled (d = 1).

A mixture is a vector u of local coordinates, 0 at the truth. They are the gate's tau (tanh); and for each cell its log
weight (but for the last), log shares, differences of its atoms to the first, and weighted means. Means of a and nu are
those of theory.md 2.13 plus their coordinates, a change of volume 1, so that small distances are not curved.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BETA1, BETA0, A, B, NU = range(5)

_TRUE_TAU = 0.5
_LEAST_NU = 0.02
_FAR = 1e9  # the distance where a variance is too small
_X = np.linspace(-2.0, 2.0, 7)
_STEP = 0.45  # in y: the lattice of theory.md 5 sees every relation
_SHARE, _WEIGHT, _TAU = 1.5, 0.8, 0.5  # half widths of the local box
_HALF = np.array([0.8, 0.0, 0.6, 0.9, 0.5])  # of differences: beta1, -, a, b, nu
_MEANS = np.array([0.8, 0.0, 0.5, 0.6, 0.3])


class Local(NamedTuple):
    """A truth, its cells and the local box, as the compiled functions take them.

    half: half widths of the box in u. cells: numbers of atoms. truth: rows beta1, beta0, a, b, nu of the true atoms.
    tanh, constant: whether the gate is tanh, anchored at the last true atom (else softmax), and a is held.
    roots: square roots of the true density on the grid.
    """

    half: Floats
    cells: NDArray[np.int64]
    truth: Floats
    tanh: bool
    constant: bool
    x: Floats
    y: Floats
    roots: Floats


def local(cells: tuple[int, ...], *, tanh: bool, constant: bool) -> Local:
    """The truth of a study: b = 3 j about 0, a = 0.4 and -0.4, nu = 0.5 and 0.8, beta1 = 1 and 0."""
    count = len(cells)
    truth = np.zeros((count, 5))
    truth[:-1, BETA1] = 1.0
    truth[:, A] = 0.0 if constant else [0.4 * (-1) ** j for j in range(count)]
    truth[:, B] = 3.0 * (np.arange(count) - (count - 1) / 2)
    truth[:, NU] = [0.5, 0.8][:count]
    own = [q for q in (BETA1, A, B, NU) if not (constant and q == A)]
    half = [_TAU] if tanh else []
    for j, size in enumerate(cells):
        last = j == count - 1
        half += [] if last else [_WEIGHT]
        half += [_SHARE] * (size - 1) + [_HALF[q] for _ in range(size - 1) for q in own]
        half += [_MEANS[q] for q in own if not (last and q == BETA1)]
    reach = 1.5 * (count - 1) + 5.8
    y = np.arange(-reach, reach, _STEP)
    made = Local(np.array(half), np.array(cells), truth, tanh, constant, _X, y, np.zeros((_X.size, y.size)))
    once = made._replace(cells=np.ones(count, dtype=np.int64))
    own_half = np.zeros(len(half))
    squared_distance(own_half, once, np.zeros((count, 5)), once.roots)  # fills in the roots of the truth
    return made._replace(roots=once.roots.copy())


@njit(cache=True)
def _averages(logs: Floats, total: float, rows: Floats) -> tuple[Floats, float, float]:
    """Weighted means of a cell's differences, and those of b b and of b beta1 about them; logs: of its shares."""
    mean = np.zeros(5)
    for l in range(rows.shape[0]):
        share = (math.exp(logs[l - 1]) if l else 1.0) / total
        for q in (0, 2, 3, 4):
            mean[q] += share * rows[l, q]
    squares = slopes = 0.0
    for l in range(rows.shape[0]):
        share = (math.exp(logs[l - 1]) if l else 1.0) / total
        gap = rows[l, 3] - mean[3]
        squares += share * gap * gap
        slopes += share * gap * (rows[l, 0] - mean[0])
    return mean, squares, slopes


@njit(cache=True)
def _atoms(u: Floats, at: Local, out: Floats) -> float:
    """Write the atoms of u to rows of out; return tau."""
    i, row, count = 0, 0, at.cells.size
    tau = 1.0
    if at.tanh:
        tau, i = _TRUE_TAU * math.exp(u[0]), 1
    for j in range(count):
        size, last = at.cells[j], j == count - 1
        weight = at.truth[j, 1]
        if not last:
            weight, i = weight + u[i], i + 1
        total = 1.0
        for l in range(1, size):
            total += math.exp(u[i + l - 1])
        for l in range(size):
            out[row + l, 1] = weight - tau * math.log(total) + (tau * u[i + l - 1] if l else 0.0)
        shares = i
        i += size - 1
        for q in (0, 2, 3, 4):
            out[row, q] = 0.0
        for l in range(1, size):
            for q in (0, 2, 3, 4):
                held = at.constant and q == 2
                out[row + l, q] = 0.0 if held else u[i]
                i += 0 if held else 1
        mean, squares, slopes = _averages(u[shares : shares + size - 1], total, out[row : row + size])
        for q in (0, 2, 3, 4):
            if at.constant and q == 2:
                continue
            moved = 0.0
            if not (last and q == 0):
                moved, i = u[i], i + 1
            for l in range(size):
                out[row + l, q] += at.truth[j, q] + moved - mean[q]
        for l in range(size):
            out[row + l, 4] -= squares
            if not at.tanh and not at.constant:
                out[row + l, 2] -= slopes
            if at.tanh and last:  # the anchor stays at 0
                out[row + l, 0] += mean[0]
        row += size
    return tau


@njit(cache=True)
def squared_distance(u: Floats, at: Local, atoms: Floats, filled: Floats) -> float:
    """The squared Hellinger distance from the truth, averaged over x; `filled` takes the roots of the density."""
    tau = _atoms(u, at, atoms)
    count, total = atoms.shape[0], 0.0
    for l in range(count):
        if atoms[l, 4] < _LEAST_NU:
            return _FAR
    weights, means, rates = np.empty(count), np.empty(count), np.empty(count)
    for i in range(at.x.size):
        whole = 0.0
        for l in range(count):
            score = atoms[l, 0] * at.x[i]
            weights[l] = math.exp(((math.tanh(score) if at.tanh else score) + atoms[l, 1]) / tau)
            means[l], rates[l] = atoms[l, 2] * at.x[i] + atoms[l, 3], -0.5 / atoms[l, 4]
            whole += weights[l]
        for l in range(count):
            weights[l] /= whole * math.sqrt(2 * math.pi * atoms[l, 4])
        for t in range(at.y.size):
            density = 0.0
            for l in range(count):
                gap = at.y[t] - means[l]
                density += weights[l] * math.exp(rates[l] * gap * gap)
            root = math.sqrt(density)
            filled[i, t] = root
            total += (root - at.roots[i, t]) ** 2
    return 0.5 * total * (at.y[1] - at.y[0]) / at.x.size
