"""Runs a rate study of a user's own setting and compares its slopes with the predicted exponents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from rich.console import Console

from temperance.judging import study_record
from temperance.report import table
from temperance.truths import Truth, default_truth, read_truth
from theory.activations import activation
from theory.conditions import Setting

if TYPE_CHECKING:
    from numerics.definitions import Study
    from numerics.measures import Gauge
    from numerics.studies import Progress

GATES = ("linear", "softmax", "activation")
SIZES = (1000, 2000, 4000, 8000, 16000, 32000)
REPLICATES = 100
_FEWEST = 10  # replicates that have an interval
_STARTS, _SPLITS = 3, 2
_LARGEST_SIZE = 10**8
SLOPE_COLUMNS = ("group", "cell", "share", "slope [95% interval]", "predicted", "outcome")
"""A cell with its number of atoms; a prediction with the published one, where that is another."""


def study_for(
    *,
    gate: str = "linear",
    source: str | None = None,
    true: int,
    fitted: int,
    gauge: str = "free",
    truth: Truth | None = None,
    dim: int = 1,
    n: Sequence[int] = SIZES,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Study:
    """The definition of a study from the options of `temperance rates`.

    The box follows the truth (it is part of the estimator, and printed); starts do not use it: three fresh ones, the
    estimate at the n before, and for k > k* two random splits of every atom of the maximum for k - 1 atoms.

    Raises:
        ValueError: an option, or a truth of another shape.
    """
    from numerics.definitions import Study

    _check(gate, source, true, fitted, gauge, n, replicates, seed, dim)
    linear = gate != "activation" or (source is not None and activation(source).is_linear)
    anchored = linear or gauge == "anchored"
    chosen = truth or default_truth(true, dim, tau=1.0 if gate == "softmax" else 0.5, anchored=anchored)
    _check_truth(chosen, true, dim, gate, anchored and not linear)
    name = "linear" if linear else str(source)
    gauge_: Gauge = "anchored" if anchored else "free"
    return Study(
        name=f"rates: {gate if linear else name}, k* = {true}, k = {fitted}",
        activation=name,
        truth=chosen.measure,
        k=fitted,
        gauge=gauge_,
        sizes=tuple(n),
        replicates=replicates,
        starts=_STARTS,
        box=_box(chosen),
        seed=seed,
        low=chosen.low,
        high=chosen.high,
        tau=1.0 if gate == "softmax" else None,
        kink=fitted > true and not linear and _kinked(name, chosen, fitted, gauge_),
        splits=_SPLITS if fitted > true else 0,
    )


def _check(
    gate: str,
    source: str | None,
    true: int,
    fitted: int,
    gauge: str,
    n: Sequence[int],
    replicates: int,
    seed: int,
    dim: int,
) -> None:
    if gate not in GATES:
        raise ValueError(f"unknown gate {gate!r}; accepted: {', '.join(GATES)}")
    if (source is None) == (gate == "activation"):
        raise ValueError("an activation goes with the gate 'activation', and only with it")
    if gauge not in ("free", "anchored"):
        raise ValueError(f"unknown gauge {gauge!r}; accepted: free, anchored")
    if true < 1 or fitted < true or fitted > 12:
        raise ValueError(f"need 1 <= k* <= k <= 12, not k* = {true}, k = {fitted}")
    if not 1 <= dim <= 8:
        raise ValueError(f"the dimension must be 1 to 8, not {dim}")
    smallest = fitted * (2 * dim + 3)
    if len(n) < 2 or list(n) != sorted(set(n)) or n[0] < smallest or n[-1] > _LARGEST_SIZE:
        raise ValueError(
            f"n must be at least two increasing sizes from {smallest} (parameters) to {_LARGEST_SIZE}, not {list(n)}"
        )
    if replicates < _FEWEST:
        raise ValueError(f"replicates must be at least {_FEWEST}, fewer have no interval, not {replicates}")
    if seed < 0:
        raise ValueError(f"the seed must not be negative, not {seed}")
    if source is not None and activation(source).parameters:
        raise ValueError(f"activation {source!r} has free parameters: numbers are needed in their place")


def _check_truth(truth: Truth, true: int, dim: int, gate: str, anchored: bool) -> None:
    measure = truth.measure
    if (measure.k, measure.d) != (true, dim):
        raise ValueError(f"the truth has {measure.k} atoms in dimension {measure.d}, not k* = {true}, d = {dim}")
    if measure.beta0[-1] != 0 or (anchored and measure.beta1[-1].any()):
        what = "beta0 and beta1 of the last atom" if anchored else "beta0 of the last atom"
        raise ValueError(f"the truth must obey the gauge: {what} must be 0")
    if gate == "softmax" and measure.tau != 1:
        raise ValueError(f"the softmax gate has tau = 1, not {float(measure.tau):g}")


def _box(truth: Truth) -> Any:
    """Wide enough for the truth by a factor of three or more in every parameter."""
    import numpy as np

    from numerics.mle import Box

    m = truth.measure

    def wide(values: Any, least: float) -> float:
        return max(least, 3 * float(np.abs(values).max()))

    tau = float(m.tau)
    return Box(
        beta1=wide(m.beta1, 10.0),
        beta0=wide(m.beta0, 10.0),
        tau=(tau / 20, 20 * tau),
        a=wide(m.a, 10.0),
        b=wide(m.b, 10.0),
        nu=(float(m.nu.min()) / 3, 3 * float(m.nu.max())),
    )


def _kinked(source: str, truth: Truth, fitted: int, gauge: Gauge) -> bool:
    """Whether some atom sees a kink of s, which changes the exponent of the error of beta1 in split cells."""
    from theory.truth import TruePoint

    m = truth.measure
    point = TruePoint(tuple(tuple(row) for row in m.beta1.tolist()), float(m.tau), (truth.low, truth.high))
    return any(Setting(activation(source), m.k, fitted, gauge, m.d, point).kinked())


def rates(
    *,
    gate: str = "linear",
    activation: str | None = None,
    true: int,
    fitted: int,
    gauge: str = "free",
    truth: str | None = None,
    dim: int = 1,
    n: Sequence[int] = SIZES,
    replicates: int = REPLICATES,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
    store: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Measure the rates of a gate, and hold them against what is predicted: `temperance rates` as a function.

    Args:
        gate: linear, softmax (temperature 1) or activation; activation: a name or an expression in z, for the last.
        true: k*; fitted: k.
        gauge: free or anchored, of an activation gate.
        truth: a JSON file; by default `truths.default_truth`.
        dim: d.
        n: sample sizes; replicates: samples of each; seed: of the data.
        workers: local processes; scheduler: address of a Dask cluster in their place.
        store: an SQLite file in which finished replicates are kept.
        progress: called as replicates are finished.

    Returns:
        setting, slopes and fits, as JSON values.

    Raises:
        ValueError: an option, the truth, the store or the cluster.
    """
    from numerics.studies import run_study
    from numerics.workers import cluster

    read = None if truth is None else read_truth(truth)
    study = study_for(
        gate=gate,
        source=activation,
        true=true,
        fitted=fitted,
        gauge=gauge,
        truth=read,
        dim=dim,
        n=n,
        replicates=replicates,
        seed=seed,
    )
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    with nullcontext() if scheduler is None else cluster(scheduler) as executor:
        local = workers if executor is None else 1
        return study_record(run_study(study, workers=local, executor=executor, store=store, progress=progress))


