"""Holds what fits to a user's data give: estimates, criteria, the answer in words, tables; of one size, or of several.

Example: ``print(fit(x, y, fitted=2))`` prints what `temperance fit` prints.
Example: ``print(fit(x, y, fitted=[1, 2, 3]))`` compares AIC and BIC, and says what they mean in mixtures.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from html import escape
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri

from temperance.numerics.estimation.data import repeats
from temperance.numerics.estimation.errors import Caveat, Errors
from temperance.numerics.estimation.intervals import ProfileInterval, Surroundings, intervals
from temperance.numerics.estimation.merge import LEAST, FittedMixture, Merge, merged_to
from temperance.numerics.estimation.residuals import departure, draw
from temperance.numerics.fitting.fits import Fit, LayoutFit
from temperance.numerics.fitting.search import AGREE, APART
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points, reals
from temperance.theory.expressions.arguments import checked

Value = float | list[float]
Interval = tuple[float, float]
Scale = Literal["real", "log", "unit"]
"""On which scale a function has its interval: as it is, by its logarithm (positive numbers), or within [-1, 1]."""
COLUMNS = ("parameter", "atom", "estimate", "std err", "95% interval", "identifiable")
_BLOCK = 2**16  # points times columns times squared atoms, at which slopes are computed at once
BESIDE_TRUTH = (*COLUMNS[:-1], "truth", "std errs off", COLUMNS[-1])
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
    is), "no estimate" (the search did not end at one), "held" (not fitted: a choice of gauge). truth: the true value of
    what has a standard error, where a truth of as many atoms was given.
    """

    parameter: str
    atom: int | None
    value: Value
    se: Value | None
    identifiable: bool | None
    interval: Interval | list[Interval] | None = None
    caveat: Caveat | None = None
    truth: Value | None = None

    @property
    def off(self) -> Value | None:
        """By how many standard errors it is above the truth."""
        if self.se is None or self.truth is None:
            return None
        off: Value = ((np.array(self.value) - np.array(self.truth)) / np.array(self.se)).tolist()
        return off

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
        entries: list[Any] = [self.value, self.se, self.interval, self.truth, self.off]
        rows = []
        for j, column in enumerate(columns[: len(self.value)] if isinstance(self.value, list) else [None]):
            value, se, ends, truth, off = (entry[j] if isinstance(entry, list) else entry for entry in entries)
            low, high = ends or (None, None)
            row = {"parameter": self.parameter, "column": column, "atom": self.atom, "value": value, "se": se}
            rows.append(row | {"low": low, "high": high, "identifiable": self.verdict, "truth": truth, "off": off})
        return rows

    def to_json(self) -> dict[str, Any]:
        """As JSON values: an end of an interval beyond doubles is null."""
        return {**asdict(self), "interval": _finite(self.interval), "off": self.off}


class Row(NamedTuple):
    """Functions of theta: parameter, atom, values (m,), their gradients in theta (m, p), and the scale.

    held: whether they are parameters that are not fitted.
    """

    name: str
    atom: int | None
    values: Floats
    gradients: Floats
    scale: Scale = "real"
    held: bool = False


def unwrap(values: list[float]) -> float | list[float]:
    """The values; the only one as itself."""
    return values if len(values) > 1 else values[0]


def relative_errors(estimates: Sequence[Estimate]) -> list[tuple[str, int | None, float]]:
    """(parameter, atom, standard error over value) of tau and nu."""
    return [
        (e.parameter, e.atom, float(np.divide(e.se, e.value)))
        for e in estimates
        if e.parameter in ("tau", "nu") and e.se is not None
    ]


