"""Merges the experts of a set J of atoms by conditional moments, as theory 4.4 defines them.

With pi_J = sum pi_l and p_l = pi_l/pi_J at every x, m = sum p_l mu_l and v = sum p_l (nu_l + (mu_l - m)^2) are the mean
and the variance of y in J. The merged line is the least-squares projection of m with weights pi_J, the merged nu the
mean of v + (m - line)^2 with the same weights.

Example: ``merged(formulas, x, probabilities, means, lines, nu)`` of the two halves of a split atom is the atom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.plain_sums import mean_and_slopes
from temperance.numerics.mixture.activation_numpy import Floats

LEAST = 1e-300  # of a probability, before it divides
_ALIVE = 0.01  # probability of a set of atoms from which on its residual counts
_STEPS = 50  # of Gauss-Newton; means that are linear in their parameters take one
_EQUAL = 1e-14


class Expert(NamedTuple):
    """A merged expert: its probability (n,), its line (q,), nu, and the greatest |m - line| where it is alive."""

    probability: Floats
    line: Floats
    nu: float
    residual: float


def merged(
    formulas: AtomFormulas, x: Floats, weights: Floats, probabilities: Floats, means: Floats, lines: Floats, nu: Floats
) -> Expert:
    """The expert of the atoms of a set J.

    x (n, d) and weights (n,): the design. probabilities, means (n, m), lines (m, q), nu (m,): of the m atoms.
    """
    total = probabilities.sum(axis=1)
    if len(nu) == 1:
        return Expert(total, lines[0], float(nu[0]), 0.0)
    share = probabilities / np.maximum(total, LEAST)[:, None]
    m = (share * means).sum(axis=1)
    v = (share * (nu + (means - m[:, None]) ** 2)).sum(axis=1)
    at = weights * total
    masses = weights @ probabilities
    line = _projected(formulas, x, np.sqrt(at), m, masses @ lines / masses.sum())
    gap = m - mean_and_slopes(formulas, x, line)[0]
    alive = total >= min(_ALIVE, total.max())
    return Expert(total, line, float(at @ (v + gap * gap) / at.sum()), float(np.abs(gap[alive]).max()))


def _projected(formulas: AtomFormulas, x: Floats, root: Floats, m: Floats, line: Floats) -> Floats:
    """The parameters of the mean that is nearest to m, with the squares of root as weights."""
    least = np.inf
    for _ in range(_STEPS):
        mean, slopes = mean_and_slopes(formulas, x, line)
        gap = (m - mean) * root
        if not formulas.line_bends:
            return np.asarray(line + np.linalg.lstsq((slopes * root).T, gap, rcond=None)[0])
        size = float(gap @ gap)
        if size >= least * (1 - _EQUAL):
            break
        least, best = size, line
        line = line + np.linalg.lstsq((slopes * root).T, gap, rcond=None)[0]
    return best
