"""Defines the options of a gate and an expert that are formulas, for every command that takes these.

`asked` says which model is meant, and whether it has the theorems of `theory.rates`.

A function that `takes_formulas` has them as ``**formulas: Unpack[FormulaOptions]`` and hands them to
`theory.models.by_name.model`.
"""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypedDict, TypeVar, get_type_hints

from cyclopts import Parameter
from sympy import Expr

from temperance.show.options import listed
from temperance.theory.activations.activation import Activation
from temperance.theory.models.by_name import formulas_of, least, model
from temperance.theory.models.gates import FITTED, gate_of, names
from temperance.theory.models.spec import Expert, Gate, MoESpec
from temperance.theory.traits.understood import Understood, understood

NAMED_ALONE = "is for linear, softmax and activation gates with linear Gaussian experts, by the likelihood"
_NAME = re.compile(r"[A-Za-z_]\w*")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError
    return text


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not value.strip():
        raise ValueError
    return _name(name.strip()), value.strip()


def _mapping(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


_names = partial(listed, _name, "names between commas, such as w,c", show_default=False)


class FormulaOptions(TypedDict, total=False):
    """What is said of the names in formulas of a gate and an expert."""

    shared: Annotated[
        Sequence[str],
        _names(help="Parameters of a formula, beside tau, that all atoms have in common, as N,N,.."),
    ]
    positive: Annotated[
        Sequence[str],
        _names(help="Parameters of a formula that are positive, beside tau, nu and Gamma, as N,N,.."),
    ]
    constants: Annotated[
        Mapping[str, str | int | float | Expr],
        listed(
            _pair,
            "numbers by their names, each once, such as kappa=1/2,w=3",
            _mapping,
            show_default=False,
            help="Exact numbers that stand for names in formulas, as N=V,N=V,.. such as kappa=1/2",
        ),
    ]
    bias: Annotated[
        bool,
        Parameter(
            name="--bias",
            negative="--no-bias",
            help="Whether atoms have a bias where no parameter of the gate's formula scales their weight.",
        ),
    ]


_DEFAULTS: Mapping[str, object] = {"shared": (), "positive": (), "constants": {}, "bias": True}
_EXPERT: Mapping[str, object] = {"expert": "gaussian"}
F = TypeVar("F", bound=Callable[..., Any])


def takes_formulas(function: F) -> F:
    """The function, whose signature shows the options that it has as ``**formulas``."""
    kinds = get_type_hints(FormulaOptions, include_extras=True)
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name], annotation=kind)
        for name, kind in kinds.items()
    ]
    function.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    function.__annotations__ |= kinds
    return function


@dataclass(frozen=True)
class Asked:
    """The gate and the expert that were asked for.

    Attributes:
        name: of a gate that has the theorems of `theory.rates`, with linear Gaussian experts; None of any other model.
        source: its activation, as it was typed or as it was found in a formula.
        dim: the dimension of x. spec: the model; None where it is that of the name.
        meant: what was understood of formulas. options: the options of the shell that ask for it; None in Python alone.
    """

    name: str | None
    source: str | Activation | None
    dim: int
    spec: MoESpec | None
    meant: Understood | None
    options: str | None

    @property
    def model(self) -> MoESpec:
        """The model, also where it is that of the name."""
        return self.spec or model(str(self.name), activation=self.source, dim=self.dim)


def asked(
    gate: str | Gate | None,
    expert: str | Expert,
    activation: str | None,
    dim: int | None,
    formulas: FormulaOptions,
) -> Asked:
    """Which model is meant.

    Raises:
        ValueError: what is not accepted.
    """
    gate = gate if isinstance(gate, Gate) else gate_of(gate, activation is not None)
    options: dict[str, Any] = {"expert": expert, **formulas}
    usual = all(options.get(name, value) == value for name, value in {**_DEFAULTS, **_EXPERT}.items())
    if isinstance(gate, str) and FITTED.get(gate) and usual:
        return Asked(gate, activation, 1 if dim is None else dim, None, None, None)
    if dim is None and isinstance(gate, str) and gate in names():
        dim = least(gate)[0].dim
    from temperance.theory.contact.any_model_rates import gate_of_theorems  # what a usual fit does without

    spec = model(gate, expert, activation, dim, **formulas)
    reading = understood(spec) if formulas_of(gate, expert) else None
    named_gate = gate_of_theorems(spec)
    texts = {"gate": gate, "activation": activation, **options}
    name, source = (None, None) if named_gate is None else named_gate
    return Asked(name, source, spec.dim, spec, reading, _options(texts, spec.dim))


def _options(options: Mapping[str, Any], dim: int) -> str | None:
    """Values of options as the shell takes them; None where one is no text."""
    texts = [] if dim == 1 else [f"--dim {dim}"]
    for name, value in options.items():
        if isinstance(value, Gate | Expert):
            return None
        if isinstance(value, bool):
            texts += [] if value else [f"--no-{name}"]
        elif value and value != _EXPERT.get(name):
            pairs = [f"{n}={v}" for n, v in value.items()] if isinstance(value, Mapping) else value
            text = shlex.quote(pairs if isinstance(pairs, str) else ",".join(pairs))
            texts.append(f"--{name}={text}" if text.lstrip("'").startswith("-") else f"--{name} {text}")
    return " ".join(texts)
