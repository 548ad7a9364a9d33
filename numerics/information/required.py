"""Sample sizes at one truth: for the temperature, for beta1, and what goes with them.

Example: ``at_truth(truth, layout, gate, -3, 3).tau`` is [I^-1] of log tau: n observations give it the standard error
sqrt(tau/n), which is that of tau relative to tau.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temperance.numerics.information.fisher import Information, information, kurtosis
from temperance.numerics.information.quadrature import COARSE, FINE, quadrature
from temperance.numerics.mixture.activation_numpy import CompiledActivation
from temperance.numerics.mixture.measures import Layout, MixingMeasure

ASYMPTOTIC = 0.1
"""Greatest kurtosis of the influence over n at which n is taken to be in the asymptotic regime (theory 7.1)."""


@dataclass(frozen=True)
class Required:
    """Variances of relative errors, times n.

    tau: None where it is fixed; beta1: of the worst atom, trace of the covariance over |beta1|^2, of atoms with
    beta1 != 0. price, kurtosis: as in theory 7; None where tau is fixed. error: relative, of tau (of beta1 where tau
    is fixed), by a coarser rule. resolved: whether the inverse of the information has digits in doubles.
    """

    tau: float | None
    beta1: float
    price: float | None
    condition: float
    kurtosis: float | None
    error: float
    resolved: bool


def relative_beta1(fisher: Information, measure: MixingMeasure) -> float:
    """The relative variance of beta1, times n, of the worst atom whose beta1 is free and not 0."""
    free = range(fisher.layout.gates)
    squares = {i: float(measure.beta1[i] @ measure.beta1[i]) for i in free}
    return max(fisher.variance("beta1", i) / square for i, square in squares.items() if square > 0)


def at_truth(measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float) -> Required:
    """What x uniform on [low, high]^d needs; raises ValueError as `information` and `quadrature` do."""
    fixed = layout.tau is not None

    nodes = quadrature(measure, gate, low, high, FINE)
    fisher = information(measure, layout, gate, nodes)
    if not fisher.resolved:
        return Required(None, float("inf"), None, fisher.condition, None, float("inf"), False)
    rough = information(measure, layout, gate, quadrature(measure, gate, low, high, COARSE))
    values = [relative_beta1(f, measure) if fixed else f.variance("tau") for f in (fisher, rough)]
    error = abs(values[1] / values[0] - 1)
    if fixed:
        return Required(None, values[0], None, fisher.condition, None, error, True)
    fourth = kurtosis(measure, layout, gate, nodes, fisher.influence("tau"))
    beta1 = relative_beta1(fisher, measure)
    return Required(values[0], beta1, fisher.price, fisher.condition, fourth, error, True)


def standard_errors(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, low: float, high: float, n: float
) -> tuple[tuple[str, int | None, float], ...]:
    """(parameter, atom, standard error) of every coordinate, of tau and nu themselves, from n observations.

    Raises ValueError where the information is singular to the digits of a double.
    """
    fisher = information(measure, layout, gate, quadrature(measure, gate, low, high))
    if not fisher.resolved:
        raise ValueError("the information is singular to the digits of a double: there are no standard errors")
    errors = np.linalg.norm(fisher.inverse_factor, axis=1) / np.sqrt(n)
    rows = []
    for (name, atom), error in zip(layout.names, errors, strict=True):
        unit = float(measure.tau) if name == "tau" else float(measure.nu[atom]) if name == "nu" else 1.0
        rows.append((name, atom, float(error) * unit))
    return tuple(rows)
