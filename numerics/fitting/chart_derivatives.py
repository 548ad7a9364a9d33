"""Gradient and Hessian in the coordinates of `charts`: the chain rule through ratios, pair and moments."""

from __future__ import annotations

import math

import numpy as np

from temperance.numerics.fitting.charts import coordinates, log_tau_of, logit, move_moments, place_of


def identity(p):  # type: ignore[no-untyped-def]
    """The identity (p, p)."""
    found = np.zeros((p, p))
    for a in range(p):
        found[a, a] = 1.0
    return found


def _chained(gradient, hessian, jacobian, second):  # type: ignore[no-untyped-def]
    """J^T g and J^T H J + second."""
    turned = np.zeros(jacobian.shape)  # loops, as whole arrays take longer to compile
    for a in range(len(turned)):
        for b in range(len(turned)):
            turned[a, b] = jacobian[b, a]
    square = turned @ hessian @ jacobian
    for a in range(len(turned)):
        for b in range(len(turned)):
            square[a, b] += second[a, b]
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
