"""Writes a mixing measure as a mixture of formulas, for merging.

Example: ``as_mixture(fit.measure, fit.layout, gate.source)[0].probabilities(x)`` are the probabilities of its gate.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas, formulas_of
from temperance.numerics.likelihood.generated import layout_formulas
from temperance.numerics.merging.mixture import Held, Mixture
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import Activation
from temperance.theory.models import by_name
from temperance.theory.models.spec import MoESpec


def as_mixture(g: MixingMeasure, layout: Layout, source: Activation) -> tuple[Mixture, Held, MoESpec]:
    """The mixture of a measure without leading axes, what its layout holds, and its model."""
    return *mixture_of(g, layout, source), model_of(source, layout.d)


def mixture_of(g: MixingMeasure, layout: Layout, source: Activation) -> tuple[Mixture, Held]:
    """The mixture of a measure without leading axes, and what its layout holds.

    Of the linear gate tau is held, as it scales the others.
    """
    linear = source.is_linear
    own, lines = np.column_stack([g.beta0, g.beta1]), np.column_stack([g.a, g.b])
    mixture = Mixture(_formulas(source, layout.d), own, np.array([float(g.tau)]), lines, g.nu)
    places = tuple(range(1 + layout.d * (layout.gauge == "anchored")))
    held = Held(places, (0.0,) * len(places), linear or layout.tau is not None, not linear and len(places) > 1)
    return mixture, held


@lru_cache(maxsize=64)
def _formulas(source: Activation, dim: int) -> AtomFormulas:
    """The formulas of an activation gate with linear experts, tau among them."""
    return formulas_of(by_name.model("linear", dim=dim)) if source.is_linear else layout_formulas(source, dim)


def model_of(source: Activation, dim: int) -> MoESpec:
    """The model of an activation gate with linear experts; of the linear gate it is the softmax gate, of one density.

    Raises ValueError for an activation that is constant.
    """
    return (
        by_name.model("softmax", dim=dim) if source.is_linear else by_name.model("activation", "gaussian", source, dim)
    )
