"""The profile likelihood of the temperature, where its standard error says that the data tell little of it.

Example: ``settled(fit, gate, points)`` climbs on where the profile rises, and says how far it falls on either side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.fitting.climb import FLAT, scaled_spectrum
from temperance.numerics.fitting.fits import LayoutFit, fit_points
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.points import Points

INDISTINCT = 1.92  # a fall of the log-likelihood that excludes a value of one parameter at 95%
_WEAK = 0.5  # standard errors of log tau above this are not trusted
_STEPS = 8  # from the estimate to an edge of the box
_STEP = 0.5  # in log tau, at least
_ROUNDING = 1e-12  # of a log-likelihood
_ROUNDS = 3
_HALVINGS = 6  # of the step in which a flat profile ends
_WIDTH = 1e-9  # of the interval of log tau that stands for a value


@dataclass(frozen=True)
class Side:
    """One side of the profile: the first tau that it excludes, else the edge of the box; its fall up to there."""

    tau: float
    fall: float


def relative_error(fit: LayoutFit) -> float:
    """The standard error of log tau; infinite where the information does not give one, 0 where tau is not free."""
    free = ~fit.edge
    if fit.layout.tau is not None or not free[0]:
        return 0.0
    scale, values, vectors = scaled_spectrum(fit.information[np.ix_(free, free)])
    if (values <= FLAT).any():
        return np.inf
    return float(np.linalg.norm(vectors[0] / np.sqrt(values)) / scale[0])


def settled(fit: LayoutFit, gate: CompiledActivation, points: Points) -> tuple[LayoutFit, tuple[Side, ...]]:
    """The fit, or a higher one to which the profile of tau leads; and its two sides, where they were looked at."""
    for _ in range(_ROUNDS):
        if fit.status == "spike" or relative_error(fit) <= _WEAK:
            return fit, ()
        sides = []
        for edge in np.log(fit.box.tau):
            side, highest = _walk(fit, gate, points, float(edge))
            rise = highest.log_likelihood - fit.log_likelihood
            if rise > _ROUNDING * abs(fit.log_likelihood):
                break
            sides.append(side)
        else:
            return fit, tuple(sides)
        top = highest.theta.copy()
        if abs(top[0] - edge) <= 2 * _WIDTH:
            top[0] = edge
        again = fit_points(fit.layout, gate, points, box=fit.box, starts=0, seed=0, known_starts=[top])
        fit = replace(again, starts=fit.starts, agree=fit.agree if rise <= AGREE else 1)
    return fit, ()


def _walk(fit: LayoutFit, gate: CompiledActivation, points: Points, edge: float) -> tuple[Side, LayoutFit]:
    """The profile from the estimate towards an edge of log tau, until it excludes a value; and its highest point.

    Where a flat profile begins to move is looked at closely: a gate with kinks is flat below its first kink, and the
    likelihood may rise just behind.
    """
    distance = edge - fit.theta[0]
    count = max(1, min(_STEPS, int(np.ceil(abs(distance) / _STEP))))
    path, highest, here = [fit], fit, fit
    for i in range(1, count + 1):
        last = path[-1].theta
        further = 2 * last - path[-2].theta if i > 1 else last + _tangent(fit, distance / count)
        here = _at(fit, gate, points, fit.theta[0] + distance * i / count, [last, further])
        path.append(here)
        highest = max((highest, here), key=lambda f: f.log_likelihood)
        if (
            abs(fit.log_likelihood - here.log_likelihood) > AGREE
            and fit.log_likelihood - path[-2].log_likelihood <= AGREE
        ):
            highest = max((highest, *_between(fit, gate, points, path[-2], here)), key=lambda f: f.log_likelihood)
        if fit.log_likelihood - here.log_likelihood >= INDISTINCT:
            break
    return Side(float(np.exp(here.theta[0])), fit.log_likelihood - here.log_likelihood), highest


def _at(fit: LayoutFit, gate: CompiledActivation, points: Points, log_tau: float, starts: list[Floats]) -> LayoutFit:
    """The fit with tau held."""
    box = replace(fit.box, tau=(float(np.exp(log_tau - _WIDTH)), float(np.exp(log_tau + _WIDTH))))
    return fit_points(fit.layout, gate, points, box=box, starts=0, seed=0, known_starts=starts)


def _between(
    fit: LayoutFit, gate: CompiledActivation, points: Points, level: LayoutFit, outer: LayoutFit
) -> Iterator[LayoutFit]:
    """Points of the profile ever nearer to the end of its flat part, level, from behind it, moved."""
    for _ in range(_HALVINGS):
        middle = _at(fit, gate, points, (level.theta[0] + outer.theta[0]) / 2, [level.theta, outer.theta])
        yield middle
        if abs(fit.log_likelihood - middle.log_likelihood) > AGREE:
            outer = middle
        else:
            level = middle


def _tangent(fit: LayoutFit, change: float) -> Floats:
    """The step along the profile that changes log tau."""
    free = ~fit.edge
    free[0] = False
    step = np.zeros(len(fit.theta))
    step[0] = change
    step[free] = -np.linalg.lstsq(fit.information[np.ix_(free, free)], fit.information[free, 0], rcond=FLAT)[0] * change
    return step
