"""Writes the place of a setting as certificates have it (`kernel.place`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from temperance.theory.contact.exact_truths import moving
from temperance.theory.kernel.place import WEIGHT
from temperance.theory.models.spec import MoESpec, covariates
from temperance.theory.models.weights import own_parameters, weight_parameters
from temperance.theory.orders.linear_means import is_linear
from temperance.theory.settings.truth import Setting


@lru_cache(maxsize=64)
def place(setting: Setting) -> dict[str, Any]:
    """The place of a cell beside a singleton whose gate is fixed, or of cells that are all split."""
    names = [*own_parameters(setting.spec), *setting.spec.gate.shared]
    names += [] if is_linear(setting) else [*setting.expert[:-1]]
    points = [{p.name: text(values[p]) for p in names} for values in map(setting.truth.point, range(setting.truth.k))]
    single = [i for i, size in enumerate(setting.cells) if size == 1]
    gate = [*(p.name for p in setting.own), *([WEIGHT] if setting.weighted else [])]
    fixed = [[i, p] for i in single for p in gate]
    return {
        "subject": "densities",
        "model": model_text(setting),
        "sizes": [*setting.cells],
        "points": points,
        "fixed": fixed,
        "nonzero": [],
    }


@lru_cache(maxsize=64)
def exact_place(setting: Setting) -> dict[str, Any]:
    """The place of as many atoms as the truth has; what the truth holds is fixed, and the last atom's weight."""
    truth, spec = setting.truth, setting.spec
    names = (*own_parameters(spec), *spec.gate.shared, *setting.expert)
    offset = sp.S.Zero if spec.gate.offset is None else spec.gate.offset
    points = []
    for i in range(truth.k):
        values = truth.point(i)
        weight = sp.simplify((spec.gate.log_weight - log_weight(spec) + offset).subs(values))
        points.append({p.name: text(values[p]) for p in names} | {WEIGHT: text(weight)})
    free = {(i, p.name) for i, p in moving(truth)}
    own = (*(p.name for p in setting.own), *(p.name for p in setting.expert))
    fixed: list[list[Any]] = [[i, p] for i in range(truth.k) for p in own if (i, p) not in free]
    fixed += [[truth.k - 1, WEIGHT]] if setting.weighted else []
    return {**place(setting), "points": points, "fixed": fixed}


def model_text(setting: Setting) -> dict[str, Any]:
    """The model as a certificate has it."""
    spec, held = setting.spec, {*setting.held}
    return {
        "covariates": [v.name for v in covariates(spec.dim)],
        "log_weight": text(log_weight(spec)),
        "mean": text(setting.mean),
        "own": [p.name for p in own_parameters(spec) if p not in held],
        "expert": [*(p.name for p in setting.expert[:-1]), "nu"],
        "shared": [p.name for p in spec.gate.shared if p not in held],
        "held": [p.name for p in (*own_parameters(spec), *spec.gate.shared) if p in held],
        "weighted": setting.weighted,
    }


@lru_cache(maxsize=256)
def text(e: sp.Expr) -> str:
    """An expression as the kernel reads it; a gate with kinks as where(u < v, .., ..)."""
    e = sp.piecewise_fold(e) if e.has(sp.Piecewise) else e
    if not isinstance(e, sp.Piecewise):
        return str(sp.sstr(e))
    *pieces, (last, _) = e.args
    written = text(last)
    for formula, condition in reversed(pieces):
        chosen = text(formula)
        for one in sp.And.make_args(condition):
            chosen = f"where({text(one.lts)} < {text(one.gts)}, {chosen}, {written})"
        written = chosen
    return written


@lru_cache(maxsize=256)
def log_weight(spec: MoESpec) -> sp.Expr:
    """The log weight without what is a number."""
    kept = (*covariates(spec.dim), *own_parameters(spec), *spec.gate.shared)
    weight = spec.gate.log_weight.subs(dict.fromkeys(weight_parameters(spec), sp.S.One))
    if weight.has(sp.Piecewise):
        return weight
    return sp.expand_log(weight).as_independent(*kept, as_Add=True)[1]
