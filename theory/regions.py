"""Divides the parameters into regions in which an activation keeps its pieces, with one point inside each.

Pieces can change only where an expression in the parameters changes sign. Open regions without a sign change are found
by projection and lifting, as in cylindrical algebraic decomposition: leading coefficients, discriminants and resultants
eliminate one parameter after another, and points are lifted between the real roots.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cmp_to_key, lru_cache
from itertools import combinations, pairwise
from math import lcm

import flint
import sympy as sp
from flint import arb, fmpq

from theory import balls
from theory.piecewise import rational_inside
from theory.powers import has_long_exponent, is_large, put
from theory.roots import Z, enclosed_roots, real_roots

_BITS = 256
_MOST_BITS = 8192
_MOST_EXPANDED = 60  # operations
_MOST_OPERATIONS = 400  # of a polynomial that parameters are eliminated from
_MOST_DEGREE = 12
_MOST_ORDER = 60
_MOST_PROJECTED = 20
_MOST_CELLS = 300


def unseen(conditions: Collection[sp.Expr], tried: Sequence[Mapping[str, fmpq]]) -> tuple[list[dict[str, fmpq]], bool]:
    """Values of the parameters that lie in another `region` than those tried.

    Args:
        conditions: expressions in the parameters whose signs were asked for (`roots.Watched.conditions`).
        tried: the values known.

    Returns:
        One value in every region that was found and not tried, and whether these are all, but for parameters at which a
        condition vanishes.
    """
    first, parts = dict(tried[0]), _parts(conditions)
    cells, complete = _cells(parts, _in_order(parts, list(first)), first)
    known = {region(conditions, values) for values in tried}
    found = []
    for cell in cells:
        here = region(conditions, first | cell)
        if here not in known:
            known.add(here)
            found.append(first | cell)
    return found, complete and sp.nan not in conditions


def region(conditions: Collection[sp.Expr], values: Mapping[str, fmpq]) -> tuple[int | None, ...]:
    """The signs of conditions at values of the parameters, and of the irreducible factors that may change them.

    A factor may stand in a square: the root of one is another function where it changes its sign. None is the sign of
    what is not defined, or may vanish.
    """
    return tuple(balls.sign(c, values) for c in _asked(conditions))


def is_seen(conditions: Collection[sp.Expr], values: Mapping[str, fmpq], tried: Sequence[Mapping[str, fmpq]]) -> bool:
    """Whether some values tried lie in the same `region` as others, by all that was asked; no if nothing was."""
    alike, asked = tried, _asked(conditions)
    for c in asked:
        here = balls.sign(c, values)
        alike = [other for other in alike if balls.sign(c, other) == here]
        if not alike:
            return False
    return bool(asked)


def _asked(conditions: Collection[sp.Expr]) -> list[sp.Expr]:
    return [*(c for c in conditions if c is not sp.nan), *_parts(conditions)]


def _parts(conditions: Iterable[sp.Expr]) -> list[sp.Expr]:
    return list(dict.fromkeys(part for c in conditions if c is not sp.nan for part in _boundaries(c)))


@lru_cache(maxsize=256)
def _boundaries(condition: sp.Expr) -> list[sp.Expr]:
    """Expressions one of which vanishes wherever a condition changes its sign or is not defined: polynomials, if any.

    With r^q for what stands under a root r, a polynomial in r vanishes only where its resultant with r^q - base does.
    """
    if condition.count_ops() > _MOST_OPERATIONS or is_large(condition):
        return [condition]
    parts = list(sp.fraction(sp.together(condition)))
    while roots := {r for part in parts for r in part.atoms(sp.Pow) if r.exp.is_Rational and not r.exp.is_Integer}:
        base = max((r.base for r in roots), key=sp.count_ops)
        order = lcm(*(int(r.exp.q) for r in roots if r.base == base))
        if any(abs(r.exp) * order > _MOST_ORDER for r in roots if r.base == base):
            return [condition]
        root = sp.Dummy()
        powers = {r: root ** (r.exp * order) for r in roots if r.base == base}
        above = [sp.fraction(sp.together(part.xreplace(powers)))[0] for part in parts]
        if not all(part.is_polynomial(root) for part in above):
            return [condition]
        numerator, denominator = sp.fraction(sp.together(base))
        defining = denominator * root**order - numerator
        parts = [sp.resultant(part, defining, root) if part.has(root) else part for part in above]
        parts += [numerator, denominator]
    return [factor for part in parts for factor in _factors(part)]


def _is_polynomial(f: sp.Expr) -> bool:
    """Whether it is a polynomial in its symbols, with rational coefficients, and not too large to work with."""
    symbols = sorted(f.free_symbols, key=str)
    if not symbols or f.count_ops() > _MOST_OPERATIONS or is_large(f) or not f.is_polynomial(*symbols):
        return False
    poly = sp.Poly(f, *symbols)
    return poly.total_degree() <= _MOST_DEGREE and all(c.is_Rational for c in poly.coeffs())


def _factors(f: sp.Expr) -> list[sp.Expr]:
    """The irreducible factors of a polynomial; what is none as it is; no constants."""
    if not _is_polynomial(f):
        return [f] if f.free_symbols else []
    poly = sp.Poly(f, *sorted(f.free_symbols, key=str))
    return [] if poly.is_ground else [factor.as_expr() for factor, _ in poly.factor_list()[1]]


def _in_order(parts: Sequence[sp.Expr], names: list[str]) -> list[str]:
    """Names of parameters, those in which all is polynomial last: they are eliminated first."""
    others = {s.name for part in parts if not _is_polynomial(part) for s in part.free_symbols}
    return sorted(names, key=lambda name: name not in others)


def _cells(
    parts: Sequence[sp.Expr], names: Sequence[str], first: Mapping[str, fmpq]
) -> tuple[list[dict[str, fmpq]], bool]:
    """A point in every region in which no part vanishes, and whether that is so for certain."""
    if not names or not parts:
        return [{}], not parts
    *others, name = names
    symbol = sp.Symbol(name, real=True)
    inside = [part for part in parts if part.has(symbol)]
    projected, exact = _projected(tuple(inside), symbol)
    rest = list(dict.fromkeys([part for part in parts if not part.has(symbol)] + projected))
    below, complete = _cells(rest, others, first)
    if not inside:
        return below, complete
    complete = complete and exact
    cells: list[dict[str, fmpq]] = []
    for base in below:
        ends, all_known = _ends(inside, name, {k: v for k, v in {**first, **base}.items() if k != name})
        complete = complete and all_known
        cells += [base | {name: _inside(low, high, len(others))} for low, high in pairwise([None, *ends, None])]
        if len(cells) > _MOST_CELLS:
            return cells[:_MOST_CELLS], False
    return cells, complete


@lru_cache(maxsize=64)
def _projected(parts: tuple[sp.Expr, ...], symbol: sp.Symbol) -> tuple[list[sp.Expr], bool]:
    """Where the real roots of polynomials in a symbol may meet, vanish or go to infinity; and whether that is all."""
    if all(part.free_symbols == {symbol} for part in parts):
        return [], True
    polynomials = [part for part in parts if _is_polynomial(part)]
    if len(polynomials) > _MOST_PROJECTED:
        return [], False
    found: list[sp.Expr] = []
    for part in polynomials:
        poly = sp.Poly(part, symbol)
        found += [poly.LC(), sp.discriminant(part, symbol) if poly.degree() > 1 else sp.S.One]
    found += [sp.resultant(p, q, symbol) for p, q in combinations(polynomials, 2)]
    return list(_distinct(found)), len(polynomials) == len(parts)


def _distinct(found: Iterable[sp.Expr]) -> dict[sp.Expr, None]:
    return dict.fromkeys(factor for f in found for factor in _factors(sp.expand(f)))


def _ends(conditions: Collection[sp.Expr], name: str, others: Mapping[str, fmpq]) -> tuple[list[arb], bool]:
    """Where expressions, as functions of one parameter, may change sign, in order; and whether these are all."""
    values = {sp.Symbol(k, real=True): sp.Rational(int(v.p), int(v.q)) for k, v in others.items()}
    complete = True
    enclosed: list[arb] = []
    for condition in conditions:
        try:
            f = put(condition, {**values, sp.Symbol(name, real=True): Z})
        except ValueError:  # too long a number
            complete = False
            continue
        if _is_polynomial(f):
            with flint.ctx.workprec(_BITS):
                enclosed += enclosed_roots(sp.Poly(f, Z))
            continue
        try:
            short = f.count_ops() <= _MOST_EXPANDED and not has_long_exponent(f)
            roots = real_roots(sp.expand(f) if short else f, {})
        except (ValueError, ArithmeticError, NotImplementedError, sp.PolynomialError):
            complete = False
            continue
        enclosed += [ball for p in roots.points if (ball := balls.value(p, {}, _BITS)).is_finite()]
        complete = complete and roots.exact
    ends: list[arb] = []
    for ball in sorted(enclosed, key=cmp_to_key(_order)):
        if not ends or ball > ends[-1]:
            ends.append(ball)
    return ends, complete


def _inside(low: arb | None, high: arb | None, parameter: int) -> fmpq:
    """A number between two others that no simple relation singles out, nor that of another parameter."""
    start, step = rational_inside(low, high), fmpq(5 + 3 * parameter, 7 + 4 * parameter)
    with flint.ctx.workprec(_MOST_BITS):
        for _ in range(_BITS if high is not None else 0):
            if arb(start + step) < high:
                break
            step /= 2
    return start + step


def _order(p: arb, q: arb) -> int:
    return int(p > q) - int(p < q)
