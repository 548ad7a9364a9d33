"""The quadratic model of a likelihood at a place on ridges (`ridges`), along the face that they leave free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temperance.numerics.fitting.hyperplanes import Ridge
from temperance.numerics.fitting.newton import Bools, Local, Stop
from temperance.numerics.mixture.activation_numpy import Floats


@dataclass(frozen=True, eq=False)
class Place:
    """A point of the search: theta, the model on the side of smaller normal . theta of every ridge held there."""

    theta: Floats
    local: Local
    held: tuple[Ridge, ...]


@dataclass(frozen=True, eq=False)
class Face:
    """The model at a place along the ridges held, on the free coordinates.

    mu, jumps (h,): of the ridges, c being the jumps. others: whether hyperplanes that are not held meet here as well.
    residual (p,): the least subgradient; norm: of it, less what pushes out of the box; along: norm of the gradient
    along the face. lift (f, q): from coordinates of the face in which -hessian has a unit diagonal, to the free ones;
    values (q,), vectors (q, q): its spectrum; slope (q,): the gradient in the eigenbasis.
    """

    free: Bools
    mu: Floats
    jumps: Floats
    others: bool
    residual: Floats
    norm: float
    along: float
    lift: Floats
    values: Floats
    vectors: Floats
    slope: Floats

    def stationary(self, stop: Stop) -> bool:
        """Whether the place is a maximum."""
        return self.norm <= stop.gradient and not self.others and not (self.values < -stop.curvature).any()

    @property
    def excess(self) -> Floats:
        """The slopes away from the ridges, the larger one of both sides."""
        return np.maximum(self.mu, self.jumps - self.mu)

    def lifted(self, coefficients: Floats) -> Floats:
        """A step (p,) from coefficients in the eigenbasis."""
        step = np.zeros(len(self.free))
        step[self.free] = self.lift @ (self.vectors @ coefficients)
        return step

    def newton(self, damping: float) -> tuple[Floats, float]:
        """The damped Newton step, and what the model gains by it."""
        coefficients = self.slope / (np.abs(self.values) + damping)
        return self.lifted(coefficients), float(self.slope @ coefficients - 0.5 * self.values @ coefficients**2)
