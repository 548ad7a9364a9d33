"""Computes what holds of a gate from its formula, each trait proved or not known.

>>> from temperance.theory.models.by_name import model
>>> linear = traits(model("linear"))
>>> linear.common, linear.shared, [p.name for p in linear.held], linear.atoms_needed
(1, 1, ['beta1'], 2)

`kernel` bounds what atoms can change without a change of the differences of their scores (theory 1.1, to first order).

K(k) = {(v_1, .., v_k, b, w): dL_i(v_i) + b_i + w dL_i/d(shared) is one function of x for all i}, at generic atoms. Its
dimension is that of a matrix at rational atoms and points, or less: a rank that balls prove is a lower bound, and no
larger at special atoms than at generic ones.

`understood` says in one line what was understood of a gate and an expert that are formulas:

>>> print(understood(model("kappa*cos(x - c)/tau", "a*x + b")).gate)
gate exp(beta0/tau + kappa*cos(c - x)/tau): own kappa, c; shared tau; held of the last atom: kappa, c; weight of an atom: exp(beta0/tau)
"""  # noqa: E501 - what is printed

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import flint
import sympy as sp
from flint import arb

from temperance.theory.expressions.balls import is_constant_in, is_zero, pivot_rows
from temperance.theory.interactions.independence import (
    BETWEEN_KINKS,
    RANK_BITS,
    drawn,
    drawn_point,
    finite_slopes,
)
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.form import named
from temperance.theory.models.pieces import boundaries, formulas_of
from temperance.theory.models.spec import MoESpec, covariates, is_weighted, own_parameters, weight_parameters, written
from temperance.theory.symmetries.flows import Flow, flows_of
from temperance.theory.symmetries.score_translations import plain_parameters, scores

_DRAWS = 40  # of atoms, until their scores are real at enough points


def kernel(spec: MoESpec, k: int, *, held: Collection[sp.Symbol] = (), shared: bool = False) -> int | None:
    """A bound of the dimension of K for k atoms; None where the scores were real at no atoms that were drawn.

    Parameters that may have both signs are positive in all atoms. held: parameters of the last atom that do not move.
    shared: whether shared parameters move.
    """
    values, own, biased = _derivatives(spec, k), own_parameters(spec), is_weighted(spec)
    if values is None:
        return None
    keep = [(i, c) for i in range(k) for c, p in enumerate(own) if i < k - 1 or p not in held]
    common = range(len(own), len(own) + len(spec.gate.shared)) if shared else ()
    rows = []
    with flint.ctx.workprec(RANK_BITS):
        for *others, last in values:
            for i, mine in enumerate(others):
                row = [mine[c] if a == i else -last[c] if a == k - 1 else arb(0) for a, c in keep]
                row += [arb(a == i) for a in range(k - 1)] if biased else []
                rows.append(row + [mine[c] - last[c] for c in common])
        return len(rows[0]) - len(pivot_rows(rows))


def alone(spec: MoESpec, held: Collection[sp.Symbol] = ()) -> int | None:
    """A bound of how many directions keep the score of one atom, up to a constant where it has a weight.

    held: parameters that do not move.
    """
    values, keep = _derivatives(spec, 1), [c for c, p in enumerate(own_parameters(spec)) if p not in held]
    if values is None:
        return None
    with flint.ctx.workprec(RANK_BITS):
        rows = [[slopes[c] for c in keep] + [arb(1)] * is_weighted(spec) for (slopes,) in values]
        return len(rows[0]) - len(pivot_rows(rows))


