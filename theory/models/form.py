"""Recognises what the formula of a gate is, and the intercept of an expert's mean, whatever parameters are called.

>>> from temperance.theory.models.spec import Gate, covariates
>>> (x,), w, t = covariates(1), sp.Symbol("w", real=True), sp.Symbol("t", positive=True)
>>> form = activated(Gate("mine", sp.tanh(w * x) / t, (w, t), (t,)), 1)
>>> form.s.name, form.direction, form.bias, form.tau
('tanh', (w,), None, t)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.expressions.balls import is_zero
from temperance.theory.models.spec import Gate, Jet, covariates, dot


@dataclass(frozen=True)
class Activated:
    """log weight = s(direction . x + bias)/tau, the sum without the bias and s without tau where they are None."""

    s: Activation
    direction: tuple[sp.Symbol, ...]
    bias: sp.Symbol | None
    tau: sp.Symbol | None


@dataclass(frozen=True)
class Natural:
    """log weight = sum_k phi_k e_k(x) + what is free of x, with functions phi_k of the parameters.

    statistics: the pairs (e_k, phi_k), the derivative of phi by the own parameters being onto at generic ones.
    """

    statistics: tuple[tuple[sp.Expr, sp.Expr], ...]


@lru_cache(maxsize=256)
def natural(gate: Gate, dim: int) -> Natural | None:
    """The gate as a sum of functions of x times independent functions of its parameters."""
    if gate.log_weight.has(sp.Piecewise, Jet):
        return None
    weights = separated(sp.expand(sp.expand_log(gate.log_weight)), covariates(dim), gate.parameters)
    if weights is None:
        return None
    weights.pop(sp.S.One, None)
    coefficients: dict[sp.Expr, sp.Expr] = {}  # phi -> e
    for e, phi in weights.items():
        c, phi = phi.as_coeff_Mul()
        coefficients[phi] = coefficients.get(phi, sp.S.Zero) + c * e
    statistics = tuple((e, phi) for phi, e in coefficients.items() if e != 0)
    own = [p for p in gate.own if any(phi.has(p) for _, phi in statistics)]
    slopes = sp.Matrix([phi for _, phi in statistics]).jacobian(own) if own and statistics else sp.zeros(1, 0)
    at = {p: sp.Rational(k * k + 3, k + 2) for k, p in enumerate(gate.parameters)}
    return Natural(statistics) if slopes.subs(at).rank() == len(statistics) > 0 else None


def separated(total: sp.Expr, x: Sequence[sp.Symbol], parameters: Iterable[sp.Symbol]) -> dict[sp.Expr, sp.Expr] | None:
    """e -> phi, of a sum, multiplied out, of products of a function e of x and a function phi of parameters.

    None where a term is no such product.
    """
    sums: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(total):
        phi, e = term.as_independent(*x, as_Add=False)
        if e.free_symbols & {*parameters}:  # perhaps only as a product below the line is multiplied out
            phi, e = sp.factor(term).as_independent(*x, as_Add=False)
        if e.free_symbols & {*parameters}:
            return None
        sums[e] = sums.get(e, sp.S.Zero) + phi
    return sums


@lru_cache(maxsize=256)
def activated(gate: Gate, dim: int) -> Activated | None:
    """The gate as an activation of one line of x."""
    own, count = gate.own, len(gate.own) - dim
    if count not in (0, 1) or len(gate.shared) > 1 or gate.constants or gate.log_weight.has(Jet):
        return None
    tau = gate.shared[0] if gate.shared else None
    score = gate.log_weight if tau is None else gate.log_weight.subs(tau, 1)
    if tau is not None and not same(gate.log_weight, score / tau):
        return None
    x = covariates(dim)
    symbols = {p: _at(score, {q: sp.Integer(q == p) for q in own}).free_symbols for p in own}
    direction = [next((p for p in own if symbols[p] & {*x} == {v}), None) for v in x]
    others = [p for p in own if p not in direction]
    if None in direction or len({*direction}) < dim or len(others) != count:
        return None
    formula = _at(score, {p: sp.Integer(p == direction[0]) for p in own})
    formula = _at(formula, {**dict.fromkeys(x, sp.S.Zero), x[0]: Z})
    if formula.free_symbols != {Z} or not same(score, formula.subs(Z, sum(others, dot(direction, x)))):
        return None
    s = _activation(formula)
    return None if s is None else Activated(s, tuple(direction), others[0] if others else None, tau)


def _at(e: sp.Expr, place: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return e.subs(dict(place), simultaneous=True)


@lru_cache(maxsize=64)
def _activation(formula: sp.Expr) -> Activation | None:
    """An activation from its formula in z, with a name of the catalogue where it has one."""
    try:
        unnamed = activation(formula)
    except ValueError:
        return None
    name = _catalogue().get(unnamed.pieces)
    return replace(activation(name), name=name) if name else unnamed


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[tuple, str]:
    return {activation(name).pieces: name for name in reversed(CATALOGUE)}


def same(e: sp.Expr, f: sp.Expr) -> bool:
    """Whether two expressions are proved to be one; pieces are compared one by one."""
    if e == f:
        return True
    if not (e.has(sp.Piecewise) or f.has(sp.Piecewise)):
        gap = e - f
        return sp.expand(gap) == 0 or (is_zero(gap))
    e, f = sp.piecewise_fold(e), sp.piecewise_fold(f)
    if not (isinstance(e, sp.Piecewise) and isinstance(f, sp.Piecewise)) or len(e.args) != len(f.args):
        return False
    pairs = zip(e.args, f.args, strict=True)
    return all(same(g, h) and _same_side(c, d) for (g, c), (h, d) in pairs)


def _same_side(c: sp.Basic, d: sp.Basic) -> bool:
    if c == d or not (isinstance(c, sp.core.relational.Relational) and isinstance(d, sp.core.relational.Relational)):
        return c == d
    return c.rel_op == d.rel_op and sp.expand(c.lhs - c.rhs - d.lhs + d.rhs) == 0


def factors(mean: sp.Expr, parameters: tuple[sp.Symbol, ...], dim: int) -> dict[sp.Symbol, sp.Expr]:
    """Parameter -> the polynomial in x that its slope of the mean is times that of the intercept; {} without one."""
    b = intercept(mean, parameters, dim)
    return {} if b is None else {p: sp.simplify(sp.diff(mean, p) / sp.diff(mean, b)) for p in parameters}


@lru_cache(maxsize=256)
def intercept(mean: sp.Expr, parameters: tuple[sp.Symbol, ...], dim: int) -> sp.Symbol | None:
    """The parameter of a mean h(a.x + b), or of a sum of slopes and b, that stands beside powers of x, before 1.

    The slopes of the mean by all others are its own times polynomials in x that are 0 at x = 0. None where there is
    none.
    """
    x = covariates(dim)
    origin = dict.fromkeys(x, 0)
    slopes = {p: sp.diff(mean, p) for p in parameters}
    for b, f in slopes.items():
        acts_at_origin = f.subs(origin) != 0
        ratios = [sp.simplify(g / f) for p, g in slopes.items() if p != b] if acts_at_origin else [sp.S.One]
        if all(r.free_symbols <= {*x} and r.is_polynomial(*x) and r.subs(origin) == 0 for r in ratios):
            return b
    return None


def affine_mean(mean: sp.Expr, parameters: tuple[sp.Symbol, ...], dim: int) -> tuple[sp.Symbol, ...] | None:
    """The parameters a and b, in this order, of a mean a.x + b; None of any other mean."""
    b, x = intercept(mean, parameters, dim), covariates(dim)
    slopes = {sp.diff(mean, p): p for p in parameters if p != b}
    if (
        b is None
        or len(parameters) != dim + 1
        or sp.expand(mean - dot([slopes.get(v, sp.S.Zero) for v in x], x) - b) != 0
    ):
        return None
    return (*(slopes[v] for v in x), b)
