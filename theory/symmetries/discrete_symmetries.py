"""Finds the symmetries of a mixture that are not flows of one atom: permutation, translation, reflection, splitting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import sympy as sp

from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.spec import BETA0, MoESpec, covariates, dot
from temperance.theory.symmetries.score_translations import scores


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
        signs = "" if shown.any_sign else ", where beta1 has one sign in all of them"
        what = f"one constant may be added to {' and to '.join(map(str, moved))} of all atoms{signs}: "
        what += "the change of the scores is common to them"
        found.append(MixtureSymmetry("score translation", "free", what))
    if shown is not None and shown.pair > 0:
        curves = "one more curve" if shown.pair == 1 else f"{shown.pair} more dimensions"
        what = f"for k = 2, at a generic point: {curves} of mixtures with one density"
        found.append(MixtureSymmetry("pair", "free", what))
    beta = tuple(p for p in spec.gate.parameters if p.name.split("_")[0] == "beta1")
    if not beta:
        return tuple(found)
    if set(beta) <= set(shifted):
        what = "for k >= 2k*: split every atom alike, beta1 + delta and beta1 - delta with equal weights; it cancels"
        return (*found, MixtureSymmetry("split", "every gauge", what))
    match parity(spec, beta):
        case "even":
            what = "beta1_i -> -beta1_i, atom by atom"
            found.append(MixtureSymmetry("even", "every gauge", what))
        case "odd":
            what = "for k = 2: (beta1_1, beta1_2) -> (-beta1_2, -beta1_1), beta0 unchanged, experts not permuted"
            found.append(MixtureSymmetry("odd", "free", what))
    return tuple(found)


def beyond_parameters(spec: MoESpec) -> tuple[sp.Expr, ...]:
    """The functions of the gate's parameters that are translated where no parameter is itself."""
    shown = scores(spec)
    return () if shown is None or set(translated(spec)) - {BETA0} else shown.translated


@lru_cache(maxsize=64)
def translated(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters to which all atoms may add one constant: d log_weight/dp depends on no parameter of the atom."""
    gate = spec.gate
    own = {p for p in gate.parameters if p not in gate.shared}
    conditions = gate.log_weight.atoms(sp.core.relational.Relational)
    kinked = {p for condition in conditions for p in condition.free_symbols}
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.parameters if p in own - kinked}
    free = [p for p, slope in slopes.items() if is_constant_in(slope, slope.free_symbols & own)]
    return (*free, BETA0) if gate.offset is not None else tuple(free)


def parity(spec: MoESpec, beta: tuple[sp.Symbol, ...]) -> str | None:
    """ "even" if the log weight is even in beta1, "odd" if it is odd up to a term without beta1 and x, else None."""
    x = covariates(spec.dim)
    mirrored = {p: -p for p in beta}
    if not spec.gate.log_weight.has(sp.Piecewise):
        w = spec.gate.log_weight
        pairs = [(w, w.subs(mirrored, simultaneous=True))]
    elif (scalar := _scalar(spec, beta)) is not None:
        pairs = scalar
    else:
        return None
    if all(sp.simplify(f - g) == 0 for f, g in pairs):
        return "even"
    constants = [sp.simplify(f + g) for f, g in pairs]
    same = all(sp.simplify(c - constants[0]) == 0 for c in constants)
    return "odd" if same and not constants[0].free_symbols & {*beta, *x} else None


def _scalar(spec: MoESpec, beta: tuple[sp.Symbol, ...]) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """For a gate with kinks in z = beta1.x only: (s(z), s(-z)) on every interval between kinks and their mirrors."""
    x = covariates(spec.dim)
    folded = sp.piecewise_fold(spec.gate.log_weight)
    line = {**dict.fromkeys(beta[1:], 0), **dict.fromkeys(x[1:], 0), beta[0]: 1}
    kinks = []
    for relational in folded.atoms(sp.core.relational.Relational):
        gap = sp.expand(relational.lhs - relational.rhs - dot(beta, x))
        if not gap.is_number:
            return None
        kinks.append(-gap)
    s = folded.subs(line, simultaneous=True)
    cuts = sorted({k for kink in kinks for k in (kink, -kink)} | {sp.S.Zero}, key=lambda k: sp.N(k))
    samples = [cuts[0] - 1, *((p + q) / 2 for p, q in pairwise(cuts)), cuts[-1] + 1]
    return [(_piece(s, x[0], t), _piece(s, x[0], -t).subs(x[0], -x[0])) for t in samples]


def _piece(s: sp.Expr, variable: sp.Symbol, at: sp.Expr) -> sp.Expr:
    """The expression that a piecewise function has in the piece around a point (equal pieces are one expression)."""
    if not isinstance(s, sp.Piecewise):
        return s
    return next(e for e, condition in s.args if condition == sp.true or condition.subs(variable, at) == sp.true)
