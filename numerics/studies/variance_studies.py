"""Defines the studies of claim C13: the variance of the estimate of tau. Fixed, seed and all, before they ran.

Truths are the anchored gates of theory.md 6 near their best temperatures, so that n = 10^4 is enough for tau to be
known to a tenth; starts, box and replicates are from pilots on other seeds. All are on the lattice.
"""

from __future__ import annotations

import numpy as np

from temperance.numerics.fitting.mle import Box
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.study import Study

SIZES = tuple(10**j for j in range(4, 9))


def _study(activation: str, tau: float, seed: int) -> Study:
    """Experts y = x/2 + 2 and y = -x/2 - 2, beta1 = (1, 0), beta0 = (-1/5, 0)."""
    return Study(
        name=f"{activation}, variance of tau",
        activation=activation,
        truth=MixingMeasure(
            beta1=np.array([[1.0], [0.0]]),
            beta0=np.array([-0.2, 0.0]),
            tau=np.array(tau),
            a=np.array([[0.5], [-0.5]]),
            b=np.array([2.0, -2.0]),
            nu=np.array([0.25, 0.5]),
        ),
        k=2,
        gauge="anchored",
        sizes=SIZES,
        replicates=80,
        starts=2,
        box=Box(beta1=5.0, beta0=5.0, tau=(0.02, 5.0), a=5.0, b=5.0, nu=(0.1, 1.5)),
        seed=seed,
        backward=True,
        experiment="lattice",
    )


VARIANCE = (_study("tanh", 0.375, 81301), _study("gelu", 0.125, 81302), _study("softplus", 0.375, 81303))
