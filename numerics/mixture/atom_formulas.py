"""Derives what a likelihood needs of one atom: log weight and mean, their slopes and second derivatives, as formulas.

Example: ``AtomFormulas.of(model("gaussian"))`` has the slopes of the Gaussian gate in the logarithms of pi and Gamma.

`Kind`, `sums_of` and `tables_of` say what a kernel adds up, `scatter` puts score and Hessian together from its sums.
Atoms come in two kinds: those whose own gate parameters move, and those where these are held. Features of an atom are
the derivatives of t + log density up to scale, first those of the gate (m is the mean, e = y - m):

    phi = (dt/dp for the gate's parameters; e dm/dq for those of the mean, e^2/(2 nu) - 1/2).

After them come the second derivatives of t, and e d2m/dq dr - dm/dq dm/dr where atoms do not have it in common. Each
sum has its places in tables that are made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.numerics.mixture.activation_numpy import Floats, stable
from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import BETA0, NU, Jet, MoESpec, covariates

Bends = Mapping[tuple[int, int], sp.Expr]


@dataclass(frozen=True)
class AtomFormulas:
    """The log weight and the mean of an atom, in the symbols x0.., and p0.. for the parameters.

    Attributes:
        log_weight, mean: with log(1 + exp u) and the like in forms that do not overflow.
        own, shared, line: how many parameters the log weight has of its own, how many shared ones, and the mean.
        positive: which of these are positive. variance: the place of nu among the parameters of the expert.
        dim: of x.
    """

    log_weight: sp.Expr
    mean: sp.Expr
    own: int
    shared: int
    line: int
    positive: tuple[bool, ...]
    variance: int
    dim: int

    @staticmethod
    def of(
        log_weight: sp.Expr,
        mean: sp.Expr,
        own: Sequence[sp.Symbol],
        shared: Sequence[sp.Symbol],
        expert: Sequence[sp.Symbol],
        dim: int,
    ) -> AtomFormulas:
        """The formulas of a log weight and a mean with these parameters, those of the expert with nu among them.

        Raises ValueError for other symbols in them, and free functions.
        """
        line = [p for p in expert if p != NU]
        parameters, x = (*own, *shared, *line), covariates(dim)
        for f in (log_weight, mean):
            if f.has(Jet) or (others := sorted(f.free_symbols - {*parameters, *x}, key=str)):
                what = "a free function" if f.has(Jet) else f"{others[0]!s}, which has no value"
                raise ValueError(f"a likelihood needs formulas in x and their parameters alone; there is {what}")
        names = dict(
            zip((*parameters, *x), (*sp.symbols(f"p:{len(parameters)}"), *sp.symbols(f"x:{dim}")), strict=True)
        )
        positive, variance = tuple(bool(p.is_positive) for p in parameters), list(expert).index(NU)
        weight, mean = (stable(f).xreplace(names) for f in (log_weight, mean))
        return AtomFormulas(weight, mean, len(own), len(shared), len(line), positive, variance, dim)

    @property
    def x(self) -> tuple[sp.Symbol, ...]:
        """The covariates."""
        return tuple(sp.symbols(f"x:{self.dim}"))

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters: the gate's own ones, the shared ones, those of the mean."""
        return tuple(sp.symbols(f"p:{self.own + self.shared + self.line}"))

    @cached_property
    def gate_slopes(self) -> tuple[sp.Expr, ...]:
        """Of the log weight, by its own and the shared parameters."""
        return tuple(sp.diff(self.log_weight, p) for p in self.parameters[: self.own + self.shared])

    @cached_property
    def gate_bends(self) -> Bends:
        """The second derivatives of the log weight that are not 0, by pairs of places of parameters."""
        return _bends(self.gate_slopes, self.parameters[: self.own + self.shared])

    @cached_property
    def line_slopes(self) -> tuple[sp.Expr, ...]:
        """Of the mean, by its parameters."""
        return tuple(sp.diff(self.mean, p) for p in self.parameters[self.own + self.shared :])

    @cached_property
    def line_bends(self) -> Bends:
        """The second derivatives of the mean that are not 0, by pairs of places among its parameters."""
        return _bends(self.line_slopes, self.parameters[self.own + self.shared :])

    @cached_property
    def products(self) -> Mapping[sp.Expr, list[tuple[int, int]]]:
        """The products of two slopes of the mean that all atoms have in common, and of which slopes they are."""
        pairs: dict[sp.Expr, list[tuple[int, int]]] = {}
        for a, b in combinations_with_replacement(range(self.line), 2):
            product = sp.expand(self.line_slopes[a] * self.line_slopes[b])
            if (a, b) not in self.line_bends and not product.free_symbols & {*self.parameters}:
                pairs.setdefault(product, []).append((a, b))
        return pairs

    @property
    def other_products(self) -> list[tuple[int, int]]:
        """The pairs of parameters of the mean whose slopes differ from atom to atom, or have slopes of their own."""
        common = [pair for pairs in self.products.values() for pair in pairs]
        return [p for p in combinations_with_replacement(range(self.line), 2) if p not in common]


