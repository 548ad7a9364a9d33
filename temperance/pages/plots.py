"""Computes the geometry of log-log plots (errors over n, distances along curves); templates/plot.html draws them.

>>> from temperance.pages.plots import ticks
>>> ticks(1500, 40000)
[3000.0, 10000.0, 30000.0]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 340, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 10, 42
_Z95 = 1.959963984540054
_MOST_TICKS = 6
_DIGITS = (
    (1.0,),
    (1.0, 3.0),
    (1.0, 2.0, 5.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    tuple(map(float, range(1, 10))),
    tuple(k / 10 for k in range(10, 100)),
)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Point = tuple[float, float]
Value = tuple[float, float, float]
"""log10 x, log10 y, and half the width of the interval of y, relative to y."""
Slanted = tuple[str, float, str]
"""Kind, slope and words of a line."""


@dataclass(frozen=True)
class Mark:
    """A measured value y at x, in pixels, with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A line of a kind (measured, predicted, published) between two points in pixels, and its words in the legend."""

    kind: str
    start: Point
    end: Point
    words: str


@dataclass(frozen=True)
class Plot:
    """What a plot shows; ticks: (place in pixels, label); band: corners of the 95% band of the line, if it has one."""

    title: str
    description: str
    x_label: str
    y_label: str
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    band: tuple[Point, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    notes: tuple[str, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class _Axis:
    """log10 values from low to high, onto pixels."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        """The place of a log10 value, to a hundredth of a pixel."""
        return round(self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first), 2)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Places and labels."""
        return tuple((self.at(math.log10(v)), label(v)) for v in ticks(10**self.low, 10**self.high))


def _axis(values: Sequence[float], first: float, last: float) -> _Axis:
    low, high = min(values), max(values)
    pad = max(0.06 * (high - low), 0.02)
    return _Axis(low - pad, high + pad, first, last)


def ticks(low: float, high: float) -> list[float]:
    """Round values from low to high, of which the logarithms are about evenly spaced."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in _DIGITS:
        found = [float(f"{d}e{e}") for e in range(first, last + 1) for d in digits]
        found = [value for value in found if low <= value <= high]
        if len(found) >= 3:
            return found[:: math.ceil(len(found) / _MOST_TICKS)]
    return [low, high]


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
    shown = [p for p in slope["points"] if p["rms"]]
    if slope["slope"] is None or len(shown) < 2:
        return None
    points = [(math.log10(p["n"]), math.log10(p["rms"]), _relative(p)) for p in shown]
    low, high = slope["ci"]
    interval = None if low is None or high is None else (low, high)
    words = f"measured {slope['slope']:.3f}" + (f" [{low:.3f}, {high:.3f}]" if interval else "")
    text = _Text(
        f"RMS error of {slope['parameter']}{_cell(slope)}",
        ("sample size n", "RMS error"),
        ", ".join(f"{p['rms']:.3g} at n = {p['n']}" for p in shown),
        (*([slope["outcome"]] if slope["outcome"] else []), f"{dropped:.2%} of the fits dropped"),
    )
    mean = (math.fsum(p[0] for p in points) / len(points), math.fsum(p[1] for p in points) / len(points))
    return _plot(text, points, [("measured", slope["slope"], words), *_stated(slope)], mean, interval)


def _cell(slope: Mapping[str, Any]) -> str:
    if slope["cell"] is None:
        return ""
    return f" in cell {slope['cell']}, of {slope['cell_size']} atom{'s' if slope['cell_size'] != 1 else ''}"


def _relative(point: Mapping[str, Any]) -> float:
    """Half the width of the 95% interval, relative to the value."""
    return 0.0 if point["se"] is None else _Z95 * float(point["se"]) / float(point["rms"])


def _stated(slope: Mapping[str, Any]) -> list[Slanted]:
    """Kind, slope and words of the slopes that are stated; one line where the two agree."""
    sharp, published = slope["predicted"], slope["published"]
    if sharp is not None and sharp == published:
        return [("predicted", sharp, f"predicted and published {sharp:.4g}")]
    both = [("predicted", sharp), ("published", published)]
    return [(kind, p, f"{kind} {p:.4g}") for kind, p in both if p is not None]


def contact_plot(order: Mapping[str, Any]) -> Plot | None:
    """Distances over t = 2^-j, with the measured and the expected order through the last; None where they are 0.

    order: a record of `contact_legs`.
    """
    levels = range(order["levels"][0], order["levels"][1] + 1)
    shown = [(j, d) for j, d in zip(levels, order["distances"], strict=True) if d > 0]
    if isinstance(order["measured"], str) or len(shown) < 2:
        return None
    points = [(-j * math.log10(2), math.log10(d), 0.0) for j, d in shown]
    wanted = [("measured", order["measured"], f"measured order {order['measured']:.6g}")]
    if not isinstance(order["expected"], str):
        wanted.append(("predicted", order["expected"], f"expected {order['expected']:.4g}"))
    values = ", ".join(f"{d:.3g} at t = 2^-{j}" for j, d in (shown[0], shown[-1]))
    text = _Text(order["curve"], ("t along the curve", "L2 distance of the densities"), values, (order["outcome"],))
    return _plot(text, points, wanted, points[-1][:2], None)


@dataclass(frozen=True)
class _Text:
    title: str
    axes: tuple[str, str]
    values: str
    notes: tuple[str, ...]


def _plot(
    text: _Text, points: Sequence[Value], wanted: Sequence[Slanted], through: Point, interval: Point | None
) -> Plot:
    """points and through in log10; interval: the slopes between which the band lies."""
    first, last = min(p[0] for p in points), max(p[0] for p in points)

    def at(x: float, slope: float) -> Point:
        return x, through[1] + slope * (x - through[0])

    lines = [(kind, at(first, slope), at(last, slope), words) for kind, slope, words in wanted]
    band = [
        at(x, slope) for slope, ends in zip(interval or (), ((first, last), (last, first)), strict=False) for x in ends
    ]
    bars = [((x, y + math.log10(max(1 - r, 0.05))), (x, y), (x, y + math.log10(1 + r))) for x, y, r in points]
    seen = [*(p for line in lines for p in line[1:3]), *band, *(p for bar in bars for p in bar)]
    horizontal = _axis([first, last], _LEFT, WIDTH - _RIGHT)
    vertical = _axis([y for _, y in seen], HEIGHT - _BOTTOM, _TOP)

    def placed(p: Point) -> Point:
        return horizontal.at(p[0]), vertical.at(p[1])

    return Plot(
        text.title,
        f"Log-log plot of the {text.axes[1]} over {text.axes[0]}: {text.values}; "
        f"slopes: {', '.join(words for *_, words in wanted)}; {', '.join(text.notes)}.",
        *text.axes,
        marks=tuple(Mark(*placed(middle), vertical.at(low[1]), vertical.at(high[1])) for low, middle, high in bars),
        lines=tuple(Line(kind, placed(start), placed(end), words) for kind, start, end, words in lines),
        band=tuple(map(placed, band)),
        x_ticks=horizontal.ticks(),
        y_ticks=vertical.ticks(),
        notes=text.notes,
    )
