"""The command line, `temperance COMMAND`.

Exit status: 0 it ran; 1 `--require` or `verify` says no; 2 bad input, told in one line on stderr.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter, Token

from temperance.errors import BadInput, commands, described, one_line, refusing
from temperance.report import (
    CONDITIONS,
    DECISION_COLUMNS,
    console,
    decision_notes,
    decision_record,
    decision_row,
    table,
    to_json,
)

app = App(
    name="temperance",
    help="The theory of temperature in softmax-gated Gaussian mixtures of experts, proved and measured.",
    version=lambda: f"temperance {version('temperance')}",
    default_parameter=Parameter(negative=()),
)


def _whole(_: type, tokens: Sequence[Token]) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", tokens[0].value):
        raise ValueError
    return int(tokens[0].value)


Whole = Annotated[int, Parameter(converter=_whole)]
Json = Annotated[bool, Parameter(name="--json", help="Print strict JSON instead of a table.")]


@app.command
def check(
    *activations: str,
    json: Json = False,
    require: Annotated[
        str | None, Parameter(help=f"Exit with 1 unless all of these hold: a comma-separated list of {CONDITIONS}.")
    ] = None,
) -> int:
    """Decide the independence conditions of activations.

    Parameters
    ----------
    activations
        Names of the catalogue (gelu) or expressions in z ("z*tanh(z)"); after -- they may start with a dash.
    """
    from theory.activations import activation
    from theory.independence import decide

    if not activations:
        raise BadInput("check needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    required = _required(require)
    with refusing():
        sources = [activation(text) for text in activations]
    decisions = [decide(source) for source in sources]
    if json:
        print(to_json([decision_record(d) for d in decisions]))
    else:
        screen = console()
        screen.print(table(DECISION_COLUMNS, [decision_row(d) for d in decisions]))
        for note in [note for d in decisions for note in decision_notes(d)]:
            screen.print(note)
    verdicts = [dict(zip(CONDITIONS, d.verdicts, strict=True)) for d in decisions]
    return int(any(v[name].outcome != "holds" for v in verdicts for name in required))


def _required(text: str | None) -> list[str]:
    names = [] if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(f"--require: unknown condition {name!r}; accepted: {', '.join(CONDITIONS)}")
    return names


@app.command
def catalogue(*, json: Json = False) -> int:
    """Decide the independence conditions of every activation of the catalogue."""
    from temperance.catalogue import entries

    found = entries()
    if json:
        print(to_json([entry.record() for entry in found]))
    else:
        console().print(table(DECISION_COLUMNS, [decision_row(entry.decision) for entry in found]))
    return 0


@app.command
def derive(
    *,
    gate: str = "linear",
    expert: str = "gaussian",
    activation: str | None = None,
    dim: Whole = 1,
    order: Whole = 2,
    json: Json = False,
    output: Annotated[str | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Derive all linear relations among the partial derivatives of an atom, and what they mean.

    Parameters
    ----------
    gate
        linear, activation (with --activation), generic, softmax, quadratic, gaussian, gaussian-full, sigmoid, cosine,
        cosine-perturbed, laplace.
    expert
        gaussian, constant, polynomial:M, nonlinear, multinomial:K.
    activation
        A name of the catalogue or an expression in z, for the gate "activation".
    dim
        Dimension of x.
    order
        Largest order of the derivatives, 1 to 8.
    output
        Write the derivation, step by step, to this .md, .tex or .ipynb file.
    """
    from temperance.derivations import check_output, derived, write
    from temperance.derivations import show as show_derivation

    if output is not None:
        check_output(output)
    found = derived(gate, expert, activation, dim, order)
    if output is not None:
        write(found, output)
    if json:
        print(to_json(found.record()))
    else:
        show_derivation(found, console())
    return 0


def run(tokens: Sequence[str]) -> int:
    """Run a command line and return its exit status."""
    try:
        if not tokens:
            raise BadInput(f"a command is missing; accepted: {commands(app)}, --help")
        status = app(list(tokens), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except (BadInput, CycloptsError) as error:
        return _refuse(described(error) if isinstance(error, CycloptsError) else str(error))
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's flush at exit fails again
        return 1 if isinstance(error, BrokenPipeError) else _refuse(f"the output cannot be written: {error}")
    return status if isinstance(status, int) else 0


def _refuse(message: str) -> int:
    print(one_line(message), file=sys.stderr)
    return 2


def main() -> None:
    """Entry point of the command `temperance`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a user's text in a narrow encoding
    sys.exit(run(sys.argv[1:]))
