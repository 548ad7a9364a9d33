"""Holds errors of a linear gate against exact information: RMS sqrt(n) of every identifiable parameter (theory.md 6.1).

The scale (beta1, beta0, tau) -> c (beta1, beta0, tau) leaves the density, so that an estimate may be taken at the true
tau; what is left has a regular information, and n times the mean squares of its errors go to the diagonal of I^-1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from temperance.numerics.errors.hellinger import hellinger
from temperance.numerics.errors.identifiable_functions import in_order
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.studies.results import StudyResult

_RATIOS = {"beta1": "beta1/tau", "beta0": "beta0/tau", "nu": "log nu"}


@dataclass(frozen=True, eq=False)
class Constant:
    """An error with its asymptotic constant.

    parameter, atom: what it is of (atom None: the density, in the Hellinger distance). deviation: the limit of RMS
    sqrt(n). ratios (R, N): n error^2/deviation^2, nan where a fit was dropped. numbers: how many squares of normal
    errors a ratio is the mean of.
    """

    parameter: str
    atom: int | None
    deviation: float
    ratios: Floats
    numbers: int = 1


def constants(result: StudyResult) -> list[Constant]:
    """The errors of an exact-specified study of the linear gate with a fitted tau, in one dimension.

    Raises ValueError for another study.
    """
    study, truth = result.study, result.study.truth
    if not (study.linear and study.exact and study.tau is None):
        raise ValueError(f"study {study.name}: constants are those of exact-specified fits of the linear gate with tau")
    tau, information = float(truth.tau), study.lattice_information
    held = Layout(study.k, truth.d, "anchored", tau)
    keep = [j for j, (name, _) in enumerate(study.layout.names) if name != "tau"]
    variances = np.linalg.inv(information[np.ix_(keep, keep)]).diagonal()
    ordered, matched = in_order(result.measures, truth, study.symmetry)
    offsets = held.pack(_at(ordered, tau)) - held.pack(truth)
    counted, n = result.valid_fits & matched.astype(bool), np.array(study.sizes, dtype=float)
    ratios = np.where(counted[..., None], offsets**2 * n[:, None] / variances, np.nan)
    rows = []
    for j, (name, atom) in enumerate(held.names):
        unit = tau if name in ("beta1", "beta0") else 1.0
        rows.append(Constant(_RATIOS.get(name, name), atom, float(variances[j] ** 0.5 / unit), ratios[..., j]))
    # 8 H^2 is the quadratic form of I in the errors, up to its limit: chi-squared, a mean of as many squares
    distance = hellinger(result.measures, truth, study.gate, low=study.low, high=study.high)
    size = len(variances)
    squares = np.where(result.valid_fits, 8 * n * distance**2 / size, np.nan)
    return [*rows, Constant("density", None, (size / 8) ** 0.5, squares, size)]


def _at(measure: MixingMeasure, tau: float) -> MixingMeasure:
    """The measures (..., k) of the same densities with this tau and an anchored last atom."""
    factor = tau / measure.tau
    beta1 = (measure.beta1 - measure.beta1[..., -1:, :]) * factor[..., None, None]
    beta0 = (measure.beta0 - measure.beta0[..., -1:]) * factor[..., None]
    return replace(measure, beta1=beta1, beta0=beta0, tau=np.full(measure.tau.shape, tau))
