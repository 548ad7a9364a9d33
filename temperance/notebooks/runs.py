"""The notebooks in a folder: found, read, and executed again with parameters of one's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from temperance.notebooks.execution import differences, execute
from temperance.notebooks.parameters import Value, defaults, inject, values
from temperance.terminal.errors import BadInput, refusing


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


def read(path: Path) -> NotebookNode:
    """The notebook in a file. Raises BadInput if it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.validator.NotebookValidationError) as error:
        raise BadInput(f"{str(path)!r} cannot be read as a notebook ({type(error).__name__})") from error


def parameters_of(notebooks: Mapping[Path, NotebookNode], pairs: Sequence[tuple[str, str]]) -> dict[str, Value]:
    """The values of (name, text) pairs for the parameters that some of the notebooks have.

    Raises BadInput for a parameter that none has, or a text that is no value of it.
    """
    accepted: dict[str, Value] = {}
    for path, notebook in notebooks.items():
        try:
            accepted = {**defaults(notebook), **accepted}
        except ValueError as error:
            raise BadInput(f"{str(path)!r}: {error}") from None
    with refusing():
        return values(pairs, accepted)


def missing_library(notebook: NotebookNode) -> str | None:
    """The first library that a notebook imports and that is not installed, such as torch; None if there is none."""
    names = (name for cell in notebook.cells if cell.cell_type == "code" for name in _imported(cell.source))
    return next((name for name in names if find_spec(name) is None), None)


def _imported(source: str) -> Iterator[str]:
    """The libraries that a cell imports; none where it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def run_again(shown: NotebookNode, given: Mapping[str, Value]) -> tuple[NotebookNode | None, list[str]]:
    """A notebook executed with the given ones of its parameters, and in what it differs from what is shown.

    None, and what went wrong, where a cell raises an exception.
    """
    own = {name: value for name, value in given.items() if name in defaults(shown)}
    try:
        made = execute(inject(shown, own))
    except CellExecutionError as error:
        return None, [f"{error.ename}: {error.evalue}"]
    return made, differences(shown, made)
