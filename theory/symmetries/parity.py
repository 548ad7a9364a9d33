"""Finds the symmetries of a mixture that are not flows of one atom (theory 2.1.4).

Permutation, translation and splitting, and signs, exchanges and shifts of an atom's parameters that keep gate or mean;
signs of shared parameters change in all atoms together.

Let theta' be the parameters of an atom with the signs of some changed. Where L(theta') - L(theta) does not depend on x,
atoms may change those signs one by one; where L(theta') + L(theta) depends on nothing that differs between atoms, two
atoms may exchange their parameters and change those signs. The bias beta0 takes up what does not depend on x. Atoms may
also exchange parameters of their own, as the units of log(exp(v x) + exp(w x)), or shift an angle, with signs.

    >>> from temperance.theory.models.by_name import model
    >>> [change.kind for change in sign_changes(model("activation", activation="z**2").gate, 1)]
    ['even']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Literal

import sympy as sp
from sympy.core.relational import Relational

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import BETA0, Expert, Gate, MoESpec, covariates
from temperance.theory.symmetries.score_translations import plain_parameters, scores

Parity = Literal["even", "odd"]
_MOST = 8  # parameters, of which every set is tried; of more each alone, and all
_SHIFTS = (sp.pi / 4, sp.pi / 2, sp.pi, 2 * sp.pi)  # of an angle


@dataclass(frozen=True)
class AtomChange:
    """A discrete change theta' of an atom's own parameters, of which a function f, log weight or mean, shows little.

    Attributes:
        kind: "even" or "odd" where signs change, "exchange" of parameters, or "shift" of an angle.
        image: where it takes the parameters that it moves.
        rest: f(theta') - f(theta), which the bias takes up; of an odd change f(theta') + f(theta).
    """

    kind: Literal["even", "odd", "exchange", "shift"]
    image: tuple[tuple[sp.Symbol, sp.Expr], ...]
    rest: sp.Expr

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """What it moves."""
        return tuple(p for p, _ in self.image)


@lru_cache(maxsize=64)
def sign_changes(gate: Gate, dim: int) -> tuple[AtomChange, ...]:
    """The even sign changes that generate all that are proved, smallest first, and then an odd one if one is proved.

    Each is an identity that is proved exactly, on every piece of a gate with kinks; none is told from a name.
    """
    even = _sign_changes(gate.log_weight, gate.own, dim, "even", lambda change: _is_taken_up(gate, dim, change))
    odd = _sign_changes(gate.log_weight, gate.own, dim, "odd", lambda change: _is_taken_up(gate, dim, change))
    return (*even, *sorted(odd, key=lambda change: bool(change.rest.free_symbols & {*_of_both_signs(gate.own)}))[:1])


@lru_cache(maxsize=64)
def common_sign_changes(gate: Gate, dim: int) -> tuple[AtomChange, ...]:
    """The even sign changes of shared parameters and others, which all atoms make together."""

    def accepts(change: AtomChange) -> bool:
        is_common = not {*gate.shared}.isdisjoint(change.parameters)
        return is_common and not change.rest.free_symbols & {*covariates(dim), *gate.own, *gate.bias}

    if not _of_both_signs(gate.shared):
        return ()
    return tuple(_sign_changes(gate.score, (*gate.parameters, *gate.bias), dim, "even", accepts))


def _is_taken_up(gate: Gate, dim: int, change: AtomChange) -> bool:
    """Whether the bias of an atom takes up what a change leaves of the log weight."""
    if change.rest.free_symbols & {*covariates(dim)}:
        return False
    if gate.offset is not None:
        return True
    return not change.rest.free_symbols & {*gate.own} if change.kind == "odd" else change.rest == 0


def _of_gate(gate: Gate, dim: int) -> list[AtomChange]:
    """The exchanges and shifts of an atom's own parameters that are proved to keep the gate."""
    return [change for change in _moves(gate.log_weight, gate.own, dim) if _is_taken_up(gate, dim, change)]


