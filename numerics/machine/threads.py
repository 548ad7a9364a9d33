"""Holds BLAS to one thread: splitting a sum among threads changes its last bits, and results must not depend on it.

Example: ``with one_blas_thread(): np.linalg.lstsq(a, b)`` gives the same bits whatever OPENBLAS_NUM_THREADS is.
"""

from __future__ import annotations

from contextlib import ContextDecorator
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
