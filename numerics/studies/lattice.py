"""The lattice experiment: the probabilities of its cells under the true mixture, and samples as counts (theory D).

x is uniform on m points of [low, high]^d, and y lies in h Z with h a little below sqrt(nu_min)/1.5. For every measure G
with variances of at least nu_min, P(x_i, y_j) = h g_G(y_j | x_i)/m is a law on the lattice to 1e-19
(`normalisation`), so that a model that holds exactly is fitted to counts. The cells listed are those that
the truth reaches.

Example: ``experiment(study.truth, study.gate, study.box, n=10**12).probability.sum()`` is 1.

Counts are nested in n: N(n) is multinomial(n, p), and N(n') = N(n) + multinomial(n' - n, p), independent, for n < n':
the sample of size n is part of that of size n'. They stay below 2^53, so that they are exact in doubles.

Example: ``[c.n for c in samples(lattice, (10**4, 10**12), seed=1)]`` is [1e4, 1e12].

`same_relations` proves by balls that the lattice has no linear relation that does not hold everywhere (theory D.4).

The derivatives D^alpha u of an atom that lead no relation (`theory.interactions`) span all of its derivatives;
where a determinant of their values at points of the lattice has an enclosure without 0, they are independent there, and
the two spaces of relations are one. The columns are D^alpha u/u, a quotient of the gate times one of the expert.

Example: ``same_relations(model("softmax"), atoms(truth, "softmax")[0], lattice, order=4).proved`` is True.

`normalisation` proves by balls that the lattice carries laws: what is missing from 1, for all measures of a box.

By Poisson summation |h sum_j N(h j | mu, nu) - 1| <= 2 r/(1 - r^3), r = exp(-2 pi^2 nu_min/h^2), for every mean mu and
every nu >= nu_min, hence for every mixture. Beyond a cell at a distance t from mu, h sum N <= erfc(t/sqrt(2 nu))/2.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import comb, frexp, ldexp, sqrt

import flint
import numpy as np
import sympy as sp
from flint import arb, fmpq
from numpy.typing import NDArray

from temperance.numerics.contact.curves import exact
from temperance.numerics.fitting.families import FACTOR, Atoms, Family
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import MixingMeasure, log_density
from temperance.numerics.mixture.points import Points, softmax
from temperance.theory.activations.piecewise import ends_of
from temperance.theory.expressions.balls import value
from temperance.theory.interactions.derivatives import Index, multi_indices, raised
from temperance.theory.interactions.independence import independent_columns
from temperance.theory.interactions.interactions import groebner_basis
from temperance.theory.models.experts import constant
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import MoESpec, Y, covariates

REACH = 12.0  # standard deviations beyond the lines: less than 1e-32 of an atom lies further out
_PER_DEVIATION = 1.5  # steps in the least standard deviation of the box
_STEP_BITS = 20  # of the step: its multiples are then exact in doubles
_COLUMNS = {1: 48, 2: 144}  # points of x for an analytic gate
_TURN = (sqrt(5.0) - 1) / 2  # multiples of it, modulo 1, fill the second coordinate evenly
_MOST_CELLS = 3e7
_CLEAR = 1e-6  # of the range of x: no point lies nearer to a true kink
CONSTANTS = {
    "reach": REACH,
    "per_deviation": _PER_DEVIATION,
    "step_bits": _STEP_BITS,
    "columns": list(_COLUMNS.values()),
}
"""What determines a lattice besides the arguments of `experiment`; a part of the definition of every study on it."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """The true law on the lattice.

    x (m, d): its points, each with probability 1/m. step: h; y (c,): multiples of it. log_density (m, c): log g* there.
    means (m, k), deviations (k,): of the true atoms. nu_min: the least variance of the box.
    """

    x: Floats
    step: float
    y: Floats
    log_density: Floats
    means: Floats
    deviations: Floats
    nu_min: float

    @property
    def probability(self) -> Floats:
        """P(x_i, y_j), shape (m, c)."""
        return np.exp(self.log_density) * (self.step / len(self.x))


def lattice_step(nu_min: float) -> float:
    """The greatest number of few bits that is at most sqrt(nu_min)/1.5."""
    if not 0 < nu_min < np.inf:
        raise ValueError(f"the box must bound nu away from 0 for a lattice in y, not nu_min = {nu_min}")
    mantissa, exponent = frexp(sqrt(nu_min) / _PER_DEVIATION)
    return ldexp(int(ldexp(mantissa, _STEP_BITS)), exponent - _STEP_BITS)


def design(low: float, high: float, d: int, columns: int) -> Floats:
    """`columns` points that fill [low, high]^d evenly, shape (columns, d), d = 1 or 2; no two share a coordinate."""
    if d not in _COLUMNS:
        raise ValueError(f"the lattice experiment has x in dimension 1 or 2, not {d}; use samples")
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"x must range over an interval, not [{low}, {high}]")
    place = np.arange(columns) + 0.5
    turns = [place / columns, (place * _TURN) % 1.0]
    return low + (high - low) * np.stack(turns[:d], axis=1)


def columns_needed(d: int, moving_kinks: bool, n: int) -> int:
    """Points of x: a few dozen; n^(1/3) where the kinks of the gate move with its parameters.

    There the order 3/2 comes from the x within about n^(-1/3) of a kink.
    """
    return max(_COLUMNS.get(d, 0), int(np.ceil(np.cbrt(n))) if moving_kinks else 0)


def kinks_move(truth: MixingMeasure, gate: CompiledActivation, low: float, high: float) -> bool:
    """Whether x in [low, high]^d reaches a kink of s whose place depends on beta1: not that at 0 if d = 1."""
    reach, ends = _reach(truth, low, high), [float(z) for z in ends_of(gate.source.pieces)]
    return any((z != 0 or truth.d > 1) and bool((abs(z) <= reach).any()) for z in ends)


def _reach(truth: MixingMeasure, low: float, high: float) -> Floats:
    """The greatest |beta1 . x| of every atom."""
    return np.asarray(np.abs(truth.beta1).sum(axis=1) * max(abs(low), abs(high)))


def experiment(
    truth: MixingMeasure,
    gate: CompiledActivation,
    box: Box,
    *,
    n: int,
    low: float = -3.0,
    high: float = 3.0,
    columns: int | None = None,
) -> Experiment:
    """The experiment of a softmax or activation gate with linear experts, for samples of size up to n.

    truth: without leading axes; box: of the fits; low, high: x lies in [low, high]^d, at so many columns, or at as many
    as `columns_needed` says. Raises ValueError for a dimension
    above 2, and a truth whose variances are not in the box.
    """
    if (truth.nu < box.nu[0]).any():
        raise ValueError(f"the box has variances from {box.nu[0]}, the truth has {truth.nu.min()}")
    reach, kinks = _reach(truth, low, high), [float(z) for z in ends_of(gate.source.pieces)]

    def clear(x: Floats) -> bool:
        gaps = [np.abs(x @ truth.beta1.T - z)[:, reach > 0] / reach[reach > 0] for z in kinks]
        return all((gap > _CLEAR).all() for gap in gaps)

    count = columns or columns_needed(truth.d, kinks_move(truth, gate, low, high), n)
    x = _clear_design(low, high, truth.d, count, clear)
    means, deviations = x @ truth.a.T + truth.b, np.sqrt(truth.nu)
    return _build(x, means, deviations, box.nu[0], lambda x, y: log_density(truth, gate, x, y))


def family_experiment(family: Family, *, n: int, columns: int | None = None) -> Experiment:
    """The experiment of an arbitrary gate and expert, for samples of size up to n, at so many columns.

    The box is that of `general_mle`: variances from 1/FACTOR of the true ones.
    """
    low, high, kinks = family.low, family.high, [*family.kinks(), *family.kinks(other=True)]

    def clear(x: Floats) -> bool:
        return all((np.abs(x - kink) > _CLEAR * (high - low)).all() for kink in kinks)

    d = family.setting.spec.dim
    x = _clear_design(low, high, d, columns or columns_needed(d, bool(kinks), n), clear)
    true = Atoms(family, family.reference, x)
    nu_min = float(true.nus.min()) / FACTOR
    return _build(x, true.means.T, np.sqrt(true.nus), nu_min, partial(_log_density, family))


def _log_density(family: Family, x: Floats, y: Floats) -> Floats:
    """log g*(y_i|x_i) of the true mixture; x (n, d), y (n,)."""
    atoms, y = Atoms(family, family.reference, x), y[:, None]
    gaps, nus = y[:, None] - atoms.means.T[:, :, None], atoms.nus[:, None]
    logs = atoms.logits.T[:, :, None] - np.log(2 * np.pi * nus) / 2 - gaps * gaps / (2 * nus)
    return np.asarray((softmax(logs, axis=1).log_sum - softmax(atoms.logits).log_sum[:, None])[:, 0])


def _clear_design(low: float, high: float, d: int, columns: int, clear: Callable[[Floats], bool]) -> Floats:
    """The first design with so many columns or more that has no point on a kink."""
    x = design(low, high, d, columns)
    return x if clear(x) else _clear_design(low, high, d, columns + 1, clear)


def _build(
    x: Floats, means: Floats, deviations: Floats, nu_min: float, log_g: Callable[[Floats, Floats], Floats]
) -> Experiment:
    """The experiment on the multiples of the step within REACH standard deviations of the true lines."""
    step = lattice_step(nu_min)
    first = np.floor((means - REACH * deviations).min() / step)
    last = np.ceil((means + REACH * deviations).max() / step)
    if len(x) * (last - first) > _MOST_CELLS:
        raise ValueError(
            f"the lattice would have {len(x) * (last - first):.0e} cells: the true lines range over {last - first:.0e} "
            "steps; what is accepted there is an experiment by samples"
        )
    y = step * np.arange(first, last + 1)
    values = log_g(*cells(x, y)).reshape(len(x), -1)
    return Experiment(x, step, y, values, means, deviations, nu_min)


def cells(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Every x (m, d) with every y (c,): shapes (m c, d) and (m c,)."""
    return np.repeat(x, len(y), axis=0), np.tile(y, len(x))


