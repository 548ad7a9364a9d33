"""Answers `efficiency`: how many observations does it take to learn the temperature, or a parameter of any gate?

`required_n` and `standard_errors` give the numbers alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal, Unpack

import numpy as np
import sympy as sp
from cyclopts import Parameter

from temperance.answers.twins import twin_of
from temperance.interop.callables import Source
from temperance.interop.callables import activation as read
from temperance.measurements.contact_orders import describe_truth
from temperance.measurements.sample_sizes import (
    ROUGHEST,
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
    check_gauge,
    measure_values_of,
    read_measure,
    read_truth,
    values_of,
)
from temperance.numerics.information import required
from temperance.numerics.information.fisher import RESOLVED, all_values, free_names, held_in, told
from temperance.numerics.mixture.measures import MixingMeasure, truth_of
from temperance.show.answer import Typeset
from temperance.show.options import FileOr, FormulaOptions, Numbers, Options, Whole, takes_formulas
from temperance.show.output import doing
from temperance.show.plots import Line, Plot, Point
from temperance.show.table import Aside, Columns, Part, Summary, Table, explain
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.contact.places import moved_along
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.formula_reader import OF_GATES, Formula
from temperance.theory.models.gates import Gauge, gauge_of
from temperance.theory.models.spec import BETA0, Expert, Gate, MoESpec, atom_symbol
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import slopes
from temperance.theory.symmetries.flows import PAIR, ExactSymmetry, Flow, exact_symmetries, symmetries_of
from temperance.theory.symmetries.score_translations import scores
from temperance.theory.symmetries.traits import understood
from temperance.theory.symmetries.vector_fields import SCALE
from temperance.theory.twins.decision import twins as decide

_SMALLEST = 3  # singular values, that are shown
_NEAR = 2e-3  # a singular value, over the largest, that makes n large
_SINGULAR = (
    "not determined to first order: the information is singular along it, and no symmetry is proved that moves it"
)
_BESIDE = "the information is singular along other parameters, more than what is proved: no n holds to first order"
_PARAMETER = r"([A-Za-z_]\w*)(?:\[([1-9]\d{0,3})\])?(?![\w\[]|\s*\()"  # and no function
_ONE = "the truth must be one measure of at least 2 atoms in dimension 1 or 2"


@checked
def required_n(
    activation: Source,
    truth: FileOr | MixingMeasure = None,
    *,
    gauge: str = "free",
    precision: float = 0.1,
    parameter: Literal["tau", "beta1"] = "tau",
) -> float:
    """n at which a parameter has a relative standard error.

    Args:
        activation: a name, an expression in z, or a function of torch or jax.
        truth: a measure (x uniform on [-3, 3]^d), or a true point as for `efficiency`.
        gauge: free or anchored.
        precision: the relative standard error wanted.
        parameter: tau, or beta1 (of the worst atom).

    Raises:
        ValueError: there is none, with the proof that says so; or what is not accepted.
    """
    chosen = _truth_for(truth, gauge)
    row = row_of(read(activation), chosen, _question(chosen, [activation], gauge, precision))
    n = row.n_tau if parameter == "tau" else row.n_beta1
    if n is None:
        raise ValueError(f"no n gives {parameter} a standard error: {row.reason}")
    return n


@checked
def standard_errors(
    truth: FileOr | MixingMeasure, n: float, *, activation: Source, gauge: str = "free"
) -> dict[str, float | list[float]]:
    """Asymptotic standard errors from n observations: {"tau": .., "beta1_0": .., "nu_1": ..}, lists for d > 1.

    Args:
        truth: a measure (x uniform on [-3, 3]^d), or a true point as for `efficiency`.
        n: number of observations.
        activation: a name, an expression in z, or a function of torch or jax.
        gauge: free or anchored.

    Raises:
        ValueError: parameters of the gate are proved not to be identifiable; or what is not accepted.
    """
    if not 0 < n < float("inf"):
        raise ValueError(f"n must be a positive number, not {n!r}")
    chosen = _truth_for(truth, gauge)
    case = Case.of(read(activation), chosen, _question(chosen, [activation], gauge, 0.1))
    if (proved := case.obstacle) is not None:
        raise ValueError(f"there are no standard errors of the gate: {proved.words}")
    errors_of: dict[str, list[float]] = {}
    for name, atom, error in required.standard_errors(*case.where, n):
        errors_of.setdefault(name if atom is None else f"{name}_{atom}", []).append(error)
    return {name: errors[0] if len(errors) == 1 else errors for name, errors in errors_of.items()}


@dataclass(frozen=True)
class ParameterRow:
    """n of one parameter of any gate or expert at one truth. What there is not is None, for the `reason`.

    parameter: what was asked, of a later atom than the first with its number as in c[2]. value: at the truth. absolute:
    whether the precision is absolute, as the value is 0. not_identifiable: the kind of exact symmetry that moves it.
    invariant, n_invariant: what is left, and its n. relative_error: of n, by a rule of half as many points.
    singular_values: the smallest ones of the root of the information, over the largest, where it is singular.
    score_held: whether n takes the last atom's score as held, whose parameters move along a flow. singular_values are
    also there where n is large because of them.
    """

    parameter: str
    value: float
    n: float | None = None
    absolute: bool = False
    not_identifiable: str | None = None
    invariant: str | None = None
    n_invariant: float | None = None
    relative_error: float | None = None
    singular_values: tuple[float, ...] | None = None
    reason: str | None = None
    score_held: bool = False

    def record(self) -> dict[str, Any]:
        """The row as JSON values."""
        values = self.singular_values
        return {**asdict(self), "singular_values": None if values is None else list(values)}


def _parameter_row(truth: Truth, gauge: Gauge, precision: float, parameter: str) -> ParameterRow:
    """What a parameter needs: a name, with an atom as in c[2]; or a formula of parameters, such as w/tau.

    What no flow moves is told with the score of the last atom held (theory 2.1): a flow that moves what is held
    there is followed until a shared parameter has its true value.

    Raises:
        ValueError: an unknown parameter, or one that is held; what `told` raises.
    """
    held = held_in(truth, gauge)
    label, f = _read_function(truth, held, parameter)
    estimate, (proved, most) = told(truth, held, f), _flat_curves(truth, gauge)
    flow = next((s for s in proved if s.flow is not None and _moves(s.flow, f, truth)), None)
    followed = [q for s in proved if s.flow for q in [q for q in s.flow.field.moved if q in truth.shared][:1]]
    by_score = estimate.variance is None and flow is None and bool(followed)
    if by_score:
        estimate, most = told(truth, (*held, *followed), f), most - len(followed)
    empty = ParameterRow(label, estimate.value, score_held=by_score)
    if estimate.variance is None or estimate.flat > most:
        row = replace(empty, singular_values=estimate.ratios[-_SMALLEST:])
        by = flow or (proved[0] if proved and estimate.flat <= most else None)
        if estimate.variance is None and by is not None:
            return _add_invariant(replace(row, not_identifiable=by.kind, reason=by.map), truth, held, f, precision)
        what = _SINGULAR if estimate.variance is None else _BESIDE
        return replace(row, reason=what)
    if estimate.error > ROUGHEST:
        reason = f"two rules of integration differ by {estimate.error:.0%}: the gate is too steep or too rough for them"
        return replace(empty, relative_error=estimate.error if math.isfinite(estimate.error) else None, reason=reason)
    scale = estimate.value if estimate.value != 0 else 1.0
    n = estimate.variance / (scale * precision) ** 2
    ratios = estimate.ratios[: len(estimate.ratios) - estimate.flat][-_SMALLEST:]
    near = ratios if ratios[-1] < _NEAR else None
    return replace(empty, n=n, absolute=estimate.value == 0, relative_error=estimate.error, singular_values=near)


def _read_function(truth: Truth, held: Collection[sp.Symbol], text: str) -> tuple[str, sp.Expr]:
    """What a text such as c, c[2] or w/tau is called, and the function of all atoms' parameters that it is."""
    text = text.strip()
    alone = re.fullmatch(_PARAMETER, text)
    held = held if alone else ()
    symbols_of = {name[0]: _read_parameter(truth, held, name) for name in re.finditer(_PARAMETER, text)}
    if alone:
        return alone[1] if alone[2] in (None, "1") else text, symbols_of[text]
    places = {name: f"v{j}" for j, name in enumerate(symbols_of)}
    positive = [places[name] for name, p in symbols_of.items() if p.is_positive]
    read = Formula(re.sub(_PARAMETER, lambda name: places[name[0]], text), OF_GATES, 1, positive, {})
    symbols = {q: symbols_of[name] for name, place in places.items() for q in read.parameters[place]}
    f = read.expression.subs(symbols, simultaneous=True)
    if not all_values(truth).keys() & f.free_symbols or not f.subs(all_values(truth)).is_finite:
        raise ValueError(f"{text!r} has no value at the truth; accepted: a function of parameters, such as w/tau")
    return text, f


