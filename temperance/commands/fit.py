"""`temperance fit`: reads a CSV file, prints estimates as a table or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter, Token

from temperance.numerics.estimation.result import FitResult
from temperance.numerics.estimation.sizes import FitComparison
from temperance.pages.answer import Answer, Grid, Part
from temperance.terminal.errors import BadInput, refusing
from temperance.terminal.options import Json, Output, Whole
from temperance.terminal.output import check_writable, to_json
from temperance.terminal.progress import display
from temperance.theory.models.gates import FITTED, require_gauge


def _numbers(_: type, tokens: Sequence[Token]) -> tuple[int, ...]:
    if len(tokens) > 1:
        raise BadInput("--fitted is given twice; accepted: once, as a number or as several, 1,2,3")
    parts = [part.strip() for part in tokens[0].value.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise BadInput(f"--fitted takes a number of experts, or several as 1,2,3, not {tokens[0].value!r}")
    return tuple(map(int, parts))


Numbers = Annotated[tuple[int, ...], Parameter(converter=_numbers, n_tokens=1)]


@dataclass(frozen=True, repr=False, eq=False)
class _Written(Answer):
    """A fit, or a comparison of sizes, as what -o writes."""

    found: FitResult | FitComparison

    @property
    def title(self) -> str:
        return "Which mixture do these data come from?"

    def parts(self) -> Iterator[Part]:
        rows = self.found.rows()
        yield Grid("The fit", tuple(rows[0]), tuple(tuple(map(_cell, row.values())) for row in rows))
        yield from (f"warning: {warning}" for warning in self.found.warnings)

    @property
    def words(self) -> Sequence[str]:
        return self.found.words

    def to_json(self) -> Any:
        return self.found.to_json()


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def fit(
    data: str,
    *,
    fitted: Numbers,
    gate: str = "linear",
    activation: str | None = None,
    gauge: str = "free",
    tau: str | None = None,
    target: str | None = None,
    weights: str | None = None,
    drop_missing: bool = False,
    seed: Whole = 0,
    starts: Whole = 10,
    json: Json = False,
    output: Annotated[Output, Parameter(help="Write the answer to this .json or .html file.")] = None,
) -> int:
    """Fit a mixture of linear Gaussian experts to a CSV file, and say what in it is identifiable.

    Parameters
    ----------
    data
        A CSV file of numbers, with or without a header.
    fitted
        Number of experts; several, as 1,2,3, are compared.
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
    drop_missing
        Leave out rows with a missing value.
    seed
        Of the starts.
    starts
        Number of starts.
    """
    from temperance.numerics.estimation.estimate import fit as estimate
    from temperance.terminal.csv_input import read_csv

    if output is not None:
        check_writable(output, endings=_Written.writers)
    with refusing():
        if gate not in FITTED:
            raise ValueError(f"unknown gate {gate!r}; accepted: {', '.join(FITTED)}")
        require_gauge(gauge)
        held = None if tau is None else _number(tau)
        x, y, counts, columns = read_csv(data, target, weights, drop_missing)
    with refusing(), display() as shown, shown.doing("fitting") as progress:
        found = estimate(
            x,
            y,
            fitted=fitted if len(fitted) > 1 else fitted[0],
            gate=gate,
            activation=activation,
            gauge="free" if gauge == "free" else "anchored",
            tau=held,
            seed=seed,
            starts=starts,
            weights=counts,
            drop_missing=drop_missing,
            columns=columns,
            progress=progress,
        )
    if output is not None:
        _Written(found).write(output)
    print(to_json(found.to_json()) if json else found)
    return 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--tau takes a number, not {text!r}") from None
