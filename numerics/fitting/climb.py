"""Climbs a likelihood in a box by damped Newton steps with the exact Hessian, in machine code or as plain Python.

The step on the coordinates that are not held by a bound is, with H = -hessian scaled to unit |diagonal| and
H = V L V^T, V (|L| + damping)^-1 V^T gradient: Levenberg-Marquardt where H is positive, away from saddles elsewhere. A
step that fails raises the damping; at a stationary point with negative curvature the climb goes on along it.

`_advance` judges the place that was measured last and proposes the next one; `_climbed` measures. In machine code a
climb is one call, and the kernel of the likelihood is given by its address, so that one compilation serves every
likelihood. In Python the kernel is any function of theta that fills a gradient and a Hessian.

Example: ``climb(kernel, plan, theta, lower, upper, 150).stationary``.
"""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting import charts
from temperance.numerics.fitting.charts import (
    NO_FRAME,
    NO_PAIR,
    Chart,
    Frame,
    back,
    bare,
    coordinates,
    cut,
    derivatives,
    identity,
    mixed,
    near_pair,
    uncut,
)
from temperance.numerics.mixture import kernel_sums
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.kernel_sums import Tables, scatter
from temperance.numerics.mixture.threads import interrupts_noted
from temperance.numerics.mixture.written_code import version_of

Bools = NDArray[np.bool_]

GRADIENT = CURVATURE = 1e-6  # see `Stop`
SETTLED = 1e-12  # of a mean log-likelihood: at n points, sqrt(2e-12 n) standard errors
_NOISE = 1e-13  # relative rounding error of the value
_ROUNDING = 1e-10  # scaled curvatures below this are rounding
FLAT = 1e-8  # scaled curvatures that count as zero
_DOUBTFUL = 100.0  # curvatures below so many scaled gradients may be zero
_FIRST_DAMPING = 1e-6  # relative to curvature: starts are often close
_LEAST_AFTER_FAILURE = 1e-3


class Stop(NamedTuple):
    """When a climb ends.

    gradient, curvature: a point is stationary if its projected gradient is at most gradient, and no eigenvalue of the
    scaled Hessian of -f is below -curvature. settled: predicted gains up to this are not worth another pass. damping:
    short of a maximum a climb ends once the damping that its failed steps ask for exceeds this. valleys: whether it
    follows curved valleys to their top: with a second step from where one failed before it is taken back, and until no
    damped step promises a gain that is worth a pass. pairs: whether it steps in the chart of two atoms that are near
    each other, as they are where there are more atoms than needed.
    """

    gradient: float = GRADIENT
    curvature: float = CURVATURE
    settled: float = SETTLED
    damping: float = 1e14
    valleys: bool = False
    pairs: bool = False

    @staticmethod
    def in_sample_units(n: float) -> Stop:
        """For a mean log-likelihood over n points whose rounding errors stay small: see `studies.lattice`.

        A gain of 1e-3 in the log-likelihood of all points is not worth a pass, and gradient and curvature are measured
        on the scale n^(-1/2) of their noise.
        """
        return Stop(
            gradient=1e-3 / math.sqrt(n), curvature=1e-2 / math.sqrt(n), settled=1e-3 / n, valleys=True, pairs=True
        )


EXACT = Stop()


class Plan(NamedTuple):
    """How a kernel's sums become the mean log-likelihood of u (p,), with gradient and Hessian.

    base (q,): the vector of all coordinates where nothing moves; places (p,): of u in it; tied: coordinates that follow
    the first variance; logs (q,): which are logarithms; values (k, m), nu (k,): parameters of atoms; tables: of
    `kernel_sums`; x, y, weights, reference: the data; sums: how many the kernel fills; n: the number of points.
    """

    base: Floats
    places: NDArray[np.int64]
    tied: NDArray[np.int64]
    logs: Bools
    values: NDArray[np.int64]
    nu: NDArray[np.int64]
    tables: Tables
    x: Floats
    y: Floats
    weights: Floats
    reference: Floats
    sums: int
    n: float


NO_PLAN = 0
"""In place of a plan where the kernel is a Python function of u."""


def evaluate(kernel: Any, plan: Any, u: Floats, gradient: Floats, hessian: Floats) -> float:
    """The mean log-likelihood at u (p,); its derivatives fill gradient (p,) and hessian (p, p)."""
    return float(kernel(u, gradient, hessian))


