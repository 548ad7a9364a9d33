"""Computes what holds of a gate from its formula, each trait proved or not known.

>>> from temperance.theory.models.by_name import model
>>> linear = traits(model("linear"))
>>> linear.common, linear.shared, [p.name for p in linear.held], linear.atoms_needed
(1, 1, ['beta1'], 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in, is_zero
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.kinks import Kink, kinks
from temperance.theory.models.pieces import boundaries, formulas_of
from temperance.theory.models.spec import MoESpec, covariates
from temperance.theory.models.weights import is_weighted, own_parameters, weight_parameters
from temperance.theory.symmetries.flows import Flow, flows_of
from temperance.theory.symmetries.score_translations import plain_parameters, scores
from temperance.theory.traits.kernel import Kernel, alone, kernel

_MOST_ATOMS = 5  # that a truth is looked at with
_LENGTH = sp.Dummy("t", positive=True)  # a parameter may be called t


@dataclass(frozen=True)
class Traits:
    """What holds of a gate at generic atoms, None for what is not known.

    weights: parameters that only scale the weight of an atom. weighted: whether an atom has a weight of its own, by one
    of these or by a bias. alone: how many directions keep the score of one atom. common: how many functions of an
    atom's parameters all atoms may change together, whatever k is: the scores are translated. shared: how many more
    curves of one density move a shared parameter. held: parameters of the last atom that fix the translation, in the
    order of the gate. atoms_needed: the least number of atoms with no other curve of one density. kinks: where it is
    not smooth. flows: of one atom, without those of a weight.
    """

    weights: tuple[sp.Symbol, ...]
    weighted: bool
    alone: int | None
    common: int | None
    shared: int | None
    held: tuple[sp.Symbol, ...] | None
    atoms_needed: int | None
    kinks: tuple[Kink, ...]
    flows: tuple[Flow, ...]


@dataclass(frozen=True)
class _LowerBounds:
    """Dimensions that identities show: lower bounds."""

    alone: int
    common: int
    shared: int


@lru_cache(maxsize=256)
def flows_of_gate(spec: MoESpec) -> tuple[Flow, ...]:
    """The exact flows of one atom, without those of a weight, which the gauge fixes."""
    flows, _ = flows_of(derive(spec.gate, spec.expert, dim=spec.dim, order=1))
    weights = set(weight_parameters(spec))
    return tuple(flow for flow in flows if not set(flow.field.moved) <= weights)


def translates(spec: MoESpec) -> bool:
    """Whether an identity shows that all scores can be translated, by functions of the atoms' own parameters."""
    return bool(translations(spec))


def translations(spec: MoESpec) -> tuple[sp.Expr, ...]:
    """The functions of the own parameters that identities show to be translated: of separated scores, or parameters."""
    separated, own = scores(spec), set(own_parameters(spec))
    if separated is None:
        return tuple(p for p in plain_parameters(spec) if p in own)
    weights = weight_parameters(spec)
    return tuple(f for f in separated.translated if f.free_symbols & own and not f.has(*weights))


@lru_cache(maxsize=256)
def traits(spec: MoESpec) -> Traits:
    """The traits of a gate: symmetries by identities (`symmetries`), their absence by minors in balls (`kernel`)."""
    flows = flows_of_gate(spec)
    least = _bound_below(spec, flows)
    exact_alone = least.alone if alone(spec) == least.alone else None
    needed = None if exact_alone is None else _atoms_needed(spec, least)
    return Traits(
        weights=weight_parameters(spec),
        weighted=is_weighted(spec),
        alone=exact_alone,
        common=None if needed is None else least.common,
        shared=None if needed is None else least.shared,
        held=None if needed is None else _held(spec, least, needed),
        atoms_needed=needed,
        kinks=kinks(spec),
        flows=flows,
    )


def _bound_below(spec: MoESpec, flows: tuple[Flow, ...]) -> _LowerBounds:
    """What identities show: flows of one atom, and translations."""
    separated = scores(spec)
    moving = sum(bool(set(flow.field.moved) & set(spec.gate.shared)) for flow in flows)
    scaled = 0 if separated is None else separated.scaled
    return _LowerBounds(len(flows) - moving, len(translations(spec)), max(moving, scaled))


def _atoms_needed(spec: MoESpec, least: _LowerBounds) -> int | None:
    """The least number of atoms that are proved to have no more than identities show."""
    for k in range(2, _MOST_ATOMS + 1):
        own = k * least.alone + least.common
        if kernel(spec, k) == Kernel(own, own + least.shared):
            return k
    return None


def _held(spec: MoESpec, least: _LowerBounds, k: int) -> tuple[sp.Symbol, ...] | None:
    """The parameters of the last atom, in order, each of which takes a translation away; None where some is left."""
    held: list[sp.Symbol] = []
    remaining = least.common
    for p in own_parameters(spec):
        if not remaining:
            break
        most = kernel(spec, k, held=(*held, p))
        if most is not None and most.own - k * least.alone < remaining:
            held.append(p)
            remaining = most.own - k * least.alone
    return None if remaining else tuple(held)


def on_lines(spec: MoESpec, *, shares: bool = False) -> bool:
    """Whether log E on x = t v depends on the own parameters by linear forms that v alone fixes (theory.md 2.10).

    shares: up to what is the same for all t, so that an atom may have another weight there. True by an identity: the
    slopes of some are multiples of those of others, by factors that depend on v alone, in every formula and boundary of
    the gate. For d = 1 there is nothing to show.
    """
    if spec.dim == 1:
        return True
    own, x = own_parameters(spec), covariates(spec.dim)
    line = {v: _LENGTH * u for v, u in zip(x, [sp.Dummy("v", positive=True) for _ in x], strict=True)}
    formulas = [e.subs(line, simultaneous=True) for e in _formulas(spec.gate.log_weight)]
    free = {_LENGTH, *spec.gate.parameters, *spec.gate.constants}
    classes: list[list[sp.Expr]] = []
    for p in own:
        slopes = [sp.diff(e, p) for e in formulas]
        slopes = [f - f.subs(_LENGTH, 0) for f in slopes] if shares else slopes
        if any(f.has(sp.nan, sp.zoo) for f in slopes):  # no value at the origin
            return False
        if not any(_are_multiples(slopes, others, free) for others in classes):
            classes.append(slopes)
    return len(classes) < len(own)


def _formulas(e: sp.Expr) -> list[sp.Expr]:
    """What an expression is between its kinks, and the boundaries there."""
    folded = sp.piecewise_fold(e)
    return [*formulas_of(folded), *boundaries(folded)]


def _are_multiples(slopes: Sequence[sp.Expr], others: Sequence[sp.Expr], free: set[sp.Symbol]) -> bool:
    """Whether slopes are those of another parameter, times one factor without parameters and t."""
    if any((f == 0) != (g == 0) for f, g in zip(slopes, others, strict=True)):
        return False
    ratios = [sp.cancel(f / g) for f, g in zip(slopes, others, strict=True) if g != 0]
    same = all(is_constant_in(r, r.free_symbols & free) for r in ratios)
    return same and all(is_zero(r - ratios[0]) for r in ratios[1:])
