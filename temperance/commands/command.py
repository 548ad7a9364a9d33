"""Makes a command of a function of `temperance`: the same options, and --json and -o.

`temperance.commands.command:rates` is the command of `temperance.rates`, made when it is first asked for, so that a
command loads what it needs and no more.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from cyclopts import Parameter

import temperance
from temperance.show.answer import Answer, Refused
from temperance.show.options import PLACED, Json, Names, Output
from temperance.show.output import BadInput, check_writable, console, doing, one_line, to_json, write_file

NAMED = inspect.Parameter.KEYWORD_ONLY  # what may be left out is given by its name


def __getattr__(name: str) -> Callable[..., int]:
    if name not in dir(temperance):
        raise AttributeError(f"there is no command {name!r}")
    return command(getattr(temperance, name))


_TRUTH_FILE = Annotated[str | None, Parameter(help="Write the truth of the answer to this .json file, for --truth.")]
_WRITTEN, _READ = ("certificate", "coq", "store"), ("truth", "data", "files", "from_", "predict")
"""The options, beside -o, that name files."""


def command(function: Callable[..., Answer]) -> Callable[..., int]:
    """The command of a function: it prints the answer, as a table or JSON, and returns the exit status.

    function: its parameters are the options, its docstring the help; its result type knows which files -o writes.
    """
    signature, hints = inspect.signature(function), get_type_hints(function, include_extras=True)
    kind: type[Answer] = hints["return"]

    def run(
        *arguments: Any, json: bool = False, output: str | None = None, save_truth: str | None = None, **options: Any
    ) -> int:
        if output is not None:
            kind.check_output(output)
        if save_truth is not None:
            check_writable(save_truth, endings=(".json",))
        _require_apart((output, save_truth), signature.bind(*arguments, **options).arguments)
        try:
            answer = function(*arguments, **options)
        except Refused as refusal:
            answer = refusal.answer
        if output is not None:
            with doing(f"writing {output}"):
                answer.write(output)
        if save_truth is not None:
            write_file(save_truth, to_json(answer.true_values()) + "\n")
        if json:
            print(to_json(answer.to_json()))
        else:
            answer.show(console())
        for remark in (*answer.remarks, *(() if output is None else answer.where(output))):
            print(one_line(remark), file=sys.stderr)
        return answer.status

    output_file = Annotated[Output, Parameter(help=f"Write the answer to this {kind.output()}.")]
    parameters = [
        *(
            p.replace(annotation=_shell_type(hints[p.name]), kind=p.kind if _is_placed(p, hints[p.name]) else NAMED)
            for p in signature.parameters.values()
        ),
        inspect.Parameter("json", NAMED, default=False, annotation=Json),
        inspect.Parameter("output", NAMED, default=None, annotation=output_file),
    ]
    if kind.true_values is not Answer.true_values:
        parameters.append(inspect.Parameter("save_truth", NAMED, default=None, annotation=_TRUTH_FILE))
    run.__doc__ = function.__doc__
    run.__signature__ = signature.replace(parameters=parameters, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _is_placed(p: inspect.Parameter, hint: Any) -> bool:
    """Whether a parameter is given by its place."""
    return p.default is p.empty or PLACED in getattr(hint, "__metadata__", ())


def _shell_type(hint: Any) -> Any:
    """What of a type can be typed, with the words that help has of it: of what may be a text, the text."""
    if get_origin(hint) is Annotated:
        kind, *words = get_args(hint)
        helped = (Parameter(help=word.describe()) if isinstance(word, Names) else word for word in words)
        return Annotated[_shell_type(kind), *helped]
    kinds = get_args(hint)
    if str not in kinds:
        return hint
    return str | None if NoneType in kinds else str


def _require_apart(outputs: Sequence[str | None], values_of: Mapping[str, Any]) -> None:
    """Raise BadInput if a file is written and also read, or written twice."""

    def named(options: Sequence[str]) -> list[str]:
        values = [values_of[name] for name in options if name in values_of]
        return [v for value in values for v in (value if isinstance(value, tuple) else [value]) if isinstance(v, str)]

    written = [*named(_WRITTEN), *(path for path in outputs if path is not None)]
    places = Counter(os.path.realpath(path) for path in (*written, *named(_READ)))
    for path in written:
        if places[os.path.realpath(path)] > 1:
            raise BadInput(f"{path!r} is named twice; accepted: a file for each input and output")
