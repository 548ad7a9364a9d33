"""Computes the log density of a mixture of experts by log-sum-exp, its score and its Hessian, written by hand.

With t_i = (s(beta1_i . x) + beta0_i)/tau, f_i = log N(y | a_i . x + b_i, nu_i), gate probabilities pi = softmax(t) and
responsibilities r = softmax(t + f):

    log g = logsumexp(t + f) - logsumexp(t)
    d log g = sum_i r_i d(t_i + f_i) - sum_i pi_i d t_i
    d2 log g = sum_i r_i (dc_i)^2 - (sum_i r_i dc_i)^2 - sum_i pi_i (dt_i)^2 + (sum_i pi_i dt_i)^2
               + sum_i r_i d2 c_i - sum_i pi_i d2 t_i,      c_i = t_i + f_i

in the coordinates theta of `measures.Layout` (log tau, log nu). In them t_i is homogeneous of degree one in 1/tau, so
that d2 t_i/dlog(tau) dp = -dt_i/dp, and likewise d2 f_i/dlog(nu) dp = -df_i/dp for p = a, b: those entries of
the Hessian are read off the score. The only second derivatives left are s'' x x^T/tau and -(x,1)(x,1)^T/nu.

Points may have weights, which multiply their terms of every sum, and a reference, which is taken from log g. The data
are taken in blocks that stay in cache; outer products are matrix products. This is the plain version, which
`kernels` is tested against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import CompiledActivation
from temperance.numerics.mixture.measures import Layout, MixingMeasure

Floats = NDArray[np.float64]

NONE: Floats = np.empty(0)  # weights and reference of points without any
WORKSPACE = 2**17  # numbers in the arrays of a block: about 1 MB, to stay in a second-level cache
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


def check_data(x: Floats, y: Floats, d: int) -> tuple[Floats, Floats]:
    """x (..., n, d) and y (..., n) as arrays of doubles; raises ValueError for a wrong shape."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim < 2 or x.shape[-1] != d:
        raise ValueError(f"x must have shape (..., n, {d}), not {x.shape}")
    if y.shape != x.shape[:-1]:
        raise ValueError(f"y must have shape {x.shape[:-1]} to go with x, not {y.shape}")
    return x, y


@one_blas_thread()
def log_density(measure: MixingMeasure, gate: CompiledActivation, x: Floats, y: Floats) -> Floats:
    """log g_G(y_j | x_j), shape (..., n), of a measure (...) at points x (..., n, d), y (..., n); gate: s, compiled.

    Points without leading axes serve every measure. Raises ValueError for a wrong shape.
    """
    x, y = check_data(x, y, measure.d)
    batch = np.broadcast_shapes(measure.tau.shape, y.shape[:-1])
    values = np.empty((*batch, y.shape[-1]))
    x, y = np.broadcast_to(x, (*batch, *x.shape[-2:])), np.broadcast_to(y, values.shape)
    for index in np.ndindex(batch):
        m = measure[index] if measure.tau.shape else measure
        t, f, *_ = _logits(m, gate, _features(x[index]), y[index], 0)
        values[index] = _softmax(t + f)[0] - _softmax(t)[0]
    return values


@one_blas_thread()
def gate_probabilities(measure: MixingMeasure, gate: CompiledActivation, x: Floats) -> Floats:
    """softmax_i((s(beta1_i . x) + beta0_i)/tau), shape (n, k), of a single measure at x (n, d)."""
    t, *_ = _logits(measure, gate, _features(x), np.zeros(len(x)), 0)
    return _softmax(t)[1].T


@one_blas_thread()
def responsibilities(measure: MixingMeasure, gate: CompiledActivation, x: Floats, y: Floats) -> Floats:
    """Posterior probabilities of the atoms given (x, y), shape (n, k), for a single measure."""
    t, f, *_ = _logits(measure, gate, _features(x), y, 0)
    return _softmax(t + f)[1].T


