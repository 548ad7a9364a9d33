"""Merges atoms of a fit by conditional moments, for any gate and expert, and fits again from there (theory 4.4).

With pi_J = sum pi_l and p_l = pi_l/pi_J at every x, m = sum p_l mu_l and v = sum p_l (nu_l + (mu_l - m)^2) are the mean
and the variance of y in a set J of atoms. The merged line is the least-squares projection of m with weights pi_J, the
merged nu the mean of v + (m - line)^2 with the same weights.

Example: ``merged(formulas, x, probabilities, means, lines, nu)`` of the two halves of a split atom is the atom.

The dissimilarity D of a pair is E_x (pi_1 + pi_2) KL(p_1 N_1 + p_2 N_2 || N), N the merged expert: the log-likelihood
an observation that the merge costs, 0 iff the experts are equal, whatever the units and the gate's parameters (theory
4.4.1). A path merges the most alike pair, again and again.

Example: ``path(mixture, x, weights)[0].height`` is the D of the two experts that are most alike.
Example: ``merge(fit(x, y, fitted=3), [[0, 2], [1]])`` prints the merged mixture beside the fit of two experts.

`project` finds probabilities of a gate's family, the least E_x sum_J P_J log(P_J/q_J), by damped Fisher scoring.

`count_lines` counts experts by their means alone, whose noise may have any shape, from the Gaussian atoms of a fit:
atoms are merged by what distinguishes lines, and not densities (docs/experts.md).

Example: ``count_lines(fit.mixture, fit.mixture, gaussian=False).low``: so many experts have lines that lie apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import AtomFormulas, Coordinates, formulas_of
from temperance.numerics.mixture.likelihood import Mixture, layout_formulas, mean_and_slopes
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points, softmax
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.models import by_name
from temperance.theory.models.experts import expert as expert_of
from temperance.theory.models.gates import linear as linear_gate
from temperance.theory.models.spec import MoESpec


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
        return formulas_of(MoESpec(linear_gate(dim), expert_of("gaussian", dim), dim))
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


LEAST = 1e-300  # of a probability, before it divides
_ALIVE = 0.01  # probability of a set of atoms from which on its residual counts
_LINE_STEPS = 50  # of Gauss-Newton; means that are linear in their parameters take one
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
    for _ in range(_LINE_STEPS):
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


Cells = tuple[tuple[int, ...], ...]

_Z = np.linspace(-6.0, 6.0, 81)
_Z_WEIGHTS = np.exp(-_Z * _Z / 2) / np.exp(-_Z * _Z / 2).sum()  # of a normal density
_DESIGN = 500  # points of x, at most


class Merger(NamedTuple):
    """A step of a path: the sets of atoms before it, which two of them merge, and their D."""

    cells: Cells
    pair: tuple[int, int]
    height: float

    @property
    def after(self) -> Cells:
        """The sets of atoms after it."""
        i, j = self.pair
        rest = [cell for place, cell in enumerate(self.cells) if place not in self.pair]
        return tuple(sorted([*rest, tuple(sorted(self.cells[i] + self.cells[j]))]))


def design_of(points: Points, most: float = _DESIGN) -> tuple[Floats, Floats]:
    """The x of the data with weights of sum 1, thinned evenly along the rows where there are more than `most`."""
    if len(points.y) <= most:
        weights = points.weights if points.weighted else np.ones(len(points.y))
        return points.x, weights / weights.sum()
    x, _ = points.some(_DESIGN, np.random.default_rng(0))
    return x, np.full(len(x), 1 / len(x))


Unlike = Callable[[Mixture, Floats, Floats, Expert, Expert, Expert], float]


def path(mixture: Mixture, x: Floats, weights: Floats, unlike: Unlike | None = None) -> tuple[Merger, ...]:
    """The merges of k atoms to one, the most alike pair first; x (n, d), weights (n,): the design.

    unlike: how much two experts differ, of the mixture, the design, both, and the one that they merge to; D where there
    is none. A merged expert is that of all its atoms, as conditional moments of unions are those of the parts.
    """
    difference = unlike or _cost
    expert, mergers = _merger_of(mixture, x, weights), list[Merger]()
    cells: Cells = tuple((i,) for i in range(mixture.k))
    experts = {cell: expert(cell) for cell in cells}
    heights: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
    while len(cells) > 1:
        for one, other in combinations(cells, 2):
            if (one, other) not in heights:
                both = tuple(sorted(one + other))
                experts[both] = expert(both)
                heights[one, other] = difference(mixture, x, weights, experts[one], experts[other], experts[both])
        one, other = min(combinations(cells, 2), key=lambda pair: heights[pair])
        mergers.append(Merger(cells, (cells.index(one), cells.index(other)), heights[one, other]))
        cells = mergers[-1].after
    return tuple(mergers)


def _merger_of(mixture: Mixture, x: Floats, weights: Floats) -> Callable[[tuple[int, ...]], Expert]:
    """The function that merges some atoms at a design."""
    probabilities, means = mixture.probabilities(x), mixture.means(x)

    def expert(cell: tuple[int, ...]) -> Expert:
        at = list(cell)
        return merged(
            mixture.formulas, x, weights, probabilities[:, at], means[:, at], mixture.lines[at], mixture.nu[at]
        )

    return expert


def _cost(mixture: Mixture, x: Floats, weights: Floats, one: Expert, other: Expert, both: Expert) -> float:
    """D of two experts, whose merged one is known."""
    means = [mean_and_slopes(mixture.formulas, x, e.line)[0][:, None] for e in (one, other, both)]
    total = one.probability + other.probability
    share = (one.probability / np.maximum(total, LEAST))[:, None]
    divergence = np.zeros(len(x))
    for mean, nu, part in ((means[0], one.nu, share), (means[1], other.nu, 1 - share)):  # each on its own scale
        y = mean + np.sqrt(nu) * _Z
        logs = [_log_normal(y, m, e.nu) for m, e in zip(means, (one, other, both), strict=True)]
        density = share * np.exp(logs[0]) + (1 - share) * np.exp(logs[1])
        gain = np.log(np.maximum(density, LEAST)) - logs[2]
        divergence += part[:, 0] * (gain @ _Z_WEIGHTS)
    return max(0.0, float(weights @ (total * divergence)))


def _log_normal(y: Floats, mean: Floats, nu: float) -> Floats:
    return np.asarray(-((y - mean) ** 2) / (2 * nu) - np.log(2 * np.pi * nu) / 2)


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


_DRAWS = 4  # of gates around those of the atoms, to begin projections with
_SPREAD = 0.5  # of them
_FEW = 500  # points of x, from which starts are searched


Refit = Callable[..., Any]
"""Fits k atoms again, (k, mixture, starts, least, fewer): from a mixture, from so many fresh starts, or both.

