"""Gauss panels for averages over x uniform on [low, high]^d, d = 1 or 2, graded where the gate is steep.

A panel is halved until no log odds move by more than a few units on it, wherever the gate is mixed at all; for d = 1 it
ends at every kink of s. So panels narrow geometrically towards the crossings of the gate, however small tau is.

Example: ``quadrature(truth, gate, -3, 3).weights.sum()`` is 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import MixingMeasure


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
    nodes, weights = np.polynomial.legendre.leggauss(accuracy.order)
    grid = product_grid(nodes, measure.d)
    product = np.prod(np.meshgrid(*[weights] * measure.d, indexing="ij"), axis=0).ravel()
    lower, upper = _panels(measure, gate, low, high, grid, accuracy)
    x = (lower + upper)[:, None] / 2 + (upper - lower)[:, None] / 2 * grid
    volume = (upper - lower).prod(axis=1) / 2.0**measure.d
    total = volume[:, None] * product / (high - low) ** measure.d
    return Nodes(x.reshape(-1, measure.d), total.ravel(), accuracy.per_deviation)


def _panels(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, grid: Floats, accuracy: Accuracy
) -> tuple[Floats, Floats]:
    """Corners of the panels, each (panels, d)."""
    even = np.linspace(low, high, accuracy.panels + 1)
    cuts = _with_kinks(even, measure, gate) if measure.d == 1 else even
    lower, upper = product_grid(cuts[:-1], measure.d), product_grid(cuts[1:], measure.d)
    kept: list[tuple[Floats, Floats]] = []
    least, count = np.inf, 0
    while len(lower):
        x = (lower + upper)[:, None] / 2 + (upper - lower)[:, None] / 2 * grid
        t = logits(measure, gate, x.reshape(-1, measure.d)).reshape(len(lower), len(grid), -1)
        behind = t.max(axis=2, keepdims=True) - t  # 0 for the leading atom
        second = np.partition(behind, 1, axis=2)[..., 1].min(axis=1)
        least = min(least, float(second.min()))
        relevant = behind.min(axis=1) <= least + _MIXED  # atoms that count somewhere on the panel
        move = np.where(relevant[:, None], t - t.mean(axis=2, keepdims=True), 0.0)
        steep = np.ptp(move - move.mean(axis=2, keepdims=True), axis=1).max(axis=1) > accuracy.swing
        halve = steep & (second <= least + _MIXED) & ((upper - lower).max(axis=1) > _NARROWEST * (high - low))
        kept.append((lower[~halve], upper[~halve]))
        count += int((~halve).sum())
        if count + halve.sum() > _MOST_PANELS or (count + halve.sum()) * len(grid) > _MOST_NODES:
            raise ValueError(
                "the gate is too steep for the information to be computed: tau is too small for s and beta1"
            )
        lower, upper = _halved(lower[halve], upper[halve])
    return np.concatenate([a for a, _ in kept]), np.concatenate([b for _, b in kept])


def _halved(lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Every panel cut in two along every axis."""
    for axis in range(lower.shape[1]):
        middle = (lower[:, axis] + upper[:, axis]) / 2
        left, right = upper.copy(), lower.copy()
        left[:, axis] = right[:, axis] = middle
        lower, upper = np.concatenate([lower, right]), np.concatenate([left, upper])
    return lower, upper


def _with_kinks(edges: Floats, measure: MixingMeasure, gate: CompiledActivation) -> Floats:
    """The edges of the first panels of d = 1, and the kinks of s that x reaches."""
    kinks = [piece.upper for piece in gate.pieces[:-1]] + [piece.lower for piece in gate.pieces[1:]]
    slopes = measure.beta1[:, 0]
    places = [z / b for z in kinks for b in slopes[slopes != 0]]
    return np.unique([*edges, *(p for p in places if edges[0] < p < edges[-1])])
