"""Projects probabilities on the family of a gate: the least E_x sum_J P_J log(P_J/q_J), by damped Fisher scoring.

Example: ``project(formulas, held, x, weights, probabilities, starts)`` of a gate's own probabilities is that gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.plain_sums import atom_jets
from temperance.numerics.merging.conditional_moments import LEAST
from temperance.numerics.merging.mixture import Held
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


class _Coordinates:
    """The free parameters of a gate of J atoms as a vector, those that are positive by their logarithms."""

    def __init__(self, formulas: AtomFormulas, held: Held, start: Projection) -> None:
        self.formulas, self.start = formulas, start
        logs, atoms = np.array(formulas.positive, dtype=bool), len(start.own)
        self.own_logs, self.shared_logs = np.split(logs[: formulas.own + formulas.shared], [formulas.own])
        free = np.ones((atoms, formulas.own), dtype=bool)
        free[-1, list(held.places)] = False
        self.free, self.shared_free = free, not held.shared

    @property
    def vector(self) -> Floats:
        """That of the start."""
        own, shared = self.start.own, self.start.shared
        parts = [np.where(self.own_logs, np.log(np.where(self.own_logs, own, 1.0)), own)[self.free]]
        if self.shared_free:
            parts.append(np.where(self.shared_logs, np.log(np.where(self.shared_logs, shared, 1.0)), shared))
        return np.concatenate(parts)

    def gate(self, vector: Floats) -> tuple[Floats, Floats]:
        """The own and shared parameters of a vector, without a limit to their size."""
        own, shared, count = self.start.own.copy(), self.start.shared.copy(), int(self.free.sum())
        own[self.free] = vector[:count]
        logs = self.free & self.own_logs
        with np.errstate(over="ignore"):
            own[logs] = np.exp(own[logs])
            if self.shared_free:
                shared = np.where(self.shared_logs, np.exp(vector[count:]), vector[count:])
        return own, shared

    def local(self, vector: Floats, x: Floats, weights: Floats, wanted: Floats) -> _Local:
        """The objective with its gradient (downhill) and Fisher information, at the design."""
        f, (own, shared) = self.formulas, self.gate(vector)
        logs, slopes = np.empty(wanted.shape), np.zeros((*wanted.shape, len(vector)))
        last, count = np.zeros(f.line), int(self.free.sum())
        at = np.cumsum(self.free.sum(axis=1)) - self.free.sum(axis=1)
        with np.errstate(all="ignore"):
            for j, row in enumerate(own):
                jets = atom_jets(f, x, np.concatenate([row, shared, last]))
                chain = np.concatenate([np.where(self.own_logs, row, 1.0), np.where(self.shared_logs, shared, 1.0)])
                slope = (jets.gate_slopes * chain[:, None]).T
                logs[:, j] = jets.log_weight
                mine = slope[:, : f.own][:, self.free[j]]
                slopes[:, j, at[j] : at[j] + mine.shape[1]] = mine
                if self.shared_free:
                    slopes[:, j, count:] = slope[:, f.own :]
            found = softmax(logs, axis=1)
        q, log_q = found.shares, logs - found.log_sum[:, None]
        if not (np.isfinite(log_q).all() and np.isfinite(slopes).all()):
            return _Local(np.inf, np.zeros(len(vector)), np.eye(len(vector)))
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
    coordinates = _Coordinates(formulas, held, start)
    vector, damping = coordinates.vector, 1e-6
    here = coordinates.local(vector, x, weights, wanted)
    for _ in range(_STEPS if len(vector) else 0):
        if np.abs(here.gradient).max() <= _STATIONARY:
            break
        for tried in _dampings(damping):
            step = _step(here, tried)
            there = coordinates.local(vector + step, x, weights, wanted)
            smaller = np.abs(there.gradient).max() < np.abs(here.gradient).max()
            if there.objective < here.objective or (smaller and there.objective <= here.objective + _ROUNDING):
                vector, here, damping = vector + step, there, max(tried * 0.1, 1e-14)
                break
        else:
            break
    return Projection(*coordinates.gate(vector), here.objective)


def _dampings(first: float) -> Iterator[float]:
    yield from (first * 10.0**power for power in range(_DAMPINGS))


def _step(here: _Local, damping: float) -> Floats:
    scale = np.diag(here.information)
    damped = here.information + damping * np.diag(np.where(scale > 0, scale, 1.0))
    return np.asarray(np.linalg.lstsq(damped, here.gradient, rcond=None)[0])
