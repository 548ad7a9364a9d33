"""Translations of the scores: what all atoms may change together because the softmax forgets one function of x.

Let log w = sum_k phi_k e_k, with functions e_k of x that are independent modulo constants, and phi_k of the parameters.
A mixture shows only the differences of phi_k between atoms. All atoms can gain t_k in phi_k, however many they are, iff
t lies in the range of the Jacobian of phi by the atom's own parameters at every point: for s = |z|^p and d = 1,
|beta1_i|^p -> |beta1_i|^p + t. Two atoms meet fewer equations, and may have further curves of one density.

    >>> from temperance.theory.models.by_name import model
    >>> [str(f) for f in scores(model("activation", activation="z**2")).translated]
    ['beta1**2/tau']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from temperance.theory.models.density import atom_symbol
from temperance.theory.models.form import separated
from temperance.theory.models.spec import BETA0, MoESpec, covariates

_MOST_FUNCTIONS = 10  # of x, that are compared
_ADDING = (sp.sin, sp.cos, sp.sinh, sp.cosh)  # of a sum: a sum of products
_HALF = sp.Dummy("r", positive=True)
_SIZE = sp.Dummy("size", positive=True)

_Separated = dict[tuple[int, sp.Expr], sp.Expr]  # (side of 0, e_k) -> phi_k


@dataclass(frozen=True)
class Scores:
    """What a mixture shows of the log weights of its atoms, at generic parameters.

    translated: functions of an atom's parameters to which all atoms may add one constant each; kept: functions that it
    shows of each atom by itself; constant: phi_0 with the bias, None where there is no bias. one_sign: the parameter
    whose sign must be the same in all atoms (d = 1), None where all signs will do. scaled: whether a curve of one
    density moves a shared parameter. pair: how many more curves of one density two atoms have than many.
    """

    translated: tuple[sp.Expr, ...]
    kept: tuple[sp.Expr, ...]
    constant: sp.Expr | None
    one_sign: sp.Symbol | None
    scaled: bool
    pair: int


@lru_cache(maxsize=64)
def scores(spec: MoESpec) -> Scores | None:
    """The scores of a gate; None where its log weight is no short sum of parameters times functions of x."""
    own = [*spec.gate.own]
    signed = own[0] if spec.dim == 1 and len(own) == 1 and own[0].is_positive is None else None
    sides = [_halves(spec, signed, sign) for sign in (1, -1)] if signed else [_terms(spec.gate.log_weight, spec, own)]
    found = [side for side in sides if side is not None]
    biased = spec.gate.offset is not None
    functions = [e for e in dict.fromkeys(e for side in found for e in side) if not biased or e != (0, sp.S.One)]
    if len(found) < len(sides) or not 0 < len(functions) <= _MOST_FUNCTIONS:
        return None
    if signed:
        own = [_SIZE]
    phis = [sp.Matrix([side.get(e, sp.S.Zero) for e in functions]) for side in found]
    curves, everywhere = _curves(phis[:1], spec, own), _curves(phis, spec, own)
    reduced, pivots = sp.Matrix([list(c[:-1]) for c in curves if c[-1] == 0]).rref(simplify=True)
    rows = reduced.tolist()[: len(pivots)]
    written = [_by_sign(phis, k, signed) for k in range(len(functions))] if signed else list(phis[0])
    zero = sp.zeros(len(functions), 1)
    rest = sp.Matrix(written) - sum((sp.Matrix(row) * written[p] for row, p in zip(rows, pivots, strict=True)), zero)
    kept = dict.fromkeys(f for f in map(sp.simplify, rest) if f.free_symbols - set(spec.gate.shared))
    constant = None
    if biased:
        common = found[0].get((0, sp.S.One), sp.S.Zero)
        written_out = common.subs(_SIZE, sp.Abs(signed)) if signed else common
        bias = written_out if common.has(*own) else sp.S.Zero
        constant = sp.simplify(bias + spec.gate.offset)
    pair = 0
    if len(pivots) < len(functions):
        alone = 2 * (len(own) - phis[0].jacobian(own).rank(simplify=True))
        usual = [len(curves), *(len(everywhere) for _ in phis[1:])]
        pair = min(_of_two(phis[0], phi, spec, own) - alone - n for phi, n in zip(phis, usual, strict=True))
    return Scores(
        tuple(written[p].as_independent(*spec.gate.parameters, as_Add=True)[1] for p in pivots),
        tuple(kept),
        constant,
        None if len(everywhere) == len(curves) else signed,
        any(c[-1] != 0 for c in curves),
        pair,
    )


def in_mixture(spec: MoESpec, shown: Scores, alone: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
    """What is identifiable where all scores can change by one function of x, alone: of an atom by itself."""
    gate = {*spec.gate.parameters, BETA0}
    sides = [{p: atom_symbol(p, side) for p in spec.gate.own} for side in "ij"]
    apart = (f.subs(sides[0], simultaneous=True) - f.subs(sides[1], simultaneous=True) for f in shown.translated)
    bias = () if shown.constant is None else (shown.constant,)
    shared = () if shown.scaled else spec.gate.shared
    experts = (f for f in alone if not f.free_symbols & gate and not any("[" in s.name for s in f.free_symbols))
    return (*(sp.factor_terms(sp.expand(f)) for f in apart), *shown.kept, *bias, *shared, *experts)


def _halves(spec: MoESpec, beta: sp.Symbol, sign: int) -> _Separated | None:
    """phi and e on the two half-lines of x, for the parameter beta = sign * size."""
    found: _Separated = {}
    for side in (1, -1):
        values = {beta: sign * _SIZE, covariates(1)[0]: side * _HALF}
        part = _terms(spec.gate.log_weight.subs(values, simultaneous=True), spec, [_SIZE])
        if part is None:
            return None
        constant = part.pop((0, sp.S.One), sp.S.Zero)
        if side == 1:
            found[0, sp.S.One] = constant
        elif sp.simplify(found[0, sp.S.One] - constant) != 0:
            part[0, sp.S.One] = constant - found[0, sp.S.One]  # a step at 0 is a function of x
        found |= {(side, e): f for (_, e), f in part.items()}
    return found


def _terms(log_weight: sp.Expr, spec: MoESpec, own: Sequence[sp.Symbol]) -> _Separated | None:
    """e -> phi for a sum of products of a function of x and one of the parameters."""
    if log_weight.has(sp.Piecewise, sp.Abs, sp.sign):
        return None
    written = sp.expand(log_weight.replace(lambda e: isinstance(e, _ADDING), sp.expand_trig), power_base=True, log=True)
    found = separated(written, (*covariates(spec.dim), _HALF), (*own, *spec.gate.shared))
    return None if found is None else {(0, e): phi for e, phi in found.items()}


def _curves(phis: Sequence[sp.Matrix], spec: MoESpec, own: Sequence[sp.Symbol]) -> list[sp.Matrix]:
    """A basis of the (t, w) for which J(theta) v + w d phi/d shared = t can be solved for v at every theta."""
    count = len(phis[0])
    unknown = sp.symbols(f"t:{count + 1}")
    gain = sp.Matrix(unknown[:count])
    equations = []
    for phi in phis:
        shared = phi.diff(spec.gate.shared[0]) if spec.gate.shared else sp.zeros(count, 1)
        jacobian = phi.jacobian(own)
        for normal in [] if _is_onto(jacobian, own) else jacobian.T.nullspace(simplify=True):
            condition = (normal.T * (gain - unknown[-1] * shared))[0]
            numerator = sp.expand(sp.fraction(sp.together(condition))[0], power_base=True)
            parts: dict[sp.Expr, sp.Expr] = {}
            for term in sp.Add.make_args(numerator):
                coefficient, monomial = term.as_independent(*own, as_Add=False)
                parts[monomial] = parts.get(monomial, sp.S.Zero) + coefficient
            equations += list(parts.values())
    if not spec.gate.shared:
        equations.append(unknown[-1])
    matrix = sp.Matrix([[sp.diff(e, u) for u in unknown] for e in equations] or [[0] * (count + 1)])
    found = matrix.nullspace(simplify=True)
    return sorted((sp.simplify(v) for v in found), key=lambda v: v[-1] != 0)


def _is_onto(jacobian: sp.Matrix, own: Sequence[sp.Symbol]) -> bool:
    """Whether the rows are independent at one point, exactly: they then are at generic ones."""
    at = jacobian.subs({p: sp.Rational(k * k + 3, k + 2) for k, p in enumerate(own)})
    at = at.subs(dict.fromkeys(at.free_symbols, sp.S.One))
    return all(e.is_Rational for e in at) and at.rank() == at.rows


def _by_sign(phis: Sequence[sp.Matrix], k: int, beta: sp.Symbol) -> sp.Expr:
    """phi_k as a function of a parameter, from what it is for each sign."""
    plus, minus = (phi[k] for phi in phis)
    plain = plus.subs(_SIZE, beta)
    if sp.simplify(plain.subs(beta, -_SIZE) - minus) == 0:
        return plain
    odd = sp.simplify(plus + minus) == 0
    return plus.subs(_SIZE, sp.Abs(beta)) * (sp.sign(beta) if odd else 1)


def _of_two(first: sp.Matrix, second: sp.Matrix, spec: MoESpec, own: Sequence[sp.Symbol]) -> int:
    """The dimension of what two generic atoms can change together with no change of phi[1] - phi[2]."""
    one, two = (
        phi.subs({p: atom_symbol(p, i) for p in own}, simultaneous=True) for i, phi in ((1, first), (2, second))
    )
    moved = [atom_symbol(p, i) for i in (1, 2) for p in own] + list(spec.gate.shared)
    return len(moved) - (one - two).jacobian(moved).rank(simplify=True)
