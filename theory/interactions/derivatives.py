"""Computes the derivatives of an atom divided by the atom, and handles their multi-indices.

For u with log-gradient L_i = d_i log u, the quotient P_alpha = (D^alpha u)/u satisfies P_0 = 1 and

    P_{alpha+e_i} = d_i P_alpha + L_i P_alpha.

We store P_alpha = N_alpha / D^|alpha| with one common denominator D, so that all N_alpha are polynomials:
N_{alpha+e_i} = D d_i N_alpha + (D L_i - |alpha| d_i D) N_alpha.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations_with_replacement

import sympy as sp
from flint import fmpz_mpoly, nmod_mpoly_ctx

from temperance.theory.fields.differential_field import Fraction, least_common_multiple
from temperance.theory.interactions.atom_field import AtomField, atom_field
from temperance.theory.models.spec import MoESpec

Index = tuple[int, ...]
Place = tuple[int, Index]  # a branch and a monomial in the observed generators
PRIME = 2**61 - 1  # 3 modulo 4: square roots are powers


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
        self._prepare()
        zero = (0,) * self.size
        self._numerators: list[dict[Index, fmpz_mpoly]] = [{zero: self.field.one} for _ in self.atom.gradients]

    def key(self, alpha: Index) -> tuple[int, ...]:
        """Sort key of a degree-compatible monomial order."""
        return (sum(alpha), *(alpha[i] for i in self._priority))

    def _prepare(self) -> None:
        """Common denominator D, and D d_i on the generators, D L_i and d_i D as polynomials."""
        field, rules = self.field, self.field.rules
        fractions = [f for row in (*rules, *self.atom.gradients) for f in row]
        common = least_common_multiple((f.den for f in fractions), field.one)
        while True:
            slopes = [field.derivative(Fraction(common, field.one), i) for i in range(self.size)]
            missing = least_common_multiple((f.den for f in slopes), field.one)
            if missing.is_one():
                break
            common = common * missing
        if any(common.degrees()[i] for i in self.atom.last):
            raise ValueError("a function that does not close under derivation stands in a denominator")
        self.denominator = common
        self._slope = [f.num for f in slopes]
        self._rules = [[self._cleared(f) for f in row] for row in rules]
        self._gradients = [[self._cleared(f) for f in row] for row in self.atom.gradients]

    def _cleared(self, f: Fraction) -> fmpz_mpoly:
        return f.num * (self.denominator / f.den)

    def numerator(self, alpha: Index, branch: int = 0) -> fmpz_mpoly:
        """N_alpha on a branch."""
        known = self._numerators[branch]
        if alpha not in known:
            i = max((j for j in range(self.size) if alpha[j]), key=lambda j: -self._priority.index(j))
            known[alpha] = self._step(self.numerator(raised(alpha, i, -1), branch), i, sum(alpha) - 1, branch)
        return known[alpha]

    def _step(self, n: fmpz_mpoly, i: int, order: int, branch: int) -> fmpz_mpoly:
        total = n * (self._gradients[branch][i] - order * self._slope[i])
        for k, (rule, degree) in enumerate(zip(self._rules[i], n.degrees(), strict=True)):
            if degree and not rule.is_zero():
                total += n.derivative(k) * rule
        return self.field.reduce(total)

    def scaled(self, alpha: Index, branch: int, order: int) -> fmpz_mpoly:
        """D^order P_alpha as a polynomial (order >= |alpha|)."""
        n = self.numerator(alpha, branch)
        return self.field.reduce(n * self.denominator ** (order - sum(alpha)))

    def coefficients(self, alpha: Index, order: int) -> dict[Place, fmpz_mpoly]:
        """Coefficients of D^order P_alpha, on every branch and for every monomial in the observed generators."""
        parts = ((branch, self.split(self.scaled(alpha, branch, order))) for branch in range(self.branches))
        return {(branch, monomial): p for branch, split in parts for monomial, p in split.items()}

    def split(self, p: fmpz_mpoly) -> dict[Index, fmpz_mpoly]:
        """Coefficients of p with respect to the monomials in the observed generators."""
        parts: dict[Index, dict[Index, int]] = {}
        observed = self.atom.observed
        mask = [i in observed for i in range(len(self.field.generators))]
        for m, c in p.to_dict().items():
            row = tuple(m[i] for i in observed)
            rest = tuple(0 if hide else e for e, hide in zip(m, mask, strict=True))
            parts.setdefault(row, {})[rest] = c
        return {row: self.field.context.from_dict(terms) for row, terms in parts.items()}

    def fraction(self, alpha: Index, branch: int = 0) -> Fraction:
        """P_alpha in the field."""
        return self.field.fraction(self.numerator(alpha, branch), self.denominator ** sum(alpha))

    def quotient(self, alpha: Index, branch: int = 0) -> sp.Expr:
        """P_alpha = (D^alpha u)/u as a SymPy expression in the parameters, x and the residual (or y)."""
        f = self.fraction(alpha, branch)
        return self.field.expression(f.num, self.atom.names) / self.field.expression(f.den, self.atom.names)

    def annihilates(self, operator: dict[Index, Fraction]) -> bool:
        """Whether sum_alpha c_alpha D^alpha u = 0 exactly, on every branch, by substitution of u."""
        order = max(map(sum, operator))
        common = least_common_multiple((c.den for c in operator.values()), self.field.one)
        for branch in range(self.branches):
            total = self.field.null
            for alpha, c in operator.items():
                total += c.num * (common / c.den) * self.scaled(alpha, branch, order)
            if not self.field.reduce(total).is_zero():
                return False
        return True


class ModularPoint:
    """A random point of the coefficient field modulo PRIME; roots of parameters take consistent values there."""

    def __init__(self, family: DerivativeFamily, seed: int) -> None:
        field, rng = family.field, random.Random(seed)
        self.context = nmod_mpoly_ctx.get(field.context.names(), modulus=PRIME)
        while True:
            self.values = [rng.randrange(1, PRIME) for _ in field.generators]
            if self._fix_roots(family):
                break

    def _fix_roots(self, family: DerivativeFamily) -> bool:
        for i, (n, q) in reversed(list(family.field.roots.items())):
            if i in family.atom.observed:
                continue
            target = self.value(q)
            root = pow(target, (PRIME + 1) // 4, PRIME) if n == 2 else sp.nthroot_mod(target, n, PRIME)
            if root is None or pow(int(root), n, PRIME) != target:
                return False
            self.values[i] = int(root)
        return True

    def value(self, p: fmpz_mpoly) -> int:
        """p at the point, modulo PRIME."""
        return int(self.context.from_dict(p.to_dict())(*self.values))
