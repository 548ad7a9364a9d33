"""Holds what belongs to the process in check: the threads of BLAS, and Ctrl-C where an exception would be lost.

Splitting a sum among threads changes its last bits, and results must not depend on it. An interrupt is lost in a
callback from C, or before anything knows what has begun.

Example: ``with one_blas_thread(): np.linalg.lstsq(a, b)`` gives the same bits whatever OPENBLAS_NUM_THREADS is.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    """It looks through the libraries of the process, once."""
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which must be there to be found

    return ThreadpoolController()


class _OneThread(ContextDecorator):
    """Counts who is inside: the number of threads belongs to the process, and is restored by the last to leave."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


@cache
def one_blas_thread() -> _OneThread:
    """BLAS runs on one thread inside, in every thread of this process."""
    return _OneThread()


@contextmanager
def interrupts_noted() -> Iterator[list[int]]:
    """Ctrl-C fills a list, and KeyboardInterrupt is raised at the end of the block.

    Only in the main thread, and where Python's own handler would raise it; elsewhere the list stays empty.
    """
    noted: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield noted
        return
    signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
    if noted:
        raise KeyboardInterrupt
