"""Finds the symmetries of a mixture that are not flows of one atom: permutation, translation, reflection, splitting."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from temperance.theory.models.spec import BETA0, MoESpec, covariates
from temperance.theory.symmetries.parity import (
    AtomChange,
    SignChange,
    atom_changes,
    expert_changes,
    expert_sign_changes,
    sign_changes,
)
from temperance.theory.symmetries.score_translations import plain_parameters, scores

EXPERT_EVEN = "expert even"


@dataclass(frozen=True)
class MixtureSymmetry:
    """A change of the parameters of all atoms that leaves the density g(y|x) unchanged.

    gauge: the gauges in which it acts; statement: what it does; identity: of the log weight L or
    the mean h of one atom, where it is one.
    """

    name: str
    gauge: str
    statement: str
    identity: str = ""


def mixture_symmetries(spec: MoESpec) -> tuple[MixtureSymmetry, ...]:
    """The symmetries of a mixture of such atoms, each decided exactly from the log weight of the gate."""
    symmetries = [MixtureSymmetry("permutation", "every gauge", "the atoms may be numbered in any order")]
    shifted = plain_parameters(spec)
    if shifted:
        names = ", ".join(p.name for p in shifted)
        what = f"one constant may be added to {names} of all atoms: the normalisation of the gate takes it away"
        symmetries.append(MixtureSymmetry("translation", "free", what))
    score = scores(spec)
    if score is not None and (translated := score.beyond_parameters):
        signs = "" if score.one_sign is None else f", where {score.one_sign} has one sign in all of them"
        what = f"one constant may be added to {' and to '.join(map(str, translated))} of all atoms{signs}: "
        what += "the change of the scores is common to them"
        symmetries.append(MixtureSymmetry("score translation", "free", what))
    if score is not None and score.pair > 0:
        curves = "one more curve" if score.pair == 1 else f"{score.pair} more dimensions"
        what = f"for k = 2, at a generic point: {curves} of mixtures with one density"
        symmetries.append(MixtureSymmetry("pair", "free", what))
    moving = (p for p in shifted if sp.diff(spec.gate.log_weight, p).has(*covariates(spec.dim)))
    if split := _vectors(moving, spec.dim):
        n = split[0] if len(split) == 1 else f"({', '.join(split)})"
        what = f"for k >= 2k*: split every atom alike, {n} + delta and {n} - delta with equal weights; it cancels"
        symmetries.append(MixtureSymmetry("split", "every gauge", what))
    # a reflection of what is translated is a translation
    changes = (c for c in sign_changes(spec.gate, spec.dim) if not set(c.parameters) <= set(shifted))
    symmetries += [_reflection(spec, change) for change in changes]
    symmetries += [_of_atom(spec, change, "L") for change in atom_changes(spec.gate, spec.dim)]
    for turned in expert_sign_changes(spec.expert, spec.dim):
        what = f"{_turned(turned, spec.dim)}, atom by atom"
        symmetries.append(MixtureSymmetry(EXPERT_EVEN, "every gauge", what, _identity(turned, "h")))
    return (*symmetries, *(_of_atom(spec, change, "h") for change in expert_changes(spec.expert, spec.dim)))


def _of_atom(spec: MoESpec, change: AtomChange, function: str) -> MixtureSymmetry:
    """An exchange or a shift, of the gate (L) or of the mean (h)."""
    image = dict(change.image)
    if change.kind == "exchange":
        pairs = [(p, q) for p, q in change.image if p.name < str(q)]
        what = ", ".join(f"{p}_i <-> {q}_i" for p, q in pairs)
    else:
        what = ", ".join(f"{p}_i -> {str(e).replace(p.name, f'{p}_i')}" for p, e in change.image)
    bias = spec.gate.offset
    shift = f", {bias} -> {bias - change.rest}" if function == "L" and bias is not None and change.rest != 0 else ""
    before, after = ", ".join(map(str, image)), ", ".join(map(str, image.values()))
    identity = f"{function}({after}) - {function}({before}) = {change.rest}"
    name = change.kind if function == "L" else f"expert {change.kind}"
    return MixtureSymmetry(name, "every gauge", f"{what}{shift}, atom by atom", identity)


def _identity(change: SignChange, function: str) -> str:
    names, minus = (", ".join(f"{sign}{p}" for p in change.parameters) for sign in ("", "-"))
    return f"{function}({minus}) {'-' if change.parity == 'even' else '+'} {function}({names}) = {change.rest}"


def _vectors(parameters: Iterable[sp.Symbol], dim: int) -> list[str]:
    """The names of parameters, one for all coordinates of a vector or matrix in dimension dim > 1."""
    symbols = list(parameters)
    stems = [re.sub(r"(_\d+)+$", "", p.name) if dim > 1 else p.name for p in symbols]
    return list(
        dict.fromkeys(stem if stems.count(stem) >= dim else p.name for p, stem in zip(symbols, stems, strict=True))
    )


def _turned(change: SignChange, dim: int) -> str:
    return ", ".join(f"{n}_i -> -{n}_i" for n in _vectors(change.parameters, dim))


def _reflection(spec: MoESpec, change: SignChange) -> MixtureSymmetry:
    gate, turned = spec.gate, _vectors(change.parameters, spec.dim)
    bias, rest = gate.offset, -change.rest if change.parity == "even" else change.rest
    shift = f", {bias} -> {bias + rest}" if bias is not None and rest.free_symbols else ""
    if change.parity == "even":
        what = f"{_turned(change, spec.dim)}{shift}, atom by atom"
        return MixtureSymmetry("even", "every gauge", what, _identity(change, "L"))
    names = [(n, "-" * (n in turned)) for n in _vectors(gate.own, spec.dim)]
    swaps = ", ".join(f"({n}_1, {n}_2) -> ({s}{n}_2, {s}{n}_1)" for n, s in names)
    image = "" if bias is None else shift or f", {bias if bias.has(*gate.own) else BETA0} unchanged"
    return MixtureSymmetry("odd", "free", f"for k = 2: {swaps}{image}, experts not permuted", _identity(change, "L"))
