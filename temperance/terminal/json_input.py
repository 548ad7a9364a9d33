"""Reads JSON that a user wrote, and reports its mistakes in one line.

>>> import tempfile
>>> with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
...     _ = file.write('{"tau": 1, "tau": 2}')
...     file.flush()
...     try:
...         read_json(file.name, "a number of tau")
...     except ValueError as error:
...         print(str(error).replace(repr(file.name), "the file"))
the file is not JSON ('tau' is given twice); accepted: a number of tau
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LARGEST = 10**8  # bytes

Number = Callable[[str], Any] | None


def read_json(path: str, accepted: str, number: Number = None) -> Any:
    """What a JSON file holds, every number as `number` of its digits; as Python's json reads it, by default.

    accepted: what the file should hold, for the message. Raises ValueError, naming the file, if it cannot be read, or
    is not strict JSON (NaN, a name given twice), or is larger than 100 MB.
    """
    try:
        if Path(path).stat().st_size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        return _loads(Path(path).read_text(encoding="utf-8-sig"), number)
    except OSError as error:
        raise ValueError(f"{path!r} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path!r} is not JSON ({error}); accepted: {accepted}") from None


def read_value(value: Any, accepted: str, number: Number = None) -> Any:
    """What a file that holds a value would be read as; arguments and errors as of `read_json`."""
    try:
        return _loads(json.dumps(value), number)
    except (TypeError, ValueError) as error:
        raise ValueError(f"no such value ({error}); accepted: {accepted}") from None


def _loads(text: str, number: Number) -> Any:
    return json.loads(text, parse_float=number, parse_int=number, parse_constant=_no_number, object_pairs_hook=_once)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names differ."""
    entries: dict[str, Any] = {}
    for name, value in pairs:
        if name in entries:
            raise ValueError(f"{name!r} is given twice")
        entries[name] = value
    return entries
