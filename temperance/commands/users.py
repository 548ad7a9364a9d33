"""`temperance fit`, `experts` and `audit`: read what the user brings, a CSV file or a torch model."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from math import isnan
from types import MappingProxyType
from typing import Annotated, Any, Unpack

import numpy as np
from cyclopts import Parameter
from rich.console import Console

from temperance.commands.command import command
from temperance.numerics.estimation.result import FitComparison, FitResult
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.routers.audit import Audit, is_module
from temperance.routers.audit import audit as audited
from temperance.show.answer import Answer
from temperance.show.options import ColumnNames, ExpertNumbers, FormulaOptions, Profiled, Whole, takes_formulas
from temperance.show.output import BadInput, console, doing, one_line
from temperance.show.plots import Picture, pictures_of
from temperance.show.table import Part, Summary, Table
from temperance.theory.models import experts as experts_of_models

_TRUTH = "{NAME: a number for every atom, or one for each in [..]}, as in docs/papers.md"
_GATE = "linear (the default), softmax (temperature 1), activation, another name of docs/gates.md, or a formula"


@dataclass(frozen=True, repr=False, eq=False)
class Fit(Answer):
    """A fit, or a comparison of sizes, to a file of data.

    data: x (n, d) and y (n,), without what is missing. names: of their columns. predictions: a mapping for each row of
    the file to predict.
    """

    found: FitResult | FitComparison
    data: tuple[Floats, Floats]
    names: tuple[str, ...]
    predictions: tuple[Mapping[str, Any], ...] = ()

    writers = MappingProxyType({**Answer.writers, ".csv": lambda answer: answer.csv()})

    @property
    def status(self) -> int:
        """The exit status: 130 if Ctrl-C stopped the search."""
        return 130 if self.found.is_stopped else 0

    @property
    def plots(self) -> tuple[Picture, ...]:
        """The data with the experts, and the gate, of one column of x; of several sizes that with the least BIC."""
        result, (x, y) = self.found, self.data
        if isinstance(result, FitComparison):
            result = next((f for f in result.fits if f.fitted == result.least["bic"]), result.fits[0])
        return pictures_of(result, x, y, self.names)

    def show(self, screen: Console) -> None:
        """Print what the fit prints of itself."""
        screen.print(str(self.found))
        for part in _predicted(self.names, self.predictions):
            screen.print(part if isinstance(part, str) else part.text(console().width))

    def csv(self) -> str:
        """The table of predictions, or without any that of the fit, as a CSV file."""
        rows, file = self.found.rows(), io.StringIO()
        heads, lines = list(rows[0]), [[*row.values()] for row in rows]
        if self.predictions:
            heads, lines = _columns(self.names, self.predictions[0]), [_cells(row) for row in self.predictions]
        csv.writer(file, lineterminator="\n").writerows([heads, *lines])
        return file.getvalue()


def _predictions(result: FitResult, x: Floats, y: Floats | None) -> Iterator[dict[str, Any]]:
    """The mean at each row of x (n, d), its standard error, the gate, and given y (n,) which expert it comes from."""
    posterior = [None] * len(x) if y is None else result.posterior(x, y).tolist()
    means, errors, gates = result.predict(x).tolist(), result.standard_error(x).tolist(), result.curves(x)[0].tolist()
    for row, mean, se, gate, after in zip(x.tolist(), means, errors, gates, posterior, strict=True):
        yield {"x": row, "mean": mean, "se": None if isnan(se) else se, "gate": gate, "posterior": after}


def _columns(names: Sequence[str], first: Mapping[str, Any]) -> list[str]:
    """The heads of a table of predictions."""
    experts = [f"{kind}_{i}" for kind in ("gate", "posterior") for i in range(len(first[kind] or ()))]
    return [*names[:-1], "mean", "std_err", *experts]


def _cells(row: Mapping[str, Any]) -> list[float | None]:
    """A row of that table."""
    return [*row["x"], row["mean"], row["se"], *row["gate"], *(row["posterior"] or ())]


_SHOWN = 10  # predictions


def _predicted(names: Sequence[str], predictions: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The first predictions, for a screen."""
    if predictions:
        rows = (["-" if value is None else f"{value:.4g}" for value in _cells(row)] for row in predictions[:_SHOWN])
        yield Table("Predictions", tuple(_columns(names, predictions[0])), tuple(map(tuple, rows)))
        yield "mean: of y given x; std_err: of this mean, not of y; gate: the share of each expert at x."
    if len(predictions) > _SHOWN:
        yield f"{len(predictions) - _SHOWN} more rows: -o FILE.csv and --json have all."


