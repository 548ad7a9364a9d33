"""The command line, `temperance COMMAND`.

Exit status: 0 it ran; 1 `--require`, `certify` or `verify` says no; 2 bad input, one line on stderr; 130 interrupted;
141 the reader of a pipe left, as after SIGPIPE.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from inspect import signature
from typing import Any, get_args

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text

from temperance.show.output import BadInput, console, one_line

EXAMPLES: dict[str, tuple[str, ...]] = {
    "check": (
        "temperance check tanh relu torch.nn.GELU",
        'temperance check "log(1 + z**2)" "elu(z, alpha)"',
        "temperance check gelu --require first_order,second_order",
        "temperance check gelu relu --certificate proofs.json",
        "temperance check gelu relu --coq verdicts.v",
        'temperance check --json -- "-z*exp(z)"',
        "temperance check tanh --loss least-squares --expert nonlinear:tanh",
        'temperance check --gate "kappa*cos(x - c)/tau"',
    ),
    "certify": ("temperance certify proofs.json orders.json",),
    "catalogue": ("temperance catalogue", "temperance catalogue --json"),
    "derive": (
        "temperance derive",
        "temperance derive --gate activation --activation gelu --dim 2",
        "temperance derive --order 1 -o derivation.ipynb",
        "temperance derive --gate quadratic -o derivation.html",
        'temperance derive --gate "kappa*cos(x - c)/tau" --expert "a*x + b"',
        "temperance derive --gate softmax --loss least-squares",
    ),
    "predict": (
        "temperance predict --gate softmax --true 2 --fitted 3",
        "temperance predict --activation tanh --gauge anchored --true 2 --fitted 3",
    ),
    "rates": (
        "temperance rates --true 2 --fitted 2 --n 500,1000,2000 --replicates 50",
        "temperance rates --activation tanh --true 2 --fitted 3 --store study.sqlite",
    ),
    "efficiency": (
        "temperance efficiency tanh gelu --gauge anchored",
        "temperance efficiency tanh --tau .1,.5,2",
        "temperance efficiency --match .1,.9",
        'temperance efficiency --gate "max(x - c, 0)*w" --parameter c',
    ),
    "coefficient": (
        "temperance coefficient --gate softmax --true 2 --fitted 3",
        "temperance coefficient --activation tanh --true 2 --fitted 3 --json",
        "temperance coefficient --gate softmax --true 1 --fitted 2 --dim 2 --json",
    ),
    "exponents": (
        "temperance exponents --gate softmax",
        'temperance exponents --activation "z**2 + z" --expert constant',
        "temperance exponents --gate softmax --certificate orders.json",
        "temperance exponents --gate softmax --split all --json",
        'temperance exponents --gate "beta1*x**3/tau + beta2*x"',
        "temperance exponents --expert nonlinear:gelu --loss least-squares",
        "temperance exponents --gate softmax --noise known",
    ),
    "atlas": ("temperance atlas", "temperance atlas --json", "temperance atlas --loss least-squares"),
    "fit": (
        "temperance fit data.csv --fitted 2",
        "temperance fit data.csv --fitted 3 --activation tanh --target price --json",
        "temperance fit data.csv --fitted 2 --predict new.csv -o predictions.csv",
    ),
    "experts": (
        "temperance experts data.csv",
        "temperance experts data.csv --most 4 --activation tanh -o k.html",
    ),
    "twins": (
        "temperance twins tanh",
        'temperance twins "z + z**2" --json',
        "temperance twins gelu --atoms 3 --gauge anchored",
        'temperance twins --gate "v*tanh(w*x)/tau"',
    ),
    "paper": (
        "temperance paper --gate softmax --without-experiments -o softmax",
        'temperance paper --gate "kappa*cos(x - c)/tau" --activation tanh -o cosine',
    ),
    "audit": (
        "temperance audit my.model:make",
        "temperance audit my.model:make --inputs my.model:example --json",
    ),
    "verify": (
        "temperance verify",
        "temperance verify C1 C2 -o report.json",
        "temperance verify --store studies.sqlite -o report.html",
        "temperance verify --from report.json -o report.html",
    ),
    "notebooks run": (
        "temperance notebooks run notebooks",
        "temperance notebooks run -p activation silu -o results",
    ),
}


QUESTIONS: dict[str, str] = {
    "check": "Is the temperature learnable with this activation?",
    "certify": "Are these proofs right? Exit status 1: one is not.",
    "catalogue": "Which named activations make the temperature learnable?",
    "derive": "Which relations tie the parameters, and what is identifiable?",
    "predict": "How fast do estimates converge, by theory?",
    "rates": "How fast do they converge, measured? A slope of -0.5 is an error n^(-1/2).",
    "efficiency": "How much data does the temperature need?",
    "exponents": "Which contact orders does a gate have, proved and measured?",
    "coefficient": "What does an expert too many cost, and what does BIC charge?",
    "atlas": "Which contact orders do the gates of the literature have?",
    "twins": "Which other parameters have the same density?",
    "paper": "What is proved and measured of a model, written as a paper?",
    "audit": "Can the temperatures of a torch model's routers be learnt?",
    "verify": "Which claims of the theory stand? Exit status 1: one is contradicted.",
    "fit": "Which mixture do my data come from?",
    "experts": "How many experts do these data come from?",
}


def epilogue(name: str) -> str:
    """The examples of a command, as they stand at the end of its help."""
    return "\n".join(["Examples:", *(f"    {line}" for line in EXAMPLES[name])])


class Flowing(DefaultFormatter):
    """Panels of `--help` whose descriptions break where the terminal ends, not where their docstrings do."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print a panel."""
        for entry in panel.entries:
            text = getattr(entry.description, "primary_renderable", None)
            if isinstance(text, Text):
                text.plain = text.plain.replace("\n", " ")
        super().__call__(console, options, panel)


