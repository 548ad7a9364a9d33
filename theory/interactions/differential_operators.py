"""Computes with linear differential operators in the parameters, over the coefficient field of an atom.

An operator sum_alpha c_alpha D^alpha is a dictionary {alpha: c_alpha}. The relations of an atom form a left ideal;
normal forms, prolongation and closing under S-pairs are those of Groebner bases of left ideals in a Weyl algebra with
rational-function coefficients (Chyzak and Salvy 1998), for an order of the derivatives that refines their order. The
basis is found order by order: multiples of known leading terms are dependent, and the other derivatives are compared by
exact elimination over the coefficient field, as in the FGLM algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from temperance.theory.fields.differential_field import Fraction, nullspace
from temperance.theory.interactions.derivatives import DerivativeFamily, Index, divides, multi_indices, raised
from temperance.theory.models.spec import MoESpec

Operator = dict[Index, Fraction]
Key = Callable[[Index], tuple[int, ...]]


MOST_WORK = 1_500_000  # pairs of terms multiplied in closing: some seconds


class TooMuchWork(Exception):
    """The closing needed more work than is done."""


def size(c: Fraction) -> int:
    """Number of terms of a coefficient, above and below the line."""
    return len(c.num) + len(c.den)


def order_of(f: Operator) -> int:
    """Order of an operator: the largest |alpha|."""
    return max(map(sum, f))


def prolong(f: Operator, i: int) -> Operator:
    """The operator d_i f = sum_alpha (d_i c_alpha) D^alpha + c_alpha D^(alpha + e_i)."""
    out: Operator = {}
    for alpha, c in f.items():
        add_term(out, raised(alpha, i), c)
        add_term(out, alpha, c.field.derivative(c, i))
    return out


def add_term(f: Operator, alpha: Index, c: Fraction) -> None:
    """f += c D^alpha, in place."""
    total = f[alpha] + c if alpha in f else c
    if total.is_zero():
        f.pop(alpha, None)
    else:
        f[alpha] = total


def add_multiple(f: Operator, c: Fraction, g: Operator) -> None:
    """f += c g, in place."""
    for alpha, value in g.items():
        add_term(f, alpha, c * value)


class NormalForms:
    """Normal forms of derivatives modulo a Groebner basis of monic, tail-reduced operators."""

    def __init__(self, key: Key, unit: Fraction, basis: Iterable[Operator]) -> None:
        self.unit = unit
        self.leads = {max(g, key=key): g for g in basis}
        self._known: dict[Index, Operator] = {}

    def is_standard(self, alpha: Index) -> bool:
        """Whether D^alpha is reduced: no leading derivative divides it."""
        return not any(divides(lead, alpha) for lead in self.leads)

    def of(self, alpha: Index) -> Operator:
        """The combination of standard derivatives that equals D^alpha modulo the ideal."""
        if alpha not in self._known:
            self._known[alpha] = self._compute(alpha)
        return self._known[alpha]

    def _compute(self, alpha: Index) -> Operator:
        if alpha in self.leads:
            return {beta: -c for beta, c in self.leads[alpha].items() if beta != alpha}
        below = [i for i in range(len(alpha)) if alpha[i] and not self.is_standard(raised(alpha, i, -1))]
        if not below:
            return {alpha: self.unit}
        i = min(below, key=lambda j: len(self.of(raised(alpha, j, -1))))
        total: Operator = {}
        for beta, c in self.of(raised(alpha, i, -1)).items():
            add_term(total, beta, c.field.derivative(c, i))
            add_multiple(total, c, self.of(raised(beta, i)))
        return total


class Closure:
    """The left ideal of some operators as far as it is reached by prolonging up to a given order and eliminating.

    Membership found here is proved (every step is an exact identity); that an operator is not found means only that
    prolongation up to that order does not show it. Raises TooMuchWork after MOST_WORK products.
    """

    def __init__(self, key: Key, order: int) -> None:
        self.key, self.order, self.budget = key, order, MOST_WORK
        self.basis: list[tuple[Index, Operator]] = []
        self._pairs: list[tuple[Index, int, int]] = []
        self._prolonged: dict[tuple[int, Index], Operator] = {}

    def add(self, f: Operator) -> None:
        """Adjoin an operator and close."""
        self._adjoin(self.remainder(f))
        while self._pairs:
            self._pairs.sort(key=lambda pair: self.key(pair[0]))
            common, i, j = self._pairs.pop(0)
            gap = dict(self._to(common, i))
            for alpha, c in self._to(common, j).items():
                add_term(gap, alpha, -c)
            self._adjoin(self.remainder(gap))

    def remainder(self, f: Operator) -> Operator:
        """f with its leading derivatives reduced until one is standard, or {} if f is reached."""
        f = dict(f)
        while f:
            lead = max(f, key=self.key)
            k = next((k for k, (top, _) in enumerate(self.basis) if divides(top, lead)), None)
            if k is None:
                return f
            reducer = self._to(lead, k)
            self.budget -= size(f[lead]) * sum(map(size, reducer.values()))
            if self.budget < 0:
                raise TooMuchWork
            add_multiple(f, -f[lead], reducer)
        return f

    def _adjoin(self, f: Operator) -> None:
        if not f:
            return
        lead, new = max(f, key=self.key), len(self.basis)
        for k, (top, _) in enumerate(self.basis):
            common = tuple(map(max, top, lead))
            if sum(common) <= self.order:
                self._pairs.append((common, k, new))
        self.basis.append((lead, {alpha: c / f[lead] for alpha, c in f.items()}))

    def _to(self, alpha: Index, k: int) -> Operator:
        """The k-th element prolonged until it leads with D^alpha."""
        return self._prolong(k, tuple(p - q for p, q in zip(alpha, self.basis[k][0], strict=True)))

    def _prolong(self, k: int, gamma: Index) -> Operator:
        i = next((i for i, e in enumerate(gamma) if e), None)
        if i is None:
            return self.basis[k][1]
        if (k, gamma) not in self._prolonged:
            self._prolonged[k, gamma] = prolong(self._prolong(k, raised(gamma, i, -1)), i)
        return self._prolonged[k, gamma]


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
        kernel = nullspace(family.field, family.rows(columns), len(columns))
        standard = [columns[i] for i in kernel.pivots]
        for row in kernel.relations:
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
