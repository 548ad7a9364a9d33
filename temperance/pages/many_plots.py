"""Draws the plots of a page that has hundreds: SVG written by hand, a hundredth of the time of matplotlib's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from temperance.pages.plots import SIZE, Plot, label

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, SIZE[0] - 12, 10, SIZE[1] - 46
_ROOM = 0.05  # of an axis, beyond what is shown at either end
_APART = 36  # points between two labels
_LEAST = 0.05  # of a value, the end of an interval that reaches 0
_MANTISSAS = (1, 2, 4, 7, 1.4, 3, 5.5)
_DASHES = {"measured": "", "predicted": ' stroke-dasharray="7 4"', "published": ' stroke-dasharray="2 3"'}


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis: low and high at its ends, which are at two places of the drawing."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        """The place of a value."""
        return self.first + (self.last - self.first) * math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Values whose labels do not touch: powers of ten, and what fits between them."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found: list[float] = []
        for value in (m * 10.0**power for m in _MANTISSAS for power in powers):
            free = all(abs(self.at(value) - self.at(other)) >= _APART for other in found)
            if self.low <= value <= self.high and free:
                found.append(value)
        return found


def _axis(values: Sequence[float], first: float, last: float) -> _Axis:
    low, high = min(values), max(values)
    room = max((high / low) ** _ROOM, 1.02)
    return _Axis(low / room, high * room, first, last)


class LightPlot(Plot):
    """A plot that is drawn without matplotlib."""

    def drawing(self, name: str) -> Markup:
        """What stands within an svg element of a page."""
        return Markup("\n".join(self._parts()))

    def _parts(self) -> Iterator[str]:
        middle_x, middle_y = self.through
        ends = sorted((self.points[0].x, middle_x, self.points[-1].x))
        lines = [[middle_y * (end / middle_x) ** line.slope for end in ends] for line in self.lines]
        band = [[middle_y * (end / middle_x) ** slope for end in ends] for slope in self.band]
        bars = [(p.y * max(1 - p.relative, _LEAST), p.y * (1 + p.relative)) for p in self.points]
        x = _axis(ends, _LEFT, _RIGHT)
        y = _axis([value for some in (*lines, *band, *bars) for value in some], _BOTTOM, _TOP)

        def path(xs: Sequence[float], ys: Sequence[float]) -> str:
            return "M" + "L".join(f"{x.at(a):.1f} {y.at(b):.1f}" for a, b in zip(xs, ys, strict=True))

        yield from _frame(x, y, [self.points[i].x for i in (0, len(self.points) // 2, -1)], self.axes)
        if band:
            edge = path([*ends, *reversed(ends)], [*band[0], *reversed(band[1])])
            yield f'<path d="{edge}Z" fill="var(--measured)" opacity=".15"/>'
        for line, values in zip(self.lines, lines, strict=True):
            style = f'fill="none" stroke="var(--{line.kind})" stroke-width="1.5"{_DASHES[line.kind]}'
            yield f'<path d="{path(ends, values)}" {style}/>'
        for p, (low, high) in zip(self.points, bars, strict=True):
            yield f'<path d="{path((p.x, p.x), (low, high))}" stroke="var(--measured)"/>'
            yield f'<circle cx="{x.at(p.x):.1f}" cy="{y.at(p.y):.1f}" r="2.5" fill="var(--measured)"/>'


def _frame(x: _Axis, y: _Axis, shown: Sequence[float], names: tuple[str, str]) -> Iterator[str]:
    """Grid, labels, and the names of the axes."""
    rule, text = 'stroke="var(--rule)" stroke-width=".7" fill="none"', 'fill="var(--text)" font-size="10"'
    yield f'<rect x="{_LEFT}" y="{_TOP}" width="{_RIGHT - _LEFT}" height="{_BOTTOM - _TOP}" {rule}/>'
    for value in dict.fromkeys(shown):
        at = f"{x.at(value):.1f}"
        yield f'<path d="M{at} {_TOP}V{_BOTTOM}" {rule}/>'
        yield f'<text x="{at}" y="{_BOTTOM + 16}" text-anchor="middle" {text}>{escape(label(value))}</text>'
    for value in y.ticks():
        at = f"{y.at(value):.1f}"
        yield f'<path d="M{_LEFT} {at}H{_RIGHT}" {rule}/>'
        yield f'<text x="{_LEFT - 6}" y="{at}" dy=".35em" text-anchor="end" {text}>{escape(label(value))}</text>'
    middle_x, middle_y = (_LEFT + _RIGHT) // 2, (_TOP + _BOTTOM) // 2
    yield f'<text x="{middle_x}" y="{SIZE[1] - 10}" text-anchor="middle" {text}>{escape(names[0])}</text>'
    turned = f'transform="translate(14 {middle_y}) rotate(-90)" text-anchor="middle"'
    yield f"<text {turned} {text}>{escape(names[1])}</text>"
