"""Tells which certificates of bounds and of curves are about one setting.

Both must have been accepted by their checkers. They are about one setting if they have the same mean, parameters and
split, the atoms of the curve are as many as those of the bound, or fewer (then some atoms are equal), log weights
differ by what is free of x and of an atom's own parameters, and the curve holds at the true point of the bound. What
certificates do not show to be one setting is taken to be two.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from temperance.theory.bounds import bound_checker, exact_checker
from temperance.theory.bounds.functions import Formulas
from temperance.theory.checker import moment_checker, order_checker
from temperance.theory.checker.rejected import Rejected, evaluate, parsed
from temperance.theory.curves.curve_flat import Pieces


@dataclass(frozen=True)
class Bound:
    """What a certificate of bounds is about: the cells' split and size, the places of the atoms, the orders.

    held: parameters of the gate that are held. fixed: for each place, the parameters that do not move there. expert:
    true values of the mean's parameters, if any are stated.
    """

    model: Mapping[str, Any]
    covariates: tuple[str, ...]
    split: str
    size: int
    places: Sequence[Mapping[str, str]]
    orders: Mapping[str, Fraction]
    held: tuple[str, ...] = ()
    fixed: Sequence[frozenset[str]] = ()
    expert: Any = None


def _of_equations(c: Mapping[str, Any]) -> Bound:
    orders: dict[str, Fraction] = {}
    for title, r in c["orders"].items():  # an offset has the order of the difference or of the mean
        name = title.removeprefix("difference ").removeprefix("mean ")
        orders[name] = max(orders.get(name, Fraction(0)), Fraction(r))
        if title.startswith("mean "):
            orders[title] = Fraction(r)
    whole = {t: r for t, r in orders.items() if t.startswith("mean ") or t in c["model"]["shared"]}
    whole |= {p: r for p, r in orders.items() if f"difference {p}" in c["orders"] and f"mean {p}" in c["orders"]}
    return Bound(c["model"], ("x",), "one", 2, [c["model"]["point"]], whole)


def _of_moments(c: Mapping[str, Any]) -> Bound:
    return Bound(c["model"], tuple(c["covariates"]), "one", c["atoms"], [c["model"]["point"]], _fractions(c))


def _of_theorems(c: Mapping[str, Any]) -> Bound:
    model = c["model"]
    found = tuple(model["covariates"]), c["split"], c["atoms"], c["cells"]
    return Bound(model, *found, _fractions(c), tuple(model["held"]), expert=c["expert"])


def _of_derivatives(c: Mapping[str, Any]) -> Bound:
    model, gate = c["model"], {*c["model"]["own"], *c["model"]["shared"], *c["model"]["held"]}
    places = [{p: v for p, v in atom.items() if p in gate} for atom in c["atoms"]]
    fixed = [frozenset(p for j, p in c["fixed"] if j == i) for i in range(len(places))]
    found = tuple(model["covariates"]), "exact", 1, places
    return Bound(model, *found, _fractions(c), tuple(model["held"]), fixed, c["atoms"])


BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], Bound]] = {
    order_checker.FORMAT: _of_equations,
    moment_checker.FORMAT: _of_moments,
    bound_checker.FORMAT: _of_theorems,
    exact_checker.FORMAT: _of_derivatives,
}


def _fractions(c: Mapping[str, Any]) -> dict[str, Fraction]:
    return {title: Fraction(r) for title, r in c["orders"].items()}


HERE, MOVES, ELSEWHERE, OTHER = "here", "moves", "elsewhere", "other"
"""A curve is one of the mixtures of a bound; moves what the bound holds; is at another true point; is of others."""


def sizes_of(curve: Mapping[str, Any]) -> list[int]:
    """How many atoms the cells of a curve have."""
    return [sum(len(part["nodes"]) - 1 for part in cell["atoms"]) for cell in curve["cells"]]


def is_one_setting(bound: Bound, other: Bound) -> bool:
    """Whether two bounds are shown to be of one setting; the first may have as a number what the other one holds."""
    sides = [
        (b.covariates, b.split, b.size, b.model["expert"], b.model.get("weighted", True), b.fixed, b.expert)
        for b in (bound, other)
    ]
    first, second = ({*b.model["own"], *b.model["shared"]} for b in (bound, other))
    pairs = zip(bound.places, other.places, strict=False)
    if sides[0] != sides[1] or first != second or any(p[name] != q[name] for p, q in pairs for name in {*p} & {*q}):
        return False
    names = (*bound.covariates, *sorted({*first, *bound.held}))
    slopes = (*bound.covariates, *bound.model["expert"][:-1])
    values = tuple((p, other.places[0][p]) for p in other.held if p not in bound.held)
    try:
        same = _equal(bound.model["mean"], other.model["mean"], slopes, (), slopes)
        return same and _equal(bound.model["log_weight"], other.model["log_weight"], names, values, names)
    except (Rejected, SyntaxError):
        return False


def relation_of(bound: Bound, curve: Mapping[str, Any]) -> str:
    """How a curve is related to a bound: HERE where it is one of the mixtures that the bound is about."""
    model, theirs, split, sizes = bound.model, curve["model"], curve["split"], sizes_of(curve)
    fits = {"one": ("one", "every", "exact"), "every": ("every",), "listed": ("every", "exact")}[split]
    moved = {*curve["shared"], *(p for cell in curve["cells"] for part in cell["atoms"] for p in part["offsets"])}
    same = [*model["expert"]] == [*theirs["expert"]]
    more = moved - {*model["own"], *model["expert"], *model["shared"]}
    same = same and (bound.split in fits or bool(more)) and more <= {*theirs["shared"]}
    weighted = model.get("weighted", True)
    same = same and weighted == theirs["weighted"] and max(sizes) <= bound.size
    same = same and (weighted or {*sizes} == {bound.size})
    fixed = bound.fixed or [frozenset()] * len(bound.places)
    places = [place for place, still in zip(bound.places, fixed, strict=True) if not moved & still]
    if not same or (split == "listed" and not len(places) == len(bound.places) == len(sizes)):
        return OTHER
    try:
        there = _covariates(bound.covariates, theirs["covariates"])
        if not any(_same_formulas(bound, curve, u) for u in there):
            return OTHER
        if more:
            return MOVES
        return HERE if _same_place(bound.split, places, curve) else ELSEWHERE
    except (Rejected, SyntaxError):
        return OTHER


def _same_place(split: str, places: Sequence[Mapping[str, str]], curve: Mapping[str, Any]) -> bool:
    """Whether the true point of the bound is one of the curve."""
    points, nonzero = [cell["point"] for cell in curve["cells"]], curve["nonzero"]
    if curve["split"] == "listed":
        return all(_holds(point, nonzero, place) for point, place in zip(points, places, strict=True))
    if split == "exact":  # a curve of any of the atoms is one
        return any(_holds(points[0], nonzero, place) for place in places)
    others = places[1:] if curve["split"] == "every" else ()
    return _holds(points[0], nonzero, places[0]) and all(_holds(points[0], (), place) for place in others)


def _covariates(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """What stands for the covariates of a curve: themselves, or u_j = x_j/|x| and the like: curves hold for any u."""
    if (*ours,) == (*theirs,):
        yield ()
    if (*ours, *(f"u_{j}" for j in range(1, len(ours) + 1))) == (*theirs,):
        norm = f"sqrt({' + '.join(f'{x}**2' for x in ours)})"
        for below in (norm, f"({norm} + 1)"):
            yield tuple((f"u_{j}", f"{x}/{below}") for j, x in enumerate(ours, 1))


def _same_formulas(bound: Bound, curve: Mapping[str, Any], there: tuple[tuple[str, str], ...]) -> bool:
    """Whether the formulas are the same; the curve may name a parameter that the bound has put in as a number."""
    model, theirs = bound.model, curve["model"]
    gate = {*model["own"], *model["shared"], *bound.held}
    extra = sorted({*theirs["own"], *theirs["shared"]} - gate)
    known = {p: v for cell in curve["cells"] for p, v in cell["point"].items()}
    values = (*there, *((p, known.get(p, "1")) for p in extra))
    names, apart = (*bound.covariates, *sorted(gate)), (*bound.covariates, *model["own"])
    slopes = (*bound.covariates, *model["expert"][:-1])
    means, weights = ((model[part], theirs[part]) for part in ("mean", "log_weight"))
    return _equal(*means, slopes, (), slopes) and _equal(*weights, names, values, apart)


def _holds(point: Mapping[str, str], nonzero: Collection[str], place: Mapping[str, str]) -> bool:
    """Whether a curve holds at a place of the gate: what its point does not name may be any number, or any but 0."""
    formulas = Formulas(())
    values = {p: evaluate(parsed(v), formulas) for p, v in place.items()}
    named = all(v - sp.Rational(point[p]) == 0 for p, v in values.items() if p in point)
    return named and all(v.is_zero is False for p, v in values.items() if p in nonzero)


@lru_cache(maxsize=1024)
def _equal(
    ours: str, theirs: str, names: tuple[str, ...], values: tuple[tuple[str, str], ...], apart: tuple[str, ...]
) -> bool:
    """Whether two formulas with the same kinks are equal, up to a term without the names that are kept apart.

    values: what is put in for other names of the second one.
    """
    every = (*names, *(p for p, _ in values))
    formulas = Formulas(every)
    first, second = (Pieces(parsed(text), {*every}) for text in (ours, theirs))
    put = {formulas.names[p]: evaluate(parsed(v), formulas) for p, v in values}
    if len(first.formulas) != len(second.formulas):
        return False

    def rest(p: ast.expr, q: ast.expr) -> sp.Expr:
        return sp.simplify(evaluate(p, formulas) - evaluate(q, formulas).subs(put))

    sides = [(p, q) for s, t in zip(first.sides, second.sides, strict=True) for p, q in zip(s, t, strict=True)]
    rests = {rest(p, q) for p, q in zip(first.formulas, second.formulas, strict=True)}
    if any(rest(p, q) != 0 for p, q in sides) or len(rests) > 1:
        return False
    return not rests.pop().free_symbols & {formulas.names[n] for n in apart}
