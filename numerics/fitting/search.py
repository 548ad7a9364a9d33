"""The search for the maximum-likelihood measure of a user's data: more starts than those of `mle`, for less time.

From three atoms on there are starts besides from splits of each atom of the maximum for one atom less. Where there are
many points, every start is climbed on pooled points, the cells of a fine grid, and on all points only the ends
that may be highest there.

Example: ``search(Layout(3, 1), gate, points, box=box, starts=10, seed=0).status``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from temperance.numerics.fitting.box import Box
from temperance.numerics.fitting.mle import Fit, climbs, fit_points, higher, start_points
from temperance.numerics.fitting.newton import EXACT, Maximum, Stop
from temperance.numerics.fitting.starting_points import smaller, split_starts
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points

_SPLITS = 4  # of each atom
_STARTS = 2  # for fewer atoms, besides splits
_SLACK = 0.5  # ends lower by this on pooled points are not climbed further: rounding to cells moves differences less
_SAME = 0.02  # ends on pooled points that differ by no more are one maximum
_MANY = 5_000  # fewer points are not worth pooling
_ASIDE = 1e-3  # relative
_GAIN = 6  # times fewer cells than points, at least


@one_blas_thread()
def search(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    *,
    box: Box,
    starts: int,
    seed: int,
    known_starts: Sequence[Floats] = (),
    stop: Stop = EXACT,
    progress: Callable[[int, int], None] | None = None,
) -> Fit:
    """The maximum-likelihood measure of the points in the box: the best of `starts` starts, and splits besides.

    known_starts: further ones; with no others (starts = 0) there are no splits.

    `Fit.starts` counts all of them, and `Fit.agree` those whose ends are the best one: on pooled points, to a fiftieth
    of a unit of log-likelihood. stop: of the search on all points. progress, ValueError: as in `fit_points`.
    """
    few = pooled(points, box.nu[0])
    thetas = [
        *known_starts,
        *start_points(layout, gate, points, box, starts, seed),
        *(_splits(layout, gate, few or points, box, seed) if starts else ()),
    ]
    on_all = partial(fit_points, layout, gate, points, box=box, starts=0, seed=seed, stop=stop)
    if few is None:
        return _finished(on_all(known_starts=thetas, progress=progress), on_all)
    ends = climbs(layout, gate, few, box, thetas, stop=Stop.in_sample_units(few.n), progress=progress)
    try:
        fits = [(on_all(known_starts=[end.theta]), alike) for end, alike in _highest(ends, few.n)]
    except ValueError:  # s may be defined at the means of cells, and not at every point in them
        return _finished(on_all(known_starts=thetas), on_all)
    best = max((fit for fit, _ in fits), key=lambda fit: fit.log_likelihood)
    equal = [(fit, alike) for fit, alike in fits if not higher(best, fit)]
    best = max((fit for fit, _ in equal), key=lambda fit: (fit.is_estimate, fit.log_likelihood))
    return _finished(replace(best, starts=len(thetas), agree=sum(alike for _, alike in equal)), on_all)


def _finished(fit: Fit, on_all: Callable[..., Fit]) -> Fit:
    """A fit that ended short of a maximum climbed again from beside its end: at kinks, a last step can fail there."""
    if fit.status != "max_steps":
        return fit
    aside = _ASIDE * (1.0 + np.abs(fit.theta))
    again = on_all(known_starts=[fit.theta + aside, fit.theta - aside])
    return replace(again, starts=fit.starts, agree=fit.agree) if again.is_estimate and not higher(fit, again) else fit


def _highest(ends: list[Maximum], n: float) -> list[tuple[Maximum, int]]:
    """The different ends that are lower than the best by at most the slack, and how often each was reached."""
    found: list[tuple[Maximum, int]] = []
    order = sorted(ends, key=lambda end: -end.local.value)
    for end in order:
        if (order[0].local.value - end.local.value) * n > _SLACK:
            break
        if found and (found[-1][0].local.value - end.local.value) * n <= _SAME:
            found[-1] = found[-1][0], found[-1][1] + 1
        else:
            found.append((end, 1))
    return found


def _splits(layout: Layout, gate: CompiledActivation, points: Points, box: Box, seed: int) -> list[Floats]:
    """Starts from splits of the maximum for one atom less, which is found in the same way; from k = 3 on."""
    if layout.k < 3:
        return []
    fewer, stop = smaller(layout), Stop.in_sample_units(points.n)
    thetas = [
        *start_points(fewer, gate, points, box, _STARTS, seed),
        *_splits(fewer, gate, points, box, seed),
    ]
    ends = climbs(fewer, gate, points, box, thetas, stop=stop)
    best = fewer.unpack(max(ends, key=lambda end: end.local.value).theta)
    spread, rng = float(np.linalg.norm(points.middle[1])) / np.sqrt(layout.d), np.random.default_rng([seed, layout.k])
    return split_starts(layout, best, _SPLITS, spread=spread, rng=rng)


def pooled(points: Points, least_nu: float) -> Points | None:
    """The means of x and y in the cells of a grid, weighted with the points in them; None where this loses too much.

    The grid is the finest with at most one cell for `_GAIN` points, and has at most as many cells as there are points.
    It loses too much where cells are so high that y varies inside of them by more than least_nu, the least variance of
    an atom.
    """
    columns, count = [*points.x.T, points.y], len(points.y)
    sides = int(count ** (1 / len(columns)))
    height = float(np.ptp(points.y))
    while count >= _MANY and (height / sides) ** 2 <= 12 * least_nu:
        cell = np.zeros(count, dtype=np.int64)
        for column in columns:
            low, width = column.min(), np.ptp(column) / sides
            cell = cell * sides + np.minimum((column - low) / (width or 1.0), sides - 1).astype(np.int64)
        held = np.bincount(cell)
        used = np.flatnonzero(held)
        if _GAIN * len(used) <= count:
            return _means(points, cell, used)
        sides = int(sides / np.sqrt(2))
    return None


def _means(points: Points, cell: np.ndarray, used: np.ndarray) -> Points:
    """The points of each used cell as one."""
    weights = points.weights if points.weighted else np.ones(len(cell))
    held = np.bincount(cell, weights)[used]
    x, y = ([np.bincount(cell, weights * c)[used] / held for c in part] for part in (points.x.T, [points.y]))
    reference = np.bincount(cell, weights * points.reference)[used] / held if points.weighted else np.zeros(len(held))
    return Points(np.stack(x, axis=1), y[0], held, reference)
