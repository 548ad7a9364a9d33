"""Finds all relations that a split atom has in a mixture, beside a singleton whose gate is held (theory 8).

The relations of order <= 2 of the atom hold in every mixture. At a true point of exact numbers a minor, in balls,
proves that the mixture has no others.

>>> from temperance.theory.models.by_name import model
>>> str(least_squares(model("softmax", "constant")).expert.log_density)
'log(-b + y)'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import sympy as sp
from flint import fmpq, fmpq_mat
from sympy.polys.matrices import DomainMatrix

from temperance.theory.expressions.balls import exact, is_zero
from temperance.theory.interactions.independence import independent
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.models.experts import accepted, mean_of, normal
from temperance.theory.models.spec import NU, Expert, MoESpec, Y, covariates, true_value
from temperance.theory.models.truth import Noise, Setting, Truth, Values


def mean(spec: MoESpec) -> sp.Expr:
    """The regression function h of one expert. Raises ValueError where the expert has no named mean."""
    found = mean_of(spec.expert)
    if found is None:
        known = accepted(orders=True)
        raise ValueError(f"least squares needs an expert with a named mean ({known}), not {spec.expert.name!r}")
    return found


def least_squares(spec: MoESpec) -> MoESpec:
    """The model whose atom is U = exp(L) (y - h): y stands for the value of the regression function.

    spec: a gate, and a Gaussian expert with a named mean h. Raises ValueError for any other expert.
    """
    h = mean(spec)
    parameters = tuple(p for p in spec.expert.parameters if p != NU)
    log = sp.Piecewise(*((sp.log(Y - e), c) for e, c in h.args)) if isinstance(h, sp.Piecewise) else sp.log(Y - h)
    return replace(spec, expert=Expert(spec.expert.name, log, parameters, spec.expert.constants))


def with_known_noise(spec: MoESpec) -> MoESpec:
    """The model whose variance nu is no parameter. Raises ValueError for an expert that has none."""
    expert = spec.expert
    if NU not in expert.parameters:
        raise ValueError(f"the expert {expert.name!r} has no variance nu")
    parameters = tuple(p for p in expert.parameters if p != NU)
    return replace(spec, expert=replace(expert, parameters=parameters, constants=(*expert.constants, NU)))


def straight(h: sp.Expr, parameters: Sequence[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    """Parameters in which a mean is jointly affine: none of their second derivatives differs from 0.

    h: the mean. parameters: of the expert; the first ones are preferred where not all can be taken.
    """
    found: list[sp.Symbol] = []
    for p in parameters:
        slope = sp.diff(h, p)
        if all(is_zero(sp.diff(slope, q)) for q in (*found, p)):
            found.append(p)
    return tuple(found)


def is_homogeneous(h: sp.Expr, parameters: Sequence[sp.Symbol]) -> bool:
    """Whether h(l eta) = l h(eta) for l > 0, kinks and all: a ReLU of an affine function."""
    scale = sp.Symbol("l", positive=True)
    scaled = {p: scale * p for p in parameters}
    if not isinstance(h, sp.Piecewise):
        return is_zero(h.xreplace(scaled) - scale * h)
    return all(
        is_zero(e.xreplace(scaled) - scale * e) and (c == sp.true or _rests(c, scaled, scale)) for e, c in h.args
    )


def _rests(condition: sp.Basic, scaled: dict[sp.Symbol, sp.Expr], scale: sp.Symbol) -> bool:
    """Whether a boundary stays where it is: its gap is a multiple of itself by a power of the scale."""
    if not isinstance(condition, sp.core.relational.Relational):
        return False
    gap = condition.lhs - condition.rhs
    ratio = sp.simplify(gap.xreplace(scaled) / gap)
    return bool(ratio.free_symbols <= {scale} and ratio.is_positive)


Index = tuple[int, ...]


@dataclass(frozen=True)
class SplitAtom:
    """The first cell of a setting, beside a singleton of the same weight.

    setting: its model has a Gaussian expert, whose variance plays no part. noise: None where the regression function is
    seen; else the density is, with a variance that is known or that all atoms have in common.
    """

    setting: Setting
    noise: Noise | None = None

    @property
    def spec(self) -> MoESpec:
        """The model."""
        return self.setting.spec

    @property
    def own(self) -> tuple[sp.Symbol, ...]:
        """The gate's parameters that each atom of the cell moves, without those that only scale its weight."""
        return self.setting.own

    @property
    def shared(self) -> tuple[sp.Symbol, ...]:
        """The parameters that all atoms move together."""
        return (*self.setting.shared, *((NU,) if self.noise == "common" else ()))

    @property
    def points(self) -> tuple[dict[sp.Symbol, sp.Expr], dict[sp.Symbol, sp.Expr]]:
        """The values of the parameters in the split atom and in the singleton, shared ones included."""
        return self.setting.truth.point(0), self.setting.truth.point(1)

    @property
    def expert(self) -> tuple[sp.Symbol, ...]:
        """The parameters of the mean."""
        return least_squares(self.spec).expert.parameters

    @property
    def each(self) -> tuple[sp.Symbol, ...]:
        """The parameters that each atom of the cell has for itself."""
        return (*self.own, *self.expert)

    @property
    def places(self) -> tuple[Index, ...]:
        """The derivatives of the split atom that its relations are among, by their multi-indices over `each`."""
        n = len(self.each)
        pairs = combinations_with_replacement(range(n), 2)
        unit = [tuple(int(i == j) for i in range(n)) for j in range(n)]
        second = [tuple(p + q for p, q in zip(unit[i], unit[j], strict=True)) for i, j in pairs]
        return ((0,) * n, *unit, *second)


