"""Writes certificates of bounds that theorems give: what each theorem assumes, proved at points (theory.md 2.10).

The rules are the checker's own (`bounds.bound_checker`); here is the search for points at which functions are
independent, and for the levels of squares and means.

Example: ``bound_certificate(order_setting("activation", source="relu"))["orders"]`` has the order 2 of beta1.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement as pairs_of
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from temperance.theory.bounds.bound_checker import FORMAT, Cell, check, given, statement
from temperance.theory.bounds.exact_checker import FORMAT as EXACT
from temperance.theory.bounds.exact_checker import WEIGHT, Mixture
from temperance.theory.bounds.exact_checker import check as check_exact
from temperance.theory.bounds.exact_checker import statement as exact_statement
from temperance.theory.bounds.functions import Function
from temperance.theory.checker.moment_checker import FORMAT as MOMENTS
from temperance.theory.checker.rejected import Rejected, objection
from temperance.theory.contact.curve_models import log_weight, text
from temperance.theory.contact.exact_truths import moving
from temperance.theory.models.spec import covariates
from temperance.theory.models.weights import own_parameters
from temperance.theory.orders.moment_bounds import assumed as assumed_by_moments
from temperance.theory.orders.split_cell import is_linear
from temperance.theory.settings.truth import Setting

_ROWS, _SEED, _BITS = 3, 1, 256
_LEAST_GAIN = fmpq(1, 50)


def model_of(setting: Setting) -> dict[str, Any]:
    """The model as certificates of bounds have it."""
    spec, held = setting.spec, {*setting.held}
    return {
        "covariates": [v.name for v in covariates(spec.dim)],
        "log_weight": text(log_weight(spec)),
        "mean": text(setting.mean),
        "own": [p.name for p in own_parameters(spec) if p not in held],
        "expert": [*(p.name for p in setting.expert[:-1]), "nu"],
        "shared": [p.name for p in spec.gate.shared if p not in held],
        "held": [p.name for p in (*own_parameters(spec), *spec.gate.shared) if p in held],
        "weighted": setting.weighted,
    }


@lru_cache(maxsize=64)
def bound_certificate(setting: Setting) -> dict[str, Any] | None:
    """A certificate of the bounds of a cell that the checker accepts; None where no theorem applies."""
    model = model_of(setting)
    gate = (*model["own"], *model["shared"], *model["held"])
    cells = [{p.name: text(v) for p, v in setting.truth.point(i).items() if p.name in gate} for i in (0, 1)]
    slopes = {p.name: text(setting.point[p]) for p in setting.expert[:-1]}
    issued = {
        "format": FORMAT,
        "model": model,
        "split": "every" if setting.every else "one",
        "atoms": setting.size,
        "cells": cells,
        "expert": None if is_linear(setting) else slopes,
    }
    try:
        search = _Search(issued)
        search.run()
    except Rejected:
        return None
    issued |= {"steps": search.steps, "orders": {title: str(r) for title, r in search.known.items()}}
    issued |= {"statement": statement(issued)}
    return issued if search.known and objection(check, issued) is None else None


class _Search(Cell):
    """Takes every theorem that applies. steps: those that told something."""

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        super().__init__(certificate)
        self.steps: list[dict[str, Any]] = []
        rng, dim = random.Random(_SEED), len(self.x)
        self.points = [[f"{rng.randrange(-199, 200)}/100" for _ in range(dim)] for _ in range(200)]

    def attempt(self, theorem: str, names: Sequence[str] = (), level: fmpq | None = None, points: Any = ()) -> bool:
        """Whether a theorem applies, and tells something new."""
        before = dict(self.known)
        made = None if level is None else str(level)
        step = {"theorem": theorem, "names": [*names], "level": made, "points": [*points]}
        try:
            self.take(step)
        except (Rejected, KeyError, ValueError, AttributeError, TypeError):  # no hypothesis of the theorem
            self.known = before
            return False
        if self.known == before:
            return False
        self.steps.append(step)
        return True

    def independent(self, functions: Sequence[Function], step: Any) -> None:
        """Find points at which the functions have a regular matrix of values."""
        size = len(functions)
        drawn = self.points[: max(_ROWS * size, 12)]
        step["points"] = _pivots(lambda point: self.functions.row(functions, point), drawn, size)
        super().independent(functions, step)

    def run(self) -> None:
        """Take the theorems, those first that others need."""
        self.attempt("experts")
        if not self.attempt("kinks"):
            self.attempt("gate")
        if not self.functions.is_linear:
            if not self.attempt("curved"):
                self.attempt("curved pair")
            any(self.attempt("exponential", [b]) for b in self.slopes)
        else:
            self._squares()
            self.attempt("origin")
            self.attempt("pair")
            any(self.attempt("doubled", points=[point]) for point in self.points[:20])
            self._means()
        self.attempt("offsets")

    def _squares(self) -> None:
        by_degree = sorted((p for p, n in self.degrees.items() if n), key=lambda p: -(self.degrees[p] or 0))
        again = True
        while again:
            open_ = [p for p in by_degree if self.known.get(p, fmpq(1)) > 2]
            groups = [open_, *([p] for p in open_ if len(open_) > 1)]
            again = any(self._level("squares", group, self._products(group)) for group in groups if group)

    def _products(self, group: Sequence[str]) -> set[fmpq]:
        """The powers of the distance that products of offsets have."""
        known = {p: 1 / self.known[p] for p in (*self.slopes, "nu")}
        few = {p: max(w, fmpq(1, 4 if self.size == 3 else 2)) for p, w in known.items()}
        gate = [fmpq(0), *(1 / self.known[p] for p in self.own if p in self.known)]
        found = set()
        for some in (known, few):
            pairs = [some["nu"], *(some[p] + some[q] for p, q in pairs_of(self.slopes, 2))]
            found |= {w + v for w in pairs for v in gate}
        return {e for e in found if all(2 / e < self.known[p] - _LEAST_GAIN for p in group)}

    def _means(self) -> None:
        if not all(p in self.known for p in (*self.own, *self.slopes)):
            return
        gate = [1 / self.known[p] for p in self.own] or [fmpq(1)]
        levels = {2 * min(gate) + min(1 / self.known[q] for q in self.slopes)}
        levels |= {w + 1 / self.known[q] for w in gate for q in self.slopes}
        for p in self.slopes:
            self._level("means", [p], {e for e in levels if 1 / e < self.known.get(f"mean {p}", fmpq(10**6))})

    def _level(self, theorem: str, names: Sequence[str], levels: Iterable[fmpq]) -> bool:
        """Whether a theorem applies at one of the levels; the largest one is taken."""
        chosen = sorted({min(e, fmpq(1)) for e in levels} | ({fmpq(1)} if levels else set()), reverse=True)
        return any(self.attempt(theorem, names, e) for e in chosen)


def _pivots(row: Callable[[list[str]], list[arb]], drawn: Iterable[list[str]], size: int) -> list[list[str]]:
    """As many points as columns, with a regular matrix: elimination pivots on them. Raises Rejected where none are."""
    rows = []
    with ctx.workprec(_BITS):
        for point in drawn:
            try:
                rows.append((row(point), point))
            except Rejected:  # a kink, or a pole
                continue
        chosen = []
        for j in range(size):
            at = max(range(len(rows)), key=lambda i: float(abs(rows[i][0][j]).mid()), default=None)
            if at is None or rows[at][0][j].contains(0):
                raise Rejected("functions seem to be dependent")
            pivot, point = rows.pop(at)
            rows = [(_reduced(other, pivot, j), place) for other, place in rows]
            chosen.append(point)
    return chosen


def _reduced(row: Sequence[arb], pivot: Sequence[arb], j: int) -> list[arb]:
    factor = row[j] / pivot[j]
    return [p - factor * q for p, q in zip(row, pivot, strict=True)]


def exact_certificate(setting: Setting, titles: Sequence[str]) -> dict[str, Any] | None:
    """A certificate that the orders of an exact-specified model are 1; None where the checker does not accept it.

    setting: of cells of one, what flows can move held. titles: of the parameters of which it is stated.
    """
    truth, spec = setting.truth, setting.spec
    model = model_of(setting)
    gate = (*model["own"], *model["shared"], *model["held"])
    atoms, weights = [], []
    for i in range(truth.k):
        point = truth.point(i)
        atoms.append({p.name: text(v) for p, v in point.items() if p.name in (*gate, *model["expert"])})
        offset = sp.S.Zero if spec.gate.offset is None else spec.gate.offset
        weights.append(text(sp.simplify((spec.gate.log_weight - log_weight(spec) + offset).subs(point))))
    names = {(i, p.name) for i, p in moving(truth)}
    own = (*model["own"], *model["expert"])
    fixed = [[i, p] for i in range(truth.k) for p in own if (i, p) not in names]
    fixed += [[truth.k - 1, WEIGHT]] if setting.weighted else []
    issued = {
        "format": EXACT,
        "model": model,
        "atoms": atoms,
        "weights": weights,
        "fixed": fixed,
    }
    try:
        mixture = Mixture(issued)
        rng, size = random.Random(_SEED), len(mixture.columns)
        drawn = [
            [*(f"{rng.randrange(-199, 200)}/100" for _ in model["covariates"]), f"{rng.randrange(-600, 601)}/100"]
            for _ in range(_ROWS * size)
        ]
        issued["points"] = _pivots(mixture.row, drawn, size)
    except Rejected:
        return None
    issued |= {"orders": dict.fromkeys(titles, "1")}
    issued |= {"statement": exact_statement(issued)}
    return issued if objection(check_exact, issued) is None else None


def assumed(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """The theorems that a certificate of bounds takes for granted."""
    if certificate["format"] == FORMAT:
        return given(certificate["steps"])
    return assumed_by_moments(certificate) if certificate["format"] == MOMENTS else ()
