"""Defines the options that several commands share, and those that a gate and an expert are asked for with.

`Options` says which model is meant, how its formulas were read, and whether it has the theorems of `theory.rates`. A
function that `takes_formulas` has those of formulas as ``**formulas: Unpack[FormulaOptions]``.

>>> Options("w*x/sigma", shared=("sigma",)).in_shell
"--gate 'w*x/sigma' --shared sigma"
"""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, TypeVar, get_type_hints

from cyclopts import Parameter, Token
from sympy import Expr

from temperance.show.output import BadInput
from temperance.theory.activations.activation import Activation
from temperance.theory.models import experts
from temperance.theory.models.by_name import formulas_of, least, model
from temperance.theory.models.gates import FITTED, gate_of, listed, names
from temperance.theory.models.spec import Expert, Gate, MoESpec

if TYPE_CHECKING:
    from temperance.theory.symmetries.traits import Understood


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise ValueError
    return int(text)


def comma_separated(
    read: Callable[[str], Any], what: str, combine: Callable[[list[Any]], Any] = tuple, **options: Any
) -> Parameter:
    """An option of what stands between commas, each as `read` reads it, put together by `combine`; both may raise
    ValueError.

    what: what is accepted, for the message. options: more of what a `Parameter` has.
    """

    def converted(_: type, tokens: Sequence[Token]) -> Any:
        name, text = tokens[0].keyword, tokens[0].value
        if len(tokens) > 1:
            raise BadInput(f"{name} is given twice; accepted: once, as {what}")
        try:
            return combine([read(part.strip()) for part in text.split(",")])
        except ValueError:
            raise BadInput(f"{name} takes {what}, not {text!r}") from None

    return Parameter(converter=converted, n_tokens=1, **options)


def _size(text: str) -> int:
    """A whole number, also one such as 1e6 or 2.5e4."""
    if not re.fullmatch(r"[0-9]{1,21}|[0-9]{1,3}(\.[0-9]{1,9})?e[0-9]{1,2}", text):
        raise ValueError
    number = Decimal(text)
    if number != int(number):
        raise ValueError
    return int(number)


PLACED = "given by its place"
"""Marks, in the type of an option that may be left out, that a command line gives it without its name."""

Whole = Annotated[int, Parameter(converter=lambda _, tokens: _whole(tokens[0].value))]
"""A whole number, written as one: no 1e3, no 1_000."""

Sizes = Annotated[Sequence[int] | None, comma_separated(_size, "whole sizes N,N,.. such as 1000,1e6")]
"""Sample sizes, N,N,.."""

Profiled = Annotated[Sequence[str], comma_separated(str, "names of parameters, such as tau,beta1", show_default=False)]
"""Parameters whose profile intervals are wanted, N,N,.."""

ColumnNames = Annotated[Sequence[str], comma_separated(str, "names of columns, such as age,height", show_default=False)]
"""Columns of a file, N,N,.."""

ExpertNumbers = Annotated[tuple[int, ...], comma_separated(_whole, "a number of experts, or several as 1,2,3")]
"""One number of experts, or several to compare."""

Numbers = Annotated[
    float | Sequence[float] | None, comma_separated(float, "numbers separated by commas, such as .1,.9")
]
"""Numbers separated by commas."""

File = str | Mapping[str, Any]
"""The name of a .json file; in Python also what such a file holds."""

FileOr = File | None
"""The same, or none."""

Json = Annotated[bool, Parameter(name="--json", help="Print strict JSON instead of a table.")]
"""The option --json."""

Output = Annotated[str | None, Parameter(name=["--output", "-o"])]
"""The option -o of a file to write."""

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


_names = partial(comma_separated, _name, "names between commas, such as w,c", show_default=False)


@dataclass(frozen=True)
class Names:
    """Marks an option whose help lists names; describe: makes that text, for which all of these models are made."""

    describe: Callable[[], str]


AnyGate = Annotated[
    str | Gate | None, Names(lambda: f"{listed({name: least(name)[1] for name in names()})}, or a formula")
]
"""A gate by its name, its formula or itself."""

AnyExpert = Annotated[str | Expert, Names(lambda: f"{experts.accepted()}, or a formula")]
"""An expert by its name, the formula of its mean or itself."""

ExpertWithOrders = Annotated[str | Expert, Names(lambda: f"{experts.accepted(orders=True)}, or a formula")]
"""The same, of a Gaussian expert."""


