"""Defines the options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token


def _whole(_: type, tokens: Sequence[Token]) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", tokens[0].value):
        raise ValueError
    return int(tokens[0].value)


Whole = Annotated[int, Parameter(converter=_whole)]
"""A whole number, written as one: no 1e3, no 1_000."""

Json = Annotated[bool, Parameter(name="--json", help="Print strict JSON instead of a table.")]
"""The option --json."""


def gate_of(gate: str, activation: str | None) -> str:
    """The gate that is meant: in every command, an activation alone chooses the gate "activation"."""
    return "activation" if activation is not None and gate == "linear" else gate
