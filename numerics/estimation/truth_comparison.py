"""Puts a truth in the gauge and the order of a fit: to start its search there, and to compare its estimates.

Example: ``matched(true, result.mixture)`` has its atoms in the order of those of the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from temperance.numerics.estimation.merge import FittedMixture, Held
from temperance.numerics.estimation.result import BESIDE_TRUTH, Comparison, FitResult, Row, unwrap
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.likelihood import Mixture

_SAME = 1e-9  # probabilities that differ by rounding


def in_gauge(mixture: Mixture, held: Held, x: Floats) -> Mixture:
    """The mixture with what a fit holds in the last atom, by a translation of all scores or a scale of all weights.

    Raises ValueError where that changes the probabilities at x (n, d).
    """
    places, values, own = list(held.places), np.array(held.values), mixture.own.copy()
    last, positive = own[-1, places], np.array(mixture.formulas.positive, dtype=bool)[places]
    scale = np.where(positive, values / np.where(positive, last, 1.0), 1.0)
    own[:, places] = own[:, places] * scale + np.where(positive, 0.0, values - last)
    moved = replace(mixture, own=own)
    if np.abs(moved.probabilities(x) - mixture.probabilities(x)).max() > _SAME:
        accepted = "accepted: one in which the score of the last atom is one number"
        raise ValueError(f"the truth is not in the gauge of the fit; {accepted}")
    return moved


def matched(true: Mixture, fitted: FittedMixture) -> Mixture:
    """The truth with its atoms in the order of those of a fit that most of the points come from, in its gauge.

    An anchor, which is set apart from the other atoms, stays the last.
    """
    points, free = fitted.points, true.k - fitted.held.apart
    shares = fitted.values.responsibilities(points), true.responsibilities(points)
    overlap = points.total(shares[0][:, :, None] * shares[1][:, None, :])
    order = [*linear_sum_assignment(overlap[:free, :free], maximize=True)[1], *range(free, true.k)]
    placed = replace(true, own=true.own[order], lines=true.lines[order], nu=true.nu[order])
    return in_gauge(placed, fitted.held, points.x)


def compared(result: FitResult, true: Mixture | None, rows: Callable[[Mixture], Sequence[Row]]) -> FitResult:
    """The fit with a truth, if any, beside it; rows: what is estimated, of a mixture in the order and gauge of the fit.

    The model counts as regular where the search ended inside the box, at a maximum whose information leaves nothing
    open that theory does not, and true experts differ.
    """
    if true is None:
        return result
    level = true.log_likelihood(result.mixture.points)
    alike = true.k == result.fitted
    aligned = rows(matched(true, result.mixture)) if alike else ()
    values = {(row.name, row.atom): unwrap(row.values.tolist()) for row in aligned}
    estimates = [e if e.se is None else replace(e, truth=values.get((e.parameter, e.atom))) for e in result.estimates]
    told = all(e.identifiable is not None or e.caveat == "held" for e in result.estimates)
    distinct = len(np.unique(np.column_stack([true.lines, true.nu]), axis=0)) == true.k
    regular = alike and result.status == "converged" and told and distinct and not result.is_stopped
    ratio, parameters = 2 * (result.log_likelihood - level), result.n_parameters if regular else None
    truth = Comparison(true.k, result.fitted, level, ratio, parameters)
    return replace(result, estimates=tuple(estimates), truth=truth, heads=BESIDE_TRUTH)