Counts = NDArray[np.int64]

LARGEST = 10**15


def counts(lattice: Experiment, sizes: Sequence[int], *, seed: int, replicate: int = 0) -> Iterator[Counts]:
    """The tables of counts (m, c) at increasing sizes, from the streams (seed, replicate, place of the size).

    Raises ValueError for sizes that do not increase, or lie outside 1..10^15.
    """
    if list(sizes) != sorted(set(sizes)) or not sizes or not 1 <= sizes[0] <= sizes[-1] <= LARGEST:
        raise ValueError(f"sizes must increase and lie between 1 and {LARGEST:.0e}, not {tuple(sizes)}")
    conditional = lattice.probability * len(lattice.x)
    conditional /= conditional.sum(axis=1, keepdims=True)  # what is left out is below rounding
    total, before = np.zeros(conditional.shape, dtype=np.int64), 0
    for place, n in enumerate(sizes):
        rng = np.random.default_rng([seed, replicate, place])
        columns = rng.multinomial(n - before, np.full(len(lattice.x), 1 / len(lattice.x)))
        total = total + rng.multinomial(columns, conditional)
        before = n
        yield total


def samples(lattice: Experiment, sizes: Sequence[int], *, seed: int, replicate: int = 0) -> Iterator[Points]:
    """The cells that are not empty, weighted with their counts, at increasing sizes.

    Log-likelihoods are relative to the truth: the reference is log g*.
    """
    x, y = cells(lattice.x, lattice.y)
    for table in counts(lattice, sizes, seed=seed, replicate=replicate):
        full = np.flatnonzero(table)
        weights = table.ravel()[full].astype(float)
        yield Points(x[full], y[full], weights, lattice.log_density.ravel()[full])


