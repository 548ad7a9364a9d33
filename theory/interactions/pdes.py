"""Holds linear partial differential equations of an atom as printable data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from temperance.theory.fields.nullspace import cleared_denominators
from temperance.theory.interactions.derivatives import DerivativeFamily, Index
from temperance.theory.interactions.differential_operators import Operator


@dataclass(frozen=True)
class Relation:
    """sum_alpha c_alpha D^alpha u = 0, the coefficients polynomials without a common factor.

    parameters: what the entries of the multi-indices alpha count; terms: (c_alpha, alpha), leading derivative first.
    """

    parameters: tuple[sp.Symbol, ...]
    terms: tuple[tuple[sp.Expr, Index], ...]

    @property
    def order(self) -> int:
        """The largest |alpha|."""
        return max(sum(alpha) for _, alpha in self.terms)

    @property
    def equation(self) -> str:
        """The relation as text: u_{beta1 b} is the derivative of u in beta1 and b."""
        return self._written(str, " ", "*")

    @property
    def latex(self) -> str:
        """The relation as LaTeX."""
        return self._written(tex, r"\,", r"\,")

    def _written(self, show: Callable[[sp.Expr], str], space: str, times: str) -> str:
        negative = [c.could_extract_minus_sign() for c, _ in self.terms]
        pieces = []
        for (c, alpha), minus in zip(self.terms, negative, strict=True):
            name, factor = derivative(self.parameters, alpha, show, space), -c if minus else c
            written = f"({show(factor)})" if factor.is_Add else show(factor)
            pieces.append(name if factor == 1 else written + times + name)
        if len(pieces) == 2 and negative[1]:
            return f"{pieces[0]} = {pieces[1]}"
        rest = [(" - " if minus else " + ") + p for minus, p in zip(negative[1:], pieces[1:], strict=True)]
        return pieces[0] + "".join(rest) + " = 0"


def tex(expr: sp.Expr) -> str:
    """LaTeX of an expression; the weight pi of a Gaussian gate becomes varpi, unlike the number."""
    return str(sp.latex(expr, symbol_names={sp.Symbol("pi", positive=True): r"\varpi"}))


def derivative(
    parameters: tuple[sp.Symbol, ...], alpha: Index, show: Callable[[sp.Expr], str] = tex, space: str = r"\,"
) -> str:
    r"""u, or u_{p q ..} with every parameter as often as it is differentiated in: u_{\beta_{1}\,b}."""
    names = [show(p) for p, e in zip(parameters, alpha, strict=True) for _ in range(e)]
    return "u_{" + space.join(names) + "}" if names else "u"


def relation(family: DerivativeFamily, operator: Operator) -> Relation:
    """The operator with denominators and common factors cleared, leading derivative first and with a positive sign."""
    field, ordered = family.field, sorted(operator, key=family.key)
    cleared = cleared_denominators(field, [operator[alpha] for alpha in ordered])
    terms = ((field.expression(c, family.atom.names), a) for c, a in zip(cleared, ordered, strict=True))
    return Relation(family.spec.parameters, tuple(terms)[::-1])
