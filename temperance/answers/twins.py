"""Answers `twins`: which other parameters of a gate have the same density?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Annotated, Any, Unpack

import sympy as sp
from cyclopts import Parameter

from temperance.measurements.true_measures import check_truth, read_atoms, read_measure
from temperance.show.answer import Typeset
from temperance.show.options import PLACED, FileOr, FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import doing
from temperance.show.table import Part, Summary, Table
from temperance.theory.contact.any_model_rates import has_linear_expert
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.form import activated
from temperance.theory.models.gates import gauge_of
from temperance.theory.models.spec import BETA0, Expert, Gate, MoESpec
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import Vectors, slopes
from temperance.theory.symmetries.flows import ExactSymmetry, Flow, exact_symmetries
from temperance.theory.symmetries.traits import Understood, understood
from temperance.theory.twins.decision import twins as decide
from temperance.theory.twins.twin import Gauge, Twin
from temperance.theory.twins.twin import Twins as Found

Row = tuple[sp.Expr, ...]
_EXPERT = "gaussian"
_MORE = "whether there are others"
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
    every = decision.every_dimension
    its = [t for t in twins if (image_of(t, beta1, every) is not None if beta1 else t.always)]
    return min(its, key=lambda twin: twin.factor == 1, default=None)


def image_of(twin: Twin, beta1: Vectors, every_dimension: bool = False) -> dict[Row, tuple[Row, sp.Expr]] | None:
    """What a twin makes of each value of beta1 (k, d) and adds to its beta0; None where the truth does not have it.

    every_dimension: whether what is decided holds for every d. Symbols that are free in the twin stay.
    """
    values = list(dict.fromkeys(beta1))
    constant, vectors = len(set(twin.truth)) == 1, every_dimension or twin.acts_on_vectors
    if len(twin.truth) != 2 or constant != (len(values) == 1) or (len(values[0]) > 1 and not vectors):
        return None
    if constant:
        return _image(twin, values * 2)
    if len(values) == 2:
        return next(filter(None, (_image(twin, order) for order in permutations(values))), None)
    if not twin.always or any(s.is_positive for value in twin.truth for s in value.free_symbols):
        return None
    pairs = [_image(twin, (value, values[-1])) for value in values[:-1]]  # the last one is that of the anchor
    return None if None in pairs else {v: image for pair in pairs if pair for v, image in pair.items()}


def _image(twin: Twin, values: Sequence[Row]) -> dict[Row, tuple[Row, sp.Expr]] | None:
    """Where the twin's truth, such as (b, -b), takes these two values for some b, and its image is another pair."""
    values_of: dict[sp.Expr, Row] = {}
    for part, value in zip(twin.truth, values, strict=True):
        factor, symbol = part.as_coeff_Mul()
        if factor == 0 or not symbol.is_Symbol:
            if factor != 0 or any(value):
                return None
            continue
        scaled = tuple(v / factor for v in value)
        accepted = min(scaled) > 0 if symbol.is_positive else twin.always or any(scaled)
        if not accepted or values_of.setdefault(symbol, scaled) != scaled:
            return None
    at = [{s: c[j] for s, c in values_of.items()} for j in range(len(values[0]))]
    image = [tuple(v.subs(place) for place in at) for v in twin.image]
    real = all(c.is_real is not False for row in image for c in row)
    if not real or (twin.factor == 1 and image == list(values)):
        return None
    shift = [v.subs(at[0]) for v in twin.shift or (sp.S.Zero, sp.S.Zero)]  # the same for every coordinate
    return dict(zip(values, zip(image, shift, strict=True), strict=True))


