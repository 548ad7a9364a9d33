"""Answers `efficiency`: how many observations does it take to learn the temperature?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Unpack

from cyclopts import Parameter
from sympy import Symbol

from temperance.answer.answer import Answer
from temperance.answers.efficiency_words import MOST_CHECKED, answer, in_a_sentence, notes, remarks, sizes, table
from temperance.answers.required import ParameterRow, parameter_row, question, require_precision, truth_for
from temperance.answers.twins import twin_of
from temperance.interop.callables import Source
from temperance.interop.callables import activation as read
from temperance.measurements.contact_orders import in_words
from temperance.measurements.sample_sizes import (
    Case,
    Match,
    Question,
    Row,
    at_temperature,
    row_of,
    with_laws,
)
from temperance.measurements.true_measures import check_anchored, check_experts, read_values, values_of
from temperance.numerics.information.floor import floor
from temperance.numerics.information.parameters import held_in
from temperance.numerics.mixture.exact_values import measure_of
from temperance.pages.efficiency_pictures import by_temperature
from temperance.pages.plots import Plot
from temperance.terminal.formula_options import FormulaOptions, takes_formulas
from temperance.terminal.options import FileOr, Numbers, Whole
from temperance.terminal.parts import Part, Said
from temperance.terminal.progress import Display
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.contact.exact_truths import exact_truth
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import gauge_of
from temperance.theory.models.spec import Expert, Gate, MoESpec
from temperance.theory.rates.true_point import slopes
from temperance.theory.settings.truth import Truth
from temperance.theory.traits.understood import Understood, understood
from temperance.theory.twins.decision import twins as decide
from temperance.theory.twins.twin import Gauge

_EXPERT = "gaussian"


@dataclass(frozen=True)
class OfGate:
    """The sample size of a parameter of any gate, what was understood of it, and what is held of the last atom."""

    row: ParameterRow
    meant: Understood
    held: tuple[Symbol, ...]


@dataclass(frozen=True, repr=False, eq=False)
class Efficiency(Answer):
    """Sample sizes for the temperature, one row for every activation and temperature; or for a parameter of a gate.

    Attributes:
        truth: the true mixture in exact numbers, and the range of x.
        gauge: of the gate.
        precision: the relative standard error wanted.
        match: least and greatest probability of the gate over x, if activations are brought to equal terms.
        floor: n below which no activation, expert or design goes; None for a parameter of a gate.
        table: the sample sizes of activations and what goes with them.
        of_gate: the sample size of a parameter of any gate.
    """

    truth: Truth
    gauge: Gauge
    precision: float
    match: Match | None
    floor: float | None
    table: tuple[Row, ...]
    of_gate: OfGate | None = None

    def to_json(self) -> Any:
        """Truth, gauge, precision, floor and rows; of a gate also what was understood, and what is held."""
        of = self.of_gate
        return {
            "truth": _measure(self.truth) if of is None else values_of(self.truth),
            **({} if of is None else {"held": [p.name for p in of.held]}),
            "gauge": self.gauge,
            "precision": self.precision,
            "floor": self.floor,
            "rows": self.rows(),
            "match": None if self.match is None else list(self.match),
            "gate_formula": None if of is None else of.meant.record(),
        }

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table."""
        return [row.record() for row in (self.table if self.of_gate is None else (self.of_gate.row,))]

    @property
    def plots(self) -> Sequence[Plot]:
        """n over tau of every activation, with the law of tau -> 0."""
        asked, rows = Question(self.gauge, self.precision), {row.activation: row for row in self.table}
        drawn = [row for row in rows.values() if row.best_tau is not None]
        return [
            by_temperature(row, Case.of(row.activation, self.truth, asked), self.floor, self.table) for row in drawn
        ]


