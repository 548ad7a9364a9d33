"""Compiles activations to NumPy: s, s' and s'' from the SymPy form of s.

Example: ``compile_activation(Activation("tanh", (Piece(sp.tanh(Z)),)))(z, order=2)`` returns (tanh z, 1 - tanh(z)^2,
-2 tanh z (1 - tanh(z)^2)) for any array z.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from temperance.theory.activations.activation import Activation, Piece, Z, activation

Floats = NDArray[np.float64]
Parity = Literal["even", "odd"]

_DIGITS = 30  # of the mpmath evaluation that replaces overflowed values


class Logistic(sp.Function):
    """1/(1 + exp(-u)); keeps derivatives free of exp(u)/(1 + exp(u))^2, which overflows."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Derivative L(u) L(-u)."""
        return Logistic(self.args[0]) * Logistic(-self.args[0])


class Softplus(sp.Function):
    """log(1 + exp(u))."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Derivative L(u)."""
        return Logistic(self.args[0])


class Lambert(sp.Function):
    """The principal branch of Lambert's W; SymPy's derivative W/(u (1 + W)) is 0/0 at 0."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Derivative exp(-W)/(1 + W)."""
        return sp.exp(-self) / (1 + self)


def _lambert(u: Floats) -> Floats:
    from scipy.special import lambertw

    return np.where(u * np.e >= -1.0, lambertw(u).real, np.nan)


def _logistic(u: Floats) -> Floats:
    e = np.exp(-np.abs(u))
    return np.where(u >= 0, 1.0, e) / (1.0 + e)


def _softplus(u: Floats) -> Floats:
    return np.maximum(u, 0.0) + np.log1p(np.exp(-np.abs(u)))


NUMPY = {"Logistic": _logistic, "Softplus": _softplus, "Lambert": _lambert, "lambertw": _lambert}
MPMATH = {
    "Logistic": lambda u: 1 / (1 + mpmath.exp(-u)),
    "Softplus": lambda u: mpmath.log1p(mpmath.exp(u)),
    "Lambert": mpmath.lambertw,
}


_PLAIN = {*(sp.exp, sp.log, sp.Abs, sp.sign, sp.Piecewise, Logistic, Softplus), *(sp.sin, sp.cos, sp.tan)}
_PLAIN |= {sp.sinh, sp.cosh, sp.tanh, sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh}


def modules(formulas: Iterable[sp.Expr]) -> list[Any]:
    """Where `lambdify` finds the functions of formulas: SciPy, which takes long to load, only for what NumPy lacks."""
    functions = {f.func for formula in formulas for f in formula.atoms(sp.Function)}
    return [NUMPY, "numpy" if functions <= _PLAIN else "scipy"]


def _one_plus_exp(expr: sp.Expr) -> sp.Expr | None:
    """The u of expr = 1 + exp(u), or None."""
    if expr.is_Add and len(expr.args) == 2 and expr.args[0] == 1 and isinstance(expr.args[1], sp.exp):
        return expr.args[1].args[0]
    return None


def _stable_product(*factors: sp.Expr) -> sp.Expr:
    """exp(u) L(-u) = L(u)."""
    rest = list(factors)
    for factor in factors:
        if isinstance(factor, sp.exp) and (partner := Logistic(-factor.args[0])) in rest:
            rest.remove(factor)
            rest[rest.index(partner)] = Logistic(factor.args[0])
    return sp.Mul(*rest)


def stable(expr: sp.Expr) -> sp.Expr:
    """The same function with log(1 + exp u), 1/(1 + exp u) and W(u) written as Softplus, Logistic and Lambert."""
    if not expr.args:
        return expr
    args = [stable(arg) for arg in expr.args]
    if isinstance(expr, sp.log) and (u := _one_plus_exp(args[0])) is not None:
        return Softplus(u)
    if isinstance(expr, sp.LambertW) and len(args) == 1:
        return Lambert(args[0])
    if expr.is_Pow and args[1].is_negative and (u := _one_plus_exp(args[0])) is not None:
        return Logistic(-u) ** -args[1]
    return _stable_product(*args) if expr.is_Mul else expr.func(*args)


@dataclass(frozen=True, eq=False)
class CompiledPiece:
    """s, s', s'' on [lower, upper); functions[r] maps z to the list of derivatives 0..r."""

    lower: float
    upper: float
    functions: tuple[Callable[[Floats], list[Any]], ...]
    precise: tuple[Callable[[Any], Any], ...] = field(repr=False)

    def __call__(self, z: Floats, order: int) -> list[Floats]:
        """Derivatives 0..order at z, all inside the piece; values that overflow are recomputed with mpmath."""
        with np.errstate(all="ignore"):
            values = [_filled(v, z) for v in self.functions[order](z)]
            for derivative, value in zip(self.precise, values, strict=False):
                if not np.isfinite(value.sum()):
                    bad = ~np.isfinite(value) & np.isfinite(z)
                    value[bad] = [precise(derivative, u) for u in z[bad]]
        return values


