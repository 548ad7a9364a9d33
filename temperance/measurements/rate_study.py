"""Defines the rate study of a user's own setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from temperance.measurements.true_measures import check_truth, default_truth
from temperance.numerics.fitting.box import Box
from temperance.numerics.lattice.experiment import kinks_move
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.exact_values import measure_of
from temperance.numerics.mixture.measures import Gauge, MixingMeasure
from temperance.numerics.studies.study import Kind, Study
from temperance.theory.activations.activation import activation
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.models.spec import TAU
from temperance.theory.models.truth import Truth
from temperance.theory.rates.analysis import Analysis

SIZES = (1000, 2000, 4000, 8000, 16000, 32000)
LATTICE_SIZES = tuple(10**j for j in range(4, 13))
KINKED_SIZES = LATTICE_SIZES[:5]  # where kinks move with beta1: the cells grow like n^(1/3)
REPLICATES = 100
_FEWEST = 10  # replicates that have an interval
_STARTS, _SPLITS, _ROUNDS = 3, 2, 3
_LARGEST_LATTICE_DIM = 2


def study_for(
    *,
    gate: str = "linear",
    source: str | None = None,
    true: int,
    fitted: int,
    gauge: str = "free",
    truth: Truth | None = None,
    dim: int = 1,
    n: Sequence[int] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    experiment: str | None = None,
) -> Study:
    """The definition of a study from the options of `temperance rates`.

    By default experiment is "lattice" for d = 1, 2 and "sample" beyond, and n goes from 10^4 to 10^12 on the lattice
    (to 10^8 where kinks of the gate move with beta1), from 1000 to 32000 in samples. The box follows the truth (it is
    part of the estimator, and printed); starts do not use it: three fresh ones, the estimate at the n before, and for
    k > k* two random splits of every atom of the maximum for k - 1 atoms. Raises ValueError for a bad option, or a
    truth of another shape.
    """
    kind = cast(Kind, experiment or ("sample" if dim > _LARGEST_LATTICE_DIM else "lattice"))  # Study refuses others
    _check(gate, source, true, fitted, replicates, seed, dim)
    linear, make = source is None or activation(source).is_linear, FITTED[gate]
    anchored = gauge_of(gauge) == "anchored" or linear
    held = None if TAU in make(dim).shared else 1.0
    chosen = truth or default_truth(true, dim, tau=held or 0.5, anchored=anchored, make=make)
    check_truth(chosen, true, dim, anchored and not linear)
    measure, (low, high) = measure_of(chosen), map(float, chosen.box or ())
    name = "linear" if linear else str(source)
    sizes = _sizes(kind, measure, name, low, high) if n is None else tuple(n)
    _check_sizes(sizes, fitted * (2 * dim + 3), kind)
    gauge_: Gauge = "anchored" if anchored else "free"
    # kinks that some atom sees change the exponent of the error of beta1 in split cells
    split = fitted > true and not linear
    return Study(
        name=f"rates: {gate if linear else name}, k* = {true}, k = {fitted}",
        activation=name,
        truth=measure,
        k=fitted,
        gauge=gauge_,
        sizes=sizes,
        replicates=replicates,
        starts=_STARTS,
        box=_box(measure),
        seed=seed,
        low=low,
        high=high,
        tau=held,
        splits=_SPLITS if fitted > true else 0,
        rounds=_ROUNDS,
        experiment=kind,
        kink=split and Analysis(activation(name), chosen, fitted, gauge_).kinked,
    )


def _sizes(kind: Kind, measure: MixingMeasure, name: str, low: float, high: float) -> tuple[int, ...]:
    if kind == "sample":
        return SIZES
    moving = kinks_move(measure, compile_activation(activation(name)), low, high)
    return KINKED_SIZES if moving else LATTICE_SIZES


def _check_sizes(n: Sequence[int], smallest: int, kind: Kind) -> None:
    largest = 10**8 if kind == "sample" else 10**12
    for size in n:
        if not smallest <= size <= largest:
            limits = f"{smallest} (all beta1, beta0, a, b, nu) to {size_in_words(largest)} (experiment: {kind})"
            raise ValueError(f"n = {size_in_words(size)} is out of range; accepted: {limits}")


def size_in_words(n: int) -> str:
    """The size as a power of ten where it is a large one."""
    exponent = len(str(n)) - 1
    return f"1e{exponent}" if n >= 10**6 and n == 10**exponent else str(n)


def _check(gate: str, source: str | None, true: int, fitted: int, replicates: int, seed: int, dim: int) -> None:
    require_gate(gate, source is not None, FITTED)
    if true < 1 or fitted < true or fitted > 12:
        raise ValueError(f"need 1 <= true <= fitted <= 12, not {true}, {fitted}")
    if not 1 <= dim <= 8:
        raise ValueError(f"the dimension must be 1 to 8, not {dim}")
    if replicates < _FEWEST:
        raise ValueError(f"replicates must be at least {_FEWEST}, fewer have no interval, not {replicates}")
    if seed < 0:
        raise ValueError(f"the seed must not be negative, not {seed}")
    if source is not None and activation(source).parameters:
        raise ValueError(f"activation {source!r} has free parameters: numbers are needed in their place")


def _box(m: MixingMeasure) -> Box:
    """Wide enough for the truth by a factor of three or more in every parameter."""

    def wide(values: Any, least: float) -> float:
        return max(least, 3 * float(np.abs(values).max()))

    tau = float(m.tau)
    return Box(
        beta1=wide(m.beta1, 10.0),
        beta0=wide(m.beta0, 10.0),
        tau=(tau / 20, 20 * tau),
        a=wide(m.a, 10.0),
        b=wide(m.b, 10.0),
        nu=(float(m.nu.min()) / 3, 3 * float(m.nu.max())),
    )