class _Pass:
    """One pass over the data at a measure without replicate axes: a workspace for blocks, and what they add up to.

    Full order of the parameters: (log tau, atom 1, ..., atom k), an atom being (beta1, beta0, a, b, log nu).
    Gate order: (log tau, then beta1 and beta0 of each atom). A last row of ones under the weighted scores gives the
    score with the outer product (and keeps BLAS from its symmetric routine, slower at this size).
    """

    def __init__(self, m: MixingMeasure, gate: CompiledActivation, block: int) -> None:
        self.m, self.gate = m, gate
        k, d = m.k, m.d
        q, g = 2 * d + 3, 1 + k * (d + 1)
        full = 1 + k * q
        self.scores = np.empty((k, q, block))
        self.mixed, self.gate_mixed = np.ones((full + 1, block)), np.ones((g + 1, block))
        self.value = self.tau_curvature = 0.0
        self.outer, self.gate_outer = np.zeros((full, full + 1)), np.zeros((g, g + 1))
        self.local, self.local_tau = np.zeros((k, q, q)), np.zeros((k, q))
        self.curvature = np.zeros((2, k, d + 1, d + 1))

    def local_scores(self, x1: Floats, e: Floats, s1: Floats) -> Floats:
        """Derivatives of c_i in (beta1_i, beta0_i, a_i, b_i, log nu_i), shape (k, 2d+3, n)."""
        m, d, scores = self.m, self.m.d, self.scores[:, :, : x1.shape[1]]
        np.multiply((s1 / m.tau)[:, None], x1[:-1], out=scores[:, :d])
        scores[:, d] = 1.0 / m.tau
        scaled = e / m.nu[:, None]
        np.multiply(scaled[:, None], x1, out=scores[:, d + 1 : 2 * d + 2])
        scores[:, -1] = 0.5 * scaled * e - 0.5
        return scores

    def add(self, x1: Floats, y: Floats, w: Floats | float, reference: Floats | float) -> None:
        """Add the block of points (x, 1) (d+1, n) and y (n,), with weights w and a reference (n,) or constants."""
        m, n = self.m, len(y)
        t, f, e, s1, s2 = _logits(m, self.gate, x1, y, 2)
        normaliser, pi = _softmax(t)
        log_joint, r = _softmax(t + f)
        excess = w * (r - pi)
        self.value += float((w * (log_joint - normaliser - reference)).sum())
        scores = self.local_scores(x1, e, s1)
        weighted = self._mix(self.mixed[:, :n], self.outer, scores, r, t, w)
        gate_weighted = self._mix(self.gate_mixed[:, :n], self.gate_outer, scores[:, : m.d + 1], pi, t, w)
        self.local += weighted @ scores.transpose(0, 2, 1)
        self.local[:, : m.d + 1, : m.d + 1] -= gate_weighted @ scores[:, : m.d + 1].transpose(0, 2, 1)
        self.local_tau -= (weighted @ t[:, :, None])[..., 0]
        self.local_tau[:, : m.d + 1] += (gate_weighted @ t[:, :, None])[..., 0]
        self.tau_curvature += float(np.vdot(excess * t, t))
        products = (x1[:, None] * x1).reshape(-1, n)
        self.curvature += (np.concatenate([excess * s2, w * r]) @ products.T).reshape(self.curvature.shape)

    @staticmethod
    def _mix(rows: Floats, outer: Floats, scores: Floats, shares: Floats, t: Floats, w: Floats | float) -> Floats:
        """Fill rows with sum_i shares_i dc_i, add w times their outer product; returns w times the atoms' terms."""
        np.negative((shares * t).sum(axis=0), out=rows[0])
        np.multiply(scores, shares[:, None], out=rows[1:-1].reshape(scores.shape))
        weighted = rows[:-1] if isinstance(w, float) else rows[:-1] * w
        outer += weighted @ rows.T
        return weighted[1:].reshape(scores.shape)

    def score_and_hessian(self) -> tuple[Floats, Floats]:
        """Score and Hessian in the full order."""
        m, d, q = self.m, self.m.d, 2 * self.m.d + 3
        atoms = 1 + np.arange(m.k * q).reshape(m.k, q)
        in_gate = np.concatenate([[0], atoms[:, : d + 1].ravel()])
        score, hessian = self.outer[:, -1].copy(), -self.outer[:, :-1]
        score[in_gate] -= self.gate_outer[:, -1]
        hessian[np.ix_(in_gate, in_gate)] += self.gate_outer[:, :-1]
        hessian[0, 0] += self.tau_curvature - score[0]
        tau_row = self.local_tau.ravel()
        tau_row[in_gate[1:] - 1] -= score[in_gate[1:]]
        hessian[0, 1:] += tau_row
        hessian[1:, 0] += tau_row
        for i, atom in enumerate(atoms):
            hessian[np.ix_(atom, atom)] += self.local[i] + self._second(i, score[atom])
        return score, hessian

    def _second(self, i: int, score: Floats) -> Floats:
        """sum r d2 c_i - sum pi d2 t_i in the parameters of atom i, from the curvature sums and the atom's score."""
        d, second = self.m.d, np.zeros((len(score), len(score)))
        second[:d, :d] = self.curvature[0, i, :d, :d] / self.m.tau
        expert = self.curvature[1, i]
        second[d + 1 : -1, d + 1 : -1] = -expert / self.m.nu[i]
        second[-1, d + 1 : -1] = second[d + 1 : -1, -1] = -score[d + 1 : -1]
        second[-1, -1] = -score[-1] - 0.5 * expert[d, d]
        return second


def check_weights(weights: Floats, reference: Floats, n: int) -> None:
    """Raises ValueError unless weights and reference have shape (n,), or are both `NONE`."""
    for name, array in (("weights", weights), ("reference", reference)):
        if array.shape != (n,) and (len(weights) or len(reference)):
            raise ValueError(f"{name} must have shape ({n},), not {array.shape}")


@one_blas_thread()
def log_likelihood(
    theta: Floats,
    layout: Layout,
    gate: CompiledActivation,
    x: Floats,
    y: Floats,
    weights: Floats = NONE,
    reference: Floats = NONE,
) -> Evaluation:
    """sum_j log g(y_j | x_j) with its score and Hessian in theta; or sum_j weights_j (log g(y_j | x_j) - reference_j).

    theta (..., p), whose coordinates layout names; gate: s, compiled; x (..., n, d) and y (..., n), with the leading
    axes of theta or none; weights and reference (n,), for all of them, or `NONE`. Raises ValueError for a wrong shape.
    """
    x, y = check_data(x, y, layout.d)
    check_weights(weights, reference, y.shape[-1])
    measures = layout.unpack(theta)
    batch, p = measures.tau.shape, layout.size
    x, y = np.broadcast_to(x, (*batch, *x.shape[-2:])), np.broadcast_to(y, (*batch, y.shape[-1]))
    block = max(1, min(WORKSPACE // (3 * layout.k * layout.atom_size), y.shape[-1]))
    result = Evaluation(np.empty(batch), np.empty((*batch, p)), np.empty((*batch, p, p)))
    for index in np.ndindex(batch):
        total = _Pass(measures[index], gate, block)
        for start in range(0, y.shape[-1], block):
            stop = start + block
            own = (weights[start:stop], reference[start:stop]) if len(weights) else (1.0, 0.0)
            total.add(_features(x[index], start, stop), y[index][start:stop], *own)
        score, hessian = total.score_and_hessian()
        result.value[index] = total.value
        result.score[index] = score[layout.free]
        result.hessian[index] = hessian[np.ix_(layout.free, layout.free)]
    return result
