"""The studies that the claims run. Each was fixed, seed and all, before it ran; none is changed afterwards."""

from __future__ import annotations

import numpy as np

from numerics.definitions import Study
from numerics.measures import MixingMeasure
from numerics.mle import Box

TANH_EXACT = Study(
    name="C5, tanh, exact-specified",
    activation="tanh",
    truth=MixingMeasure(
        beta1=np.array([[3.0], [0.5]]),
        beta0=np.array([1.0, 0.0]),
        tau=np.array(0.25),
        a=np.array([[1.0], [-1.0]]),
        b=np.array([2.0, -2.0]),
        nu=np.array([0.25, 0.5]),
    ),
    k=2,
    gauge="free",
    sizes=(4000, 8944, 20000, 44721, 100000),
    replicates=240,
    starts=1,
    box=Box(beta1=10.0, beta0=10.0, tau=(0.025, 10.0), a=10.0, b=10.0, nu=(0.25 / 3, 1.5)),
    seed=20240125,
)
"""Claim C5 for tanh: well conditioned, off the mirror points; sizes and replicates come from pilots on other seeds."""
