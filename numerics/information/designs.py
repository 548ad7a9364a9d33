"""Optimal designs of x: where to observe, so that tau, or everything, needs the fewest observations (theory.md 6.6).

The sensitivity d(x) of a design bounds its efficiency among all designs on a grid of x. Weights are found by the
multiplicative algorithm, w_j <- w_j d_j^power, on a few points, to which the point of the greatest d(x) is added until
the bound is high. A ten-thousandth of every design is uniform: the best one for tau can leave other parameters unseen.

Example: ``tau_design(rows).efficiency`` is above 0.99.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.mixture.activation_numpy import Floats

Sensitivity = Callable[[Floats], tuple[Floats, float]]

GRID = 241
UNIFORM = 1e-4  # share of every design that is uniform
_ROUNDS, _PASSES = 60, 400
_ENOUGH = 0.9995  # efficiency at which a search ends
_CLOSE = 1e-4  # relative gain left at which weights are good
_LEAST = 1e-3  # of weight: points with less are left out
_NEAR = 3  # steps of the grid within which points are taken as one


@dataclass(frozen=True, eq=False)
class Design:
    """places: of the points in the grid; weights (m,), of sum 1, of all but the uniform share.

    variance: of log tau, times n. efficiency: a bound from below, against the best design on the grid. sensitivity
    (grid,): d(x) relative to its bound, so that the points of the best design lie where it is 1.
    """

    places: NDArray[np.intp]
    weights: Floats
    variance: float
    efficiency: float
    sensitivity: Floats


def d_design(rows: Floats) -> Design:
    """The D-optimal design; rows (grid, q, p): factors of the information at every x, log tau first."""
    matrices, tau = _scaled(rows)

    def sensitivity(information: Floats) -> tuple[Floats, float]:
        return np.einsum("nij,ji->n", matrices, np.linalg.inv(information)), float(len(tau))

    return _searched(matrices, sensitivity, 1.0, tau)


def tau_design(rows: Floats) -> Design:
    """The design with the least variance of log tau; rows as for `d_design`."""
    matrices, tau = _scaled(rows)

    def sensitivity(information: Floats) -> tuple[Floats, float]:
        direction = np.linalg.solve(information, tau)
        return np.einsum("nij,i,j->n", matrices, direction, direction), float(tau @ direction)

    return _searched(matrices, sensitivity, 0.5, tau)


def _scaled(rows: Floats) -> tuple[Floats, Floats]:
    """I(x) in coordinates in which the uniform design has the information 1, and log tau as a form in them."""
    stacked = (rows / np.sqrt(len(rows))).reshape(-1, rows.shape[2])
    scale = np.linalg.norm(stacked, axis=0)
    b = np.linalg.inv(np.linalg.qr(stacked / scale, mode="r")) / scale[:, None]
    moved = rows @ b
    return np.asarray(moved.transpose(0, 2, 1) @ moved), b[0]


def _information(matrices: Floats, places: NDArray[np.intp], weights: Floats) -> Floats:
    of_points = np.tensordot(weights, matrices[places], axes=1)
    return np.asarray(UNIFORM * np.eye(matrices.shape[1]) + (1 - UNIFORM) * of_points)


def _searched(matrices: Floats, sensitivity: Sensitivity, power: float, c: Floats) -> Design:
    """The best design found, its neighbouring points taken as one where that costs little."""
    places = np.linspace(0, len(matrices) - 1, 9).astype(np.intp)
    weights = np.full(len(places), 1 / len(places))
    for _ in range(_ROUNDS):
        places, weights = _weighted(matrices, places, weights, sensitivity, power)
        d, least = sensitivity(_information(matrices, places, weights))
        if least / d.max() >= _ENOUGH:
            break
        places, first = np.unique(np.append(places, d.argmax()), return_index=True)
        weights = np.append(weights, 1 / len(places))[first]
        weights /= weights.sum()
    found = _made(matrices, places, weights, sensitivity, c)
    merged, shares = _merged(places, weights)
    again = _made(matrices, *_weighted(matrices, merged, shares, sensitivity, power), sensitivity, c)
    return again if again.efficiency > found.efficiency - 2e-3 else found


def _weighted(
    matrices: Floats, places: NDArray[np.intp], weights: Floats, sensitivity: Sensitivity, power: float
) -> tuple[NDArray[np.intp], Floats]:
    """The best weights of some points, without those of little weight."""
    for _ in range(_PASSES):
        d = sensitivity(_information(matrices, places, weights))[0][places]
        if d.max() <= (1 + _CLOSE) * (weights @ d):
            break
        weights = weights * d**power
        weights /= weights.sum()
    kept = weights > _LEAST
    return places[kept], weights[kept] / weights[kept].sum()


def _made(matrices: Floats, places: NDArray[np.intp], weights: Floats, sensitivity: Sensitivity, c: Floats) -> Design:
    information = _information(matrices, places, weights)
    d, least = sensitivity(information)
    variance = float(c @ np.linalg.solve(information, c))
    return Design(places, weights, variance, float(least / d.max()), d / least)


def _merged(places: NDArray[np.intp], weights: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Neighbouring points as one, at their mean."""
    groups = np.split(np.arange(len(places)), np.flatnonzero(np.diff(places) > _NEAR) + 1)
    means = [round(float(np.average(places[g], weights=weights[g]))) for g in groups]
    return np.array(means, dtype=np.intp), np.array([weights[g].sum() for g in groups])
