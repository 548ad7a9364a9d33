"""Coordinates of two atoms that describe one cell: weighted means, scaled differences, and the share.

Where a likelihood needs one atom fewer than it has, two atoms i, j meet at its maximum, and the plain coordinates have
curved valleys there. Let p be the share of atom i in the weight of both, t = logit p, and for each parameter

    v_i = m + h exp(-t/2),  v_j = m - h exp(t/2),

so that m is the weighted mean and h = sqrt(p(1 - p)) (v_i - v_j): the second moments of the pair are m m' + h h' for
every t. Data tell moments of the mixture (theory.md 2.4). So with H = h of b and c = 1/nu, held while a step lasts,

    C = m of log nu + c H^2                   (the variance of y given x),
    D = h of log nu - (2c/3) sinh(t/2) H^2    (its third moment over 3 H),
    A = m of a + H h of beta1/tau             (the covariance of y and x; where s(z) = z)

take the places of m and h of log nu and of m of a. Where the pair holds the last atom, whose gate the gauge fixes, the
gates of all others are taken relative to the pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.reparametrisation import RatioChart, chart_of
from temperance.numerics.mixture.measures import Layout

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_NEAR = 2.0  # distance of a pair, in deviations of y given x
_LOGIT = 6.0  # of its share: beyond, one of its atoms is alone
_MOST = 60.0  # |logit| of a share
_NONE = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, eq=False)
class _Slots:
    """Where the coordinates of a pair are in theta.

    first, second: of the parameters that both atoms have free; m stands in place of the first, h of the second. share:
    of t; total: of the log weight of both, -1 where the pair holds the last atom. lone: beta1 of atom i where that of j
    is fixed at 0. weights: of beta0, and slopes (k', d): of beta1, of the other atoms where they are relative to the
    pair. b, nu, a, beta1: places of h of b, of m and h of log nu, of m of a, and of h of beta1.
    """

    first: Indices
    second: Indices
    share: int
    total: int
    lone: Indices
    weights: Indices
    slopes: Indices
    b: int
    nu: tuple[int, int]
    a: Indices
    beta1: Indices
    used: Indices


@lru_cache(maxsize=256)
def _slots(layout: Layout, i: int, j: int, linear: bool) -> _Slots:
    """Slots of atoms i < j."""
    at: dict[tuple[str, int | None], Indices] = {}
    for place, name in enumerate(layout.names):
        at[name] = np.append(at.get(name, _NONE), place)
    last = ("beta0", j) not in at
    others = [l for l in range(layout.k) if l not in (i, j)]
    shared = [name for name in ("beta1", "a", "b", "nu") if (name, j) in at]
    lone = at["beta1", i] if ("beta1", j) not in at else _NONE
    relative = [at["beta1", l] for l in others] if lone.size and linear else []
    weights = np.concatenate([at["beta0", l] for l in others]) if last and others else _NONE
    first, second = (np.concatenate([at[name, atom] for name in shared]) for atom in (i, j))
    share, total = (at["beta0", i][0], -1) if last else (at["beta0", j][0], at["beta0", i][0])
    slopes = np.array(relative, dtype=np.intp).reshape(-1, layout.d)
    h_beta1 = (lone if lone.size else at["beta1", j]) if linear else _NONE
    a = at["a", i] if linear else _NONE
    used = np.unique(
        np.concatenate([first, second, lone, weights, slopes.ravel(), [share], [total] * (not last)])
    ).astype(np.intp)
    nu = (int(at["nu", i][0]), int(at["nu", j][0]))
    return _Slots(
        first, second, int(share), int(total), lone, weights, slopes, int(at["b", j][0]), nu, a, h_beta1, used
    )


@dataclass(frozen=True, eq=False)
class PairChart:
    """The chart of a pair; ratio: the chart that it is made in, if the temperature is free; curvature: c.

    linear: whether s(z) = z. tau: by which log weights and logits are multiplied in beta0 and beta1.
    """

    slots: _Slots
    ratio: RatioChart | None
    curvature: float
    linear: bool
    tau: float

    @property
    def mixed(self) -> Indices:
        """The coordinates that are not those of phi."""
        return self.slots.used if self.ratio is None else np.union1d(self.slots.used, self.ratio.mixed)

    def coordinates(self, theta: Floats) -> Floats:
        """Phi (p,)."""
        v = theta.copy() if self.ratio is None else self.ratio.coordinates(theta)
        s, phi = self.slots, v.copy()
        t = v[s.share] / self.tau if s.total < 0 else (v[s.total] - v[s.share]) / self.tau
        p, down, up = 1 / (1 + math.exp(-t)), math.exp(-t / 2), math.exp(t / 2)
        phi[s.share] = t
        phi[s.first] = p * v[s.first] + (1 - p) * v[s.second]
        phi[s.second] = (v[s.first] - v[s.second]) / (up + down)
        if s.total >= 0:
            phi[s.total] = self.tau * np.logaddexp(v[s.total] / self.tau, v[s.share] / self.tau)
        phi[s.weights] -= self.tau * math.log1p(math.exp(t))
        if s.lone.size and self.linear:
            phi[s.lone] = v[s.lone] / (up + down)
            phi[s.slopes] -= up * phi[s.lone]
        elif s.lone.size:
            phi[s.lone] = p * v[s.lone]
        h, (mean, difference) = phi[s.b], s.nu
        phi[mean] += self.curvature * h * h
        phi[difference] -= self.curvature * (up - down) / 3 * h * h
        phi[s.a] += h * phi[s.beta1] / self.tau
        return phi

    def _moments(self, phi: Floats) -> Floats:
        """Weighted means and scaled differences of phi."""
        s, psi = self.slots, phi.copy()
        t, h = phi[s.share], phi[s.b]
        mean, difference = s.nu
        psi[mean] -= self.curvature * h * h
        psi[difference] += self.curvature * 2 * math.sinh(t / 2) / 3 * h * h
        psi[s.a] -= h * phi[s.beta1] / self.tau
        return psi

    def theta(self, phi: Floats, lower: Floats, upper: Floats) -> Floats:
        """Theta (p,), cut to the box."""
        s, phi = self.slots, phi.copy()
        phi[s.share] = t = min(max(phi[s.share], -_MOST), _MOST)
        psi = self._moments(phi)
        down, up, v = math.exp(-t / 2), math.exp(t / 2), psi.copy()
        v[s.first] = psi[s.first] + psi[s.second] * down
        v[s.second] = psi[s.first] - psi[s.second] * up
        if s.total < 0:
            v[s.share] = self.tau * t
        else:
            v[s.total] = psi[s.total] - self.tau * math.log1p(math.exp(-t))
            v[s.share] = psi[s.total] - self.tau * math.log1p(math.exp(t))
        v[s.weights] += self.tau * math.log1p(math.exp(t))
        if s.lone.size and self.linear:
            v[s.lone] = psi[s.lone] * (up + down)
            v[s.slopes] += up * psi[s.lone]
        elif s.lone.size:
            v[s.lone] = psi[s.lone] * (1 + down * down)
        return np.clip(v, lower, upper) if self.ratio is None else self.ratio.theta(v, lower, upper)

    def derivatives(self, theta: Floats, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats]:
        """Gradient and Hessian in phi, by the chain rule through the ratios, the pair and its moments."""
        phi = self.coordinates(theta)
        if self.ratio is not None:
            gradient, hessian = self.ratio.derivatives(theta, gradient, hessian)
        for step, place in ((self._of_pair, self._moments(phi)), (self._of_moments, phi)):
            jacobian, half = step(place, gradient)
            gradient, hessian = jacobian.T @ gradient, jacobian.T @ hessian @ jacobian + half + half.T
        return gradient, hessian

    def _of_pair(self, psi: Floats, g: Floats) -> tuple[Floats, Floats]:
        """Jacobian of theta (or its ratios) in means and differences; half of sum_j g_j d2 theta_j."""
        s, tau, jacobian, half = self.slots, self.tau, np.eye(len(psi)), np.zeros((len(psi),) * 2)
        t, h, one, two = psi[s.share], psi[s.second], s.first, s.second
        down, up = math.exp(-t / 2), math.exp(t / 2)
        p = up / (up + down)
        q = 1 - p
        jacobian[one, two], jacobian[two, one], jacobian[two, two] = down, 1.0, -up
        jacobian[one, s.share], jacobian[two, s.share] = -h * down / 2, -h * up / 2
        half[two, s.share] = -(g[one] * down + g[two] * up) / 2
        bend = float(h @ (g[one] * down - g[two] * up)) / 4
        if s.total < 0:
            jacobian[s.share, s.share] = tau
            jacobian[s.weights, s.share] = tau * p
            bend += tau * p * q * float(g[s.weights].sum())
        else:
            jacobian[s.share, s.total] = 1.0
            jacobian[s.total, s.share], jacobian[s.share, s.share] = tau * q, -tau * p
            bend -= tau * p * q * float(g[s.total] + g[s.share])
        if s.lone.size and self.linear:
            lone, across = psi[s.lone], g[s.slopes].sum(axis=0)
            jacobian[s.lone, s.lone] = up + down
            jacobian[s.lone, s.share] = lone * (up - down) / 2
            jacobian[s.slopes, s.lone] = up
            jacobian[s.slopes, s.share] = lone * up / 2
            half[s.lone, s.share] = (g[s.lone] * (up - down) + across * up) / 2
            bend += float(lone @ (g[s.lone] * (up + down) + across * up)) / 4
        elif s.lone.size:
            jacobian[s.lone, s.lone] = 1 + down * down
            jacobian[s.lone, s.share] = -psi[s.lone] * down * down
            half[s.lone, s.share] = -g[s.lone] * down * down
            bend += float(psi[s.lone] @ g[s.lone]) * down * down
        half[s.share, s.share] = bend / 2
        return jacobian, half

    def _of_moments(self, phi: Floats, g: Floats) -> tuple[Floats, Floats]:
        """Jacobian of means and differences in phi, and half of the sum of g times their second derivatives."""
        s, c, jacobian, half = self.slots, self.curvature, np.eye(len(phi)), np.zeros((len(phi),) * 2)
        t, h, (mean, difference) = phi[s.share], phi[s.b], s.nu
        skew, slope = 2 * c * math.sinh(t / 2) / 3, c * math.cosh(t / 2) / 3
        jacobian[mean, s.b] = -2 * c * h
        jacobian[difference, s.b] = 2 * skew * h
        jacobian[difference, s.share] = slope * h * h
        half[s.b, s.b] = skew * g[difference] - c * g[mean]
        half[s.b, s.share] = 2 * slope * h * g[difference]
        half[s.share, s.share] = skew * h * h * g[difference] / 8
        if s.a.size:
            jacobian[s.a, s.b] = -phi[s.beta1] / self.tau
            jacobian[s.a, s.beta1] = -h / self.tau
            half[s.beta1, s.b] = -g[s.a] / self.tau
        return jacobian, half


def pair_chart(layout: Layout, theta: Floats, centre: Floats, spread: Floats, *, linear: bool) -> PairChart | None:
    """The chart of the two atoms that are nearest at theta, or None if none are near.

    centre, spread (d,): of x; distances are between lines there, and of log nu. linear: whether s(z) = z.
    """
    if layout.k < 2:
        return None
    measure = layout.unpack(theta)
    i, j = np.triu_indices(layout.k, 1)
    log_nu, at_centre = np.log(measure.nu), measure.b + measure.a @ centre
    nu = np.exp((log_nu[i] + log_nu[j]) / 2)
    apart = (at_centre[i] - at_centre[j]) ** 2 + (((measure.a[i] - measure.a[j]) * spread) ** 2).sum(axis=1)
    distance = apart / nu + (log_nu[i] - log_nu[j]) ** 2
    nearest = int(distance.argmin())
    one, two = int(i[nearest]), int(j[nearest])
    logit = measure.beta0[one] - measure.beta0[two]
    if linear:
        slope = measure.beta1[one] - measure.beta1[two]
        logit = abs(logit + slope @ centre) + float(np.abs(slope) @ spread)
    if distance[nearest] > _NEAR**2 or abs(logit) > _LOGIT * measure.tau:
        return None
    ratio = chart_of(layout)
    tau = layout.tau if layout.tau is not None else 1.0
    slots = _slots(layout, one, two, linear)
    return PairChart(slots, ratio, 1 / float(nu[nearest]), linear, tau)
