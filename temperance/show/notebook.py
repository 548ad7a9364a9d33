"""Builds notebooks of cells (kind, source), and executes them. Metadata is fixed: no paths, no versions, no timings."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode

from temperance.numerics.mixture.threads import interrupts_noted
from temperance.show.output import BadInput

if TYPE_CHECKING:
    from nbclient import NotebookClient

Cell = tuple[str, str]  # ("markdown" | "code", source)

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_NOTICE = r"(compiling the likelihood for .*, once|(?:row|claim) \d+ of \d+: .*)\n"
_TIMEOUT = 300  # seconds for one cell


def build(cells: Iterable[Cell]) -> NotebookNode:
    """An unexecuted notebook; the ids of its cells are their numbers."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    numbered = [make[kind](source, id=f"cell-{i}") for i, (kind, source) in enumerate(cells)]
    return nbformat.v4.new_notebook(cells=numbered, metadata=deepcopy(_METADATA))


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
