"""Writes reduced equations as text."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from flint import fmpq_poly

from temperance.theory.orders.branch_and_bound import Monomial, System
from temperance.theory.orders.reduced_equations import Reduced, Terms
from temperance.theory.orders.split_cell import Exponents

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
