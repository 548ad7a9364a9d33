"""The fits of a rate study: which count, their errors, and the slope of every group of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from numerics.definitions import Study
from numerics.measures import MixingMeasure
from numerics.mle import Status
from numerics.slopes import FEWEST_REPLICATES, Slope, log_slope
from numerics.voronoi import group_errors, voronoi_loss

Floats = NDArray[np.float64]

STATUSES: tuple[Status, ...] = get_args(Status)
FAILED: tuple[Status, ...] = ("spike", "max_steps")


@dataclass(frozen=True, eq=False)
class StudyResult:
    """Fits of a study: theta (R, N, p), status and agree (R, N), and what follows from them."""

    study: Study
    theta: Floats
    status: NDArray[np.str_]
    agree: NDArray[np.int64]

    @property
    def measures(self) -> MixingMeasure:
        """The estimates, leading axes (R, N)."""
        return self.study.layout.unpack(self.theta)

    @property
    def counts(self) -> dict[str, int]:
        """Number of fits of each status."""
        return {status: int((self.status == status).sum()) for status in STATUSES}

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Fits that count: all but spikes and those that ran out of steps."""
        return ~np.isin(self.status, FAILED)

    @property
    def dropped(self) -> float:
        """Share of the fits left out."""
        return float((~self.kept).mean())

    @cached_property
    def errors(self) -> dict[str, Floats]:
        """Errors of each group in each cell, (R, N, k*), or (R, N) for tau; nan for dropped fits and empty cells."""
        groups = group_errors(self.measures, self.study.truth, self.study.symmetry, kink=self.study.kink).errors
        return {name: np.where(_like(self.kept, e), e, np.nan) for name, e in groups.items()}

    @cached_property
    def cell_sizes(self) -> NDArray[np.intp]:
        """Atoms in each cell, (R, N, k*)."""
        return group_errors(self.measures, self.study.truth, self.study.symmetry).sizes

    @cached_property
    def loss(self) -> Floats:
        """The published-form Voronoi loss, (R, N), nan for dropped fits."""
        return np.where(self.kept, voronoi_loss(self.measures, self.study.truth, self.study.symmetry), np.nan)


@dataclass(frozen=True)
class StudySlope:
    """Slope of the RMS error of one group in one true cell, over the fits in which that cell has cell_size atoms.

    cell and cell_size are None for tau. share: the part of the kept fits with that size. slope is None where some n
    has fewer than ten such fits.
    """

    parameter: str
    cell: int | None
    cell_size: int | None
    share: float
    slope: Slope | None


def _like(mask: NDArray[np.bool_], array: Floats) -> NDArray[np.bool_]:
    return mask.reshape(*mask.shape, *(1,) * (array.ndim - mask.ndim))


def _slope(errors: Floats, sizes: tuple[int, ...], seed: int) -> Slope | None:
    if ((~np.isnan(errors)).sum(axis=0) < FEWEST_REPLICATES).any():
        return None
    return log_slope(errors, sizes, seed=seed)


def study_slopes(result: StudyResult, *, seed: int) -> tuple[StudySlope, ...]:
    """The slope of every group in every cell, for each size the cell has; seed is that of the bootstrap."""
    slopes, kept = [], result.kept
    for name, errors in result.errors.items():
        if errors.ndim == 2:
            slopes.append(StudySlope(name, None, None, 1.0, _slope(errors, result.study.sizes, seed)))
            continue
        for cell in range(errors.shape[-1]):
            for size in np.unique(result.cell_sizes[..., cell][kept]):
                chosen = kept & (result.cell_sizes[..., cell] == size)
                part = np.where(chosen, errors[..., cell], np.nan)
                slope = _slope(part, result.study.sizes, seed) if size else None
                slopes.append(StudySlope(name, cell, int(size), float(chosen.sum() / kept.sum()), slope))
    return tuple(slopes)
