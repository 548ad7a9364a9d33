"""Answers `twins`: which other parameters of a gate have the same density?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Annotated, Any, Unpack

import sympy as sp
from cyclopts import Parameter

from temperance.show.answer import Typeset
from temperance.show.options import PLACED, FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import doing
from temperance.show.table import Part, Summary, Table
from temperance.theory.contact.any_model_rates import has_linear_expert
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.form import activated
from temperance.theory.models.gates import gauge_of
from temperance.theory.models.spec import BETA0, Expert, Gate, MoESpec
from temperance.theory.rates.true_point import Vectors
from temperance.theory.symmetries.flows import ExactSymmetry, exact_symmetries
from temperance.theory.symmetries.traits import Understood, understood
from temperance.theory.twins.decision import twins as decide
from temperance.theory.twins.twin import Gauge, Twin
from temperance.theory.twins.twin import Twins as Found

_EXPERT = "gaussian"
_MORE = "whether there are more, as there may be"
_COLUMNS = ("which truths", "(beta1, beta0, tau) -> those of the twin")


@dataclass(frozen=True, repr=False, eq=False)
class Twins(Typeset):
    """The twins of a gate: which other parameters share the density of a truth.

    Attributes:
        found: the twins, and whether almost every truth has none.
        symmetries: what is proved of a gate that is no activation gate.
        record: activation, atoms, gauge, whether it is unique, the twins and what is not decided; and of a formula.
    """

    found: Found
    symmetries: tuple[ExactSymmetry, ...] = ()

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: a twin a row, or a symmetry."""
        return [s.to_json() for s in self.symmetries or self.found.twins]


def twin_of(decision: Found, beta1: Vectors) -> Twin | None:
    """A twin of a truth with these beta1 (k, d) of its atoms, one of another tau if there is one.

    Almost every truth may have one; the others are of truths such as (b, -b), whatever the numbering of the atoms. Left
    out are those of gates that do not depend on x, or whose kinks x does not reach; those that ask for other signs than
    the truth has; and those that are the truth itself, up to its numbering. No truth, (), stands for almost every one.
    """
    twins = [t for t in decision.twins if len(set(t.truth)) > 1 and t.reach is None]
    if not beta1:
        its = [t for t in twins if t.always]
    else:
        values = list(dict.fromkeys(beta1))
        vectors = decision.every_dimension or len(values[0]) == 1
        of_pairs = (t for t in twins if len(t.truth) == len(values) == 2 and (vectors or t.acts_on_vectors))
        its = [t for t in of_pairs if any(_is_other(t, order) for order in permutations(values))]
        its += [t for t in twins if len(values) > 2 and t.always and vectors and not _is_restricted(t)]
    return min(its, key=lambda twin: twin.factor == 1, default=None)


def _is_restricted(twin: Twin) -> bool:
    """Whether a twin is written for some signs of its truth."""
    return any(s.is_positive for value in twin.truth for s in value.free_symbols)


def _is_other(twin: Twin, values: Sequence[tuple[sp.Rational, ...]]) -> bool:
    """Whether the twin's truth, such as (b, -b), takes these two values for some b, and its image is another pair."""
    values_of: dict[sp.Expr, tuple[sp.Rational, ...]] = {}
    for part, value in zip(twin.truth, values, strict=True):
        factor, symbol = part.as_coeff_Mul()
        if factor == 0 or not symbol.is_Symbol:
            if factor != 0 or any(value):
                return False
            continue
        scaled = tuple(v / factor for v in value)
        accepted = min(scaled) > 0 if symbol.is_positive else twin.always or any(scaled)
        if not accepted or values_of.setdefault(symbol, scaled) != scaled:
            return False
    image = [tuple(v.subs({s: c[j] for s, c in values_of.items()}) for j in range(len(values[0]))) for v in twin.image]
    real = all(c.is_real is not False for row in image for c in row)
    return real and (twin.factor != 1 or image != list(values))