def _read_parameter(truth: Truth, held: Collection[sp.Symbol], match: re.Match[str]) -> sp.Symbol:
    """The parameter of a text such as c or c[2], of which atom it is."""
    free, (name, place) = free_names(truth, held), match.groups()
    atom = int(place or 1) - 1
    symbols = {p.name: p for p in (*truth.shared, *truth.atoms[0])}
    if (name, None) in free and place is None:
        return symbols[name]
    if (name, atom) in free:
        return atom_symbol(symbols[name], atom + 1)
    accepted = ", ".join(n if i is None else f"{n}[{i + 1}]" for n, i in free)
    if name in symbols and symbols[name] in held and atom == truth.k - 1:
        raise ValueError(f"{match[0]} is held, as a choice of gauge; accepted: {accepted}")
    raise ValueError(f"no parameter {match[0]!r}; accepted: {accepted}, and formulas of them such as {free[0][0]}/2")


def _flat_curves(truth: Truth, gauge: Gauge) -> tuple[list[ExactSymmetry], int]:
    """The curves of one density that are proved, and how many dimensions they have."""
    gate_scores, curves, most = scores(truth.spec), [], 0
    signed = None if gate_scores is None else gate_scores.one_sign
    for s in exact_symmetries(truth.spec, truth.k, gauge):
        apart = signed is not None and len({sp.sign(atom[signed]) for atom in truth.atoms}) > 1
        if s.flow is None and (not s.is_curve or apart):
            continue
        curves.append(s)
        together = s.flow is None or s.flow.together
        most += gate_scores.pair if s.kind == PAIR and gate_scores is not None else 1 if together else truth.k
    return curves, most


