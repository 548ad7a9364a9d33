"""Rules "derivatives" and "squares": orders by derivatives that are independent functions (docs/certificates.md).

"derivatives": orders are 1 where as many atoms are fitted as there are true ones (theory 5.1.1). At points (x, y) the
derivatives of the density by all moving parameters have a regular matrix of values. So they are independent on an open
set, on which all formulas are analytic, and an injective derivative bounds the offsets. Nothing is taken for granted.

"squares": orders are 2 and 1 under least squares (theory 8). |offset|^2 is O(distance of regression functions) for the
parameters of each atom, |offset| for shared ones, near the true mixture in which the first atom is fitted by a cell,
the other being a singleton with its gate held and the same weight. U = exp(L) (f - h) has the relations of the proof
among its derivatives, and a positive definite matrix is orthogonal to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import sympy as sp
from flint import arb, arb_series, fmpq, fmpq_mat

from temperance.theory.kernel.balls import Balls, ball_of, nonzero, pivots, prove_rank
from temperance.theory.kernel.place import WEIGHT, Case, Claim, box_point, piece_at, require_analytic
from temperance.theory.kernel.reader import evaluate, matrix_of, names_of, points_of, rational, require
from temperance.theory.kernel.theorems import Formulas

SQUARES_KEYS = ("straight", "relations", "matrix", "points")
_MOST_COLUMNS = 60  # derivatives

_Column = list[tuple[int, tuple[sp.Expr, sp.Expr]]]
"""Derivatives A, B of atoms, which add up."""


def squares(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The orders 2 of what is not straight, and 1 of shared parameters."""
    cell = _Cell(case, names_of(proof["straight"], "what is straight"))
    relations = cell.relations(matrix_of(proof["relations"], "the relations"))
    cell.require_cone(relations, matrix_of(proof["matrix"], "the matrix"))
    cell.require_complete(relations, points_of(proof["points"]))
    own = [Claim(p, "at most", "2") for p in cell.names if p not in cell.straight]
    return own + [Claim(p, "at most", "1") for p in case.model.shared], ()


class _Cell:
    """The derivatives of U at the two true atoms."""

    def __init__(self, case: Case, straight: tuple[str, ...]) -> None:
        place, model, self.case, self.straight = case.place, case.model, case, straight
        one = place.subject == "regressions" and len(place.sizes) == 2 and place.sizes[0] > 1 and case.is_singleton(1)
        moves = not any(atom == 0 or p in model.expert for atom, p in place.fixed)
        require(one and moves and model.weighted and not model.held and not place.nonzero, "the place is no such cell")
        every = {*model.gate, *model.expert}
        require(all({*values} == every for values in case.values), "a true value is not named")
        require({*straight} <= {*model.expert}, "what is straight is not of the mean")
        require(not case.weight.sides, "a weight with kinks")
        for tree in (*case.weight.formulas, case.mean):
            require_analytic(tree, frozenset(model.covariates))
        self.formulas = Formulas((*model.covariates, *model.gate, *model.expert))
        symbols = self.formulas.names
        self.weight, self.mean = self.formulas.tree(case.weight.formulas[0]), self.formulas.tree(case.mean)
        self.truth = [{symbols[n]: self.formulas.tree(v) for n, v in values.items()} for values in case.values]
        self.names = (*model.own, *model.expert)
        self.each = [symbols[n] for n in self.names]
        self.alphas = [(), *((p,) for p in self.each), *combinations_with_replacement(self.each, 2)]
        require(len(self.alphas) <= _MOST_COLUMNS, "too many derivatives")
        for p, q in combinations_with_replacement([symbols[n] for n in straight], 2):
            require(_is_zero(sp.diff(self.mean, p, q)), f"the mean is not affine in {p}, {q}")

    def _derivative(self, alpha: Sequence[sp.Symbol], atom: int) -> tuple[sp.Expr, sp.Expr]:
        """A, B at a true atom, of exp(L) (A f - B), a derivative of exp(L) (f - h)."""
        a, b = sp.S.One, self.mean
        for p in alpha:
            slope = sp.diff(self.weight, p)
            a, b = sp.diff(a, p) + slope * a, sp.diff(b, p) + slope * b
        return a.xreplace(self.truth[atom]), b.xreplace(self.truth[atom])

    def relations(self, rows: list[list[fmpq]]) -> list[list[fmpq]]:
        """The relations, each shown to hold identically in x and f."""
        parts = [self._derivative(alpha, 0) for alpha in self.alphas]
        for row in rows:
            require(len(row) == len(parts), "a relation has another number of coefficients")
            for k in range(2):
                total = sp.Add(*(sp.Rational(str(c)) * part[k] for c, part in zip(row, parts, strict=True)))
                require(_is_zero(total), "a relation does not hold")
        return rows

    def require_cone(self, rows: Sequence[Sequence[fmpq]], entries: list[list[fmpq]]) -> None:
        """That a positive definite matrix is orthogonal to the parts of order 2 outside of what is straight."""
        others = [p for name, p in zip(self.names, self.each, strict=True) if name not in self.straight]
        n = len(others)
        require(len(entries) == n and all(len(row) == n for row in entries), "the size of the matrix")
        require(all(entries[i][j] == entries[j][i] for i in range(n) for j in range(i)), "the matrix is not symmetric")
        minors = (fmpq_mat([row[:m] for row in entries[:m]]).det() for m in range(1, n + 1))
        require(all(minor > 0 for minor in minors), "the matrix is not positive definite")
        at = {alpha: j for j, alpha in enumerate(self.alphas)}
        for row in rows:
            total = fmpq(0)
            for (i, p), (j, q) in combinations_with_replacement(list(enumerate(others)), 2):
                total += 2 * entries[i][j] * row[at[p, q]]  # S_pq = c_pq, S_pp = 2 c_pp
            require(total == 0, "the matrix is not orthogonal to a relation")

    def require_complete(self, rows: Sequence[Sequence[fmpq]], points: Sequence[Any]) -> None:
        """That the relations are all: the other derivatives, also of the singleton, are independent functions of x."""
        lead, model, symbols = pivots(rows, len(self.alphas)), self.case.model, self.formulas.names
        require(len(lead) == len(rows), "the relations are not independent")
        columns: list[_Column] = [[(0, self._derivative(a, 0))] for j, a in enumerate(self.alphas) if j not in lead]
        columns += [[(1, self._derivative((symbols[p],), 1))] for p in model.expert]
        columns += [[(i, self._derivative((symbols[p],), i)) for i in range(2)] for p in model.shared]
        prove_rank(lambda point: self._row(point, columns), points, "the derivatives")

    def _row(self, point: Any, columns: Sequence[_Column]) -> list[arb]:
        values = Balls(length=1)
        at = {self.formulas.names[name]: value for name, value in box_point(self.case, point).items()}

        def ball(e: sp.Expr) -> arb:
            return ball_of(e, values, at)[0]

        weights = [ball(self.weight.xreplace(atom)).exp() for atom in self.truth]
        means = [ball(self.mean.xreplace(atom)) for atom in self.truth]
        f = (weights[0] * means[0] + weights[1] * means[1]) / (weights[0] + weights[1])
        return [sum((weights[i] * (ball(a) * f - ball(b)) for i, (a, b) in c), arb(0)) for c in columns]


