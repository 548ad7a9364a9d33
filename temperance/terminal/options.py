"""Defines the options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import Parameter, Token

from temperance.terminal.errors import BadInput


def _whole(_: type, tokens: Sequence[Token]) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", tokens[0].value):
        raise ValueError
    return int(tokens[0].value)


def _sizes(_: type, tokens: Sequence[Token]) -> tuple[int, ...]:
    if len(tokens) > 1:
        raise BadInput("--n is given twice; accepted: once, as N,N,..")
    return tuple(_size(part) for part in tokens[0].value.split(","))


def _size(text: str) -> int:
    """A whole number, also one such as 1e6 or 2.5e4."""
    if not re.fullmatch(r"[0-9]{1,21}|[0-9]{1,3}(\.[0-9]{1,9})?e[0-9]{1,2}", text):
        raise ValueError
    number = Decimal(text)
    if number != int(number):
        raise ValueError
    return int(number)


Whole = Annotated[int, Parameter(converter=_whole)]
"""A whole number, written as one: no 1e3, no 1_000."""

Sizes = Annotated[Sequence[int] | None, Parameter(converter=_sizes, n_tokens=1)]
"""Sample sizes, N,N,.."""

FileOr = str | Mapping[str, Any] | None
"""The name of a .json file; in Python also what such a file holds."""

Json = Annotated[bool, Parameter(name="--json", help="Print strict JSON instead of a table.")]
"""The option --json."""

Output = Annotated[str | None, Parameter(name=["--output", "-o"])]
"""The option -o of a file to write."""


def gate_of(gate: str, activation: str | None) -> str:
    """The gate that is meant: in every command, an activation alone chooses the gate "activation"."""
    return "activation" if activation is not None and gate == "linear" else gate
