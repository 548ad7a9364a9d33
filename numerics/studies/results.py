"""Evaluates the fits of a rate study: which count, their errors, and the slope of every group of parameters.

In a `GeneralStudy` the error of a parameter is (sum_l p_l |d_l|^q)^(1/q) over the atoms of the first cell, p_l their
shares and q its contact order; that of a mean is |sum_l p_l d_l|. A flat parameter (theory 4.3) has no order, and so no
error: where every cell is split, that may be the gate. Errors of beta1 are modulo its sign where the gate is even in it
(theory 2.1).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.families import Array, Family
from temperance.numerics.fitting.search import FAILED, Status
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure, scores
from temperance.numerics.mixture.points import softmax
from temperance.numerics.studies.errors import (
    GroupErrors,
    group_errors,
    hellinger,
    homogeneous_errors,
    match,
    mirror_errors,
)
from temperance.numerics.studies.lattice import design
from temperance.numerics.studies.slopes import Interval, Slope, enough, log_slope, rms_intervals
from temperance.numerics.studies.study import GeneralStudy, RateStudy, Study
from temperance.theory.conditions.degeneracies import classify, mirror
from temperance.theory.expressions.arguments import checked

STATUSES: tuple[Status, ...] = get_args(Status)
_SHARE_POINTS = 48  # of x, over which shares are averaged


@dataclass(frozen=True, eq=False)
class Result(ABC):
    """What follows from the fits of a study; fields as in `StudyResult`."""

    study: RateStudy
    theta: Floats
    status: NDArray[np.str_]
    agree: NDArray[np.int64]
    gaps: Floats

    @property
    @abstractmethod
    def smallest_share(self) -> Floats:
        """The least share of an atom in each fit (R, N)."""

    @property
    @abstractmethod
    def errors(self) -> dict[str, Floats]:
        """Errors of each group in each cell, (R, N, cells), or (R, N) for what belongs to no cell; nan if dropped."""

    @property
    @abstractmethod
    def cell_sizes(self) -> NDArray[np.intp]:
        """Atoms in the cell of each true atom, (R, N, k*)."""

    @property
    def home(self) -> NDArray[np.bool_] | None:
        """Whether the fitted anchor is in the cell of the true one, (R, N); None where no anchor is set apart."""
        return None

    @property
    def counts(self) -> dict[str, int]:
        """Number of fits of each status."""
        return {status: int((self.status == status).sum()) for status in STATUSES}

    @property
    def valid_fits(self) -> NDArray[np.bool_]:
        """Fits that count: all but spikes and those that ran out of steps."""
        return ~np.isin(self.status, FAILED)

    @property
    def starts(self) -> int:
        """Climbs of a fit, of both searches."""
        return 2 * self.study.effort.count

    @property
    def at_edge(self) -> dict[str, float]:
        """The share of the fits with a coordinate at the edge of the box, by parameters that are there at times."""
        names, lower, upper = self.study.box_of_fits
        edge = (self.theta <= lower) | (self.theta >= upper)
        shares = {name: edge[..., np.array(names) == name].any(axis=-1).mean() for name in dict.fromkeys(names)}
        return {name: float(share) for name, share in shares.items() if share}

    @property
    def dropped(self) -> float:
        """Share of the fits left out."""
        return float((~self.valid_fits).mean())

    def without_dropped(self, errors: Mapping[str, Floats]) -> dict[str, Floats]:
        """Errors with nan for dropped fits."""
        masks = {e.ndim: self.valid_fits.reshape(*self.valid_fits.shape, *(1,) * (e.ndim - 2)) for e in errors.values()}
        return {name: np.where(masks[e.ndim], e, np.nan) for name, e in errors.items()}


@checked
@dataclass(frozen=True, eq=False)
class StudyResult(Result):
    """Fits of a study: theta (R, N, p), status, agree and gaps (R, N), and what follows from them.

    gaps: by how much the log-likelihoods that two independent searches reach differ.
    """

    study: Study

    @property
    def measures(self) -> MixingMeasure:
        """The estimates, leading axes (R, N)."""
        return self.study.layout.unpack(self.theta)

    @cached_property
    def smallest_share(self) -> Floats:
        """The least share of an atom in each fit (R, N): the mean over x of its gate probability."""
        study = self.study
        x = design(study.low, study.high, study.truth.d, _SHARE_POINTS) if study.truth.d < 3 else None
        if x is None:
            x = np.random.default_rng(0).uniform(study.low, study.high, (_SHARE_POINTS, study.truth.d))
        return softmax(scores(self.measures, study.gate, x.T), -2).shares.mean(axis=-1).min(axis=-1)

    @cached_property
    def _groups(self) -> GroupErrors:
        return group_errors(self.measures, self.study.truth, self.study.symmetry, kink=self.study.kink)

    @cached_property
    def errors(self) -> dict[str, Floats]:
        """Errors of each group in each cell, (R, N, k*), or (R, N) for what belongs to no cell.

        nan for dropped fits and empty cells. Besides the groups of `errors.group_errors`: the functions of
        `errors` where they are what is identifiable, and the Hellinger distance, "density".
        """
        study, measures = self.study, self.measures
        density = hellinger(measures, study.truth, study.gate, low=study.low, high=study.high)
        groups = {**self._groups.errors, **_function_errors(study, measures), "density": density}
        if study.linear and study.fixed:  # beta1/tau with a known tau
            groups = {"beta1" if name == "beta1/tau" else name: e for name, e in groups.items()}
        return self.without_dropped({name: e for name, e in groups.items() if name not in study.fixed})

    @property
    def cell_sizes(self) -> NDArray[np.intp]:
        """Atoms in each cell, (R, N, k*)."""
        return self._groups.sizes

    @cached_property
    def home(self) -> NDArray[np.bool_] | None:
        """Whether the fitted anchor is in the cell of the true one, (R, N); None where no anchor is set apart."""
        study = self.study
        if study.exact or study.linear or study.gauge != "anchored":
            return None
        cells = match(self.measures, study.truth, study.symmetry).cells
        return np.asarray(cells[..., -1] == study.truth.k - 1)


def _function_errors(study: Study, measures: MixingMeasure) -> dict[str, Floats]:
    """The errors of the functions that are identifiable where some parameter is not."""
    if not study.exact or study.tau is not None:
        return {}
    if study.linear:
        return {"beta0/tau": homogeneous_errors(measures, study.truth, study.symmetry, 1.0)["beta0/tau"]}
    mirror_point = mirror(study.activation) if study.gauge == "free" and study.position == "mirror" else None
    if mirror_point is not None and mirror_point.kind == "odd":
        return mirror_errors(measures, study.truth, study.symmetry)
    failure = classify(study.activation) if study.gauge == "anchored" else None
    degree = mirror_point.degree if mirror_point is not None else failure.degree if failure is not None else None
    if degree is None or not degree.is_positive:
        return {}
    return homogeneous_errors(measures, study.truth, study.symmetry, float(degree))


@dataclass(frozen=True, eq=False)
class GeneralResult(Result):
    """The result of a `GeneralStudy`: errors of the first cell, and of what all atoms share."""

    study: GeneralStudy

    @cached_property
    def vectors(self) -> Array:
        """The vectors of the family (R, N, q)."""
        return np.array([[self.study.vector(u) for u in row] for row in self.theta])

    @property
    def smallest_share(self) -> Array:
        """The least weight of an atom of the first cell, of all of it."""
        return np.array([[shares_of(self.study.family, vector).min() for vector in row] for row in self.vectors])

    @property
    def cell_sizes(self) -> NDArray[np.intp]:
        """Atoms in each cell, which the box determines."""
        return np.broadcast_to(self.study.family.sizes, (*self.status.shape, 2))

    @cached_property
    def errors(self) -> dict[str, Array]:
        """Errors of each group in the first cell, (R, N, 1), and of shared parameters (R, N)."""
        family, orders = self.study.family, self.study.orders
        rows = [[family_errors(family, vector, orders) for vector in row] for row in self.vectors]
        groups = {name: np.array([[e[name] for e in row] for row in rows]) for name in rows[0][0]}
        shared = {p.name for p in family.setting.spec.gate.shared}
        return self.without_dropped({name: e if name in shared else e[..., None] for name, e in groups.items()})


def shares_of(family: Family, vector: Array) -> Array:
    """The weights of the atoms of the first cell, of all of it."""
    weights = np.exp([vector[family.index(l, "weight")] for l in range(family.m)])
    return np.asarray(weights / weights.sum())


def family_errors(family: Family, vector: Array, orders: Mapping[str, float]) -> dict[str, float]:
    """The error of every parameter of the first cell, of its weighted means, and of the shared parameters."""
    vector = _nearest_image(family, vector)
    shares, errors = shares_of(family, vector), {}
    for name, q in orders.items():
        if name not in family.names:
            errors[name] = float(abs(vector[family.shared_index(name)] - family.center[family.shared_index(name)]))
            continue
        at = [family.index(l, name) for l in range(family.m)]
        d = vector[at] - family.center[at]
        errors[name] = float((shares @ np.abs(d) ** q) ** (1 / q))
        if family.m > 1:
            errors[f"mean {name}"] = float(abs(shares @ d))
    return errors


def _nearest_image(family: Family, vector: Array) -> Array:
    """The vector with beta1 or -beta1 for every atom of the first cell, whichever is nearer to the truth."""
    image = vector.copy()
    for l in range(family.m if family.signs else 0):
        at = [family.index(l, name) for name in family.signs]
        here, true = vector[at], family.center[at]
        image[at] = min(here, -here, key=lambda v: float(((v - true) ** 2).sum()))
    return image


@dataclass(frozen=True)
class ErrorPoint:
    """RMS error of a group over the fits at one n, its standard error (None for a single fit), and how many fits.

    ci: its 95% interval (`slopes.rms_intervals`), None for fewer than ten fits. All None where some error overflows.
    """

    n: int
    rms: float | None
    se: float | None
    ci: tuple[float, float] | None
    fits: int


@dataclass(frozen=True)
class StudySlope:
    """Slope of the RMS error of one group in one true cell, over the fits in which that cell has cell_size atoms.

    cell and cell_size are None for what belongs to no cell. share: the part of the kept fits that are meant. patterns:
    the sizes of all cells in these fits, where none is empty. home: whether the fitted anchor is in the cell of the
    true one, for over-specified activation gates in the anchored gauge; else None. slope is None where some n has
    fewer than ten such fits. points: what the slope is about, for each n that has such fits. errors: (R, N), nan where
    a fit is not meant.
    """

    parameter: str
    cell: int | None
    cell_size: int | None
    share: float
    patterns: tuple[tuple[int, ...], ...]
    home: bool | None
    slope: Slope | None
    points: tuple[ErrorPoint, ...] = ()
    errors: Floats | None = field(default=None, repr=False, compare=False)


def error_points(errors: Floats, sizes: tuple[int, ...]) -> tuple[ErrorPoint, ...]:
    """The RMS of errors (R, N) over replicates, nan where a fit is left out; standard errors by the delta method."""
    columns = zip(sizes, rms_intervals(errors), errors.T, strict=True)
    return tuple(_point(n, ci, e[~np.isnan(e)]) for n, ci, e in columns if not np.isnan(e).all())


def _point(n: int, interval: Interval, errors: Floats) -> ErrorPoint:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = errors**2
        rms, spread = float(np.sqrt(squares.mean())), float(squares.std()) / max(len(errors) - 1, 1) ** 0.5
    if not np.isfinite([rms, spread]).all():
        return ErrorPoint(n, None, None, None, len(errors))
    se = spread / (2 * rms) if rms else 0.0
    return ErrorPoint(n, rms, se if len(errors) > 1 else None, interval, len(errors))


def slope_of(errors: Floats, sizes: tuple[int, ...]) -> Slope | None:
    """The slope of errors (R, N); None where some n has too few, or where their squares overflow or all vanish."""
    return log_slope(errors, sizes) if enough(errors).all() else None


@checked
def study_slopes(result: Result) -> tuple[StudySlope, ...]:
    """The slope of every group in every cell of a result, for each size the cell has.

    In over-specified fits what belongs to no cell, but for the density, is told apart by the sizes of all cells.
    """
    parts = [
        (name, cell, *part)
        for name, errors in result.errors.items()
        for cell in (range(errors.shape[-1]) if errors.ndim == 3 else (None,))
        for part in _parts(result, name, cell)
    ]
    slopes = []
    for name, cell, size, home, chosen in parts:
        errors = result.errors[name] if cell is None else result.errors[name][..., cell]
        errors, sizes = np.where(chosen, errors, np.nan), result.study.sizes
        share = float(chosen.sum() / result.valid_fits.sum()) if chosen.any() else 0.0
        patterns = np.unique(result.cell_sizes[chosen], axis=0)
        full = tuple(tuple(pattern.tolist()) for pattern in patterns if pattern.min() > 0)
        slope = None if size == 0 else slope_of(errors, sizes)
        points = error_points(errors, sizes)
        slopes.append(StudySlope(name, cell, size, share, full, home, slope, points, errors))
    return tuple(slopes)


def _parts(result: Result, name: str, cell: int | None) -> Iterator[tuple[int | None, bool | None, NDArray[np.bool_]]]:
    """Which fits have a slope together: size of the cell, whether the anchor is at home, and the fits."""
    sizes, valid = result.cell_sizes, result.valid_fits
    if name == "density" or (cell is None and result.study.exact):
        yield None, None, valid
        return
    homes = (True, False) if result.home is not None else (None,)
    for home in homes:
        there = valid if home is None else valid & (result.home == home)
        if cell is not None:
            for size in np.unique(sizes[..., cell][there]):
                yield int(size), home, there & (sizes[..., cell] == size)
        else:
            for pattern in np.unique(sizes[there], axis=0):
                yield None, home, there & (sizes == pattern).all(axis=-1)
