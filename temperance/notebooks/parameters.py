"""Sets parameters of notebooks: literals in the cell tagged `parameters`, overridden as papermill does.

Example: ``inject(notebook, {"activation": "silu"})`` puts a cell with activation = 'silu' behind the defaults.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from nbformat import NotebookNode

from temperance.notebooks.execution import INJECTED, PARAMETERS, build, cells_of, kind_of
from temperance.theory.activations.activation import activation

Value = str | int | float | bool


def _check_activation(text: str) -> None:
    found = activation(text)
    if found.parameters:
        names = ", ".join(p.name for p in found.parameters)
        raise ValueError(f"{text!r} has free parameters ({names}): numbers are needed in their place")


_CHECKS: dict[str, Callable[[str], object]] = {"activation": _check_activation}
"""What a text must be, by the name of the parameter; a check raises ValueError."""

_LITERALS: dict[type, tuple[str, Callable[[str], bool | int | float]]] = {
    bool: ("True or False", lambda text: {"true": True, "false": False}[text.lower()]),
    int: ("an integer", int),
    float: ("a number", float),
}
"""By the type of the default: what is taken, and how it is read."""


def defaults(notebook: NotebookNode) -> dict[str, Value]:
    """The parameters of a notebook and their default values; none where no cell is tagged.

    Raises ValueError if the tagged cell is no Python.
    """
    found: dict[str, Value] = {}
    source = "\n".join(cell.source for cell in notebook.cells if kind_of(cell) == PARAMETERS)
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ValueError(f"the cell tagged {PARAMETERS} is no Python ({error.msg})") from None
    for statement in statements:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Constant(str() | bool() | int() | float() as value)):
                found[name] = value
    return found


def values(pairs: Sequence[tuple[str, str]], accepted: Mapping[str, Value]) -> dict[str, Value]:
    """The values of (name, text) pairs, each read as what its default is.

    Raises ValueError for a name that is not accepted or given twice, or a text that is no such value.
    """
    found: dict[str, Value] = {}
    for name, text in pairs:
        if name not in accepted:
            listed = ", ".join(accepted) or "none"
            raise ValueError(f"unknown parameter {name!r}; accepted: {listed}")
        if name in found:
            raise ValueError(f"the parameter {name!r} is given twice; accepted: once")
        found[name] = _value(name, text, accepted[name])
    return found


def _value(name: str, text: str, default: Value) -> Value:
    """The literal that a text is, of the kind of the default."""
    if isinstance(default, str):
        try:
            _CHECKS.get(name, str)(text)
        except ValueError as error:
            raise ValueError(f"the parameter {name!r}: {error}") from None
        return text
    what, read = _LITERALS[type(default)]
    with suppress(KeyError, ValueError):
        if math.isfinite(found := read(text)):
            return found
    raise ValueError(f"the parameter {name!r} takes {what}, not {text!r}")


def inject(notebook: NotebookNode, given: Mapping[str, Value]) -> NotebookNode:
    """A copy without outputs in which a cell with the given values follows the cell of the defaults.

    Values injected before are replaced; without any given, they stay. Raises ValueError if there is no cell of
    defaults.
    """
    if not given:
        return build(cells_of(notebook))
    cells = [cell for cell in cells_of(notebook) if cell[0] != INJECTED]
    places = [i for i, (kind, _) in enumerate(cells) if kind == PARAMETERS]
    if not places:
        raise ValueError(f"the notebook has no parameters: no cell is tagged {PARAMETERS}")
    source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in given.items())])
    cells.insert(places[0] + 1, (INJECTED, source))
    return build(cells)