@checked
@takes_formulas
def efficiency(
    *activations: Source,
    gate: Annotated[str | Gate | None, Parameter(help="A gate with --parameter: a name, or a formula")] = None,
    expert: Annotated[str | Expert, Parameter(help="Of a gate with --parameter: a name, or a formula")] = _EXPERT,
    parameter: str | None = None,
    truth: FileOr = None,
    gauge: str = "free",
    precision: float = 0.1,
    match: Numbers = None,
    tau: Numbers = None,
    dim: Whole | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Efficiency:
    """Say how many observations it takes to learn the temperature of a gate, or a parameter of any gate.

    >>> import temperance
    >>> temperance.efficiency("tanh", gauge="anchored")
    <Efficiency: tanh learns tau to 10% from 884 observations, 3.9 times the floor; tau = 0.5 is inside the ...>

    Args:
        activations: Names of the catalogue or expressions in z; none, with --match: the whole catalogue, ranked.
        gate: A gate of the list in docs/gates.md, or a formula of its log weight, with --parameter in place of an
            activation; in Python, also a Gate.
        expert: A Gaussian expert of that gate: a name there, or a formula of its mean; in Python, also an Expert.
        parameter: Of the gate or the expert: a name, for another atom than the first as c[2]. The precision is relative
            to its true value, and absolute where that is 0.
        truth: A .json file with the true point (k >= 2 atoms, d = 1 or 2); a well-conditioned one by default. With
            --gate: {NAME: a number, or one for each atom in [..]}; what is left out is as in the answer.
        gauge: free or anchored; the linear gate is always anchored.
        precision: The relative standard error wanted.
        match: LOW,HIGH: bring activations to equal terms, by the range of the gate's probabilities over x; beta0 and
            tau then follow, and the length and sign of beta1 are those at which tau needs the fewest observations.
        tau: T,T,..: temperatures to use in place of that of the truth.
        dim: Dimension of x of the gate, 1 or 2; by default the least that the formula needs.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    if gate is not None:
        if activations or match is not None or tau is not None:
            raise ValueError("a gate has no activations, match and tau; accepted: --parameter NAME")
        return _of_gate(model(gate, expert, dim=dim, **formulas), parameter, truth, gauge, precision)
    if parameter is not None or formulas or dim is not None or expert != _EXPERT:
        raise ValueError("a parameter, an expert, a dimension and names in formulas go with --gate FORMULA")
    tau = (tau,) if isinstance(tau, (int, float)) else tau
    chosen = truth_for(truth, gauge)
    asked = question(chosen, activations, gauge, precision, match, tau)
    names = [read(source) if not isinstance(source, (str, Activation)) else source for source in activations]
    points = [at_temperature(chosen, t) for t in tau] if tau else [chosen]
    jobs = [(name, point) for name in (names or CATALOGUE) for point in points]
    rows = _rows(jobs, asked)
    if not names:
        rows.sort(key=lambda row: float("inf") if row.n_tau is None else row.n_tau)
    least, (title, counted) = floor(chosen.k) / precision**2, _title(chosen, asked, "tau")
    with Display() as shown, shown.doing("deciding"):
        parts = tuple(_parts(rows, chosen, asked, least, counted))
    said = Said(title, parts, (answer(rows, asked.match, least, precision),))
    settled = (chosen, asked.gauge, precision, asked.match, least, tuple(rows))
    return Efficiency(*settled, said=said)


def _measure(truth: Truth) -> dict[str, Any]:
    """The truth of activations as JSON values."""
    m, (low, high) = measure_of(truth), map(float, truth.box or ())
    found = {name: getattr(m, name).tolist() for name in ("beta1", "beta0", "tau", "a", "b", "nu")}
    return {**found, "x": {"law": "uniform", "low": low, "high": high}}


def _of_gate(spec: MoESpec, parameter: str | None, truth: FileOr, gauge: str, precision: float) -> Efficiency:
    """What a parameter of any gate needs."""
    if parameter is None:
        names = ", ".join(p.name for p in spec.parameters)
        raise ValueError(f"--gate needs --parameter, what is to be learnt; accepted: {names}")
    require_precision(precision)
    chosen = gauge_of(gauge)
    with Display() as shown, shown.doing("computing information"):
        point = exact_truth(spec)
        if truth is not None:
            point = read_values(truth, point)
        check_experts(point)
        if chosen == "anchored":
            check_anchored(point)
        found = OfGate(parameter_row(point, chosen, precision, parameter), understood(spec), held_in(point, chosen))
    title, counted = _title(point, Question(chosen, precision), found.row.parameter)
    lines = (str(found.meant), in_words(_atoms(point, found.held)))
    parts: tuple[Part, ...] = (
        *lines,
        sizes(found.row),
        f"n: observations for {counted}.",
        *remarks(found.row),
    )
    said = Said(title, parts, (in_a_sentence(found.row, precision),))
    return Efficiency(point, chosen, precision, None, None, (), found, said=said)


def _atoms(truth: Truth, held: Sequence[Symbol]) -> dict[str, Any]:
    """The truth as `exponents` shows one."""
    atoms = [{p.name: str(v) for p, v in truth.point(i).items()} for i in range(truth.k)]
    return {"atoms": atoms, "held": [p.name for p in held]}


def _rows(jobs: Sequence[tuple[str | Activation, Truth]], asked: Question) -> list[Row]:
    """What activations need, with laws."""
    rows = []
    with Display() as shown, shown.doing("computing information") as progress:
        for done, (name, truth) in enumerate(jobs):
            progress(done, len(jobs))
            row = row_of(name, truth, asked)
            if row.n_tau is not None and asked.match is None:
                case = Case.of(name, truth, asked)
                row = with_laws(row, case, checked=len(jobs) <= MOST_CHECKED)
            rows.append(row)
    return rows


def _title(truth: Truth, asked: Question, name: str) -> tuple[str, str]:
    """The question, and what is counted."""
    percent, (low, high) = f"{100 * asked.precision:g}%", map(float, truth.box or ())
    where = f"[{low:g}, {high:g}]" + ("^2" if truth.spec.dim == 2 else "")
    wanted, at = (
        f"a relative standard error of {percent}",
        f"{truth.k} atoms, {asked.gauge} gauge, x uniform on {where}",
    )
    return f"How many observations give {name} {wanted} ({at})?", f"{wanted}: {at}"


def _parts(rows: Sequence[Row], truth: Truth, asked: Question, floor: float, title: str) -> Iterator[Part]:
    """The table, its notes, and the twin of the true point with every activation that has an n."""
    yield table(rows, asked.match)
    yield from notes(rows, asked.match, floor, title)
    beta1 = slopes(truth) or ()
    for name in dict.fromkeys(row.activation for row in rows if row.n_tau is not None and asked.match is None):
        twin = twin_of(decide(name, atoms=len(beta1), gauge=asked.gauge), beta1)
        if twin is not None:
            shared = f"a twin has the density of this truth, {twin.map}: no amount of data distinguishes them"
            yield f"{name}: {shared}; n is about errors near this one."
