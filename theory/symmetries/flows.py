"""Turns first-order relations into flows, invariants and identifiable functions (theory.md 2.2).

A relation sum_i c_i u_i = m u of order 1 says that the vector field V = sum_i c_i d_i satisfies V u = m u. Its flow
theta(l), with l d theta/d l = V(theta(l)), multiplies u by l^m if m is constant along it. The functions f with V f = 0
are all that u determines of theta.

    >>> from temperance.theory.interactions.interactions import derive
    >>> from temperance.theory.symmetries.flows import symmetries
    >>> found = symmetries(derive("linear"))
    >>> [flow.statement for flow in found.flows]
    ['(beta1, tau, beta0) -> (l*beta1, l*tau, l*beta0)']
    >>> [str(f) for f in found.identifiable]
    ['beta1/tau', 'beta0/tau', 'a', 'b', 'nu']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from temperance.theory.interactions.interactions import Interactions, Relation
from temperance.theory.models.density import atom_symbol
from temperance.theory.models.gates import cosine
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.renaming import renaming
from temperance.theory.models.spec import BETA0, MoESpec
from temperance.theory.symmetries.discrete_symmetries import (
    MixtureSymmetry,
    beyond_parameters,
    mixture_symmetries,
    translated,
)
from temperance.theory.symmetries.score_translations import Scores, in_mixture, scores
from temperance.theory.symmetries.vector_fields import SCALE, VectorField, integrated


@dataclass(frozen=True)
class Flow:
    """A one-parameter group that changes an atom by a factor, integrated from a first-order relation.

    orbit: where the group element l takes every moved parameter, and beta0, which undoes the factor in the mixture;
    invariants: functionally independent functions of the moved parameters and beta0 that are constant on orbits.
    together: whether all atoms must move with the same l (a shared parameter moves, or a common factor must cancel).
    """

    field: VectorField
    orbit: tuple[tuple[sp.Symbol, sp.Expr], ...]
    invariants: tuple[sp.Expr, ...]
    together: bool

    @property
    def statement(self) -> str:
        """The flow as text."""
        factors = {p: sp.cancel(e / p) for p, e in self.orbit}
        before = ", ".join(p.name for p in factors)
        after = ", ".join(str(e) if p in factors[p].free_symbols else f"{factors[p]}*{p}" for p, e in self.orbit)
        return f"({before}) -> ({after})" if len(self.orbit) > 1 else f"{before} -> {after}"

    @property
    def gauge(self) -> str:
        """The gauges that the flow keeps: one of an atom with beta1 = 0 and beta0 = 0 is every one."""
        kept = all(e.subs(p, 0) == 0 for p, e in self.orbit)
        return "every gauge" if kept else "free, up to a translation"


class Unintegrated(NamedTuple):
    """A relation of order 1 that gave no flow, and why."""

    field: VectorField
    equation: str
    why: str

    def __str__(self) -> str:
        return f"{self.equation}: {self.why}"


@dataclass(frozen=True)
class Symmetries:
    """Flows and discrete symmetries of a model, and what is identifiable.

    identifiable: functions of one atom's parameters (and beta0) that generate the invariants of all flows, and of two
    atoms, [i] and [j], where all scores can be translated; None where a flow could not be integrated. unintegrated:
    relations of order 1 that gave no flow. proved: what is proved of the identifiable functions, and in which
    gauge.
    """

    flows: tuple[Flow, ...]
    discrete: tuple[MixtureSymmetry, ...]
    identifiable: tuple[sp.Expr, ...] | None
    unintegrated: tuple[Unintegrated, ...]
    proved: str


def flows_of(found: Interactions) -> tuple[list[Flow], list[Unintegrated]]:
    """The flows of the first-order relations of a model, found by `derive`; of those that give none, why.

    Every flow is checked: it keeps the kinks of the gate in place, and leaves its invariants constant.
    """
    flows: list[Flow] = []
    failures: list[Unintegrated] = []
    for field, equation in _fields(found):
        flow = _integrate(found.spec, field)
        if isinstance(flow, Flow):
            flows.append(flow)
        else:
            failures.append(Unintegrated(field, equation, flow))
    return flows, failures


def symmetries(found: Interactions) -> Symmetries:
    """The symmetries of a model and its identifiable functions, from its first-order relations (`flows_of`)."""
    flows, failures = flows_of(found)
    moved = [p for flow in flows for p, _ in flow.orbit if p != BETA0]
    overlap = len(moved) > len(set(moved))
    identifiable = None if failures or overlap else _identifiable(found.spec, flows)
    shown = scores(found.spec)
    scaled = shown is not None and shown.scaled and not any(flow.together for flow in flows)
    freed = shown is not None and bool(beyond_parameters(found.spec) or (scaled and shown.one_sign is None))
    if identifiable is not None and shown is not None and freed:
        identifiable = in_mixture(found.spec, shown, identifiable)
    discrete = mixture_symmetries(found.spec)
    if shown is not None and scaled:
        what = f"{found.spec.gate.shared[0]} can move with the atoms so that all scores change by one function of x"
        signs = "" if shown.one_sign is None else f", where {shown.one_sign} has one sign in all atoms"
        discrete = (*discrete, MixtureSymmetry("temperature", "free", what + signs))
    proved = _proved(found, identifiable, shown if freed else None, pair=any(s.name == "pair" for s in discrete))
    return Symmetries(tuple(flows), discrete, identifiable, tuple(failures), proved)


def _fields(found: Interactions) -> list[tuple[VectorField, str]]:
    """The vector fields of the generators of order 1, with their equations.

    Where the gate has kinks, u_p = 0 on every piece is taken as p u_p = 0, for all such p together: of its multiples
    this is the one whose flow can keep a kink at z = 0 in place.
    """
    first = [g for g in found.generators if g.order == 1]
    kinked = found.spec.gate.log_weight.has(sp.Piecewise)
    alone = [g for g in first if kinked and len(g.terms) == 1]
    fields = [(vector_field(g), g.equation) for g in first if g not in alone]
    if alone:
        components = tuple((p, p) for g in alone for p in vector_field(g).moved)
        fields.append((VectorField(components, sp.S.Zero), "; ".join(g.equation for g in alone)))
    return fields


def _integrate(spec: MoESpec, field: VectorField) -> Flow | str:
    kinks = boundaries(spec.gate.log_weight)
    if any(not sp.denom(sp.cancel(field(b) / b)).is_number for b in kinks):  # V b is no multiple of b
        return "it holds on every piece of the gate, but its flow moves a kink: not a symmetry"
    if field.multiplier.free_symbols & set(field.moved):
        return "the factor by which it changes u is not constant along its flow"
    solved = integrated(spec, field)
    if solved is None:
        return "its flow was not integrated in closed form"
    orbit, invariants = solved
    # wherever the arguments of absolute values are not 0
    sides = {f.replace(sp.Abs, lambda e, sign=sign: sign * e) for f in invariants for sign in (1, -1)}
    if any(field(side) != 0 for side in sides):
        return "the invariants found for it did not verify"
    return _with_bias(spec, field, orbit, invariants) or "its flow was not extended to beta0"


def vector_field(relation: Relation) -> VectorField:
    """The vector field of a relation of order 1, scaled so that its coefficients are as simple as they can be."""
    by_place = {alpha.index(1) if any(alpha) else -1: c for c, alpha in relation.terms}
    multiplier = -by_place.pop(-1, sp.S.Zero)
    components = tuple((p, by_place[i]) for i, p in enumerate(relation.parameters) if i in by_place)
    moved = {p for p, _ in components}
    if any(c.free_symbols & moved for _, c in components):
        factor = min((sp.cancel(c / p) for p, c in components), key=sp.count_ops)
        scaled = tuple((p, sp.cancel(c / factor)) for p, c in components)
        if not factor.is_number and all(not sp.cancel(c / p).free_symbols & moved for p, c in scaled):
            return VectorField(scaled, sp.cancel(multiplier / factor))
    return VectorField(components, multiplier)


def _with_bias(spec: MoESpec, field: VectorField, orbit: tuple, invariants: tuple) -> Flow | None:
    """Let beta0 move so that the weight of the atom in the mixture stays: offset' + multiplier log l = offset."""
    shared = any(p in spec.gate.shared for p in field.moved)
    offset = spec.gate.offset
    if offset is None:
        common = field.multiplier != 0  # a factor of one atom alone would change the mixture
        if common and not shared:  # in a mixture all of whose atoms move together, one tells relative to another
            p = field.moved[0]
            invariants = (*invariants, atom_symbol(p, "i") / atom_symbol(p, "j"))
        return Flow(field, orbit, invariants, shared or common)
    slope = sp.diff(offset, BETA0).subs(dict(orbit), simultaneous=True)
    new = sp.expand(sp.simplify((offset - field.multiplier * sp.log(SCALE)) / slope))
    if new == BETA0:
        return Flow(field, orbit, invariants, shared)
    extra = _bias_invariant(field, offset)
    return None if extra is None else Flow(field, (*orbit, (BETA0, new)), (*invariants, extra), shared)


