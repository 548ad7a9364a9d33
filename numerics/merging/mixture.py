"""Holds a mixture of any gate and Gaussian expert as arrays, and what its gate holds fixed in the last atom.

Example: ``Mixture.of(formulas, 2, natural).probabilities(x)`` are the gate's probabilities at x (n, d).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.plain_sums import log_weight_and_mean
from temperance.numerics.likelihood.scattering import Coordinates
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.softmax import softmax


@dataclass(frozen=True, eq=False)
class Mixture:
    """k atoms: own (k, o) and shared (s,) parameters of the gate, lines (k, q) of the means, variances nu (k,)."""

    formulas: AtomFormulas
    own: Floats
    shared: Floats
    lines: Floats
    nu: Floats

    @staticmethod
    def of(formulas: AtomFormulas, k: int, natural: Floats) -> Mixture:
        """The mixture of a vector in the order of `Coordinates`, of parameters, not logarithms."""
        where = Coordinates(formulas, k)
        values, own, shared = natural[where.values], formulas.own, formulas.shared
        return Mixture(
            formulas, values[:, :own], values[0, own : own + shared], values[:, own + shared :], natural[where.nu]
        )

    @property
    def k(self) -> int:
        """Number of atoms."""
        return len(self.nu)

    @property
    def natural(self) -> Floats:
        """The vector of `of`."""
        where = Coordinates(self.formulas, self.k)
        vector = np.empty(where.size)
        vector[where.values] = np.hstack([self.own, np.tile(self.shared, (self.k, 1)), self.lines])
        vector[where.nu] = self.nu
        return vector

    @property
    def theta(self) -> Floats:
        """The vector of `of`, with logarithms of what is positive."""
        logs = Coordinates(self.formulas, self.k).logs
        return np.where(logs, np.log(np.where(logs, self.natural, 1.0)), self.natural)

    def _at(self, x: Floats) -> Floats:
        """Log weights and means at x (n, d), (2, n, k)."""
        function = log_weight_and_mean(self.formulas)
        rows = (np.concatenate([own, self.shared, line]) for own, line in zip(self.own, self.lines, strict=True))
        return np.stack([function(x, row) for row in rows], axis=-1)

    def probabilities(self, x: Floats) -> Floats:
        """Of the atoms at x (n, d), (n, k)."""
        return softmax(self._at(x)[0], axis=1).shares

    def means(self, x: Floats) -> Floats:
        """Of the experts at x (n, d), (n, k)."""
        return np.asarray(self._at(x)[1])

    def responsibilities(self, points: Points) -> Floats:
        """The probabilities of the atoms given x and y, (n, k)."""
        return softmax(self._joint(points)[1], axis=1).shares

    def log_likelihood(self, points: Points) -> float:
        """The sum of log g(y|x) over the points, less their reference."""
        weights, joint = self._joint(points)
        logs = softmax(joint, axis=1).log_sum - softmax(weights, axis=1).log_sum
        return float(points.total(logs - points.reference if len(points.reference) else logs))

    def _joint(self, points: Points) -> tuple[Floats, Floats]:
        weights, means = self._at(points.x)
        gaps = points.y[:, None] - means
        return weights, weights - gaps * gaps / (2 * self.nu) - np.log(2 * np.pi * self.nu) / 2


@dataclass(frozen=True)
class Held:
    """What a fit holds: places and values among the gate's own parameters of the last atom, and whether shared ones.

    apart: whether the last atom is set apart by this (the anchor of an activation gate), so that in a smaller mixture
    any cell may take its place; else all choices are the same mixtures.
    """

    places: tuple[int, ...]
    values: tuple[float, ...]
    shared: bool
    apart: bool
