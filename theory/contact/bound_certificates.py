"""Finds certificates of bounds that theorems give: what each theorem assumes, proved at points (theory 5).

The rules are the kernel's own (`kernel.theorems`, `kernel.derivatives`); here is the search for points at which
functions are independent, and for the levels of squares and means.

Example: ``bound_certificate(order_setting("activation", source="relu"))[0]["claims"]`` has the order 2 of beta1.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement as pairs_of
from typing import Any

from flint import arb, ctx, fmpq

from temperance.theory.contact.places import exact_place, place
from temperance.theory.expressions.balls import pivot_rows
from temperance.theory.kernel.check import Issued, prove
from temperance.theory.kernel.derivatives import Mixture
from temperance.theory.kernel.place import Case, case_of, place_of
from temperance.theory.kernel.reader import Rejected, proving, require
from temperance.theory.kernel.theorems import THEOREMS, Cell, Function
from temperance.theory.models.order import Bounds, Quantity, Reason, theorem
from temperance.theory.models.truth import Setting

_ROWS, _SEED, _BITS = 3, 1, 256
_OFFSETS = "a weighted mean has at most the order of the offsets"
_LEAST_GAIN = fmpq(1, 50)  # in an order: smaller ones may follow each other without end


@lru_cache(maxsize=64)
def bound_certificate(setting: Setting) -> Issued | None:
    """A certificate of the bounds of a cell that the kernel accepts; None where no theorem applies."""
    try:
        return prove(place(setting), {"kind": "theorems", "steps": _searched(setting).steps})
    except Rejected:
        return None


def stops_early(setting: Setting) -> bool:
    """Whether the search left bounds that it could improve by less than `_LEAST_GAIN`."""
    return bound_certificate(setting) is not None and _searched(setting).stops_early


@lru_cache(maxsize=64)
def _searched(setting: Setting) -> _Search:
    search = _Search(_case(place(setting)))
    search.run()
    return search


def searched_orders(setting: Setting, gate: Mapping[str, Fraction]) -> Bounds:
    """What the theorems say of the expert where the gate has these orders, by whatever proof; {} where none applies."""
    gate_bounds = {name: fmpq(r.numerator, r.denominator) for name, r in gate.items()}
    try:
        search = _searched(setting)
        if any(search.orders.get(name, r + 1) > r for name, r in gate_bounds.items()):
            search = _Search(_case(place(setting)))
            search.orders = gate_bounds
            search.run(gate=False)
    except Rejected:
        return {}
    titles = {str(of): of for p in setting.expert for of in (Quantity(p.name), Quantity(p.name, True))}
    return {of: (Fraction(str(search.orders[t])), search.reasons[t]) for t, of in titles.items() if t in search.reasons}


def _case(place_data: Any) -> Case:
    with proving():
        return case_of(place_of(place_data))


class _Search(Cell):
    """Takes every theorem that applies.

    steps: those that help. reasons: the theorem that bounds each title. stops_early: whether small gains are left.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.stops_early = False
        self.steps: list[dict[str, Any]] = []
        self.reasons: dict[str, Reason] = {}
        rng, dim = random.Random(_SEED), len(self.x)
        self.points = [[f"{rng.randrange(-199, 200)}/100" for _ in range(dim)] for _ in range(200)]

    def attempt(self, name: str, names: Sequence[str] = (), level: fmpq | None = None, points: Any = ()) -> bool:
        """Whether a theorem applies, and tells something new."""
        before = dict(self.orders)
        level_text = None if level is None else str(level)
        step = {"theorem": name, "names": [*names], "level": level_text, "points": [*points]}
        try:
            self.take(step)
        except Rejected:  # a hypothesis of the theorem is not met
            self.orders = before
            return False
        if self.orders == before:
            return False
        self.steps.append(step)
        reason = theorem(f"the theorem {THEOREMS[name][1]}" if THEOREMS[name][1] else _OFFSETS)
        self.reasons |= {title: reason for title, r in self.orders.items() if r != before.get(title)}
        return True

    def independent(self, functions: Sequence[Function], step: Any) -> None:
        """Find points at which the functions have a regular matrix of values."""
        size = len(functions)
        drawn = self.points[: max(_ROWS * size, 12)]
        step["points"] = _pivots(lambda point: self.row(functions, point), drawn, size)
        super().independent(functions, step)

    def run(self, *, gate: bool = True) -> None:
        """Take the theorems, those first that others need. gate: also those on the gate."""
        self.attempt("experts")
        if gate and not self.attempt("kinks"):
            self.attempt("gate")
        if not self.is_linear:
            any(map(self.attempt, ("curved", "unlike", "curved pair")))
            any(self.attempt("exponential", [b]) for b in self.slopes)
        else:
            self.attempt("unlike")
            self._squares()
            self.attempt("origin")
            self.attempt("pair")
            any(self.attempt("doubled", points=[point]) for point in self.points[:20])
            self._means()
        self.attempt("offsets")

    def _squares(self) -> None:
        by_degree = sorted((p for p, n in self.degrees.items() if n != 0), key=lambda p: -(self.degrees[p] or 0))
        again = True
        while again:
            open_ = [p for p in by_degree if self.orders.get(p, fmpq(1)) > 2]
            groups = [open_, *([p] for p in open_ if len(open_) > 1)]
            again = any(self._level("squares", group, self._products(group)) for group in groups if group)

    def _products(self, group: Sequence[str]) -> set[fmpq]:
        """The powers of the distance that products of offsets have."""
        exponents = {p: 1 / self.orders[p] for p in (*self.slopes, "nu")}
        few = {p: max(w, fmpq(1, 4 if self.size == 3 else 2)) for p, w in exponents.items()}
        gate = [fmpq(0), *(1 / self.orders[p] for p in self.own if p in self.orders)]
        levels = set()
        for some in (exponents, few):
            pairs = [some["nu"], *(some[p] + some[q] for p, q in pairs_of(self.slopes, 2))]
            levels |= {w + v for w in pairs for v in gate}
        better = {e for e in levels if all(2 / e < self.orders[p] for p in group)}
        gaining = {e for e in better if all(2 / e < self.orders[p] - _LEAST_GAIN for p in group)}
        self.stops_early |= gaining < better
        return gaining

    def _means(self) -> None:
        if not all(p in self.orders for p in (*self.own, *self.slopes)):
            return
        gate = [1 / self.orders[p] for p in self.own] or [fmpq(1)]
        levels = {2 * min(gate) + min(1 / self.orders[q] for q in self.slopes)}
        levels |= {w + 1 / self.orders[q] for w in gate for q in self.slopes}
        for p in self.slopes:
            self._level("means", [p], {e for e in levels if 1 / e < self.orders.get(f"mean {p}", fmpq(10**6))})

    def _level(self, name: str, names: Sequence[str], levels: Iterable[fmpq]) -> bool:
        """Whether a theorem applies at one of the levels; the largest one is taken."""
        chosen = sorted({min(e, fmpq(1)) for e in levels} | ({fmpq(1)} if levels else set()), reverse=True)
        return any(self.attempt(name, names, e) for e in chosen)


