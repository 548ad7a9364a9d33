"""Computes the errors of functions that stay identifiable where beta1 and tau do not (theory 3.1, 3.3).

They are for exact-specified fits, atom by atom, and nan unless every true atom has exactly one fitted atom.
"""

from __future__ import annotations

import numpy as np

from temperance.numerics.errors.voronoi import Symmetry, match, nearest_image
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure


def in_order(measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry) -> tuple[MixingMeasure, Floats]:
    """The atoms (..., k) in the order of the true ones, and whether each has one of its own (...); k = k*.

    Of the measures with one density that the discrete symmetries give, the one whose beta1 is nearest the true one.
    """
    if measure.k != truth.k:
        raise ValueError(f"the functions are those of exact-specified fits, not of {measure.k} atoms for {truth.k}")
    measure = nearest_image(measure, truth, symmetry)
    m = match(measure, truth, symmetry)
    order = m.cells.argsort(axis=-1)

    beta1, a = (np.take_along_axis(rows, order[..., None], -2) for rows in (measure.beta1, measure.a))
    beta0, b, nu = (np.take_along_axis(row, order, -1) for row in (measure.beta0, measure.b, measure.nu))
    if symmetry.parity == "even":
        beta1 = np.where((beta1 * truth.beta1).sum(axis=-1, keepdims=True) < 0, -beta1, beta1)
    return MixingMeasure(beta1, beta0, measure.tau, a, b, nu), np.asarray((m.sizes == 1).all(axis=-1))


def mirror_errors(measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry) -> dict[str, Floats]:
    """|d(beta1_1 + beta1_2)| and |d(beta1_1 - beta1_2)|, each (...), at a mirror point: k = 2, beta1_2 = -beta1_1.

    The mirror keeps the difference and, at a mirror point, the true sum.
    """
    matched, single = in_order(measure, truth, symmetry)
    (one, two), (true_one, true_two) = (np.moveaxis(g.beta1, -2, 0) for g in (matched, truth))
    offsets = {"beta1_sum": one + two - true_one - true_two, "beta1_difference": one - two - true_one + true_two}
    return {name: np.where(single, np.linalg.norm(offset, axis=-1), np.nan) for name, offset in offsets.items()}


def homogeneous_errors(
    measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry, degree: float
) -> dict[str, Floats]:
    """Errors of |beta1|^p/tau, beta0/tau and, for d > 1, beta1/|beta1|, each (..., k*), or k* - 1 without an anchor.

    degree: p of the flow (beta1, beta0, tau) -> (l beta1, l^p beta0, l^p tau) that leaves them. beta0/tau is the
    logarithm of a weight, taken modulo translation in the free gauge. The anchor, whose true beta1 is 0, is left out.
    """
    matched, single = in_order(measure, truth, symmetry)

    def functions(g: MixingMeasure) -> tuple[Floats, Floats, Floats]:
        length, tau = np.linalg.norm(g.beta1, axis=-1), g.tau[..., None]
        logits = g.beta0 / tau
        direction = g.beta1 / np.where(length > 0, length, 1.0)[..., None]
        return length**degree / tau, logits - logits[..., -1:], direction

    (power, logits, direction), (true_power, true_logits, true_direction) = functions(matched), functions(truth)
    errors = {"beta1^p/tau": np.abs(power - true_power), "beta0/tau": np.abs(logits - true_logits)[..., :-1]}
    if measure.d > 1:
        errors["beta1_direction"] = np.linalg.norm(direction - true_direction, axis=-1)
    moving = slice(None) if truth.beta1[-1].any() else slice(-1)
    return {
        name: np.where(single[..., None], e, np.nan)[..., slice(None) if name == "beta0/tau" else moving]
        for name, e in errors.items()
    }
