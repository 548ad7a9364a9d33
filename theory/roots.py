"""Finds where a real function of z can change sign: exactly if the algebra allows it, else by bisection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import flint
import sympy as sp
from flint import arb, fmpq, fmpq_poly

from theory import balls
from theory.powers import bits, exponential, has_long_exponent, power

Z = sp.Symbol("z", real=True)
Sample = Mapping[str, fmpq]  # one value for every parameter

_MOST_EXACT_DEGREE = 24
LOOKED_AT_CLOSELY = 16  # |z| up to which a search has steps of 1/8
_SCAN = [fmpq(i, 8) for i in range(-8 * LOOKED_AT_CLOSELY, 8 * LOOKED_AT_CLOSELY + 1)] + [
    fmpq(s * 2**j) for s in (-1, 1) for j in range(5, 11)
]
_MOST_FACTORED = 200  # bits of the numbers in a polynomial that is factored
_MOST_FACTORED_DEGREE = 60
_MOST_FACTORED_OPERATIONS = 60  # in a coefficient: SymPy takes logarithms and powers in it for as many variables
_BISECTIONS = 256
_SCAN_BISECTIONS = 64


class Watched(dict[str, fmpq]):
    """A sample that notes in `conditions` every expression in parameters whose sign is looked at."""

    conditions: dict[sp.Expr, None]

    def __init__(self, values: Mapping[str, fmpq], conditions: dict[sp.Expr, None] | None = None) -> None:
        super().__init__(values)
        self.conditions = {} if conditions is None else conditions


def note(number: sp.Expr, sample: Sample) -> None:
    """Have a watched sample keep an expression whose sign matters, if it has parameters; nan stands for one unknown."""
    if isinstance(sample, Watched) and (number.free_symbols or number is sp.nan):
        sample.conditions[number] = None


def sign_at(number: sp.Expr, sample: Sample, most_bits: int = 2048) -> int | None:
    """The proved sign of an expression in parameters, or None (see `balls.sign`); noted."""
    note(number, sample)
    return balls.sign(number, sample, most_bits)


@dataclass(frozen=True)
class Roots:
    """Sign-change candidates of a function; exact=False when others may have been missed."""

    points: tuple[sp.Expr, ...]
    exact: bool


def _join(parts: list[Roots]) -> Roots:
    return Roots(tuple(p for part in parts for p in part.points), all(part.exact for part in parts))


def _positive(number: sp.Expr, sample: Sample) -> bool:
    return sign_at(number, sample) == 1


def _only(points: list[sp.Expr], exact: bool = True) -> Roots:
    return Roots(tuple(points), exact)


_INVERSES: dict[type, tuple[Callable[[sp.Expr], sp.Expr], Callable[[sp.Expr], list[sp.Expr]]]] = {
    # strictly increasing g: (its inverse, numbers that must be positive for c to be in the range of g)
    sp.exp: (sp.log, lambda c: [c]),
    sp.log: (exponential, lambda c: []),
    sp.sinh: (sp.asinh, lambda c: []),
    sp.asinh: (sp.sinh, lambda c: []),
    sp.tanh: (sp.atanh, lambda c: [1 - c, 1 + c]),
    sp.atanh: (sp.tanh, lambda c: []),
    sp.atan: (sp.tan, lambda c: [sp.pi / 2 - c, sp.pi / 2 + c]),
    sp.asin: (sp.sin, lambda c: [sp.pi / 2 - c, sp.pi / 2 + c]),
}


def _polynomial(f: sp.Expr, sample: Sample) -> Roots:
    poly = sp.Poly(f, Z)
    rational = all(c.is_rational_function() and not c.has(sp.pi, sp.E) for c in poly.coeffs())
    long = any(bits(c) > _MOST_FACTORED or c.count_ops() > _MOST_FACTORED_OPERATIONS for c in poly.coeffs())
    if not rational or long or has_long_exponent(f):
        return _factor(poly, sample)
    numerator = sp.fraction(sp.together(f))[0]
    factors = [factor for factor, _ in sp.factor_list(numerator)[1] if factor.has(Z)]
    return _join([_factor(sp.Poly(factor, Z), sample) for factor in factors])


def _factor(poly: sp.Poly, sample: Sample) -> Roots:
    if poly.degree() == 1:
        a, b = poly.all_coeffs()
        return _only([-b / a])
    if poly.degree() == 2:
        a, b, c = poly.all_coeffs()
        discriminant = sp.expand(b**2 - 4 * a * c)
        if not _positive(discriminant, sample):
            return _only([-b / (2 * a)] if sign_at(discriminant, sample) is None or discriminant == 0 else [])
        return _only([(-b + s * sp.sqrt(discriminant)) / (2 * a) for s in (-1, 1)])
    # CRootOf would be exact too, but has no expression that the certificates could state
    if (poly.domain.is_QQ or poly.domain.is_ZZ) and poly.degree() <= _MOST_EXACT_DEGREE:
        return _only(_isolated(poly))
    if len(poly.terms()) == 2 and poly.eval(0) != 0:
        power_of_z = Z ** poly.degree()
        return _peel_power(power_of_z, -poly.eval(0) / poly.LC(), sample) or _only([])
    return _scan(poly.as_expr(), sample)


def _equation(f: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(g, c) such that f = 0 where g = c, g without a term or a factor that is free of Z."""
    shift, rest = f.as_independent(Z, as_Add=True)
    factor, core = rest.as_independent(Z, as_Add=False)
    return core, -shift / factor


