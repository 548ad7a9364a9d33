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
        self.layout, self.gate, self.points, self.kinks = layout, gate, points, kinks
        beta1 = [j for j, (name, _) in enumerate(layout.names) if name == "beta1"]
        self.gates = np.array(beta1, dtype=np.intp).reshape(-1, layout.d)

    def _seen(self, theta: Floats) -> Iterator[tuple[int, int, Floats, Floats, Floats, Floats, Floats]]:
        """Of every gate and kink: their numbers, x, y, their shares, |x| and the distances m . beta1 - kink/|x|."""
        x, y, n = self.points.x, self.points.y, self.points.n
        shares = self.points.weights / n if self.points.weighted else np.full(len(y), 1 / n)
        size = np.sqrt((x * x).sum(axis=1))
        used = size > 0
        for i, gate in enumerate(self.gates):
            z = x[used] @ theta[gate]
            for m, place in enumerate(self.kinks.places):
                yield i, m, x[used], y[used], shares[used], size[used], (z - place) / size[used]

    def _ridge(self, gate: int, kink: int, x: Floats) -> Ridge:
        """The ridge of a point x (d,); the first entry of its normal that is not 0 is positive."""
        size = float(np.linalg.norm(x)) * float(np.sign(x[np.flatnonzero(x)[0]]))
        normal = np.zeros(self.layout.size)
        normal[self.gates[gate]] = x / size
        return Ridge(normal, float(self.kinks.places[kink]) / size)

    def through(self, theta: Floats) -> tuple[Ridge, ...]:
        """Hyperplanes through theta, as many as are independent."""
        held: tuple[Ridge, ...] = ()
        for i, m, x, _, _, _, distance in self._seen(theta):
            for j in np.flatnonzero(np.abs(distance) <= 4 * beside(theta)):
                more = (*held, self._ridge(i, m, x[j]))
                if len(more) <= self.gates.size and np.linalg.svd([r.normal for r in more])[1][-1] > _SAME:
                    held = more
        return held

    def jumps(self, theta: Floats, held: Sequence[Ridge]) -> tuple[Floats, bool]:
        """c of the ridges held, and whether hyperplanes that are not held pass through the place as well."""
        jumps, others = np.zeros(len(held)), False
        measure = self.layout.unpack(theta)
        for i, m, x, y, shares, size, distance in self._seen(theta):
            at = np.flatnonzero(np.abs(distance) <= 4 * beside(theta))
            if not at.size:
                continue
            excess = responsibilities(measure, self.gate, x[at], y[at]) - gate_probabilities(measure, self.gate, x[at])
            c = excess[:, i] * self.kinks.jumps[m] * size[at] * shares[at] / float(measure.tau)
            ours = np.zeros(len(at), dtype=bool)
            for l, ridge in enumerate(held):
                same = np.abs(x[at] @ ridge.normal[self.gates[i]]) >= (1 - _SAME) * size[at]
                jumps[l] += float(c[same].sum())
                ours |= same
            others = others or not ours.all()
        return jumps, others

    def crossings(self, theta: Floats, step: Floats) -> list[tuple[float, Ridge]]:
        """The shares t of the step at which it crosses hyperplanes, one of those that it crosses together."""
        found = []
        length = float(np.linalg.norm(step))
        for (i, m, x, _, _, _, before), after in zip(self._seen(theta), self._seen(theta + step), strict=True):
            speed = after[-1] - before
            crossed = np.flatnonzero((np.sign(before) != np.sign(after[-1])) & (np.abs(speed) > _SAME * length))
            found += [(float(-before[j] / speed[j]), i, m, x[j]) for j in crossed]
        found = [f for f in sorted(found, key=lambda f: f[0]) if _SAME < f[0] < 1 - _SAME]
        apart = [f for f, last in zip(found, [(-1.0,), *found], strict=False) if f[0] > last[0] + _SAME]
        return [(t, self._ridge(i, m, x)) for t, i, m, x in apart]


def beside(theta: Floats) -> float:
    """How far from a ridge its sides are evaluated."""
    return _BESIDE * (1.0 + float(np.abs(theta).max()))
