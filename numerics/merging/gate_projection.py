"""Projects probabilities on the family of a gate: the least E_x sum_J P_J log(P_J/q_J), by damped Fisher scoring.

Example: ``project(formulas, held, x, weights, probabilities, starts)`` of a gate's own probabilities is that gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.scattering import Coordinates
from temperance.numerics.merging.conditional_moments import LEAST
from temperance.numerics.merging.mixture import Held, Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.softmax import softmax

_STEPS = 100
_STATIONARY = 1e-15
_ROUNDING = 1e-13  # by which the objective may rise in a step that makes the gradient smaller
_DAMPINGS = 12
CLOSE = 1e-4
"""An objective that is worth no further start: less than 0.8% of the probability is then in another place."""


class Projection(NamedTuple):
    """own (J, o) and shared (s,) parameters of a gate, and the objective there."""

    own: Floats
    shared: Floats
    objective: float


class _Local(NamedTuple):
    objective: float
    gradient: Floats
    information: Floats


class _Gate:
    """The gate of J atoms by its free coordinates: logarithms of what is positive, without what is held."""

    def __init__(self, formulas: AtomFormulas, held: Held, start: Projection) -> None:
        self.atoms = atoms = len(start.own)
        own, where = formulas.own, Coordinates(formulas, atoms)
        self.formulas = formulas
        self.theta = Mixture(formulas, start.own, start.shared, np.zeros((atoms, formulas.line)), np.ones(atoms)).theta
        free = np.zeros(where.size, dtype=bool)
        free[where.values[:, :own]] = True
        free[where.values[-1, list(held.places)]] = False
        free[where.values[0, own : own + formulas.shared]] = not held.shared
        self.free = np.flatnonzero(free)

    def at(self, vector: Floats) -> Mixture:
        """The gate as a mixture."""
        theta = self.theta.copy()
        theta[self.free] = vector
        return Mixture.at(self.formulas, self.atoms, theta)

    def local(self, vector: Floats, x: Floats, weights: Floats, wanted: Floats) -> _Local:
        """The objective with its gradient (downhill) and Fisher information, at the design."""
        logs, _, slopes, _ = self.at(vector).slopes(x)
        slopes = slopes[..., self.free]
        if not (np.isfinite(logs).all() and np.isfinite(slopes).all()):
            return _Local(np.inf, np.zeros(len(vector)), np.eye(len(vector)))
        gate = softmax(logs, axis=1)
        q, log_q = gate.shares, logs - gate.log_sum[:, None]
        objective = float(weights @ (wanted * (np.log(np.maximum(wanted, LEAST)) - log_q)).sum(axis=1))
        gradient = np.einsum("n,nj,njp->p", weights, wanted - q, slopes)
        centred = slopes - np.einsum("nj,njp->np", q, slopes)[:, None]
        scaled = (np.sqrt(weights[:, None] * q)[..., None] * centred).reshape(wanted.size, len(vector))
        return _Local(objective, gradient, scaled.T @ scaled)


def project(
    formulas: AtomFormulas, held: Held, x: Floats, weights: Floats, wanted: Floats, starts: Sequence[Projection]
) -> Projection:
    """The gate whose probabilities at the design x (n, d), weights (n,), are nearest to those wanted (n, J).

    starts: gates to begin with, of any objective; the first end that is close is returned, else the best. A search ends
    where the gradient is 0 to rounding, not where the objective rests: that is known to 1e-16 only, which leaves 1e-8
    of the parameters.
    """
    ends: list[Projection] = []
    for start in starts:
        ends.append(_searched(formulas, held, x, weights, wanted, start))
        if ends[-1].objective <= CLOSE:
            break
    return min(ends, key=lambda end: end.objective)


def _searched(
    formulas: AtomFormulas, held: Held, x: Floats, weights: Floats, wanted: Floats, start: Projection
) -> Projection:
    gate = _Gate(formulas, held, start)
    vector, damping = gate.theta[gate.free], 1e-6
    here = gate.local(vector, x, weights, wanted)
    for _ in range(_STEPS if len(vector) else 0):
        if np.abs(here.gradient).max() <= _STATIONARY:
            break
        for tried in damping * 10.0 ** np.arange(_DAMPINGS):
            step = _step(here, tried)
            there = gate.local(vector + step, x, weights, wanted)
            smaller = np.abs(there.gradient).max() < np.abs(here.gradient).max()
            if there.objective < here.objective or (smaller and there.objective <= here.objective + _ROUNDING):
                vector, here, damping = vector + step, there, max(tried * 0.1, 1e-14)
                break
        else:
            break
    end = gate.at(vector)
    return Projection(end.own, end.shared, here.objective)


def _step(here: _Local, damping: float) -> Floats:
    scale = np.diag(here.information)
    damped = here.information + damping * np.diag(np.where(scale > 0, scale, 1.0))
    return np.asarray(np.linalg.lstsq(damped, here.gradient, rcond=None)[0])
