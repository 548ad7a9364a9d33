"""Rule "moments": orders of a cell are at most numbers, from the moments of its offsets (theory 4.3.2).

What the theorems assume that it takes for granted is proved: r_bar(m) = 2m of the intercept, which for m = 2 is proved
itself, or the theorem on experts, and that on quadratic gates. The equations, which are linear in the moments
E[D^alpha] = sum_l p_l D_l^alpha, their echelon form, the cases and the inequalities are computed here; a proof has
trees of cases whose leaves are multipliers of linear inequalities (Farkas). Its parts stand in docs/certificates.md.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from math import comb, factorial
from operator import le
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_mpoly, fmpq_poly

from temperance.theory.kernel.balls import DEFINED
from temperance.theory.kernel.place import Case, Claim, degree_in
from temperance.theory.kernel.reader import evaluate, names_in, rational, require, require_keys
from temperance.theory.kernel.series import Expansion, Ring, Series

_MOST_WORK = 3 * 10**8


class Taylor(Expansion):
    """Taylor polynomials in x, up to a power, and in offsets, up to a degree; logarithms of numbers are symbols."""

    def __init__(self, ring: Ring, degree: int, reach: int) -> None:
        super().__init__(ring, {"_t": degree + 1, "_s": reach + 1})

    def power(self, u: Series, exponent: Series, at: Fraction | None) -> Series:
        """u^at, where that is rational."""
        value = self._rational(u)
        whole = at is not None and at.denominator == 1 and (value != 0 or at >= 0)
        require(whole or value == 1, "a power that is not rational")
        return super().power(u, exponent, at)

    def call(self, f: str, u: Series) -> Series:
        """f(u), where that is rational but for logarithms of numbers."""
        if f in ("sinh", "cosh", "tanh", "sqrt"):
            return evaluate(DEFINED[f], self, q=u)
        start = self.start(u.poly)
        if f in ("sin", "cos"):
            require(start == 0, "sin or cos away from 0")
        elif f == "log":
            require(self._rational(u) > 0, "log of a number that is not positive")
        else:
            require(f == "exp", f"the function {f!r} is not known here")
            whole = not self.ring.has_symbols(self._exponential(start))
            require(whole, "exp of a rational other than 0 is not rational")
        return super().call(f, u)

    def _rational(self, u: Series) -> fmpq:
        """The value at the start."""
        value = self.ring.number(self.start(u.poly))
        require(value is not None, "a number that is not rational")
        return value

    def _coefficient(self, f: str, start: fmpq_mpoly, value: fmpq | None, at: Fraction | None, k: int) -> fmpq_mpoly:
        """f^(k)/k! at the true argument; of sin and cos it is rational at 0."""
        if f in ("sin", "cos") and value == 0:
            n = k - (f == "sin")
            return self.ring.context.constant(fmpq(0) if n % 2 else fmpq((-1) ** (n // 2), factorial(k)))
        return super()._coefficient(f, start, value, at, k)


def echelon(rows: Sequence[Sequence[fmpq]]) -> list[dict[int, fmpq]]:
    """The reduced echelon form, as {column: number other than 0} for each of its rows."""
    bits = max((c.height_bits() for row in rows for c in row), default=0)
    columns = len(rows[0]) if rows else 0
    work = len(rows) ** 2 * columns * (1 + bits // 256)
    require(work <= _MOST_WORK, "the equations take too long to solve")
    reduced, rank = fmpq_mat([list(row) for row in rows] or [[0]]).rref()
    return [{j: c for j in range(columns) if (c := reduced[i, j]) != 0} for i in range(rank)]


# -- linear inequalities in unknown orders w: how leaves of cases are closed

Inequality = tuple[tuple[fmpq, ...], fmpq]
"""(a, b): the inequality w.a >= b."""


def at_least(a: Sequence[int], b: Sequence[int], offset: fmpq | int = 0) -> Inequality:
    """w.a >= w.b + offset."""
    return tuple(fmpq(p - q) for p, q in zip(a, b, strict=True)), fmpq(offset)


def require_leaf(tree: Mapping[str, Any], cost: Sequence[int], value: fmpq, rows: Sequence[Inequality]) -> None:
    """Check that the multipliers of a leaf show w.cost >= value for all w that satisfy the rows, or that none does."""
    require_keys(tree, "multipliers", of="a case")
    numbers = {str(i): row for i, row in enumerate(rows)}
    used = [(rational(y), *numbers[i]) for i, y in tree["multipliers"].items()]
    require(all(y >= 0 for y, _, _ in used), "a negative multiplier")
    left = [sum((y * a[j] for y, a, _ in used), fmpq(0)) for j in range(len(cost))]
    right = sum((y * b for y, _, b in used), fmpq(0))
    minimum = left == [fmpq(n) for n in cost] and right >= value
    require(minimum or (not any(left) and right > 0), "a leaf is not closed")


KEYS = ("degree", "reach", "weights", "intercept", "gate", "steps")
SOLVABILITY = "on the solvability order r_bar(m) = 2m (theory 4.1.1)"
EXPERTS = "on experts (theory 4.2.2)"
GATES = "on quadratic and Gaussian gates (5.6.1)"
_MOST_DEGREE, _MOST_REACH = 8, 16
_MOST_NAMES, _MOST_MONOMIALS, _MOST_SYMBOLS = 12, 200_000, 16
Exponents = tuple[int, ...]


def claims(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The orders that the steps prove, and the theorems that are taken for granted."""
    cell = Cell(case, proof)
    for step in proof["steps"]:
        cell.require_step(step)
    solved = (SOLVABILITY,) if cell.atoms > 2 else ()
    return cell.claims(), ((EXPERTS,) if proof["intercept"] is None else solved) + ((GATES,) if proof["gate"] else ())


