"""Builds the model of a gate and an expert, given by names, as formulas or as objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.language import did_you_mean
from temperance.theory.models import experts, gates
from temperance.theory.models.formula_reader import Number, SignAt, least_dimension, names_in
from temperance.theory.models.formulas import expert_from, gate_from
from temperance.theory.models.renaming import named, recognised
from temperance.theory.models.spec import Expert, Gate, MoESpec, require_dimension


def model(
    gate: str | Gate = "linear",
    expert: str | Expert = "gaussian",
    activation: str | sp.Expr | Activation | None = None,
    dim: int | None = None,
    *,
    shared: Sequence[str] = (),
    positive: Sequence[str] = (),
    constants: Mapping[str, Number] | None = None,
    bias: bool = True,
    sign_at: SignAt | None = None,
) -> MoESpec:
    """The model with that gate and expert.

    Args:
        gate: a name, a formula (`formulas.gate_from`) or a Gate; a name wins. expert: likewise, a formula of its mean.
        activation: of a gate that takes one.
        dim: the dimension of x; by default the least that the formulas need, and 1 for names.
        shared, positive, constants, bias, sign_at: of the formulas, as `formulas.gate_from` takes them.

    Raises:
        ValueError: what is not accepted.
    """
    texts = formulas_of(gate, expert)
    own_gate = gate in texts
    dim = max([1, *map(least_dimension, texts)]) if dim is None else dim
    require_dimension(dim)
    if activation is not None and (own_gate or isinstance(gate, Gate)):
        written = "; in a formula s is written out, as in tanh(beta1*x)/tau" if own_gate else ""
        raise ValueError(f"an activation goes with the gate 'activation' only{written}")
    if not bias and not own_gate:
        raise ValueError("only a gate that is a formula can do without a bias; accepted: a formula such as beta1*x/tau")
    read = partial(_read, dim, positive=positive, constants=constants, sign_at=sign_at)
    if isinstance(gate, str):
        gate = read("gate", gate, shared=shared, bias=bias) if own_gate else gates.gate(gate, dim, activation)
    gate = recognised(gate, dim)
    if isinstance(expert, str):
        expert = read("expert", expert) if expert in texts else experts.expert(expert, dim)
    spec = MoESpec(gate, expert, dim)
    _require_used(spec, texts, shared, positive, constants or {})
    return spec


def formulas_of(gate: str | Gate, expert: str | Expert) -> tuple[str, ...]:
    """The texts among them that are no names."""
    gate_text = (gate,) if isinstance(gate, str) and gate not in gates.names() else ()
    return (*gate_text, *((expert,) if isinstance(expert, str) and not experts.is_named(expert) else ()))


def name_of(spec: MoESpec) -> str | None:
    """The name in the table of the gate whose formula that of a model is, whatever parameters are called."""
    return named(spec.gate, spec.dim)


def _read(dim: int, kind: str, text: str, **options: Any) -> Any:
    """The gate or the expert of a formula. Raises ValueError for another text: a word is taken for a name first."""
    try:
        return (gate_from if kind == "gate" else expert_from)(text, dim, **options)
    except ValueError as error:
        reason = str(error).removeprefix(f"{kind} {text.strip()!r}: ")
    if not re.fullmatch(r"[\w.:-]*", text):
        raise ValueError(f"{kind} {text!r}: {reason}")
    near = did_you_mean(text, gates.names() if kind == "gate" else experts.EXPERTS)
    suggestion = "" if near is None else f"{near} "
    example = "of x, such as beta1*x/tau" if kind == "gate" else "of x, such as a*x + b"
    accepted = f"accepted: a name of `temperance derive --help`, as in docs/gates.md, or a formula {example}"
    raise ValueError(f"unknown {kind} {text!r}; {suggestion}{accepted}{gates.hint(text) if kind == 'gate' else ''}")


def _require_used(
    spec: MoESpec,
    texts: Iterable[str],
    shared: Iterable[str],
    positive: Iterable[str],
    constants: Iterable[str],
) -> None:
    """Raise ValueError for a name that is said to be shared, positive or a constant, and is in no formula as such."""
    named = {re.sub(r"(_\d+)+$", "", p.name): p for p in spec.parameters} | {p.name: p for p in spec.parameters}
    common = [name for name, p in named.items() if p in spec.gate.shared]
    above = [name for name, p in named.items() if p.is_positive]
    inside = [name for text in texts for name in names_in(text) if not re.fullmatch(r"x(_?\d+)?", name)]
    for what, names, accepted in (
        ("shared", shared, common),
        ("positive", positive, above),
        ("constants", constants, inside),
    ):
        for name in names:
            if name not in accepted:
                place = "of a formula of the gate" if what == "shared" else "of a formula"
                raise ValueError(f"{what}: {name!r} is no parameter {place}; accepted: names that are in it")


def least(gate: str) -> tuple[MoESpec, tuple[str, ...]]:
    """The model with the gate of that name in the least dimension that it has, and the options that it needs.

    The activation of a gate that takes one is tanh.
    """
    source, options = ("tanh", ("--activation",)) if gate in gates.ACTIVATED else (None, ())
    try:
        return model(gate, activation=source), options
    except ValueError:
        return model(gate, activation=source, dim=2), (*options, "--dim 2")