@dataclass(frozen=True)
class Comparison:
    """A truth beside a fit of so many atoms, fitted.

    atoms: of the truth. ratio: twice the log-likelihood of the fit over that of the truth. parameters: those of the
    chi-square law that it has where the model is regular; None where the numbers of atoms differ, or the fit shows that
    it is not.
    """

    atoms: int
    fitted: int
    log_likelihood: float
    ratio: float
    parameters: int | None

    @property
    def p(self) -> float | None:
        """The chance of a larger likelihood ratio where the model is regular."""
        return None if self.parameters is None else float(chdtrc(self.parameters, max(self.ratio, 0.0)))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"atoms": self.atoms, "loglik": self.log_likelihood, "ratio": self.ratio, "p": self.p}

    def __str__(self) -> str:
        """In a line."""
        line = f"truth: log-likelihood {self.log_likelihood:.6g}; likelihood ratio 2 (l - l_truth) = {self.ratio:.4g}"
        if self.p is not None:
            law = f"{chdtri(self.parameters, 0.05):.3g}, which chi-square({self.parameters}) exceeds in 5% of samples"
            return f"{line}, {'not ' * (self.p >= 0.05)}above {law} where the model is regular (p = {self.p:.2g})"
        start = ", too many to start the search from" * (self.atoms > self.fitted)
        counts = f"the truth has {count_experts(self.atoms)}, the fit {self.fitted}{start}"
        return f"{line}, whose law is not known: {counts if self.atoms != self.fitted else 'the fit is not regular'}"


@dataclass(frozen=True)
class FittedModel:
    """The model of a fit, as screens and JSON show it.

    title: what was fitted. gate: the gate in words. box: as JSON. formulas:
    what was understood of formulas, a line each. record: further keys of the JSON.
    """

    title: str
    gate: str
    box: Mapping[str, Any]
    formulas: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)


