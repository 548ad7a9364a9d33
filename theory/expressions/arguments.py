"""Refuses arguments of another type than the hints of a function or of a dataclass say, by name and in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache, wraps
from inspect import Parameter, Signature, signature
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

F = TypeVar("F", bound=Callable[..., Any])
_UNIONS = (Union, UnionType)
_LARGEST = 2**63  # of integers in arrays
_LENGTH = 60
_WORDS: dict[Any, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Mapping: "a mapping",
    Callable: "a function",
    os.PathLike: "a path",
}


def checked(thing: F) -> F:
    """The function, or the dataclass, which raises ValueError for an argument of another type than its hint says.

    A list stands for a tuple, and any number for one of its kind. Hints of arrays are not judged (`reals` reads those),
    nor is Any. In a shell options are read as what they are; in Python anything may be given.
    """
    function = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]

    @cache
    def asked() -> tuple[Signature, Mapping[str, Any]]:
        return signature(function), get_type_hints(thing)

    @wraps(function)
    def asking(*arguments: Any, **options: Any) -> Any:
        called, hints = asked()
        try:
            bound = called.bind_partial(*arguments, **options)
        except TypeError:  # a name that is unknown
            return function(*arguments, **options)
        for name in filter(hints.__contains__, [*bound.arguments]):
            value, kind = bound.arguments[name], called.parameters[name].kind
            if kind is Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(_argument(name, one, hints[name]) for one in value)
            elif kind is Parameter.VAR_KEYWORD:
                bound.arguments[name] = {key: _argument(key, one, hints[name]) for key, one in value.items()}
            else:
                bound.arguments[name] = _argument(name, value, hints[name])
        return function(*bound.args, **bound.kwargs)

    if isinstance(thing, type):
        thing.__init__ = asking  # type: ignore[misc]
        return thing
    return cast(F, asking)


def _argument(name: str, value: object, hint: Any) -> Any:
    try:
        return _taken(value, hint)
    except TypeError:
        raise ValueError(f"{name} must be {_accepted(hint)}, not {shown(value)}") from None


def shown(value: object) -> str:
    """A value as a message shows it: on one line, cut where it is long; an object of a class of ours by its kind."""
    if is_dataclass(value):
        return _accepted(type(value))
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # a number of more digits than Python writes
        text = f"a number of type {type(value).__name__}"
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}..."


def _taken(value: Any, hint: Any) -> Any:
    """The value as its hint has it. Raises TypeError."""
    origin, parts = get_origin(hint), get_args(hint)
    kind = origin or hint
    if origin in _UNIONS:
        for part in parts:
            try:
                return _taken(value, part)
            except TypeError:
                continue
    elif origin is Literal:
        if isinstance(value, str) and value in parts:
            return value
    elif origin in (Sequence, tuple):
        kinds = Iterable if origin is Sequence else (list, tuple)
        if isinstance(value, kinds) and not isinstance(value, (str, bytes, Mapping)):
            several = tuple(value)  # TypeError: an array without axes
            hints = parts[:1] * len(several) if origin is Sequence or parts[-1] is ... else parts
            if len(several) == len(hints):
                return tuple(map(_taken, several, hints))
    elif hint in (int, float):
        if isinstance(value, Real) and not isinstance(value, bool):
            return _number(value, hint)
    elif kind is Any or not isinstance(kind, type) or (origin and kind not in _WORDS) or isinstance(value, kind):
        return value
    raise TypeError


def _number(value: Real, kind: type) -> float:
    """A whole number as an int, another as a float; as one too where arrays have no integer so large."""
    if isinstance(value, Integral) and (kind is int or abs(int(value)) < _LARGEST):
        return int(value)
    if kind is int:
        raise TypeError
    try:
        return float(value)
    except OverflowError as error:
        raise TypeError from error


def _accepted(hint: Any) -> str:
    """What a hint takes, in words."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        return " or ".join(dict.fromkeys(_accepted(part) for part in parts if part is not NoneType))
    if origin is Literal:
        return " or ".join(parts)
    if origin is Sequence or (origin is tuple and parts[-1] is ...):
        return f"a list, each {_accepted(parts[0])}"
    if origin is tuple:
        return f"a list of {len(parts)}, each {' or '.join(dict.fromkeys(map(_accepted, parts)))}"
    kind = origin or hint
    library = "SymPy " if getattr(kind, "__module__", "").startswith("sympy") else ""
    name = f"{library}{getattr(kind, '__name__', kind)}"
    return _WORDS.get(kind, f"{'an' if name[0] in 'AEIOU' else 'a'} {name}")
