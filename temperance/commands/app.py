"""The command line, `temperance COMMAND`.

Exit status: 0 it ran; 1 `--require`, `certify` or `verify` says no; 2 bad input, one line on stderr; 130 interrupted;
141 the reader of a pipe left, as after SIGPIPE.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter
from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text

from temperance.commands.examples import QUESTIONS, epilogue
from temperance.show.errors import BadInput, commands, describe, one_line
from temperance.show.output import console


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


_HOME = {"fit": "data", "experts": "data", "audit": "audit"}
"""Modules of commands; all others are functions of `temperance`."""

for name, question in QUESTIONS.items():
    home = _HOME.get(name, "command")
    app.command(f"temperance.commands.{home}:{name}", name=name, help=question, help_epilogue=epilogue(name))
app.command("temperance.commands.notebooks:notebooks", name="notebooks", help="Run the notebooks again.")
app.register_install_completion_command(help="Let the shell complete commands and options.")


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