def _of_expert(expert: Expert, dim: int) -> list[AtomChange]:
    """The changes of an expert's parameters that are proved to keep its mean."""
    mean = mean_of(expert)
    if mean is None:
        return []
    own = tuple(p for p in expert.parameters if mean.has(p))
    signs = _sign_changes(mean, own, dim, "even", lambda change: change.rest == 0)
    return [*signs, *(change for change in _moves(mean, own, dim) if change.rest == 0)]


def _sign_changes(
    f: sp.Expr,
    parameters: Iterable[sp.Symbol],
    dim: int,
    kind: Literal["even", "odd"],
    accepts: Callable[[AtomChange], bool],
) -> list[AtomChange]:
    """The sign changes that are accepted, of even ones those that follow from no others."""
    changes: list[AtomChange] = []
    for subset in _candidates(_of_both_signs(parameters)):
        if kind == "even" and any(set(c.parameters) <= set(subset) for c in changes):
            continue  # that one and the change of the others, which is tried by itself
        image = {p: -p for p in subset}
        rest = _on_pieces(f, image, kind, covariates(dim))
        if rest is not None and accepts(change := AtomChange(kind, tuple(image.items()), rest)):
            changes.append(change)
    return changes


def _moves(f: sp.Expr, own: Sequence[sp.Symbol], dim: int) -> Iterator[AtomChange]:
    """Exchanges that no flow makes, and of every angle the smallest shift, with their differences of f."""
    if len(own) > _MOST:
        return
    x = covariates(dim)
    for pairs in _disjoint_pairs(own):
        image = {p: q for pair in pairs for p, q in (pair, pair[::-1])}
        rest = _on_pieces(f, image, "even", x)
        # where f depends on x through one function of two parameters, a flow exchanges them
        ratios = (sp.simplify(sp.diff(f, p) / sp.diff(f, q)) for p, q in pairs)
        if rest is not None and any(ratio.has(*x) for ratio in ratios):
            yield AtomChange("exchange", tuple(image.items()), rest)
    angles = {p for e in f.atoms(sp.sin, sp.cos, sp.tan) for p in e.free_symbols & {*own}}
    for p in (q for q in own if q in angles):
        turned = [(), *_candidates(_of_both_signs(q for q in own if q != p))]
        images = ({p: p + shift, **{q: -q for q in signs}} for shift in _SHIFTS for signs in turned)
        for image in images:
            rest = _on_pieces(f, image, "even", x)
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


