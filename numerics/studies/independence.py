"""Proofs by balls that the lattice has no linear relation that does not hold everywhere (theory D.4).

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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import flint
import numpy as np
import sympy as sp
from flint import arb, fmpq

from temperance.numerics.contact.curves import exact
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.lattice import Experiment
from temperance.theory.expressions.balls import value
from temperance.theory.interactions.derivatives import Index, multi_indices, raised
from temperance.theory.interactions.independence import independent_columns
from temperance.theory.interactions.interactions import groebner_basis
from temperance.theory.models.experts import constant
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import MoESpec, Y, covariates

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
