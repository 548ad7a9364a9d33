"""Audits a torch router: which gate it is, what of it is identifiable, what to change, and how far the theory carries.

Example: ``print(temperance.audit(torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(dim=-1))))``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import sympy as sp

from temperance.answer.answer import Answer
from temperance.interop.router_gates import Form, form_of
from temperance.interop.torch_routers import read_router
from temperance.numerics.information.floor import floor
from temperance.terminal.parts import Said
from temperance.theory.conditions.mirror_points import mirror
from temperance.theory.expressions.arguments import checked
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import BETA0, TAU, Gate
from temperance.theory.symmetries.discrete_symmetries import translated
from temperance.theory.symmetries.flows import Flow, Symmetries, symmetries

Learnable = Literal["yes", "no", "undecided", "not trained"]

CARRIES_OVER = (
    "What carries over: a change of the parameters that changes no weight is a fact of the gate alone. It holds for "
    "every expert, neural ones too, in every dimension, for every loss and optimiser, and for the top k of these "
    "weights. Where tau is not identifiable, no amount of data and no training determines it."
)
DOES_NOT_CARRY_OVER = (
    "What does not: that tau is identifiable, its rate and its sample size are proved for softmax over all experts, "
    "linear Gaussian experts, maximum likelihood, and n to infinity with k and d fixed; rates are slower with more "
    "experts than the data need. Neural experts can take over what the gate does. Top-k trains the chosen experts "
    "only, and jumps where the ranking changes. In high dimension the constants may ask for more data than there are. "
    "SGD may stop elsewhere than at a maximum. Weight decay picks a point on a flat curve: what tau ends at is then a "
    "choice of the training, not a finding of the data."
)
_NAMES = {
    "linear": "the linear dense-to-sparse gate",
    "softmax": "the softmax gate",
    "activation": "the activation dense-to-sparse gate",
    "cosine": "the cosine gate, cos(w, x) = w.x/(|w| |x|)",
    "cosine-perturbed": "the perturbed cosine gate, cos'(w, x) = w.x/((|w| + p)(|x| + q))",
}
_PRECISION = 0.1
_ACTIVATION = "give the scores an activation whose tau is identifiable, such as softmax(tanh(W x)/tau), or GELU"


@checked
@dataclass(frozen=True, repr=False, eq=False)
class Audit(Answer):
    """What is known of a router.

    form: the gate that it is. tau_learnable: "yes", "no", "undecided" or "not trained"; reason: why. identifiable:
    functions of the parameters that determine the weights and are determined by them, at generic parameters; None where
    they were not found. change: what to do. caution: special points, in words. data: how much data tau needs, where
    that is known. said, written: as of every `Answer`.
    """

    form: Form
    tau_learnable: Learnable
    reason: str
    identifiable: tuple[str, ...] | None
    change: tuple[str, ...]
    caution: str | None = None
    data: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The answer as an object of strict JSON."""
        form = self.form
        experts, features = form.router.weights.shape
        return {
            "gate": form.kind,
            "formula": form.formula,
            "activation": None if form.s.is_linear else form.s.name,
            "experts": experts,
            "features": features,
            "temperature": {"expression": form.tau, "learned": form.learned, "value": form.value},
            "tau_learnable": self.tau_learnable,
            "reason": self.reason,
            "identifiable": None if self.identifiable is None else list(self.identifiable),
            "change": list(self.change),
            "caution": self.caution,
            "data": self.data,
            "carries_over": CARRIES_OVER,
            "does_not_carry_over": DOES_NOT_CARRY_OVER,
        }

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The answer as one row."""
        return [self.to_json()]


def audit(module: Any) -> Audit:
    """What of a torch router is identifiable, and what to change.

    Read are modules from x (n, d) to weights (n, k) of the form softmax((s(W x + c) + b)/tau), with an activation s or
    none, biases or none, tau a parameter, a function of one, a number or absent; and cosines of x and the rows of W in
    the place of W x. What was read is compared with the module at random points.

    Args:
        module: a torch.nn.Module; it is not changed.

    Raises:
        ValueError: it is none of these; the message says what it is and which gate it is like.
    """
    if not any(kind.__module__ == "torch.nn.modules.module" for kind in type(module).__mro__):
        raise ValueError(f"audit reads a torch.nn.Module, not an object of {type(module).__name__}")
    form = form_of(read_router(module), module)
    return _of_cosines(form) if form.router.cosine is not None else _of_products(form)


def _of_products(form: Form) -> Audit:
    """From the first-order relations of the gate, as `temperance derive` finds them."""
    dim = min(2, form.router.weights.shape[1])
    relations, found = _derived(form.gate(dim), dim)
    flows = [flow for flow in found.flows if TAU in dict(flow.orbit)]
    moving = [f"{_statement(flow, form)} changes no weight, whatever l > 0." for flow in flows]
    moving += [
        f"{left.equation} for a weight u: a curve along which it is constant moves tau."
        for left in found.unintegrated
        if TAU in left.field.moved
    ]
    known = None if found.identifiable is None else _in_words(found.identifiable, form)
    pairs = [symmetry.statement for symmetry in found.discrete if symmetry.name == "pair"]
    learnable: Learnable = "undecided"
    reason = "; ".join(relations.missing) or found.proved
    if not form.learned:
        learnable, reason = "not trained", "It is no parameter of this router."
    elif moving:
        learnable, reason = "no", moving[0]
    elif found.identifiable is not None and TAU not in found.identifiable:
        learnable, reason = "no", "The changes of the scores that softmax forgets move it."
    elif pairs and len(form.router.weights) == 2:
        learnable, reason = "undecided", f"There are, {pairs[0]}."
    elif relations.complete and known is not None:
        learnable, reason = "yes", "At generic parameters no change of tau is undone by the other parameters."
    return _answer(form, learnable, reason, known, _caution(form))


@lru_cache(maxsize=32)
def _derived(gate: Gate, dim: int) -> tuple[Interactions, Symmetries]:
    relations = derive(gate, dim=dim, order=1)
    return relations, symmetries(relations)


def _of_cosines(form: Form) -> Audit:
    """By the argument of docs/engineers.md: softmax sees the differences of (u_i/tau).x/|x| only, u_i = w_i/|w_i|."""
    k, d = form.router.weights.shape
    bias = ("b_i/tau - b_j/tau" if form.divided else "b_i - b_j",) * bool(form.outside)
    over = "/tau" if form.learned else ""
    if form.perturbed:
        known: tuple[str, ...] = (f"(v_i - v_j){over}, v_i = w_i/(|w_i| + p)",)
        learnable: Learnable = "no"
        reason = "v_i -> l v_i for all i with tau -> l tau changes no weight; l is free near 1, as |v_i| < 1."
    elif k > d:
        learnable, known = "yes", ("w_i/|w_i|", *(("tau",) if form.learned else ()))
        reason = (
            f"{k} experts are more than {d} features: but for rows w_i/|w_i| on one plane u.m = 1, which is special."
        )
    else:
        learnable, known = "no", (f"(u_i - u_j){over}, u_i = w_i/|w_i|",)
        reason = (
            f"{k} experts are not more than {d} features: there is m with u_i.m = 1 for all i, and u_i + s m for u_i, "
            "scaled to length 1, has the same weights at another tau for every small s."
        )
    if not form.learned:
        learnable, reason = "not trained", "It is no parameter of this router."
    return _answer(form, learnable, reason, (*known, *bias), None)


def _answer(form: Form, learnable: Learnable, reason: str, known: tuple[str, ...] | None, caution: str | None) -> Audit:
    """What the router is, what is known of it, one paragraph an item, and what to do."""
    experts, features = form.router.weights.shape
    kept = "is trained, now" if form.learned else "is held at"
    tau = "" if form.tau is None else f"; tau = {form.tau} {kept} {form.value:.4g}"
    title = f"{form.formula}: {_NAMES[form.kind]}, {experts} experts, {features} features{tau}"
    change, data = _change(form, learnable), _data(form, learnable)
    lines = (
        f"tau learnable: {learnable}. {reason}",
        f"Identifiable: {'not found' if known is None else ', '.join(known)}.",
        f"What to change: {' '.join(change)}",
        caution,
        data,
        CARRIES_OVER,
        DOES_NOT_CARRY_OVER,
    )
    said = Said(title, (title,), tuple(line for line in lines if line))
    return Audit(form, learnable, reason, known, change, caution, data, said=said)


def _change(form: Form, learnable: Learnable) -> tuple[str, ...]:
    """What to do."""
    k, d = form.router.weights.shape
    if learnable == "not trained":
        return ("Nothing.",)
    if learnable == "yes":
        return ("Nothing: the data determine tau, as far as the theory goes (below).",)
    fix = "Fix tau: no weight is lost."
    if form.router.cosine is not None:
        more = f"Or use more than {d} experts or fewer than {k} features, with plain cosines; or {_ACTIVATION}."
        return fix, more
    if form.s.is_linear:
        cosine = f"are{'' if k > d else ' no'} a cure with {k} experts and {d} features"
        return (
            fix,
            f"Or {_ACTIVATION}.",
            f"Cosines of x and the rows of W {cosine}: they need more experts than features.",
        )
    return fix, f"Or {_ACTIVATION}; `temperance check` decides others."


def _data(form: Form, learnable: Learnable) -> str | None:
    """How much data tau needs at least, where all of a score is divided by tau: 1/(max varentropy), for 10%."""
    if learnable != "yes" or (form.outside and not form.divided):
        return None
    k = len(form.router.weights)
    least = math.ceil(floor(k) / _PRECISION**2)
    more = ""
    if not (form.s.is_linear or form.inside):
        more = f" `temperance.efficiency({form.s.name!r})` counts how many more, for x in one or two dimensions."
    return (
        f"Data: a standard error of {100 * _PRECISION:g}% of tau takes at least {least} observations with {k} experts, "
        f"whatever the scores, the experts and the law of x.{more}"
    )


def _caution(form: Form) -> str | None:
    """The mirror point of two experts."""
    if form.s.is_linear or form.inside or len(form.router.weights) != 2:
        return None
    found = mirror(form.s)
    if found.kind is None:
        return None
    return f"With two experts beware of w_2 = -w_1, a mirror point ({found.kind}): {found.description}."


def _statement(flow: Flow, form: Form) -> str:
    """A flow in terms of w_i, c_i, b_i and tau."""
    orbit = {p: e for p, e in flow.orbit if p.name != "beta1_2" and (form.outside or p != BETA0)}
    names = {p: _renamed(str(p).replace("beta1_1", "beta1")) for p in orbit}
    factors = {p: sp.cancel(e / p) for p, e in orbit.items()}
    after = ", ".join(
        _renamed(str(orbit[p])) if factor.has(p) else f"{factor}*{names[p]}" for p, factor in factors.items()
    )
    return f"({', '.join(names.values())}) -> ({after})"


def _in_words(functions: Iterable[sp.Expr], form: Form) -> tuple[str, ...]:
    """The functions of the gate's parameters, with w_i for a row of W; differences of what softmax translates."""
    spec = model(form.gate(2), "gaussian", None, 2)
    own = {p.name for p in spec.gate.parameters} | {"beta1"} | ({"beta0"} if form.outside else set())
    texts = [str(f) for f in functions if {str(s).partition("[")[0] for s in f.free_symbols} <= own]
    for text in [text for text in texts if text.startswith("beta1_1")]:
        other = text.replace("beta1_1", "beta1_2", 1)
        if other in texts:
            texts.remove(other)
            texts[texts.index(text)] = text.replace("beta1_1", "beta1", 1)
    shifted = {p.name.partition("_")[0] for p in translated(spec)}
    return tuple(_difference(text, shifted) for text in texts)


def _difference(text: str, shifted: set[str]) -> str:
    head, slash, tail = text.partition("/")
    name = _renamed(head)
    if head not in shifted or "/" in tail:
        return _renamed(text)
    difference = f"{name} - {name.replace('_i', '_j')}"
    return f"({difference})/{_renamed(tail)}" if slash else difference


def _renamed(text: str) -> str:
    for name, ours in (("beta1", "w"), ("beta0", "b"), ("c", "c")):
        text = re.sub(rf"\b{name}\[([ij])\]", rf"{ours}_\1", text)
        text = re.sub(rf"\b{name}_(\d)\b", rf"{ours}_i[\1]", text)
        text = re.sub(rf"\b{name}\b(?!_)", f"{ours}_i", text)
    return text
