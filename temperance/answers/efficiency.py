"""Answers `efficiency`: how many observations does it take to learn the temperature?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter, Token

from temperance.answers.efficiency_words import answer, count, notes
from temperance.interop.callables import Source
from temperance.interop.callables import activation as read
from temperance.measurements.sample_sizes import (
    Match,
    Question,
    Row,
    at_temperature,
    curve,
    read_activation,
    row_of,
    with_certificate,
    with_designs,
    with_laws,
)
from temperance.measurements.true_measures import Truth, default_truth, truth_of
from temperance.numerics.information import required
from temperance.numerics.information.floor import floor
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.pages.answer import Answer, Grid, Part
from temperance.terminal.errors import BadInput, refusing
from temperance.terminal.options import FileOr
from temperance.terminal.output import check_writable, to_json, write_file
from temperance.terminal.progress import display
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.models.gates import require_gauge
from temperance.theory.rates.unidentifiable import obstacle

if TYPE_CHECKING:
    from temperance.pages.plots import Plot

_TAU = 0.5  # of the default truth
_MOST = 200  # rows
_REACH = np.exp(np.linspace(-4.0, 3.0, 29))  # of the temperatures in a picture, over the best one


def _numbers(_: type, tokens: Sequence[Token]) -> tuple[float, ...]:
    if len(tokens) > 1:
        raise BadInput(f"{tokens[0].keyword} is given twice; accepted: once, as numbers separated by commas")
    try:
        return tuple(float(part) for part in tokens[0].value.split(","))
    except ValueError:
        text = tokens[0].value
        raise BadInput(f"{tokens[0].keyword} takes numbers separated by commas, such as .1,.9, not {text!r}") from None


def _number(_: type, tokens: Sequence[Token]) -> float:
    return float(tokens[0].value)


Numbers = Annotated[Sequence[float] | None, Parameter(converter=_numbers, n_tokens=1)]
"""Numbers separated by commas."""

Precision = Annotated[float, Parameter(converter=_number)]
"""A relative error."""


@dataclass(frozen=True, repr=False, eq=False)
class Efficiency(Answer):
    """Sample sizes for the temperature, one row for every activation and temperature.

    Attributes:
        truth: the true measure, and the range of x.
        gauge: of the gate.
        precision: the relative standard error wanted.
        match: least and greatest probability of the gate over x, if activations are brought to equal terms.
        floor: n below which no activation, expert or design goes.
        table: the sample sizes and what goes with them.
    """

    truth: Truth
    gauge: str
    precision: float
    match: Match | None
    floor: float
    table: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What is counted."""
        m, percent = self.truth.measure, f"{100 * self.precision:g}%"
        where = f"[{self.truth.low:g}, {self.truth.high:g}]" + ("^2" if m.d == 2 else "")
        return f"a relative standard error of {percent}: {m.k} atoms, {self.gauge} gauge, x uniform on {where}"

    def parts(self) -> Iterator[Part]:
        """The table and its notes."""
        cells = [_matched_cells(row) if self.match else _cells(row) for row in self.table]
        yield Grid("Sample sizes", _MATCHED_COLUMNS if self.match else _COLUMNS, tuple(cells))
        yield from notes(self.table, self.match, self.floor, self.title)

    @property
    def words(self) -> Sequence[str]:
        """How many observations, against the floor."""
        return [answer(self.table, self.match, self.floor, self.precision)]

    def to_json(self) -> Any:
        """Truth, gauge, precision, floor and rows."""
        m = self.truth.measure
        truth = {name: getattr(m, name).tolist() for name in ("beta1", "beta0", "tau", "a", "b", "nu")}
        return {
            "truth": {**truth, "x": {"law": "uniform", "low": self.truth.low, "high": self.truth.high}},
            "gauge": self.gauge,
            "precision": self.precision,
            "floor": self.floor,
            "rows": [row.record() for row in self.table],
            "match": None if self.match is None else list(self.match),
        }

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table."""
        return [row.record() for row in self.table]

    @property
    def plots(self) -> Sequence[Plot]:
        """n over tau of every activation, with the law of tau -> 0."""
        from temperance.pages.plots import Line, Plot, Point

        asked = Question("anchored" if self.gauge == "anchored" else "free", self.precision)
        made = []
        for row in {row.activation: row for row in self.table}.values():
            if row.best_tau is None:
                continue
            taus = [float(tau) for tau in row.best_tau[0] * _REACH]
            pairs = zip(taus, curve(row.activation, self.truth, asked, taus), strict=True)
            points = tuple(Point(tau, n) for tau, n in pairs if n is not None)
            law = row.laws.tau_to_0
            lines = (Line("predicted", law, f"as tau -> 0: tau^{law}"),) if isinstance(law, int) else ()
            made.append(
                Plot(
                    title=f"n for tau, {row.activation}",
                    axes=("tau", "n"),
                    values=f"{len(points)} temperatures from {points[0].x:.3g} to {points[-1].x:.3g}",
                    points=points,
                    through=(points[0].x, points[0].y),
                    lines=lines,
                    band=(),
                    notes=(f"the floor is {self.floor:.0f}",),
                )
            )
        return made


_COLUMNS = ("activation", "tau", "n (tau)", "n (beta1)", "price", "best tau (window)", "crossings", "tau -> 0")
_MATCHED_COLUMNS = ("activation", "n (tau)", "n (beta1)", "n (both)", "at beta1", "tau", "price")


def _n(value: float | None) -> str:
    """A number of observations, in at most five digits."""
    return "-" if value is None else count(value)


def _tau_cell(row: Row) -> str:
    return _n(row.n_tau) + (" *" if row.asymptotic is False else "")


def _cells(row: Row) -> tuple[str, ...]:
    window = "-"
    if row.best_tau is not None:
        ends = " to ".join("?" if end is None else f"{end:.2g}" for end in row.best_tau[1:])
        window = f"{row.best_tau[0]:.3g} ({ends})"
    price = "-" if row.price is None else f"{row.price:.3g}"
    law = row.laws.tau_to_0
    law_words = "-" if law is None else law if isinstance(law, str) else f"tau^{law}"
    crossings = "-" if row.crossings is None else str(row.crossings)
    return row.activation, f"{row.tau:.4g}", _tau_cell(row), _n(row.n_beta1), price, window, crossings, law_words


def _matched_cells(row: Row) -> tuple[str, ...]:
    at = "-" if row.beta1 is None else ", ".join(f"{v:.3g}" for beta in row.beta1 for v in beta if v) or "0"
    tau = "-" if row.n_tau is None else f"{row.tau:.3g}"
    price = "-" if row.price is None else f"{row.price:.3g}"
    at += " (end)" if row.at_edge else ""
    return row.activation, _tau_cell(row), _n(row.n_beta1), _n(row.n_both), at, tau, price


def efficiency(
    *activations: Source,
    truth: FileOr = None,
    gauge: str = "free",
    precision: Precision = 0.1,
    match: Numbers = None,
    tau: Numbers = None,
    design: bool = False,
    certificate: str | None = None,
) -> Efficiency:
    """Say how many observations it takes to learn the temperature of an activation's gate.

    >>> import temperance
    >>> temperance.efficiency("tanh", gauge="anchored")
    <Efficiency: tanh learns tau to 10% from 884 observations, 3.9 times the floor; tau = 0.5 is inside the ...>

    Args:
        activations: Names of the catalogue or expressions in z; none, with --match: the whole catalogue, ranked.
        truth: A .json file with the true point (k >= 2 atoms, d = 1 or 2); a well-conditioned one by default.
        gauge: free or anchored; the linear gate is always anchored.
        precision: The relative standard error wanted.
        match: LOW,HIGH: bring activations to equal terms, by the range of the gate's probabilities over x; beta0 and
            tau then follow, and the length and sign of beta1 are those at which tau needs the fewest observations.
        tau: T,T,..: temperatures to use in place of that of the truth.
        design: Compute the optimal designs of x, and what they would save (d = 1).
        certificate: Prove n from above by balls, and write the certificates to this .json file; see certify.

    Raises:
        ValueError: what is not accepted.
    """
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    tau = (tau,) if isinstance(tau, (int, float)) else tau
    with refusing():
        chosen = _truth(truth, gauge)
        asked = _asked(chosen, activations, gauge, precision, match, tau, design)
        if certificate is not None and match is not None:
            raise ValueError("certificates are for a truth of its own, without match")
    names = [read(source) if not isinstance(source, (str, Activation)) else source for source in activations]
    points = [at_temperature(chosen, t) for t in tau] if tau else [chosen]
    jobs = [(name, point) for name in (names or CATALOGUE) for point in points]
    rows, proofs = [], []
    with display() as shown, shown.doing("computing information") as progress, refusing():
        for done, (name, point) in enumerate(jobs):
            progress(done, len(jobs))
            row = row_of(name, point, asked)
            if asked.match is None:
                row = with_laws(row, name, point, asked)
            if design:
                row = with_designs(row, name, point, asked)
            if certificate is not None:
                row, proof = with_certificate(row, name, point, asked)
                proofs += [] if proof is None else [proof]
            rows.append(row)
    if certificate is not None:
        _write_certificates(proofs, certificate)
    if not names:
        rows.sort(key=lambda row: float("inf") if row.n_tau is None else row.n_tau)
    least = floor(chosen.measure.k) / precision**2
    return Efficiency(chosen, gauge, precision, asked.match, least, tuple(rows))


def _write_certificates(proofs: Sequence[Mapping[str, Any]], path: str) -> None:
    if not proofs:
        accepted = "accepted: two atoms, d = 1, and an activation with one formula on the whole line"
        raise BadInput(f"nothing is certified in this setting, and {path!r} is not written; {accepted}")
    write_file(path, to_json(list(proofs)) + "\n")


def _truth(truth: FileOr | MixingMeasure, gauge: str) -> Truth:
    if isinstance(truth, MixingMeasure):
        return Truth(truth)
    if truth is None:
        return default_truth(2, 1, tau=_TAU, anchored=gauge == "anchored")
    return truth_of(truth)


def _asked(
    truth: Truth,
    activations: Sequence[object],
    gauge: str,
    precision: float,
    match: Sequence[float] | None = None,
    tau: Sequence[float] | None = None,
    design: bool = False,
) -> Question:
    """The question, if it is one; else raises ValueError."""
    m = truth.measure
    require_gauge(gauge)
    if not activations and match is None:
        raise ValueError("an activation is missing; accepted: names or expressions, or --match LOW,HIGH for all")
    if not 1e-6 <= precision <= 1:
        raise ValueError(f"precision must be a relative error from 1e-6 to 1, not {precision!r}")
    if m.tau.shape or m.k < 2 or m.d > 2:
        raise ValueError(f"the truth must have at least 2 atoms in dimension 1 or 2, not k = {m.k}, d = {m.d}")
    experts = {(*a, b, nu) for a, b, nu in zip(m.a.tolist(), m.b.tolist(), m.nu.tolist(), strict=True)}
    if len(experts) < m.k:
        raise ValueError("the experts (a, b, nu) of the truth must be distinct: no data tell equal ones apart")
    if m.beta0[-1] != 0 or (gauge == "anchored" and m.beta1[-1].any()):
        what = "beta0 and beta1 of the last atom" if gauge == "anchored" else "beta0 of the last atom"
        raise ValueError(f"the truth must obey the gauge: {what} must be 0")
    if tau is not None and not all(1e-50 < t < 1e50 for t in tau):
        raise ValueError("tau must hold positive temperatures T,T,..")
    if tau is not None and len(tau) * max(1, len(activations)) > _MOST:
        raise ValueError(f"at most {_MOST} rows are computed at once")
    if design and (m.d != 1 or match is not None):
        raise ValueError("designs are computed for x in dimension 1, and at a truth of its own, without match")
    return Question("anchored" if gauge == "anchored" else "free", precision, _range(m, match, tau))


def _range(m: MixingMeasure, match: Sequence[float] | None, tau: Sequence[float] | None) -> Match | None:
    if match is None:
        return None
    if isinstance(match, str) or len(match) != 2 or not 0 < match[0] < match[1] < 1:
        raise ValueError(f"match takes two numbers, 0 < LOW < HIGH < 1, not {match!r}")
    if m.k != 2 or not m.beta1.any():
        raise ValueError("match takes a truth with two atoms and some beta1 that is not 0: its direction is kept")
    if tau is not None:
        raise ValueError("match chooses tau; --tau does not go with it")
    return match[0], match[1]


def required_n(
    activation: Source,
    truth: FileOr | MixingMeasure = None,
    *,
    gauge: str = "free",
    precision: float = 0.1,
    parameter: Literal["tau", "beta1"] = "tau",
) -> float:
    """n at which a parameter has a relative standard error.

    Args:
        activation: a name, an expression in z, or a function of torch or jax.
        truth: a measure (x uniform on [-3, 3]^d), or a true point as for `efficiency`.
        gauge: free or anchored.
        precision: the relative standard error wanted.
        parameter: tau, or beta1 (of the worst atom).

    Raises:
        ValueError: there is none, with the proof that says so; or what is not accepted.
    """
    if parameter not in ("tau", "beta1"):
        raise ValueError(f"parameter must be tau or beta1, not {parameter!r}")
    chosen = _truth(truth, gauge)
    row = row_of(read(activation), chosen, _asked(chosen, [activation], gauge, precision))
    found = row.n_tau if parameter == "tau" else row.n_beta1
    if found is None:
        raise ValueError(f"no n gives {parameter} a standard error: {row.reason}")
    return found


def standard_errors(
    truth: FileOr | MixingMeasure, n: float, *, activation: Source, gauge: str = "free"
) -> dict[str, float | list[float]]:
    """Asymptotic standard errors from n observations: {"tau": .., "beta1_0": .., "nu_1": ..}, lists for d > 1.

    Args:
        truth: a measure (x uniform on [-3, 3]^d), or a true point as for `efficiency`.
        n: number of observations.
        activation: a name, an expression in z, or a function of torch or jax.
        gauge: free or anchored.

    Raises:
        ValueError: parameters of the gate are proved not to be identifiable; or what is not accepted.
    """
    if not 0 < n < float("inf"):
        raise ValueError(f"n must be a positive number, not {n!r}")
    chosen, s = _truth(truth, gauge), read_activation(read(activation))
    asked = _asked(chosen, [s], gauge, 0.1)
    if (proved := obstacle(s, asked.gauge_of(s), chosen.point)) is not None:
        raise ValueError(f"there are no standard errors of the gate: {proved.words}")
    where = (chosen.measure, asked.layout(s, chosen), compile_activation(s), chosen.low, chosen.high)
    found: dict[str, list[float]] = {}
    for name, atom, error in required.standard_errors(*where, n):
        found.setdefault(name if atom is None else f"{name}_{atom}", []).append(error)
    return {name: errors[0] if len(errors) == 1 else errors for name, errors in found.items()}
