"""Computes the derivatives of an atom divided by the atom, and handles their multi-indices.

For u with log-gradient L_i = d_i log u, the quotient P_alpha = (D^alpha u)/u satisfies P_0 = 1 and

    P_{alpha+e_i} = d_i P_alpha + L_i P_alpha.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement

import sympy as sp

from temperance.theory.fields.differential_field import Fraction
from temperance.theory.fields.nullspace import Row, coefficient_rows
from temperance.theory.interactions.atom_field import AtomField, atom_field
from temperance.theory.models.spec import MoESpec

Index = tuple[int, ...]


def multi_indices(size: int, degree: int) -> Iterator[Index]:
    """All multi-indices of that many entries with sum degree; there are C(size + degree - 1, degree)."""
    for chosen in combinations_with_replacement(range(size), degree):
        yield tuple(chosen.count(i) for i in range(size))


def raised(alpha: Index, i: int, by: int = 1) -> Index:
    """alpha + by e_i."""
    return (*alpha[:i], alpha[i] + by, *alpha[i + 1 :])


def divides(alpha: Index, beta: Index) -> bool:
    """Whether D^beta is a derivative of D^alpha: alpha <= beta entry by entry."""
    return all(p <= q for p, q in zip(alpha, beta, strict=True))


class DerivativeFamily:
    """The derivatives of the atom of a model up to a given order, divided by the atom, on every branch.

    key(alpha) orders the derivatives: by order, then the shared parameters (the temperature) weigh most.
    """

    def __init__(self, spec: MoESpec, order: int) -> None:
        self.spec, self.order = spec, order
        self.atom: AtomField = atom_field(spec, order)
        self.field = self.atom.field
        self.size = len(spec.parameters)
        shared = [i for i, p in enumerate(spec.parameters) if p in spec.gate.shared]
        self._priority = shared + [i for i in range(self.size) if i not in shared]
        self.branches = len(self.atom.gradients)
        zero = (0,) * self.size
        self._known: list[dict[Index, Fraction]] = [{zero: self.field.unit} for _ in self.atom.gradients]

    def key(self, alpha: Index) -> tuple[int, ...]:
        """Sort key of a degree-compatible monomial order."""
        return (sum(alpha), *(alpha[i] for i in self._priority))

    def fraction(self, alpha: Index, branch: int = 0) -> Fraction:
        """P_alpha on a branch, in the field."""
        known = self._known[branch]
        if alpha not in known:
            i = next(j for j in self._priority if alpha[j])
            below = self.fraction(raised(alpha, i, -1), branch)
            known[alpha] = self.field.derivative(below, i) + self.atom.gradients[branch][i] * below
        return known[alpha]

    def quotient(self, alpha: Index, branch: int = 0) -> sp.Expr:
        """P_alpha = (D^alpha u)/u as a SymPy expression in the parameters, x and the residual (or y)."""
        f = self.fraction(alpha, branch)
        return self.field.expression(f.num, self.atom.names) / self.field.expression(f.den, self.atom.names)

    def rows(self, indices: Sequence[Index]) -> list[Row]:
        """The rows to which c is orthogonal iff sum_alpha c_alpha P_alpha = 0 on every branch, free of x and y."""
        constants = set(self.atom.coefficients)
        columns = ([self.fraction(alpha, branch) for alpha in indices] for branch in range(self.branches))
        return [row for column in columns for row in coefficient_rows(self.field, column, constants)]

    def annihilates(self, operator: Mapping[Index, Fraction]) -> bool:
        """Whether sum_alpha c_alpha D^alpha u = 0 exactly, on every branch, by substitution of u."""
        for branch in range(self.branches):
            total = self.field.zero
            for alpha, c in operator.items():
                total += c * self.fraction(alpha, branch)
            if not total.is_zero():
                return False
        return True
