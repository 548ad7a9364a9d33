"""Runs local worker processes that end with their parent, or those of a Dask cluster.

Loads nothing heavy: a local worker watches its parent from its first moment on.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread


class WorkersLost(RuntimeError):
    """The processes that ran a study ended before it did: killed, out of memory, or a cluster that closed."""


@contextmanager
def lost_workers_told(study: str) -> Iterator[None]:
    """Turn what executors raise when their processes are gone into WorkersLost, for the study of this name."""
    try:
        yield
    except Exception as error:
        distributed = sys.modules.get("distributed")
        kinds = (BrokenExecutor, CancelledError) + ((distributed.KilledWorker,) if distributed else ())
        if not isinstance(error, kinds):
            raise
        raise WorkersLost(f"study {study!r}: a worker process ended abruptly (killed, or out of memory)") from None


def _wait_for_the_end(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # the parent is gone: nobody reads results, and queues could block a regular exit


def _end_with_parent() -> None:
    """Watch the parent, as a killed one cannot tell its workers to stop; leave interrupts to it; show crashes."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None  # this runs in workers only
    Thread(target=_wait_for_the_end, args=(parent.sentinel,), daemon=True).start()


_MOST = 4096  # workers


def processes(workers: int | None) -> int:
    """The number of workers that is asked for, by default that of the cores that this process may use.

    Raises ValueError for less than one, or more than any machine has.
    """
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not 1 <= workers <= _MOST:
        raise ValueError(f"workers must be at least 1 and at most {_MOST}, not {workers}")
    return workers


@contextmanager
def local_workers(workers: int) -> Iterator[Executor]:
    """An executor of spawned processes, which end at once if this process is killed."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        yield pool


_PATIENCE = 20.0  # seconds for a scheduler to answer
_RETRIES = 3  # of a replicate whose worker was lost


@contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """An executor on the Dask cluster at an address such as tcp://host:8786; work of a lost worker is done again.

    The workers need this package, in the version of here. Raises ValueError where dask.distributed is not installed, or
    no scheduler answers at the address.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError:
        raise ValueError("a Dask cluster needs Dask: pip install distributed") from None
    try:
        get_address_host_port(scheduler, strict=True)  # a client of an address without a port does not end cleanly
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {scheduler!r} ({error}); accepted: tcp://HOST:PORT") from None
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it is left to the caller to say that a cluster is gone
    try:
        with client:
            yield client.get_executor(pure=False, retries=_RETRIES)
    finally:
        logger.setLevel(level)
