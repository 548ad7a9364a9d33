"""Independent checker for certificates of upper bounds of contact orders that theorems give (docs/theory.md 2.7, 2.10).

A certificate states: |offset|^r = O(L2 distance) for all mixtures near the true one whose split atom is fitted by m
atoms with shares bounded away from 0. Another atom is a singleton whose gate is held ("one"), or split into m as well
("every"). It names the theorems that it takes for granted; what they assume is proved here. It holds

- "model": log weight and mean as expressions (a weight with kinks as where(u < v, .., ..)); the names of x, of the
  parameters of each atom, of shared ones and of those that are held; whether atoms have weights of their own;
- "split", "atoms": m; "cells": the true values of the gate's parameters at both atoms; "expert": null for any true
  values of a mean that is linear in its parameters, else these values;
- "steps": a theorem each; "names" of the parameters that it is asked of, the "level" e of squares and means, null for
  others; "points" at which the functions that it needs to be independent have a regular matrix of values;
- "orders": r for each parameter and "mean PARAMETER".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations_with_replacement as pairs_of
from typing import Any

import sympy as sp
from flint import fmpq

from temperance.theory.bounds.functions import Function, Functions, degree, support, times, vanishes
from temperance.theory.bounds.moved_kinks import shows_by_kinks
from temperance.theory.checker.rejected import proving, rational, require, require_keys

FORMAT = "temperance-bounds/1"
_KEYS = ("format", "statement", "model", "split", "atoms", "cells", "expert", "steps", "orders")
_LEVELS = ("means", "squares")
_MOST_ATOMS, _FEW = 8, {2: 2, 3: 4}  # m -> r with |db|^r = O(distance), unless a slope has the order 2

Found = dict[str, fmpq]


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        cell = Cell(certificate)
        for step in certificate["steps"]:
            cell.take(step)
        require(isinstance(certificate["orders"], dict) and certificate["orders"], "no order is stated")
        for title, text in certificate["orders"].items():
            require(title in cell.known and rational(text) >= cell.known[title], f"the order of {title} is not shown")
        proved = statement(certificate)
        require(certificate["statement"] == proved, "the statement is not that of the orders")
        return proved


class Cell:
    """The orders of a cell that are proved so far, by title; and the theorems that bound more of them."""

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.size, split = certificate["atoms"], certificate["split"]
        require(type(self.size) is int and 2 <= self.size <= _MOST_ATOMS, "the number of atoms")
        require(split in ("one", "every"), "the split")
        self.every = split == "every"
        self.functions = Functions(certificate["model"], certificate["cells"], certificate["expert"], every=self.every)
        functions = self.functions
        require(functions.weighted or self.every, "atoms without weights, of which one is split")
        self.own, self.shared, self.slopes = functions.own, functions.shared, functions.slopes
        self.x = [functions.symbols[name] for name in functions.covariates]
        self.degrees = {p: degree(f, self.x) for p, f in self.slopes.items()}
        self.known: Found = {}

    def take(self, step: Any) -> None:
        """Check that a theorem applies, and note its bounds."""
        require_keys(step, "theorem", "names", "level", "points", of="a step")
        require(step["theorem"] in THEOREMS, "a theorem that is not known")
        require(step["level"] is None or step["theorem"] in _LEVELS, "a level of a theorem that has none")
        rule = THEOREMS[step["theorem"]][0]
        for title, r in rule(self, step).items():
            self.known[title] = min(r, self.known.get(title, r))

    def independent(self, functions: Sequence[Function], step: Any) -> None:
        """That functions are independent, at the points of a step."""
        self.functions.require_independent(functions, step["points"])

    def determined(self, targets: Sequence[Function], others: Sequence[Function], step: Any) -> None:
        """That the targets are independent, also of the others."""
        found = self.functions.determined(targets, others)
        require(found is not None, "a target is not independent")
        assert found is not None
        self.independent(found, step)

    # -- what is before the offsets of the gate

    def gate_slopes(self, *, seen: bool = True) -> dict[str, list[Function]]:
        """L_p of each own parameter, of both atoms where both are split; seen: without those that are 0."""
        atoms = (0, 1) if self.every else (0,)
        found = {p: [self.functions.gate_slope(p, atom) for atom in atoms] for p in self.own}
        return {p: [f for f in fs if not (seen and vanishes(f))] for p, fs in found.items()}

    def gate_known(self) -> dict[str, fmpq]:
        """The orders of the own parameters, where all are known and shared ones have the order 1."""
        shared = all(self.known.get(p) == 1 for p in self.shared)
        require(shared and all(p in self.known for p in self.own), "the gate has no bounds")
        return {p: self.known[p] for p in self.own}

    def weights(self) -> list[tuple[Function, fmpq]]:
        """L_p of the split atom with 1/r, for every own parameter."""
        return [(self.functions.gate_slope(p), 1 / r) for p, r in self.gate_known().items()]

    def is_plain(self) -> bool:
        """Whether the log weight is a polynomial in x whose value at 0 does not depend on the own parameters."""
        if self.functions.count > 1:
            return False
        (score,) = self.functions.scores
        own = {self.functions.symbols[p] for p in self.own}
        return bool(score.is_polynomial(*self.x) and not score.subs(dict.fromkeys(self.x, 0)).free_symbols & own)

    def require_linear(self) -> None:
        """That the mean is linear in its parameters, each before a polynomial."""
        require(self.functions.is_linear and None not in self.degrees.values(), "the mean is not linear")

    def intercept(self) -> str:
        """The parameter of a linear mean that stands before 1, all others being before what is 0 at x = 0."""
        self.require_linear()
        (b,) = [p for p, n in self.degrees.items() if n == 0] or [""]
        rest = [f[0].subs(dict.fromkeys(self.x, 0)) for p, f in self.slopes.items() if p != b]
        require(b and self.slopes[b] == self.functions.one and not any(rest), "the mean has no intercept")
        return b


def _experts(cell: Cell, step: Any) -> Found:
    """|d|^(2m) for the parameters of the mean, |dnu|^m."""
    cell.independent([*cell.slopes.values()], step)
    return {p: fmpq(2 * cell.size) for p in cell.slopes} | {"nu": fmpq(cell.size)}


def _gate(cell: Cell, step: Any) -> Found:
    """Own parameters have the order 2, shared ones 1, and weighted means whose L_p is not 0."""
    functions, slopes = cell.functions, cell.gate_slopes()
    atoms = (0, 1) if cell.every else (0,)
    bends = [functions.gate_bend(p, q, atom) for atom in atoms for p, q in pairs_of(cell.own, 2)]
    shared = [functions.shared_slope(p) for p in cell.shared]
    cell.independent([functions.one, *(f for fs in slopes.values() for f in fs), *shared, *bends], step)
    return _of_gate(cell, fmpq(2), slopes)


def _of_gate(cell: Cell, own: fmpq, slopes: Mapping[str, Sequence[Function]]) -> Found:
    means = {f"mean {p}": fmpq(1) for p, fs in slopes.items() if len(fs) == 1 + cell.every}
    return dict.fromkeys(cell.own, own) | dict.fromkeys(cell.shared, fmpq(1)) | means


def _kinks(cell: Cell, step: Any) -> Found:
    """An own parameter that moves a kink has the order 3/2, d = 1."""
    slopes = cell.gate_slopes(seen=False)
    require(len(cell.own) == len(cell.x) == 1, "kinks are moved by one parameter, in dimension 1")
    require(shows_by_kinks(cell.functions), "no kink is shown to move inside of [-2, 2]")
    shared = [cell.functions.shared_slope(p) for p in cell.shared]
    cell.independent([cell.functions.one, *(f for fs in slopes.values() for f in fs), *shared], step)
    return _of_gate(cell, fmpq(3, 2), slopes)


def _pair(cell: Cell, step: Any) -> Found:
    """Two atoms, any gate: weighted means of the mean's parameters have the order 1."""
    cell.require_linear()
    require(cell.size == 2, "the theorem is about two atoms")
    gate = [cell.functions.gate_slope(p) for p in cell.own]
    cell.independent([times(f, g) for f in (cell.functions.one, *gate) for g in cell.slopes.values()], step)
    return {f"mean {p}": fmpq(1) for p in cell.slopes}