def is_rounded(number: sp.Expr) -> bool:
    """Whether it may be a root of a polynomial as `real_roots` gives it, within 2^-256: a fraction of many digits."""
    return bool(number.is_Rational and int(number.q).bit_length() > _BISECTIONS // 2)


def _isolated(poly: sp.Poly) -> list[sp.Expr]:
    """All real roots of an irreducible rational polynomial, as dyadic numbers within 2^-256, in order."""
    step = 2 ** (_BISECTIONS + 1)
    with flint.ctx.workprec(_BISECTIONS + 64 + bits(poly.as_expr())):
        steps = [int((root.mid() * step).floor().unique_fmpz()) for root in enclosed_roots(poly)]
    return [sp.Rational(n, step) for n in sorted(steps)]


def enclosed_roots(poly: sp.Poly) -> list[arb]:
    """Balls around the real roots of a rational polynomial, at the working precision."""
    coefficients = [fmpq(int(c.p), int(c.q)) for c in reversed(poly.all_coeffs())]
    return [root.real for root, _ in fmpq_poly(coefficients).numer().complex_roots() if root.imag == 0]


def _peel(core: sp.Expr, c: sp.Expr, sample: Sample) -> Roots | None:
    """Roots of g(h) = c for an invertible g, through h = g^-1(c)."""
    if core.func in _INVERSES:
        inverse, in_range = _INVERSES[core.func]
        if not all(_positive(bound, sample) for bound in in_range(c)):
            return _only([])
        return real_roots(core.args[0] - inverse(c), sample)
    if core.func is sp.cosh:
        return _even(core.args[0], sp.acosh, c - 1, c, sample)
    if core.is_Pow:
        return _peel_power(core, c, sample)
    return None


def _even(h: sp.Expr, inverse: Callable[[sp.Expr], sp.Expr], bound: sp.Expr, c: sp.Expr, sample: Sample) -> Roots:
    if bound == 0:
        return real_roots(h, sample)
    if not _positive(bound, sample):
        return _only([])
    return _join([real_roots(h - s * inverse(c), sample) for s in (-1, 1)])


def _peel_power(core: sp.Expr, c: sp.Expr, sample: Sample) -> Roots | None:
    base, exponent = core.base, core.exp
    if not base.has(Z):
        direction = sign_at(base, sample)
        return (
            real_roots(exponent - sp.log(c) / sp.log(base), sample) if direction and _positive(c, sample) else _only([])
        )
    if not exponent.is_Rational:
        if exponent.has(Z):
            return None
        edges = real_roots(base, sample)  # real for a positive base
        return _join([edges, real_roots(base - c ** (1 / exponent), sample)]) if _positive(c, sample) else edges
    if exponent < 0:
        poles = real_roots(base, sample)
        return poles if c == 0 else _join([poles, real_roots(base**-exponent - 1 / c, sample)])
    if c == 0:
        return real_roots(base, sample)
    if exponent.is_Integer and exponent % 2 == 0:
        return _even(base, lambda v: power(v, 1 / exponent), c, c, sample)
    if not _positive(c, sample):
        return real_roots(base + power(-c, 1 / exponent), sample) if exponent.is_Integer else _only([])
    return real_roots(base - power(c, 1 / exponent), sample)


def _scan(f: sp.Expr, sample: Sample) -> Roots:
    """Sign changes found on a grid, by bisection; others may exist."""

    def proved_at(z: fmpq) -> int | None:
        return balls.sign(f, {**sample, "z": z}, 256)

    grid = sorted(_SCAN)
    found = []
    known = [(z, s) for z in grid if (s := proved_at(z))]
    for (low, s), (high, t) in pairwise(known):
        if s == t:
            continue
        for _ in range(_SCAN_BISECTIONS):
            middle = (low + high) / 2
            sign = proved_at(middle)
            if sign is None:
                low = high = middle
                break
            low, high = (middle, high) if sign == s else (low, middle)
        found.append(sp.Rational(int(low.p), int(low.q)))
    return Roots(tuple(found), False)


def real_roots(f: sp.Expr, sample: Sample) -> Roots:
    """The points where f, real and analytic between its poles, may change sign on the real line.

    Args:
        f: an expression in Z and parameters, without Abs, sign or Piecewise.
        sample: the value of every parameter at which real roots are told from complex ones.

    Returns:
        Roots and poles: exact (in radicals, inverse functions, or within 2^-256 for a rational polynomial of a
        higher degree) with exact=True; else the sign changes seen on a grid, with exact=False.
    """
    if not f.has(Z):
        return _only([])
    core, c = _equation(f)
    if core == Z:  # SymPy's polynomials are slow to build over long numbers
        return _only([c])
    if f.is_Mul:
        return _join([real_roots(g, sample) for g in f.args])
    small = f.is_rational_function(Z) and max(_degrees(f)) <= _MOST_FACTORED_DEGREE
    if small and f.is_polynomial(Z):
        return _polynomial(f, sample)
    peeled = _peel(core, c, sample)
    if peeled is not None:
        return peeled
    if small:
        numerator, denominator = sp.fraction(sp.together(f) if has_long_exponent(f) else sp.cancel(f))
        return _join([real_roots(numerator, sample), real_roots(denominator, sample)])
    return _scan(f, sample)


def _degrees(f: sp.Expr) -> tuple[int, int]:
    """Bounds of the degrees in z of the numerator and denominator of a rational function, without expanding it."""
    if not f.has(Z):
        return 0, 0
    if f.is_Pow:
        above, below = (abs(int(f.exp)) * n for n in _degrees(f.base))
        return (above, below) if f.exp > 0 else (below, above)
    if not f.args:
        return 1, 0
    parts = [_degrees(g) for g in f.args]
    below = sum(n for _, n in parts)
    return sum(n for n, _ in parts) if f.is_Mul else max(n + below - m for n, m in parts), below
