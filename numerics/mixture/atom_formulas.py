"""Derives what a likelihood needs of one atom: log weight and mean, their slopes and second derivatives, as formulas.

Example: ``AtomFormulas.of(model("gaussian"))`` has the slopes of the Gaussian gate in the logarithms of pi and Gamma.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement

import sympy as sp

from temperance.numerics.mixture.activation_numpy import stable
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
        return _bends(self.log_weight, self.parameters[: self.own + self.shared])

    @cached_property
    def line_slopes(self) -> tuple[sp.Expr, ...]:
        """Of the mean, by its parameters."""
        return tuple(sp.diff(self.mean, p) for p in self.parameters[self.own + self.shared :])

    @cached_property
    def line_bends(self) -> Bends:
        """The second derivatives of the mean that are not 0, by pairs of places among its parameters."""
        return _bends(self.mean, self.parameters[self.own + self.shared :])

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


def _bends(f: sp.Expr, parameters: Sequence[sp.Symbol]) -> Bends:
    every = combinations_with_replacement(range(len(parameters)), 2)
    bends = {(a, b): sp.diff(f, parameters[a], parameters[b]) for a, b in every}
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
