"""Changes between a true mixture in exact numbers and arrays; a double stands for its shortest decimal."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import sympy as sp

from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import BETA0, TAU, Gate
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import exact


def truth_of(measure: MixingMeasure, low: float, high: float, make: Callable[[int], Gate] = generic) -> Truth:
    """The truth that a single measure is, with x uniform on [low, high]^d; make: its gate in dimension d."""
    spec = model(make(measure.d), dim=measure.d)
    names = (*spec.gate.own, BETA0, *spec.expert.parameters)
    rows = np.column_stack([measure.beta1, measure.beta0, measure.a, measure.b, measure.nu])
    atoms = tuple(dict(zip(names, map(exact, row), strict=True)) for row in rows.tolist())
    return Truth(spec, atoms, dict.fromkeys(spec.gate.shared, exact(float(measure.tau))), (exact(low), exact(high)))


def measure_of(truth: Truth) -> MixingMeasure:
    """The arrays of a truth with rational numbers for all parameters; tau is 1 where its gate has none."""
    *a, b, nu = truth.spec.expert.parameters

    def values(names: Iterable[sp.Symbol]) -> Floats:
        return np.array([[atom[p].p / atom[p].q for p in names] for atom in truth.atoms])

    tau, own = truth.shared.get(TAU, sp.S.One), truth.spec.gate.own[: truth.spec.dim]
    beta0, intercept, variance = values((BETA0, b, nu)).T
    return MixingMeasure(values(own), beta0, np.array(tau.p / tau.q), values(a), intercept, variance)
