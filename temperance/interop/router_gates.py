"""Finds the gate of theory that a router is: the activation, its temperature and its biases.

The scores of a router are F(t) s(w.x + c) + G(t) b with a learnable number t, a bias c inside and a bias b outside. The
temperature is tau = 1/F(t). Which functions of w, c, b and tau are identifiable, `temperance.theory` derives from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import softmax

from temperance.interop.torch_routers import Floats, NotRead, Router, outputs
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.theory.activations.activation import Activation, activation
from temperance.theory.expressions.sign_changes import Z
from temperance.theory.models.spec import BETA0, TAU, Gate, coordinates, covariates, dot


@dataclass(frozen=True)
class Form:
    """The parts of a router.

    router: what was read. s: the activation. tau: the temperature as a function of a parameter, such as "exp(log_tau)",
    or as a number; None where the scores have none. learned: whether it is a parameter that is trained. value: of tau,
    now. inside, outside: the names of the biases; outside is divided by tau where divided is True.
    """

    router: Router
    s: Activation
    tau: str | None
    learned: bool
    value: float
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    divided: bool

    @property
    def perturbed(self) -> bool:
        """Whether something is added to the lengths that cosines divide by."""
        return any(plus != 0 for plus in self.router.cosine or ())

    @property
    def kind(self) -> str:
        """linear, softmax, activation, cosine or cosine-perturbed."""
        if self.router.cosine is not None:
            return "cosine-perturbed" if self.perturbed else "cosine"
        if not self.s.is_linear:
            return "activation"
        return "linear" if self.learned else "softmax"

    @property
    def formula(self) -> str:
        """The weights of the experts, written out."""
        product = "w_i.x" if self.router.cosine is None else "cos'(w_i, x)" if self.perturbed else "cos(w_i, x)"
        argument = product + " + c_i" * bool(self.inside)
        score = argument if self.s.is_linear else f"s({argument})"
        if self.outside and self.divided:
            score = f"{score} + b_i"
        if self.tau is not None:
            score = f"({score})/tau" if self.outside and self.divided else f"{score}/tau"
        if self.outside and not self.divided:
            score = f"{score} + b_i"
        return f"softmax({score})" + ("" if self.s.is_linear else f", s(z) = {self.s.name}")

    def gate(self, dim: int) -> Gate:
        """The gate in dimension dim, with parameters beta1 for w, c and tau, and beta0 for b; not of cosines."""
        beta, c = coordinates("beta1", dim), sp.Symbol("c", real=True)
        z = dot(beta, covariates(dim)) + (c if self.inside else 0)
        over = TAU if self.learned else sp.S.One
        pieces = [(p.expr.subs(Z, z) / over, z < p.upper) for p in self.s.pieces[:-1]]
        last = self.s.pieces[-1].expr.subs(Z, z) / over
        weight = sp.Piecewise(*pieces, (last, True), evaluate=False) if pieces else last
        parameters = (*beta, *((c,) if self.inside else ()), *((TAU,) if self.learned else ()))
        shared = (TAU,) if self.learned else ()
        return Gate("router", weight, parameters, shared, BETA0 / over if self.divided else BETA0)


def form_of(router: Router, module: Any) -> Form:
    """The parts of a router, compared with the module at random points.

    Raises:
        NotRead: its scores have no such parts, or the module has other values.
    """
    if len(router.weights) < 2:
        raise NotRead("it has one expert, whose weight is 1 whatever its scores")
    if len(router.scalars) > 1:
        names = ", ".join(map(str, router.scalars))
        raise NotRead(
            f"several learnable numbers act on its scores ({names}): like a gate with their product as its tau"
        )
    scores, outside = router.scores, {}
    for bias in router.biases:
        slope = sp.simplify((scores - scores.subs(bias, 0)) / bias)
        if scores.has(bias) and not slope.free_symbols & {Z, *router.biases}:
            outside[bias], scores = slope, scores.subs(bias, 0)
    inside = [bias for bias in router.biases if scores.has(bias)]
    bare = scores.subs(dict.fromkeys(inside, 0))
    if sp.expand(scores - bare.subs(Z, Z + sp.Add(*inside))) != 0:
        names = ", ".join(map(str, inside))
        raise NotRead(f"every expert has a scale or temperature of its own ({names}), like rows of W of another length")
    factor, s = sp.factor_terms(bare).as_independent(Z, as_Add=False)
    if s.free_symbols - {Z}:
        raise NotRead(
            f"{next(iter(router.scalars))} acts inside the activation, where it only scales W: like the gate without it"
        )
    if router.cosine is not None and (s != Z or inside):
        raise NotRead("an activation or a bias acts on its cosines: like the cosine gate without it")
    learned = any(factor.has(t) for t in router.scalars)
    divided = not any(sp.simplify(slope / factor).has(*router.scalars) for slope in outside.values())
    if not divided and any(slope.has(*router.scalars) for slope in outside.values()):
        raise NotRead("its bias and its scores have different temperatures: like the gate with one of them")
    tau = sp.simplify(1 / factor)
    found = Form(
        router,
        activation(s),
        None if tau == 1 else str(tau),
        learned,
        _value(tau, router),
        tuple(map(str, inside)),
        tuple(map(str, outside)),
        divided and learned,
    )
    none = np.zeros(len(router.weights))
    offset = sum((_value(slope, router) * router.biases[bias] for bias, slope in outside.items()), none)
    shift = sum((router.biases[bias] for bias in inside), none)
    _compare(found, shift, offset, module)
    return found


def _value(expr: sp.Expr, router: Router) -> float:
    """The value of a function of the learnable number, now."""
    for t, now in router.scalars.items():
        if expr.has(t):
            (value,) = compile_activation(activation(expr.subs(t, Z)))(np.array([now]), order=0)
            return float(value[0])
    return float(expr)


def _compare(form: Form, shift: Floats, offset: Floats, module: Any) -> None:
    """Compare softmax(s(W x + shift)/tau + offset) with the module at random points, in double precision."""
    x, weights = np.random.default_rng(0).normal(size=(64, form.router.weights.shape[1])), form.router.weights
    theirs = outputs(module, x)
    if form.router.cosine is not None:
        plus_x, plus_w = (float(plus) for plus in form.router.cosine)
        x = x / (np.linalg.norm(x, axis=1, keepdims=True) + plus_x)
        weights = weights / (np.linalg.norm(weights, axis=1, keepdims=True) + plus_w)
    (s,) = compile_activation(form.s)(x @ weights.T + shift, order=0)
    ours = softmax(s / form.value + offset, axis=1)
    if not any(np.allclose(found, ours, rtol=1e-6, atol=1e-9) for found in (theirs, np.exp(theirs))):
        raise NotRead(f"{form.formula} was read, and the module has other values: like none that is known here")
