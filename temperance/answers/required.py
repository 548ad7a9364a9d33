"""Gives the numbers of `efficiency` alone, and reads what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any, Literal

import sympy as sp

from temperance.interop.callables import Source
from temperance.interop.callables import activation as read
from temperance.measurements.sample_sizes import ROUGHEST, Case, Match, Question, row_of
from temperance.measurements.true_measures import check_experts, check_gauge, default_truth, read_truth
from temperance.numerics.information import required
from temperance.numerics.information.parameters import all_values, free_names, held_in, told
from temperance.numerics.mixture.measures import MixingMeasure, truth_of
from temperance.show.options import FileOr
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.formula_reader import OF_GATES, Formula
from temperance.theory.models.gates import Gauge, gauge_of
from temperance.theory.models.spec import BETA0, atom_symbol
from temperance.theory.models.truth import Truth
from temperance.theory.symmetries.flows import PAIR, ExactSymmetry, Flow, exact_symmetries, symmetries_of
from temperance.theory.symmetries.score_translations import scores
from temperance.theory.symmetries.vector_fields import SCALE

_SMALLEST = 3  # singular values, that are shown
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
    chosen = truth_for(truth, gauge)
    row = row_of(read(activation), chosen, question(chosen, [activation], gauge, precision))
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
    chosen = truth_for(truth, gauge)
    case = Case.of(read(activation), chosen, question(chosen, [activation], gauge, 0.1))
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
    score_held: whether n takes the last atom's score as held, whose parameters move along a flow.
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
        return asdict(self)


def parameter_row(truth: Truth, gauge: Gauge, precision: float, parameter: str) -> ParameterRow:
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
        return replace(empty, relative_error=estimate.error if isfinite(estimate.error) else None, reason=reason)
    scale = estimate.value if estimate.value != 0 else 1.0
    n = estimate.variance / (scale * precision) ** 2
    return replace(empty, n=n, absolute=estimate.value == 0, relative_error=estimate.error)


def _read_function(truth: Truth, held: Collection[sp.Symbol], text: str) -> tuple[str, sp.Expr]:
    """What a text such as c, c[2] or w/tau is called, and the function of all atoms' parameters that it is."""
    text = text.strip()
    if re.fullmatch(_PARAMETER, text):
        p, atom = _read_parameter(truth, held, text)
        return p.name if not atom else f"{p.name}[{atom + 1}]", p if atom is None else atom_symbol(p, atom + 1)
    symbols_of: dict[str, sp.Symbol] = {}
    for whole in re.finditer(_PARAMETER, text):
        p, atom = _read_parameter(truth, (), whole[0])
        symbols_of[whole[0]] = p if atom is None else atom_symbol(p, atom + 1)
    places = {name: f"v{j}" for j, name in enumerate(symbols_of)}
    positive = [places[name] for name, p in symbols_of.items() if p.is_positive]
    read = Formula(re.sub(_PARAMETER, lambda name: places[name[0]], text), OF_GATES, 1, positive, {})
    symbols = {q: symbols_of[name] for name, place in places.items() for q in read.parameters[place]}
    f = read.expression.subs(symbols, simultaneous=True)
    if not all_values(truth).keys() & f.free_symbols or not f.subs(all_values(truth)).is_finite:
        raise ValueError(f"{text!r} has no value at the truth; accepted: a function of parameters, such as w/tau")
    return text, f


def _read_parameter(truth: Truth, held: Collection[sp.Symbol], text: str) -> tuple[sp.Symbol, int | None]:
    """The parameter of a text such as c or c[2], and its atom from 0, None if it is shared."""
    free, read = free_names(truth, held), re.fullmatch(_PARAMETER, text)
    name, place = read.groups() if read else (text, None)
    atom = int(place or 1) - 1
    symbols = {p.name: p for p in (*truth.shared, *truth.atoms[0])}
    if (name, None) in free and place is None:
        return symbols[name], None
    if (name, atom) in free:
        return symbols[name], atom
    accepted = ", ".join(n if i is None else f"{n}[{i + 1}]" for n, i in free)
    if name in symbols and symbols[name] in held and atom == truth.k - 1:
        raise ValueError(f"{text} is held, as a choice of gauge; accepted: {accepted}")
    raise ValueError(f"no parameter {text!r}; accepted: {accepted}, and formulas of them such as {free[0][0]}/2")


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
    parts = []
    for i in range(1, truth.k + 1):
        names = {p: p if p in truth.shared else atom_symbol(p, i) for p in (*truth.spec.parameters, BETA0)}
        speeds = [(names[p], sp.diff(e, SCALE).subs(SCALE, 1).subs(names, simultaneous=True)) for p, e in flow.orbit]
        parts.append({p: speed * sp.diff(f, p) for p, speed in speeds})
    speeds_along = (
        [sp.Add(*{p: e for part in parts for p, e in part.items()}.values())]
        if flow.together
        else [sp.Add(*part.values()) for part in parts]
    )
    return any(sp.simplify(e.subs(all_values(truth))) != 0 for e in speeds_along)


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


def truth_for(truth: FileOr | MixingMeasure, gauge: str) -> Truth:
    """The true point: a measure, a file or what it holds, or a well-conditioned one."""
    if isinstance(truth, MixingMeasure):
        if truth.tau.shape:
            raise ValueError(f"{_ONE}, not a batch of {truth.tau.shape}")
        return truth_of(truth, -3, 3)
    if truth is None:
        return default_truth(2, 1, anchored=gauge == "anchored")
    return read_truth(truth)


def question(
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
    require_precision(precision)
    if truth.k < 2 or dim > 2:
        raise ValueError(f"{_ONE}, not k = {truth.k}, d = {dim}")
    check_experts(truth)
    check_gauge(truth, anchored=chosen == "anchored")
    if tau is not None and not all(1e-50 < t < 1e50 for t in tau):
        raise ValueError("tau must hold temperatures T,T,.. between 1e-50 and 1e50")
    return Question(chosen, precision, _range(truth, match, tau))


def require_precision(precision: float) -> None:
    """Raise ValueError for a relative error that is not accepted."""
    if not 1e-6 <= precision <= 1:
        raise ValueError(f"precision must be a relative error from 1e-6 to 1, not {precision!r}")


def _range(truth: Truth, match: float | Sequence[float] | None, tau: Sequence[float] | None) -> Match | None:
    if match is None:
        return None
    if isinstance(match, (int, float)) or len(match) != 2 or not 0 < match[0] < match[1] < 1:
        raise ValueError(f"match takes two numbers, 0 < LOW < HIGH < 1, not {match!r}")
    if truth.k != 2 or not any(atom[p] for atom in truth.atoms for p in truth.spec.gate.own):
        raise ValueError("match takes a truth with two atoms and some beta1 that is not 0: its direction is kept")
    if tau is not None:
        raise ValueError("match chooses tau; --tau does not go with it")
    return match[0], match[1]
