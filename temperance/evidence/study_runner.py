"""Runs the studies of a verification, each once, on shared workers, into a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperance.numerics.studies.results import StudyResult
    from temperance.numerics.studies.run import Progress
    from temperance.numerics.studies.study import Study

Report = Callable[[str, "Progress"], None]
"""Called with the name of a study and how far it is."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Runs:
    """Results of studies, each run once, one after the other, in the background; made by `open_runs`."""

    def __init__(
        self,
        *,
        prepare: Callable[[Sequence[Study]], None],
        run: Callable[[Study], StudyResult],
        background: ThreadPoolExecutor,
    ) -> None:
        self._prepare, self._run, self._background = prepare, run, background
        self._found: dict[str, Future[StudyResult]] = {}

    def start(self, studies: Sequence[Study]) -> None:
        """Begin with these studies, while other legs are at work."""
        new = {study.digest: study for study in studies if study.digest not in self._found}
        if len(new) > 1:
            self._background.submit(self._prepare, list(new.values()))
        for digest, study in new.items():
            self._found[digest] = self._background.submit(self._run, study)

    def result(self, study: Study) -> StudyResult:
        """The result of a study, once it is there."""
        self.start([study])
        return self._found[study.digest].result()


def _quiet(_: str, __: Progress) -> None:
    pass


@contextmanager
def open_runs(
    *,
    workers: int = 1,
    scheduler: str | None = None,
    store: str | None = None,
    report: Report = _quiet,
) -> Iterator[Runs]:
    """Runs whose workers start with the first study and end with the block; what is not finished then is dropped.

    Args:
        workers: local processes.
        scheduler: address of a Dask cluster, in place of local processes.
        store: an SQLite file for the finished replicates.
        report: told how far a study is.

    Raises:
        ValueError: no cluster answers.
    """
    started: list[Executor] = []
    closed = Event()
    with ExitStack() as stack:
        background = stack.enter_context(ThreadPoolExecutor(1))

        def executor() -> Executor:
            if not started:
                started.append(stack.enter_context(_executor(workers, scheduler)))
            return started[0]

        def prepare(studies: Sequence[Study]) -> None:
            from temperance.numerics.studies.run import compile_side_by_side
            from temperance.numerics.studies.workers import WorkersLost

            if workers > 1 and scheduler is None:
                try:
                    compile_side_by_side(studies, executor())
                except WorkersLost:
                    started.clear()  # the first study has new workers

        def run(study: Study) -> StudyResult:
            from temperance.numerics.studies.run import run_study
            from temperance.numerics.studies.workers import WorkersLost

            def told(progress: Progress) -> None:
                if closed.is_set():
                    raise CancelledError  # ends the study, which drops the replicates that wait
                report(study.name, progress)

            try:
                return run_study(study, executor=executor(), store=store, progress=told)
            except WorkersLost:
                started.clear()  # the next study has new workers
                raise

        if scheduler is not None:
            executor()  # so that a cluster that is not there is told at once
        try:
            yield Runs(prepare=prepare, run=run, background=background)
        finally:
            closed.set()
            background.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _executor(workers: int, scheduler: str | None) -> Iterator[Executor]:
    from temperance.numerics.studies.workers import cluster, local_workers

    with cluster(scheduler) if scheduler is not None else local_workers(workers) as pool:
        yield pool