def _moves(flow: Flow, f: sp.Expr, truth: Truth) -> bool:
    """Whether a flow, of all atoms together or of one, moves a function of their parameters at its truth."""
    orbits: list[dict[sp.Symbol, sp.Expr]] = []
    for i in range(1, truth.k + 1):
        names = {p: p if p in truth.shared else atom_symbol(p, i) for p in (*truth.spec.parameters, BETA0)}
        orbits.append({names[p]: e.subs(names, simultaneous=True) for p, e in flow.orbit})
    changes = [{p: e for orbit in orbits for p, e in orbit.items()}] if flow.together else orbits
    speeds = (sp.diff(f.subs(change, simultaneous=True), SCALE).subs(SCALE, 1) for change in changes)
    return any(sp.simplify(speed.subs(all_values(truth))) != 0 for speed in speeds)


def _add_invariant(
    row: ParameterRow, truth: Truth, held: Collection[sp.Symbol], function: sp.Expr, precision: float
) -> ParameterRow:
    """A row with the first identifiable function of what is asked, and its n."""
    named = (i for i in range(1, truth.k + 1) if {atom_symbol(q, i) for q in truth.atoms[0]} & function.free_symbols)
    atom = next(named, 1)
    other = truth.k if atom < truth.k else 1
    sides = {atom_symbol(q, side): atom_symbol(q, i) for q in truth.atoms[0] for side, i in (("i", atom), ("j", other))}
    here, there = ({q: atom_symbol(q, i) for q in truth.atoms[0]} for i in (atom, other))
    functions = [f.subs(sides, simultaneous=True) for f in symmetries_of(truth.spec).identifiable or ()]
    whole = [f.subs(here, simultaneous=True) for f in functions]
    apart = [sp.factor_terms(f - g.subs(there, simultaneous=True)) for f, g in zip(whole, functions, strict=True)]
    for f in (*whole, *apart):
        if f.free_symbols & function.free_symbols:
            estimate = told(truth, held, f)
            if estimate.variance is not None and estimate.value != 0 and estimate.error <= ROUGHEST:
                n = estimate.variance / (estimate.value * precision) ** 2
                return replace(row, invariant=str(f), n_invariant=n, relative_error=estimate.error)
    return row


