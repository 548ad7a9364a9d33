"""The members of the families of a verdict, for its checker: as balls at a point, and as formulas."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_series, fmpq

from temperance.theory.checker.rejected import evaluate, parsed, require

FAMILIES = {  # s1 = s', s2 = s''
    "F1": ("1", "s", "z*s1"),
    "A": ("1", "s", "s**2", "z*s1", "z*s*s1", "z**2*s2", "z**2*s1**2"),
    "B": ("1", "s", "z", "z*s", "z*s1", "z**2*s1"),
    "C": ("1", "s", "z", "z**2", "z*s1"),
    "(i)": ("1", "s", "z*s1", "z**2*s2", "z**2*s1**2"),
    "(ii)": ("1", "z", "z*s1", "z**2"),
    "(iii)": ("z", "z*s1", "1"),
}
AT_TAU = ("A", "(i)")  # the two last members, with coefficients p and q, enter as one: the relation is at tau = p/q
TARGET_LAST = ("(ii)", "(iii)")  # a relation matters only if the last member, the target, is in it
_MOST_POWER, _MOST_DEGREE, _MOST_TERMS = 1000, 60, 50_000
DEFINED = {  # functions by others, with i the imaginary unit
    "sin": parsed("(exp(-i*q) - exp(i*q))*i/2"),
    "cos": parsed("(exp(i*q) + exp(-i*q))/2"),
    "tan": parsed("sin(q)/cos(q)"),
    "sinh": parsed("(exp(q) - exp(-q))/2"),
    "cosh": parsed("(exp(q) + exp(-q))/2"),
    "tanh": parsed("1 - 2/(exp(2*q) + 1)"),
    "asinh": parsed("log(q + (q**2 + 1)**(1/2))"),
    "acosh": parsed("log(q + (q**2 - 1)**(1/2))"),
    "atanh": parsed("(log(1 + q) - log(1 - q))/2"),
    "asin": parsed("atan(q/(1 - q**2)**(1/2))"),
    "acos": parsed("pi/2 - asin(q)"),
    "sqrt": parsed("q**(1/2)"),
}
_MEMBERS = {family: list(map(parsed, written)) for family, written in FAMILIES.items()}


def members(family: str, branch: ast.expr, values: Any) -> list[Any]:
    """The members of a family for the s of a branch, in balls or formulas."""
    s = evaluate(branch, values)
    s1 = values.derivative(s)
    s2 = values.derivative(s1)
    return [evaluate(member, values, s=s, s1=s1, s2=s2) for member in _MEMBERS[family]]


_BALLS = {f: getattr(arb_series, f) for f in ("exp", "log", "sin", "cos", "atan", "erf", "gamma")}
_BALLS |= {"LambertW": arb_series.lambertw, "loggamma": arb_series.lgamma}


class Balls:
    """Taylor coefficients at a point z, as balls; constants only, without a point. All are finite, else Rejected."""

    derivative = staticmethod(arb_series.derivative)

    def __init__(self, parameters: Mapping[str, fmpq], z: fmpq | arb | None = None, length: int = 3) -> None:
        self.length = length
        constants = {**parameters, "pi": arb.pi(), "E": arb.const_e()}
        self.names = {name: self.number(value) for name, value in constants.items()}
        self.names |= {} if z is None else {"z": arb_series([arb(z), 1], prec=length)}

    def number(self, value: Any) -> arb_series:
        """A number."""
        return arb_series([value], prec=self.length)

    @staticmethod
    def sound(value: arb_series) -> arb_series:
        """The value, if every coefficient is finite: nothing else is multiplied, raised to a power or dropped."""
        require(all(value[i].is_finite() for i in range(value.prec)), "a part is not shown to be real and finite")
        return value

    @staticmethod
    def power(base: arb_series, exponent: arb_series, written: Fraction | None) -> arb_series:
        """base^exponent, where that is shown to be real."""
        if written is None or written.denominator != 1:
            require(base[0] > 0, "the base of a power is not shown to be positive")
        elif written < 0:
            require(not base[0].contains(0), "a denominator is not shown to differ from 0")
        return base**exponent

    def call(self, f: str, q: arb_series) -> arb_series:
        """f(q)."""
        return _BALLS[f](q) if f in _BALLS else evaluate(DEFINED[f], self, q=q)


def nonzero(ball: arb) -> bool:
    """Whether a ball shows that a number is not 0."""
    return bool(ball.is_finite() and not ball.contains(0))


_SLOPES = {  # dv/dq of the variable v for f(q); that for LambertW is exp(LambertW(q)), which is never 0
    "log": parsed("1/q"),
    "root": parsed("v/(n*q)"),
    "atan": parsed("1/(1 + q**2)"),
    "erf": parsed("2*exp(-q**2)/pi**(1/2)"),
    "LambertW": parsed("v/(v + q)"),
}


def _terms(e: sp.Expr) -> int:
    """How many terms e has, at most, when it is multiplied out (from 10^9 on, some number as large)."""
    inner, n = [_terms(p) for p in e.args], abs(e.exp) if e.is_Pow and e.exp.is_Integer else 1
    return sum(inner) if e.is_Add else int(sp.binomial(min(sp.prod(inner), 10**9) - 1 + n, n))


class Formulas:
    """SymPy formulas in z and exponentials; every other function is a variable with a derivative, its slope.

    A formula that is 0 is 0 on the whole domain: variables are free but for the powers of roots, and a denominator, of
    the expression, a coefficient or a slope, is not 0 there.
    """

    number, sound = sp.Integer, staticmethod(lambda formula: formula)

    def __init__(self, parameters: Iterable[str]) -> None:
        self.names = {name: sp.Symbol(name) for name in ("z", "pi", *parameters)} | {"E": sp.E}
        self.slopes: dict[sp.Expr, sp.Expr] = {sp.Symbol("z"): sp.S.One}
        self.variables: dict[tuple[str, sp.Expr, int], sp.Expr] = {}
        self.tower: dict[str, str] = {}

    def derivative(self, f: sp.Expr) -> sp.Expr:
        """The derivative in z."""
        return sp.Add(*(f.diff(v) * slope for v, slope in self.slopes.items()))

    def variable(self, f: str, q: sp.Expr, n: int = 1) -> sp.Expr:
        """The variable for f(q), for log|q|, for the positive n-th root of q > 0, or for exp(LambertW(q))."""
        if (f, q, n) not in self.variables:
            require(f in _SLOPES, f"the derivative of {f} is not known here")
            v = self.variables[f, q, n] = sp.Dummy(f"v{len(self.variables)}")
            self.slopes[v] = self.derivative(q) * evaluate(_SLOPES[f], self, q=q, v=v, n=sp.Integer(n))
            shown = {"root": f"({q})**(1/{n})", "LambertW": f"exp(LambertW({q}))"}.get(f, f"{f}({q})")
            self.tower[f"{v} = {shown}"] = str(self.slopes[v])
        return self.variables[f, q, n]

    def power(self, base: sp.Expr, exponent: sp.Expr, written: Fraction | None = None) -> sp.Expr:
        """base^exponent."""
        if not exponent.is_Rational:
            return self.call("exp", exponent * self.call("log", base))
        require(max(abs(exponent.p), exponent.q) <= _MOST_POWER, "a power is too large")
        require(exponent > 0 or not self.is_zero(base), "a division by 0")
        return (base if exponent.q == 1 else self.call("root", base, exponent.q)) ** exponent.p

    def call(self, f: str, q: sp.Expr, n: int = 1) -> sp.Expr:
        """f(q), or the n-th root of q."""
        require(_terms(q) <= _MOST_TERMS, "a formula is too long")
        q = sp.cancel(q)
        if f in DEFINED:
            return evaluate(DEFINED[f], self, q=q, i=sp.I)
        if f == "exp":
            return self.exponential(q)
        if f == "log" and not q.has(sp.I):
            return self.logarithm(q)
        return q / self.variable(f, q) if f == "LambertW" else self.variable(f, q, n)

    def exponential(self, q: sp.Expr) -> sp.Expr:
        """exp(q) as a product, with v^c for exp(c LambertW(p)), where v stands for exp(LambertW(p))."""
        factor = sp.S.One
        for (f, p, _), v in self.variables.items():
            if f == "LambertW" and q.has(v):
                c = sp.cancel(-q.diff(v) * v**2 / p)  # of c p/v
                if c.is_Integer:
                    q, factor = sp.cancel(q - c * p / v), factor * v**c
        power = sp.expand(sp.exp(sp.expand(q)))
        self.tower |= {str(e): str(self.derivative(e)) for e in power.atoms(sp.exp)}
        return power * factor

    def logarithm(self, q: sp.Expr) -> sp.Expr:
        """log(q) for q > 0, as the sum of e log|f| over its factors f, unless powers or numbers in it are high."""
        total = sp.S.Zero
        for part, sign in zip(sp.fraction(q), (1, -1), strict=True):
            degrees = [e.as_base_exp()[1].as_coeff_Mul() for e in part.atoms(sp.Pow, sp.exp)]  # (degree, of what)
            large = max([0, *(abs(n.p) for n, _ in degrees)]) ** max(2, len({x for _, x in degrees})) > _MOST_DEGREE**2
            large |= any(abs(n) > 10**_MOST_DEGREE or n.q > _MOST_POWER for n in part.atoms(sp.Rational))
            content, factors = (sp.S.One, [(part, 1)]) if large else sp.factor_list(part)
            for factor, e in (pair for pair in [*factors, (sp.Abs(content), 1)] if pair[0] != 1):
                total += sign * e * (factor.args[0] if factor.func is sp.exp else self.variable("log", factor))
        return total

    def is_zero(self, q: sp.Expr) -> bool:
        """Whether q is 0/p, p not 0, when q is put for w^n, w = q^(1/n), the last root first."""
        vanish = []
        for part in sp.fraction(sp.together(q)):
            require(_terms(part) <= _MOST_TERMS, "a relation is too long")
            for (f, radicand, n), w in reversed(self.variables.items()):
                if f == "root" and part.has(w):
                    powers = [p for p in sp.expand(part).atoms(sp.Pow) if p.base == w]
                    lower = {p: radicand ** (p.exp // n) * w ** (p.exp % n) for p in powers}
                    part = sp.fraction(sp.together(sp.expand(part).xreplace(lower)))[0]
            vanish.append(sp.expand(part) == 0)
        return vanish == [True, False]