def _means(cell: Cell, step: Any) -> Found:
    """sum_l p_l d eta_l = O(V^e) by the equation r = 1."""
    cell.require_linear()
    (p,), e, weights = step["names"], rational(step["level"]), cell.weights()
    largest = max(cell.known[q] for q in cell.slopes)
    require(0 < e <= min(fmpq(1), 2 * min(w for _, w in weights) + 1 / largest), "the level")
    others = [f for q, f in cell.slopes.items() if q != p]
    others += [times(f, g) for f, w in weights for q, g in cell.slopes.items() if w + 1 / cell.known[q] < e]
    cell.determined([cell.slopes[p]], others, step)
    return {f"mean {p}": 1 / e}


def _squares(cell: Cell, step: Any) -> Found:
    """sum_l p_l |d eta_l|^2 = O(V^e) for the parameters named, by the equation r = 2."""
    cell.require_linear()
    group, e, weights = {*step["names"]}, rational(step["level"]), cell.weights()
    require(group and all(cell.degrees.get(p) for p in group), "squares of what is no slope")
    require(0 < e <= 1 and all(w >= fmpq(1, 2) for _, w in weights), "the level, or the orders of the gate")
    known = {p: cell.known[p] for p in (*cell.slopes, "nu")}
    open_ = [p for p, n in cell.degrees.items() if n and known[p] > 2]
    if cell.size in _FEW and group == {*open_} and all(cell.degrees[p] == 1 for p in open_):
        b = cell.intercept()
        known |= {b: min(known[b], fmpq(_FEW[cell.size])), "nu": min(known["nu"], fmpq(2))}
    plain = [(cell.functions.one, 1 / known["nu"], set[str]())]
    plain += [(times(cell.slopes[p], cell.slopes[q]), 1 / known[p] + 1 / known[q], {p, q}) for p, q in _pairs(cell)]
    targets = [f for f, _, names in plain if names and names <= group]
    others = [(f, w) for f, w, names in plain if not names or not names <= group]
    others += [(times(g, f), v + w) for g, v in weights for f, w, names in plain if not names & group]
    cell.determined(targets, [f for f, w in others if w < e], step)
    return dict.fromkeys(group, 2 / e)


