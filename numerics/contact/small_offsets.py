"""Follows minima of the L2 distance to small offsets, in 77 digits (theory 4.3).

What is minimised is the series of `numerics.contact.neighbourhood`; the distance at a minimum that is found is that of
the densities themselves. Minima are followed from each offset to half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flint
import numpy as np
from flint import arb, arb_mat

from temperance.numerics.contact.neighbourhood import BITS, Balls, Neighbourhood
from temperance.numerics.general.split_mixtures import Array, Family

_STEPS = 30
_GAIN = 1e-3  # a step that lowers the squared distance by less is one of the last
_SOFTEST, _HARDEST = 1e-6, 1e8  # damping
_FAR = 0.5  # an offset that moves further has left the neighbourhood
_EVEN = 1.0  # |log (m share)| at most: an atom with share 0 may be anywhere
_NEXT = 1e-9  # to a side of this box
_SETTLED = 5e-3  # of the last three exponents
_LOST = 0.3  # a fall of the exponent, where the minimum is lost
_MISSED = 1.3  # times the square that is expected
_MOST = 20.0  # the last level
_STEEPER = 0.05  # an exponent by which a minimum that is not the least is worth following on


class Constrained:
    """Vectors with an offset of t in one parameter, as base + slopes u; boxed: the log shares in split cells."""

    def __init__(self, near: Neighbourhood, name: str, t: arb) -> None:
        family, self.near = near.family, near
        shares = [l * family.width for l, c in enumerate(near.cells) if family.sizes[c] > 1 and family.setting.weighted]
        fixed, self.free, slopes = family.held(name, also=shares)
        self.boxed = {i for i, at in enumerate(self.free) if at in shares}
        self.base, self.slopes = near.center.copy(), slopes.astype(object)
        self.base[fixed] += t

    def vector(self, u: Balls) -> Balls:
        """The mixture of u."""
        return np.asarray(self.base + self.slopes @ u, dtype=object)

    def start(self, offsets: Array) -> Balls:
        """u of offsets from the true parameters, log weights as they are; its log shares are put into the box."""
        u = np.array([arb(float(v)) for v in offsets[self.free]], dtype=object)
        for i in self.boxed:
            u[i] = u[i] - self.base[self.free[i]]
        return self.inside(
            np.array([min(max(v, arb(-_EVEN)), arb(_EVEN)) if i in self.boxed else v for i, v in enumerate(u)])
        )

    def inside(self, u: Balls) -> Balls:
        """Midpoints, log shares next to a side of the box put on it."""
        sides = {i: _EVEN if u[i] > 0 else -_EVEN for i in self.boxed if abs(u[i]) > _EVEN - _NEXT}
        return np.array([arb(sides[i]) if i in sides else v.mid() for i, v in enumerate(u)], dtype=object)


@dataclass(frozen=True)
class Minimum:
    """u, and the squared distance, cut off."""

    u: Balls
    square: arb


def minimised(problem: Constrained, u: Balls, expected: arb | None = None) -> Minimum:
    """A local minimum by damped Gauss-Newton steps.

    A step is damped relative to the size of each entry and the least square that is `expected`: flat directions are
    those along which entries change by a part of themselves at this cost.
    """
    rows = arb_mat([[1, *[0] * len(u)], *([0, *row] for row in problem.slopes.tolist())])

    def table(u: Balls) -> arb_mat:
        return rows.transpose() * problem.near.table(problem.vector(u)) * rows

    gram = table(u)
    damping, last = arb(1), 0
    for _ in range(_STEPS):
        square = gram[0, 0].mid()
        step = _step(problem, gram, u, damping * min(square, expected or square), min(square, expected or square))
        new = problem.inside(u + step)
        far = any(abs(s) > _FAR for i, s in enumerate(step) if i not in problem.boxed)
        tried = gram if far else table(new)
        if not far and tried[0, 0].mid() < square:
            gain = 1 - tried[0, 0].mid() / square
            last = last + 1 if gain < _GAIN and damping < 0.01 else 0
            u, gram, damping = new, tried, max(damping / 10, arb(_SOFTEST))
            if last == 2:
                break
        elif damping > _HARDEST:
            break
        else:
            damping *= 10
    return Minimum(u, gram[0, 0].mid())


def _step(problem: Constrained, table: arb_mat, u: Balls, damping: arb, least: arb) -> Balls:
    """The damped step within the box: log shares at its sides do not leave it, and it ends at the next side."""
    distance, held = least.sqrt(), set[int]()
    sizes = [arb(1) if i in problem.boxed else max(abs(v), distance) for i, v in enumerate(u)]
    while True:
        free = [i for i in range(len(u)) if i not in held]
        normal = [
            [(table[i + 1, j + 1] + (damping / sizes[i] ** 2 if i == j else 0)).mid() for j in free] for i in free
        ]
        solved = arb_mat(normal).solve(arb_mat([[-table[i + 1, 0].mid()] for i in free]))
        step: Balls = np.array([arb(0)] * len(u), dtype=object)
        step[free] = [solved[i, 0].mid() for i in range(len(free))]
        out = {i for i in problem.boxed - held if abs(u[i]) >= _EVEN and u[i] * step[i] > 0}
        if not out:
            break
        held |= out
    sides = [
        ((_EVEN if step[i] > 0 else -_EVEN) - u[i]) / step[i] for i in problem.boxed if abs(u[i] + step[i]) > _EVEN
    ]
    return step * min([arb(1), *sides]).mid()


@dataclass(frozen=True)
class _Track:
    """Minima at two levels."""

    levels: tuple[float, float]
    minima: tuple[Minimum, Minimum]

    def next(self, at: Callable[[float], Constrained], level: float, depth: int = 2) -> _Track:
        """The minimum at a smaller offset, begun where the powers of t lead that the entries and the square follow.

        One that is much larger than these powers say is looked for again by way of the offset in between.
        """
        (first, last), ahead = self.minima, (level - self.levels[1]) / (self.levels[1] - self.levels[0])
        problem, start = at(level), last.u.copy()
        for i in set(range(len(start))) - problem.boxed:
            if start[i] != 0:
                ratio = abs(start[i] / first.u[i]) if first.u[i] != 0 else arb(0.5)
                start[i] *= min(max(ratio, arb(0.02)), arb(1)) ** arb(ahead)
        expected = (last.square * (last.square / first.square) ** arb(ahead)).mid()
        minimum = minimised(problem, problem.inside(start), expected)
        if depth and minimum.square > _MISSED * expected:
            again = self.next(at, (level + self.levels[1]) / 2, depth - 1).next(at, level, depth - 1).minima[1]
            minimum = min(minimum, again, key=_square)
        return _Track((self.levels[1], level), (last, minimum))


def followed(
    family: Family, name: str, starts: Sequence[tuple[Array, Array]], levels: tuple[float, float], sign: int = 1
) -> tuple[list[float], list[float]]:
    """Levels j, and the least distances found at offsets sign 2^-j, until their exponents settle or a minimum is lost.

    starts: pairs of vectors, near minima at the two levels.
    """
    with flint.ctx.workprec(BITS):
        near = Neighbourhood(family)

        def problem(level: float) -> Constrained:
            return Constrained(near, name, sign * arb(2) ** -arb(level))

        tracks = []
        for pair in starts:
            here = [problem(level) for level in levels]
            minima = [minimised(p, p.start(v - family.center)) for p, v in zip(here, pair, strict=True)]
            tracks.append(_Track(levels, (minima[0], minima[1])))
        path, level = list(levels), levels[1]
        distances = [
            _distance(problem(l), min((t.minima[k] for t in tracks), key=_square)) for k, l in enumerate(levels)
        ]
        exponents: list[float] = []
        while level < _MOST and not (_ended(exponents) and _exponent(tracks[-1]) < exponents[-1] + _STEEPER):
            level = float(int(level) + 1)
            tracks = _prune([track.next(problem, level) for track in tracks])
            distances.append(_distance(problem(level), min((t.minima[1] for t in tracks), key=_square)))
            path.append(level)
            exponents.append(float((distances[-2] / distances[-1]).log() / arb.const_log2()) / (path[-1] - path[-2]))
        last = len(path) - _is_lost(exponents)
        return path[:last], [float(d) for d in distances[:last]]


def _ended(exponents: Sequence[float]) -> bool:
    """Whether they have settled, or the last minimum is lost: no order is below 1, none falls by much at the end."""
    last = exponents[-3:]
    return (len(exponents) > 3 and max(last) - min(last) < _SETTLED) or _is_lost(exponents)


def _is_lost(exponents: Sequence[float]) -> bool:
    """Whether the last minimum is no continuation of those before it.

    No order is as small as 1 - _LOST: after such an exponent another minimum becomes the least, and the exponent falls
    back to its own.
    """
    if len(exponents) < 3:
        return False
    before = exponents[-2] if exponents[-3] >= 1 - _LOST else 1.0
    return exponents[-1] < max(1.0, before) - _LOST


def _square(minimum: Minimum) -> float:
    return float(minimum.square)


def _distance(problem: Constrained, minimum: Minimum) -> arb:
    return problem.near.square(problem.vector(minimum.u)).mid().sqrt()


def _prune(tracks: list[_Track]) -> list[_Track]:
    """The least minimum, and the one that falls fastest: the least at offsets that are smaller yet."""
    least = min(tracks, key=lambda t: _square(t.minima[1]))
    steepest = max(tracks, key=_exponent)
    same = _square(steepest.minima[1]) <= (1 + _GAIN) * _square(least.minima[1])
    return [least] if same else [least, steepest]


def _exponent(track: _Track) -> float:
    """Of the distance, at the last two levels."""
    (first, last), (p, q) = track.levels, (m.square for m in track.minima)
    return float((p / q).log() / (2 * arb.const_log2())) / (last - first)
