"""Sets parameters of notebooks: literals in the cell tagged `parameters`, overridden as papermill does.

Example: ``inject(notebook, {"activation": "silu"})`` puts a cell with activation = 'silu' behind the defaults.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from nbformat import NotebookNode

from temperance.notebooks.execution import INJECTED, PARAMETERS, build, cells_of, kind_of

Value = str | int | float | bool

_LITERALS: dict[type, tuple[str, Callable[[str], Value]]] = {
    str: ("a text", str),
    bool: ("True or False", lambda text: {"true": True, "false": False}[text.lower()]),
    int: ("an integer", int),
    float: ("a number", float),
}
"""By the type of the default: what is taken, and how it is read."""


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
        what, read = _LITERALS[type(accepted[name])]
        try:
            found[name] = read(text)
        except (KeyError, ValueError):
            raise ValueError(f"the parameter {name!r} takes {what}, not {text!r}") from None
    return found


def inject(notebook: NotebookNode, given: Mapping[str, Value]) -> NotebookNode:
    """A copy without outputs in which a cell with the given values follows the cell of the defaults.

    Values injected before are replaced; without any given, they stay.
    """
    if not given:
        return build(cells_of(notebook))
    cells = [cell for cell in cells_of(notebook) if cell[0] != INJECTED]
    place = next(i for i, (kind, _) in enumerate(cells) if kind == PARAMETERS)
    source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in given.items())])
    cells.insert(place + 1, (INJECTED, source))
    return build(cells)
