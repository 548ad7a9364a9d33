"""The log-likelihood of softmax and activation gates with linear experts, its score and its Hessian, written by hand.

The witness of the one that is generated from formulas. With t, f, pi and r of `numerics.mixture.measures`,

    d log g = sum_i r_i d(t_i + f_i) - sum_i pi_i d t_i
    d2 log g = sum_i r_i (dc_i)^2 - (sum_i r_i dc_i)^2 - sum_i pi_i (dt_i)^2 + (sum_i pi_i dt_i)^2
               + sum_i r_i d2 c_i - sum_i pi_i d2 t_i,      c_i = t_i + f_i

In the coordinates of a layout t_i is homogeneous of degree one in 1/tau, so that d2 t_i/dlog(tau) dp = -dt_i/dp, and
likewise d2 f_i/dlog(nu) dp = -df_i/dp for p = a, b. The only other second derivatives are s'' x x^T/tau and
-(x,1)(x,1)^T/nu. Points may have weights, which multiply their terms of every sum, and a reference, which is taken from
log g.
"""

from functools import partial

import numpy as np

from temperance.numerics.mixture.atom_formulas import Sums
from temperance.numerics.mixture.measures import check_data
from temperance.numerics.mixture.points import softmax

_softmax = partial(softmax, floor=-300.0)


def _logits(m, gate, x1, y, order):
    """t, f, the residuals e, and the derivatives 1..order of s at beta1 . x, each (k, n); x1 = (x, 1) is (d+1, n)."""
    jets = gate(m.beta1 @ x1[:-1], order)
    t = (jets[0] + m.beta0[:, None]) / m.tau
    e = y - np.column_stack([m.a, m.b]) @ x1
    f = e * e * (-0.5 / m.nu[:, None]) - 0.5 * np.log(2 * np.pi * m.nu)[:, None]
    return (t, f, e, *jets[1:])


def _features(x):
    """(x, 1) of the points, shape (d+1, n)."""
    return np.concatenate([x.T, np.ones((1, len(x)))])


def _sums(m, gate, x1, y, w, reference):
    """Value, score and Hessian at (x, 1) (d+1, n) and y (n,), with weights w and a reference (n,) or constants.

    They are in all parameters, (log tau, atom 1, ..., atom k), an atom being (beta1, beta0, a, b, log nu).
    """
    t, f, e, s1, s2 = _logits(m, gate, x1, y, 2)
    prior, posterior = _softmax(t), _softmax(t + f)
    pi, r = prior.shares, posterior.shares
    d, q = m.d, 2 * m.d + 3
    dt, df = np.zeros((2, m.k, 1 + m.k * q, len(y)))
    second = np.zeros((1 + m.k * q, 1 + m.k * q))  # sum_i r_i d2 c_i - sum_i pi_i d2 t_i
    for i in range(m.k):
        first = 1 + i * q
        slope, logit = slice(first, first + d), slice(first, first + d + 1)
        line, nu = slice(first + d + 1, first + q - 1), first + q - 1
        dt[i, 0] = -t[i]
        dt[i, slope] = s1[i] * x1[:-1] / m.tau
        dt[i, first + d] = 1 / m.tau
        df[i, line] = e[i] * x1 / m.nu[i]
        df[i, nu] = 0.5 * e[i] ** 2 / m.nu[i] - 0.5
        share = w * r[i]
        excess = share - w * pi[i]
        second[0, 0] += excess @ t[i]
        second[0, logit] = second[logit, 0] = -dt[i, logit] @ excess
        second[slope, slope] = (excess * s2[i] / m.tau * x1[:-1]) @ x1[:-1].T
        second[line, line] = -(share / m.nu[i] * x1) @ x1.T
        second[line, nu] = second[nu, line] = -df[i, line] @ share
        second[nu, nu] = -(df[i, nu] + 0.5) @ share
    value = float((w * (posterior.log_sum - prior.log_sum - reference)).sum())
    after, before = moments(r, dt + df, w), moments(pi, dt, w)
    return Sums(value, after[0] - before[0], second + after[1] - before[1])


def moments(shares, slopes, w):
    """Sums over points of w E d and of w (E d d^T - E d E d^T), E being the mean over atoms by their shares (k, n)."""
    weighted = shares[:, None] * slopes
    mean = weighted.sum(axis=0)
    square = (w * weighted) @ slopes.transpose(0, 2, 1)
    return (w * mean).sum(axis=1), square.sum(axis=0) - (w * mean) @ mean.T


def log_likelihood(theta, layout, gate, x, y, weights=1.0, reference=0.0):
    """sum_j weights_j (log g(y_j | x_j) - reference_j), with its score and Hessian in theta.

    theta (p,), whose coordinates layout names; gate: s, compiled; x (n, d) and y, weights and reference (n,).
    """
    x, y = check_data(x, y, layout.d)
    sums, free = _sums(layout.unpack(theta), gate, _features(x), y, weights, reference), layout.free
    return Sums(sums.value, sums.score[free], sums.hessian[np.ix_(free, free)])


def two_lines(n=400, seed=0):
    """Data of two lines that cross, and a softmax gate."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, n)
    first = rng.random(n) < 1 / (1 + np.exp(-(1.5 * x + 0.3)))
    return x, np.where(first, x + 1, -x - 1) + np.where(first, 0.5, 0.8) * rng.normal(size=n)
