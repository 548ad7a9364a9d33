"""Runs rate studies: every replicate once, on any executor, into a store if there is one.

Example: ``study_slopes(run_study(TANH, workers=2), seed=0)`` measures the exact-specified rates of the tanh gate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import compiled_climb
from temperance.numerics.fitting.gradient_process import compiled_ratios
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.general_studies import GeneralResult, GeneralStudy
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.store import Outcome, Store, StoreError, open_store, same
from temperance.numerics.studies.study import RateStudy, Study
from temperance.numerics.studies.workers import local_workers, lost_workers_told, processes
from temperance.theory.expressions.arguments import checked

_PARTS = 100  # of a study of thousands of replicates, each a task of a worker


def run_replicate(study: RateStudy, replicate: int) -> Outcome:
    """What a study stores of the fits of one replicate."""
    return study.outcome(replicate)


@dataclass(frozen=True)
class Progress:
    """Finished replicates of total, of which some were in the store at the start."""

    done: int
    total: int
    stored: int


def _compile(study: RateStudy, less: int) -> None:
    """Compile the kernel of a fit of so many atoms less."""
    problem = study.problem(Points(np.zeros((1, study.dim)), np.zeros(1)))
    for _ in range(less):
        assert problem.smaller is not None
        problem = problem.smaller()
    _ = problem.likelihood.sums


def _compile_search(*, peaks: bool) -> None:
    """Compile what climbs, and the gradient process; machine code itself cannot be sent from a worker."""
    compiled_climb()
    if peaks:
        compiled_ratios()


def compile_side_by_side(studies: Sequence[RateStudy], executor: Executor) -> None:
    """Compile what fits need into the cache on disk, each function on one worker, before all workers would do it."""
    kernels = {kernel: (study, less) for study in studies for kernel, less in study.kernels.items()}
    if not kernels:  # least squares climb in Python
        return
    with lost_workers_told(studies[0].name):
        futures = [executor.submit(_compile_search, peaks=any(study.effort.peaks for study in studies))]
        largest_first = sorted(kernels.items(), key=lambda item: -item[0][0])
        futures += [executor.submit(_compile, *kernel) for _, kernel in largest_first]
        for future in futures:
            future.result()


def _finished(study: RateStudy, replicates: Sequence[int], executor: Executor | None) -> Iterator[tuple[int, Outcome]]:
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


def _run_some(study: RateStudy, replicates: Sequence[int]) -> list[Outcome]:
    """Some replicates, on a worker."""
    return [run_replicate(study, replicate) for replicate in replicates]


def _check_repeats(study: RateStudy, stored: dict[int, Outcome], executor: Executor | None) -> None:
    """Refuse to complete what other code, libraries or processors began: its replicates are not those of here."""
    replicate = min(stored)
    for _, outcome in _finished(study, [replicate], executor):
        if not same(outcome, stored[replicate]):
            raise StoreError(
                f"study {study.name}: replicate {replicate} in the store comes out differently now; "
                "use a new store, or the versions and machine that began it"
            )


def _run(
    study: RateStudy, store: Store | None, executor: Executor | None, progress: Callable[[Progress], None] | None
) -> dict[int, Outcome]:
    outcomes = store.outcomes() if store else {}
    stored = len(outcomes)

    def report() -> None:
        if progress is not None:
            progress(Progress(len(outcomes), study.replicates, stored))

    report()
    missing = [replicate for replicate in range(study.replicates) if replicate not in outcomes]
    if missing and executor is not None:
        compile_side_by_side([study], executor)
    if missing and outcomes:
        _check_repeats(study, outcomes, executor)
    for replicate, outcome in _finished(study, missing, executor):
        if store:
            store.add(replicate, outcome)
        outcomes[replicate] = outcome
        report()
    return outcomes


Report = Callable[[Progress], None] | None


def _arrays(
    study: RateStudy, workers: int, executor: Executor | None, store: str | os.PathLike[str] | None, progress: Report
) -> Iterator[NDArray[Any]]:
    """theta, status, agree and gaps of all replicates of any study: see `run_study`."""
    if processes(workers) > 1 and executor is not None:
        raise ValueError(f"workers must be 1 beside an executor, not {workers}")
    with ExitStack() as stack:
        opened = None
        if store is not None:
            opened = stack.enter_context(open_store(store, study.name, study.digest, study.definition))
        pool = stack.enter_context(local_workers(workers)) if workers > 1 else executor
        outcomes = _run(study, opened, pool, progress)
    return map(np.array, zip(*(outcomes[replicate] for replicate in range(study.replicates)), strict=True))


@checked
def run_study(
    study: Study,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Report = None,
) -> StudyResult:
    """Run every replicate of a study that is not in the store; the result is the same, bit for bit, in any way.

    workers: 1: in this process; more: in as many spawned ones, which end with this one; or any executor in place of
    them. store: an SQLite file, in which each replicate is committed as soon as it is finished. progress: called at the
    start and after each replicate. Raises ValueError for workers below 1, both workers and an executor, a store that
    cannot be used (`open_store`) or whose first replicate this installation does not reproduce; WorkersLost where a
    worker process was killed: what was finished is in the store.
    """
    return StudyResult(study, *_arrays(study, workers, executor, store, progress))


def run_general(
    study: GeneralStudy,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Report = None,
) -> GeneralResult:
    """The same of any gate and expert."""
    return GeneralResult(study, *_arrays(study, workers, executor, store, progress))
