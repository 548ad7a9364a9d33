"""Finds the symmetries of a mixture that are not flows of one atom (theory 2.1.4).

Permutation, translation and splitting, and signs, exchanges and shifts of an atom's parameters that keep gate or mean.

Let theta' be the parameters of an atom with the signs of some changed. Where L(theta') - L(theta) does not depend on x,
atoms may change those signs one by one; where L(theta') + L(theta) depends on nothing that differs between atoms, two
atoms may exchange their parameters and change those signs. The bias beta0 takes up what does not depend on x. Atoms may
also exchange parameters of their own, as the units of log(exp(v x) + exp(w x)), or shift an angle, with signs.

    >>> from temperance.theory.models.by_name import model
    >>> [str(change.parity) for change in sign_changes(model("activation", activation="z**2").gate, 1)]
    ['even']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Literal

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import BETA0, Expert, Gate, Jet, MoESpec, covariates
from temperance.theory.symmetries.score_translations import plain_parameters, scores

Parity = Literal["even", "odd"]
_MOST = 8  # parameters, of which every set is tried; of more each alone, and all
_POINTS = 12
_SHIFTS = (sp.pi / 4, sp.pi / 2, sp.pi, 2 * sp.pi)  # of an angle
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


@dataclass(frozen=True)
class AtomChange:
    """A discrete change of an atom's own parameters that keeps its gate or its mean.

    Attributes:
        kind: "exchange" of parameters, or "shift" of an angle.
        image: where it takes the parameters that it moves.
        rest: L(theta') - L(theta), which the bias takes up.
    """

    kind: Literal["exchange", "shift"]
    image: tuple[tuple[sp.Symbol, sp.Expr], ...]
    rest: sp.Expr


@lru_cache(maxsize=64)
def sign_changes(gate: Gate, dim: int) -> tuple[SignChange, ...]:
    """The even sign changes that generate all that are proved, smallest first, and then an odd one if one is proved.

    Each is an identity that is proved exactly, on every piece of a gate with kinks; none is told from a name.
    """
    own = _of_both_signs(gate.own)
    values = _Values(gate.log_weight, covariates(dim))
    even = _even(own, values, lambda subset: _proved(gate, dim, subset, "even"))
    subsets = (subset for subset in _candidates(own) if values.may_be(_turned(subset), "odd"))
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


@lru_cache(maxsize=64)
def atom_changes(gate: Gate, dim: int) -> tuple[AtomChange, ...]:
    """The exchanges and shifts of an atom's own parameters that are proved to keep the gate."""
    return tuple(
        change
        for change in _changes(gate.log_weight, gate.own, dim)
        if not change.rest.free_symbols & {*covariates(dim)} and (gate.offset is not None or change.rest == 0)
    )


@lru_cache(maxsize=64)
def expert_changes(expert: Expert, dim: int) -> tuple[AtomChange, ...]:
    """The exchanges and shifts of an expert's parameters that are proved to keep its mean."""
    mean = mean_of(expert)
    if mean is None:
        return ()
    own = tuple(p for p in expert.parameters if mean.has(p))
    return tuple(change for change in _changes(mean, own, dim) if change.rest == 0)


def _changes(f: sp.Expr, own: Sequence[sp.Symbol], dim: int) -> Iterator[AtomChange]:
    """Exchanges that no flow makes, and of every angle the smallest shift, with their differences of f."""
    values = _Values(f, covariates(dim))
    for pairs in _disjoint_pairs([p for p in own if len(own) <= _MOST]):
        image = {p: q for pair in pairs for p, q in (pair, pair[::-1])}
        if values.may_be(image, "even") and not all(_are_one(f, *pair, dim) for pair in pairs):
            rest = _on_pieces(f, image, "even")
            if rest is not None:
                yield AtomChange("exchange", tuple(image.items()), rest)
    angles = {p for e in f.atoms(sp.sin, sp.cos, sp.tan) for p in e.free_symbols & {*own}}
    for p in (q for q in own if q in angles and len(own) <= _MOST):
        others = _of_both_signs(q for q in own if q != p)
        turned = [(), *_candidates(others)]
        images = ({p: p + shift, **{q: -q for q in signs}} for shift in _SHIFTS for signs in turned)
        for image in (image for image in images if values.may_be(image, "even")):
            rest = _on_pieces(f, image, "even")
            if rest is not None:
                yield AtomChange("shift", tuple(image.items()), sp.simplify(rest))
                break


def _disjoint_pairs(own: Sequence[sp.Symbol]) -> Iterator[tuple[tuple[sp.Symbol, sp.Symbol], ...]]:
    """Sets of disjoint pairs of parameters with the same assumptions, smaller ones first."""
    pairs = [(p, q) for p, q in combinations(own, 2) if p.assumptions0 == q.assumptions0]
    for size in range(1, len(own) // 2 + 1):
        for chosen in combinations(pairs, size):
            if len({p for pair in chosen for p in pair}) == 2 * size:
                yield chosen


def _are_one(f: sp.Expr, p: sp.Symbol, q: sp.Symbol, dim: int) -> bool:
    """Whether f depends on x through one function of two parameters: a flow exchanges them."""
    ratio = sp.simplify(sp.diff(f, p) / sp.diff(f, q))
    return not ratio.free_symbols & {*covariates(dim)}


def _of_both_signs(parameters: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    return [p for p in parameters if not p.is_positive and not p.is_negative]


def _even(
    own: Sequence[sp.Symbol], values: _Values, proved: Callable[[tuple[sp.Symbol, ...]], SignChange | None]
) -> list[SignChange]:
    """The even sign changes that are proved and follow from no others."""
    changes: list[SignChange] = []
    for subset in _candidates(own):
        if any(set(c.parameters) <= set(subset) for c in changes):
            continue  # that one and the change of the others, which is tried by itself
        if values.may_be(_turned(subset), "even") and (change := proved(subset)) is not None:
            changes.append(change)
    return changes


def is_even(expr: sp.Expr, symbols: Sequence[sp.Symbol]) -> bool:
    """Whether an expression is proved to stay when all of these symbols change their signs."""
    return _on_pieces(expr, _turned(symbols), "even") == 0


def _turned(symbols: Iterable[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
    return {p: -p for p in symbols}


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

    def may_be(self, image: Mapping[sp.Symbol, sp.Expr], parity: Parity) -> bool:
        """Whether L(theta') -+ L(theta) has one value at all points, theta' the image of theta."""
        sign, first = (-1 if parity == "even" else 1), None
        plain = [self.at[p] for p in self.free]
        with mpmath.workdps(_DIGITS):
            mirrored = [self._value(image.get(p, p)) for p in self.free]
            for x in self.x:
                try:
                    rest = self.value(*mirrored, *x) + sign * self.value(*plain, *x)
                except (ZeroDivisionError, ValueError, OverflowError):
                    continue  # excludes nothing
                first = rest if first is None else first
                if abs(rest - first) > _CLOSE * (1 + abs(first)):
                    return False
        return True

    def _value(self, e: sp.Expr) -> mpmath.mpf:
        """The value of a sum of a parameter, perhaps with a sign, and a number."""
        number, rest = e.as_independent(*self.free, as_Add=True)
        sign, p = rest.as_coeff_Mul()
        return sign * self.at[p] + mpmath.mpf(sp.N(number, _DIGITS))


def _proved(gate: Gate, dim: int, subset: tuple[sp.Symbol, ...], parity: Parity) -> SignChange | None:
    rest = _on_pieces(gate.log_weight, _turned(subset), parity)
    if rest is None or rest.free_symbols & {*covariates(dim)}:
        return None
    between = rest.free_symbols & ({*gate.parameters} - {*gate.shared})  # what differs between atoms
    if gate.offset is None and (between if parity == "odd" else rest != 0):
        return None
    return SignChange(subset, parity, rest)


def _on_pieces(expr: sp.Expr, image: Mapping[sp.Symbol, sp.Expr], parity: Parity) -> sp.Expr | None:
    """L(theta') -+ L(theta) where it is one formula on all pieces; None where that is not proved."""
    sign = -1 if parity == "even" else 1
    mirrored = expr.subs(image, simultaneous=True)
    regions = _regions(expr, mirrored)
    if regions is None:
        return None
    differences = [_simplified(g + sign * f) for f, g in regions]
    return differences[0] if all(_simplified(r - differences[0]) == 0 for r in differences) else None


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


EXPERT_EVEN = "expert even"


@dataclass(frozen=True)
class MixtureSymmetry:
    """A change of the parameters of all atoms that leaves the density g(y|x) unchanged.

    gauge: the gauges in which it acts; statement: what it does; identity: of the log weight L or
    the mean h of one atom, where it is one.
    """

    name: str
    gauge: str
    statement: str
    identity: str = ""


def mixture_symmetries(spec: MoESpec) -> tuple[MixtureSymmetry, ...]:
    """The symmetries of a mixture of such atoms, each decided exactly from the log weight of the gate."""
    symmetries = [MixtureSymmetry("permutation", "every gauge", "the atoms may be numbered in any order")]
    shifted = plain_parameters(spec)
    if shifted:
        names = ", ".join(p.name for p in shifted)
        what = f"one constant may be added to {names} of all atoms: the normalisation of the gate takes it away"
        symmetries.append(MixtureSymmetry("translation", "free", what))
    score = scores(spec)
    if score is not None and (translated := score.beyond_parameters):
        signs = "" if score.one_sign is None else f", where {score.one_sign} has one sign in all of them"
        what = f"one constant may be added to {' and to '.join(map(str, translated))} of all atoms{signs}: "
        what += "the change of the scores is common to them"
        symmetries.append(MixtureSymmetry("score translation", "free", what))
    if score is not None and score.pair > 0:
        curves = "one more curve" if score.pair == 1 else f"{score.pair} more dimensions"
        what = f"for k = 2, at a generic point: {curves} of mixtures with one density"
        symmetries.append(MixtureSymmetry("pair", "free", what))
    moving = (p for p in shifted if sp.diff(spec.gate.log_weight, p).has(*covariates(spec.dim)))
    if split := _vectors(moving, spec.dim):
        n = split[0] if len(split) == 1 else f"({', '.join(split)})"
        what = f"for k >= 2k*: split every atom alike, {n} + delta and {n} - delta with equal weights; it cancels"
        symmetries.append(MixtureSymmetry("split", "every gauge", what))
    # a reflection of what is translated is a translation
    changes = (c for c in sign_changes(spec.gate, spec.dim) if not set(c.parameters) <= set(shifted))
    symmetries += [_reflection(spec, change) for change in changes]
    symmetries += [_of_atom(spec, change, "L") for change in atom_changes(spec.gate, spec.dim)]
    for turned in expert_sign_changes(spec.expert, spec.dim):
        what = f"{_axes_turned(turned, spec.dim)}, atom by atom"
        symmetries.append(MixtureSymmetry(EXPERT_EVEN, "every gauge", what, _identity(turned, "h")))
    return (*symmetries, *(_of_atom(spec, change, "h") for change in expert_changes(spec.expert, spec.dim)))


def _of_atom(spec: MoESpec, change: AtomChange, function: str) -> MixtureSymmetry:
    """An exchange or a shift, of the gate (L) or of the mean (h)."""
    image = dict(change.image)
    if change.kind == "exchange":
        pairs = [(p, q) for p, q in change.image if p.name < str(q)]
        what = ", ".join(f"{p}_i <-> {q}_i" for p, q in pairs)
    else:
        what = ", ".join(f"{p}_i -> {str(e).replace(p.name, f'{p}_i')}" for p, e in change.image)
    bias = spec.gate.offset
    shift = f", {bias} -> {bias - change.rest}" if function == "L" and bias is not None and change.rest != 0 else ""
    before, after = ", ".join(map(str, image)), ", ".join(map(str, image.values()))
    identity = f"{function}({after}) - {function}({before}) = {change.rest}"
    name = change.kind if function == "L" else f"expert {change.kind}"
    return MixtureSymmetry(name, "every gauge", f"{what}{shift}, atom by atom", identity)


def _identity(change: SignChange, function: str) -> str:
    names, minus = (", ".join(f"{sign}{p}" for p in change.parameters) for sign in ("", "-"))
    return f"{function}({minus}) {'-' if change.parity == 'even' else '+'} {function}({names}) = {change.rest}"


def _vectors(parameters: Iterable[sp.Symbol], dim: int) -> list[str]:
    """The names of parameters, one for all coordinates of a vector or matrix in dimension dim > 1."""
    symbols = list(parameters)
    stems = [re.sub(r"(_\d+)+$", "", p.name) if dim > 1 else p.name for p in symbols]
    return list(
        dict.fromkeys(stem if stems.count(stem) >= dim else p.name for p, stem in zip(symbols, stems, strict=True))
    )


def _axes_turned(change: SignChange, dim: int) -> str:
    return ", ".join(f"{n}_i -> -{n}_i" for n in _vectors(change.parameters, dim))


def _reflection(spec: MoESpec, change: SignChange) -> MixtureSymmetry:
    gate, turned = spec.gate, _vectors(change.parameters, spec.dim)
    bias, rest = gate.offset, -change.rest if change.parity == "even" else change.rest
    shift = f", {bias} -> {bias + rest}" if bias is not None and rest.free_symbols else ""
    if change.parity == "even":
        what = f"{_axes_turned(change, spec.dim)}{shift}, atom by atom"
        return MixtureSymmetry("even", "every gauge", what, _identity(change, "L"))
    names = [(n, "-" * (n in turned)) for n in _vectors(gate.own, spec.dim)]
    swaps = ", ".join(f"({n}_1, {n}_2) -> ({s}{n}_2, {s}{n}_1)" for n, s in names)
    image = "" if bias is None else shift or f", {bias if bias.has(*gate.own) else BETA0} unchanged"
    return MixtureSymmetry("odd", "free", f"for k = 2: {swaps}{image}, experts not permuted", _identity(change, "L"))