@dataclass(frozen=True)
class Relations:
    """Relations of order <= 2 of a split atom, without derivatives by shared parameters.

    atom: whose. interactions: all relations of the atom. rows: a basis at the true point, over `atom.places`, each as
    a row of rational numbers. formulas: the same basis as functions of the parameters. proved: whether a mixture is
    proved to have no others.
    """

    atom: SplitAtom
    interactions: Interactions
    rows: tuple[tuple[fmpq, ...], ...]
    formulas: tuple[tuple[sp.Expr, ...], ...]
    proved: bool


def split_atom(spec: MoESpec, point: Values, held: tuple[sp.Symbol, ...] = (), noise: Noise | None = None) -> SplitAtom:
    """The split atom with the gate at a point, beside a singleton at the default place; the means are in no relation.

    spec: the model. point: values of the gate's parameters, shared ones included. held: those that are known. noise: as
    `SplitAtom` has it; the variance is 1.
    """
    gate, expert = spec.gate, least_squares(spec).expert.parameters
    split, other = ({p: true_value(gate, p, i) for p in gate.parameters} for i in range(2))
    split |= point
    other |= {p: split[p] for p in (*gate.shared, *held)}
    for j, p in enumerate(expert):
        split[p] = sp.Rational(j + 1, j + 2)
        other[p] = sp.Rational(j + 2, j + 3) * (-1) ** (j + 1)
    split[NU] = other[NU] = sp.S.One
    return SplitAtom(Setting(Truth(spec, (split, other)), (2, 1), held), noise)


class NotRational(ValueError):
    """The relations have coefficients that are no rational functions, or no rational numbers at the true point."""


def relations(atom: SplitAtom) -> Relations:
    """The relations of a split atom, and whether they are all that the mixture has.

    Raises NotRational where they cannot be written over Q at the true point.
    """
    model = _model(atom)
    found = derive(model.gate, model.expert, dim=model.dim, order=2)
    formulas = _without_shared(atom, found)
    values = [[c.xreplace(atom.points[0]) for c in row] for row in formulas]
    if not all(v.is_Rational for row in values for v in row):
        raise NotRational("the coefficients of the relations are not rational numbers at the true point")
    rows = [[exact(v) for v in row] for row in values]
    pivots = _pivots(rows)
    proved = len(pivots) == len(rows) and _has_no_others(atom, pivots)
    return Relations(atom, found, tuple(map(tuple, rows)), tuple(map(tuple, formulas)), proved)