def _bends(slopes: Sequence[sp.Expr], parameters: Sequence[sp.Symbol]) -> Bends:
    symbols = [slope.free_symbols for slope in slopes]  # the few that vary, as of lines in many columns none does
    every = combinations_with_replacement(range(len(parameters)), 2)
    bends = {(a, b): sp.diff(slopes[a], parameters[b]) for a, b in every if parameters[b] in symbols[a]}
    return {pair: bend for pair, bend in bends.items() if bend != 0}


@lru_cache(maxsize=64)
def formulas_of(spec: MoESpec) -> AtomFormulas:
    """The formulas of a model; the offset of its gate is the first of the gate's own parameters, if it has one.

    Raises ValueError for an expert that is not Gaussian, and for free functions and constants without a value.
    """
    mean = mean_of(spec.expert)
    if mean is None:
        raise ValueError(f"fits need a Gaussian expert whose mean is a formula, not {spec.expert.name!r}")
    gate, offset = spec.gate, spec.gate.offset
    own = gate.own if offset is None else (BETA0, *gate.own)
    return AtomFormulas.of(gate.log_weight + (offset or 0), mean, own, gate.shared, spec.expert.parameters, spec.dim)


ERROR, SQUARE = sp.symbols("e q")
"""y less the mean, and e^2/(2 nu) - 1/2."""


def slopes_of(f: AtomFormulas) -> list[sp.Symbol]:
    """The symbols of the slopes of the mean."""
    return [sp.Symbol(f"m{n}") for n in range(f.line)]


@dataclass(frozen=True)
class Kind:
    """The rows of an atom whose own gate parameters move (free), or are held."""

    formulas: AtomFormulas
    free: bool

    @property
    def gate(self) -> range:
        """Places of the gate's parameters that have features."""
        return range(0 if self.free else self.formulas.own, self.formulas.own + self.formulas.shared)

    @property
    def bends(self) -> list[tuple[int, int]]:
        """Pairs of these with second derivatives."""
        return [pair for pair in self.formulas.gate_bends if min(pair) in self.gate]

    @property
    def features(self) -> int:
        """Their number."""
        return len(self.gate) + self.formulas.line + 1

    @property
    def x(self) -> int:
        """The rows of x: none in dimension 1, where data are read as they lie."""
        return self.formulas.dim if self.formulas.dim > 1 else 0

    @property
    def bent(self) -> int:
        """The first row of second derivatives."""
        return self.x + self.features

    @property
    def rows(self) -> int:
        """How many."""
        return self.bent + len(self.bends) + len(self.formulas.other_products)

    def contents(self) -> dict[int, sp.Expr]:
        """The rows that are filled by formulas, in x, parameters, `ERROR`, `SQUARE` and `slopes_of`."""
        f, slopes = self.formulas, slopes_of(self.formulas)
        rows = [*(f.gate_slopes[p] for p in self.gate), *(ERROR * m for m in slopes), SQUARE]
        rows += [f.gate_bends[pair] for pair in self.bends]
        rows += [ERROR * f.line_bends.get((a, b), 0) - slopes[a] * slopes[b] for a, b in f.other_products]
        return dict(enumerate(rows, self.x))


