"""Climbs a likelihood in a box by damped Newton steps with the exact Hessian, in machine code or as plain Python.

The step on the coordinates that are not held by a bound is, with H = -hessian scaled to unit |diagonal| and
H = V L V^T, V (|L| + damping)^-1 V^T gradient: Levenberg-Marquardt where H is positive, away from saddles elsewhere. A
step that fails raises the damping; at a stationary point with negative curvature the climb goes on along it.

`_advance` judges the place that was measured last and proposes the next one; `_climbed` measures. In machine code a
climb is one call, and the kernel of the likelihood is given by its address, so that one compilation serves every
likelihood. In Python the kernel is any function of theta that fills a gradient and a Hessian.

Example: ``climb(kernel, plan, theta, lower, upper, 150).stationary``.

Steps are made in coordinates, charts, of a gate with a temperature, and of two atoms that describe one cell. Near
beta1 . x = 0 an activation is almost linear, and data determine beta1/tau and beta0/tau much better than tau: the gate
is divided by tau throughout. Where a likelihood needs one atom fewer than it has, two atoms i, j meet at its maximum,
and it has curved valleys there. Let p be the share of atom i in the weight of both, t = logit p, and for each parameter

    v_i = m + h exp(-t/2),  v_j = m - h exp(t/2),

so that m is the weighted mean and h = sqrt(p(1 - p)) (v_i - v_j): the second moments of the pair are m m' + h h' for
every t. Data tell moments of the mixture (theory 3.2.3). So with H = h of b and c = 1/nu, held while a step lasts,

    C = m of log nu + c H^2                   (the variance of y given x),
    D = h of log nu - (2c/3) sinh(t/2) H^2    (its third moment over 3 H),
    A = m of a + H h of beta1/tau             (the covariance of y and x; where s(z) = z)

take the places of m and h of log nu and of m of a. m stands in the place of v_i, h in that of v_j, t in that of
beta0_j. Where the pair holds the last atom, whose gate the gauge fixes, t stands in the place of beta0_i, and the gates
of all others are taken relative to the pair. The box, the stopping gradient and its curvature stay those of theta.
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

from temperance.numerics.mixture import atom_formulas
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import Tables, scatter
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.threads import interrupts_noted

_NEAR = 2.0  # distance of a pair, in deviations of y given x
_LOGIT = 6.0  # of its share: beyond, one of its atoms is alone
_MOST = 60.0  # |logit| of a share
_LARGEST = 700.0  # log tau whose exponential is a double: a step may lead anywhere


class Frame(NamedTuple):
    """What charts need to know of a model and its data.

    places: of (log tau, atom 1, ..., atom k) in theta, -1 where fixed. linear: whether s(z) = z. log_tau: if fixed.
    centre, spread (d,): of x.
    """

    places: NDArray[np.int64]
    k: int
    d: int
    linear: bool
    log_tau: float
    centre: Floats
    spread: Floats


class Chart(NamedTuple):
    """Atoms i < j of the pair, -1 without one; curvature: c."""

    i: int
    j: int
    curvature: float


NO_PAIR = Chart(-1, -1, 0.0)
NO_FRAME = Frame(np.full(1, -1, dtype=np.int64), 0, 0, False, 0.0, np.zeros(0), np.zeros(0))


def frame_of(layout: Layout, centre: Floats, spread: Floats, *, linear: bool) -> Frame:
    """The frame of a layout; centre and spread (d,): of x."""
    places = np.full(1 + layout.k * layout.atom_size, -1, dtype=np.int64)
    places[layout.free] = np.arange(layout.size)
    log_tau = 0.0 if layout.tau is None else math.log(layout.tau)
    return Frame(places, layout.k, layout.d, linear, log_tau, centre, spread)


def bare(chart):  # type: ignore[no-untyped-def]
    """The numbers of a chart."""
    return chart.i, chart.j, chart.curvature


def place_of(frame, atom, parameter):  # type: ignore[no-untyped-def]
    """The coordinate of theta that is a parameter of an atom; -1 if it is fixed."""
    return frame.places[1 + atom * (2 * frame.d + 3) + parameter]


def _value(theta, frame, atom, parameter):  # type: ignore[no-untyped-def]
    place = place_of(frame, atom, parameter)
    return theta[place] if place >= 0 else 0.0


def log_tau_of(theta, frame):  # type: ignore[no-untyped-def]
    """The logarithm of tau."""
    return theta[0] if frame.places[0] >= 0 else frame.log_tau


def mixed(frame, chart, size):  # type: ignore[no-untyped-def]
    """The coordinates (p,) of theta that phi does not keep."""
    i, j, d, found = chart.i, chart.j, frame.d, np.zeros(size, dtype=np.bool_)
    last, free_tau = j >= 0 and place_of(frame, j, d) < 0, frame.places[0] >= 0
    relative = last and frame.linear and place_of(frame, j, 0) < 0
    if free_tau:
        found[0] = True
    for atom in range(frame.k):
        own = atom in (i, j)
        for r in range(2 * d + 3):
            if own or (r < d and (free_tau or relative)) or (r == d and (free_tau or last)):
                place = place_of(frame, atom, r)
                if place >= 0:
                    found[place] = True
    return found


def _scale_gate(theta, frame, factor):  # type: ignore[no-untyped-def]
    for atom in range(frame.k):
        for r in range(frame.d + 1):
            place = place_of(frame, atom, r)
            if place >= 0:
                theta[place] *= factor


def move_moments(v, frame, chart, t, sign):  # type: ignore[no-untyped-def]
    """Add (sign 1) or take away (-1) what C, D and A have more than means and differences."""
    i, j, d = chart.i, chart.j, frame.d
    h = v[place_of(frame, j, 2 * d + 1)]
    bend = sign * chart.curvature * h * h
    v[place_of(frame, i, 2 * d + 2)] += bend
    v[place_of(frame, j, 2 * d + 2)] -= bend * 2 * math.sinh(t / 2) / 3
    if frame.linear:
        for r in range(d):
            second = place_of(frame, j, r)
            v[place_of(frame, i, d + 1 + r)] += sign * h * v[second if second >= 0 else place_of(frame, i, r)]


def coordinates(theta, frame, chart):  # type: ignore[no-untyped-def]
    """Phi (p,)."""
    phi, i, j, d = theta.copy(), chart.i, chart.j, frame.d
    _scale_gate(phi, frame, math.exp(-log_tau_of(theta, frame)))
    if i < 0:
        return phi
    one, two = place_of(frame, i, d), place_of(frame, j, d)
    t = phi[one] - (phi[two] if two >= 0 else 0.0)
    down, up = math.exp(-t / 2), math.exp(t / 2)
    p = up / (up + down)
    if two >= 0:
        phi[one], phi[two] = max(phi[one], phi[two]) + math.log1p(math.exp(-abs(t))), t
    for atom in range(frame.k):
        if two < 0 and atom != i and atom != j:
            phi[place_of(frame, atom, d)] -= math.log1p(up * up)
    for r in range(2 * d + 3):
        first, second = place_of(frame, i, r), place_of(frame, j, r)
        if r == d:
            continue
        u = phi[first]
        if second >= 0:
            v = phi[second]
            phi[first], phi[second] = p * u + (1 - p) * v, (u - v) / (up + down)
        elif frame.linear:
            phi[first] = u / (up + down)
            for atom in range(frame.k):
                if atom != i and atom != j:
                    phi[place_of(frame, atom, r)] -= p * u
        else:
            phi[first] = p * u
    move_moments(phi, frame, chart, t, 1.0)
    return phi


def logit(phi, frame, chart):  # type: ignore[no-untyped-def]
    """The place of t, and t."""
    two = place_of(frame, chart.j, frame.d)
    place = two if two >= 0 else place_of(frame, chart.i, frame.d)
    return place, min(max(phi[place], -_MOST), _MOST)


def _ratios(phi, frame, chart):  # type: ignore[no-untyped-def]
    """Theta (p,) of phi, with the gate still divided by tau."""
    theta, i, j, d = phi.copy(), chart.i, chart.j, frame.d
    if i >= 0:
        place, t = logit(phi, frame, chart)
        down, up = math.exp(-t / 2), math.exp(t / 2)
        move_moments(theta, frame, chart, t, -1.0)
        one, two = place_of(frame, i, d), place_of(frame, j, d)
        theta[place] = t
        if two >= 0:
            total = theta[one]
            theta[one], theta[two] = total - math.log1p(down * down), total - math.log1p(up * up)
        for atom in range(frame.k):
            if two < 0 and atom != i and atom != j:
                theta[place_of(frame, atom, d)] += math.log1p(up * up)
        for r in range(2 * d + 3):
            first, second = place_of(frame, i, r), place_of(frame, j, r)
            if r == d:
                continue
            m = theta[first]
            if second >= 0:
                h = theta[second]
                theta[first], theta[second] = m + h * down, m - h * up
            elif frame.linear:
                theta[first] = m * (up + down)
                for atom in range(frame.k):
                    if atom != i and atom != j:
                        theta[place_of(frame, atom, r)] += up * m
            else:
                theta[first] = m * (1 + down * down)
    return theta


def uncut(phi, frame, chart):  # type: ignore[no-untyped-def]
    """Theta (p,) of phi."""
    theta = _ratios(phi, frame, chart)
    _scale_gate(theta, frame, math.exp(min(log_tau_of(theta, frame), _LARGEST)))
    return theta


def cut(theta, lower, upper):  # type: ignore[no-untyped-def]
    """Cut theta (p,) to the box, in place."""
    for a in range(len(theta)):
        theta[a] = min(max(theta[a], lower[a]), upper[a])


def back(phi, frame, chart, lower, upper):  # type: ignore[no-untyped-def]
    """Theta (p,) of phi, cut to the box; log tau is cut first, so that beta1/tau and beta0/tau stay what they are."""
    theta = _ratios(phi, frame, chart)
    if frame.places[0] >= 0:
        theta[0] = min(max(theta[0], lower[0]), upper[0])
    _scale_gate(theta, frame, math.exp(log_tau_of(theta, frame)))
    cut(theta, lower, upper)
    return theta


def near_pair(theta, frame):  # type: ignore[no-untyped-def]
    """The chart of the two atoms that are nearest at theta; of no pair if none are near.

    Distances are between lines at the centre and over the spread of x, and of log nu.
    """
    d, least, found = frame.d, _NEAR**2, NO_PAIR
    for i in range(frame.k):
        for j in range(i + 1, frame.k):
            log_nu, other = _value(theta, frame, i, 2 * d + 2), _value(theta, frame, j, 2 * d + 2)
            gap = _value(theta, frame, i, 2 * d + 1) - _value(theta, frame, j, 2 * d + 1)
            level, across, apart = _value(theta, frame, i, d) - _value(theta, frame, j, d), 0.0, 0.0
            for r in range(d):
                slope = _value(theta, frame, i, d + 1 + r) - _value(theta, frame, j, d + 1 + r)
                gap += slope * frame.centre[r]
                apart += (slope * frame.spread[r]) ** 2
                if frame.linear:
                    turn = _value(theta, frame, i, r) - _value(theta, frame, j, r)
                    level += turn * frame.centre[r]
                    across += abs(turn) * frame.spread[r]
            nu = math.exp((log_nu + other) / 2)
            distance = (gap * gap + apart) / nu + (log_nu - other) ** 2
            if distance <= least:
                alone = abs(level) + across > _LOGIT * math.exp(log_tau_of(theta, frame))
                least, found = distance, NO_PAIR if alone else Chart(i, j, 1 / nu)
    return found


def identity(p):  # type: ignore[no-untyped-def]
    """The identity (p, p)."""
    found = np.zeros((p, p))
    for a in range(p):
        found[a, a] = 1.0
    return found


def _chained(gradient, hessian, jacobian, second):  # type: ignore[no-untyped-def]
    """J^T g and J^T H J + second."""
    turned = np.zeros(jacobian.shape)  # by rows, as whole arrays take longer to compile
    for a in range(len(turned)):
        turned[a] = jacobian[:, a]
    square = turned @ hessian @ jacobian
    for a in range(len(turned)):
        square[a] += second[a]
    return turned @ gradient, square


def _by_ratios(theta, g, frame):  # type: ignore[no-untyped-def]
    """Jacobian of theta in its ratios, and sum_j g_j d2 theta_j: theta_j = tau phi_j in the gate."""
    tau, free = math.exp(log_tau_of(theta, frame)), frame.places[0] >= 0
    jacobian, second = identity(len(theta)), np.zeros((len(theta), len(theta)))
    for atom in range(frame.k):
        for r in range(frame.d + 1):
            place = place_of(frame, atom, r)
            if place >= 0:
                jacobian[place, place] = tau
                if free:
                    jacobian[place, 0] = theta[place]
                    second[place, 0] = second[0, place] = tau * g[place]
                    second[0, 0] += theta[place] * g[place]
    return jacobian, second


def _by_pair(psi, g, frame, chart):  # type: ignore[no-untyped-def]
    """Jacobian of the ratios in means and differences, and the sum of g times their second derivatives."""
    i, j, d, p = chart.i, chart.j, frame.d, len(psi)
    jacobian, second = identity(p), np.zeros((p, p))
    s, t = logit(psi, frame, chart)
    down, up = math.exp(-t / 2), math.exp(t / 2)
    share = up / (up + down)
    bend, even = 0.0, share * (1 - share)
    one, two = place_of(frame, i, d), place_of(frame, j, d)
    if two >= 0:
        jacobian[two, one], jacobian[one, s], jacobian[two, s] = 1.0, 1 - share, -share
        bend -= even * (g[one] + g[two])
    for atom in range(frame.k):
        if two < 0 and atom != i and atom != j:
            place = place_of(frame, atom, d)
            jacobian[place, s] = share
            bend += even * g[place]
    for r in range(2 * d + 3):
        x, y = place_of(frame, i, r), place_of(frame, j, r)
        if r == d:
            continue
        if y >= 0:
            h = psi[y]
            jacobian[x, y], jacobian[y, x], jacobian[y, y] = down, 1.0, -up
            jacobian[x, s], jacobian[y, s] = -h * down / 2, -h * up / 2
            second[y, s] = second[s, y] = -(g[x] * down + g[y] * up) / 2
            bend += h * (g[x] * down - g[y] * up) / 4
            continue
        m = psi[x]
        if frame.linear:
            across = 0.0
            for atom in range(frame.k):
                if atom != i and atom != j:
                    place = place_of(frame, atom, r)
                    jacobian[place, x], jacobian[place, s] = up, m * up / 2
                    across += g[place]
            jacobian[x, x], jacobian[x, s] = up + down, m * (up - down) / 2
            second[x, s] = second[s, x] = (g[x] * (up - down) + across * up) / 2
            bend += m * (g[x] * (up + down) + across * up) / 4
        else:
            jacobian[x, x], jacobian[x, s] = 1 + down * down, -m * down * down
            second[x, s] = second[s, x] = -g[x] * down * down
            bend += m * g[x] * down * down
    second[s, s] = bend
    return jacobian, second


def _by_moments(phi, g, frame, chart):  # type: ignore[no-untyped-def]
    """Jacobian of means and differences in phi, and the sum of g times their second derivatives."""
    i, j, d, p, c = chart.i, chart.j, frame.d, len(phi), chart.curvature
    jacobian, second = identity(p), np.zeros((p, p))
    s, t = logit(phi, frame, chart)
    b, mean, difference = place_of(frame, j, 2 * d + 1), place_of(frame, i, 2 * d + 2), place_of(frame, j, 2 * d + 2)
    h, skew, slope = phi[b], 2 * c * math.sinh(t / 2) / 3, c * math.cosh(t / 2) / 3
    jacobian[mean, b], jacobian[difference, b], jacobian[difference, s] = -2 * c * h, 2 * skew * h, slope * h * h
    second[b, b] = 2 * (skew * g[difference] - c * g[mean])
    second[b, s] = second[s, b] = 2 * slope * h * g[difference]
    second[s, s] = skew * h * h * g[difference] / 4
    if frame.linear:
        for r in range(d):
            a, y = place_of(frame, i, d + 1 + r), place_of(frame, j, r)
            beta1 = y if y >= 0 else place_of(frame, i, r)
            jacobian[a, b], jacobian[a, beta1] = -phi[beta1], -h
            second[beta1, b] = second[b, beta1] = -g[a]
    return jacobian, second


def derivatives(theta, gradient, hessian, frame, chart):  # type: ignore[no-untyped-def]
    """Gradient and Hessian in phi, by the chain rule through the ratios, the pair and its moments."""
    jacobian, second = _by_ratios(theta, gradient, frame)
    g, h = _chained(gradient, hessian, jacobian, second)
    if chart.i < 0:
        return g, h
    phi = coordinates(theta, frame, chart)
    psi = phi.copy()
    move_moments(psi, frame, chart, logit(phi, frame, chart)[1], -1.0)
    jacobian, second = _by_pair(psi, g, frame, chart)
    g, h = _chained(g, h, jacobian, second)
    jacobian, second = _by_moments(phi, g, frame, chart)
    return _chained(g, h, jacobian, second)


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
    `atom_formulas`; x, y, weights, reference: the data; sums: how many the kernel fills; free: how many atoms move
    their gates; n: the number of points.
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
    free: int
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
        value = call(kernel, values, nu, plan.free, plan.x, plan.y, plan.weights, plan.reference, sums)
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


def climb_of(version: int) -> Any:
    """The function that climbs, by the version of its sources: by it machine code is found on disk."""

    def climb_to_end(kernel, plan, here, trial, state, lower, upper, frame, stop, most):  # type: ignore[no-untyped-def]
        """Climb from the trial place, and leave the end in `here` and `state`."""
        cut(trial[_THETA], lower, upper)
        state[_PHASE], state[_DAMPING], state[_GAIN] = _START, _FIRST_DAMPING, math.inf
        going, last = True, most + 0 * version
        while going:
            state[_TRIAL] = evaluate(kernel, plan, trial[_THETA], trial[_GRADIENT], trial[_HESSIAN:])
            going = _advance(here, trial, state, lower, upper, frame, stop, last)

    return climb_to_end


_climbed = climb_of(0)


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

    from temperance.numerics.mixture.kernels import call_kernel, version_of

    options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
    for function in vars(sys.modules[__name__]).values():
        if isinstance(function, FunctionType) and function.__module__ == __name__ and function is not evaluate:
            register_jitable(**options, no_cpython_wrapper=True)(function)
    register_jitable(**options, no_cpython_wrapper=True)(scatter)
    evaluated = _evaluate_with(call_kernel)
    overload(evaluate, jit_options=options)(lambda kernel, plan, u, gradient, hessian: evaluated)
    row, table, whole = np.empty(0), np.empty((0, 0)), np.empty((0, 0), np.int64)
    line, marks = np.empty(0, np.int64), np.empty(0, np.bool_)
    tables = Tables(whole, whole, row, whole, row, whole, row, whole)
    plan = Plan(row, line, line, marks, whole, line, tables, table, row, row, row, 1, 1, 1.0)
    others = (plan, table, table, row, row, row, NO_FRAME, EXACT, 1)
    signature = types.void(types.intp, *(typeof(value) for value in others))
    versions = version_of(Path(__file__).parent, Path(atom_formulas.__file__).parent)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        return njit(signature, cache=True, **options)(climb_of(int(versions[:14], 16)))


def scaled_spectrum(information: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale d = sqrt|diag|, eigenvalues and eigenvectors of information / (d d^T)."""
    scale = np.sqrt(np.maximum(np.abs(information.diagonal()), SMALLEST_DIAGONAL))
    if not scale.size:
        return scale, scale, information
    values, vectors = np.linalg.eigh(information / (scale[:, None] * scale))
    return scale, values, vectors
