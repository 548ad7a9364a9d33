"""Reads numbers from a CSV file, with errors that name row and column.

Example: ``read_csv("data.csv", target="y")`` gives x (n, d), y (n,) and the names of the columns of x.
"""

from __future__ import annotations

import csv
import math
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _number(text: str, row: int, column: str) -> float:
    """The finite number of a cell; row counts the lines of the file from 1."""
    cell = text.strip()
    if not cell or cell.lower() in ("na", "nan", "null", "none", "-"):
        raise ValueError(f"row {row}, column {column!r}: the value is missing")
    if not _is_number(cell):
        hint = ": a decimal point is needed" if _is_number(cell.replace(",", ".")) else ""
        raise ValueError(f"row {row}, column {column!r}: {cell[:40]!r} is not a number{hint}")
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"row {row}, column {column!r}: {cell[:40]!r} is not finite")
    return value


def _is_number(text: str) -> bool:
    """Whether it is a number in the notation of CSV files (Python's also allows 1_000)."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _delimiter(first_line: str) -> str:
    """Semicolon or tab where the first line has one, else comma."""
    return next((mark for mark in ";\t" if mark in first_line), ",")


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """(line number, cells) of the rows that are not blank."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            text = StringIO(file.read(), newline="")
            reader = csv.reader(text, delimiter=_delimiter(text.getvalue().partition("\n")[0]))
            return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{str(path)!r} cannot be read as CSV: {reason}") from None


def _header(first: list[str]) -> list[str] | None:
    """Names of the columns; None if the first row holds a number, that is, if there is no header."""
    names = [name.strip() for name in first]
    if any(_is_number(name) for name in names):
        return None
    if len(set(names)) < len(names) or not all(names):
        raise ValueError(f"row 1: the names of the columns must be there and differ, not {', '.join(map(repr, names))}")
    return names


def read_csv(path: str | Path, target: str | None = None) -> tuple[Floats, Floats, list[str]]:
    """x (n, d), y (n,) and the names of the columns of x; y is the column `target`, by default the last.

    Columns stand between commas, or semicolons or tabs; without a header they are named 1, 2, ... Raises ValueError, in
    one line, naming row and column where there is one: a file that cannot be read, a missing or non-numeric cell, a
    constant column, an unknown target.
    """
    lines = _lines(Path(path))
    names = _header(lines[0][1]) if lines else None
    rows = lines[1:] if names is not None else lines
    if not rows:
        raise ValueError(f"{str(path)!r} holds no rows of numbers")
    names = names or [str(c + 1) for c in range(len(rows[0][1]))]
    if len(names) < 2:
        raise ValueError(
            f"at least two columns are needed, x and y, between commas, semicolons or tabs, not {len(names)}"
        )
    table = np.empty((len(rows), len(names)))
    for i, (line, cells) in enumerate(rows):
        if len(cells) != len(names):
            raise ValueError(f"row {line} has {len(cells)} cells, not {len(names)}")
        table[i] = [_number(cell, line, name) for cell, name in zip(cells, names, strict=True)]
    for c, name in enumerate(names):
        if np.ptp(table[:, c]) == 0:
            raise ValueError(f"column {name!r} is constant, {table[0, c]}")
    target = names[-1] if target is None else target
    if target not in names:
        raise ValueError(f"no column {target!r}; the columns are {', '.join(map(repr, names))}")
    at = names.index(target)
    return np.delete(table, at, axis=1), table[:, at].copy(), [name for name in names if name != target]
