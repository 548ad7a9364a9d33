"""Defines the options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import Parameter, Token

from temperance.show.errors import BadInput


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise ValueError
    return int(text)


def comma_separated(
    read: Callable[[str], Any], what: str, combine: Callable[[list[Any]], Any] = tuple, **options: Any
) -> Parameter:
    """An option of what stands between commas, each as `read` reads it, put together by `combine`; both may raise
    ValueError.

    what: what is accepted, for the message. options: more of what a `Parameter` has.
    """

    def converted(_: type, tokens: Sequence[Token]) -> Any:
        name, text = tokens[0].keyword, tokens[0].value
        if len(tokens) > 1:
            raise BadInput(f"{name} is given twice; accepted: once, as {what}")
        try:
            return combine([read(part.strip()) for part in text.split(",")])
        except ValueError:
            raise BadInput(f"{name} takes {what}, not {text!r}") from None

    return Parameter(converter=converted, n_tokens=1, **options)


def _size(text: str) -> int:
    """A whole number, also one such as 1e6 or 2.5e4."""
    if not re.fullmatch(r"[0-9]{1,21}|[0-9]{1,3}(\.[0-9]{1,9})?e[0-9]{1,2}", text):
        raise ValueError
    number = Decimal(text)
    if number != int(number):
        raise ValueError
    return int(number)


PLACED = "given by its place"
"""Marks, in the type of an option that may be left out, that a command line gives it without its name."""

Whole = Annotated[int, Parameter(converter=lambda _, tokens: _whole(tokens[0].value))]
"""A whole number, written as one: no 1e3, no 1_000."""

Sizes = Annotated[Sequence[int] | None, comma_separated(_size, "whole sizes N,N,.. such as 1000,1e6")]
"""Sample sizes, N,N,.."""

ExpertNumbers = Annotated[tuple[int, ...], comma_separated(_whole, "a number of experts, or several as 1,2,3")]
"""One number of experts, or several to compare."""

Numbers = Annotated[
    float | Sequence[float] | None, comma_separated(float, "numbers separated by commas, such as .1,.9")
]
"""Numbers separated by commas."""

File = str | Mapping[str, Any]
"""The name of a .json file; in Python also what such a file holds."""

FileOr = File | None
"""The same, or none."""

Json = Annotated[bool, Parameter(name="--json", help="Print strict JSON instead of a table.")]
"""The option --json."""

Output = Annotated[str | None, Parameter(name=["--output", "-o"])]
"""The option -o of a file to write."""
