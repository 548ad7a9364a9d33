"""`temperance fit`: reads a CSV file, prints estimates as a table or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from temperance.terminal.errors import one_line, refusing
from temperance.terminal.options import Json, Whole
from temperance.terminal.output import console, table, to_json
from temperance.terminal.progress import display
from temperance.theory.models.gates import FITTED

if TYPE_CHECKING:
    from temperance.numerics.estimation.estimate import Estimate, FitResult

_GAUGES = ("free", "anchored")
_COLUMNS = ("parameter", "atom", "value", "standard error", "identifiable")


def fit(
    data: str,
    *,
    fitted: Whole,
    gate: str = "linear",
    activation: str | None = None,
    gauge: str = "free",
    tau: str | None = None,
    target: str | None = None,
    weights: str | None = None,
    seed: Whole = 0,
    starts: Whole = 10,
    json: Json = False,
) -> int:
    """Fit a mixture of linear Gaussian experts to a CSV file, and say what in it is identifiable.

    Parameters
    ----------
    data
        A CSV file of numbers, with or without a header.
    fitted
        Number of atoms.
    gate
        linear, softmax (temperature 1) or activation.
    activation
        A name of the catalogue or an expression in z; chooses the gate "activation".
    gauge
        free or anchored, for the gate "activation".
    tau
        Hold the temperature at this number; without it, it is estimated.
    target
        Column of y, the last by default; the others are x.
    weights
        Column that says how often each row was seen; it is not one of x.
    seed
        Of the starts.
    starts
        Number of starts.
    """
    from temperance.numerics.estimation.csv_data import read_csv
    from temperance.numerics.estimation.estimate import fit as estimate

    with refusing():
        if gate not in FITTED:
            raise ValueError(f"unknown gate {gate!r}; accepted: {', '.join(FITTED)}")
        if gauge not in _GAUGES:
            raise ValueError(f"unknown gauge {gauge!r}; accepted: {', '.join(_GAUGES)}")
        held = None if tau is None else _number(tau)
        x, y, counts, _ = read_csv(data, target, weights)
    with refusing(), display() as shown, shown.doing("fitting") as progress:
        found = estimate(
            x,
            y,
            fitted=fitted,
            gate=gate,
            activation=activation,
            gauge="free" if gauge == "free" else "anchored",
            tau=held,
            seed=seed,
            starts=starts,
            weights=counts,
            progress=progress,
        )
    if json:
        print(to_json(found.as_json()))
    else:
        _show(found, console())
    return 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--tau takes a number, not {text!r}") from None


def _show(found: FitResult, screen: Console) -> None:
    """Print the estimates, how the fit ended, and the warnings."""
    screen.print(table(_COLUMNS, [_row(e) for e in found.estimates]))
    result = found.fit
    screen.print(
        f"status {result.status}; log-likelihood {result.log_likelihood:.6g}; "
        f"{result.agree} of {result.starts} starts agree on it"
    )
    for warning in found.warnings:
        screen.print(one_line(warning))
    screen.print(found.answer)


def _row(e: Estimate) -> list[str]:
    atom = "" if e.atom is None else str(e.atom)
    return [e.parameter, atom, _text(e.value), "-" if e.se is None else _text(e.se), e.verdict]


def _text(value: float | list[float]) -> str:
    return ", ".join(f"{v:.5g}" for v in value) if isinstance(value, list) else f"{value:.5g}"
