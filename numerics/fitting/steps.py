"""Damped Newton steps in a box, in a chart where there is one; of one source as they are, and compiled.

The step on the coordinates that are not held by a bound is, with H = -hessian scaled to unit |diagonal| and
H = V L V^T, V (|L| + damping)^-1 V^T gradient: Levenberg-Marquardt where H is positive, away from saddles elsewhere.
"""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from temperance.numerics.fitting import chart_derivatives, charts
from temperance.numerics.fitting.chart_derivatives import derivatives, identity
from temperance.numerics.fitting.charts import (
    NO_FRAME,
    NO_PAIR,
    back,
    bare,
    coordinates,
    cut,
    mixed,
    near_pair,
    uncut,
)
from temperance.numerics.machine.code_versions import version_of
from temperance.numerics.machine.interrupts import interrupts_noted

SMALLEST_DIAGONAL = 1e-12  # with a slope that is also below: rounding, in a coordinate that the function ignores
_HALVINGS = 10  # of a step in a chart that leaves the box
_LEAST_SHARE = 0.1  # of such a step that is worth making
CHOOSE, PLAIN, EVERYWHERE, PAIR = -1, 0, 1, 2  # steps in theta, in the ratios to tau, in those and a near pair


def told(gradient, hessian, free):  # type: ignore[no-untyped-def]
    """The free coordinates (p,) that the derivatives tell anything of: all others are ignored by the function."""
    return free & ((np.abs(np.diag(hessian)) > SMALLEST_DIAGONAL) | (np.abs(gradient) > SMALLEST_DIAGONAL))


def _damped(gradient, hessian, free, damping):  # type: ignore[no-untyped-def]
    """The damped Newton step (p,) on the free coordinates that the derivatives tell anything of, and its gain."""
    p, kept = len(free), free.copy()
    scale, slope, matrix = np.ones(p), np.zeros(p), identity(p)  # what is not kept stays apart: no step along it
    for a in range(p):  # as `told`, which takes as long again to compile
        kept[a] = free[a] and (abs(hessian[a, a]) > SMALLEST_DIAGONAL or abs(gradient[a]) > SMALLEST_DIAGONAL)
        if kept[a]:
            scale[a] = math.sqrt(max(abs(hessian[a, a]), SMALLEST_DIAGONAL))
            slope[a] = gradient[a] / scale[a]
    for a in range(p):
        for b in range(p):
            if kept[a] and kept[b]:
                matrix[a, b] = -hessian[a, b] / (scale[a] * scale[b])
    values, vectors = np.linalg.eigh(matrix)
    gain, step = 0.0, np.zeros(p)
    for b in range(p):
        along = vectors[:, b] @ slope
        coefficient = along / (abs(values[b]) + damping)
        gain += along * coefficient - 0.5 * values[b] * coefficient * coefficient
        for a in range(p):
            step[a] += coefficient * vectors[a, b]
    for a in range(p):
        step[a] /= scale[a]
    return step, gain


def _put(values, end):  # type: ignore[no-untyped-def]
    """Copy values (p,) into end: for a whole array at once, messages about shapes would be compiled, too."""
    for a in range(len(end)):
        end[a] = values[a]


def _moved(at, share, step):  # type: ignore[no-untyped-def]
    """At + share step (p,), which takes less to compile than the formula."""
    found = at.copy()
    for a in range(len(at)):
        found[a] += share * step[a]
    return found


def cap(step, theta):  # type: ignore[no-untyped-def]
    """The share of a step that makes it at most 2 + |theta|/2 long."""
    length, size = 0.0, 0.0
    for a in range(len(step)):
        length += step[a] * step[a]
        size += theta[a] * theta[a]
    return min(1.0, (2.0 + 0.5 * math.sqrt(size)) / max(math.sqrt(length), 1e-300))


def _share_inside(at, step, frame, chart, lower, upper):  # type: ignore[no-untyped-def]
    """The share of a step in a chart at which it has just left the box; 1 if it stays."""
    inside, outside, middle = 0.0, 1.0, 1.0
    for _ in range(1 + _HALVINGS):
        theta, stays = uncut(_moved(at, middle, step), frame, chart), True
        for a in range(len(theta)):
            stays = stays and lower[a] <= theta[a] <= upper[a]
        if stays:
            inside = middle
            if middle == 1.0:
                return 1.0
        else:
            outside = middle
        middle = (inside + outside) / 2
    return outside


