"""Answers `predict`: how fast do estimates converge, by theory alone?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Unpack

from temperance.answers.twins import twin_of
from temperance.measurements.least_squares import by_least_squares
from temperance.measurements.literature import ROWS
from temperance.measurements.true_measures import check_truth, named_gate_at, read_atoms, read_measure
from temperance.show.answer import Typeset
from temperance.show.options import (
    NAMED_ALONE,
    AnyExpert,
    AnyGate,
    FileOr,
    FormulaOptions,
    Options,
    Whole,
    takes_formulas,
)
from temperance.show.output import BadInput, doing
from temperance.show.table import Aside, Part, Summary, Table, explain
from temperance.theory.activations.activation import Activation
from temperance.theory.contact.any_model_rates import has_linear_expert, predict_any
from temperance.theory.contact.order_setting import at_truth, order_setting
from temperance.theory.expressions.arguments import checked
from temperance.theory.models import experts
from temperance.theory.models.form import named
from temperance.theory.models.gates import FITTED, Gauge, gauge_of, require_gate
from temperance.theory.models.order import HALF, Prediction, Reason, ReasonKind
from temperance.theory.models.spec import MoESpec, is_weighted, kinks
from temperance.theory.models.truth import loss_of
from temperance.theory.rates.predict import predict as predictions
from temperance.theory.rates.true_point import slopes, somewhere
from temperance.theory.symmetries.traits import Understood
from temperance.theory.twins.decision import twins
from temperance.theory.twins.twin import Twin

_COLUMNS = ("parameter", "in", "when", "sharp p", "published p", "reason")
_MOST = 100  # fitted atoms
_UNREAD = "no exponent of least squares was read"
_ALL_SPLIT = "under least squares no statement covers cells that are all split"
_FUNCTION = "least squares in a parametric family: n^(-1/2) up to logarithms, in L2 over x"
_WHERE = {
    "any": "",
    "some singleton": "some cell a singleton",
    "every cell split": "every cell split",
    "anchor singleton": "anchor cell a singleton",
    "anchor split": "anchor cell split",
}


@dataclass(frozen=True, repr=False, eq=False)
class Predict(Typeset):
    """The predicted exponents: an error is of the order n^(-p), up to logarithms.

    Attributes:
        setting: gate, numbers of atoms and gauge, in words.
        predictions: one for every parameter and cell size, with reasons and what is assumed.
        record: a list of these, exponents as fractions or null.
        twin: other parameters with the density of the true point, if any are known; orbits are among the reasons.
        reading: how a formula was read; None of a gate by name.
    """

    setting: str
    predictions: tuple[Prediction, ...]
    twin: Twin | None = None
    reading: Understood | None = None

    @property
    def symbols(self) -> Set[str]:
        """The parameters of a formula, which are set as symbols."""
        return set() if self.reading is None else {p.name for p in self.reading.spec.parameters}


def _answer(
    setting: str,
    predictions: Sequence[Prediction],
    reading: Understood | None,
    twin: Twin | None = None,
    more_words: Sequence[str] = (),
    more_parts: Sequence[str] = (),
    *,
    has_theorems: bool = False,
) -> Predict:
    """The answer that predictions make, with what else goes with them.

    reading: how a formula was read; has_theorems: predictions are those of a named gate, in its names.
    """
    title = f"Predicted rates n^(-p): {setting}"
    lines = [title] if reading is None else [title, str(reading)]
    if reading is not None and has_theorems:
        lines.append(f"that is the {reading.name} gate of docs/gates.md, whose names of parameters are used here")
    words = (*_words(predictions, twin), *more_words)
    parts = (*lines, *explain(*lines, "cell"), *_parts(predictions), *more_parts)
    summary = Summary(title, parts, words)
    return Predict(setting, tuple(predictions), twin, reading, record=[*map(_record, predictions)], summary=summary)


def _record(p: Prediction) -> dict[str, Any]:
    """A prediction as JSON values.

    at_least: where sharp is null, an exponent that is proved and may be larger, or null.
    identifiable: true where there is a rate, false where none is possible, null where no statement says.
    """
    return {
        "parameter": p.parameter,
        "cell_size": p.cell_size,
        "sharp": None if p.sharp is None else str(p.sharp),
        "published": None if p.published is None else str(p.published),
        "reason": f"{_WHERE[p.cells]}: {_reason(p)}" if _WHERE[p.cells] else _reason(p),
        "identifiable": p.identifiable,
        "reason_kind": p.reason_kind,
        "at_least": None if p.at_least is None else str(p.at_least),
    }


def _parts(predictions: Sequence[Prediction]) -> Iterator[Part]:
    """The table, the reasons, and what the numbers assume."""
    reasons = list(dict.fromkeys(map(_reason, predictions)))
    rows = []
    for p in predictions:
        size = "-" if p.cell_size is None else f"a cell of {p.cell_size}"
        mark = f"[{reasons.index(_reason(p)) + 1}]"
        sharp = _text(p.sharp) if p.at_least is None else f"at least {p.at_least}"
        rows.append((p.parameter, size, _WHERE[p.cells] or "always", sharp, _text(p.published), mark))
    yield Table("Predicted exponents", _COLUMNS, tuple(rows))
    yield from (f"[{i}] {reason}" for i, reason in enumerate(reasons, 1))
    if premises := dict.fromkeys(text for p in predictions for text in p.conditions):
        yield f"assumed: {'; '.join(premises)}"


def _words(predictions: Sequence[Prediction], twin: Twin | None) -> Iterator[str]:
    """The slowest rate, what is not predicted, and what a published number means."""
    proved = [p for p in predictions if p.proved is not None]
    slowest = min(p.proved for p in proved if p.proved is not None)
    names, open_ = _names(proved), _names([p for p in predictions if p.proved is None])
    last = [p for p in proved if p.proved == slowest]
    faster = "" if any(p.sharp == slowest for p in last) else " or faster"
    text = f"Slowest predicted rate: n^(-{slowest}){faster}, of {', '.join(_names(last))}"
    for what, some in (
        ("no rate is predicted of", [name for name in open_ if name not in names]),
        ("in some cases no rate is predicted of", [name for name in open_ if name in names]),
    ):
        text += f"; {what}: {', '.join(some)}" if some else ""
    yield text
    if any(p.published is not None and p.sharp is not None and p.published < p.sharp for p in proved):
        yield "A published exponent below the sharp one is a correct bound: the error falls faster than it says"
    if fast := [p for p in predictions if p.published_is_too_fast]:
        yield f"The published exponent is too fast here for {', '.join(_names(fast))}: see sharp p"
    if twin is not None and not twin.factor.free_symbols:
        same = f"A twin has the density of this truth, {twin.map}"
        yield f"{same}: rates are to the nearest of all parameters with this density"


def _text(exponent: Fraction | None) -> str:
    return "none" if exponent is None else str(exponent)


def _reason(p: Prediction) -> str:
    """Why the sharp exponent is what it is, and why nothing is published where nothing is."""
    silent = p.published is None and p.published_reason != p.reason
    return p.reason + (f"; no published rate: {p.published_reason}" if silent else "")


def _names(predictions: Sequence[Prediction]) -> list[str]:
    return list(dict.fromkeys(p.parameter for p in predictions))


@checked
@takes_formulas
def predict(
    gate: AnyGate = None,
    activation: str | None = None,
    expert: AnyExpert = "gaussian",
    *,
    true: Whole,
    fitted: Whole,
    gauge: str = "free",
    truth: FileOr = None,
    dim: Whole | None = None,
    loss: str = "likelihood",
    **formulas: Unpack[FormulaOptions],
) -> Predict:
    """Predict the rates of a gate from theory: for every parameter the sharp and the published exponent, and why.

    Linear, softmax and activation gates with linear Gaussian experts, by name or formula, have theorems of their own.
    Of any other model it is what is proved of contact orders.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation; in Python, also a Gate.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        expert: An expert of the list there, or a formula of its mean; in Python, also an Expert.
        true: Number of true atoms, k*; at most 5 for a gate without theorems of its own.
        fitted: Number of fitted atoms, k, at most 100.
        gauge: free or anchored, of the gate "activation"; the others hold their last atom.
        truth: A .json file with the true point, {NAME: a number for all atoms, or one for each in [..]}; a generic one
            by default.
        dim: Dimension of x; by default 1, or the least that a gate or a formula needs.
        loss: likelihood, or least-squares: of the regression function, with two true atoms and more fitted ones.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    chosen, squares = gauge_of(gauge), loss_of(loss) == "least-squares"
    if fitted > _MOST:
        raise BadInput(f"--fitted must be at most {_MOST} atoms, not {fitted}")
    with doing("predicting"):
        options = Options(gate, expert, activation, dim, **formulas).with_least_dimension
        named = named_gate_at(options, truth)
        if named is None or squares:
            if chosen == "anchored":
                raise BadInput(f"--gauge anchored {NAMED_ALONE}")
            return (_of_squares if squares else _of_any)(options, true, fitted, truth)
        return _of_theorems(options, *named, true, fitted, chosen, truth)


