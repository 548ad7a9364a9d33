"""The likelihood of the fitted gates in the coordinates of a layout: linear, softmax and activation gates.

It is the generated one. The linear gate depends on beta1/tau and beta0/tau alone: its kernel is that of the softmax
gate at these, and derivatives by tau follow. With u the parameters of the gates and f homogeneous of degree 0 in (u,
tau), f' by log tau is -sum u_p f_p, which is differentiated once more.

Example: ``evaluate(theta, layout, gate, x, y).score``.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.likelihood import atom_formulas
from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.generated import likelihood
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.density import NONE, Sums
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import Activation, Z
from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.gates import softmax
from temperance.theory.models.spec import BETA0, TAU, MoESpec, coordinates, covariates, dot


@lru_cache(maxsize=64)
def formulas_of(activation: Activation, d: int) -> AtomFormulas:
    """Those of an atom, beta0 before beta1; without tau for the linear gate, whose parameters stand for their ratios.

    Outside of the pieces of s the log weight is nan.
    """
    lines = expert("gaussian", d)
    if activation.is_linear:
        return atom_formulas.formulas_of(MoESpec(softmax(d), lines, d))
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
        self.inner = likelihood(formulas_of(activation, d), k, layout.gates, compiled)
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
        derivatives: bool = True,
    ) -> Sums:
        """Value, score (p,) and Hessian (p, p) at theta (p,), as of `GeneratedLikelihood`."""
        full, u, scale = self._base.copy(), theta, self._scale
        if self._moves_tau:
            u, scale = theta[1:], np.where(self._gate, math.exp(-theta[0]), 1.0)
        full[self._places] = u if scale is None else u * scale
        value, score, hessian = self.inner(full, x, y, weights, reference, derivatives)
        if not derivatives:
            return Sums(value, NONE, NONE)
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
    *,
    derivatives: bool = True,
) -> Sums:
    """Value, score (p,) and Hessian (p, p) at one theta (p,) for x (n, d), y (n,) in C order; not checked.

    With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j), of which score
    and Hessian are the derivatives. Without derivatives, which cost more than half of a pass, only the value counts.
    """
    return evaluation(layout, gate)(theta, x, y, weights, reference, derivatives)
