"""Samples of the lattice experiment as tables of counts, nested in n.

N(n) is multinomial(n, p), and N(n') = N(n) + multinomial(n' - n, p), independent, for n < n': the sample of size n is
part of that of size n'. Counts stay below 2^53, so that they are exact in doubles.

Example: ``[c.n for c in samples(lattice, (10**4, 10**12), seed=1)]`` is [1e4, 1e12].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.lattice.experiment import Experiment, cells
from temperance.numerics.mixture.points import Points

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