class FormulaOptions(TypedDict, total=False):
    """What is said of the names in formulas of a gate and an expert."""

    shared: Annotated[
        Sequence[str],
        _names(help="Parameters of the gate's formula, beside tau, that all atoms have in common, as N,N,.."),
    ]
    positive: Annotated[
        Sequence[str],
        _names(help="Parameters of a formula that are positive, beside tau, nu and Gamma, as N,N,.."),
    ]
    constants: Annotated[
        Mapping[str, str | int | float | Expr],
        comma_separated(
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


@dataclass(frozen=True)
class Options:
    """A gate and an expert as a user asks for them, with what is said of the names in their formulas.

    Attributes:
        gate: a name, a formula of its log weight, or a Gate; None for linear, or "activation" with an activation.
        expert: a name, a formula of its mean, or an Expert.
        activation: a name of the catalogue or an expression in z.
        dim: the dimension of x; None for the least that formulas need.
        shared, positive, constants, bias: of formulas (`FormulaOptions`).
    """

    gate: str | Gate | None = None
    expert: str | Expert = "gaussian"
    activation: str | None = None
    dim: int | None = None
    shared: Sequence[str] = ()
    positive: Sequence[str] = ()
    constants: Mapping[str, str | int | float | Expr] = field(default_factory=dict)
    bias: bool = True

    @cached_property
    def chosen_gate(self) -> str | Gate:
        """The gate, by its name, its formula or itself."""
        return self.gate if isinstance(self.gate, Gate) else gate_of(self.gate, self.activation is not None)

    @cached_property
    def spec(self) -> MoESpec:
        """The model. Raises ValueError for what is not accepted."""
        of_formulas: dict[str, Any] = {name: getattr(self, name) for name in _DEFAULTS}
        return model(self.chosen_gate, self.expert, self.activation, self.dim, **of_formulas)

    @cached_property
    def reading(self) -> Understood | None:
        """How formulas were read; None where there are names alone."""
        from temperance.theory.symmetries.traits import understood  # what activations do without

        return understood(self.spec) if formulas_of(self.chosen_gate, self.expert) else None

    @property
    def reading_lines(self) -> tuple[str, ...]:
        """How formulas were read, as lines of an answer."""
        return () if self.reading is None else (str(self.reading),)

    @property
    def reading_record(self) -> dict[str, Any] | None:
        """How formulas were read, as JSON values: the key gate_formula."""
        return None if self.reading is None else self.reading.record()

    @property
    def with_least_dimension(self) -> Options:
        """The options of a gate by its name with the least dimension of x that it has, where none is given."""
        gate = self.chosen_gate
        least_needed = self.dim is None and isinstance(gate, str) and gate in names()
        return replace(self, dim=least(str(gate))[0].dim) if least_needed else self

    @cached_property
    def named_gate(self) -> tuple[str, str | Activation | None] | None:
        """The gate that has the theorems of `theory.rates`, with linear Gaussian experts, and its activation.

        The activation is as it was typed, or as it was found in a formula. None of any other model.
        """
        if self._is_named:
            return str(self.chosen_gate), self.activation
        from temperance.theory.contact.any_model_rates import gate_of_theorems  # what a usual fit does without

        return gate_of_theorems(self.spec)

    @property
    def _is_named(self) -> bool:
        """Whether names alone say that the model has theorems."""
        usual = self.expert == Options.expert and all(getattr(self, name) == value for name, value in _DEFAULTS.items())
        return isinstance(self.chosen_gate, str) and bool(FITTED.get(self.chosen_gate)) and usual

    @property
    def dimension(self) -> int:
        """The dimension of x; 1 of a gate that has theorems by its name, where none is given."""
        return self.spec.dim if not self._is_named else 1 if self.dim is None else self.dim

    @property
    def in_shell(self) -> str | None:
        """The options of the shell that ask for a model without theorems by name; None where one is no text."""
        return None if self._is_named else self.shell

    @property
    def shell(self) -> str | None:
        """The options of the shell that ask for the model; None where its gate or expert is no text."""
        if isinstance(self.chosen_gate, Gate) or isinstance(self.expert, Expert):
            return None
        dim = self.spec.dim
        texts = [] if dim == 1 else [f"--dim {dim}"]
        options = {"gate": self.chosen_gate, "activation": self.activation}
        options |= {"expert": "" if self.expert == Options.expert else self.expert}
        options |= {name: ",".join(getattr(self, name)) for name in ("shared", "positive")}
        options["constants"] = ",".join(f"{name}={value}" for name, value in self.constants.items())
        for name, text in options.items():
            if text:
                quoted = shlex.quote(text)
                texts.append(f"--{name}={quoted}" if text.startswith("-") else f"--{name} {quoted}")
        return " ".join([*texts, *([] if self.bias else ["--no-bias"])])


_DEFAULTS: Mapping[str, object] = {
    f.name: f.default_factory() if callable(f.default_factory) else f.default
    for f in fields(Options)
    if f.name in FormulaOptions.__annotations__
}
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
