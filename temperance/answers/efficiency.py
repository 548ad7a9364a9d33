"""Answers `efficiency`: how many observations does it take to learn the temperature? In a table, words and pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Any, ClassVar, Unpack

import numpy as np
from cyclopts import Parameter
from sympy import Symbol

from temperance.answers.required import ParameterRow, parameter_row, question, require_precision, truth_for
from temperance.answers.twins import twin_of
from temperance.interop.callables import Source
from temperance.interop.callables import activation as read
from temperance.measurements.contact_orders import describe_truth
from temperance.measurements.sample_sizes import (
    Case,
    Match,
    Question,
    Row,
    at_temperature,
    curve,
    power,
    row_of,
    with_laws,
)
from temperance.measurements.true_measures import (
    check_anchored,
    check_experts,
    measure_values_of,
    read_values,
    values_of,
)
from temperance.numerics.information.fisher import RESOLVED
from temperance.numerics.information.parameters import held_in
from temperance.numerics.information.required import floor
from temperance.show.answer import TYPESET, Answer
from temperance.show.model_options import FormulaOptions, Options, takes_formulas
from temperance.show.options import FileOr, Numbers, Whole
from temperance.show.output import Display
from temperance.show.plots import Line, Plot, Point
from temperance.show.table import Columns, Part, Summary, Table
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.contact.places import regular_truth
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import gauge_of
from temperance.theory.models.spec import Expert, Gate, MoESpec
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import slopes
from temperance.theory.symmetries.traits import Understood, understood
from temperance.theory.twins.decision import twins as decide
from temperance.theory.twins.twin import Gauge

_REACH = np.exp(np.linspace(-4.0, 3.0, 29))  # of the temperatures, over the best one


def by_temperature(row: Row, case: Case, floor: float | None, rows: Sequence[Row]) -> Plot:
    """n over tau of an activation with a best temperature, with the law of tau -> 0; rows: with the chosen ones."""
    assert row.best_tau is not None
    taus = [float(tau) for tau in row.best_tau[0] * _REACH]
    points = tuple(Point(tau, n) for tau, n in zip(taus, curve(case, taus), strict=True) if n is not None)
    law, first = row.laws.tau_to_0, (points[0].x, points[0].y)
    lines = [] if law is None or isinstance(law, str) else [Line("predicted", law, f"as tau -> 0: {power(law)}")]
    if floor is not None:
        lines.append(Line("good", 0.0, f"the floor, {floor:.0f}", (first[0], floor)))
    chosen = dict.fromkeys(r.tau for r in rows if r.activation == row.activation and r.tau is not None)
    lines += [Line("bad", math.inf, f"the chosen tau, {tau:g}", (tau, first[1])) for tau in chosen]
    return Plot(
        title=f"How many observations tau needs with {row.activation}, by temperature",
        axes=("tau", "n"),
        values=f"{len(points)} temperatures from {points[0].x:.3g} to {points[-1].x:.3g}",
        points=points,
        through=first,
        lines=tuple(lines),
        round_ticks=True,
    )


_ROUGH = 1e-3  # relative error of n that is said
_SHOWN = 4  # names in a sentence
_RANGE = 10  # a factor within which tau is known
MOST_CHECKED = 12  # rows whose laws are held against n: each takes half a second
_COLUMNS_IN_WORDS = (
    "price: the factor by which an unknown beta1 raises n (tau); best tau: of the least n, in the window n is at most "
    "twice that; crossings: x at which the two largest scores are equal; tau -> 0: the law of n."
)


def _window(row: Row) -> str:
    """The best temperature, with its window."""
    if row.best_tau is None:
        return "-"
    ends = " to ".join("?" if end is None else f"{end:.2g}" for end in row.best_tau[1:])
    return f"{row.best_tau[0]:.3g} ({ends})"


def _law(row: Row) -> str:
    law = row.laws.tau_to_0
    return law or "-" if law is None or isinstance(law, str) else power(law)


def _length(row: Row) -> str:
    """The matched beta1."""
    at = "-" if row.beta1 is None else ", ".join(f"{v:.3g}" for beta in row.beta1 for v in beta if v) or "0"
    return at + (" (end)" if row.at_edge else "")


def _describe_reach(rows: Sequence[Row]) -> Iterator[str]:
    """From where the laws of tau -> 0 hold, by n at smaller temperatures."""
    starts = {row.activation: row.law_holds_from for row in rows}
    reached = [f"{start:.2g} ({name})" for name, start in starts.items() if start is not None]
    unsettled = [name for name, start in starts.items() if start is None]
    if reached:
        more = f" and {len(reached) - _SHOWN} more" if len(reached) > _SHOWN else ""
        yield f"n is within 10% of its law of tau -> 0 from tau = {', '.join(reached[:_SHOWN])}{more} downwards."
    if unsettled:
        which = _list_first(unsettled)
        yield f"n does not settle on its law of tau -> 0 at the temperatures that are resolved: {which}."


def _tau_cell(row: Row) -> str:
    return count(row.n_tau) + (" *" if row.asymptotic is False else "")


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


_COLUMNS: Columns = {
    "activation": lambda row: row.activation,
    "tau": lambda row: f"{row.tau:.4g}",
    "n (tau)": _tau_cell,
    "n (beta1)": lambda row: count(row.n_beta1),
    "price": lambda row: _short(row.price),
    "best tau (window)": _window,
    "crossings": lambda row: "-" if row.crossings is None else str(row.crossings),
    "tau -> 0": _law,
}
_MATCHED_COLUMNS: Columns = {
    "activation": lambda row: row.activation,
    "n (tau)": _tau_cell,
    "n (beta1)": lambda row: count(row.n_beta1),
    "n (both)": lambda row: count(row.n_both),
    "at beta1": _length,
    "tau": lambda row: "-" if row.n_tau is None else _short(row.tau),
    "price": lambda row: _short(row.price),
}


def notes(rows: Sequence[Row], match: Match | None, floor: float, title: str, precision: float) -> Iterator[str]:
    """What stands between the table and the answer."""
    least = floor * (1 - (2 * math.pi * precision / math.log(_RANGE)) ** 2)
    whatever = f"; whatever the estimator, {ceil(least)} where tau is known within a factor of {_RANGE} (theory 7.2.2)"
    yield f"n: observations for {title}; by theory none is below {ceil(floor)}{whatever if least > 0 else ''}."
    if match is None and any(row.n_tau is not None for row in rows):
        yield _COLUMNS_IN_WORDS
    errors = [row.relative_error for row in rows if row.relative_error is not None]
    if errors:
        yield f"Numerical error of n: about {max(1e-9, *errors):.0e} of it, by comparison with a coarser rule."
    if len(rows) <= MOST_CHECKED:
        yield from _describe_reach([row for row in rows if isinstance(row.laws.tau_to_0, int | float)])
    if any(row.asymptotic is False for row in rows):
        yield "* not in the asymptotic regime (kurtosis of the influence above n/10): errors at n may be larger."
    if match is None and len({row.activation for row in rows}) > 1:
        yield (
            "Activations in other units are other parametrisations (sigmoid and tanh are one model): rows at equal "
            "beta1 and tau do not rank them; --match .1,.9 does."
        )
    if match is not None:
        yield (
            f"The gate ranges from {match[0]:g} to {match[1]:g} over x. beta1 is the length, in its direction, at "
            "which tau needs the fewest observations; n (both): at the length that serves tau and beta1 together."
        )
        if any(row.at_edge for row in rows):
            yield (
                "(end): n still falls slowly as beta1 grows, and the search ended. Where it ends depends on the units "
                "of s, so that rows with (end) are bounds, and do not rank one another."
            )
    yield from (f"{row.activation}: {_why(row)}" for row in rows if row.n_tau is None)


def _why(row: Row) -> str:
    """Why there is no n of tau."""
    if row.not_identifiable is None:
        return f"no n: {row.reason}."
    power = "" if row.not_identifiable == "linear" else "^(1/p)"
    invariant = "" if row.n_invariant is None else f" What is left, beta1/tau{power}, needs n = {row.n_invariant:.0f}."
    return f"not identifiable ({row.not_identifiable}): {row.reason}.{invariant}"


def sizes(row: ParameterRow) -> Table:
    """The sample size of a parameter of any gate."""
    return Table("Sample size", ("parameter", "true value", "n"), ((row.parameter, f"{row.value:.4g}", count(row.n)),))


def remarks(row: ParameterRow) -> Iterator[str]:
    """What goes with the sample size of a parameter."""
    if row.relative_error is not None and row.relative_error > _ROUGH:
        yield f"Numerical error of n: about {row.relative_error:.0e} of it, by comparison with a coarser rule."
    if row.score_held and row.n is not None:
        yield "Held is the score of the last atom: its parameters move along the flow (theory 2.1)."
    if row.singular_values is not None:
        ratios = ", ".join(f"{v:.1e}" if v > 1 / RESOLVED else f"below {1 / RESOLVED:.0e}" for v in row.singular_values)
        yield f"Smallest singular values of the root of the information, over the largest: {ratios}."


def in_a_sentence(row: ParameterRow, precision: float) -> str:
    """What is found of a parameter."""
    if row.n is not None:
        to = f"{precision:g} (absolute, as its true value is 0)" if row.absolute else f"{100 * precision:g}%"
        return f"{row.parameter} is learnt to {to} from {count(row.n)} observations."
    if row.not_identifiable is None:
        return f"No number of observations is given for {row.parameter}: {row.reason}."
    invariant = (
        "" if row.n_invariant is None else f" What is left, {row.invariant}, needs n = {count(row.n_invariant)}."
    )
    return f"{row.parameter} is not identifiable ({row.not_identifiable}): {row.reason}.{invariant}"


def count(value: float | None, decimals: int = 0) -> str:
    """A number of observations, or a ratio of two, in at most five digits; "-" for none."""
    if value is None:
        return "-"
    return f"{value:.{decimals}f}" if value < 1e5 else f"{value:.3g}"


def answer(rows: Sequence[Row], match: Match | None, floor: float, precision: float) -> str:
    """What the table says, in a sentence or two."""
    percent = f"{100 * precision:g}%"
    sizes_and_rows = [(row.n_tau, row) for row in rows if row.n_tau is not None]
    without = list(dict.fromkeys(row.activation for row in rows if row.not_identifiable is not None))
    lost = "" if not without else f" Not identifiable by a proof: {_list_first(without)}."
    if not sizes_and_rows:
        open_ = list(dict.fromkeys(row.activation for row in rows if row.not_identifiable is None))
        silent = f" The Fisher information gives none for {_list_first(open_)}; other methods may." if open_ else ""
        return f"No number of observations that gives tau to {percent} is found here.{silent}{lost}"
    (least, best), (most, worst) = (f(sizes_and_rows, key=lambda pair: pair[0]) for f in (min, max))
    times = f"{count(least / floor, 1)} times the floor"
    if match is not None:
        rest = f", and takes {most:.3g} with {worst.activation}" if worst is not best else ""
        at_most = "at most " if best.at_edge else ""
        first = (
            f"On equal terms tau is learnt to {percent} from {at_most}{count(least)} observations by {best.activation}"
        )
        return f"{first}, {times}{rest}.{lost}"
    if len(sizes_and_rows) == 1:
        sentence = f"{best.activation} learns tau to {percent} from {count(least)} observations"
        return f"{sentence}, {times}{_at_best(best)}.{lost}"
    several = len({row.tau for row in rows}) > 1
    names = [f"{row.activation} at tau = {row.tau:g}" if several else row.activation for row in (best, worst)]
    ends = f"from {count(least)} ({names[0]}) to {most:.3g} ({names[1]})"
    return f"tau to {percent} takes {ends} observations; the floor is {ceil(floor)}.{lost}"


def _at_best(row: Row) -> str:
    if row.best_tau is None or row.tau is None:
        return ""
    tau, low, high = row.best_tau
    inside = (low is None or row.tau >= low) and (high is None or row.tau <= high)
    return f"; tau = {row.tau:g} is {'inside' if inside else 'outside'} the window of its best temperature, {tau:.3g}"


def _list_first(names: list[str]) -> str:
    first_names = ", ".join(names[:_SHOWN])
    return first_names if len(names) <= _SHOWN else f"{first_names} and {len(names) - _SHOWN} more"


_EXPERT = "gaussian"


@dataclass(frozen=True)
class OfGate:
    """The sample size of a parameter of any gate, what was understood of it, and what is held of the last atom."""

    row: ParameterRow
    reading: Understood
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

    writers: ClassVar[Mapping[str, Any]] = TYPESET

    def true_values(self) -> Mapping[str, Any]:
        """The truth, as --truth takes one."""
        return measure_values_of(self.truth) if self.of_gate is None else values_of(self.truth)

    def to_json(self) -> Any:
        """Truth, gauge, precision, floor and rows; of a gate also what was understood, and what is held."""
        of = self.of_gate
        return {
            "truth": self.true_values(),
            **({} if of is None else {"held": [p.name for p in of.held]}),
            "gauge": self.gauge,
            "precision": self.precision,
            "floor": self.floor,
            "rows": self.rows(),
            "match": None if self.match is None else list(self.match),
            "gate_formula": None if of is None else of.reading.record(),
        }

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table."""
        return [row.record() for row in (self.table if self.of_gate is None else (self.of_gate.row,))]

    @property
    def plots(self) -> Sequence[Plot]:
        """n over tau of every activation, with the law of tau -> 0."""
        query, rows = Question(self.gauge, self.precision), {row.activation: row for row in self.table}
        drawn = [row for row in rows.values() if row.best_tau is not None]
        return [
            by_temperature(row, Case.of(row.activation, self.truth, query), self.floor, self.table) for row in drawn
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
        return _of_gate(Options(gate, expert, dim=dim, **formulas).spec, parameter, truth, gauge, precision)
    if parameter is not None or formulas or dim is not None or expert != _EXPERT:
        raise ValueError("a parameter, an expert, a dimension and names in formulas go with --gate FORMULA")
    tau = (tau,) if isinstance(tau, (int, float)) else tau
    chosen = truth_for(truth, gauge)
    query = question(chosen, activations, gauge, precision, match, tau)
    names = [read(source) if not isinstance(source, (str, Activation)) else source for source in activations]
    points = [at_temperature(chosen, t) for t in tau] if tau else [chosen]
    jobs = [(name, point) for name in (names or CATALOGUE) for point in points]
    rows = _rows(jobs, query)
    if not names:
        rows.sort(key=lambda row: float("inf") if row.n_tau is None else row.n_tau)
    least, (title, counted) = floor(chosen.k) / precision**2, _title(chosen, query, "tau")
    with Display() as display, display.doing("deciding"):
        parts = tuple(_parts(rows, chosen, query, least, counted))
    summary = Summary(title, parts, (answer(rows, query.match, least, precision),))
    settled = (chosen, query.gauge, precision, query.match, least, tuple(rows))
    return Efficiency(*settled, summary=summary)


def _of_gate(spec: MoESpec, parameter: str | None, truth: FileOr, gauge: str, precision: float) -> Efficiency:
    """What a parameter of any gate needs."""
    if parameter is None:
        names = ", ".join(p.name for p in spec.parameters)
        raise ValueError(f"--gate needs --parameter, what is to be learnt; accepted: {names}")
    require_precision(precision)
    chosen = gauge_of(gauge)
    with Display() as display, display.doing("computing information"):
        point = regular_truth(spec, chosen == "anchored")
        if truth is not None:
            point = read_values(truth, point)
        check_experts(point)
        if chosen == "anchored":
            check_anchored(point)
        of_gate = OfGate(parameter_row(point, chosen, precision, parameter), understood(spec), held_in(point, chosen))
    title, counted = _title(point, Question(chosen, precision), of_gate.row.parameter)
    lines = (str(of_gate.reading), describe_truth(_atoms(point, of_gate.held)))
    parts: tuple[Part, ...] = (
        *lines,
        sizes(of_gate.row),
        f"n: observations for {counted}.",
        *remarks(of_gate.row),
    )
    summary = Summary(title, parts, (in_a_sentence(of_gate.row, precision),))
    return Efficiency(point, chosen, precision, None, None, (), of_gate, summary=summary)


def _atoms(truth: Truth, held: Sequence[Symbol]) -> dict[str, Any]:
    """The truth as `exponents` shows one."""
    atoms = [{p.name: str(v) for p, v in truth.point(i).items()} for i in range(truth.k)]
    return {"atoms": atoms, "held": [p.name for p in held]}


def _rows(jobs: Sequence[tuple[str | Activation, Truth]], query: Question) -> list[Row]:
    """What activations need, with laws."""
    rows = []
    with Display() as display, display.doing("computing information") as progress:
        for done, (name, truth) in enumerate(jobs):
            progress(done, len(jobs))
            row = row_of(name, truth, query)
            if row.n_tau is not None and query.match is None:
                case = Case.of(name, truth, query)
                row = with_laws(row, case, checked=len(jobs) <= MOST_CHECKED)
            rows.append(row)
    return rows


def _title(truth: Truth, query: Question, name: str) -> tuple[str, str]:
    """The question, and what is counted."""
    percent, (low, high) = f"{100 * query.precision:g}%", map(float, truth.box or ())
    where = f"[{low:g}, {high:g}]" + ("^2" if truth.spec.dim == 2 else "")
    wanted, at = (
        f"a relative standard error of {percent}",
        f"{truth.k} atoms, {query.gauge} gauge, x uniform on {where}",
    )
    return f"How many observations give {name} {wanted} ({at})?", f"{wanted}: {at}"


def _parts(rows: Sequence[Row], truth: Truth, query: Question, floor: float, title: str) -> Iterator[Part]:
    """The table, its notes, and the twin of the true point with every activation that has an n."""
    yield Table.of("Sample sizes", _COLUMNS if query.match is None else _MATCHED_COLUMNS, rows)
    yield from notes(rows, query.match, floor, title, query.precision)
    beta1 = slopes(truth) or ()
    for name in dict.fromkeys(row.activation for row in rows if row.n_tau is not None and query.match is None):
        twin = twin_of(decide(name, atoms=len(beta1), gauge=query.gauge), beta1)
        if twin is not None:
            shared = f"a twin has the density of this truth, {twin.map}: no amount of data distinguishes them"
            yield f"{name}: {shared}; n is about errors near this one."
