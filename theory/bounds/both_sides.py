"""Tells which certificates of bounds and of curves are about one setting, and where they meet: the order is exact then.

Both must have been accepted by their checkers. They are about one setting if they have the same mean, parameters and
split, the atoms of the curve are as many as those of the bound, or fewer (then some atoms are equal), log weights
differ by what is free of x and of an atom's own parameters, and the curve holds at the true point of the bound. What
certificates do not show to be one setting is taken to be two.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import sympy as sp

from temperance.theory.bounds.functions import Formulas
from temperance.theory.checker.rejected import Rejected, evaluate, parsed
from temperance.theory.curves.curve_flat import Pieces

CURVES = "temperance-curves/1"


class Way(NamedTuple):
    """What is said of an order: "exactly", "at most" or "at least" a number, or "flat"."""

    way: str
    order: Fraction | None = None

    def __str__(self) -> str:
        """In words."""
        return self.way if self.order is None else f"{self.way} {self.order}"


@dataclass(frozen=True)
class _Bound:
    """What a certificate of bounds is about: the cells' split and size, the places of the atoms, the orders.

    held: parameters of the gate that are held. fixed: for each place, the parameters that do not move there.
    """

    model: Mapping[str, Any]
    covariates: tuple[str, ...]
    split: str
    size: int
    places: Sequence[Mapping[str, str]]
    orders: Mapping[str, Fraction]
    held: tuple[str, ...] = ()
    fixed: Sequence[frozenset[str]] = ()


def _of_equations(c: Mapping[str, Any]) -> _Bound:
    orders: dict[str, Fraction] = {}
    for title, r in c["orders"].items():  # an offset has the order of the difference or of the mean
        name = title.removeprefix("difference ").removeprefix("mean ")
        orders[name] = max(orders.get(name, Fraction(0)), Fraction(r))
        if title.startswith("mean "):
            orders[title] = Fraction(r)
    whole = {t: r for t, r in orders.items() if t.startswith("mean ") or t in c["model"]["shared"]}
    whole |= {p: r for p, r in orders.items() if f"difference {p}" in c["orders"] and f"mean {p}" in c["orders"]}
    return _Bound(c["model"], ("x",), "one", 2, [c["model"]["point"]], whole)


def _of_moments(c: Mapping[str, Any]) -> _Bound:
    return _Bound(c["model"], tuple(c["covariates"]), "one", c["atoms"], [c["model"]["point"]], _fractions(c))


def _of_theorems(c: Mapping[str, Any]) -> _Bound:
    model = c["model"]
    found = tuple(model["covariates"]), c["split"], c["atoms"], c["cells"]
    return _Bound(model, *found, _fractions(c), tuple(model["held"]))


def _of_derivatives(c: Mapping[str, Any]) -> _Bound:
    model, gate = c["model"], {*c["model"]["own"], *c["model"]["shared"], *c["model"]["held"]}
    places = [{p: v for p, v in atom.items() if p in gate} for atom in c["atoms"]]
    fixed = [frozenset(p for j, p in c["fixed"] if j == i) for i in range(len(places))]
    found = tuple(model["covariates"]), "exact", 1, places
    return _Bound(model, *found, _fractions(c), tuple(model["held"]), fixed)


_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], _Bound]] = {
    "temperance-orders/3": _of_equations,
    "temperance-orders/5": _of_moments,
    "temperance-bounds/1": _of_theorems,
    "temperance-exact/1": _of_derivatives,
}


def _fractions(c: Mapping[str, Any]) -> dict[str, Fraction]:
    return {title: Fraction(r) for title, r in c["orders"].items()}


def said(certificates: Sequence[Mapping[str, Any]]) -> list[dict[str, Way] | None]:
    """What each certificate says of orders, by title; None for other formats.

    certificates: accepted ones. An order is exact where a bound and a curve are of one setting, and meet.
    """
    found: list[dict[str, Way] | None] = [None] * len(certificates)
    bounds = {i: _BOUNDS[c["format"]](c) for i, c in enumerate(certificates) if c["format"] in _BOUNDS}
    curves = {j: c for j, c in enumerate(certificates) if c["format"] == CURVES}
    for i, bound in bounds.items():
        found[i] = {title: Way("at most", r) for title, r in bound.orders.items()}
    for j, curve in curves.items():
        found[j] = {t: Way("flat") if r == "flat" else Way("at least", Fraction(r)) for t, r in curve["orders"].items()}
    for (i, bound), (j, curve) in product(bounds.items(), curves.items()):
        met = {t: Way("exactly", r) for t, r in bound.orders.items() if curve["orders"].get(t) == str(r)}
        if met and _alike(bound, curve):
            for k in (i, j):
                found[k] = {**(found[k] or {}), **met}
    return found


def in_short(orders: Iterable[Way]) -> list[str]:
    """The strongest of what certificates say of one order; flat besides, where a held parameter may move too."""
    ways: dict[str, list[Fraction]] = {}
    for way, r in orders:
        ways.setdefault(way, []).extend([] if r is None else [r])
    strongest = (("exactly", min),) if "exactly" in ways else (("at least", max), ("at most", min))
    told = ", ".join(str(Way(way, choose(ways[way]))) for way, choose in strongest if way in ways)
    return [*([told] if told else []), *(["flat"] if "flat" in ways else [])]


def _alike(bound: _Bound, curve: Mapping[str, Any]) -> bool:
    """Whether a curve is one of the mixtures that a bound is about."""
    model, theirs, split = bound.model, curve["model"], curve["split"]
    sizes = [sum(len(part["nodes"]) - 1 for part in cell["atoms"]) for cell in curve["cells"]]
    fits = {"one": ("one", "every", "exact"), "every": ("every",), "listed": ("every", "exact")}[split]
    moved = {*curve["shared"], *(p for cell in curve["cells"] for part in cell["atoms"] for p in part["offsets"])}
    same = bound.split in fits and [*model["expert"]] == [*theirs["expert"]]
    same = same and moved <= {*model["own"], *model["expert"], *model["shared"]}
    weighted = model.get("weighted", True)
    same = same and weighted == theirs["weighted"] and max(sizes) <= bound.size
    same = same and (weighted or {*sizes} == {bound.size})
    fixed = bound.fixed or [frozenset()] * len(bound.places)
    places = [place for place, still in zip(bound.places, fixed, strict=True) if not moved & still]
    if not same or (split == "listed" and not len(places) == len(bound.places) == len(sizes)):
        return False
    try:
        there = _covariates(bound.covariates, theirs["covariates"])
        return any(_same_formulas(bound, curve, u) for u in there) and _same_place(bound.split, places, curve)
    except (Rejected, SyntaxError):
        return False


def _same_place(split: str, places: Sequence[Mapping[str, str]], curve: Mapping[str, Any]) -> bool:
    """Whether the true point of the bound is one of the curve."""
    points = [cell["point"] for cell in curve["cells"]]
    if curve["split"] == "listed":
        return all(_holds(point, place) for point, place in zip(points, places, strict=True))
    if split == "exact":  # a curve of any of the atoms is one
        return any(_holds(points[0], place) for place in places)
    return all(_holds(points[0], place) for place in (places if curve["split"] == "every" else places[:1]))


def _covariates(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """What stands for the covariates of a curve: themselves, or u_j = x_j/|x| and the like: curves hold for any u."""
    if (*ours,) == (*theirs,):
        yield ()
    if (*ours, *(f"u_{j}" for j in range(1, len(ours) + 1))) == (*theirs,):
        norm = f"sqrt({' + '.join(f'{x}**2' for x in ours)})"
        for below in (norm, f"({norm} + 1)"):
            yield tuple((f"u_{j}", f"{x}/{below}") for j, x in enumerate(ours, 1))


def _same_formulas(bound: _Bound, curve: Mapping[str, Any], there: tuple[tuple[str, str], ...]) -> bool:
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


def _holds(point: Mapping[str, str], place: Mapping[str, str]) -> bool:
    """Whether a curve holds at a place of the gate: what its point does not name may be any number but 0."""
    formulas = Formulas(())
    values = {p: evaluate(parsed(v), formulas) for p, v in place.items()}
    return all(v - sp.Rational(point[p]) == 0 if p in point else v.is_zero is False for p, v in values.items())


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
