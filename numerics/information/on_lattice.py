"""The information of one observation of the lattice experiment (theory.md 5 and 6.1): a finite sum, of other code.

The law on the lattice is normalised for every measure, so that I = -E of the Hessian of log g, with the Hessian by hand
of `mixture.density`. Its lattice is coarser than that of `fisher`, and so is not quite the same number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.lattice.experiment import Experiment, cells
from temperance.numerics.mixture.activation_numpy import CompiledActivation
from temperance.numerics.mixture.density import log_likelihood
from temperance.numerics.mixture.measures import Layout, MixingMeasure

Floats = NDArray[np.float64]


def lattice_information(made: Experiment, truth: MixingMeasure, layout: Layout, gate: CompiledActivation) -> Floats:
    """I, shape (p, p), in the coordinates of the layout."""
    x, y = cells(made.x, made.y)
    weights = made.probability.ravel()
    found = log_likelihood(layout.pack(truth), layout, gate, x, y, weights, np.zeros(len(y)))
    return -found.hessian
