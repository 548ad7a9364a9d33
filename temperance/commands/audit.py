"""`temperance audit`: imports the model that the user names, and audits its routers."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from temperance.commands.command import command
from temperance.routers.audit import Audit, is_module
from temperance.routers.audit import audit as audited
from temperance.show.errors import BadInput, one_line
from temperance.show.output import Display

_ACCEPTED = "MODULE:FACTORY, a module that can be imported from here and a name in it"


def _audit(
    model: str, *, inputs: str | None = None, temperature: str | None = None, require: str | None = None
) -> Audit:
    """Audit the routers of a torch model: can their temperatures be learnt, and what is to be changed?

    The modules that are named are imported from the current folder, as `python -m` would, and so their code runs.

    Args:
        model: MODULE:FACTORY, a function without arguments that returns a torch.nn.Module, or such a module.
        inputs: MODULE:FACTORY of what it is called with: a tensor, a tuple or a dict; a router alone needs none.
        temperature: NAME of a parameter, buffer or number of the model (logit_scale, gate.tau) to ask about.
        require: yes: exit with 1 unless every temperature is learnable.
    """
    if find_spec("torch") is None:
        raise BadInput("audit needs torch, which is not installed; run: pip install torch")
    sys.path.insert(0, os.getcwd())
    try:
        with Display() as display, display.doing("auditing"):
            module = _make(model)
            example = None if inputs is None else _make(inputs)
            return audited(module, example, temperature=temperature, require=require)
    finally:
        sys.path.remove(os.getcwd())


def _make(name: str) -> Any:
    """What a name MODULE:FACTORY stands for: a factory is called."""
    module, colon, factory = name.partition(":")
    if not colon or not module or not factory.isidentifier():
        raise BadInput(f"{name!r} names no model; accepted: {_ACCEPTED}")
    print(one_line(f"importing {module}, as python -m would: its code runs"), file=sys.stderr)
    try:
        made_by_user = getattr(import_module(module), factory)
        return made_by_user if is_module(made_by_user) or not callable(made_by_user) else made_by_user()
    except Exception as error:  # whatever the user's code raises
        reason = (str(error).splitlines() or [""])[0]
        raise BadInput(f"{name!r} cannot be made: {type(error).__name__}: {reason}; accepted: {_ACCEPTED}") from error


audit = command(_audit)
