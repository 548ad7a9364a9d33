"""What one would write without this package (d = 1, softmax gate): L-BFGS-B on the analytic gradient, and EM."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

from temperance.numerics.fitting.fits import Box
from temperance.numerics.mixture.measures import Layout, MixingMeasure

EM_STEPS, EM_CHANGE = 2000, 1e-10


def _parts(m: MixingMeasure, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """log pi, residuals, log-likelihood of each point and responsibilities, atoms first."""
    log_pi = log_softmax((m.beta1 * x + m.beta0[:, None]) / m.tau, axis=0)
    e = y - m.a * x - m.b[:, None]
    joint = log_pi - 0.5 * e**2 / m.nu[:, None] - 0.5 * np.log(2 * np.pi * m.nu)[:, None]
    values = logsumexp(joint, axis=0)
    return log_pi, e, values, np.exp(joint - values)


def _value_and_gradient(theta: np.ndarray, layout: Layout, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    m = layout.unpack(theta)
    log_pi, e, values, r = _parts(m, x, y)
    gate, scaled = r - np.exp(log_pi), r * e / m.nu[:, None]
    columns = (gate @ x, gate.sum(axis=1), scaled @ x, scaled.sum(axis=1), 0.5 * (scaled * e - r).sum(axis=1))
    full = np.concatenate([[0.0], np.stack(columns, axis=1).ravel()])
    return -float(values.mean()), -full[layout.free] / len(y)


def lbfgs(layout: Layout, x: np.ndarray, y: np.ndarray, start: np.ndarray, box: Box) -> float:
    """Log-likelihood that SciPy's L-BFGS-B reaches."""
    lower, upper = box.bounds(layout)
    options = {"maxiter": 10_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-7}
    bounds = list(zip(lower, upper, strict=True))
    arguments = (layout, x, y)
    end = minimize(_value_and_gradient, start, arguments, "L-BFGS-B", jac=True, bounds=bounds, options=options)
    return -float(end.fun) * len(y)


def _gate_step(m: MixingMeasure, x: np.ndarray, r: np.ndarray, log_pi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One Newton step of the multinomial regression of r on x; the last atom stays at 0."""
    k, x1, pi = m.k, np.stack([x, np.ones(len(x))]), np.exp(log_pi)
    gradient = ((r - pi)[:-1] @ x1.T).ravel()
    hessian = np.zeros((k - 1, 2, k - 1, 2))
    for i in range(k - 1):
        for j in range(k - 1):
            weight = pi[i] * ((i == j) - pi[j])
            hessian[i, :, j] = (x1 * weight) @ x1.T
    hessian = hessian.reshape(2 * k - 2, -1) + 1e-9 * np.eye(2 * k - 2)
    step = np.linalg.solve(hessian, gradient).reshape(k - 1, 2)
    return m.beta1[:-1, 0] + step[:, 0], m.beta0[:-1] + step[:, 1]


def em(layout: Layout, x: np.ndarray, y: np.ndarray, start: np.ndarray, box: Box) -> float:
    """Log-likelihood that EM reaches before its relative change falls below `EM_CHANGE`."""
    m, before = layout.unpack(start), -np.inf
    x1 = np.stack([x, np.ones(len(x))])
    for _ in range(EM_STEPS):
        log_pi, _, values, r = _parts(m, x, y)
        value = float(values.sum())
        if value - before <= EM_CHANGE * abs(value):
            break
        before = value
        beta1, beta0 = _gate_step(m, x, r, log_pi)
        lines = np.array([np.linalg.solve((x1 * w) @ x1.T, (x1 * w) @ y) for w in r])
        nu = (r * (y - lines @ x1) ** 2).sum(axis=1) / r.sum(axis=1)
        nu = np.clip(nu, *box.nu)
        m = MixingMeasure(np.append(beta1, 0.0)[:, None], np.append(beta0, 0.0), 1.0, lines[:, :1], lines[:, 1], nu)
    return before