@lru_cache(maxsize=16)  # asked again for every parameter that may be held
def _derivatives(spec: MoESpec, k: int) -> list[list[list[arb]]] | None:
    """The derivatives of a log weight by own and shared parameters, at some points and, at each, at k atoms."""
    gate, own = spec.gate, own_parameters(spec)
    wanted = k * (len(own) + 1) + 6
    kinked = gate.log_weight.has(sp.Piecewise)
    if kinked:
        wanted = max(wanted, BETWEEN_KINKS)
    shared = {p: sp.Rational(13, 10) + i for i, p in enumerate(gate.shared)}
    fixed = {p: sp.Rational(7, 5) for p in (*weight_parameters(spec), *gate.constants)}
    for seed in range(_DRAWS):
        rng = random.Random(seed)
        atoms = [{**drawn(own, rng, one_sign=k > 1), **shared, **fixed} for _ in range(k)]
        points = [drawn_point(spec.dim, rng) for _ in range(wanted)]
        points += [drawn_point(spec.dim, rng, wide=True) for _ in range(wanted // 2 * kinked)]
        tables = (finite_slopes(gate.log_weight, (*own, *gate.shared), atoms, x) for x in points)
        finite = [[slopes[1:] for slopes in table] for table in tables if table is not None]
        if len(finite) >= wanted - len(points) // 8:
            return finite
    return None


_MOST_ATOMS = 5  # that a truth is looked at with
_LENGTH = sp.Dummy("t", positive=True)  # a parameter may be called t


@dataclass(frozen=True)
class Traits:
    """What holds of a gate at generic atoms, None for what is not known.

    alone: how many directions keep the score of one atom. common: how many functions of an atom's parameters all atoms
    may change together, whatever k is: the scores are translated. shared: how many more curves of one density move a
    shared parameter. held: parameters of the last atom that fix the translation, in the order of the gate.
    atoms_needed: the least number of atoms with no other curve of one density.
    """

    alone: int | None
    common: int | None = None
    shared: int | None = None
    held: tuple[sp.Symbol, ...] | None = None
    atoms_needed: int | None = None


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


def held_of_split(spec: MoESpec, own: Sequence[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    """Those of some own parameters that the gauge holds in the last atom of cells that are all split.

    All of them where scores can be translated and it is not known what takes that away.
    """
    held = traits(spec).held if translates(spec) else ()
    return tuple(p for p in own if held is None or p in held)


@lru_cache(maxsize=256)
def traits(spec: MoESpec) -> Traits:
    """The traits of a gate: symmetries by identities (`symmetries`), their absence by minors in balls (`kernel`)."""
    flows, separated = flows_of_gate(spec), scores(spec)
    moving = sum(bool(set(flow.field.moved) & set(spec.gate.shared)) for flow in flows)
    of_one, common = len(flows) - moving, len(translations(spec))
    shared = max(moving, 0 if separated is None else separated.scaled)
    if alone(spec) != of_one:
        return Traits(None)
    needed = _atoms_needed(spec, of_one, common, shared)
    if needed is None:
        return Traits(of_one)
    return Traits(of_one, common, shared, _held(spec, of_one, common, needed), needed)


def _atoms_needed(spec: MoESpec, of_one: int, common: int, shared: int) -> int | None:
    """The least number of atoms that are proved to have no more than identities show."""
    for k in range(2, _MOST_ATOMS + 1):
        own = k * of_one + common
        if kernel(spec, k) == own and kernel(spec, k, shared=True) == own + shared:
            return k
    return None


def _held(spec: MoESpec, of_one: int, common: int, k: int) -> tuple[sp.Symbol, ...] | None:
    """The parameters of the last atom, in order, that fix what all may be translated by; None where some is left.

    Those that take a translation away, then those that only stop a flow of the atom: of v w, both are held.
    """
    own, held, remaining, most = own_parameters(spec), set[sp.Symbol](), common, k * of_one + common
    for stops_flows, p in product((False, True), own):
        at_most, still = kernel(spec, k, held={*held, p}), alone(spec, {*held, p})
        if not remaining or at_most is None or still is None:
            break
        after = at_most - (k - 1) * of_one - still
        if after < remaining or (stops_flows and at_most < most):
            held, remaining, most = {*held, p}, after, at_most
    return None if remaining else tuple(p for p in own if p in held)


def on_lines(spec: MoESpec, *, shares: bool = False) -> bool:
    """Whether log E on x = t v depends on the own parameters by linear forms that v alone fixes (theory 5.9.1).

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


@dataclass(frozen=True)
class Understood:
    """What was understood of a model.

    held: own parameters of the last atom that fix what all scores may be translated by; None where that is not known.
    """

    spec: MoESpec
    held: tuple[sp.Symbol, ...] | None

    @property
    def name(self) -> str | None:
        """Of the gate in the table, if it has one."""
        return named(self.spec.gate, self.spec.dim)

    @property
    def density(self) -> str:
        """The expert's, as text."""
        return written(self.spec)[1]

    @property
    def weight(self) -> str | None:
        """The factor that is an atom's weight of its own, as text; None where there is none."""
        offset = self.spec.gate.offset
        factors = [*weight_parameters(self.spec), *([] if offset is None else [sp.exp(offset)])]
        return str(sp.prod(factors)) if factors else None

    @property
    def gate(self) -> str:
        """The gate, in one line."""
        gate = self.spec.gate
        held = "not known" if self.held is None else _listed(self.held) or "nothing"
        parameters = (
            f"own {_listed(gate.own)}; shared {_listed(gate.shared) or 'nothing'}; held of the last atom: {held}"
        )
        return f"gate {written(self.spec)[0]}: {parameters}; weight of an atom: {self.weight or 'none of its own'}"

    def __str__(self) -> str:
        return f"{self.gate}; expert {self.density}: own {_listed(self.spec.expert.parameters)}"

    def record(self) -> dict[str, Any]:
        """The gate as JSON."""
        return {
            "name": self.name,
            "formula": written(self.spec)[0],
            "own": [p.name for p in self.spec.gate.own],
            "shared": [p.name for p in self.spec.gate.shared],
            "held": None if self.held is None else [p.name for p in self.held],
            "weight": self.weight,
        }


def _listed(parameters: Sequence[sp.Symbol]) -> str:
    return ", ".join(p.name for p in parameters)


def understood(spec: MoESpec) -> Understood:
    """What was understood of a model; `traits` says what is held."""
    return Understood(spec, traits(spec).held)
