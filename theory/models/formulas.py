"""Reads gates and experts that are written as formulas in x and named parameters.

x is the covariate, or x1 .. xd are; in dimension d > 1 the names inside `@` and `norm` are vectors. All atoms share
tau; other names are each atom's own.

>>> gate = gate_from("kappa*cos(x - c)/tau")
>>> gate.log_weight, gate.own, gate.shared, gate.offset
(kappa*cos(c - x)/tau, (kappa, c), (tau,), beta0/tau)
>>> expert_from("a*x + b").parameters
(a, b, nu)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import sympy as sp

from temperance.theory.models import weights
from temperance.theory.models.experts import normal
from temperance.theory.models.formula_reader import OF_GATES, OF_MEANS, Formula, Number, SignAt
from temperance.theory.models.pieces import in_conditions, is_constant
from temperance.theory.models.spec import BETA0, NU, Expert, Gate, bias_of, covariates

_MOST_EXCHANGED = 6  # own parameters, of which all pairs of pairs are exchanged
_WITHOUT = "accepted: a formula without it"


def gate_from(
    text: str,
    dim: int | None = None,
    *,
    shared: Sequence[str] = (),
    positive: Sequence[str] = (),
    constants: Mapping[str, Number] | None = None,
    bias: bool = True,
    sign_at: SignAt | None = None,
) -> Gate:
    """The gate whose log weight is a formula.

    Args:
        text: the formula. A term that only scales the weight of an atom, such as beta0/tau, is its bias.
        dim: the dimension of x; by default the least with the covariates of the formula.
        shared: parameters beside tau that all atoms have in common. positive: those that are positive, beside tau, nu
            and Gamma; pi is a number, unless it is here.
        constants: numbers that stand for names, as numbers or texts such as "1/2".
        bias: whether atoms have a bias where the formula has no parameter that scales their weight: beta0, over tau
            where tau divides the formula.
        sign_at: the signs of expressions in x at the x of data; by default a formula is real and finite at every x.

    Raises:
        ValueError: the text is no formula; it is constant in x, or does not depend on a parameter.
    """
    formula = Formula(text, OF_GATES, dim, positive, constants or {}, sign_at)
    common = formula.symbols(("tau", *shared))
    own = tuple(p for p in formula.symbols(formula.parameters) if p not in common)
    added, offset = _bias_in(formula.expression, own, common)
    log_weight = formula.expression if added is None else formula.expression.subs(added, 0)
    own = tuple(p for p in own if p != added)
    _require_acting(log_weight, own, common, formula.dim)
    gate = Gate(text.strip(), log_weight, (*own, *common), common, offset, places=_apart(log_weight, own))
    scaling = weights.scaling(gate)
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


def expert_from(
    text: str,
    dim: int | None = None,
    *,
    positive: Sequence[str] = (),
    constants: Mapping[str, Number] | None = None,
    sign_at: SignAt | None = None,
) -> Expert:
    """The Gaussian expert whose mean is a formula in x and its parameters, with the variance nu.

    Args: those of `gate_from`. Raises ValueError as it does.
    """
    formula = Formula(text, OF_MEANS, dim, positive, constants or {}, sign_at)
    own = formula.symbols(formula.parameters)
    if not formula.expression.has(*covariates(formula.dim)):
        raise ValueError("the mean is constant in x; accepted: a formula in x, such as a*x + b, or the name constant")
    for p in own:
        _require_in(formula.expression, p)
    return Expert(text.strip(), normal(formula.expression), (*own, NU))
