"""`temperance notebooks`: runs them again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from temperance.commands.app import commands, epilogue
from temperance.show.output import BadInput, doing, one_line, write_file

notebooks = App(name="notebooks", help="Run the notebooks again.")

Given = Annotated[tuple[tuple[str, str], ...], Parameter(name=["--parameter", "-p"], show_default=False)]
"""The option -p NAME VALUE, which may be given several times."""


@notebooks.default
def _no_notebook_command(*given: Annotated[str, Parameter(show=False)]) -> int:
    what = f"unknown command {given[0]!r} of notebooks" if given else "notebooks needs a command"
    raise BadInput(f"{what}; accepted: {commands(notebooks)}")


@notebooks.command(name="run", help_epilogue=epilogue("notebooks run"))
def run_notebooks(
    place: str | None = None,
    *,
    parameter: Given = (),
    output: Annotated[str | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Execute notebooks again, and say "same" of each; exit with 1 if a result is not the one shown.

    With parameters of one's own, results are others ("other parameters, as asked"), and the status is 1 only if a cell
    fails.

    Parameters
    ----------
    place
        A folder of notebooks, or one of them; by default those that come with temperance.
    parameter
        A value for a parameter, in place of the one in the cell tagged "parameters": -p activation silu. Only notebooks
        that have one of the parameters given are run.
    output
        A folder in which the executed notebooks are written; it is made if there is none.
    """
    from temperance.show.notebook import notebook_files, read, run_again, text, values

    notebooks_by_path = {path: read(path) for path in notebook_files(place)}
    chosen = values(
        parameter, {name: value for _, defaults in notebooks_by_path.values() for name, value in defaults.items()}
    )
    folder = None if output is None else _folder(output)
    status = 0
    for path, (stored, defaults) in notebooks_by_path.items():
        own = {name: value for name, value in chosen.items() if name in defaults}
        if chosen and not own:
            continue
        with doing(path.name):
            executed, words, good = run_again(stored, own)
        print(one_line(f"{path.name}: {words}"))
        if executed is not None and folder is not None:
            write_file(str(folder / path.name), text(executed))
        status = status or int(not good)
    return status


def _folder(output: str) -> Path:
    """The folder of this name, made if there is none."""
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"the folder {output!r} cannot be made: {error.strerror}; accepted: a folder") from error
    return folder
