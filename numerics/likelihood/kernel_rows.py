"""Lists the rows that a generated kernel has for an atom, and the sums that it keeps.

Atoms come in two kinds: those whose own gate parameters move, and those where these are held. Features of an atom are
the derivatives of t + log density up to scale, first those of the gate (m is the mean, e = y - m):

    phi = (dt/dp for the gate's parameters; e dm/dq for those of the mean, e^2/(2 nu) - 1/2).

After them come the second derivatives of t, and e d2m/dq dr - dm/dq dm/dr where atoms do not have it in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from temperance.numerics.likelihood.atom_formulas import AtomFormulas

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
