"""Stores finished replicates of a study in an SQLite file, each committed as soon as it is finished.

A process may be killed at any moment, or find the disk full: once `add` has returned, the replicate is in the file, and
none is there by half. A file that is not a sound, writable store is never changed.

Example: ``with open_store("rates.sqlite", name, digest, definition) as store: store.add(0, outcome)``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Outcome: TypeAlias = tuple[NDArray[np.float64], Sequence[str], Sequence[int], Sequence[float]]
"""Of one replicate: theta (N, p), and status, agree and gap of its fits (N)."""

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
        stored: dict[int, Outcome] = {}
        for replicate, theta, *texts, checksum in rows:
            whole = isinstance(theta, bytes) and all(isinstance(text, str) for text in texts)
            if not whole or self._checksum(replicate, theta, *texts) != checksum:
                raise StoreError(f"store {self._path!r} is damaged: replicate {replicate} does not match its checksum")
            status, agree, gap = map(json.loads, texts)
            values = np.frombuffer(theta, dtype="<f8").astype(np.float64).reshape(len(status), -1)
            stored[replicate] = values, status, agree, gap
        return stored

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


def prepare(connection: sqlite3.Connection, path: str, schema: Sequence[str], kind: str) -> None:
    """Refuse what is not a sound database that the statements of a schema make; run them in a new one."""
    with closing(sqlite3.connect(":memory:")) as model:
        for statement in schema:
            model.execute(statement)
        ours = _shape(model)
    if not (shape := _shape(connection))[-1]:
        for statement in schema:
            connection.execute(statement)
    elif shape != ours:
        raise StoreError(f"{path!r} is a database, but not a {kind}; accepted: such a store, or a new file")
    elif connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        raise StoreError(f"store {path!r} is damaged")


def _shape(connection: sqlite3.Connection) -> list[list[tuple[Any, ...]]]:
    """Application, version and tables of a database."""
    queries = ("PRAGMA application_id", "PRAGMA user_version", "SELECT name, sql FROM sqlite_master ORDER BY name")
    return [connection.execute(query).fetchall() for query in queries]


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
            prepare(connection, place, _SCHEMA, f"store of rate studies of version {_VERSION}")
            _register(connection, place, name, digest, json.dumps(definition, sort_keys=True))
        yield Store(connection, place, digest)