def _model(atom: SplitAtom) -> MoESpec:
    """The model of one atom, with what is known, or common to all, as constants."""
    gate = atom.spec.gate
    known = tuple(p for p in gate.parameters if p not in (*atom.own, *atom.shared))
    moving = tuple(p for p in gate.parameters if p not in known)
    shared = tuple(p for p in gate.shared if p in moving)
    gate = replace(gate, parameters=moving, shared=shared, constants=(*gate.constants, *known), places=())
    found = replace(least_squares(atom.spec), gate=gate)
    return found if atom.noise is None else _with_letter(found, mean(atom.spec))


def _with_letter(spec: MoESpec, h: sp.Expr) -> MoESpec:
    """The model whose atom is exp(L) (f - g), f the Gaussian density: the last coordinate of x stands for g."""
    *x, letter = covariates(spec.dim + 1)
    renamed = dict(zip(covariates(spec.dim), x, strict=True))
    density = sp.exp(-((Y - h) ** 2) / (2 * NU))
    expert = Expert(spec.expert.name, sp.log(density - letter).xreplace(renamed), spec.expert.parameters, (NU,))
    gate = replace(spec.gate, log_weight=spec.gate.log_weight.xreplace(renamed))
    return MoESpec(gate, expert, spec.dim + 1)


def _without_shared(atom: SplitAtom, found: Interactions) -> list[list[sp.Expr]]:
    """A basis of the relations without derivatives by shared parameters, in terms of `places`, first order first."""
    order = found.spec.parameters
    where = [order.index(p) for p in atom.each]
    kept = []
    for place in atom.places:
        alpha = [0] * len(order)
        for i, e in zip(where, place, strict=True):
            alpha[i] = e
        kept.append(tuple(alpha))
    terms = [{alpha: c for c, alpha in r.terms} for r in found.relations]
    others = sorted({alpha for r in terms for alpha in r} - set(kept))
    if not terms:
        return []
    symbols = {*found.spec.parameters, *found.spec.constants}
    if not all(c.is_rational_function(*symbols) for r in terms for c in r.values()):
        raise NotRational("the coefficients of the relations are not rational functions of the parameters")
    matrix = sp.Matrix([[r.get(alpha, sp.S.Zero) for alpha in (*others, *reversed(kept))] for r in terms])
    reduced, pivots = DomainMatrix.from_Matrix(matrix).to_field().rref()
    dense = reduced.to_Matrix()
    n = len(others)
    return [list(reversed(dense.row(i)[n:])) for i, pivot in enumerate(pivots) if pivot >= n]


def _pivots(rows: Sequence[Sequence[fmpq]]) -> set[int]:
    """The places of derivatives that relations express by others."""
    if not rows:
        return set()
    reduced, rank = fmpq_mat([list(row) for row in rows]).rref()
    return {next(j for j in range(len(rows[0])) if reduced[i, j] != 0) for i in range(rank)}


def _has_no_others(atom: SplitAtom, dependent: set[int]) -> bool:
    """Whether the other derivatives are proved to be independent in the mixture, also of those of the singleton."""
    gate, h = atom.spec.gate.log_weight, mean(atom.spec)
    shown = h if atom.noise is None else sp.exp(normal(h))
    weights, values = ([e.xreplace(v) for v in atom.points] for e in (sp.exp(gate), shown))
    true = sp.Add(*(w * f for w, f in zip(weights, values, strict=True))) / sp.Add(*weights)
    u = sp.exp(gate) * (true - shown)
    columns = [_derivative(u, atom.each, place) for j, place in enumerate(atom.places) if j not in dependent]
    columns = [c.xreplace(atom.points[0]) for c in columns]
    columns += [sp.diff(u, p).xreplace(atom.points[1]) for p in atom.expert]
    columns += [sum(sp.diff(u, p).xreplace(v) for v in atom.points) for p in atom.shared]
    return independent(columns, {}, atom.spec.dim, lambda rng: {Y: sp.Rational(rng.randrange(-399, 400), 100)})


def _derivative(e: sp.Expr, parameters: Sequence[sp.Symbol], place: Index) -> sp.Expr:
    for p, order in zip(parameters, place, strict=True):
        e = sp.diff(e, p, order) if order else e
    return e
