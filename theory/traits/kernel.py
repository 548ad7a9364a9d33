"""Bounds what atoms can change without a change of the differences of their scores (theory.md 1, to first order).

K(k) = {(v_1, .., v_k, b, w): dL_i(v_i) + b_i + w dL_i/d(shared) is one function of x for all i}, at generic atoms. Its
dimension is that of a matrix at rational atoms and points, or less: a rank that balls prove is a lower bound, and no
larger at special atoms than at generic ones.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import flint
import sympy as sp
from flint import arb

from temperance.theory.models.spec import MoESpec
from temperance.theory.models.weights import is_weighted, own_parameters, weight_parameters
from temperance.theory.symmetries.jacobian import BETWEEN_KINKS, BITS, drawn, drawn_point, finite_slopes, proved_rank

_DRAWS = 40  # of atoms, until their scores are real at enough points


@dataclass(frozen=True)
class Kernel:
    """Upper bounds of the dimension of K, whole, and of its part that leaves the shared parameters, own."""

    own: int
    whole: int


@dataclass(frozen=True)
class _Columns:
    """The derivatives of a log weight at k atoms and some points: values[i][j][c], and the parameters they are by."""

    own: tuple[sp.Symbol, ...]
    shared: tuple[sp.Symbol, ...]
    biased: bool
    values: list[list[list[arb]]]


def kernel(spec: MoESpec, k: int, *, held: Collection[sp.Symbol] = ()) -> Kernel | None:
    """Bounds of the dimensions of K for k atoms; None where the scores were real at no atoms that were drawn.

    Parameters that may have both signs are positive in all atoms. held: parameters of the last atom that do not move.
    """
    with flint.ctx.workprec(BITS):
        columns = _derivatives(spec, k)
        if columns is None:
            return None
        fixed = {(k - 1, p) for p in held}
        return Kernel(*(_nullity(columns, k, fixed, shared=shared) for shared in (False, True)))


def alone(spec: MoESpec) -> int | None:
    """A bound of how many directions keep the score of one atom, up to a constant where it has a weight."""
    with flint.ctx.workprec(BITS):
        columns = _derivatives(spec, 1)
        if columns is None:
            return None
        rows = [row[: len(columns.own)] + [arb(1)] * columns.biased for row in columns.values[0]]
        return len(columns.own) + columns.biased - proved_rank(rows)


def _nullity(columns: _Columns, k: int, fixed: Collection[tuple[int, sp.Symbol]], *, shared: bool) -> int:
    """The number of the columns less a rank that is proved."""
    keep = [(i, c) for i in range(k) for c, p in enumerate(columns.own) if (i, p) not in fixed]
    common = range(len(columns.own), len(columns.own) + len(columns.shared)) if shared else ()
    rows = []
    for j in range(len(columns.values[0])):
        last = columns.values[k - 1][j]
        for i in range(k - 1):
            mine = columns.values[i][j]
            row = [mine[c] if a == i else -last[c] if a == k - 1 else arb(0) for a, c in keep]
            row += [arb(a == i) for a in range(k - 1)] if columns.biased else []
            rows.append(row + [mine[c] - last[c] for c in common])
    return len(rows[0]) - proved_rank(rows)


@lru_cache(maxsize=16)  # asked again for every parameter that may be held
def _derivatives(spec: MoESpec, k: int) -> _Columns | None:
    gate, own = spec.gate, own_parameters(spec)
    biased = is_weighted(spec)
    wanted = k * (len(own) + 1) + 6
    kinked = gate.log_weight.has(sp.Piecewise)
    if kinked:
        wanted = max(wanted, BETWEEN_KINKS)
    for seed in range(_DRAWS):
        rng = random.Random(seed)
        shared = {p: sp.Rational(13, 10) + i for i, p in enumerate(gate.shared)}
        fixed = {p: sp.Rational(7, 5) for p in (*weight_parameters(spec), *gate.constants)}
        atoms = [{**drawn(own, rng, one_sign=k > 1), **shared, **fixed} for _ in range(k)]
        points = [drawn_point(spec.dim, rng) for _ in range(wanted)]
        points += [drawn_point(spec.dim, rng, wide=True) for _ in range(wanted // 2 * kinked)]
        slopes = (finite_slopes(gate.log_weight, (*own, *gate.shared), atoms, x) for x in points)
        table = [row for row in slopes if row is not None]
        if len(table) >= wanted - len(points) // 8:
            values = [[row[i][1:] for row in table] for i in range(k)]
            return _Columns(own, gate.shared, biased, values)
    return None
