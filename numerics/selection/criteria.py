"""Computes the singular BIC of nested models (Drton and Plummer, JRSS B 79, 2017) from their learning coefficients.

Example: ``marginals([-100.0], [[(2.0, 1)]], 50)`` is -100 - 2 log 50: one model alone is charged as by BIC.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats


def marginals(levels: Sequence[float], charges: Sequence[Sequence[tuple[float, int]]], n: float) -> Floats:
    """Approximate log marginal likelihoods of models 0, 1, .., each of which contains those before it.

    levels: their maximal log-likelihoods. charges[k][j]: the learning coefficient and its multiplicity of model k at
    densities of model j <= k. With L_kj = l_k - lambda_kj log n + (m_kj - 1) log log n and equal prior weights, x_k is
    the positive root of x^2 + b x - c, b = sum_(j<k) x_j - exp(L_kk), c = sum_(j<k) exp(L_kj) x_j. All exponentials are
    relative to the largest.
    """
    log_n = np.log(n)
    evidence = np.empty(len(levels))
    for k, level in enumerate(levels):
        logs = np.array([level - lam * log_n + (m - 1) * np.log(log_n) for lam, m in charges[k]])
        largest = max(logs.max(), evidence[:k].max(initial=-np.inf))
        at, before = np.exp(logs - largest), np.exp(evidence[:k] - largest)
        b, c = float(before.sum() - at[-1]), float(at[:-1] @ before)
        root = np.sqrt(b * b + 4 * c)
        evidence[k] = largest + np.log((root - b) / 2 if b < 0 else 2 * c / (b + root))
    return evidence
