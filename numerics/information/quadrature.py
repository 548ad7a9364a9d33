"""Gauss panels for averages over x uniform on [low, high]^d, d = 1 or 2, graded where the gate is steep.

Panels end at every kink of s. A panel is halved until no log odds move by more than a few units on it, wherever the
gate is mixed at all. So panels narrow geometrically towards the crossings of the gate, however small tau is.

Example: ``quadrature(truth, gate, -3, 3).weights.sum()`` is 1.

`quadrilaterals` cuts a square along lines into parts on which functions with kinks along these lines are smooth.

Example: ``quadrilaterals(squares, [(np.array([1.0, 2.0]), 0.5)])`` have no point of x_1 + 2 x_2 = 1/2 inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.activations.piecewise import ends_of

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


@dataclass(frozen=True)
class Accuracy:
    """How finely integrals are taken.

    order: Gauss points along an edge of a panel; swing: by how much log odds may move on a panel; panels: along an edge
    at first; per_deviation: steps of y in the least standard deviation.
    """

    order: int
    swing: float
    panels: int
    per_deviation: float


FINE = Accuracy(order=16, swing=3.0, panels=8, per_deviation=6.0)
COARSE = Accuracy(order=12, swing=4.0, panels=6, per_deviation=4.0)  # its distance from FINE is the error that is shown
SCAN = Accuracy(order=8, swing=6.0, panels=6, per_deviation=2.5)  # for searches: three digits

_MIXED = 40.0  # beyond these log odds (more than the least of the range) a gate holds exp(-40) of the information
_NARROWEST = 1e-9  # of the range
_INSIDE = 1e-9  # of a panel, from its corners
_MOST_NODES = 400_000
_MOST_PANELS = 20_000


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points of x (m, d) and their weights (m,), of sum 1: a quadrature rule, or a design; and how finely y is cut."""

    x: Floats
    weights: Floats
    per_deviation: float = FINE.per_deviation


def product_grid(x: Floats, d: int) -> Floats:
    """All points whose d coordinates are among x, shape (len(x)^d, d)."""
    return np.stack(np.meshgrid(*[x] * d, indexing="ij"), axis=-1).reshape(-1, d)


def logits(measure: MixingMeasure, gate: CompiledActivation, x: Floats) -> Floats:
    """(s(beta1_i . x) + beta0_i)/tau, shape (m, k), at x (m, d); raises ValueError where s is not finite."""
    (s,) = gate(x @ measure.beta1.T, 0)
    if not np.isfinite(s).all():
        raise ValueError(f"activation {gate.source.name!r} is not real and finite on all of beta1 . x")
    return (s + measure.beta0) / measure.tau