def _of_both_signs(parameters: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    return [p for p in parameters if not p.is_positive and not p.is_negative]


def is_even(expr: sp.Expr, symbols: Sequence[sp.Symbol]) -> bool:
    """Whether an expression is proved to stay when all of these symbols change their signs."""
    return _on_pieces(expr, {p: -p for p in symbols}, "even") == 0


def _candidates(own: Sequence[sp.Symbol]) -> Iterator[tuple[sp.Symbol, ...]]:
    """Sets of parameters, smaller ones first."""
    sizes: Iterable[int] = range(1, len(own) + 1) if len(own) <= _MOST else (1, len(own))
    for size in sizes:
        yield from combinations(own, size)


def _on_pieces(
    expr: sp.Expr, image: Mapping[sp.Symbol, sp.Expr], parity: Parity, x: Sequence[sp.Symbol] = ()
) -> sp.Expr | None:
    """L(theta') -+ L(theta) where it is one formula on all pieces; None where that is not proved, or x is in it."""
    sign = -1 if parity == "even" else 1
    mirrored = expr.subs(image, simultaneous=True)
    regions = _regions(expr, mirrored)
    if regions is None or not all(is_constant_in(g + sign * f, x) for f, g in regions):
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


@dataclass(frozen=True)
class MixtureSymmetry:
    """A change of the parameters of all atoms that leaves the density g(y|x) unchanged.

    gauge: the gauges in which it acts; statement: what it does; identity: of the log weight L or
    the mean h of one atom, where it is one, or of S, the log weight without its bias.
    """

    name: str
    gauge: str
    statement: str
    identity: str = ""


@lru_cache(maxsize=64)
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
    reflections = [c for c in sign_changes(spec.gate, spec.dim) if not set(c.parameters) <= set(shifted)]
    symmetries += [_of_atoms(spec, change, "L") for change in (*reflections, *_of_gate(spec.gate, spec.dim))]
    symmetries += [_of_all_atoms(spec, change) for change in common_sign_changes(spec.gate, spec.dim)]
    return (*symmetries, *(_of_atoms(spec, change, "h") for change in _of_expert(spec.expert, spec.dim)))


def _of_atoms(spec: MoESpec, change: AtomChange, function: Literal["L", "h"]) -> MixtureSymmetry:
    """The symmetry of a mixture by a change of the gate (L) or of the mean (h) of its atoms."""
    bias, odd = spec.gate.offset if function == "L" else None, change.kind == "odd"
    identity = _identity(change, "S" if odd and bias is not None else function)  # with its bias no score is odd
    if odd:
        return MixtureSymmetry("odd", "free", _two_exchanged(spec, change), identity)
    name = change.kind if function == "L" else f"expert {change.kind}"
    shift = f", {bias} -> {bias - change.rest}" if bias is not None and change.rest != 0 else ""
    return MixtureSymmetry(name, "every gauge", f"{_image(change, spec.dim)}{shift}, atom by atom", identity)


def _of_all_atoms(spec: MoESpec, change: AtomChange) -> MixtureSymmetry:
    """The symmetry of a mixture by a change of signs that shared parameters make."""
    gate = spec.gate
    groups = ([p for p in change.parameters if (p in gate.shared) is shared] for shared in (True, False))
    shared, own = (_vectors(group, spec.dim) for group in groups)
    image = [*(f"{n} -> -{n}" for n in shared), *(f"{n}_i -> -{n}_i" for n in own)]
    what = f"{', '.join(image)}, in all atoms together"
    return MixtureSymmetry("sign", "every gauge", what, _identity(change, "L"))


def _identity(change: AtomChange, letter: str) -> str:
    """What a change leaves of a function with that letter."""
    before, after = (", ".join(str(e[side]) for e in change.image) for side in (0, 1))
    return f"{letter}({after}) {'+' if change.kind == 'odd' else '-'} {letter}({before}) = {change.rest}"


def _image(change: AtomChange, dim: int) -> str:
    """Where a change takes the parameters of an atom i."""
    if change.kind == "even":
        return ", ".join(f"{n}_i -> -{n}_i" for n in _vectors(change.parameters, dim))
    if change.kind == "exchange":
        return ", ".join(f"{p}_i <-> {q}_i" for p, q in change.image if p.name < str(q))
    return ", ".join(f"{p}_i -> {str(e).replace(p.name, f'{p}_i')}" for p, e in change.image)


def _two_exchanged(spec: MoESpec, change: AtomChange) -> str:
    """Two atoms exchange their parameters, with the signs of an odd change."""
    gate, turned, bias = spec.gate, _vectors(change.parameters, spec.dim), spec.gate.offset
    names = [(n, "-" * (n in turned)) for n in _vectors(gate.own, spec.dim)]
    swaps = ", ".join(f"({n}_1, {n}_2) -> ({s}{n}_2, {s}{n}_1)" for n, s in names)
    image = ""
    if bias is not None and change.rest.free_symbols:
        image = f", {bias} -> {bias + change.rest}"
    elif bias is not None:
        image = f", {bias if bias.has(*gate.own) else BETA0} unchanged"
    return f"for k = 2: {swaps}{image}, experts not permuted"


def _vectors(parameters: Iterable[sp.Symbol], dim: int) -> list[str]:
    """The names of parameters, one for all coordinates of a vector or matrix in dimension dim > 1."""
    symbols = list(parameters)
    stems = [re.sub(r"(_\d+)+$", "", p.name) if dim > 1 else p.name for p in symbols]
    return list(
        dict.fromkeys(stem if stems.count(stem) >= dim else p.name for p, stem in zip(symbols, stems, strict=True))
    )
