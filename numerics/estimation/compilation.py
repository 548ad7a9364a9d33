"""Says on stderr that a likelihood is being compiled, when it really is: a kernel found on disk is not announced."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.event import Listener, install_listener

from temperance.numerics.likelihood import kernel


class _Announcer(Listener):
    """Prints a message when Numba begins to compile a kernel; the functions that it calls are compiled inside."""

    def __init__(self, message: str) -> None:
        self._message = message

    def on_start(self, event: Any) -> None:
        """Numba looked on disk before."""
        compiled = event.data["dispatcher"].py_func
        if (compiled.__module__, compiled.__name__) == (kernel.__name__, "kernel"):
            print(self._message, file=sys.stderr, flush=True)

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


@contextmanager
def announced(experts: int) -> Iterator[None]:
    """Announce the compilation of a likelihood for so many experts, if there is one inside."""
    message = f"compiling the likelihood for {experts} expert{'s' * (experts > 1)}, once"
    with install_listener("numba:compile", _Announcer(message)):
        yield
