"""Shows progress on stderr if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from temperance.numerics.studies.run import Progress as StudyProgress


class _Count(MofNCompleteColumn):
    """How much is done of what is counted; nothing where nothing is."""

    def render(self, task: Task) -> Text:
        """The text of the column."""
        return Text() if task.total is None else super().render(task)


class Display:
    """A line for what is being done and a bar for every study; silent without a terminal. Made by `display`."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._studies: dict[str, TaskID] = {}

    @contextmanager
    def doing(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show what is being done while it is done; gives a function of how much is done, and of how much."""
        if self._bar is None:
            yield lambda done, total: None
            return
        bar, task = self._bar, self._bar.add_task(what, total=None)
        try:
            yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True)
        finally:
            bar.remove_task(task)

    def report(self, name: str, progress: StudyProgress) -> None:
        """Move the bar of a study, which goes when the study is finished."""
        if self._bar is None:
            return
        if name not in self._studies:
            self._studies[name] = self._bar.add_task(name, total=progress.total)
        finished = progress.done == progress.total
        self._bar.update(self._studies[name], completed=progress.done, visible=not finished)


@contextmanager
def display() -> Iterator[Display]:
    """A display on stderr."""
    if not sys.stderr.isatty():
        yield Display(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Count(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Display(bar)
