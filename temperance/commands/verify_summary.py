"""Prints a verification on the screen."""

from __future__ import annotations

from rich.console import Console

from temperance.claims.verify import Verification
from temperance.evidence.outcomes import LEGS, Leg
from temperance.measurements.rate_study import SLOPE_COLUMNS, fits_in_words, slope_row
from temperance.terminal.errors import one_line
from temperance.terminal.output import table

COLUMNS = ("claim", *LEGS, "outcome")


def show(report: Verification, screen: Console) -> None:
    """Print the claims, what each leg found, and the slopes."""
    for result in report.results:
        screen.print(f"{result.claim.id}  {result.claim.statement}")
        for name, leg in result.legs.items():
            if leg is not None:
                screen.print(f"    {name}: {one_line(leg.detail)}")
                _slopes(leg, screen)
    if report.published is not None:
        screen.print(f"published  {report.published['detail']}")
        for check in report.published["checks"]:
            low, high = check["ci"]
            interval = "no 95% interval: few fits make most of the mean"
            if low is not None:
                interval = f"95% interval {low:.3f} to {high:.3f}"
            screen.print(f"    k = {check['k']}: slope of the mean loss {check['slope']:.3f}, {interval}")
    rows = [
        [r.claim.id, *(_outcome(leg, name in r.claim.required) for name, leg in r.legs.items()), r.outcome]
        for r in report.results
    ]
    screen.print(table(COLUMNS, rows))


def _outcome(leg: Leg | None, required: bool) -> str:
    if leg is None:
        return "did not run" if required else "-"
    return "crashed" if leg.crashed else leg.outcome


def _slopes(leg: Leg, screen: Console) -> None:
    """The judged slopes of a leg, study by study, and the shares of its fits at the box and left out."""
    for study in leg.data.get("studies", ()):
        screen.print(f"    {study['name']}: {fits_in_words(study['fits'])}")
        rows = [slope_row(s) for s in leg.data["slopes"] if s["study"] == study["name"] and s["outcome"] is not None]
        if rows:
            screen.print(table(SLOPE_COLUMNS, rows))
