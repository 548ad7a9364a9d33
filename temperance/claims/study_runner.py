"""Runs the studies of a verification, and other dear work, each once, on shared workers; studies into a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Event
from typing import Any, TypeVar

from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.run import Progress, compile_side_by_side, run_study
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import WorkersLost, cluster, local_workers, lost_workers_told

Report = Callable[[str, Progress], None]
"""Called with the name of a study and how far it is."""
Task = TypeVar("Task")
Found = TypeVar("Found")
_ATTEMPTS = 3
"""How often a function of tasks is begun whose local workers are lost; a cluster tries again itself."""


class Runs:
    """Results of studies, each run once, one after the other, in the background, on workers that all share.

    A context: workers start with the first study, and end with the block; what is not finished then is dropped.
    workers: local processes, or scheduler: the address of a Dask cluster; store: an SQLite file for the finished
    replicates; report: told how far a study is. Raises ValueError, on entering, where no cluster answers.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        scheduler: str | None = None,
        store: str | None = None,
        report: Report = lambda name, progress: None,
    ) -> None:
        self._workers, self._scheduler, self._store, self._report = workers, scheduler, store, report
        self._found: dict[str, Future[StudyResult]] = {}
        self._others: dict[Callable[[Any], Any], Future[list[Future[Any]]]] = {}
        self._waiting: list[Future[Any]] = []
        self._stack, self._background, self._closed = ExitStack(), ThreadPoolExecutor(1), Event()
        self._pool: Executor | None = None

    def __enter__(self) -> Runs:
        """Connect to the cluster, if there is one, so that one that is not there is told at once."""
        if self._scheduler is not None:
            self._executor()
        return self

    def __exit__(self, *_: object) -> None:
        """End the study that runs, and drop those that wait."""
        self._closed.set()
        self._drop()
        self._background.shutdown(cancel_futures=True)
        self._drop()  # what was begun in between
        self._stack.close()

    def _drop(self) -> None:
        for task in self._waiting:
            task.cancel()

    def start(self, studies: Sequence[Study]) -> None:
        """Begin with these studies, while other legs are at work."""
        new = {study.digest: study for study in studies if study.digest not in self._found}
        if len(new) > 1 and self._workers > 1 and self._scheduler is None:
            self._background.submit(self._on_workers, partial(compile_side_by_side, list(new.values())))
        for digest, study in new.items():
            place = len(self._found) + 1
            self._found[digest] = self._background.submit(self._on_workers, partial(self._run, study, place))

    def begin(self, function: Callable[[Task], Any], tasks: Sequence[Task]) -> None:
        """Begin with a function of some tasks, before the studies that are not begun yet."""

        def submitted(executor: Executor) -> list[Future[Any]]:
            with lost_workers_told(function.__name__):
                begun = [executor.submit(function, task) for task in tasks]
            self._waiting += begun
            return begun

        if function not in self._others:
            self._others[function] = self._background.submit(self._on_workers, submitted)

    def each(self, function: Callable[[Task], Found], tasks: Sequence[Task]) -> list[Found]:
        """What a function finds at each of its tasks, once it is there; begun again where local workers are lost."""
        for attempt in range(1, _ATTEMPTS + 1):
            self.begin(function, tasks)
            try:
                with lost_workers_told(function.__name__):
                    return [task.result() for task in self._others[function].result()]
            except WorkersLost:
                self._others.pop(function, None)
                self._pool = None
                if attempt == _ATTEMPTS or self._scheduler is not None or self._closed.is_set():
                    raise
        raise AssertionError("the last attempt returns or raises")

    def result(self, study: Study) -> StudyResult:
        """The result of a study, once it is there."""
        self.start([study])
        return self._found[study.digest].result()

    def _executor(self) -> Executor:
        if self._pool is None:
            pool = local_workers(self._workers) if self._scheduler is None else cluster(self._scheduler)
            self._pool = self._stack.enter_context(pool)
        return self._pool

    def _on_workers(self, work: Callable[[Executor], Any]) -> Any:
        try:
            return work(self._executor())
        except WorkersLost:
            self._pool = None  # what comes next has new workers
            raise

    def _run(self, study: Study, place: int, executor: Executor) -> StudyResult:
        def report(progress: Progress) -> None:
            if self._closed.is_set():
                raise CancelledError  # ends the study, which drops the replicates that wait
            self._report(f"study {place} of {max(place, len(self._found))}: {study.name}", progress)

        return run_study(study, executor=executor, store=self._store, progress=report)
