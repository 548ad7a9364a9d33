"""Writes a mixing measure as a mixture of formulas, for merging.

Example: ``as_mixture(fit.measure, fit.layout, gate.source)[0].probabilities(x)`` are the probabilities of its gate.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas, formulas_of
from temperance.numerics.merging.mixture import Held, Mixture
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import Activation
from temperance.theory.models import by_name
from temperance.theory.models.spec import MoESpec


def as_mixture(g: MixingMeasure, layout: Layout, source: Activation) -> tuple[Mixture, Held, MoESpec]:
    """The mixture of a measure without leading axes, what its layout holds, and its model.

    Of the linear gate tau is held, as it scales the others, and the model is that of the softmax gate, of one density.
    """
    linear = source.is_linear
    formulas, spec = _model(source, layout.d)
    own, lines = np.column_stack([g.beta0, g.beta1]), np.column_stack([g.a, g.b])
    mixture = Mixture(formulas, own, np.array([float(g.tau)]), lines, g.nu)
    places = tuple(range(1 + layout.d * (layout.gauge == "anchored")))
    held = Held(places, (0.0,) * len(places), linear or layout.tau is not None, not linear and len(places) > 1)
    return mixture, held, spec


@lru_cache(maxsize=64)
def _model(source: Activation, dim: int) -> tuple[AtomFormulas, MoESpec]:
    """The formulas of an activation gate with linear experts, and its model."""
    if source.is_linear:
        return formulas_of(by_name.model("linear", dim=dim)), by_name.model("softmax", dim=dim)
    spec = by_name.model("activation", "gaussian", source, dim)
    return formulas_of(spec), spec
