"""The truth about claims on mixtures, in mpmath, from the formulas in a certificate: no module of the project is used.

Along a curve the L2 distance of the densities is computed at 60 digits at two small t, in closed form over y and by
Gauss and Legendre over x on a line, between the kinks of all atoms. Its power of t over that of an offset is what a
curve shows of an order: a claim "at least" is held against the certificate's own curve, a claim "at most" against many
others. Orders of as many atoms as the truth has, and of least squares, are held against null spaces of derivatives by
differences. True values that may be any are drawn at random.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, pairwise
from typing import Any

import mpmath as mp

DIGITS = 60
SLACK = 0.2
_FUNCTIONS = ("exp", "log", "tanh", "erf", "sqrt", "sin", "cos", "sinh", "cosh", "atan", "asinh")
_NODES, _TIMES = 4, (10, 11)  # nodes in x between kinks; t = 2^-k
_ZERO, _POSITIVE = mp.mpf(10) ** -25, mp.mpf(10) ** -30
_STILL = mp.mpf(10) ** -50  # rounding; what moves less than _ZERO makes distances that say nothing
_STEP, _NULL = mp.mpf(10) ** -15, mp.mpf(10) ** -18


class Unclear(Exception):
    """The oracle cannot tell the truth about a certificate."""


def number(text: str) -> Any:
    """A rational number."""
    return mp.mpf(Fraction(text).numerator) / Fraction(text).denominator


def read(text: str) -> ast.expr:
    """The tree of a text."""
    return ast.parse(text, mode="eval").body


def value(tree: ast.expr, names: Mapping[str, Any]) -> Any:
    """An expression at numbers; of `where`, the piece that is there."""
    match tree:
        case ast.Constant(n):
            return mp.mpf(n)
        case ast.Name("pi"):
            return +mp.pi
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


Atoms = list[tuple[Any, dict[str, Any]]]
"""Atoms near a true one: the share and the offsets of each."""


class Mixture:
    """A true mixture at the place of a certificate, with what the place leaves open drawn at random."""

    def __init__(self, place: Mapping[str, Any], seed: int) -> None:
        self.place, self.model, rng = place, place["model"], random.Random(seed)
        model = self.model
        self.weight, self.mean = read(model["log_weight"]), read(model["mean"])
        names = (*model["own"], *model["shared"], *model["held"], *model["expert"])
        common = {p: mp.mpf(rng.randrange(3, 9)) / 4 for p in model["shared"]}
        self.true = []
        for point in place["points"]:
            at = {p: mp.mpf(rng.choice((-1, 1)) * rng.randrange(2, 9)) / 5 for p in names} | common
            at |= {"nu": mp.mpf(rng.randrange(3, 9)) / 4, "_weight": mp.mpf(0)}
            at |= {p: value(read(text), {}) for p, text in point.items()}
            self.true.append(at)

    def cells(self, proof: Mapping[str, Any], t: Any) -> tuple[list[Atoms], dict[str, Any]]:
        """The atoms along the curve of a proof at a t, and the offsets of shared parameters."""
        r = _root(proof["number"])
        near = []
        for at, cell in zip(self.true, proof["cells"], strict=True):
            names, atoms = {**at, "_t": t, "_r": r}, []
            for part in cell:
                nodes = [number(c) for c in reversed(part["nodes"])]
                for q in (
                    [-nodes[1] / nodes[0]] if len(nodes) == 2 else mp.polyroots(nodes, maxsteps=500, extraprec=400)
                ):
                    if abs(mp.im(q)) > _POSITIVE:
                        raise Unclear("a node is not real")
                    here = {**names, "_q": mp.re(q)}
                    offsets = {p: value(read(e), here) for p, e in part["offsets"].items()}
                    atoms.append((value(read(part["share"]), here), offsets))
            near.append(atoms or [(mp.mpf(1), {})])
        drift = {p: value(read(e), {**self.true[0], "_t": t, "_r": r}) for p, e in proof["shared"].items()}
        return near, drift

    def moved(self, near: Sequence[Atoms], drift: Mapping[str, Any], title: str) -> Any:
        """The largest offset of a parameter, or of its weighted mean, over the atoms that a title is about."""
        name, found = title.removeprefix("mean "), [abs(drift.get(title, mp.mpf(0)))]
        for atoms in near[:1] if self.place["sizes"][0] > 1 else near:
            offsets = [(w, d.get(name, mp.mpf(0))) for w, d in atoms]
            found.append(abs(sum(w * d for w, d in offsets)) if name != title else max(abs(d) for _, d in offsets))
        return max(found)

    def trouble(self, near: Sequence[Atoms]) -> str | None:
        """Why a curve is none of the mixtures of the place."""
        for i, (at, atoms, size) in enumerate(zip(self.true, near, self.place["sizes"], strict=True)):
            if abs(sum(w for w, _ in atoms) - 1) > _POSITIVE or min(w for w, _ in atoms) <= 0:
                return "shares"
            if len(atoms) > size:
                return "too many atoms"
            if min(at["nu"] + d.get("nu", 0) for _, d in atoms) <= 0:
                return "a variance"
            fixed = {*self.model["held"], *(p for j, p in self.place["fixed"] if j == i)}
            if any(d.get(p, 0) != 0 for _, d in atoms for p in fixed):
                return "what is fixed moves"
        return None

    # -- the distance

    def distance(self, near: Sequence[Atoms], drift: Mapping[str, Any]) -> Any:
        """The L2 distance on a line; weights take up what the first point needs."""
        moved = [
            [(w, {p: v + {**d, **drift}.get(p, 0) for p, v in at.items()}) for w, d in atoms]
            for at, atoms in zip(self.true, near, strict=True)
        ]
        places = [*self.true, *(v for atoms in moved for _, v in atoms)]
        ends, total = [mp.mpf(-2), *sorted(self._kinks(places)), mp.mpf(2)], mp.mpf(0)
        factors = self._factors(moved, mp.mpf(2) / 7)
        for low, high in pairwise(ends):
            for u, w in _legendre():
                total += w * (high - low) / 2 * self._square(moved, (low + high) / 2 + u * (high - low) / 2, factors)
        return mp.sqrt(abs(total))

    def x(self, s: Any) -> dict[str, Any]:
        """A point of the line."""
        names = self.model["covariates"]
        return {name: s if j == 0 else mp.mpf(3) * j / 7 + s * j / 3 for j, name in enumerate(names)}

    def _kinks(self, places: Sequence[Mapping[str, Any]]) -> set[Any]:
        """The places in (-2, 2) of the kinks of atoms; they must be affine on the line."""
        found = set()
        conditions = [n for n in ast.walk(self.weight) if isinstance(n, ast.Compare)]
        for at in places:
            for node in conditions:
                gap = [value(node.left, {**at, **self.x(mp.mpf(s))}) for s in (0, 1, 2)]
                gap = [g - value(node.comparators[0], {**at, **self.x(mp.mpf(s))}) for s, g in enumerate(gap)]
                if abs(gap[2] - 2 * gap[1] + gap[0]) > _POSITIVE:
                    raise Unclear("a kink at a curved place")
                if gap[1] != gap[0] and abs(root := gap[0] / (gap[0] - gap[1])) < 2:
                    found.add(root)
        return found

    def _of(self, at: Mapping[str, Any], x: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        names = {**at, **x}
        found = mp.exp(value(self.weight, names) + at["_weight"]), value(self.mean, names), at["nu"]
        if any(abs(mp.im(v)) > 0 or not mp.isfinite(v) for v in found):
            raise Unclear("a value is not real")
        return found

    def _factors(self, moved: Sequence[Atoms], s: Any) -> list[Any]:
        """What weights of atoms take up in each cell; a fixed weight takes up nothing."""
        if not self.model["weighted"]:
            return [mp.mpf(1)] * len(self.true)
        x = self.x(s)
        whole = [
            self._of(at, x)[0] / sum(w * self._of(v, x)[0] for w, v in atoms)
            for at, atoms in zip(self.true, moved, strict=True)
        ]
        fixed = [i for i, p in self.place["fixed"] if p == "_weight"]
        scale = whole[fixed[0]] if fixed else mp.mpf(1)
        return [mp.mpf(1) if i in fixed else f / scale for i, f in enumerate(whole)]

    def _square(self, moved: Sequence[Atoms], s: Any, factors: Sequence[Any]) -> Any:
        """The integral over y of the squared difference of the densities."""
        x, true, near = self.x(s), [], []
        for at, atoms, factor in zip(self.true, moved, factors, strict=True):
            true.append(self._of(at, x))
            near += [(w * factor * e, m, v) for w, place in atoms for e, m, v in [self._of(place, x)]]
        terms = [(w / sum(u for u, *_ in near), m, v) for w, m, v in near]
        terms += [(-w / sum(u for u, *_ in true), m, v) for w, m, v in true]
        return sum(c * k * _overlap(m - n, v + w) for c, m, v in terms for k, n, w in terms)

    def density(self, places: Sequence[Mapping[str, Any]], x: Mapping[str, Any], y: Any) -> Any:
        """The density of atoms at a point."""
        terms = [self._of(at, x) for at in places]
        top = sum(w * mp.exp(-((y - m) ** 2) / (2 * v)) / mp.sqrt(2 * mp.pi * v) for w, m, v in terms)
        return top / sum(w for w, *_ in terms)


def _overlap(gap: Any, spread: Any) -> Any:
    return mp.exp(-(gap**2) / (2 * spread)) / mp.sqrt(2 * mp.pi * spread)


@cache
def _legendre() -> list[tuple[Any, Any]]:
    """Nodes and weights of Gauss and Legendre."""
    roots = mp.polyroots(mp.taylor(lambda z: mp.legendre(_NODES, z), 0, _NODES)[::-1], maxsteps=200, extraprec=200)
    slopes = [mp.diff(lambda z: mp.legendre(_NODES, z), root) for root in roots]
    return [(mp.re(root), mp.re(2 / ((1 - root**2) * d**2))) for root, d in zip(roots, slopes, strict=True)]


def _root(part: Any) -> Any:
    """The algebraic number of a proof."""
    if part is None:
        return mp.mpf(0)
    low, high = map(number, part["between"])
    roots = mp.polyroots([number(c) for c in reversed(part["polynomial"])], maxsteps=500, extraprec=400)
    found = [mp.re(z) for z in roots if abs(mp.im(z)) < _POSITIVE and low < mp.re(z) < high]
    if len(found) != 1:
        raise Unclear("the number r")
    return found[0]


def _powers(mixture: Mixture, proof: Mapping[str, Any]) -> tuple[Any, Iterator[tuple[str, Any, Any]]]:
    """The power of t of the distance along a curve, and of what moves, by title; raises Unclear."""
    ends = [mixture.cells(proof, mp.mpf(2) ** -k) for k in _TIMES]
    for near, _ in ends:
        if why := mixture.trouble(near):
            raise Unclear(why)
    distances = [mixture.distance(*end) for end in ends]
    power = mp.inf if max(distances) < _ZERO else mp.log(distances[0] / distances[1], 2)
    names = dict.fromkeys(p for near, _ in ends for atoms in near for _, d in atoms for p in d)
    titles = [*names, *(f"mean {p}" for p in names), *proof["shared"]]
    moved = ((title, *(mixture.moved(*end, title) for end in ends)) for title in titles)
    return power, ((title, far, near) for title, far, near in moved)


def false_curve(certificate: Mapping[str, Any], seed: int = 1) -> str | None:
    """Why claims of a curve or an identity are false; None where they are true, up to a slack in powers of t."""
    mixture, proof = Mixture(certificate["place"], seed), certificate["proof"]
    power, moved = _powers(mixture, proof)
    shown = {title: (far, near) for title, far, near in moved}
    for claim in certificate["claims"]:
        far, near = shown.get(claim["title"], (mp.mpf(0), mp.mpf(0)))
        if near < _STILL:
            return f"{claim['title']} does not move"
        if near < _ZERO:
            raise Unclear(f"{claim['title']} moves too little to be seen")
        if claim["side"] == "flat":
            if power < mp.inf:
                return f"the distance is of the order t^{float(power):.2f}: {claim['title']} is not flat"
        elif power / mp.log(far / near, 2) < number(claim["value"]) - SLACK:
            return (
                f"{claim['title']}: t^{float(power):.2f}, w = {float(mp.log(far / near, 2)):.2f}, not {claim['value']}"
            )
    return None


def false_bound(certificate: Mapping[str, Any], probes: Sequence[Mapping[str, Any]], seed: int = 1) -> str | None:
    """Why claims "at most" are false: a curve along which the distance falls faster than they say."""
    mixture, known = Mixture(certificate["place"], seed), {*certificate["place"]["model"]["shared"]}
    most = {claim["title"]: number(claim["value"]) for claim in certificate["claims"]}
    known |= {*certificate["place"]["model"]["own"], *certificate["place"]["model"]["expert"]}
    for proof in probes:
        names = {p for cell in proof["cells"] for part in cell for p in part["offsets"]} | {*proof["shared"]}
        if not names <= known or len(proof["cells"]) != len(mixture.true):
            continue
        try:
            power, moved = _powers(mixture, proof)
            for title, far, near in moved:
                if title in most and near > _ZERO and power / mp.log(far / near, 2) > most[title] + SLACK:
                    return f"{title}: order {float(power / mp.log(far / near, 2)):.2f} along a curve, not {most[title]}"
        except (Unclear, KeyError, ZeroDivisionError):
            continue
    return None


def false_derivatives(certificate: Mapping[str, Any], seed: int = 1) -> str | None:
    """Why orders are not 1 where as many atoms are fitted as there are: a null vector of derivatives moves a title."""
    place = certificate["place"]
    mixture, model, rng = Mixture(place, seed), place["model"], random.Random(seed)
    fixed = {(i, p) for i, p in place["fixed"]}
    own = (*model["own"], *(["_weight"] if model["weighted"] else []), *model["expert"])
    columns: list[tuple[int | None, str]] = [(None, p) for p in model["shared"]]
    columns += [(i, p) for i in range(len(mixture.true)) for p in own if (i, p) not in fixed]

    def moved(column: tuple[int | None, str], step: Any) -> list[dict[str, Any]]:
        i, p = column
        return [{**at, p: at[p] + step} if i in (None, j) else at for j, at in enumerate(mixture.true)]

    rows = []
    for _ in range(2 * len(columns)):
        x = {name: mp.mpf(rng.randint(-1999, 1999)) / 1000 for name in model["covariates"]}
        y = mp.mpf(rng.randint(-5000, 5000)) / 1000
        ends = [[mixture.density(moved(c, s * _STEP), x, y) for s in (1, -1)] for c in columns]
        rows.append([(p - q) / (2 * _STEP) for p, q in ends])
    for vector in _null_space(rows):
        for claim in certificate["claims"]:
            if any(p == claim["title"] and abs(v) > _NULL for (_, p), v in zip(columns, vector, strict=True)):
                return f"{claim['title']} moves along a null vector"
    return None


def _null_space(rows: list[list[Any]]) -> list[list[Any]]:
    sizes = [max(abs(row[j]) for row in rows) or mp.mpf(1) for j in range(len(rows[0]))]
    _, values, vectors = mp.svd_r(mp.matrix([[v / s for v, s in zip(row, sizes, strict=True)] for row in rows]))
    return [[vectors[i, j] for j in range(vectors.cols)] for i in range(len(values)) if values[i] < _NULL * values[0]]


def false_squares(certificate: Mapping[str, Any], seed: int = 1) -> str | None:
    """Why orders 2 and 1 under least squares are not proved by a matrix: relations are a null space by differences."""
    place, proof = certificate["place"], certificate["proof"]
    mixture, model, rng = Mixture(place, seed), place["model"], random.Random(seed)
    points, each = mixture.true, [*model["own"], *model["expert"]]
    pairs = list(combinations_with_replacement(each, 2))

    def atom(at: Mapping[str, Any], x: Mapping[str, Any], f: Any) -> Any:
        return mp.exp(value(mixture.weight, {**at, **x})) * (f - value(mixture.mean, {**at, **x}))

    def slope(i: int, names: Sequence[str], x: Mapping[str, Any], f: Any) -> Any:
        total = mp.mpf(0)
        for signs in range(2 ** len(names)):
            at, sign = dict(points[i]), 1
            for j, name in enumerate(names):
                step = 1 if signs >> j & 1 else -1
                at[name], sign = at[name] + step * _STEP, sign * step
            total += sign * atom(at, x, f)
        return total / (2 * _STEP) ** len(names)

    places: list[tuple[int, tuple[str, ...]]] = [(0, ()), *((0, (p,)) for p in each), *((0, pq) for pq in pairs)]
    places += [(1, (p,)) for p in model["expert"]]
    rows = []
    for _ in range(2 * (len(places) + len(model["shared"]))):
        x = {name: mp.mpf(rng.randint(-1999, 1999)) / 1000 for name in model["covariates"]}
        weights = [mp.exp(value(mixture.weight, {**at, **x})) for at in points]
        f = sum(w * value(mixture.mean, {**at, **x}) for w, at in zip(weights, points, strict=True)) / sum(weights)
        shared = [sum(slope(i, (p,), x, f) for i in range(2)) for p in model["shared"]]
        rows.append([*(slope(i, names, x, f) for i, names in places), *shared])
    null = _null_space_plain(rows)
    if len(null) != len(proof["relations"]):
        return f"{len(null)} relations, not {len(proof['relations'])}"
    others = [p for p in each if p not in proof["straight"]]
    matrix = mp.matrix([[number(e) for e in row] for row in proof["matrix"]])
    if min(mp.eigsy(matrix, eigvals_only=True)) <= 0:
        return "the matrix is not positive definite"
    for row in null:
        of = dict(zip(pairs, row[1 + len(each) : 1 + len(each) + len(pairs)], strict=True))
        indices = combinations_with_replacement(list(enumerate(others)), 2)
        total = sum(2 * matrix[i, j] * of[p, q] for (i, p), (j, q) in indices)
        if abs(total) > _NULL or max(map(abs, row[1 + len(each) + len(pairs) :]), default=0) > _NULL:
            return "a relation is not orthogonal, or moves another atom"
    claimed = {c["title"] for c in certificate["claims"]}
    return None if claimed <= {*others, *model["shared"]} else "a claim of what is straight"


def _null_space_plain(rows: list[list[Any]]) -> list[list[Any]]:
    _, values, vectors = mp.svd_r(mp.matrix(rows))
    if any(_NULL * mp.mpf(10) ** -7 < v / values[0] < mp.mpf(10) ** -14 for v in values):
        raise Unclear("a rank")
    return [[vectors[i, j] for j in range(vectors.cols)] for i in range(len(values)) if values[i] < _NULL * values[0]]
