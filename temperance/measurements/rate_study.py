"""Runs a rate study of a user's own setting and compares its slopes with the predicted exponents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from rich.console import Console

from temperance.evidence.comparison import study_record
from temperance.measurements.true_measures import Truth, default_truth
from temperance.terminal.errors import one_line
from temperance.terminal.output import table
from temperance.theory.activations.activation import activation
from temperance.theory.models.gates import FITTED, require_gate
from temperance.theory.rates.setting import Setting

if TYPE_CHECKING:
    from temperance.numerics.mixture.measures import Gauge
    from temperance.numerics.studies.run import Progress
    from temperance.numerics.studies.study import Kind, Study

SIZES = (1000, 2000, 4000, 8000, 16000, 32000)
LATTICE_SIZES = tuple(10**j for j in range(4, 13))
KINKED_SIZES = LATTICE_SIZES[:5]  # where kinks move with beta1: the cells grow like n^(1/3)
REPLICATES = 100
_FEWEST = 10  # replicates that have an interval
_STARTS, _SPLITS = 3, 2
_LARGEST_SIZE: dict[str, int] = {"sample": 10**8, "lattice": 10**12}
_LARGEST_LATTICE_DIM = 2
SLOPE_COLUMNS = ("group", "cell", "share", "slope [95% interval]", "predicted", "outcome")
"""A cell with its number of atoms; a predicted slope with the published one, where that is another."""


def study_for(
    *,
    gate: str = "linear",
    source: str | None = None,
    true: int,
    fitted: int,
    gauge: str = "free",
    truth: Truth | None = None,
    dim: int = 1,
    n: Sequence[int] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    experiment: str | None = None,
) -> Study:
    """The definition of a study from the options of `temperance rates`.

    By default experiment is "lattice" for d = 1, 2 and "sample" beyond, and n goes from 10^4 to 10^12 on the lattice
    (to 10^8 where kinks of the gate move with beta1), from 1000 to 32000 in samples. The box follows the truth (it is
    part of the estimator, and printed); starts do not use it: three fresh ones, the estimate at the n before, and for
    k > k* two random splits of every atom of the maximum for k - 1 atoms.

    Raises:
        ValueError: an option, or a truth of another shape.
    """
    from temperance.numerics.studies.study import Study

    kind = _experiment(experiment, dim)
    _check(gate, source, true, fitted, gauge, replicates, seed, dim)
    linear = gate != "activation" or (source is not None and activation(source).is_linear)
    anchored = linear or gauge == "anchored"
    chosen = truth or default_truth(true, dim, tau=1.0 if gate == "softmax" else 0.5, anchored=anchored)
    _check_truth(chosen, true, dim, gate, anchored and not linear)
    name = "linear" if linear else str(source)
    sizes = _sizes(kind, chosen, name) if n is None else tuple(n)
    _check_sizes(sizes, fitted * (2 * dim + 3), kind)
    gauge_: Gauge = "anchored" if anchored else "free"
    return Study(
        name=f"rates: {gate if linear else name}, k* = {true}, k = {fitted}",
        activation=name,
        truth=chosen.measure,
        k=fitted,
        gauge=gauge_,
        sizes=sizes,
        replicates=replicates,
        starts=_STARTS,
        box=_box(chosen),
        seed=seed,
        low=chosen.low,
        high=chosen.high,
        tau=1.0 if gate == "softmax" else None,
        kink=fitted > true and not linear and _kinked(name, chosen, fitted, gauge_),
        splits=_SPLITS if fitted > true else 0,
        experiment=kind,
    )


def _experiment(named: str | None, dim: int) -> Kind:
    if named is None:
        return "lattice" if dim <= _LARGEST_LATTICE_DIM else "sample"
    match named:
        case "sample":
            return "sample"
        case "lattice" if dim <= _LARGEST_LATTICE_DIM:
            return "lattice"
        case "lattice":
            raise ValueError(f"the lattice has x in dimension 1 or 2, not {dim}; accepted there: --experiment sample")
    raise ValueError(f"unknown experiment {named!r}; accepted: lattice, sample")


def _sizes(kind: Kind, truth: Truth, name: str) -> tuple[int, ...]:
    from temperance.numerics.lattice.experiment import kinks_move
    from temperance.numerics.mixture.activation_numpy import compile_activation

    if kind == "sample":
        return SIZES
    moving = kinks_move(truth.measure, compile_activation(activation(name)), truth.low, truth.high)
    return KINKED_SIZES if moving else LATTICE_SIZES


def _check_sizes(n: Sequence[int], smallest: int, kind: Kind) -> None:
    largest = _LARGEST_SIZE[kind]
    if len(n) < 2 or list(n) != sorted(set(n)) or n[0] < smallest or n[-1] > largest:
        raise ValueError(
            f"n must be at least two increasing sizes from {smallest} (parameters) to {largest:.0e} ({kind}), "
            f"not {','.join(map(str, n))}"
        )


def _check(
    gate: str,
    source: str | None,
    true: int,
    fitted: int,
    gauge: str,
    replicates: int,
    seed: int,
    dim: int,
) -> None:
    require_gate(gate, source is not None, FITTED)
    if gauge not in ("free", "anchored"):
        raise ValueError(f"unknown gauge {gauge!r}; accepted: free, anchored")
    if true < 1 or fitted < true or fitted > 12:
        raise ValueError(f"need 1 <= k* <= k <= 12, not k* = {true}, k = {fitted}")
    if not 1 <= dim <= 8:
        raise ValueError(f"the dimension must be 1 to 8, not {dim}")
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

    from temperance.numerics.fitting.mle import Box

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
    from temperance.theory.rates.true_point import TruePoint

    m = truth.measure
    point = TruePoint(tuple(tuple(row) for row in m.beta1.tolist()), float(m.tau), (truth.low, truth.high))
    return any(Setting(activation(source), m.k, fitted, gauge, m.d, point).kinked())


def rates(
    study: Study,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    store: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Measure the rates of a study of `study_for`, and hold them against what is predicted.

    Args:
        study: the definition.
        workers: local processes; scheduler: address of a Dask cluster in their place.
        store: an SQLite file in which finished replicates are kept.
        progress: called as replicates are finished.

    Returns:
        setting, experiment, slopes and fits, as JSON values (`judging.study_record`).

    Raises:
        ValueError: the number of workers, the store or the cluster.
    """
    from temperance.numerics.studies.run import run_study
    from temperance.numerics.studies.workers import cluster

    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    with nullcontext() if scheduler is None else cluster(scheduler) as executor:
        local = workers if executor is None else 1
        return study_record(run_study(study, workers=local, executor=executor, store=store, progress=progress))


