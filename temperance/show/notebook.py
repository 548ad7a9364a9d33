"""Builds notebooks, executes them, and compares them with a new execution.

A cell is a pair (kind, source); cells of the kinds in `TAGS` are code with that tag. Metadata is fixed: no paths, no
versions, no timings.

`run_again` executes a notebook with parameters of one's own. Parameters are literals in the cell tagged
`parameters`, overridden as papermill does: ``inject(notebook, {"activation": "silu"})`` puts a cell with activation =
'silu' behind the defaults.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode

from temperance.numerics.mixture.threads import interrupts_noted
from temperance.show.output import BadInput

if TYPE_CHECKING:
    from nbclient import NotebookClient

Cell = tuple[str, str]  # ("markdown" | "code" | one of TAGS, source)

PARAMETERS, INJECTED = "parameters", "injected-parameters"
TAGS = (PARAMETERS, INJECTED)
"""The defaults of a notebook's parameters; values given in their place, as papermill tags them."""

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_NOTICE = r"(compiling the .*, once.*|(?:row|claim) \d+ of \d+: .*)\n"
_TIMEOUT = 300  # seconds for one cell
_LARGEST_PIXEL_ERROR = 0.01  # mean over the picture, of 1: fonts and rounding differ a little between machines


def build(cells: Iterable[Cell]) -> NotebookNode:
    """An unexecuted notebook; the ids of its cells are their numbers."""
    numbered = [new_cell(kind, source, f"cell-{i}") for i, (kind, source) in enumerate(cells)]
    return nbformat.v4.new_notebook(cells=numbered, metadata=deepcopy(_METADATA))


def new_cell(kind: str, source: str, name: str) -> NotebookNode:
    """A cell of a kind, with name as its id."""
    if kind == "markdown":
        return nbformat.v4.new_markdown_cell(source, id=name)
    return nbformat.v4.new_code_cell(source, id=name, metadata={"tags": [kind]} if kind in TAGS else {})


def kind_of(cell: NotebookNode) -> str:
    """The kind of a cell: markdown, code, or its tag among `TAGS`."""
    if cell.cell_type != "code":
        return str(cell.cell_type)
    return next((tag for tag in cell.metadata.get("tags", ()) if tag in TAGS), "code")


def require_kernel() -> None:
    """Raise BadInput where the extra `notebooks` is not installed."""
    if missing := [name for name in ("nbclient", "ipykernel") if find_spec(name) is None]:
        raise BadInput(f"notebooks run with {' and '.join(missing)}: pip install 'temperance[notebooks]'")


def execute(notebook: NotebookNode, folder: Path | None = None) -> NotebookNode:
    """A copy of the notebook with the outputs of a fresh kernel.

    folder: where the kernel works, by default here. Raises CellExecutionError if a cell fails, BadInput where the extra
    `notebooks` is not installed.
    """
    require_kernel()
    from nbclient import NotebookClient

    fresh = deepcopy(notebook)
    # the kernel itself warns while it starts, in Python and in its log
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    quiet = ["--IPKernelApp.log_level=ERROR"]
    place = {} if folder is None else {"resources": {"metadata": {"path": str(folder)}}}
    client = NotebookClient(
        fresh, timeout=_TIMEOUT, kernel_name="python3", record_timing=False, extra_arguments=quiet, **place
    )
    environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    _run(client, environment)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = _join_streams(cell.outputs)
    fresh.metadata = nbformat.from_dict(deepcopy(_METADATA))
    return fresh


def _run(client: NotebookClient, environment: dict[str, str]) -> None:
    """Execute in a thread, where nbclient leaves Ctrl-C to us; the kernel ends with an interrupt, whenever it comes."""
    with interrupts_noted() as interrupts, ThreadPoolExecutor(1) as thread:
        done = thread.submit(lambda: asyncio.run(_execute(client, environment)))
        while not done.done():
            wait([done], timeout=0.1)
            process = getattr(getattr(client.km, "provisioner", None), "process", None)
            if interrupts and process is not None:
                process.kill()
    done.result()


async def _execute(client: NotebookClient, environment: dict[str, str]) -> None:
    """Start the kernel before nbclient would: it leaves a cleaning behind at exit, which fails after a failed start."""
    client.create_kernel_manager()
    await client.async_start_new_kernel(env=environment)
    await client.async_start_new_kernel_client()
    await client.async_execute()


