"""Recomputes the loss of the published estimates of Nguyen, Nguyen and Ho (NeurIPS 2023), and its slope over n.

python benchmarks/published.py FOLDER: of the published files. For two atoms the slope is -0.638. For three a few fits
make most of the mean loss, so that its slope, -1.18, has a wide interval and measures no rate.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.errors import Symmetry, match
from temperance.numerics.studies.slopes import log_slope

TRUTH = MixingMeasure([[25.0], [0.0]], [-8.0, 0.0], 1.0, [[-20.0], [20.0]], [15.0, -5.0], [0.09, 0.16])
SIZES = {
    2: np.concatenate([np.linspace(100, 900, 5), np.linspace(1000, 100000, 195)]),
    3: np.linspace(10000, 100000, 200),
}
"""The sizes of the published study, by the number of fitted atoms; 40 fits each."""


def published_loss(measure: MixingMeasure, truth: MixingMeasure) -> Floats:
    """The Voronoi loss as published, shape (...): no translation, tau not counted.

    sum_j |sum_{A_j} w_i - w*_j| + sum_i w_i (|dbeta1|^r + |db|^r + |da|^s + |dnu|^s), w_i = exp(beta0_i/tau), with
    r = s = 1 in a cell of one atom and r = 2m, s = m in a cell of m > 1; cells in (beta1, a, b, nu).
    """
    m, weights = match(measure, truth, Symmetry()), measure.weights
    low = np.take_along_axis(m.sizes, m.cells, -1).astype(float)
    high = np.where(low > 1, 2 * low, 1.0)
    powers = {"beta1": high, "b": high, "a": low, "nu": low}
    atoms = weights * sum(np.linalg.norm(m.offsets[name], axis=-1) ** power for name, power in powers.items())
    masses = np.einsum("...i,...ij->...j", weights, m.cells[..., None] == np.arange(truth.k)) - truth.weights
    return np.asarray(np.abs(masses).sum(axis=-1) + atoms.sum(axis=-1))


def load_published(folder: Path, k: int) -> tuple[MixingMeasure, Floats]:
    """The published fits with k = 2 or 3 atoms: measures with leading axes (N, R), and the stored loss (N, R)."""
    experts, variances, gates, loss = (np.load(folder / f"K{k}_{name}.npy") for name in ("A", "Sigma", "beta", "loss"))
    gates = np.concatenate([gates, np.zeros((*loss.shape, 2, 1))], axis=-1)
    own = (experts[..., 1, :, None], experts[..., 0, :], variances[..., 0, :])
    return MixingMeasure(gates[..., 1, :, None], gates[..., 0, :], np.ones(loss.shape), *own), loss


def check_published(folder: Path, k: int) -> dict[str, Any]:
    """The stored loss against ours, absolutely or relatively, and the slope of the mean loss with its 95% interval."""
    measures, loss = load_published(folder, k)
    difference = np.abs(published_loss(measures, TRUTH) - loss)
    # the mean of a loss is the squared RMS of its root
    root = log_slope(np.sqrt(loss.T), SIZES[k])
    most = min(float(difference.max()), float((difference / np.abs(loss)).max()))
    interval = [2 * end for end in root.interval]
    return {"k": k, "fits": loss.size, "difference": most, "slope": 2 * root.value, "ci": interval}


if __name__ == "__main__":
    print(json.dumps([check_published(Path(sys.argv[1]), k) for k in SIZES], indent=2))
