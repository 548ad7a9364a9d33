"""Finds the sign changes of an atom's own parameters under which gates are even or odd, and means even (theory.md 2.2).

Let theta' be the parameters of an atom with the signs of some changed. Where L(theta') - L(theta) does not depend on x,
atoms may change those signs one by one; where L(theta') + L(theta) depends on nothing that differs between atoms, two
atoms may exchange their parameters and change those signs. The bias beta0 takes up what does not depend on x.

    >>> from temperance.theory.models.by_name import model
    >>> [str(change.parity) for change in sign_changes(model("activation", activation="z**2").gate, 1)]
    ['even']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Literal

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import Expert, Gate, Jet, covariates

Parity = Literal["even", "odd"]
_MOST = 8  # parameters, of which every set is tried; of more each alone, and all
_POINTS = 12
_DIGITS = 30
_CLOSE = mpmath.mpf(10) ** -20


@dataclass(frozen=True)
class SignChange:
    """A set of an atom's own parameters whose signs may change.

    Attributes:
        parameters: whose signs change.
        parity: "even" where L(theta') - L(theta) is free of x, "odd" where L(theta') + L(theta) is.
        rest: this difference or sum, which the bias takes up.
    """

    parameters: tuple[sp.Symbol, ...]
    parity: Parity
    rest: sp.Expr


@lru_cache(maxsize=64)
def sign_changes(gate: Gate, dim: int) -> tuple[SignChange, ...]:
    """The even sign changes that generate all that are proved, smallest first, and then an odd one if one is proved.

    Each is an identity that is proved exactly, on every piece of a gate with kinks; none is told from a name.
    """
    own = _of_both_signs(gate.own)
    values = _Values(gate.log_weight, covariates(dim))
    even = _even(own, values, lambda subset: _proved(gate, dim, subset, "even"))
    subsets = (subset for subset in _candidates(own) if values.may_be(subset, "odd"))
    odd = [change for subset in subsets if (change := _proved(gate, dim, subset, "odd")) is not None]
    return (*even, *sorted(odd, key=lambda change: bool(change.rest.free_symbols & {*own}))[:1])


@lru_cache(maxsize=64)
def expert_sign_changes(expert: Expert, dim: int) -> tuple[SignChange, ...]:
    """The sign changes of an expert's parameters that generate all that are proved to keep its mean."""
    mean = mean_of(expert)
    if mean is None:
        return ()
    own = _of_both_signs(p for p in expert.parameters if mean.has(p))

    def proved(subset: Sequence[sp.Symbol]) -> SignChange | None:
        return SignChange((*subset,), "even", sp.S.Zero) if is_even(mean, subset) else None

    return tuple(_even(own, _Values(mean, covariates(dim)), proved))


