"""Defines the options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from cyclopts import Parameter, Token

from temperance.terminal.errors import BadInput


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise ValueError
    return int(text)


def _listed(read: Callable[[str], float], what: str) -> Parameter:
    """An option of numbers between commas, each as `read` reads it."""

    def converted(_: type, tokens: Sequence[Token]) -> tuple[float, ...]:
        name, text = tokens[0].keyword, tokens[0].value
        if len(tokens) > 1:
            raise BadInput(f"{name} is given twice; accepted: once, as {what}")
        try:
            return tuple(read(part.strip()) for part in text.split(","))
        except ValueError:
            raise BadInput(f"{name} takes {what}, not {text!r}") from None

    return Parameter(converter=converted, n_tokens=1)


def _size(text: str) -> int:
    """A whole number, also one such as 1e6 or 2.5e4."""
    if not re.fullmatch(r"[0-9]{1,21}|[0-9]{1,3}(\.[0-9]{1,9})?e[0-9]{1,2}", text):
        raise ValueError
    number = Decimal(text)
    if number != int(number):
        raise ValueError
    return int(number)


Whole = Annotated[int, Parameter(converter=lambda _, tokens: _whole(tokens[0].value))]
"""A whole number, written as one: no 1e3, no 1_000."""

Sizes = Annotated[Sequence[int] | None, _listed(_size, "whole sizes N,N,.. such as 1000,1e6")]
"""Sample sizes, N,N,.."""

Experts = Annotated[tuple[int, ...], _listed(_whole, "a number of experts, or several as 1,2,3")]
"""One number of experts, or several to compare."""

Numbers = Annotated[float | Sequence[float] | None, _listed(float, "numbers separated by commas, such as .1,.9")]
"""Numbers separated by commas."""

File = str | Mapping[str, Any]
"""The name of a .json file; in Python also what such a file holds."""

FileOr = File | None
"""The same, or none."""

Json = Annotated[bool, Parameter(name="--json", help="Print strict JSON instead of a table.")]
"""The option --json."""

Output = Annotated[str | None, Parameter(name=["--output", "-o"])]
"""The option -o of a file to write."""


_UNIONS = (Union, UnionType)
P = ParamSpec("P")
T = TypeVar("T")

_PLAIN: dict[Any, tuple[type, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "a text"),
    NoneType: (NoneType, "None"),
    Mapping[str, Any]: (Mapping, "a mapping"),
}
"""What a hint of a type takes, and its name."""


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """The function of an answer, which raises BadInput for a value of another type than its option has.

    In a shell options are read as what they are; in Python anything may be given.
    """

    @wraps(function)
    def asked(*arguments: P.args, **options: P.kwargs) -> T:
        hints, parameters = get_type_hints(function), signature(function).parameters
        for name, value in signature(function).bind_partial(*arguments, **options).arguments.items():
            several = parameters[name].kind is parameters[name].VAR_POSITIONAL
            for one in value if several else (value,):
                if not _fits(one, hints[name]):
                    raise BadInput(f"{name} must be {_accepted(hints[name])}, not {one!r:.60}")
        return function(*arguments, **options)

    return asked


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of a plain type, or holds values of one; other hints are not judged."""
    parts = get_args(hint)
    if get_origin(hint) in _UNIONS:
        return any(_fits(value, part) for part in parts)
    if get_origin(hint) is Sequence:
        return isinstance(value, Iterable) and not isinstance(value, str) and all(_fits(v, parts[0]) for v in value)
    if hint not in _PLAIN:
        return not isinstance(hint, type) or isinstance(value, hint)
    return isinstance(value, _PLAIN[hint][0]) and (hint is bool or not isinstance(value, bool))


def _accepted(hint: Any) -> str:
    """What a hint takes, in words."""
    if get_origin(hint) in _UNIONS:
        return " or ".join(_accepted(part) for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is Sequence:
        return f"a list, each {_accepted(*get_args(hint))}"
    return _PLAIN[hint][1] if hint in _PLAIN else f"of the type {hint.__name__}"
