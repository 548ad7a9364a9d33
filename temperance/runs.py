"""The studies that the legs of a verification run: each once, on shared workers, into a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numerics.definitions import Study
    from numerics.results import StudyResult
    from numerics.studies import Progress

Report = Callable[[str, "Progress"], None]
"""Called with the name of a study and how far it is."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Runs:
    """Results of studies, remembered by their digest; made by `open_runs`.

    full: whether the claims run their full studies rather than the quick ones.
    """

    def __init__(self, *, full: bool, store: str | None, executor: Callable[[], Executor], report: Report) -> None:
        self.full = full
        self._store, self._executor, self._report = store, executor, report
        self._found: dict[str, StudyResult] = {}

    def result(self, study: Study) -> StudyResult:
        """The result of a study, which is run if it was not yet."""
        from numerics.studies import run_study

        if study.digest not in self._found:
            self._found[study.digest] = run_study(
                study,
                executor=self._executor(),
                store=self._store,
                progress=lambda progress: self._report(study.name, progress),
            )
        return self._found[study.digest]


def _quiet(_: str, __: Progress) -> None:
    pass


@contextmanager
def open_runs(
    *,
    full: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    store: str | None = None,
    report: Report = _quiet,
) -> Iterator[Runs]:
    """Runs whose workers start with the first study and end with the block.

    Args:
        full: see `Runs`.
        workers: local processes.
        scheduler: address of a Dask cluster, in place of local processes.
        store: an SQLite file for the finished replicates.
        report: told how far a study is.

    Raises:
        ValueError: no cluster answers.
    """
    with ExitStack() as stack:
        started: list[Executor] = []

        def executor() -> Executor:
            if not started:
                started.append(stack.enter_context(_executor(workers, scheduler)))
            return started[0]

        if scheduler is not None:
            executor()  # so that a cluster that is not there is told at once
        yield Runs(full=full, store=store, executor=executor, report=report)


@contextmanager
def _executor(workers: int, scheduler: str | None) -> Iterator[Executor]:
    from numerics.workers import cluster, local_workers

    with cluster(scheduler) if scheduler is not None else local_workers(workers) as pool:
        yield pool
