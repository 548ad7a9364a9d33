"""Reads the errors of merged mixtures off the fits of a study (theory.md 2.11).

Example: ``merged_errors(result, result.study.sizes).errors["b"]`` is (R, N), nan where a fit was not read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.lattice.experiment import columns_needed, design
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.merging.as_mixture import as_mixture
from temperance.numerics.merging.dissimilarity import Cells
from temperance.numerics.merging.merge import projected
from temperance.numerics.merging.mixture import Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.results import StudyResult


@dataclass(frozen=True, eq=False)
class MergedErrors:
    """Errors of merged mixtures, each (R, N), and whether a fit was read: not if it failed or a cell is empty.

    errors: "a", "b", "nu", "beta1", the greatest of the cells; "tau", where it is fitted; "beta0", of log weights
    beta0/tau; "pi", the mean over x of the total variation of the probabilities.
    """

    errors: dict[str, Floats]
    read: NDArray[np.bool_]

    @property
    def dropped(self) -> float:
        """The share of fits that were not read."""
        return float((~self.read).mean())


@one_blas_thread()
def merged_errors(result: StudyResult, sizes: tuple[int, ...]) -> MergedErrors:
    """The errors of the fits at these sizes of a study of a smooth gate, merged by their cells in (a, b, nu).

    The design of the projections is x of the lattice experiment. Fits that another cell serves better as the anchor are
    compared with the truth that has it there, which is one density where s is odd + const, with two atoms.
    """
    study = result.study
    at = [study.sizes.index(n) for n in sizes]
    truth, _, _ = as_mixture(study.truth, study.layout, study.gate.source)
    x = design(study.low, study.high, study.truth.d, columns_needed(study.truth.d, False, 1))
    weights = np.full(len(x), 1 / len(x))
    shape, valid = (len(result.theta), len(at)), result.valid_fits
    read, errors = np.zeros(shape, dtype=bool), dict[str, Floats]()
    for r, column in np.ndindex(shape):
        if not valid[r, at[column]]:
            continue
        measure = study.layout.unpack(result.theta[r, at[column]])
        cells = cells_of(measure, study.truth)
        if not all(cells):
            continue
        mixture, held, _ = as_mixture(measure, study.layout, study.gate.source)
        order, small, *_ = projected(mixture, held, x, weights, cells)
        read[r, column] = True
        true = truth if order == cells else _turned(truth)
        for name, value in _errors(small, true, x, tau=study.tau is None).items():
            errors.setdefault(name, np.full(shape, np.nan))[r, column] = value
    return MergedErrors(errors, read)


def cells_of(measure: MixingMeasure, truth: MixingMeasure) -> Cells:
    """The atoms nearest to each true one in (a, b, nu)."""
    atoms, true = (np.column_stack([g.a, g.b, g.nu]) for g in (measure, truth))
    nearest = ((atoms[:, None] - true) ** 2).sum(axis=-1).argmin(axis=1)
    return tuple(tuple(np.flatnonzero(nearest == j).tolist()) for j in range(truth.k))


def _turned(truth: Mixture) -> Mixture:
    """The truth of two atoms with the other one as anchor, for s odd + const (theory.md 2.5)."""
    own = np.stack([-truth.own[0], np.zeros_like(truth.own[0])])
    return Mixture(truth.formulas, own, truth.shared, truth.lines[::-1], truth.nu[::-1])


def _errors(small: Mixture, truth: Mixture, x: Floats, *, tau: bool) -> dict[str, float]:
    (t,), (true_t,) = small.shared, truth.shared
    gaps = np.abs(small.lines - truth.lines).max(axis=0)
    errors = {
        "beta1": float(np.abs(small.own[:, 1:] - truth.own[:, 1:]).max()),
        "beta0": float(np.abs(small.own[:, 0] / t - truth.own[:, 0] / true_t).max()),
        "a": float(gaps[:-1].max()),
        "b": float(gaps[-1]),
        "nu": float(np.abs(small.nu - truth.nu).max()),
        "pi": float(np.abs(small.probabilities(x) - truth.probabilities(x)).sum(axis=1).mean() / 2),
    }
    return {**errors, "tau": float(abs(t - true_t))} if tau else errors
