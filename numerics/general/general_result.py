"""Holds what `fit_general` gives: where the best climb ended, with standard errors and what stays open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from temperance.numerics.fitting.search import Status
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.theory.models.spec import MoESpec

Name = tuple[str, int | None]


@dataclass(frozen=True)
class GeneralEstimate:
    """A parameter of one atom (None: shared).

    se: by the delta method; None where held, at an edge, left open, without an estimate, or where the value follows an
    edge of the box: to first order it moves by more if the edges are twice as far out. held: not fitted, a choice of
    gauge. left_open: the information is singular along it.
    """

    parameter: str
    atom: int | None
    value: float
    se: float | None
    held: bool
    left_open: bool


@dataclass(frozen=True, eq=False)
class GeneralFitResult:
    """The best of the climbs.

    estimates: of every parameter, in the order of theta. theta: with logarithms of what is positive. status: as in
    `fitting.mle`: "converged", "at_bound", "spike" (a variance at the least of the box, in an atom that holds fewer
    points than it has parameters), "max_steps". bounds: what is at the edge of the box. flat (m, p): unit vectors in
    theta along which the information vanishes. n_parameters: free coordinates less the flat directions. starts, agree:
    climbs, and those that reached this likelihood. box: of every parameter.
    information (p, p): of the log-likelihood, 0 where held. covariance (p, p): its inverse across the flat directions,
    0 where held or at an edge.
    """

    spec: MoESpec
    k: int
    estimates: tuple[GeneralEstimate, ...]
    theta: Floats
    log_likelihood: float
    status: Status
    bounds: tuple[Name, ...]
    flat: Floats
    n_parameters: int
    starts: int
    agree: int
    points: float
    box: Mapping[str, tuple[float, float]]
    information: Floats
    covariance: Floats

    @property
    def is_estimate(self) -> bool:
        """Whether the search ended at a maximum that is no spike."""
        return self.status in ("converged", "at_bound")
