"""Answers `rates`: how fast do errors fall, measured, and is that what theory predicts?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from temperance.measurements.contact_orders import describe_truth, true_atoms
from temperance.measurements.rate_studies import any_record, any_study, study_for
from temperance.measurements.slopes import answer, describe_size, slope_parts, study_record
from temperance.measurements.true_measures import exact, named_gate_at, read_atoms, read_measure, values_of
from temperance.numerics.studies.run import run_general, run_study
from temperance.show.answer import Typeset
from temperance.show.options import (
    NAMED_ALONE,
    AnyGate,
    ExpertWithOrders,
    FileOr,
    FormulaOptions,
    Options,
    Sizes,
    Whole,
    takes_formulas,
)
from temperance.show.output import BadInput, Display, resumable
from temperance.show.plots import Plot, panels, rates_plot
from temperance.show.table import Aside, Summary
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import FITTED, gauge_of
from temperance.theory.models.truth import loss_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from temperance.numerics.studies.study import RateStudy

_HOW = {
    "lattice": "counts on the lattice",
    "sample": "samples",
    "nodes": "samples at fixed nodes of x, Gaussian noise of the standard deviation 1/100,",
}
_STARTS = (
    "every start is made from the true atoms, so starts use the truth; fits are in a box around it, with shares of the "
    "atoms of a cell that are bounded away from 0"
)


@dataclass(frozen=True, repr=False, eq=False)
class Rates(Typeset):
    """Slopes of log RMS errors on log n, beside the predicted ones; both have the sign of a slope.

    Attributes:
        record: setting, experiment, slopes and fits.
        truth: of a gate without theorems of its own, as --truth takes it.
    """

    truth: Mapping[str, Any] | None = None

    def true_values(self) -> Mapping[str, Any]:
        """The true point and the law of x, as --truth takes them."""
        setting = self.record["setting"]
        if self.truth is not None:
            return self.truth
        return {**setting["truth"], "x": {"law": "uniform", "low": setting["low"], "high": setting["high"]}}

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
@takes_formulas
def rates(
    gate: AnyGate = None,
    activation: str | None = None,
    expert: ExpertWithOrders = "gaussian",
    *,
    true: Whole,
    fitted: Whole,
    gauge: str = "free",
    truth: FileOr = None,
    dim: Whole | None = None,
    loss: str = "likelihood",
    n: Sizes = None,
    experiment: str | None = None,
    replicates: Whole | None = None,
    seed: Whole = 0,
    workers: Whole | None = None,
    scheduler: str | None = None,
    store: str | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Rates:
    """Measure the rates of a gate by Monte Carlo, and compare them with the predicted exponents.

    Slopes, intervals and predictions all have the sign of a slope: -0.5 for an error of the order n^(-1/2).

    Linear, softmax and activation gates with linear Gaussian experts, by name or formula, have theorems and fits of
    their own. Any other model is fitted on the lattice near two true atoms, from starts that use the truth, and
    compared with its contact orders; the options gauge and experiment are not for it.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation; in Python, also a Gate.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        expert: An expert of the list there that has orders, or a formula of its mean; in Python, also an Expert.
        true: Number of true atoms, k*; 2 for any other model.
        fitted: Number of fitted atoms, k; 2 or 3 for any other model.
        gauge: free or anchored, of the gate "activation"; the others hold their last atom.
        truth: A .json file with the true point, as for predict; a well-conditioned one by default.
        dim: Dimension of x; by default 1, or the least that a gate or a formula needs.
        loss: likelihood, or least-squares: of the regression function, with two true atoms and three fitted.
        n: Sample sizes, N,N,.., also as 1e4,1e6; 1e4 to 1e12 on the lattice (with more atoms than the truth every
            other one), 1000 to 32000 in samples by default; 1e6, 1e8, 1e10 and 1e12 of any other model.
        experiment: lattice (counts of cells, dimension 1 or 2, n to 1e12) or sample (points, n to 1e8); lattice where
            it can be.
        replicates: Samples at each size; 100 by default, 60 with more atoms than the truth, 40 of any other model.
        seed: Of the data.
        workers: Processes; as many as there are cores by default.
        scheduler: Address of a Dask cluster, in place of local processes.
        store: An SQLite file that keeps every finished replicate, so that a study that was stopped goes on.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    options = Options(gate, expert, activation, dim, **formulas).with_least_dimension
    fit_loss = loss_of(loss)
    named = named_gate_at(options, truth)
    if named is None or fit_loss == "least-squares":
        anchored = gauge_of(gauge) == "anchored"
        if anchored or experiment == "sample":
            raise BadInput(f"--{'gauge anchored' if anchored else 'experiment sample'} {NAMED_ALONE}")
        point = read_atoms(truth, options.spec, true)
        general, proved = any_study(point, fitted, sizes=n, replicates=replicates, seed=seed, loss=fit_loss)
        record = any_record(proved, _run(run_general, general, workers, scheduler, store))
        record["setting"] |= {"loss": fit_loss, "gate_formula": options.reading_record}
        setting = general.family.setting
        lines = (*options.reading_lines, Aside(describe_truth(true_atoms(setting), setting.every)), _STARTS)
        return Rates(values_of(setting.truth, exact), record=record, summary=summary_of(record, *lines))
    name, source = named
    study = study_for(
        gate=name,
        source=source.name if isinstance(source, Activation) else source,
        dim=options.dimension,
        true=true,
        fitted=fitted,
        gauge=gauge,
        truth=None if truth is None else read_measure(truth, FITTED[name], gauge_of(gauge), true),
        n=n,
        replicates=replicates,
        seed=seed,
        experiment=experiment,
    )
    whole_record = study_record(_run(run_study, study, workers, scheduler, store))
    record = {**whole_record, "slopes": [s for s in whole_record["slopes"] if not _held(s)]}
    return Rates(record=record, summary=summary_of(record, *options.reading_lines))


def summary_of(record: Mapping[str, Any], *lines: str) -> Summary:
    """What was measured; the slopes, why some are open, errors, how the fits ended; and what of it was predicted."""
    setting = record["setting"]
    sizes = ", ".join(describe_size(n) for n in setting["sizes"])
    how = _HOW[record["experiment"]]
    title = f"{setting['name']}; {setting['replicates']} {how} at n = {sizes}; seed {setting['seed']}"
    return Summary(title, (title, *lines, *slope_parts(record)), (answer(record),))


def _run(
    run: Callable[..., Any], study: RateStudy, workers: int | None, scheduler: str | None, store: str | None
) -> Any:
    """The result of a study that is run: in processes, as many as there are cores by default, or on a cluster."""
    from temperance.numerics.studies.workers import cluster, processes

    count = processes(workers)
    with resumable(store), Display() as display:
        report = partial(display.report, "replicates")
        with nullcontext() if scheduler is None else cluster(scheduler) as executor:
            count = 1 if executor is not None else count
            return run(study, workers=count, executor=executor, store=store, progress=report)


def _held(slope: Mapping[str, Any]) -> bool:
    """Whether the gauge holds what the slope is of: beta1 of the anchor, which no fit has an error of."""
    errors = [point["rms"] for point in slope["points"]]
    return slope["parameter"] == "beta1" and bool(errors) and not any(e is None or e > 0 for e in errors)
