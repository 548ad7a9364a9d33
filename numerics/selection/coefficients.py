"""Gives learning coefficients of the models of two numbers of experts, as the singular BIC charges them."""

from __future__ import annotations

from dataclasses import dataclass

from temperance.theory.models.experts import mean_of
from temperance.theory.models.kinks import kinks
from temperance.theory.models.spec import NU, MoESpec


@dataclass(frozen=True)
class Charge:
    """The learning coefficient lies in [lower, upper]; multiplicity: that of log log n, 1 where it is not known."""

    lower: float
    upper: float
    multiplicity: int = 1


def charge(spec: MoESpec, true: int, fitted: int, regular: float) -> Charge:
    """Of `fitted` experts at densities of `true` ones, which have `regular` parameters (theory.md 2.11).

    Each superfluous atom adds at most D/4, D its parameters without the weight; at least nothing is known to be added
    but what makes the coefficient increase.

    Raises:
        ValueError: a gate or an expert with kinks, of which no coefficient is known.
    """
    if true == fitted:
        return Charge(regular / 2, regular / 2)
    mean = mean_of(spec.expert)
    if kinks(spec) or mean is None:
        raise ValueError("learning coefficients are known for smooth gates with Gaussian experts only")
    parameters = {*spec.gate.own, *spec.expert.parameters, NU}
    upper = regular / 2 + (fitted - true) * len(parameters) / 4
    return Charge(upper, upper, 2 if true == 1 and fitted == 2 else 1)
