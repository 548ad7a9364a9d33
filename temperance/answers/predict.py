"""Answers `predict`: how fast do estimates converge, by theory alone?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from temperance.answer.answer import Answer
from temperance.answers.twins import twin_of
from temperance.measurements.true_measures import check_truth, read_truth
from temperance.terminal.errors import BadInput
from temperance.terminal.options import FileOr, Whole
from temperance.terminal.parts import Grid, Part, Said
from temperance.terminal.progress import Display
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import FITTED, gate_of, gauge_of, require_gate
from temperance.theory.rates.predict import predict as predictions
from temperance.theory.rates.prediction import Prediction
from temperance.theory.rates.true_point import slopes, somewhere
from temperance.theory.twins.decision import twins
from temperance.theory.twins.twin import Twin

_COLUMNS = ("parameter", "in", "when", "sharp p", "published p", "reason")
_MOST = 100  # fitted atoms
_WHERE = {
    "any": "",
    "some singleton": "some cell a singleton",
    "every cell split": "every cell split",
    "anchor singleton": "anchor cell a singleton",
    "anchor split": "anchor cell split",
}


@dataclass(frozen=True, repr=False, eq=False)
class Predict(Answer):
    """The predicted exponents: an error is of the order n^(-p), up to logarithms.

    Attributes:
        setting: gate, numbers of atoms and gauge, in words.
        predictions: one for every parameter and cell size, with reasons and what is assumed.
        twin: other parameters with the density of the true point, if any are known; orbits are among the reasons.
    """

    setting: str
    predictions: tuple[Prediction, ...]
    twin: Twin | None = None

    def to_json(self) -> Any:
        """A list: parameter, cell_size, sharp and published as fractions or null, reason, identifiable, reason_kind.

        identifiable: true where there is a rate, false where none is possible, null where no statement says.
        reason_kind: a value of `theory.settings.reasons.ReasonKind`.
        """
        return [
            {
                "parameter": p.parameter,
                "cell_size": p.cell_size,
                "sharp": None if p.sharp is None else str(p.sharp),
                "published": None if p.published is None else str(p.published),
                "reason": f"{_WHERE[p.cells]}: {_reason(p)}" if _WHERE[p.cells] else _reason(p),
                "identifiable": p.identifiable,
                "reason_kind": p.reason_kind,
            }
            for p in self.predictions
        ]


def _said(setting: str, predictions: Sequence[Prediction], twin: Twin | None) -> Said:
    title = f"Predicted rates n^(-p): {setting}"
    return Said(title, (title, *_parts(predictions)), tuple(_words(predictions, twin)))


def _parts(predictions: Sequence[Prediction]) -> Iterator[Part]:
    """The table, the reasons, and what the numbers assume."""
    reasons = list(dict.fromkeys(map(_reason, predictions)))
    rows = []
    for p in predictions:
        size = "-" if p.cell_size is None else f"a cell of {p.cell_size}"
        mark = f"[{reasons.index(_reason(p)) + 1}]"
        rows.append((p.parameter, size, _WHERE[p.cells] or "always", _text(p.sharp), _text(p.published), mark))
    yield Grid("Predicted exponents", _COLUMNS, tuple(rows))
    yield from (f"[{i}] {reason}" for i, reason in enumerate(reasons, 1))
    if given := dict.fromkeys(text for p in predictions for text in p.conditions):
        yield f"assumed: {'; '.join(given)}"


def _words(predictions: Sequence[Prediction], twin: Twin | None) -> Iterator[str]:
    """The slowest rate, what is not predicted, and what a published number means."""
    known = [p for p in predictions if p.sharp is not None]
    slowest = min(p.sharp for p in known if p.sharp is not None)
    names, open_ = _names(known), _names([p for p in predictions if p.sharp is None])
    text = f"Slowest predicted rate: n^(-{slowest}), of {', '.join(_names([p for p in known if p.sharp == slowest]))}"
    for what, some in (
        ("no rate is predicted of", [name for name in open_ if name not in names]),
        ("in some of the cases only", [name for name in open_ if name in names]),
    ):
        text += f"; {what}: {', '.join(some)}" if some else ""
    yield text
    if any(p.published is not None and p.sharp is not None and p.published < p.sharp for p in known):
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


def _names(found: Sequence[Prediction]) -> list[str]:
    return list(dict.fromkeys(p.parameter for p in found))


@checked
def predict(
    gate: str | None = None,
    activation: str | None = None,
    *,
    true: Whole,
    fitted: Whole,
    gauge: str = "free",
    truth: FileOr = None,
) -> Predict:
    """Predict the rates of a gate from theory: for every parameter the sharp and the published exponent, and why.

    Args:
        gate: linear (the default), softmax (temperature 1) or activation.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        true: Number of true atoms, k*.
        fitted: Number of fitted atoms, k, at most 100.
        gauge: free or anchored, of the gate "activation"; the others hold their last atom.
        truth: A .json file with the true point, as for rates; a generic one by default.

    Raises:
        ValueError: what is not accepted.
    """
    gate = gate_of(gate, activation is not None)
    require_gate(gate, activation is not None, FITTED)
    chosen = gauge_of(gauge)
    if fitted > _MOST:
        raise BadInput(f"--fitted must be at most {_MOST} atoms, not {fitted}")
    with Display() as shown, shown.doing("predicting"):
        if truth is None:
            point = somewhere(true, make=FITTED[gate])
        else:
            point = read_truth(truth, FITTED[gate])
            check_truth(point, true, point.spec.dim, chosen == "anchored")
        found = predictions(point, fitted, activation, gauge=chosen)
        twin = None
        if activation is not None and true > 1:
            twin = twin_of(twins(activation, atoms=true, gauge=chosen), slopes(point) or ())
    name = gate if activation is None else f"{activation}, {chosen} gauge"
    setting = f"{name}, k* = {true}, k = {fitted}"
    return Predict(setting, found, twin, said=_said(setting, found, twin))
