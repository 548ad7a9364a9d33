"""Cuts a square along lines into convex quadrilaterals, on which functions with kinks along these lines are smooth.

Example: ``quadrilaterals(squares, [(np.array([1.0, 2.0]), 0.5)])`` have no point of x_1 + 2 x_2 = 1/2 inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats

_ON = 1e-12  # distance from a line, relative, at which a corner lies on it


def quadrilaterals(polygons: Iterable[Floats], lines: Sequence[tuple[Floats, float]]) -> Floats:
    """The parts, (m, 4, 2), of convex polygons (corners, 2) that no line normal . x = offset cuts.

    Their corners stand as at (0, 0), (0, 1), (1, 0), (1, 1) of the unit square; of a triangle the last two are one.
    """
    parts = list(polygons)
    for normal, offset in lines:
        parts = [half for part in parts for half in _halves(part, normal, offset)]
    return np.array([quad for part in parts for quad in _quads(part)])


def _halves(polygon: Floats, normal: Floats, offset: float) -> list[Floats]:
    """The two sides of a line in a convex polygon, or the polygon itself."""
    beside = polygon @ normal - offset
    beside[np.abs(beside) <= _ON * (np.abs(polygon) @ np.abs(normal) + abs(offset))] = 0.0
    if not (beside > 0).any() or not (beside < 0).any():
        return [polygon]
    sides: tuple[list[Floats], list[Floats]] = ([], [])
    following = zip(np.roll(polygon, -1, axis=0), np.roll(beside, -1), strict=True)
    for corner, here, (other, there) in zip(polygon, beside, following, strict=True):
        for side, sign in zip(sides, (1.0, -1.0), strict=True):
            if sign * here >= 0:
                side.append(corner)
            if here * there < 0:
                side.append(corner + here / (here - there) * (other - corner))
    return [np.array(side) for side in sides]


def _quads(polygon: Floats) -> Iterable[Floats]:
    """The fan of quadrilaterals, and perhaps a triangle, from the first corner of a convex polygon."""
    for i in range(1, len(polygon) - 1, 2):
        a, b, c = polygon[0], polygon[i], polygon[i + 1]
        yield np.array([a, b, polygon[i + 2] if i + 2 < len(polygon) else c, c])
