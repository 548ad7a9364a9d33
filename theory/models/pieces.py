"""Splits formulas with abs, sign, max, min and comparisons into smooth parts, by the signs of what they compare.

>>> x, c = sp.symbols("x c", real=True)
>>> without_kinks_inside(-sp.Abs(x - c))
Piecewise((-c + x, x < c), (c - x, True))
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import sympy as sp
from flint import fmpq

from temperance.theory.expressions import balls

_KINKED = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside)
_MOST = 32  # parts of a formula
_FAR = 200
_DRAWS = 4000  # of points, until one shows that a part is not empty


@dataclass(frozen=True)
class Part:
    """What a formula is where every expression of `signs` has its sign, 1 or -1."""

    formula: Any
    signs: Mapping[sp.Expr, int] = field(default_factory=dict)


Parts = tuple[Part, ...]


def mapped(build: Callable[..., Any], *values: Parts) -> Parts:
    """Apply an operation part by part, and split what SymPy makes of it again."""
    parts = []
    for combination in product(*values):
        signs: dict[sp.Expr, int] = {}
        if all(_agrees(signs, part.signs) for part in combination):
            built = build(*(part.formula for part in combination))
            parts += [Part(part.formula, both) for part in split(built) if _agrees(both := {**signs}, part.signs)]
    if len(parts) > _MOST:
        raise ValueError(f"a formula with {len(parts)} smooth parts is too long; accepted: at most {_MOST}")
    return tuple(parts)


def _agrees(signs: dict[sp.Expr, int], others: Mapping[sp.Expr, int]) -> bool:
    """Whether no two signs exclude each other; they are added to the first."""
    for new, sign in others.items():
        for old, old_sign in signs.items():
            apart = sp.expand(old - new) if old_sign != sign else sp.expand(old + new)
            # old and new of the signs (-1, 1), or both of one sign, where old - new or old + new tells against it
            if apart == 0 or (apart.is_positive if old_sign < 0 else apart.is_negative):
                return False
        signs[new] = sign
    return True


def choose(switch: Parts, positive: Parts, zero: Parts, negative: Parts) -> Parts:
    """A three-way choice by the sign of switch, almost everywhere."""
    parts: list[Part] = []
    for part in switch:
        d = sp.expand(part.formula)
        constant_sign = 1 if d.is_positive else -1 if d.is_negative else 0 if d.is_zero else None
        if constant_sign is not None:
            parts += mapped(lambda _, f: f, (part,), {1: positive, 0: zero, -1: negative}[constant_sign])
            continue
        turned = _in_x(d)[1].could_extract_minus_sign()
        key, below, above = (-d, positive, negative) if turned else (d, negative, positive)
        for sign, chosen in ((-1, below), (1, above)):
            parts += mapped(lambda _, f: f, (Part(d, {**part.signs, key: sign}),), chosen)
    return tuple(parts)


def _in_x(d: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """An expression as a sum of what is free of x and the rest; one free of x as the rest."""
    x = [s for s in d.free_symbols if re.fullmatch(r"x(_\d+)?", s.name)]
    free, rest = d.as_independent(*x, as_Add=True)
    return (free, rest) if x else (sp.S.Zero, d)


def split(expr: Any) -> Parts:
    """A SymPy expression as its parts, a Piecewise in it left as it is."""
    if not isinstance(expr, sp.Basic) or not expr.has(*_KINKED):
        return (Part(expr),)
    arguments = [split(a) for a in expr.args]
    plus, none, (first, *others) = (Part(sp.S.One),), (Part(sp.S.Zero),), arguments
    minus = mapped(lambda f: -f, plus)
    if expr.func is sp.Abs:
        return choose(first, first, none, mapped(lambda f: -f, first))
    if expr.func is sp.sign:
        return choose(first, plus, none, minus)
    if expr.func is sp.Heaviside:
        return choose(first, plus, plus, none)
    if expr.func in (sp.Max, sp.Min):
        for other in others:
            sides = (first, other) if expr.func is sp.Max else (other, first)
            first = choose(mapped(lambda p, q: p - q, first, other), sides[0], sides[0], sides[1])
        return first
    return mapped(expr.func, *arguments)


def written(parts: Parts) -> sp.Expr:
    """Parts as one expression, a Piecewise where there are several.

    Raises ValueError: no point was found in a part, which may be empty.
    """
    if len({part.formula for part in parts}) == 1:
        return parts[0].formula
    pieces: list[tuple[sp.Expr, sp.Basic]] = []
    excluded: set[tuple[sp.Expr, int]] = set()
    for part in parts:
        if point_in(part) is None:  # relations would be asked of nothing
            where = " and ".join(str(_condition(d, sign)) for d, sign in part.signs.items())
            accepted = "accepted: comparisons that hold at some points, not at others"
            raise ValueError(f"no point was found with {where}; {accepted}")
        signs = {(d, sign) for d, sign in part.signs.items()} - excluded
        pieces.append((part.formula, sp.And(*sorted((_condition(d, sign) for d, sign in signs), key=str))))
        excluded |= {(d, -sign) for d, sign in signs if len(signs) == 1}
    return sp.Piecewise(*pieces[:-1], (pieces[-1][0], True), evaluate=False)


def without_kinks_inside(expr: sp.Expr) -> sp.Expr:
    """The same expression with abs, sign, max and min as a Piecewise; raises ValueError as `written` does."""
    return written(split(expr))


def formulas_of(expr: sp.Expr) -> list[sp.Expr]:
    """The formulas of an expression between its kinks."""
    folded = sp.piecewise_fold(expr) if expr.has(sp.Piecewise) else expr
    return [e for e, _ in folded.args] if isinstance(folded, sp.Piecewise) else [folded]


def boundaries(expr: sp.Expr) -> list[sp.Expr]:
    """What is 0 where one formula of an expression ends."""
    return [relation.lhs - relation.rhs for relation in expr.atoms(sp.core.relational.Relational)]


def in_conditions(expr: sp.Expr) -> set[sp.Symbol]:
    """The symbols on which the places of its kinks depend."""
    return {s for relation in expr.atoms(sp.core.relational.Relational) for s in relation.free_symbols}


def is_constant(expr: sp.Expr, symbols: Collection[sp.Symbol]) -> bool:
    """Whether neither the formulas of an expression nor the places of its kinks depend on symbols."""
    formulas = [] if in_conditions(expr) & {*symbols} else formulas_of(expr)
    return bool(formulas) and all(balls.is_constant_in(e, e.free_symbols & {*symbols}) for e in formulas)


def _condition(d: sp.Expr, sign: int) -> sp.Basic:
    free, rest = _in_x(d)
    return rest < -free if sign < 0 else rest > -free


def point_in(part: Part) -> Mapping[str, fmpq] | None:
    """A point at which the expressions of a part are proved to have their signs; None where none was found."""
    symbols = sorted({s for d in part.signs for s in d.free_symbols}, key=str)
    signs = list(part.signs.items())
    return next((at for at in _points(symbols) if all(balls.sign(d, at, 128) == s for d, s in signs)), None)


def _points(symbols: list[sp.Symbol]) -> Iterator[dict[str, fmpq]]:
    rng = random.Random(0)
    for _ in range(_DRAWS):
        drawn = {s: fmpq(rng.randrange(1, 997) * rng.choice((1, 3, 10, 100)), 500) for s in symbols}
        yield {s.name: v if s.is_positive else rng.choice((1, -1)) * v for s, v in drawn.items()}
    for _ in range(_FAR):  # what changes its sign far away, as 1000 - x does
        drawn = {s: fmpq(10) ** rng.randrange(-12, 13) * rng.randrange(1, 100) for s in symbols}
        yield {s.name: v if s.is_positive else rng.choice((1, -1)) * v for s, v in drawn.items()}