def _summary(result: FitResult | FitComparison, predicted: Iterable[Part]) -> Summary:
    """What the screen has: the lines and the table; and what is identifiable, and what to distrust."""
    head, rows, foot = result.parts()
    parts: list[Part] = [*head, Table("The fit", result.heads, tuple(rows)), *foot, *predicted]
    return Summary("Which mixture do these data come from?", tuple(parts), tuple(result.words))


@takes_formulas
def _fit(
    data: str,
    *,
    fitted: ExpertNumbers,
    gate: Annotated[str | None, Parameter(help=_GATE)] = None,
    expert: Annotated[
        str, Parameter(help=f"{experts_of_models.accepted(orders=True)}, or a formula of its mean")
    ] = "gaussian",
    activation: str | None = None,
    gauge: str = "free",
    tau: float | None = None,
    target: str | None = None,
    columns: ColumnNames = (),
    weights: str | None = None,
    drop_missing: bool = False,
    seed: Whole = 0,
    starts: Whole = 10,
    noise: str = "each",
    nu: float | None = None,
    profile: Profiled = (),
    truth: str | None = None,
    predict: str | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Fit:
    """Fit a mixture of Gaussian experts to a CSV file, and say what in it is identifiable.

    Args:
        data: A CSV file of numbers, with or without a header.
        fitted: Number of experts; several, as 1,2,3, are compared.
        gate: A name of docs/gates.md, or a formula of the log weight in x, or in x1 .. xd, the columns in their order.
        expert: An expert of the list there with a mean, or a formula of its mean.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        gauge: free or anchored, of the gate "activation"; the others hold their last atom.
        tau: Hold the temperature of a linear, softmax or activation gate at this number; else it is estimated.
        target: Column of y, the last by default; the others are x.
        columns: Columns of x by their names, in this order; all others by default.
        weights: Column that says how often each row was seen; it is not one of x.
        drop_missing: Leave out rows with a missing value.
        seed: Of the starts.
        starts: Number of starts.
        noise: What is known of the variance nu: each atom has its own (each), it is common to all, or it is known.
        nu: The variance, with --noise known.
        profile: Parameters whose intervals are to be read off the likelihood too, not only off its curvature.
        truth: A .json file of a truth, one more start, and what the estimates are compared with; see docs/papers.md.
        predict: A CSV file with the columns of x, for whose rows the mean of y, its standard error and the gate follow.
        shared, positive, constants, bias: Of formulas; see docs/gates.md.
    """
    from temperance.numerics.estimation.fit import fit as estimate
    from temperance.show.inputs import read_csv, read_json, read_rows

    for option, value in {"profile": profile, "predict": predict}.items():
        if value and len(fitted) > 1:
            raise BadInput(f"--{option} goes with one number of experts; accepted: one in --fitted")
    x, y, counts, names, doubts, label = read_csv(data, target, weights, drop_missing, columns)
    new = None if predict is None else read_rows(predict, names, label)
    options: dict[str, Any] = {"gate": gate, "expert": expert, "activation": activation, "gauge": gauge, "tau": tau}
    if truth is not None:
        options["truth"] = read_json(truth, _TRUTH, str)
        if not isinstance(options["truth"], dict):
            raise BadInput(f"{truth!r} must be an object; accepted: {_TRUTH}")
    options |= {"starts": starts, "seed": seed, "noise": noise, "nu": nu, **formulas}
    options |= {"weights": counts, "columns": names, "drop_missing": drop_missing, "keep": True}
    with doing("fitting") as progress:
        result = estimate(x, y, fitted=fitted if len(fitted) > 1 else fitted[0], progress=progress, **options)
    if isinstance(result, FitResult) and profile and not result.is_stopped:
        result = result.profiled(profile)
    doubted = result.doubted(doubts)
    predictions = tuple(_predictions(doubted, *new)) if new and isinstance(doubted, FitResult) else ()
    finite = np.isfinite(x).all(axis=1) & np.isfinite(y)
    points, axes = (x[finite], y[finite]), (*names, label)
    record = doubted.to_json() | ({"predictions": list(predictions)} if len(fitted) == 1 else {})
    summary = _summary(doubted, _predicted(axes, predictions))
    return Fit(doubted, points, axes, predictions, record=record, summary=summary)


fit = command(_fit)


_GATE_OF_EXPERTS = "softmax (the default), activation, another name of docs/gates.md, or a formula"


@takes_formulas
def _experts(
    data: str,
    *,
    most: Whole = 5,
    gate: Annotated[str | None, Parameter(help=_GATE_OF_EXPERTS)] = None,
    activation: str | None = None,
    expert: Annotated[
        str, Parameter(help=f"{experts_of_models.accepted(orders=True)}, or a formula of its mean")
    ] = "gaussian",
    gauge: str = "free",
    target: str | None = None,
    columns: ColumnNames = (),
    weights: str | None = None,
    drop_missing: bool = False,
    bootstrap: Whole = 0,
    seed: Whole = 0,
    **formulas: Unpack[FormulaOptions],
) -> Answer:
    """Say how many experts the data of a CSV file come from, and what speaks against the answer.

    Args:
        data: A CSV file of numbers, with or without a header.
        most: The greatest number of experts that is tried.
        gate: A name of docs/gates.md, or a formula of the log weight in x, or in x1 .. xd, the columns in their order.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        expert: An expert of the list there with a mean, or a formula of its mean.
        gauge: free or anchored, of the gate "activation".
        target: Column of y, the last by default; the others are x.
        columns: Columns of x by their names, in this order; all others by default.
        weights: Column that says how often each row was seen; it is not one of x.
        drop_missing: Leave out rows with a missing value.
        bootstrap: Draws of a bootstrap of the likelihood ratio, of the number that BIC takes against one more; 0: none.
        seed: Of the starts.
        shared, positive, constants, bias: Of formulas; see docs/gates.md.
    """
    from temperance.answers.experts import answer_of, fit_sizes  # `fit` needs none of it
    from temperance.show.inputs import read_csv

    x, y, counts, names, doubts, label = read_csv(data, target, weights, drop_missing, columns)
    options: dict[str, Any] = {"gate": gate, "activation": activation, "expert": expert, "gauge": gauge, "seed": seed}
    options |= {"columns": names, "bootstrap": bootstrap, **formulas}
    rows = {"weights": counts, "drop_missing": drop_missing}
    with doing(f"fitting {most} experts down to 1") as progress:
        comparison, ratio = fit_sizes(x, y, rows, most=most, progress=progress, keep=True, **options)
    return answer_of(comparison, ratio, doubts, label)


experts = command(_experts)


_FACTORY = "MODULE:FACTORY, a module that can be imported from here and a name in it"


def _audit(
    model: str, *, inputs: str | None = None, temperature: str | None = None, require: str | None = None
) -> Audit:
    """Audit the routers of a torch model: can their temperatures be learnt, and what is to be changed?

    The modules that are named are imported from the current folder, as `python -m` would, and so their code runs.

    Args:
        model: MODULE:FACTORY, a function without arguments that returns a torch.nn.Module, or such a module.
        inputs: MODULE:FACTORY of what it is called with: a tensor, a tuple or a dict; a router alone needs none.
        temperature: NAME of a parameter, buffer or number of the model (logit_scale, gate.tau) to ask about.
        require: yes: exit with 1 unless every temperature is learnable.
    """
    if find_spec("torch") is None:
        raise BadInput("audit needs torch, which is not installed; run: pip install torch")
    sys.path.insert(0, os.getcwd())
    try:
        module = _make(model)
        example = None if inputs is None else _make(inputs)
        return audited(module, example, temperature=temperature, require=require)
    finally:
        sys.path.remove(os.getcwd())


def _make(name: str) -> Any:
    """What a name MODULE:FACTORY stands for: a factory is called."""
    module, colon, factory = name.partition(":")
    if not colon or not module or not factory.isidentifier():
        raise BadInput(f"{name!r} names no model; accepted: {_FACTORY}")
    print(one_line(f"importing {module}, as python -m would: its code runs"), file=sys.stderr)
    try:
        made_by_user = getattr(import_module(module), factory)
        return made_by_user if is_module(made_by_user) or not callable(made_by_user) else made_by_user()
    except Exception as error:  # whatever the user's code raises
        reason = (str(error).splitlines() or [""])[0]
        raise BadInput(f"{name!r} cannot be made: {type(error).__name__}: {reason}; accepted: {_FACTORY}") from error


audit = command(_audit)
