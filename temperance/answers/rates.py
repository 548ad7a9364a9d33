"""Answers `rates`: how fast do errors fall, measured, and is that what theory predicts?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from temperance.answer.answer import Answer
from temperance.measurements.rate_study import REPLICATES, size_in_words, study_for
from temperance.measurements.true_measures import read_truth
from temperance.pages.plots import Plot, panels, rates_plot
from temperance.pages.slopes import answer, slope_parts
from temperance.terminal.errors import resumable
from temperance.terminal.options import FileOr, Sizes, Whole
from temperance.terminal.parts import Said
from temperance.terminal.progress import Display
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import FITTED, gate_of, generic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from temperance.numerics.studies.study import Study


@dataclass(frozen=True, repr=False, eq=False)
class Rates(Answer):
    """Slopes of log RMS errors on log n, beside the predicted ones; both have the sign of a slope.

    Attributes:
        record: setting, experiment, slopes and fits: the object of --json.
    """

    record: Mapping[str, Any]

    def to_json(self) -> Any:
        """Setting, experiment, slopes and fits."""
        return dict(self.record)

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: the slopes, without the errors at every n."""
        return [{k: v for k, v in s.items() if k != "points"} for s in self.record["slopes"]]

    @property
    def plots(self) -> Sequence[Plot]:
        """Log errors over log n, one picture a slope."""
        return self._plots_of(None)

    def _plots_of(self, parameter: str | None) -> list[Plot]:
        """The pictures of the slopes of a group; of all for None."""
        dropped = self.record["fits"]["failed"] / self.record["fits"]["total"]
        chosen = (s for s in self.record["slopes"] if parameter in (None, s["parameter"]))
        return [plot for slope in chosen if (plot := rates_plot(slope, dropped)) is not None]

    def plot(self, parameter: str | None = None) -> Figure:
        """The errors over n with their slopes, as a matplotlib figure of one panel a slope.

        parameter: a group of parameters; all of them by default.

        Raises:
            ValueError: there is no slope of it.
        """
        wanted = self._plots_of(parameter)
        if not wanted:
            accepted = ", ".join(dict.fromkeys(s["parameter"] for s in self.record["slopes"]))
            raise ValueError(f"no slope of {parameter!r} was measured; accepted: {accepted}")
        return panels(wanted)


@checked
def rates(
    gate: str | None = None,
    activation: str | None = None,
    *,
    true: Whole,
    fitted: Whole,
    gauge: str = "free",
    truth: FileOr = None,
    dim: Whole = 1,
    n: Sizes = None,
    experiment: str | None = None,
    replicates: Whole = REPLICATES,
    seed: Whole = 0,
    workers: Whole | None = None,
    scheduler: str | None = None,
    store: str | None = None,
) -> Rates:
    """Measure the rates of a gate by Monte Carlo, and compare them with the predicted exponents.

    Slopes, intervals and predictions all have the sign of a slope: -0.5 for an error of the order n^(-1/2).

    Args:
        gate: linear (the default), softmax (temperature 1) or activation.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        true: Number of true atoms, k*.
        fitted: Number of fitted atoms, k.
        gauge: free or anchored, of the gate "activation"; the others hold their last atom.
        truth: A .json file with the true point; a well-conditioned one by default.
        dim: Dimension of x.
        n: Sample sizes, N,N,.., also as 1e4,1e6; 1e4 to 1e12 on the lattice, 1000 to 32000 in samples by default.
        experiment: lattice (counts of cells, dimension 1 or 2, n to 1e12) or sample (points, n to 1e8); lattice where
            it can be.
        replicates: Samples at each size.
        seed: Of the data.
        workers: Processes; as many as there are cores by default.
        scheduler: Address of a Dask cluster, in place of local processes.
        store: An SQLite file that keeps every finished replicate, so that a study that was stopped goes on.

    Raises:
        ValueError: what is not accepted.
    """
    gate = gate_of(gate, activation is not None)
    study = study_for(
        gate=gate,
        source=activation,
        true=true,
        fitted=fitted,
        gauge=gauge,
        truth=None if truth is None else read_truth(truth, FITTED.get(gate, generic)),
        dim=dim,
        n=n,
        replicates=replicates,
        seed=seed,
        experiment=experiment,
    )
    found = _record(study, workers, scheduler, store)
    record = {**found, "slopes": [s for s in found["slopes"] if not _held(s)]}
    return Rates(record, said=said_of(record))


def said_of(record: Mapping[str, Any]) -> Said:
    """What was measured; the slopes, why some are open, errors, how the fits ended; and what of it was predicted."""
    setting = record["setting"]
    sizes = ", ".join(size_in_words(n) for n in setting["sizes"])
    how = {"lattice": "counts on the lattice", "sample": "samples"}[record["experiment"]]
    title = f"{setting['name']}; {setting['replicates']} {how} at n = {sizes}; seed {setting['seed']}"
    return Said(title, (title, *slope_parts(record)), (answer(record["slopes"]),))


def _record(study: Study, workers: int | None, scheduler: str | None, store: str | None) -> dict[str, Any]:
    """The record of a study that is run: in processes, as many as there are cores by default, or on a cluster."""
    from temperance.evidence.comparison import study_record
    from temperance.numerics.studies.run import run_study
    from temperance.numerics.studies.workers import cluster, processes

    count = processes(workers)
    with resumable(store), Display() as shown:
        told = partial(shown.report, "replicates")
        with nullcontext() if scheduler is None else cluster(scheduler) as executor:
            count = 1 if executor is not None else count
            return study_record(run_study(study, workers=count, executor=executor, store=store, progress=told))


def _held(slope: Mapping[str, Any]) -> bool:
    """Whether the gauge holds what the slope is of: beta1 of the anchor, which no fit has an error of."""
    errors = [point["rms"] for point in slope["points"]]
    return slope["parameter"] == "beta1" and bool(errors) and not any(e is None or e > 0 for e in errors)