def show(record: dict[str, Any], screen: Console) -> None:
    """Print the definition, every slope with its interval and prediction, how the fits ended, and the answer."""
    setting, slopes = record["setting"], record["slopes"]
    sizes = ", ".join(size_in_words(n) for n in setting["sizes"])
    how = {"lattice": "counts on the lattice", "sample": "samples"}[record["experiment"]]
    screen.print(f"{setting['name']}; {setting['replicates']} {how} at n = {sizes}; seed {setting['seed']}")
    open_ = dict.fromkeys(s["reason"] for s in slopes if s["outcome"] != "confirmed")
    marks = {reason: f" [{i}]" for i, reason in enumerate(open_, 1)}
    screen.print(table(SLOPE_COLUMNS, [slope_row(s, marks.get(s["reason"], "")) for s in slopes]))
    notes = [f"{mark.strip()} {one_line(reason)}" for reason, mark in marks.items()]
    if any(s["published"] not in (None, s["predicted"]) for s in slopes):
        notes.append("in brackets: the published slope, where it is another")
    for line in (*notes, fits_in_words(record["fits"]), answer(slopes)):
        screen.print(line)


def size_in_words(n: int) -> str:
    """The size as a power of ten where it is a large one."""
    exponent = len(str(n)) - 1
    return f"1e{exponent}" if n >= 10**6 and n == 10**exponent else str(n)


def fits_in_words(fits: dict[str, int]) -> str:
    """How the fits of a study ended."""
    converged, bound, failed = (f"{fits[name] / fits['total']:.2%}" for name in ("converged", "at_bound", "failed"))
    text = f"{fits['total']} fits: {converged} converged, {bound} ended at a bound of the box"
    if fits["at_bound"]:
        text += " (they count: the slopes are those of estimates in this box)"
    return f"{text}, {failed} were dropped (spikes, or out of steps)"


def answer(slopes: Sequence[dict[str, Any]]) -> str:
    """What the slopes of a study say of the predictions."""
    by_outcome = {name: [s for s in slopes if s["outcome"] == name] for name in ("confirmed", *_OPEN)}
    judged = sum(map(len, by_outcome.values()))
    silent = [s for s in slopes if s["predicted"] is None]
    text = "Answer: no slope is predicted and measured"
    if judged:
        sharp = sum(bool(s["sharp"]) for s in by_outcome["confirmed"])
        text = f"Answer: errors fall as predicted in {len(by_outcome['confirmed'])} of {judged} slopes, {sharp} sharp"
    text += "".join(f"; {name}: {_groups(by_outcome[name]) or 'none'}" for name in _OPEN if judged)
    return text + (f"; not predicted, only measured: {_groups(silent)}" if silent else "")


_OPEN = ("inconclusive", "contradicted")


def _groups(slopes: Sequence[dict[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(s["parameter"] for s in slopes))


def slope_row(s: dict[str, Any], mark: str = "") -> list[str]:
    """A slope as a row of a table; mark: of the note with its reason."""
    slope = _no_slope(s)
    if s["slope"] is not None:
        low, high = (("?" if end is None else f"{end:.3f}") for end in s["ci"])
        slope = f"{s['slope']:.3f} [{low}, {high}]"
    outcome = s["outcome"] or ("no prediction" if s["predicted"] is None else "not judged")
    return [
        s["parameter"],
        _cell(s),
        f"{s['share']:.2f}",
        slope,
        _predicted(s),
        outcome + (", sharp" if s["sharp"] else "") + mark,
    ]


def _cell(s: dict[str, Any]) -> str:
    """The cell with its number of atoms; for what belongs to no cell, the numbers in all cells if some has several."""
    cell = f"{s['cell']} ({s['cell_size']})"
    if s["cell"] is None:
        sizes = s["cells"][0] if len(s["cells"]) == 1 else []
        cell = f"all ({', '.join(map(str, sizes))})" if max(sizes, default=1) > 1 else "all"
    return cell + (", anchor away" if s["anchor_at_home"] is False else "")


def _no_slope(s: dict[str, Any]) -> str:
    errors = [p["rms"] for p in s["points"]]
    if errors and not any(errors) and None not in errors:
        return "no error"
    return "overflow" if None in errors else "too few fits"


def _predicted(s: dict[str, Any]) -> str:
    """The predicted slope, and the published one in brackets where that is another."""
    sharp, published = (None if s[name] is None else f"{s[name]:g}" for name in ("predicted", "published"))
    return (sharp or "none") + ("" if published in (None, sharp) else f" ({published})")
