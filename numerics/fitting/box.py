"""The compact parameter set of softmax, linear and activation gates with linear experts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import NONE, Points
from temperance.theory.expressions.arguments import checked


@checked
@dataclass(frozen=True)
class Box:
    """The compact parameter set, part of the estimator: |beta1|, |beta0|, |a|, |b| entry by entry, tau, nu.

    The bounds of beta1 and a are one number for all entries, or one for each column of x.
    """

    beta1: float | tuple[float, ...]
    beta0: float
    tau: tuple[float, float]
    a: float | tuple[float, ...]
    b: float
    nu: tuple[float, float]

    def __post_init__(self) -> None:
        """Validate."""
        for f in fields(self):
            value = getattr(self, f.name)
            good = bool((np.array(value) > 0).all() and (np.array(value) < np.inf).all())
            if f.name in ("tau", "nu"):
                good = good and len(value) == 2 and value[0] < value[1]
            if not good:
                raise ValueError(f"box: {f.name} must be positive and finite (and a pair increasing), not {value}")

    @staticmethod
    def for_data(x: Floats, y: Floats, weights: Floats = NONE) -> Box:
        """A wide box from the scale of the data: nu within [1e-3, 4] var(y), tau within [1/50, 50]."""
        points = Points(x, y, weights)
        x, y = points.x, points.y
        deviation = float(np.sqrt(points.mean((y - points.mean(y)) ** 2))) or 1.0
        spread = np.sqrt(points.mean((x - points.mean(x)) ** 2))
        spread[spread == 0] = 1.0
        largest, reach = float(np.abs(y).max()) + 10 * deviation, float((np.abs(x) / spread).max())
        beta1, a = (bound / spread for bound in (50.0, 10 * largest))
        variance = deviation**2
        nu = (1e-3 * variance, 4 * variance)
        return Box(one_bound(beta1), 50.0, (0.02, 50.0), one_bound(a), 10 * largest * (1.0 + reach), nu)

    @checked
    def bounds(self, layout: Layout) -> tuple[Floats, Floats]:
        """Lower and upper bounds (p,) of theta, whose coordinates layout names: logarithms for tau and nu.

        Raises ValueError for one bound a column of another number of columns.
        """
        both = []
        for j, (name, atom) in enumerate(layout.names):
            bound = getattr(self, name)
            if name in ("tau", "nu"):
                both.append(np.log(bound))
                continue
            if isinstance(bound, tuple):
                if len(bound) != layout.d:
                    raise ValueError(f"box: {name} must be one number, or one for each of {layout.d} columns of x")
                bound = bound[j - layout.names.index((name, atom))]
            both.append((-bound, bound))
        lower, upper = np.array(both).T.copy()
        return lower, upper


def one_bound(bounds: Floats) -> float | tuple[float, ...]:
    """The bounds of the columns (d,); a single number if they are equal."""
    return float(bounds[0]) if (bounds == bounds[0]).all() else tuple(map(float, bounds))
