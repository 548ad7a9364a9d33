"""Runs rate studies: every replicate once, on any executor, into a store if there is one.

Example: ``study_slopes(run_study(TANH, workers=2))`` measures the exact-specified rates of the tanh gate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from temperance.numerics.fitting.cluster_steps import compiled_ahead
from temperance.numerics.fitting.mle import Fit, Status, fit_points, higher
from temperance.numerics.fitting.newton import EXACT, Stop
from temperance.numerics.fitting.starting_points import smaller, split_starts
from temperance.numerics.fitting.steps import compiled_step
from temperance.numerics.lattice.counts import samples
from temperance.numerics.likelihood.by_layout import evaluate
from temperance.numerics.machine.interrupts import interrupts_noted
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.numerics.studies.results import StudyResult, result_of
from temperance.numerics.studies.store import Outcome, Store, StoreError, open_store, same
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import local_workers, lost_workers_told, processes
from temperance.theory.expressions.arguments import checked

_PARTS = 100  # of a study of thousands of replicates, each a task of a worker


@one_blas_thread()
def run_replicate(
    study: Study, replicate: int, gate: CompiledActivation | None = None
) -> tuple[Floats, list[Status], list[int]]:
    """Theta (N, p), status and number of agreeing starts of the fits of one replicate.

    gate: that of the study, in machine code or in NumPy; by default in machine code.
    """
    data, fit = data_of(study, replicate), partial(fit_of, study, gate or study.gate)
    found: list[Fit] = []
    fewer: list[Fit] = []
    for n, points in zip(study.sizes, data, strict=True):
        seed = int(np.random.SeedSequence([study.seed, replicate, n]).generate_state(1)[0])
        known = [f.theta for f in found[-1:]]
        if study.splits:
            known_fewer = [f.theta for f in fewer[-1:]]
            fewer.append(fit(smaller(study.layout), points, seed, known_fewer, study.starts))
            spread, rng = float(points.x.std()), np.random.default_rng([seed, study.splits])
            known += split_starts(study.layout, fewer[-1].measure, study.splits, spread=spread, rng=rng)
        found.append(fit(study.layout, points, seed, known, study.starts))
    if study.backward:
        found = _from_above(partial(fit, study.layout), found, data)
    return np.stack([f.theta for f in found]), [f.status for f in found], [f.agree for f in found]


def data_of(study: Study, replicate: int) -> list[Points]:
    """The data of a replicate at every n; those at one n are part of those at the next."""
    if study.experiment == "lattice":
        return list(samples(study.lattice, study.sizes, seed=study.seed, replicate=replicate))
    x, y = sample(
        study.truth, study.gate, study.sizes[-1], seed=study.seed, replicate=replicate, low=study.low, high=study.high
    )
    return [Points(x[:n], y[:n]) for n in study.sizes]


def fit_of(
    study: Study,
    gate: CompiledActivation,
    layout: Layout,
    points: Points,
    seed: int,
    known: Sequence[Floats],
    starts: int,
) -> Fit:
    """The fit of a study to points, from its own starts and known ones (p,)."""
    # gains far below one unit of log-likelihood are worth no pass, however many points there are
    stop = Stop.in_sample_units(points.n) if study.experiment == "lattice" else EXACT
    return fit_points(layout, gate, points, box=study.box, starts=starts, seed=seed, known_starts=known, stop=stop)


def _from_above(fit: Callable[..., Fit], found: list[Fit], data: list[Points]) -> list[Fit]:
    """From the largest n down, each fit or, where it is higher, the maximum from the estimate at the n above.

    At a small n all starts may miss a maximum that those at a larger one find.
    """
    best = found[-1:]
    for points, below in zip(data[-2::-1], found[-2::-1], strict=True):
        again = fit(points, 0, [best[-1].theta], starts=0)
        best.append(again if higher(again, below) else below)
    return best[::-1]


@dataclass(frozen=True)
class Progress:
    """Finished replicates of total, of which some were in the store at the start."""

    done: int
    total: int
    stored: int


def _layouts(study: Study) -> list[Layout]:
    return [study.layout, *([smaller(study.layout)] if study.splits else [])]


def _compile(study: Study, layout: Layout) -> None:
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        y = np.linspace(study.low, study.high, 8)
        x = y[:, None] * np.ones(layout.d)
        evaluate(np.zeros(layout.size), layout, study.gate, x, y)


def compile_side_by_side(studies: Sequence[Study], executor: Executor) -> None:
    """Compile what fits need into the cache on disk, each function on one worker, before all workers would do it.

    The step comes last: a kernel that is compiled after it, in one process, has other last bits.
    """
    # a fixed temperature has the kernel of a fitted one
    kernels = {(replace(layout, tau=None), study.gate.source): study for study in studies for layout in _layouts(study)}
    largest_first = sorted(kernels.items(), key=lambda item: -item[0][0].size)
    with lost_workers_told(studies[0].name):
        futures = [executor.submit(_compile, study, layout) for (layout, _), study in largest_first]
        futures += map(executor.submit, (compiled_step, compiled_ahead))
        for future in futures:
            future.result()


def _finished(study: Study, replicates: Sequence[int], executor: Executor | None) -> Iterator[tuple[int, Outcome]]:
    """Replicates and their outcomes, as they are finished."""
    if executor is None:
        yield from ((replicate, run_replicate(study, replicate)) for replicate in replicates)
        return
    size = max(1, len(replicates) // _PARTS)
    parts = [replicates[start : start + size] for start in range(0, len(replicates), size)]
    futures: dict[Future[list[Outcome]], Sequence[int]] = {}
    try:
        with lost_workers_told(study.name):
            futures.update((executor.submit(_run_some, study, part), part) for part in parts)
        for future in as_completed(futures):
            with lost_workers_told(study.name):
                outcomes = future.result()
            yield from zip(futures[future], outcomes, strict=True)
    finally:
        for future in futures:
            future.cancel()


def _run_some(study: Study, replicates: Sequence[int]) -> list[Outcome]:
    """Some replicates, on a worker."""
    return [run_replicate(study, replicate) for replicate in replicates]


def _check_repeats(study: Study, stored: dict[int, Outcome], executor: Executor | None) -> None:
    """Refuse to complete what other code, libraries or processors began: its replicates are not those of here."""
    replicate = min(stored)
    for _, outcome in _finished(study, [replicate], executor):
        if not same(outcome, stored[replicate]):
            raise StoreError(
                f"study {study.name}: replicate {replicate} in the store comes out differently now; "
                "use a new store, or the versions and machine that began it"
            )


def _run(
    study: Study, store: Store | None, executor: Executor | None, progress: Callable[[Progress], None] | None
) -> dict[int, Outcome]:
    outcomes = store.outcomes() if store else {}
    stored = len(outcomes)

    def report() -> None:
        if progress is not None:
            progress(Progress(len(outcomes), study.replicates, stored))

    report()
    missing = [replicate for replicate in range(study.replicates) if replicate not in outcomes]
    if missing and executor is not None:  # into the cache on disk, before workers start that would all do it
        for layout in _layouts(study):
            _compile(study, layout)
        compiled_step()
        compiled_ahead()
    if missing and outcomes:
        _check_repeats(study, outcomes, executor)
    for replicate, outcome in _finished(study, missing, executor):
        if store:
            store.add(replicate, outcome)
        outcomes[replicate] = outcome
        report()
    return outcomes


@checked
def run_study(
    study: Study,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run every replicate of a study that is not in the store; the result is the same, bit for bit, in any way.

    workers: 1: in this process; more: in as many spawned ones, which end with this one; or any executor in place of
    them. store: an SQLite file, in which each replicate is committed as soon as it is finished. progress: called at the
    start and after each replicate. Raises ValueError for workers below 1, both workers and an executor, a store that
    cannot be used (`open_store`) or whose first replicate this installation does not reproduce; WorkersLost where a
    worker process was killed: what was finished is in the store.
    """
    if processes(workers) > 1 and executor is not None:
        raise ValueError(f"workers must be 1 beside an executor, not {workers}")
    with ExitStack() as stack:
        opened = None
        if store is not None:
            opened = stack.enter_context(open_store(store, study.name, study.digest, study.definition))
        pool = stack.enter_context(local_workers(workers)) if workers > 1 else executor
        outcomes = _run(study, opened, pool, progress)
    return result_of(study, outcomes)
