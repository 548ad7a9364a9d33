"""`temperance notebooks build` and `temperance notebooks run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from temperance.errors import BadInput, commands
from temperance.report import write_file

notebooks = App(name="notebooks", help="Build the notebooks from the library's own results, or run them again.")


@notebooks.default
def _no_notebook_command(*given: Annotated[str, Parameter(show=False)]) -> int:
    what = f"unknown command {given[0]!r} of notebooks" if given else "notebooks needs a command"
    raise BadInput(f"{what}; accepted: {commands(notebooks)}")


@notebooks.command
def build(folder: str = "notebooks") -> int:
    """Build and execute every notebook.

    Parameters
    ----------
    folder
        Where they are written.
    """
    from temperance.gallery import build_all

    if not Path(folder).is_dir():
        raise BadInput(f"there is no folder {folder!r}; accepted: an existing one")
    for name, content in build_all():
        write_file(str(Path(folder) / name), content)
        print(name)
    return 0


@notebooks.command(name="run")
def run_notebooks(folder: str = "notebooks") -> int:
    """Execute every notebook of a folder again; exit with 1 if a result is not the one it shows.

    Parameters
    ----------
    folder
        Where they are.
    """
    from temperance.gallery import changed, notebook_files

    status = 0
    for path in notebook_files(folder):
        found = changed(path)
        print(f"{path.name}: {'the same results' if not found else '; '.join(found)}")
        status = status or int(bool(found))
    return status
