"""Finds real parameter values at which the verdicts on an activation differ from the generic ones.

It computes finitely many candidates and decides each: where a pivot of the exact elimination vanishes, where two
exponentials, or one and the square of another, coincide, and where pieces merge. A function without a tower has no
pivots; if it has a single parameter, a few small numbers are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import combinations

import sympy as sp
from flint import arb, fmpz_mpoly

from temperance.theory.activations.activation import Activation
from temperance.theory.conditions import families
from temperance.theory.conditions.relations import Analysis
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import rationalized, terms
from temperance.theory.expressions.sign_changes import NoClosedForm, Z, real_roots
from temperance.theory.fields.differential_field import OutsideTowers, factored

_BITS = 256
_INFINITE = (sp.nan, sp.zoo, sp.oo, -sp.oo)
_RATIOS = ((1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1))
_SMALL = tuple(map(sp.Rational, (-1, "-1/2", 0, "1/2", 1, 2)))


def candidates(source: Activation, analyses: Sequence[Analysis]) -> dict[str, list[sp.Expr]]:
    """For every parameter, the real numbers of closed form at which the generic verdict may change.

    analyses: one for every piece structure, with the families already decided.
    """
    conditions: list[sp.Expr] = []
    for analysis in analyses:
        conditions += [piece.upper - piece.lower for piece in analysis.pieces]
        conditions += _pivots(analysis) + _collisions(analysis)
    small = _SMALL if len(source.parameters) == 1 else ()
    roots: dict[str, set[sp.Expr]] = {p.name: set(small) for p in source.parameters}
    for factor in _factors(conditions):
        (symbol,) = factor.free_symbols
        with suppress(NoClosedForm):
            zeros = real_roots(factor.xreplace({symbol: Z}), {})
            roots[symbol.name] |= {min(r, rationalized(r), sp.expand(r), key=sp.count_ops) for r in zeros}
    return {name: _distinguish(values) for name, values in roots.items()}


def _distinguish(values: Iterable[sp.Expr]) -> list[sp.Expr]:
    """Numbers in order, the shortest of those that balls of 256 bits do not tell apart."""
    distinct: list[tuple[arb, sp.Expr]] = []
    for value in sorted(values, key=sp.count_ops):
        ball = balls.value(value, {}, _BITS)
        if not any(ball.overlaps(other) for other, _ in distinct):
            distinct.append((ball, value))
    return [value for _, value in sorted(distinct, key=lambda pair: float(pair[0]))]


def _pivots(analysis: Analysis) -> list[sp.Expr]:
    """The factors of pivots that involve constants only (z aside, they decide where one vanishes identically)."""
    tower = analysis.tower
    if tower is None:
        return []
    pivots: list[fmpz_mpoly] = [p for family in families.EVERY for p in analysis.pivot_values(family)]
    pivots += [column.den for columns in analysis.columns for column in columns]
    pivots += [row_entry for row in analysis.rows for row_entry in row if tower.is_constant(row_entry) and row_entry]
    factors = []
    for p in {str(p): p for p in pivots if not p.is_constant()}.values():
        with suppress(OutsideTowers):  # too high a degree to be factored
            factors += [tower.stands_for(f) for f, _ in factored(p)[1] if tower.is_constant(f)]
    return factors


def _factors(conditions: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The factors of the conditions that are polynomials in one parameter alone."""
    factors: dict[sp.Expr, None] = {}
    for condition in dict.fromkeys(c for c in conditions if c.free_symbols and not c.has(*_INFINITE)):
        for part in sp.Mul.make_args(sp.fraction(sp.together(condition))[0]):
            symbols = part.free_symbols
            if not symbols or not part.is_polynomial(*symbols):
                continue
            alone = [part]
            if len(symbols) > 1:  # to factor in many symbols would take far longer
                alone = [sp.Poly(part, *(symbols - {symbol})).content() for symbol in symbols]
            factors |= {factor: None for p in alone for factor, _ in sp.factor_list(p)[1] if factor.free_symbols}
    return list(factors)


def _collisions(analysis: Analysis) -> list[sp.Expr]:
    """What vanishes where an exponent (or angle) is constant, or two have the ratio 1, 2 or 1/2, up to the sign."""
    generators = analysis.tower.described.values() if analysis.tower else ()
    inner = [g.stands_for.args[0] for g in generators if g.kind in ("exp", "tan") and not g.constant]
    exponents = [_by_function(e) for e in inner]
    totals = exponents + [
        {f: n * p.get(f, sp.S.Zero) + m * q.get(f, sp.S.Zero) for f in {**p, **q}}
        for p, q in combinations(exponents, 2)
        for n, m in _RATIOS
    ]
    return [sp.gcd_list([sp.expand(c) for c in total.values()]) for total in totals]


def _by_function(exponent: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """An exponent as sum c_m(parameters) m(z), constants left out."""
    parts: dict[sp.Expr, sp.Expr] = {}
    for term, rational in terms(exponent).items():
        constant, function = term.as_independent(Z, as_Add=False)
        if function != 1:
            parts[function] = parts.get(function, sp.S.Zero) + rational * constant
    return parts