No variance is below least; fewer: the fits of one atom less and of two less, at which fresh starts begin, if known.
"""


@dataclass(frozen=True, eq=False)
class FittedMixture:
    """The mixture of a fit, and what merging needs besides (theory 4.4.1).

    values: of its parameters. held: what its gate holds. points: the data. model: gives its model. names: of the
    parameters, (gate's own, shared, of the mean). refit: the fit of so many atoms to the same points; None where atoms
    share nu.
    """

    values: Mixture
    held: Held
    points: Points
    model: Callable[[], MoESpec]
    names: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    refit: Refit | None = None

    def fitted_again(self, k: int, mixture: Mixture | None = None, **options: Any) -> Any:
        """The `FitResult` of k atoms, as `Refit` has it. Raises ValueError where nothing fits it again."""
        if self.refit is None:
            raise ValueError("merging needs a fit as temperance.fit returns it, with its data, and a nu for every atom")
        return self.refit(k, mixture, **options)


@runtime_checkable
class Mergeable(Protocol):
    """A fit that can be merged: a `FitResult`."""

    @property
    def mixture(self) -> FittedMixture:
        """Its mixture."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Merge:
    """Atoms of a fit merged by conditional moments.

    cells: the sets of atoms, in the order of the merged ones (the last is the anchor, where there is one). mixture: the
    projected one, which has errors of n^(-1/2) and no standard errors; names: of its parameters. residual: how far a
    merged mean is at most from its projection, in units of y, where its cell has a probability of 0.01 or more.
    gate_residual: the mean total variation between the summed probabilities and those of the projected gate.
    log_likelihood: of the projected mixture. refit: the fit of so many atoms that starts there, with standard errors.
    """

    cells: Cells
    mixture: Mixture
    residual: float
    gate_residual: float
    log_likelihood: float
    refit: Mergeable
    names: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

    def rows(self) -> list[dict[str, Any]]:
        """The projected parameters: one mapping each; the atom of what is shared is None."""
        own, shared, line = self.names
        own_rows = [
            {"parameter": name, "atom": j, "value": float(value)}
            for j, cell in enumerate(zip(self.mixture.own, self.mixture.lines, self.mixture.nu, strict=True))
            for name, value in zip((*own, *line, "nu"), (*cell[0], *cell[1], cell[2]), strict=True)
        ]
        values = zip(shared, self.mixture.shared, strict=True)
        return own_rows + [{"parameter": name, "atom": None, "value": float(value)} for name, value in values]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "cells": [list(cell) for cell in self.cells],
            "merged": self.rows(),
            "residual": self.residual,
            "gate_residual": self.gate_residual,
            "loglik": self.log_likelihood,
            "refit": self.refit.to_json(),
        }

    def __str__(self) -> str:
        """The merged parameters, and the fit from there."""
        cells = "; ".join(f"atom {j} of {', '.join(map(str, cell))}" for j, cell in enumerate(self.cells))
        values = ", ".join(
            f"{r['parameter']}{'' if r['atom'] is None else '_' + str(r['atom'])} = {r['value']:.4g}"
            for r in self.rows()
        )
        gaps = f"residuals: {self.residual:.3g} of the means, {self.gate_residual:.3g} of the probabilities"
        head = f"Merged by conditional moments: {cells}\n{values}\n{gaps}; log-likelihood {self.log_likelihood:.6g}"
        return f"{head}\nFitted again from there:\n{self.refit}"

    def __repr__(self) -> str:
        """In a line; print shows all."""
        return f"<Merge: {len(self.cells)} cells of {sum(map(len, self.cells))} atoms; print shows them>"


