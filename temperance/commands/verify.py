"""`temperance verify`: runs the claims and prints their outcomes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from temperance.terminal.errors import BadInput, one_line, refusing, resumable
from temperance.terminal.options import Json, Whole
from temperance.terminal.output import check_writable, console, to_json
from temperance.terminal.progress import display

PUBLISHED = "../shared/published"


def verify(
    *claims: str,
    store: str | None = None,
    workers: Whole | None = None,
    scheduler: str | None = None,
    published: str | None = None,
    output: Annotated[str | None, Parameter(name=["--output", "-o"])] = None,
    json: Json = False,
) -> int:
    """Run claims of the theory, each by its proof and by measurement, and say which stand.

    Exit status 1 if a claim is contradicted or a leg that it requires crashed.

    Parameters
    ----------
    claims
        C1, C2, ...; all for none.
    store
        An SQLite file that keeps every finished replicate, so that a verification that was stopped goes on.
    workers
        Processes for the studies; as many as there are cores by default.
    scheduler
        Address of a Dask cluster, in place of local processes.
    published
        Folder of the published estimates whose losses are recomputed, ../shared/published by default; not checked
        where claims are named and no folder is.
    output
        Write the report to this .json or .html file; an .html file is a page with plots and certificates.
    """
    from temperance.claims.verify import chosen, verify_claims
    from temperance.commands.verify_summary import show
    from temperance.evidence.study_runner import cores, open_runs
    from temperance.pages.pages import REPORTS, write_report

    with refusing():
        chosen(claims)
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
    if output is not None:
        check_writable(output, endings=REPORTS)
    folder = _published(published, named=bool(claims))
    processes = cores() if workers is None else workers
    with resumable(store), display() as shown, refusing():
        runs = open_runs(workers=processes, scheduler=scheduler, store=store, report=shown.report)
        with runs as opened:
            report = verify_claims(claims, folder, shown.doing, runs=opened)
    if output is not None:
        write_report(report, output)
    if json:
        print(to_json(report.record()))
    else:
        show(report, console())
    for remark in report.remarks:
        print(one_line(remark), file=sys.stderr)
    return int(report.refuted)


def _published(folder: str | None, *, named: bool) -> str | None:
    """The folder of published estimates, if it is to be checked; says so where it is skipped."""
    if folder is not None:
        if not Path(folder).is_dir():
            raise BadInput(f"--published takes the folder of the published estimates; there is none at {folder!r}")
        return folder
    if named:
        return None
    if Path(PUBLISHED).is_dir():
        return PUBLISHED
    print(f"published: skipped, there is no folder {PUBLISHED!r}; name one with --published", file=sys.stderr)
    return None
