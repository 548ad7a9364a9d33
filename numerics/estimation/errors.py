"""Standard errors of functions of the parameters of a fit, and why a function has none.

Example: ``Errors(fit, flows).of(gradient).se`` is the standard error of a function with this gradient.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from temperance.numerics.fitting.climb import FLAT, scaled_spectrum
from temperance.numerics.fitting.fits import Fit
from temperance.numerics.mixture.activation_numpy import Floats

Caveat = Literal["edge", "near edge", "no maximum", "singular", "no estimate", "held"]
Bools = NDArray[np.bool_]
_MOVES = 1e-6  # part of a function's gradient along flat directions that makes it not identifiable
_TOUCHED = 0.1  # standard errors by which a function moves with an edge before it is said


class StandardError(NamedTuple):
    """Standard error of a function, whether it is identifiable, and what keeps it from being used as it is."""

    se: float | None
    identifiable: bool | None
    caveat: Caveat | None = None


class Errors:
    """Standard errors of functions of theta by the delta method, on the coordinates that are free to move.

    fit: where the search ended, in the units that it had; flows (m, p): directions that theory proves to be flat;
    matrix: A of `Units.matrix`, for gradients in the data's units, where these are others; lost (p,): coordinates that
    have no maximum. Flows count as flat whatever the information is. It may add directions, which are no statement on
    the data: a point where it vanishes may be a saddle. They are flat where there is one, it moves tau, and the profile
    of tau is level; and where they are at most as many as a gate has more parameters than values at the x of the data
    (open_dimensions): on a manifold these values are constant.

    A flow that moves a coordinate at the edge of the box frees it: functions that the flow keeps have errors all the
    same. A function that follows the edge has none: to first order it moves by more than its standard error when every
    edge that holds a coordinate is twice as far out (tau and nu: by a factor of two).
    """

    def __init__(
        self,
        fit: Fit,
        flows: Floats,
        matrix: Floats | None = None,
        lost: Bools | None = None,
        *,
        level: bool = False,
        open_dimensions: int = 0,
    ) -> None:
        free = fit.moves.argmax(axis=0)
        size, self.held = len(free), fit.edge[free]
        self.matrix = np.eye(size) if matrix is None else matrix
        self.lost = np.zeros(size, dtype=bool) if lost is None else lost
        self.stationary = fit.is_estimate
        information = fit.information[np.ix_(~self.held, ~self.held)]
        self.proved, self.blocked = _units(flows), self.held.copy()
        if len(flows) and self.held.any():
            left, sizes, _ = np.linalg.svd(flows[:, self.held])
            rank = int((sizes > _MOVES * max(1.0, float(sizes.max()))).sum())
            # so many of those held are a choice of the place on the orbit, tau before others
            _, upper = np.linalg.qr(left[:, :rank].T @ flows[:, self.held])
            steps = np.abs(upper) > _MOVES * max(1.0, float(sizes.max()))
            self.blocked[np.flatnonzero(self.held)[steps[steps.any(axis=1)].argmax(axis=1)]] = False
            flows = left[:, rank:].T @ flows
        scale, values, vectors = scaled_spectrum(information)
        if len(flows):
            across = null_space(flows[:, ~self.held] * scale)
            values, vectors = np.linalg.eigh(across.T @ (information / np.outer(scale, scale)) @ across)
            vectors = across @ vectors
        curved = values > FLAT
        self.root = vectors[:, curved] / np.sqrt(values[curved]) / scale[:, None]
        # the free coordinates follow those held as -(their information)^-1 (the cross information)
        self.doubled = (np.where(fit.logs, np.log(2), np.abs(fit.theta))[free] * self.blocked)[self.held]
        self.pull = -self.root.T @ fit.information[np.ix_(~self.held, self.held)] @ self.doubled
        more = np.zeros((int((np.abs(values) <= FLAT).sum()), size))
        more[:, ~self.held] = (vectors[:, np.abs(values) <= FLAT] / scale[:, None]).T
        self.flat = _units(more)
        self.is_counted = 0 < len(self.flat) <= open_dimensions
        self.is_flat = self.is_counted or (level and len(self.flat) == 1 and bool(self.flat[0, 0]))

    def leaves_open(self, gradients: Floats) -> bool:
        """Whether the information tells nothing of a function with such gradients, where theory does not say why."""
        return self.stationary and any(
            not (_moves(g, self.proved) or g[self.lost].any()) and _moves(g, self.flat) for g in gradients @ self.matrix
        )

    def of(self, gradient: Floats) -> StandardError:
        """The standard error of the function with this gradient in theta, or why there is none."""
        gradient = gradient @ self.matrix
        if _moves(gradient, self.proved):
            return StandardError(None, False)
        if gradient[self.lost].any():
            return StandardError(None, None, "no maximum")
        if not self.stationary:
            return StandardError(None, None, "no estimate")
        if _moves(gradient, self.flat):
            return StandardError(None, False) if self.is_flat else StandardError(None, None, "singular")
        if gradient[self.blocked].any():
            return StandardError(None, True, "edge")
        spread = gradient[~self.held] @ self.root
        se, follows = float(np.linalg.norm(spread)), abs(spread @ self.pull + gradient[self.held] @ self.doubled)
        if follows > se > 0:
            return StandardError(None, True, "edge")
        return StandardError(se, True, "near edge" if follows > _TOUCHED * se else None)

    def spread(self, gradients: Floats) -> Floats:
        """Rows (m, r) whose products are the covariances of functions with gradients (m, q); nan where none is."""
        rows = (gradients @ self.matrix)[:, ~self.held] @ self.root
        has = np.array([self.of(gradient).se is not None for gradient in gradients], dtype=bool)
        return np.where(has[:, None], rows, np.nan)


def _units(directions: Floats) -> Floats:
    """The directions (m, p) at unit length, without those that are 0."""
    sizes = np.linalg.norm(directions, axis=1)
    return directions[sizes > 0] / sizes[sizes > 0, None]


def _moves(gradient: Floats, directions: Floats) -> bool:
    """Whether a function changes along some directions."""
    return bool(np.linalg.norm(directions @ gradient) > _MOVES * np.linalg.norm(gradient))