@checked
def merge(fit: Mergeable, cells: Sequence[Sequence[int]]) -> Merge:
    """Merge atoms of a fit by conditional moments, project the result on the model, and fit again from there.

    Args:
        fit: what `fit` returns for one number of experts.
        cells: sets of its atoms, counted from 0, each in one set: [[0, 2], [1]].

    If the atoms of a set stand for one true expert, the merged parameters have errors of n^(-1/2), whatever the rates
    of single atoms are (theory 4.4.1). Standard errors are those of the refit.

    Raises:
        ValueError: cells that do not hold every atom once; a fit that keeps no data.
    """
    whole = fit.mixture
    chosen: Cells = tuple(tuple(cell) for cell in cells)
    k = whole.values.k
    if sorted(i for cell in chosen for i in cell) != list(range(k)) or not all(chosen):
        raise ValueError(f"cells must hold each of the atoms 0 to {k - 1} once, such as [[0, 1], [2]], not {cells}")
    order, mixture, residual, gate = projected(whole.values, whole.held, *design_of(whole.points, np.inf), chosen)
    level = mixture.log_likelihood(whole.points)
    return Merge(order, mixture, residual, gate, level, whole.fitted_again(mixture.k, mixture), whole.names)


def merged_to(fit: Mergeable, k: int) -> Merge:
    """`merge` of the atoms that are most alike, pair by pair, down to k. Raises ValueError for k out of range."""
    mixture, points = fit.mixture.values, fit.mixture.points
    if not (isinstance(k, int) and 1 <= k <= mixture.k):
        raise ValueError(f"k must be a whole number from 1 to {mixture.k}, the experts of the fit, not {k}")
    cells: Cells = tuple((i,) for i in range(mixture.k))
    return merge(fit, path(mixture, *design_of(points))[mixture.k - k - 1].after if k < mixture.k else cells)


