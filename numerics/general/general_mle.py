"""States the fit of any gate and Gaussian expert near a true mixture: a box around it is part of the estimator.

The first cell has one to three atoms, or both have two, whose log weights stay within a range of those of an equal
split, as the bounds of contact orders suppose. The gate of the last atom is held where `Family.free` says so, which
fixes a translation where the gate has one.

Example: ``search(family_problem(family, points), seed=0).status`` is "converged".
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import sympy as sp

from temperance.numerics.fitting.problem import Problem
from temperance.numerics.general.split_mixtures import Array, Family
from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.mixture.points import Points
from temperance.theory.models.weights import kinks

_RANGE = 2.0  # of real parameters around the truth
FACTOR = 4.0  # of positive parameters around the truth
UNEVEN = 1.0  # of the log weight of an atom around that of an equal split of its cell
_WEIGHT = sp.Symbol("weight", real=True)
_CELLS = ((1, 1), (2, 1), (3, 1), (2, 2))


def require_smooth(family: Family) -> None:
    """Raise ValueError for a family that is not fitted: other cells, or a gate with a kink that x reaches."""
    if family.sizes not in _CELLS:
        raise ValueError(f"fits are for one to three atoms beside one, and two beside two, not {family.sizes}")
    cone = any(kink.kind == "cone" and kink.moved_by for kink in kinks(family.setting.spec))
    if cone or family.kinks() or family.kinks(other=True):
        raise ValueError(
            f"the gate {family.setting.spec.gate.name!r} has a kink that x can reach: fits are for smooth gates, "
            "and a lattice would need n^(1/3) points of x"
        )


def formulas_of(family: Family) -> AtomFormulas:
    """Those of a family, whose atoms have log weights; what is known of their gates is put in."""
    cell, gate = family.setting, family.setting.spec.gate
    values = {p: cell.point.get(p, 1) for p in {*gate.own} - {*cell.own}}
    weight, own = gate.log_weight.subs(values) + _WEIGHT, (_WEIGHT, *cell.own)
    return AtomFormulas.of(weight, cell.mean, own, gate.shared, cell.expert, cell.spec.dim)


def center_of(family: Family) -> Array:
    """The true mixture in coordinates, every cell split evenly."""
    center, first = np.log(family.center, out=family.center.copy(), where=family.positive), 0
    for size in family.sizes:
        center[family.width * np.arange(first, first + size)] -= np.log(size)
        first += size
    return center


def family_problem(family: Family, points: Points, *, compiled: bool = True) -> Problem:
    """The fit of a family to points."""
    k, free = sum(family.sizes), np.flatnonzero(family.free)
    last, own = (k - 1) * family.width, 1 + len(family.setting.own)
    reach = np.where(family.positive, np.log(FACTOR), _RANGE)
    weights = family.width * np.arange(k)
    reach[weights] = np.where(np.repeat(family.sizes, family.sizes) > 1, UNEVEN, _RANGE)
    center = center_of(family)
    smaller = _drop_atom(family)
    return Problem(
        formulas_of(family),
        k,
        k if family.free[last : last + own].any() else k - 1,
        points,
        compiled,
        center,
        free,
        (center - reach)[free],
        (center + reach)[free],
        smaller=None if smaller is None else partial(family_problem, smaller, points, compiled=compiled),
        parents=(k - 2,) if family.sizes[1] > 1 else tuple(range(max(family.m - 1, 1))),
    )


def _drop_atom(family: Family) -> Family | None:
    """The family of one atom less: of the first cell, or of the second where both are split."""
    first, second = family.sizes
    if first == 1:
        return None
    cells = (first, second - 1) if second > 1 else (first - 1, second)
    return Family(replace(family.setting, cells=cells))
