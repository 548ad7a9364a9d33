"""Defines a rate study by everything that determines its outcome, fixed before it runs, and makes its fits.

Every fit is made by two searches that share nothing: each goes through the sizes of a replicate on its own. The higher
one is the estimate, and by how much they differ is stored beside it.

A `Study` is of a linear, softmax or activation gate, a `GeneralStudy` of any gate and expert near two true atoms, a
`RegressionStudy` the same by least squares.

Example: ``replace(study, seed=1, replicates=20)`` is a pilot, on other data, to choose sizes and replicates with.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import EXACT, Maximum, Stop
from temperance.numerics.fitting.families import Array, Family, Means, RegressionMixture, family_problem, require_smooth
from temperance.numerics.fitting.problem import Box, Problem, layout_problem
from temperance.numerics.fitting.search import (
    APART,
    SEARCH,
    Effort,
    Optimum,
    better,
    climb_all,
    fewer_atoms,
    higher,
    search_once,
)
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats, compiled, parity
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure, sample, truth_of
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.numerics.studies.errors import Symmetry
from temperance.numerics.studies.lattice import (
    CONSTANTS,
    Experiment,
    cells,
    design,
    experiment,
    family_experiment,
    samples,
)
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import generic, linear, softmax
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import Position, position, slopes

Kind = Literal["sample", "lattice"]
Outcome: TypeAlias = tuple[NDArray[np.float64], Sequence[str], Sequence[int], Sequence[float]]
"""Of one replicate: theta (N, p), and status, agree and gap of its fits (N)."""


class RateStudy(ABC):
    """What every study has: samples of growing size, and a fit to each.

    name: what reports call it. sizes: increasing n; the sample of a replicate at one n is the beginning of that at the
    next. Data come from the streams (seed, replicate), replicates of them.
    """

    name: str
    sizes: tuple[int, ...]
    replicates: int
    seed: int
    experiment: str
    backward: bool

    @property
    @abstractmethod
    def exact(self) -> bool:
        """Whether as many atoms are fitted as there are."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Of x."""

    @property
    @abstractmethod
    def definition(self) -> dict[str, Any]:
        """The definition as JSON values."""

    @property
    @abstractmethod
    def effort(self) -> Effort:
        """Of each of the two searches of a fit."""

    @abstractmethod
    def data(self, replicate: int) -> Sequence[Any]:
        """The data of a replicate at every n; those at one n are part of those at the next."""

    @abstractmethod
    def problem(self, points: Points, *, compiled: bool = True) -> Problem:
        """The fit to some points; compiled: in machine code, or in NumPy."""

    @property
    @abstractmethod
    def box_of_fits(self) -> tuple[list[str], Floats, Floats]:
        """The parameter of every coordinate of a fit (p,), and its bounds."""

    @property
    @abstractmethod
    def kernels(self) -> dict[tuple[Any, ...], int]:
        """What is compiled before fits are made: by its number of atoms and its name, how many less than a fit has."""

    @property
    def digest(self) -> str:
        """SHA-256 of the definition."""
        text = json.dumps(self.definition, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @one_blas_thread()
    def fits(self, replicate: int) -> list[Optimum]:
        """The fits of one replicate at every n."""
        problems = [self.problem(points) for points in self.data(replicate)]
        # gains far below one unit of log-likelihood are worth no pass, however many points there are
        stops = [Stop.in_sample_units(p.points.n) if self.experiment == "lattice" else EXACT for p in problems]
        streams = (np.random.SeedSequence([self.seed, replicate, n]) for n in self.sizes)
        seeds = [int(stream.generate_state(1)[0]) for stream in streams]
        return fits_of_sizes(problems, seeds, stops, self.effort, backward=self.backward)

    def outcome(self, replicate: int) -> Outcome:
        """What is stored of the fits of one replicate."""
        fits = self.fits(replicate)
        return np.stack([f.u for f in fits]), [f.status for f in fits], [f.agree for f in fits], [f.gap for f in fits]


def fits_of_sizes(
    problems: Sequence[Problem], seeds: Sequence[int], stops: Sequence[Stop], effort: Effort, *, backward: bool
) -> list[Optimum]:
    """The fits to the samples of a replicate, which grow: the higher of two searches of each.

    Where the two differ, each has further rounds of starts at that sample, and begins at what it came to before.
    """
    halves = [search_sizes(problems, seeds, stops, effort, half, backward=backward) for half in (0, 1)]
    for turn in range(2, 2 * effort.rounds, 2):
        for i, (problem, seed, stop) in enumerate(zip(problems, seeds, stops, strict=True)):
            if abs(halves[0][i].log_likelihood - halves[1][i].log_likelihood) <= APART:
                continue
            for half, optima in enumerate(halves):
                starts = [optimum.u for optimum in optima[max(i - 1, 0) : i + 2]]
                optima[i] = search_once(problem, effort.at(turn), [seed], turn + half, known=starts, stop=stop)
    return [better(*pair) for pair in zip(*halves, strict=True)]


def search_sizes(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    stops: Sequence[Stop],
    effort: Effort,
    half: int,
    *,
    backward: bool,
) -> list[Optimum]:
    """One of two searches through the samples of a replicate, which grow.

    It also begins at its estimate at the n before; backward: and, from the largest n down, at that at the n above, as
    at a small n all starts may miss a maximum that those at a larger one find.
    """
    optima: list[Optimum] = []
    for problem, seed, stop in zip(problems, seeds, stops, strict=True):
        fewer = fewer_atoms(problem, effort, [seed, half], stop)
        starts = [before.u for before in optima[-1:]]
        optima.append(search_once(problem, effort, [seed], half, fewer=fewer, known=starts, stop=stop))
    if not backward:
        return optima
    best = optima[-1:]
    for problem, stop, below in zip(problems[-2::-1], stops[-2::-1], optima[-2::-1], strict=True):
        again = climb_all(problem, [best[-1].u], effort.passes, stop)
        best.append(again if higher(again, below) else below)
    return best[::-1]


@checked
@dataclass(frozen=True, eq=False)
class Study(RateStudy):
    """Everything that determines the outcome of a rate study of a linear, softmax or activation gate.

    name: what reports call it. activation: in the expression language, "linear" for the linear gate. truth: the measure
    that samples come from, x uniform on [low, high]^d. k: fitted atoms; gauge: theirs. tau: None if fitted, else its
    fixed value. sizes: increasing n; the sample of a replicate at one n is the beginning of that at the next. starts,
    peaks, splits, hops, uniform, rounds, spacings: of each of the two searches of a fit, as in an `Effort`; from the
    second n on a search also begins at its estimate at the n before, so that no start uses the truth. backward: whether
    it begins at its estimate at the n above too, from the largest n down. box: part of the estimator. kink: s has a
    kink inside the support. Data come from the streams (seed, replicate), replicates of them. experiment: "sample",
    points (x, y) with x uniform on [low, high]^d, or "lattice", counts of cells (`studies.lattice`) of n up to 10^15;
    columns: points of x of the lattice, None for as many as its dimension takes.
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
    uniform: int = 0
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
        if self.replicates < 1 or min(self.starts, self.peaks, self.splits, self.hops, self.uniform) < 0:
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
    def dim(self) -> int:
        """Of x."""
        return self.truth.d

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
        return Effort(*counts, spacings=self.spacings, hops=self.hops, uniform=self.uniform)

    @checked
    def problem(self, points: Points, *, compiled: bool = True) -> Problem:
        """The fit to some points; compiled: in machine code, or in NumPy."""
        gate = self.gate if compiled else replace(self.gate, machine_code=False)
        return layout_problem(self.layout, gate, points, self.box)

    @checked
    def data(self, replicate: int) -> list[Points]:
        """The data of a replicate at every n; those at one n are part of those at the next."""
        if self.experiment == "lattice":
            return list(samples(self.lattice, self.sizes, seed=self.seed, replicate=replicate))
        x, y = sample(
            self.truth, self.gate, self.sizes[-1], seed=self.seed, replicate=replicate, low=self.low, high=self.high
        )
        return [Points(x[:n], y[:n]) for n in self.sizes]

    @checked
    def outcome(self, replicate: int) -> Outcome:
        """What is stored of the fits of one replicate: in a problem the gate of the linear gate is over its tau."""
        u, status, agree, gap = super().outcome(replicate)
        tau = self.layout.tau if self.linear else None
        scale = np.array([tau if tau and name in ("beta1", "beta0") else 1.0 for name in self.box_of_fits[0]])
        return u * scale, status, agree, gap

    @property
    def kernels(self) -> dict[tuple[Any, ...], int]:
        """A fixed temperature has the kernel of a fitted one; a fit of one atom needs none."""
        fewer = (0, 1) if self.peaks + self.splits and self.k > 2 else (0,)
        return {(self.k - less, self.gauge, self.gate.source): less for less in fewer}

    @property
    def box_of_fits(self) -> tuple[list[str], Floats, Floats]:
        """The parameter of every coordinate, and its bounds."""
        return [name for name, _ in self.layout.names], *self.box.bounds(self.layout)

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
        absent = {name for name in ("hops", "uniform") if not getattr(self, name)}  # searches without any are as before
        left_out = {"truth", "box", *absent}
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        determined = {"lattice": CONSTANTS if self.experiment == "lattice" else {}, "search": SEARCH}
        return {**plain, "sizes": list(self.sizes), "truth": truth, "box": asdict(self.box), **determined}


_ROUGH = 3  # starts from the data, where no atom is split
# as stored studies recorded it: version 2 changed peaks alone, which these searches have none of, and "apart" was the
# spacing of peaks, not the tolerance of two searches
_SEARCH = {**SEARCH, "version": 1, "apart": 1.0}


@dataclass(frozen=True, eq=False)
class GeneralStudy(RateStudy):
    """Everything that determines the outcome of a study of any gate and expert.

    name: what reports call it. family: the truth, with cells that `family_problem` fits. orders: parameter -> q, where
    it is not flat. sizes, replicates, seed: of the samples. starts: of each of two searches at every n, splits of a fit
    of one atom less; a search also begins at its estimate at the n before. rounds, uniform: as of an `Effort`. columns:
    points of x of the lattice, None for as many as its dimension takes.
    """

    name: str
    family: Family
    orders: Mapping[str, float]
    sizes: tuple[int, ...]
    replicates: int
    starts: int
    seed: int
    columns: int | None = None
    rounds: int = 1
    uniform: int = 0
    experiment = "lattice"
    backward = False

    def __post_init__(self) -> None:
        """Refuse a family that is not fitted."""
        require_smooth(self.family)

    def __getstate__(self) -> dict[str, Any]:
        """The definition alone: compiled functions cannot be sent to workers."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def exact(self) -> bool:
        """Whether as many atoms are fitted as there are."""
        return max(self.family.sizes) == 1

    @property
    def dim(self) -> int:
        """Of x."""
        return self.family.setting.spec.dim

    @property
    def effort(self) -> Effort:
        """Splits of a fit of one atom less, or starts from the data where no atom is split."""
        rough, splits = (_ROUGH, 0) if self.exact else (0, self.starts)
        return Effort(rough, 0, splits, self.rounds, uniform=self.uniform)

    @cached_property
    def lattice(self) -> Experiment:
        """The lattice experiment, for samples up to the largest size."""
        return family_experiment(self.family, n=self.sizes[-1], columns=self.columns)

    def data(self, replicate: int) -> Sequence[Any]:
        """Counts on the lattice at every n."""
        return list(samples(self.lattice, self.sizes, seed=self.seed, replicate=replicate))

    def problem(self, points: Points, *, compiled: bool = True) -> Problem:
        """The fit of the family to some points."""
        return family_problem(self.family, points, compiled=compiled)

    @property
    def kernels(self) -> dict[tuple[Any, ...], int]:
        """Of the fit, and of that of one atom less."""
        atoms = sum(self.family.sizes)
        return {(atoms - less, self.name): less for less in ((0,) if self.exact else (0, 1))}

    @cached_property
    def box(self) -> Problem:
        """A fit to no points."""
        return self.problem(Points(np.zeros((1, self.dim)), np.zeros(1)), compiled=False)

    def vector(self, u: Array) -> Array:
        """The vector of the family at coordinates u (p,)."""
        return self.box.natural(u)

    @property
    def box_of_fits(self) -> tuple[list[str], Array, Array]:
        """The parameter of every coordinate, and its bounds."""
        return self._names(self.box.places), self.box.lower, self.box.upper

    def _names(self, places: NDArray[np.intp]) -> list[str]:
        names = self.family.names * sum(self.family.sizes) + [p.name for p in self.family.setting.spec.gate.shared]
        return [names[place] for place in places]

    @property
    def definition(self) -> dict[str, Any]:
        """The definition as JSON values."""
        setting = self.family.setting
        gate = (*setting.held, *setting.own, *setting.shared)
        gates = [{p.name: str(setting.point[p]) for p in gate}, {p.name: float(v) for p, v in setting.other.items()}]
        experts = [{p.name: float(atom[p]) for p in setting.expert} for atom in setting.truth.atoms]
        return {
            "name": self.name,
            "log_weight": str(setting.spec.gate.log_weight),
            "mean": str(setting.mean),
            "gates": gates,
            "experts": experts,
            "x": [self.family.low, self.family.high],
            "cell": self.family.m,
            **({"split": "all"} if min(self.family.sizes) > 1 else {}),
            "q": dict(self.orders),
            "sizes": list(self.sizes),
            "replicates": self.replicates,
            "starts": self.starts,
            "seed": self.seed,
            "columns": self.columns,
            "lattice": CONSTANTS,
            "search": _SEARCH,
            **({"reach": halfway} if (halfway := self.family.halfway) else {}),
            **({"rounds": self.rounds} if self.rounds > 1 else {}),
            **({"uniform": self.uniform} if self.uniform else {}),
            **({"modulo_sign": list(signs)} if (signs := self.family.signs) else {}),
        }


@dataclass(frozen=True, eq=False)
class RegressionStudy(GeneralStudy):
    """The same of least squares: at fixed nodes of x, with Gaussian noise around the regression function."""

    experiment = "nodes"

    @cached_property
    def mixture(self) -> RegressionMixture:
        """The regression functions of the family."""
        return RegressionMixture(self.family)

    @property
    def kernels(self) -> dict[tuple[Any, ...], int]:
        """None: these fits have no machine code."""
        return {}

    def vector(self, u: Array) -> Array:
        """The vector of the family at coordinates u (p,)."""
        return self.mixture.vector(u)

    @property
    def box_of_fits(self) -> tuple[list[str], Array, Array]:
        """The parameter of every coordinate, and its bounds."""
        return self._names(self.mixture.free), self.mixture.lower, self.mixture.upper

    def data(self, replicate: int) -> list[Means]:
        """The mean responses at every n."""
        streams = (np.random.default_rng([self.seed, replicate, j]) for j in range(len(self.sizes)))
        return [self.mixture.means(n, rng) for n, rng in zip(self.sizes, streams, strict=True)]

    def outcome(self, replicate: int) -> Outcome:
        """What is stored of the fits of one replicate."""
        best: list[Maximum] = []
        gaps: list[float] = []
        before: list[list[Array]] = [[], []]
        for j, (n, means) in enumerate(zip(self.sizes, self.data(replicate), strict=True)):
            draws = [np.random.default_rng([self.seed, replicate, j, half]) for half in (0, 1)]
            for turn in range(self.rounds):
                count = self.starts * 2**turn
                ends = [self.mixture.search_once(means, count, before[half], draws[half]) for half in (0, 1)]
                before, gap = [[end.theta] for end in ends], abs(ends[0].value - ends[1].value) * n
                if gap <= APART:
                    break
            best.append(max(ends, key=lambda end: (end.stationary, end.value)))
            gaps.append(gap)
        return np.stack([end.theta for end in best]), [self.mixture.status(end) for end in best], [1] * len(best), gaps
