"""Independent checker for certificates of contact orders of a cell of m atoms, in any dimension.

A certificate states: |offset|^r = O(L2 distance) for all mixtures near the true one whose split atom is fitted by m
atoms with shares bounded away from 0, another cell being a singleton with its gate held. The true point of the gate is
named; that of the expert is any, as the mean is linear in its parameters, as it is written. Where "intercept" names b,
which the mean is at x = 0, it takes r_bar(m) = 2m for granted (docs/theory.md 2.6), and for m = 2 checks it: at x = 0
the equations are sum_l p_l R_l P_r(db_l, dnu_l) = O(distance), r = 1..2m, with positive weights, so that |db|^(2m) and
|dnu|^m are O(distance). Else it takes the theorem on experts (2.7): |d|^(2m) = O(distance) for the parameters d of the
mean, |dnu|^m. Where "gate" names parameters, it also takes that on quadratic gates (2.10): |d|^(2m) = O(distance) for
the first of them, |d|^m for the others. What these theorems assume is checked. It holds

- the model: log weight and mean as expressions, the true point; the names of x; m; N ("degree"), the power of x
  ("reach"); "weights" by which the moments are put in order; "intercept": a name or null; "gate": [], or the names of
  the parameters of a gate that is quadratic in x, [those before x, those before squares];
- "steps": bounds, each with trees of cases whose leaves are multipliers of linear inequalities (Farkas);
- "orders": r for each parameter and weighted mean.

Everything else is computed here: the equations, which are linear in the moments E[D^alpha] = sum_l p_l D_l^alpha, their
echelon form, the cases and the inequalities (docs/theory.md 2.8, Moments).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_mpoly, fmpq_poly

from temperance.theory.checker.limited_work import Inequality, at_least, divides, require_leaf
from temperance.theory.checker.order_equations import Exponents, Model, in_words
from temperance.theory.checker.rejected import proving, rational, require, require_keys

FORMAT = "temperance-orders/5"
_COMPUTED_FROM = ("model", "covariates", "atoms", "degree", "reach", "weights", "intercept", "gate")
_KEYS = ("format", "statement", *_COMPUTED_FROM, "steps", "orders")
_MOST_DEGREE, _MOST_REACH = 8, 16


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        cell = Cell(certificate)
        for step in certificate["steps"]:
            cell.require_step(step)
        cell.require_orders(certificate["orders"])
        proved = statement(certificate)
        require(certificate["statement"] == proved, "the statement is not that of the orders")
        return proved


class Cell:
    """The equations of a cell, and the bounds of orders that are proved so far.

    Along a curve let every offset have an order of vanishing, scaled so that the equations have order >= 1. The unknown
    orders w are those of max_l |D_l| for each parameter, then those of the weighted means, then of shared offsets.

    names: of the unknown orders. least: what is proved to be at most each of them.
    """

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.degree, reach, self.atoms = (certificate[key] for key in ("degree", "reach", "atoms"))
        require(type(self.atoms) is int and self.atoms >= 2, "the number of atoms")
        require(type(self.degree) is int and 2 * self.atoms - 1 <= self.degree <= _MOST_DEGREE, "the degree")
        require(type(reach) is int and 1 <= reach <= _MOST_REACH, "the reach")
        covariates, gate = certificate["covariates"], certificate["gate"]
        require(isinstance(covariates, list) and covariates and isinstance(gate, list), "the names of x, or the gate")
        weights = [rational(w) for w in certificate["weights"]]
        model = self.model = Model(certificate["model"], self.degree, reach, covariates, weights)
        self.rows, self.count = model.rows, len(model.each)
        self.names = [*model.each, *(f"mean {p}" for p in model.each), *model.shared]
        self.none = (0,) * len(self.names)
        self._require_slopes(len(covariates))
        b = certificate["intercept"]
        require(b is None or self.atoms > 2 or _two_atoms(), "r_bar(2) is not 4")
        require(b is None or self._is_intercept(len(covariates), b), "the mean at x = 0 is another")
        known = dict.fromkeys(model.expert if b is None else [b], fmpq(1, 2 * self.atoms)) | {"nu": fmpq(1, self.atoms)}
        if gate:
            require(reach >= 2 * self.atoms, "the reach")
            linear, square = gate
            self._require_quadratic(len(covariates), linear, square)
            known |= {p: fmpq(1, 2 * self.atoms) for p in linear} | {p: fmpq(1, self.atoms) for p in square}
        self.given = known.keys()
        self.least = [known.get(name.removeprefix("mean "), fmpq(1, self.degree + 1)) for name in self.names]

    def _require_slopes(self, dim: int) -> None:
        """That the slopes of the mean are independent functions of x, as the theorem on experts needs."""
        own = dim + len(self.model.own)
        slopes = range(own, own + len(self.model.expert) - 1)
        require(_independent(_exponents(self.model.mean), dim, slopes), "the slopes of the mean are not independent")

    def _is_intercept(self, dim: int, name: str) -> bool:
        """Whether the mean is a parameter at x = 0: it is linear in all, so that its Taylor polynomial says so."""
        there = {m: c for m, c in _exponents(self.model.mean).items() if not any(m[:dim])}
        at = dim + len(self.model.own) + self.model.expert.index(name)
        return there == {tuple(int(i == at) for i in range(dim + len(self.model.each) + len(self.model.shared))): 1}

    def _require_quadratic(self, dim: int, linear: Sequence[str], square: Sequence[str]) -> None:
        """That up to x^(2m) log E is a number + l.x + x'qx, with l and q that determine their parameters.

        Terms of degree 2m + 1 in the offsets are a small part of what the theorem bounds; those of degree 2m are not.
        """
        own, terms = self.model.own, _exponents(self.model.log_ratio(2 * self.atoms, 2 * self.atoms))
        require(sorted([*linear, *square]) == sorted(own) and not self.model.shared, "the parameters of the gate")
        first, second = ([dim + own.index(p) for p in names] for names in (linear, square))
        degrees = {n: {m: c for m, c in terms.items() if sum(m[:dim]) == n} for n in range(2 * self.atoms + 1)}
        quadratic = not any(degrees[n] for n in degrees if n > 2)
        quadratic = quadratic and all(any(m[i] for i in second) for m in degrees[2])
        quadratic = quadratic and _independent(degrees[1], dim, first) and _independent(degrees[2], dim, second)
        require(quadratic, "the gate is not quadratic in x, or does not determine its parameters")

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
        self.model.work.spend(len(row) + len(others) ** 2, 0)
        at = self.order(moment)
        light = sorted(a for a in others if not any(b != a and divides(b, a) for b in others))
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
        known = dict(zip(self.names, self.least, strict=True))
        open_ = [p for p in (*self.model.each, *self.model.shared) if p not in self.given]
        return [p for p in open_ if known[p] <= fmpq(1, self.degree + 1)]

    def require_orders(self, orders: Mapping[str, str]) -> None:
        """Check that |offset|^r = O(L2 distance) follows from the bounds, for every title."""
        require(not (short := self.short()), f"no bound of {', '.join(short)} below N + 1")
        require(orders, "no order is stated")
        known = dict(zip(self.names, self.least, strict=True))
        for title, text in orders.items():
            require(title in known, f"{title!r} is no parameter of the model")
            r = rational(text)
            require(r >= 1 and known[title] * r >= 1, f"the order of {title} is not shown")


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


def _exponents(p: fmpq_mpoly) -> dict[Exponents, fmpq]:
    return {tuple(map(int, m)): c for m, c in p.to_dict().items()}


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


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    model, m = certificate["model"], certificate["atoms"]
    found = ", ".join(f"{title}: {r}" for title, r in certificate["orders"].items())
    b, mean = certificate["intercept"], ", ".join(model["expert"][:-1])
    experts = f"the theorem on experts (orders {2 * m} of {mean}, {m} of nu)"
    solved = "" if m == 2 else f"r_bar({m}) = {2 * m} (orders {2 * m} of {b}, {m} of nu)"
    taken = experts if b is None else solved
    gate = [", ".join(names) for names in certificate["gate"]]
    also = f"the theorem on quadratic gates (orders {2 * m} of {gate[0]}, {m} of {gate[1]})" if gate else ""
    return (
        f"contact orders at most ({found}), |offset|^r = O(L2 distance), for a cell of {m} atoms, "
        f"{in_words(model, certificate['covariates'])}; "
        f"given {' and '.join(filter(None, [taken, also])) or 'no theorem'}"
    )
