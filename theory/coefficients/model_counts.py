"""Counts the parameters of mixtures of a model, and finds what the theorems on learning coefficients ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.expressions import balls
from temperance.theory.models.form import activated, affine_mean
from temperance.theory.models.spec import MoESpec, covariates
from temperance.theory.models.weights import own_parameters
from temperance.theory.orders.linear_means import is_linear
from temperance.theory.rates.analysis import Gauge
from temperance.theory.settings.truth import Setting
from temperance.theory.traits.traits import traits

_MOST_DERIVATIVES = 8


@dataclass(frozen=True)
class Counts:
    """A model as the theorems see it (theory 6.2).

    Attributes:
        cell: a true atom that two fit, beside a singleton.
        own, expert: the functions that an atom shows of its gate's parameters, without its weight, and of its expert's:
            the parameters less what flows move. shared: those of shared parameters.
        held: how many functions of the gate the gauge holds in the last atom. anchored: whether it is the anchor
            of an activation gate. activation: s of such a gate, if it has no bias inside, else None.
        regular_from: the least number of true atoms with which the model of as many is proved to be regular, if any.
        global_: whether exp of the log weights of atoms with different gates are independent functions of x.
    """

    cell: Setting
    own: int
    expert: int
    shared: int
    held: int
    anchored: bool
    activation: Activation | None
    regular_from: int | None
    global_: bool

    @property
    def atom(self) -> int:
        """D, the parameters of an atom without its weight."""
        return self.own + self.expert

    @property
    def apart(self) -> bool:
        """Whether the gate of the last atom is held as a whole, which the bounds of orders ask for."""
        return self.held == self.own

    def parameters(self, k: int) -> int:
        """p_k, the free parameters of k atoms, without what exact flows move."""
        gates = k * self.own - self.held + (k - 1) + self.shared
        return k * self.expert + (gates if k > 1 else 0)

    @property
    def linear(self) -> bool:
        """Whether the mean is linear in its parameters, so that the theorem on experts holds (4.2.2)."""
        return is_linear(self.cell)

    @property
    def affine(self) -> bool:
        """Whether the mean is a.x + b."""
        return affine_mean(self.cell.mean, self.cell.expert[:-1], self.cell.spec.dim) is not None

    def power(self) -> int | None:
        """The order j of the first derivative of s that is not 0 at 0: 1 where s(z) = z; None where it is not known."""
        if self.activation is None:
            return 1 if self.global_ else None
        if len(self.activation.pieces) > 1:
            return None
        slope = self.activation.pieces[0].expr
        for j in range(1, _MOST_DERIVATIVES):
            slope = sp.diff(slope, Z)
            value = sp.simplify(slope.subs(Z, 0))
            if value != 0:
                return j if value.is_number and balls.is_nonzero(balls.value(value, {})) else None
        return None


@lru_cache(maxsize=64)
def counts(spec: MoESpec, gauge: Gauge) -> Counts | None:
    """What the theorems ask of a model; None where the number of its free parameters is not decided.

    gauge: of an activation gate, whose last atom the anchored one holds. Raises ValueError as `order_setting`.
    """
    cell = order_setting(spec.gate, spec.expert, size=2, dim=spec.dim)
    facts, x, weight = traits(spec), covariates(spec.dim), spec.gate.log_weight
    slopes = [sp.diff(weight, p) for p in cell.own]
    affine = not weight.has(sp.Piecewise) and not any(f.has(*cell.own) for f in slopes)
    if facts.alone is None or facts.common is None or facts.shared is None or facts.atoms_needed is None:
        return None
    anchored = has_anchor(spec) and gauge == "anchored"
    own = len(own_parameters(spec)) - facts.alone
    held = own if anchored else facts.common
    of_mean = sum({*flow.field.moved} <= {*spec.expert.parameters} for flow in facts.flows)
    regular = facts.atoms_needed if not anchored else 2 if _is_regular(spec) else None
    form = activated(spec.gate, spec.dim) if anchored else None
    s = form.s if form is not None and form.bias is None else None
    lines = affine and len(slopes) == spec.dim and {f.as_independent(*x)[1] for f in slopes} == {*x}
    free = (own, len(spec.expert.parameters) - of_mean, len(spec.gate.shared) - facts.shared)
    return Counts(cell, *free, held, anchored, s, regular, lines)


def has_anchor(spec: MoESpec) -> bool:
    """Whether the last atom may be an anchor: of an activation gate whose scores are not translated."""
    return not traits(spec).held and activated(spec.gate, spec.dim) is not None


def _is_regular(spec: MoESpec) -> bool:
    """Whether the model of two atoms, one the anchor, is proved to be regular: all orders are 1."""
    orders = exact_orders(spec.gate, spec.expert, d=spec.dim, atoms=2).orders
    return all(row.flat or row.upper == Fraction(1) for row in orders) and any(row.upper for row in orders)