def sums_of(formulas: AtomFormulas, k: int, free: int) -> Iterable[tuple[str, int, int, int]]:
    """The sums that a kernel keeps, in their order: what, of which atoms, and how many."""
    kinds = [Kind(formulas, i < free) for i in range(k)]
    for i, kind in enumerate(kinds):
        r, g = kind.features, len(kind.gate)
        yield "own", i, i, r * (r + 3) // 2
        yield "common", i, i, 1 + len(formulas.products)
        yield "prior", i, i, g * (g + 3) // 2
        yield "gate bends", i, i, len(kind.bends)
        yield "line bends", i, i, len(formulas.other_products)
        for j in range(i + 1, k):
            yield "pair", i, j, r * kinds[j].features
            yield "prior pair", i, j, g * len(kinds[j].gate)


Places = NDArray[np.int64]


class Coordinates:
    """Where a vector holds the parameters of k atoms: atom by atom the gate's and the expert's, then the shared ones.

    size: of the vector. gate: how many entries an atom's log weight has, width: an atom. logs: which entries are
    logarithms. values (k, p), nu (k,): where the parameters of the formulas are.
    """

    def __init__(self, formulas: AtomFormulas, k: int) -> None:
        own, shared, line = formulas.own, formulas.shared, formulas.line
        self.k, self.gate, self.width = k, own, own + line + 1
        self.size = k * self.width + shared
        within = [l + (l >= formulas.variance) for l in range(line)]
        atoms = [i * self.width for i in range(k)]
        common = range(k * self.width, self.size)
        self.values: Places = np.array(
            [[*range(at, at + own), *common, *(at + own + l for l in within)] for at in atoms], dtype=np.int64
        )
        self.nu: Places = np.array([at + own + formulas.variance for at in atoms], dtype=np.int64)
        self.logs = np.zeros(self.size, dtype=bool)
        self.logs[self.values[:, np.array(formulas.positive, dtype=bool)]] = True
        self.logs[self.nu] = True


class Sums(NamedTuple):
    """Sums over the data: value, score (p,) and hessian (p, p) of the log-likelihood in theta."""

    value: float
    score: Floats
    hessian: Floats


class Tables(NamedTuple):
    """Where sums go.

    coordinates (p, 2): whether an entry is the logarithm of what features are derivatives by, and the atom of a
    parameter of a mean, else -1. slopes (m, 2): entry and sum. products (m, 3): row, column and sum; each with a
    factor. bends (m, 4): row, column, sum and the atom by whose variance it is divided, else -1; with factors. ends
    (k, 2): the entry of log nu, and the sum of the probabilities.
    """

    coordinates: Places
    slopes: Places
    slope_factors: Floats
    products: Places
    product_factors: Floats
    bends: Places
    bend_factors: Floats
    ends: Places