def show(record: dict[str, Any], screen: Console) -> None:
    """Print the definition, how the fits ended, and every slope with its interval and prediction."""
    setting, fits = record["setting"], record["fits"]
    sizes = ", ".join(map(str, setting["sizes"]))
    screen.print(f"{setting['name']}; {setting['replicates']} replicates at n = {sizes}; seed {setting['seed']}")
    shares = ", ".join(f"{fits[name] / fits['total']:.2%} {name}" for name in ("converged", "at_bound", "failed"))
    screen.print(f"{fits['total']} fits: {shares}")
    screen.print(table(SLOPE_COLUMNS, [slope_row(s) for s in record["slopes"]]))


def slope_row(s: dict[str, Any]) -> list[str]:
    """A slope as a row of a table."""
    cell = "" if s["cell"] is None else f"{s['cell']} ({s['cell_size']})"
    slope, outcome = "", "too few fits"
    if s["slope"] is not None:
        low, high = (("?" if end is None else f"{end:.3f}") for end in s["ci"])
        slope = f"{s['slope']:.3f} [{low}, {high}]"
        outcome = (s["outcome"] or "") + (", sharp" if s["sharp"] else "")
    return [s["parameter"], cell, f"{s['share']:.2f}", slope, _predicted(s), outcome]


def _predicted(s: dict[str, Any]) -> str:
    """-p, and the published one in brackets where it is another."""
    sharp, published = (None if s[name] is None else f"{-s[name]:g}" for name in ("predicted", "published"))
    if sharp == published or published is None:
        return sharp or ""
    return f"{sharp or 'none'} ({published})"