def _chosen(theta, free, lower, upper, frame, failed, pairs):  # type: ignore[no-untyped-def]
    """Kind and chart of the next step: of a near pair, else the one of everywhere, where no bound holds what it mixes.

    A step that fails in a chart is followed by one without it: in that of a pair, every third.
    """
    if pairs and failed % 3 < 2:
        pair = near_pair(theta, frame)
        if pair.i >= 0 and _all_move(mixed(frame, pair, len(theta)), free, theta, lower, upper, True):
            return PAIR, pair
    everywhere = frame.k > 1 and frame.places[0] >= 0 and failed % 2 == 0
    if everywhere and _all_move(mixed(frame, NO_PAIR, len(theta)), free, theta, lower, upper, False):
        return EVERYWHERE, NO_PAIR
    return PLAIN, NO_PAIR


def _all_move(chosen, free, theta, lower, upper, inside):  # type: ignore[no-untyped-def]
    """Whether all of the chosen coordinates are free, and inside of the box if asked."""
    for a in range(len(theta)):
        if chosen[a] and (not free[a] or (inside and not lower[a] < theta[a] < upper[a])):
            return False
    return True


# numbers alone are returned: for an array or a named tuple Python code runs, where Ctrl-C ends the process
def step(  # type: ignore[no-untyped-def]
    end, theta, gradient, hessian, free, lower, upper, frame, failed, damping, pairs, kind, chart
):
    """The gain that the model expects of a step, its kind and its chart; its end is put into end (p,).

    frame: of the mixture; failed: steps before it; pairs: whether in the chart of a pair. kind, chart: those of the
    step before, for another one in the same chart; or CHOOSE.
    """
    if kind == CHOOSE:
        kind, chart = _chosen(theta, free, lower, upper, frame, failed, pairs)
    elif kind != PLAIN and not _all_move(mixed(frame, chart, len(theta)), free, theta, lower, upper, False):
        _put(theta, end)
        return -1.0, kind, bare(chart)
    if kind != PLAIN:
        slope, bend = derivatives(theta, gradient, hessian, frame, chart)
        move, gain = _damped(slope, bend, free, damping)
        at = coordinates(theta, frame, chart)
        length = cap(move, at)
        share = _share_inside(at, length * move, frame, chart, lower, upper) if pairs else 1.0
        if share > _LEAST_SHARE:
            _put(back(_moved(at, share * length, move), frame, chart, lower, upper), end)
            return gain, kind, bare(chart)
    move, gain = _damped(gradient, hessian, free, damping)
    _put(_moved(theta, cap(move, theta), move), end)
    cut(end, lower, upper)
    return gain, PLAIN, bare(chart)


def _step_of(version: int) -> Any:
    """`step` by the version of its sources, by which machine code is found on disk.

    It calls `step`, so that all that is compiled is compiled for one kind of caller.
    """

    def versioned(  # type: ignore[no-untyped-def]
        end, theta, gradient, hessian, free, lower, upper, frame, failed, damping, pairs, kind, chart
    ):
        failed += 0 * version
        return step(end, theta, gradient, hessian, free, lower, upper, frame, failed, damping, pairs, kind, chart)

    return versioned


@cache
def compiled_step() -> Any:
    """`step` in machine code, made or loaded from disk."""
    from numba import njit
    from numba.extending import register_jitable

    options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
    for module in (charts, chart_derivatives, sys.modules[__name__]):
        for function in vars(module).values():
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                register_jitable(**options, no_cpython_wrapper=True)(function)
    compiled = njit(cache=True, **options)(_step_of(int(version_of(Path(__file__).parent)[:14], 16)))
    one = np.ones(1)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        compiled(0 * one, 0 * one, one, -np.eye(1), one > 0, -one, one, NO_FRAME, 0, 0.0, False, CHOOSE, NO_PAIR)
    return compiled