def tables_of(formulas: AtomFormulas, k: int, free: int) -> Tables:
    """The tables of a kernel of k atoms, `free` of which move their gates."""
    where = Coordinates(formulas, k)
    lines = where.values[:, formulas.own + formulas.shared :]
    kinds = [Kind(formulas, i < free) for i in range(k)]
    gate = [[int(where.values[i, p]) for p in kind.gate] for i, kind in enumerate(kinds)]
    every = [[*gate[i], *map(int, lines[i]), int(where.nu[i])] for i in range(k)]
    slopes, products, bends, ends, at = [], [], [], [], 0
    for what, i, j, count in sums_of(formulas, k, free):
        sums, sign = range(at, at + count), -1.0 if what in ("prior", "pair") else 1.0
        at += count
        if what in ("own", "prior"):
            rows = every[i] if what == "own" else gate[i]
            slopes += [(row, n, sign) for row, n in zip(rows, sums, strict=False)]
            pairs = [(row, column) for r, row in enumerate(rows) for column in rows[r:]]
            products += [(*pair, n, sign) for pair, n in zip(pairs, sums[len(rows) :], strict=True)]
        elif what in ("pair", "prior pair"):
            rows, columns = (every[i], every[j]) if what == "pair" else (gate[i], gate[j])
            pairs = [(row, column) for row in rows for column in columns]
            products += [(*pair, n, sign * (1 + (pair[0] == pair[1]))) for pair, n in zip(pairs, sums, strict=True)]
        elif what == "gate bends":
            found = [where.values[i, [*pair]] for pair in kinds[i].bends]
            bends += [(*pair, n, -1, 1.0) for pair, n in zip(found, sums, strict=True)]
        elif what == "line bends":
            bends += [(*lines[i, [*p]], n, i, 1.0) for p, n in zip(formulas.other_products, sums, strict=True)]
        else:
            ends.append((where.nu[i], sums[0]))
            for pairs, n in zip(formulas.products.values(), sums[1:], strict=True):
                bends += [(*lines[i, [*pair]], n, i, -1.0) for pair in pairs]
    coordinates = np.stack([where.logs, np.full(where.size, -1)], axis=1).astype(np.int64)
    coordinates[where.nu, 0] = 0
    coordinates[lines, 1] = np.arange(k)[:, None]
    return Tables(coordinates, *_table(slopes, 2), *_table(products, 3), *_table(bends, 4), np.array(ends, np.int64))


def _table(rows: Sequence[tuple[float, ...]], places: int) -> tuple[Places, Floats]:
    """The places of rows, and the factors at their ends."""
    table = np.array(rows, dtype=float).reshape(-1, places + 1)
    return table[:, :-1].astype(np.int64), table[:, -1].copy()


def scatter(sums: Floats, natural: Floats, nu: Floats, tables: Tables, score: Floats, hessian: Floats) -> None:
    """Add a kernel's sums to the score (p,) and the Hessian (p, p), zeros before, at parameters and variances nu.

    `compiled` makes machine code of it.
    """
    size = len(score)
    chain, scale = np.ones(size), np.ones(size)
    for n in range(size):
        atom = tables.coordinates[n, 1]
        chain[n] = natural[n] if tables.coordinates[n, 0] else 1.0
        scale[n] = chain[n] / nu[atom] if atom >= 0 else chain[n]
    for m in range(len(tables.slopes)):
        n, s = tables.slopes[m, 0], tables.slopes[m, 1]
        score[n] += tables.slope_factors[m] * sums[s] * scale[n]
    for m in range(len(tables.products)):
        row, column, s = tables.products[m, 0], tables.products[m, 1], tables.products[m, 2]
        value = tables.product_factors[m] * sums[s] * scale[row] * scale[column]
        hessian[row, column] += value
        if row != column:
            hessian[column, row] += value
    for m in range(len(tables.bends)):
        row, column, s, atom = tables.bends[m, 0], tables.bends[m, 1], tables.bends[m, 2], tables.bends[m, 3]
        value = tables.bend_factors[m] * sums[s] * chain[row] * chain[column]
        value = value / nu[atom] if atom >= 0 else value
        hessian[row, column] += value
        if row != column:
            hessian[column, row] += value
    for i in range(len(tables.ends)):
        n, s = tables.ends[i, 0], tables.ends[i, 1]
        hessian[n, n] -= score[n] + 0.5 * sums[s]
        for p in range(size):
            if tables.coordinates[p, 1] == i:
                hessian[n, p] -= score[p]
                hessian[p, n] -= score[p]
    for n in range(size):
        if tables.coordinates[n, 0]:
            hessian[n, n] += score[n]