def projected(
    mixture: Mixture, held: Held, x: Floats, weights: Floats, cells: Cells
) -> tuple[Cells, Mixture, float, float]:
    """The merged mixture at a design, projected: its cells in their order, itself, and what the projections leave.

    The order is that given, unless the last atom of the gate is set apart and another cell serves better there.
    """
    expert, orders = _merger_of(mixture, x, weights), [cells]
    experts = {cell: expert(cell) for cell in cells}
    if held.apart:
        orders += [(*(c for c in cells if c != last), last) for last in cells[:-1]]
    ends, some = [], slice(None, None, -(-len(x) // _FEW))
    for order in orders:
        wanted = np.stack([experts[cell].probability for cell in order], axis=1)
        starts = _starts(mixture, held, weights @ mixture.probabilities(x), order)
        rough = project(mixture.formulas, held, x[some], weights[some] / weights[some].sum(), wanted[some], starts)
        ends.append((project(mixture.formulas, held, x, weights, wanted, [rough]), order, wanted))
        if ends[-1][0].objective <= CLOSE:
            break
    gate, order, wanted = min(ends, key=lambda end: end[0].objective)
    lines, nu = np.stack([experts[c].line for c in order]), np.array([experts[c].nu for c in order])
    small = replace(mixture, own=gate.own, shared=gate.shared, lines=lines, nu=nu)
    gate_residual = float(weights @ np.abs(small.probabilities(x) - wanted).sum(axis=1)) / 2
    return order, small, max(e.residual for e in experts.values()), gate_residual


def _starts(mixture: Mixture, held: Held, masses: Floats, cells: Cells) -> list[Projection]:
    """Gates to begin with: of the heaviest atom of each cell, of their means by mass, and draws around these.

    What is held in the last atom is taken from all atoms (a translation), or set there alone.
    """
    heaviest = np.stack([mixture.own[max(cell, key=lambda i: masses[i])] for cell in cells])
    at = [list(cell) for cell in cells]
    mean = np.stack([masses[c] @ mixture.own[c] / masses[c].sum() for c in at])
    places, values = list(held.places), np.array(held.values)
    positive = np.array(mixture.formulas.positive[: mixture.own.shape[1]], dtype=bool)
    rng = np.random.default_rng(0)
    gates: list[Floats] = []
    for own in (heaviest, mean):
        translated = own.copy()
        translated[:, places] += np.where(positive[places], 0.0, values - own[-1, places])
        gates += [translated, own]
    scale = _SPREAD * (1 + np.abs(mean).max())
    gates += [np.where(positive, mean, mean + scale * rng.normal(size=mean.shape)) for _ in range(_DRAWS)]
    for own in gates:
        own[-1, places] = values
    convex = held.shared and all(b >= mixture.formulas.own for _, b in mixture.formulas.gate_bends)
    return [Projection(own, mixture.shared, np.inf) for own in (gates[:1] if convex else gates)]


APART, MIDDLE, NEAR, SAME = 1.4, 1.2, 1.0, 0.5
"""Separations from which on two lines are two: beyond doubt, in one number, at most; and at most if noise is Gaussian.

Fixed on 36 data sets (docs/experts.md), in which true lines have 1.64 or more, and parts of one line at most 1.18.
"""
LIGHT = 0.025
"""Of the points: what holds fewer is no line, as a few outliers lie on one by chance."""


@dataclass(frozen=True, eq=False)
class Lines:
    """How many lines there are: the number, the ends of its range, and the atoms of each of so many lines.

    The ends are at most one away from the number.
    """

    count: int
    low: int
    high: int
    cells: Cells


def count_lines(fitted: FittedMixture, larger: FittedMixture, *, gaussian: bool) -> Lines:
    """The number of lines among the atoms of a fit.

    larger: the fit of the most atoms that are likely, to whose lines the range goes where the noise is Gaussian.
    gaussian: nothing speaks against that.
    """
    low, cells, high = _lines_apart(fitted, APART, MIDDLE, NEAR)
    if gaussian:
        (high,) = _lines_apart(larger, SAME)
    count = len(cells)
    return Lines(count, max(len(low), count - 1), min(max(len(high), count), count + 1), cells)


def separation(mixture: Mixture, x: Floats, weights: Floats, one: Expert, other: Expert, both: Expert) -> float:
    """(E (pi_1 + pi_2) (m_1 - m_2)^2 / E (pi_1 + pi_2))^(1/2) / (nu_1^(1/2) + nu_2^(1/2)) at x (n, d), weights (n,)."""
    first, second = (mean_and_slopes(mixture.formulas, x, expert.line)[0] for expert in (one, other))
    at = weights * both.probability
    distance = float(np.sqrt(at @ (first - second) ** 2 / at.sum()))
    return distance / (float(np.sqrt(one.nu)) + float(np.sqrt(other.nu)))


def _lines_apart(fitted: FittedMixture, *separations: float) -> list[Cells]:
    """The atoms of each line, where pairs merge until the next are so far apart; the heaviest where all are light."""
    x, weights = design_of(fitted.points)
    shares = weights @ fitted.values.probabilities(x)
    mergers = path(fitted.values, x, weights, unlike=separation)
    lines = []
    for least in separations:
        cells: Cells = tuple((i,) for i in range(fitted.values.k))
        for merger in mergers:
            if merger.height >= least:
                break
            cells = merger.after
        heavy = tuple(cell for cell in cells if shares[list(cell)].sum() >= LIGHT)
        lines.append(heavy or (max(cells, key=lambda cell: shares[list(cell)].sum()),))
    return lines
