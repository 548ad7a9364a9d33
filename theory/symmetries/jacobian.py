"""Bounds the directions in which a mixture does not change, to first order, at random points (theory 2.1.3).

Its Jacobian is d log g at random (x, y) by all parameters of k atoms. A rank that balls prove at one point bounds the
number of such directions at generic points from above.

>>> from temperance.theory.models.by_name import model
>>> null_directions(model("linear"), 2)  # beta1, beta0 of both atoms, tau: a flow, and two translations
3
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

import flint
import sympy as sp
from flint import arb
from sympy.core.relational import Relational

from temperance.theory.expressions import balls
from temperance.theory.interactions.independence import Place, formula_at
from temperance.theory.models.spec import Jet, MoESpec, Y, covariates

BITS = 256
BETWEEN_KINKS = 120  # points of a gate with kinks: a few would miss an interval between those of all atoms
_POINTS = 2  # of the parameters
_TRIES = 12  # for each of them, until the density is finite at enough (x, y)
_MORE = 6  # rows than columns
_APART = sp.Rational(8, 5)  # the ratio of one atom's parameters to those of the next, so that kinks are apart
_HOPELESS = 4  # points without a finite density, after which other parameters are drawn


@lru_cache(maxsize=64)
def null_directions(spec: MoESpec, k: int) -> int | None:
    """The least number of directions at two random points; None where no density was finite at points that were drawn.

    Parameters that may have both signs are positive in all atoms.
    """
    counts: list[int] = []
    with flint.ctx.workprec(BITS):
        for seed in range(_POINTS * _TRIES):
            rows = _rows(spec, k, random.Random(seed))
            if rows is not None:
                counts.append(len(rows[0]) - proved_rank(rows))
            if len(counts) == _POINTS:
                return min(counts)
    return min(counts, default=None)


def _rows(spec: MoESpec, k: int, rng: random.Random) -> list[list[arb]] | None:
    """The Jacobian at one point of the parameters; None where too few (x, y) give finite numbers."""
    gate, expert = spec.gate, spec.expert
    score, own = gate.score, (*gate.own, *gate.bias)
    fixed = {p: sp.Rational(7, 5) for p in spec.constants} | drawn(gate.shared, rng, one_sign=True)
    each = (*own, *expert.parameters)
    atoms = [{p: _APART**i * v for p, v in drawn(each, rng, one_sign=True).items()} | fixed for i in range(k)]
    width = k * (len(own) + len(expert.parameters)) + len(gate.shared)
    kinked = any(not isinstance(r, sp.Eq) for e in (score, expert.log_density) for r in e.atoms(Relational))
    wanted = max(width + _MORE, BETWEEN_KINKS if kinked else 0)
    outcomes = [r.args[1] for r in expert.log_density.atoms(sp.Eq) if r.args[0] == Y]
    rows: list[list[arb]] = []
    for tried in range(wanted + wanted // 2):
        if not rows and tried == _HOPELESS:
            return None
        at = drawn_point(spec.dim, rng, wide=kinked and tried % 3 == 0) | {
            Y: rng.choice(outcomes) if outcomes else _response(rng)
        }
        gates = finite_slopes(score, (*own, *gate.shared), atoms, at)
        experts = finite_slopes(expert.log_density, expert.parameters, atoms, at)
        if gates is not None and experts is not None:
            rows.append(_row(gates, experts, len(own)))
        if len(rows) == wanted:
            return rows
    return None


def _row(gates: Sequence[Sequence[arb]], experts: Sequence[Sequence[arb]], own: int) -> list[arb]:
    """d log g = sum_i (r_i - pi_i) d score_i + r_i d log f_i, pi the weights and r the shares of the atoms in g."""
    weights = [values[0].exp() for values in gates]
    joint = [w * values[0].exp() for w, values in zip(weights, experts, strict=True)]
    whole, density = sum(weights, arb(0)), sum(joint, arb(0))
    shares = [f / density for f in joint]
    gains = [r - w / whole for r, w in zip(shares, weights, strict=True)]
    of_gates = [g * e for g, values in zip(gains, gates, strict=True) for e in values[1 : 1 + own]]
    of_experts = [r * e for r, values in zip(shares, experts, strict=True) for e in values[1:]]
    common = range(1 + own, len(gates[0]))
    of_shared = [sum((g * values[c] for g, values in zip(gains, gates, strict=True)), arb(0)) for c in common]
    return [*of_gates, *of_experts, *of_shared]


def finite_slopes(
    e: sp.Expr, parameters: Sequence[sp.Symbol], atoms: Sequence[Place], point: Place
) -> list[list[arb]] | None:
    """The value of an expression at every atom, and its derivatives by parameters; None where one is not finite."""
    table: list[list[arb]] = []
    for atom in atoms:
        at = {**atom, **point}
        places = {p.name: balls.value(v, {}, BITS) for p, v in at.items()}
        slopes = _slopes(formula_at(e, at), (*parameters,))
        try:
            values = [balls.value(_without_jets(f, at) if f.has(Jet) else f, places, BITS) for f in slopes]
        except ValueError:  # no ball arithmetic
            return None
        if not all(ball.is_finite() for ball in values):
            return None
        table.append(values)
    return table


@lru_cache(maxsize=256)
def _slopes(e: sp.Expr, parameters: tuple[sp.Symbol, ...]) -> tuple[sp.Expr, ...]:
    return (e, *(sp.diff(e, p) for p in parameters))


def _without_jets(e: sp.Expr, at: Place) -> sp.Expr:
    """A free function has any values: here random ones, the same at the same point."""
    jets = {j: (str(j.args[0]), int(j.args[1]), j.args[2].subs(at)) for j in e.atoms(Jet)}
    return e.xreplace({j: sp.Rational(random.Random(repr(key)).randrange(-999, 1000), 100) for j, key in jets.items()})


def drawn(own: Sequence[sp.Symbol], rng: random.Random, *, one_sign: bool) -> dict[sp.Symbol, sp.Expr]:
    """Random rational values of parameters."""
    sign = {p: 1 if one_sign or p.is_positive else rng.choice((1, -1)) for p in own}
    return {p: sign[p] * sp.Rational(rng.randrange(600, 1800), 1000) for p in own}


def drawn_point(dim: int, rng: random.Random, *, wide: bool = False) -> dict[sp.Symbol, sp.Expr]:
    """A random rational point x in [-2, 2]^d; wide: or in a cube of 2, 4 or 8 times the length."""
    size = rng.choice((2, 4, 8)) if wide else 1
    return {v: sp.Rational(size * rng.randrange(-2000, 2001), 1000) + sp.Rational(1, 7919) for v in covariates(dim)}


def _response(rng: random.Random) -> sp.Rational:
    return sp.Rational(rng.randrange(-3000, 3001), 1000) + sp.Rational(1, 7907)


def proved_rank(rows: Sequence[Sequence[arb]]) -> int:
    """The number of pivots without 0 in an elimination of balls: a rank that is proved, from below."""
    remaining, rank = [list(row) for row in rows], 0
    while remaining:
        candidates = [
            (abs(e.mid()), i, j) for i, row in enumerate(remaining) for j, e in enumerate(row) if not e.contains(0)
        ]
        if not candidates:
            break
        _, i, j = max(candidates, key=lambda f: f[0])
        pivot = remaining.pop(i)
        remaining = [
            [e - row[j] / pivot[j] * p for c, (e, p) in enumerate(zip(row, pivot, strict=True)) if c != j]
            for row in remaining
        ]
        rank += 1
    return rank
