"""Says what the certificates of one file prove together: a line for each setting, and "exactly" where both sides meet.

A setting is a model, its split and number of atoms, its dimension and true point. What is said of one is never said of
another: curves that do not hold at a bound have lines of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from temperance.theory.bounds.both_sides import (
    BOUNDS,
    ELSEWHERE,
    HERE,
    MOVES,
    OTHER,
    Bound,
    is_one_setting,
    relation_of,
    sizes_of,
)
from temperance.theory.curves.curve_checker import FORMAT as CURVES

Relations = Mapping[tuple[int, int], str]
Curves = Mapping[int, Mapping[str, Any]]
_RELATED = {
    MOVES: "curves that move what is held: ",
    ELSEWHERE: "curves at other true points: ",
    OTHER: "curves of other cells or models: ",
}
"""How curves that do not hold at a bound are related to it, the closest first."""


class Way(NamedTuple):
    """What is said of an order: "exactly", "at most" or "at least" a number, or "flat"."""

    way: str
    order: Fraction | None = None

    def __str__(self) -> str:
        """In words."""
        return self.way if self.order is None else f"{self.way} {self.order}"


@dataclass(frozen=True)
class Together:
    """What accepted certificates say together.

    orders: of each one, what it says of orders, by title; None for other formats. lines: for each setting, what it is
    in words, and what is said of orders there: bounds with the curves that hold at it; then curves that meet no bound.
    """

    orders: list[dict[str, Way] | None]
    lines: list[str]


def together(certificates: Sequence[Mapping[str, Any]]) -> Together:
    """What accepted certificates say: an order is exact where a bound and a curve are of one setting, and meet."""
    found: list[dict[str, Way] | None] = [None] * len(certificates)
    bounds = {i: BOUNDS[c["format"]](c) for i, c in enumerate(certificates) if c["format"] in BOUNDS}
    curves = {j: c for j, c in enumerate(certificates) if c["format"] == CURVES}
    for i, bound in bounds.items():
        found[i] = _of_bound(bound)
    for j, curve in curves.items():
        found[j] = _of_curve(curve)
    relations = {(i, j): relation_of(bounds[i], curves[j]) for i, j in product(bounds, curves)}
    for (i, j), relation in relations.items():
        met = {t: Way("exactly", r) for t, r in bounds[i].orders.items() if curves[j]["orders"].get(t) == str(r)}
        for k in (i, j) if relation == HERE else ():
            found[k] = {**(found[k] or {}), **met}
    return Together(found, _lines([*_of_bounds(bounds, curves, relations), *_of_others(bounds, curves, relations)]))


def _of_bound(bound: Bound) -> dict[str, Way]:
    return {title: Way("at most", r) for title, r in bound.orders.items()}


def _of_curve(curve: Mapping[str, Any]) -> dict[str, Way]:
    return {t: Way("flat") if r == "flat" else Way("at least", Fraction(r)) for t, r in curve["orders"].items()}


def in_short(orders: Iterable[Way]) -> tuple[Way, ...]:
    """What bounds and curves of one setting say of one order; a flat parameter has none."""
    ways: dict[str, list[Fraction]] = {}
    for way, r in orders:
        ways.setdefault(way, []).extend([] if r is None else [r])
    if "flat" in ways:
        return (Way("flat"),)
    low, high = max(ways.get("at least", []), default=None), min(ways.get("at most", []), default=None)
    if low == high:
        return (Way("exactly", low),)
    return tuple(Way(way, r) for way, r in (("at least", low), ("at most", high)) if r is not None)


class _Line(NamedTuple):
    """A setting in words, its model, how its curves relate to bounds, and what is said of its orders, by title."""

    words: str
    model: Mapping[str, Any]
    relation: str
    orders: Mapping[str, tuple[Way, ...]]


def _pooled(several: Iterable[Mapping[str, Way]]) -> dict[str, tuple[Way, ...]]:
    ways: dict[str, list[Way]] = {}
    for orders in several:
        for title, way in orders.items():
            ways.setdefault(title, []).append(way)
    return {title: in_short(of) for title, of in ways.items()}


def _of_bounds(bounds: Mapping[int, Bound], curves: Curves, relations: Relations) -> Iterator[_Line]:
    """The settings of bounds, with the curves that hold there."""
    settings: list[list[int]] = []
    for i, bound in bounds.items():
        same = next((s for s in settings if is_one_setting(bounds[s[0]], bound)), None)
        if same is None:
            settings.append([i])
        else:
            same.append(i)
    for setting in settings:
        ours = [bounds[i] for i in setting]
        here = [curve for j, curve in curves.items() if any(relations[i, j] == HERE for i in setting)]
        orders = _pooled([*map(_of_bound, ours), *map(_of_curve, here)])
        yield _Line(_words_of_bounds(ours, here), ours[0].model, HERE, orders)


def _of_others(bounds: Mapping[int, Bound], curves: Curves, relations: Relations) -> Iterator[_Line]:
    """The settings of curves that are of no bound."""
    apart: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for j, curve in curves.items():
        ways = {relations[i, j] for i in bounds}
        if HERE not in ways:
            relation = next((way for way in _RELATED if way in ways), HERE)
            apart.setdefault((relation, _words_of_curve(curve), str(curve["model"])), []).append(curve)
    for (relation, words, _), found in apart.items():
        told = _RELATED.get(relation, "curves: ") + words
        yield _Line(told, found[0]["model"], relation, _pooled(map(_of_curve, found)))


def _lines(found: Sequence[_Line]) -> list[str]:
    """In words, without what is trivial: every order is at least 1; or known better at the true point of a bound."""
    several = len({(line.model["log_weight"], line.model["mean"]) for line in found}) > 1
    exact = {t: w.order or 0 for line in found for t, (w, *_) in line.orders.items() if w.way == "exactly"}
    made = []
    for words, model, relation, orders in found:
        known = exact if relation == ELSEWHERE else {}
        titles: dict[tuple[Way, ...], list[str]] = {}
        for title, ways in orders.items():
            low = ways[0].order if ways[0].way == "at least" and len(ways) == 1 else None
            if low is None or low > max(1, known.get(title, 1)):
                titles.setdefault(ways, []).append(title)
        formulas = f", log weight {model['log_weight']}, mean {model['mean']}" if several else ""
        told = "; ".join(f"{', '.join(map(str, ways))}: {', '.join(of)}" for ways, of in titles.items())
        made += [f"{words}{formulas}: {told}"] if told else []
    return made


def _words_of_bounds(bounds: Sequence[Bound], curves: Sequence[Mapping[str, Any]]) -> str:
    """A setting of bounds: its cell, dimension and true point, and which parameters of the curves' model it holds."""
    bound = bounds[0]
    moving = {*bound.model["own"], *bound.model["shared"]}
    named = {p for c in curves for p in (*c["model"]["own"], *c["model"]["shared"])}
    held = sorted({p for b in bounds for p in b.held} | named - moving)
    cells = {"one": f"a cell of {bound.size}", "every": f"every cell of {bound.size}", "exact": "as many as the truth"}
    places = bound.places[:1] if bound.split == "one" else bound.places
    at = [{p: v for p, v in place.items() if p in moving} for place in places]
    return _words(cells[bound.split], len(bound.covariates), at) + (f", {', '.join(held)} held" if held else "")


def _words_of_curve(curve: Mapping[str, Any]) -> str:
    sizes = ", ".join(map(str, sizes_of(curve)))
    cells = {"one": f"a cell of {sizes}", "every": f"every cell of {sizes}", "listed": f"cells of {sizes}"}
    names = curve["model"]["covariates"]
    half = len(names) // 2
    doubled = half and [*names[half:]] == [f"u_{j}" for j in range(1, half + 1)]
    at = [cell["point"] for cell in curve["cells"]]
    return _words(cells[curve["split"]], half if doubled else len(names), at)


def _words(cells: str, d: int, places: Sequence[Mapping[str, str]]) -> str:
    at = " and ".join(", ".join(f"{p} = {v}" for p, v in place.items()) or "any true values" for place in places)
    return f"{cells}, d = {d}, at {at}"
