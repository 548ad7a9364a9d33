"""Reads files that a user wrote, JSON or a CSV file of numbers, and reports their mistakes in one line.

`read_stored` reads the JSON files that come with temperance.

``read_csv("data.csv", target="y")`` gives x (n, d), y (n,), weights, the names of the columns of x,
and what is in doubt.

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

import csv
import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


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


def read_stored(name: str) -> Any:
    """What a JSON file of this package holds; name: as in "measurements/data/atlas.json"."""
    return json.loads((files("temperance") / name).read_text(encoding="utf-8"))


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


def _number(text: str) -> float | None:
    with suppress(ValueError):
        return float(text)
    return None


def _finite(text: str, row: int, column: str, drop_missing: bool) -> float:
    """The finite number of a cell, or nan for a missing one; row counts the lines of the file from 1."""
    cell, place = text.strip(), f"row {row}, column {column!r}"
    if cell.lower() in ("", "na", "nan", "null", "none", "-"):
        if drop_missing:
            return math.nan
        raise ValueError(f"{place}: the value is missing; --drop-missing leaves out such rows")
    value = _number(cell)
    if value is None:
        hint = "" if _number(cell.replace(",", ".")) is None else ": a decimal point is needed"
        raise ValueError(f"{place}: {cell[:40]!r} is not a number{hint}")
    if not math.isfinite(value):
        raise ValueError(f"{place}: {cell[:40]!r} is not finite")
    return value


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """(line number, cells) of the rows that are not blank."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        reader = csv.reader(lines, delimiter=next((mark for mark in ";\t" if mark in "".join(lines[:1])), ","))
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{str(path)!r} cannot be read as CSV: {reason}") from None


def _doubt(first: list[str], rows: list[tuple[int, list[str]]]) -> tuple[str, ...]:
    """That a first row of numbers may be names: whole and different ones, in a row or unlike all other rows."""
    whole = [[cell.strip().lstrip("+-").isdigit() for cell in cells] for _, cells in rows]
    if not all(whole[0]) or len(set(first)) < len(first):
        return ()
    numbers = [int(cell) for cell in first]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) and any(map(all, whole[1:])):
        return ()
    return (
        f"row 1 ({', '.join(first)}) is read as data: if it names the columns, give them names that are no numbers",
    )


class Data(NamedTuple):
    """What a file holds: x (n, d), y (n,), weights (n,), the names of the columns of x, what is in doubt, that of y."""

    x: Floats
    y: Floats
    weights: Floats | None
    columns: list[str]
    doubts: tuple[str, ...]
    target: str


def read_csv(
    path: str | Path,
    target: str | None = None,
    weights: str | None = None,
    drop_missing: bool = False,
    columns: Sequence[str] = (),
) -> Data:
    """The data in a file of numbers.

    weights is the column of that name, None without one; y is the column `target`, by default the last that is left; x
    has those of these names, by default all others. With drop_missing a missing cell is nan, which `fit` leaves out
    with its row when it is told to.
    Columns stand between commas, or semicolons or tabs; without a header they are named 1, 2, .., and y is y. A row of
    numbers is no header, but 0, 1, .. after an empty cell, as pandas writes. A first column without a name, as R and
    pandas write, names rows, and is left out. Raises ValueError, in one line, naming row and column where there is one:
    a file that cannot be read, a missing or non-numeric cell, a negative weight, an unknown column.
    """
    import numpy as np  # files of JSON need none

    names, rows, header, doubts = _table(path)
    if len(names) < 2:
        raise ValueError(
            f"at least two columns are needed, x and y, between commas, semicolons or tabs, not {len(names)}"
        )
    _require_columns([name for name in (target, weights, *columns) if name is not None], names)
    rest = [name for name in names if name != weights]
    named, target = target is not None, rest[-1] if target is None else target
    chosen = [*columns] or [name for name in rest if name != target]
    used = [*chosen, target, *([] if weights is None else [weights])]
    if not chosen or len(set(used)) < len(used):
        raise ValueError("x, y and the weights must be columns of their own")
    *x, y = (_column(rows, names.index(name), name, drop_missing) for name in (*chosen, target))
    held = None if weights is None else np.array(_column(rows, names.index(weights), weights, drop_missing))
    if held is not None:
        for i in np.flatnonzero(held < 0)[:1]:
            raise ValueError(f"row {rows[i][0]}, column {weights!r}: weights must not be negative, not {held[i]}")
    return Data(np.column_stack(x), np.array(y), held, chosen, doubts, target if header or named else "y")


def _table(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]], bool, tuple[str, ...]]:
    """The names of the columns, the rows below them, whether the file has the names, and what is in doubt."""
    lines = _lines(Path(path))
    first = [name.strip() for name in lines[0][1]] if lines else []
    header = all(_number(name) is None for name in first) or first == ["", *map(str, range(len(first) - 1))]
    rows = lines[1:] if header else lines
    if not rows:
        raise ValueError(f"{str(path)!r} holds no rows of numbers")
    names = first if header else [str(c + 1) for c in range(len(first))]
    names = [""] * (header and len(rows[0][1]) == len(names) + 1) + names
    for line, cells in rows:
        if len(cells) != len(names):
            raise ValueError(f"row {line} has not {len(names)} cells but {len(cells)}")
    doubts = () if header or len(rows) < 2 else _doubt(first, rows)
    if names[0] == "":
        names, rows = names[1:], [(line, cells[1:]) for line, cells in rows]
        doubts = ("the first column has no name: it is read as names of rows, and left out",)
    if len(set(names)) < len(names) or not all(names):
        raise ValueError(f"row 1: the names of the columns must be there and differ, not {', '.join(map(repr, names))}")
    return names, rows, header, doubts


def read_rows(path: str, columns: Sequence[str], target: str) -> tuple[Floats, Floats | None]:
    """The columns of these names (n, d) in a file, and the target (n,), None where the file has none.

    Raises ValueError as `read_csv`, for a missing value, and for a file without one of the columns.
    """
    import numpy as np

    try:
        names, rows, *_ = _table(path)
        _require_columns(columns, names)
        present = [name for name in (*columns, target) if name in names]
        numbers = {name: np.array(_column(rows, names.index(name), name, True)) for name in present}
        for name, values in numbers.items():
            for i in np.flatnonzero(np.isnan(values))[:1]:
                raise ValueError(f"row {rows[i][0]}, column {name!r}: the value is missing")
    except ValueError as error:
        raise ValueError(
            f"rows to predict, {path!r}: {error}; accepted: the columns of x, {', '.join(columns)}"
        ) from None
    return np.column_stack([numbers[name] for name in columns]), numbers.get(target)


def _require_columns(wanted: Sequence[str], names: Sequence[str]) -> None:
    """Raise ValueError for a column that is none of a file with these names."""
    for name in wanted:
        if name not in names:
            raise ValueError(f"no column {name!r}; the columns are {', '.join(map(repr, names))}")


def _column(rows: list[tuple[int, list[str]]], place: int, name: str, drop_missing: bool) -> list[float]:
    """The numbers of a column."""
    if all(_number(cells[place].replace(",", ".")) is None for _, cells in rows):
        example = rows[0][1][place].strip()[:40]
        raise ValueError(f"column {name!r} holds no numbers, but {example!r}: --columns and --target choose others")
    return [_finite(cells[place], line, name, drop_missing) for line, cells in rows]
