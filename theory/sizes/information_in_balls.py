"""The Fisher information of a mixture in balls: Gauss rules with a bound of their error, and of what they leave out.

M = B^T I B is the mean over x, and the integral over y, of g (S B) (S B)^T. The ranges of x and y are cut into cells.
In one, a Gauss rule of n points along an axis errs by at most 4 rho^(1 - 2n)/(rho - 1) times the greatest absolute
value of the integrand on the ellipse with foci at the ends and half-axes (rho +- 1/rho)/2, if it is analytic there. A
cell for which this is no small number, and all y beyond the range, are left out: what they hold is positive
semidefinite, and its trace at most what they would hold if the labels were seen. Cells are halved until either number
is small (theory.md 6.7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

from flint import acb, acb_mat, arb, arb_mat, ctx, fmpq

from temperance.theory.checker.rejected import Rejected, require
from temperance.theory.sizes.mixture_in_balls import Cell, Mixture, Place
from temperance.theory.sizes.sloped import slopes, value

ORDER = 12  # points of a rule along an axis
_LADDER = (3, 2, 5)  # the rho that are tried: the last one only if the first ellipse is not too large
_FIRST = (4, 8)  # parts of the ranges of x and y to begin with
_TAIL_PANELS = 16
_NARROWEST = fmpq(1, 2**24)  # part of the range of x, and of y

Range = tuple[fmpq, fmpq]
Errors = tuple[arb_mat, dict[str, arb_mat]]  # of M, and of its derivatives


@dataclass(frozen=True)
class Enclosed:
    """The M of the cells that are integrated, for all parameters of a part; a number above the trace of the rest."""

    seen: arb_mat
    unseen: arb


class Information:
    """M at parameters in balls: that of their middle, and its derivatives over the balls times the offsets.

    Args:
        make: the mixture at some parameters, with derivatives by some.
        at: the parameters; moving: those whose balls are more than roundings.
        x, y: the ranges; x is uniform on its own.
        tolerance: of the errors and of what is left out of the ranges, roughly, in the units of M.
    """

    def __init__(
        self,
        make: Callable[[Mapping[str, arb], list[str]], Mixture],
        at: Mapping[str, arb],
        moving: list[str],
        x: Range,
        y: Range,
        tolerance: fmpq,
    ) -> None:
        middle = {name: arb(ball.mid()) if name in moving else ball for name, ball in at.items()}
        self._offsets = {name: at[name] - middle[name] for name in moving}
        self._exact = make(middle, [])
        self._wide = make(at, moving) if moving else self._exact
        self._x, self._y, self._tolerance = x, y, float(tolerance.p) / float(tolerance.q)
        size = self._exact.matrix.ncols()
        self._seen, self._errors, self._unseen = arb_mat(size, size), arb_mat(size, size), arb(0)
        self._slopes = {name: arb_mat(size, size) for name in moving}
        self._panels: dict[Range, _Panel] = {}

    def enclosed(self, most: int) -> Enclosed:
        """Halve cells until all are done. Raises Rejected for more cells than `most`."""
        allowed, left = most, list(product(_cut(self._x, _FIRST[0]), _cut(self._y, _FIRST[1])))
        while left:
            most -= 1
            require(most >= 0, f"the integrals take more than {allowed} cells")
            left += self._halves(*left.pop())
        total = self._seen
        for name, offset in self._offsets.items():
            total = total + self._slopes[name] * offset
        errors = arb_mat([[arb(0, v.upper()) for v in row] for row in self._errors.tolist()])
        return Enclosed(total + errors, self._unseen + self._tails())

    def _halves(self, x: Range, y: Range) -> Iterator[tuple[Range, Range]]:
        """Count a cell, or halve it along the axes whose errors are too large."""
        share = arb((x[1] - x[0]) / (self._x[1] - self._x[0]))
        area, panel = share * arb(y[1] - y[0]), self._panel(x)
        allowed = self._tolerance * float((area / arb(self._y[1] - self._y[0])).mid()) / 2
        unseen = self._labels(panel, y) * area
        if _float(unseen) <= allowed:
            self._unseen += unseen
            return
        found = [self._error(panel, y, area, along, allowed) for along in ("x", "y")]
        if any(errors is None for errors in found):
            narrow = min(x[1] - x[0], (y[1] - y[0]) * (self._x[1] - self._x[0]) / (self._y[1] - self._y[0]))
            steep = "on a part of the range of x the gate is too steep, or not analytic"
            require(narrow > _NARROWEST * (self._x[1] - self._x[0]), steep)
            wide = not panel.is_bounded()  # for all y
            halved = (found[0] is None or wide, found[1] is None and not wide)
            yield from product(*(_cut(ends, 1 + half) for ends, half in zip((x, y), halved, strict=True)))
            return
        for errors in found:
            assert errors is not None
            self._errors += errors[0]
            for name, error in errors[1].items():
                self._errors += error * abs(self._offsets[name])
        self._add_points(panel, y, share)

    def _panel(self, x: Range) -> _Panel:
        if x not in self._panels:
            self._panels[x] = _Panel(x, self._exact, self._wide)
        return self._panels[x]

    def _labels(self, panel: _Panel, y: Range) -> arb:
        """A number above the trace of g (S B) (S B)^T on a cell, were the labels seen."""
        try:
            place = panel.around(1)
        except Rejected:  # s is not shown to be analytic on all of the panel
            return arb("inf")
        cell, total = _cell(place, y, 1), arb(0)
        for i, height in enumerate(cell.heights()):
            own = place.scores([arb(int(j == i)) for j in range(len(cell.e))], cell.e)
            total += height * sum((v * v for v in _above(acb_mat([[value(s) for s in own]]) * place.rows)), arb(0))
        return arb(total.upper())

    def _error(self, panel: _Panel, y: Range, area: arb, along: str, allowed: float) -> Errors | None:
        """The error of the rule along an axis, if some ellipse shows that it is small."""
        fits = True
        for rho in _LADDER:
            if rho > _LADDER[0] and not fits:
                continue
            most = self._most(panel, y, *((rho, 1) if along == "x" else (1, rho)))
            if most is None:
                fits = False
                continue
            errors, moved = most.errors(area * 4 / (arb(rho) ** (2 * ORDER - 1) * (rho - 1)))
            size = _float(errors.trace())
            size += sum(_float(moved[name].trace() * abs(offset)) for name, offset in self._offsets.items())
            if size <= allowed:
                return errors, moved
        return None

    def _most(self, panel: _Panel, y: Range, rho_x: int, rho_y: int) -> _Most | None:
        """What bounds the integrand on an ellipse; None where it is not shown to be analytic."""
        try:
            place = panel.around(rho_x)
        except Rejected:
            return None
        cell = _cell(place, y, rho_y)
        row, heights = place.scores(cell.shares(), cell.e), cell.heights()
        made = acb_mat([[value(s) for s in row]])
        score, moved = _above(made * place.rows), {}
        for name in self._offsets:
            own = acb_mat([[slopes(s).get(name, acb(0)) for s in row]]) * place.rows + made * place.row_slopes[name]
            moved[name] = (cell.moved_height(heights, name), _above(own))
        found = _Most(sum(heights, arb(0)), score, moved)
        numbers = [found.height, *score, *(n for height, own in moved.values() for n in (height, *own))]
        return found if all(n.is_finite() for n in numbers) else None

    def _add_points(self, panel: _Panel, y: Range, share: arb) -> None:
        middle, half = _ball(y)
        points = [(middle + half * node, (w * half).sqrt()) for node, w in _rule()]
        for w, place in panel.points(self._exact):
            rows = arb_mat([[root * v for v in place.rooted(at)] for at, root in points]) * place.rows
            self._seen += rows.transpose() * rows * (w * share)
        if not self._offsets:
            return
        for w, place in panel.points(self._wide):
            local = [[root * v for v in place.rooted(at)] for at, root in points]
            made = arb_mat([[value(v) for v in row] for row in local])
            rows = made * place.rows
            for name in self._offsets:
                own = arb_mat([[slopes(v).get(name, arb(0)) for v in row] for row in local])
                moved = (own * place.rows + made * place.row_slopes[name]).transpose() * rows
                self._slopes[name] += (moved + moved.transpose()) * (w * share)

    def _tails(self) -> arb:
        """A number above the trace of what lies beyond the range of y."""
        total = arb(0)
        for ends in _cut(self._x, _TAIL_PANELS):
            place = self._panel(ends).around(1)
            for i, (end, side) in product(range(self._exact.k), zip(self._y, (-1, 1), strict=True)):
                total += place.beyond(i, arb(end), side)
        return arb((total / _TAIL_PANELS).upper())


class _Panel:
    """A range of x: the points of its rule, itself and the ellipses around it."""

    def __init__(self, ends: Range, exact: Mixture, wide: Mixture) -> None:
        self._middle, self._half = _ball(ends)
        self._exact, self._wide = exact, wide
        self._found: dict[Any, Any] = {}

    def points(self, mixture: Mixture) -> list[tuple[arb, Place]]:
        """Weights, of sum 1, and places."""
        return self._once(
            mixture, lambda: [(w / 2, Place(mixture, self._middle + self._half * node)) for node, w in _rule()]
        )

    def is_bounded(self) -> bool:
        """Whether the formulas have finite balls on the panel."""
        try:
            return all(v.is_finite() for v in self.around(1).rows.entries())
        except Rejected:
            return False

    def around(self, rho: int) -> Place:
        """The ellipse; the panel itself for rho = 1. Raises Rejected where s is not shown to be analytic there."""
        return self._once(rho, lambda: Place(self._wide, self._middle, _ellipse(self._half, rho)))

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._found:
            try:
                self._found[key] = make()
            except Rejected as why:
                self._found[key] = why
        if isinstance(self._found[key], Rejected):
            raise self._found[key]
        return self._found[key]


@dataclass(frozen=True)
class _Most:
    """Numbers above |g| and |S B| somewhere, and above their derivatives by what moves."""

    height: arb
    score: list[arb]
    moved: dict[str, tuple[arb, list[arb]]]

    def errors(self, factor: arb) -> Errors:
        """A factor times what g (S B) (S B)^T is at most, and its derivatives."""
        v = arb_mat([self.score])
        square, found = v.transpose() * v, {}
        for name, (height, score) in self.moved.items():
            mixed = v.transpose() * arb_mat([score])
            found[name] = (square * height + (mixed + mixed.transpose()) * self.height) * factor
        return square * (self.height * factor), found


def _rule() -> list[tuple[arb, arb]]:
    return _rule_at(ctx.prec)


@lru_cache(maxsize=8)
def _rule_at(bits: int) -> list[tuple[arb, arb]]:
    """Nodes and weights in balls of these bits."""
    with ctx.workprec(bits):
        return [arb.legendre_p_root(ORDER, i, weight=True) for i in range(ORDER)]


def _ball(ends: Range) -> tuple[arb, arb]:
    """The middle and the half-width."""
    return arb((ends[0] + ends[1]) / 2), arb((ends[1] - ends[0]) / 2)


def _ellipse(half: arb, rho: int) -> acb:
    """A rectangle around the ellipse, or the interval for rho = 1, at 0."""
    wide, high = (half * fmpq(rho * rho + sign, 2 * rho) for sign in (1, -1))
    return acb(arb(0, wide.upper()), arb(0, high.upper()))


def _cell(place: Place, y: Range, rho: int) -> Cell:
    middle, half = _ball(y)
    return Cell(place, middle, _ellipse(half, rho))


def _cut(ends: Range, parts: int) -> list[Range]:
    low, high = ends
    return list(pairwise(low + (high - low) * i / parts for i in range(parts + 1)))


def _above(row: acb_mat) -> list[arb]:
    return [arb(v.abs_upper()) for v in row.entries()]


def _float(number: arb) -> float:
    """The upper end; infinite where there is none."""
    found = float(number.upper())
    return found if found >= 0 else float("inf")
