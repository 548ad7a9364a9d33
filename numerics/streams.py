"""Samples of any length from a mixing measure, a block at a time: memory does not grow with n.

Example: ``Stream(measure, gate, 10**8, seed=1)`` can be fitted as it is (`mle.fit_points`); its method
``draw(0, 1000)`` gives its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from numerics.compiled import CompiledActivation
from numerics.density import gate_probabilities
from numerics.jets import NoMachineCode, machine_jets
from numerics.measures import MixingMeasure
from numerics.philox import draw_uniforms, draw_x, draw_y

Floats = NDArray[np.float64]
LawName = Literal["uniform", "normal", "grid"]

BLOCK = 2**16
_LARGEST = 2**64


@dataclass(frozen=True)
class Law:
    """Distribution of each coordinate of x on [low, high].

    "uniform"; "normal": with this mean and deviation, truncated; "grid": low + (high - low) j/(n - 1), j = 0..n-1, the
    same in every coordinate (it depends on n, so that samples do not nest).
    """

    name: LawName = "uniform"
    low: float = -3.0
    high: float = 3.0
    mean: float = 0.0
    deviation: float = 1.0

    def __post_init__(self) -> None:
        """Validate."""
        if self.name not in get_args(LawName):
            raise ValueError(f"the law of x must be one of {', '.join(get_args(LawName))}, not {self.name!r}")
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low must be below high, both finite, not {self.low}, {self.high}")
        if self.name == "normal" and not (self.deviation > 0 and np.isfinite(self.mean + self.deviation)):
            raise ValueError(f"the deviation of x must be positive, not {self.deviation}")

    def transform(self, u: Floats) -> Floats:
        """x from uniforms, element by element."""
        if self.name == "normal":
            ends = ndtr((np.array([self.low, self.high]) - self.mean) / self.deviation)
            normal = ndtri(ends[0] + (ends[1] - ends[0]) * u)
            return np.clip(self.mean + self.deviation * normal, self.low, self.high)
        return self.low + (self.high - self.low) * u


@dataclass(frozen=True, eq=False)
class Stream:
    """n points (x, y), y from g_G(y | x): point j is a function of (seed, replicate, j), and of n for a grid.

    measure has no replicate axis; x (n, d): the user's own points, instead of the law. Longer streams begin with the
    shorter ones, and no point depends on the blocks that are drawn or on who draws them. Raises ValueError for a wrong
    shape or a number out of range (seed below 2^64, replicate below 2^32).
    """

    measure: MixingMeasure
    gate: CompiledActivation
    n: int
    seed: int
    replicate: int = 0
    law: Law = Law()
    x: Floats | None = None

    def __post_init__(self) -> None:
        """Validate."""
        if self.measure.tau.ndim:
            raise ValueError(f"one measure is needed, not a batch of shape {self.measure.tau.shape}")
        if not (0 <= self.seed < _LARGEST and 0 <= self.replicate < 2**32 and 0 < self.n < 2**63):
            raise ValueError(f"seed, replicate and n are out of range: {self.seed}, {self.replicate}, {self.n}")
        if self.x is not None and np.shape(self.x) != (self.n, self.measure.d):
            raise ValueError(f"x must have shape {(self.n, self.measure.d)}, not {np.shape(self.x)}")

    def draw(self, start: int, stop: int, step: int = 1) -> tuple[Floats, Floats]:
        """x (m, d) and y (m,) of the points start, start + step, ... below stop."""
        if not (0 <= start <= stop <= self.n and step >= 1):
            raise ValueError(f"start, stop and step must lie within the {self.n} points: {start}, {stop}, {step}")
        x = np.ascontiguousarray(self._x(start, stop, step))
        return x, self._y(x, start, step)

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """All points, at most `BLOCK` at a time."""
        for start in range(0, self.n, BLOCK):
            yield self.draw(start, min(start + BLOCK, self.n))

    def some(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """At most `count` points, evenly spaced in the stream from a random first one."""
        step = -(-self.n // count)
        return self.draw(int(rng.integers(min(step, self.n))), self.n, step)

    def _x(self, start: int, stop: int, step: int) -> Floats:
        if self.x is not None:
            return np.asarray(self.x[start:stop:step], dtype=float)
        index = np.arange(start, stop, step)
        if self.law.name == "grid":
            return np.repeat(self.law.transform(index[:, None] / max(self.n - 1, 1)), self.measure.d, axis=1)
        u = np.empty((len(index), self.measure.d))
        draw_x(np.uint64(self.seed), self.replicate, start, step, u)
        return self.law.transform(u)

    def _y(self, x: Floats, start: int, step: int) -> Floats:
        m, y = self.measure, np.empty(len(x))
        linear = self.gate.source.is_linear
        try:
            address = 0 if linear else machine_jets(self.gate.source).address
        except NoMachineCode:
            return self.plain_y(x, start, step)
        parts = (m.beta1, m.beta0, float(m.tau), m.a, m.b, np.sqrt(m.nu))
        draw_y(*parts, linear, address, np.uint64(self.seed), self.replicate, start, step, x, y)
        return y

    def plain_y(self, x: Floats, start: int = 0, step: int = 1) -> Floats:
        """The same y in plain NumPy, up to rounding."""
        m, u = self.measure, np.empty((len(x), 4))
        draw_uniforms(np.uint64(self.seed), self.replicate, 0, start, step, u)
        normal = np.sqrt(-2 * np.log(u[:, 0])) * np.cos(2 * np.pi * u[:, 1])
        cumulative = np.cumsum(gate_probabilities(m, self.gate, x), axis=1)
        atom = (u[:, 2:3] >= cumulative[:, :-1]).sum(axis=1)
        return np.asarray((x * m.a[atom]).sum(axis=1) + m.b[atom] + np.sqrt(m.nu[atom]) * normal)
