"""Defines a rate study by everything that determines its outcome, fixed before it runs.

Example: ``replace(study, seed=1, replicates=20)`` is a pilot, on other data, to choose sizes and replicates with.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from temperance.numerics.fitting.problem import Box, Problem, layout_problem
from temperance.numerics.fitting.search import SEARCH, Effort
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats, compiled, parity
from temperance.numerics.mixture.generated import evaluate
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure, truth_of
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.errors import Symmetry
from temperance.numerics.studies.lattice import CONSTANTS, Experiment, cells, design, experiment
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import generic, linear, softmax
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import Position, position, slopes

Kind = Literal["sample", "lattice"]


@checked
@dataclass(frozen=True, eq=False)
class Study:
    """Everything that determines the outcome of a rate study.

    name: what reports call it. activation: in the expression language, "linear" for the linear gate. truth: the measure
    that samples come from, x uniform on [low, high]^d. k: fitted atoms; gauge: theirs. tau: None if fitted, else its
    fixed value. sizes: increasing n; the sample of a replicate at one n is the beginning of that at the next. starts,
    peaks, splits, hops, rounds, spacings: of each of the two searches of a fit, as in an `Effort`; from the second n on
    a search also begins at its estimate at the n before, so that no start uses the truth. backward: whether it begins
    at its estimate at the n above too, from the largest n down. box: part of the estimator. kink: s has a kink inside
    the support. Data come from the streams (seed, replicate), replicates of them. experiment: "sample", points (x, y)
    with x uniform on [low, high]^d, or "lattice", counts of cells (`studies.lattice`) of n up to 10^15; columns: points
    of x of the lattice, None for as many as its dimension takes.
    """

    name: str
    activation: str
    truth: MixingMeasure
    k: int
    gauge: Gauge
    sizes: tuple[int, ...]
    replicates: int
    starts: int
    box: Box
    seed: int
    low: float = -3.0
    high: float = 3.0
    tau: float | None = None
    kink: bool = False
    peaks: int = 0
    splits: int = 0
    hops: int = 0
    rounds: int = 1
    spacings: tuple[float, float] = (1.0, 1.0)
    backward: bool = False
    experiment: Kind = "sample"
    columns: int | None = None

    def __post_init__(self) -> None:
        """Validate."""
        if list(self.sizes) != sorted(set(self.sizes)) or len(self.sizes) < 2:
            raise ValueError(f"study {self.name}: sizes must be at least two and increase, not {self.sizes}")
        if self.truth.tau.shape:
            raise ValueError(f"study {self.name}: the truth must be one measure, not a batch of {self.truth.tau.shape}")
        if self.sizes[0] < 1 or not 0 <= self.seed < 2**64 or not -np.inf < self.low < self.high < np.inf:
            raise ValueError(
                f"study {self.name}: sizes must be at least 1, the seed from 0 to 2^64 - 1, low below high"
            )
        self.layout  # noqa: B018 - which k, gauge and tau there are, it knows
        if self.replicates < 1 or min(self.starts, self.peaks, self.splits, self.hops) < 0:
            raise ValueError(f"study {self.name}: replicates must be at least 1, all kinds of starts at least 0")
        if not self.starts + (self.peaks + self.splits) * (self.k > 1):
            raise ValueError(f"study {self.name}: a fit needs at least one start; peaks and splits need k of 2 or more")
        if self.experiment == "lattice":
            design(self.low, self.high, self.truth.d, 1)  # refused here, not by workers that compiled what fits need
        if self.linear and self.gauge != "anchored":
            raise ValueError(f"study {self.name}: the linear gate must have the gauge 'anchored', not {self.gauge!r}")

    @property
    def gate(self) -> CompiledActivation:
        """The compiled activation."""
        return compiled(self.activation)

    @property
    def linear(self) -> bool:
        """Whether s(z) = z."""
        return self.gate.source.is_linear

    @property
    def fixed(self) -> tuple[str, ...]:
        """Groups that are not fitted."""
        return () if self.tau is None else ("tau",)

    @property
    def exact(self) -> bool:
        """Whether as many atoms are fitted as there are."""
        return self.k == self.truth.k

    @property
    def exact_truth(self) -> Truth:
        """The truth in exact numbers; its gate has a free s for an activation, and no tau where that of z is held."""
        make = generic if not self.linear else linear if self.tau is None else softmax
        return truth_of(self.truth, self.low, self.high, make)

    @property
    def position(self) -> Position:
        """Where beta1 of the truth lies with respect to the sets of theory 3.3.3."""
        return position(slopes(self.exact_truth))

    @property
    def layout(self) -> Layout:
        """Coordinates of the fits: of the linear gate at the true temperature, as data tell ratios to it alone."""
        tau = float(self.truth.tau) if self.tau is None and self.linear else self.tau
        return Layout(self.k, self.truth.d, self.gauge, tau)

    @property
    def effort(self) -> Effort:
        """Of each of the two searches of a fit."""
        counts = (self.starts, self.peaks, self.splits, self.rounds)
        return Effort(*counts, spacings=self.spacings, hops=self.hops)

    @checked
    def problem(self, points: Points, *, compiled: bool = True) -> Problem:
        """The fit to some points; compiled: in machine code, or in NumPy."""
        gate = self.gate if compiled else replace(self.gate, machine_code=False)
        return layout_problem(self.layout, gate, points, self.box)

    @property
    def symmetry(self) -> Symmetry:
        """What errors are taken modulo."""
        return Symmetry(self.gauge, self.linear, parity(self.gate))

    @cached_property
    def lattice(self) -> Experiment:
        """The lattice experiment of this truth, for samples up to the largest size."""
        return experiment(
            self.truth, self.gate, self.box, n=self.sizes[-1], low=self.low, high=self.high, columns=self.columns
        )

    @property
    def lattice_information(self) -> Floats:
        """I of one observation on the lattice (theory D, 7.1), (p, p): minus the mean of the Hessian of log g.

        The law there is normalised for every measure. Its lattice is coarser than that of `information.fisher`.
        """
        lattice = self.lattice
        x, y = cells(lattice.x, lattice.y)
        theta, weights = self.layout.pack(self.truth), lattice.probability.ravel()
        gate = replace(self.gate, machine_code=False)  # one evaluation is not worth a compilation
        return -evaluate(theta, self.layout, gate, x, y, weights, np.zeros(len(y))).hessian

    @property
    def definition(self) -> dict[str, Any]:
        """The definition as JSON values."""
        truth = {f.name: getattr(self.truth, f.name).tolist() for f in fields(self.truth)}
        left_out = ("truth", "box") if self.hops else ("truth", "box", "hops")  # searches without any are as before
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        determined = {"lattice": CONSTANTS if self.experiment == "lattice" else {}, "search": SEARCH}
        return {**plain, "sizes": list(self.sizes), "truth": truth, "box": asdict(self.box), **determined}

    @property
    def digest(self) -> str:
        """SHA-256 of the definition."""
        text = json.dumps(self.definition, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