def quadrature(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, accuracy: Accuracy = FINE
) -> Nodes:
    """A rule for x uniform on [low, high]^d; raises ValueError for d > 2, and for a gate too steep to be resolved."""
    if measure.d > 2:
        raise ValueError(f"the information is computed for x in dimension 1 or 2, not {measure.d}")
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"x must range over an interval, not [{low}, {high}]")
    if measure.d == 2:  # a product of shorter rules
        accuracy = replace(accuracy, order=(5 * accuracy.order) // 8, panels=accuracy.panels // 2)
    grid, product = _gauss(accuracy.order, measure.d)
    corners = _panels(measure, gate, low, high, grid, accuracy)
    return Nodes(*_on_panels(corners, grid, product, high - low), accuracy.per_deviation)


def on_panels(edges: Floats, lines: Sequence[tuple[Floats, float]], d: int, order: int) -> tuple[Floats, Floats]:
    """Points (m, d) and weights of sum 1 of Gauss panels between these edges of every axis, cut along lines."""
    return _on_panels(_cut(edges, lines, d), *_gauss(order, d), edges[-1] - edges[0])


def _gauss(order: int, d: int) -> tuple[Floats, Floats]:
    """Points (g, d) of the unit cube, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    product = np.prod(np.meshgrid(*[weights / 2] * d, indexing="ij"), axis=0).ravel()
    return product_grid((nodes + 1) / 2, d), product


def _on_panels(corners: Floats, grid: Floats, product: Floats, width: float) -> tuple[Floats, Floats]:
    d = grid.shape[1]
    slopes = np.stack([_shares(grid, axis) for axis in range(d)], axis=1)
    volume = np.abs(np.linalg.det(np.einsum("gac,mcb->mgab", slopes, corners)))
    weight = volume * product / width**d
    return (_shares(grid) @ corners).reshape(-1, d), weight.ravel()


def _shares(grid: Floats, axis: int | None = None) -> Floats:
    """What the corners of a panel count, (g, 2^d), at points (g, d) of the unit cube; or the derivatives of that."""
    shares = np.ones((len(grid), 1))
    for a, t in enumerate(grid.T):
        two = np.stack([0 * t - 1, 0 * t + 1] if a == axis else [1 - t, t], axis=1)
        shares = (shares[:, :, None] * two[:, None]).reshape(len(grid), -1)
    return shares


def _panels(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, grid: Floats, accuracy: Accuracy
) -> Floats:
    """Corners of the panels, (panels, 2^d, d): images of the unit cube by what is linear in every coordinate."""
    # Gauss points, and corners: atoms may be equal there alone
    ends = _INSIDE + (1 - 2 * _INSIDE) * product_grid(np.array([0.0, 1.0]), measure.d)
    corners = _first_panels(measure, gate, np.linspace(low, high, accuracy.panels + 1))
    shares = _shares(np.concatenate([grid, ends]))
    panels: list[Floats] = []
    least, count = np.inf, 0
    while len(corners):
        x = shares @ corners
        t = logits(measure, gate, x.reshape(-1, measure.d)).reshape(len(corners), len(shares), -1)
        behind = t.max(axis=2, keepdims=True) - t  # 0 for the leading atom
        second = np.partition(behind, 1, axis=2)[..., 1].min(axis=1)
        least = min(least, float(second.min()))
        relevant = behind.min(axis=1) <= least + _MIXED  # atoms that count somewhere on the panel
        t = t[:, : len(grid)]
        move = np.where(relevant[:, None], t - t.mean(axis=2, keepdims=True), 0.0)
        steep = np.ptp(move - move.mean(axis=2, keepdims=True), axis=1).max(axis=1) > accuracy.swing
        wide = np.ptp(corners, axis=1).max(axis=1) > _NARROWEST * (high - low)
        halve = steep & (second <= least + _MIXED) & wide
        panels.append(corners[~halve])
        count += int((~halve).sum())
        if count + halve.sum() > _MOST_PANELS or (count + halve.sum()) * len(grid) > _MOST_NODES:
            raise ValueError(
                "the gate is too steep for the information to be computed: tau is too small for s and beta1"
            )
        corners = _halved(corners[halve])
    return np.concatenate(panels)


def _halved(corners: Floats) -> Floats:
    """Every panel cut in two along every axis."""
    d = corners.shape[2]
    units = product_grid(np.array([0.0, 1.0]), d)
    return np.concatenate([_shares((units + start) / 2) @ corners for start in units])


def _first_panels(measure: MixingMeasure, gate: CompiledActivation, edges: Floats) -> Floats:
    """The corners of even panels, cut where beta1 . x of an atom is an end of a piece of s."""
    lines = [(slope, float(z)) for z in ends_of(gate.source.pieces) for slope in measure.beta1 if slope.any()]
    return _cut(edges, lines, measure.d)


def _cut(edges: Floats, lines: Sequence[tuple[Floats, float]], d: int) -> Floats:
    """The corners of panels between edges, cut along lines normal . x = offset."""
    if d == 1:
        places = [z / slope[0] for slope, z in lines]
        edges = np.unique([*edges, *(p for p in places if edges[0] < p < edges[-1])])
        return np.stack([edges[:-1], edges[1:]], axis=1)[..., None]
    units = product_grid(np.array([0.0, 1.0]), 2)
    steps = product_grid(edges[:-1], 2)[:, None] + (edges[1] - edges[0]) * units
    return quadrilaterals(steps[:, [0, 1, 3, 2]], lines)
