"""Runs rate studies: every replicate once, on any executor, into a store if there is one.

Every fit is made by two searches that share nothing: each goes through the sizes of a replicate on its own. The higher
one is the estimate, and by how much they differ is kept beside it.

Example: ``study_slopes(run_study(TANH, workers=2), seed=0)`` measures the exact-specified rates of the tanh gate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.fitting.climb import EXACT, Stop, compiled_climb
from temperance.numerics.fitting.gradient_process import compiled_ratios
from temperance.numerics.fitting.problem import Problem
from temperance.numerics.fitting.search import (
    APART,
    Effort,
    Optimum,
    better,
    climb_all,
    fewer_atoms,
    higher,
    search_once,
)
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.numerics.studies.lattice import samples
from temperance.numerics.studies.results import StudyResult, result_of
from temperance.numerics.studies.store import Outcome, Store, StoreError, open_store, same
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import local_workers, lost_workers_told, processes
from temperance.theory.expressions.arguments import checked

_PARTS = 100  # of a study of thousands of replicates, each a task of a worker


@one_blas_thread()
def fits_of_replicate(study: Study, replicate: int) -> list[Optimum]:
    """The fits of one replicate at every n."""
    problems = [study.problem(points) for points in data_of(study, replicate)]
    # gains far below one unit of log-likelihood are worth no pass, however many points there are
    stops = [Stop.in_sample_units(p.points.n) if study.experiment == "lattice" else EXACT for p in problems]
    seeds = seeds_of(study.seed, replicate, study.sizes)
    return fits_of_sizes(problems, seeds, stops, study.effort, backward=study.backward)


def run_replicate(study: Study, replicate: int) -> Outcome:
    """What a study keeps of the fits of one replicate."""
    fits = fits_of_replicate(study, replicate)
    lists = ([f.status for f in fits], [f.agree for f in fits], [f.gap for f in fits])
    return np.stack([f.u for f in fits]) * _scale(study), *lists


def _scale(study: Study) -> Floats:
    """From coordinates of problems to those of the layout: the gate of the linear gate is held at its temperature."""
    tau = study.layout.tau if study.linear else None
    return np.array([tau if tau and name in ("beta1", "beta0") else 1.0 for name, _ in study.layout.names])


def seeds_of(seed: int, replicate: int, sizes: Sequence[int]) -> list[int]:
    """The seeds of the searches of a replicate, one for each n."""
    return [int(np.random.SeedSequence([seed, replicate, n]).generate_state(1)[0]) for n in sizes]


def fits_of_sizes(
    problems: Sequence[Problem], seeds: Sequence[int], stops: Sequence[Stop], effort: Effort, *, backward: bool
) -> list[Optimum]:
    """The fits to the samples of a replicate, which grow: the higher of two searches of each.

    Where the two differ, each has further rounds of starts at that sample, and begins at what it came to before.
    """
    halves = [search_sizes(problems, seeds, stops, effort, half, backward=backward) for half in (0, 1)]
    for turn in range(2, 2 * effort.rounds, 2):
        for i, (problem, seed, stop) in enumerate(zip(problems, seeds, stops, strict=True)):
            if abs(halves[0][i].log_likelihood - halves[1][i].log_likelihood) <= APART:
                continue
            for half, optima in enumerate(halves):
                starts = [optimum.u for optimum in optima[max(i - 1, 0) : i + 2]]
                optima[i] = search_once(problem, effort.at(turn), [seed], turn + half, known=starts, stop=stop)
    return [better(*pair) for pair in zip(*halves, strict=True)]


def search_sizes(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    stops: Sequence[Stop],
    effort: Effort,
    half: int,
    *,
    backward: bool,
) -> list[Optimum]:
    """One of two searches through the samples of a replicate, which grow.

    It also begins at its estimate at the n before; backward: and, from the largest n down, at that at the n above, as
    at a small n all starts may miss a maximum that those at a larger one find.
    """
    optima: list[Optimum] = []
    for problem, seed, stop in zip(problems, seeds, stops, strict=True):
        fewer = fewer_atoms(problem, effort, [seed, half], stop)
        starts = [before.u for before in optima[-1:]]
        optima.append(search_once(problem, effort, [seed], half, fewer=fewer, known=starts, stop=stop))
    if not backward:
        return optima
    best = optima[-1:]
    for problem, stop, below in zip(problems[-2::-1], stops[-2::-1], optima[-2::-1], strict=True):
        again = climb_all(problem, [best[-1].u], effort.passes, stop)
        best.append(again if higher(again, below) else below)
    return best[::-1]


def data_of(study: Study, replicate: int) -> list[Points]:
    """The data of a replicate at every n; those at one n are part of those at the next."""
    if study.experiment == "lattice":
        return list(samples(study.lattice, study.sizes, seed=study.seed, replicate=replicate))
    x, y = sample(
        study.truth, study.gate, study.sizes[-1], seed=study.seed, replicate=replicate, low=study.low, high=study.high
    )
    return [Points(x[:n], y[:n]) for n in study.sizes]


@dataclass(frozen=True)
class Progress:
    """Finished replicates of total, of which some were in the store at the start."""

    done: int
    total: int
    stored: int


def _atoms(study: Study) -> list[int]:
    """The numbers of atoms that are fitted, but for one, which needs no machine code."""
    return [study.k, *([study.k - 1] if study.peaks + study.splits and study.k > 2 else [])]


def _compile(study: Study, k: int) -> None:
    y = np.linspace(study.low, study.high, 8)
    points = Points(y[:, None] * np.ones(study.truth.d), y)
    _ = replace(study, k=k).problem(points).likelihood.sums


def _compile_search(*, peaks: bool) -> None:
    """Compile what climbs, and the gradient process; machine code itself cannot be sent from a worker."""
    compiled_climb()
    if peaks:
        compiled_ratios()


def compile_side_by_side(studies: Sequence[Study], executor: Executor) -> None:
    """Compile what fits need into the cache on disk, each function on one worker, before all workers would do it."""
    # a fixed temperature has the kernel of a fitted one
    kernels = {(k, s.gauge, s.gate.source): (s, k) for s in studies for k in _atoms(s)}
    with lost_workers_told(studies[0].name):
        futures = [executor.submit(_compile_search, peaks=any(study.peaks for study in studies))]
        largest_first = sorted(kernels.items(), key=lambda item: -item[0][0])
        futures += [executor.submit(_compile, *kernel) for _, kernel in largest_first]
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