def _pairs(cell: Cell) -> list[tuple[str, str]]:
    return [*pairs_of(cell.slopes, 2)]


def _offsets(cell: Cell, step: Any) -> Found:
    """A weighted mean has at most the order of the offsets."""
    return {f"mean {p}": cell.known[p] for p in (*cell.own, *cell.slopes, "nu") if p in cell.known}


def _origin(cell: Cell, step: Any) -> Found:
    """The mean of b has the order 1, where atoms of a cell weigh at x = 0 what their shares say."""
    b = cell.intercept()
    require(cell.is_plain(), "the log weight is no polynomial, or its value at x = 0 moves")
    return {f"mean {b}": fmpq(1)}


def _doubled(cell: Cell, step: Any) -> Found:
    """Slopes where every cell is split into two; the log weight near a point is of a degree at most 2 in x."""
    cell.intercept()
    top, (point,) = max(n or 0 for n in cell.degrees.values()), step["points"]
    score = cell.functions.scores[cell.functions.places_at(point)[0]]
    quadratic = score.is_polynomial(*cell.x) and sp.Poly(score, *cell.x).total_degree() <= 2
    require(cell.every and cell.size == 2 and top in (1, 2) and quadratic, "the theorem is about degrees up to 2")
    found = {p: fmpq(2) if n == top else fmpq(9, 4) for p, n in cell.degrees.items() if n}
    if top == 2 and cell.is_plain() and degree((score,), cell.x) == 1:
        found = dict.fromkeys(found, fmpq(2)) | {f"mean {p}": fmpq(3, 2) for p, n in cell.degrees.items() if n == top}
    return found


def _curved(cell: Cell, step: Any) -> Found:
    """A mean that is not linear, behind a gate with the order 2: the orders are 2, of weighted means 1."""
    require(max(cell.gate_known().values(), default=fmpq(1)) <= 2, "the gate has no order 2")
    cell.independent([cell.functions.one, *_products(cell)], step)
    names = (*cell.slopes, "nu")
    return dict.fromkeys(names, fmpq(2)) | {f"mean {p}": fmpq(1) for p in names}


