"""Finds the Groebner basis of the left ideal of linear relations among the derivatives of an atom.

Order by order, multiples of known leading terms are dependent. The other derivatives are compared by linear algebra at
a random point modulo a prime, as in the FGLM algorithm. Independence there proves independence: a minor is not 0. A
dependence there is a candidate, solved for exactly and verified by substitution of u. A wrong candidate costs another
random point, never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from flint import fmpz_mpoly, nmod_mat

from temperance.theory.fields.nullspace import nullspace
from temperance.theory.interactions.derivatives import (
    PRIME,
    DerivativeFamily,
    Index,
    ModularPoint,
    Place,
    divides,
    multi_indices,
)
from temperance.theory.interactions.differential_operators import Calculus, NormalForms, Operator
from temperance.theory.models.spec import MoESpec

MAX_ORDER = 8
MAX_ATTEMPTS = 20


@dataclass(frozen=True)
class Basis:
    """Groebner basis of the relations of order <= r: monic operators, verified by substitution, tails standard.

    standard: the derivatives of order <= r that lead no relation; they are independent and span all others.
    """

    family: DerivativeFamily
    calculus: Calculus
    operators: tuple[Operator, ...]
    standard: tuple[Index, ...]


def groebner_basis(spec: MoESpec, order: int) -> Basis:
    """The Groebner basis of the relations of order <= order, and the standard derivatives.

    Raises ValueError for an order outside 1..8 and RuntimeError if no random point gives candidates that verify.
    """
    if not isinstance(order, int) or isinstance(order, bool) or not 1 <= order <= MAX_ORDER:
        raise ValueError(f"the order must be an integer from 1 to {MAX_ORDER}, got {order!r}")
    family = DerivativeFamily(spec, order)
    seeds = count(1)
    operators: list[Operator] = []
    leads: list[Index] = []
    standard: list[Index] = []
    for degree in range(order + 1):
        indices = sorted(multi_indices(family.size, degree), key=family.key)
        candidates = [alpha for alpha in indices if not any(divides(lead, alpha) for lead in leads)]
        found, standard = _compare(family, seeds, standard, candidates, degree)
        operators += found.values()
        leads += found
    return Basis(family, Calculus(family.field, family.key), tuple(operators), tuple(standard))


def all_relations(basis: Basis) -> Iterator[Operator]:
    """Every dependent derivative of order <= r minus its combination of standard ones, verified by substitution."""
    family = basis.family
    forms = NormalForms(basis.calculus, list(basis.operators))
    for degree in range(1, family.order + 1):
        for alpha in sorted(multi_indices(family.size, degree), key=family.key):
            if forms.is_standard(alpha):
                continue
            operator = {beta: family.field.neg(c) for beta, c in forms.of(alpha).items()}
            operator[alpha] = family.field.unit
            if not family.annihilates(operator):
                raise ArithmeticError(f"a derived relation does not annihilate the atom: {alpha}")
            yield operator


def _compare(
    family: DerivativeFamily, seeds: Iterator[int], standard: list[Index], candidates: list[Index], degree: int
) -> tuple[dict[Index, Operator], list[Index]]:
    """Candidates that depend on smaller derivatives ({alpha: operator}), and all the independent derivatives."""
    columns = standard + candidates
    values = [family.coefficients(alpha, degree) for alpha in columns]
    places = sorted({place for column in values for place in column})
    for seed in islice(seeds, MAX_ATTEMPTS):
        point = ModularPoint(family, seed)
        flat = [point.value(column[place]) if place in column else 0 for place in places for column in values]
        reduced, pivots = _echelon(len(places), len(columns), flat)
        lifted: dict[Index, Operator] = {}
        dependent = sorted(set(range(len(columns))) - set(pivots))
        for j in dependent:
            support = [columns[p] for i, p in enumerate(pivots) if reduced[i, j]]
            operator = _lift(family, columns[j], support, degree, point)
            if operator is not None and family.annihilates(operator):
                lifted[columns[j]] = operator
        if len(lifted) == len(dependent):
            return lifted, [columns[i] for i in pivots]
    raise RuntimeError("no random point gave relations that verify; this has negligible probability")


def _lift(
    family: DerivativeFamily, target: Index, support: list[Index], degree: int, point: ModularPoint
) -> Operator | None:
    """The operator D^target - sum c_beta D^beta over the support with exact c, or None if the support is wrong."""
    field, names = family.field, (*support, target)
    columns = [family.coefficients(alpha, degree) for alpha in names]
    chosen = _pivot_places(columns[:-1], point) if support else []
    if len(chosen) < len(support):
        return None
    system = [tuple(column.get(p, field.null) for column in columns) for p in chosen]
    (relation,) = nullspace(field, system, len(columns)).relations
    return {beta: field.fraction(c, relation[-1]) for beta, c in zip(names, relation, strict=True) if c}


def _pivot_places(columns: Sequence[dict[Place, fmpz_mpoly]], point: ModularPoint) -> list[Place]:
    """Places, the simplest first, at which the columns are independent modulo PRIME."""
    sizes: dict[Place, int] = {}
    for column in columns:
        for place, p in column.items():
            sizes[place] = sizes.get(place, 0) + len(p)
    places = sorted(sizes, key=lambda place: (sizes[place], place))
    flat = [point.value(column[p]) if p in column else 0 for column in columns for p in places]
    return [places[j] for j in _echelon(len(columns), len(places), flat)[1]]


def _echelon(rows: int, columns: int, flat: list[int]) -> tuple[nmod_mat, list[int]]:
    """Reduced row echelon form modulo PRIME and its pivot columns."""
    reduced, rank = nmod_mat(rows, columns, flat, PRIME).rref()
    return reduced, [next(j for j in range(columns) if reduced[i, j]) for i in range(rank)]
