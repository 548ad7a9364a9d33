"""Centres and scales the data, so that a fit does not depend on the user's units.

With x = m + u x' and y = c + v y' (column by column), the measure (beta1', beta0', tau, a', b', nu') of x', y' is, in
the units of the data,

    beta1 = beta1'/u,  beta0 = beta0' - beta1 . m,  a = v a'/u,  b = c + v b' - a . m,  nu = v^2 nu',

and sum log g = sum log g' - n log v. If s is not linear, s(beta1 . x) cannot absorb a shift of x, so m = 0.

Example: the columns of ``Units.of(points, centred_x=True, centred_y=True).rescale(points)`` have mean 0 and standard
deviation 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.fitting.box import Box, one_bound
from temperance.numerics.fitting.mle import Fit
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points

_SMALLEST, _LARGEST = 1e-70, 1e70  # squares of quotients of such scales are doubles


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

    def fit_of_data(self, fit: Fit, n: float, box: Box) -> Fit:
        """The fit of n points x', y' as one of the data; box is what `Fit.box` says."""
        a, c = self.matrix(fit.layout)
        inverse, theta = np.linalg.inv(a), a @ fit.theta + c
        flat = fit.flat_directions @ a.T
        return replace(
            fit,
            measure=fit.layout.unpack(theta),
            theta=theta,
            log_likelihood=fit.log_likelihood - n * float(np.log(self.y_scale)),
            score=inverse.T @ fit.score,
            information=inverse.T @ fit.information @ inverse,
            flat_directions=flat / np.linalg.norm(flat, axis=1, keepdims=True),
            box=box,
        )
