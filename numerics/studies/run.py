"""Runs rate studies: every replicate once, on any executor, into a store if there is one.

Example: ``study_slopes(run_study(TANH, workers=2), seed=0)`` measures the exact-specified rates of the tanh gate.

A `Store` holds finished replicates in an SQLite file, each committed as soon as it is finished. A process may be killed
at any moment, or find the disk full: once `add` has returned, the replicate is in the file, and none is there by half.
A file that is not a sound, writable store is never changed.

Example: ``with open_store("rates.sqlite", name, digest, definition) as store: store.add(0, outcome)``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import compiled_climb
from temperance.numerics.fitting.starts import compiled_ratios
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.results import GeneralResult, StudyResult
from temperance.numerics.studies.study import GeneralStudy, Outcome, RateStudy, Study
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
    study: RateStudy,
    workers: int = 1,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Report = None,
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


def run_general(study: GeneralStudy, **how: Any) -> GeneralResult:
    """The same of any gate and expert; how: as there."""
    return GeneralResult(study, *_arrays(study, **how))


_APPLICATION = 0x746D7063  # "tmpc": tells our files from other databases
_VERSION = 2
_PATIENCE = 30.0  # seconds to wait for another process that writes to the same store
_SCHEMA = (
    "CREATE TABLE studies (digest TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, definition TEXT NOT NULL)",
    "CREATE TABLE replicates (digest TEXT NOT NULL REFERENCES studies, replicate INTEGER NOT NULL, theta BLOB NOT NULL,"
    " status TEXT NOT NULL, agree TEXT NOT NULL, gap TEXT NOT NULL, checksum TEXT NOT NULL,"
    " PRIMARY KEY (digest, replicate))",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes of a replicate are equal, bit for bit."""
    return np.asarray(one[0]).tobytes() == np.asarray(other[0]).tobytes() and all(
        list(p) == list(q) for p, q in zip(one[1:], other[1:], strict=True)
    )


class StoreError(ValueError):
    """A store that cannot be used, or not for this study."""


class Store:
    """The replicates of one study; made by `open_store`."""

    def __init__(self, connection: sqlite3.Connection, path: str, digest: str) -> None:
        self._connection, self._path, self._digest = connection, path, digest

    def add(self, replicate: int, outcome: Outcome) -> None:
        """Commit one replicate; one that another process has added stays, and must be the same.

        Raises ValueError if the file cannot be written, or the replicate is there with another outcome.
        """
        theta, *lists = outcome
        data, texts = np.ascontiguousarray(theta, dtype="<f8").tobytes(), [json.dumps(list(part)) for part in lists]
        row = (data, *texts)
        values = (self._digest, replicate, *row, self._checksum(replicate, data, *texts))
        with _clear_errors(self._path, "written", _KEPT), self._connection:
            self._connection.execute(_BEGIN)
            added = self._connection.execute("INSERT OR IGNORE INTO replicates VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            query = "SELECT theta, status, agree, gap FROM replicates WHERE digest = ? AND replicate = ?"
            stored = self._connection.execute(query, (self._digest, replicate)).fetchone()
            if not added.rowcount and stored != row:
                raise StoreError(
                    f"store {self._path!r}: replicate {replicate} was stored with another outcome meanwhile; "
                    "use one store for each version and machine"
                )

    def outcomes(self) -> dict[int, Outcome]:
        """The outcome of each finished replicate, bit for bit. Raises ValueError if a row was altered."""
        query = (
            "SELECT replicate, theta, status, agree, gap, checksum FROM replicates WHERE digest = ? ORDER BY replicate"
        )
        with _clear_errors(self._path):
            rows = self._connection.execute(query, (self._digest,)).fetchall()
        outcomes: dict[int, Outcome] = {}
        for replicate, theta, *texts, checksum in rows:
            whole = isinstance(theta, bytes) and all(isinstance(text, str) for text in texts)
            if not whole or self._checksum(replicate, theta, *texts) != checksum:
                raise StoreError(f"store {self._path!r} is damaged: replicate {replicate} does not match its checksum")
            status, agree, gap = map(json.loads, texts)
            values = np.frombuffer(theta, dtype="<f8").astype(np.float64).reshape(len(status), -1)
            outcomes[replicate] = values, status, agree, gap
        return outcomes

    def _checksum(self, replicate: int, theta: bytes, *texts: str) -> str:
        text = json.dumps([self._digest, replicate, theta.hex(), *texts])
        return hashlib.sha256(text.encode()).hexdigest()


_BEGIN = "BEGIN IMMEDIATE"  # to be committed, or rolled back, as the `with` of a connection ends
_KIND = "it must be a writable store of rate studies or a new file"
_KEPT = "what it holds is kept: the same command goes on from there"


@contextmanager
def _clear_errors(path: str, what: str = "used", remedy: str = _KIND) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"store {path!r} cannot be {what} ({error}); {remedy}") from None


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    """Refuse what is not a sound database that the statements of `_SCHEMA` make; run them in a new one."""
    with closing(sqlite3.connect(":memory:")) as model:
        for statement in _SCHEMA:
            model.execute(statement)
        ours = _shape(model)
    if not (shape := _shape(connection))[-1]:
        for statement in _SCHEMA:
            connection.execute(statement)
    elif shape != ours:
        kind = f"store of rate studies of version {_VERSION}"
        raise StoreError(f"{path!r} is a database, but not a {kind}; accepted: such a store, or a new file")
    elif connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        raise StoreError(f"store {path!r} is damaged")


def _shape(connection: sqlite3.Connection) -> list[list[tuple[Any, ...]]]:
    """Application, version and tables of a database."""
    asked = ("PRAGMA application_id", "PRAGMA user_version", "SELECT name, sql FROM sqlite_master ORDER BY name")
    return [connection.execute(query).fetchall() for query in asked]


def _register(connection: sqlite3.Connection, path: str, name: str, digest: str, definition: str) -> None:
    stored = connection.execute("SELECT digest, definition FROM studies WHERE name = ?", (name,)).fetchone()
    if stored not in (None, (digest, definition)):
        raise StoreError(f"store {path!r} holds another definition of the study {name!r}: use a new file for this one")
    # writes in any case, so that a store that cannot be written is found out before anything is computed
    upsert = "INSERT INTO studies VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET name = excluded.name"
    connection.execute(upsert, (digest, name, definition))


@contextmanager
def open_store(path: str | os.PathLike[str], name: str, digest: str, definition: Mapping[str, Any]) -> Iterator[Store]:
    """The store of a study in a file, which is made if there is none and may hold other studies.

    Raises ValueError where the file is read-only, damaged, locked or something else, or holds a study of this name with
    another digest. It is then as it was.
    """
    place = str(Path(path).absolute())
    with _clear_errors(place):
        # autocommit: transactions are begun by hand. The rollback journal survives kill -9 without files beside it
        connection = sqlite3.connect(place, timeout=_PATIENCE, isolation_level=None)
    with closing(connection):
        with _clear_errors(place), connection:
            connection.execute(_BEGIN)
            _prepare(connection, place)
            _register(connection, place, name, digest, json.dumps(definition, sort_keys=True))
        yield Store(connection, place, digest)
