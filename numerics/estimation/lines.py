"""Counts lines, experts by their means alone, whose noise may have any shape, from the Gaussian atoms of a fit.

Noise that is not Gaussian is fitted by several atoms with nearly one mean: of other variances (heavy tails), moved
aside (skewness), broad and light (outliers), or elsewhere in x (another gate, a variance that grows). So atoms are
merged by what distinguishes lines, and not densities (as clusters of Gaussian atoms are by Baudry et al., JCGS 19,
2010, and Hennig, ADAC 4, 2010). The separation of two experts with means m_1, m_2 and variances nu_1, nu_2 is

    S = (E (pi_1 + pi_2) (m_1 - m_2)^2 / E (pi_1 + pi_2))^(1/2) / (nu_1^(1/2) + nu_2^(1/2)),

the root of the mean square over the x where either is. At S = 1 two densities of one variance cease to have two modes.

Example: ``count_lines(fit.mixture, fit.mixture, gaussian=False).low``: so many experts have lines that lie apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temperance.numerics.estimation.merge import Cells, Expert, FittedMixture, design_of, path
from temperance.numerics.estimation.mixture import Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.plain_sums import mean_and_slopes

APART, MIDDLE, NEAR, SAME = 1.4, 1.2, 1.0, 0.5
"""Separations from which on two lines are two: beyond doubt, in one number, at most; and at most if noise is Gaussian.

Fixed on 36 data sets (docs/experts.md), in which true lines have 1.64 or more, and parts of one line at most 1.18.
"""
LIGHT = 0.025
"""Of the points: what holds fewer is no line, as a few outliers lie on one by chance."""


@dataclass(frozen=True, eq=False)
class Lines:
    """How many lines there are: the number, the ends of its range, and the atoms of each of so many lines.

    The ends are at most one away from the number.
    """

    count: int
    low: int
    high: int
    cells: Cells


def count_lines(fitted: FittedMixture, larger: FittedMixture, *, gaussian: bool) -> Lines:
    """The number of lines among the atoms of a fit.

    larger: the fit of the most atoms that are likely, to whose lines the range goes where the noise is Gaussian.
    gaussian: nothing speaks against that.
    """
    low, cells, high = _lines_apart(fitted, APART, MIDDLE, NEAR)
    if gaussian:
        (high,) = _lines_apart(larger, SAME)
    count = len(cells)
    return Lines(count, max(len(low), count - 1), min(max(len(high), count), count + 1), cells)


def separation(mixture: Mixture, x: Floats, weights: Floats, one: Expert, other: Expert, both: Expert) -> float:
    """S of two experts at a design x (n, d), weights (n,)."""
    first, second = (mean_and_slopes(mixture.formulas, x, expert.line)[0] for expert in (one, other))
    at = weights * both.probability
    distance = float(np.sqrt(at @ (first - second) ** 2 / at.sum()))
    return distance / (float(np.sqrt(one.nu)) + float(np.sqrt(other.nu)))


def _lines_apart(fitted: FittedMixture, *separations: float) -> list[Cells]:
    """The atoms of each line, where pairs merge until the next are so far apart; the heaviest where all are light."""
    x, weights = design_of(fitted.points)
    shares = weights @ fitted.values.probabilities(x)
    mergers = path(fitted.values, x, weights, unlike=separation)
    lines = []
    for least in separations:
        cells: Cells = tuple((i,) for i in range(fitted.values.k))
        for merger in mergers:
            if merger.height >= least:
                break
            cells = merger.after
        heavy = tuple(cell for cell in cells if shares[list(cell)].sum() >= LIGHT)
        lines.append(heavy or (max(cells, key=lambda cell: shares[list(cell)].sum()),))
    return lines
