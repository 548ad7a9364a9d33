"""Reduces the equations of a cell of two atoms to the differences of their parameters (theory.md 2.8).

With p_1 = (1 - s)/2, D_1 = e + (1 - p_1) h and D_2 = e - p_1 h: h is the difference, e the weighted mean of the two
offsets, s in (-1, 1) the difference of the shares. The means and shared offsets that occur linearly are
solved for as power series in h (and in what is not solved for), up to terms of degree N + 1:

    e = phi(h, s) + O(distance),    F_i(h, s) = O(distance).

Example: for the softmax gate F holds h_beta1^2, h_beta1 h_a and h_a^2, and phi_a begins with -(1 - s^2)/4 h_beta1 h_b.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from temperance.theory.interactions.derivatives import raised
from temperance.theory.orders.split_cell import Exponents, Moments, moment_equations, row_reduced
from temperance.theory.settings.order import Quantity
from temperance.theory.settings.truth import Setting

Terms = dict[Exponents, fmpq_poly]
"""A polynomial: exponents of `Reduced.variables` -> coefficient, a polynomial in s."""


@dataclass(frozen=True)
class Reduced:
    """The reduced equations of a cell, known up to terms of degree N + 1 = degree + 1 in the variables.

    variables: names of what is left: differences (the name of the parameter) and means that are not solved for
    ("mean beta1", "tau"); equations: F_i, divided by 1 - s^2; means: phi of the means ("mean a") and of the shared
    offsets ("tau"), in the order of the cell.
    """

    cell: Setting
    degree: int
    variables: tuple[str, ...]
    equations: tuple[Terms, ...]
    means: Mapping[str, Terms]


_SHARES = fmpq_poly([1, 0, -1])


class _Substitution:
    """E[D^alpha] = p_1 D_1^alpha + p_2 D_2^alpha for given series of the means e, up to the degree N."""

    def __init__(self, cell: Setting, degree: int, unsolved: Sequence[int]) -> None:
        each, size, self.degree = len(cell.each), len(cell.each) + len(cell.shared), degree
        names = tuple(f"h{i}" for i in range(1 + each + len(unsolved)))
        self.context = fmpq_mpoly_ctx.get(names, Ordering.deglex)
        s, *rest = self.context.gens()
        zero = self.context.constant(0)
        self.shares = (1 - s) / 2, (1 + s) / 2
        differences = rest[:each] + [zero] * (size - each)
        self.moves = [[h * self.shares[1] for h in differences], [-h * self.shares[0] for h in differences]]
        self.means = dict.fromkeys(range(size), zero) | dict(zip(unsolved, rest[each:], strict=True))
        self.set({})

    def set(self, means: Mapping[int, fmpq_mpoly]) -> None:
        """New series for the means that are solved for."""
        self.means.update(means)
        self._offsets = [[self.means[i] + h for i, h in enumerate(moves)] for moves in self.moves]
        one = (0,) * len(self.means)
        self._powers = [{one: self.context.constant(1)} for _ in self.moves]

    def _power(self, atom: int, exponents: Exponents) -> fmpq_mpoly:
        """The product of the offsets of an atom to these powers, truncated."""
        known = self._powers[atom]
        if exponents not in known:
            at = next(i for i, n in enumerate(exponents) if n)
            product = self._power(atom, raised(exponents, at, -1)) * self._offsets[atom][at]
            kept = {m: c for m, c in product.to_dict().items() if sum(m[1:]) <= self.degree}
            known[exponents] = self.context.from_dict(kept)
        return known[exponents]

    def value(self, row: Moments) -> fmpq_mpoly:
        """A combination of moments."""
        sums = (sum((c * self._power(atom, m) for m, c in row.items()), self.context.constant(0)) for atom in (0, 1))
        return sum((p * total for p, total in zip(self.shares, sums, strict=True)), self.context.constant(0))


def _terms(p: fmpq_mpoly) -> Terms:
    found: dict[Exponents, dict[int, fmpq]] = {}
    for (power, *rest), c in p.to_dict().items():
        found.setdefault(tuple(map(int, rest)), {})[int(power)] = c
    ordered = sorted(found.items(), key=lambda item: (sum(item[0]), tuple(-i for i in item[0])))
    return {m: fmpq_poly([row.get(i, 0) for i in range(max(row) + 1)]) for m, row in ordered}


def _divided(terms: Terms) -> Terms:
    """Without the factor 1 - s^2 = 4 p_1 p_2, which is not 0."""
    quotients = {m: divmod(c, _SHARES) for m, c in terms.items()}
    if any(remainder != 0 for _, remainder in quotients.values()):
        return terms
    return {m: quotient for m, (quotient, _) in quotients.items()}


def reduce(cell: Setting, degree: int = 4, reach: int = 12) -> Reduced:
    """The reduced equations, from the Taylor coefficients in x up to the power `reach`, up to degree N.

    Raises `NotRational` where a Taylor coefficient at x = 0 is not rational, and ValueError for a gate with kinks.
    """
    pivots, rows = row_reduced(moment_equations(cell, degree, reach))
    size = len(cell.each) + len(cell.shared)
    units = {tuple(int(i == j) for j in range(size)): i for i in range(size)}
    solved = {units[m]: row for m, row in zip(pivots, rows, strict=True) if m in units}
    unsolved = [i for i in range(size) if i not in solved]
    substitution = _Substitution(cell, degree, unsolved)
    for _ in range(degree):  # every pass makes one more degree right
        new = {i: substitution.means[i] - substitution.value(row) for i, row in solved.items()}
        substitution.set(new)
    names = [*(str(Quantity(p.name, True)) for p in cell.each), *(p.name for p in cell.shared)]
    variables = (*(p.name for p in cell.each), *(names[i] for i in unsolved))
    rest = [substitution.value(row) for m, row in zip(pivots, rows, strict=True) if m not in units]
    equations = tuple(_divided(_terms(p)) for p in rest if p != 0)
    means = {names[i]: _terms(substitution.means[i]) for i in range(size)}
    return Reduced(cell, degree, variables, equations, means)