def _evaluate_with(call):  # type: ignore[no-untyped-def]
    """`evaluate` of a kernel in machine code, which `call` calls by its address."""

    def evaluated(kernel, plan, u, gradient, hessian):  # type: ignore[no-untyped-def]
        """`evaluate` of the kernel at an address."""
        full = plan.base.copy()
        for a in range(len(u)):
            full[plan.places[a]] = u[a]
        for place in plan.tied:
            full[place] = full[plan.nu[0]]
        for a in range(len(full)):
            if plan.logs[a]:
                full[a] = math.exp(full[a])
        k, m = plan.values.shape
        values, nu, sums = np.empty((k, m)), np.empty(k), np.empty(plan.sums)
        for i in range(k):
            nu[i] = full[plan.nu[i]]
            for r in range(m):
                values[i, r] = full[plan.values[i, r]]
        value = call(kernel, values, nu, plan.x, plan.y, plan.weights, plan.reference, sums)
        score, square = np.zeros(len(full)), np.zeros((len(full), len(full)))
        scatter(sums, full, nu, plan.tables, score, square)
        for place in plan.tied:
            score[plan.nu[0]] += score[place]
            for a in range(len(full)):
                square[plan.nu[0], a] += square[place, a]
        for place in plan.tied:
            for a in range(len(full)):
                square[a, plan.nu[0]] += square[a, place]
        for a in range(len(u)):
            gradient[a] = score[plan.places[a]] / plan.n
            for b in range(len(u)):
                hessian[a, b] = square[plan.places[a], plan.places[b]] / plan.n
        return value / plan.n

    return evaluated


SMALLEST_DIAGONAL = 1e-12  # with a slope that is also below: rounding, in a coordinate that the function ignores
_HALVINGS = 10  # of a step in a chart that leaves the box
_LEAST_SHARE = 0.1  # of such a step that is worth making
CHOOSE, PLAIN, EVERYWHERE, PAIR = -1, 0, 1, 2  # steps in theta, in the ratios to tau, in those and a near pair


def _spectrum(gradient, hessian, open_):  # type: ignore[no-untyped-def]
    """Scale (p,), the scaled gradient, eigenvalues and eigenvectors of the scaled -hessian, on informative coordinates.

    A coordinate is informative if it is open and the derivatives are not rounding there; the others stay apart.
    """
    p = len(gradient)
    scale, slope, matrix, informative = np.ones(p), np.zeros(p), identity(p), np.zeros(p)
    for a in range(p):
        ignored = abs(hessian[a, a]) <= SMALLEST_DIAGONAL and abs(gradient[a]) <= SMALLEST_DIAGONAL
        if open_[a] > 0 and not ignored:
            informative[a] = 1.0
            scale[a] = math.sqrt(max(abs(hessian[a, a]), SMALLEST_DIAGONAL))
            slope[a] = gradient[a] / scale[a]
    for a in range(p):  # row by row, as Python makes these steps too where there is no machine code
        if informative[a] > 0:
            matrix[a] = informative * -hessian[a] / (scale[a] * scale)
    values, vectors = np.linalg.eigh(matrix)
    along = np.zeros(p)
    for a in range(p):
        along += vectors[a] * slope[a]
    return scale, along, values, vectors


def _damped(gradient, hessian, open_, damping):  # type: ignore[no-untyped-def]
    """The damped Newton step (p,) on the informative coordinates, and what the model gains by it."""
    scale, along, values, vectors = _spectrum(gradient, hessian, open_)
    step, coefficients = np.zeros(len(scale)), along / (np.abs(values) + damping)
    for a in range(len(scale)):
        step[a] = (vectors[a] * coefficients).sum() / scale[a]
    return step, (along * coefficients - 0.5 * values * coefficients * coefficients).sum()


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


def _chosen(theta, open_, lower, upper, frame, failed, pairs):  # type: ignore[no-untyped-def]
    """Kind and chart of the next step: of a near pair, else the one of everywhere, where no bound holds what it mixes.

    A step that fails in a chart is followed by one without it: in that of a pair, every third.
    """
    if pairs and failed % 3 < 2:
        pair = near_pair(theta, frame)
        if pair.i >= 0 and _all_move(mixed(frame, pair, len(theta)), open_, theta, lower, upper, True):
            return PAIR, pair
    everywhere = frame.k > 1 and frame.places[0] >= 0 and failed % 2 == 0
    if everywhere and _all_move(mixed(frame, NO_PAIR, len(theta)), open_, theta, lower, upper, False):
        return EVERYWHERE, NO_PAIR
    return PLAIN, NO_PAIR