def _of_both_signs(parameters: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    return [p for p in parameters if not p.is_positive and not p.is_negative]


def _even(
    own: Sequence[sp.Symbol], values: _Values, proved: Callable[[tuple[sp.Symbol, ...]], SignChange | None]
) -> list[SignChange]:
    """The even sign changes that are proved and follow from no others."""
    found: list[SignChange] = []
    for subset in _candidates(own):
        if any(set(c.parameters) <= set(subset) for c in found):
            continue  # that one and the change of the others, which is tried by itself
        if values.may_be(subset, "even") and (change := proved(subset)) is not None:
            found.append(change)
    return found


def is_even(expr: sp.Expr, symbols: Sequence[sp.Symbol]) -> bool:
    """Whether an expression is proved to stay when all of these symbols change their signs."""
    return _on_pieces(expr, symbols, "even") == 0


def _candidates(own: Sequence[sp.Symbol]) -> Iterator[tuple[sp.Symbol, ...]]:
    """Sets of parameters, smaller ones first."""
    sizes: Iterable[int] = range(1, len(own) + 1) if len(own) <= _MOST else (1, len(own))
    for size in sizes:
        yield from combinations(own, size)


class _Values:
    """Values of a log weight at points x, for the quick exclusion of sign changes."""

    def __init__(self, log_weight: sp.Expr, x: Sequence[sp.Symbol]) -> None:
        plain = log_weight.replace(Jet, lambda name, order, z: sp.exp(z) + order)  # stands for a function of no parity
        self.free = sorted(plain.free_symbols - {*x}, key=str)
        self.value = sp.lambdify([*self.free, *x], plain, "mpmath")
        self.at = {p: mpmath.mpf(5 + 3 * i) / (7 + i) for i, p in enumerate(self.free)}
        steps = [mpmath.mpf(2) ** (k // 2 - 3) * (-1) ** k for k in range(_POINTS)]
        self.x = [[(1 + mpmath.mpf(j) / 3) * t * (-1) ** (j * k) for j in range(len(x))] for k, t in enumerate(steps)]

    def may_be(self, subset: Sequence[sp.Symbol], parity: Parity) -> bool:
        """Whether L(theta') -+ L(theta) has one value at all points."""
        sign, moved, first = (-1 if parity == "even" else 1), set(subset), None
        mirrored = [-self.at[p] if p in moved else self.at[p] for p in self.free]
        plain = [self.at[p] for p in self.free]
        with mpmath.workdps(_DIGITS):
            for x in self.x:
                try:
                    rest = self.value(*mirrored, *x) + sign * self.value(*plain, *x)
                except (ZeroDivisionError, ValueError, OverflowError):
                    continue  # excludes nothing
                first = rest if first is None else first
                if abs(rest - first) > _CLOSE * (1 + abs(first)):
                    return False
        return True


def _proved(gate: Gate, dim: int, subset: tuple[sp.Symbol, ...], parity: Parity) -> SignChange | None:
    rest = _on_pieces(gate.log_weight, subset, parity)
    if rest is None or rest.free_symbols & {*covariates(dim)}:
        return None
    between = rest.free_symbols & ({*gate.parameters} - {*gate.shared})  # what differs between atoms
    if gate.offset is None and (between if parity == "odd" else rest != 0):
        return None
    return SignChange(subset, parity, rest)


def _on_pieces(expr: sp.Expr, subset: Sequence[sp.Symbol], parity: Parity) -> sp.Expr | None:
    """L(theta') -+ L(theta) where it is one formula on all pieces; None where that is not proved."""
    sign = -1 if parity == "even" else 1
    mirrored = expr.subs({p: -p for p in subset}, simultaneous=True)
    regions = _regions(expr, mirrored)
    if regions is None:
        return None
    found = [_simplified(g + sign * f) for f, g in regions]
    return found[0] if all(_simplified(r - found[0]) == 0 for r in found) else None


def _simplified(expr: sp.Expr) -> sp.Expr:
    return expr if expr.is_number and expr.is_Rational else sp.simplify(sp.expand(expr))


def _regions(*exprs: sp.Expr) -> list[tuple[sp.Expr, ...]] | None:
    """The formulas of piecewise expressions on all regions, where all their conditions compare +-u with numbers."""
    relations = sorted({r for e in exprs for r in e.atoms(Relational)}, key=sp.default_sort_key)
    if not relations:
        return [exprs]
    gaps = {r: sp.expand(r.lhs - r.rhs) for r in relations}
    u = next(iter(gaps.values())).as_independent(*exprs[0].free_symbols, as_Add=True)[1]
    numbers: dict[Relational, tuple[int, sp.Expr]] = {}  # r compares sign * u + number with 0
    for r, gap in gaps.items():
        fits = ((sign, sp.expand(gap - sign * u)) for sign in (1, -1))
        form = next(((sign, number) for sign, number in fits if number.is_number), None)
        if form is None:
            return None
        numbers[r] = form
    cuts = sorted({-sign * number for sign, number in numbers.values()}, key=sp.N)
    samples = [cuts[0] - 1, *((p + q) / 2 for p, q in pairwise(cuts)), cuts[-1] + 1]
    truths = ({r: r.func(sign * t + number, 0) for r, (sign, number) in numbers.items()} for t in samples)
    return [tuple(e.xreplace(truth) for e in exprs) for truth in truths]
