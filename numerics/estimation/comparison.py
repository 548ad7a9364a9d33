"""Compares fits of several sizes: a table of AIC and BIC, and what they mean in mixtures.

Example: ``print(fit(x, y, fitted=[1, 2, 3]))``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from temperance.numerics.estimation.diagnostics import in_doubt
from temperance.numerics.estimation.result import FitResult, Tabled, aligned
from temperance.numerics.fitting.search import AGREE
from temperance.theory.expressions.arguments import checked

_COLUMNS = ("experts", "status", "log-likelihood", "parameters", "AIC", "BIC", "starts that agree")
MEANING = (
    "AIC and BIC are derived for regular models. A mixture with more experts than the data need is singular: its "
    "information is degenerate, twice the gain in log-likelihood is not chi-squared, and the log marginal likelihood "
    "pays at most what BIC charges, often much less (Watanabe, Algebraic Geometry and Statistical Learning Theory, "
    "2009). BIC leans to few experts. Take the least BIC as a suggestion, and compare densities on points left out."
)
MORE = "How many experts there are, and what speaks against the answer: temperance experts (docs/experts.md)."


@checked
@dataclass(frozen=True, eq=False, repr=False)
class FitComparison(Tabled):
    """Fits of several sizes to the same data.

    fits: one `FitResult` for each size, in the order asked for.
    doubts: warnings of where the data come from.
    """

    heads: ClassVar[tuple[str, ...]] = _COLUMNS

    fits: tuple[FitResult, ...]
    doubts: tuple[str, ...] = ()

    @checked
    def doubted(self, doubts: Sequence[str]) -> FitComparison:
        """The same with more warnings; doubts: of where the data come from."""
        return replace(self, doubts=(*doubts, *self.doubts))

    @cached_property
    def least(self) -> dict[str, int | None]:
        """The number of experts with the least AIC and with the least BIC; None where no fit ended at an estimate."""
        return {"aic": _least(self.fits, lambda f: f.aic), "bic": _least(self.fits, lambda f: f.bic)}

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sizes with no estimate or one in doubt, and likelihoods that fall where more atoms cannot have less."""
        notes = [
            f"the fit with {_experts(f)} is no estimate ({f.status}): it has no AIC and no BIC"
            for f in self.fits
            if not f.fit.is_estimate
        ]
        notes += [f"with {_experts(f)} {doubt}" for f in self.fits for doubt in in_doubt(f.fit, separated=f.separated)]
        for small, large in pairwise(sorted(self.fits, key=lambda f: f.fitted)):
            if large.log_likelihood < small.log_likelihood - AGREE:
                notes.append(
                    f"with {_experts(large)} the search ended below the likelihood of {small.fitted}: "
                    "it missed the maximum, more starts may reach it"
                )
        return (*self.doubts, *notes)

    @property
    def words(self) -> tuple[str, ...]:
        """The answer in words."""
        doubtful = {f.fitted for f in self.fits if in_doubt(f.fit, separated=f.separated)}
        choices = [
            f"least {name.upper()}: {k}" + " (in doubt, see the warnings)" * (k in doubtful)
            for name, k in self.least.items()
            if k is not None
        ]
        sizes = f"Number of experts with the {', '.join(choices)}." if choices else "No fit ended at an estimate."
        return sizes, MEANING, MORE

    def rows(self) -> list[dict[str, Any]]:
        """The table: one mapping a size."""
        return [
            {
                "fitted": f.fitted,
                "status": f.status,
                "loglik": f.log_likelihood,
                "n_parameters": f.n_parameters,
                "aic": f.aic,
                "bic": f.bic,
                "agree": f.fit.agree,
                "starts": f.fit.starts,
            }
            for f in self.fits
        ]

    def to_json(self) -> dict[str, Any]:
        """The object that `temperance fit --fitted K,K,.. --json` prints."""
        return {
            "sizes": [f.to_json() for f in self.fits],
            "least": self.least,
            "warnings": list(self.warnings),
            "answer": " ".join(self.words),
        }

    def parts(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Lines above the table, its rows, lines below."""
        first = self.fits[0]
        left_out = f", {first.dropped} rows with missing values left out" if first.dropped else ""
        head = [f"{first.gate[0].upper()}{first.gate[1:]}; {first.points:g} points{left_out}"]
        return head, [_cells(row) for row in self.rows()], [f"warning: {w}" for w in self.warnings]

    def __str__(self) -> str:
        """What the command prints."""
        head, rows, foot = self.parts()
        lines = aligned([self.heads, *rows], left=(1,))
        return "\n".join([*self.words, "", *head, lines[0], "-" * max(map(len, lines)), *lines[1:], *foot])

    def __repr__(self) -> str:
        """In a line; print shows all."""
        sizes = ", ".join(str(f.fitted) for f in self.fits)
        return f"<FitComparison: fitted {sizes}; least BIC: {self.least['bic']}; print shows the answer>"


def _experts(result: FitResult) -> str:
    k = result.fitted
    return f"{k} expert{'s' * (k > 1)}"


def _least(fits: tuple[FitResult, ...], criterion: Callable[[FitResult], float | None]) -> int | None:
    values = [(value, f.fitted) for f in fits if (value := criterion(f)) is not None]
    return min(values)[1] if values else None


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    numbers = (f"{row['loglik']:.6g}", str(row["n_parameters"]))
    criteria = ("none" if row[name] is None else f"{row[name]:.6g}" for name in ("aic", "bic"))
    return str(row["fitted"]), row["status"], *numbers, *criteria, f"{row['agree']} of {row['starts']}"
