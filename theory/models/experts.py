"""Defines the experts of the literature by log density and parameters; `expert(name, dim)` looks one up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, combinations_with_replacement

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.expressions.balls import is_zero
from temperance.theory.models.spec import NU, Expert, Jet, Y, coordinates, covariates, dot


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


def mean_of(candidate: Expert) -> sp.Expr | None:
    """The mean of an expert; None where it is not Gaussian, or has a free function."""
    mean = sp.expand(Y + NU * sp.diff(candidate.log_density, Y))
    is_gaussian = NU in candidate.parameters and not mean.has(Y, Jet)
    return mean if is_gaussian and sp.expand(sp.expand(candidate.log_density - normal(mean))) == 0 else None


def unlike(
    candidate: Expert, values: Mapping[sp.Symbol, sp.Expr], others: Sequence[Mapping[sp.Symbol, sp.Expr]]
) -> dict[sp.Symbol, sp.Expr]:
    """The values of an atom, parameters of the mean doubled one by one while it is the mean of another atom."""
    mean, new = mean_of(candidate), dict(values)
    for p in candidate.parameters[:-1]:
        if mean is None or not any(is_zero(mean.subs(new) - mean.subs(other)) for other in others):
            break
        new[p] *= 2
    return new


EXPERTS: dict[str, Callable[..., Expert]] = {
    "gaussian": gaussian,
    "constant": constant,
    "polynomial:M": polynomial,
    "nonlinear": nonlinear,
    "nonlinear:ACTIVATION": activated,
    "multinomial:K": multinomial,
}
"""By name, with what stands after a colon."""

_LEAST = {"M": 1, "K": 2}  # and 9 at most


def _argument(kind: str, text: str) -> int | Activation | None:
    """What stands after a colon; None where it is no number that is accepted."""
    if kind == "ACTIVATION":
        return activation(text)
    return int(text) if re.fullmatch("[1-9]", text) and int(text) >= _LEAST[kind] else None


def accepted(*, orders: bool | None = None) -> str:
    """The names of experts as text: all, or those with orders (Gaussian ones with a named mean), or those without."""
    names = []
    for name, make in EXPERTS.items():
        _, _, kind = name.partition(":")
        instance = make(1, *([_argument(kind, str(_LEAST.get(kind, "tanh")))] if kind else []))
        if orders in (None, mean_of(instance) is not None):
            names.append(f"{name} ({kind} = {_LEAST[kind]}..9)" if kind in _LEAST else name)
    return ", ".join(names)


def listed() -> str:
    """The names of experts as a message has them: those with orders, then the others."""
    return f"{accepted(orders=True)}; derive: {accepted(orders=False)}"


def is_named(text: str) -> bool:
    """Whether a text is, or begins as, one of the names of experts."""
    return text.partition(":")[0] in {name.partition(":")[0] for name in EXPERTS}


def expert(name: str, dim: int = 1) -> Expert:
    """The expert of that name in dimension dim. Raises ValueError for an unknown name, naming those accepted."""
    stem, colon, text = name.partition(":")
    for accepted_name, make in EXPERTS.items():
        head, _, kind = accepted_name.partition(":")
        if head == stem and bool(colon) == bool(kind):
            argument = _argument(kind, text) if kind else None
            if not kind:
                return make(dim)
            if argument is not None:
                return make(dim, argument)
    raise ValueError(f"unknown expert {name!r}; accepted: {listed()}")
