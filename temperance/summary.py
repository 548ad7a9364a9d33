"""A verification on the screen."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console

from temperance.errors import one_line
from temperance.outcomes import LEGS, Leg
from temperance.report import table
from temperance.verify import Report

COLUMNS = ("claim", *LEGS, "outcome")
SLOPE_COLUMNS = ("parameter", "cell", "share", "slope", "95% interval", "predicted", "outcome")


def report_progress(what: str) -> AbstractContextManager[Any]:
    """Show what is being done while it is done, where stderr is a terminal."""
    return Console(stderr=True).status(what) if sys.stderr.isatty() else nullcontext()


def show(report: Report, screen: Console) -> None:
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
    """The slopes of a leg that has some, and the shares of its fits that ended at the box or were left out."""
    if "slopes" not in leg.data:
        return
    fits = leg.data["fits"]
    shares = ", ".join(f"{fits[name] / fits['total']:.2%} {name}" for name in ("converged", "at_bound", "failed"))
    screen.print(f"    {fits['total']} fits: {shares}")
    screen.print(table(SLOPE_COLUMNS, [_slope_row(s) for s in leg.data["slopes"]]))


def _slope_row(s: dict[str, Any]) -> list[str]:
    cell = "" if s["cell"] is None else str(s["cell"])
    if s["slope"] is None:
        return [s["parameter"], cell, f"{s['share']:.2f}", "", "", "", "too few fits"]
    low, high = (("?" if end is None else f"{end:.3f}") for end in s["ci"])
    predicted = "" if s["predicted"] is None else f"{-s['predicted']:g}"
    outcome = (s["outcome"] or "") + (", sharp" if s["sharp"] else "")
    return [s["parameter"], cell, f"{s['share']:.2f}", f"{s['slope']:.3f}", f"{low} to {high}", predicted, outcome]
