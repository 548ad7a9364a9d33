"""Defines the gates of the literature by log weight and parameters; `gate(name, dim)` looks one up.

A new gate is a function of the dimension and a line of `GATES`: relations, orders, help texts and messages follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.catalogue import NAMED
from temperance.theory.models.spec import BETA0, TAU, Gate, Jet, coordinates, covariates, dot

Gauge = Literal["free", "anchored"]
_HALF = sp.Rational(1, 2)
_MOST_INVERTED = 5  # rows of a symmetric matrix of symbols, whose inverse takes minutes above
_SLOPES = (1, -1, _HALF, -2, 2)
_Places = tuple[tuple[sp.Symbol, tuple[sp.Expr, ...]], ...]


def _at(parameters: Iterable[sp.Symbol], *values: int | sp.Expr) -> _Places:
    """The values of parameters where orders are shown: at the split atom, at another one, at another split one.

    Those after the third are of the atoms of a model with their true number.
    """
    return tuple((p, tuple(map(sp.sympify, values))) for p in parameters)


def _of(parameters: Iterable[sp.Symbol], first: int, *others: int) -> _Places:
    """`_at` for coordinates, then as many of a model with the true number of atoms: in no two of them proportional."""
    ordinary = [first, *others, *others[-1:]][:3]
    alone = [*ordinary, ordinary[-1], ordinary[-1]]
    places: list[tuple[sp.Symbol, tuple[sp.Expr, ...]]] = []
    for j, p in enumerate(parameters, 1):
        step = sp.Integer(j)
        turned = (1 / step, step, (-1) ** (step + 1) * step, step**2 - 2, step**3 - 3)
        exact = [v / step for v in alone] if others[0] == 0 else [v * t for v, t in zip(_SLOPES, turned, strict=True)]
        places += _at([p], *ordinary, *exact)
    return tuple(places)


def linear(dim: int) -> Gate:
    """Dense-to-sparse gate exp(beta1.x/tau) (arXiv 2401.13875, section 2)."""
    beta = coordinates("beta1", dim)
    return Gate("linear", dot(beta, covariates(dim)) / TAU, (*beta, TAU), (TAU,), BETA0 / TAU, places=_of(beta, 1, 0))


def activated(dim: int, s: Activation) -> Gate:
    """Activation dense-to-sparse gate exp(s(beta1.x)/tau) (arXiv 2401.13875, section 3)."""
    beta = coordinates("beta1", dim)
    z = dot(beta, covariates(dim))
    pieces = [(piece.expr.subs(Z, z) / TAU, z < piece.upper) for piece in s.pieces[:-1]]
    last = s.pieces[-1].expr.subs(Z, z) / TAU
    log_weight = sp.Piecewise(*pieces, (last, True), evaluate=False) if pieces else last
    if not log_weight.has(*beta):
        raise ValueError(f"activation {s.name!r} is constant: the gate does not depend on beta1")
    caveat = ""
    if s.others or not s.surveyed:
        caveat = f"the other pieces that {s.name} has at other values of its parameters"
    return Gate(
        "activation", log_weight, (*beta, TAU), (TAU,), BETA0 / TAU, s.parameters, caveat, _of(beta, 1, 0, 2), s
    )


def biased(dim: int, s: Activation) -> Gate:
    """The activation gate with a bias inside, exp(s(beta1.x + c)/tau), for an activation of one piece."""
    if len(s.pieces) > 1:
        raise ValueError(f"the gate 'activation-bias' takes an activation without kinks, not {s.name!r}")
    beta, c = coordinates("beta1", dim), sp.Symbol("c", real=True)
    log_weight = s.pieces[0].expr.subs(Z, dot(beta, covariates(dim)) + c) / TAU
    places = (*_of(beta, 1, 0, 2), *_at((c,), sp.log(2), 0))
    return Gate(
        "activation-bias", log_weight, (*beta, c, TAU), (TAU,), BETA0 / TAU, s.parameters, places=places, activation=s
    )


def generic(dim: int) -> Gate:
    """The activation gate exp(s(beta1.x)/tau) for a free function s (no relation among its derivatives)."""
    beta = coordinates("beta1", dim)
    s = Jet(sp.Symbol("s"), 0, dot(beta, covariates(dim)))
    return Gate("generic", s / TAU, (*beta, TAU), (TAU,), BETA0 / TAU, places=_of(beta, 1, 0, 2))


def softmax(dim: int) -> Gate:
    """Softmax gate exp(beta1.x)."""
    beta = coordinates("beta1", dim)
    return Gate("softmax", dot(beta, covariates(dim)), beta, places=_of(beta, 1, 0))


def quadratic(dim: int) -> Gate:
    """Quadratic gate exp((x'A x + beta1.x)/tau), A symmetric with entries A_jl, j <= l."""
    x, beta = covariates(dim), coordinates("beta1", dim)
    entries, matrix = _symmetric("A", dim)
    form = dot(x, tuple(matrix * sp.Matrix(x)))
    diagonal = {matrix[j, j] for j in range(dim)}
    others = [_at([p], _HALF, 0, *(() if p in diagonal else (0, _HALF / 4, 0)))[0] for p in entries]
    score, places = sp.expand(form) + dot(beta, x), (*others, *_of(beta, 1, 0))
    return Gate("quadratic", score / TAU, (*entries, *beta, TAU), (TAU,), BETA0 / TAU, places=places)


def gaussian(dim: int) -> Gate:
    """Gaussian gate pi N(x | c, Gamma I)."""
    x, c = covariates(dim), coordinates("c", dim)
    weight, gamma = sp.Symbol("pi", positive=True), sp.Symbol("Gamma", positive=True)
    gap = [xj - cj for xj, cj in zip(x, c, strict=True)]
    log_weight = sp.log(weight) - dot(gap, gap) / (2 * gamma) - sp.Rational(dim, 2) * sp.log(2 * sp.pi * gamma)
    return Gate(
        "gaussian", log_weight, (weight, *c, gamma), offset=None, places=(*_at(c, 0, -1), *_at((weight, gamma), 1))
    )


def gaussian_full(dim: int) -> Gate:
    """Gaussian gate pi N(x | c, Gamma), Gamma symmetric positive definite with entries Gamma_jl, j <= l."""
    if dim > _MOST_INVERTED:
        raise ValueError(f"gate 'gaussian-full' is for dimension 1 to {_MOST_INVERTED}, not {dim}: Gamma is inverted")
    x, c = covariates(dim), coordinates("c", dim)
    weight = sp.Symbol("pi", positive=True)
    entries, matrix = _symmetric("Gamma", dim)
    gap = sp.Matrix(x) - sp.Matrix(c)
    square = (gap.T * matrix.adjugate() * gap)[0] / matrix.det()
    normaliser = sp.Rational(dim, 2) * sp.log(2 * sp.pi) + sp.log(matrix.det()) / 2
    diagonal = {matrix[j, j] for j in range(dim)}
    places = (
        *_at(c, 0, -1),
        *_at((weight,), 1),
        *(_at((p,), 1 if p in diagonal else sp.Rational(1, 4))[0] for p in entries),
    )
    log_weight = sp.log(weight) - square / 2 - normaliser
    return Gate("gaussian-full", log_weight, (weight, *c, *entries), offset=None, places=places)


def sigmoid(dim: int) -> Gate:
    """Sigmoid gate 1/(1 + exp(-(beta1.x + w)/tau))."""
    beta, w = coordinates("beta1", dim), sp.Symbol("w", real=True)
    z = (dot(beta, covariates(dim)) + w) / TAU
    return Gate("sigmoid", -sp.log(1 + sp.exp(-z)), (*beta, w, TAU), (TAU,), None, places=_without_weight(beta, w))


def sigmoid_without_tau(dim: int) -> Gate:
    """Sigmoid gate 1/(1 + exp(-(beta1.x + w))): the temperature is known, and is 1."""
    beta, w = coordinates("beta1", dim), sp.Symbol("w", real=True)
    z = dot(beta, covariates(dim)) + w
    return Gate("sigmoid-tau-1", -sp.log(1 + sp.exp(-z)), (*beta, w), (), None, places=_without_weight(beta, w))


def sigmoid_euclidean(dim: int) -> Gate:
    """Sigmoid gate with a Euclidean score, 1/(1 + exp((|beta1 - x| - w)/tau)); in dimension 1 the two sides."""
    beta, w = coordinates("beta1", dim), sp.Symbol("w", real=True)
    log_weight = sp.piecewise_fold(-sp.log(1 + sp.exp(-laplace(dim).log_weight - w / TAU)))
    places = _without_weight(beta, w)
    return Gate("sigmoid-euclidean", log_weight, (*beta, w, TAU), (TAU,), None, places=places)


def _without_weight(beta: Iterable[sp.Symbol], w: sp.Symbol) -> _Places:
    """Of atoms without weights of their own: beta1 is 0 in none."""
    return (*_of(beta, 1, 2), *_at((w,), _HALF, -1))


def cosine(dim: int) -> Gate:
    """Cosine router exp(beta1.x/(|beta1| |x| tau)), dim >= 2."""
    return _router("cosine", dim, 0)


def cosine_perturbed(dim: int) -> Gate:
    """Perturbed cosine router exp(beta1.x/((|beta1| + 1)(|x| + 1) tau)), dim >= 2."""
    return _router("cosine-perturbed", dim, 1)


def laplace(dim: int) -> Gate:
    """Laplace gate exp(-|beta1 - x|/tau); in dimension 1 its two sides of the kink."""
    x, beta = covariates(dim), coordinates("beta1", dim)
    gap = tuple(b - xj for b, xj in zip(beta, x, strict=True))
    distance = sp.sqrt(dot(gap, gap)) if dim > 1 else sp.Piecewise((gap[0], x[0] < beta[0]), (-gap[0], True))
    return Gate("laplace", -distance / TAU, (*beta, TAU), (TAU,), BETA0, places=_of(beta, 0, -1))


def _router(name: str, dim: int, perturbation: int) -> Gate:
    if dim < 2:
        raise ValueError(f"gate {name!r} needs dimension 2 or more (in dimension 1 the cosine is a sign), got {dim}")
    x, beta = covariates(dim), coordinates("beta1", dim)
    lengths = [sp.sqrt(dot(v, v)) + perturbation for v in (beta, x)]
    score = dot(beta, x) / (lengths[0] * lengths[1])
    return Gate(name, score / TAU, (*beta, TAU), (TAU,), BETA0, places=_of(beta, 1, -1))


def _symmetric(name: str, dim: int) -> tuple[tuple[sp.Symbol, ...], sp.Matrix]:
    if dim == 1:
        entry = sp.Symbol(name, real=True)
        return (entry,), sp.Matrix([[entry]])
    pairs = [(i, j) for i in range(dim) for j in range(i, dim)]
    entries = {p: sp.Symbol(f"{name}_{p[0] + 1}_{p[1] + 1}", real=True) for p in pairs}
    return tuple(entries.values()), sp.Matrix(dim, dim, lambda i, j: entries[min(i, j), max(i, j)])


GATES: dict[str, Callable[[int], Gate]] = {
    "linear": linear,
    "generic": generic,
    "softmax": softmax,
    "quadratic": quadratic,
    "gaussian": gaussian,
    "gaussian-full": gaussian_full,
    "sigmoid": sigmoid,
    "sigmoid-tau-1": sigmoid_without_tau,
    "sigmoid-euclidean": sigmoid_euclidean,
    "cosine": cosine,
    "cosine-perturbed": cosine_perturbed,
    "laplace": laplace,
}


ACTIVATED: dict[str, Callable[[int, Activation], Gate]] = {"activation": activated, "activation-bias": biased}
"""The gates that take an activation."""

FITTED: dict[str, Callable[[int], Gate]] = {"linear": linear, "softmax": softmax, "activation": generic}
"""The gates whose parameters are fitted, and whose rates are predicted; with an activation, for a free one."""


def names() -> tuple[str, ...]:
    """The names that `gate` takes."""
    first, *others = GATES
    return (first, *ACTIVATED, *others)


def listed(options: Mapping[str, Collection[str]]) -> str:
    """Names of gates as text, each with the options that it needs."""
    needs = {name: f" (with {' and '.join(required)})" if required else "" for name, required in options.items()}
    first, *others = (name + need for name, need in needs.items())
    return ", ".join([f"{first} (the default)", *others])


def require_gate(name: str, with_activation: bool, accepted: Collection[str]) -> None:
    """Raise ValueError for a gate that is not accepted, or for an activation that is missing or superfluous.

    Args:
        name: the gate. with_activation: whether an activation is given.
        accepted: names of gates.
    """
    if name not in accepted:
        raise ValueError(f"unknown gate {name!r}; accepted: {', '.join(accepted)}{hint(name)}")
    if name in ACTIVATED and not with_activation:
        raise ValueError(f"the gate {name!r} needs an activation, for instance 'tanh'")
    if with_activation and name not in ACTIVATED:
        raise ValueError(f"the gate {name!r} takes no activation; the gate 'activation' does")


def hint(name: str) -> str:
    """What is said of a name that is none of a gate, but of an activation."""
    return f"; the activation {name!r} goes with --activation" if name in NAMED else ""


def gate_of(gate: str | None, with_activation: bool) -> str:
    """The gate that is meant: without a name, "activation" where an activation is given and "linear" where none is."""
    return gate if gate is not None else "activation" if with_activation else "linear"


def one_of(what: str, name: str, accepted: Sequence[Any]) -> Any:
    """The name among those that are accepted. Raises ValueError for another."""
    if name not in accepted:
        raise ValueError(f"unknown {what} {name!r}; accepted: {', '.join(accepted)}")
    return name


def gauge_of(name: str) -> Gauge:
    """The gauge of that name. Raises ValueError for another."""
    return one_of("gauge", name, get_args(Gauge))


def gate(name: str, dim: int = 1, s: str | sp.Expr | Activation | None = None) -> Gate:
    """The gate of that name in dimension dim; s: the activation, of "activation" and "activation-bias" only.

    Raises ValueError for an unknown name, a missing or a superfluous activation, or a router in dimension 1.
    """
    require_gate(name, s is not None, names())
    if s is None:
        return GATES[name](dim)
    return ACTIVATED[name](dim, activation(s))
