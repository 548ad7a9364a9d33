"""Draws which experts merge, on a logarithmic scale of their dissimilarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from temperance.numerics.selection.sizes import RESOLUTIONS, Sizes
from temperance.pages.plots import COLOURS, Curve, Picture

_LEAST = 1e-5  # dissimilarity that is drawn at the foot


@dataclass(frozen=True, kw_only=True)
class Merges(Picture):
    """The merges of the fit of the most experts, as a tree whose leaves are experts; levels: kind and height of lines.

    A merge that costs less than one below it is drawn as high as that one: a part of a cell costs more than all of it.

    trees: atoms and height of both sides of each merge. order: of the atoms, in which no merges cross.
    """

    steps: tuple[tuple[tuple[int, ...], tuple[int, ...], float], ...]
    order: tuple[int, ...]

    @property
    def description(self) -> str:
        """The tree in words."""
        steps = (f"{'+'.join(map(str, a))} with {'+'.join(map(str, b))} at {h:.3g}" for a, b, h in self.steps)
        return f"Merges of {len(self.order)} experts: {', '.join(steps)}."

    def draw(self, axes: Any) -> None:
        """Draw the tree, and the levels."""
        axes.set_yscale("log")
        place: dict[tuple[int, ...], tuple[float, float]] = {(i,): (float(n), _LEAST) for n, i in enumerate(self.order)}
        for one, other, height in self.steps:
            (x0, y0), (x1, y1) = place[one], place[other]
            top = max(height, y0, y1, 2 * _LEAST)
            axes.plot([x0, x0, x1, x1], [y0, top, top, y1], color=COLOURS["text"])
            place[tuple(sorted(one + other))] = ((x0 + x1) / 2, top)
        for line in self.lines:
            if isinstance(line, Curve):
                axes.axhline(line.y[0], color=COLOURS[line.kind], linestyle=":", linewidth=1)
        axes.set_ylim(bottom=_LEAST)
        axes.set_xticks(range(len(self.order)), map(str, self.order))
        self.frame(axes)


def merges_of(result: Sizes) -> Merges:
    """The picture of the merges of the fit of the most experts."""
    steps = tuple((m.cells[m.pair[0]], m.cells[m.pair[1]], m.height) for m in result.mergers)
    trees: dict[tuple[int, ...], tuple[int, ...]] = {(i,): (i,) for i in range(len(result.fits))}
    for one, other, _ in steps:
        trees[tuple(sorted(one + other))] = trees[one] + trees[other]
    noise = result.noise
    lines = [Curve("predicted", (size,), f"resolution {size:g}") for size in RESOLUTIONS]
    return Merges(
        title="At which dissimilarity experts merge",
        axes=("expert", "log-likelihood per observation"),
        lines=(*lines, Curve("published", (noise,), f"noise, {noise:.2g}")),
        steps=steps,
        order=trees[tuple(range(len(result.fits)))],
    )
