"""Defines what fits of one size to a user's data have in common: estimates, criteria, the answer, the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from temperance.numerics.estimation import diagnostics
from temperance.numerics.estimation.delta_method import Caveat, Interval
from temperance.numerics.estimation.tables import Tabled, Text, aligned
from temperance.numerics.merging.merge import Again, Merge, Mergeable, merged_to
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.theory.expressions.arguments import checked

Value = float | list[float]
COLUMNS = ("parameter", "atom", "estimate", "std err", "95% interval", "identifiable")
_CAVEATS: dict[Caveat | None, str] = {
    "edge": "yes, but not to be used (set by the edge of the box)",
    "near edge": "yes, but it moves with the edge of the box",
    "no maximum": "not told: there is no maximum",
    "singular": "not told: the information is singular",
    "no estimate": "not told: no maximum",
    "held": "held",
}


@dataclass(frozen=True)
class Estimate:
    """One parameter, or identifiable function of parameters, of one atom (None: shared by all).

    value, se and interval: a number, for beta1 and a with d > 1 a list. interval: estimate -+ 1.96 se, at 95%; on the
    scale of the logarithm for what is positive (tau, nu, |beta1|^p/tau), within [-1, 1] for a direction. se and
    interval are None where there is none: not identifiable, at the edge of the box or moved by it, a sign, or the
    search did not end at a maximum.
    identifiable: False where theory proves it, or the profile of tau is flat to the edge of the box; None where there
    is no estimate that could tell. caveat: why there is no standard error, or one that is not all: "edge" (set by the
    edge of the box), "near edge" (moves with it), "no maximum" (the likelihood has none), "singular" (the information
    is), "no estimate" (the search did not end at one), "held" (not fitted: a choice of gauge).
    """

    parameter: str
    atom: int | None
    value: Value
    se: Value | None
    identifiable: bool | None
    interval: Interval | list[Interval] | None = None
    caveat: Caveat | None = None

    @property
    def is_weak(self) -> bool:
        """Whether it is tau or nu with a standard error above the value."""
        return any(error > 1 for _, _, error in relative_errors([self]))

    @property
    def verdict(self) -> str:
        """The column `identifiable` of a table, with why an estimate is not to be used or has no standard error."""
        if self.is_weak:
            return "yes, but not to be used (std err above the value)"
        if self.caveat is not None:
            return _CAVEATS[self.caveat]
        if self.identifiable and self.se is None:
            return "yes (a sign)"
        return {True: "yes", False: "no", None: "not told: no maximum"}[self.identifiable]

    def rows(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """One mapping for each entry; the column of x is None where there is a single one."""
        several = isinstance(self.value, list)
        values = self.value if isinstance(self.value, list) else [self.value]
        errors = self.se if isinstance(self.se, list) else [self.se] * len(values)
        intervals = self.interval if isinstance(self.interval, list) else [self.interval] * len(values)
        return [
            {
                "parameter": self.parameter,
                "column": column if several else None,
                "atom": self.atom,
                "value": value,
                "se": se,
                "low": None if ends is None else ends[0],
                "high": None if ends is None else ends[1],
                "identifiable": self.verdict,
            }
            for column, value, se, ends in zip(columns, values, errors, intervals, strict=False)
        ]


def relative_errors(estimates: Sequence[Estimate]) -> list[tuple[str, int | None, float]]:
    """(parameter, atom, standard error over value) of tau and nu."""
    return [
        (e.parameter, e.atom, float(np.divide(e.se, e.value)))
        for e in estimates
        if e.parameter in ("tau", "nu") and e.se is not None
    ]


@dataclass(frozen=True, eq=False, repr=False)
class Fitted(Mergeable, Tabled, ABC):
    """A fit of one size to a user's data; `FitResult` and `FormulaFit` are its kinds.

    Their docstrings say what the fields are.
    """

    heads: ClassVar[tuple[str, ...]] = COLUMNS

    estimates: tuple[Estimate, ...]
    warnings: tuple[str, ...]
    columns: tuple[str, ...]
    points: float
    n_parameters: int
    dropped: int = field(default=0, kw_only=True)
    twin: bool = field(default=False, kw_only=True)
    separated: bool = field(default=False, kw_only=True)
    again: Again | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def search(self) -> diagnostics.Search:
        """How the search ended."""

    @property
    def fitted(self) -> int:
        """The number of experts."""
        return self.search.k

    @property
    def log_likelihood(self) -> float:
        """Where the search ended."""
        return self.search.log_likelihood

    @property
    @abstractmethod
    def gate(self) -> str:
        """The gate, in words."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What was fitted."""

    @property
    @abstractmethod
    def flat_directions(self) -> list[dict[str, Value]]:
        """The directions along which the information vanishes, by names of coordinates."""

    @property
    @abstractmethod
    def box_record(self) -> dict[str, Any]:
        """The box, as JSON."""

    def merged(self, k: int) -> Merge:
        """The fit merged to k experts, the most alike first, and fitted again from there (theory.md 2.11).

        Raises ValueError for k that is no number of experts from 1 to that of the fit.
        """
        return merged_to(self, k)

    @abstractmethod
    def curves(self, x: Floats) -> tuple[Floats, Floats]:
        """The probabilities of the gate and the means of the experts at x (n, d): arrays (n, k)."""

    @property
    def understood_as(self) -> tuple[str, ...]:
        """What was understood of formulas, a line each."""
        return ()

    @property
    def status(self) -> str:
        """How the search ended: converged, at_bound, separated, spike or max_steps; the last two are no estimates.

        separated: the likelihood has no maximum in the gate, and the experts are those of its upper bound.
        """
        return "separated" if self.separated and self.search.is_estimate else self.search.status

    @property
    def aic(self) -> float | None:
        """2 n_parameters - 2 log-likelihood; None where the search ended at no estimate."""
        return 2 * self.n_parameters - 2 * self.log_likelihood if self.search.is_estimate else None

    @property
    def bic(self) -> float | None:
        """n_parameters log(points) - 2 log-likelihood; None where the search ended at no estimate."""
        penalty = self.n_parameters * float(np.log(self.points))
        return penalty - 2 * self.log_likelihood if self.search.is_estimate else None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The answer in words: what is identifiable, whether the fit ended at an interior maximum, what to distrust."""
        verdicts: dict[str, bool | None] = {}
        for e in self.estimates:  # the worst of the atoms
            if e.caveat != "held":
                verdicts[e.parameter] = min(
                    verdicts.get(e.parameter, True), e.identifiable, key=(False, None, True).index
                )
        weak = [(e.parameter, e.atom) for e in self.estimates if e.is_weak]
        return diagnostics.answer(
            self.search, verdicts, weak, warned=bool(self.warnings), twin=self.twin, separated=self.separated
        )

    @checked
    def doubted(self, doubts: Sequence[str]) -> Self:
        """The same with more warnings; doubts: of where the data come from."""
        return replace(self, warnings=(*doubts, *self.warnings))

    @property
    def answer(self) -> str:
        """The words as one text."""
        return " ".join(self.words)

    def rows(self) -> list[dict[str, Any]]:
        """The table: one mapping a row."""
        return [row for e in self.estimates for row in e.rows(self.columns)]

    def to_json(self) -> dict[str, Any]:
        """The object that `temperance fit --json` prints.

        estimates: parameter, atom, value, se, identifiable, interval (pairs of ends; an end beyond doubles is null) of
        each; status, starts, agree; flat_directions; warnings; loglik; box, with its centre; fitted; n_parameters, aic,
        bic (null where there is no estimate); points, dropped: rows used and left out; answer: the last lines.
        """
        return {
            "estimates": [{**asdict(e), "interval": _finite(e.interval)} for e in self.estimates],
            "status": self.status,
            "starts": self.search.starts,
            "agree": self.search.agree,
            "flat_directions": self.flat_directions,
            "warnings": list(self.warnings),
            "loglik": self.log_likelihood,
            "box": self.box_record,
            "fitted": self.fitted,
            "n_parameters": self.n_parameters,
            "aic": self.aic,
            "bic": self.bic,
            "points": self.points,
            "dropped": self.dropped,
            "answer": self.answer,
        }

    @checked
    def summary(self, columns: Sequence[str] | None = None) -> Text:
        """What the command prints; columns: other names for the columns of x."""
        head, table, foot = self.parts(columns)
        lines = aligned([COLUMNS, *table], left=(0, 1, 5))
        rule = "=" * max(map(len, lines))
        return Text("\n".join([*head, rule, lines[0], rule.replace("=", "-"), *lines[1:], rule, *foot]))

    def parts(self, columns: Sequence[str] | None = None) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Lines above the table, its rows, lines below; columns: other names for the columns of x."""
        left_out = f", {self.dropped} rows with missing values left out" if self.dropped else ""
        aic, bic = ("none" if value is None else f"{value:.6g}" for value in (self.aic, self.bic))
        head = [self.title, *self.understood_as]
        head += [f"maximum likelihood, {self.points:g} points{left_out}, {self.n_parameters} parameters"]
        foot = [
            f"status {self.status}; log-likelihood {self.log_likelihood:.6g}; AIC {aic}; BIC {bic}; "
            f"{self.search.agree} of {self.search.starts} starts agree on it",
            *(f"warning: {warning}" for warning in self.warnings),
            *self.words,
        ]
        return head, [_cells(row) for e in self.estimates for row in e.rows(columns or self.columns)], foot

    def __str__(self) -> str:
        """What the command prints."""
        return str(self.summary())

    def __repr__(self) -> str:
        """In a line; print shows all."""
        return (
            f"<{type(self).__name__}: fitted {self.fitted}, {self.status}, log-likelihood {self.log_likelihood:.6g}; "
            "print shows the answer>"
        )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    label = row["parameter"] if row["column"] is None else f"{row['parameter']} ({row['column']})"
    atom = "" if row["atom"] is None else str(row["atom"])
    if row["se"] is None:
        return label, atom, f"{row['value']:.5g}", "-", "-", row["identifiable"]
    ends = f"[{row['low']:.5g}, {row['high']:.5g}]"
    return label, atom, f"{row['value']:.5g}", f"{row['se']:.3g}", ends, row["identifiable"]


def _finite(interval: Interval | list[Interval] | None) -> Any:
    if interval is None or isinstance(interval, list):
        return interval and [_finite(ends) for ends in interval]
    return [end if np.isfinite(end) else None for end in interval]


def by_names(names: list[str], vector: Floats) -> dict[str, Value]:
    """The entries of a vector by the names of the coordinates (tau and nu stand for their logarithms)."""
    values: dict[str, Value] = {}
    for name in dict.fromkeys(names):
        part = [float(v) for n, v in zip(names, vector, strict=True) if n == name]
        values[name] = part[0] if len(part) == 1 else part
    return values