@checked
@takes_formulas
def twins(
    activation: Annotated[str | None, PLACED] = None,
    *,
    gate: Annotated[str | Gate | None, Parameter(help="A formula of a gate, in place of an activation")] = None,
    expert: Annotated[str | Expert, Parameter(help="of a gate that is a formula: a name, or a formula")] = _EXPERT,
    atoms: Whole | None = None,
    gauge: str = "free",
    dim: Whole | None = None,
    truth: FileOr = None,
    **formulas: Unpack[FormulaOptions],
) -> Twins:
    """List the twins of a gate: other parameters with one density, each with its identity.

    Args:
        activation: A name of the catalogue or an expression in z.
        gate: A formula of its log weight; in Python, also a Gate. If it is an activation gate, whatever its parameters
            are called, the answer is that of the activation; else the exact symmetries that are proved, and there may
            be more.
        expert: Of the atoms, as `derive` takes it.
        atoms: Number of atoms, 2 or more; by default 2, or as many as the truth has.
        gauge: free or anchored.
        dim: Dimension of x of a gate; by default the least that the formula needs.
        truth: A .json file of a truth, {NAME: a number for all atoms, or one for each in [..]}: the parameters of its
            twins, or of a gate without decided twins where the flows take it, are listed in numbers.
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
            point = None if truth is None else read_measure(truth, gauge=chosen, atoms=atoms)
            if point is not None:
                check_truth(point, atoms or point.k, point.spec.dim, chosen == "anchored")
            decision = decide(str(activation), atoms=_count(atoms, point), gauge=chosen)
            return _of_activation(decision, None if point is None else slopes(point), point)
    with doing("deciding"):
        spec = Options(gate, expert, dim=dim, **formulas).spec
        reading, form = understood(spec), activated(spec.gate, spec.dim)
        point = None if truth is None else read_atoms(truth, spec, atoms, chosen)
        count = _count(atoms, point)
        # the twins of theory 2.3 are of gates: other experts may have some of their own
        plain = form is not None and form.bias is None and form.tau is not None
        if form is not None and plain and has_linear_expert(spec) and spec.gate.offset == BETA0 / form.tau:
            beta1 = None if point is None else tuple(tuple(atom[p] for p in form.direction) for atom in point.atoms)
            return _of_activation(decide(form.s, atoms=count, gauge=chosen), beta1, point, reading)
        return _of_symmetries(spec, count, chosen, reading, point)


def _count(atoms: int | None, truth: Truth | None) -> int:
    return atoms or (2 if truth is None else truth.k)


def _of_activation(
    decision: Found, beta1: Vectors | None, truth: Truth | None, reading: Understood | None = None
) -> Twins:
    title = f"Twins of {decision.activation}, {decision.atoms} atoms, {decision.gauge} gauge"
    lines = () if reading is None else (str(reading),)
    images = [] if truth is None or beta1 is None else list(_images(decision, beta1, truth))
    here = () if truth is None else _at_truth(images, "twin")
    summary = Summary(title, (*lines, *_parts(decision), *here), (decision.answer,))
    formula = None if reading is None else reading.record()
    record = {**decision.to_json(), "gate_formula": formula, "symmetries": []}
    return Twins(decision, record={**record, "at_truth": images}, summary=summary)


def _images(decision: Found, beta1: Vectors, truth: Truth) -> Iterator[dict[str, Any]]:
    """The parameters of each twin that a truth with these beta1 has; x is taken to reach the kinks."""
    (tau,) = truth.shared.values() or (sp.S.One,)
    for twin in decision.twins:
        image = None if twin.reach is not None else image_of(twin, beta1, decision.every_dimension)
        if image is None:
            continue
        rows, shifts = zip(*(image[value] for value in beta1), strict=True)
        bias = [twin.factor * atom[BETA0] + shift - shifts[-1] for atom, shift in zip(truth.atoms, shifts, strict=True)]
        values = [*zip(*rows, strict=True), bias]
        names = ["beta1"] if len(rows[0]) == 1 else [f"beta1_{j}" for j in range(1, len(rows[0]) + 1)]
        meaning = dict(twin.named)
        parameters = {
            name: [str(v.subs(meaning)) for v in its] for name, its in zip([*names, "beta0"], values, strict=True)
        }
        yield {"twin": twin.map, "parameters": {**parameters, "tau": str(twin.factor.subs(meaning) * tau)}}


def _at_truth(images: Sequence[Mapping[str, Any]], kind: str) -> Iterator[Part]:
    """The table of other parameters with the density of a truth."""
    if not images:
        yield f"No {kind} that is listed moves this truth."
        return
    rows = tuple((i[kind], ", ".join(f"{n} = {_listed(v)}" for n, v in i["parameters"].items())) for i in images)
    yield Table(f"Other parameters with the density of this truth, by each {kind}", (kind, "parameters there"), rows)


def _listed(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else f"({', '.join(value)})"


def _of_symmetries(spec: MoESpec, atoms: int, gauge: Gauge, reading: Understood, truth: Truth | None = None) -> Twins:
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
    weight = "weight" if bias is None else f"weight without {bias}"
    identities = tuple(f"  {s.kind}: {s.identity}" for s in symmetries)
    maps = [s.map for s in symmetries if s.is_twin]
    proved = f"not unique: {'; '.join(maps)}" if maps else "no twin is proved"
    answer = f"{spec.gate.name}, {atoms} atoms, {gauge} gauge: {proved}. Undecided: {_MORE}."
    parts: tuple[Part, ...] = (
        str(reading),
        grid,
        f"Each by an identity (L: log weight{score}, h: mean of the expert, u: {weight} times density):",
        *identities,
    )
    images = [] if truth is None else [_moved(s.flow, truth) for s in symmetries if s.flow is not None]
    if truth is not None:
        parts = (*parts, *_at_truth(images, "flow"))
    record = {**decision.to_json(), "gate_formula": reading.record(), "symmetries": [s.to_json() for s in symmetries]}
    record["at_truth"] = images
    if symmetries:
        record["activation"] = None
    return Twins(decision, symmetries, record=record, summary=Summary(title, parts, (answer,)))


def _moved(flow: Flow, truth: Truth) -> dict[str, Any]:
    """Where a flow takes the parameters of a truth that it moves."""
    shared = {p.name: str(e.subs(truth.point(0))) for p, e in flow.orbit if p in truth.shared}
    own = {
        p.name: [str(e.subs(truth.point(i))) for i in range(truth.k)] for p, e in flow.orbit if p not in truth.shared
    }
    return {"flow": flow.statement, "parameters": {**own, **shared}}


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
