"""Finds what the covariates of a sample leave open, whatever the model: columns that depend on each other, few values.

Example: with x_2 = 2 x_1 the direction (2, -1) of beta1 and of a changes no density.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import null_space

from temperance.numerics.fitting.newton import FLAT
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout

_NO_MEAN = 1e-6  # relative, of a combination of columns that is constant and counts as 0


def constant_combinations(x: Floats) -> tuple[Floats, Floats]:
    """The v (m, d) with x . v constant, to four digits (their squares are what curves), and the constants (m,)."""
    middle = x.mean(axis=0)
    moved = x - middle
    scale = np.linalg.norm(moved, axis=0)
    _, values, rows = np.linalg.svd(np.linalg.qr(moved / scale, mode="r"))
    v = rows[values**2 <= FLAT * values[0] ** 2] / scale
    return v, v @ middle


def dependent_directions(layout: Layout, x: Floats, *, linear: bool) -> Floats:
    """Directions (m, p) of theta along which no a_i . x + b_i and no gate changes at any x (n, d).

    A linear gate has a constant, beta0; s(beta1 . x) has none, so that there x . v = 0 is needed.
    """
    v, constants = constant_combinations(x)
    found, d, size = [], layout.d, layout.atom_size
    apart = np.abs(constants) > _NO_MEAN * (np.abs(v) @ np.abs(x).max(axis=0))
    mixes = null_space(constants[None]).T if apart.any() else np.eye(len(v))
    gates = np.column_stack([v, -constants]) if linear else np.column_stack([mixes @ v, np.zeros(len(mixes))])
    for atom in range(layout.k):
        blocks = [(d + 1, np.column_stack([v, -constants]))] + [(0, gates)] * (atom < layout.gates)
        for first, rows in blocks:
            full = np.zeros((len(rows), 1 + layout.k * size))
            place = 1 + atom * size + first
            full[:, place : place + d + 1] = rows
            found.append(full[:, layout.free])
    return np.concatenate(found)


def fewer_gates(layout: Layout, open_dimensions: int, dependent: Floats, x: Floats) -> int:
    """By how much the parameters of a gate outnumber its values at x (n, d): k - 1 log odds at each different x.

    open_dimensions: what is counted as open already; dependent: of it, what `dependent_directions` found.
    """
    gates = sum(name in ("tau", "beta1", "beta0") for name, _ in layout.names)
    ours = [j for j, (name, _) in enumerate(layout.names) if name in ("a", "b")]
    of_experts = int(np.any(dependent[:, ours], axis=1).sum())
    return max(0, gates - (open_dimensions - of_experts) - (layout.k - 1) * len(np.unique(x, axis=0)))