def _filled(value: Any, z: Floats) -> Floats:
    """A real array shaped like z, not z itself: compiled constants come as scalars, s(z) = z as z."""
    if type(value) is np.ndarray and value.dtype == np.float64 and value.shape == z.shape and value is not z:
        return value
    return np.array(np.broadcast_to(np.real(value), z.shape), dtype=float)


def precise(function: Callable[..., Any], *u: float) -> float:
    """function(*u) with 30 digits; nan where it is undefined or not real, inf where no double is as large."""
    with mpmath.workdps(_DIGITS):
        try:
            value = function(*(mpmath.mpf(float(v)) for v in u))
            return float("nan") if mpmath.im(value) else float(mpmath.re(value))
        except OverflowError:
            return float("inf")
        except (ValueError, ZeroDivisionError):
            return float("nan")


def stable_jets(piece: Piece) -> list[sp.Expr]:
    """s, s', s'' of a piece, with `Logistic`, `Softplus` and `Lambert` where they avoid overflow and 0/0."""
    value = stable(piece.expr)
    return [value, sp.diff(value, Z), sp.diff(value, Z, 2)]


def _compile_piece(piece: Piece) -> CompiledPiece:
    jets = stable_jets(piece)
    functions = tuple(sp.lambdify(Z, jets[: r + 1], modules=modules(jets), cse=True) for r in range(3))
    precise = tuple(sp.lambdify(Z, jet, modules=[MPMATH, "mpmath"]) for jet in jets)
    return CompiledPiece(float(piece.lower), float(piece.upper), functions, precise)


@dataclass(frozen=True, eq=False)
class CompiledActivation:
    """s, s', s'' of an activation as vectorised functions; source: the activation; pieces: its compiled pieces.

    machine_code: whether likelihoods and steps of searches are compiled.
    """

    source: Activation
    pieces: tuple[CompiledPiece, ...] = field(repr=False)
    machine_code: bool = field(default=True, repr=False)

    def __call__(self, z: ArrayLike, order: int = 2) -> list[Floats]:
        """Derivatives 0..order (at most 2) of s at every element of z; nan where s is not defined.

        At the end point of two pieces the right one counts.
        """
        z = np.asarray(z, dtype=float)
        if len(self.pieces) == 1 and np.isinf(self.pieces[0].lower) and np.isinf(self.pieces[0].upper):
            return self.pieces[0](z, order)
        values = [np.full(z.shape, np.nan) for _ in range(order + 1)]
        for piece in self.pieces:
            inside = (z >= piece.lower) & (z < piece.upper)
            for value, part in zip(values, piece(z[inside], order), strict=True):
                value[inside] = part
        return values


Compilable = str | Activation | CompiledActivation
"""A name, an expression in z, an activation, or one that is compiled."""


@lru_cache(maxsize=64)
def compiled(source: Compilable) -> CompiledActivation:
    """The activation of a source, compiled. Raises ValueError as `activation` and `compile_activation` do."""
    return source if isinstance(source, CompiledActivation) else compile_activation(activation(source))


@lru_cache(maxsize=64)
def compile_activation(activation: Activation) -> CompiledActivation:
    """Compile s, s', s'' of an activation to NumPy and SciPy.

    Raises ValueError if the activation has free parameters, or is real where no closed form is known.
    """
    free = set(activation.parameters).union(*(p.expr.free_symbols - {Z} for p in activation.pieces))
    if free:
        names = ", ".join(sorted(str(symbol) for symbol in free))
        raise ValueError(
            f"activation {activation.name!r} has free parameters {names}: numbers are needed in their place"
        )
    if activation.domain:
        raise ValueError(f"where activation {activation.name!r} is real has no closed form: numerics need one")
    return CompiledActivation(activation, tuple(_compile_piece(piece) for piece in activation.pieces))


def parity(gate: CompiledActivation) -> Parity | None:
    """'even' if s(z) = s(-z), 'odd' if s(z) + s(-z) is constant, else None, judged at 64 points to 1e-12."""
    z = np.linspace(0.013, 7.1, 64)
    (plus,), (minus,) = gate(z, 0), gate(-z, 0)
    if not np.isfinite(plus + minus).all():
        return None
    scale = 1e-12 * (1.0 + np.abs(plus).max())
    if np.abs(plus - minus).max() <= scale:
        return "even"
    return "odd" if np.ptp(plus + minus) <= scale else None
