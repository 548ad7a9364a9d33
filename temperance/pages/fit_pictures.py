"""Draws a fit of one column of x: the data with the experts, and the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from temperance.numerics.estimation.result import FitResult
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.pages.plots import Curve, Curves, Picture, kind_of

_GRID, _POINTS = 200, 600  # places of a curve, and points of data in a picture


def pictures_of(found: FitResult, x: Floats, y: Floats, names: Sequence[str]) -> tuple[Picture, ...]:
    """The data x (n, 1), y (n,) with the means of the experts, and the gate; names: of x and of y.

    None for x of several columns.
    """
    if x.shape[1] > 1:
        return ()
    column = "x" if names[0] == "1" else names[0]  # "1" is the first column of data without names
    grid = np.linspace(x.min(), x.max(), _GRID)
    gate, means = (values.T.tolist() for values in found.curves(grid[:, None]))
    step = -(-len(y) // _POINTS)

    def curves(values: list[list[float]], what: str) -> tuple[Curve, ...]:
        return tuple(Curve(kind_of(i), tuple(v), f"{what} {i}") for i, v in enumerate(values))

    data = Curves(
        title="The data and the means of the experts",
        axes=(column, names[1]),
        x=tuple(grid.tolist()),
        lines=curves(means, "mean of expert"),
        points=(tuple(x[::step, 0].tolist()), tuple(y[::step].tolist())),
        notes=() if step == 1 else (f"one point in {step} is drawn",),
    )
    gates = curves(gate, "probability of expert")
    return data, replace(data, title="The gate", axes=(column, "probability"), lines=gates, points=((), ()), notes=())