class Tabled(ABC):
    """What has a table between lines of text. heads: of its columns."""

    heads: tuple[str, ...]

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """The table: one mapping a row."""

    @abstractmethod
    def parts(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Lines above the table, its rows, lines below."""

    def to_frame(self) -> Any:
        """The table as a pandas DataFrame. Raises ImportError without pandas."""
        return frame(self.rows())

    def _repr_html_(self) -> str:
        """For notebooks."""
        above, rows, below = self.parts()
        heads = "".join(f"<th>{escape(column)}</th>" for column in self.heads)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        head, foot = ("".join(f"<p>{escape(line)}</p>" for line in lines) for lines in (above, below))
        return f"{head}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{foot}"


class Text(str):
    """A text that an interactive session shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The text itself."""
        return str(self)


def aligned(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
    """The rows as lines of equal columns: those in left to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """The rows as a pandas DataFrame. Raises ImportError without pandas."""
    try:
        from pandas import DataFrame
    except ImportError:
        raise ImportError("to_frame needs pandas: pip install pandas (rows() gives the same without it)") from None
    return DataFrame([dict(row) for row in rows])


@checked
@dataclass(frozen=True, eq=False, repr=False)
class FitResult(Tabled):
    """What a fit to a user's data gives, in the units of the data, for any gate and Gaussian expert.

    estimates: of every parameter, and of the identifiable functions where some parameter is not; notes: in plain words,
    what the data, the model or the search leave open. columns: names of the columns of x. points: their number
    (the sum of the weights); dropped: rows left out for missing values.

    n_parameters: the free coordinates less the directions along which the density stays. For softmax, linear and
    activation gates with linear experts that is the dimension of the set of densities near the fit at these x: theory
    proves the directions, so that the linear gate has as many with tau free as with tau fixed; columns of x that depend
    on each other, and values of a gate at few different x, count once. For other models the information is singular
    along the directions.

    fit: where the search ended, a `LayoutFit` of softmax, linear and activation gates with linear experts, else a
    `ModelFit`. model: what was fitted, in words. mixture: for merging, and for curves.
    twin: whether single other parameters are known to have its density. separated: whether the likelihood is proved to
    have no maximum near the fit (`separation`). around: the likelihood there.
    errors: standard errors of functions; gradients (m, q): of the rows of the table; places: of the coordinates of the
    fit among those of the mixture. profiles: the profile intervals that were asked for. truth: the one that was given,
    beside the fit. heads: of the columns of the table.
    """

    estimates: tuple[Estimate, ...]
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    points: float
    n_parameters: int
    fit: Fit
    model: FittedModel
    mixture: FittedMixture
    dropped: int = field(default=0, kw_only=True)
    twin: bool = field(default=False, kw_only=True)
    separated: bool = field(default=False, kw_only=True)
    around: Callable[[], Surroundings] = field(kw_only=True)
    errors: Errors = field(kw_only=True)
    gradients: Floats = field(kw_only=True)
    places: Sequence[int] = field(kw_only=True)
    profiles: tuple[ProfileInterval, ...] = field(default=(), kw_only=True)
    truth: Comparison | None = field(default=None, kw_only=True)
    heads: tuple[str, ...] = field(default=COLUMNS, kw_only=True)

    @property
    def gate(self) -> str:
        """The gate, in words; of formulas, all that was understood of them."""
        return self.model.gate

    @property
    def fitted(self) -> int:
        """The number of experts."""
        return self.fit.k

    @property
    def is_stopped(self) -> bool:
        """Whether Ctrl-C stopped the search, where `fit` keeps what it has."""
        return self.fit.planned is not None

    @property
    def log_likelihood(self) -> float:
        """Where the search ended."""
        return self.fit.log_likelihood

    @property
    def status(self) -> str:
        """How the search ended: converged, at_bound, separated, spike or max_steps; the last two are no estimates.

        separated: the likelihood has no maximum in the gate, and the experts are those of its upper bound.
        """
        return "separated" if self.separated and self.fit.is_estimate else self.fit.status

    @property
    def aic(self) -> float | None:
        """2 n_parameters - 2 log-likelihood; None where the search ended at no estimate."""
        return 2 * self.n_parameters - 2 * self.log_likelihood if self.fit.is_estimate else None

    @property
    def bic(self) -> float | None:
        """n_parameters log(points) - 2 log-likelihood; None where the search ended at no estimate."""
        penalty = self.n_parameters * float(np.log(self.points))
        return penalty - 2 * self.log_likelihood if self.fit.is_estimate else None

    @property
    def icl(self) -> float | None:
        """BIC plus twice the entropy -sum r log r of the experts given the points (Biernacki, Celeux and Govaert 2000).

        So it prefers experts that points can be told to belong to. None where the search ended at no estimate.
        """
        if self.bic is None:
            return None
        points = self.mixture.points
        return self.bic + 2 * float(points.total(entropies_of(self.mixture.values.responsibilities(points))))

    @property
    def flat_directions(self) -> list[dict[str, Value]]:
        """The directions along which the information vanishes; what is positive stands for its logarithm."""
        names = [name if atom is None else f"{name}_{atom}" for name, atom in self.fit.names]
        places = {name: [i for i, n in enumerate(names) if n == name] for name in names}
        return [{name: unwrap(v[at].tolist()) for name, at in places.items()} for v in self.fit.flat_directions]

    @checked
    def merged(self, k: int) -> Merge:
        """The fit merged to k experts, the most alike first, and fitted again from there (theory 4.4.1).

        Raises ValueError for k that is no number of experts from 1 to that of the fit.
        """
        return merged_to(self, k)

    @checked
    def profiled(self, names: Sequence[str]) -> FitResult:
        """The same with the profile intervals of the parameters of these names, of every atom (docs/fitting.md).

        Raises ValueError for a fit that is no estimate, and for names of what the data do not determine.
        """
        if not self.fit.is_estimate or self.separated:
            raise ValueError(f"profile: the search ended at no maximum (status {self.status}), so there is no interval")
        around = self.around()
        free = ((e.parameter, e.atom) for e in self.estimates if e.identifiable is not False and e.caveat != "held")
        determined = [name for name in free if name in around.indices]
        accepted = list(dict.fromkeys(name for name, _ in determined))
        for name in names:
            if name not in accepted:
                raise ValueError(f"profile: {name!r} has no profile interval; accepted: {', '.join(accepted)}")
        wanted = [name for name in determined if name[0] in names]
        return replace(self, profiles=tuple(intervals(around, wanted, self.columns)))

    def curves(self, x: Floats) -> tuple[Floats, Floats]:
        """The probabilities of the gate and the means of the experts at x (n, d): arrays (n, k)."""
        return self.mixture.values.probabilities(x), self.mixture.values.means(x)

    @checked
    def predict(self, x: ArrayLike) -> Floats:
        """The mean of y given x (n, d) or (n,), sum_i pi_i(x) mean_i(x), (n,).

        Raises ValueError for other columns than those of the data, and values that are no finite numbers.
        """
        gates, means = self.curves(self._points(x, None).x)
        return np.asarray((gates * means).sum(axis=1))

    @checked
    def standard_error(self, x: ArrayLike) -> Floats:
        """The standard error of `predict` at x (n, d) or (n,), by the delta method, (n,); nan where there is none.

        It is that of the mean, not of y: an interval at 95% is the mean -+ 1.96 of it. Raises ValueError as `predict`.
        """
        at = self._points(x, None).x
        blocks = np.array_split(at, 1 + at.shape[0] * at.shape[1] * self.fitted**2 // _BLOCK)
        slopes = (self.mixture.values.slopes_of_mean(block)[:, self.places] @ self.fit.moves for block in blocks)
        return np.concatenate([np.linalg.norm(self.errors.spread(rows), axis=1) for rows in slopes])

    @checked
    def vcov(self) -> Floats:
        """The covariances (m, m) of the rows of the table (`rows`), nan where one has no standard error."""
        spread = self.errors.spread(self.gradients)
        spread[[row["se"] is None for row in self.rows()]] = np.nan
        return np.asarray(spread @ spread.T)

    @checked
    def posterior(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """The probability of each expert given x (n, d) or (n,) and y (n,), pi_i N_i/sum_j pi_j N_j, (n, k).

        Raises ValueError as `predict`, and for x and y of different lengths.
        """
        return self.mixture.values.responsibilities(self._points(x, y))

    @property
    def residuals(self) -> Floats:
        """y less its mean given x, (n,), at the points of the fit: without rows left out and those of weight 0."""
        return self.mixture.points.y - self.predict(self.mixture.points.x)

    @checked
    def simulate(self, rng: int | np.random.Generator) -> Floats:
        """New y (n,) of the fitted mixture at the x of these points; rng: a seed, or a Generator.

        Raises ValueError for a negative seed.
        """
        return draw(*self.curves(self.mixture.points.x), self.mixture.values.nu, np.random.default_rng(rng))

    def conf_int(self) -> dict[tuple[str, int | None], Interval | list[Interval]]:
        """The 95% intervals by (parameter, atom), of all that have one."""
        return {(e.parameter, e.atom): e.interval for e in self.estimates if e.interval is not None}

    def _points(self, x: ArrayLike, y: ArrayLike | None) -> Points:
        at = reals(x, "x")
        at = at[:, None] if at.ndim == 1 else at
        if at.shape[1:] != (len(self.columns),):
            raise ValueError(f"x must have shape (n, {len(self.columns)}), as the data of the fit, not {at.shape}")
        return Points(at, np.zeros(len(at)) if y is None else reals(y, "y"))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The answer in words: what is identifiable, whether the fit ended at an interior maximum, what to distrust.

        First come that a search was stopped, and that there may be an expert too many.
        """
        best = "this is the best fit so far, not shown to be the maximum"
        stop = (f"Stopped by Ctrl-C after {_count_starts(self.fit)}: {best}.",) * self.is_stopped
        if not self.fit.is_estimate:
            less = "Fit fewer experts. " * (self.status == "spike" and self.fitted > 1)
            return *stop, f"There is no estimate: the numbers are where the search ended. {less}Distrust all of them."
        verdicts: dict[str, bool | None] = {}
        for e in self.estimates:  # the worst of the atoms
            if e.caveat != "held":
                worst = min(verdicts.get(e.parameter, True), e.identifiable, key=(False, None, True).index)
                verdicts[e.parameter] = worst
        identifiable, open_, untold = ([n for n, v in verdicts.items() if v is which] for which in (True, False, None))
        but = " up to a twin" * self.twin
        if open_ or untold:
            parts = [f"Not identifiable: {', '.join(open_)}{self._hold(open_)}."] * bool(open_)
            parts += [f"Not told: {', '.join(untold)}."] * bool(untold)
            every = ", ".join([*identifiable, "the density and predictions"])
            verdict = " ".join([*parts, f"Identifiable{but}: {every}."])
        else:
            more = "; the warnings say what else is open" if self.warnings else ""
            verdict = f"Every parameter is identifiable{but}{more}."
        needless = self._needless
        verdict = f"Otherwise: {verdict[0].lower()}{verdict[1:]}" if needless else verdict
        return *stop, *needless, verdict, self._end([*open_, *untold], flat=bool(untold))

    def _hold(self, open_: Sequence[str]) -> str:
        """What to hold so that the others of some parameters are identifiable."""
        if isinstance(self.fit, LayoutFit) and "tau" in open_ and self.fitted > 1:
            linear = any(e.parameter == "beta1/tau" for e in self.estimates)
            return "; the gate softmax holds tau at 1" if linear else "; --tau 1 holds tau"
        is_orbit = len(open_) > 1 and len(self.fit.flat_directions) == 1
        return "; hold one at a number to determine the others" * is_orbit

    @property
    def _needless(self) -> tuple[str, ...]:
        """That BIC takes one expert less, if it does."""
        k, fit = self.fitted, self.fit
        if k == 1 or self.mixture.refit is None:
            return ()
        size_of_one = self.mixture.values.lines.shape[1] + 1
        more = fit.size_of(k) - fit.size_of(k - 1) if k > 2 else self.n_parameters - size_of_one
        lower = more * float(np.log(self.points)) - 2 * fit.gain
        less = f"{count_experts(k - 1)} {'are' if k > 2 else 'is'} enough: it is lower by {lower:.3g} or more"
        then = "a gate or an expert by itself need not be, and then its standard error means nothing"
        do = "fit fewer, or ask temperance experts"
        return (f"By BIC {less}. If so, the density and predictions are determined; {then}: {do}.",) * (lower > 0)

    def _end(self, open_: Sequence[str], *, flat: bool) -> str:
        """Where the search ended, and what to distrust; open_: parameters without values, flat: whether some untold."""
        edge = _edge(self.fit)
        reached = f"a maximum at the edge of the box ({edge})" if edge else "a maximum inside the box"
        if flat:
            reached = "a point whose information is singular, which may be no maximum"
        if self.separated:
            reached = "no maximum, for there is none"
        doubts = [f"the values of {', '.join(open_)} by themselves"] * bool(open_)
        if edge or self.separated:
            inside = "" if self.separated else " inside the box"
            doubts.append(f"standard errors, AIC and BIC, which assume a maximum{inside}")
        if weak := [named(e.parameter, e.atom) for e in self.estimates if e.is_weak]:
            doubts.append(f"{', '.join(weak)}, with a standard error above the value")
        if self.misfit is not None:
            doubts.append("standard errors and intervals, above all of nu, as residuals are not Gaussian")
        if lone(self.fit):
            doubts.append("the maximum itself, which only one start reached")
        distrust = f"Distrust {'; '.join(doubts)}." if doubts else "Standard errors assume that the model is right."
        return f"The search ended at {reached}. {distrust}"

    @property
    def answer(self) -> str:
        """The words as one text."""
        return " ".join(self.words)

    @checked
    def doubted(self, doubts: Sequence[str]) -> FitResult:
        """The same with more warnings; doubts: of where the data come from."""
        return replace(self, notes=(*doubts, *self.notes))

    @cached_property
    def misfit(self) -> int | None:
        """The atom whose residuals are least Gaussian, where the test rejects that all are; else None."""
        return departure(self.mixture.values, self.mixture.points) if self.fit.is_estimate else None

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """The notes, what repeats itself in the data, and residuals that are not Gaussian."""
        return (*self.notes, *repeats(self.mixture.points), *_of_residuals(self))

    @property
    def gap(self) -> float | None:
        """By how much the log-likelihoods that two independent searches reach differ; None where one was made."""
        return self.fit.gap if np.isfinite(self.fit.gap) else None

    @cached_property
    def smallest_share(self) -> float:
        """The least share of an atom: the mean of its gate probability over the x of the data."""
        points = self.mixture.points
        return float(points.mean(self.curves(points.x)[0]).min())

    @property
    def _searches(self) -> str:
        """What two searches say of the maximum, and how much the smallest atom holds."""
        share = f"the smallest atom holds {self.smallest_share:.2g} of the points"
        if self.status == "spike":
            same = "it is no maximum"
        elif self.gap is None:
            same = "one search"
        else:
            near = self.gap <= APART
            same = "two searches reach it" if near else f"two searches differ by {self.gap:.2g}: try more starts"
        return f"{same}; {share}"

    def rows(self) -> list[dict[str, Any]]:
        """The table: one mapping a row."""
        return [row for e in self.estimates for row in e.rows(self.columns)]

    def to_json(self) -> dict[str, Any]:
        """The object that `temperance fit --json` prints, with the keys of docs/json.md."""
        return {
            "estimates": [e.to_json() for e in self.estimates],
            "status": self.status,
            "starts": self.fit.starts,
            "agree": self.fit.agree,
            "gap": self.gap,
            "smallest_share": self.smallest_share,
            "flat_directions": self.flat_directions,
            "warnings": list(self.warnings),
            "loglik": self.log_likelihood,
            "box": self.model.box,
            "fitted": self.fitted,
            "n_parameters": self.n_parameters,
            "aic": self.aic,
            "bic": self.bic,
            "points": self.points,
            "dropped": self.dropped,
            "answer": self.answer,
            **self.model.record,
            "profiles": [asdict(interval) for interval in self.profiles],
            "stopped": {"starts": self.fit.starts, "planned": self.fit.planned} if self.is_stopped else None,
            "truth": self.truth and self.truth.to_json(),
        }

    @checked
    def summary(self, columns: Sequence[str] | None = None) -> Text:
        """What the command prints; columns: other names for the columns of x."""
        head, table, foot = self.parts(columns)
        lines = aligned([self.heads, *table], left=(0, 1, len(self.heads) - 1))
        rule = "=" * max(map(len, lines))
        rows = [rule, lines[0], rule.replace("=", "-"), *lines[1:], rule]
        return Text("\n".join([*self.words, "", *head, *rows, *foot]))

    @checked
    def parts(self, columns: Sequence[str] | None = None) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Lines above the table, its rows, lines below; columns: other names for the columns of x."""
        left_out = f", {self.dropped} rows with missing values left out" if self.dropped else ""
        aic, bic = ("none" if value is None else f"{value:.6g}" for value in (self.aic, self.bic))
        head = [self.model.title, *self.model.formulas]
        head += [f"maximum likelihood, {self.points:g} points{left_out}, {self.n_parameters} parameters"]
        foot = [
            f"status {self.status}; log-likelihood {self.log_likelihood:.6g}; AIC {aic}; BIC {bic}; "
            f"{self.fit.agree} of {self.fit.starts} starts agree on it; {self._searches}",
            *map(str, self.profiles),
            *([str(self.truth)] if self.truth else []),
            *(f"warning: {warning}" for warning in self.warnings),
        ]
        rows = [row for e in self.estimates for row in e.rows(columns or self.columns)]
        return head, [_cells(row, with_truth=self.truth is not None) for row in rows], foot

    def __str__(self) -> str:
        """What the command prints."""
        return str(self.summary())

    def __repr__(self) -> str:
        """In a line; print shows all."""
        return (
            f"<FitResult: fitted {self.fitted}, {self.status}, log-likelihood {self.log_likelihood:.6g}; "
            "print shows the answer>"
        )


FormulaFit = FitResult
"""What `fit` returned for formulas; every fit is a `FitResult` now."""


def entropies_of(shares: Floats) -> Floats:
    """The entropies (n,) of probabilities (n, k)."""
    return -np.asarray((shares * np.log(np.maximum(shares, LEAST))).sum(axis=1))


def _cells(row: dict[str, Any], *, with_truth: bool) -> tuple[str, ...]:
    label = row["parameter"] if row["column"] is None else f"{row['parameter']} ({row['column']})"
    atom = "" if row["atom"] is None else str(row["atom"])
    ends = ("-", "-") if row["se"] is None else (f"{row['se']:.3g}", f"[{row['low']:.5g}, {row['high']:.5g}]")
    beside = ("-", "-") if row["off"] is None else (f"{row['truth']:.5g}", f"{row['off']:.2f}")
    return label, atom, f"{row['value']:.5g}", *ends, *(beside if with_truth else ()), row["identifiable"]


def _finite(interval: Interval | list[Interval] | None) -> Any:
    if interval is None or isinstance(interval, list):
        return interval and [_finite(ends) for ends in interval]
    return [end if np.isfinite(end) else None for end in interval]


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
    missing: the sizes that were not fitted, as Ctrl-C came before. doubts: warnings of where the data come from.
    """

    fits: tuple[FitResult, ...]
    missing: tuple[int, ...] = ()
    doubts: tuple[str, ...] = ()
    heads = _COLUMNS

    @property
    def is_stopped(self) -> bool:
        """Whether Ctrl-C came before all was fitted."""
        return bool(self.missing) or self.fits[-1].is_stopped

    @checked
    def doubted(self, doubts: Sequence[str]) -> FitComparison:
        """The same with more warnings; doubts: of where the data come from."""
        return replace(self, doubts=(*doubts, *self.doubts))

    @cached_property
    def least(self) -> dict[str, int | None]:
        """The number of experts with the least AIC and with the least BIC; None where no fit ended at an estimate."""
        return {name: least_of((getattr(f, name), f.fitted) for f in self.fits) for name in ("aic", "bic")}

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sizes with no estimate or one in doubt, and likelihoods that fall where more atoms cannot have less."""
        notes = [
            f"the fit with {count_experts(f.fitted)} is no estimate ({f.status}): it has no AIC and no BIC"
            for f in self.fits
            if not f.fit.is_estimate
        ]
        notes += [f"with {count_experts(f.fitted)} {doubt}" for f in self.fits for doubt in _in_doubt(f)]
        for small, large in pairwise(sorted(self.fits, key=lambda f: f.fitted)):
            if large.log_likelihood < small.log_likelihood - AGREE:
                notes.append(
                    f"with {count_experts(large.fitted)} the search ended below the likelihood of {small.fitted}: "
                    "it missed the maximum, more starts may reach it"
                )
        best = [f for f in self.fits if f.fitted == self.least["bic"]]
        notes += [note for f in best for note in (*repeats(f.mixture.points), *_of_residuals(f))]
        return (*self.doubts, *notes)

    @property
    def words(self) -> tuple[str, ...]:
        """The answer in words."""
        doubtful = {f.fitted for f in self.fits if _in_doubt(f)}
        choices = [
            f"least {name.upper()}: {k}" + " (in doubt, see the warnings)" * (k in doubtful)
            for name, k in self.least.items()
            if k is not None
        ]
        sizes = f"Number of experts with the {', '.join(choices)}." if choices else "No fit ended at an estimate."
        last, missing = self.fits[-1], " and ".join(map(count_experts, self.missing))
        left = [f"with {count_experts(last.fitted)} after {_count_starts(last.fit)}"] * last.is_stopped
        left += [f"nothing was fitted with {missing}"] * bool(missing)
        stop = (f"Stopped by Ctrl-C: {'; '.join(left)}.",) * self.is_stopped
        return *stop, sizes, MEANING, MORE

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
            "stopped": {"not_fitted": list(self.missing)} if self.is_stopped else None,
        }

    def parts(self) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
        """Lines above the table, its rows, lines below."""
        first = self.fits[0]
        left_out = f", {first.dropped} rows with missing values left out" if first.dropped else ""
        head = [f"{first.gate[0].upper()}{first.gate[1:]}; {first.points:g} points{left_out}"]
        foot = [f"with {count_experts(f.fitted)}, {f.truth}" for f in self.fits if f.truth]
        return head, [_size_cells(row) for row in self.rows()], [*foot, *(f"warning: {w}" for w in self.warnings)]

    def __str__(self) -> str:
        """What the command prints."""
        head, rows, foot = self.parts()
        lines = aligned([self.heads, *rows], left=(1,))
        return "\n".join([*self.words, "", *head, lines[0], "-" * max(map(len, lines)), *lines[1:], *foot])

    def __repr__(self) -> str:
        """In a line; print shows all."""
        sizes = ", ".join(str(f.fitted) for f in self.fits)
        return f"<FitComparison: fitted {sizes}; least BIC: {self.least['bic']}; print shows the answer>"


def _in_doubt(result: FitResult) -> list[str]:
    """Why AIC and BIC of an estimate may not stand beside those of other sizes."""
    if not result.fit.is_estimate:
        return []
    notes = []
    if result.separated:
        notes.append("the likelihood has no maximum (separated): AIC and BIC assume one")
    elif edge := _edge(result.fit):
        notes.append(f"the maximum is at the edge of the box ({edge}): AIC and BIC assume one inside the box")
    stop = f"the search was stopped after {_count_starts(result.fit)}: more may reach a higher likelihood"
    return notes + [stop] * result.is_stopped + lone(result.fit)


def _count_starts(fit: Fit) -> str:
    """How many of the starts there were before Ctrl-C, in words."""
    return f"{fit.starts} of {fit.planned} starts"


def lone(fit: Fit) -> list[str]:
    """That one start alone reached the maximum."""
    note = f"only 1 of {fit.starts} starts reached this likelihood: more starts may reach a higher one"
    return [note] * (fit.starts > 1 and fit.agree == 1)


def _of_residuals(result: FitResult) -> list[str]:
    """That residuals are not Gaussian."""
    k, atom = result.fitted, result.misfit
    note = f"with {count_experts(k)} the residuals of atom {atom} are not Gaussian (3rd and 4th moments, at 1%)"
    note += ": standard errors assume that they are; where tails are heavy, intervals of nu are far too short"
    return [note] * (atom is not None)


def _edge(fit: Fit) -> str:
    """The parameters at the edge of the box."""
    return ", ".join(named(*bound) for bound in dict.fromkeys(fit.bounds))


def named(parameter: str, atom: int | None) -> str:
    """A parameter of an atom, in words."""
    return parameter if atom is None else f"{parameter} of atom {atom}"


def count_experts(k: int) -> str:
    """A number of experts, in words."""
    return f"{k} expert{'s' * (k != 1)}"


def least_of(values: Iterable[tuple[float | None, int]]) -> int | None:
    """The number that comes with the least value; None where none has a value."""
    return min(((value, k) for value, k in values if value is not None), default=(0.0, None))[1]


def _size_cells(row: dict[str, Any]) -> tuple[str, ...]:
    numbers = (f"{row['loglik']:.6g}", str(row["n_parameters"]))
    criteria = ("none" if row[name] is None else f"{row[name]:.6g}" for name in ("aic", "bic"))
    return str(row["fitted"]), row["status"], *numbers, *criteria, f"{row['agree']} of {row['starts']}"
