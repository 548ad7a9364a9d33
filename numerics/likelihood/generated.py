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
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.likelihood.atom_formulas import AtomFormulas, formulas_of
from temperance.numerics.likelihood.kernel_sums import Coordinates
from temperance.numerics.likelihood.plain_sums import Sums, plain_sums
from temperance.numerics.likelihood.written_code import NoMachineCode
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import NONE
from temperance.theory.activations.activation import Activation, Z
from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.gates import softmax
from temperance.theory.models.spec import BETA0, TAU, MoESpec, coordinates, covariates, dot

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
    """Whether a fit of k atoms to so many points is done in NumPy before machine code is made or loaded."""
    return k * points <= (_FEW if k > 1 else _FEW_OF_ONE)


def _compiled(formulas: AtomFormulas, k: int, free: int) -> Any:
    """The sums in machine code; None for formulas without."""
    from temperance.numerics.likelihood.kernels import Compiled  # Numba, which few data do without

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


def chain_of_ratios(
    u: Floats, gate: Any, scale: Floats, score: Floats, hessian: Floats, out: Floats, square: Floats
) -> None:
    """From derivatives by u scale to those by u, and by log tau in front where out (p,), square (p, p) have room.

    u (q,): parameters, those of gates flagged, which scale divides by tau.
    """
    first = len(out) - len(u)
    for a in range(len(u)):
        out[first + a] = score[a] * scale[a]
        for b in range(len(u)):
            square[first + a, first + b] = hessian[a, b] * scale[a] * scale[b]
    if first:
        for a in range(len(u)):
            if gate[a]:
                out[0] -= u[a] * out[1 + a]
                square[0, 1 + a] -= out[1 + a]
                for b in range(len(u)):
                    square[0, 1 + b] -= u[a] * square[1 + a, 1 + b]
        for a in range(len(u)):
            if gate[a]:
                square[0, 0] -= u[a] * square[0, 1 + a]
            square[1 + a, 0] = square[0, 1 + a]


@cache
def compiled_chain() -> Any:
    """`chain_of_ratios` in machine code."""
    from numba import njit

    return njit(cache=True, error_model="numpy", nogil=True, no_cfunc_wrapper=True)(chain_of_ratios)


class LayoutLikelihood:
    """The log-likelihood in the coordinates theta of a layout; see `GeneratedLikelihood` for compiled."""

    def __init__(self, layout: Layout, activation: Activation, compiled: bool) -> None:
        k, d, width = layout.k, layout.d, layout.atom_size
        ratios, fixed = activation.is_linear, layout.tau
        self.inner = likelihood(layout_formulas(activation, d), k, layout.gates, compiled)
        atom = [*range(1, d + 1), 0, *range(d + 1, width)]  # where an atom of the formulas has beta1, beta0, a, b, nu
        places = np.array([k * width, *(i * width + at for i in range(k) for at in atom)])
        self._moves_tau = ratios and fixed is None
        free = layout.free[self._moves_tau :]  # without log tau, which the kernel does not know
        self._places, self._base = places[free], np.zeros(self.inner.where.size)
        self._square = self._places[:, None] * len(self._base) + self._places
        self._gate = np.array([(f - 1) % width <= d for f in free])
        self._scale = np.where(self._gate, 1 / fixed, 1.0) if ratios and fixed is not None else None
        if not ratios and fixed is not None:
            self._base[-1] = math.log(fixed)
        self._chain = compiled_chain() if compiled else chain_of_ratios

    def __call__(
        self,
        theta: Floats,
        x: Floats,
        y: Floats,
        weights: Floats = NONE,
        reference: Floats = NONE,
    ) -> Sums:
        """Value, score (p,) and Hessian (p, p) at theta (p,), as of `GeneratedLikelihood`."""
        full, u, scale = self._base.copy(), theta, self._scale
        if self._moves_tau:
            u, scale = theta[1:], np.where(self._gate, math.exp(-theta[0]), 1.0)
        full[self._places] = u if scale is None else u * scale
        value, score, hessian = self.inner(full, x, y, weights, reference)
        score, hessian = score.take(self._places), hessian.take(self._square)
        if scale is None:
            return Sums(value, score, hessian)
        every, square = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        self._chain(u, self._gate, scale, score, hessian, every, square)
        return Sums(value, every, square)


@lru_cache(maxsize=256)
def evaluation(layout: Layout, gate: CompiledActivation) -> LayoutLikelihood:
    """The log-likelihood of a layout and a gate s, in machine code if the gate says so and s has it."""
    return LayoutLikelihood(layout, gate.source, gate.machine_code)


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
    return evaluation(layout, gate)(theta, x, y, weights, reference)
