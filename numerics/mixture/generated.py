"""Computes the log-likelihood of any gate and any Gaussian expert, its score and its Hessian, compiled from formulas.

The coordinates theta are the parameters atom by atom (those of the gate's log weight, then the expert's), then the
shared ones; positive ones by their logarithms (`kernel_sums.Coordinates`).

Example: ``likelihood(formulas_of(model("laplace")), 2)(theta, x, y)`` is the value, the score and the Hessian.

`evaluate` takes the coordinates of a layout: of linear, softmax and activation gates with linear experts. The linear
gate depends on beta1/tau and beta0/tau alone: its kernel is that of the softmax gate at these, and derivatives by tau
follow. With u the parameters of the gates and f homogeneous of degree 0 in (u, tau), f' by log tau is -sum u_p f_p,
which is differentiated once more.

Example: ``evaluate(theta, layout, gate, x, y).score``.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.atom_formulas import AtomFormulas, formulas_of
from temperance.numerics.mixture.kernel_sums import Coordinates
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.plain_sums import Sums, plain_sums
from temperance.numerics.mixture.points import NONE
from temperance.numerics.mixture.written_code import NoMachineCode
from temperance.theory.activations.activation import Activation, Z
from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.gates import softmax
from temperance.theory.models.spec import BETA0, TAU, MoESpec, coordinates, covariates, dot

STEM = "temperance_likelihood"
"""How the names of modules begin that hold kernels."""

_FEW, _FEW_OF_ONE = 4_000, 40_000  # points times atoms, and of one atom, which few climbs fit
FEW_COLUMNS = 2
"""Of x: with more, a kernel takes longer to compile than NumPy takes to fit, and starts are dear."""


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
    ) -> Sums:
        """Value, score (p,) and Hessian (p, p) at theta (p,), for x (n, d), y (n,) in C order; not checked.

        With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j). What is
        not finite in machine code is computed again from the formulas in NumPy and mpmath.
        """
        natural = self.natural(theta)
        if self.sums is not None:
            sums: Sums = self.sums(natural, x, y, weights, reference)
            if math.isfinite(sums.value) and math.isfinite(sums.hessian.sum()):
                return sums
        return self._plain(natural, x, y, weights, reference)


def few(k: int, points: int) -> bool:
    """Whether points are so few that a fit of k atoms is done in NumPy before machine code is made or loaded."""
    return k * points <= (_FEW if k > 1 else _FEW_OF_ONE)


def needs_machine_code(k: int, x: Floats) -> bool:
    """Whether a fit of k atoms to points x (n, d) is worth a kernel, which is written out for every column of x."""
    return x.shape[1] <= FEW_COLUMNS and not few(k, len(x))


def _compiled(formulas: AtomFormulas, k: int, free: int) -> Any:
    """The sums in machine code; None for formulas without."""
    from temperance.numerics.mixture.kernels import Compiled  # Numba, which few data do without

    try:
        return Compiled(STEM, formulas, k, free)
    except NoMachineCode:
        return None


@lru_cache(maxsize=64)
def likelihood(formulas: AtomFormulas, k: int, free: int | None = None, compiled: bool = True) -> GeneratedLikelihood:
    """The likelihood of k atoms, compiled, or found on disk; free: how many move their gates, all without."""
    return GeneratedLikelihood(formulas, k, k if free is None else free, compiled)


@lru_cache(maxsize=64)
def layout_formulas(activation: Activation, d: int) -> AtomFormulas:
    """Those of an atom, beta0 before beta1; without tau for the linear gate, whose parameters stand for their ratios.

    Outside of the pieces of s the log weight is nan.
    """
    lines = expert("gaussian", d)
    if activation.is_linear:
        return formulas_of(MoESpec(softmax(d), lines, d))
    beta, end = coordinates("beta1", d), sp.S.NegativeInfinity
    z, parts = dot(beta, covariates(d)), list[tuple[sp.Expr, sp.Basic]]()
    for piece in activation.pieces:
        parts += [(sp.nan, z < piece.lower)] * (piece.lower != end)
        end = piece.upper
        parts.append((piece.expr.subs(Z, z) / TAU, z < end if end != sp.oo else sp.true))
    parts += [(sp.nan, sp.true)] * (end != sp.oo)
    weight = parts[0][0] if len(parts) == 1 else sp.Piecewise(*parts, evaluate=False)
    return AtomFormulas.of(weight + BETA0 / TAU, mean_of(lines), (BETA0, *beta), (TAU,), lines.parameters, d)


def layout_places(layout: Layout) -> NDArray[np.int64]:
    """Where the formulas of a layout have its coordinates; log tau, if it is free, comes after the atoms."""
    d, width = layout.d, layout.atom_size
    atom = [*range(1, d + 1), 0, *range(d + 1, width)]  # where an atom of the formulas has beta1, beta0, a, b, nu
    every = [layout.k * width, *(i * width + at for i in range(layout.k) for at in atom)]
    return np.array(every, dtype=np.int64)[layout.free]


def evaluate(
    theta: Floats,
    layout: Layout,
    gate: CompiledActivation,
    x: Floats,
    y: Floats,
    weights: Floats = NONE,
    reference: Floats = NONE,
) -> Sums:
    """Value, score (p,) and Hessian (p, p) at one theta (p,) for x (n, d), y (n,) in C order; not checked.

    With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j), of which score
    and Hessian are the derivatives.
    """
    linear, fixed = gate.source.is_linear, layout.tau
    moves_tau = linear and fixed is None  # which the kernel does not know
    inner = likelihood(layout_formulas(gate.source, layout.d), layout.k, layout.gates, gate.machine_code)
    full, places, u = np.zeros(inner.where.size), layout_places(layout)[moves_tau:], theta[moves_tau:]
    if not linear and fixed is not None:
        full[-1] = math.log(fixed)
    of_gate = np.array([name in ("beta1", "beta0") for name, _ in layout.names[moves_tau:]])
    inverse = math.exp(-theta[0]) if moves_tau else 1 / fixed if fixed is not None else 1.0
    scale = np.where(of_gate & linear, inverse, 1.0)
    full[places] = u * scale
    value, score, hessian = inner(full, x, y, weights, reference)
    score, hessian = score[places] * scale, hessian[np.ix_(places, places)] * scale[:, None] * scale
    if not moves_tau:
        return Sums(value, score, hessian)
    every, square = np.append(0.0, score), np.pad(hessian, ((1, 0), (1, 0)))
    for a in np.flatnonzero(of_gate):
        every[0] -= u[a] * score[a]
        square[0, 1 + a] -= score[a]
        square[0, 1:] -= u[a] * hessian[a]
    square[0, 0] = -sum(u[a] * square[0, 1 + a] for a in np.flatnonzero(of_gate))
    square[1:, 0] = square[0, 1:]
    return Sums(value, every, square)