def _bias_invariant(field: VectorField, offset: sp.Expr) -> sp.Expr | None:
    """The function of beta0 that the extended flow leaves constant: offset/m + t where V t = 1."""
    if field.multiplier == 0:
        return offset
    for p, c in field.components:
        if not c.free_symbols & set(field.moved):
            return offset / field.multiplier + p / c
        if not (weight := sp.cancel(c / p)).free_symbols & set(field.moved):
            return offset / field.multiplier + sp.log(p if p.is_positive else sp.Abs(p)) / weight
    return None


def _identifiable(spec: MoESpec, flows: list[Flow]) -> tuple[sp.Expr, ...]:
    """The invariants of all flows (which move disjoint parameters) and the parameters that none moves."""
    moved = {p for flow in flows for p, _ in flow.orbit}
    invariant = [f for flow in flows for f in flow.invariants]
    bias = [] if spec.gate.offset is None or BETA0 in moved else [BETA0]
    gate = [p for p in spec.gate.parameters if p not in moved]
    return (*invariant, *gate, *bias, *(p for p in spec.expert.parameters if p not in moved))


def _proved(found: Interactions, identifiable: tuple[sp.Expr, ...] | None, shown: Scores | None, *, pair: bool) -> str:
    if identifiable is None:
        return "flows only: the identifiable functions were not computed"
    text = (
        "proved: every flow, and that these functions are constant on its orbits; at a generic point they determine the"
        " atom u locally and everything identifiable is a function of them (there are no further relations of order 1)"
    )
    if not found.proved:
        text = text.replace("there are no further", "assuming that there are no further")
    if shown is not None:
        text += "; in the free gauge all scores can change by one function of x, which leaves the functions listed"
        if shown.one_sign is not None:
            text += (
                f" (where {shown.one_sign} has one sign in all atoms; otherwise those of each atom are identifiable)"
            )
    text += "; in a mixture: modulo its discrete symmetries"
    if translated(found.spec):
        text += ", beta0 and translated parameters relative to one atom"
    if pair:
        text += "; two atoms (k = 2, free gauge) have a further curve of one density: not all of these are identifiable"
    if found.spec.dim > 1 and renaming(found.spec.gate, cosine(found.spec.dim)):  # see docs/engineers.md
        few = f"; of at most d = {found.spec.dim} atoms not tau, only the differences of beta1/(|beta1| tau)"
        text += few + " are identifiable"
    return text