def _join_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Outputs with the neighbouring parts of one stream as one: where the kernel cuts them is chance.

    Without the notice that a likelihood is compiled, which depends on what is on disk, and without rows of the atlas
    and claims that are shown while others are computed.
    """
    joined: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output.text = re.sub(_NOTICE, "", output.text)
            if not output.text:
                continue
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def text(notebook: NotebookNode) -> str:
    """The notebook as the content of a file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def differences(first: NotebookNode, second: NotebookNode) -> list[str]:
    """The cells in which two executions of a notebook differ; text must be equal, pictures nearly.

    Injected parameters are left out of both.
    """
    ours, theirs = ([c for c in notebook.cells if kind_of(c) != INJECTED] for notebook in (first, second))
    if [c.source for c in ours] != [c.source for c in theirs]:
        return ["the cells are not the same"]
    pairs = enumerate(zip(ours, theirs, strict=True))
    return [f"cell {i}: {p.source.splitlines()[0]}" for i, (p, q) in pairs if not _same_outputs(p, q)]


def _same_outputs(cell: NotebookNode, other: NotebookNode) -> bool:
    ours, theirs = _results(cell), _results(other)
    return [kind for kind, _ in ours] == [kind for kind, _ in theirs] and all(
        value == other_value or (kind == "image/png" and _same_picture(value, other_value))
        for (kind, value), (_, other_value) in zip(ours, theirs, strict=True)
    )


def _results(cell: NotebookNode) -> list[tuple[str, Any]]:
    """The outputs of a cell as (mime type or stream, value)."""
    results: list[tuple[str, Any]] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            results.append((output.name, output.text))
        else:
            results += sorted(output.get("data", {}).items())
    return results


def _same_picture(picture: str, other: str) -> bool:
    from matplotlib import image

    ours, theirs = (image.imread(io.BytesIO(base64.b64decode(data)), format="png") for data in (picture, other))
    return ours.shape == theirs.shape and float(abs(ours - theirs).mean()) <= _LARGEST_PIXEL_ERROR


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
    path = (
        Path(place) if place is not None else Path(__file__).parent / "notebooks"
    )  # in a checkout a link to notebooks/
    paths = [path] if path.suffix == ".ipynb" and path.is_file() else sorted(path.glob("*.ipynb"))
    if not paths:
        raise BadInput(f"no notebook in {str(path)!r}; accepted: a folder with .ipynb files, or one of them")
    return paths


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
    values_of: dict[str, Value] = {}
    source = "\n".join(cell.source for cell in notebook.cells if kind_of(cell) == PARAMETERS)
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Constant(str() | bool() | int() | float() as value)):
                values_of[name] = value
    return values_of


def values(pairs: Sequence[tuple[str, str]], accepted: Mapping[str, Value]) -> dict[str, Value]:
    """The values of (name, text) pairs, each read as what its default is; the last of a name counts.

    Raises ValueError for a name that is not accepted, or a text that is no such value.
    """
    values_of: dict[str, Value] = {}
    for name, text in pairs:
        if name not in accepted:
            raise ValueError(f"unknown parameter {name!r}; accepted: {', '.join(accepted) or 'none'}")
        what, value = _LITERALS[type(accepted[name])]
        try:
            values_of[name] = value(text)
        except (KeyError, ValueError):
            raise ValueError(f"the parameter {name!r} takes {what}, not {text!r}") from None
    return values_of


def inject(notebook: NotebookNode, values_of: Mapping[str, Value]) -> NotebookNode:
    """A copy in which a cell with the given values follows the cell of the defaults.

    Values injected before are replaced; without any given, they stay.
    """
    copy = deepcopy(notebook)
    if values_of:
        copy.cells = [cell for cell in copy.cells if kind_of(cell) != INJECTED]
        place = next(i for i, cell in enumerate(copy.cells) if kind_of(cell) == PARAMETERS)
        source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values_of.items())])
        copy.cells.insert(place + 1, new_cell(INJECTED, source, INJECTED))
    return copy


def run_again(stored: NotebookNode, own: Mapping[str, Value]) -> tuple[NotebookNode | None, str, bool]:
    """A notebook executed with values of its parameters (None: a cell failed), in words, and whether it is as shown.

    A notebook that imports what is not installed, such as torch, is skipped.
    """
    from nbclient.exceptions import CellExecutionError

    try:
        executed = execute(inject(stored, own))
    except CellExecutionError as error:
        missing = error.ename == "ModuleNotFoundError"
        return None, f"{'skipped' if missing else error.ename}: {error.evalue}", missing
    if own:
        return executed, "other parameters, as asked", True
    different = differences(stored, executed)
    return executed, f"not the same: {'; '.join(different)}" if different else "same", not different
