"""The regions of the parameters between which the pieces of an activation may change, and one point inside each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cmp_to_key
from itertools import pairwise

import sympy as sp
from flint import arb, fmpq

from theory import balls
from theory.piecewise import rational_inside
from theory.roots import Z, real_roots

_BITS = 256
_MOST_EXPANDED = 60  # operations


def unseen(conditions: Collection[sp.Expr], tried: Sequence[Mapping[str, fmpq]]) -> tuple[list[dict[str, fmpq]], bool]:
    """Values of the parameters beyond those at which a condition that was looked at may change its sign.

    Args:
        conditions: expressions in the parameters whose signs were asked for (`roots.Watched.conditions`).
        tried: the values known; others are looked for along the axes through the first of them.

    Returns:
        One value in every region without a tried one, and whether these are all: of one parameter, with exact ends.
    """
    first = dict(tried[0])
    found, complete = [], len(first) <= 1
    for name in first:
        others = {k: v for k, v in first.items() if k != name}
        ends, exact = _ends(conditions, name, others)
        complete = complete and exact
        known = [values[name] for values in tried if all(values[k] == v for k, v in others.items())]
        for low, high in pairwise([None, *ends, None]):
            if not any((low is None or arb(k) > low) and (high is None or arb(k) < high) for k in known):
                found.append(first | {name: rational_inside(low, high)})
    return found, complete


def _ends(conditions: Collection[sp.Expr], name: str, others: Mapping[str, fmpq]) -> tuple[list[arb], bool]:
    """Where the conditions, as functions of one parameter, may change sign, in order; and whether these are all."""
    values = {sp.Symbol(k, real=True): sp.Rational(int(v.p), int(v.q)) for k, v in others.items()}
    points: set[sp.Expr] = set()
    complete = sp.nan not in conditions
    for condition in conditions:
        f = condition.subs(values).subs(sp.Symbol(name, real=True), Z)
        try:
            roots = real_roots(sp.expand(f) if f.count_ops() <= _MOST_EXPANDED else f, {})
        except (ValueError, ArithmeticError, NotImplementedError, sp.PolynomialError):
            complete = False
            continue
        points |= set(roots.points)
        complete = complete and roots.exact
    enclosed = [ball for p in points if (ball := balls.value(p, {}, _BITS)).is_finite()]
    ends: list[arb] = []
    for ball in sorted(enclosed, key=cmp_to_key(_order)):
        if not ends or ball > ends[-1]:
            ends.append(ball)
    return ends, complete


def _order(p: arb, q: arb) -> int:
    return int(p > q) - int(p < q)
