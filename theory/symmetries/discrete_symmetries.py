"""Finds the symmetries of a mixture that are not flows of one atom: permutation, translation, reflection, splitting."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.pieces import in_conditions
from temperance.theory.models.spec import BETA0, MoESpec, covariates
from temperance.theory.symmetries.parity import SignChange, expert_sign_changes, sign_changes
from temperance.theory.symmetries.score_translations import scores

EXPERT_EVEN = "expert even"


@dataclass(frozen=True)
class MixtureSymmetry:
    """A change of the parameters of all atoms that leaves the density g(y|x) unchanged.

    gauge: the gauges in which it acts; statement: what it does.
    """

    name: str
    gauge: str
    statement: str


def mixture_symmetries(spec: MoESpec) -> tuple[MixtureSymmetry, ...]:
    """The symmetries of a mixture of such atoms, each decided exactly from the log weight of the gate."""
    found = [MixtureSymmetry("permutation", "every gauge", "the atoms may be numbered in any order")]
    shifted = translated(spec)
    if shifted:
        names = ", ".join(p.name for p in shifted)
        what = f"one constant may be added to {names} of all atoms: the normalisation of the gate takes it away"
        found.append(MixtureSymmetry("translation", "free", what))
    shown = scores(spec)
    if shown is not None and (moved := beyond_parameters(spec)):
        signs = "" if shown.one_sign is None else f", where {shown.one_sign} has one sign in all of them"
        what = f"one constant may be added to {' and to '.join(map(str, moved))} of all atoms{signs}: "
        what += "the change of the scores is common to them"
        found.append(MixtureSymmetry("score translation", "free", what))
    if shown is not None and shown.pair > 0:
        curves = "one more curve" if shown.pair == 1 else f"{shown.pair} more dimensions"
        what = f"for k = 2, at a generic point: {curves} of mixtures with one density"
        found.append(MixtureSymmetry("pair", "free", what))
    moving = (p for p in shifted if sp.diff(spec.gate.log_weight, p).has(*covariates(spec.dim)))
    if split := _vectors(moving, spec.dim):
        n = split[0] if len(split) == 1 else f"({', '.join(split)})"
        what = f"for k >= 2k*: split every atom alike, {n} + delta and {n} - delta with equal weights; it cancels"
        found.append(MixtureSymmetry("split", "every gauge", what))
    # a reflection of what is translated is a translation
    changes = (c for c in sign_changes(spec.gate, spec.dim) if not set(c.parameters) <= set(shifted))
    experts = (_turned(c, spec.dim) for c in expert_sign_changes(spec.expert, spec.dim))
    of_experts = (MixtureSymmetry(EXPERT_EVEN, "every gauge", f"{turned}, atom by atom") for turned in experts)
    return (*found, *(_reflection(spec, change) for change in changes), *of_experts)


def _vectors(parameters: Iterable[sp.Symbol], dim: int) -> list[str]:
    """The names of parameters, one for all coordinates of a vector or matrix in dimension dim > 1."""
    found = list(parameters)
    stems = [re.sub(r"(_\d+)+$", "", p.name) if dim > 1 else p.name for p in found]
    return list(
        dict.fromkeys(stem if stems.count(stem) >= dim else p.name for p, stem in zip(found, stems, strict=True))
    )


def _turned(change: SignChange, dim: int) -> str:
    return ", ".join(f"{n}_i -> -{n}_i" for n in _vectors(change.parameters, dim))


def _reflection(spec: MoESpec, change: SignChange) -> MixtureSymmetry:
    gate, turned = spec.gate, _vectors(change.parameters, spec.dim)
    bias, rest = gate.offset, -change.rest if change.parity == "even" else change.rest
    taken = f", {bias} -> {bias + rest}" if bias is not None and rest.free_symbols else ""
    if change.parity == "even":
        return MixtureSymmetry("even", "every gauge", f"{_turned(change, spec.dim)}{taken}, atom by atom")
    names = [(n, "-" * (n in turned)) for n in _vectors(gate.own, spec.dim)]
    swaps = ", ".join(f"({n}_1, {n}_2) -> ({s}{n}_2, {s}{n}_1)" for n, s in names)
    kept = "" if bias is None else taken or f", {bias if bias.has(*gate.own) else BETA0} unchanged"
    return MixtureSymmetry("odd", "free", f"for k = 2: {swaps}{kept}, experts not permuted")


def beyond_parameters(spec: MoESpec) -> tuple[sp.Expr, ...]:
    """The functions of the gate's parameters that are translated where no parameter is itself."""
    shown = scores(spec)
    return () if shown is None or set(translated(spec)) - {BETA0} else shown.translated


@lru_cache(maxsize=64)
def translated(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters to which all atoms may add one constant: d log_weight/dp depends on no parameter of the atom."""
    gate = spec.gate
    own = {*gate.own}
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own if p not in in_conditions(gate.log_weight)}
    free = [p for p, slope in slopes.items() if is_constant_in(slope, slope.free_symbols & own)]
    biased = gate.offset is not None and not sp.diff(gate.offset, BETA0).has(*own)
    return (*free, BETA0) if biased else tuple(free)
