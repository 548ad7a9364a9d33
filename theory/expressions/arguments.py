"""Refuses arguments of another type than the hints of a function or of a dataclass say, by name and in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


class _Unfit(Exception):
    """A value is none of what a hint says."""


def checked(thing: F) -> F:
    """The function, or the dataclass, which raises ValueError for an argument of another type than its hint says.

    A list stands for a tuple, and any number for one of its kind. Hints of arrays are not judged (`reals` reads those),
    nor is Any. In a shell options are read as what they are; in Python anything may be given.
    """
    if isinstance(thing, type):
        thing.__init__ = _asking(thing.__init__, thing)  # type: ignore[misc]
        return cast(F, thing)
    return cast(F, _asking(thing, thing))


def _asking(function: Callable[..., Any], hinted: Any) -> Callable[..., Any]:
    @cache
    def read_hints() -> tuple[Signature, Mapping[str, Any]]:
        return signature(function), get_type_hints(hinted)

    @wraps(function)
    def asking(*arguments: Any, **options: Any) -> Any:
        called, hints = read_hints()
        try:
            bound = called.bind_partial(*arguments, **options)
        except TypeError:  # a name that is unknown
            return function(*arguments, **options)
        for name, value in bound.arguments.items():
            if name not in hints:
                continue
            match called.parameters[name].kind:
                case Parameter.VAR_POSITIONAL:
                    bound.arguments[name] = tuple(_argument(name, item, hints[name]) for item in value)
                case Parameter.VAR_KEYWORD:
                    bound.arguments[name] = {key: _argument(key, item, hints[name]) for key, item in value.items()}
                case _:
                    bound.arguments[name] = _argument(name, value, hints[name])
        return function(*bound.args, **bound.kwargs)

    return asking


def _argument(name: str, value: object, hint: Any) -> Any:
    try:
        return _convert(value, hint)
    except _Unfit:
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


def _convert(value: Any, hint: Any) -> Any:
    """The value as its hint has it. Raises _Unfit."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        for part in parts:
            try:
                return _convert(value, part)
            except _Unfit:
                continue
        raise _Unfit
    if origin is Literal:
        return _if(isinstance(value, str) and value in parts, value)
    if origin is Sequence:
        return tuple(_convert(item, parts[0]) for item in _several(value))
    if origin is tuple:
        several = tuple(_several(_if(isinstance(value, (list, tuple)), value)))
        hints = parts[:1] * len(several) if parts[-1] is ... else parts
        return tuple(_convert(*pair) for pair in zip(_if(len(several) == len(hints), several), hints, strict=True))
    if hint is int or hint is float:
        return _number(value, hint)
    kind = origin or hint
    if kind is Any or not isinstance(kind, type) or (origin is not None and kind not in _WORDS):
        return value
    return _if(isinstance(value, kind), value)


def _if(fits: bool, value: Any) -> Any:
    if not fits:
        raise _Unfit
    return value


def _several(value: Any) -> Iterator[Any]:
    try:
        return iter(_if(isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)), value))
    except TypeError:  # an array without axes
        raise _Unfit from None


def _number(value: Any, kind: type) -> float:
    """A whole number as an int, another as a float; as one too where arrays have no integer so large."""
    if isinstance(value, Integral) and not isinstance(value, bool) and (kind is int or abs(int(value)) < _LARGEST):
        return int(value)
    _if(kind is float and isinstance(value, Real) and not isinstance(value, bool), value)
    try:
        return float(value)
    except OverflowError:
        raise _Unfit from None


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
