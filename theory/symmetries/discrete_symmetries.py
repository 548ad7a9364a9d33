"""Finds the symmetries of a mixture that are not flows of one atom: permutation, translation, reflection, splitting.

Let theta' be the parameters of an atom with the signs of some changed (theory.md 2.2). Where L(theta') - L(theta) does
not depend on x, atoms may change those signs one by one; where L(theta') + L(theta) depends on nothing that differs
between atoms, two atoms may exchange their parameters and change those signs. The bias beta0 takes up what does not
depend on x.

    >>> from temperance.theory.models.by_name import model
    >>> [str(change.parity) for change in sign_changes(model("activation", activation="z**2").gate, 1)]
    ['even']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Literal

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.pieces import in_conditions
from temperance.theory.models.spec import BETA0, Gate, Jet, MoESpec, covariates
from temperance.theory.symmetries.score_translations import scores

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
    own = [p for p in gate.own if not p.is_positive and not p.is_negative]
    values = _Values(gate.log_weight, covariates(dim))
    even: list[SignChange] = []
    for subset in _candidates(own):
        if any(set(c.parameters) <= set(subset) for c in even):
            continue  # that one and the change of the others, which is tried by itself
        if values.may_be(subset, "even") and (change := _proved(gate, dim, subset, "even")) is not None:
            even.append(change)
    subsets = (subset for subset in _candidates(own) if values.may_be(subset, "odd"))
    odd = [change for subset in subsets if (change := _proved(gate, dim, subset, "odd")) is not None]
    return (*even, *sorted(odd, key=lambda change: bool(change.rest.free_symbols & {*own}))[:1])


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


@dataclass(frozen=True)
class MixtureSymmetry:
    """A change of the parameters of all atoms that leaves the density g(y|x) unchanged.

    gauge: the gauges in which it acts; statement: what it does.
    """

    name: str
    gauge: str
    statement: str


def mixture_symmetries(spec: MoESpec) -> tuple[MixtureSymmetry, ...]:
    """The symmetries of a mixture of such atoms, each decided exactly from the log weight of the gate."""
    found = [MixtureSymmetry("permutation", "every gauge", "the atoms may be numbered in any order")]
    shifted = translated(spec)
    if shifted:
        names = ", ".join(p.name for p in shifted)
        what = f"one constant may be added to {names} of all atoms: the normalisation of the gate takes it away"
        found.append(MixtureSymmetry("translation", "free", what))
    shown = scores(spec)
    if shown is not None and (moved := beyond_parameters(spec)):
        signs = "" if shown.one_sign is None else f", where {shown.one_sign} has one sign in all of them"
        what = f"one constant may be added to {' and to '.join(map(str, moved))} of all atoms{signs}: "
        what += "the change of the scores is common to them"
        found.append(MixtureSymmetry("score translation", "free", what))
    if shown is not None and shown.pair > 0:
        curves = "one more curve" if shown.pair == 1 else f"{shown.pair} more dimensions"
        what = f"for k = 2, at a generic point: {curves} of mixtures with one density"
        found.append(MixtureSymmetry("pair", "free", what))
    moving = (p for p in shifted if sp.diff(spec.gate.log_weight, p).has(*covariates(spec.dim)))
    if split := _vectors(moving):
        n = split[-1]
        what = f"for k >= 2k*: split every atom alike, {n} + delta and {n} - delta with equal weights; it cancels"
        found.append(MixtureSymmetry("split", "every gauge", what))
    # a reflection of what is translated is a translation
    changes = (c for c in sign_changes(spec.gate, spec.dim) if not set(c.parameters) <= set(shifted))
    return (*found, *(_reflection(spec, change) for change in changes))


def _vectors(parameters: Iterable[sp.Symbol]) -> list[str]:
    """The names of parameters, one for all coordinates of a vector."""
    return list(dict.fromkeys(re.sub(r"(_\d+)+$", "", p.name) for p in parameters))


def _reflection(spec: MoESpec, change: SignChange) -> MixtureSymmetry:
    gate, turned = spec.gate, _vectors(change.parameters)
    bias, rest = gate.offset, -change.rest if change.parity == "even" else change.rest
    taken = f", {bias} -> {bias + rest}" if bias is not None and rest.free_symbols else ""
    if change.parity == "even":
        what = ", ".join(f"{n}_i -> -{n}_i" for n in turned)
        return MixtureSymmetry("even", "every gauge", f"{what}{taken}, atom by atom")
    own = gate.own
    swaps = ", ".join(f"({n}_1, {n}_2) -> ({s}{n}_2, {s}{n}_1)" for n in _vectors(own) for s in ["-" * (n in turned)])
    kept = "" if bias is None else taken or f", {bias if bias.has(*own) else BETA0} unchanged"
    return MixtureSymmetry("odd", "free", f"for k = 2: {swaps}{kept}, experts not permuted")


def beyond_parameters(spec: MoESpec) -> tuple[sp.Expr, ...]:
    """The functions of the gate's parameters that are translated where no parameter is itself."""
    shown = scores(spec)
    return () if shown is None or set(translated(spec)) - {BETA0} else shown.translated


@lru_cache(maxsize=64)
def translated(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters to which all atoms may add one constant: d log_weight/dp depends on no parameter of the atom."""
    gate = spec.gate
    own = {*gate.own}
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own if p not in in_conditions(gate.log_weight)}
    free = [p for p, slope in slopes.items() if is_constant_in(slope, slope.free_symbols & own)]
    biased = gate.offset is not None and not sp.diff(gate.offset, BETA0).has(*own)
    return (*free, BETA0) if biased else tuple(free)
