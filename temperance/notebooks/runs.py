"""The notebooks in a folder: found, read, and executed again with parameters of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from temperance.notebooks.execution import differences, execute
from temperance.notebooks.parameters import Value, defaults, inject, values
from temperance.terminal.errors import BadInput


@dataclass(frozen=True)
class Shown:
    """A notebook as it is shown, with its parameters and their defaults."""

    notebook: NotebookNode
    defaults: Mapping[str, Value]


@dataclass(frozen=True)
class Rerun:
    """A notebook executed again (None: a cell failed), in words, and whether it is as it should be."""

    made: NotebookNode | None
    words: str
    good: bool


def notebook_files(place: str | None = None) -> list[Path]:
    """The notebooks in a folder, or the one that a file is; by default those that come with temperance.

    Raises BadInput if there are none.
    """
    here = Path(__file__).parent
    installed, checkout = here / "shown", here.parents[1] / "notebooks"  # see package-dir in pyproject.toml
    path = Path(place) if place is not None else installed if installed.is_dir() else checkout
    found = [path] if path.suffix == ".ipynb" and path.is_file() else sorted(path.glob("*.ipynb"))
    if not found:
        raise BadInput(f"no notebook in {str(path)!r}; accepted: a folder with .ipynb files, or one of them")
    return found


def read(path: Path) -> Shown:
    """The notebook in a file. Raises BadInput if it is none."""
    try:
        notebook = nbformat.read(path, as_version=4)
        return Shown(notebook, defaults(notebook))
    except (OSError, ValueError, SyntaxError, nbformat.validator.NotebookValidationError) as error:
        raise BadInput(f"{str(path)!r} cannot be read as a notebook ({type(error).__name__})") from error


def parameters_of(notebooks: Iterable[Shown], pairs: Sequence[tuple[str, str]]) -> dict[str, Value]:
    """The values of (name, text) pairs for the parameters that some of the notebooks have.

    Raises BadInput for a parameter that none has, or a text that is no value of it.
    """
    accepted = {name: value for shown in notebooks for name, value in shown.defaults.items()}
    return values(pairs, accepted)


def run_again(shown: Shown, given: Mapping[str, Value]) -> Rerun:
    """A notebook executed with the given ones of its parameters, and compared with what it shows.

    A notebook that imports what is not installed, such as torch, is skipped.
    """
    own = {name: value for name, value in given.items() if name in shown.defaults}
    try:
        made = execute(inject(shown.notebook, own))
    except CellExecutionError as error:
        missing = error.ename == "ModuleNotFoundError"
        return Rerun(None, f"{'skipped' if missing else error.ename}: {error.evalue}", good=missing)
    if own:
        return Rerun(made, "other parameters, as asked", good=True)
    different = differences(shown.notebook, made)
    return Rerun(made, f"not the same: {'; '.join(different)}" if different else "same", good=not different)
