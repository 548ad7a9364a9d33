"""Makes starts for k atoms from the maximum for k - 1, by splitting each atom in two at random.

An over-specified likelihood has its maximum near a split of the smaller model, which independent starts rarely find.
The truth is not used.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure

_STEP = 0.4  # of the offsets, in standard deviations of y given x, or of beta1's size


def smaller(layout: Layout) -> Layout:
    """The layout of one atom less."""
    return replace(layout, k=layout.k - 1)


def split_starts(
    layout: Layout, found: MixingMeasure, each: int, *, spread: float, rng: np.random.Generator
) -> list[Floats]:
    """Starts (p,): every atom of found, which has one atom less than layout, is split `each` times.

    spread: the standard deviation of x. rng: draws the offsets.
    """
    return [layout.pack(_split(found, atom, layout, spread, rng)) for atom in range(found.k) for _ in range(each)]


def _split(found: MixingMeasure, atom: int, layout: Layout, spread: float, rng: np.random.Generator) -> MixingMeasure:
    """The atom twice, at opposite offsets; the new one goes in front, so that the last keeps the gauge."""
    share, deviation = rng.uniform(0.2, 0.8), float(np.sqrt(found.nu[atom]))
    sides = np.array([share - 1.0, share])  # the weighted mean stays

    def both(values: Floats, step: Floats | float) -> Floats:
        two = values[atom] + np.multiply.outer(sides, step)
        return np.concatenate([values[:atom], two, values[atom + 1 :]])

    d = layout.d
    beta1 = both(found.beta1, _STEP * rng.normal(size=d) * (1 / spread + np.abs(found.beta1[atom])))
    if layout.gauge == "anchored":
        beta1[-1] = 0.0
    weight = found.tau * np.log([share, 1.0 - share])
    beta0 = np.concatenate([found.beta0[:atom], found.beta0[atom] + weight, found.beta0[atom + 1 :]])
    a = both(found.a, _STEP * deviation / spread * rng.normal(size=d))
    b = both(found.b, _STEP * deviation * rng.normal())
    nu = np.exp(both(np.log(found.nu), _STEP * rng.normal()))
    return MixingMeasure(beta1, beta0 - beta0[-1], found.tau, a, b, nu)