def _truth_for(truth: FileOr | MixingMeasure, gauge: str) -> Truth:
    """The true point: a measure, a file or what it holds, or a well-conditioned one."""
    if isinstance(truth, MixingMeasure):
        if truth.tau.shape:
            raise ValueError(f"{_ONE}, not a batch of {truth.tau.shape}")
        return truth_of(truth, -3, 3)
    return read_measure(truth, gauge=gauge_of(gauge))


def _question(
    truth: Truth,
    activations: Sequence[object],
    gauge: str,
    precision: float,
    match: float | Sequence[float] | None = None,
    tau: Sequence[float] | None = None,
) -> Question:
    """The question, if it is one; else raises ValueError."""
    chosen, dim = gauge_of(gauge), truth.spec.dim
    if not activations and match is None:
        raise ValueError("an activation is missing; accepted: names or expressions, or --match LOW,HIGH for all")
    _require_precision(precision)
    if truth.k < 2 or dim > 2:
        raise ValueError(f"{_ONE}, not k = {truth.k}, d = {dim}")
    check_experts(truth)
    check_gauge(truth, anchored=chosen == "anchored")
    if tau is not None and not all(1e-50 < t < 1e50 for t in tau):
        raise ValueError("tau must hold temperatures T,T,.. between 1e-50 and 1e50")
    if match is None:
        return Question(chosen, precision)
    if isinstance(match, (int, float)) or len(match) != 2 or not 0 < match[0] < match[1] < 1:
        raise ValueError(f"match takes two numbers, 0 < LOW < HIGH < 1, not {match!r}")
    if truth.k != 2 or not any(atom[p] for atom in truth.atoms for p in truth.spec.gate.own):
        raise ValueError("match takes a truth with two atoms and some beta1 that is not 0: its direction is kept")
    if tau is not None:
        raise ValueError("match chooses tau; --tau does not go with it")
    return Question(chosen, precision, (match[0], match[1]))


def _require_precision(precision: float) -> None:
    if not 1e-6 <= precision <= 1:
        raise ValueError(f"precision must be a relative error from 1e-6 to 1, not {precision!r}")


_REACH = np.exp(np.linspace(-4.0, 3.0, 29))  # of the temperatures, over the best one


def _by_temperature(row: Row, case: Case, floor: float | None, rows: Sequence[Row]) -> Plot:
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
_MOST_CHECKED = 12  # rows whose laws are held against n: each takes half a second
_COLUMNS_IN_WORDS = (
    "price: the factor by which an unknown beta1 raises n (tau); best tau: of the least n, in the window n is at most "
    "twice that; crossings: x at which the two largest scores are equal; tau -> 0: the law of n."
)


def _window(row: Row) -> str:
    if row.best_tau is None:
        return "-"
    ends = " to ".join("?" if end is None else f"{end:.2g}" for end in row.best_tau[1:])
    return f"{row.best_tau[0]:.3g} ({ends})"


def _law(row: Row) -> str:
    law = row.laws.tau_to_0
    return power(law) if isinstance(law, int | float) else law or "-"


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
        yield f"n is within 10% of its law of tau -> 0 from tau = {_list_first(reached)} downwards."
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


def _notes(rows: Sequence[Row], match: Match | None, floor: float, title: str, precision: float) -> Iterator[str]:
    """What stands between the table and the answer."""
    least = floor * (1 - (2 * math.pi * precision / math.log(_RANGE)) ** 2)
    known = f"where tau is known within a factor of {_RANGE} (theory 7.2.2)"
    whatever = f"; whatever the estimator, {math.ceil(least)} {known}"
    yield from explain(title)
    yield f"n: observations for {title}; by theory none is below {math.ceil(floor)}{whatever if least > 0 else ''}."
    if match is None and any(row.n_tau is not None for row in rows):
        yield _COLUMNS_IN_WORDS
    errors = [row.relative_error for row in rows if row.relative_error is not None]
    if errors:
        yield f"Numerical error of n: about {max(1e-9, *errors):.0e} of it, by comparison with a coarser rule."
    if len(rows) <= _MOST_CHECKED:
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
    if row.not_identifiable is None:
        return f"no n: {row.reason}."
    power = "" if row.not_identifiable == "linear" else "^(1/p)"
    invariant = "" if row.n_invariant is None else f" What is left, beta1/tau{power}, needs n = {row.n_invariant:.0f}."
    return f"not identifiable ({row.not_identifiable}): {row.reason}.{invariant}"


