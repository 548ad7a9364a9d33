"""Translates operations of torch and jax to formulas, for both tracers.

A traced value is a SymPy expression in z, or a condition on z, of comparisons, And, Or and Not.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from temperance.theory.expressions.formulas import Z

Value: TypeAlias = sp.Expr | Boolean

_NAMED_NUMBERS = (
    *(sp.pi, sp.pi / 2, sp.E, sp.sqrt(2), 1 / sp.sqrt(2), sp.sqrt(2 / sp.pi), 2 / sp.sqrt(sp.pi)),
    *(sp.log(2), 1 / sp.log(2), sp.log(10), 1 / sp.log(10)),
)


def number(value: object) -> sp.Expr:
    """The real number that a Python, NumPy, torch or jax scalar was meant as.

    A float is the simplest that rounds to it: a fraction with a denominator up to 100, or pi, E, sqrt(2), sqrt(2/pi),
    log(2) and the like, or else the shortest decimal. Raises ValueError for more than one number, or none that is real.
    """
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind in "OSUcmM":
        raise ValueError(f"a constant that is no real number, {str(value)[:60]!r}, cannot be traced")
    entry = array.reshape(())[()]
    if array.dtype.kind in "iub":
        return sp.Integer(int(entry))
    if np.isnan(float(entry)):
        raise ValueError("a constant that is no real number, nan, cannot be traced")
    if np.isinf(float(entry)):
        return sp.oo if entry > 0 else -sp.oo  # to compare with: the expression language refuses it as a value
    simple = (
        sp.Rational(Fraction(float(entry)).limit_denominator(100)),
        *_NAMED_NUMBERS,
        *(-c for c in _NAMED_NUMBERS),
    )
    return next((c for c in simple if array.dtype.type(float(c)) == entry), sp.Rational(str(entry)))


def expression(value: object) -> sp.Expr:
    """A traced value as an expression: a condition counts as 1 or 0."""
    if isinstance(value, sp.Expr):
        return value
    return _where(value, sp.S.One, sp.S.Zero) if isinstance(value, Boolean) else number(value)


def condition(value: object) -> Boolean:
    """A traced value as a condition: an expression is true where it is not 0."""
    return value if isinstance(value, Boolean) else negation(equal(value, 0))


def _where(test: Boolean, yes: sp.Expr, no: sp.Expr) -> sp.Expr:
    """where(test, yes, no), with one comparison in each `where`."""
    match test:
        case sp.And():
            for part in reversed(test.args):
                yes = _where(part, yes, no)
            return yes
        case sp.Or():
            for part in reversed(test.args):
                no = _where(part, yes, no)
            return no
        case sp.Not():
            return _where(test.args[0], no, yes)
    if test in (sp.true, sp.false):
        return yes if test else no
    return call("where", test, yes, no)


def _compared(relation: type) -> Callable[[object, object], Boolean]:
    return lambda left, right: relation(expression(left), expression(right))


def equal(left: object, right: object) -> Boolean:
    """left == right; a value equals itself, since what is traced is finite."""
    at_least = _compared(sp.GreaterThan)
    return sp.And(at_least(left, right), at_least(right, left))


def negation(test: Boolean) -> Boolean:
    """The negation of test, written as it was traced."""
    return sp.Not(test, evaluate=False)


def choose(test: object, yes: object, no: object) -> Value:
    """One value where a condition is true, another where it is false."""
    if isinstance(yes, Boolean) and isinstance(no, Boolean):
        return sp.ITE(condition(test), yes, no).to_nnf()
    return _where(condition(test), expression(yes), expression(no))


def call(name: str, *arguments: object) -> sp.Expr:
    """A function of the expression language or of the catalogue, as it is written."""
    return sp.Function(name)(*arguments)


def named(name: str) -> Callable[..., sp.Expr]:
    """A function of the expression language or of the catalogue, of expressions and numbers."""
    return lambda *arguments: call(name, *(expression(a) for a in arguments))


def smooth(formula: sp.Expr) -> Callable[[object], sp.Expr]:
    """The function that a formula in z is."""
    return lambda argument: formula.xreplace({Z: expression(argument)})


def added(first: object, second: object) -> sp.Expr:
    """first + second; max(p, q) + log(1 + exp(-|p - q|)), the form that does not overflow, is log(exp(p) + exp(q))."""
    terms = expression(first), expression(second)
    for larger, rest in (terms, terms[::-1]):
        if larger.func == sp.Function("max") and len(larger.args) == 2:
            p, q = larger.args
            if rest in [sp.log(1 + sp.exp(-call("abs", difference))) for difference in (p - q, q - p)]:
                return logaddexp(p, q)
    return terms[0] + terms[1]


def logaddexp(first: object, second: object) -> sp.Expr:
    """log(exp(first) + exp(second))."""
    return sp.log(sp.exp(expression(first)) + sp.exp(expression(second)))


def _arithmetic(operation: Callable[[sp.Expr, sp.Expr], sp.Expr]) -> Callable[[object, object], sp.Expr]:
    return lambda first, second: operation(expression(first), expression(second))


COMMON: dict[str, Callable[..., Value]] = {
    "add": added,
    "sub": _arithmetic(lambda p, q: p - q),
    "mul": _arithmetic(lambda p, q: p * q),
    "div": _arithmetic(lambda p, q: p / q),
    "pow": _arithmetic(lambda p, q: p**q),
    "max": named("max"),
    "min": named("min"),
    "abs": named("abs"),
    "sign": named("sign"),
    "gt": _compared(sp.StrictGreaterThan),
    "ge": _compared(sp.GreaterThan),
    "lt": _compared(sp.StrictLessThan),
    "le": _compared(sp.LessThan),
    "eq": equal,
    "ne": lambda left, right: negation(equal(left, right)),
    "and": lambda first, second: sp.And(condition(first), condition(second)),
    "or": lambda first, second: sp.Or(condition(first), condition(second)),
    "not": lambda test: negation(condition(test)),
    "logaddexp": logaddexp,
    "neg": smooth(-Z),
    "square": smooth(Z**2),
    "sqrt": smooth(sp.sqrt(Z)),
    "rsqrt": smooth(1 / sp.sqrt(Z)),
    "cbrt": lambda z: call("sign", expression(z)) * call("abs", expression(z)) ** sp.Rational(1, 3),
    "exp2": smooth(sp.exp(Z * sp.log(2))),
    "expm1": smooth(sp.exp(Z) - 1),
    "log1p": smooth(sp.log(1 + Z)),
    "log2": smooth(sp.log(Z) / sp.log(2)),
    "log10": smooth(sp.log(Z) / sp.log(10)),
    "erfc": smooth(1 - sp.erf(Z)),
    "logistic": named("sigmoid"),
    **{f.__name__: smooth(f(Z)) for f in (sp.exp, sp.log, sp.erf, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)},
    **{f.__name__: smooth(f(Z)) for f in (sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh)},
}
"""Operations that torch and jax have under one name."""


def unsupported(library: str, operation: str) -> ValueError:
    """The refusal of an operation that has no formula here."""
    return ValueError(
        f"the {library} operation {operation!r} has no formula here; accepted: arithmetic, comparisons, where, and the "
        "functions of the expression language and the catalogue, of one number"
    )
