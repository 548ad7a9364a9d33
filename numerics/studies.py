"""Rate studies: a definition fixed before it runs, its fits, and the slope of every group of parameters.

Example: ``study_slopes(run_study(TANH_EXACT, workers=2), seed=0)`` measures the exact-specified rates of the tanh gate.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from time import monotonic
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from numerics.compiled import CompiledActivation, compile_activation, parity
from numerics.measures import Gauge, Layout, MixingMeasure
from numerics.mle import Box, Status, fit
from numerics.sampling import sample
from numerics.slopes import FEWEST_REPLICATES, Slope, log_slope
from numerics.store import Outcome, Store, open_store, same
from numerics.voronoi import Symmetry, group_errors, voronoi_loss
from numerics.workers import local_workers
from theory.activations import Z, activation

Floats = NDArray[np.float64]

STATUSES: tuple[Status, ...] = get_args(Status)
FAILED: tuple[Status, ...] = ("spike", "max_steps")


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that determines the outcome of a rate study.

    activation: in the expression language, "linear" for the linear gate. truth: the measure that samples come from,
    x uniform on [low, high]^d. k: fitted atoms. tau: None if fitted, else its fixed value. sizes: increasing n; the
    sample of a replicate at one n is the beginning of that at the next. starts: fresh starts at every n; from the
    second n on the estimate at the n before is one more, so that no start uses the truth. box: part of the estimator.
    kink: s has a kink inside the support. Data come from the streams (seed, replicate).
    """

    name: str
    activation: str
    truth: MixingMeasure
    k: int
    gauge: Gauge
    sizes: tuple[int, ...]
    replicates: int
    starts: int
    box: Box
    seed: int
    low: float = -3.0
    high: float = 3.0
    tau: float | None = None
    kink: bool = False

    def __post_init__(self) -> None:
        """Validate."""
        if list(self.sizes) != sorted(set(self.sizes)) or len(self.sizes) < 2:
            raise ValueError(f"study {self.name}: sizes must be at least two and increase, not {self.sizes}")
        if self.replicates < 1 or self.starts < 1:
            raise ValueError(f"study {self.name}: replicates and starts must be at least 1")
        if self.linear and self.gauge != "anchored":
            raise ValueError(f"study {self.name}: the linear gate must have the gauge 'anchored', not {self.gauge!r}")

    @property
    def gate(self) -> CompiledActivation:
        """The compiled activation."""
        return compile_activation(activation(self.activation))

    @property
    def linear(self) -> bool:
        """Whether s(z) = z."""
        return [piece.expr for piece in activation(self.activation).pieces] == [Z]

    @property
    def layout(self) -> Layout:
        """Coordinates of the fits."""
        return Layout(self.k, self.truth.d, self.gauge, self.tau)

    @property
    def symmetry(self) -> Symmetry:
        """What errors are taken modulo."""
        return Symmetry(self.gauge, self.linear, parity(self.gate))

    @property
    def definition(self) -> dict[str, Any]:
        """The definition as JSON values."""
        truth = {f.name: getattr(self.truth, f.name).tolist() for f in fields(self.truth)}
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("truth", "box")}
        return {**plain, "sizes": list(self.sizes), "truth": truth, "box": asdict(self.box)}

    @property
    def digest(self) -> str:
        """SHA-256 of the definition."""
        text = json.dumps(self.definition, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class StudyResult:
    """Fits of a study: theta (R, N, p), status and agree (R, N), and what follows from them."""

    study: Study
    theta: Floats
    status: NDArray[np.str_]
    agree: NDArray[np.int64]

    @property
    def measures(self) -> MixingMeasure:
        """The estimates, leading axes (R, N)."""
        return self.study.layout.unpack(self.theta)

    @property
    def counts(self) -> dict[str, int]:
        """Number of fits of each status."""
        return {status: int((self.status == status).sum()) for status in STATUSES}

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Fits that count: all but spikes and those that ran out of steps."""
        return ~np.isin(self.status, FAILED)

    @property
    def dropped(self) -> float:
        """Share of the fits left out."""
        return float((~self.kept).mean())

    @cached_property
    def errors(self) -> dict[str, Floats]:
        """Errors of each group in each cell, (R, N, k*), or (R, N) for tau; nan for dropped fits and empty cells."""
        groups = group_errors(self.measures, self.study.truth, self.study.symmetry, kink=self.study.kink).errors
        return {name: np.where(_like(self.kept, e), e, np.nan) for name, e in groups.items()}

    @cached_property
    def cell_sizes(self) -> NDArray[np.intp]:
        """Atoms in each cell, (R, N, k*)."""
        return group_errors(self.measures, self.study.truth, self.study.symmetry).sizes

    @cached_property
    def loss(self) -> Floats:
        """The published-form Voronoi loss, (R, N), nan for dropped fits."""
        return np.where(self.kept, voronoi_loss(self.measures, self.study.truth, self.study.symmetry), np.nan)


@dataclass(frozen=True)
class StudySlope:
    """Slope of the RMS error of one group in one true cell, over the fits in which that cell has cell_size atoms.

    cell and cell_size are None for tau. share: the part of the kept fits with that size. slope is None where some n
    has fewer than ten such fits.
    """

    parameter: str
    cell: int | None
    cell_size: int | None
    share: float
    slope: Slope | None


def _like(mask: NDArray[np.bool_], array: Floats) -> NDArray[np.bool_]:
    return mask.reshape(*mask.shape, *(1,) * (array.ndim - mask.ndim))


def run_replicate(study: Study, replicate: int) -> tuple[Floats, list[Status], list[int]]:
    """Theta (N, p), status and number of agreeing starts of the fits of one replicate."""
    gate, layout = study.gate, study.layout
    x, y = sample(
        study.truth, gate, study.sizes[-1], seed=study.seed, replicate=replicate, low=study.low, high=study.high
    )
    thetas: list[Floats] = []
    status: list[Status] = []
    agree: list[int] = []
    for n in study.sizes:
        seed = int(np.random.SeedSequence([study.seed, replicate, n]).generate_state(1)[0])
        result = fit(
            layout,
            gate,
            x[:n],
            y[:n],
            box=study.box,
            starts=study.starts,
            seed=seed,
            known_starts=thetas[-1:],
        )
        thetas.append(result.theta)
        status.append(result.status)
        agree.append(result.agree)
    return np.stack(thetas), status, agree


@dataclass(frozen=True)
class Progress:
    """Finished replicates of total, of which some were in the store at the start; seconds since then."""

    done: int
    total: int
    stored: int
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """An estimate at the pace so far; None before the first replicate of this run is finished."""
        fresh = self.done - self.stored
        if self.done == self.total:
            return 0.0
        return self.seconds / fresh * (self.total - self.done) if fresh else None


def _finished(study: Study, replicates: Sequence[int], executor: Executor | None) -> Iterator[tuple[int, Outcome]]:
    """Replicates and their outcomes, as they are finished."""
    if executor is None:
        yield from ((replicate, run_replicate(study, replicate)) for replicate in replicates)
        return
    futures = {executor.submit(run_replicate, study, replicate): replicate for replicate in replicates}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _check_repeats(study: Study, stored: dict[int, Outcome], executor: Executor | None) -> None:
    """Refuse to complete what other code, libraries or processors began: its replicates are not those of here."""
    replicate = min(stored)
    for _, outcome in _finished(study, [replicate], executor):
        if not same(outcome, stored[replicate]):
            raise ValueError(
                f"study {study.name}: replicate {replicate} in the store comes out differently now; "
                "use a new store, or the versions and machine that began it"
            )


def _run(
    study: Study, store: Store | None, executor: Executor | None, progress: Callable[[Progress], None] | None
) -> dict[int, Outcome]:
    outcomes = store.outcomes() if store else {}
    stored, start = len(outcomes), monotonic()

    def report() -> None:
        if progress is not None:
            progress(Progress(len(outcomes), study.replicates, stored, monotonic() - start))

    report()
    missing = [replicate for replicate in range(study.replicates) if replicate not in outcomes]
    if missing and outcomes:
        _check_repeats(study, outcomes, executor)
    for replicate, outcome in _finished(study, missing, executor):
        if store:
            store.add(replicate, outcome)
        outcomes[replicate] = outcome
        report()
    return outcomes


def run_study(
    study: Study,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run every replicate that is not in the store; the result is the same, bit for bit, however it is come by.

    Args:
        study: the definition.
        workers: 1: in this process; more: in as many spawned ones, which end with this one.
        executor: any executor, in place of workers.
        store: an SQLite file, in which each replicate is committed as soon as it is finished.
        progress: called at the start and after each replicate.

    Raises:
        ValueError: workers below 1, or both workers and an executor; a store that cannot be used
            (see `open_store`), or whose first replicate this installation does not reproduce.
    """
    if workers < 1 or (workers > 1 and executor is not None):
        raise ValueError(f"workers must be at least 1, and 1 beside an executor, not {workers}")
    with ExitStack() as stack:
        opened = (
            stack.enter_context(open_store(store, study.name, study.digest, study.definition))
            if store is not None
            else None
        )
        pool = stack.enter_context(local_workers(workers)) if workers > 1 else executor
        outcomes = _run(study, opened, pool, progress)
    thetas, status, agree = zip(*(outcomes[replicate] for replicate in range(study.replicates)), strict=True)
    return StudyResult(study, np.stack(thetas), np.array(status), np.array(agree))


def _slope(errors: Floats, sizes: tuple[int, ...], seed: int) -> Slope | None:
    if ((~np.isnan(errors)).sum(axis=0) < FEWEST_REPLICATES).any():
        return None
    return log_slope(errors, sizes, seed=seed)


def study_slopes(result: StudyResult, *, seed: int) -> tuple[StudySlope, ...]:
    """The slope of every group in every cell, for each size the cell has; seed is that of the bootstrap."""
    slopes, kept = [], result.kept
    for name, errors in result.errors.items():
        if errors.ndim == 2:
            slopes.append(StudySlope(name, None, None, 1.0, _slope(errors, result.study.sizes, seed)))
            continue
        for cell in range(errors.shape[-1]):
            for size in np.unique(result.cell_sizes[..., cell][kept]):
                chosen = kept & (result.cell_sizes[..., cell] == size)
                part = np.where(chosen, errors[..., cell], np.nan)
                slope = _slope(part, result.study.sizes, seed) if size else None
                slopes.append(StudySlope(name, cell, int(size), float(chosen.sum() / kept.sum()), slope))
    return tuple(slopes)


def pilot(study: Study, *, replicates: int, seed: int) -> Study:
    """The same study with other data and fewer replicates, to choose the definition with."""
    if seed == study.seed:
        raise ValueError("a pilot must not use the seed of its study")
    return replace(study, name=f"{study.name}, pilot", replicates=replicates, seed=seed)


TANH_EXACT = Study(
    name="C5, tanh, exact-specified",
    activation="tanh",
    truth=MixingMeasure(
        beta1=np.array([[3.0], [0.5]]),
        beta0=np.array([1.0, 0.0]),
        tau=np.array(0.25),
        a=np.array([[1.0], [-1.0]]),
        b=np.array([2.0, -2.0]),
        nu=np.array([0.25, 0.5]),
    ),
    k=2,
    gauge="free",
    sizes=(4000, 8944, 20000, 44721, 100000),
    replicates=240,
    starts=1,
    box=Box(beta1=10.0, beta0=10.0, tau=(0.025, 10.0), a=10.0, b=10.0, nu=(0.25 / 3, 1.5)),
    seed=20240125,
)
"""Claim C5 for tanh: well conditioned, off the mirror points; sizes and replicates come from pilots on other seeds."""
