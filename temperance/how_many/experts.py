"""`temperance experts`, `temperance.experts`: how many experts do these data come from?

Example: ``print(experts(x, y, most=4))``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from numpy.typing import ArrayLike
from sympy import Expr

from temperance.answer.answer import Answer
from temperance.how_many import words
from temperance.how_many.pictures import merges_of
from temperance.numerics.estimation.data import whole
from temperance.numerics.estimation.result import FitResult
from temperance.numerics.selection.sizes import Sizes, sizes
from temperance.pages.fit_pictures import pictures_of
from temperance.pages.plots import Picture
from temperance.terminal.formula_options import FormulaOptions, takes_formulas
from temperance.terminal.parts import Grid, Part, Said
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.spec import Expert, Gate

TITLE = "How many experts do these data come from?"
_COLUMNS = ("k", "log-lik", "AIC", "BIC", "sBIC", "lambda", "D", "merges", "resolution")


@checked
@dataclass(frozen=True, repr=False, eq=False)
class Experts(Answer):
    """How many experts there are: fits of one to K, with what every criterion takes.

    Attributes:
        found: the fits and all that follows from them.
        warnings: what speaks against the answer.
        columns: the names of the columns of x.
    """

    found: Sizes
    warnings: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def range(self) -> tuple[int, int] | None:
        """From the least number of experts that a criterion takes to the greatest; None where no fit is an estimate."""
        return self.found.range

    @property
    def fits(self) -> tuple[FitResult, ...]:
        """The fits of one, two, .. experts."""
        return self.found.fits

    def rows(self) -> list[dict[str, Any]]:
        """One mapping for each number of experts."""
        return [_row(self.found, k) for k in range(1, len(self.fits) + 1)]

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        result = self.found
        return {
            "answer": " ".join(self.words),
            "range": None if result.range is None else list(result.range),
            "sizes": self.rows(),
            "misspecified": result.misspecified,
            "warnings": list(self.warnings),
        }

    @property
    def plots(self) -> Sequence[Picture]:
        """The merges on a logarithmic scale, and the experts over the data where x has one column."""
        result = self.found
        chosen = result.fits[(len(result.fits) if result.range is None else result.range[1]) - 1]
        points = chosen.mixture.points
        return (merges_of(result), *pictures_of(chosen, points.x, points.y, (self.columns[0], "y"))[:1])


def _row(result: Sizes, k: int) -> dict[str, Any]:
    fit, sbic = result.fits[k - 1], result.sbic[k - 1]
    merger = result.mergers[len(result.fits) - k] if k > 1 else None
    charge = result.charges[k - 1][k - 2] if result.charges is not None and k > 1 else None
    resolution = result.resolution(k)
    return {
        "k": k,
        "loglik": fit.log_likelihood,
        "aic": fit.aic,
        "bic": fit.bic,
        "sbic": None if sbic is None else list(sbic),
        "coefficient": None if charge is None else [_text(charge.lower), _text(charge.upper)],
        "dissimilarity": None if merger is None else merger.height,
        "merges": None if merger is None else [list(merger.cells[i]) for i in merger.pair],
        "resolution": None if resolution is None else list(resolution),
    }


def _grid(result: Sizes) -> Grid:
    rows = (_row(result, k) for k in range(1, len(result.fits) + 1))
    return Grid("Fits of one expert and more", _COLUMNS, tuple(map(_cells, rows)))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    height, merger, between = row["dissimilarity"], row["merges"], row["resolution"]
    return (
        str(row["k"]),
        *(_number(row[name]) for name in ("loglik", "aic", "bic")),
        _ends(row["sbic"], 1),
        _coefficient(row["coefficient"]),
        "-" if height is None else f"{height:.3g}",
        "-" if merger is None else ", ".join("+".join(map(str, cell)) for cell in merger),
        "-" if between is None else _between(*between),
    )


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _coefficient(ends: Sequence[str | None] | None) -> str:
    if ends is None:
        return "-"
    low, high = ends
    return str(high) if low == high else f"at most {high}" if low is None else f"{low} to {high}"


def _between(low: float, high: float | None) -> str:
    return f"> {low:.2g}" if high is None else f"{low:.2g} - {high:.2g}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def _ends(pair: tuple[float | None, float] | None, digits: int) -> str:
    if pair is None:
        return "-"
    low, high = (None if value is None else f"{value:.{digits}f}" for value in pair)
    return str(high) if low == high else f"at most {high}" if low is None else f"{low} to {high}"


@checked
@takes_formulas
def experts(
    x: ArrayLike,
    y: ArrayLike,
    *,
    most: int = 5,
    gate: str | Gate | None = None,
    activation: str | Expr | Activation | None = None,
    expert: str | Expert = "gaussian",
    gauge: str = "free",
    seed: int = 0,
    starts: int = 3,
    weights: ArrayLike | None = None,
    columns: Sequence[str | int] | None = None,
    drop_missing: bool = False,
    progress: Callable[[int, int], None] | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Experts:
    """Say how many experts the data x (n, d) or (n,), y (n,) come from.

    Fits 1, .., `most` experts and holds them against each other, by BIC, by the singular BIC with exact learning
    coefficients, and by how unlike the experts are (theory.md 2.11). Where the criteria differ, the answer is a range.

    Args:
        x: the data, (n, d) or (n,).
        y: the data, (n,).
        most: the greatest number of experts that is tried, at least 2.
        gate: as `fit` takes it; by default softmax, or activation where an activation is given.
        activation: of the gate.
        expert: as `fit` takes it.
        gauge: of the activation gate, free or anchored.
        seed: of the starts.
        starts: fresh starts at each number, besides splits and merges of other fits.
        weights: (n,), how often each point was seen.
        columns: names of the columns of x.
        drop_missing: leave out rows in which x, y or the weight is nan.
        progress: called with the numbers of experts done and all.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: data or options that make no fit; a constant y; most below 2, or more than the points carry.
    """
    options: dict[str, Any] = {"gate": gate, "activation": activation, "expert": expert, "gauge": gauge}
    options |= {"weights": weights, "columns": columns, "seed": seed, "starts": starts, "progress": progress}
    options |= {"drop_missing": drop_missing}
    return answered(asked(x, y, most=most, **options, **formulas))


def asked(x: ArrayLike, y: ArrayLike, *, most: int, gate: Any = None, activation: Any = None, **options: Any) -> Sizes:
    """The fits that `experts` answers from."""
    if gate is None and activation is None:
        gate = "softmax"
    return sizes(x, y, whole(most, "most", 1), gate=gate, activation=activation, **options)


def answered(result: Sizes, doubts: Sequence[str] = ()) -> Experts:
    """The answer of some fits; doubts: warnings of where the data come from."""
    last = result.fits[-1]
    warned = (*doubts, *words.warnings(result))
    head = f"{last.gate[0].upper()}{last.gate[1:]}; {result.n:g} points"
    notes = [*words.COLUMNS, *([] if result.charges is None else result.charges[-1][-2].assumed)]
    parts: tuple[Part, ...] = (TITLE, head, _grid(result), *notes, *(f"warning: {w}" for w in warned))
    return Experts(result, warned, last.columns, said=Said(TITLE, parts, words.answer(result)))
