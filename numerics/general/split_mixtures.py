"""Represents mixtures near a true one: cells of several atoms, their offsets as one vector, and g - g* on a grid.

The squared L2 distance E_x int (g - g*)^2 dy, x uniform, is the squared length of a residual vector: Gauss-Legendre in
x (graded towards the kinks of the gate), the trapezoid rule in y (which converges geometrically for Gaussians).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise
from typing import Any

import numpy as np
import sympy as sp

from temperance.theory.models.spec import NU
from temperance.theory.orders.split_cell import Splitting, X

Array = np.ndarray[Any, np.dtype[np.float64]]
_NODES = 20  # in x, on every panel
_FINE = 6  # in x, on the panels at a kink
_STEP = 0.4  # in y, in units of the smallest standard deviation of the true experts
_REACH = 7.0  # in y, in standard deviations
_RADIUS = 1.2  # offsets beyond it belong to no neighbourhood of the true mixture
_PART = 0.6  # the same for positive parameters, as a part of them: no spikes between the nodes


@dataclass(frozen=True)
class Truth:
    """The true mixture: the split atom and another one.

    cell: the split atom's model and gate; expert: its expert's parameters; other, other_expert: of the other atom;
    low, high: x is uniform between them. Both atoms have the same weight.
    """

    cell: Splitting
    expert: Mapping[sp.Symbol, float]
    other: Mapping[sp.Symbol, float]
    other_expert: Mapping[sp.Symbol, float]
    low: float = -2.0
    high: float = 2.0


@dataclass(frozen=True)
class _Compiled:
    """log weight and mean as functions of (x, parameters), with their derivatives by the parameters.

    bends: second derivatives of the log weight by parameters a <= b, where they are not 0.
    """

    weight: Callable[..., Any]
    slopes: tuple[Callable[..., Any], ...]
    bends: Mapping[tuple[int, int], Callable[..., Any]]
    basis: tuple[Callable[..., Any], ...]

    @staticmethod
    def of(cell: Splitting) -> _Compiled:
        symbols = (*cell.own, *cell.spec.gate.shared)
        weight = cell.spec.gate.log_weight.subs(dict.fromkeys(_weights(cell), 1))
        slopes = tuple(_function(symbols, sp.diff(weight, p)) for p in symbols)
        pairs = combinations_with_replacement(range(len(symbols)), 2)
        second = {(a, b): sp.diff(weight, symbols[a], symbols[b]) for a, b in pairs}
        bends = {pair: _function(symbols, bend) for pair, bend in second.items() if bend != 0}
        basis = tuple(_function((), sp.diff(cell.mean, p)) for p in cell.expert if p != NU)
        return _Compiled(_function(symbols, weight), slopes, bends, basis)


def _weights(cell: Splitting) -> list[sp.Symbol]:
    gate = cell.spec.gate
    return [p for p in gate.parameters if p not in (*gate.shared, *cell.own)]


def _function(symbols: Sequence[sp.Symbol], f: sp.Expr) -> Callable[..., Any]:
    compiled = sp.lambdify((X, *symbols), f, "scipy")  # NumPy, with erf and the like
    return lambda x, *values: np.broadcast_to(compiled(x, *values), x.shape)


class Atoms:
    """The atoms of a vector of a family at points x: as many as the vector has.

    gates: what the compiled log weight and its slopes take; logits, means (atoms, n); nus; basis: the slopes of a mean.
    """

    def __init__(self, family: Family, vector: Array, x: Array) -> None:
        width, own, at = family.width, len(family.cell.own), list(family.cell.expert).index(NU)
        count = (len(vector) - len(family.cell.spec.gate.shared)) // width
        rows, shared = vector[: count * width].reshape(count, width), vector[count * width :]
        experts = rows[:, 1 + own :]
        self.basis: Array = np.stack([f(x) for f in family.compiled.basis])
        self.gates = [(x, *row[1 : 1 + own], *shared) for row in rows]
        weights = [family.compiled.weight(*gate) for gate in self.gates]
        self.logits: Array = np.stack([row[0] + weight for row, weight in zip(rows, weights, strict=True)])
        self.means: Array = np.stack([np.delete(expert, at) @ self.basis for expert in experts])
        self.nus = experts[:, at]


def normalised(logs: Array) -> tuple[Array, Array]:
    """exp(logs) / sum exp(logs) over the rows, and the logarithm of the sum."""
    top = logs.max(axis=0)
    powers = np.exp(logs - top)
    total = powers.sum(axis=0)
    return powers / total, top + np.log(total)


class Family:
    """All mixtures with m atoms in the first cell, and one (or m) in the second, as vectors of offsets.

    A vector holds, atom by atom, the log weight and the gate's and the expert's own parameters; then the shared ones.
    `free` says which entries move: the gate and the weight of the last atom are held (of a single second atom; where
    both cells are split, by translation). `radius` says how far.
    """

    def __init__(self, truth: Truth, m: int, split_all: bool = False) -> None:
        self.truth, self.cell, self.m = truth, truth.cell, m
        self.sizes = (m, m if split_all else 1)
        self.compiled = _Compiled.of(self.cell)
        shared = [float(self.cell.point[p]) for p in self.cell.spec.gate.shared]
        gates = [[float(self.cell.point[p]) for p in self.cell.own], [truth.other[p] for p in self.cell.own]]
        experts = [[e[p] for p in self.cell.expert] for e in (truth.expert, truth.other_expert)]
        per_atom = [np.array([0.0, *g, *e]) for g, e in zip(gates, experts, strict=True)]
        self.width = len(per_atom[0])
        cells = [i for i, size in enumerate(self.sizes) for _ in range(size)]
        self.center = np.concatenate([*(per_atom[i] for i in cells), shared])
        self.reference = np.concatenate([*per_atom, shared])
        self.names = ["weight", *(p.name for p in self.cell.each)]
        self.free = self._free(len(cells))
        self.radius = self._radius(len(cells))

    def _free(self, atoms: int) -> Array:
        free = np.ones(len(self.center), dtype=bool)
        last = (atoms - 1) * self.width
        free[last : last + 1 + len(self.cell.own)] = False
        held = [p in self.cell.held for p in self.cell.spec.gate.shared]
        free[atoms * self.width :] = ~np.array(held, dtype=bool) if held else True
        return free

    def _radius(self, atoms: int) -> Array:
        """How far entries may go: _RADIUS; a positive parameter by a part of its value; log weights anywhere."""
        atom = [False, *(bool(p.is_positive) for p in self.cell.each)]
        positive = np.array([*atom * atoms, *(bool(p.is_positive) for p in self.cell.spec.gate.shared)])
        radius = np.where(positive, _PART * self.center, _RADIUS)
        radius[: atoms * self.width : self.width] = np.inf
        return radius

    def index(self, atom: int, name: str) -> int:
        """Where a vector holds a parameter of an atom of the first cell."""
        return atom * self.width + self.names.index(name)

    def shared_index(self, name: str) -> int:
        """Where a vector holds a shared parameter."""
        shared = [p.name for p in self.cell.spec.gate.shared]
        return sum(self.sizes) * self.width + shared.index(name)

    @property
    def accepted(self) -> list[str]:
        """The parameters that move."""
        return [*self.names[1:], *(p.name for p in self.cell.shared)]

    def kinks(self, other: bool = False) -> list[float]:
        """The x at which the gate of the split atom, or of the other one, has a kink."""
        point = {**self.cell.point, **(self.truth.other if other else {})}
        found = []
        for piecewise in self.cell.spec.gate.log_weight.atoms(sp.Piecewise):
            for _, condition in piecewise.args:
                if isinstance(condition, sp.core.relational.Relational):
                    gap = (condition.lhs - condition.rhs).subs(point)
                    found += [float(x) for x in sp.solve(gap, X) if x.is_real]
        return sorted({x for x in found if self.truth.low < x < self.truth.high})

    def grid(self, scale: float) -> Grid:
        """Nodes, finer within `scale` of the kinks."""
        edges = {self.truth.low, self.truth.high}
        kinks = self.kinks()
        for kink in kinks:
            steps = [scale * k / 2 for k in range(7)] + [scale * 3 * 2.0**k for k in range(1, 20)]
            edges |= {kink + sign * step for step in steps for sign in (-1, 1)}
        inside = sorted(x for x in edges if self.truth.low <= x <= self.truth.high)
        return Grid(self, inside, _FINE if kinks else _NODES)


class Grid:
    """The nodes of a family, and g* there."""

    def __init__(self, family: Family, edges: Sequence[float], nodes: int) -> None:
        self.family = family
        roots, weights = np.polynomial.legendre.leggauss(nodes)
        halves = [((q - p) / 2, (q + p) / 2) for p, q in pairwise(edges)]
        self.x: Array = np.concatenate([mid + half * roots for half, mid in halves])
        share = np.concatenate([half * weights for half, _ in halves]) / (edges[-1] - edges[0])
        true = Atoms(family, family.reference, self.x)
        reach, step = _REACH * np.sqrt(max(true.nus)), _STEP * np.sqrt(min(true.nus))
        self.y: Array = np.arange(np.min(true.means) - reach, np.max(true.means) + reach, step)
        self.root = np.sqrt(share * step)[:, None]
        self.true_density = self._density(family.reference)[0]

    def residual(self, vector: Array) -> Array:
        """sqrt(weight) (g - g*) at all nodes."""
        return np.asarray((self.root * (self._density(vector)[0] - self.true_density)).ravel())

    def _density(self, vector: Array) -> tuple[Array, Array, list[Array], Atoms]:
        """The density, gate probabilities, densities of the experts and what they come from."""
        atoms = Atoms(self.family, vector, self.x)
        probabilities, _ = normalised(atoms.logits)
        gaps = [self.y[None, :] - mean[:, None] for mean in atoms.means]
        experts = [
            np.exp(-gap * gap / (2 * nu)) / np.sqrt(2 * np.pi * nu) for gap, nu in zip(gaps, atoms.nus, strict=True)
        ]
        density = np.sum([p[:, None] * f for p, f in zip(probabilities, experts, strict=True)], axis=0)
        return density, probabilities, experts, atoms

    def slopes(self, vector: Array) -> Array:
        """The derivatives of the residual by the entries of the vector."""
        density, probabilities, experts, atoms = self._density(vector)
        own, at = len(self.family.cell.own), list(self.family.cell.expert).index(NU)
        slopes: list[Array] = []
        common = [np.zeros_like(density) for _ in self.family.cell.spec.gate.shared]
        for p, f, g, mean, nu in zip(probabilities, experts, atoms.gates, atoms.means, atoms.nus, strict=True):
            gap, pull = self.y[None, :] - mean[:, None], p[:, None] * (f - density)
            by_gate = [slope(*g)[:, None] * pull for slope in self.family.compiled.slopes]
            by_expert = [b[:, None] * gap / nu * f for b in atoms.basis]
            by_expert.insert(at, (gap * gap / nu - 1) / (2 * nu) * f)
            slopes += [pull, *by_gate[:own], *(p[:, None] * d for d in by_expert)]
            common = [c + s for c, s in zip(common, by_gate[own:], strict=True)]
        return np.stack([(self.root * s).ravel() for s in slopes + common], axis=1)
