"""A proof by balls that the lattice carries laws: what is missing from 1, for all measures of a box.

By Poisson summation |h sum_j N(h j | mu, nu) - 1| <= 2 r/(1 - r^3), r = exp(-2 pi^2 nu_min/h^2), for every mean mu and
every nu >= nu_min, hence for every mixture. Beyond a cell at a distance t from mu, h sum N <= erfc(t/sqrt(2 nu))/2.
"""

from __future__ import annotations

from dataclasses import dataclass

import flint
import numpy as np
from flint import arb

from temperance.numerics.lattice.experiment import Experiment

_BITS = 128
_ROUNDED = 1e-9  # more than the rounding of a mean or a deviation


@dataclass(frozen=True)
class Normalisation:
    """Proved bounds that hold at every x.

    box: on |sum - 1| for every measure of the box; outside: on the mass of the truth beyond the cells listed.
    """

    box: float
    outside: float


def normalisation(lattice: Experiment) -> Normalisation:
    """The bounds for an experiment."""
    with flint.ctx.workprec(_BITS):
        return Normalisation(_upper(_excess(lattice.step, lattice.nu_min)), _upper(_beyond(lattice)))


def _excess(step: float, nu_min: float) -> arb:
    r = (-2 * arb.pi() ** 2 * arb(nu_min) / arb(step) ** 2).exp()
    return 2 * r / (1 - r**3)


def _beyond(lattice: Experiment) -> arb:
    """The mass of the worst atom on both sides; from the outermost means at any x."""
    total = arb(0)
    for mean_low, mean_high, deviation in zip(
        lattice.means.min(axis=0), lattice.means.max(axis=0), lattice.deviations, strict=True
    ):
        spread = arb(float(deviation), _ROUNDED) * arb(2).sqrt()
        gaps = (
            arb(float(mean_low), _ROUNDED) - float(lattice.y[0]),
            float(lattice.y[-1]) - arb(float(mean_high), _ROUNDED),
        )
        mass = sum(((gap / spread).erfc() / 2 for gap in gaps), arb(0))
        total = total.max(mass)
    return total


def _upper(ball: arb) -> float:
    """A double above the ball."""
    return float(np.nextafter(float(ball.upper()), np.inf))
