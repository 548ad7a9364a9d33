"""The points (x, y) of a fit, with weights or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.arrays import reals
from temperance.numerics.mixture.density import NONE


@dataclass(frozen=True, eq=False)
class Points:
    """Points x (n, d), y (n,).

    weights (n,): how often each was seen; reference (n,): taken from log g. `NONE` without. Raises ValueError for a
    wrong shape, a value that is not finite, a negative weight, or none that is positive.
    """

    x: Floats
    y: Floats
    weights: Floats = field(default_factory=lambda: NONE)
    reference: Floats = field(default_factory=lambda: NONE)

    def __post_init__(self) -> None:
        """Validate."""
        for name in ("x", "y", "weights", "reference"):
            object.__setattr__(self, name, np.ascontiguousarray(reals(getattr(self, name), name)))
        if self.x.ndim != 2 or self.y.shape != self.x.shape[:1]:
            raise ValueError(f"x must have shape (n, d) and y (n,), not {self.x.shape} and {self.y.shape}")
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise ValueError("x and y must be finite")
        if self.weighted and not len(self.reference):
            object.__setattr__(self, "reference", np.zeros(len(self.y)))
        for name, array in (("weights", self.weights), ("reference", self.reference)):
            if array.shape != self.y.shape and (self.weighted or len(self.reference)):
                raise ValueError(f"{name} must have shape {self.y.shape}, one for each point, not {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")
        if self.weighted and ((self.weights < 0).any() or not self.weights.any()):
            raise ValueError("weights must not be negative, nor all zero")

    @property
    def weighted(self) -> bool:
        """Whether there are weights."""
        return len(self.weights) > 0

    @property
    def n(self) -> float:
        """Number of points, or their total weight."""
        return float(self.weights.sum()) if self.weighted else len(self.y)

    def total(self, values: Floats) -> Floats:
        """The sum of values (n, ...) of the points, each as often as its point was seen."""
        return np.asarray(np.tensordot(self.weights, values, 1) if self.weighted else values.sum(axis=0))

    def mean(self, values: Floats) -> Floats:
        """The mean of values (n, ...) of the points."""
        return np.asarray(self.total(values) / self.n)

    @cached_property
    def middle(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of x, (d,) each."""
        centre = self.mean(self.x)
        return centre, np.sqrt(self.mean((self.x - centre) ** 2))

    def some(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """At most `count` points in their order, drawn without replacement; `count` with it if there are weights."""
        if self.weighted:
            chosen = np.repeat(np.arange(len(self.y)), rng.multinomial(count, self.weights / self.weights.sum()))
        elif len(self.y) <= count:
            return self.x, self.y
        else:
            chosen = np.sort(rng.choice(len(self.y), size=count, replace=False))
        return self.x[chosen], self.y[chosen]
