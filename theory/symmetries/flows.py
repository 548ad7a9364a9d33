"""Turns first-order relations into flows, invariants and identifiable functions (theory 2.1).

A relation sum_i c_i u_i = m u of order 1 says that the vector field V = sum_i c_i d_i satisfies V u = m u. Its flow
theta(l), with l d theta/d l = V(theta(l)), multiplies u by l^m if m is constant along it. The functions f with V f = 0
are all that u determines of theta.

    >>> from temperance.theory.interactions.interactions import derive
    >>> from temperance.theory.symmetries.flows import symmetries
    >>> linear = symmetries(derive("linear"))
    >>> [flow.statement for flow in linear.flows]
    ['(beta1, tau, beta0) -> (l*beta1, l*tau, l*beta0)']
    >>> [str(f) for f in linear.identifiable]
    ['beta1/tau', 'beta0/tau', 'a', 'b', 'nu']

`exact_symmetries` lists what is proved of a mixture with any gate, each with the identity behind it:

    >>> from temperance.theory.models.by_name import model
    >>> for symmetry in exact_symmetries(model("v*tanh(w*x)/tau"), 2, "free")[1:]:
    ...     print(symmetry.kind, symmetry.identity)
    translation L(beta0 + t) - L(beta0) = t/tau
    flow v*u_{v} + tau*u_{tau} = 0
    even L(-v, -w) - L(v, w) = 0
    odd S(-v) + S(v) = 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from temperance.theory.interactions.independence import null_directions
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.models.form import renaming
from temperance.theory.models.gates import Gauge, cosine
from temperance.theory.models.spec import BETA0, MoESpec, atom_symbol
from temperance.theory.symmetries.parity import MixtureSymmetry, mixture_symmetries
from temperance.theory.symmetries.score_translations import Scores, generic_rank, in_mixture, plain_parameters, scores
from temperance.theory.symmetries.vector_fields import VectorField, integrated, keeps_kinks, vector_field


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

    def keeps(self, spec: MoESpec, f: sp.Expr) -> bool:
        """Whether a function is constant on its orbits."""
        return _keeps(with_bias(spec, self.field), f)

    @property
    def gauge(self) -> str:
        """The gauges that the flow keeps: one of an atom with beta1 = 0 and beta0 = 0 is every one."""
        keeps_anchor = all(e.subs(p, 0) == 0 for p, e in self.orbit)
        return "every gauge" if keeps_anchor else "free, up to a translation"


class Unintegrated(NamedTuple):
    """A relation of order 1 that gave no flow, and why."""

    field: VectorField
    equation: str
    reason: str

    def __str__(self) -> str:
        return f"{self.equation}: {self.reason}"


class Unexplained(NamedTuple):
    """A number of atoms whose mixture has more null directions than the symmetries that are listed."""

    atoms: int
    directions: int
    listed: int

    def __str__(self) -> str:
        return (
            f"{self.atoms} atoms: at random points the Jacobian of the mixture has {self.directions} null directions, "
            f"and the symmetries listed explain {self.listed}"
        )


_NOT_ENOUGH = "identifiable functions: fewer were computed than the symmetries leave"
_ATOMS = (2, 3)  # of the mixtures whose Jacobian is looked at
_MANY = (4, 7)  # atoms that are looked at where three have more null directions than are listed: d + 1, within these


@dataclass(frozen=True)
class Symmetries:
    """Flows and discrete symmetries of a model, and what is identifiable.

    identifiable: functions of one atom's parameters (and beta0) that generate the invariants of all flows, and of two
    atoms, [i] and [j], where all scores can be translated; None where that is not decided. unintegrated: relations of
    order 1 that gave no flow. unexplained: where the Jacobian of a mixture has more null directions than are listed
    here. proved: what is proved of the identifiable functions, and in which gauge.
    """

    flows: tuple[Flow, ...]
    discrete: tuple[MixtureSymmetry, ...]
    identifiable: tuple[sp.Expr, ...] | None
    unintegrated: tuple[Unintegrated, ...]
    unexplained: tuple[Unexplained, ...]
    proved: str

    @property
    def undecided(self) -> tuple[str, ...]:
        """Why the identifiable functions are not decided; nothing where they are."""
        reasons = (*(f"the flow of {text}" for text in self.unintegrated), *map(str, self.unexplained))
        return reasons or (() if self.identifiable is not None else (_NOT_ENOUGH,))


def flows_of(interactions: Interactions) -> tuple[list[Flow], list[Unintegrated]]:
    """The flows of the first-order relations of a model, found by `derive`; of those that give none, why.

    Every flow is checked: it keeps the kinks of the gate in place, and leaves its invariants constant.
    """
    flows: list[Flow] = []
    failures: list[Unintegrated] = []
    for field, equation in _fields(interactions):
        flow = _integrate(interactions.spec, field)
        if isinstance(flow, Flow):
            flows.append(flow)
        else:
            failures.append(Unintegrated(field, equation, flow))
    return flows, failures


def symmetries(interactions: Interactions) -> Symmetries:
    """The symmetries of a model and its identifiable functions, from its first-order relations (`flows_of`)."""
    spec, (flows, failures) = interactions.spec, flows_of(interactions)
    score = scores(spec)
    together = sum(flow.together and not {*spec.gate.shared}.isdisjoint(flow.field.moved) for flow in flows)
    scaled = 0 if score is None else max(score.scaled - together, 0)
    freed = score is not None and bool(score.beyond_parameters or (scaled and score.one_sign is None))
    unexplained = _unexplained(interactions, score, scaled)
    decided = not failures and not any(u.atoms == _many(spec) for u in unexplained)
    identifiable = _identifiable(spec, flows, score if freed else None) if decided else None
    discrete = mixture_symmetries(spec)
    if score is not None and scaled:
        names = " and ".join(str(p) for p in spec.gate.shared if p not in score.fixed)
        what = f"{names} can move with the atoms so that all scores change by one function of x"
        signs = "" if score.one_sign is None else f", where {score.one_sign} has one sign in all atoms"
        discrete = (*discrete, MixtureSymmetry("temperature", "free", what + signs))
    proved = _proved(interactions, identifiable, score if freed else None, unexplained=unexplained)
    return Symmetries(tuple(flows), discrete, identifiable, tuple(failures), unexplained, proved)


def _unexplained(interactions: Interactions, score: Scores | None, scaled: int) -> tuple[Unexplained, ...]:
    """Where the null directions of mixtures of two, three and many atoms are more than flows and translations."""
    spec, first = interactions.spec, [vector_field(g) for g in interactions.generators if g.order == 1]
    unbiased = spec.gate.offset is None
    together = sum(any(p in spec.gate.shared for p in field.moved) for field in first)
    common = [field for field in first if unbiased and field.multiplier != 0]
    each = sum(not any(p in spec.gate.shared for p in field.moved) and field not in common for field in first)
    plain = len({*plain_parameters(spec)} - {BETA0}) or bool(common)
    gains = plain if score is None else len(score.translated)
    moves = together + gains + scaled + (not unbiased)
    pairs = 0 if score is None else score.pair
    excess: list[Unexplained] = []
    for k in (*_ATOMS, _many(spec)):
        if k > _ATOMS[-1] and not any(u.atoms == _ATOMS[-1] for u in excess):
            break  # more atoms have no more curves
        directions, listed = null_directions(spec, k), k * each + moves
        if directions is not None and directions > listed + pairs * (k == 2):
            excess.append(Unexplained(k, directions, listed))
    return tuple(excess)


def _many(spec: MoESpec) -> int:
    """The number of atoms that decides: d + 1 cosines have no more curves, d of them do (docs/engineers.md)."""
    least, most = _MANY
    return min(max(least, spec.dim + 1), most)


def _fields(interactions: Interactions) -> list[tuple[VectorField, str]]:
    """The vector fields of the generators of order 1, with their equations.

    Where the gate has kinks, u_p = 0 on every piece is taken as p u_p = 0, for all such p together: of its multiples
    this is the one whose flow can keep a kink at z = 0 in place.
    """
    first = [g for g in interactions.generators if g.order == 1]
    kinked = interactions.spec.gate.log_weight.has(sp.Piecewise)
    alone = [g for g in first if kinked and len(g.terms) == 1]
    fields = [(vector_field(g), g.equation) for g in first if g not in alone]
    if alone:
        components = tuple((p, p) for g in alone for p in vector_field(g).moved)
        fields.append((VectorField(components, sp.S.Zero), "; ".join(g.equation for g in alone)))
    return fields


def _integrate(spec: MoESpec, field: VectorField) -> Flow | str:
    if not keeps_kinks(spec.gate.log_weight, field):
        return "it holds on every piece of the gate, but its flow moves a kink: not a symmetry"
    shared = any(p in spec.gate.shared for p in field.moved)
    common = spec.gate.offset is None and field.multiplier != 0  # a factor of one atom alone would change the mixture
    if common and field.multiplier.free_symbols & set(field.moved):
        return "the factor by which it changes u is not constant along its flow"
    whole = with_bias(spec, field)
    solved = integrated(spec, whole)
    if solved is None:
        return "its flow was not integrated in closed form"
    orbit, invariants = solved
    if whole is not field and _keeps(whole, spec.gate.offset):
        invariants = (*(f for f in invariants if not f.has(BETA0)), spec.gate.offset)
    if not all(_keeps(whole, f) for f in invariants):
        return "the invariants computed for it did not verify"
    if common and not shared:  # in a mixture all of whose atoms move together, one tells relative to another
        p = field.moved[0]
        invariants = (*invariants, atom_symbol(p, "i") / atom_symbol(p, "j"))
    return Flow(field, orbit, invariants, shared or common)


def with_bias(spec: MoESpec, field: VectorField) -> VectorField:
    """The field that moves beta0 too, so that the weight of the atom in the mixture stays."""
    offset = spec.gate.offset
    if offset is None:
        return field
    speed = sp.cancel(-(field.multiplier + field(offset)) / sp.diff(offset, BETA0))
    return field if speed == 0 else VectorField((*field.components, (BETA0, speed)), sp.S.Zero)


def _keeps(field: VectorField, f: sp.Expr) -> bool:
    """Whether a function is constant along a field, wherever the arguments of absolute values are not 0."""
    sides = {f.replace(sp.Abs, lambda e, sign=sign: sign * e) for sign in (1, -1)}
    return all(field(side) == 0 for side in sides)


def _identifiable(spec: MoESpec, flows: list[Flow], freed: Scores | None) -> tuple[sp.Expr, ...] | None:
    """Functions that no flow changes, as many as the flows leave: invariants, or those of translated scores.

    None where fewer were found. Functions of two atoms, [i] and [j], are differences of what is translated.
    """
    bias = spec.gate.bias
    movable = {p for flow in flows for p, _ in flow.orbit}
    experts = [p for p in spec.expert.parameters if p not in movable]
    of_experts = [flow for flow in flows if set(flow.field.moved) <= {*spec.expert.parameters}]
    if freed is not None:
        of_means = _invariants(spec, of_experts, spec.expert.parameters)
        return (*in_mixture(spec, freed), *of_means) if freed.complete and of_means is not None else None
    gate = [p for p in (*spec.gate.parameters, *bias) if p not in movable]
    invariants = joint_invariants(spec, flows)
    return None if invariants is None else (*invariants, *gate, *experts)


def joint_invariants(spec: MoESpec, flows: Sequence[Flow]) -> tuple[sp.Expr, ...] | None:
    """Independent functions of what flows move that all of them keep, as many as there are; None where fewer are."""
    score, movable = scores(spec), {p for flow in flows for p, _ in flow.orbit}
    more = () if score is None else (*score.translated, *score.invariants)
    return _invariants(spec, flows, [p for p in (*spec.parameters, *spec.gate.bias) if p in movable], more)


def _invariants(
    spec: MoESpec, flows: Sequence[Flow], parameters: Sequence[sp.Symbol], more: Sequence[sp.Expr] = ()
) -> tuple[sp.Expr, ...] | None:
    """Independent functions of the parameters that all flows keep, as many as there are; None where fewer are."""
    movable = {p for flow in flows for p, _ in flow.orbit}
    chosen: list[sp.Expr] = []
    pairs = [f for flow in flows for f in flow.invariants if any("[" in p.name for p in f.free_symbols)]
    of_them = [f for f in more if not f.free_symbols.isdisjoint(parameters)]
    for f in dict.fromkeys((*(f for flow in flows for f in flow.invariants if f not in pairs), *of_them, *parameters)):
        if len(chosen) == len(parameters) - len(flows):
            break
        new = [*chosen, f]
        if all(flow.keeps(spec, f) for flow in flows) and (
            not f.free_symbols & movable or generic_rank(sp.Matrix(new).jacobian(parameters)) == len(new)
        ):
            chosen = new
    return (*chosen, *pairs) if len(chosen) == len(parameters) - len(flows) else None


def _proved(
    interactions: Interactions,
    identifiable: tuple[sp.Expr, ...] | None,
    score: Scores | None,
    unexplained: Sequence[Unexplained],
) -> str:
    if identifiable is None:
        return "flows only: the identifiable functions were not computed"
    text = (
        "proved: every flow, and that these functions are constant on its orbits; at a generic point they determine the"
        " atom u locally and everything identifiable is a function of them (there are no further relations of order 1)"
    )
    if not interactions.proved:
        text = text.replace("there are no further", "assuming that there are no further")
    if score is not None:
        text += "; in the free gauge all scores can change by one function of x, which leaves the functions listed"
        if score.one_sign is not None:
            text += (
                f" (where {score.one_sign} has one sign in all atoms; otherwise those of each atom are identifiable)"
            )
    text += "; in a mixture: modulo its discrete symmetries"
    if plain_parameters(interactions.spec):
        text += ", beta0 and translated parameters relative to one atom"
    separated = scores(interactions.spec)
    pair = separated is not None and bool(separated.pair)
    if not unexplained and all(null_directions(interactions.spec, k) is not None for k in _ATOMS):
        atoms = "three atoms" if pair else "two and three atoms"
        text += f"; at random points mixtures of {atoms} have no other null direction to first order"
    text += "".join(f"; but {u}: not all of these are identifiable then" for u in unexplained)
    if pair:
        text += "; two atoms (k = 2, free gauge) have a further curve of one density: not all of these are identifiable"
    if interactions.spec.dim > 1 and renaming(
        interactions.spec.gate, cosine(interactions.spec.dim)
    ):  # see docs/engineers.md
        few = f"; of at most d = {interactions.spec.dim} atoms not tau, only the differences of beta1/(|beta1| tau)"
        text += few + " are identifiable"
    return text


_OVERFITTED = "split"  # of more atoms than the truth has
PAIR = "pair"
_OF_TWO = ("odd", PAIR)
_CURVES = ("temperature", PAIR)
_CONVENTION = ("permutation", "translation", "score translation")


@dataclass(frozen=True)
class ExactSymmetry:
    """A change of the parameters of a mixture that keeps its density, which is proved.

    kind: "flow", or the name of a `MixtureSymmetry`. gauge: in which gauges it acts. map: what it does. identity: why
    the density stays; L is the log weight of an atom, with beta0 where that moves, h the mean of its expert, u the
    weight without beta0 times the density. flow: the curve that it is, if it is one of an atom.
    """

    kind: str
    gauge: str
    map: str
    identity: str
    flow: Flow | None = None

    @property
    def is_twin(self) -> bool:
        """Whether it is more than the numbering of the atoms and a translation of the softmax."""
        return self.kind not in _CONVENTION

    @property
    def is_curve(self) -> bool:
        """Whether it is a curve of one density, and not a change of signs."""
        return self.flow is not None or self.kind in _CURVES

    def to_json(self) -> dict[str, str]:
        """The keys of `twins --json`."""
        return {"kind": self.kind, "gauge": self.gauge, "map": self.map, "identity": self.identity}


def symmetries_of(spec: MoESpec) -> Symmetries:
    """The symmetries of a model, from its relations of order 1."""
    return symmetries(derive(spec.gate, spec.expert, dim=spec.dim, order=1))


def exact_symmetries(spec: MoESpec, atoms: int, gauge: Gauge) -> tuple[ExactSymmetry, ...]:
    """The symmetries that are proved of a mixture of as many atoms with distinct experts, in a gauge.

    Anchored: the score of the last atom is constant. There may be more.
    """
    derived = symmetries_of(spec)
    discrete: list[ExactSymmetry] = []
    flows = [ExactSymmetry("flow", f.gauge, f.statement, _relation(f), f) for f in derived.flows]
    for s in derived.discrete:
        identity = s.identity or _identity(spec, s.name)
        if s.name != _OVERFITTED and (atoms == 2 or s.name not in _OF_TWO):
            discrete.append(ExactSymmetry(s.name, s.gauge, s.statement, identity))
    first = [s for s in discrete if not s.is_twin]
    every = (*first, *flows, *(s for s in discrete if s.is_twin))
    return tuple(s for s in every if gauge == "free" or s.gauge == "every gauge")


def _relation(flow: Flow) -> str:
    """V u = m u."""
    derivative = " + ".join(f"{_factor(c)}u_{{{p}}}" for p, c in flow.field.components)
    m = flow.field.multiplier
    return f"{derivative} = {f'{_factor(m)}u' if m != 0 else 0}"


def _factor(c: sp.Expr) -> str:
    return "" if c == 1 else f"({c})*" if c.is_Add else f"{c}*"


def _identity(spec: MoESpec, name: str) -> str:
    """The identity of a symmetry that is neither a flow of one atom nor a reflection."""
    score = scores(spec)
    if name == "translation":
        t = sp.Symbol("t")
        gains = ((p, sp.simplify(t * sp.diff(spec.gate.score, p))) for p in plain_parameters(spec))
        return ", ".join(f"L({p} + t) - L({p}) = {gain}" for p, gain in gains)
    if name == "permutation" or score is None:
        return "g is a quotient of sums over the atoms"
    first, other = ({p: atom_symbol(p, i) for p in spec.gate.own} for i in "ij")
    apart = [str(f.subs(first, simultaneous=True) - f.subs(other, simultaneous=True)) for f in score.translated]
    alone = [str(f.subs(side, simultaneous=True)) for f in score.invariants for side in (first, other)]
    return f"but for what is free of x, L[i] - L[j] is a function of x and {', '.join([*apart, *alone])}"
