"""Computes the log-likelihood of any gate and any Gaussian expert, its score and its Hessian, compiled from formulas.

The coordinates theta are the parameters atom by atom (those of the gate's log weight, then the expert's), then the
shared ones; positive ones by their logarithms (`scattering.Coordinates`).

Example: ``likelihood(formulas_of(model("laplace")), 2)(theta, x, y)`` is the value, the score and the Hessian.
"""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.kernel_rows import sums_of
from temperance.numerics.likelihood.kernel_text import kernel_text
from temperance.numerics.likelihood.plain_sums import plain_sums
from temperance.numerics.likelihood.scattering import Coordinates, scatter, tables_of
from temperance.numerics.machine.written_code import NoMachineCode, module_of
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.density import NONE, Sums

STEM = "temperance_likelihood"
"""How the names of modules begin that hold the kernels."""


class GeneratedLikelihood:
    """The likelihood of k atoms, the first `free` of which move the parameters of their gates.

    Derivatives by those of the others are 0 in machine code. where: the coordinates. compiled: whether it has machine
    code, where formulas have; a few thousand points are summed up by NumPy before it is compiled.
    """

    def __init__(self, formulas: AtomFormulas, k: int, free: int, compiled: bool = True) -> None:
        self.formulas, self.k, self.where = formulas, k, Coordinates(formulas, k)
        self._sums, self._tables = sum(n for *_, n in sums_of(formulas, k, free)), tables_of(formulas, k, free)
        self._kernel: Any = None
        if compiled:
            with suppress(NoMachineCode):
                self._kernel = module_of(STEM, kernel_text(formulas, k, free)).kernel

    def natural(self, theta: Floats) -> Floats:
        """The parameters of a vector: entries that are logarithms are taken the exponential of."""
        found = theta.copy()
        found[self.where.logs] = np.exp(theta[self.where.logs])
        return found

    def __call__(
        self,
        theta: Floats,
        x: Floats,
        y: Floats,
        weights: Floats = NONE,
        reference: Floats = NONE,
        derivatives: bool = True,
    ) -> Sums:
        """Value, score (p,) and Hessian (p, p) at theta (p,), for x (n, d), y (n,) in C order; not checked.

        With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j). Without
        derivatives, which cost half of a pass, only the value counts. What is not finite in machine code is computed
        again from the formulas in NumPy and mpmath.
        """
        natural = self.natural(theta)
        if self._kernel is not None:
            sums = self._compiled(natural, x, y, weights, reference, derivatives)
            if math.isfinite(sums.value) and (not derivatives or math.isfinite(sums.hessian.sum())):
                return sums
        return plain_sums(self.formulas, self.k, natural, x, y, weights, reference, derivatives)

    def _compiled(
        self, natural: Floats, x: Floats, y: Floats, weights: Floats, reference: Floats, derivatives: bool
    ) -> Sums:
        values, nu = natural[self.where.values], natural[self.where.nu]
        if not derivatives:
            return Sums(self._kernel(values, nu, x, y, weights, reference, NONE), NONE, NONE)
        sums, score, hessian = np.empty(self._sums), np.zeros(len(natural)), np.zeros((len(natural), len(natural)))
        value = self._kernel(values, nu, x, y, weights, reference, sums)
        scatter(sums, natural, nu, self._tables, score, hessian)
        return Sums(value, score, hessian)


@lru_cache(maxsize=64)
def likelihood(formulas: AtomFormulas, k: int, free: int | None = None, compiled: bool = True) -> GeneratedLikelihood:
    """The likelihood of k atoms, compiled, or found on disk; free: how many move their gates, all without."""
    return GeneratedLikelihood(formulas, k, k if free is None else free, compiled)
