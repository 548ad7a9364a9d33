"""Proves that an analytic function on z > 0 is a polynomial, with its exponents, or that it is none (theory.md 2.9).

Three proofs that it is none, for the function or one of its first derivatives, none of which samples Taylor terms:

- it is a rational function of z and one t = exp(q), tan(q), log(q) or atan(q), q algebraic and not constant: t is
  transcendental over the algebraic functions, so the function is one of z alone only if its derivative by t is 0;
- it lies in a field of roots of distinct irreducible polynomials, whose monomials are independent over C(z);
- it is O((1 + z)^N), or a quotient whose numerator has the degree N: a polynomial then has at most the degree N, and
  its derivative of order N + 1 is 0.

That a derivative is not 0 is shown by a ball at one point.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from flint import fmpq

from temperance.theory.expressions import balls
from temperance.theory.expressions.sign_changes import Sample, Z
from temperance.theory.fields.differential_field import Fraction, OutsideTowers
from temperance.theory.fields.tower import Tower

_DERIVATIVES = 3
_MOST_GROWTH = 12
_BITS = 256
_POSITIVE = sp.Dummy("z", positive=True)
_BOUNDED = (sp.tanh, sp.sin, sp.cos, sp.erf, sp.atan)


def exponents(tower: Tower, f: Fraction, sample: Sample, point: fmpq) -> tuple[int, ...] | None:
    """The exponents of a field element that is a polynomial in z; None where it is none, or may lack one of its terms.

    sample: values of the parameters. point: where constants of integration are read.
    """
    if not tower.is_constant(f.den) or _generators(tower, f) - {tower.z_index}:
        return None
    powers: dict[int, dict[tuple[int, ...], int]] = {}
    for monomial, c in f.num.to_dict().items():
        rest = tuple(0 if i == tower.z_index else e for i, e in enumerate(monomial))
        powers.setdefault(int(monomial[tower.z_index]), {})[rest] = int(c)
    values = {n: tower.stands_for(tower.context.from_dict(part)) for n, part in powers.items()}
    if not all(balls.is_nonzero(balls.value(v, {**sample, "z": point}, _BITS)) for v in values.values()):
        return None
    return tuple(sorted(values))


def is_no_polynomial(tower: Tower, f: Fraction, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a field element is proved to be no polynomial in z, by its form or that of a derivative.

    sample: values of the parameters. near: points at which the functions of the tower are defined.
    """
    try:
        for _ in range(_DERIVATIVES + 1):
            if _is_no_polynomial_in(tower, f, sample, near):
                return True
            f = tower.d(f)
    except (OutsideTowers, ZeroDivisionError, ValueError):
        return False
    return False


def grows_like_no_polynomial(expr: sp.Expr, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a function on the whole of z > 0 that is O((1 + z)^N) is proved to be no polynomial."""
    growth = _growth(expr.xreplace({Z: _POSITIVE}))
    return growth is not None and growth <= _MOST_GROWTH and _derivative_is_seen(expr, growth + 1, sample, near)


def _is_no_polynomial_in(tower: Tower, f: Fraction, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether the form of an element in the tower proves it."""
    used = _generators(tower, f)
    moving = used - {tower.z_index}
    roots = {i for i in moving if i in tower.roots}
    others = moving - roots
    radicands = {i for r in roots for i, e in enumerate(tower.roots[r][1].degrees()) if e > 0}
    if not radicands <= {tower.z_index, *others}:  # constants may hide a square
        return False
    if not others:
        if not roots:
            degree = int(f.num.degrees()[tower.z_index])
            quotient = tower.stands_for(f.num) / tower.stands_for(f.den)
            return not tower.is_constant(f.den) and _derivative_is_seen(quotient, degree + 1, sample, near)
        return _used(f) <= {tower.z_index, *roots}
    if len(others) > 1 or not _is_transcendental(tower, next(iter(others)), sample, near):
        return False
    t = others.pop()
    slope = f.num.derivative(t) * f.den - f.num * f.den.derivative(t)
    return any(balls.is_nonzero(balls.value(tower.stands_for(slope), {**sample, "z": p}, _BITS)) for p in near)


def _is_transcendental(tower: Tower, t: int, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a generator is exp, tan, log or atan of an algebraic function that is proved not to be constant."""
    generator = tower.described[t]
    if generator.kind not in ("exp", "tan", "log", "atan"):
        return False
    q = generator.stands_for.args[0]
    functions = {f for f in q.atoms(sp.Function) if f.has(Z) and f.func is not sp.Abs}
    if functions or not all(p.exp.is_Rational for p in q.atoms(sp.Pow) if p.has(Z)):  # q is not algebraic
        return False
    jets = (balls.jet(generator.stands_for, {**sample, "z": p}, 1, _BITS) for p in near)
    return any(balls.is_nonzero(jet[1]) for jet in jets)


def _used(f: Fraction) -> set[int]:
    return {i for p in (f.num, f.den) for i, e in enumerate(p.degrees()) if e > 0}


def _generators(tower: Tower, f: Fraction) -> set[int]:
    """The generators of an element that are not constant, z among them."""
    return {i for i in _used(f) if not tower.described[i].constant}


def _derivative_is_seen(expr: sp.Expr, order: int, sample: Sample, near: Sequence[fmpq]) -> bool:
    """Whether a derivative is proved not to be 0 at one of some points."""
    return any(balls.is_nonzero(balls.jet(expr, {**sample, "z": p}, order, _BITS)[order]) for p in near)


def _growth(e: sp.Expr) -> int | None:
    """N with e = O((1 + z)^N) on z > 0 by the form of e; None where the form shows none."""
    if not e.has(_POSITIVE) or isinstance(e, _BOUNDED):
        return 0
    if e == _POSITIVE:
        return 1
    parts = [_growth(a) for a in e.args]
    if e.is_Add or e.is_Mul:
        degrees = [p for p in parts if p is not None]
        return None if len(degrees) < len(parts) else max(degrees) if e.is_Add else sum(degrees)
    if e.is_Pow and e.exp.is_Rational and e.exp > 0:
        return None if parts[0] is None else int(sp.ceiling(parts[0] * e.exp))
    if isinstance(e, sp.exp):
        return 0 if e.args[0].is_nonpositive else None
    if e.is_Pow and e.exp.is_negative:
        return 0 if (e.base - 1).is_nonnegative else None
    return None
