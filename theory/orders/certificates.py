"""Certificates of contact orders, for the checker in `theory.checker.order_checker`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from flint import fmpq_poly

from temperance.theory.checker.order_checker import FORMAT, objection, statement
from temperance.theory.orders.branch_and_bound import Case, Monomial, Step
from temperance.theory.orders.reduced_equations import Terms
from temperance.theory.orders.split_cell import Splitting, log_weight
from temperance.theory.orders.taylor import NotRational
from temperance.theory.orders.tropical import Element
from temperance.theory.orders.upper_bounds import REACH, UpperOrders, upper_orders


def certified(cell: Splitting) -> tuple[UpperOrders | None, dict[str, Any] | None, str]:
    """The bounds of a cell, a certificate that the checker accepts, and why there is none or what the bounds assume."""
    try:
        found = upper_orders(cell)
    except NotRational as error:
        return None, None, f"no upper bound: a Taylor coefficient at x = 0 is not rational ({error})"
    except ValueError as error:
        return None, None, f"no upper bound: {error}"
    if found.reason is not None:
        return found, None, f"no upper bound: {found.reason}"
    issued = certificate(found)
    if rejected := objection(issued):
        return found, None, f"no upper bound is certified: {rejected}"
    return found, issued, "the bounds hold where the shares of the two atoms are bounded away from 0"


def certificate(found: UpperOrders) -> dict[str, Any]:
    """The certificate of all bounds that were found. Raises ValueError where none were."""
    if found.reason is not None:
        raise ValueError(f"there is nothing to certify: {found.reason}")
    reduced, cell = found.reduced, found.reduced.cell
    orders = {f"difference {p.name}": str(found.difference(p.name)) for p in cell.each}
    orders |= {title: str(found.mean(title.removeprefix("mean "))) for title in reduced.means}
    issued = {
        "format": FORMAT,
        "model": _model(found),
        "degree": reduced.degree,
        "reach": REACH,
        "variables": list(reduced.variables),
        "means": {title: _series(terms) for title, terms in reduced.means.items()},
        "steps": [_step(step, found.system.factors.found) for step in found.system.steps],
        "orders": orders,
    }
    return {**issued, "statement": statement(issued)}


def _model(found: UpperOrders) -> dict[str, Any]:
    """The model at a rational point: where the point is not, the offset is named in its place (c = log(2) + c)."""
    cell = found.reduced.cell
    moving = (*cell.own, *cell.shared)
    irrational = {p: p + cell.point[p] for p in moving if not cell.point[p].is_Rational}
    weight = log_weight(cell).xreplace(irrational)
    return {
        "log_weight": sp.sstr(sp.expand_power_exp(sp.expand_mul(weight)) if irrational else weight),
        "mean": sp.sstr(cell.mean),
        "own": [p.name for p in cell.own],
        "expert": [*(p.name for p in cell.expert[:-1]), "nu"],
        "shared": [p.name for p in cell.shared],
        "point": {p.name: "0" if p in irrational else str(cell.point[p]) for p in moving},
    }


def _series(terms: Terms) -> list[Any]:
    return [[list(m), _coefficients(c)] for m, c in terms.items()]


def _coefficients(p: fmpq_poly) -> list[str]:
    return [str(c) for c in p.coeffs()]


def _step(step: Step, factors: Sequence[fmpq_poly]) -> dict[str, Any]:
    if isinstance(step, Monomial):
        return {"monomial": list(step.exponents), "element": step.element}
    if isinstance(step, Element):
        return {"combination": [[_coefficients(c), list(g), i] for c, g, i in step.origin]}
    size = len(step.target)
    return {
        "target": list(step.target),
        "value": str(step.value),
        "factors": [_coefficients(q) for q in factors[: step.width - size]],
        "cases": _cases(step.root),
    }


def _cases(case: Case) -> dict[str, Any]:
    if case.split is None:
        return {"multipliers": {str(i): str(y) for i, y in sorted(case.solution.multipliers.items())}}
    kind = "coprime" if isinstance(case.split, tuple) else "split"
    return {kind: case.split, "cases": [_cases(below) for below in case.below]}