@checked
@takes_formulas
def twins(
    activation: Annotated[str | None, PLACED] = None,
    *,
    gate: Annotated[str | Gate | None, Parameter(help="A formula of a gate, in place of an activation")] = None,
    expert: Annotated[str | Expert, Parameter(help="of a gate that is a formula: a name, or a formula")] = _EXPERT,
    atoms: Whole = 2,
    gauge: str = "free",
    dim: Whole | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Twins:
    """List the twins of a gate: other parameters with one density, each with its identity.

    Args:
        activation: A name of the catalogue or an expression in z.
        gate: A formula of its log weight; in Python, also a Gate. If it is an activation gate, whatever its parameters
            are called, the answer is that of the activation; else the exact symmetries that are proved, and there may
            be more.
        expert: Of the atoms, as `derive` takes it.
        atoms: Number of atoms, 2 or more.
        gauge: free or anchored.
        dim: Dimension of x of a gate; by default the least that the formula needs.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    if (activation is None) == (gate is None):
        raise ValueError("twins are of an activation or of a gate; accepted: one, such as tanh or --gate FORMULA")
    chosen = gauge_of(gauge)
    if gate is None:
        if formulas or dim is not None or expert != _EXPERT:
            raise ValueError("an expert, a dimension and names in formulas go with --gate FORMULA")
        with doing("deciding"):
            return _of_activation(decide(str(activation), atoms=atoms, gauge=chosen))
    with doing("deciding"):
        spec = Options(gate, expert, dim=dim, **formulas).spec
        reading, form = understood(spec), activated(spec.gate, spec.dim)
        # the twins of theory 2.3 are of gates: other experts may have some of their own
        plain = form is not None and form.bias is None and form.tau is not None
        if form is not None and plain and has_linear_expert(spec) and spec.gate.offset == BETA0 / form.tau:
            return _of_activation(decide(form.s, atoms=atoms, gauge=chosen), reading)
        return _of_symmetries(spec, atoms, chosen, reading)


def _of_activation(decision: Found, reading: Understood | None = None) -> Twins:
    title = f"Twins of {decision.activation}, {decision.atoms} atoms, {decision.gauge} gauge"
    lines = () if reading is None else (str(reading),)
    summary = Summary(title, (*lines, *_parts(decision)), (decision.answer,))
    formula = None if reading is None else reading.record()
    return Twins(decision, record={**decision.to_json(), "gate_formula": formula, "symmetries": []}, summary=summary)


def _of_symmetries(spec: MoESpec, atoms: int, gauge: Gauge, reading: Understood) -> Twins:
    """What is proved of a gate whose twins are not decided."""
    if atoms < 2:
        raise ValueError(f"the number of atoms must be 2 or more, not {atoms}: one atom has the weight 1 for any gate")
    symmetries = exact_symmetries(spec, atoms, gauge)
    unique = False if any(s.is_twin for s in symmetries) else None
    decision = Found(spec.gate.name, atoms, gauge, unique, (), _MORE)
    title = f"Exact symmetries of the {spec.gate.name} gate, {atoms} atoms, {gauge} gauge"
    grid = Table("Symmetries", ("symmetry", "what changes"), tuple((s.kind, s.map) for s in symmetries))
    bias, is_odd = spec.gate.offset, any(s.kind == "odd" for s in symmetries)
    score = f", S: L - {bias}" if is_odd and bias is not None else ""
    identities = tuple(f"  {s.kind}: {s.identity}" for s in symmetries)
    maps = [s.map for s in symmetries if s.is_twin]
    proved = f"not unique: {'; '.join(maps)}" if maps else "no twin is proved"
    answer = f"{spec.gate.name}, {atoms} atoms, {gauge} gauge: {proved}. Undecided: {_MORE}."
    parts: tuple[Part, ...] = (
        str(reading),
        grid,
        f"Each by an identity (L: log weight{score}, h: mean of the expert, u: weight times density):",
        *identities,
    )
    record = {**decision.to_json(), "gate_formula": reading.record(), "symmetries": [s.to_json() for s in symmetries]}
    if symmetries:
        record["activation"] = None
    return Twins(decision, symmetries, record=record, summary=Summary(title, parts, (answer,)))


def _parts(decision: Found) -> Iterator[Part]:
    """The parts of s, the twins, and the identity of each."""
    if decision.even is not None:
        yield f"On z > 0 the even part of s is {decision.even}, the odd part {decision.odd}."
    records = [twin.to_json() for twin in decision.twins]
    if records:
        yield Table("Twins", _COLUMNS, tuple((r["where"], r["map"]) for r in records))
        yield "The log odds of two atoms are one function of x:"
    yield from (f"  {record['identity']}" for record in records)
    if decision.mediants is not None:
        yield decision.mediants