def _all_move(chosen, open_, theta, lower, upper, inside):  # type: ignore[no-untyped-def]
    """Whether all of the chosen coordinates are open, and inside of the box if asked."""
    for a in range(len(theta)):
        if chosen[a] and (not open_[a] > 0 or (inside and not lower[a] < theta[a] < upper[a])):
            return False
    return True


def step(end, theta, gradient, hessian, open_, lower, upper, frame, failed, damping, pairs, kind, chart):  # type: ignore[no-untyped-def]
    """The gain that the model expects of a step, its kind and its chart; its end is put into end (p,).

    open_ (p,): above 0 where no bound holds a coordinate. frame: of the mixture; failed: steps before it; pairs:
    whether in the chart of a pair. kind, chart: those of the step before, for another one in the same chart; or CHOOSE.
    """
    if kind == CHOOSE:
        kind, chart = _chosen(theta, open_, lower, upper, frame, failed, pairs)
    elif kind != PLAIN and not _all_move(mixed(frame, chart, len(theta)), open_, theta, lower, upper, False):
        _put(theta, end)
        return -1.0, kind, bare(chart)
    if kind != PLAIN:
        slope, bend = derivatives(theta, gradient, hessian, frame, chart)
        move, gain = _damped(slope, bend, open_, damping)
        at = coordinates(theta, frame, chart)
        length = cap(move, at)
        share = _share_inside(at, length * move, frame, chart, lower, upper) if pairs else 1.0
        if share > _LEAST_SHARE:
            _put(back(_moved(at, share * length, move), frame, chart, lower, upper), end)
            return gain, kind, bare(chart)
    move, gain = _damped(gradient, hessian, open_, damping)
    _put(_moved(theta, cap(move, theta), move), end)
    cut(end, lower, upper)
    return gain, PLAIN, bare(chart)


_THETA, _GRADIENT, _OPEN, _HESSIAN = range(4)  # rows of a place: theta, gradient, open coordinates, then the Hessian
_VALUE, _NORM, _DAMPING, _GAIN, _PASSES, _FAILED, _TRIAL, _PHASE, _BEFORE, _RAISED = range(10)  # numbers of a climb
_KIND, _FIRST, _SECOND, _CURVATURE, _END = range(10, 15)  # more: the chart of a step, and whether the end is stationary
_START, _STEP, _AGAIN, _ESCAPE = range(4)  # phases: what the place that was measured last was tried for
_LENGTHS = (0.5, 0.05, 0.005, 0.0005)  # of the ways off a saddle


def _project(trial, state, lower, upper):  # type: ignore[no-untyped-def]
    """Mark the coordinates that the gradient does not hold at a bound; the norm of the gradient on them.

    Where something is not finite the value becomes -inf.
    """
    p, check, total = trial.shape[1], state[_TRIAL], 0.0
    for a in range(p):
        theta, slope = trial[_THETA, a], trial[_GRADIENT, a]
        check += trial[_HESSIAN + a].sum() + slope
        held = (theta <= lower[a] and slope < 0) or (theta >= upper[a] and slope > 0)
        trial[_OPEN, a] = 0.0 if held else 1.0
        if not held:
            total += slope * slope
    if not math.isfinite(check):
        state[_TRIAL] = -math.inf
        return math.inf
    return math.sqrt(total)


def _accept(here, trial, norm, state):  # type: ignore[no-untyped-def]
    """Move to the trial place if the function does not fall there, and adapt the damping; whether it moved."""
    rise, noise = state[_TRIAL] - state[_VALUE], _NOISE * abs(state[_VALUE])
    accepted = state[_TRIAL] > -math.inf and (rise > noise or (rise >= -noise and norm < state[_NORM]))
    if not accepted:
        state[_DAMPING] = max(8.0 * state[_DAMPING], _LEAST_AFTER_FAILURE)
    elif rise < 0.1 * state[_GAIN] - noise:
        state[_DAMPING] *= 8.0
    elif rise > 0.5 * state[_GAIN] - noise:
        state[_DAMPING] = max(state[_DAMPING] / 8.0, 1e-14)
    if accepted:
        _move(here, trial, norm, state)
    return accepted


def _move(here, trial, norm, state):  # type: ignore[no-untyped-def]
    """Take the trial place for the place of the climb."""
    for a in range(trial.shape[0]):
        here[a] = trial[a]
    state[_VALUE], state[_NORM] = state[_TRIAL], norm


