"""Makes a command of a function of `temperance.answers`: the same options, and --json and -o."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from temperance.interop.callables import Source
from temperance.pages.answer import Answer
from temperance.terminal.errors import one_line
from temperance.terminal.options import FileOr, Json, Output
from temperance.terminal.output import check_writable, console, to_json

_SHELL: Mapping[Any, Any] = {FileOr: str | None, Source: str}
"""What of an option's type can be typed."""


def command(function: Callable[..., Answer], help_text: str | None = None) -> Callable[..., int]:
    """The command of a function: it prints the answer, as a table or JSON, and returns the exit status.

    function: its parameters are the options; its result type knows which files -o writes.
    help_text: a docstring that describes the options; that of the function by default.
    """
    signature = inspect.signature(function, eval_str=True)
    kind: type[Answer] = signature.return_annotation

    def run(*arguments: Any, json: bool = False, output: str | None = None, **options: Any) -> int:
        if output is not None:
            check_writable(output, endings=kind.writers)
        found = function(*arguments, **options)
        if output is not None:
            found.write(output)
        for remark in found.remarks:
            print(one_line(remark), file=sys.stderr)
        if json:
            print(to_json(found.to_json()))
        else:
            found.show(console())
        return found.status

    own = [_option(p) for p in signature.parameters.values()]
    output_file = Annotated[Output, Parameter(help=f"Write the answer to this {' or '.join(kind.writers)} file.")]
    extra = [
        inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json),
        inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=output_file),
    ]
    run.__name__ = function.__name__
    run.__doc__ = help_text or function.__doc__
    run.__signature__ = signature.replace(parameters=[*own, *extra], return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*own, *extra)}
    return run


def _option(p: inspect.Parameter) -> inspect.Parameter:
    """A parameter as it is typed: what may be left out is given by its name."""
    kind = p.kind if p.default is p.empty else inspect.Parameter.KEYWORD_ONLY
    return p.replace(annotation=_SHELL.get(p.annotation, p.annotation), kind=kind)