def _curved_pair(cell: Cell, step: Any) -> Found:
    """Two atoms with a mean that is not linear, any gate: the orders are 2, of the weighted mean of nu 1."""
    require(cell.size == 2, "the theorem is about two atoms")
    gate = [cell.functions.gate_slope(p) for p in cell.own]
    cell.independent([cell.functions.one, *gate, *_products(cell)], step)
    return dict.fromkeys((*cell.slopes, "nu"), fmpq(2)) | {"mean nu": fmpq(1)}


def _products(cell: Cell) -> list[Function]:
    return [times(cell.slopes[p], cell.slopes[q]) for p, q in _pairs(cell)]


def _exponential(cell: Cell, step: Any) -> Found:
    """Two atoms whose log weights are linear in x, with a mean h(a.x + b): of means b has the order 1, a 3/2."""
    (b,) = step["names"]
    require(cell.size == 2 and cell.is_plain() and cell.known[b] <= 2, "the theorem is about two atoms")
    require(degree(tuple(cell.functions.scores), cell.x) == 1, "the log weight is not linear in x")
    ratios = [sp.simplify(f[0] / cell.slopes[b][0]) for p, f in cell.slopes.items() if p != b]
    require(sorted(map(str, ratios)) == sorted(map(str, cell.x)), "the mean is no function of a.x + b")
    return {f"mean {p}": fmpq(1) if p == b else fmpq(3, 2) for p in cell.slopes}


THEOREMS: Mapping[str, tuple[Callable[[Cell, Any], Found], str]] = {
    "experts": (_experts, "on experts (theory.md 2.7)"),
    "gate": (_gate, "on the gate in a cell (2.10)"),
    "kinks": (_kinks, "on kinks that move (2.10)"),
    "pair": (_pair, "on means of two atoms (2.10)"),
    "means": (_means, "on means of linear experts (2.10)"),
    "squares": (_squares, "on squares of linear experts (2.10)"),
    "offsets": (_offsets, ""),
    "origin": (_origin, "at x = 0 (2.10)"),
    "doubled": (_doubled, "on slopes with every cell split into two (2.10)"),
    "curved": (_curved, "on means that are not linear (2.10)"),
    "curved pair": (_curved_pair, "on two atoms with means that are not linear (2.10)"),
    "exponential": (_exponential, "on two atoms with means h(a.x + b) (2.10)"),
}
"""Name of a theorem -> the rule that checks what it assumes, and what statements call it."""


def given(steps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The theorems that steps take for granted."""
    return tuple(dict.fromkeys(filter(None, (THEOREMS[step["theorem"]][1] for step in steps))))


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    model, m = certificate["model"], certificate["atoms"]
    found = ", ".join(f"{title}: {r}" for title, r in certificate["orders"].items())
    own, slopes, shared, held = (", ".join(model[key]) for key in ("own", "expert", "shared", "held"))
    first, other = (", ".join(f"{p} = {v}" for p, v in cell.items()) for cell in certificate["cells"])
    expert = certificate["expert"]
    where = ", ".join(f"{p} = {v}" for p, v in expert.items()) if expert else f"every {', '.join(model['expert'][:-1])}"
    cells = {
        "one": f"a cell of {m} atoms; another cell a singleton with another expert, its gate held",
        "every": f"the first of two cells of {m} atoms, with different experts",
    }[certificate["split"]]
    return (
        f"contact orders at most ({found}), |offset|^r = O(L2 distance), for {cells}; each atom with its own "
        f"{', '.join(filter(None, [own, slopes]))}{f', all with one {shared}' * bool(shared)}"
        f"{f', {held} held' * bool(held)}, {'' if model['weighted'] else 'without weights of their own, '}"
        f"shares bounded away from 0; log weight {model['log_weight']}, {f'at {first}' * bool(first)}"
        f"{f' and, of the other, {other}' * bool(other)}; Gaussian experts, mean {model['mean']} at {where} and "
        f"nu > 0; {support(model)}; given the theorems {', '.join(given(certificate['steps']))}"
    )
