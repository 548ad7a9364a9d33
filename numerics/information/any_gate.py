"""The Fisher information of any gate and Gaussian expert at one mixture, x uniform on a box (theory.md 6.1).

As in `fisher`, but log weights, means and their slopes come from formulas. Panels in x end at the kinks of the gate
(d = 1). Coordinates are those of `likelihood.generated`: logarithms of what is positive.

Example: ``information_at(model("laplace"), 2, natural, -3, 3).variance("tau")`` is [I^-1] of log tau.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.numerics.general.fit_general import Name, held_of
from temperance.numerics.information.fisher import RESOLVED, local_factors
from temperance.numerics.information.quadrature import product_grid
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.likelihood.plain_sums import atom_jets
from temperance.numerics.likelihood.scattering import Coordinates
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.theory.models.kinks import kinks
from temperance.theory.models.spec import BETA0, MoESpec, covariates

_PER_DEVIATION = 6.0
_ORDER = 16
_PANELS = {1: 24, 2: 4}


@dataclass(frozen=True, eq=False)
class GeneralInformation:
    """I = factor^T factor, in the coordinates that are not held; names: (parameter, atom) of each."""

    names: tuple[Name, ...]
    factor: Floats

    @cached_property
    def _scaled(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Lengths of the columns, and the singular values and vectors of the factor with columns of length 1."""
        scale = np.linalg.norm(self.factor, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        return scale, *np.linalg.svd(self.factor / scale)

    @property
    def flat(self) -> Floats:
        """Directions (m, p) along which the factor has no digits: where parameters are not told from each other."""
        scale, _, values, vectors = self._scaled
        return np.asarray(vectors[values <= values[0] / RESOLVED] / scale)

    def variance(self, parameter: str, atom: int | None = None) -> float | None:
        """[I^-1] of a parameter (the first of an atom): the variance of its estimate, times n; None where it is flat.

        Of a positive one, that of its logarithm. Raises ValueError for a parameter that is not among the names.
        """
        if (parameter, atom) not in self.names:
            raise ValueError(f"{parameter!r} of atom {atom} is not fitted; accepted: {self.names}")
        at, (scale, _, values, vectors) = self.names.index((parameter, atom)), self._scaled
        clear = values > values[0] / RESOLVED
        if np.abs(vectors[~clear, at]).max(initial=0.0) > 1e-6:
            return None
        return float(((vectors[clear, at] / values[clear]) ** 2).sum() / scale[at] ** 2)


@one_blas_thread()
def information_at(spec: MoESpec, k: int, natural: Floats, low: float, high: float) -> GeneralInformation:
    """The information of one observation (x, y), every coordinate of x uniform on [low, high], d = 1 or 2.

    Args:
        spec: a gate and a Gaussian expert whose mean is a formula. k: atoms, two or more.
        natural: the parameters themselves (not logarithms), atom by atom, then the shared ones; what `held_of` names
            is known in the last atom.

    Raises:
        ValueError: another dimension; an expert without a mean; a log weight, a mean or a slope that is not finite.
    """
    if spec.dim not in _PANELS:
        raise ValueError(f"the information of a formula is computed for d = 1 or 2, not {spec.dim}")
    formulas = formulas_of(spec)
    where, g = Coordinates(formulas, k), formulas.own + formulas.shared
    own = (*(() if spec.gate.offset is None else (BETA0,)), *spec.gate.own)
    names: list[Name] = [(p.name, i) for i in range(k) for p in (*own, *spec.expert.parameters)]
    names += [(p.name, None) for p in spec.gate.shared]
    free = np.ones(where.size, dtype=bool)
    free[[(k - 1) * where.width + own.index(p) for p in held_of(spec)]] = False
    x, weights = _nodes(
        spec, [dict(zip((*own, *spec.gate.shared), natural[v], strict=False)) for v in where.values], low, high
    )
    t, means, slopes = np.empty((len(x), k)), np.empty((len(x), k)), np.zeros((2, len(x), k, where.size))
    for i, places in enumerate(where.values):
        rows = atom_jets(formulas, x, natural[places])
        t[:, i], means[:, i] = rows.log_weight, rows.mean
        slopes[0, :, i, places[:g]], slopes[1, :, i, places[g:]] = rows.gate_slopes, rows.line_slopes
    if not np.isfinite([t.sum(), means.sum(), slopes.sum()]).all():
        raise ValueError("a log weight, a mean or a slope is not finite at some x of the box")
    local, order = local_factors(means, natural[where.nu], t, _PER_DEVIATION)
    chain = np.where(where.logs, natural, 1.0)
    chain[where.nu] = 1.0
    factor = _reduced(local @ (_jacobian(slopes, order, where.nu) * chain)[:, :, free], weights)
    return GeneralInformation(tuple(n for n, f in zip(names, free, strict=True) if f), factor)


def _jacobian(slopes: Floats, order: NDArray[np.intp], nu: NDArray[np.int64]) -> Floats:
    """dq/dtheta, (m, 3k-1, p): log odds over the leading atom, means, log variances."""
    (gates, lines), (_, m, k, size) = slopes, slopes.shape
    full, rows = np.zeros((m, 3 * k - 1, size)), np.arange(m)
    for place in range(k - 1):
        full[:, place] = gates[rows, order[:, place]] - gates[rows, order[:, -1]]
    full[:, k - 1 : 2 * k - 1] = lines
    full[:, np.arange(2 * k - 1, 3 * k - 1), nu] = 1.0
    return full


def _reduced(rows: Floats, weights: Floats) -> Floats:
    """A triangular factor of the weighted sum of Gram matrices, which are not formed: they lose half of the digits."""
    stacked = (rows * np.sqrt(weights)[:, None, None]).reshape(-1, rows.shape[-1])
    norms = np.linalg.norm(stacked, axis=0)
    norms = np.where(norms > 0, norms, 1.0)
    return np.asarray(np.linalg.qr(stacked / norms, mode="r") * norms)


def _nodes(spec: MoESpec, atoms: Sequence[dict[sp.Symbol, float]], low: float, high: float) -> tuple[Floats, Floats]:
    """Gauss-Legendre on panels; in dimension 1 they end at the kinks of all atoms."""
    edges = {*np.linspace(low, high, _PANELS[spec.dim] + 1)}
    if spec.dim == 1:
        boundaries = [kink.boundary.subs(values) for kink in kinks(spec) for values in atoms]
        places = [float(z) for b in boundaries for z in sp.solve(b, covariates(1)[0]) if z.is_real]
        edges |= {z for z in places if low < z < high}
    ends, (roots, shares) = np.array(sorted(edges)), np.polynomial.legendre.leggauss(_ORDER)
    half = np.diff(ends)[:, None] / 2
    line, weight = (ends[:-1, None] + half * (1 + roots)).ravel(), (half * shares).ravel() / (high - low)
    return product_grid(line, spec.dim), product_grid(weight, spec.dim).prod(axis=1)
