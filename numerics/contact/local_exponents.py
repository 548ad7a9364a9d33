"""Reads a contact order off least distances at offsets t = 2^-j: the limit of their local exponents as t -> 0."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log2

_FLOOR = 1e-15  # below this a distance is rounding error
_RESOLVED = 5e-11  # below it minima are missed: rounding errors of the gradients in flat directions
_LEAST = 1.0  # G* + t v with all atoms moved alike has a distance of the order t: no order is smaller
_SCATTER = 0.1  # of the last local exponents, where a limit is read off
_CLOSE = 0.01  # exponents that close to 1 have met it
_FURTHEST = 0.1  # from the last exponent to a limit that is believed


@dataclass(frozen=True)
class Measured:
    """Distances at offsets t = 2^-j, those above `resolved` free of rounding errors, and their local exponents.

    flat: all distances are rounding error. order: the limit of the exponents, with an error; None where `trouble` says
    why none is read off.
    """

    parameter: str
    levels: tuple[float, ...]
    distances: tuple[float, ...]
    resolved: float = _RESOLVED

    @property
    def flat(self) -> bool:
        """Whether no distance can be told from 0 (which supports an identity and does not prove it)."""
        return bool(self.distances) and max(self.distances) < _FLOOR

    @property
    def exponents(self) -> tuple[float, ...]:
        """log2 of the ratios of successive distances, as far as they are resolved.

        A missed minimum is too large, and may lie above what is resolved: the distance that the exponent before leads
        to must be resolved too.
        """
        exponents: list[float] = []
        for (j, p), (k, q) in pairwise(zip(self.levels, self.distances, strict=True)):
            if not isfinite(p * q):
                continue
            expected = p * 2.0 ** (-(k - j) * exponents[-1]) if exponents else q
            if min(q, expected) <= self.resolved:
                break
            exponents.append(log2(p / q) / (k - j))
        return tuple(exponents)

    @property
    def _limit(self) -> float:
        """The limit of the exponents by Aitken's rule where they settle geometrically, else the last one."""
        last = self.exponents[-3:]
        rest = 0.0
        if len(last) == 3:
            first, second = (q - p for p, q in pairwise(last))
            ratio = second / first if first else 0.0
            rest = second * ratio / (1 - ratio) if 0 < ratio < 0.8 else 0.0
        return last[-1] + (rest if abs(rest) <= _FURTHEST else 0.0)

    @property
    def _spread(self) -> float:
        """How far the last three exponents lie apart."""
        return max(self.exponents[-3:]) - min(self.exponents[-3:])

    @property
    def trouble(self) -> str | None:
        """Why no order is read off; None where one is."""
        if self.flat:
            return "every distance is 0 to rounding, which supports an identity and does not prove it"
        if len(self.exponents) < 2:
            return "fewer than three distances are resolved"
        values = ", ".join(f"{e:.2f}" for e in self.exponents[-3:])
        if self._spread > _SCATTER:
            return f"not measured: the last local exponents, {values}, have not settled"
        if self._limit < _LEAST - max(self._spread, _CLOSE):
            return f"not measured: minima were missed, as local exponents ({values}) below 1, the least order, show"
        return None

    @property
    def order(self) -> float | None:
        """The limit of the exponents, and at least 1; None where none is read off."""
        return None if self.trouble else max(self._limit, _LEAST)

    @property
    def error(self) -> float | None:
        """How far the last three exponents and the order lie apart."""
        return None if self.order is None else max(abs(e - self.order) for e in self.exponents[-3:])
