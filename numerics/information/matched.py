"""Brings activations to equal terms: beta0 and tau such that a gate of two atoms has a given range of probabilities.

log tau does not change under s -> alpha s + gamma and z -> delta z, so (tau, beta1) of two activations are in different
units. Their gates are not: for every length of beta1, its direction kept, beta0 and tau follow from the least and the
greatest probability of the first atom over x; the length that needs the fewest observations is searched for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.information.fisher import Information, information
from temperance.numerics.information.quadrature import FINE, SCAN, Accuracy, product_grid, quadrature
from temperance.numerics.mixture.activation_numpy import CompiledActivation
from temperance.numerics.mixture.measures import Layout, MixingMeasure

SCALES = np.exp(np.linspace(-3.0, 4.0, 36))  # of the greatest |beta1 . x|
_ROUNDS = 5
_POINTS = 801


@dataclass(frozen=True, eq=False)
class Matched:
    """The measure of the least cost, its cost, and whether the search ended at the end of its range of beta1."""

    measure: MixingMeasure
    cost: float
    at_edge: bool


def matched(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, probabilities: tuple[float, float]
) -> MixingMeasure | None:
    """beta0 and tau such that the first of two atoms has these least and greatest probabilities over x.

    None where the gate cannot: s is not finite on all of beta1 . x, or does not depend on x.
    """
    x = np.linspace(low, high, _POINTS if measure.d == 1 else 65)
    (s,) = gate(product_grid(x, measure.d) @ measure.beta1.T, 0)
    if not np.isfinite(s).all():
        return None
    difference = s[:, 0] - s[:, 1]
    if np.ptp(difference) <= 1e-12 * np.abs(s).max():
        return None
    least, greatest = (float(np.log(p / (1 - p))) for p in probabilities)
    tau = float(np.ptp(difference)) / (greatest - least)
    beta0 = tau * least - float(difference.min())
    return replace(measure, beta0=np.array([beta0, 0.0]), tau=np.array(tau))


def best_matched(
    measure: MixingMeasure,
    layout: Layout,
    gate: CompiledActivation,
    low: float,
    high: float,
    probabilities: tuple[float, float],
    cost: Callable[[Information, MixingMeasure], float],
) -> Matched | None:
    """The least cost over the length and sign of beta1, its direction kept; None where no length has a finite one."""
    reach = float(np.abs(measure.beta1).sum(axis=1).max()) * max(abs(low), abs(high))

    def at(scale: float, accuracy: Accuracy = SCAN) -> tuple[float, MixingMeasure | None]:
        candidate = matched(replace(measure, beta1=measure.beta1 * (scale / reach)), gate, low, high, probabilities)
        if candidate is None:
            return float("inf"), None
        try:
            fisher = information(candidate, layout, gate, quadrature(candidate, gate, low, high, accuracy))
        except ValueError:  # s' is not finite, or the gate too steep to be resolved
            return float("inf"), None
        return (cost(fisher, candidate) if fisher.resolved else float("inf")), candidate

    lengths = np.concatenate([-SCALES[::-1], SCALES])
    values = np.array([at(v)[0] for v in lengths])
    best = int(values.argmin())
    if not np.isfinite(values[best]):
        return None
    place, value, step = float(lengths[best]), float(values[best]), float(SCALES[1] / SCALES[0])
    for _ in range(_ROUNDS):
        step = float(np.sqrt(step))
        for other in (place / step, place * step):
            if SCALES[0] <= abs(other) <= SCALES[-1] and (trial := at(other)[0]) < value:
                place, value = other, trial
                break
    value, candidate = at(place, FINE)
    if candidate is None:
        return None
    edge = min(abs(abs(place) - end) / end for end in (SCALES[0], SCALES[-1])) < 1e-9
    return Matched(candidate, value, bool(edge))