def _pivots(row: Callable[[list[str]], list[arb]], drawn: Iterable[list[str]], size: int) -> list[list[str]]:
    """As many points as columns, with a regular matrix: elimination pivots on them. Raises Rejected where none are."""
    rows, points = [], []
    with ctx.workprec(_BITS):
        for point in drawn:
            with suppress(Rejected):  # a kink, or a pole
                rows.append(row(point))
                points.append(point)
        chosen = pivot_rows(rows)
    require(len(chosen) == size, "functions seem to be dependent")
    return [points[i] for i in chosen]


def exact_certificate(setting: Setting) -> dict[str, Any] | None:
    """A certificate that the orders of an exact-specified model are 1; None where the kernel does not accept it.

    setting: of cells of one, what flows can move held.
    """
    try:
        mixture, model = Mixture(_case(exact_place(setting))), exact_place(setting)["model"]
        rng, size = random.Random(_SEED), len(mixture.columns)
        drawn = [
            [*(f"{rng.randrange(-199, 200)}/100" for _ in model["covariates"]), f"{rng.randrange(-600, 601)}/100"]
            for _ in range(_ROWS * size)
        ]
        points = _pivots(mixture.row, drawn, size)
        return prove(exact_place(setting), {"kind": "derivatives", "points": points})[0]
    except Rejected:
        return None
