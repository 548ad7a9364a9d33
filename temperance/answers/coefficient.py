"""Answers `coefficient`: what does a superfluous expert cost?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Unpack

from cyclopts import Parameter

from temperance.measurements.true_measures import read_atoms
from temperance.show.answer import Typeset
from temperance.show.options import ExpertWithOrders, FileOr, FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import BadInput, doing
from temperance.show.table import Summary, Table
from temperance.theory.coefficients.bounds import Coefficient as Found
from temperance.theory.coefficients.bounds import coefficient as bounds
from temperance.theory.coefficients.bounds import has_anchor, number
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import Gauge, gauge_of
from temperance.theory.models.spec import Gate
from temperance.theory.symmetries.traits import Understood

_MOST = 20
_COLUMNS = ("", "value")


@dataclass(frozen=True, repr=False, eq=False)
class Coefficient(Typeset):
    """The learning coefficient lambda: what log n is multiplied with where BIC has half the number of parameters.

    Attributes:
        found: the bounds, the multiplicity, the stratum and the reason.
        gauge: the gauge that the value is of; None of a gate that has one alone.
        record: bounds as fractions, multiplicity, what BIC charges, stratum, reason, gauge; and of a formula.
    """

    found: Found
    gauge: Gauge | None


@checked
@takes_formulas
def coefficient(
    gate: Annotated[str | Gate | None, Parameter(help="A gate of docs/gates.md, or a formula")] = None,
    expert: ExpertWithOrders = "gaussian",
    activation: str | None = None,
    *,
    true: Whole | None = None,
    fitted: Whole,
    gauge: str = "anchored",
    truth: FileOr = None,
    dim: Whole | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Coefficient:
    """Bound the learning coefficient of a mixture with superfluous experts: what each of them costs, against BIC.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation; in Python, also a Gate.
        expert: A Gaussian expert of the list there, or a formula of its mean; in Python, also an Expert.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        true: Number of true atoms, k*; by default that of the truth.
        fitted: Number of fitted atoms, k, at most 20.
        gauge: anchored or free, of an activation gate, by name or formula; the answer names it.
        truth: A .json file with the true point, of which the number of atoms counts.
        dim: Dimension of x; by default 1, or the least that a formula needs.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    if fitted > _MOST:
        raise BadInput(f"--fitted must be at most {_MOST} atoms, not {fitted}")
    chosen = gauge_of(gauge)
    options = Options(gate, expert, activation, dim, **formulas)
    if truth is not None:
        true = read_atoms(truth, options.spec, true, chosen).k
    elif true is None:
        raise BadInput("the number of true atoms is missing; accepted: --true or --truth")
    with doing("bounding the coefficient"):
        result = bounds(options.spec, true, fitted, gauge=chosen)
        named = chosen if has_anchor(options.spec) else None
    reading = options.reading
    if reading is not None and named == "anchored":
        reading = replace(reading, held=options.spec.gate.own)
    formula = None if reading is None else reading.record()
    record = {**result.to_json(), "gauge": named, "gate_formula": formula}
    return Coefficient(result, named, record=record, summary=_summarise(result, reading, named))


def _summarise(result: Found, reading: Understood | None, gauge: Gauge | None) -> Summary:
    """The answer in a sentence; bounds, multiplicity and BIC; the stratum, the reason and what is assumed."""
    sentence = result.sentence + ("" if gauge is None else f" ({gauge} gauge)")
    bounds = [(f"{side} bound", getattr(result, side)) for side in ("lower", "upper")]
    rows = [(name, "none proved" if value is None else number(value)) for name, value in bounds]
    pair = dict.fromkeys(result.multiplicity or ())
    rows.append(("multiplicity", " to ".join(map(str, pair)) or "open, as lambda is not exact"))
    rows.append(("BIC", "parameters not counted" if result.bic is None else number(result.bic)))
    grid = Table("Learning coefficient", _COLUMNS, tuple(rows))
    lines = () if reading is None else (str(reading),)
    stratum = f"It is that of {result.stratum}." if result.exact else ""
    parts = (*lines, grid, stratum, result.reason.text, *result.assumed)
    return Summary(sentence, tuple(part for part in parts if part), (sentence,))
