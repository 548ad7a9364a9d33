"""The points (x, y) of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _finite(array: Floats) -> bool:
    """Whether every element is finite; a finite sum shows it in one pass, a sum that overflows shows nothing."""
    return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())


@dataclass(frozen=True, eq=False)
class Points:
    """Points x (n, d), y (n,). Raises ValueError for a wrong shape or a value that is not finite."""

    x: Floats
    y: Floats

    def __post_init__(self) -> None:
        """Validate."""
        for name in ("x", "y"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=float))
        if self.x.ndim != 2 or self.y.shape != self.x.shape[:1]:
            raise ValueError(f"x must have shape (n, d) and y (n,), not {self.x.shape} and {self.y.shape}")
        if not (_finite(self.x) and _finite(self.y)):
            raise ValueError("x and y must be finite")

    @property
    def n(self) -> int:
        """Number of points."""
        return len(self.y)

    def some(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """At most `count` points, drawn without replacement, in their order."""
        if self.n <= count:
            return self.x, self.y
        chosen = np.sort(rng.choice(self.n, size=count, replace=False))
        return self.x[chosen], self.y[chosen]
