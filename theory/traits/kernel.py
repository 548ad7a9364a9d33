"""Bounds what atoms can change without a change of the differences of their scores (theory.md 1, to first order).

K(k) = {(v_1, .., v_k, b, w): dL_i(v_i) + b_i + w dL_i/d(shared) is one function of x for all i}, at generic atoms. Its
dimension is that of a matrix at rational atoms and points, or less: a rank that balls prove is a lower bound, and no
larger at special atoms than at generic ones.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import flint
import sympy as sp
from flint import arb

from temperance.theory.models.spec import Jet, MoESpec, covariates
from temperance.theory.models.weights import is_weighted, own_parameters, weight_parameters
from temperance.theory.orders.independence import formula_at, numbers

_BITS = 256
_DRAWS = 40  # of atoms, until their scores are real at enough points
_BETWEEN_KINKS = 120  # points of a gate with kinks: a few would miss an interval between those of all atoms


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
    with flint.ctx.workprec(_BITS):
        seen = _derivatives(spec, k)
        if seen is None:
            return None
        fixed = {(k - 1, p) for p in held}
        return Kernel(*(_nullity(seen, k, fixed, shared=shared) for shared in (False, True)))


def alone(spec: MoESpec) -> int | None:
    """A bound of how many directions keep the score of one atom, up to a constant where it has a weight."""
    with flint.ctx.workprec(_BITS):
        seen = _derivatives(spec, 1)
        if seen is None:
            return None
        rows = [row[: len(seen.own)] + [arb(1)] * seen.biased for row in seen.values[0]]
        return len(seen.own) + seen.biased - proved_rank(rows)


def _nullity(seen: _Columns, k: int, fixed: Collection[tuple[int, sp.Symbol]], *, shared: bool) -> int:
    """The number of the columns less a rank that is proved."""
    keep = [(i, c) for i in range(k) for c, p in enumerate(seen.own) if (i, p) not in fixed]
    common = range(len(seen.own), len(seen.own) + len(seen.shared)) if shared else ()
    rows = []
    for j in range(len(seen.values[0])):
        last = seen.values[k - 1][j]
        for i in range(k - 1):
            mine = seen.values[i][j]
            row = [mine[c] if a == i else -last[c] if a == k - 1 else arb(0) for a, c in keep]
            row += [arb(a == i) for a in range(k - 1)] if seen.biased else []
            rows.append(row + [mine[c] - last[c] for c in common])
    return len(rows[0]) - proved_rank(rows)


def proved_rank(rows: Sequence[Sequence[arb]]) -> int:
    """The number of pivots without 0 in an elimination of balls: a rank that is proved, from below."""
    left, rank = [list(row) for row in rows], 0
    while left:
        found = [(abs(e.mid()), i, j) for i, row in enumerate(left) for j, e in enumerate(row) if not e.contains(0)]
        if not found:
            break
        _, i, j = max(found, key=lambda f: f[0])
        pivot = left.pop(i)
        left = [
            [e - row[j] / pivot[j] * p for c, (e, p) in enumerate(zip(row, pivot, strict=True)) if c != j]
            for row in left
        ]
        rank += 1
    return rank


@lru_cache(maxsize=16)  # asked again for every parameter that may be held
def _derivatives(spec: MoESpec, k: int) -> _Columns | None:
    gate, own = spec.gate, own_parameters(spec)
    biased = is_weighted(spec)
    wanted = k * (len(own) + 1) + 6
    if gate.log_weight.has(sp.Piecewise):
        wanted = max(wanted, _BETWEEN_KINKS)
    for seed in range(_DRAWS):
        rng = random.Random(seed)
        shared = {p: sp.Rational(13, 10) + i for i, p in enumerate(gate.shared)}
        fixed = {p: sp.Rational(7, 5) for p in (*weight_parameters(spec), *gate.constants)}
        atoms = [{**_drawn(own, rng, one_sign=k > 1), **shared, **fixed} for _ in range(k)]
        points = [_point(spec.dim, rng) for _ in range(wanted)]
        table = list(_finite(gate.log_weight, (*own, *gate.shared), atoms, points))
        if len(table) >= wanted - len(points) // 8:
            values = [[row[i] for row in table] for i in range(k)]
            return _Columns(own, gate.shared, biased, values)
    return None


def _finite(
    log_weight: sp.Expr,
    parameters: Sequence[sp.Symbol],
    atoms: Sequence[dict[sp.Symbol, sp.Expr]],
    points: Sequence[dict[sp.Symbol, sp.Expr]],
) -> Iterator[list[list[arb]]]:
    """The derivatives of every atom's log weight, at the points where all of them are real."""
    slopes: dict[sp.Expr, list[sp.Expr]] = {}
    for x in points:
        row = []
        for atom in atoms:
            at = {**atom, **x}
            formula = formula_at(log_weight, at)
            if formula not in slopes:
                slopes[formula] = [sp.diff(formula, p) for p in parameters]
            number = numbers(at, _BITS)
            row.append([number(_without_jets(f, at)) for f in slopes[formula]])
        if all(e.is_finite() for values in row for e in values):
            yield row


def _without_jets(e: sp.Expr, at: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """A free function has any values: here random ones, the same at the same point."""
    jets = {j: (str(j.args[0]), int(j.args[1]), j.args[2].subs(at)) for j in e.atoms(Jet)}
    return e.xreplace({j: sp.Rational(random.Random(repr(key)).randrange(-999, 1000), 100) for j, key in jets.items()})


def _drawn(own: Sequence[sp.Symbol], rng: random.Random, *, one_sign: bool) -> dict[sp.Symbol, sp.Expr]:
    sign = {p: 1 if one_sign or p.is_positive else rng.choice((1, -1)) for p in own}
    return {p: sign[p] * sp.Rational(rng.randrange(600, 1800), 1000) for p in own}


def _point(dim: int, rng: random.Random) -> dict[sp.Symbol, sp.Expr]:
    return {v: sp.Rational(rng.randrange(-2000, 2001), 1000) + sp.Rational(1, 7919) for v in covariates(dim)}
