"""The equations of a cell of atoms, from the model on: what the checkers of contact orders compute for themselves.

Taylor polynomials of the log weight in x and the offsets D, the x-coefficients of Phi_k = sum_l p_l R_l c_k(D_l), and
their echelon form; for two atoms, the equations F(h, s) that are left when the weighted means of a certificate are put
in.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence, Set
from math import comb, factorial
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from temperance.theory.checker.limited_work import Work, echelon
from temperance.theory.checker.order_series import Ring, Value
from temperance.theory.checker.rejected import parsed, rational, require, require_keys

_MOST_NAMES, _MOST_MONOMIALS = 12, 200_000
Exponents = tuple[int, ...]
Terms = dict[Exponents, fmpq_poly]


def in_words(model: Mapping[str, Any], covariates: Sequence[str] = ("x",)) -> str:
    """All that the orders of a cell depend on, beside how many atoms it has."""
    own, slopes, shared = (", ".join(model[key]) for key in ("own", "expert", "shared"))
    point = ", ".join(f"{p} = {v}" for p, v in model["point"].items())
    return (
        f"each with its own {', '.join(filter(None, [own, slopes]))}{f' and all with one {shared}' * bool(shared)}, "
        f"shares bounded away from 0; another cell a singleton with another expert, its log weight fixed; "
        f"log weight {model['log_weight']}{f' at {point}' * bool(point)}; mean {model['mean']} at every true "
        f"{', '.join(model['expert'][:-1])} and nu > 0; x = ({', '.join(covariates)}) of a density bounded away from 0 "
        f"on an open set, the formulas analytic on a connected set that holds it and x = 0"
    )


def _degree(tree: ast.expr, names: Set[str]) -> int:
    """1 for a formula that is linear in the names as it is written, 0 for one without them; else Rejected.

    So it is linear at every value of the names, and no power is asked that a Taylor polynomial does not hold.
    """
    match tree:
        case ast.Name(name):
            return int(name in names)
        case ast.UnaryOp(_, p):
            return _degree(p, names)
        case ast.BinOp(p, symbol, q):
            degrees = u, v = _degree(p, names), _degree(q, names)
            fits = {ast.Mult: u + v <= 1, ast.Div: v == 0, ast.Pow: not any(degrees)}.get(type(symbol), u == v)
            require(fits, "the mean is not linear")
            return max(degrees)
        case ast.Call(_, [q]):
            require(_degree(q, names) == 0, "the mean is not linear")
    return 0


class Model:
    """The equations of a certificate's model.

    covariates: the names of x. weights: of each parameter and shared one, for the order of the moments; without them
    low moments come first.
    """

    def __init__(
        self,
        model: Mapping[str, Any],
        degree: int,
        reach: int,
        covariates: Sequence[str] = ("x",),
        weights: Sequence[fmpq] | None = None,
    ) -> None:
        require_keys(model, "log_weight", "mean", "own", "expert", "shared", "point", of="the model")
        self.degree, dim = degree, len(covariates)
        self.own, self.expert, self.shared = (list(model[name]) for name in ("own", "expert", "shared"))
        self.each = [*self.own, *self.expert]
        names = [*covariates, *self.each, *self.shared]
        require(len(set(names)) == len(names) <= _MOST_NAMES and self.expert[-1] == "nu", "the parameters")
        require(all(name.isidentifier() and name.isascii() for name in names), "a parameter is not a name")
        monomials = comb(len(names) - dim + degree, degree) * comb(dim + reach, reach)
        require(monomials <= _MOST_MONOMIALS, "the formulas have too many monomials")
        require_keys(model["point"], *self.own, *self.shared, of="the point")
        self.weight, self.covariates = model["log_weight"], covariates
        self.at = {p: rational(value) for p, value in model["point"].items()}
        self.work = Work()
        self.ring = Ring(names, degree, reach, dim, self.work)
        values = {p: Value(self.ring, fmpq(0), symbol) for p, symbol in self.ring.symbols.items()}
        ratio = self.log_ratio(degree, reach)
        require(_degree(parsed(model["mean"]), {*self.expert[:-1]}) == 1, "the mean is not linear")
        self.mean = self.ring.value(model["mean"], {p: values[p] for p in (*covariates, *self.expert[:-1])}).poly
        self.rows = self._rows(self.ring.exp(Value(self.ring, fmpq(0), ratio)).poly + 1, weights)

    def log_ratio(self, degree: int, reach: int) -> fmpq_mpoly:
        """What the log weight of an atom has beyond the true one, up to a degree in the offsets and a power of x."""
        ring = Ring([*self.ring.symbols], degree, reach, self.ring.dim, self.work)
        names = {p: ring.symbols[p] for p in (*self.covariates, *self.at)}
        values = {p: Value(ring, self.at.get(p, fmpq(0)), symbol) for p, symbol in names.items()}
        weight = ring.value(self.weight, values).poly.to_dict()
        return ring.context.from_dict({m: c for m, c in weight.items() if any(m[ring.dim :])})

    def _rows(self, ratio: fmpq_mpoly, weights: Sequence[fmpq] | None) -> list[dict[Exponents, fmpq]]:
        """The x-coefficients of Phi_k = sum_l p_l R_l c_k(D_l), reduced to echelon form with light moments first."""
        found: dict[Exponents, dict[Exponents, fmpq]] = {}
        spread, d = self.ring.symbols["nu"] / 2, self.ring.dim
        for level in range(self.degree + 1):
            total = self.ring.zero
            for j in range(level // 2 + 1):
                term = ratio
                for factor in [self.mean] * (level - 2 * j) + [spread] * j:
                    term = self.ring.times(term, factor)
                total += term / (factorial(level - 2 * j) * factorial(j))
            for m, c in total.to_dict().items():
                if level or any(m[:d]):
                    found.setdefault((level, *map(int, m[:d])), {})[tuple(map(int, m[d:]))] = c

        def place(m: Exponents) -> tuple[Any, ...]:
            weight = fmpq(0) if weights is None else sum((w * n for w, n in zip(weights, m, strict=True)), fmpq(0))
            return sum(m) > 1, weight, sum(m), [-i for i in m]

        columns = sorted({m for row in found.values() for m in row}, key=place)
        places = {m: j for j, m in enumerate(columns)}
        rows = echelon([{places[m]: c for m, c in row.items()} for row in found.values()], self.work)
        return [{columns[j]: c for j, c in row.items()} for row in rows]

    def equations(self, variables: Sequence[str], means: Mapping[str, Any]) -> list[Terms]:
        """F_i(h, s): the means, which must solve their own equations, put into the others.

        Raises Rejected: the variables are not the differences and the means without an equation, or the means are not
        the others.
        """
        titles = [*(f"mean {p}" for p in self.each), *self.shared]
        units = {tuple(int(i == j) for j in range(len(titles))): i for i in range(len(titles))}
        solved = [units[next(iter(row))] for row in self.rows if next(iter(row)) in units]
        unsolved = [t for i, t in enumerate(titles) if i not in solved]
        require(list(variables) == [*self.each, *unsolved], "the variables")
        require_keys(means, *(titles[i] for i in solved), of="the means")
        average = _Average(self, variables, means, titles)
        found = []
        for row in self.rows:
            value = average.value(row)
            if next(iter(row)) in units:
                require(value == 0, "a mean does not solve its equation")
            elif value != 0:
                found.append(_divided(_collected(value)))
        return found


class _Average:
    """sum_l p_l D_l^alpha for D_1 = e + (1 + s)/2 h, D_2 = e - (1 - s)/2 h, p_1 = (1 - s)/2."""

    def __init__(self, model: Model, variables: Sequence[str], means: Mapping[str, Any], titles: Sequence[str]) -> None:
        self.degree, self.work = model.degree, model.work
        self.context = fmpq_mpoly_ctx.get(tuple(f"r{i}" for i in range(len(variables) + 1)), Ordering.deglex)
        s, *h = self.context.gens()
        names = dict(zip(variables, h, strict=True))
        e = [self.polynomial(means[t]) if t in means else names[t] for t in titles]
        size = len(model.each)
        self.shares = ((1 - s) / 2, (1 + s) / 2)
        self.atoms = [
            [*(m + side * d for m, d in zip(e, h[:size], strict=False)), *e[size:]]
            for side in ((1 + s) / 2, (s - 1) / 2)
        ]
        self.known: list[dict[Exponents, fmpq_mpoly]] = [{}, {}]

    def polynomial(self, entry: Any) -> fmpq_mpoly:
        require(len({tuple(m) for m, _ in entry}) == len(entry), "a monomial of a mean is named twice")
        terms = {(i, *m): rational(c) for m, row in entry for i, c in enumerate(row)}
        require(all(sum(m[1:]) > 0 for m in terms), "a mean that is not 0 where all differences are")
        return self.context.from_dict(terms)

    def power(self, atom: int, alpha: Exponents) -> fmpq_mpoly:
        at = next((i for i, n in enumerate(alpha) if n), None)
        if at is None:
            return self.context.constant(1)
        if alpha not in self.known[atom]:
            below = (*alpha[:at], alpha[at] - 1, *alpha[at + 1 :])
            self.work.multiply(p := self.power(atom, below), self.atoms[atom][at])
            terms = (p * self.atoms[atom][at]).to_dict().items()
            self.known[atom][alpha] = self.context.from_dict({m: c for m, c in terms if sum(m[1:]) <= self.degree})
        return self.known[atom][alpha]

    def value(self, row: Mapping[Exponents, fmpq]) -> fmpq_mpoly:
        total = self.context.constant(0)
        for l, share in enumerate(self.shares):
            for m, c in row.items():
                self.work.multiply(share, p := self.power(l, m))
                total += c * share * p
        return total


def _collected(p: fmpq_mpoly) -> Terms:
    found: dict[Exponents, dict[int, fmpq]] = {}
    for (power, *rest), c in p.to_dict().items():
        found.setdefault(tuple(map(int, rest)), {})[int(power)] = c
    ordered = sorted(found.items(), key=lambda item: (sum(item[0]), [-i for i in item[0]]))
    return {m: fmpq_poly([row.get(i, 0) for i in range(max(row) + 1)]) for m, row in ordered}


def _divided(terms: Terms) -> Terms:
    shares = fmpq_poly([1, 0, -1])
    return {m: c // shares for m, c in terms.items()} if all(c % shares == 0 for c in terms.values()) else terms
