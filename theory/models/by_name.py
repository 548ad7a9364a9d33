"""Builds the model of a gate and an expert, given by names, as formulas or as objects.

`gate_from` and `expert_from` read formulas in x and named parameters.

x is the covariate, or x1 .. xd are; in dimension d > 1 the names inside `@` and `norm` are vectors. All atoms share
tau; other names are each atom's own.

>>> found = gate_from(Formula("kappa*cos(x - c)/tau", OF_GATES))
>>> found.log_weight, found.own, found.shared, found.offset
(kappa*cos(c - x)/tau, (kappa, c), (tau,), beta0/tau)
>>> expert_from(Formula("a*x + b", OF_MEANS)).parameters
(a, b, nu)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import combinations

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.language import did_you_mean
from temperance.theory.models import experts, gates
from temperance.theory.models.experts import normal
from temperance.theory.models.form import recognised
from temperance.theory.models.formula_reader import (
    OF_GATES,
    OF_MEANS,
    Formula,
    Number,
    SignAt,
    least_dimension,
    names_in,
)
from temperance.theory.models.pieces import in_conditions, is_constant
from temperance.theory.models.spec import (
    BETA0,
    MOST_DERIVED,
    NU,
    Expert,
    Gate,
    MoESpec,
    bias_of,
    covariates,
    require_dimension,
    scaling_parameters,
)

_MOST_EXCHANGED = 6  # own parameters, of which all pairs of pairs are exchanged
_WITHOUT = "accepted: a formula without it"


def gate_from(formula: Formula, *, shared: Sequence[str] = (), bias: bool = True) -> Gate:
    """The gate whose log weight is a formula. A term that only scales an atom's weight, such as beta0/tau, is its bias.

    Args:
        shared: parameters beside tau that all atoms have in common.
        bias: whether atoms have a bias where the formula has no parameter that scales their weight: beta0, over tau
            where tau divides the formula.

    Raises:
        ValueError: the formula is constant in x, or does not depend on a parameter.
    """
    common = formula.symbols(("tau", *shared))
    own = tuple(p for p in formula.symbols(formula.parameters) if p not in common)
    added, offset = _bias_in(formula.expression, own, common)
    log_weight = formula.expression if added is None else formula.expression.subs(added, 0)
    own = tuple(p for p in own if p != added)
    _require_acting(log_weight, own, common, formula.dim)
    gate = Gate(formula.text, log_weight, (*own, *common), common, offset, places=_apart(log_weight, own))
    scaling = scaling_parameters(gate)
    if offset is not None and scaling:
        raise ValueError(f"two parameters only scale the weight of an atom, one of them {scaling[0]}; accepted: one")
    if offset is not None or scaling or not bias:
        return gate
    return replace(gate, offset=bias_of(log_weight, common))


def _apart(log_weight: sp.Expr, own: Sequence[sp.Symbol]) -> tuple[tuple[sp.Symbol, tuple[sp.Expr, ...]], ...]:
    """Values of the own parameters in true atoms, where the formula stays when some of them are exchanged.

    The default, 1 for all in the first atom, is then a point where the units of an atom coincide, and singular.
    """
    pairs = [pair for pair in combinations(own, 2) if pair[0].assumptions0 == pair[1].assumptions0]
    exchanges = [[pair] for pair in pairs]
    exchanges += [[a, b] for a, b in combinations(pairs, 2) if not {*a} & {*b}]
    if len(own) > _MOST_EXCHANGED or not any(
        log_weight.subs({p: q for pair in pairs for p, q in (pair, pair[::-1])}, simultaneous=True) == log_weight
        for pairs in exchanges
    ):
        return ()
    values = {p: [sp.Rational(a + 2, a + j + 2) + sp.Rational(a, 2) for a in range(8)] for j, p in enumerate(own)}
    return tuple((p, (*of[:3], *of)) for p, of in values.items())


def _bias_in(
    log_weight: sp.Expr, own: Sequence[sp.Symbol], common: Sequence[sp.Symbol]
) -> tuple[sp.Symbol | None, sp.Expr | None]:
    """The own parameter that is only added to a log weight, and the offset that it is, such as beta0/tau."""
    moving = in_conditions(log_weight)
    slopes = {p: sp.diff(log_weight, p) for p in own if not p.is_positive and p not in moving}
    biases = {p: slope for p, slope in slopes.items() if slope != 0 and slope.free_symbols <= {*common}}
    if len(biases) > 1:
        raise ValueError(f"{' and '.join(map(str, biases))} only scale the weight of an atom; accepted: one parameter")
    if log_weight.has(BETA0) and BETA0 not in biases:
        raise ValueError("beta0 is the bias of an atom; accepted: beta0 as a term of its own, + beta0 or + beta0/tau")
    return next(((p, BETA0 * slope) for p, slope in biases.items()), (None, None))


def _require_acting(log_weight: sp.Expr, own: Sequence[sp.Symbol], common: Sequence[sp.Symbol], dim: int) -> None:
    """Raise ValueError for a gate that is constant in x, or that does not depend on one of its parameters."""
    x, slopes = covariates(dim), {p: sp.diff(log_weight, p) for p in (*own, *common)}
    if all(is_constant(slopes[p], {*x}) for p in own):
        accepted = "a formula whose own parameters meet x, such as beta1*x"
        raise ValueError(f"the gate is constant in x, up to jumps; accepted: {accepted}")
    for p, slope in slopes.items():
        _require_in(log_weight, p)
        if p in common and p not in in_conditions(log_weight) and is_constant(slope, {*own}):
            raise ValueError(f"the parameter {p.name!r} does not act: it changes all scores alike; {_WITHOUT}")


def _require_in(expr: sp.Expr, p: sp.Symbol) -> None:
    if is_constant(expr, {p}):
        raise ValueError(f"the parameter {p.name!r} does not act: simplified, the formula is without it; {_WITHOUT}")


def expert_from(formula: Formula) -> Expert:
    """The Gaussian expert whose mean is a formula in x and its parameters, with the variance nu.

    Raises ValueError as `gate_from` does.
    """
    own = formula.symbols(formula.parameters)
    if not formula.expression.has(*covariates(formula.dim)):
        raise ValueError("the mean is constant in x; accepted: a formula in x, such as a*x + b, or the name constant")
    for p in own:
        _require_in(formula.expression, p)
    return Expert(formula.text, normal(formula.expression), (*own, NU))


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
        gate: a name, a formula (`gate_from`) or a Gate; a name wins. expert: likewise, a formula of its mean.
        activation: of a gate that takes one.
        dim: the dimension of x; by default the least that the formulas need, and 1 for names.
        shared, bias: as `gate_from` takes them. positive, constants, sign_at: as `Formula` takes them.

    Raises:
        ValueError: what is not accepted.
    """
    texts = formulas_of(gate, expert)
    own_gate = gate in texts
    dim = max([1, *map(least_dimension, texts)]) if dim is None else dim
    require_dimension(dim, MOST_DERIVED)
    if activation is not None and (own_gate or isinstance(gate, Gate)):
        written = "; in a formula s is written out, as in tanh(beta1*x)/tau" if own_gate else ""
        raise ValueError(f"an activation goes with the gate 'activation' only{written}")
    if not bias and not own_gate:
        raise ValueError("only a gate that is a formula can do without a bias; accepted: a formula such as beta1*x/tau")
    read = partial(Formula, dim=dim, positive=positive, constants=constants or {}, sign_at=sign_at)
    if isinstance(gate, str) and not own_gate:
        gate = gates.gate(gate, dim, activation)
    elif isinstance(gate, str):
        with _refused("gate", gate):
            gate = gate_from(read(gate, OF_GATES), shared=shared, bias=bias)
    gate = recognised(gate, dim)
    if isinstance(expert, str) and expert not in texts:
        expert = experts.expert(expert, dim)
    elif isinstance(expert, str):
        with _refused("expert", expert):
            expert = expert_from(read(expert, OF_MEANS))
    spec = MoESpec(gate, expert, dim)
    _require_used(spec, texts, shared, positive, constants or {})
    return spec


