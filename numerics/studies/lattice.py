"""The lattice experiment: the probabilities of its cells under the true mixture, and samples as counts (theory D).

x is uniform on m points of [low, high]^d, and y lies in h Z with h a little below sqrt(nu_min)/1.5. For every measure G
with variances of at least nu_min, P(x_i, y_j) = h g_G(y_j | x_i)/m is a law on the lattice to 1e-19
(`independence.normalisation`), so that a model that holds exactly is fitted to counts. The cells listed are those that
the truth reaches.

Example: ``experiment(study.truth, study.gate, study.box, n=10**12).probability.sum()`` is 1.

Counts are nested in n: N(n) is multinomial(n, p), and N(n') = N(n) + multinomial(n' - n, p), independent, for n < n':
the sample of size n is part of that of size n'. They stay below 2^53, so that they are exact in doubles.

Example: ``[c.n for c in samples(lattice, (10**4, 10**12), seed=1)]`` is [1e4, 1e12].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import frexp, ldexp, sqrt

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.local_fits import FACTOR
from temperance.numerics.fitting.problem import Box
from temperance.numerics.fitting.split_mixtures import Atoms, Family
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import MixingMeasure, log_density
from temperance.numerics.mixture.points import Points, softmax
from temperance.theory.activations.piecewise import ends_of

REACH = 12.0  # standard deviations beyond the lines: less than 1e-32 of an atom lies further out
_PER_DEVIATION = 1.5  # steps in the least standard deviation of the box
_STEP_BITS = 20  # of the step: its multiples are then exact in doubles
_COLUMNS = {1: 48, 2: 144}  # points of x for an analytic gate
_TURN = (sqrt(5.0) - 1) / 2  # multiples of it, modulo 1, fill the second coordinate evenly
_MOST_CELLS = 3e7
_CLEAR = 1e-6  # of the range of x: no point lies nearer to a true kink
CONSTANTS = {
    "reach": REACH,
    "per_deviation": _PER_DEVIATION,
    "step_bits": _STEP_BITS,
    "columns": list(_COLUMNS.values()),
}
"""What determines a lattice besides the arguments of `experiment`; a part of the definition of every study on it."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """The true law on the lattice.

    x (m, d): its points, each with probability 1/m. step: h; y (c,): multiples of it. log_density (m, c): log g* there.
    means (m, k), deviations (k,): of the true atoms. nu_min: the least variance of the box.
    """

    x: Floats
    step: float
    y: Floats
    log_density: Floats
    means: Floats
    deviations: Floats
    nu_min: float

    @property
    def probability(self) -> Floats:
        """P(x_i, y_j), shape (m, c)."""
        return np.exp(self.log_density) * (self.step / len(self.x))


def lattice_step(nu_min: float) -> float:
    """The greatest number of few bits that is at most sqrt(nu_min)/1.5."""
    if not 0 < nu_min < np.inf:
        raise ValueError(f"the box must bound nu away from 0 for a lattice in y, not nu_min = {nu_min}")
    mantissa, exponent = frexp(sqrt(nu_min) / _PER_DEVIATION)
    return ldexp(int(ldexp(mantissa, _STEP_BITS)), exponent - _STEP_BITS)


def design(low: float, high: float, d: int, columns: int) -> Floats:
    """`columns` points that fill [low, high]^d evenly, shape (columns, d), d = 1 or 2; no two share a coordinate."""
    if d not in _COLUMNS:
        raise ValueError(f"the lattice experiment has x in dimension 1 or 2, not {d}; use samples")
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"x must range over an interval, not [{low}, {high}]")
    place = np.arange(columns) + 0.5
    turns = [place / columns, (place * _TURN) % 1.0]
    return low + (high - low) * np.stack(turns[:d], axis=1)


def columns_needed(d: int, moving_kinks: bool, n: int) -> int:
    """Points of x: a few dozen; n^(1/3) where the kinks of the gate move with its parameters.

    There the order 3/2 comes from the x within about n^(-1/3) of a kink.
    """
    return max(_COLUMNS.get(d, 0), int(np.ceil(np.cbrt(n))) if moving_kinks else 0)


def kinks_move(truth: MixingMeasure, gate: CompiledActivation, low: float, high: float) -> bool:
    """Whether x in [low, high]^d reaches a kink of s whose place depends on beta1: not that at 0 if d = 1."""
    reach, ends = _reach(truth, low, high), [float(z) for z in ends_of(gate.source.pieces)]
    return any((z != 0 or truth.d > 1) and bool((abs(z) <= reach).any()) for z in ends)


def _reach(truth: MixingMeasure, low: float, high: float) -> Floats:
    """The greatest |beta1 . x| of every atom."""
    return np.asarray(np.abs(truth.beta1).sum(axis=1) * max(abs(low), abs(high)))


def experiment(
    truth: MixingMeasure,
    gate: CompiledActivation,
    box: Box,
    *,
    n: int,
    low: float = -3.0,
    high: float = 3.0,
    columns: int | None = None,
) -> Experiment:
    """The experiment of a softmax or activation gate with linear experts, for samples of size up to n.

    truth: without leading axes; box: of the fits; low, high: x lies in [low, high]^d, at so many columns, or at as many
    as `columns_needed` says. Raises ValueError for a dimension
    above 2, and a truth whose variances are not in the box.
    """
    if (truth.nu < box.nu[0]).any():
        raise ValueError(f"the box has variances from {box.nu[0]}, the truth has {truth.nu.min()}")
    reach, kinks = _reach(truth, low, high), [float(z) for z in ends_of(gate.source.pieces)]

    def clear(x: Floats) -> bool:
        gaps = [np.abs(x @ truth.beta1.T - z)[:, reach > 0] / reach[reach > 0] for z in kinks]
        return all((gap > _CLEAR).all() for gap in gaps)

    count = columns or columns_needed(truth.d, kinks_move(truth, gate, low, high), n)
    x = _clear_design(low, high, truth.d, count, clear)
    means, deviations = x @ truth.a.T + truth.b, np.sqrt(truth.nu)
    return _build(x, means, deviations, box.nu[0], lambda x, y: log_density(truth, gate, x, y))


def family_experiment(family: Family, *, n: int, columns: int | None = None) -> Experiment:
    """The experiment of an arbitrary gate and expert, for samples of size up to n, at so many columns.

    The box is that of `general_mle`: variances from 1/FACTOR of the true ones.
    """
    low, high, kinks = family.low, family.high, [*family.kinks(), *family.kinks(other=True)]

    def clear(x: Floats) -> bool:
        return all((np.abs(x - kink) > _CLEAR * (high - low)).all() for kink in kinks)

    d = family.setting.spec.dim
    x = _clear_design(low, high, d, columns or columns_needed(d, bool(kinks), n), clear)
    true = Atoms(family, family.reference, x)
    nu_min = float(true.nus.min()) / FACTOR
    return _build(x, true.means.T, np.sqrt(true.nus), nu_min, partial(_log_density, family))


def _log_density(family: Family, x: Floats, y: Floats) -> Floats:
    """log g*(y_i|x_i) of the true mixture; x (n, d), y (n,)."""
    atoms, y = Atoms(family, family.reference, x), y[:, None]
    gaps, nus = y[:, None] - atoms.means.T[:, :, None], atoms.nus[:, None]
    logs = atoms.logits.T[:, :, None] - np.log(2 * np.pi * nus) / 2 - gaps * gaps / (2 * nus)
    return np.asarray((softmax(logs, axis=1).log_sum - softmax(atoms.logits).log_sum[:, None])[:, 0])


def _clear_design(low: float, high: float, d: int, columns: int, clear: Callable[[Floats], bool]) -> Floats:
    """The first design with so many columns or more that has no point on a kink."""
    x = design(low, high, d, columns)
    return x if clear(x) else _clear_design(low, high, d, columns + 1, clear)


def _build(
    x: Floats, means: Floats, deviations: Floats, nu_min: float, log_g: Callable[[Floats, Floats], Floats]
) -> Experiment:
    """The experiment on the multiples of the step within REACH standard deviations of the true lines."""
    step = lattice_step(nu_min)
    first = np.floor((means - REACH * deviations).min() / step)
    last = np.ceil((means + REACH * deviations).max() / step)
    if len(x) * (last - first) > _MOST_CELLS:
        raise ValueError(
            f"the lattice would have {len(x) * (last - first):.0e} cells: the true lines range over {last - first:.0e} "
            "steps; what is accepted there is an experiment by samples"
        )
    y = step * np.arange(first, last + 1)
    values = log_g(*cells(x, y)).reshape(len(x), -1)
    return Experiment(x, step, y, values, means, deviations, nu_min)


def cells(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Every x (m, d) with every y (c,): shapes (m c, d) and (m c,)."""
    return np.repeat(x, len(y), axis=0), np.tile(y, len(x))