def _is_settled(along, values, worth):  # type: ignore[no-untyped-def]
    """Whether another step is not worth its pass: in value, or to tell a flat direction from a curved one.

    Along an exact orbit of parameters the curvature is not 0 but of the size of the gradient.
    """
    gain, size = 0.0, 0.0
    for b in range(len(values)):
        size += along[b] * along[b]
        gain += along[b] * along[b] / (abs(values[b]) + _ROUNDING)
    if gain > 2 * worth:
        return False
    doubtful, clear = _DOUBTFUL * math.sqrt(size), True
    for b in range(len(values)):
        clear = clear and not FLAT < abs(values[b]) < doubtful
    return clear


def _propose(at, trial, state, lower, upper, frame, stop):  # type: ignore[no-untyped-def]
    """Put the end of a step from a place into the trial place; its gain, -1 where there is none in the same chart."""
    again = int(state[_PHASE]) == _AGAIN
    kind = int(state[_KIND]) if again else CHOOSE
    chart = Chart(int(state[_FIRST]), int(state[_SECOND]), state[_CURVATURE]) if again else NO_PAIR
    end = np.empty(at.shape[1])
    gain, kind, pair = step(
        end, at[_THETA], at[_GRADIENT], at[_HESSIAN:], at[_OPEN], lower, upper, frame, int(state[_FAILED]),
        state[_RAISED] if again else state[_DAMPING], stop.pairs, kind, chart,
    )  # fmt: skip
    state[_KIND], state[_FIRST], state[_SECOND], state[_CURVATURE] = kind, pair[0], pair[1], pair[2]
    _put(end, trial[_THETA])
    return gain


