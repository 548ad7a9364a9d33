"""Log density of the mixture of experts by log-sum-exp; its score and Hessian by hand.

With t_i = (s(beta1_i . x) + beta0_i)/tau, f_i = log N(y | a_i . x + b_i, nu_i), gate probabilities pi = softmax(t) and
responsibilities r = softmax(t + f):

    log g = logsumexp(t + f) - logsumexp(t)
    d log g = sum_i r_i d(t_i + f_i) - sum_i pi_i d t_i
    d2 log g = sum_i r_i (dc_i)^2 - (sum_i r_i dc_i)^2 - sum_i pi_i (dt_i)^2 + (sum_i pi_i dt_i)^2
               + sum_i r_i d2 c_i - sum_i pi_i d2 t_i,      c_i = t_i + f_i

in the coordinates theta of `measures.Layout` (log tau, log nu). In them t_i is homogeneous of degree one in 1/tau, so
that d2 t_i/dlog(tau) dp = -dt_i/dp, and likewise d2 f_i/dlog(nu) dp = -df_i/dp for p = a, b: those entries of
the Hessian are read off the score. The only second derivatives left are s'' x x^T/tau and -(x,1)(x,1)^T/nu.

The data are taken in blocks that stay in cache; outer products are matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.compiled import CompiledActivation
from numerics.measures import Layout, MixingMeasure

Floats = NDArray[np.float64]

BLOCK = 2048
_EXPONENT_FLOOR = -300.0  # smaller exponentials cannot change a sum of doubles, and denormal numbers are slow


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Sums over the data: value (...), score (..., p) and hessian (..., p, p) of the log-likelihood in theta."""

    value: Floats
    score: Floats
    hessian: Floats


def _softmax(c: Floats) -> tuple[Floats, Floats]:
    """logsumexp over the atoms, shape (n,), and the probabilities (k, n)."""
    top = c.max(axis=0)
    e = c - top
    np.maximum(e, _EXPONENT_FLOOR, out=e)
    np.exp(e, out=e)
    total = e.sum(axis=0)
    e /= total
    return top + np.log(total), e


def _logits(m: MixingMeasure, gate: CompiledActivation, x1: Floats, y: Floats, order: int) -> tuple[Floats, ...]:
    """t, f, the residuals e, and the derivatives 1..order of s at beta1 . x, each (k, n); x1 = (x, 1) is (d+1, n)."""
    jets = gate(m.beta1 @ x1[:-1], order)
    t = (jets[0] + m.beta0[:, None]) / m.tau
    e = y - np.column_stack([m.a, m.b]) @ x1
    f = e * e * (-0.5 / m.nu[:, None]) - 0.5 * np.log(2 * np.pi * m.nu)[:, None]
    return (t, f, e, *jets[1:])


def _features(x: Floats, start: int = 0, stop: int | None = None) -> Floats:
    """(x, 1) of the points start..stop, shape (d+1, n)."""
    part = x[start:stop]
    return np.concatenate([part.T, np.ones((1, len(part)))])


def _check(x: Floats, y: Floats, d: int) -> tuple[Floats, Floats]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim < 2 or x.shape[-1] != d:
        raise ValueError(f"x must have shape (..., n, {d}), not {x.shape}")
    if y.shape != x.shape[:-1]:
        raise ValueError(f"y must have shape {x.shape[:-1]} to go with x, not {y.shape}")
    return x, y


def log_density(measure: MixingMeasure, gate: CompiledActivation, x: Floats, y: Floats) -> Floats:
    """log g_G(y_j | x_j), shape (..., n), of a measure (...) at points x (..., n, d), y (..., n).

    Points without leading axes serve every measure. Raises ValueError for a wrong shape.
    """
    x, y = _check(x, y, measure.d)
    batch = np.broadcast_shapes(measure.tau.shape, y.shape[:-1])
    values = np.empty((*batch, y.shape[-1]))
    x, y = np.broadcast_to(x, (*batch, *x.shape[-2:])), np.broadcast_to(y, values.shape)
    for index in np.ndindex(batch):
        m = measure[index] if measure.tau.shape else measure
        t, f, *_ = _logits(m, gate, _features(x[index]), y[index], 0)
        values[index] = _softmax(t + f)[0] - _softmax(t)[0]
    return values


def gate_probabilities(measure: MixingMeasure, gate: CompiledActivation, x: Floats) -> Floats:
    """softmax_i((s(beta1_i . x) + beta0_i)/tau), shape (n, k), of a single measure at x (n, d)."""
    t, *_ = _logits(measure, gate, _features(x), np.zeros(len(x)), 0)
    return _softmax(t)[1].T


def responsibilities(measure: MixingMeasure, gate: CompiledActivation, x: Floats, y: Floats) -> Floats:
    """Posterior probabilities of the atoms given (x, y), shape (n, k), for a single measure."""
    t, f, *_ = _logits(measure, gate, _features(x), y, 0)
    return _softmax(t + f)[1].T


@dataclass
class _Sums:
    """What the blocks add up to; see `_assemble`."""

    value: float
    total: Floats  # sum of the score in the full order (log tau, atom 1, ...), without the gate's part
    gate: Floats  # the gate's part, order (log tau, then beta1_i, beta0_i for each atom)
    outer: Floats
    gate_outer: Floats
    local: Floats  # (k, q+1, q+1): per-atom outer products in the order (log tau, atom)
    curvature: Floats  # (2, k, d+1, d+1): sums of (r - pi) s'' (x,1)(x,1)^T and of r (x,1)(x,1)^T

    @staticmethod
    def zero(k: int, d: int) -> _Sums:
        q, g = 2 * d + 3, 1 + k * (d + 1)
        full = 1 + k * q
        arrays = [(full,), (g,), (full, full), (g, g), (k, q + 1, q + 1), (2, k, d + 1, d + 1)]
        return _Sums(0.0, *(np.zeros(shape) for shape in arrays))


