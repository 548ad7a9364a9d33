"""Reports bad input on the command line in one line: what is wrong and what is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any, get_args

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

_KINDS: dict[Any, str] = {
    int: "an integer of at most 9 digits",
    float: "a number",
    bool: "no value",
}


class BadInput(ValueError):
    """What the user gave cannot be used; the message says what is wrong and what is accepted."""


@contextmanager
def resumable(store: str | None) -> Iterator[None]:
    """Where what is inside is stopped, say where its finished replicates are, or how to keep them."""
    resume = f"finished replicates are in {store}: run the same command again"
    where = "with --store FILE.sqlite finished replicates would be kept" if store is None else resume
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {where}") from None
    except (RuntimeError, MemoryError) as error:
        from temperance.numerics.studies.workers import WorkersLost

        if isinstance(error, RuntimeError) and not isinstance(error, WorkersLost):
            raise
        raise BadInput(f"{'out of memory' if isinstance(error, MemoryError) else error}; {where}") from None


def one_line(text: str) -> str:
    """The text on one line, with every character that does not print escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.splitlines()))


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
            return f"{name[2:].upper()} ({name}) needs a value" if placed else f"{name} needs a value{dash}"
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