_BITS = 128
_ROUNDED = 1e-9  # more than the rounding of a mean or a deviation


@dataclass(frozen=True)
class Normalisation:
    """Proved bounds that hold at every x.

    box: on |sum - 1| for every measure of the box; outside: on the mass of the truth beyond the cells listed.
    """

    box: float
    outside: float


def normalisation(lattice: Experiment) -> Normalisation:
    """The bounds for an experiment."""
    with flint.ctx.workprec(_BITS):
        return Normalisation(_upper(_excess(lattice.step, lattice.nu_min)), _upper(_beyond(lattice)))


def _excess(step: float, nu_min: float) -> arb:
    r = (-2 * arb.pi() ** 2 * arb(nu_min) / arb(step) ** 2).exp()
    return 2 * r / (1 - r**3)


def _beyond(lattice: Experiment) -> arb:
    """The mass of the worst atom on both sides; from the outermost means at any x."""
    total = arb(0)
    for mean_low, mean_high, deviation in zip(
        lattice.means.min(axis=0), lattice.means.max(axis=0), lattice.deviations, strict=True
    ):
        spread = arb(float(deviation), _ROUNDED) * arb(2).sqrt()
        gaps = (
            arb(float(mean_low), _ROUNDED) - float(lattice.y[0]),
            float(lattice.y[-1]) - arb(float(mean_high), _ROUNDED),
        )
        mass = sum(((gap / spread).erfc() / 2 for gap in gaps), arb(0))
        total = total.max(mass)
    return total


