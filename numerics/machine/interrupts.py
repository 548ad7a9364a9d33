"""Handles Ctrl-C where an exception would be lost: in a callback from C, or before anything knows what has begun."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
