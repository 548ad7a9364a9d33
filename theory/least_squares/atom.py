"""The atom of least squares, and what moves along straight lines in it (theory.md 2.12).

>>> from temperance.theory.models.by_name import model
>>> str(least_squares(model("softmax", "constant")).expert.log_density)
'log(-b + y)'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from temperance.theory.models.experts import accepted, mean_of
from temperance.theory.models.spec import NU, Expert, MoESpec, Y


def mean(spec: MoESpec) -> sp.Expr:
    """The regression function h of one expert. Raises ValueError where the expert has no named mean."""
    found = mean_of(spec.expert)
    if found is None:
        known = accepted(orders=True)
        raise ValueError(f"least squares needs an expert with a named mean ({known}), not {spec.expert.name!r}")
    return found


def least_squares(spec: MoESpec) -> MoESpec:
    """The model whose atom is U = exp(L) (y - h): y stands for the value of the regression function.

    spec: a gate, and a Gaussian expert with a named mean h. Raises ValueError for any other expert.
    """
    h = mean(spec)
    parameters = tuple(p for p in spec.expert.parameters if p != NU)
    log = sp.Piecewise(*((sp.log(Y - e), c) for e, c in h.args)) if isinstance(h, sp.Piecewise) else sp.log(Y - h)
    return replace(spec, expert=Expert(spec.expert.name, log, parameters, spec.expert.constants))


def with_known_noise(spec: MoESpec) -> MoESpec:
    """The model whose variance nu is no parameter. Raises ValueError for an expert that has none."""
    expert = spec.expert
    if NU not in expert.parameters:
        raise ValueError(f"the expert {expert.name!r} has no variance nu")
    parameters = tuple(p for p in expert.parameters if p != NU)
    return replace(spec, expert=replace(expert, parameters=parameters, constants=(*expert.constants, NU)))


def straight(h: sp.Expr, parameters: Sequence[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    """Parameters in which a mean is jointly affine: none of their second derivatives differs from 0.

    h: the mean. parameters: of the expert; the first ones are preferred where not all can be taken.
    """
    found: list[sp.Symbol] = []
    for p in parameters:
        slope = sp.diff(h, p)
        if all(sp.simplify(sp.diff(slope, q)) == 0 for q in (*found, p)):
            found.append(p)
    return tuple(found)


def is_homogeneous(h: sp.Expr, parameters: Sequence[sp.Symbol]) -> bool:
    """Whether h(l eta) = l h(eta) for l > 0, kinks and all: a ReLU of an affine function."""
    scale = sp.Symbol("l", positive=True)
    scaled = {p: scale * p for p in parameters}
    if not isinstance(h, sp.Piecewise):
        return sp.simplify(h.xreplace(scaled) - scale * h) == 0
    return all(
        sp.simplify(e.xreplace(scaled) - scale * e) == 0 and (c == sp.true or _rests(c, scaled, scale))
        for e, c in h.args
    )


def _rests(condition: sp.Basic, scaled: dict[sp.Symbol, sp.Expr], scale: sp.Symbol) -> bool:
    """Whether a boundary stays where it is: its gap is a multiple of itself by a power of the scale."""
    if not isinstance(condition, sp.core.relational.Relational):
        return False
    gap = condition.lhs - condition.rhs
    ratio = sp.simplify(gap.xreplace(scaled) / gap)
    return bool(ratio.free_symbols <= {scale} and ratio.is_positive)
