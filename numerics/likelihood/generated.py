"""Computes the log-likelihood of any gate and any Gaussian expert, its score and its Hessian, compiled from formulas.

The coordinates theta are the parameters atom by atom (those of the gate's log weight, then the expert's), then the
shared ones; positive ones by their logarithms (`scattering.Coordinates`).

Example: ``likelihood(formulas_of(model("laplace")), 2)(theta, x, y)`` is the value, the score and the Hessian.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.plain_sums import plain_sums
from temperance.numerics.likelihood.scattering import Coordinates
from temperance.numerics.machine.written_code import NoMachineCode
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.density import NONE, Sums

STEM = "temperance_likelihood"
"""How the names of modules begin that hold kernels."""

_FEW, _FEW_OF_ONE = 4_000, 40_000  # points times atoms, and of one atom, which few climbs fit


class GeneratedLikelihood:
    """The likelihood of k atoms, the first `free` of which move the parameters of their gates.

    Derivatives by those of the others are 0 in machine code. where: the coordinates. compiled: whether it has machine
    code, where formulas have; a few thousand points are summed up by NumPy before it is compiled.
    """

    def __init__(self, formulas: AtomFormulas, k: int, free: int, compiled: bool = True) -> None:
        self.formulas, self.k, self.where = formulas, k, Coordinates(formulas, k)
        self._logs = np.flatnonzero(self.where.logs)
        self._plain = partial(plain_sums, formulas, k)
        self.sums: Any = _compiled(formulas, k, free) if compiled else None

    def natural(self, theta: Floats) -> Floats:
        """The parameters of a vector: entries that are logarithms are taken the exponential of."""
        natural = theta.copy()
        natural[self._logs] = np.exp(theta[self._logs])
        return natural

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
        if self.sums is not None:
            sums: Sums = self.sums(natural, x, y, weights, reference, derivatives)
            if math.isfinite(sums.value) and (not derivatives or math.isfinite(sums.hessian.sum())):
                return sums
        return self._plain(natural, x, y, weights, reference, derivatives)


def few(k: int, points: int) -> bool:
    """Whether a fit of k atoms to so many points is done in NumPy before machine code is made or loaded."""
    return k * points <= (_FEW if k > 1 else _FEW_OF_ONE)


def _compiled(formulas: AtomFormulas, k: int, free: int) -> Any:
    """The sums in machine code; None for formulas without."""
    from temperance.numerics.likelihood.compiled import Compiled  # Numba, which few data do without

    try:
        return Compiled(STEM, formulas, k, free)
    except NoMachineCode:
        return None


@lru_cache(maxsize=64)
def likelihood(formulas: AtomFormulas, k: int, free: int | None = None, compiled: bool = True) -> GeneratedLikelihood:
    """The likelihood of k atoms, compiled, or found on disk; free: how many move their gates, all without."""
    return GeneratedLikelihood(formulas, k, k if free is None else free, compiled)
