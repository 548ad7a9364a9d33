"""Where the data of a fit come from: arrays, or anything that hands them out in blocks (`streams.Stream`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Points(Protocol):
    """n points (x, y), in blocks of x (m, d) and y (m,), doubles in C order."""

    @property
    def n(self) -> int:
        """Number of points."""

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """All points once, in the same blocks every time."""

    def some(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """At most about `count` of the points."""


def _finite(array: Floats) -> bool:
    """Whether every element is finite; a finite sum shows it in one pass, a sum that overflows shows nothing."""
    return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())


@dataclass(frozen=True, eq=False)
class ArrayPoints:
    """Points x (n, d), y (n,) in memory. Raises ValueError for a wrong shape or a value that is not finite."""

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

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """All points in one block."""
        yield self.x, self.y

    def some(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """At most `count` points, drawn without replacement, in their order."""
        if self.n <= count:
            return self.x, self.y
        chosen = np.sort(rng.choice(self.n, size=count, replace=False))
        return self.x[chosen], self.y[chosen]