def _local_scores(m: MixingMeasure, x1: Floats, t: Floats, e: Floats, s1: Floats) -> Floats:
    """Derivatives of c_i in (log tau, beta1_i, beta0_i, a_i, b_i, log nu_i), shape (k, 2d+4, n)."""
    d = m.d
    scores = np.empty((m.k, 2 * d + 4, len(e[0])))
    scores[:, 0] = -t
    np.multiply((s1 / m.tau)[:, None], x1[:-1], out=scores[:, 1 : d + 1])
    scores[:, d + 1] = 1.0 / m.tau
    scaled = e / m.nu[:, None]
    np.multiply(scaled[:, None], x1, out=scores[:, d + 2 : 2 * d + 3])
    scores[:, -1] = 0.5 * scaled * e - 0.5
    return scores


def _mixed(weighted: Floats) -> Floats:
    """Sum over the atoms of weighted local scores (k, q+1, n): shape (1 + k q, n), log tau first."""
    k, rows, n = weighted.shape
    mixed = np.empty((1 + k * (rows - 1), n))
    np.sum(weighted[:, 0], axis=0, out=mixed[0])
    mixed[1:].reshape(k, rows - 1, n)[:] = weighted[:, 1:]
    return mixed


def _add_block(sums: _Sums, m: MixingMeasure, gate: CompiledActivation, x1: Floats, y: Floats) -> None:
    t, f, e, s1, s2 = _logits(m, gate, x1, y, 2)
    normaliser, pi = _softmax(t)
    log_joint, r = _softmax(t + f)
    scores = _local_scores(m, x1, t, e, s1)
    in_gate = scores[:, : m.d + 2]
    weighted, gate_weighted = scores * r[:, None], in_gate * pi[:, None]
    mixed, gate_mixed = _mixed(weighted), _mixed(gate_weighted)
    sums.value += float((log_joint - normaliser).sum())
    sums.total += mixed.sum(axis=1)
    sums.gate += gate_mixed.sum(axis=1)
    sums.outer += mixed @ mixed.T
    sums.gate_outer += gate_mixed @ gate_mixed.T
    sums.local += weighted @ scores.transpose(0, 2, 1)
    sums.local[:, : m.d + 2, : m.d + 2] -= gate_weighted @ in_gate.transpose(0, 2, 1)
    products = (x1[:, None] * x1).reshape(-1, len(y))
    sums.curvature += (np.concatenate([(r - pi) * s2, r]) @ products.T).reshape(sums.curvature.shape)


def _assemble(sums: _Sums, m: MixingMeasure) -> tuple[Floats, Floats]:
    """Score and Hessian in the full order (log tau, atom 1, ..., atom k)."""
    k, d, q = m.k, m.d, 2 * m.d + 3
    atoms = 1 + np.arange(k * q).reshape(k, q)
    in_gate = np.concatenate([[0], atoms[:, : d + 1].ravel()])
    score, hessian = sums.total.copy(), -sums.outer
    score[in_gate] -= sums.gate
    hessian[np.ix_(in_gate, in_gate)] += sums.gate_outer
    hessian[0, in_gate] -= score[in_gate]
    hessian[in_gate[1:], 0] -= score[in_gate[1:]]
    for i, atom in enumerate(atoms):
        rows = np.concatenate([[0], atom])
        hessian[np.ix_(rows, rows)] += sums.local[i]
        hessian[np.ix_(atom[:d], atom[:d])] += sums.curvature[0, i, :d, :d] / m.tau
        hessian[np.ix_(atom[d + 1 : -1], atom[d + 1 : -1])] -= sums.curvature[1, i] / m.nu[i]
        hessian[atom[-1], atom[d + 1 :]] -= score[atom[d + 1 :]]
        hessian[atom[d + 1 : -1], atom[-1]] -= score[atom[d + 1 : -1]]
        hessian[atom[-1], atom[-1]] -= 0.5 * sums.curvature[1, i, d, d]
    return score, hessian


def log_likelihood(theta: Floats, layout: Layout, gate: CompiledActivation, x: Floats, y: Floats) -> Evaluation:
    """sum_j log g(y_j | x_j) with its score and Hessian in theta.

    theta (..., p); x (..., n, d) and y (..., n), with the leading axes of theta or none. Raises ValueError for a wrong
    shape.
    """
    theta = np.asarray(theta, dtype=float)
    x, y = _check(x, y, layout.d)
    batch, p = theta.shape[:-1], layout.size
    measures = layout.unpack(theta)
    x, y = np.broadcast_to(x, (*batch, *x.shape[-2:])), np.broadcast_to(y, (*batch, y.shape[-1]))
    result = Evaluation(np.empty(batch), np.empty((*batch, p)), np.empty((*batch, p, p)))
    for index in np.ndindex(batch):
        m, sums = measures[index], _Sums.zero(layout.k, layout.d)
        for start in range(0, y.shape[-1], BLOCK):
            stop = start + BLOCK
            _add_block(sums, m, gate, _features(x[index], start, stop), y[index][start:stop])
        score, hessian = _assemble(sums, m)
        result.value[index] = sums.value
        result.score[index] = score[layout.free]
        result.hessian[index] = hessian[np.ix_(layout.free, layout.free)]
    return result
