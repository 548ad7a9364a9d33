"""`temperance fit`: reads a CSV file, prints estimates as a table or JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from temperance.terminal.errors import one_line, refusing
from temperance.terminal.output import table
from temperance.terminal.progress import Count

if TYPE_CHECKING:
    from temperance.numerics.estimation.estimate import Estimate, FitResult

GAUGES = ("free", "anchored")
COLUMNS = ("parameter", "atom", "value", "standard error", "identifiable")


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr for the starts of a fit; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("fitting"), BarColumn(), Count(), TextColumn("starts"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starts", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--tau takes a number, not {text!r}") from None


def fit_file(
    path: str,
    *,
    fitted: int,
    gate: str,
    activation: str | None,
    gauge: str,
    tau: str | None,
    target: str | None,
    weights: str | None,
    seed: int,
    starts: int,
) -> FitResult:
    """Fit a mixture of experts to the columns of a CSV file.

    Raises:
        BadInput: an option, a cell of the file, or data that make no fit.
    """
    from temperance.numerics.estimation.csv_data import read_csv
    from temperance.numerics.estimation.estimate import fit
    from temperance.theory.models.gates import FITTED

    with refusing():
        if gate not in FITTED:
            raise ValueError(f"unknown gate {gate!r}; accepted: {', '.join(FITTED)}")
        if gauge not in GAUGES:
            raise ValueError(f"unknown gauge {gauge!r}; accepted: {', '.join(GAUGES)}")
        held = None if tau is None else _number(tau)
        x, y, counts, _ = read_csv(path, target, weights)
    with refusing(), _bar() as progress:
        return fit(
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


def show(found: FitResult, screen: Console) -> None:
    """Print the estimates, how the fit ended, and the warnings."""
    screen.print(table(COLUMNS, [_row(e) for e in found.estimates]))
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
