"""How well one observation tells a function of the parameters of any gate and Gaussian expert (theory 7.1).

Rules of integration are doubled until two agree; their difference is the error that is shown.

Example: ``told(truth, held_in(truth, "free"), atom_symbol(c, 1)).variance`` is n times the variance of c of atom 1.

`information_at` is the Fisher information of one mixture, x uniform on a box (theory 7.1).

As in `fisher`, but log weights, means and their slopes come from formulas. Panels in x end at the kinks of gate and
mean, those that are lines for d = 2. Coordinates are those of `mixture.generated`: logarithms of what is positive.

Example: ``information_at(model("laplace"), 2, natural, -3, 3).variance("tau")`` is [I^-1] of log tau.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from temperance.numerics.fitting.fits import Name, held_of
from temperance.numerics.information.fisher import Information, chained, local_factors, on_panels, reduced
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.kernel_sums import Coordinates
from temperance.numerics.mixture.plain_sums import atom_jets
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.models.experts import mean_of
from temperance.theory.models.gates import Gauge
from temperance.theory.models.spec import BETA0, NU, MoESpec, atom_symbol, covariates, kinks, weight_parameters
from temperance.theory.models.truth import Truth
from temperance.theory.symmetries.traits import traits

_PER_DEVIATION = 6.0
_ORDER = 16
_PANELS = {1: 24, 2: 2}


@one_blas_thread()
def information_at(
    spec: MoESpec,
    k: int,
    natural: Floats,
    low: float,
    high: float,
    held: Collection[sp.Symbol] | None = None,
    finer: int = 1,
) -> Information:
    """The information of one observation (x, y), every coordinate of x uniform on [low, high], d = 1 or 2.

    Args:
        spec: a gate and a Gaussian expert whose mean is a formula. k: atoms, two or more.
        natural: the parameters themselves (not logarithms), atom by atom, then the shared ones; what `held_of` names
            is known in the last atom. held: what is known there in place of that, and shared parameters that are.
        finer: times as many panels in x, and 1 or 2 times as many steps in y.

    Raises:
        ValueError: another dimension; an expert without a mean; a log weight, a mean or a slope that is not finite.
    """
    if spec.dim not in _PANELS:
        raise ValueError(f"the information of a formula is computed for d = 1 or 2, not {spec.dim}")
    formulas = formulas_of(spec)
    where, g = Coordinates(formulas, k), formulas.own + formulas.shared
    own = (*(() if spec.gate.offset is None else (BETA0,)), *spec.gate.own)
    names: list[Name] = [(p.name, i) for i in range(k) for p in (*own, *spec.expert.parameters)]
    names += [(p.name, None) for p in spec.gate.shared]
    free = np.ones(where.size, dtype=bool)
    known = {*(held_of(spec) if held is None else held)}
    free[[(k - 1) * where.width + j for j, p in enumerate(own) if p in known]] = False
    free[[k * where.width + j for j, p in enumerate(spec.gate.shared) if p in known]] = False
    line = [p for p in spec.expert.parameters if p != NU]
    atoms = [dict(zip((*own, *spec.gate.shared, *line), natural[v], strict=True)) for v in where.values]
    edges = np.linspace(low, high, finer * _PANELS[spec.dim] + 1)
    x, weights = on_panels(edges, _lines(spec, atoms, low, high), spec.dim, _ORDER)
    t, means, slopes = np.empty((len(x), k)), np.empty((len(x), k)), np.zeros((2, len(x), k, where.size))
    for i, places in enumerate(where.values):
        with np.errstate(all="ignore"):  # of pieces that are not taken; what is taken is looked at below
            rows = atom_jets(formulas, x, natural[places])
        t[:, i], means[:, i] = rows.log_weight, rows.mean
        slopes[0, :, i, places[:g]], slopes[1, :, i, places[g:]] = rows.gate_slopes, rows.line_slopes
    if not np.isfinite([t.sum(), means.sum(), slopes.sum()]).all():
        raise ValueError("a log weight, a mean or a slope is not finite at some x of the box")
    local, order = local_factors(means, natural[where.nu], t, min(finer, 2) * _PER_DEVIATION)
    chain = np.where(where.logs, natural, 1.0)
    chain[where.nu] = 1.0
    factor = reduced(local @ (chained(slopes[0], slopes[1], order, where.nu) * chain)[:, :, free], weights)
    return Information(tuple(n for n, f in zip(names, free, strict=True) if f), factor)


def boundaries(spec: MoESpec) -> list[sp.Expr]:
    """What is 0 where the log weight or the mean of an atom is not smooth."""
    mean = mean_of(spec.expert) or sp.S.Zero
    return [*(kink.boundary for kink in kinks(spec)), *(r.lhs - r.rhs for r in mean.atoms(Relational))]


def places(boundary: sp.Expr, x: sp.Symbol, low: float, high: float) -> list[float]:
    """The x inside an interval at which a boundary in x alone is 0; none where its equation is not solved."""
    try:
        roots = [float(z) for z in sp.solve(boundary, x) if z.is_real]
    except NotImplementedError:
        return []
    return [z for z in roots if low < z < high]


def _lines(
    spec: MoESpec, atoms: Sequence[dict[sp.Symbol, float]], low: float, high: float
) -> list[tuple[Floats, float]]:
    """The kinks of all atoms as lines normal . x = offset; in dimension 2 those that are no lines are left out."""
    x, surfaces = covariates(spec.dim), []
    for b in (boundary.subs(values) for boundary in boundaries(spec) for values in atoms):
        if spec.dim == 1:
            surfaces += [(np.ones(1), z) for z in places(b, x[0], low, high)]
        elif b.has(*x) and b.is_polynomial(*x) and sp.total_degree(b, *x) == 1:
            surfaces.append((np.array([float(sp.diff(b, v)) for v in x]), -float(b.subs(dict.fromkeys(x, 0)))))
    return surfaces


_AGREE = 1e-6  # relative difference of two rules after which none is doubled
_FINEST = {1: 16, 2: 2}  # times the panels of the first rule
_LINES = 5  # parallel to an axis, on which a kink is looked at (d = 2)
_BESIDE = 1e-9  # of the range of x, to each side of a kink
_JUMP = 1e-4


@dataclass(frozen=True)
class Told:
    """What the information says of a function of the parameters.

    value: at the truth. variance: of its estimate, times n; None where it is not determined to first order. error:
    relative, of the variance: the difference of two rules. flat: directions along which the information vanishes to
    the digits of a double. ratios: the singular values of its root over the largest, the smallest last.
    """

    value: float
    variance: float | None
    error: float
    flat: int
    ratios: tuple[float, ...]


def held_in(truth: Truth, gauge: Gauge) -> tuple[sp.Symbol, ...]:
    """What is known in the last atom: its bias or weight, and what fixes a translation of the scores, or all."""
    spec = truth.spec
    weight = (BETA0,) if spec.gate.offset is not None else weight_parameters(spec)[:1]
    if gauge == "anchored":
        return tuple(dict.fromkeys((*weight, *spec.gate.own)))
    fixed = traits(spec).held
    return tuple(dict.fromkeys((*weight, *(held_of(spec) if fixed is None else fixed))))


def free_names(truth: Truth, held: Collection[sp.Symbol]) -> list[Name]:
    """The parameters that are not known: names and atoms, None of a shared one."""
    own = [p for p in truth.atoms[0] if p not in truth.shared]
    last = truth.k - 1
    names: list[Name] = [(p.name, i) for i in range(truth.k) for p in own if i < last or p not in held]
    return [*names, *((p.name, None) for p in truth.shared)]


def told(truth: Truth, held: Collection[sp.Symbol], function: sp.Expr) -> Told:
    """What one observation tells of a function.

    Args:
        truth: with a value for every parameter and a box of x.
        held: what is known in the last atom, and shared parameters that are known.
        function: of the shared parameters, and of own ones as `atom_symbol` has them.

    Raises:
        ValueError: as `information_at`; and for a log weight or mean that jumps where a parameter moves the jump, or
            that has a cone in dimension 2.
    """
    _require_continuous(truth)
    low, high = map(float, truth.box or ())
    natural, k, level = _natural(truth), truth.k, 1
    information = information_at(truth.spec, k, natural, low, high, held)
    gradient = _gradient(truth, function, information)
    variance, error = information.variance_along(gradient), np.inf
    while variance is not None and error > _AGREE and level < _FINEST[truth.spec.dim]:
        level *= 2
        information, before = information_at(truth.spec, k, natural, low, high, held, level), variance
        variance = information.variance_along(gradient)
        error = np.inf if variance is None else abs(variance / before - 1)
    value = float(function.subs(all_values(truth)))
    return Told(value, variance, float(error), len(information.flat), tuple(information.ratios.tolist()))


def all_values(truth: Truth) -> dict[sp.Symbol, sp.Expr]:
    """The values of all parameters, own ones as `atom_symbol` has them."""
    own = {atom_symbol(p, i): v for i, atom in enumerate(truth.atoms, 1) for p, v in atom.items()}
    return {**own, **truth.shared}


def _natural(truth: Truth) -> Floats:
    """The parameters of a truth in the order that the generated likelihood has them in."""
    gate, expert = truth.spec.gate, truth.spec.expert
    each = (*(() if gate.offset is None else (BETA0,)), *gate.own, *expert.parameters)
    values = [atom[p] for atom in truth.atoms for p in each] + [truth.shared[p] for p in gate.shared]
    return np.array([float(v) for v in values])


def _gradient(truth: Truth, function: sp.Expr, information: Information) -> Floats:
    """By the coordinates of the information, logarithms of what is positive."""
    symbols = {p.name: p for p in (*truth.atoms[0], *truth.shared)}
    values, slopes = all_values(truth), []
    for name, atom in information.names:
        p = symbols[name] if atom is None else atom_symbol(symbols[name], atom + 1)
        slopes.append(float(sp.diff(function, p).subs(values) * (values[p] if p.is_positive else 1)))
    return np.array(slopes)


def _require_continuous(truth: Truth) -> None:
    spec = truth.spec
    if spec.dim > 1 and any(kink.kind == "cone" for kink in kinks(spec)):
        raise ValueError(
            "the gate has a cone, a point where it is not smooth: in dimension 2 no panel of the integrals ends at one"
        )
    for what, f in (("gate", spec.gate.log_weight), ("mean", mean_of(spec.expert) or sp.S.Zero)):
        for i in range(truth.k):
            if f.has(Relational) and (p := _find_moving_jump(truth, spec, f, i)) is not None:
                raise ValueError(
                    f"the {what} jumps where {p.name} moves the jump: {p.name} has no Fisher information, and is "
                    "learnt faster than n^(-1/2)"
                )


def _find_moving_jump(truth: Truth, spec: MoESpec, f: sp.Expr, atom: int) -> sp.Symbol | None:
    """A parameter that moves a place in the box at which a formula of an atom jumps; None where there is none."""
    x, values = covariates(spec.dim), truth.point(atom)
    low, high = map(float, truth.box or ())
    step, across = _BESIDE * (high - low), np.linspace(low, high, _LINES + 2)[1:-1]
    for gap, axis in product(boundaries(spec), x):
        others = [v for v in x if v != axis]
        for fixed in product(across, repeat=len(others)):
            line = dict(zip(others, fixed, strict=True))
            for z in places(gap.subs(values).subs(line), axis, low, high):
                before, after = (float(f.subs(values).subs(line).subs(axis, z + d)) for d in (-step, step))
                slopes = {p: sp.diff(gap, p).subs(values).subs({**line, axis: z}) for p in spec.parameters}
                moving = [p for p, slope in slopes.items() if abs(float(slope)) > _JUMP * step]
                if moving and abs(after - before) > _JUMP:
                    return moving[0]
    return None