Counts = NDArray[np.int64]

LARGEST = 10**15


def counts(lattice: Experiment, sizes: Sequence[int], *, seed: int, replicate: int = 0) -> Iterator[Counts]:
    """The tables of counts (m, c) at increasing sizes, from the streams (seed, replicate, place of the size).

    Raises ValueError for sizes that do not increase, or lie outside 1..10^15.
    """
    if list(sizes) != sorted(set(sizes)) or not sizes or not 1 <= sizes[0] <= sizes[-1] <= LARGEST:
        raise ValueError(f"sizes must increase and lie between 1 and {LARGEST:.0e}, not {tuple(sizes)}")
    conditional = lattice.probability * len(lattice.x)
    conditional /= conditional.sum(axis=1, keepdims=True)  # what is left out is below rounding
    total, before = np.zeros(conditional.shape, dtype=np.int64), 0
    for place, n in enumerate(sizes):
        rng = np.random.default_rng([seed, replicate, place])
        columns = rng.multinomial(n - before, np.full(len(lattice.x), 1 / len(lattice.x)))
        total = total + rng.multinomial(columns, conditional)
        before = n
        yield total


def samples(lattice: Experiment, sizes: Sequence[int], *, seed: int, replicate: int = 0) -> Iterator[Points]:
    """The cells that are not empty, weighted with their counts, at increasing sizes.

    Log-likelihoods are relative to the truth: the reference is log g*.
    """
    x, y = cells(lattice.x, lattice.y)
    for table in counts(lattice, sizes, seed=seed, replicate=replicate):
        full = np.flatnonzero(table)
        weights = table.ravel()[full].astype(float)
        yield Points(x[full], y[full], weights, lattice.log_density.ravel()[full])
