"""Computes Voronoi cells and the error of each group of parameters (theory 4.2), and of whole densities.

A fitted atom belongs to the cell of the nearest true atom. Everything is modulo the translation of the softmax and the
discrete symmetries of the gate, never modulo a scale: even s, beta1_i -> -beta1_i atom by atom; s odd + const with two
true atoms, in every gauge, the mirror (beta1_1, beta1_2) -> (-beta1_2, -beta1_1). Permutations are taken care of by the
cells. In the anchored gauge the mirror takes (beta1, 0) to (0, -beta1), which is (-beta1, 0) with the experts swapped.

Where beta1 and tau are not identifiable (theory 3.1, 3.3) functions of them have errors, in exact-specified fits, atom
by atom: nan unless every true atom has exactly one fitted atom. The Hellinger distance has a rate in every setting:

    H^2 = (1/2) E_x int (sqrt g(y|x) - sqrt g*(y|x))^2 dy,    x uniform on [low, high]^d

Squaring before integrating avoids cancellation. The integral over y uses the trapezoid rule, exponentially accurate
for functions this smooth; that over x uses Gauss-Legendre for d = 1 and a fixed Sobol sequence for d > 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats, Parity
from temperance.numerics.mixture.measures import Gauge, MixingMeasure, log_density
from temperance.numerics.mixture.threads import one_blas_thread

Ints = NDArray[np.intp]

_EQUAL = 1e-9  # relative difference of two sums that is rounding


@dataclass(frozen=True)
class Symmetry:
    """What a loss is taken modulo: gauge, whether the gate is linear (then beta1 is translated too), parity of s."""

    gauge: Gauge = "free"
    linear: bool = False
    parity: Parity | None = None


@dataclass(frozen=True, eq=False)
class Matched:
    """Fitted atoms against their true atoms: cells (..., k), sizes of the cells (..., k*), offsets fitted - true.

    offsets: "beta1" and "a" (..., k, d); "b", "nu" and "tau" (..., k, 1). weights (..., k) of the fitted atoms, scaled
    so that the largest is 1.
    """

    cells: Ints
    sizes: Ints
    offsets: dict[str, Floats]
    weights: Floats


@dataclass(frozen=True, eq=False)
class GroupErrors:
    """Errors (sum_l w_l |d_l|^q / sum_l w_l)^(1/q) of a group in each cell.

    errors: "a", "b", "nu", "weight" and "beta1" (or "beta1/tau" for the linear gate), each (..., k*), nan for an empty
    cell; "tau" (...), not for the linear gate. sizes (..., k*). "weight" is the error of the logarithm of the total
    weight of a cell, with the translation that minimises its sum of squares over the cells.
    """

    errors: dict[str, Floats]
    sizes: Ints


def _vectors(g: MixingMeasure) -> dict[str, Floats]:
    """The parameters that offsets are taken of, (..., k, d) or (..., k, 1)."""
    return {"beta1": g.beta1, "a": g.a, "b": g.b[..., None], "nu": g.nu[..., None]}


def _length(offset: Floats) -> Floats:
    """The length; of a single number, whose square may be too small, without a square."""
    return np.abs(offset[..., 0]) if offset.shape[-1] == 1 else np.linalg.norm(offset, axis=-1)


def match(measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry) -> Matched:
    """Assign fitted atoms (..., k) to the nearest true ones (k*), in (beta1, a, b, nu) or, anchored, in (a, b, nu)."""
    fitted, true = _vectors(measure), _vectors(truth)
    pairs = {name: fitted[name][..., :, None, :] - true[name] for name in true}  # (..., k, k*, d)
    if symmetry.parity == "even" and not symmetry.linear:
        other = -measure.beta1[..., :, None, :] - truth.beta1
        nearer = (other**2).sum(axis=-1) < (pairs["beta1"] ** 2).sum(axis=-1)
        pairs["beta1"] = np.where(nearer[..., None], other, pairs["beta1"])
    counted = [pair for name, pair in pairs.items() if symmetry.gauge == "free" or name != "beta1"]
    distance = sum((pair**2).sum(axis=-1) for pair in counted)
    cells = np.asarray(distance).argmin(axis=-1)
    sizes = (cells[..., None] == np.arange(truth.k)).sum(axis=-2)
    offsets = {n: np.take_along_axis(p, cells[..., None, None], -2)[..., 0, :] for n, p in pairs.items()}
    offsets["tau"] = np.broadcast_to((measure.tau - truth.tau)[..., None, None], (*cells.shape, 1))
    logits = measure.beta0 / measure.tau[..., None]
    return Matched(cells, sizes, offsets, np.exp(logits - logits.max(axis=-1, keepdims=True)))


def _cell_sums(values: Floats, cells: Ints, k: int) -> Floats:
    """Sums over the atoms of each cell, (..., k*)."""
    return np.where(cells[..., None] == np.arange(k), values[..., None], 0.0).sum(axis=-2)


def _exponents(size: Floats) -> dict[str, Floats]:
    """Exponents of the loss of theory 4.2 by the size of a cell."""
    two = np.where(size > 1, 2.0, 1.0)
    return {"beta1": two, "a": two, "b": np.where(size > 1, 2 * size, 1.0), "nu": size}


def _mirrored(g: MixingMeasure) -> MixingMeasure:
    return replace(g, beta1=-g.beta1[..., ::-1, :])


def _pairs(
    measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry
) -> list[tuple[MixingMeasure, MixingMeasure]]:
    """Estimate and truth, and where there is a mirror the same with one of the two reflected.

    With two fitted atoms that is the estimate: an estimate and its image then have the same two pairs. With more, only
    the truth has an image.
    """
    if symmetry.parity != "odd" or symmetry.linear or truth.k != 2:
        return [(measure, truth)]
    other = (_mirrored(measure), truth) if measure.k == 2 else (measure, _mirrored(truth))
    return [(measure, truth), other]


def _slope_over_tau(m: Matched, measure: MixingMeasure, truth: MixingMeasure) -> Floats:
    """Offsets of beta1/tau, translated so that the sum over cells of their weighted mean squares is least."""
    scaled = measure.beta1 / measure.tau[..., None, None] - (truth.beta1 / truth.tau)[m.cells]
    mass = np.take_along_axis(_cell_sums(m.weights, m.cells, truth.k), m.cells, -1)
    share = m.weights / mass
    centre = (share[..., None] * scaled).sum(axis=-2) / share.sum(axis=-1)[..., None]
    return np.asarray(scaled - centre[..., None, :])


def _errors(measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry, kink: bool) -> GroupErrors:
    m = match(measure, truth, symmetry)
    size = np.maximum(m.sizes, 1).astype(float)
    slope = "beta1/tau" if symmetry.linear else "beta1"
    exponents = {slope if n == "beta1" else n: q for n, q in _exponents(size).items()}
    if kink:
        exponents[slope] = np.where(size > 1, 1.5, 1.0)
    if symmetry.linear:
        m.offsets[slope] = _slope_over_tau(m, measure, truth)
    masses, errors = _cell_sums(m.weights, m.cells, truth.k), {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, q in exponents.items():
            powers = _length(m.offsets[name]) ** np.take_along_axis(q, m.cells, -1)
            errors[name] = np.asarray((_cell_sums(m.weights * powers, m.cells, truth.k) / masses) ** (1 / q))
        if not symmetry.linear:
            errors["tau"] = np.abs(measure.tau - truth.tau)
        ratio = np.log(masses) - truth.beta0 / truth.tau
        errors["weight"] = np.abs(ratio - ratio.mean(axis=-1, keepdims=True))
    return GroupErrors(errors, m.sizes)


def _nearer(measure: MixingMeasure, truth: MixingMeasure, one: GroupErrors, other: GroupErrors) -> NDArray[np.bool_]:
    """Whether the second of two pairs has fewer empty cells or, where as many are, the smaller errors of beta1."""
    empty, other_empty = ((part.sizes == 0).sum(axis=-1) for part in (one, other))
    turned = (measure.beta1.sum(axis=-2) * truth.beta1[0]).sum(axis=-1) < 0
    with np.errstate(over="ignore", invalid="ignore"):
        total, other_total = (np.nansum(part.errors["beta1"] ** 2, axis=-1) for part in (one, other))
        equal = np.abs(total - other_total) <= _EQUAL * np.maximum(total, other_total)
    closer = np.where(equal, turned, other_total < total)
    return np.asarray(np.where(empty == other_empty, closer, other_empty < empty))


def group_errors(
    measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry, *, kink: bool = False
) -> GroupErrors:
    """Errors of beta1 (or beta1/tau), tau, a, b, nu and the weights in each true cell, minimised over the symmetry.

    Exponents q in a cell of m > 1: 2 for beta1 (3/2 if s has a kink inside the support) and a, 2m for b, m for nu.
    With a mirror (`Symmetry`), of the estimate and its image (of the truth and its image, if k > 2) the one is taken,
    estimate by estimate, with fewer empty cells, then with the smaller sum over cells of the squared errors of beta1,
    the only parameter that the mirror moves. For k = 2 that is the image whose beta1_1 + beta1_2 has the sign of the
    true sum: two images tie only where they are one, or where the truth is its own image, a mirror point; there the
    sum has the direction of the true beta1_1, and no error has a say in its name. So all elements of an orbit have the
    same errors. (The sum of absolute errors ties on open sets; the loss does for every estimate that is bad enough.)
    For k > 2 beta1 of cell j is that of the expert j.
    """
    parts = [_errors(*pair, symmetry, kink) for pair in _pairs(measure, truth, symmetry)]
    if len(parts) == 1:
        return parts[0]
    other = _nearer(measure, truth, *parts)

    def pick(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        return np.where(other[(..., *(None,) * (one.ndim - other.ndim))], two, one)

    errors = {name: pick(e, parts[1].errors[name]) for name, e in parts[0].errors.items()}
    return GroupErrors(errors, pick(parts[0].sizes, parts[1].sizes))


def in_order(measure: MixingMeasure, truth: MixingMeasure, symmetry: Symmetry) -> tuple[MixingMeasure, Floats]:
    """The atoms (..., k) in the order of the true ones, and whether each has one of its own (...); k = k*.

    Of the measures with one density that the discrete symmetries give, the one whose beta1 is nearest the true one.
    """
    if len(pairs := _pairs(measure, truth, symmetry)) == 2:
        other = _nearer(measure, truth, *(_errors(*pair, symmetry, kink=False) for pair in pairs))
        measure = replace(measure, beta1=np.where(other[..., None, None], pairs[1][0].beta1, measure.beta1))
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


_NODES = 48
_SOBOL_BITS = 9  # 512 points
_REACH = 9.0  # standard deviations beyond the outermost line
_STEP = 0.35  # of the trapezoid rule, in the smallest standard deviation
_MOST_NODES = 20000  # of y, where a fitted variance is tiny


def _x_rule(d: int, low: float, high: float) -> tuple[Floats, Floats]:
    """Points (m, d) and weights (m,) of the uniform law on [low, high]^d."""
    if d == 1:
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        return (low + (nodes + 1) / 2 * (high - low))[:, None], weights / 2
    from scipy.stats import qmc

    points = qmc.Sobol(d, scramble=False).random_base2(_SOBOL_BITS)
    return low + points * (high - low), np.full(len(points), 1 / len(points))


def _y_rule(x: Floats, measures: tuple[MixingMeasure, ...]) -> tuple[Floats, float]:
    """Equidistant nodes that cover every atom of the measures at every x, and their distance."""
    means = np.concatenate([x @ g.a.T + g.b for g in measures], axis=1)
    deviation = np.sqrt(np.concatenate([g.nu for g in measures]))
    low, high = means.min() - _REACH * deviation.max(), means.max() + _REACH * deviation.max()
    count = min(_MOST_NODES, int((high - low) / (_STEP * deviation.min())) + 2)
    return np.linspace(low, high, count), float((high - low) / (count - 1))


@one_blas_thread()
def hellinger(
    measure: MixingMeasure, truth: MixingMeasure, gate: CompiledActivation, *, low: float, high: float
) -> Floats:
    """H(g_G, g_G*), in [0, 1], for every measure of the leading axes (...); truth has none."""
    x, weights = _x_rule(measure.d, low, high)
    distances = np.empty(measure.tau.shape)
    for index in np.ndindex(distances.shape):
        y, step = _y_rule(x, (measure[index], truth))
        grid_x, grid_y = np.repeat(x, len(y), axis=0), np.tile(y, len(x))
        densities = (log_density(g, gate, grid_x, grid_y) for g in (measure[index], truth))
        root, true_root = (np.exp(log / 2).reshape(len(x), -1) for log in densities)
        distances[index] = np.sqrt(0.5 * step * weights @ ((root - true_root) ** 2).sum(axis=1))
    return distances