def _leave(here, trial, state, lower, upper, vectors, scale):  # type: ignore[no-untyped-def]
    """Propose the next place along the direction of most negative curvature at a saddle; whether there is one.

    Both ways are tried, at lengths that fall.
    """
    tried, p = int(state[_PHASE]) - _ESCAPE, here.shape[1]
    if tried >= 2 * len(_LENGTHS):
        return False
    along = np.empty(p)
    for a in range(p):
        along[a] = _LENGTHS[tried // 2] * vectors[a, 0] / scale[a]
    share = cap(along, here[_THETA]) * (1.0 - 2.0 * (tried % 2))
    for a in range(p):
        trial[_THETA, a] = min(max(here[_THETA, a] + share * along[a], lower[a]), upper[a])
    state[_GAIN] = 0.0
    return True


def _advance(here, trial, state, lower, upper, frame, stop, most):  # type: ignore[no-untyped-def]
    """Judge the trial place, which was measured, and put the next one to measure there; False where the climb ends.

    A step that failed often only left a curved valley, to which a second one, from where it ended, returns.
    """
    phase, norm, accepted = int(state[_PHASE]), _project(trial, state, lower, upper), False
    state[_PASSES] += 1
    if phase == _START:
        _move(here, trial, norm, state)
        if state[_VALUE] == -math.inf:
            return False
    else:
        accepted = _accept(here, trial, norm, state)
    if phase == _STEP and not accepted and stop.valleys and state[_TRIAL] > -math.inf:
        state[_PHASE] = _AGAIN
        damping, state[_RAISED] = state[_DAMPING], state[_BEFORE]
        if _propose(trial, trial, state, lower, upper, frame, stop) >= 0:
            state[_DAMPING], state[_RAISED] = state[_BEFORE], damping
            return True
        state[_DAMPING] = damping
    if phase == _AGAIN and not accepted:
        state[_DAMPING] = state[_RAISED]
    if phase in (_STEP, _AGAIN):
        state[_FAILED] = 0.0 if accepted else state[_FAILED] + 1
    level, settled, saddle, rising = state[_NORM] <= stop.gradient, False, False, False
    scale, vectors = here[_OPEN], here[_HESSIAN:]
    if level:
        scale, along, values, vectors = _spectrum(here[_GRADIENT], here[_HESSIAN:], here[_OPEN])
        settled, saddle = _is_settled(along, values, stop.settled), values[0] < -stop.curvature
        rising = stop.valleys and not settled and state[_GAIN] > stop.settled
    state[_END] = 1.0 if level and not saddle else 0.0
    if state[_PASSES] >= most:
        return False
    failed = phase != _START and not accepted
    if level and (settled or (failed and not rising)):
        state[_PHASE] = state[_PHASE] + 1 if phase >= _ESCAPE and failed else _ESCAPE
        return saddle and _leave(here, trial, state, lower, upper, vectors, scale)
    if failed and not level and state[_DAMPING] > stop.damping:
        return False
    state[_PHASE], state[_BEFORE] = _STEP, state[_DAMPING]
    state[_GAIN] = _propose(here, trial, state, lower, upper, frame, stop)
    return True


def _climb_of(version: int) -> Any:
    """The function that climbs, by the version of its sources: by it machine code is found on disk."""

    def climbed(kernel, plan, here, trial, state, lower, upper, frame, stop, most):  # type: ignore[no-untyped-def]
        """Climb from the trial place, and leave the end in `here` and `state`."""
        cut(trial[_THETA], lower, upper)
        state[_PHASE], state[_DAMPING], state[_GAIN] = _START, _FIRST_DAMPING, math.inf
        going, last = True, most + 0 * version
        while going:
            state[_TRIAL] = evaluate(kernel, plan, trial[_THETA], trial[_GRADIENT], trial[_HESSIAN:])
            going = _advance(here, trial, state, lower, upper, frame, stop, last)

    return climbed


_climbed = _climb_of(0)


class Maximum(NamedTuple):
    """Where a climb ended: theta (p,), value, gradient (p,) and hessian (p, p) there.

    passes counts the evaluations; gradient_norm is that of the projected gradient; stationary is the test of `Stop`.
    """

    theta: Floats
    value: float
    gradient: Floats
    hessian: Floats
    passes: int
    gradient_norm: float
    stationary: bool


def climb(
    kernel: Any,
    plan: Any,
    theta: Floats,
    lower: Floats,
    upper: Floats,
    passes: int,
    frame: Frame = NO_FRAME,
    stop: Stop = EXACT,
) -> Maximum:
    """A local maximum on lower <= theta <= upper, from theta (p,), in at most so many passes.

    kernel, plan: of the likelihood in machine code, its kernel by its address; or a function of (u, gradient, hessian)
    that returns the value and fills both, with `NO_PLAN`. frame: of the mixture that theta describes, if steps are to
    be made in charts. The function should be scaled so that `stop` makes sense (a mean over the data). Never raises for
    lack of convergence: `Maximum.stationary` says it. Points where something is not finite are not entered; a start at
    one is where the climb ends, with the value -inf.
    """
    p = len(theta)
    here, trial, state = np.zeros((3 + p, p)), np.zeros((3 + p, p)), np.zeros(15)
    trial[_THETA] = theta
    run = _climbed if plan is NO_PLAN else compiled_climb()
    with np.errstate(all="ignore"):
        run(kernel, plan, here, trial, state, lower, upper, frame, stop, passes)
    end = here[_THETA], float(state[_VALUE]), here[_GRADIENT], here[_HESSIAN:]
    return Maximum(*end, int(state[_PASSES]), float(state[_NORM]), bool(state[_END]))


@cache
def compiled_climb() -> Any:
    """`_climbed` in machine code, made or loaded from disk: one for all likelihoods."""
    from numba import njit, typeof, types
    from numba.extending import overload, register_jitable

    from temperance.numerics.mixture.kernels import call_kernel

    options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
    for module in (charts, sys.modules[__name__]):
        for function in vars(module).values():
            if (
                isinstance(function, FunctionType)
                and function.__module__ == module.__name__
                and function is not evaluate
            ):
                register_jitable(**options, no_cpython_wrapper=True)(function)
    register_jitable(**options, no_cpython_wrapper=True)(scatter)
    evaluated = _evaluate_with(call_kernel)
    overload(evaluate, jit_options=options)(lambda kernel, plan, u, gradient, hessian: evaluated)
    row, table, whole = np.empty(0), np.empty((0, 0)), np.empty((0, 0), np.int64)
    line, marks = np.empty(0, np.int64), np.empty(0, np.bool_)
    tables = Tables(whole, whole, row, whole, row, whole, row, whole)
    plan = Plan(row, line, line, marks, whole, line, tables, table, row, row, row, 1, 1.0)
    others = (plan, table, table, row, row, row, NO_FRAME, EXACT, 1)
    signature = types.void(types.intp, *(typeof(value) for value in others))
    versions = version_of(Path(__file__).parent, Path(kernel_sums.__file__).parent)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        return njit(signature, cache=True, **options)(_climb_of(int(versions[:14], 16)))


def scaled_spectrum(information: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale d = sqrt|diag|, eigenvalues and eigenvectors of information / (d d^T)."""
    scale = np.sqrt(np.maximum(np.abs(information.diagonal()), SMALLEST_DIAGONAL))
    if not scale.size:
        return scale, scale, information
    values, vectors = np.linalg.eigh(information / (scale[:, None] * scale))
    return scale, values, vectors