def _remarks(row: ParameterRow) -> Iterator[str]:
    """What goes with the sample size of a parameter."""
    if row.relative_error is not None and row.relative_error > _ROUGH:
        yield f"Numerical error of n: about {row.relative_error:.0e} of it, by comparison with a coarser rule."
    if row.score_held and row.n is not None:
        yield "Held is the score of the last atom: its parameters move along the flow (theory 2.1)."
    if row.singular_values is not None:
        ratios = ", ".join(f"{v:.1e}" if v > 1 / RESOLVED else f"below {1 / RESOLVED:.0e}" for v in row.singular_values)
        near = "" if row.n is None else "Near-singular information, which makes n large. "
        yield f"{near}Smallest singular values of the root of the information, over the largest: {ratios}."


def _in_a_sentence(row: ParameterRow, precision: float) -> str:
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
        sentence = f"{best.activation} learns tau to {percent} from {count(least)} observations, {times}"
        if best.best_tau is not None and best.tau is not None:
            tau, low, high = best.best_tau
            where = "inside" if (low or 0.0) <= best.tau <= (math.inf if high is None else high) else "outside"
            sentence += f"; tau = {best.tau:g} is {where} the window of its best temperature, {tau:.3g}"
        return f"{sentence}.{lost}"
    several = len({row.tau for row in rows}) > 1
    names = [f"{row.activation} at tau = {row.tau:g}" if several else row.activation for row in (best, worst)]
    ends = f"from {count(least)} ({names[0]}) to {most:.3g} ({names[1]})"
    return f"tau to {percent} takes {ends} observations; the floor is {math.ceil(floor)}.{lost}"


def _list_first(names: list[str]) -> str:
    first_names = ", ".join(names[:_SHOWN])
    return first_names if len(names) <= _SHOWN else f"{first_names} and {len(names) - _SHOWN} more"


_EXPERT = "gaussian"


