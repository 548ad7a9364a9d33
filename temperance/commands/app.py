"""The command line, `temperance COMMAND`.

Exit status: 0 it ran; 1 `--require`, `certify` or `verify` says no; 2 bad input, one line on stderr; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from temperance.commands.certify import certify as certify_files
from temperance.commands.certify import write_certificates
from temperance.commands.examples import show_examples
from temperance.commands.exponents import exponents
from temperance.commands.notebooks import notebooks
from temperance.commands.rates import rates
from temperance.commands.verify import verify
from temperance.terminal.completion import completion_command
from temperance.terminal.errors import BadInput, commands, described, one_line
from temperance.terminal.help_text import Flowing
from temperance.terminal.options import Json, Whole, gate_of
from temperance.terminal.output import (
    DECISION_COLUMNS,
    check_writable,
    console,
    decision_notes,
    decision_record,
    decision_row,
    table,
    to_json,
)
from temperance.terminal.progress import display
from temperance.theory.conditions.verdict import CONDITIONS

app = App(
    name="temperance",
    help="The theory of temperature in softmax-gated Gaussian mixtures of experts, proved and measured.",
    version=lambda: f"temperance {version('temperance')}",
    default_parameter=Parameter(negative=()),
    help_format="plaintext",
    help_formatter=Flowing(),
    suppress_keyboard_interrupt=False,
)


@app.command
def check(
    *activations: str,
    json: Json = False,
    certificate: Annotated[
        str | None, Parameter(help="Write a certificate of every decided verdict to this .json file; see certify.")
    ] = None,
    require: Annotated[
        str | None,
        Parameter(help=f"Exit with 1 unless all of these hold: a comma-separated list of {', '.join(CONDITIONS)}."),
    ] = None,
) -> int:
    """Decide the independence conditions of activations.

    Parameters
    ----------
    activations
        Names of the catalogue (gelu) or of libraries (torch.nn.GELU), or expressions in z ("z*tanh(z)"); after -- they
        may start with a dash.
    """
    from temperance.theory.conditions.decision import decide

    if not activations:
        raise BadInput("check needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    required = _required(require)
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    with display() as shown:
        with shown.doing("deciding"):
            decisions, refused = [], []
            for text in activations:
                try:
                    decisions.append(decide(text))
                except ValueError as error:
                    refused.append(str(error))
        with shown.doing("writing certificates"):
            remarks = [] if certificate is None or not decisions else write_certificates(decisions, certificate)
    for remark in [*remarks, *refused]:
        print(one_line(remark), file=sys.stderr)
    if json:
        print(to_json([decision_record(d) for d in decisions]))
    elif decisions:
        screen = console()
        screen.print(table(DECISION_COLUMNS, [decision_row(d) for d in decisions]))
        for note in [note for d in decisions for note in decision_notes(d)]:
            screen.print(note)
    if refused:
        return 2
    verdicts = [dict(zip(CONDITIONS, d.verdicts, strict=True)) for d in decisions]
    return int(any(v[name].outcome != "holds" for v in verdicts for name in required))


def _required(text: str | None) -> list[str]:
    names = [] if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(f"--require: unknown condition {name!r}; accepted: {', '.join(CONDITIONS)}")
    return names


@app.command
def certify(*files: str) -> int:
    """Prove certificates again, with a checker that uses nothing of what made them; exit with 1 if any is rejected.

    Parameters
    ----------
    files
        Files written by `check` or `exponents` with --certificate.
    """
    if not files:
        raise BadInput("certify needs a file; accepted: files written by `check` or `exponents` with --certificate")
    with display() as shown, shown.doing("proving"):
        results = certify_files(files)
    for result in results:
        verdict = "proved" if result.rejected is None else f"rejected ({result.rejected})"
        print(one_line(f"{result.file}: {verdict}: {result.statement}"))
    return int(any(result.rejected is not None for result in results))


@app.command
def catalogue(*, json: Json = False) -> int:
    """Decide the independence conditions of every activation of the catalogue."""
    from temperance.commands.catalogue import entries

    with display() as shown, shown.doing("deciding"):
        found = list(entries())
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
        A name of the catalogue or an expression in z; chooses the gate "activation".
    dim
        Dimension of x.
    order
        Largest order of the derivatives, 1 to 8.
    output
        Write the derivation, step by step, to this .md, .tex, .ipynb or .html file.
    """
    from temperance.commands.derive import WRITERS, derived, write
    from temperance.commands.derive import show as show_derivation

    if output is not None:
        check_writable(output, endings=WRITERS)
    with display() as shown:
        with shown.doing("deriving"):
            found = derived(gate_of(gate, activation), expert, activation, dim, order)
        if output is not None:
            with shown.doing(f"writing {output}"):
                write(found, output)
    if json:
        print(to_json(found.record()))
    else:
        show_derivation(found, console())
    return 0


@app.command
def fit(
    data: str,
    *,
    fitted: Whole,
    gate: str = "linear",
    activation: str | None = None,
    gauge: str = "free",
    tau: str | None = None,
    target: str | None = None,
    weights: str | None = None,
    seed: Whole = 0,
    starts: Whole = 10,
    json: Json = False,
) -> int:
    """Fit a mixture of linear Gaussian experts to a CSV file, and say what in it is identifiable.

    Parameters
    ----------
    data
        A CSV file of numbers, with or without a header.
    fitted
        Number of atoms.
    gate
        linear, softmax (temperature 1) or activation.
    activation
        A name of the catalogue or an expression in z; chooses the gate "activation".
    gauge
        free or anchored, for the gate "activation".
    tau
        Hold the temperature at this number; without it, it is estimated.
    target
        Column of y, the last by default; the others are x.
    weights
        Column that says how often each row was seen; it is not one of x.
    seed
        Of the starts.
    starts
        Number of starts.
    """
    from temperance.commands.fit import fit_file
    from temperance.commands.fit import show as show_fit

    found = fit_file(
        data,
        fitted=fitted,
        gate=gate,
        activation=activation,
        gauge=gauge,
        tau=tau,
        target=target,
        weights=weights,
        seed=seed,
        starts=starts,
    )
    if json:
        print(to_json(found.as_json()))
    else:
        show_fit(found, console())
    return 0


app.command(exponents)
app.command(notebooks)
app.command(rates)
app.command(verify)
app.command(completion_command(app), name="--install-completion")
show_examples(app)


def run(tokens: Sequence[str]) -> int:
    """Run a command line and return its exit status."""
    try:
        if not tokens:
            raise BadInput(f"a command is missing; accepted: {commands(app)}, --help")
        status = app(
            list(tokens),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
            console=console(wrapped=True),
        )
        sys.stdout.flush()
    except (BadInput, CycloptsError) as error:
        return _refuse(described(error) if isinstance(error, CycloptsError) else str(error))
    except KeyboardInterrupt as interruption:
        print(one_line(str(interruption) or "interrupted"), file=sys.stderr)
        return 130
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's flush at exit fails again
        return 1 if isinstance(error, BrokenPipeError) else _refuse(f"the output cannot be written: {error}")
    return status if isinstance(status, int) else 0


def _refuse(message: str) -> int:
    print(one_line(message), file=sys.stderr)
    return 2


def main() -> None:
    """Entry point of the command `temperance`."""
    if sys.stdout is None:
        sys.exit(_refuse("the output cannot be written: stdout is closed"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a user's text in a narrow encoding
    sys.exit(run(sys.argv[1:]))