def _upper(ball: arb) -> float:
    """A double above the ball."""
    return float(np.nextafter(float(ball.upper()), np.inf))


Exact = Mapping[str, fmpq]


@dataclass(frozen=True)
class Independence:
    """order: of the derivatives, so many; rank: of their span everywhere; proved: whether it is that on the lattice."""

    order: int
    derivatives: int
    rank: int
    proved: bool


def atoms(truth: MixingMeasure, spec: MoESpec) -> list[Exact]:
    """The parameters of every true atom by their names in a model."""
    names = [p.name for p in (*spec.gate.own, *spec.expert.parameters)]
    shared = {p.name: exact(float(truth.tau)) for p in spec.gate.shared}
    rows = np.column_stack([truth.beta1, truth.a, truth.b, truth.nu]).tolist()
    return [dict(zip(names, map(exact, row), strict=True)) | shared for row in rows]


def same_relations(spec: MoESpec, point: Exact, lattice: Experiment, order: int, *, held: bool = False) -> Independence:
    """Whether derivatives of order <= order of an atom have the same linear relations on the lattice as everywhere.

    spec: with a Gaussian expert. point: the atom's parameters, by name. held: the gate is that of an anchored atom, and
    only the expert's parameters move. Raises ValueError for a gate whose parameters point does not have, or another
    dimension than that of the experiment.
    """
    missing = [p.name for p in spec.parameters if p.name not in point]
    if missing or spec.dim != lattice.x.shape[1]:
        raise ValueError(
            f"the atom needs x in dimension {lattice.x.shape[1]} and a value of {missing or spec.parameters}"
        )
    cut = 0 if held else len(spec.gate.parameters)
    # behind an anchored gate stand the derivatives that lead no relation behind a free one, of the expert alone
    whole = MoESpec(generic(spec.dim), spec.expert, spec.dim) if held else spec
    ahead = len(whole.gate.parameters) - cut
    standard = [a[ahead:] for a in groebner_basis(whole, order).standard if not any(a[:ahead])]
    gate, expert = spec.gate.log_weight, spec.expert.log_density
    places = _places(lattice, 2 * len(standard))

    def rows(bits: int, _: random.Random) -> list[list[arb]]:
        rows = []
        by_gate: dict[int, dict[Index, arb]] = {}
        for i, j in places:
            at = {**point, **_covariates(lattice, i)}
            if i not in by_gate:
                formulas = _quotients(_piece(gate, at), spec.gate.parameters[:cut], order)
                by_gate[i] = {alpha: value(f, at, bits) for alpha, f in formulas.items()}
            at[Y.name] = exact(float(lattice.y[j]))
            formulas = _quotients(expert, spec.expert.parameters, order)
            by_expert = {alpha: value(f, at, bits) for alpha, f in formulas.items()}
            rows.append([by_gate[i][alpha[:cut]] * by_expert[alpha[cut:]] for alpha in standard])
        return rows

    proved = independent_columns(rows)
    size = cut + len(spec.expert.parameters)
    return Independence(order, comb(size + order, order), len(standard), proved)


