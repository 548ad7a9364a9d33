"""The temperature at which the fewest observations are needed, all else fixed, and the window about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.information.fisher import information
from temperance.numerics.information.quadrature import FINE, SCAN, Accuracy, logits, product_grid, quadrature
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure

_GRID = np.linspace(-6.0, 2.0, 33)  # of log(tau over the range of the numerator of the log odds)
_ROUNDS = 4
_EDGE_STEPS = 8


@dataclass(frozen=True)
class BestTau:
    """tau with the least variance of log tau, that variance (times n), and the window of at most twice as much.

    An end of the window is None where the search, over four decades, did not reach it.
    """

    tau: float
    variance: float
    low: float | None
    high: float | None


def tau_variance(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float, accuracy: Accuracy = FINE
) -> float:
    """[I^-1] of log tau for x uniform on [low, high]^d; infinite where it is not resolved in doubles."""
    fisher = information(measure, layout, gate, quadrature(measure, gate, low, high, accuracy))
    return fisher.variance("tau") if fisher.resolved else float("inf")


def best_tau(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float
) -> BestTau | None:
    """The best temperature to three digits; None where no temperature has a finite variance."""
    numerators = logits(measure, gate, product_grid(np.linspace(low, high, 65), measure.d)) * measure.tau
    scale = float(np.ptp(numerators, axis=1).max())
    if scale == 0:
        return None

    def at(log_tau: float) -> float:
        trial = replace(measure, tau=np.array(scale * np.exp(log_tau)))
        try:
            return float(np.log(tau_variance(trial, layout, gate, low, high, SCAN)))
        except ValueError:  # too steep to be resolved
            return float("inf")

    values = np.array([at(v) for v in _GRID])
    best = int(values.argmin())
    if not np.isfinite(values[best]):
        return None
    place, value, width = float(_GRID[best]), float(values[best]), float(_GRID[1] - _GRID[0])
    for _ in range(_ROUNDS):
        width /= 2
        for step in (-width, width):
            if (other := at(place + step)) < value:
                place, value = place + step, other
                break
    ends = [_edge(at, values, best, step, value + np.log(2.0)) for step in (-1, 1)]
    taus = [None if end is None else scale * float(np.exp(end)) for end in ends]
    return BestTau(scale * float(np.exp(place)), float(np.exp(value)), *taus)


def _edge(at: Callable[[float], float], values: Floats, best: int, step: int, wanted: float) -> float | None:
    """Where the function first rises to a value, going from the best in one direction."""
    i = best
    while 0 <= i + step < len(values) and values[i + step] < wanted:
        i += step
    if not 0 <= i + step < len(values):
        return None
    inside, outside = float(_GRID[i]), float(_GRID[i + step])
    for _ in range(_EDGE_STEPS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if at(middle) < wanted else (inside, middle)
    return (inside + outside) / 2
