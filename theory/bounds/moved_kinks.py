"""Shows that a kink of a weight lies inside [-2, 2], and moves with a parameter (docs/theory.md 2.10, d = 1)."""

from __future__ import annotations

import sympy as sp
from flint import arb, ctx

from temperance.theory.bounds.functions import REACH, Functions
from temperance.theory.checker.rejected import evaluate, parsed
from temperance.theory.checker.verdict_values import Balls, nonzero


def shows_by_kinks(functions: Functions) -> bool:
    """Whether the own parameter of each atom that is split moves a kink that the other atom has not."""
    atoms = (0, 1) if functions.every else (0,)
    sides = range(len(functions.pieces.sides))
    with ctx.workprec(256):
        return all(any(_is_shown(functions, atom, i) for i in sides) for atom in atoms)


def _is_shown(functions: Functions, atom: int, i: int) -> bool:
    """Whether piece i of an atom's weight ends in a kink x_0 inside [-2, 2] with d x_0/d beta1 != 0."""
    (name,), (own,) = functions.covariates, functions.own
    x, p = functions.symbols[name], functions.symbols[own]
    here, there = functions.at[atom], functions.at[1 - atom]
    gaps = [_gap(functions, k) for k in range(len(functions.pieces.sides))]
    if not gaps[i].is_polynomial(x) or sp.Poly(gaps[i], x).degree() != 1:
        return False
    slope, constant = sp.Poly(gaps[i], x).all_coeffs()
    if not nonzero(_ball(slope.subs(here))):
        return False
    root = -constant / slope
    at = root.subs(here)
    before, after = (functions.scores[k].subs(here) for k in (i, i + 1))
    bends = sp.diff(before, x) - sp.diff(after, x)
    inside = abs(_ball(at)) < arb(REACH)
    # at the kink the pieces before it are left, and the next one is entered: only these two meet there
    left = all(_ball(gap.subs(here).subs(x, at)) > 0 for gap in gaps[:i])
    entered = all(_ball(gap.subs(here).subs(x, at)) < 0 for gap in gaps[i + 1 : i + 2])
    apart = all(nonzero(_ball(gap.subs(there).subs(x, at))) for gap in gaps)
    joined = sp.simplify((before - after).subs(x, at)) == 0
    moved = nonzero(_ball(sp.diff(root, p).subs(here))) and nonzero(_ball(bends.subs(x, at)))
    return bool(inside and left and entered and apart and joined and moved)


def _gap(functions: Functions, i: int) -> sp.Expr:
    """u - v of the condition u < v of a piece."""
    low, high = (evaluate(side, functions.formulas) for side in functions.pieces.sides[i])
    return low - high


def _ball(e: sp.Expr) -> arb:
    return evaluate(parsed(str(e)), Balls({}, length=1))[0]
