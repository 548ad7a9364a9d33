"""Computes the log-likelihood along an orbit of parameters: flat to rounding if the orbit is an exact symmetry.

Example: ``flatness(scaled(found.measure, SCALES), gate, x, y)`` for a fit of the linear gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import MixingMeasure, log_density

SCALES = tuple(np.geomspace(0.1, 10.0, 21).tolist())
FLAT = 1e-9  # range of the log-likelihood, relative to its size, that counts as flat (theory 9.3)


@dataclass(frozen=True)
class Flatness:
    """Range of the log-likelihood along an orbit, and its size there."""

    range: float
    size: float

    @property
    def relative(self) -> float:
        """The range over the size."""
        return self.range / self.size

    @property
    def flat(self) -> bool:
        """Whether the likelihood cannot tell the points of the orbit apart."""
        return self.relative < FLAT


def scaled(measure: MixingMeasure, scales: ArrayLike, degree: float = 1.0) -> MixingMeasure:
    """(l beta1, l^p beta0, l^p tau) for scales l (m,), with one more leading axis in front."""
    if measure.tau.ndim:
        raise ValueError(f"one measure is needed, without leading axes, not {measure.tau.shape}")
    l = np.asarray(scales, dtype=float)
    power = l**degree
    same = (np.broadcast_to(part, (*l.shape, *part.shape)) for part in (measure.a, measure.b, measure.nu))
    beta1, beta0 = l[:, None, None] * measure.beta1, power[:, None] * measure.beta0
    return MixingMeasure(beta1, beta0, power * measure.tau, *same)


def flatness(orbit: MixingMeasure, gate: CompiledActivation, x: Floats, y: Floats) -> Flatness:
    """How flat the log-likelihood of x (n, d), y (n,) is over measures with one leading axis."""
    values = log_density(orbit, gate, x, y).sum(axis=-1)
    return Flatness(float(np.ptp(values)), float(np.abs(values).max()))