def _of_theorems(
    options: Options, name: str, source: str | Activation | None, true: int, fitted: int, gauge: Gauge, truth: FileOr
) -> Predict:
    """Of the gates that have theorems of their own."""
    require_gate(name, source is not None, FITTED)
    if truth is None:
        point = somewhere(true, options.dimension, FITTED[name])
    else:
        point = read_measure(truth, FITTED[name], gauge, true, options.dimension)
        check_truth(point, true, point.spec.dim, gauge == "anchored")
    rates = predictions(point, fitted, source, gauge=gauge)
    twin, mediants = None, tuple[str, ...]()
    if source is not None and true > 1:
        decided, beta1 = twins(source, atoms=true, gauge=gauge), slopes(point) or ()
        twin = twin_of(decided, beta1)
        if fitted >= 2 * true:
            joined = tuple(t for t in decided.twins if t.has_mediants)
            if (other := twin_of(replace(decided, twins=joined), beta1)) is not None:
                mediants = (
                    f"{2 * true} atoms, those of this truth with weights E_i and those of its twin {other.map} with w "
                    "E'_i, have its density for every w > 0 (mediants, theory 2.2.1): rates are those of boxes without "
                    "the gates of the twin",
                )
    text = source.name if isinstance(source, Activation) else source
    setting = f"{name if text is None else f'{text}, {gauge} gauge'}, k* = {true}, k = {fitted}"
    return _answer(setting, rates, options.reading, twin, mediants, has_theorems=True)


