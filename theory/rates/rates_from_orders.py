"""Derives rates from certified contact orders where the conditions of theory.md 2.4 do not decide (m = 2, d = 1).

Example: z^2 + z fails condition (ii), and yet the order of a is 2, so a has the rate n^(-1/4).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import TAU
from temperance.theory.orders.certificates import certified
from temperance.theory.orders.split_cell import Splitting
from temperance.theory.rates.setting import Setting
from temperance.theory.rates.true_point import is_analytic

ASSUMED = ("the shares of the two atoms of a cell are bounded away from 0",)
GENERIC = "tau = 1, where the contact orders are computed"


def cell_rates(setting: Setting) -> dict[str, Fraction]:
    """1/(2 r) for beta1, a, b, nu and tau, r the largest certified contact order over the atoms; {} if there is none.

    The gate is anchored, the anchor cell a singleton, and s analytic on the whole line, so that its Taylor polynomials
    at x = 0 tell what is seen on any interval.
    """
    if setting.dim != 1 or setting.source.parameters or not is_analytic(setting.source):
        return {}
    point = setting.point
    places = [(sp.S.One, sp.S.One)] if point is None else [(point.beta1[j][0], point.tau) for j in setting.atoms]
    found = [_rates(setting.source, beta1, tau) for beta1, tau in dict.fromkeys(places)]
    return {name: min(rates[name] for rates in found) for name in found[0]} if all(found) else {}


@cache
def _rates(source: Activation, beta1: sp.Rational, tau: sp.Rational) -> dict[str, Fraction]:
    spec = model("activation", activation=source)
    values = {p: tau if p == TAU else beta1 for p in spec.gate.parameters}
    found, proof, _ = certified(Splitting(spec, values))
    if found is None or proof is None:
        return {}
    orders = {p.name: found.order(p.name) for p in (*found.reduced.cell.each, *found.reduced.cell.shared)}
    return {name: 1 / (2 * r) for name, r in orders.items() if r is not None}
