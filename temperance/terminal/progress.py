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


class Display(Progress):
    """A context: a line for what is being done and a bar for every study, on stderr; silent without a terminal."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            _Count(),
            TimeRemainingColumn(),
        )
        silent = not sys.stderr.isatty()
        super().__init__(*columns, console=Console(stderr=True, quiet=silent), transient=True, disable=silent)
        self._studies: dict[str, TaskID] = {}

    @contextmanager
    def doing(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show what is being done while it is done; gives a function of how much is done, and of how much."""
        task = self.add_task(what, total=None)
        try:
            yield lambda done, total: self.update(task, completed=done, total=total, refresh=True)
        finally:
            self.remove_task(task)

    def report(self, name: str, progress: StudyProgress) -> None:
        """Move the bar of a study, which goes when the study is finished."""
        if name not in self._studies:
            self._studies[name] = self.add_task(name, total=progress.total)
        finished = progress.done == progress.total
        self.update(self._studies[name], completed=progress.done, visible=not finished)