class Equations:
    """The equations of a cell: the x-coefficients of Phi_k = sum_l p_l R_l c_k(D_l), in echelon form."""

    def __init__(self, case: Case, degree: int, reach: int, weights: Sequence[fmpq]) -> None:
        model, self.case, self.degree, self.reach = case.model, case, degree, reach
        require(not case.weight.sides, "a log weight with kinks has no Taylor polynomial")
        self.own, self.expert, self.shared = (list(names) for names in (model.own, model.expert, model.shared))
        self.each, self.dim = [*self.own, *self.expert], len(model.covariates)
        names = [*model.covariates, *self.each, *self.shared]
        require(len(names) <= _MOST_NAMES, "the parameters")
        monomials = comb(len(names) - self.dim + degree, degree) * comb(self.dim + reach, reach)
        require(monomials <= _MOST_MONOMIALS, "the formulas have too many monomials")
        require(len(weights) == len(names) - self.dim, "the weights of moments")
        self.count = len(self.each)
        offsets = [*self.each, *self.shared]
        self.ring = Ring([*model.covariates, *offsets, "_s", "_t", "_pi"], (), {}, _MOST_SYMBOLS)
        symbols = self.ring.names
        self.small = {p: symbols[p] * symbols["_s" if p in model.covariates else "_t"] for p in names}
        self._require_other()
        ratio, values = self.log_ratio(degree, reach), Taylor(self.ring, degree, reach)
        means = {*self.expert[:-1]}
        require(degree_in(case.mean, means) == 1, "the mean is not linear")
        mean = {p: values.series(self.small[p]) for p in (*model.covariates, *means)}
        self.mean: fmpq_mpoly = self._value(case.mean, values, mean).poly
        self.rows = self._rows(values, values.exponential(ratio), weights)

    @staticmethod
    def _value(tree: ast.expr, values: Taylor, names: Mapping[str, Series]) -> Series:
        require(names_in(tree) <= names.keys(), "a name without a Taylor polynomial")
        series: Series = evaluate(tree, values, **names)
        return series

    def exponents(self, p: fmpq_mpoly) -> dict[Exponents, fmpq]:
        """Powers of x and of offsets -> their coefficient. Rejected where that is not rational."""
        count = len(self.small)
        require(max(self.ring.variables(p), default=0) < count + 2, "a Taylor coefficient that moves is not rational")
        return {tuple(map(int, m[:count])): c for m, c in p.to_dict().items()}

    def _log_weight(self, values: Taylor, atom: int, moving: Set[str]) -> fmpq_mpoly:
        """The Taylor polynomial of the log weight at a true atom, in x and in the offsets of what moves."""
        model, true = self.case.model, self.case.values[atom]
        require({*model.gate} <= true.keys(), "a true value of the gate is not named")
        names = {p: self._value(true[p], values, {}) for p in model.gate}
        names |= {p: names[p] + values.series(self.small[p]) for p in moving}
        names |= {p: values.series(self.small[p]) for p in model.covariates}
        return self._value(self.case.weight.formulas[0], values, names).poly

    def log_ratio(self, degree: int, reach: int) -> fmpq_mpoly:
        """What the log weight of an atom has beyond the true one, up to a degree in the offsets and a power of x.

        What has neither x nor an own offset is common to all atoms, and no part of it.
        """
        weight = self._log_weight(Taylor(self.ring, degree, reach), 0, {*self.own, *self.shared})
        d, own, count = self.dim, self.dim + len(self.own), len(self.small)
        terms = {m: c for m, c in weight.to_dict().items() if any(m[d:count]) and (any(m[:d]) or any(m[d:own]))}
        ratio = self.ring.context.from_dict(terms)
        self.exponents(ratio)
        return ratio

    def _require_other(self) -> None:
        """That the other atom's log weight moves by numbers alone, as shared parameters move."""
        if not self.shared:
            return
        terms = self._log_weight(Taylor(self.ring, self.degree, self.reach), 1, {*self.shared}).to_dict()
        moves = any(any(m[: self.dim]) and any(m[self.dim : len(self.small)]) for m in terms)
        require(not moves, "a shared parameter moves the log weight of the other atom")

    def _rows(self, values: Taylor, ratio: fmpq_mpoly, weights: Sequence[fmpq]) -> list[dict[Exponents, fmpq]]:
        """The x-coefficients of Phi_k, reduced to echelon form with light moments first."""
        equations: dict[Exponents, dict[Exponents, fmpq]] = {}
        spread, d = self.small["nu"] / 2, self.dim
        for level in range(self.degree + 1):
            total = self.ring.zero
            for j in range(level // 2 + 1):
                term = ratio
                for factor in [self.mean] * (level - 2 * j) + [spread] * j:
                    term = values.product(term, factor)
                total += term / (factorial(level - 2 * j) * factorial(j))
            for m, c in self.exponents(total).items():
                if level or any(m[:d]):
                    equations.setdefault((level, *m[:d]), {})[m[d:]] = c

        def place(m: Exponents) -> tuple[Any, ...]:
            weight = sum((w * n for w, n in zip(weights, m, strict=True)), fmpq(0))
            return sum(m) > 1, weight, sum(m), [-i for i in m]

        columns = sorted({m for row in equations.values() for m in row}, key=place)
        rows = echelon([[row.get(m, fmpq(0)) for m in columns] for row in equations.values()])
        return [{columns[j]: c for j, c in row.items()} for row in rows]


class Cell(Equations):
    """The equations of a cell, and the bounds of orders that are proved so far.

    Along a curve let every offset have an order of vanishing, scaled so that the equations have order >= 1. The unknown
    orders w are those of max_l |D_l| for each parameter, then those of the weighted means, then of shared offsets.

    names: of the unknown orders. least: what is proved to be at most each of them.
    """

    def __init__(self, case: Case, proof: Mapping[str, Any]) -> None:
        degree, reach = proof["degree"], proof["reach"]
        place, model, gate = case.place, case.model, proof["gate"]
        self.atoms = place.sizes[0]
        one = len(place.sizes) == 2 and self.atoms >= 2 and case.is_singleton(1) and model.weighted
        moves = not any(atom == 0 for atom, _ in place.fixed)
        require(place.subject == "densities" and one and moves, "the place is no cell beside a singleton that is fixed")
        require(not place.nonzero and not {*case.values[0]} & {*model.expert}, "a place of a mean with any true values")
        require(type(degree) is int and 2 * self.atoms - 1 <= degree <= _MOST_DEGREE, "the degree")
        require(type(reach) is int and 1 <= reach <= _MOST_REACH, "the reach")
        require(isinstance(gate, list) and isinstance(proof["weights"], list), "the gate, or the weights")
        super().__init__(case, degree, reach, [rational(w) for w in proof["weights"]])
        self.names = [*self.each, *(f"mean {p}" for p in self.each), *self.shared]
        self.none, self.work = (0,) * len(self.names), 0
        self._require_slopes()
        b = proof["intercept"]
        require(b is None or self.atoms > 2 or _two_atoms(), "r_bar(2) is not 4")
        require(b is None or self._is_intercept(b), "the mean at x = 0 is another")
        bounds = dict.fromkeys(self.expert if b is None else [b], fmpq(1, 2 * self.atoms))
        bounds |= {"nu": fmpq(1, self.atoms)}
        if gate:
            require(reach >= 2 * self.atoms, "the reach")
            linear, square = gate
            self._require_quadratic(linear, square)
            bounds |= {p: fmpq(1, 2 * self.atoms) for p in linear} | {p: fmpq(1, self.atoms) for p in square}
        self.by_theorem = bounds.keys()
        self.least = [bounds.get(name.removeprefix("mean "), fmpq(1, self.degree + 1)) for name in self.names]

    def _require_slopes(self) -> None:
        """That the slopes of the mean are independent functions of x, as the theorem on experts needs."""
        own = self.dim + len(self.own)
        slopes = range(own, own + len(self.expert) - 1)
        terms = self.exponents(self.mean)
        require(_independent(terms, self.dim, slopes), "the slopes of the mean are not independent")

    def _is_intercept(self, name: str) -> bool:
        """Whether the mean is a parameter at x = 0: it is linear in all, so that its Taylor polynomial says so."""
        there = {m: c for m, c in self.exponents(self.mean).items() if not any(m[: self.dim])}
        at = self.dim + len(self.own) + self.expert.index(name)
        return there == {tuple(int(i == at) for i in range(self.dim + len(self.each) + len(self.shared))): 1}

    def _require_quadratic(self, linear: Sequence[str], square: Sequence[str]) -> None:
        """That up to x^(2m) log E is a number + l.x + x'qx, with l and q that determine their parameters.

        Terms of degree 2m + 1 in the offsets are a small part of what the theorem bounds; those of degree 2m are not.
        """
        own, terms = self.own, self.exponents(self.log_ratio(2 * self.atoms, 2 * self.atoms))
        require(sorted([*linear, *square]) == sorted(own) and not self.shared, "the parameters of the gate")
        first, second = ([self.dim + own.index(p) for p in names] for names in (linear, square))
        degrees = {n: {m: c for m, c in terms.items() if sum(m[: self.dim]) == n} for n in range(2 * self.atoms + 1)}
        quadratic = not any(degrees[n] for n in degrees if n > 2)
        quadratic = quadratic and all(any(m[i] for i in second) for m in degrees[2])
        independent = _independent(degrees[1], self.dim, first) and _independent(degrees[2], self.dim, second)
        require(quadratic and independent, "the gate is not quadratic in x, or does not determine its parameters")

    # -- cases

    def order(self, moment: Exponents) -> tuple[int, ...]:
        """a with ord E[D^moment] >= w.a; the mean of an offset has an order of its own."""
        own, shared = moment[: self.count], moment[self.count :]
        none = (0,) * self.count
        return (*none, *own, *shared) if sum(own) == 1 else (*own, *none, *shared)

    def is_exact(self, moment: Exponents) -> bool:
        """Whether its order is w.a: no two atoms cancel in an even power of one offset."""
        own = [n for n in moment[: self.count] if n]
        return sum(own) <= 1 or (len(own) == 1 and own[0] % 2 == 0)

    def alternatives(self, i: int, moment: Exponents) -> list[Inequality]:
        """One of these holds, by row i: its exact moment is of order >= 1, or another one is of no higher order."""
        row = self.rows[i]
        require(moment in row and self.is_exact(moment), "no exact moment of the row")
        others = {self.order(m) for m, c in row.items() if m != moment and not _same_sign(row[moment], moment, c, m)}
        others = {a for a in others if sum((w * n for w, n in zip(self.least, a, strict=True)), fmpq(0)) < 1}
        self.work += len(row) + len(others) ** 2
        require(self.work <= _MOST_WORK, "there are too many cases")
        at = self.order(moment)
        # of two monomials, one of which divides the other, the larger one is of no lower order
        light = sorted(a for a in others if not any(b != a and all(map(le, b, a)) for b in others))
        return [at_least(at, self.none, 1), *(at_least(at, a) for a in light)]

    def base(self) -> list[Inequality]:
        """What is known of w in all cases: the bounds so far; a mean is of no lower order than the offsets."""
        units = [tuple(int(i == j) for j in range(len(self.names))) for i in range(len(self.names))]
        means = [at_least(units[self.count + i], units[i]) for i in range(self.count)]
        return [*(at_least(unit, self.none, w) for unit, w in zip(units, self.least, strict=True)), *means]

    def targets(self, step: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
        """k w_i for each [i, k] of a step, as vectors."""
        fits = all(type(n) is int for pair in step for n in pair) and len(step) == len({i for i, _ in step}) > 0
        require(fits and all(0 <= i < len(self.names) and k > 0 for i, k in step), "a target")
        return [tuple(k * (i == j) for j in range(len(self.names))) for i, k in step]

    def start(self, targets: Sequence[tuple[int, ...]], t: int) -> list[Inequality]:
        """The rows of the case in which target t is the least of the targets."""
        return [*self.base(), *(at_least(other, targets[t]) for i, other in enumerate(targets) if i != t)]

    # -- steps

    def require_step(self, step: Mapping[str, Any]) -> None:
        """Check that every one of the targets is >= value, as the least of them is, and note it."""
        require_keys(step, "targets", "value", "cases", of="a step")
        targets, value = self.targets(step["targets"]), rational(step["value"])
        require(len(step["cases"]) == len(targets), "a case is missing")
        for t, tree in enumerate(step["cases"]):
            self._close(tree, targets[t], value, self.start(targets, t))
        self.note(step["targets"], value)

    def note(self, targets: Sequence[Sequence[int]], value: fmpq) -> None:
        """Raise the bounds of the targets [i, k], all of which are >= value."""
        for i, k in targets:
            self.least[i] = max(self.least[i], value / k)
        for i in range(self.count):
            self.least[self.count + i] = max(self.least[self.count + i], self.least[i])

    def _close(self, tree: Mapping[str, Any], cost: Sequence[int], value: fmpq, rows: list[Inequality]) -> None:
        """Check that all w that satisfy the rows have w.cost >= value."""
        if "row" in tree:
            require_keys(tree, "row", "moment", "cases", of="a case")
            i, moment = tree["row"], tuple(tree["moment"])
            require(type(i) is int and 0 <= i < len(self.rows), "no such row")
            cases = self.alternatives(i, moment)
            require(len(cases) == len(tree["cases"]), "a case is missing")
            for case, subtree in zip(cases, tree["cases"], strict=True):
                self._close(subtree, cost, value, [*rows, case])
            return
        require_leaf(tree, cost, value, rows)

    def short(self) -> list[str]:
        """The parameters without a bound above 1/(N + 1): any of them can make all others of no use.

        A curve with an order below 1/(N + 1), slowed down until its least order is that, contradicts these bounds.
        """
        bounds = dict(zip(self.names, self.least, strict=True))
        open_ = [p for p in (*self.each, *self.shared) if p not in self.by_theorem]
        return [p for p in open_ if bounds[p] <= fmpq(1, self.degree + 1)]

    def claims(self) -> list[Claim]:
        """|offset|^r = O(distance) for every parameter and weighted mean with a bound."""
        require(not (short := self.short()), f"no bound of {', '.join(short)} below N + 1")
        titles, claims = {*self.by_theorem, *(f"mean {p}" for p in self.by_theorem)}, []
        for name, w in zip(self.names, self.least, strict=True):
            if name in titles or w > fmpq(1, self.degree + 1):
                claims.append(Claim(name, "at most", str(max(fmpq(1), 1 / w))))
        return claims


def _two_atoms() -> bool:
    """Whether r_bar(2) = 4: no offsets but 0 have sum_l p_l P_r(b_l, nu_l) = 0, r = 1..4, for the weights 1 and w > 0.

    If both b are 0, r = 4 is a sum of squares of nu. Else they are -w and 1, up to a scale, by r = 1, and r = 2 and 3,
    which are linear in nu with the determinant 3 w (1 + w), have one solution; what it leaves of r = 4 is negative.
    """
    w = fmpq_poly([0, 1])
    b, nu, p = (-w, 1 + 0 * w), (-(w * w + 2 * w) / 3, -(2 * w + 1) / 3), (1 + 0 * w, w)
    sums = [fmpq_poly([])] * 4
    for q, v, share in zip(b, nu, p, strict=True):
        levels = q, q**2 + v, q**3 + 3 * q * v, q**4 + 6 * q**2 * v + 3 * v**2
        sums = [total + share * level for total, level in zip(sums, levels, strict=True)]
    return sums[:3] == [fmpq_poly([])] * 3 and all(c < 0 for c in sums[3].coeffs()[1:]) and sums[3][0] == 0


def _independent(terms: Mapping[Exponents, fmpq], dim: int, places: Sequence[int]) -> bool:
    """Whether what stands before the first powers of these offsets are independent functions of x."""
    powers = {m[:dim] for m in terms}
    slopes = [[fmpq(0) for _ in powers] for _ in places]
    for j, x in enumerate(powers):
        for i, place in enumerate(places):
            unit = (*x, *(int(k == place) for k in range(dim, len(next(iter(terms))))))
            slopes[i][j] = terms.get(unit, fmpq(0))
    return bool(slopes and powers) and fmpq_mat(slopes).rank() == len(slopes)


def _same_sign(c: fmpq, m: Exponents, d: fmpq, n: Exponents) -> bool:
    """Whether c E[D^m] and d E[D^n] are of one sign, or 0, whatever the offsets are."""
    return c * d > 0 and not any(k % 2 for k in (*m, *n))
