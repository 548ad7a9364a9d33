"""`temperance rates`: a rate study of a user's own setting, beside the predicted exponents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from cyclopts import Parameter, Token

from temperance.errors import BadInput, refusing, resumable
from temperance.options import Json, Whole
from temperance.progress import display
from temperance.report import console, to_json


def _sizes(_: type, tokens: Sequence[Token]) -> tuple[int, ...]:
    if len(tokens) > 1:
        raise BadInput("--n is given twice; accepted: once, as N,N,..")
    parts = tokens[0].value.split(",")
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise ValueError
    return tuple(int(part) for part in parts)


Sizes = Annotated[tuple[int, ...], Parameter(converter=_sizes, n_tokens=1)]


def rates(
    *,
    true: Whole,
    fitted: Whole,
    gate: str = "linear",
    activation: str | None = None,
    gauge: str = "free",
    truth: str | None = None,
    dim: Whole = 1,
    n: Sizes | None = None,
    replicates: Whole | None = None,
    seed: Whole = 0,
    workers: Whole | None = None,
    scheduler: str | None = None,
    store: str | None = None,
    json: Json = False,
) -> int:
    """Measure the rates of a gate by Monte Carlo, and hold them against the predicted exponents.

    Parameters
    ----------
    true
        Number of true atoms, k*.
    fitted
        Number of fitted atoms, k.
    gate
        linear, softmax (temperature 1) or activation.
    activation
        A name of the catalogue or an expression in z; chooses the gate "activation".
    gauge
        free or anchored, for the gate "activation".
    truth
        A .json file with the true point; a well-conditioned one by default.
    dim
        Dimension of x.
    n
        Sample sizes, N,N,..; 1000 to 32000 by default.
    replicates
        Samples at each size; 100 by default.
    seed
        Of the data.
    workers
        Processes; as many as there are cores by default.
    scheduler
        Address of a Dask cluster, in place of local processes.
    store
        An SQLite file that keeps every finished replicate, so that a study that was stopped goes on.
    """
    from temperance.measured import REPLICATES, SIZES, show
    from temperance.measured import rates as measure
    from temperance.runs import cores

    chosen = "activation" if activation is not None and gate == "linear" else gate
    with resumable(store), display() as shown, refusing():
        record = measure(
            gate=chosen,
            activation=activation,
            true=true,
            fitted=fitted,
            gauge=gauge,
            truth=truth,
            dim=dim,
            n=SIZES if n is None else n,
            replicates=REPLICATES if replicates is None else replicates,
            seed=seed,
            workers=cores() if workers is None else workers,
            scheduler=scheduler,
            store=store,
            progress=partial(shown.report, "replicates"),
        )
    if json:
        print(to_json(record))
    else:
        show(record, console())
    return 0
