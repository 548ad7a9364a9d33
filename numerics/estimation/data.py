"""Reads the data and options of a fit, and centres and scales the data, so that a fit does not depend on their units.

What makes no fit is refused with a message that names it. With x = m + u x' and y = c + v y' (column by column), the
measure (beta1', beta0', tau, a', b', nu') of x', y' is, in the units of the data,

    beta1 = beta1'/u,  beta0 = beta0' - beta1 . m,  a = v a'/u,  b = c + v b' - a . m,  nu = v^2 nu',

and sum log g = sum log g' - n log v. If s is not linear, s(beta1 . x) cannot absorb a shift of x, so m = 0.

Example: the columns of ``Units.of(points, centred_x=True, centred_y=True).rescale(points)`` have mean 0 and standard
deviation 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from temperance.numerics.fitting.fits import LayoutFit
from temperance.numerics.fitting.problem import Box, one_bound
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points, reals
from temperance.theory.expressions.arguments import shown

_SMALLEST, _LARGEST = 1e-70, 1e70  # of a fixed temperature and of scales: squares of quotients of these are doubles


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
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None,
    drop_missing: bool = False,
    columns: Sequence[str | int] | None = None,
) -> tuple[Points, tuple[str, ...], int]:
    """The points, without those of weight 0; the names of x; how many rows were left out because a value is nan."""
    arrays = [_real(x, "x", drop_missing), _real(y, "y", drop_missing)]
    if weights is not None:
        arrays.append(_real(weights, "weights", drop_missing))
        for i in np.flatnonzero(arrays[2] < 0)[:1]:
            raise ValueError(f"weights[{i}] is {arrays[2].flat[i]}: weights must not be negative")
    if arrays[0].ndim == 1:
        arrays[0] = arrays[0][:, None]
    dropped = 0
    if drop_missing and len({a.shape[:1] for a in arrays}) == 1 and arrays[1].ndim == 1:
        whole_rows = ~np.isnan(np.column_stack(arrays)).any(axis=1)
        dropped = int((~whole_rows).sum())
        arrays = [a[whole_rows] for a in arrays]
        if not len(arrays[1]):
            raise ValueError("every row has a missing value")
    points = Points(*arrays)
    if weights is not None:
        positive = points.weights > 0
        points = Points(points.x[positive], points.y[positive], points.weights[positive])
    names = _names_of(x, columns, points.x.shape[1])
    for name, column in zip(names, points.x.T, strict=True):
        if points.n and (column == column[0]).all():
            raise ValueError(f"column {name} of x is constant, {column[0]!s}: its slopes cannot be estimated")
    if points.n and (points.y == points.y[0]).all():
        raise ValueError(f"y is constant, {points.y[0]!s}: there is nothing to fit")
    return points, names, dropped


_FEW = 20  # values of y


def repeats(points: Points) -> list[str]:
    """What repeats itself in the data, which a density does not: few values of y, and rows that come again."""
    count, values = len(points.y), len(np.unique(points.y))
    rows = len(np.unique(np.column_stack([points.x, points.y]), axis=0))
    few = f"y takes only {values} different values: a Gaussian expert can collapse on each, so that neither nu nor "
    few += "the number of experts means much"
    copies = f"only {rows} of the {count} rows differ: standard errors and criteria take copies for new observations"
    return [few] * (values <= _FEW and 2 * values <= rows) + [copies] * (2 * rows <= count and not points.weighted)


def _names_of(x: object, columns: Sequence[str | int] | None, d: int) -> tuple[str, ...]:
    """The names of the columns of x: as given, of a DataFrame, or 1, 2, ..."""
    labels = getattr(x, "columns", range(1, d + 1)) if columns is None else columns
    names = tuple(map(str, labels))
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


def _scale(column: Floats, points: Points) -> float:
    """Root mean square of numbers of any size, one of each point."""
    largest = float(np.abs(column).max())
    return largest * float(np.sqrt(points.mean((column / largest) ** 2))) if largest > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Units:
    """Centres m (d,) and c, scales u (d,) and v."""

    x_centre: Floats
    x_scale: Floats
    y_centre: float
    y_scale: float

    @staticmethod
    def of(points: Points, *, centred_x: bool, centred_y: bool) -> Units:
        """Means, where wanted, and root mean squares about them. Raises ValueError for scales out of range."""
        x, columns = points.x, [*points.x.T, points.y]
        with np.errstate(over="ignore", invalid="ignore"):
            centred = [centred_x] * len(x.T) + [centred_y]
            centres = [float(points.mean(c)) if on else 0.0 for c, on in zip(columns, centred, strict=True)]
            scales = [_scale(column - centre, points) for column, centre in zip(columns, centres, strict=True)]
        for name, scale in zip([*(f"column {l + 1} of x" for l in range(len(x.T))), "y"], scales, strict=True):
            if not _SMALLEST <= scale <= _LARGEST:
                raise ValueError(f"the scale of {name}, {scale:.3g}, must lie between {_SMALLEST} and {_LARGEST}")
        return Units(np.array(centres[:-1]), np.array(scales[:-1]), centres[-1], scales[-1])

    def rescale(self, points: Points) -> Points:
        """x', y'."""
        x, y = (points.x - self.x_centre) / self.x_scale, (points.y - self.y_centre) / self.y_scale
        return replace(points, x=x, y=y)

    def box_of_data(self, box: Box, *, back: bool = False) -> Box:
        """The box of x', y' as a box of the data, about their centres; or back, where the centres are 0."""
        x, y = (self.x_scale, 1.0 / self.y_scale) if back else (1.0 / self.x_scale, self.y_scale)
        beta1, a = (np.broadcast_to(np.asarray(bound), x.shape) * x for bound in (box.beta1, box.a))
        low, high = box.nu
        nu = (low * y * y, high * y * y)
        return replace(box, beta1=one_bound(beta1), a=one_bound(a * y), b=box.b * y, nu=nu)

    def matrix(self, layout: Layout) -> tuple[Floats, Floats]:
        """A (p, p) and c (p,) with theta = A theta' + c."""
        d, size = layout.d, layout.atom_size
        atom, shift = np.eye(size), np.zeros(size)
        atom[:d, :d] = np.diag(1.0 / self.x_scale)
        atom[d, :d] = -self.x_centre / self.x_scale
        atom[d + 1 : 2 * d + 1, d + 1 : 2 * d + 1] = np.diag(self.y_scale / self.x_scale)
        atom[2 * d + 1, d + 1 : 2 * d + 1] = -self.x_centre * self.y_scale / self.x_scale
        atom[2 * d + 1, 2 * d + 1] = self.y_scale
        shift[2 * d + 1 :] = self.y_centre, 2 * np.log(self.y_scale)
        full = np.eye(1 + layout.k * size)
        full[1:, 1:] = np.kron(np.eye(layout.k), atom)
        return full[np.ix_(layout.free, layout.free)], np.concatenate([[0.0], np.tile(shift, layout.k)])[layout.free]

    def fit_of_data(self, fit: LayoutFit, n: float, box: Box) -> LayoutFit:
        """The fit of n points x', y' as one of the data; box: what confined it."""
        a, c = self.matrix(fit.layout)
        inverse, theta = np.linalg.inv(a), a @ fit.theta + c
        flat = fit.flat_directions @ a.T
        return replace(
            fit,
            theta=theta,
            log_likelihood=fit.log_likelihood - n * float(np.log(self.y_scale)),
            information=inverse.T @ fit.information @ inverse,
            flat_directions=flat / np.linalg.norm(flat, axis=1, keepdims=True),
            box=box,
        )
