"""Proves upper bounds of contact orders from reduced equations, by branch and bound over exact linear programs.

r is an upper bound of the order of h^m (|h^m|^r = O(distance)) if w.m >= 1/r in every alternative of `tropical`.
Let N be the degree to which the equations are known. If every variable gets a bound below N + 1, only curves with all
w_i >= 1/(N + 1) matter: a curve with a smaller w_i, slowed down until its smallest order is 1/(N + 1), would contradict
these bounds. On the curves that matter, terms of degree N + 1 are of order >= 1.

Initial forms alone can leave a bound too large (y - x^2 - x^3 and x (y - x^2) leave infinity, where 4 is true), so
combinations of the equations join them where the search gets stuck.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flint import fmpq

from temperance.theory.orders.dual_simplex import Row, Solution, minimise
from temperance.theory.orders.split_cell import Exponents, Terms
from temperance.theory.orders.tropical import Element, Factors, Key, alternatives, cleaned, is_violated, refutations

_MOST_ROUNDS = 12


@dataclass
class Case:
    """A case: the linear program under its inequalities, and the cases below it.

    split: the element whose alternatives these are, or two factors without common root, one of which has order 0.
    """

    solution: Solution
    split: int | tuple[int, int] | None = None
    below: Sequence[Case] = ()


@dataclass(frozen=True)
class Monomial:
    """h^m is of order >= 1: all terms of an element are multiples of it, and its coefficient is a unit."""

    exponents: Exponents
    element: int


@dataclass(frozen=True)
class Bound:
    """w.target >= value in all cases, with the cases.

    root: the case of all curves. The linear programs have the rows of `System.base` at the time, then those of the
    alternatives from the root on. width: number of unknown orders at the time.
    """

    target: Exponents
    value: fmpq
    root: Case
    width: int


Step = Monomial | Bound | Element


@dataclass
class System:
    """Elements in some variables, known up to a degree, and what was derived from them.

    steps: monomials and bounds that were proved, and combinations that became elements, in this order. Multiples of a
    monomial of order >= 1 are dropped from the equations as soon as it is known to be one.
    """

    size: int
    degree: int
    elements: list[Element]
    factors: Factors = field(default_factory=Factors)
    steps: list[Step] = field(default_factory=list)
    known: Sequence[tuple[Exponents, fmpq]] = ()

    @staticmethod
    def of(equations: Sequence[Terms], degree: int, known: Sequence[tuple[Exponents, fmpq]] = ()) -> System:
        """The equations, cleaned by their own monomials; known: bounds w.m >= value that a theorem gives."""
        size = len(next(iter(equations[0])))
        elements = [Element(terms, (), ((0,) * size,)) for terms in equations]
        system = System(size, degree, elements, known=known)
        while (found := system._monomial()) is not None:
            system.steps.append(found)
            system._drop(found.exponents)
        return system

    def _monomial(self) -> Monomial | None:
        known = {step.exponents for step in self.steps if isinstance(step, Monomial)}
        for i, element in self._equations():
            keys = self.factors.keys(element.terms)
            if len(keys) == 1 and not any(keys[0].factors) and keys[0].exponents not in known:
                return Monomial(keys[0].exponents, i)
        return None

    def _equations(self) -> list[tuple[int, Element]]:
        return [(i, e) for i, e in enumerate(self.elements) if e.terms and not e.origin]

    def _drop(self, monomial: Exponents) -> None:
        """Drop its multiples from the equations, but for the one that is left with nothing else."""
        for i, element in self._equations():
            terms = cleaned(element.terms, monomial)
            self.elements[i] = replace(element, terms=terms)

    @property
    def width(self) -> int:
        """Number of unknown orders: those of the variables, then those of the factors."""
        return self.size + len(self.factors.found)

    def padded(self, exponents: Sequence[int]) -> Exponents:
        """With zeros for the factors."""
        return (*exponents, *(0,) * (self.width - len(exponents)))

    def keys(self, i: int) -> list[Key]:
        """The terms of an element that can be of the lowest order."""
        return self.factors.keys(self.elements[i].terms)

    def base(self) -> list[Row]:
        """w_i >= 1/(N + 1), w_q >= 0, then what the steps say of single monomials, and theorems."""
        unit = [self.padded(tuple(int(i == j) for j in range(i + 1))) for i in range(self.width)]
        least = [fmpq(1, self.degree + 1)] * self.size + [fmpq(0)] * (self.width - self.size)
        known = list(zip(unit, least, strict=True))
        known += [(s.exponents, fmpq(1)) for s in self.steps if isinstance(s, Monomial)]
        known += [(s.target, s.value) for s in self.steps if isinstance(s, Bound)]
        known += self.known
        return [(tuple(map(fmpq, self.padded(m))), value) for m, value in known]

    def bound(self, target: Exponents, most: int) -> Bound | None:
        """The least w.target over all cases, with combinations of the elements added while they raise it.

        None where the search takes more cases than `most`; it may go faster when other bounds are known.
        """
        bound, at = _Search(self, target).run(most)
        for _ in range(_MOST_ROUNDS):
            usable = [i for i, _ in self._equations()]
            found = next(refutations(self.elements, self.factors, at, usable), None) if at else None
            if found is None:
                break
            self.elements.append(found)
            self.steps.append(found)
            bound, at = _Search(self, target).run(most)
        if bound is not None:
            self.steps.append(bound)
            self._shorten()
        return bound

    def _shorten(self) -> None:
        """Drop from the equations the terms of which the bounds so far show that they are of order >= 1."""
        seen: set[Exponents] = set()
        for i, _ in self._equations():
            for key in self.keys(i):
                if key.exponents in seen:
                    continue
                seen.add(key.exponents)
                cost = [fmpq(n) for n in self.padded(key.exponents)]
                solution = minimise(cost, self.base())
                if solution.value is not None and solution.value >= 1:
                    self.steps.append(Bound(key.exponents, solution.value, Case(solution), self.width))
                    self._drop(key.exponents)


class _Search:
    """Best cases first; among equals the last, so that depth comes before breadth."""

    def __init__(self, system: System, target: Exponents) -> None:
        self.system, self.target = system, target
        self.shifts = {i: e.shifts for i, e in enumerate(system.elements) if e.terms}
        for i in self.shifts:
            system.keys(i)  # every factor is known before exponents are padded
        self.keys = {i: system.keys(i) for i in self.shifts}
        self.cases = {i: alternatives(self.keys[i], shifts) for i, shifts in self.shifts.items()}
        self.cost = [fmpq(n) for n in system.padded(target)]
        self.base = system.base()
        self.count = 0
        self.heap: list[tuple[fmpq, int, Case, list[Row]]] = []

    def run(self, most: int) -> tuple[Bound | None, tuple[fmpq, ...]]:
        """The bound, and the orders at which it is attained."""
        root = self._case(self.base, ())
        while self.heap and self.count < most:
            value, _, case, rows = heapq.heappop(self.heap)
            solution = case.solution
            case.split, alternatives = self._split(solution.point)
            if case.split is None:
                return Bound(self.target, value, root, self.system.width), solution.point
            case.below = [self._case([*rows, *more], solution.basis) for more in alternatives]
        return None, ()

    def _case(self, rows: list[Row], start: Sequence[int]) -> Case:
        case = Case(minimise(self.cost, rows, start))
        if case.solution.value is not None:
            heapq.heappush(self.heap, (case.solution.value, -self.count, case, rows))
        self.count += 1
        return case

    def _split(self, at: Sequence[fmpq]) -> tuple[int | tuple[int, int] | None, Sequence[Sequence[Row]]]:
        """What rules these orders out, and its alternatives; None where nothing does."""
        vanishing = [i for i, w in enumerate(at[self.system.size :]) if w > 0]
        if len(vanishing) > 1:  # two factors tend to 0, which different irreducible polynomials cannot do together
            pair, width = (vanishing[0], vanishing[1]), self.system.width
            no_order = [[fmpq(-(j == self.system.size + i)) for j in range(width)] for i in pair]
            return pair, [[(tuple(row), fmpq(0))] for row in no_order]
        violated = [i for i, keys in self.keys.items() if is_violated(at, keys, self.shifts[i])]
        if not violated:
            return None, ()
        element = min(violated, key=lambda i: len(self.cases[i]))
        return element, self.cases[element]
