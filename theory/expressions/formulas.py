"""Formulas in z: written in elementary functions, and where they can change sign, in closed form or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd

import flint
import sympy as sp
from flint import arb, fmpq, fmpq_poly

from temperance.theory.expressions import balls
from temperance.theory.expressions.language import KNOWN, power

Z = sp.Symbol("z", real=True)
Sample = Mapping[str, fmpq]  # one value for every parameter

NO_CLOSED_FORM = "no closed-form switch"
_MOST_DEGREE = 60
_MOST_OPERATIONS = 200  # in a number whose denominator is made rational
_BITS = 256


def rationalized(number: sp.Expr) -> sp.Expr:
    """The same number without radicals in its denominator, if it is short and algebraic: else it may take minutes."""
    short = number.count_ops() <= _MOST_OPERATIONS
    return sp.radsimp(number) if short and not number.has(sp.Function) else number


def elementary(expr: sp.Expr) -> sp.Expr:
    """The same function with hyperbolic, inverse hyperbolic and reciprocal functions written out."""
    return expr if expr.is_Atom else _rebuilt(expr, [elementary(a) for a in expr.args])


def has_roots(expr: sp.Expr) -> bool:
    """Whether a function has roots, written out."""
    return any(not e.exp.is_integer for e in elementary(expr).atoms(sp.Pow))


def has_branches(expr: sp.Expr) -> bool:
    """Whether the same formula may be another function on another interval: it has roots, or an atan, which jumps."""
    return has_roots(expr) or expr.has(sp.atan)


def has_parameters(expr: sp.Expr) -> bool:
    """Whether it has other symbols than z."""
    return any(s != Z and not isinstance(s, sp.Dummy) for s in expr.free_symbols)


def _rebuilt(e: sp.Expr, arguments: list[sp.Expr]) -> sp.Expr:
    written = KNOWN[e.func].written if e.func in KNOWN else None
    if written is not None:
        return written(arguments[0])
    if e.func is sp.exp:
        return sp.exp(spread(arguments[0]))
    rebuilt = e.func(*arguments)
    if e.func in (sp.cos, sp.sin, sp.tan) and rebuilt.has(sp.atan):
        return sp.expand_trig(rebuilt)
    if rebuilt.is_Pow and rebuilt.exp.is_Rational and not rebuilt.exp.is_Integer and not rebuilt.has(Z):
        return sp.sqrtdenest(rebuilt)
    return rebuilt


def spread(argument: sp.Expr) -> sp.Expr:
    """An exponent as a sum whose terms are independent over Q: expanded, or in partial fractions."""
    if argument.is_rational_function(Z) and not argument.is_polynomial(Z) and argument.free_symbols == {Z}:
        return sp.apart(sp.together(argument), Z)
    return multiplied_out(argument)


def multiplied_out(expr: sp.Expr) -> sp.Expr:
    """Products and powers of sums multiplied out; exponentials are left as they are."""
    return sp.expand(expr, power_exp=False, power_base=False, log=False, basic=False)


def terms(argument: sp.Expr) -> dict[sp.Expr, sp.Rational]:
    """Rational coefficients of the terms of a spread exponent."""
    return {m: c for m, c in spread(argument).as_coefficients_dict().items() if c}


class NoClosedForm(ValueError):
    """A function may change its sign where no closed form is known; the message names it."""

    def __init__(self, f: sp.Expr) -> None:
        super().__init__(f"{NO_CLOSED_FORM}: the zeros of {str(f)[:60]} have none that is known")


class RecordingSample(dict[str, fmpq]):
    """A sample that notes in `conditions` every expression in parameters whose sign is looked at."""

    def __init__(self, values: Mapping[str, fmpq], conditions: dict[sp.Expr, None]) -> None:
        super().__init__(values)
        self.conditions = conditions


def note(number: sp.Expr, sample: Sample) -> None:
    """Have a watched sample keep an expression whose sign matters, if it has parameters; nan stands for one unknown."""
    if isinstance(sample, RecordingSample) and (number.free_symbols or number is sp.nan):
        sample.conditions[number] = None


def sign_at(number: sp.Expr, sample: Sample) -> int | None:
    """The proved sign of an expression in parameters, or None (see `balls.sign`); noted."""
    note(number, sample)
    return balls.sign(number, sample)


def real_roots(f: sp.Expr, sample: Sample) -> list[sp.Expr]:
    """The points where f, real and analytic between its poles, may change sign on the real line: roots and poles.

    f has no Abs, sign or Piecewise; at the sample of the parameters real roots are told from complex ones. Raises
    NoClosedForm: a root has no closed form that is known.
    """
    if not f.has(Z):
        return []
    if f.is_Mul:
        return [root for g in f.args for root in real_roots(g, sample)]
    shift, rest = f.as_independent(Z, as_Add=True)
    factor, core = rest.as_independent(Z, as_Add=False)
    c = -shift / factor  # f = 0 where core = c
    if core == Z:
        return [c]
    polynomial = f.is_polynomial(Z)
    if polynomial and sp.degree(f, Z) <= _MOST_DEGREE:
        return _of_polynomial(f, sample)
    roots = _peeled(core, c, sample)
    if roots is not None:
        return roots
    if f.is_rational_function(Z) and not polynomial:
        numerator, denominator = sp.fraction(sp.cancel(f))
        return [*real_roots(numerator, sample), *real_roots(denominator, sample)]
    return _without_root(f, sample)


def _without_root(f: sp.Expr, sample: Sample) -> list[sp.Expr]:
    """Roots and poles of a formula with one square root r: among those of its product with that with -r, and of r."""
    roots = {e for e in f.atoms(sp.Pow) if e.exp.is_Rational and e.exp.q == 2 and e.has(Z)}
    bases = {e.base for e in roots}
    if len(bases) == 1:
        product = sp.together(sp.expand(f * f.xreplace({r: -r for r in roots})))
        if product.is_rational_function(Z):
            candidates = [*real_roots(sp.cancel(product), sample), *real_roots(bases.pop(), sample)]
            values = {p: f.xreplace({Z: p}) for p in candidates}
            return [p for p, value in values.items() if not (value.is_real and sign_at(value, sample))]
    raise NoClosedForm(f)


def _of_polynomial(f: sp.Expr, sample: Sample) -> list[sp.Expr]:
    poly = sp.Poly(f, Z)
    if any(c.atoms(sp.Function, sp.NumberSymbol) for c in poly.coeffs()):
        return _of_factor(poly, sample)
    numerator = sp.fraction(sp.together(f))[0]
    factors = [sp.Poly(factor, Z) for factor, _ in sp.factor_list(numerator)[1] if factor.has(Z)]
    return [root for factor in factors for root in _of_factor(factor, sample)]


def _of_factor(poly: sp.Poly, sample: Sample) -> list[sp.Expr]:
    """The real roots of an irreducible polynomial of degree 1 or 2, in z or in a power of z, or without any."""
    if poly.degree() == 1:
        a, b = poly.all_coeffs()
        return [-b / a]
    if poly.degree() == 2:
        a, b, c = poly.all_coeffs()
        discriminant = sp.expand(b**2 - 4 * a * c)
        if sign_at(discriminant, sample) == 1:
            return [(-b + s * sp.sqrt(discriminant)) / (2 * a) for s in (-1, 1)]
        return [-b / (2 * a)] if discriminant == 0 or sign_at(discriminant, sample) is None else []
    times = gcd(*(m for (m,) in poly.monoms()))
    if times > 1:
        inner = sp.Poly.from_dict({(m // times,): c for (m,), c in poly.terms()}, Z)
        return [root for r in _of_factor(inner, sample) for root in _of_power(Z, sp.Integer(times), r, sample) or []]
    if (poly.domain.is_QQ or poly.domain.is_ZZ) and not enclosed_roots(poly):
        return []
    raise NoClosedForm(poly.as_expr())


def enclosed_roots(poly: sp.Poly) -> list[arb]:
    """Balls around the real roots of a rational polynomial without double roots, in order."""
    coefficients = [fmpq(int(c.p), int(c.q)) for c in reversed(poly.all_coeffs())]
    with flint.ctx.workprec(_BITS):
        roots = [root.real for root, _ in fmpq_poly(coefficients).numer().complex_roots() if root.imag == 0]
    return sorted(roots, key=lambda root: float(root.mid()))


def _peeled(core: sp.Expr, c: sp.Expr, sample: Sample) -> list[sp.Expr] | None:
    """Roots of g(h) = c for an invertible g, through h = g^-1(c); None for another g."""
    function = KNOWN.get(core.func)
    if function is not None and function.inverse is not None:
        inside = all(sign_at(bound, sample) == 1 for bound in function.inside(c))
        return real_roots(core.args[0] - function.inverse(c), sample) if inside else []
    if core.func in (sp.sin, sp.cos, sp.erf) and sign_at(1 - c**2, sample) in (0, -1):
        return []  # |g| is at most 1
    if core.func is sp.erf and c == 0:
        return real_roots(core.args[0], sample)
    if core.func is sp.cosh:
        return _even(core.args[0], sp.acosh, c - 1, c, sample)
    if core.is_Pow and not core.base.has(Z):
        if not sign_at(core.base, sample) or sign_at(c, sample) != 1:
            return []
        return real_roots(core.exp - sp.log(c) / sp.log(core.base), sample)
    if core.is_Pow:
        return _of_power(core.base, core.exp, c, sample)
    return None


def _even(
    h: sp.Expr, inverse: Callable[[sp.Expr], sp.Expr], bound: sp.Expr, c: sp.Expr, sample: Sample
) -> list[sp.Expr]:
    """Roots of g(h) = c for an even g that grows for positive h, and takes c where a bound is not negative."""
    if bound == 0:
        return real_roots(h, sample)
    if sign_at(bound, sample) != 1:
        return []
    return [root for s in (-1, 1) for root in real_roots(h - s * inverse(c), sample)]


def _of_power(base: sp.Expr, exponent: sp.Expr, c: sp.Expr, sample: Sample) -> list[sp.Expr] | None:
    """Roots of base**exponent = c, and poles; None for an exponent with z."""
    if exponent.has(Z):
        return None
    if not exponent.is_Rational:
        edges = real_roots(base, sample)  # real for a positive base
        inside = sign_at(c, sample) == 1
        return [*edges, *real_roots(base - c ** (1 / exponent), sample)] if inside else edges
    if exponent < 0:
        poles = real_roots(base, sample)
        return poles if c == 0 else [*poles, *real_roots(base**-exponent - 1 / c, sample)]
    if c == 0:
        return real_roots(base, sample)
    if exponent.is_Integer and exponent % 2 == 0:
        return _even(base, lambda v: power(v, 1 / exponent), c, c, sample)
    if sign_at(c, sample) != 1:
        return real_roots(base + power(-c, 1 / exponent), sample) if exponent.is_Integer else []
    return real_roots(base - power(c, 1 / exponent), sample)