def _version() -> str:
    from importlib.metadata import version  # it loads what reads mail

    return f"temperance {version('temperance')}"


app = App(
    name="temperance",
    help="The theory of temperature in softmax-gated Gaussian mixtures of experts, proved and measured.",
    version=_version,
    default_parameter=Parameter(negative=()),
    help_format="plaintext",
    help_formatter=Flowing(),
    suppress_keyboard_interrupt=False,
)


_HOME = {"fit": "users", "experts": "users", "audit": "users"}
"""Modules of commands; all others are functions of `temperance`."""

for name, question in QUESTIONS.items():
    home = _HOME.get(name, "command")
    app.command(f"temperance.commands.{home}:{name}", name=name, help=question, help_epilogue=epilogue(name))
app.command("temperance.commands.notebooks:notebooks", name="notebooks", help="Run the notebooks again.")
app.register_install_completion_command(help="Let the shell complete commands and options.")


_KINDS: dict[Any, str] = {
    int: "an integer of at most 9 digits",
    float: "a number",
    bool: "no value",
}


def describe(error: CycloptsError) -> str:
    """The message for arguments that do not fit a command."""
    match error:
        case UnknownCommandError():
            token = (error.unused_tokens or [""])[0]
            what = "option" if token.startswith("-") else "command"
            return f"unknown {what} {token!r}; accepted: {commands(error.app)}, --help"
        case UnknownOptionError():
            options = dict.fromkeys(n for a in error.argument_collection for n in a.names if n.startswith("-"))
            hint = "an argument that starts with - goes after --"
            accepted = ", ".join([*options, "--help"])
            return f"unknown option {error.token.keyword or error.token.value!r}; accepted: {accepted}; {hint}"
        case RepeatArgumentError():
            return f"{error.token.keyword} is given twice; accepted: once"
        case MissingArgumentError():
            name = _name(error)
            placed = error.argument is not None and error.argument.index is not None
            dash = f"; one that begins with a dash is given as {name}=VALUE" if name.startswith("--") else ""
            if placed:
                return f"{name[2:].upper()} ({name}) needs a value"
            is_there = any(token.partition("=")[0] == name for token in error.root_input_tokens or ())
            return f"{name} needs a value{dash}" if is_there else f"{name} must be given"
        case CoercionError() if isinstance(error.__cause__, BadInput):
            return str(error.__cause__)
        case CoercionError() if error.token is not None:
            target = error.target_type  # T, or T | None of an option that may be left out
            for kind in {target, *get_args(target)} & set(_KINDS):
                return f"{_name(error)} takes {_KINDS[kind]}, not {error.token.value!r}"
        case UnusedCliTokensError():
            token = (error.unused_tokens or [""])[0]
            return f"unexpected argument {token!r}; accepted: {_placed(error, token)}the options of --help"
    return str(error)


def _placed(error: CycloptsError, token: str) -> str:
    """The option that takes what was given without one, if it is the name of a gate or of an activation."""
    from temperance.theory.activations.catalogue import NAMED
    from temperance.theory.models import gates

    parameters = signature(error.target).parameters if error.target else ()
    of = {"gate": gates.names(), "activation": NAMED}
    return next((f"--{name} {token}, or " for name in of if name in parameters and token in of[name]), "")


def _name(error: CycloptsError) -> str:
    token = getattr(error, "token", None)
    keyword = getattr(error, "keyword", None) or (token.keyword if token else None)
    return str(keyword or (error.argument.name if error.argument else "an argument"))


def commands(app: App | None) -> str:
    """The names of the commands of an app."""
    return ", ".join(name for name in app or () if not name.startswith("-"))


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
    except CycloptsError as error:
        return _refuse(describe(error))
    except ValueError as error:  # of a function, which says what is wrong and what is accepted
        return _refuse(str(error))
    except KeyboardInterrupt as interruption:
        print(one_line(str(interruption) or "interrupted"), file=sys.stderr)
        return 130
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's flush at exit fails again
        return 141 if isinstance(error, BrokenPipeError) else _refuse(f"the output cannot be written: {error}")
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
