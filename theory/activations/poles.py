"""Ends pieces at the poles of formulas and of their parts, where s may jump, and finds the limits of s at ends.

What holds on one side of a pole need not hold on the other: atan(z) + atan(1/z) is (pi/2) sign(z).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import sympy as sp

from temperance.theory.activations.piecewise import Algebra, Piece, Pieces
from temperance.theory.expressions import balls
from temperance.theory.expressions.functions import KNOWN
from temperance.theory.expressions.sign_changes import NoClosedForm, Sample, Z, real_roots

_BITS = 256
_MOST_ORDER = 4  # of a zero that is cancelled
_BRANCHING = (sp.atan, sp.asinh)  # continued around a pole of the argument, they are other functions


def cut_at_poles(pieces: Pieces, sample: Sample) -> tuple[Pieces, tuple[sp.Expr, ...]]:
    """The pieces, ended at the poles of the formulas and of their parts, but for singularities that are removable.

    Returns:
        The pieces; and what vanishes at poles without a closed form, beside which one formula may be several functions.
    """
    cut: list[Piece] = []
    unseen: dict[sp.Expr, None] = {}
    for piece in pieces:
        branching = {d for f in piece.expr.atoms(*_BRANCHING) for d in _denominators(f.args[0])}
        # which meromorphic pieces there are does not depend on the parameters: their identities pass a pole
        algebra = Algebra(sample if branching else dict(sample))
        poles = []
        for denominator in _denominators(piece.expr):
            try:
                poles += real_roots(denominator, algebra.sample)
            except NoClosedForm:
                unseen |= {denominator: None} if denominator in branching else {}
        inside = (p for p in poles if algebra.compare(piece.lower, p) < 0 < algebra.compare(piece.upper, p))
        singular = [p for p in algebra.ordered(inside) if not _is_analytic_at(p, piece.expr, algebra.sample)]
        cut += [replace(piece, lower=low, upper=high) for low, high in pairwise([piece.lower, *singular, piece.upper])]
    return tuple(cut), tuple(unseen)


def _denominators(expr: sp.Expr) -> dict[sp.Expr, None]:
    """What vanishes at the poles of a formula and of its parts."""
    denominators: dict[sp.Expr, None] = {}
    for e in sp.preorder_traversal(expr):
        if e.is_Pow and e.exp.is_Integer and e.exp < 0:
            denominators[e.base] = None
        elif e.func is sp.tan:
            denominators[sp.cos(e.args[0])] = None
        elif e.func is sp.gamma:
            denominators[1 / e] = None
    return {d: None for d in denominators if d.has(Z) and not d.is_nonzero}


def _is_analytic_at(point: sp.Expr, e: sp.Expr, sample: Sample) -> bool:
    """Whether a formula is proved to be analytic at a point, singularities that are removable left out."""
    at = {**sample, "z": balls.value(point, sample, _BITS)}
    if all(c.is_finite() for c in balls.jet(e, at, 1, _BITS)):
        return True
    if e.is_Add or (e.func in KNOWN and KNOWN[e.func].entire):
        return all(_is_analytic_at(point, part, sample) for part in e.args)
    factors = sp.Mul.make_args(e)
    below = [1 / f for f in factors if f.is_Pow and f.exp.is_negative]
    quotient = sp.Mul(*(f for f in factors if not (f.is_Pow and f.exp.is_negative))), sp.Mul(*below)
    if not below or not all(_is_analytic_at(point, part, sample) for part in quotient):
        return False
    above, beneath = (_order(point, part, sample) for part in quotient)
    return above is not None and beneath is not None and above >= beneath


def _order(point: sp.Expr, f: sp.Expr, sample: Sample) -> int | None:
    """The order of the zero that an analytic function has at a point; None where it is not proved."""
    for n in range(_MOST_ORDER + 1):
        value = sp.expand(f.xreplace({Z: point}))
        if value != 0:
            return n if balls.sign(value, sample) else None
        f = f.diff(Z)
    return None


def limit(piece: Piece, end: sp.Expr, sample: Sample) -> sp.Expr:
    """The limit of a formula at an end of its piece, oo and -oo among them; nan where its form does not tell.

    args: end: the upper or the lower end.
    """
    at = {**sample, "z": balls.value(end, sample, _BITS)}
    if balls.value(piece.expr, at, _BITS).is_finite():
        return piece.expr.xreplace({Z: end})
    return _limit(piece.expr, piece, end, sample)


def _limit(e: sp.Expr, piece: Piece, end: sp.Expr, sample: Sample) -> sp.Expr:
    if not e.has(Z) or e == Z:
        return e.xreplace({Z: end})
    parts = [_limit(part, piece, end, sample) for part in e.args]
    if sp.nan in parts or e.func in (sp.gamma, sp.loggamma) or (e.is_Pow and e.base.has(Z) and e.exp.has(Z)):
        return sp.nan
    if e.func is sp.log and sp.expand(parts[0]) == 0:
        return -sp.oo
    if e.is_Pow and e.exp.is_negative and abs(parts[0]) != sp.oo and not balls.sign(parts[0], sample):
        return _side(e, piece, end, sample) * sp.oo if sp.expand(parts[0]) == 0 else sp.nan
    value = e.func(*parts)
    # SymPy's is_real and is_finite would take seconds for a long sum
    is_definite = value in (sp.oo, -sp.oo) or not value.has(sp.oo, -sp.oo, sp.zoo, sp.AccumBounds)
    return value if is_definite else sp.nan


def _side(f: sp.Expr, piece: Piece, end: sp.Expr, sample: Sample) -> sp.Expr:
    """The sign of a function beside an end of a piece; nan where it is not proved."""
    try:
        signs = Algebra(dict(sample)).signs((replace(piece, expr=f),))
    except NoClosedForm:
        return sp.nan
    return sp.Integer(signs[0 if end == piece.lower else -1][1])
