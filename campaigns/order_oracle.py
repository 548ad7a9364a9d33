"""Contact orders of a cell of two atoms by minimising the distance of densities, without any module of the project.

The atom exp(log_weight) N(mean, nu) is fitted by two, with shares p_1 and p_2. One offset is held at t, and the others
are moved until the two are as near to the atom as can be; the order is the slope of the log distance in log t. A search
that ends too early gives an order that is too small: a claim is refuted only by what was found. A claim is about every
true expert: several are tried, as a mean that is linear at one need not be so at another. It is about any range of x:
on a short one x, tanh(x) and x sech(x)^2 are so near to dependent that no t in doubles shows the order, on a long one
searches end early. So a claim is refuted only if it is on both.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from oracle_jets import Unclear
from scipy.optimize import least_squares

_SHARE = 0.3
_HELD = (0.004, 0.002)  # t
_EXPERTS = ((0.0,) * 8, (0.9, -0.7, 0.6, -1.2, 0.8, 1.3, -0.5, 0.9))  # true values of the parameters of the mean
_RANGES = ((1, 9, 3), (3, 13, 8))  # x in [-h, h], points, starts
_Y = np.polynomial.hermite_e.hermegauss(12)
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
OPERATORS |= {ast.Pow: operator.pow}


def orders(model: Mapping[str, Any], claimed: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """The orders found for the titles of a certificate's model: `difference p`, `mean p`, and shared parameters.

    claimed: of each title, the order up to which it is not refuted. One that is above it on the short range of x is
    looked for on the long one too, and the smaller is given.
    """
    roles = tuple(tuple(model[role]) for role in ("own", "expert", "shared"))
    point = tuple((name, float(Fraction(value))) for name, value in model["point"].items())
    for title, most in claimed.items():
        found = np.inf
        for span in _RANGES:
            if found > most:
                cells = [
                    _order(model["log_weight"], model["mean"], roles, point, true, title, span) for true in _EXPERTS
                ]
                found = min(found, max(cells))
        yield title, found


def value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """An expression at arrays of numbers."""
    match node:
        case ast.Constant(n):
            return float(n)
        case ast.Name(name):
            return names[name]
        case ast.UnaryOp(ast.USub(), p):
            return -value(p, names)
        case ast.BinOp(p, symbol, q):
            return OPERATORS[type(symbol)](value(p, names), value(q, names))
        case ast.Call(ast.Name(f), [q], []):
            return getattr(np, f)(value(q, names))
    raise ValueError(ast.dump(node))


class _Cell:
    """The residuals of two atoms against one."""

    def __init__(
        self,
        log_weight: str,
        mean: str,
        roles: tuple[tuple[str, ...], ...],
        point: dict[str, float],
        expert: tuple[float, ...],
        x: Any,
    ) -> None:
        self.log_weight, self.mean = (ast.parse(text, mode="eval").body for text in (log_weight, mean))
        (self.own, self.expert, self.shared), self.point = roles, point
        self.each = [*self.own, *self.expert]
        self.size = 2 * len(self.each) + len(self.shared) + 1  # offsets of both atoms, of the shared, of log mass
        self.x = x
        self.true = self.weight(point)
        self.at = dict(zip(self.expert[:-1], expert, strict=False))
        self.centre = value(self.mean, {**self.at, "x": x}) + 0 * x

    def weight(self, at: Mapping[str, float]) -> Any:
        return value(self.log_weight, {**at, "x": self.x}) + 0 * self.x

    def residuals(self, offsets: Any) -> Any:
        """(density of the two atoms / true density - 1), at nodes of x and y of unit weight; nu = 1 is the truth."""
        count, (y, weights) = len(self.each), _Y
        shared = dict(zip(self.shared, offsets[2 * count : -1], strict=True))
        total = np.zeros((len(self.x), len(y)))
        for share, part in ((_SHARE, offsets[:count]), (1 - _SHARE, offsets[count : 2 * count])):
            moved = dict(zip(self.each, part, strict=True)) | shared
            gate = self.weight({name: v + moved[name] for name, v in self.point.items()}) - self.true
            expert = {name: v + moved[name] for name, v in self.at.items()} | {"x": self.x}
            nu, shift = 1 + moved["nu"], value(self.mean, expert) - self.centre
            exponent = y**2 / 2 - (y - shift[:, None]) ** 2 / (2 * nu)
            total += share * np.exp(gate + offsets[-1])[:, None] * np.exp(exponent) / np.sqrt(nu)
        return ((total - 1) * np.sqrt(weights / weights.sum())).ravel()

    def held(self, title: str) -> Any:
        """The coefficients of the offset with this title in all offsets."""
        found, count = np.zeros(self.size), len(self.each)
        kind, _, name = title.partition(" ")
        if title in self.shared:
            found[2 * count + self.shared.index(title)] = 1
            return found
        at = self.each.index(name)
        found[[at, count + at]] = {"difference": (1, -1), "mean": (_SHARE, 1 - _SHARE)}[kind]
        return found

    def distance(self, title: str, t: float, starts: int) -> float:
        """The least distance found with the offset at t."""
        rng = np.random.default_rng(1)
        row = self.held(title)
        free = np.linalg.svd(row[None, :])[2][1:]  # directions that leave it

        def moved(v: Any, side: int) -> Any:
            return self.residuals(side * t * row / (row @ row) + v @ free)

        best = np.inf
        for start, side in product(range(starts), (1, -1)):
            v = rng.normal(size=len(free)) * t ** (0.5, 1, 0.5, 2)[start % 4]
            found = least_squares(moved, v, args=(side,), xtol=1e-9, ftol=1e-9, gtol=1e-15, max_nfev=150)
            if max(abs(found.x)) < 0.7:  # near the true atom
                best = min(best, float(np.sqrt(2 * found.cost)))
        return best


@cache
def _order(
    log_weight: str,
    mean: str,
    roles: tuple[tuple[str, ...], ...],
    point: tuple[tuple[str, float], ...],
    expert: tuple[float, ...],
    title: str,
    span: tuple[int, int, int],
) -> float:
    half, points, starts = span
    with np.errstate(all="ignore"):
        cell = _Cell(log_weight, mean, roles, dict(point), expert, np.linspace(-half, half, points))
        if not np.isfinite([*cell.true, *cell.centre]).all():
            raise Unclear("the true atom is not finite")
        far, near = (cell.distance(title, t, starts) for t in _HELD)
    if not (np.isfinite(far) and near > 0):
        raise Unclear(f"no curve near the true atom was found for {title}")
    return float(np.log(far / near) / np.log(_HELD[0] / _HELD[1]))