def gate_functions(spec: MoESpec, points: Sequence[Exact], order: int) -> list[sp.Expr]:
    """1, and for every atom the functions D^gamma e/e of x, 0 < |gamma| <= order, that lead no relation of theirs.

    e is the atom's gate weight, its parameters put in from points. If they are independent on the design, the atoms of
    a mixture have no relations with each other, on the lattice or elsewhere, but that probabilities sum to 1.
    """
    gate, functions = spec.gate, [sp.S.One]
    basis = groebner_basis(MoESpec(gate, constant(spec.dim), spec.dim), order)
    cut, quotients = len(gate.parameters), _quotients(gate.log_weight, gate.parameters, order)
    orders = [alpha[:cut] for alpha in basis.standard if any(alpha[:cut]) and not any(alpha[cut:])]
    for point in points:
        numbers = {p: sp.Rational(int(point[p.name].p), int(point[p.name].q)) for p in gate.parameters}
        functions += [quotients[gamma].subs(numbers) for gamma in orders]
    return functions


def independent_on_design(functions: Sequence[sp.Expr], point: Exact, lattice: Experiment) -> bool:
    """Whether functions of x are proved to be linearly independent on the design: no combination vanishes there.

    point: the values of all other symbols, by name.
    """

    def rows(bits: int, _: random.Random) -> list[list[arb]]:
        places = ({**point, **_covariates(lattice, i)} for i in range(len(lattice.x)))
        return [[value(_piece(f, at), at, bits) for f in functions] for at in places]

    return independent_columns(rows)


def _covariates(lattice: Experiment, i: int) -> dict[str, fmpq]:
    return {s.name: exact(float(v)) for s, v in zip(covariates(lattice.x.shape[1]), lattice.x[i], strict=True)}


def _places(lattice: Experiment, count: int) -> list[tuple[int, int]]:
    """Cells that the sample is likely to reach, spread over the design, the same at every call."""
    rng = random.Random(1)
    likely = (lattice.log_density > lattice.log_density.max(axis=1, keepdims=True) - 20).tolist()
    places: list[tuple[int, int]] = []
    while len(places) < count:
        for i in rng.sample(range(len(likely)), len(likely)):
            places.append((i, rng.choice([j for j, reached in enumerate(likely[i]) if reached])))
    return places[:count]


def _piece(f: sp.Expr, at: Exact) -> sp.Expr:
    """The formula of f on the piece in which a point lies."""
    folded = sp.piecewise_fold(f) if f.has(sp.Piecewise) else f
    if not isinstance(folded, sp.Piecewise):
        return folded
    numbers = {s: sp.Rational(int(at[s.name].p), int(at[s.name].q)) for s in folded.free_symbols if s.name in at}
    return next(e for e, condition in folded.args if condition == True or condition.subs(numbers) == True)  # noqa: E712


@lru_cache(maxsize=64)
def _quotients(f: sp.Expr, parameters: tuple[sp.Symbol, ...], order: int) -> dict[Index, sp.Expr]:
    """P_alpha = D^alpha e/e up to an order, e = exp(f): P_0 = 1, and P_(alpha + e_i) = d_i P_alpha + P_alpha d_i f."""
    slopes, derivatives = [sp.diff(f, p) for p in parameters], {(0,) * len(parameters): sp.S.One}
    for alpha in (a for degree in range(1, order + 1) for a in multi_indices(len(parameters), degree)):
        i = next(i for i, a in enumerate(alpha) if a)
        lower = derivatives[raised(alpha, i, -1)]
        derivatives[alpha] = sp.diff(lower, parameters[i]) + lower * slopes[i]
    return derivatives
