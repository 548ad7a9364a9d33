"""Coordinates in which steps are made: of a gate with a temperature, and of two atoms that describe one cell.

Near beta1 . x = 0 an activation is almost linear, and data determine beta1/tau and beta0/tau much better than tau: the
gate is divided by tau throughout. Where a likelihood needs one atom fewer than it has, two atoms i, j meet at its
maximum, and it has curved valleys there. Let p be the share of atom i in the weight of both, t = logit p, and for each
parameter

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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout

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
