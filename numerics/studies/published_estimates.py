"""Recomputes the loss of the published estimates of Nguyen, Nguyen and Ho (NeurIPS 2023), and its slope over n.

Example: ``check_published(folder)[0].slope.value`` is about -0.638 for two fitted atoms.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from temperance.numerics.errors.slopes import Slope, log_slope
from temperance.numerics.errors.voronoi import published_loss
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure

TRUTH = MixingMeasure(
    beta1=np.array([[25.0], [0.0]]),
    beta0=np.array([-8.0, 0.0]),
    tau=np.array(1.0),
    a=np.array([[-20.0], [20.0]]),
    b=np.array([15.0, -5.0]),
    nu=np.array([0.09, 0.16]),
)
SIZES = {
    2: np.concatenate([np.linspace(100, 900, 5), np.linspace(1000, 100000, 195)]),
    3: np.linspace(10000, 100000, 200),
}
TOLERANCE = 1e-10
_REPLICATES = 40


@dataclass(frozen=True)
class PublishedCheck:
    """The stored loss against ours: largest absolute and relative difference, and the slope of the mean loss over n."""

    k: int
    fits: int
    largest_difference: float
    largest_relative_difference: float
    slope: Slope

    @property
    def reproduced(self) -> bool:
        """Whether the two agree to 1e-10, absolutely or relatively."""
        return min(self.largest_difference, self.largest_relative_difference) <= TOLERANCE

    def record(self) -> dict[str, Any]:
        """The check as JSON values; an end of the interval that is infinite is None."""
        ends = [end if np.isfinite(end) else None for end in self.slope.interval]
        return {**asdict(self), "reproduced": self.reproduced, "slope": self.slope.value, "ci": ends}


def _load(folder: Path, name: str, shape: tuple[int, ...]) -> Floats:
    path = folder / name
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{name} cannot be read as an array from the published folder: {error}") from error
    if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite floating point numbers of shape {shape}, not {array.dtype}")
    return np.asarray(array)


def load_published(folder: Path, k: int) -> tuple[MixingMeasure, Floats]:
    """The published fits with k = 2 or 3 atoms: measures with leading axes (N, R), and the stored loss (N, R).

    Raises ValueError, naming the file, if one is missing or malformed.
    """
    batch = (len(SIZES[k]), _REPLICATES)
    experts, variances = _load(folder, f"K{k}_A.npy", (*batch, 2, k)), _load(folder, f"K{k}_Sigma.npy", (*batch, 1, k))
    gates, loss = _load(folder, f"K{k}_beta.npy", (*batch, 2, k - 1)), _load(folder, f"K{k}_loss.npy", batch)
    gates = np.concatenate([gates, np.zeros((*batch, 2, 1))], axis=-1)
    measures = MixingMeasure(
        beta1=gates[..., 1, :, None],
        beta0=gates[..., 0, :],
        tau=np.ones(batch),
        a=experts[..., 1, :, None],
        b=experts[..., 0, :],
        nu=variances[..., 0, :],
    )
    return measures, loss


def check_published(folder: str | Path) -> tuple[PublishedCheck, ...]:
    """Recompute the loss of the published fits with two and three atoms; slopes of log mean loss over all n.

    folder: of the published files. Raises ValueError where a file is missing or malformed.
    """
    checks = []
    for k, n in SIZES.items():
        measures, loss = load_published(Path(folder), k)
        difference = np.abs(published_loss(measures, TRUTH) - loss)
        slope = log_slope(loss.T, n, power=1.0)
        relative = float((difference / np.abs(loss)).max())
        checks.append(PublishedCheck(k, loss.size, float(difference.max()), relative, slope))
    return tuple(checks)
