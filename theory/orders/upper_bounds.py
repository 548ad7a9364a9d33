"""Proves upper bounds of the contact orders of a cell of two atoms, d = 1, with certificates (theory.md 2.8).

|offset|^r = O(distance) for all mixtures near the true one whose cell has shares bounded away from 0. With reduced
equations F(h, s) = O(distance) and e = phi(h, s) + O(distance), a bound of w.m for every variable and every monomial of
phi gives r for the difference of the two atoms, for their weighted mean, and for the shared parameters.

Example: ``upper_orders(cell).order("b")`` is 4 and ``.mean("a")`` is 4/3 for the softmax gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly

from temperance.theory.checker.order_checker import FORMAT, check, statement
from temperance.theory.checker.rejected import objection
from temperance.theory.interactions.derivatives import divides
from temperance.theory.models.spec import NU
from temperance.theory.orders.branch_and_bound import Case, Monomial, Step, System
from temperance.theory.orders.split_cell import Exponents, Reduced, Terms, log_weight, reduce
from temperance.theory.orders.taylor import NotRational
from temperance.theory.orders.tropical import Element
from temperance.theory.settings.order import Quantity
from temperance.theory.settings.reasons import Reason, ReasonKind
from temperance.theory.settings.truth import Setting

DEGREES = (4, 6)
REACH = 12
_CASES = (300, 1200)
_ASSISTED = "the bounds take those of the expert from the theorem on experts, and have no certificate"
_SHARES = "the bounds hold where the shares of the two atoms are bounded away from 0"


@dataclass(frozen=True)
class UpperOrders:
    """Bounds of the orders.

    reduced: the equations; system: what was derived from them, with every bound and its cases; values: least w.m of
    the variables and of the monomials of the means, {} where the search failed; reason: why it failed, or None.
    exhausted: whether it failed because of too many cases, of which a higher degree has more.
    theorem: whether the bounds take from the theorem on experts (theory.md 2.7) what the equations alone did not show.
    """

    reduced: Reduced
    system: System
    values: Mapping[Exponents, fmpq]
    reason: str | None = None
    exhausted: bool = False
    theorem: bool = False

    def difference(self, name: str) -> Fraction | None:
        """r with |D_1 - D_2|^r = O(distance) for a parameter of the atoms, or of what else is not solved for."""
        at = self.reduced.variables.index(name)
        return _inverse(self.values.get(_unit(at, len(self.reduced.variables))))

    def mean(self, name: str) -> Fraction | None:
        """The same for its weighted mean over the cell, or for a shared parameter."""
        mean = str(Quantity(name, True))
        named = mean if mean in self.reduced.means else name
        if named in self.reduced.variables:
            return self.difference(named)
        if self.reason is not None:
            return None
        least = [self.values[m] for m in leading(self.reduced.means[named])]
        return _inverse(min([*least, fmpq(1)]))

    def order(self, name: str) -> Fraction | None:
        """The same for the offsets of both atoms, or for a shared parameter."""
        if name not in self.reduced.variables:
            return self.mean(name)
        both = self.difference(name), self.mean(name)
        return None if both[0] is None or both[1] is None else max(both[0], both[1])


def _inverse(value: fmpq | None) -> Fraction | None:
    return None if value is None else Fraction(int(value.q), int(value.p))


def _unit(i: int, size: int) -> Exponents:
    return tuple(int(i == j) for j in range(size))


def leading(terms: Terms) -> list[Exponents]:
    """The monomials of which no other one is a divisor."""
    return [n for n in terms if not any(m != n and divides(m, n) for m in terms)]


@lru_cache(maxsize=64)
def upper_orders(cell: Setting) -> UpperOrders:
    """Upper bounds of all orders of a cell. Raises NotRational as `reduce`, and ValueError for a gate with kinks."""
    tried = []
    for degree in DEGREES:
        tried.append(_bounded(reduce(cell, degree, REACH)))
        if tried[-1].reason is None:
            return tried[-1]
        if tried[-1].exhausted:
            break
    reduced = tried[0].reduced
    # |d|^4 = O(distance) for the parameters of the mean, |dnu|^2 = O(distance): cells of two atoms, every gate
    powers = {p.name: fmpq(1, 2 if p == NU else 4) for p in cell.expert}
    names = reduced.variables
    assisted = _bounded(reduced, [(_unit(i, len(names)), powers[n]) for i, n in enumerate(names) if n in powers])
    return replace(assisted, theorem=True) if assisted.reason is None else tried[-1]


def _bounded(reduced: Reduced, known: Sequence[tuple[Exponents, fmpq]] = ()) -> UpperOrders:
    size = len(reduced.variables)
    if not reduced.equations:
        return UpperOrders(reduced, System(size, reduced.degree, []), {}, "the equations leave everything free")
    system = System.of(reduced.equations, reduced.degree, known)
    units = [_unit(i, size) for i in range(size)]
    values = _values(system, units)
    short = [
        n for n, u in zip(reduced.variables, units, strict=True) if values.get(u, 0) <= fmpq(1, reduced.degree + 1)
    ]
    if short:
        why = f"no bound below {reduced.degree + 1} was found for {', '.join(short)}"
        return UpperOrders(reduced, system, {}, why, exhausted=any(u not in values for u in units))
    monomials = {m for terms in reduced.means.values() for m in leading(terms)}
    values |= _values(system, sorted(monomials - set(values)))
    if not monomials <= set(values):
        return UpperOrders(reduced, system, {}, "a weighted mean takes too many cases", exhausted=True)
    return UpperOrders(reduced, system, values)


def _values(system: System, targets: Sequence[Exponents]) -> dict[Exponents, fmpq]:
    """The least w.m; those that take many cases again when more is known."""
    values: dict[Exponents, fmpq] = {}
    for most in _CASES:
        for target in targets:
            bound = None if target in values else system.bound(target, most)
            if bound is not None:
                values[target] = bound.value
    return values


def certified(cell: Setting) -> tuple[UpperOrders | None, dict[str, Any] | None, Reason]:
    """The bounds of a cell, a certificate that the checker accepts, and why there is none or what the bounds assume."""
    try:
        found = upper_orders(cell)
    except NotRational as error:
        why = f"a Taylor coefficient at x = 0 is not rational ({error})"
        return None, None, Reason(ReasonKind.NO_CERTIFICATE, why)
    except ValueError as error:
        return None, None, Reason(ReasonKind.NO_CERTIFICATE, str(error))
    if found.reason is not None:
        return found, None, Reason(ReasonKind.NO_CERTIFICATE, found.reason)
    if found.theorem:
        return found, None, Reason(ReasonKind.THEOREM, _ASSISTED)
    issued = certificate(found)
    if rejected := objection(check, issued):
        return found, None, Reason(ReasonKind.NO_CERTIFICATE, rejected)
    return found, issued, Reason(ReasonKind.ASSUMED, _SHARES)


def certificate(found: UpperOrders) -> dict[str, Any]:
    """The certificate of all bounds that were found. Raises ValueError where none were."""
    if found.reason is not None or found.theorem:
        raise ValueError(f"there is nothing to certify: {found.reason or 'the bounds rest on a theorem'}")
    reduced, cell = found.reduced, found.reduced.cell
    orders = {f"difference {p.name}": str(found.difference(p.name)) for p in cell.each}
    means = [str(Quantity(p.name, True)) for p in cell.each] + [p.name for p in cell.shared]
    orders |= dict(zip(means, (str(found.mean(p.name)) for p in (*cell.each, *cell.shared)), strict=True))
    issued = {
        "format": FORMAT,
        "model": model_as_text(cell),
        "degree": reduced.degree,
        "reach": REACH,
        "variables": list(reduced.variables),
        "means": {t: [[list(m), _coefficients(c)] for m, c in p.items()] for t, p in reduced.means.items()},
        "steps": [step_as_json(step, found.system.factors.found) for step in found.system.steps],
        "orders": orders,
    }
    return {**issued, "statement": statement(issued)}


def model_as_text(cell: Setting) -> dict[str, Any]:
    """The model at a rational point: where the point is not, the offset is named in its place (c = log(2) + c)."""
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


def _coefficients(p: fmpq_poly) -> list[str]:
    return [str(c) for c in p.coeffs()]


def step_as_json(step: Step, factors: Sequence[fmpq_poly]) -> dict[str, Any]:
    """A step of a certificate; factors: of the system that it is of."""
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


_MOST_TERMS = 8  # of an equation that is shown


def as_text(reduced: Reduced) -> list[str]:
    """Means in terms of the differences h, and the equations F(h, s) = 0 up to multiples of their monomials."""
    names = [n if n in reduced.means else f"h_{n}" for n in reduced.variables]
    found = [f"{title} = {_text(terms, names)}" for title, terms in reduced.means.items() if title not in names]
    system = System.of(reduced.equations, reduced.degree)
    found += [f"{_monomial(step.exponents, names)} = 0" for step in system.steps if isinstance(step, Monomial)]
    shown = [e.terms for e in system.elements if 0 < len(e.terms) <= _MOST_TERMS]
    longer = sum(len(e.terms) > _MOST_TERMS for e in system.elements)
    found += [f"{_text(terms, names)} = 0" for terms in shown]
    return found + ([f"and {longer} longer ones"] if longer else [])


def _text(terms: Terms, names: Sequence[str]) -> str:
    parts = []
    for m, c in terms.items():
        factor, s = _coefficient(c), _monomial(m, names)
        parts.append(s if factor == "1" else f"{factor}*{s}")
    return " + ".join(parts) or "0"


def _coefficient(c: fmpq_poly) -> str:
    if c.degree() < 1:
        text = str(c[0])
    else:
        text = sp.sstr(sp.factor(sum(sp.Rational(str(q)) * sp.Symbol("s") ** i for i, q in enumerate(c.coeffs()))))
    return f"({text})" if " " in text or text.startswith("-") else text


def _monomial(m: Exponents, names: Sequence[str]) -> str:
    powers = [n if k == 1 else f"{n}^{k}" for n, k in zip(names, m, strict=True) if k]
    return "*".join(f"({p})" if " " in p else p for p in powers) or "1"
