"""Defines the studies that the claims run. Each was fixed, seed and all, before it ran; none is changed afterwards.

Truths, sizes and replicates come from the conditioning of the Fisher information and from pilots on other seeds. QUICK
belongs to `temperance verify`, FULL to `temperance verify --full`.

They follow studies with the seeds 61001 to 62009, the same without `backward`, whose starts missed the maximum of one
fit of sigmoid in 1600 (quick) and 800 (full) and of one of GELU_MIRROR in 1200; what those found is in the README.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from temperance.numerics.fitting.mle import Box
from temperance.numerics.mixture.measures import Gauge, MixingMeasure
from temperance.numerics.studies.study import Study

if TYPE_CHECKING:
    from temperance.numerics.contact.curves import ExactMeasure

Pair = tuple[float, float]

_QUICK_SIZES = (4000, 10000, 25000, 64000)
_FULL_SIZES = (8000, 40000, 200000, 1000000)
_FULL_CELL_SIZES = (8000, 40000, 200000)


def _truth(beta1: Pair, beta0: float, tau: float, nu: Pair = (0.25, 0.5)) -> MixingMeasure:
    """Two experts y = x/2 + 2 and y = -x/2 - 2, which stay apart on [-3, 3]."""
    return MixingMeasure(
        beta1=np.array(beta1)[:, None],
        beta0=np.array([beta0, 0.0]),
        tau=np.array(tau),
        a=np.array([[0.5], [-0.5]]),
        b=np.array([2.0, -2.0]),
        nu=np.array(nu),
    )


_BOX = Box(beta1=10.0, beta0=10.0, tau=(0.025, 10.0), a=10.0, b=10.0, nu=(0.25 / 3, 1.5))


def _exact(name: str, activation: str, gauge: Gauge, truth: MixingMeasure, *, starts: int, seed: int) -> Study:
    return Study(
        name=name,
        activation=activation,
        truth=truth,
        k=2,
        gauge=gauge,
        sizes=_QUICK_SIZES,
        replicates=400,
        starts=starts,
        box=_BOX,
        seed=seed,
        backward=True,
    )


def _larger(study: Study) -> Study:
    """The same setting at larger sizes, on data of its own."""
    return replace(study, name=f"{study.name}, large n", seed=study.seed + 1000, sizes=_FULL_SIZES, replicates=200)


LINEAR = _exact("linear gate, exact", "linear", "anchored", _truth((1.0, 0.0), 0.5, 0.5), starts=2, seed=63001)
TANH = _exact("tanh, exact", "tanh", "free", _truth((-0.5, -2.0), -0.25, 0.125), starts=3, seed=63002)
SIGMOID = _exact("sigmoid, exact", "sigmoid", "free", _truth((4.0, 0.5), -0.25, 0.125), starts=3, seed=63003)
GELU = _exact("GELU, exact", "gelu", "free", _truth((3.0, 0.5), -0.125, 0.125), starts=3, seed=63004)
RELU = _exact("ReLU, exact", "relu", "anchored", _truth((1.0, 0.0), -0.5, 0.5), starts=3, seed=63005)
GELU_MIRROR = replace(
    _exact("GELU, mirror point", "gelu", "free", _truth((1.0, -1.0), 0.25, 0.5), starts=2, seed=63006),
    replicates=300,
    # along the orbit beta1 goes with tau, and as it goes to 0 beta1_1 + beta1_2 is seen no more
    box=replace(_BOX, tau=(0.2, 2.0)),
)
EXACT = (TANH, SIGMOID, GELU)
QUICK = (LINEAR, *EXACT, RELU, GELU_MIRROR)

LINEAR_FULL, RELU_FULL, GELU_MIRROR_FULL = map(_larger, (LINEAR, RELU, GELU_MIRROR))
EXACT_FULL = tuple(map(_larger, EXACT))
TANH_MIRROR_FULL = replace(
    _exact("tanh, mirror point", "tanh", "free", _truth((1.5, -1.5), 0.5, 0.5), starts=3, seed=64007),
    sizes=(62500, 125000, 250000, 500000, 1000000),
    replicates=200,
    # without (beta1, 0), (0, -beta1) at tau/2, which have the density of the mirror point (beta1, -beta1) at tau
    box=replace(_BOX, tau=(0.4, 5.0)),
)
SOFTMAX_CELL_FULL = replace(
    _exact(
        "softmax, k = 3, k* = 2, large n",
        "linear",
        "anchored",
        _truth((1.0, 0.0), 0.5, 1.0, (1.0, 0.25)),
        starts=2,
        seed=64008,
    ),
    tau=1.0,
    k=3,
    splits=3,
    sizes=_FULL_CELL_SIZES,
    replicates=600,
    box=Box(beta1=3.0, beta0=3.0, tau=(0.1, 10.0), a=3.0, b=5.0, nu=(0.125, 2.0)),
)
TANH_CELL_FULL = replace(
    _exact(
        "tanh, k = 3, k* = 2", "tanh", "anchored", _truth((0.5, 0.0), 0.25, 0.125, (1.0, 0.25)), starts=2, seed=64009
    ),
    k=3,
    splits=3,
    sizes=_FULL_CELL_SIZES,
    replicates=800,
    box=Box(beta1=2.0, beta0=3.0, tau=(0.03, 1.0), a=3.0, b=5.0, nu=(0.125, 2.0)),
)
FULL = (LINEAR_FULL, *EXACT_FULL, RELU_FULL, GELU_MIRROR_FULL, TANH_MIRROR_FULL, SOFTMAX_CELL_FULL, TANH_CELL_FULL)


def tanh_cell() -> ExactMeasure:
    """The true point of the contact orders of cells, exact."""
    from temperance.numerics.contact.curves import ExactMeasure

    return ExactMeasure.of(_truth((1.5, 0.0), 0.25, 0.5))


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
