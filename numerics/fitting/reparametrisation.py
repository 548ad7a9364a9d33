"""Changes to coordinates in which the likelihood of a gate with a temperature is closer to a quadratic.

Near beta1 . x = 0 an activation is almost linear, and the data determine beta1/tau and beta0/tau much better than tau:
in (beta1, beta0, log tau) the likelihood has a curved valley. In

    phi = (log tau, beta1/tau, beta0/tau, a, b, log nu)

it is straight. Steps are made in phi; the box, the stopping gradient and its curvature stay those of theta.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.mixture.measures import Layout

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RatioChart:
    """phi of theta; theta_0 = log tau, and gate are the indices of beta1 and beta0 in theta.

    mixed: theta_0 and the gate, the coordinates that are not those of phi.
    """

    gate: NDArray[np.intp]
    mixed: NDArray[np.intp]

    def coordinates(self, theta: Floats) -> Floats:
        """Phi (p,)."""
        phi = theta.copy()
        phi[self.gate] *= math.exp(-theta[0])
        return phi

    def theta(self, phi: Floats, lower: Floats, upper: Floats) -> Floats:
        """Theta (p,) in the box; log tau is cut first, so that beta1/tau and beta0/tau stay what they are."""
        theta = phi.copy()
        theta[0] = min(max(phi[0], lower[0]), upper[0])
        theta[self.gate] *= math.exp(theta[0])
        return np.minimum(np.maximum(theta, lower), upper)

    def derivatives(self, theta: Floats, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats]:
        """Gradient J^T g and Hessian J^T H J + sum_j g_j d2 theta_j in phi, with J = d theta/d phi.

        In the gate d theta_j = tau d phi_j + theta_j d phi_0, d2 theta_j = 2 tau d phi_j d phi_0 + theta_j d phi_0^2.
        """
        gate, tau = self.gate, math.exp(theta[0])
        values, slope = theta[gate], gradient[gate]
        new, curved = gradient.copy(), hessian.copy()
        new[gate] *= tau
        new[0] += values @ slope
        curved[:, 0] += hessian[:, gate] @ values
        curved[0] += values @ curved[gate]
        curved[gate] *= tau
        curved[:, gate] *= tau
        curved[gate, 0] += tau * slope
        curved[0, gate] += tau * slope
        curved[0, 0] += values @ slope
        return new, curved


@lru_cache(maxsize=64)
def chart_of(layout: Layout) -> RatioChart | None:
    """The chart of a layout; None where tau is fixed or there is no gate."""
    gate = np.array([j for j, (name, _) in enumerate(layout.names) if name in ("beta1", "beta0")], dtype=np.intp)
    if layout.tau is not None or not gate.size:
        return None
    return RatioChart(gate, np.append(0, gate))
