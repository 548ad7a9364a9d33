"""Finds the notebooks of a folder, and executes them again with parameters of one's own.

Parameters are literals in the cell tagged `parameters`, overridden as papermill does: ``inject(notebook,
{"activation": "silu"})`` puts a cell with activation = 'silu' behind the defaults.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from temperance.notebooks.execution import INJECTED, PARAMETERS, differences, execute, kind_of, new_cell
from temperance.terminal.errors import BadInput

Value = str | int | float | bool

_LITERALS: dict[type, tuple[str, Callable[[str], Value]]] = {
    str: ("a text", str),
    bool: ("True or False", lambda text: {"true": True, "false": False}[text.lower()]),
    int: ("an integer", int),
    float: ("a number", float),
}
"""By the type of the default: what is taken, and how it is read."""


def notebook_files(place: str | None = None) -> list[Path]:
    """The notebooks in a folder, or the one that a file is; by default those that come with temperance.

    Raises BadInput if there are none.
    """
    path = Path(place) if place is not None else Path(__file__).parent / "shown"  # in a checkout a link to notebooks/
    found = [path] if path.suffix == ".ipynb" and path.is_file() else sorted(path.glob("*.ipynb"))
    if not found:
        raise BadInput(f"no notebook in {str(path)!r}; accepted: a folder with .ipynb files, or one of them")
    return found


def read(path: Path) -> tuple[NotebookNode, Mapping[str, Value]]:
    """The notebook in a file, and the defaults of its parameters. Raises BadInput if it is none."""
    try:
        notebook = nbformat.read(path, as_version=4)
        return notebook, defaults(notebook)
    except (OSError, ValueError, SyntaxError, nbformat.validator.NotebookValidationError) as error:
        raise BadInput(f"{str(path)!r} cannot be read as a notebook ({type(error).__name__})") from error


def defaults(notebook: NotebookNode) -> dict[str, Value]:
    """The parameters of a notebook and their default values; none where no cell is tagged.

    Raises SyntaxError if the tagged cell is no Python.
    """
    found: dict[str, Value] = {}
    source = "\n".join(cell.source for cell in notebook.cells if kind_of(cell) == PARAMETERS)
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Constant(str() | bool() | int() | float() as value)):
                found[name] = value
    return found


def values(pairs: Sequence[tuple[str, str]], accepted: Mapping[str, Value]) -> dict[str, Value]:
    """The values of (name, text) pairs, each read as what its default is; the last of a name counts.

    Raises ValueError for a name that is not accepted, or a text that is no such value.
    """
    found: dict[str, Value] = {}
    for name, text in pairs:
        if name not in accepted:
            raise ValueError(f"unknown parameter {name!r}; accepted: {', '.join(accepted) or 'none'}")
        what, value = _LITERALS[type(accepted[name])]
        try:
            found[name] = value(text)
        except (KeyError, ValueError):
            raise ValueError(f"the parameter {name!r} takes {what}, not {text!r}") from None
    return found


def inject(notebook: NotebookNode, given: Mapping[str, Value]) -> NotebookNode:
    """A copy in which a cell with the given values follows the cell of the defaults.

    Values injected before are replaced; without any given, they stay.
    """
    made = deepcopy(notebook)
    if given:
        made.cells = [cell for cell in made.cells if kind_of(cell) != INJECTED]
        place = next(i for i, cell in enumerate(made.cells) if kind_of(cell) == PARAMETERS)
        source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in given.items())])
        made.cells.insert(place + 1, new_cell(INJECTED, source, INJECTED))
    return made


def run_again(shown: NotebookNode, own: Mapping[str, Value]) -> tuple[NotebookNode | None, str, bool]:
    """A notebook executed with values of its parameters (None: a cell failed), in words, and whether it is as shown.

    A notebook that imports what is not installed, such as torch, is skipped.
    """
    try:
        made = execute(inject(shown, own))
    except CellExecutionError as error:
        missing = error.ename == "ModuleNotFoundError"
        return None, f"{'skipped' if missing else error.ename}: {error.evalue}", missing
    if own:
        return made, "other parameters, as asked", True
    different = differences(shown, made)
    return made, f"not the same: {'; '.join(different)}" if different else "same", not different
