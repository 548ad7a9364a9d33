"""Shows on stderr how far a command is: a line for every long step that is done, and bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from temperance.terminal.errors import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from temperance.numerics.studies.run import Progress as StudyProgress


class Display:
    """A context: a line for what is being done and a bar for what is counted, on stderr, if that is a terminal."""

    def __init__(self) -> None:
        self._bars = _bars() if sys.stderr.isatty() else None
        self._studies: dict[str, TaskID] = {}

    def __enter__(self) -> Display:
        """Show the bars."""
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()

    @contextmanager
    def doing(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show what is being done while it is done; gives a function of how much is done, and of how much."""
        bars = self._bars
        if bars is None:
            yield lambda done, total: None
            return
        task = bars.add_task(what, total=None, count="")
        try:
            yield lambda done, total: bars.update(
                task, completed=done, total=total, count=f"{done}/{total}", refresh=True
            )
        finally:
            bars.remove_task(task)

    def step(self, line: str) -> None:
        """Say that a long step is done; on a terminal above the bars."""
        if self._bars is None:
            print(one_line(line), file=sys.stderr, flush=True)
        else:
            self._bars.print(one_line(line), markup=False, highlight=False)

    def report(self, name: str, progress: StudyProgress) -> None:
        """Move the bar of a study, which goes when the study is finished."""
        if self._bars is None:
            return
        if name not in self._studies:
            self._studies[name] = self._bars.add_task(name, total=progress.total, count="")
        count, finished = f"{progress.done}/{progress.total}", progress.done == progress.total
        self._bars.update(self._studies[name], completed=progress.done, count=count, visible=not finished)


def _bars() -> Progress:
    from rich.console import Console  # a terminal alone needs them
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    words, count = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[count]}"))
    columns = (SpinnerColumn(), words, BarColumn(), count, TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
