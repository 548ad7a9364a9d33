"""Defines the studies that the claims run. Each was fixed, seed and all, before it ran; none is changed afterwards.

Truths come from the conditioning of the Fisher information; sizes, starts and replicates from pilots on other seeds.
All are on the lattice (`studies.lattice`). Every fit is made by two searches, whose starts do not use the truth; those
with rounds go on where the two differ. Climbs end once a further step would gain less than 1e-3 in the log-likelihood
of the sample (`Stop.in_sample_units`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from temperance.numerics.contact.curves import CurveMeasure
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.measures import Gauge, MixingMeasure
from temperance.numerics.studies.study import Study

Pair = tuple[float, float]

_SIZES = tuple(10**j for j in range(4, 13))


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
        sizes=_SIZES,
        replicates=40,
        starts=starts,
        box=_BOX,
        seed=seed,
        backward=True,
        experiment="lattice",
    )


LINEAR = _exact("linear gate, exact", "linear", "anchored", _truth((1.0, 0.0), 0.5, 0.5), starts=1, seed=81001)
TANH = _exact("tanh, exact", "tanh", "free", _truth((-0.5, -2.0), -0.25, 0.125), starts=1, seed=81002)
SIGMOID = _exact("sigmoid, exact", "sigmoid", "free", _truth((4.0, 0.5), -0.25, 0.125), starts=1, seed=81003)
GELU = _exact("GELU, exact", "gelu", "free", _truth((3.0, 0.5), -0.125, 0.125), starts=1, seed=81004)
RELU = _exact("ReLU, exact", "relu", "anchored", _truth((1.0, 0.0), -0.5, 0.5), starts=1, seed=81005)
GELU_MIRROR = replace(
    _exact("GELU, mirror point", "gelu", "free", _truth((1.0, -1.0), 0.25, 0.5), starts=1, seed=86006),
    rounds=5,
    uniform=20,
    # along the orbit beta1 goes with tau, and as it goes to 0 beta1_1 + beta1_2 is seen no more
    box=replace(_BOX, tau=(0.2, 2.0)),
)
TANH_MIRROR = replace(
    _exact("tanh, mirror point", "tanh", "free", _truth((1.5, -1.5), 0.5, 0.5), starts=1, seed=82007),
    # without (beta1, 0), (0, -beta1) at tau/2, which have the density of the mirror point (beta1, -beta1) at tau
    box=replace(_BOX, tau=(0.4, 5.0)),
)
EXACT = (TANH, SIGMOID, GELU)
MIRROR = (GELU_MIRROR, TANH_MIRROR)
CONSTANTS = replace(LINEAR, name="linear gate, constants", sizes=(10**4, 10**8), replicates=1500, starts=1, seed=81401)


def _cell(name: str, study: Study, box: Box, *, seed: int, **changes: Any) -> Study:
    """Cells of several atoms: starts are peaks of the gradient process, splits of a fit of one atom less, and hops.

    All five were defined anew on 2 December 2026, with hops and with peaks that lie further apart: on fresh samples of
    three of them 500 or 1000 uniform climbs were higher than the fit in 3 to 6% (docs/performance.md). That of free
    weights and that of four atoms were defined once more on 3 December, with starts anywhere in the box, as 1000 climbs
    were higher in 2.8% and 600 in 4.2%.
    """
    usual = replace(study, name=name, box=box, seed=seed, k=3, starts=0, peaks=20, splits=20, hops=12, rounds=4)
    return replace(usual, spacings=(3.0, 3.0), columns=_FEW_COLUMNS, **changes)


_FEW_COLUMNS = 24  # of x, half of what other studies have: a fit of three atoms takes half as long
_FAR_SIZES = (10**4, 10**8, 10**12)
_SOFTMAX = replace(
    _exact("softmax", "linear", "anchored", _truth((1.0, 0.0), 0.5, 1.0, (1.0, 0.25)), starts=1, seed=0),
    tau=1.0,
    sizes=_FAR_SIZES,
    backward=False,
)
_TANH = replace(
    _exact("tanh", "tanh", "anchored", _truth((0.5, 0.0), 0.25, 0.125, (1.0, 0.25)), starts=1, seed=0),
    sizes=_FAR_SIZES,
    backward=False,
)
# the theorem supposes shares of atoms that are bounded away from 0 (theory 4.2); these boxes do
_SOFTMAX_BOX = Box(beta1=2.0, beta0=1.5, tau=(0.1, 10.0), a=3.0, b=5.0, nu=(0.125, 2.0))
_TANH_BOX = Box(beta1=1.0, beta0=0.6, tau=(0.06, 0.5), a=3.0, b=5.0, nu=(0.125, 2.0))
# this one lets an atom vanish, and most maxima have one whose share is of order n^(-1/2)
_FREE_BOX = Box(beta1=2.0, beta0=3.0, tau=(0.03, 1.0), a=3.0, b=5.0, nu=(0.125, 2.0))

SOFTMAX_SPLITS = _cell("softmax, k = 3, k* = 2, splits", _SOFTMAX, _SOFTMAX_BOX, seed=85001, replicates=160, peaks=10)
TANH_SPLITS = _cell("tanh, k = 3, k* = 2, splits", _TANH, _TANH_BOX, seed=85002, replicates=80)
TANH_FREE = _cell(  # an atom that vanishes is near a peak, and climbs from peaks are short
    "tanh, k = 3, k* = 2, free weights", _TANH, _FREE_BOX, seed=86003, replicates=80, peaks=40, splits=16, uniform=40
)
CELLS = (SOFTMAX_SPLITS, TANH_SPLITS, TANH_FREE)

# for merging (theory 4.4.1): every cell split, or one in three; and another activation
_FOUR, _GELU = replace(_SOFTMAX, sizes=(10**6, 10**12)), replace(_TANH, activation="gelu", sizes=(10**6, 10**12))
SOFTMAX_FOUR = _cell(
    "softmax, k = 4, k* = 2, splits",
    _FOUR,
    _SOFTMAX_BOX,
    seed=86004,
    k=4,
    replicates=24,
    splits=30,
    hops=40,
    uniform=40,
)
GELU_SPLITS = _cell("GELU, k = 3, k* = 2, splits", _GELU, _TANH_BOX, seed=85005, replicates=48)
MERGED = (SOFTMAX_SPLITS, TANH_SPLITS, SOFTMAX_FOUR, GELU_SPLITS)  # the first two have fits of C7


def _variance(activation: str, tau: float, *, starts: int, seed: int) -> Study:
    """The estimate of tau near its best value (theory 7): a variance that is 20% off is found with power 0.9."""
    name = f"{activation}, variance of log tau, 1000 samples"
    study = _exact(name, activation, "anchored", _truth((1.0, 0.0), -0.2, tau), starts=starts, seed=seed)
    box = Box(beta1=5.0, beta0=5.0, tau=(0.02, 5.0), a=5.0, b=5.0, nu=(0.1, 1.5))
    return replace(study, sizes=(10**4, 10**8), replicates=1000, box=box, columns=_FEW_COLUMNS)


VARIANCE = (  # made anew on 1 December 2026, see docs/rates.md
    _variance("tanh", 0.375, starts=1, seed=82012),
    _variance("gelu", 0.125, starts=1, seed=82013),
    _variance("softplus", 0.375, starts=1, seed=82014),
)
STUDIES = (LINEAR, *EXACT, RELU, *MIRROR, *CELLS)


def tanh_cell() -> CurveMeasure:
    """The true point of the contact orders of cells, exact."""
    return CurveMeasure.of(_truth((1.5, 0.0), 0.25, 0.5))
