"""`temperance fit`: reads a CSV file, prints estimates as a table or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from temperance.answer.answer import Answer
from temperance.commands.command import command
from temperance.numerics.estimation.result import FitResult
from temperance.numerics.estimation.sizes import FitComparison
from temperance.terminal.options import Experts, Whole
from temperance.terminal.parts import Grid, Said
from temperance.terminal.progress import Display


@dataclass(frozen=True, repr=False, eq=False)
class Fit(Answer):
    """A fit, or a comparison of sizes, to a file of data."""

    found: FitResult | FitComparison

    def to_json(self) -> Any:
        """That of the fit."""
        return self.found.to_json()

    def show(self, screen: Console) -> None:
        """Print what the fit prints of itself."""
        screen.print(str(self.found))


def _said(found: FitResult | FitComparison) -> Said:
    """The table, the warnings; and what is identifiable, and what to distrust."""
    rows = found.rows()
    grid = Grid("The fit", tuple(rows[0]), tuple(tuple(map(_cell, row.values())) for row in rows))
    warnings = (f"warning: {warning}" for warning in found.warnings)
    return Said("Which mixture do these data come from?", (grid, *warnings), tuple(found.words))


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def _fit(
    data: str,
    *,
    fitted: Experts,
    gate: str | None = None,
    activation: str | None = None,
    gauge: str = "free",
    tau: float | None = None,
    target: str | None = None,
    weights: str | None = None,
    drop_missing: bool = False,
    seed: Whole = 0,
    starts: Whole = 10,
) -> Fit:
    """Fit a mixture of linear Gaussian experts to a CSV file, and say what in it is identifiable.

    Args:
        data: A CSV file of numbers, with or without a header.
        fitted: Number of experts; several, as 1,2,3, are compared.
        gate: linear (the default), softmax (temperature 1) or activation.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        gauge: free or anchored, of the gate "activation"; the others hold their last atom.
        tau: Hold the temperature at this number; without it, it is estimated.
        target: Column of y, the last by default; the others are x.
        weights: Column that says how often each row was seen; it is not one of x.
        drop_missing: Leave out rows with a missing value.
        seed: Of the starts.
        starts: Number of starts.
    """
    from temperance.numerics.estimation.estimate import fit as estimate
    from temperance.terminal.csv_input import read_csv

    x, y, counts, columns, doubts = read_csv(data, target, weights, drop_missing)
    with Display() as shown, shown.doing("fitting") as progress:
        found = estimate(
            x,
            y,
            fitted=fitted if len(fitted) > 1 else fitted[0],
            gate=gate,
            activation=activation,
            gauge=gauge,
            tau=tau,
            seed=seed,
            starts=starts,
            weights=counts,
            drop_missing=drop_missing,
            columns=columns,
            progress=progress,
        )
    doubted = found.doubted(doubts)
    return Fit(doubted, said=_said(doubted))


fit = command(_fit)
