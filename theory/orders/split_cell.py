"""Sets up the equations of a true atom that is fitted by two, in moments of the offsets (theory.md 2.8, d = 1).

The split atom has the gate weight E*(x) and the expert N(mu*(x), nu*); the fitted ones have the shares p_1 + p_2 = 1 of
its weight, and parameters that differ from the true ones by D_1, D_2. With R_l = E_l/E* and
c_k(D) = sum_(i+2j=k) dmu(x)^i (dnu/2)^j / (i! j!),

    sum_l p_l E_l f_l = E* sum_k Phi_k(x) d^k f*/dmu^k,    Phi_k = sum_l p_l R_l c_k(D_l),

and the density is the true one iff Phi_k = 0 for k >= 1 and Phi_0 is constant in x (another cell is a singleton whose
gate is held; its own errors are of the order of the distance). The Taylor coefficients of Phi_k in x are linear in the
moments E[D^alpha] = sum_l p_l D_l^alpha and powers of the shared offsets; they generate an ideal, all elements of which
are bounded by the L2 distance of the densities.

`reduce` writes D_1 = e + (1 - p_1) h and D_2 = e - p_1 h, p_1 = (1 - s)/2: h is the difference, e the weighted mean of
the two offsets, s in (-1, 1) the difference of the shares. The means and shared offsets that occur linearly are solved
for as power series in h (and in what is not solved for), up to terms of degree N + 1:

    e = phi(h, s) + O(distance),    F_i(h, s) = O(distance).

Example: for the softmax gate F holds h_beta1^2, h_beta1 h_a and h_a^2, and phi_a begins with -(1 - s^2)/4 h_beta1 h_b.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from temperance.theory.interactions.derivatives import raised
from temperance.theory.models.spec import NU, covariates
from temperance.theory.models.weights import weight_parameters
from temperance.theory.orders.taylor import Taylor, rational
from temperance.theory.settings.order import Quantity
from temperance.theory.settings.truth import Setting

(X,) = covariates(1)
Exponents = tuple[int, ...]
Moments = dict[Exponents, fmpq]
"""alpha (exponents of `Setting.each`, then of `shared`) -> c_alpha, for sum_alpha c_alpha E[D^alpha]."""


def is_linear(cell: Setting) -> bool:
    """Whether the mean is a polynomial in x that is linear in the parameters."""
    x, slopes = covariates(cell.spec.dim), [p for p in cell.expert if p != NU]
    return bool(cell.mean.is_polynomial(*x, *slopes)) and sp.Poly(cell.mean, *slopes).total_degree() == 1


def moment_equations(cell: Setting, degree: int, reach: int) -> list[Moments]:
    """The Taylor coefficients in x up to the power `reach` of Phi_0, .., Phi_degree, offsets up to a degree.

    Each says that sum_alpha c_alpha E[D^alpha] (shared offsets to their powers) is 0.
    Raises `NotRational` where a Taylor coefficient of the log weight at x = 0 is not rational, and ValueError for
    another dimension than 1, a mean that is not linear in the parameters, or atoms without weights of their own.
    """
    if not cell.weighted:
        raise ValueError(f"the gate {cell.spec.gate.name!r} has no weight of an atom: a cell cannot share it out")
    if cell.spec.dim != 1:
        raise ValueError("equations are set up in dimension 1")
    if not is_linear(cell):
        raise ValueError("the mean is not a polynomial in x that is linear in the parameters")
    symbols = (*cell.own, *cell.expert, *cell.shared)
    point = {X: sp.S.Zero} | {p: sp.S.Zero if p in cell.expert else cell.point[p] for p in symbols}
    ring = Taylor(point, lambda m: m[0] <= reach and sum(m[1:]) <= degree, reach + degree)
    terms = ring.value(log_weight(cell)).poly.to_dict()
    log_ratio = ring.context.from_dict({m: c for m, c in terms.items() if any(m[1:])})  # what atoms do not share
    ratio = ring.exponential(log_ratio) + 1
    found = []
    for level, factor in enumerate(_levels(cell, ring, degree)):
        rows: dict[int, Moments] = {}
        for monomial, c in ring.times(ratio, factor).to_dict().items():
            rows.setdefault(int(monomial[0]), {})[tuple(map(int, monomial[1:]))] = c
        found += [rows[power] for power in sorted(rows) if level or power]
    return found


def log_weight(cell: Setting) -> sp.Expr:
    """log E up to what all atoms have in common, with what is known put in."""
    fixed = {p: cell.point[p] for p in cell.held} | dict.fromkeys(weight_parameters(cell.spec), sp.S.One)
    weight = sp.expand_log(cell.spec.gate.log_weight).xreplace(fixed)
    if weight.has(sp.Piecewise):
        raise ValueError(f"the gate {cell.spec.gate.name!r} has a kink: its equations have no series")
    x = covariates(cell.spec.dim)
    common = weight.subs(dict.fromkeys(x, 0))
    if common.has(sp.nan):
        raise ValueError(f"the gate {cell.spec.gate.name!r} has no value at x = 0: its equations have no series")
    if common.free_symbols & set(cell.own):
        return weight.as_independent(*x, *cell.own, *cell.shared, as_Add=True)[1]
    return sp.factor_terms(weight - common)


def _levels(cell: Setting, ring: Taylor, degree: int) -> list[fmpq_mpoly]:
    """c_0, .., c_degree."""
    slopes = [p for p in cell.expert if p != NU]
    shift = ring.zero
    for p in slopes:
        for (power,), c in sp.Poly(sp.diff(cell.mean, p), X).terms():
            shift += rational(c) * ring.variables[p] * ring.variables[X] ** power
    mu, nu = [ring.context.constant(1)], [ring.context.constant(1)]
    for k in range(1, degree + 1):
        mu.append(ring.times(mu[-1], shift / k))
        nu.append(ring.times(nu[-1], ring.variables[NU] / (2 * k)))
    products = ([ring.times(mu[k - 2 * j], nu[j]) for j in range(k // 2 + 1)] for k in range(degree + 1))
    return [sum(level, ring.zero) for level in products]


def row_reduced(equations: list[Moments]) -> tuple[list[Exponents], list[Moments]]:
    """The reduced row echelon form over Q, low moments first: (pivots, rows with coefficient 1 at their pivot)."""
    columns = sorted({m for e in equations for m in e}, key=lambda m: (sum(m), tuple(-i for i in m)))
    matrix = fmpq_mat([[e.get(m, fmpq(0)) for m in columns] for e in equations])
    reduced, rank = matrix.rref()
    rows = [{m: reduced[i, j] for j, m in enumerate(columns) if reduced[i, j] != 0} for i in range(rank)]
    return [next(iter(row)) for row in rows], rows


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
