"""Draws which experts merge, on a logarithmic scale of their dissimilarity, and the experts over the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from temperance.numerics.merging.merge import kept
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.selection.sizes import PRICE, RESOLUTIONS, Sizes
from temperance.pages.plots import COLOURS, Picture

_LEAST = 1e-6  # dissimilarity that is drawn at the foot
_SHOWN = 1000  # points
_ALONG = 120  # points of a line


def _plain(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x, color=COLOURS["text"])
    axes.set_ylabel(y, color=COLOURS["text"])
    axes.tick_params(which="both", color=COLOURS["rule"], labelcolor=COLOURS["text"])
    axes.spines[:].set_color(COLOURS["rule"])
    axes.patch.set_visible(False)


@dataclass(frozen=True, eq=False)
class Merges(Picture):
    """The merges of the fit of the most experts: dotted lines are resolutions, the dashed one is noise."""

    found: Sizes

    title = "Dissimilarity at which experts merge"

    @property
    def description(self) -> str:
        """The picture in words."""
        steps = [
            f"{'+'.join(map(str, m.cells[m.pair[0]]))} with {'+'.join(map(str, m.cells[m.pair[1]]))} at {m.height:.3g}"
            for m in self.found.mergers
        ]
        return f"Merges of {len(self.found.fits)} experts: {', '.join(steps)}."

    def draw(self, axes: Any) -> None:
        """Draw a tree whose leaves are experts."""
        axes.set_xscale("linear")
        order = self._order()
        place: dict[tuple[int, ...], tuple[float, float]] = {
            (atom,): (float(at), _LEAST) for at, atom in enumerate(order)
        }
        for m in self.found.mergers:
            one, other = (m.cells[i] for i in m.pair)
            (x0, y0), (x1, y1) = place[one], place[other]
            height = max(m.height, 2 * _LEAST)
            axes.plot([x0, x0, x1, x1], [y0, height, height, y1], color=COLOURS["measured"])
            place[tuple(sorted(one + other))] = ((x0 + x1) / 2, height)
        for size in RESOLUTIONS:
            axes.axhline(size, color=COLOURS["predicted"], linestyle=":", linewidth=1)
        noise = PRICE * math.log(self.found.n) / self.found.n
        axes.axhline(noise, color=COLOURS["published"], linestyle="--", linewidth=1)
        axes.set_ylim(bottom=_LEAST)
        axes.set_xticks(range(len(order)), map(str, order))
        axes.xaxis.minorticks_off()
        _plain(axes, "expert", "log-likelihood an observation")

    def _order(self) -> list[int]:
        """The experts in an order in which no merges cross."""
        trees: dict[tuple[int, ...], list[int]] = {(i,): [i] for i in range(len(self.found.fits))}
        for m in self.found.mergers:
            one, other = (m.cells[i] for i in m.pair)
            trees[tuple(sorted(one + other))] = trees[one] + trees[other]
        return trees[tuple(range(len(self.found.fits)))]


@dataclass(frozen=True, eq=False)
class OverData(Picture):
    """The experts of the greatest number that a criterion takes, over the first column of x, the others at means."""

    found: Sizes
    column: str

    title = "The experts over the data, as wide as they are probable"

    @property
    def _chosen(self) -> int:
        return self.found.range[1] if self.found.range is not None else len(self.found.fits)

    @property
    def description(self) -> str:
        """The picture in words."""
        return f"Lines of {self._chosen} experts over {self.column}, and the data."

    def draw(self, axes: Any) -> None:
        """Draw points and lines."""
        axes.set_xscale("linear")
        axes.set_yscale("linear")
        refits = kept(self.found.fits[self._chosen - 1])
        x, y = refits.points.x, refits.points.y
        some = slice(None, None, -(-len(y) // _SHOWN))
        axes.plot(x[some, 0], y[some], ".", markersize=2, color=COLOURS["rule"])
        at = self._line(x)
        means, shares = refits.mixture.means(at), refits.mixture.probabilities(at)
        for i in range(refits.mixture.k):
            axes.scatter(at[:, 0], means[:, i], s=1 + 12 * shares[:, i], color=COLOURS["measured"], linewidths=0)
            best = int(shares[:, i].argmax())
            axes.annotate(str(i), (at[best, 0], means[best, i]), color=COLOURS["text"])
        low, high = float(y.min()), float(y.max())
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        _plain(axes, self.column, "y")

    def _line(self, x: Floats) -> Floats:
        """Points along the first column, the others at their means."""
        at = np.tile(x.mean(axis=0), (_ALONG, 1))
        at[:, 0] = np.linspace(x[:, 0].min(), x[:, 0].max(), _ALONG)
        return at
