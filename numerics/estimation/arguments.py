"""Reads the data and options of a fit: refuses what makes no fit, with a message that names it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.arrays import reals
from temperance.numerics.mixture.points import Points
from temperance.theory.expressions.arguments import shown

_SMALLEST, _LARGEST = 1e-70, 1e70  # of a fixed temperature


def _real(values: ArrayLike, name: str, missing: bool = False) -> Floats:
    """The values as finite doubles; the first that is none is named by its index."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values: every value is needed")
    array = reals(values, name)
    bad = np.isinf(array) if missing else ~np.isfinite(array)
    if bad.any():
        at = [int(i) for i in np.argwhere(bad)[0]]
        hint = "; drop_missing leaves out rows with nan" if np.isnan(array[tuple(at)]) else ""
        raise ValueError(f"{name}{at or ''} is {array[tuple(at)]}: every value must be finite{hint}")
    return array


def checked_points(
    x: ArrayLike, y: ArrayLike, weights: ArrayLike | None, drop_missing: bool = False
) -> tuple[Points, int]:
    """The points, without those of weight 0; and how many rows were left out because a value is nan."""
    given = [_real(x, "x", drop_missing), _real(y, "y", drop_missing)]
    if weights is not None:
        given.append(_real(weights, "weights", drop_missing))
        for i in np.flatnonzero(given[2] < 0)[:1]:
            raise ValueError(f"weights[{i}] is {given[2].flat[i]}: weights must not be negative")
    if given[0].ndim == 1:
        given[0] = given[0][:, None]
    dropped = 0
    if drop_missing and len({a.shape[:1] for a in given}) == 1 and given[1].ndim == 1:
        whole_rows = ~np.isnan(np.column_stack(given)).any(axis=1)
        dropped = int((~whole_rows).sum())
        given = [a[whole_rows] for a in given]
        if not len(given[1]):
            raise ValueError("every row has a missing value")
    points = Points(*given)
    if weights is not None:
        seen = points.weights > 0
        points = Points(points.x[seen], points.y[seen], points.weights[seen])
    for l in range(points.x.shape[1]):
        if points.n and (points.x[:, l] == points.x[0, l]).all():
            raise ValueError(f"column {l + 1} of x is constant, {points.x[0, l]!s}: its slopes cannot be estimated")
    if points.n and (points.y == points.y[0]).all():
        raise ValueError(f"y is constant, {points.y[0]!s}: there is nothing to fit")
    return points, dropped


def names_of(x: object, columns: Sequence[str | int] | None, d: int) -> tuple[str, ...]:
    """The names of the columns of x: as given, of a DataFrame, or 1, 2, ..."""
    given = getattr(x, "columns", range(1, d + 1)) if columns is None else columns
    names = tuple(map(str, given))
    if len(names) != d:
        raise ValueError(f"columns must name each of the {d} columns of x, not {len(names)}")
    return names


def sizes_of(fitted: int | Sequence[int]) -> tuple[int, ...]:
    """The numbers of experts. Raises ValueError for none, for one that comes twice, and for what is no number."""
    sizes = tuple(fitted) if isinstance(fitted, (list, tuple, range)) else (fitted,)
    if len(set(sizes)) < max(1, len(sizes)):
        raise ValueError(f"fitted must be one number of experts, or several that differ, not {fitted!r}")
    return tuple(whole(k, "fitted", 1) for k in sizes)


def whole(value: object, name: str, least: int) -> int:
    """A whole number that is large enough. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number, at least {least}, not {shown(value)}")
    return int(value)


def fixed_tau(tau: float | None) -> float | None:
    """A fixed temperature; None if it is to be fitted. Quotients by it must be doubles."""
    if tau is None:
        return None
    if not _SMALLEST <= tau <= _LARGEST:
        raise ValueError(f"a fixed tau must be positive, a number from {_SMALLEST} to {_LARGEST}, not {shown(tau)}")
    return float(tau)
