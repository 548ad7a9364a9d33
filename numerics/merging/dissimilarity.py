"""Says how unlike two experts are, and merges a mixture pair by pair, always the pair that is most alike.

D of a pair is E_x (pi_1 + pi_2) KL(p_1 N_1 + p_2 N_2 || N), N the merged expert: the log-likelihood an observation that
the merge costs, 0 iff the experts are equal, whatever the units and the gate's parameters (theory 4.4.1).

Example: ``path(mixture, x, weights)[0].height`` is the D of the two experts that are most alike.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from temperance.numerics.likelihood.plain_sums import mean_and_slopes
from temperance.numerics.merging.conditional_moments import LEAST, Expert, merged
from temperance.numerics.merging.mixture import Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points

Cells = tuple[tuple[int, ...], ...]

_Y_POINTS = 81
_Y_REACH = 6.0  # standard deviations
_DESIGN = 500  # points of x, at most


class Merger(NamedTuple):
    """A step of a path: the sets of atoms before it, which two of them merge, and their D."""

    cells: Cells
    pair: tuple[int, int]
    height: float

    @property
    def after(self) -> Cells:
        """The sets of atoms after it."""
        i, j = self.pair
        rest = [cell for place, cell in enumerate(self.cells) if place not in self.pair]
        return tuple(sorted([*rest, tuple(sorted(self.cells[i] + self.cells[j]))]))


def design_of(points: Points, most: float = _DESIGN) -> tuple[Floats, Floats]:
    """The x of the data with weights of sum 1, thinned evenly along the rows where there are more than `most`."""
    if len(points.y) <= most:
        weights = points.weights if points.weighted else np.ones(len(points.y))
        return points.x, weights / weights.sum()
    x, _ = points.some(_DESIGN, np.random.default_rng(0))
    return x, np.full(len(x), 1 / len(x))


def path(mixture: Mixture, x: Floats, weights: Floats) -> tuple[Merger, ...]:
    """The merges of k atoms to one, the pair of least D first; x (n, d), weights (n,): the design.

    A merged expert is that of all its atoms, as conditional moments of unions are those of the parts.
    """
    probabilities, means = mixture.probabilities(x), mixture.means(x)

    def expert(cell: tuple[int, ...]) -> Expert:
        at = list(cell)
        return merged(
            mixture.formulas, x, weights, probabilities[:, at], means[:, at], mixture.lines[at], mixture.nu[at]
        )

    mergers: list[Merger] = []
    cells: Cells = tuple((i,) for i in range(mixture.k))
    experts = {cell: expert(cell) for cell in cells}
    heights: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
    while len(cells) > 1:
        for one, other in combinations(cells, 2):
            if (one, other) not in heights:
                both = tuple(sorted(one + other))
                experts[both] = expert(both)
                heights[one, other] = _cost(mixture, x, weights, experts[one], experts[other], experts[both])
        one, other = min(combinations(cells, 2), key=lambda pair: heights[pair])
        mergers.append(Merger(cells, (cells.index(one), cells.index(other)), heights[one, other]))
        cells = mergers[-1].after
    return tuple(mergers)


def _cost(mixture: Mixture, x: Floats, weights: Floats, one: Expert, other: Expert, both: Expert) -> float:
    """D of two experts, whose merged one is known."""
    first, second, middle = (mean_and_slopes(mixture.formulas, x, e.line)[0] for e in (one, other, both))
    total = one.probability + other.probability
    share = (one.probability / np.maximum(total, LEAST))[:, None]
    reach = _Y_REACH * np.sqrt(max(one.nu, other.nu))
    low, high = np.minimum(first, second) - reach, np.maximum(first, second) + reach
    y = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _Y_POINTS)
    parts = (_log_normal(y, first, one.nu), _log_normal(y, second, other.nu))
    density = share * np.exp(parts[0]) + (1 - share) * np.exp(parts[1])
    gain = density * (np.log(np.maximum(density, LEAST)) - _log_normal(y, middle, both.nu))
    divergence = gain.sum(axis=1) * (high - low) / (_Y_POINTS - 1)
    return max(0.0, float(weights @ (total * divergence)))


def _log_normal(y: Floats, mean: Floats, nu: float) -> Floats:
    return np.asarray(-((y - mean[:, None]) ** 2) / (2 * nu) - np.log(2 * np.pi * nu) / 2)
