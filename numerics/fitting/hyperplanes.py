"""Finds the hyperplanes beta1_i . x_j = kink of s at which a likelihood is not smooth: through a place, along a step.

Example: ``Hyperplanes(layout, gate, points, kinks).through(theta)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.density import gate_probabilities, responsibilities
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points

_BESIDE = 1e-10  # distance from a ridge at which its sides are evaluated, relative to theta
_SAME = 1e-9  # hyperplanes closer than that are one


@dataclass(frozen=True, eq=False)
class Kinks:
    """Where s is continuous and s' jumps: places (m,), and by how much (m,)."""

    places: Floats
    jumps: Floats


@lru_cache(maxsize=64)
def kinks_of(gate: CompiledActivation) -> Kinks | None:
    """The kinks of s between neighbouring pieces; None if there are none, or if s itself jumps somewhere."""
    places, jumps = [], []
    for left, right in zip(gate.pieces, gate.pieces[1:], strict=False):
        if left.upper != right.lower:
            continue
        at = np.array([right.lower])
        (below, slope), (above, other) = ([float(v[0]) for v in piece(at, 1)] for piece in (left, right))
        if not np.isfinite([below, slope, above, other]).all() or abs(above - below) > _SAME * (1 + abs(above)):
            return None
        if abs(other - slope) > _SAME * (1 + abs(slope)):
            places.append(right.lower)
            jumps.append(other - slope)
    return Kinks(np.array(places), np.array(jumps)) if places else None


@dataclass(frozen=True, eq=False)
class Ridge:
    """The hyperplane normal . theta = offset; normal (p,) is a unit vector in the beta1 of one gate."""

    normal: Floats
    offset: float


class Hyperplanes:
    """Those of a sample: one for each gate, kink and point x_j other than 0."""

    def __init__(self, layout: Layout, gate: CompiledActivation, points: Points, kinks: Kinks) -> None:
        self.layout, self.gate, self.kinks = layout, gate, kinks
        size = np.linalg.norm(points.x, axis=1)
        used, every = size > 0, points.weights if points.weighted else np.ones(len(size))
        self.x, self.y, self.size, self.shares = points.x[used], points.y[used], size[used], every[used] / points.n
        beta1 = [j for j, (name, _) in enumerate(layout.names) if name == "beta1"]
        self.gates = np.array(beta1, dtype=np.intp).reshape(-1, layout.d)

    def _seen(self, theta: Floats) -> Iterator[tuple[int, int, Floats]]:
        """Of every gate and kink: their numbers, and the distances m . beta1 - kink/|x| of the points."""
        for i, gate in enumerate(self.gates):
            z = self.x @ theta[gate]
            for m, place in enumerate(self.kinks.places):
                yield i, m, (z - place) / self.size

    def _ridge(self, gate: int, kink: int, x: Floats) -> Ridge:
        """The ridge of a point x (d,); the first entry of its normal that is not 0 is positive."""
        size = float(np.linalg.norm(x)) * float(np.sign(x[np.flatnonzero(x)[0]]))
        normal = np.zeros(self.layout.size)
        normal[self.gates[gate]] = x / size
        return Ridge(normal, float(self.kinks.places[kink]) / size)

    def through(self, theta: Floats) -> tuple[Ridge, ...]:
        """Hyperplanes through theta, as many as are independent."""
        held: tuple[Ridge, ...] = ()
        for i, m, distance in self._seen(theta):
            for j in np.flatnonzero(np.abs(distance) <= 4 * beside(theta)):
                more = (*held, self._ridge(i, m, self.x[j]))
                if len(more) <= self.gates.size and np.linalg.svd([r.normal for r in more])[1][-1] > _SAME:
                    held = more
        return held

    def jumps(self, theta: Floats, held: Sequence[Ridge]) -> tuple[Floats, bool]:
        """c of the ridges held, and whether hyperplanes that are not held pass through the place as well."""
        jumps, others = np.zeros(len(held)), False
        measure = self.layout.unpack(theta)
        for i, m, distance in self._seen(theta):
            at = np.flatnonzero(np.abs(distance) <= 4 * beside(theta))
            if not at.size:
                continue
            x, size = self.x[at], self.size[at]
            excess = responsibilities(measure, self.gate, x, self.y[at]) - gate_probabilities(measure, self.gate, x)
            c = excess[:, i] * self.kinks.jumps[m] * size * self.shares[at] / float(measure.tau)
            ours = np.zeros(len(at), dtype=bool)
            for l, ridge in enumerate(held):
                same = np.abs(x @ ridge.normal[self.gates[i]]) >= (1 - _SAME) * size
                jumps[l] += float(c[same].sum())
                ours |= same
            others = others or not ours.all()
        return jumps, others

    def crossings(self, theta: Floats, step: Floats) -> list[tuple[float, Ridge]]:
        """The shares t of the step at which it crosses hyperplanes, one of those that it crosses together."""
        found = []
        length = float(np.linalg.norm(step))
        for (i, m, before), (_, _, after) in zip(self._seen(theta), self._seen(theta + step), strict=True):
            speed = after - before
            crossed = np.flatnonzero((np.sign(before) != np.sign(after)) & (np.abs(speed) > _SAME * length))
            found += [(float(-before[j] / speed[j]), i, m, self.x[j]) for j in crossed]
        found = [f for f in sorted(found, key=lambda f: f[0]) if _SAME < f[0] < 1 - _SAME]
        apart = [f for f, last in zip(found, [(-1.0,), *found], strict=False) if f[0] > last[0] + _SAME]
        return [(t, self._ridge(i, m, x)) for t, i, m, x in apart]


def beside(theta: Floats) -> float:
    """How far from a ridge its sides are evaluated."""
    return _BESIDE * (1.0 + float(np.abs(theta).max()))
