"""Finds the Groebner basis of the left ideal of linear relations among the derivatives of an atom.

Order by order, multiples of known leading terms are dependent. The other derivatives are compared by exact elimination
over the coefficient field, as in the FGLM algorithm, and every relation is verified by substitution of u.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from temperance.theory.fields.nullspace import nullspace
from temperance.theory.interactions.derivatives import DerivativeFamily, Index, divides, multi_indices
from temperance.theory.interactions.differential_operators import NormalForms, Operator
from temperance.theory.models.spec import MoESpec

MAX_ORDER = 8


@dataclass(frozen=True)
class Basis:
    """Groebner basis of the relations of order <= r: monic operators, tails standard.

    standard: the derivatives of order <= r that lead no relation; they are independent and span all others.
    """

    family: DerivativeFamily
    operators: tuple[Operator, ...]
    standard: tuple[Index, ...]


def groebner_basis(spec: MoESpec, order: int) -> Basis:
    """The Groebner basis of the relations of order <= order, and the standard derivatives.

    Raises ValueError for an order outside 1..8.
    """
    if not isinstance(order, int) or isinstance(order, bool) or not 1 <= order <= MAX_ORDER:
        raise ValueError(f"the order must be an integer from 1 to {MAX_ORDER}, got {order!r}")
    family = DerivativeFamily(spec, order)
    operators: dict[Index, Operator] = {}
    standard: list[Index] = []
    for degree in range(order + 1):
        indices = sorted(multi_indices(family.size, degree), key=family.key)
        columns = standard + [alpha for alpha in indices if not any(divides(lead, alpha) for lead in operators)]
        found = nullspace(family.field, family.rows(columns), len(columns))
        standard = [columns[i] for i in found.pivots]
        for row in found.relations:
            terms = {alpha: c for alpha, c in zip(columns, row, strict=True) if c}
            lead = max(terms, key=family.key)
            operators[lead] = {alpha: family.field.fraction(c, terms[lead]) for alpha, c in terms.items()}
    return Basis(family, tuple(operators.values()), tuple(standard))


def all_relations(basis: Basis) -> Iterator[Operator]:
    """Every dependent derivative of order <= r minus its combination of standard ones, verified by substitution."""
    family = basis.family
    forms = NormalForms(family.key, family.field.unit, basis.operators)
    for degree in range(1, family.order + 1):
        for alpha in sorted(multi_indices(family.size, degree), key=family.key):
            if forms.is_standard(alpha):
                continue
            operator = {beta: -c for beta, c in forms.of(alpha).items()}
            operator[alpha] = family.field.unit
            if not family.annihilates(operator):
                raise ArithmeticError(f"a derived relation does not annihilate the atom: {alpha}")
            yield operator
