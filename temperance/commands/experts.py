"""`temperance experts`: reads a CSV file, and says how many experts its data come from."""

from __future__ import annotations

from typing import Annotated, Any, Unpack

from cyclopts import Parameter

from temperance.commands.command import command
from temperance.how_many.experts import Experts, answered, asked
from temperance.terminal.formula_options import FormulaOptions, takes_formulas
from temperance.terminal.options import Whole
from temperance.terminal.progress import Display
from temperance.theory.models import experts as known

_GATE = "softmax (the default), activation, another name of docs/gates.md, or a formula"


@takes_formulas
def _experts(
    data: str,
    *,
    most: Whole = 5,
    gate: Annotated[str | None, Parameter(help=_GATE)] = None,
    activation: str | None = None,
    expert: Annotated[str, Parameter(help=f"{known.accepted(orders=True)}, or a formula of its mean")] = "gaussian",
    gauge: str = "free",
    target: str | None = None,
    weights: str | None = None,
    drop_missing: bool = False,
    seed: Whole = 0,
    **formulas: Unpack[FormulaOptions],
) -> Experts:
    """Say how many experts the data of a CSV file come from, and what speaks against the answer.

    Args:
        data: A CSV file of numbers, with or without a header.
        most: The greatest number of experts that is tried.
        gate: A name of docs/gates.md, or a formula of the log weight in x, or in x1 .. xd, the columns in their order.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        expert: An expert of the list there with a mean, or a formula of its mean.
        gauge: free or anchored, of the gate "activation".
        target: Column of y, the last by default; the others are x.
        weights: Column that says how often each row was seen; it is not one of x.
        drop_missing: Leave out rows with a missing value.
        seed: Of the starts.
        shared, positive, constants, bias: Of formulas; see docs/gates.md.
    """
    from temperance.terminal.csv_input import read_csv

    x, y, counts, columns, doubts = read_csv(data, target, weights, drop_missing)
    given: dict[str, Any] = {"gate": gate, "activation": activation, "expert": expert, "gauge": gauge, "seed": seed}
    given |= {"weights": counts, "columns": columns, "drop_missing": drop_missing, **formulas}
    with Display() as shown, shown.doing(f"fitting {most} experts down to 1") as progress:
        found = asked(x, y, most=most, progress=progress, **given)
    return answered(found, doubts)


experts = command(_experts)
