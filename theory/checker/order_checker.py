"""Independent checker for certificates of contact orders of a cell of two atoms (d = 1).

A certificate states: |offset|^r = O(L2 distance) for all mixtures near the true one whose split atom is fitted by two
with shares bounded away from 0, another cell being a singleton with its gate held. The true point of the gate is named;
that of the expert is any, as the mean is linear in its parameters, as it is written. It holds

- the model: log weight and mean of the expert as expressions, the true point; N ("degree"), the power of x ("reach");
- "means": what the weighted means and shared offsets are as series in the differences h, up to degree N;
- "steps": monomials of order >= 1; combinations of equations; bounds of the order of a monomial, each with a tree of
  cases whose leaves are multipliers of linear inequalities (Farkas);
- "orders": r for each parameter.

Everything else is computed here, from the model on: the moment equations, their echelon form, the reduced equations (by
averaging over the two atoms), the cases, and the inequalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly

from temperance.theory.checker.limited_work import Inequality, Work, at_least, bits_of, divides, require_leaf
from temperance.theory.checker.order_equations import Exponents, Model, Terms, in_words
from temperance.theory.checker.rejected import proving, rational, require, require_keys

FORMAT = "temperance-orders/3"
_KEYS = ("format", "statement", "model", "degree", "reach", "variables", "means", "steps", "orders")
_MOST_DEGREE, _MOST_REACH = 8, 16
_SHARE = sp.Symbol("s")


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        return Derivation(certificate).run()


def _roots(p: fmpq_poly, work: Work) -> int:
    """Number of different real roots in the open interval (-1, 1)."""
    work.spend(1000 + len(p) ** 4, bits_of(p.coeffs()))
    poly = sp.Poly([sp.Rational(int(c.p), int(c.q)) for c in reversed(p.coeffs())], _SHARE)
    return int(poly.count_roots(-1, 1)) - [poly.eval(end) for end in (-1, 1)].count(0)


class Derivation:
    """The steps of a certificate, checked one by one."""

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.certificate = certificate
        self.degree, reach = certificate["degree"], certificate["reach"]
        require(type(self.degree) is int and 1 <= self.degree <= _MOST_DEGREE, "the degree")
        require(type(reach) is int and 1 <= reach <= _MOST_REACH, "the reach")
        self.variables = list(certificate["variables"])
        model = Model(certificate["model"], self.degree, reach)
        self.model, self.work, self.size = model, model.work, len(self.variables)
        equations = model.equations(self.variables, certificate["means"])
        zero = ((0,) * self.size,)
        self.elements: list[tuple[Terms, tuple[Exponents, ...], bool]] = [(terms, zero, True) for terms in equations]
        self.monomials: list[Exponents] = []
        self.bounds: list[tuple[Exponents, fmpq]] = []

    def run(self) -> str:
        """The statement that the certificate proves."""
        self.derive()
        require(self.certificate["orders"], "no order is stated")
        for title, text in self.certificate["orders"].items():
            self._order(title, rational(text))
        proved = statement(self.certificate)
        require(self.certificate["statement"] == proved, "the statement is not that of the orders")
        return proved

    def derive(self) -> None:
        """Check the steps, and that each variable has a bound below N + 1."""
        for step in self.certificate["steps"]:
            if "monomial" in step:
                require_keys(step, "monomial", "element", of="a step")
                self._monomial(self.exponents(step["monomial"]), self.element(step["element"]))
            elif "combination" in step:
                require_keys(step, "combination", of="a step")
                self._combination(step["combination"])
            else:
                require_keys(step, "target", "value", "factors", "cases", of="a step")
                self._bound(step)
        known = dict(self.bounds)
        for i, name in enumerate(self.variables):
            unit = tuple(int(i == j) for j in range(self.size))
            require(known.get(unit, fmpq(0)) > fmpq(1, self.degree + 1), f"no bound of {name} below N + 1")

    def exponents(self, given: Any) -> Exponents:
        """A monomial of the variables."""
        require(all(type(n) is int and n >= 0 for n in given) and len(given) == self.size, "a monomial")
        return tuple(given)

    def element(self, i: Any) -> tuple[Terms, tuple[Exponents, ...], bool]:
        """An equation, or a combination of equations made before."""
        require(type(i) is int and 0 <= i < len(self.elements), "no such element")
        return self.elements[i]

    def _drop(self, m: Exponents) -> None:
        self.work.spend(sum(len(t) for t, _, _ in self.elements), 0)
        kept = [
            ({n: c for n, c in t.items() if not divides(m, n)} if own else t, g, own) for t, g, own in self.elements
        ]
        self.elements = kept

    def _monomial(self, m: Exponents, element: tuple[Terms, tuple[Exponents, ...], bool]) -> None:
        terms, _, own = element
        require(
            own and all(divides(m, n) for n in terms) and _roots(terms[m], self.work) == 0, "a monomial is not shown"
        )
        self.monomials.append(m)
        self._drop(m)

    def _combination(self, given: Any) -> None:
        total: Terms = {}
        parts = [(fmpq_poly([rational(c) for c in row]), self.exponents(g), self.element(i)) for row, g, i in given]
        for c, g, (terms, _, own) in parts:
            require(own, "a combination of combinations")
            self.work.spend(len(terms) * len(c), bits_of(c.coeffs()))
            for m, d in terms.items():
                at = tuple(p + q for p, q in zip(g, m, strict=True))
                total[at] = total.get(at, fmpq_poly([0])) + c * d
        shifts = tuple(dict.fromkeys(g for _, g, _ in parts))
        self.elements.append(({m: c for m, c in total.items() if c != 0}, shifts, False))

    def _bound(self, step: Mapping[str, Any]) -> None:
        target, value = self.exponents(step["target"]), rational(step["value"])
        require(value > 0, "a target")
        factors = [fmpq_poly([rational(c) for c in row]) for row in step["factors"]]
        require(all(q.degree() > 0 for q in factors), "a factor is constant")
        cases = _Cases(self, factors)
        cases.check(step["cases"], [*target, *[0] * len(factors)], value, cases.base())
        self.bounds.append((target, value))
        if value >= 1:
            self._drop(target)

    def _order(self, title: str, r: fmpq) -> None:
        """That |offset|^r = O(L2 distance) for a difference, a mean or a shared offset, by its title."""
        units = [tuple(int(i == j) for j in range(self.size)) for i in range(self.size)]
        each = len(self.model.each)
        series = {f"difference {p}": [unit] for p, unit in zip(self.variables, units[:each], strict=False)}
        series |= {title: [unit] for title, unit in zip(self.variables[each:], units[each:], strict=True)}
        for name, terms in self.certificate["means"].items():
            series[name] = [self.exponents(m) for m, row in terms if any(rational(c) for c in row)]
        require(title in series, f"{title!r} is no parameter of the model")
        require(r >= 1, f"the order of {title} below 1")
        known = [*self.bounds, *((m, fmpq(1)) for m in self.monomials)]
        for m in series[title]:
            require(any(divides(t, m) and v * r >= 1 for t, v in known), f"the order of {title} is not shown")


class _Cases:
    """Trees of cases: every alternative of an element is there, and inequalities close the leaves."""

    def __init__(self, checker: Derivation, factors: Sequence[fmpq_poly]) -> None:
        self.checker, self.factors = checker, factors
        self.width = checker.size + len(factors)

    def base(self) -> list[Inequality]:
        unit = [tuple(int(i == j) for j in range(self.width)) for i in range(self.width)]
        least = [fmpq(1, self.checker.degree + 1)] * self.checker.size + [fmpq(0)] * len(self.factors)
        known = [*zip(unit, least, strict=True), *((m, fmpq(1)) for m in self.checker.monomials), *self.checker.bounds]
        return [(tuple(fmpq(n) for n in (*m, *[0] * (self.width - len(m)))), v) for m, v in known]

    def check(self, tree: Mapping[str, Any], cost: Sequence[int], value: fmpq, rows: list[Inequality]) -> None:
        """All w that satisfy the rows have w.cost >= value."""
        if "split" in tree:
            require_keys(tree, "split", "cases", of="a case")
            cases = self.alternatives(*self.checker.element(tree["split"])[:2])
            require(len(cases) == len(tree["cases"]), "a case is missing")
            for case, subtree in zip(cases, tree["cases"], strict=True):
                self.check(subtree, cost, value, [*rows, *case])
            return
        if "coprime" in tree:
            require_keys(tree, "coprime", "cases", of="a case")
            require(len(tree["cases"]) == 2, "a case is missing")
            for row, subtree in zip(self.coprime(*tree["coprime"]), tree["cases"], strict=True):
                self.check(subtree, cost, value, [*rows, row])
            return
        require_leaf(tree, cost, value, rows)

    def coprime(self, i: int, j: int) -> list[Inequality]:
        """Two factors without a common root do not both tend to 0: one of them is of order 0."""
        require(all(type(k) is int and k in range(len(self.factors)) for k in (i, j)), "no such factor")
        require(self.factors[i].gcd(self.factors[j]).degree() == 0, "two factors have a common root")
        at = [self.checker.size + k for k in (i, j)]
        return [(tuple(fmpq(-1 if n == k else 0) for n in range(self.width)), fmpq(0)) for k in at]

    def keys(self, terms: Terms) -> list[tuple[Exponents, bool]]:
        """(exponents of the variables and factors, sign of the unit), without multiples of others."""
        found = []
        self.checker.work.spend(len(terms) * (len(self.factors) + len(terms)), 0)
        for m, c in terms.items():
            powers = []
            for q in self.factors:
                powers.append(0)
                while c % q == 0:
                    powers[-1], c = powers[-1] + 1, c // q
            require(_roots(c, self.checker.work) == 0, "a coefficient has a root that no factor has")
            found.append(((*m, *powers), c(fmpq(0)) > 0))
        return [k for k in found if not any(j is not k and divides(j[0], k[0]) for j in found)]

    def alternatives(self, terms: Terms, shifts: Sequence[Exponents]) -> list[list[Inequality]]:
        """All terms of order >= 1 + min_g w.g, or two of them, which can have opposite signs, tie at the lowest."""
        keys = self.keys(terms)
        self.checker.work.spend(len(keys) ** 2 * (len(keys) + len(shifts)) * self.width, 0)
        padded = [(*g, *[0] * (self.width - len(g))) for g in shifts]
        cases = []
        for g in padded:
            lowest = [at_least(f, g) for f in padded if f != g]
            cases.append([*lowest, *(at_least(m, g, 1) for m, _ in keys)])
        for i, (m, sign) in enumerate(keys):
            for n, other in keys[:i]:
                if sign != other or any((p - q) % 2 for p, q in zip(m, n, strict=True)):
                    tie = [at_least(m, n), *(at_least(k, m) for l, (k, _) in enumerate(keys) if l != i)]
                    cases.append([*tie, *(at_least(g, m, -1) for g in padded)])
        return cases


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    found = ", ".join(f"{title}: {r}" for title, r in certificate["orders"].items())
    return (
        f"contact orders at most ({found}), |offset|^r = O(L2 distance), for a cell of two atoms, "
        f"{in_words(certificate['model'])}"
    )
