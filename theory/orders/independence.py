"""Proves that functions of x are linearly independent at a true point: of polynomials exactly, of others in balls."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import sympy as sp
from flint import arb

from temperance.theory.expressions import balls
from temperance.theory.interactions.rank_by_balls import independent_columns
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import covariates

Place = Mapping[sp.Symbol, sp.Expr]

_ROWS = 3  # values for every function
_POINTS = 20  # at which formulas are looked for


def independent(
    functions: Sequence[sp.Expr], place: Place, dim: int, draw: Callable[[random.Random], Place] = lambda _: {}
) -> bool:
    """Whether functions of x are proved to be independent on [-2, 2]^dim, the parameters being at a place.

    draw: the values of other variables that they are functions of.
    """
    pieces = {w for f in functions for w in f.atoms(sp.Piecewise)}
    conditions = {c.subs(place) for w in pieces for _, c in w.args}
    formulas: dict[tuple[bool, ...], list[sp.Expr]] = {}  # the same for all points between the same kinks

    def rows(bits: int, rng: random.Random) -> list[list[arb]]:
        def row() -> list[arb]:
            drawn = {**random_point(rng, dim), **draw(rng)}
            at, where = {**place, **drawn}, tuple(c.subs(drawn) == sp.true for c in conditions)
            if where not in formulas:
                formulas[where] = [formula_at(f, at) for f in functions]
            number = numbers(at, bits)
            return [number(f) for f in formulas[where]]

        return finite_rows(row, max((len(w.args) for w in pieces), default=1) * len(functions))

    return independent_columns(rows)


def formulas_seen(e: sp.Expr, place: Place, dim: int) -> list[sp.Expr]:
    """The formulas that an expression with pieces has on [-2, 2]^dim off its kinks, near a place; none at a kink."""
    rng, gaps = random.Random(1), boundaries(e)
    points = [{**place, **random_point(rng, dim)} for _ in range(_POINTS if gaps else 1)]
    return list(dict.fromkeys(formula_at(e, at) for at in points if all(gap.subs(at) != 0 for gap in gaps)))


def finite_rows(row: Callable[[], list[arb]], columns: int) -> list[list[arb]]:
    """Three rows for every column, without those that are not finite."""
    return [found for found in (row() for _ in range(_ROWS * columns)) if all(entry.is_finite() for entry in found)]


def random_point(rng: random.Random, dim: int) -> dict[sp.Symbol, sp.Expr]:
    """x in [-2, 2]^dim."""
    return {p: sp.Rational(rng.randrange(-199, 200), 100) for p in covariates(dim)}


def numbers(at: Place, bits: int) -> Callable[[sp.Expr], arb]:
    """Encloses expressions where their symbols have these values."""
    known = {p.name: balls.value(v, {}, bits) for p, v in at.items()}
    return lambda e: balls.value(e, known, bits)


@lru_cache(maxsize=256)
def _pieces(e: sp.Expr) -> frozenset[sp.Expr]:
    return frozenset(e.atoms(sp.Piecewise))


def formula_at(e: sp.Expr, at: Place) -> sp.Expr:
    """The formula that an expression with pieces has around a point (which lies on no kink)."""
    pieces = _pieces(e)
    return e.xreplace({w: next(f for f, c in w.args if c.subs(at) == sp.true) for w in pieces}) if pieces else e
