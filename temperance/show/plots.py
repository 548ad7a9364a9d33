"""Draws pictures: errors and distances on logarithmic axes, data with the curves of a fit; as SVG for pages."""

from __future__ import annotations

import io
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import geometric_mean
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from temperance.numerics.estimation.result import FitResult
    from temperance.numerics.mixture.activation_numpy import Floats

SIZE = (360, 240)  # points
_Z95 = 1.959963984540054
COLOURS = {"text": "#1a1c20", "rule": "#c9ccd3", "measured": "#0a55a8", "predicted": "#9c4a00", "published": "#6a3aa2"}
COLOURS |= {"good": "#0b6a30", "bad": "#a3151d", "open": "#744f00"}
"""Variables of style.css, and the colours that stand for them until the drawing is part of a page."""
_DASHES = {"measured": "-", "predicted": "--", "published": ":", "good": "-.", "bad": "-", "open": "--"}
STYLES = {"measured": "solid", "predicted": "dashed", "published": "dotted"}
STYLES |= {"good": "dash-dotted", "bad": "solid, upright", "open": "dashed"}
"""How lines of a kind are drawn, in words."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ROUND = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
"""Mantissas of ticks, from few to many; the first that give `_TICKS` are taken."""
_TICKS = 3


@dataclass(frozen=True)
class Point:
    """A measured value y at x, and half the width of its 95% interval, relative to y."""

    x: float
    y: float
    relative: float = 0.0


@dataclass(frozen=True)
class Line:
    """A line of a kind (a colour of the page), by its slope, and its words in the legend.

    through: a point of it, where that is another than that of the plot; an infinite slope: it is upright.
    """

    kind: str
    slope: float
    words: str
    through: tuple[float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """A line of a kind by its values y, and its words in the legend."""

    kind: str
    y: tuple[float, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Picture(ABC):
    """What every picture has: a title, the names of its axes, what its lines are (with words and kinds), and notes."""

    title: str
    axes: tuple[str, str]
    lines: Sequence[Line | Curve]
    notes: tuple[str, ...] = ()
    margins: ClassVar[tuple[float, float, float, float] | None] = None
    """Left, bottom, right and top of its axes in a page, where labels fit in these; it is drawn in half of the time."""

    @property
    @abstractmethod
    def description(self) -> str:
        """The picture in words."""

    @abstractmethod
    def draw(self, axes: Any) -> None:
        """Draw the picture on axes of matplotlib."""

    def frame(self, axes: Any) -> None:
        """The names of axes, and the colours of what stands around a picture."""
        axes.set_xlabel(self.axes[0], color=COLOURS["text"])
        axes.set_ylabel(self.axes[1], color=COLOURS["text"])
        axes.grid(color=COLOURS["rule"], linewidth=0.6)
        axes.tick_params(which="both", color=COLOURS["rule"], labelcolor=COLOURS["text"])
        axes.tick_params(axis="x", pad=6)  # clear of the lowest label of the other axis
        axes.spines[:].set_color(COLOURS["rule"])
        axes.patch.set_visible(False)

    def drawing(self, name: str) -> Markup:
        """What stands within an svg element of a page; name: begins its ids, which are then unique in the page."""
        import matplotlib
        from matplotlib.figure import Figure

        file = io.StringIO()
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "temperance"}):
            figure = Figure(figsize=(SIZE[0] / 72, SIZE[1] / 72), layout=None if self.margins else "constrained")
            if self.margins is not None:
                figure.subplots_adjust(*self.margins)
            self.draw(figure.add_subplot())
            figure.patch.set_visible(False)
            figure.savefig(file, format="svg", metadata={"Date": None})
        text = file.getvalue()
        text = text[text.index('<g id="figure_1"') : text.rindex("</svg>")]
        text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
        for variable, colour in COLOURS.items():
            text = text.replace(colour, f"var(--{variable})")
        return Markup(text)


@dataclass(frozen=True, kw_only=True)
class Plot(Picture):
    """Points on logarithmic axes, lines of some slopes through a point, and between which slopes a band lies, if any.

    round_ticks: ticks are round numbers within the data, which the axes end with; else the first, middle and last x.
    """

    values: str
    points: tuple[Point, ...]
    through: tuple[float, float]
    lines: tuple[Line, ...]
    band: tuple[float, ...] = ()
    round_ticks: bool = False
    margins = (0.19, 0.19, 0.97, 0.96)

    @property
    def description(self) -> str:
        """The plot in words."""
        slopes = ", ".join(line.words for line in self.lines)
        x, y = self.axes
        return f"Log-log plot of the {y} over {x}: {self.values}; slopes: {slopes}; {', '.join(self.notes)}."

    def draw(self, axes: Any) -> None:
        """Draw the plot on logarithmic axes of matplotlib."""
        axes.set(xscale="log", yscale="log")
        x, y = [p.x for p in self.points], [p.y for p in self.points]
        ends = sorted((x[0], self.through[0], x[-1]))

        def along(slope: float, through: tuple[float, float]) -> list[float]:
            return [through[1] * (end / through[0]) ** slope for end in ends]

        if self.band:
            low, high = (along(slope, self.through) for slope in self.band)
            axes.fill_between(ends, low, high, color=COLOURS["measured"], alpha=0.15, linewidth=0)
        for line in self.lines:
            through = line.through or self.through
            style = {"linestyle": _DASHES[line.kind], "color": COLOURS[line.kind]}
            if math.isinf(line.slope):
                axes.axvline(through[0], **style)
            else:
                axes.plot(ends, along(line.slope, through), **style)
        below, above = ([p.y * min(p.relative, most) for p in self.points] for most in (0.95, float("inf")))
        axes.errorbar(x, y, yerr=(below, above), fmt="o", markersize=4, color=COLOURS["measured"])
        self._ticks(axes, x, y)
        self.frame(axes)

    def _ticks(self, axes: Any, x: Sequence[float], y: Sequence[float]) -> None:
        from matplotlib.ticker import FixedLocator

        if self.round_ticks:
            levels = [*y, *(line.through[1] for line in self.lines if line.through and line.slope == 0)]
            for axis, setting, values in ((axes.xaxis, axes.set_xlim, x), (axes.yaxis, axes.set_ylim, levels)):
                low, high = min(values) / 1.15, max(values) * 1.15
                axis.set_ticks(ticks := round_numbers(low, high), [label(tick) for tick in ticks])
                axis.minorticks_off()
                setting(low, high)
            return
        labelled = x if len(x) <= 4 else (x[0], x[len(x) // 2], x[-1])
        axes.set_xticks(labelled, map(label, labelled))
        axes.xaxis.minorticks_off()
        # one of them is in view wherever y doubles; in a decade only 1, 2, 4 have labels, as more would overlap
        powers = range(math.floor(math.log10(min(y))) - 1, math.ceil(math.log10(max(y))) + 1)
        axes.yaxis.set_minor_locator(FixedLocator([m * 10.0**power for power in powers for m in (2, 4, 7)]))


@dataclass(frozen=True, kw_only=True)
class Curves(Picture):
    """Curves over x, and points of data behind them, if there are any: their x and y."""

    x: tuple[float, ...]
    lines: tuple[Curve, ...]
    points: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())

    @property
    def description(self) -> str:
        """The curves in words."""
        across = f"from {self.x[0]:.3g} to {self.x[-1]:.3g}"
        ends = "; ".join(f"{line.words}: from {line.y[0]:.3g} to {line.y[-1]:.3g}" for line in self.lines)
        return f"Plot of the {self.axes[1]} over {self.axes[0]} {across}: {ends}."

    def draw(self, axes: Any) -> None:
        """Draw points and curves."""
        axes.plot(*self.points, "o", markersize=2, color=COLOURS["text"], alpha=0.3, markeredgewidth=0)
        for line in self.lines:
            axes.plot(self.x, line.y, _DASHES[line.kind], color=COLOURS[line.kind])
        if self.points[1]:  # a mean may leave the data far behind
            room = 0.05 * (max(self.points[1]) - min(self.points[1]))
            axes.set_ylim(min(self.points[1]) - room, max(self.points[1]) + room)
        self.frame(axes)


def panels(plots: Sequence[Picture]) -> Figure:
    """Some plots in one figure, three in a row, with their titles."""
    from matplotlib.figure import Figure

    columns = min(3, len(plots))
    lines = -(-len(plots) // columns)
    figure = Figure(figsize=(columns * SIZE[0] / 72, lines * SIZE[1] / 72), layout="constrained")
    for i, plot in enumerate(plots, 1):
        axes = figure.add_subplot(lines, columns, i)
        axes.set_title(plot.title)
        plot.draw(axes)
    return figure


def round_numbers(low: float, high: float) -> list[float]:
    """Round numbers between two, a few, at like distances of their logarithms."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers: list[float] = []
    for mantissas in _ROUND:
        numbers = [m * 10.0**power for power in powers for m in mantissas if low <= m * 10.0**power <= high]
        if len(numbers) >= _TICKS:
            break
    return numbers[:: -(-len(numbers) // (2 * _TICKS))]


def label(value: float, digits: int = 3) -> str:
    """A number as plain text, with a power of ten where it is small or large."""
    if value == 0 or 1e-3 <= abs(value) < 999999.5:
        return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    mantissa = mantissa.rstrip("0").rstrip(".")
    return power if mantissa == "1" else f"{mantissa}·{power}"


def rates_plot(slope: Mapping[str, Any], dropped: float) -> Plot | None:
    """RMS errors over n, with the measured slope and its band, and the predicted and published slopes beside it.

    All lines go through the mean of the logarithms, as the fitted one does. slope: a record of `judging`; dropped:
    share of the fits of its study that are left out. None where there is no slope.
    """
    points_of = [p for p in slope["points"] if p["rms"]]
    if slope["slope"] is None or len(points_of) < 2:
        return None
    several = "s" if slope["cell_size"] != 1 else ""
    cell = "" if slope["cell"] is None else f" in cell {slope['cell'] + 1}, of {slope['cell_size']} atom{several}"
    band = () if None in slope["ci"] else tuple(slope["ci"])
    words = f"measured {slope['slope']:.3f}" + (f" [{band[0]:.3f}, {band[1]:.3f}]" if band else "")
    points = tuple(Point(p["n"], p["rms"], 0.0 if p["se"] is None else _Z95 * p["se"] / p["rms"]) for p in points_of)
    return Plot(
        title=f"RMS error of {slope['parameter']}{cell}",
        axes=("sample size n", "RMS error"),
        values=", ".join(f"{p['rms']:.3g} at n = {p['n']}" for p in points_of),
        points=points,
        through=(geometric_mean(p.x for p in points), geometric_mean(p.y for p in points)),
        lines=(Line("measured", slope["slope"], words), *_stated(slope)),
        band=band,
        notes=(*([slope["outcome"]] if slope["outcome"] else []), f"{dropped:.2%} of the fits dropped"),
    )


def _stated(slope: Mapping[str, Any]) -> list[Line]:
    """The slopes that are stated; one line where the two agree."""
    sharp, published = slope["predicted"], slope["published"]
    if sharp is not None and sharp == published:
        return [Line("predicted", sharp, f"predicted and published {sharp:.4g}")]
    both = [("predicted", sharp), ("published", published)]
    return [Line(kind, p, f"{kind} {p:.4g}") for kind, p in both if p is not None]


def contact_plot(order: Mapping[str, Any]) -> Plot | None:
    """Distances over t = 2^-j, with the measured and the expected order through the last; None where they are 0.

    order: a record of `contact_legs`.
    """
    levels = range(order["levels"][0], order["levels"][1] + 1)
    levels_of = [(j, d) for j, d in zip(levels, order["distances"], strict=True) if d > 0]
    if isinstance(order["measured"], str) or len(levels_of) < 2:
        return None
    lines = [Line("measured", order["measured"], f"measured order {order['measured']:.6g}")]
    if not isinstance(order["expected"], str):
        lines.append(Line("predicted", order["expected"], f"expected {order['expected']:.4g}"))
    points = tuple(Point(2.0**-j, d) for j, d in levels_of)
    return Plot(
        title=order["curve"],
        axes=("t along the curve", "L2 distance of the densities"),
        values=", ".join(f"{d:.3g} at t = 2^-{j}" for j, d in (levels_of[0], levels_of[-1])),
        points=points,
        through=(points[-1].x, points[-1].y),
        lines=tuple(lines),
        notes=(order["outcome"],),
    )


_GRID, _POINTS = 200, 600  # places of a curve, and points of data in a picture


def pictures_of(fit: FitResult, x: Floats, y: Floats, names: Sequence[str]) -> tuple[Picture, ...]:
    """The data x (n, 1), y (n,) with the means of the experts, and the gate; names: of x and of y.

    None for x of several columns.
    """
    if x.shape[1] > 1:
        return ()
    column = "x" if names[0] == "1" else names[0]  # "1" is the first column of data without names
    grid = np.linspace(x.min(), x.max(), _GRID)
    gate, means = (values.T.tolist() for values in fit.curves(grid[:, None]))
    step, kinds = -(-len(y) // _POINTS), [*_DASHES]

    def curves(values: list[list[float]], what: str) -> tuple[Curve, ...]:
        return tuple(Curve(kinds[i % len(kinds)], tuple(v), f"{what} {i}") for i, v in enumerate(values))

    data = Curves(
        title="The data and the means of the experts",
        axes=(column, names[-1]),
        x=tuple(grid.tolist()),
        lines=curves(means, "mean of expert"),
        points=(tuple(x[::step, 0].tolist()), tuple(y[::step].tolist())),
        notes=() if step == 1 else (f"one point in {step} is drawn",),
    )
    gates = curves(gate, "probability of expert")
    return data, replace(data, title="The gate", axes=(column, "probability"), lines=gates, points=((), ()), notes=())
