"""Holds what a fit of softmax and activation gates to a user's data gives.

Example: ``print(fit(x, y, fitted=2))`` prints what `temperance fit` prints.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from temperance.numerics.estimation.fitted import Fitted, Value, by_names
from temperance.numerics.fitting.mle import Fit
from temperance.numerics.merging.as_mixture import as_mixture
from temperance.numerics.merging.merge import Refits
from temperance.numerics.merging.mixture import Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.spec import NU


@checked
@dataclass(frozen=True, eq=False, repr=False)
class FitResult(Fitted):
    """What a fit to a user's data gives, in the units of the data.

    estimates: of every parameter, and of the identifiable functions where some parameter is not; warnings: in plain
    words, what the data, the gate or the search leave open; fit: what they come from.

    The search runs on centred and scaled data: `fit.gradient_norm` is that of these. centre: x (d,) and y about
    which `fit.box` holds, that is, |beta1 . x + beta0| and |a . x + b - y| there are at most its beta0 and b.

    source: the activation of the gate. columns: names of the columns of x. points: their number (the sum of the
    weights); dropped: rows left out for missing values. n_parameters: the dimension of the set of densities near the
    fit at these x, that is, the free coordinates less the directions along which theory proves
    the density constant, so that the linear gate has as many with tau free as with tau fixed; columns of x that depend
    on each other, and values of a gate at few different x, count once. twin: whether single other parameters have its
    density. separated: whether the likelihood is proved to have no maximum near the fit (`separation`). again: for
    `merged`, which fits fewer atoms to the same points.
    """

    fit: Fit
    centre: tuple[tuple[float, ...], float]
    source: Activation

    @property
    def search(self) -> Fit:
        """The fit."""
        return self.fit

    @property
    def gate(self) -> str:
        """The gate and its temperature, in words."""
        layout = self.fit.layout
        gate = "linear gate" if self.source.is_linear else f"gate of s(z) = {self.source.name}, gauge {layout.gauge}"
        return f"{gate}, {'tau estimated' if layout.tau is None else f'tau = {layout.tau:g}'}"

    @property
    def title(self) -> str:
        """What was fitted."""
        return f"Mixture of {self.fitted} linear Gaussian expert{'s' * (self.fitted > 1)}, {self.gate}"

    @property
    def flat_directions(self) -> list[dict[str, Value]]:
        """The directions along which the information vanishes; tau and nu stand for their logarithms."""
        names = [name if atom is None else f"{name}_{atom}" for name, atom in self.fit.layout.names]
        return [by_names(names, v) for v in self.fit.flat_directions]

    @property
    def box_record(self) -> dict[str, Any]:
        """The box with its centre."""
        return {**asdict(self.fit.box), "centre": {"x": list(self.centre[0]), "y": self.centre[1]}}

    @property
    def refits(self) -> Refits | None:
        """What merging needs: the mixture in formulas, what the gauge holds, the points."""
        layout, g, again = self.fit.layout, self.fit.measure, self.again
        if again is None:
            return None
        mixture, held, spec = as_mixture(g, layout, self.source)
        line = tuple(p.name for p in spec.expert.parameters if p != NU)
        names = (("beta0", *(p.name for p in spec.gate.own)), ("tau",), line)

        def refit(k: int, mixture: Mixture | None = None, starts: int = 0, least: float = 0.0) -> FitResult:
            known = None
            if (m := mixture) is not None:
                known = MixingMeasure(m.own[:, 1:], m.own[:, 0], m.shared[0], m.lines[:, :-1], m.lines[:, -1], m.nu)
            return again.refitted(self, k, known, starts, least)

        return Refits(mixture, held, again.points, spec, names, refit)

    def curves(self, x: Floats) -> tuple[Floats, Floats]:
        """The probabilities of the gate and the means of the experts at x (n, d): arrays (n, k)."""
        m = self.fit.measure
        return m.gate_probabilities(x, self.source), x @ m.a.T + m.b
