"""`temperance rates`: a rate study of a user's own setting, beside the predicted exponents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, Token

from temperance.terminal.errors import BadInput, refusing, resumable
from temperance.terminal.options import Json, Whole, gate_of
from temperance.terminal.output import console, to_json
from temperance.terminal.progress import display

if TYPE_CHECKING:
    from temperance.numerics.studies.study import Study


def _sizes(_: type, tokens: Sequence[Token]) -> tuple[int, ...]:
    if len(tokens) > 1:
        raise BadInput("--n is given twice; accepted: once, as N,N,..")
    return tuple(_size(part) for part in tokens[0].value.split(","))


def _size(text: str) -> int:
    """A whole number, also one such as 1e6 or 2.5e4."""
    if not re.fullmatch(r"[0-9]{1,21}|[0-9]{1,3}(\.[0-9]{1,9})?e[0-9]{1,2}", text):
        raise ValueError
    number = Decimal(text)
    if number != int(number):
        raise ValueError
    return int(number)


Sizes = Annotated[tuple[int, ...], Parameter(converter=_sizes, n_tokens=1)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What is studied."""

    true: Whole
    """Number of true atoms, k*."""
    fitted: Whole
    """Number of fitted atoms, k."""
    gate: str = "linear"
    """linear, softmax (temperature 1) or activation."""
    activation: str | None = None
    """A name of the catalogue or an expression in z; chooses the gate "activation"."""
    gauge: str = "free"
    """free or anchored, for the gate "activation"."""
    truth: str | None = None
    """A .json file with the true point; a well-conditioned one by default."""
    dim: Whole = 1
    """Dimension of x."""
    n: Sizes | None = None
    """Sample sizes, N,N,.., also as 1e4,1e6; 1e4 to 1e12 on the lattice, 1000 to 32000 in samples by default."""
    experiment: str | None = None
    """lattice (counts of cells, dimension 1 or 2, n to 1e12) or sample (points, n to 1e8); lattice where it can be."""
    replicates: Whole | None = None
    """Samples at each size; 100 by default."""
    seed: Whole = 0
    """Of the data."""

    def study(self) -> Study:
        """The definition; raises ValueError for a bad option or truth."""
        from temperance.measurements.rate_study import REPLICATES, study_for
        from temperance.measurements.true_measures import read_truth

        return study_for(
            gate=gate_of(self.gate, self.activation),
            source=self.activation,
            true=self.true,
            fitted=self.fitted,
            gauge=self.gauge,
            truth=None if self.truth is None else read_truth(self.truth),
            dim=self.dim,
            n=self.n,
            replicates=REPLICATES if self.replicates is None else self.replicates,
            seed=self.seed,
            experiment=self.experiment,
        )


def rates(
    options: StudyOptions,
    *,
    workers: Whole | None = None,
    scheduler: str | None = None,
    store: str | None = None,
    json: Json = False,
) -> int:
    """Measure the rates of a gate by Monte Carlo, and hold them against the predicted exponents.

    Parameters
    ----------
    workers
        Processes; as many as there are cores by default.
    scheduler
        Address of a Dask cluster, in place of local processes.
    store
        An SQLite file that keeps every finished replicate, so that a study that was stopped goes on.
    """
    from temperance.evidence.study_runner import cores
    from temperance.measurements.rate_study import rates as measure
    from temperance.measurements.rate_study import show

    with resumable(store), display() as shown, refusing():
        processes = cores() if workers is None else workers
        told = partial(shown.report, "replicates")
        record = measure(options.study(), workers=processes, scheduler=scheduler, store=store, progress=told)
    if json:
        print(to_json(record))
    else:
        show(record, console())
    return 0