def _of_any(options: Options, true: int, fitted: int, truth: FileOr) -> Predict:
    """Of any other model."""
    spec = options.spec
    rates = [*_add_published(predict_any(spec, true, fitted, read_atoms(truth, spec, true)), spec)]
    setting = f"{spec.gate.name} gate, {spec.expert.name} expert, d = {spec.dim}, k* = {true}, k = {fitted}"
    return _answer(setting, rates, options.reading, more_words=_measured(options, true, fitted, truth))


def _measured(model: Options, true: int, fitted: int, truth: FileOr) -> tuple[str, ...]:
    """The commands that measure it, in a line; () where there is none: of experts that are not Gaussian."""
    spec, commands = model.spec, []
    file = f" --truth {shlex.quote(truth)}" if isinstance(truth, str) else "" if truth is None else " --truth FILE"
    options = (model.in_shell or "GATE EXPERT") + file
    if experts.mean_of(spec.expert) is None:
        return ()
    if fitted > true:
        split = "" if is_weighted(spec) else " --split all"
        commands.append(f"orders that are only measured: `temperance exponents {options}{split}`")
    if true == 2 and (fitted == 2 or is_weighted(spec)) and not kinks(spec):
        commands.append(f"rates: `temperance rates {options} --true 2 --fitted {min(fitted, 3)}`")
    line = "; ".join(commands)
    return (Aside(line[0].upper() + line[1:]),) if line else ()


def _of_squares(options: Options, true: int, fitted: int, truth: FileOr) -> Predict:
    """Under least squares: the orders of a cell beside a singleton, whatever its size is (theory 8)."""
    if true != 2 or fitted < 3:
        raise BadInput(f"--loss least-squares has rates with --true 2 and --fitted 3 or more, not {true}, {fitted}")
    spec, command = options.spec, options.in_shell
    cell = order_setting(spec.gate, spec.expert, size=fitted - 1, dim=spec.dim)
    squares = by_least_squares(at_truth(cell, read_atoms(truth, spec, true)))
    shared = {p.name for p in spec.gate.shared}
    rates = []
    for row in squares.record()["orders"]:
        name, common = row["parameter"], row["parameter"] in shared
        rate = None if row["rate"] is None else Fraction(row["rate"])
        sharp = rate if row["upper"] == squares.least(row) else None
        size, kind = None if common else fitted - 1, ReasonKind(row["reason_kind"])
        prediction = Prediction(name, size, sharp, None, row["reason"], _UNREAD, (), "some singleton", kind)
        rates.append(replace(prediction, at_least=rate if sharp is None else None))
    for m in range(2, fitted - 1):
        for p in [p for p in rates if p.cells == "some singleton" and not p.flat and (p.cell_size or m == 2)]:
            size = None if p.cell_size is None else m
            rates.append(Prediction(p.parameter, size, None, None, _ALL_SPLIT, _UNREAD, (), "every cell split"))
    rates.append(Prediction("function", None, HALF, None, _FUNCTION, _UNREAD))
    setting = (
        f"{spec.gate.name} gate, {spec.expert.name} expert, least squares, d = {spec.dim}, k* = {true}, k = {fitted}"
    )
    measured = []
    if fitted == 3 and command is not None and is_weighted(spec) and not kinks(spec):
        measured = [Aside(f"Measured: `temperance rates {command} --true 2 --fitted 3 --loss least-squares`")]
    return _answer(setting, rates, options.reading, more_words=measured, more_parts=squares.reasons)


def _add_published(rates: Sequence[Prediction], spec: MoESpec) -> Iterator[Prediction]:
    """With what the papers of the list have on a model that is in it."""
    source = None if spec.gate.activation is None else spec.gate.activation.name
    expert = "gaussian" if has_linear_expert(spec) else spec.expert.name
    about = (named(spec.gate, spec.dim), expert, source)
    row = next((r for r in ROWS if r.papers and (r.gate, r.expert, r.source) == about), None)
    for p in rates:
        if row is None or p.published is not None:
            yield p
            continue
        exponent, reason = None, Reason(ReasonKind.UNREAD, f"no exponent was read in arXiv {', '.join(row.papers)}")
        if row.published is not None:
            exponent, reason = row.published.of(p.parameter, p.cell_size or 0)
        yield replace(p, published=None if exponent is None else Fraction(exponent), published_reason=reason.text)
