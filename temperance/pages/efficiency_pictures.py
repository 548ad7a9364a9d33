"""Draws how many observations tau needs with an activation, by temperature."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from temperance.measurements.sample_sizes import Case, Row, curve, power
from temperance.pages.plots import Line, Plot, Point

_REACH = np.exp(np.linspace(-4.0, 3.0, 29))  # of the temperatures, over the best one


def by_temperature(row: Row, case: Case, floor: float | None, rows: Sequence[Row]) -> Plot:
    """n over tau of an activation with a best temperature, with the law of tau -> 0; rows: with the chosen ones."""
    assert row.best_tau is not None
    taus = [float(tau) for tau in row.best_tau[0] * _REACH]
    points = tuple(Point(tau, n) for tau, n in zip(taus, curve(case, taus), strict=True) if n is not None)
    law, first = row.laws.tau_to_0, (points[0].x, points[0].y)
    lines = [] if law is None or isinstance(law, str) else [Line("predicted", law, f"as tau -> 0: {power(law)}")]
    if floor is not None:
        lines.append(Line("good", 0.0, f"the floor, {floor:.0f}", (first[0], floor)))
    chosen = dict.fromkeys(r.tau for r in rows if r.activation == row.activation and r.tau is not None)
    lines += [Line("bad", math.inf, f"the chosen tau, {tau:g}", (tau, first[1])) for tau in chosen]
    return Plot(
        title=f"How many observations tau needs with {row.activation}, by temperature",
        axes=("tau", "n"),
        values=f"{len(points)} temperatures from {points[0].x:.3g} to {points[-1].x:.3g}",
        points=points,
        through=first,
        lines=tuple(lines),
        round_ticks=True,
    )
