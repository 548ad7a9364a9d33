"""Holds BLAS to one thread: splitting a sum among threads changes its last bits, and results must not depend on it.

Example: ``with one_blas_thread(): np.linalg.lstsq(a, b)`` gives the same bits whatever OPENBLAS_NUM_THREADS is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController


class _OneThread:
    """Counts who is inside: the number of threads belongs to the process, and is restored by the last to leave."""

    def __init__(self) -> None:
        self._controller = ThreadpoolController()  # looks through the libraries of the process, once
        self._lock, self._inside = Lock(), 0
        self._limit: AbstractContextManager[object]

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = self._controller.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.__exit__(None, None, None)


@cache
def _one_thread() -> _OneThread:
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which must be there to be found

    return _OneThread()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS runs on one thread inside, in every thread of this process."""
    inside = _one_thread()
    inside.enter()
    try:
        yield
    finally:
        inside.leave()