def formulas_of(gate: str | Gate, expert: str | Expert) -> tuple[str, ...]:
    """The texts among them that are no names."""
    gate_text = (gate,) if isinstance(gate, str) and gate not in gates.names() else ()
    return (*gate_text, *((expert,) if isinstance(expert, str) and not experts.is_named(expert) else ()))


@contextmanager
def _refused(kind: str, text: str) -> Iterator[None]:
    """Says of which text a ValueError is. A word is taken for a name first."""
    try:
        yield
    except ValueError as error:
        if not re.fullmatch(r"[\w.:-]*", text):
            raise ValueError(f"{kind} {text!r}: {str(error).removeprefix(f'{kind} {text.strip()!r}: ')}") from None
        near = did_you_mean(text, gates.names() if kind == "gate" else experts.EXPERTS)
        suggestion = "" if near is None else f"{near} "
        example = "of x, such as beta1*x/tau" if kind == "gate" else "of x, such as a*x + b"
        accepted = f"accepted: a name of `temperance derive --help`, as in docs/gates.md, or a formula {example}"
        hint = gates.hint(text) if kind == "gate" else ""
        raise ValueError(f"unknown {kind} {text!r}; {suggestion}{accepted}{hint}") from None


def _require_used(
    spec: MoESpec, texts: Iterable[str], shared: Iterable[str], positive: Iterable[str], constants: Iterable[str]
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


def takes_activation(gate: str | Gate | None) -> bool:
    """Whether an activation is a part of a gate: where none is named, or one of those that take it."""
    return gate is None or gate in gates.ACTIVATED


def least(gate: str) -> tuple[MoESpec, tuple[str, ...]]:
    """The model with the gate of that name in the least dimension that it has, and the options that it needs.

    The activation of a gate that takes one is tanh.
    """
    source, options = ("tanh", ("--activation",)) if gate in gates.ACTIVATED else (None, ())
    try:
        return model(gate, activation=source), options
    except ValueError:
        return model(gate, activation=source, dim=2), (*options, "--dim 2")
