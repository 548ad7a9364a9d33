"""Pools many points into a few with weights, on which searches are cheap: the cells of a fine grid."""

from __future__ import annotations

import numpy as np

from temperance.numerics.mixture.points import Points

_MANY = 5_000  # fewer points are not worth pooling
_GAIN = 6  # times fewer cells than points, at least


def pooled(points: Points, least_nu: float) -> Points | None:
    """The means of x and y in the cells of a grid, weighted with the points in them; None where this loses too much.

    The grid is the finest with at most one cell for `_GAIN` points, and has at most as many cells as there are points.
    It loses too much where cells are so high that y varies inside of them by more than least_nu, the least variance of
    an atom.
    """
    columns, count = [*points.x.T, points.y], len(points.y)
    sides = int(count ** (1 / len(columns)))
    height = float(np.ptp(points.y))
    while count >= _MANY and (height / sides) ** 2 <= 12 * least_nu:
        cell = np.zeros(count, dtype=np.int64)
        for column in columns:
            low, width = column.min(), np.ptp(column) / sides
            cell = cell * sides + np.minimum((column - low) / (width or 1.0), sides - 1).astype(np.int64)
        held = np.bincount(cell)
        used = np.flatnonzero(held)
        if _GAIN * len(used) <= count:
            return _means(points, cell, used)
        sides = int(sides / np.sqrt(2))
    return None


def _means(points: Points, cell: np.ndarray, used: np.ndarray) -> Points:
    """The points of each used cell as one."""
    weights = points.weights if points.weighted else np.ones(len(cell))
    held = np.bincount(cell, weights)[used]
    x, y = ([np.bincount(cell, weights * c)[used] / held for c in part] for part in (points.x.T, [points.y]))
    reference = np.bincount(cell, weights * points.reference)[used] / held if points.weighted else np.zeros(len(held))
    return Points(np.stack(x, axis=1), y[0], held, reference)
