"""What all numerics take: arrays of real numbers, points (x, y) with or without weights, and the softmax over atoms."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.mixture.activation_numpy import Floats


def reals(values: ArrayLike | None, name: str) -> NDArray[np.float64]:
    """The values as doubles, of any shape; an array of doubles as it is.

    Raises:
        ValueError: they are no real numbers, or rows of different lengths; the message names them.
    """
    try:
        array = np.asarray(values)
        if values is None or np.iscomplexobj(array):
            raise ValueError("None" if values is None else "complex numbers")
        return np.asarray(array, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold real numbers: {' '.join(str(error).split())}") from None


class Softmax(NamedTuple):
    """exp(logs)/sum exp(logs) over an axis; the largest of logs, and sum exp(logs - largest), without that axis."""

    shares: Floats
    largest: Floats
    total: Floats

    @property
    def log_sum(self) -> Floats:
        """The logarithm of sum exp(logs)."""
        return self.largest + np.log(self.total)


def softmax(logs: Floats, axis: int = 0, floor: float = -np.inf) -> Softmax:
    """The softmax over an axis; floor: logs - largest is not taken below it."""
    largest = logs.max(axis=axis, keepdims=True)
    with np.errstate(invalid="ignore"):  # nan where s overflows
        e = logs - largest
    if floor > -np.inf:
        np.maximum(e, floor, out=e)
    np.exp(e, out=e)
    total = e.sum(axis=axis, keepdims=True)
    e /= total
    return Softmax(e, np.squeeze(largest, axis), np.squeeze(total, axis))


NONE: Floats = np.empty(0)
"""Weights and reference of points without any."""


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
