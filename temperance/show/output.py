"""Prints on the screen, writes files, shows on stderr how far a command is, and refuses bad input in one line."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console

from temperance.theory.expressions.arguments import shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from temperance.numerics.studies.run import Progress as StudyProgress


_PATIENCE = 10.0  # seconds that a step is silent where stderr is no terminal


class BadInput(ValueError):
    """What the user gave cannot be used; the message says what is wrong and what is accepted."""


@contextmanager
def resumable(store: str | None) -> Iterator[None]:
    """Where what is inside is stopped, say where its finished replicates are, or how to keep them."""
    resume = f"finished replicates are in {store}: run the same command again"
    where = "with --store FILE.sqlite finished replicates would be kept" if store is None else resume
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {where}") from None
    except (RuntimeError, MemoryError) as error:
        from temperance.numerics.studies.workers import WorkersLost

        if isinstance(error, RuntimeError) and not isinstance(error, WorkersLost):
            raise
        raise BadInput(f"{'out of memory' if isinstance(error, MemoryError) else error}; {where}") from None


def one_line(text: str) -> str:
    """The text on one line, with every character that does not print escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.splitlines()))


def to_json(value: Any) -> str:
    """Strict JSON, in the order of the keys; a number that is not finite is an error."""
    return json.dumps(value, indent=2, allow_nan=False)


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        """Let the command line tell that the reader left, where rich would end it with 1."""
        raise BrokenPipeError


def console(*, wrapped: bool = False, file: IO[str] | None = None) -> Console:
    """A console on stdout, with colours on a terminal only and none under NO_COLOR; wrapped here or by the terminal.

    file: what to print to instead, as wide.
    """
    terminal = file is None and sys.stdout.isatty()
    coloured = terminal and not os.environ.get("NO_COLOR")
    return _Screen(
        file=file,
        width=None if file is None else console().width,
        force_jupyter=None if file is None else False,  # or rich would show the lines in a notebook instead
        force_terminal=terminal,
        color_system="auto" if coloured else None,
        soft_wrap=not wrapped,
        markup=False,
        highlight=False,
        emoji=False,
    )


def write_file(path: str, content: str) -> None:
    """Write a file whole or not at all: to a temporary file beside it, renamed.

    Raises:
        BadInput: it cannot be written there.
    """
    target = check_writable(path)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with part.open("x", encoding="utf-8") as file:
            file.write(content)
        part.replace(target)
    except OSError as error:
        raise BadInput(f"cannot write {path!r}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def check_writable(path: str, endings: Iterable[str] = ()) -> Path:
    """The file that a path means (links followed), if one can be written there.

    Raises:
        BadInput: the ending is none of those accepted (if any are given), the folder is missing or closed to us, or
            something else than a file stands there.
    """
    if not isinstance(path, str | os.PathLike):
        raise BadInput(f"{shown(path)} is no name of a file; accepted: a text")
    if endings and PurePath(path).suffix not in endings:
        raise BadInput(f"cannot write {path!r}: unknown ending; accepted: {', '.join(endings)}")
    try:
        target = Path(path).resolve()
        usable = target.is_file() or not target.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"cannot write {path!r}: {error}") from error
    if not usable:
        raise BadInput(f"cannot write {path!r}: it is not a file; accepted: a new or an ordinary file")
    if not takes_files(target.parent):
        accepted = "a file in an existing folder of yours"
        raise BadInput(f"cannot write {path!r}: there is no such folder, or it is read-only; accepted: {accepted}")
    return target


def takes_files(folder: Path) -> bool:
    """Whether a file can be made in a folder; tries it, as rights do not say that a file system is read-only."""
    try:
        TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


class Display:
    """A context: a line for what is being done and a bar for what is counted, on stderr, if that is a terminal.

    Elsewhere it is silent for ten seconds at most, but for a step that has had its line.
    """

    def __init__(self) -> None:
        self._bars = _bars() if sys.stderr.isatty() else None
        self._studies: dict[str, TaskID] = {}
        self._silent_since = time.monotonic()

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
            left = max(0.0, self._silent_since + _PATIENCE - time.monotonic())
            timer = threading.Timer(left, self.step, [f"{what} .."])
            timer.daemon = True
            if sys.stderr is sys.__stderr__:  # a notebook shows its own sign of work, and keeps what is printed
                timer.start()
            try:
                yield lambda done, total: None
            finally:
                timer.cancel()
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
            self._silent_since = time.monotonic()
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


@contextmanager
def doing(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show what is being done while it is done; gives a function of how much is done, and of how much."""
    with Display() as display, display.doing(what) as progress:
        yield progress


def _bars() -> Progress:
    from rich.console import Console  # a terminal alone needs them
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    words, count = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[count]}"))
    columns = (SpinnerColumn(), words, BarColumn(), count, TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