@dataclass(frozen=True, repr=False, eq=False)
class Efficiency(Typeset):
    """Sample sizes for the temperature, one row for every activation and temperature; or for a parameter of a gate.

    Attributes:
        truth: the true mixture in exact numbers, and the range of x.
        gauge: of the gate.
        precision: the relative standard error wanted.
        match: least and greatest probability of the gate over x, if activations are brought to equal terms.
        floor: n below which no activation, expert or design goes; None for a parameter of a gate.
        table: the sample sizes of activations and what goes with them.
        parameter: the sample size of a parameter of any gate.
        record: truth, gauge, precision, floor and rows; of a gate also what was understood, and what is held.
    """

    truth: Truth
    gauge: Gauge
    precision: float
    match: Match | None = None
    floor: float | None = None
    table: tuple[Row, ...] = ()
    parameter: ParameterRow | None = None

    key_of_rows = "rows"

    def true_values(self) -> Mapping[str, Any]:
        """The truth, as --truth takes one."""
        return self.record["truth"]

    @property
    def plots(self) -> Sequence[Plot]:
        """n over tau of every activation, with the law of tau -> 0."""
        query, rows = Question(self.gauge, self.precision), {row.activation: row for row in self.table}
        drawn = [row for row in rows.values() if row.best_tau is not None]
        return [
            _by_temperature(row, Case.of(row.activation, self.truth, query), self.floor, self.table) for row in drawn
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
            --gate: {NAME: a number for all atoms, or one for each in [..]}; what is left out is as in the answer.
        gauge: free or anchored; the linear gate is always anchored.
        precision: The relative standard error wanted.
        match: LOW,HIGH: bring activations to equal terms, by the range of the gate's probabilities over x; beta0 and
            tau then follow, and the length and sign of beta1 are those at which tau needs the fewest observations; the
            sign of the truth where both need as many.
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
    chosen = _truth_for(truth, gauge)
    query = _question(chosen, activations, gauge, precision, match, tau)
    names = [read(source) if not isinstance(source, (str, Activation)) else source for source in activations]
    points = [at_temperature(chosen, t) for t in tau] if tau else [chosen]
    jobs = [(name, point) for name in (names or CATALOGUE) for point in points]
    rows = _rows(jobs, query)
    if not names:
        rows.sort(key=lambda row: float("inf") if row.n_tau is None else row.n_tau)
    least = required.floor(chosen.k) / precision**2
    title, counted = _title(chosen, precision, f"{query.gauge} gauge", "tau")
    with doing("deciding"):
        parts = tuple(_parts(rows, chosen, query, least, counted))
    summary = Summary(title, parts, (answer(rows, query.match, least, precision),))
    record = {
        "truth": measure_values_of(chosen),
        "gauge": query.gauge,
        "precision": precision,
        "floor": least,
        "rows": [row.record() for row in rows],
        "match": None if query.match is None else list(query.match),
        "gate_formula": None,
    }
    settled = (chosen, query.gauge, precision, query.match, least, tuple(rows))
    return Efficiency(*settled, record=record, summary=summary)


def _of_gate(spec: MoESpec, parameter: str | None, truth: FileOr, gauge: str, precision: float) -> Efficiency:
    if parameter is None:
        names = ", ".join(p.name for p in spec.parameters)
        raise ValueError(f"--gate needs --parameter, what is to be learnt; accepted: {names}")
    _require_precision(precision)
    chosen = gauge_of(gauge)
    with doing("computing information"):
        point = read_truth(truth, spec, chosen)
        check_experts(point)
        if chosen == "anchored":
            check_anchored(point)
        row, reading = _parameter_row(point, chosen, precision, parameter), understood(spec)
    held = [p.name for p in held_in(point, chosen)]
    gauge_in_words = f"of the last atom {', '.join(held)} held" if held else "no atom is held"
    title, counted = _title(point, precision, gauge_in_words, row.parameter)
    atoms = [{p.name: str(v) for p, v in point.point(i).items()} for i in range(point.k)]
    record = {
        "truth": values_of(point),
        "held": held,
        "gauge": chosen,
        "precision": precision,
        "floor": None,
        "rows": [row.record()],
        "match": None,
        "gate_formula": reading.record(),
    }
    parts: tuple[Part, ...] = (
        str(reading),
        Aside(describe_truth({"atoms": atoms, "held": held, "along_flow": moved_along(point, held_in(point, chosen))})),
        Table("Sample size", ("parameter", "true value", "n"), ((row.parameter, f"{row.value:.4g}", count(row.n)),)),
        *([] if row.n is row.n_invariant is None else [f"n: observations for {counted}."]),
        *_remarks(row),
    )
    summary = Summary(title, parts, (_in_a_sentence(row, precision),))
    return Efficiency(point, chosen, precision, parameter=row, record=record, summary=summary)


def _rows(jobs: Sequence[tuple[str | Activation, Truth]], query: Question) -> list[Row]:
    """What activations need, with laws."""
    rows = []
    with doing("computing information") as progress:
        for done, (name, truth) in enumerate(jobs):
            progress(done, len(jobs))
            row = row_of(name, truth, query)
            if row.n_tau is not None and query.match is None:
                case = Case.of(name, truth, query)
                row = with_laws(row, case, checked=len(jobs) <= _MOST_CHECKED)
            rows.append(row)
    return rows


def _title(truth: Truth, precision: float, gauge: str, name: str) -> tuple[str, str]:
    """The question, and what is counted."""
    percent, (low, high) = f"{100 * precision:g}%", map(float, truth.box or ())
    where = f"[{low:g}, {high:g}]" + ("^2" if truth.spec.dim == 2 else "")
    wanted = f"a relative standard error of {percent}"
    at = f"{truth.k} atoms, {gauge}, x uniform on {where}"
    return f"How many observations give {name} {wanted} ({at})?", f"{wanted}: {at}"


def _parts(rows: Sequence[Row], truth: Truth, query: Question, floor: float, title: str) -> Iterator[Part]:
    """The table, its notes, and the twin of the true point with every activation that has an n."""
    yield Table.of("Sample sizes", _COLUMNS if query.match is None else _MATCHED_COLUMNS, rows)
    yield from _notes(rows, query.match, floor, title, query.precision)
    beta1 = slopes(truth) or ()
    for name in dict.fromkeys(row.activation for row in rows if row.n_tau is not None and query.match is None):
        twin = twin_of(decide(name, atoms=len(beta1), gauge=query.gauge), beta1)
        if twin is not None:
            shared = f"a twin has the density of this truth, {twin.map}: no amount of data distinguishes them"
            yield f"{name}: {shared}; n is about errors near this one."
