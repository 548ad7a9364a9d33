"""Defines the experts of the literature by log density and parameters; `expert(name, dim)` looks one up."""

from __future__ import annotations

import re
from itertools import chain, combinations_with_replacement

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.models.spec import NU, Expert, Jet, Y, coordinates, covariates, dot

ACCEPTED = (
    "gaussian, constant, polynomial:M (M = 1..9), nonlinear:ACTIVATION; derive: nonlinear, multinomial:K (K = 2..9)"
)


def normal(mean: sp.Expr) -> sp.Expr:
    """log N(y | mean, nu), nu a variance."""
    return -((Y - mean) ** 2) / (2 * NU) - sp.log(2 * sp.pi * NU) / 2


def _affine(dim: int) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    a, b = coordinates("a", dim), sp.Symbol("b", real=True)
    return dot(a, covariates(dim)) + b, (*a, b)


def gaussian(dim: int) -> Expert:
    """N(y | a.x + b, nu)."""
    mean, parameters = _affine(dim)
    return Expert("gaussian", normal(mean), (*parameters, NU))


def constant(dim: int) -> Expert:
    """N(y | b, nu)."""
    b = sp.Symbol("b", real=True)
    return Expert("constant", normal(b), (b, NU))


def nonlinear(dim: int) -> Expert:
    """N(y | h(a.x + b), nu) for a free function h (no relation among its derivatives)."""
    mean, parameters = _affine(dim)
    return Expert("nonlinear", normal(Jet(sp.Symbol("h"), 0, mean)), (*parameters, NU))


def activated(dim: int, s: Activation) -> Expert:
    """N(y | s(a.x + b), nu) for an activation of one piece without free parameters."""
    if len(s.pieces) > 1 or s.parameters:
        raise ValueError(f"an expert takes an activation of one formula without free parameters, not {s.name!r}")
    mean, parameters = _affine(dim)
    return Expert(f"nonlinear:{s.name}", normal(s.pieces[0].expr.subs(Z, mean)), (*parameters, NU))


def polynomial(dim: int, degree: int) -> Expert:
    """N(y | b + sum_m a_m x^m, nu) over all monomials x^m of degree 1..degree (a_1 x + a_2 x^2 + .. for dim 1)."""
    x, b = covariates(dim), sp.Symbol("b", real=True)
    mean, parameters = b, []
    for size in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(dim), size):
            name = f"a_{size}" if dim == 1 else "a_" + "_".join(str(j + 1) for j in chosen)
            parameters.append(sp.Symbol(name, real=True))
            mean += parameters[-1] * sp.prod([x[j] for j in chosen])
    return Expert(f"polynomial:{degree}", normal(mean), (*parameters, b, NU))


def multinomial(dim: int, outcomes: int) -> Expert:
    """Multinomial-logistic expert: P(y = k) = exp(a_k.x + b_k) / sum_l exp(a_l.x + b_l), k = 1..outcomes."""
    labels = range(1, outcomes + 1)
    slopes = [coordinates(f"a_{k}", dim) for k in labels]
    intercepts = [sp.Symbol(f"b_{k}", real=True) for k in labels]
    scores = [dot(a, covariates(dim)) + b for a, b in zip(slopes, intercepts, strict=True)]
    total = sp.log(sp.Add(*map(sp.exp, scores)))
    cases = [(s - total, sp.Eq(Y, k)) for k, s in enumerate(scores, 1)]
    return Expert(f"multinomial:{outcomes}", sp.Piecewise(*cases), (*chain(*slopes), *intercepts))


def expert(name: str, dim: int = 1) -> Expert:
    """The expert of that name in dimension dim. Raises ValueError for an unknown name, naming those accepted."""
    simple = {"gaussian": gaussian, "constant": constant, "nonlinear": nonlinear}
    if name in simple:
        return simple[name](dim)
    if name.startswith("nonlinear:"):
        return activated(dim, activation(name.removeprefix("nonlinear:")))
    if match := re.fullmatch("polynomial:([1-9])", name):
        return polynomial(dim, int(match[1]))
    if match := re.fullmatch("multinomial:([2-9])", name):
        return multinomial(dim, int(match[1]))
    raise ValueError(f"unknown expert {name!r}; accepted: {ACCEPTED}")
