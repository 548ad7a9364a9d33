"""The truth about certificates of curves, in mpmath, from the formulas in them: no module of the project is used.

Along the curve the L2 distance of the densities is computed at 60 digits at two small t, in closed form over y and by
Gauss and Legendre over x on a line, between the kinks of all atoms. Its power of t over that of an offset, or of a
weighted mean, is what a curve shows of the order. True values that may be any are drawn at random.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath as mp

DIGITS = 60
_FUNCTIONS = ("exp", "log", "tanh", "erf", "sqrt", "sin", "cos", "sinh", "cosh", "atan", "asinh")
_NODES, _TIMES = 4, (10, 11)  # nodes in x between kinks; t = 2^-k
_ZERO, _POSITIVE = mp.mpf(10) ** -25, mp.mpf(10) ** -30
_STILL = mp.mpf(10) ** -50  # rounding; what moves less than _ZERO makes distances that say nothing


class Unclear(Exception):
    """The oracle cannot tell the truth about a certificate."""


def number(text: str) -> Any:
    """A rational number."""
    return mp.mpf(Fraction(text).numerator) / Fraction(text).denominator


def value(tree: ast.expr, names: Mapping[str, Any]) -> Any:
    """An expression at numbers; of `where`, the piece that is there."""
    match tree:
        case ast.Constant(n):
            return mp.mpf(n)
        case ast.Name(name):
            return names[name]
        case ast.UnaryOp(ast.USub(), p):
            return -value(p, names)
        case ast.BinOp(p, symbol, q):
            u, v = value(p, names), value(q, names)
            match symbol:
                case ast.Add():
                    return u + v
                case ast.Sub():
                    return u - v
                case ast.Mult():
                    return u * v
                case ast.Div():
                    return u / v
            return u ** int(v) if v == int(v) else u**v
        case ast.Call(ast.Name("where"), [ast.Compare(p, _, [q]), first, other]):
            return value(first if value(p, names) < value(q, names) else other, names)
        case ast.Call(ast.Name(f), [q]) if f in _FUNCTIONS:
            return getattr(mp, f)(value(q, names))
    raise Unclear(ast.dump(tree))


def read(text: str) -> ast.expr:
    """The tree of a text."""
    return ast.parse(text, mode="eval").body


def sides(tree: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The conditions of pieces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node.left, node.comparators[0]


class Curve:
    """A curve at some t: the true atoms by cells, and those near them, each a share and values of all parameters."""

    def __init__(self, certificate: Mapping[str, Any], t: Any, seed: int, signs: Sequence[int]) -> None:
        self.certificate, self.t, rng = certificate, t, random.Random(seed)
        self.model = model = certificate["model"]
        self.weight, self.mean = read(model["log_weight"]), read(model["mean"])
        self.r = _root(certificate["number"])
        gate, cells = (*model["own"], *model["shared"]), certificate["cells"]
        count = len(cells) if certificate["split"] == "listed" else 2
        common = {p: mp.mpf(rng.randrange(3, 9)) / 4 for p in model["shared"]}
        common |= {p: number(cells[0]["point"][p]) for p in model["shared"] if p in cells[0]["point"]}
        self.true: list[dict[str, Any]] = []
        self.near: list[list[tuple[Any, dict[str, Any]]]] = []
        for i in range(count):
            cell = cells[i] if i < len(cells) else cells[0]
            place = {p: mp.mpf(rng.choice(signs) * rng.randrange(2, 9)) / 5 for p in (*gate, *model["expert"])}
            place |= {p: mp.mpf(rng.choice((0, 1, -1))) for p in model["own"] if -1 in signs and rng.random() < 0.5}
            place |= {p: mp.mpf(1) for p in certificate["nonzero"] if place[p] == 0}
            place |= {p: number(cell["point"][p]) for p in cell["point"]} if i < len(cells) else {}
            if certificate["split"] == "every":  # the point of the cell names what all true atoms have
                place |= {p: number(cell["point"][p]) for p in cell["point"]}
            place |= common | {"nu": mp.mpf(rng.randrange(3, 9)) / 4}
            split = i < len(cells) or certificate["split"] == "every"
            drift = {p: self.at(e, place, 0) for p, e in certificate["shared"].items()}
            atoms = [*self._atoms(cell, place)] if split else [(mp.mpf(1), {})]
            self.true.append(place)
            self.near.append([(w, {p: v + {**d, **drift}.get(p, 0) for p, v in place.items()}) for w, d in atoms])

    def at(self, text: str, place: Mapping[str, Any], q: Any) -> Any:
        """A polynomial of the certificate."""
        return value(read(text), {**place, "t": self.t, "q": q, "r": self.r})

    def _atoms(self, cell: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
        for part in cell["atoms"]:
            nodes = [number(c) for c in reversed(part["nodes"])]
            for q in [-nodes[1] / nodes[0]] if len(nodes) == 2 else mp.polyroots(nodes, maxsteps=500, extraprec=400):
                if abs(mp.im(q)) > _POSITIVE:
                    raise Unclear("a node is not real")
                offsets = {p: self.at(e, place, mp.re(q)) for p, e in part["offsets"].items()}
                yield self.at(part["share"], place, mp.re(q)), offsets

    def trouble(self) -> str | None:
        """Why the curve is none of mixtures."""
        for cell in self.near:
            if abs(sum(w for w, _ in cell) - 1) > _POSITIVE or min(w for w, _ in cell) <= 0:
                return "shares"
            if min(v["nu"] for _, v in cell) <= 0:
                return "a variance"
        return None

    def moved(self, title: str) -> Any:
        """The largest offset of a parameter, or of its weighted mean, over the cells that the certificate has."""
        name = title.removeprefix("mean ")
        found = []
        for place, cell in list(zip(self.true, self.near, strict=True))[: len(self.certificate["cells"])]:
            offsets = [(w, v[name] - place[name]) for w, v in cell]
            found.append(abs(sum(w * d for w, d in offsets)) if name != title else max(abs(d) for _, d in offsets))
        return max(found)

    # -- the distance

    def distance(self) -> Any:
        """The L2 distance on a line; total weights of cells are those that the first point needs."""
        ends = [mp.mpf(-2), *sorted(self._kinks()), mp.mpf(2)]
        factors = self._factors(mp.mpf(2) / 7)
        nodes, total = _legendre(), mp.mpf(0)
        for low, high in pairwise(ends):
            for u, w in nodes:
                total += w * (high - low) / 2 * self._square((low + high) / 2 + u * (high - low) / 2, factors)
        return mp.sqrt(abs(total))

    def _x(self, s: Any) -> dict[str, Any]:
        """A point of the line; u_j, which stand for functions of x, are those of its direction."""
        names = [name for name in self.model["covariates"] if not name.startswith("u")]
        x = {name: s if j == 0 else mp.mpf(3) * j / 7 + s * j / 3 for j, name in enumerate(names)}
        if len(x) == len(self.model["covariates"]):
            return x
        norm = mp.sqrt(sum(v**2 for v in x.values()))
        return x | {f"u_{j}": v / norm for j, v in enumerate(x.values(), 1)}

    def _kinks(self) -> set[Any]:
        """The places in (-2, 2) of the kinks of all atoms; they must be affine on the line."""
        found = set()
        for place in (*self.true, *(v for cell in self.near for _, v in cell)):
            for low, high in sides(self.weight):
                gap = []
                for s in (0, 1, 2):
                    at = {**place, **self._x(mp.mpf(s))}
                    gap.append(value(low, at) - value(high, at))
                if abs(gap[2] - 2 * gap[1] + gap[0]) > _POSITIVE:
                    raise Unclear("a kink at a curved place")
                if gap[1] != gap[0] and abs(root := gap[0] / (gap[0] - gap[1])) < 2:
                    found.add(root)
        return found

    def _of(self, place: Mapping[str, Any], x: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        at = {**place, **x}
        found = mp.exp(value(self.weight, at)), value(self.mean, at), place["nu"]
        if any(abs(mp.im(v)) > 0 or not mp.isfinite(v) for v in found):
            raise Unclear("a value is not real")
        return found

    def _factors(self, s: Any) -> list[Any]:
        """What weights of atoms take up in each cell."""
        x = self._x(s)
        if not self.model["weighted"]:
            return [mp.mpf(1)] * len(self.true)
        return [
            self._of(place, x)[0] / sum(w * self._of(v, x)[0] for w, v in cell)
            for place, cell in zip(self.true, self.near, strict=True)
        ]

    def _square(self, s: Any, factors: Sequence[Any]) -> Any:
        """The integral over y of the squared difference of the densities."""
        x, true, near = self._x(s), [], []
        for place, cell, factor in zip(self.true, self.near, factors, strict=True):
            true.append(self._of(place, x))
            near += [(w * factor * e, m, v) for w, at in cell for e, m, v in [self._of(at, x)]]
        terms = [(w / sum(u for u, *_ in near), m, v) for w, m, v in near]
        terms += [(-w / sum(u for u, *_ in true), m, v) for w, m, v in true]
        return sum(c * k * _overlap(m - n, v + w) for c, m, v in terms for k, n, w in terms)


def _overlap(gap: Any, spread: Any) -> Any:
    return mp.exp(-(gap**2) / (2 * spread)) / mp.sqrt(2 * mp.pi * spread)


@cache
def _legendre() -> list[tuple[Any, Any]]:
    """Nodes and weights of Gauss and Legendre."""
    roots = mp.polyroots(mp.taylor(lambda z: mp.legendre(_NODES, z), 0, _NODES)[::-1], maxsteps=200, extraprec=200)
    slopes = [mp.diff(lambda z: mp.legendre(_NODES, z), root) for root in roots]
    return [(mp.re(root), mp.re(2 / ((1 - root**2) * d**2))) for root, d in zip(roots, slopes, strict=True)]


def _root(given: Any) -> Any:
    """The algebraic number of a certificate."""
    if given is None:
        return mp.mpf(0)
    low, high = map(number, given["between"])
    roots = mp.polyroots([number(c) for c in reversed(given["polynomial"])], maxsteps=500, extraprec=400)
    found = [mp.re(z) for z in roots if abs(mp.im(z)) < _POSITIVE and low < mp.re(z) < high]
    if len(found) != 1:
        raise Unclear("the number r")
    return found[0]


def false(certificate: Mapping[str, Any], seed: int = 1, slack: float = 0.2) -> str | None:
    """Why a statement is false; None where it is true, up to a slack in powers of t. Raises Unclear.

    Where there is no truth at the values that are drawn, as of a negative width, positive ones are.
    """
    try:
        return _false(certificate, seed, slack, (-1, 1))
    except Unclear:
        return _false(certificate, seed, slack, (1,))


def _false(certificate: Mapping[str, Any], seed: int, slack: float, signs: Sequence[int]) -> str | None:
    with mp.workdps(DIGITS):
        far, near = (Curve(certificate, mp.mpf(2) ** -k, seed, signs) for k in _TIMES)
        if why := far.trouble() or near.trouble():
            return why
        distances = far.distance(), near.distance()
        zero = max(distances) < _ZERO
        power = mp.inf if zero else mp.log(distances[0] / distances[1], 2)
        for title, text in certificate["orders"].items():
            moved = far.moved(title), near.moved(title)
            if min(moved) < _STILL:
                return f"{title} does not move"
            if min(moved) < _ZERO:
                raise Unclear(f"{title} moves too little to be seen")
            if (text == "flat") is not (certificate["degree"] is None):
                return f"{title} has no such order"
            if text == "flat":
                if not zero:
                    return f"the distance is of the order t^{float(power):.2f}: {title} is not flat"
            elif power / mp.log(moved[0] / moved[1], 2) < number(text) - slack:
                return f"{title}: t^{float(power):.2f}, w = {float(mp.log(moved[0] / moved[1], 2)):.2f}, not {text}"
    return None