def _is_zero(e: sp.Expr) -> bool:
    """Whether an expression is 0 once its functions are letters: 0 then, whatever relations there are between them."""
    return bool(sp.cancel(sp.together(sp.expand(e))) == 0)


DERIVATIVES_KEYS = ("points",)


def derivatives(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The order 1 of every parameter that moves."""
    mixture = Mixture(case)
    points = points_of(proof["points"])
    require(len(points) == len(mixture.columns), "as many points as parameters are needed")
    prove_rank(mixture.row, points, "the derivatives")
    moving = dict.fromkeys(name for _, name in mixture.columns if name != WEIGHT)
    return [Claim(name, "at most", "1") for name in moving], ()


class Mixture:
    """A true mixture. columns: (atom, parameter) of the derivatives; the atom is None for a shared parameter."""

    def __init__(self, case: Case) -> None:
        place, model, self.case = case.place, case.model, case
        whole = place.subject == "densities" and {*place.sizes} == {1} and len(place.sizes) > 1 and not place.nonzero
        require(whole, "the place has another number of atoms than the truth")
        weight = [WEIGHT] if model.weighted else []
        names = {*model.gate, *model.expert, *weight}
        require(all({*values} == names for values in case.values), "a true value is not named")
        own = (*model.own, *weight, *model.expert)
        every: list[tuple[int | None, str]] = [(None, p) for p in model.shared]
        every += [(i, p) for i in range(len(case.values)) for p in own]
        self.columns = [(i, p) for i, p in every if i is None or not case.is_fixed(i, p)]
        require(0 < len(self.columns) <= _MOST_COLUMNS, "the parameters that move")

    def row(self, point: Any) -> list[arb]:
        """The derivatives of the density at a point (x, y), strictly inside the pieces of the weights."""
        numbers = Balls(length=2)
        at = box_point(self.case, point[:-1], length=2)
        y = numbers.number(rational(point[-1]))
        still = [self._terms(i, at, y, None) for i in range(len(self.case.values))]
        row = []
        for atom, name in self.columns:
            tops, bottoms = numbers.number(0), numbers.number(0)
            for i, terms in enumerate(still):
                w, f = self._terms(i, at, y, name) if atom in (None, i) else terms
                tops, bottoms = tops + w * f, bottoms + w
            density = tops / bottoms
            require(nonzero(density[0]), "the density is not shown to be positive")
            row.append(density[1])
        return row

    def _terms(
        self, atom: int, x: Mapping[str, arb_series], y: arb_series, name: str | None
    ) -> tuple[arb_series, arb_series]:
        """The weight and the density of an atom, to first order in a parameter."""
        true = self.case.balls(atom, length=2)
        if name is not None:
            true[name] = Balls(length=2).variable(true[name][0])
        values = Balls({**true, **x}, length=2)
        score = evaluate(self.case.weight.formulas[piece_at(self.case, atom, values)], values)
        weight = values.sound((score + values.names.get(WEIGHT, 0)).exp())
        nu, gap = values.names["nu"], y - evaluate(self.case.mean, values)
        return weight, values.sound((-gap * gap / (2 * nu)).exp() / (2 * arb.pi() * nu).sqrt())
