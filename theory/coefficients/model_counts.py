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
from temperance.theory.orders.linear_means import is_linear
from temperance.theory.rates.analysis import Gauge
from temperance.theory.settings.truth import Setting
from temperance.theory.traits.traits import traits

_MOST_DERIVATIVES = 8


@dataclass(frozen=True)
class Counts:
    """A model as the theorems see it (theory.md 2.13).

    Attributes:
        cell: a true atom that two fit, beside a singleton.
        held: how many of the gate's own parameters the gauge holds in the last atom. anchored: whether it is the anchor
            of an activation gate. activation: s of such a gate, if it has no bias inside, else None.
        regular: whether the model with as many atoms as the truth is proved to be regular.
        global_: whether exp of the log weights of atoms with different gates are independent functions of x.
    """

    cell: Setting
    held: int
    anchored: bool
    activation: Activation | None
    regular: bool
    global_: bool

    @property
    def own(self) -> int:
        """The parameters of the gate that each atom has for itself, without its weight."""
        return len(self.cell.own)

    @property
    def expert(self) -> int:
        """The parameters of the expert."""
        return len(self.cell.expert)

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
        gates = k * self.own - self.held + (k - 1) + len(self.cell.shared)
        return k * self.expert + (gates if k > 1 else 0)

    @property
    def linear(self) -> bool:
        """Whether the mean is linear in its parameters, so that the theorem on experts holds (2.7)."""
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
def counts(spec: MoESpec, gauge: Gauge) -> Counts:
    """What the theorems ask of a model. gauge: of an activation gate, whose last atom the anchored one holds.

    Raises ValueError as `order_setting`.
    """
    cell = order_setting(spec.gate, spec.expert, size=2, dim=spec.dim)
    found, x, weight = traits(spec), covariates(spec.dim), spec.gate.log_weight
    slopes = [sp.diff(weight, p) for p in cell.own]
    affine = not weight.has(sp.Piecewise) and not any(f.has(*cell.own) for f in slopes)
    form = None if affine else activated(spec.gate, spec.dim)
    anchored = form is not None and not found.held and gauge == "anchored"
    held = len(cell.own) if anchored else len([p for p in found.held or () if p in cell.own])
    orders = exact_orders(spec.gate, spec.expert, d=spec.dim, atoms=2).orders
    regular = all(row.flat or row.upper == Fraction(1) for row in orders) and any(row.upper for row in orders)
    s = form.s if anchored and form is not None and form.bias is None else None
    lines = affine and len(slopes) == spec.dim and {f.as_independent(*x)[1] for f in slopes} == {*x}
    return Counts(cell, held, anchored, s, regular, lines)
