"""Holds a mixture of any gate and Gaussian expert as arrays, and what its gate holds fixed in the last atom.

Example: ``Mixture.of(formulas, 2, natural).probabilities(x)`` are the gate's probabilities at x (n, d).
Example: ``mixture_of(fit.measure, fit.layout, gate.source)[0].probabilities(x)`` are those of a mixing measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import AtomFormulas, formulas_of
from temperance.numerics.mixture.generated import layout_formulas
from temperance.numerics.mixture.kernel_sums import Coordinates
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.plain_sums import atom_jets, log_weight_and_mean
from temperance.numerics.mixture.points import Points, softmax
from temperance.theory.activations.activation import Activation
from temperance.theory.models import by_name
from temperance.theory.models.experts import expert
from temperance.theory.models.gates import linear
from temperance.theory.models.spec import MoESpec


class Slopes(NamedTuple):
    """Log weights and means of k atoms, (n, k), and their slopes, (n, k, p)."""

    log_weights: Floats
    means: Floats
    of_weights: Floats
    of_means: Floats


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

    @staticmethod
    def at(formulas: AtomFormulas, k: int, theta: Floats) -> Mixture:
        """The mixture of a vector with logarithms of what is positive."""
        logs = Coordinates(formulas, k).logs
        with np.errstate(over="ignore"):
            return Mixture.of(formulas, k, np.where(logs, np.exp(np.where(logs, theta, 0.0)), theta))

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

    def slopes(self, x: Floats) -> Slopes:
        """Log weights and means with their slopes in theta, at x (n, d), nan where they are not real."""
        f, where = self.formulas, Coordinates(self.formulas, self.k)
        values, slopes, g = np.empty((2, len(x), self.k)), np.zeros((2, len(x), self.k, where.size)), f.own + f.shared
        for i, places in enumerate(where.values):
            atom = np.concatenate([self.own[i], self.shared, self.lines[i]])
            with np.errstate(all="ignore"):
                jets, chain = atom_jets(f, x, atom), np.where(f.positive, atom, 1.0)
                values[:, :, i] = jets.log_weight, jets.mean
                slopes[0, :, i, places[:g]] = jets.gate_slopes * chain[:g, None]
                slopes[1, :, i, places[g:]] = jets.line_slopes * chain[g:, None]
        return Slopes(*values, *slopes)

    def probabilities(self, x: Floats) -> Floats:
        """Of the atoms at x (n, d), (n, k)."""
        return softmax(self._at(x)[0], axis=1).shares

    def means(self, x: Floats) -> Floats:
        """Of the experts at x (n, d), (n, k)."""
        return np.asarray(self._at(x)[1])

    def responsibilities(self, points: Points) -> Floats:
        """The probabilities of the atoms given x and y, (n, k)."""
        return softmax(self._joint(points)[1], axis=1).shares

    def log_density(self, points: Points) -> Floats:
        """The log g(y|x) of the points, less their reference, (n,)."""
        weights, joint = self._joint(points)
        logs = softmax(joint, axis=1).log_sum - softmax(weights, axis=1).log_sum
        return logs - points.reference if len(points.reference) else logs

    def log_likelihood(self, points: Points) -> float:
        """The sum of log g(y|x) over the points, less their reference."""
        return float(points.total(self.log_density(points)))

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


def mixture_of(g: MixingMeasure, layout: Layout, source: Activation) -> tuple[Mixture, Held]:
    """The mixture of a measure without leading axes, and what its layout holds.

    Of the linear gate tau is held, as it scales the others.
    """
    linear = source.is_linear
    own, lines = np.column_stack([g.beta0, g.beta1]), np.column_stack([g.a, g.b])
    mixture = Mixture(_formulas(source, layout.d), own, np.array([float(g.tau)]), lines, g.nu)
    places = tuple(range(1 + layout.d * (layout.gauge == "anchored")))
    held = Held(places, (0.0,) * len(places), linear or layout.tau is not None, not linear and len(places) > 1)
    return mixture, held


@lru_cache(maxsize=64)
def _formulas(source: Activation, dim: int) -> AtomFormulas:
    """The formulas of an activation gate with linear experts, tau among them."""
    if source.is_linear:
        return formulas_of(MoESpec(linear(dim), expert("gaussian", dim), dim))
    return layout_formulas(source, dim)


def model_of(source: Activation | MoESpec, dim: int) -> MoESpec:
    """The model of an activation gate with linear experts; of the linear gate it is the softmax gate, of one density.

    A model is itself. Raises ValueError for an activation that is constant.
    """
    if isinstance(source, MoESpec):
        return source
    return (
        by_name.model("softmax", dim=dim) if source.is_linear else by_name.model("activation", "gaussian", source, dim)
    )
