"""Certificates of verdicts, and their independent checker: nothing else of this project is imported or trusted.

A certificate states a verdict on s(z), given by `expression`, and carries for every family it rests on

- `relations`: vectors c with sum c_j f_j = 0 for the members f_j = z^a s^b s'^c s''^d. Each is proved here by rewriting
  s into exponentials, logarithms, roots, tangents of half angles, atan, erf and LambertW (the `tower`: variables with
  a derivative) and reducing the sum to the zero polynomial. The rules hold for the functions themselves, so that what
  reduces to 0 is 0 wherever s is real; what does not is rejected, which proves nothing.
- `minor`: points z_i at which det f_j(z_i), over some columns j, is a ball without 0. With r independent relations
  and m - r such columns among m, the relations are all there are.

`check` derives the verdict from these spaces and compares. It can err on one side only: it may reject what is true.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable
from math import prod
from typing import Any

import flint
from flint import arb, arb_mat, arb_series, fmpq
from sympy import QQ
from sympy.polys.fields import FracField
from sympy.polys.orderings import lex

FORMAT = "temperance-certificate/1"
# (a, b, c, d) for z^a s^b s'^c s''^d. In A and (i) the two last, p and q, enter as p + q/tau; in (ii) and (iii) only
# relations with the last member count
FAMILIES: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "F1": ((0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0)),
    "A": ((0, 0, 0, 0), (0, 1, 0, 0), (0, 2, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (2, 0, 0, 1), (2, 0, 2, 0)),
    "B": ((0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (2, 0, 1, 0)),
    "C": ((0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (1, 0, 1, 0)),
    "(i)": ((0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0), (2, 0, 0, 1), (2, 0, 2, 0)),
    "(ii)": ((0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 1, 0), (2, 0, 0, 0)),
    "(iii)": ((1, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)),
}
CONDITIONS = {
    "first_order": ["F1"],
    "second_order": ["A", "B", "C"],
    "tau_beta1": ["(i)"],
    "a": ["(ii)"],
    "b_nu": ["(iii)"],
}
_DEFINED = {
    "sqrt": "q**(1/2)",
    "tan": "sin(q)/cos(q)",
    "sinh": "(exp(q) - exp(-q))/2",
    "cosh": "(exp(q) + exp(-q))/2",
    "tanh": "1 - 2/(exp(2*q) + 1)",
    "asin": "atan(q/(1 - q**2)**(1/2))",
    "acos": "pi/2 - atan(q/(1 - q**2)**(1/2))",
    "asinh": "log(q + (q**2 + 1)**(1/2))",
    "acosh": "log(q + (q**2 - 1)**(1/2))",
    "atanh": "(log(1 + q) - log(1 - q))/2",
}
_MOST_BITS, _MOST_TEXT, _MOST_TURNS, _MOST_POWER, _VARIABLES = 8192, 100_000, 64, 1000, 48


class Rejected(ValueError):
    """A certificate that does not prove its statement; the message says where it fails."""


def digest(certificate: dict[str, Any]) -> str:
    """SHA-256 of a certificate without its digest."""
    text = json.dumps({k: v for k, v in certificate.items() if k != "digest"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def statement(certificate: dict[str, Any]) -> str:
    """The statement of a certificate in words."""
    claim, near = certificate["claim"], certificate["parameters"]
    taus = f" except {', '.join(claim['fails_at_tau'])} where positive" if claim["fails_at_tau"] else ""
    region = f", generic parameters near {', '.join(f'{k} = {v}' for k, v in near.items())}" if near else ""
    families = f" (families {', '.join(claim['failing_families'])})" if claim["failing_families"] else ""
    subject = f"{claim['condition']} {claim['verdict']}{families} for s(z) = {certificate['expression']}"
    return f"{subject}, all tau > 0{taus}{region}"


# -- expressions


def _tree(text: Any) -> ast.expr:
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        raise Rejected("an expression is no text, or too long")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Rejected(f"cannot read {text[:60]!r}") from error


def _branches(tree: ast.expr) -> list[tuple[ast.expr | None, ast.expr]]:
    """where(z < p1, e1, where(z < p2, e2, ... e)) as [(p1, e1), (p2, e2), ..., (None, e)]."""
    found: list[tuple[ast.expr | None, ast.expr]] = []
    while isinstance(tree, ast.Call) and ast.unparse(tree.func) == "where":
        match tree.args:
            case [ast.Compare(left=ast.Name(id="z"), ops=[ast.Lt()], comparators=[bound]), first, rest]:
                found.append((bound, first))
                tree = rest
            case _:
                raise Rejected("a condition is not of the form z < p")
    return [*found, (None, tree)]


def _point(text: Any) -> fmpq:
    value = _rational(_tree(text))
    if value is None:
        raise Rejected(f"{text!r} is no rational number")
    return value


def _rational(node: ast.expr) -> fmpq | None:
    """The value of a quotient of integers; None for anything else."""
    match node:
        case ast.Constant(value=int() as n):
            return fmpq(n)
        case ast.UnaryOp(op=ast.USub(), operand=q):
            value = _rational(q)
            return None if value is None else -value
        case ast.BinOp(left=p, op=ast.Div(), right=q):
            top, bottom = _rational(p), _rational(q)
            return None if top is None or not bottom else top / bottom
    return None


def _walk(node: ast.expr, values: Any, bound: Any = None) -> Any:
    """Evaluate an expression in balls (_Series) or in fractions (_Field); q stands for bound."""
    match node:
        case ast.Constant(value=int() as n) if not isinstance(n, bool):
            return values.number(n)
        case ast.Name(id=name):
            return bound if name == "q" and bound is not None else values.name(name)
        case ast.UnaryOp(op=ast.USub(), operand=p):
            return -_walk(p, values, bound)
        case ast.BinOp(left=p, op=ast.Add(), right=q):
            return _walk(p, values, bound) + _walk(q, values, bound)
        case ast.BinOp(left=p, op=ast.Sub(), right=q):
            return _walk(p, values, bound) + -_walk(q, values, bound)
        case ast.BinOp(left=p, op=ast.Mult(), right=q):
            return _walk(p, values, bound) * _walk(q, values, bound)
        case ast.BinOp(left=p, op=ast.Div(), right=q):
            return _walk(p, values, bound) * values.power(_walk(q, values, bound), -1)
        case ast.BinOp(left=p, op=ast.Pow(), right=q):
            base, power = _walk(p, values, bound), _rational(q)
            if power is None:
                return values.call("exp", _walk(q, values, bound) * values.call("log", base))
            if max(abs(power.p), power.q) > _MOST_POWER:
                raise Rejected("a power is too large")
            return values.power(base if power.q == 1 else values.root(base, int(power.q)), int(power.p))
        case ast.Call(func=ast.Name(id=name), args=[q], keywords=[]):
            argument = _walk(q, values, bound)
            defined = _DEFINED.get(name)
            return _walk(_tree(defined), values, argument) if defined else values.call(name, argument)
    raise Rejected(f"{ast.unparse(node)[:60]!r} is not understood")


class _Series:
    """Balls around s(z), s'(z), s''(z)/2 at a point (None: constants only)."""

    def __init__(self, z: fmpq | None, parameters: dict[str, fmpq]) -> None:
        constants = {"pi": arb.pi(), "E": arb.const_e(), **{k: arb(v) for k, v in parameters.items()}}
        self.names = {k: arb_series([v], prec=3) for k, v in constants.items()}
        if z is not None:
            self.names["z"] = arb_series([arb(z), 1], prec=3)

    def number(self, n: int) -> arb_series:
        return arb_series([arb(n)], prec=3)

    def name(self, name: str) -> arb_series:
        if name not in self.names:
            raise Rejected(f"the name {name!r} has no value")
        return self.names[name]

    def power(self, base: arb_series, n: int) -> arb_series:
        if n < 0 and base[0].contains(0):
            raise Rejected("a division by what may be 0")
        return base**n if n >= 0 else (base**-n).inv()

    def root(self, base: arb_series, n: int) -> arb_series:
        return base.sqrt() if n == 2 else (base.log() / n).exp()

    def call(self, name: str, q: arb_series) -> arb_series:
        if name not in ("exp", "log", "sin", "cos", "atan", "erf", "LambertW", "gamma", "loggamma"):
            raise Rejected(f"the function {name!r} is not understood")
        return getattr(q, {"LambertW": "lambertw", "loggamma": "lgamma"}.get(name, name))()


class _FinerUnit(Exception):
    """An exponent or angle that is no integer multiple of the unit in use."""


class _Field:
    """Fractions of polynomials over Q in z, constants, and functions given by their derivatives."""

    def __init__(self, unit: int) -> None:
        self.unit = unit
        self.fractions = FracField([f"v{i}" for i in range(_VARIABLES)], QQ, lex)
        self.known: dict[tuple[str, str], int] = {("z", ""): 0}
        self.rules = {0: self.number(1)}
        self.roots: dict[int, tuple[int, Any]] = {}
        self.logarithms: dict[Any, Any] = {}  # of exponentials
        self.exponentials: dict[Any, Any] = {}  # of W(q), by exp(W(q)) = q/W(q)

    def number(self, n: int) -> Any:
        return self.fractions(n)

    def power(self, base: Any, n: int) -> Any:
        if base == 0 and n < 0:
            raise Rejected("a division by 0")
        return base**n

    def derivative(self, f: Any) -> Any:
        return sum((f.diff(self.fractions.gens[i]) * rule for i, rule in self.rules.items()), self.number(0))

    def variable(self, kind: str, of: Any, rate: Any = None, shape: Callable[[Any], Any] = lambda _: 1) -> Any:
        """The variable v that stands for kind(of), with v' = rate shape(v); without a rate it is constant."""
        new = (kind, str(of)) not in self.known
        index = self.known.setdefault((kind, str(of)), len(self.known))
        if index >= _VARIABLES:
            raise Rejected("too many functions")
        value = self.fractions.gens[index]
        if new and rate is not None:
            self.rules[index] = rate * shape(value)
        return value

    def name(self, name: str) -> Any:
        return self.call("exp", self.number(1)) if name == "E" else self.variable(name, "")

    def root(self, q: Any, n: int) -> Any:
        """The positive root of q > 0."""
        root = self.variable(f"root {n}", q, self.derivative(q) / (n * q), lambda w: w)
        self.roots[self.fractions.gens.index(root)] = (n, q)
        return root

    def terms(self, q: Any) -> list[tuple[int, Any, Any]]:
        """q as the sum of n_i f_i/unit with integers n_i: monomials f_i over one denominator, and (f_i/unit)'."""
        lead, found = q.denom.LC, []
        for monomial, c in q.numer.terms():
            n = c * self.unit / lead
            if n.denominator != 1:
                raise _FinerUnit(int(n.denominator))
            f = self.fractions(q.numer.ring({monomial: QQ(1)})) * lead / self.fractions(q.denom)
            found.append((int(n), f, self.derivative(f) / self.unit))
        return found

    def logarithm(self, q: Any) -> Any:
        """log(q) for q > 0, as the sum of e log|f| over its factors f."""
        total = self.number(0)
        for part, sign in ((q.numer, 1), (q.denom, -1)):
            content, factors = part.factor_list()
            for factor, e in [*factors, (part.ring(abs(content)), 1)]:
                if factor != 1:
                    f = self.fractions(factor)
                    known = self.logarithms.get(f)
                    rate = self.derivative(f) / f
                    total += sign * e * (self.variable("log", f, rate) if known is None else known)
        return total

    def turn(self, q: Any) -> tuple[Any, Any]:
        """cos(q) and sin(q) by t = tan(f/2) with t' = f' (1 + t^2)/2, one angle f after another."""
        c, s = self.number(1), self.number(0)
        for n, f, rate in self.terms(q):
            t = self.variable("tan", f, rate / 2, lambda t: 1 + t**2)
            c1, s1 = (1 - t**2) / (1 + t**2), (2 if n > 0 else -2) * t / (1 + t**2)
            if abs(n) > _MOST_TURNS:
                raise Rejected("an angle is too large")
            for _ in range(abs(n)):
                c, s = c * c1 - s * s1, s * c1 + c * s1
        return c, s

    def call(self, name: str, q: Any) -> Any:
        match name:
            case "exp":
                total = self.number(1)
                for n, f, rate in self.terms(q):
                    if f in self.exponentials and n % self.unit == 0:
                        total *= self.exponentials[f] ** (n // self.unit)
                        continue
                    e = self.variable("exp", f, rate, lambda e: e)
                    self.logarithms[e] = f / self.unit
                    total *= e**n
                return total
            case "log" if q != 0:
                return self.logarithm(q)
            case "sin" | "cos":
                return self.turn(q)[name == "sin"]
            case "atan":
                return self.variable("atan", q, self.derivative(q) / (1 + q**2))
            case "erf":
                scale = 2 / self.root(self.name("pi"), 2)
                return self.variable("erf", q, scale * self.derivative(q) * self.call("exp", -(q**2)))
            case "LambertW" if q != 0:
                w = self.variable("LambertW", q, self.derivative(q) / q, lambda w: w / (1 + w))
                self.exponentials[w] = q / w
                return w
        raise Rejected(f"the function {name!r} has no rule")

    def is_zero(self, q: Any) -> bool:
        """Whether q is 0 once w^n is replaced by what w is the root of, the last root first."""
        for i, (n, radicand) in sorted(self.roots.items(), reverse=True):
            total = self.number(0)
            for monomial, c in q.numer.terms():
                rest = (*monomial[:i], monomial[i] % n, *monomial[i + 1 :])
                total += self.fractions(q.numer.ring({rest: c})) * radicand ** (monomial[i] // n)
            q = total
        return bool(q == 0)

    def described(self) -> list[list[str]]:
        """The tower: each variable, what it stands for, and its derivative."""
        names = {i: f"{kind}({of})" if of else kind for (kind, of), i in self.known.items()}
        return [[f"v{i}", name, str(self.rules.get(i, 0))] for i, name in names.items()]


# -- the verdict


def _member_values(letters: tuple[Any, ...], family: str, one: Any) -> list[Any]:
    """The members of a family at given z, s, s' and s''."""
    return [prod((v for v, e in zip(letters, m, strict=True) for _ in range(e)), start=one) for m in FAMILIES[family]]


class _Space:
    """The relations of one family, proved, and whether they are proved to be all."""

    def __init__(self, certificate: dict[str, Any], name: str, field: _Field) -> None:
        evidence, self.name, self.members, self.field = certificate["families"][name], name, FAMILIES[name], field
        self.parameters = {k: _point(v) for k, v in certificate["parameters"].items()}
        if any(not k.isidentifier() or k in ("z", "pi", "E", "tau") for k in self.parameters):
            raise Rejected("a parameter has a name that is taken")
        branches = _branches(_tree(certificate["expression"]))
        texts = [[_tree(c) for c in row] for row in evidence["relations"]]
        if any(len(row) != len(self.members) for row in texts):
            raise Rejected(f"{name}: a relation has the wrong length")
        self.rows = [[_walk(c, field) for c in row] for row in texts]
        for _, branch in branches if self.rows else []:
            self._prove(name, branch)
        with flint.ctx.workprec(256):
            self.coefficients = [[_walk(c, _Series(None, self.parameters))[0] for c in row] for row in texts]
        self.complete = evidence["minor"] is not None and self._is_complete(name, branches, evidence["minor"])

    def _prove(self, name: str, branch: ast.expr) -> None:
        field, s = self.field, _walk(branch, self.field)
        s1 = field.derivative(s)
        letters = (field.fractions.gens[0], s, s1, field.derivative(s1))
        values = _member_values(letters, self.name, field.number(1))
        for row in self.rows:
            if not field.is_zero(sum((c * v for c, v in zip(row, values, strict=True)), field.number(0))):
                raise Rejected(f"{name}: a relation is not proved")
            if any(field.derivative(c) != 0 for c in row):
                raise Rejected(f"{name}: a coefficient is not constant")

    def _is_complete(self, name: str, branches: list[tuple[ast.expr | None, ast.expr]], minor: dict[str, Any]) -> bool:
        columns, points, bits = minor["columns"], [_point(p) for p in minor["points"]], minor["bits"]
        rest = [j for j in range(len(self.members)) if j not in columns]
        fits = sorted({*columns, *rest}) == list(range(len(self.members))) and len(columns) == len(points)
        if not fits or len(rest) != len(self.rows) or len(set(columns)) != len(columns):
            raise Rejected(f"{name}: columns, points and relations do not fit")
        if not isinstance(bits, int) or not 2 <= bits <= _MOST_BITS:
            raise Rejected(f"{name}: bits must be an integer up to {_MOST_BITS}")
        with flint.ctx.workprec(bits):
            values = [self._values(branches, point) for point in points]
            determinant = arb_mat([[row[j] for j in columns] for row in values]).det() if columns else arb(1)
            stored = arb(minor["determinant"])
        if not determinant.is_finite() or determinant.contains(0) or not stored.contains(determinant.mid()):
            raise Rejected(f"{name}: the determinant is not proved, or is not the one stored")
        with flint.ctx.workprec(256):
            independent = arb_mat([[row[j] for j in rest] for row in self.coefficients]).det() if rest else arb(1)
        if not independent.is_finite() or independent.contains(0):
            raise Rejected(f"{name}: the relations are not proved independent")
        return True

    def _values(self, branches: list[tuple[ast.expr | None, ast.expr]], point: fmpq) -> list[arb]:
        for bound, branch in branches:
            limit = arb.pos_inf() if bound is None else _walk(bound, _Series(None, self.parameters))[0]
            if arb(point) < limit:
                s = _walk(branch, _Series(point, self.parameters))
                letters = (arb(point), s[0], s[1], 2 * s[2])
                return _member_values(letters, self.name, arb(1))
            if not arb(point) > limit:
                break
        raise Rejected(f"the point {point} is not inside a piece")

    def verdict(self, claimed: list[str]) -> str:
        """holds or fails by the relations (design 2.3 and 2.4); raises where neither is proved."""
        if self.name in ("A", "(i)"):
            return self._verdict_at_tau(claimed)
        target = -1 if self.name in ("(ii)", "(iii)") else None
        for exact, balls in zip(self.rows, self.coefficients, strict=True):
            if any(not b.contains(0) for b in (balls if target is None else balls[target:])):
                return "fails"
            if target is None or not self.field.is_zero(exact[target]):
                raise Rejected(f"{self.name}: a coefficient is not proved to be 0 or not")
        return self._only_if_complete()

    def _verdict_at_tau(self, claimed: list[str]) -> str:
        zero, pairs = self.field.is_zero, [row[-2:] for row in self.coefficients]
        for exact, balls in zip(self.rows, self.coefficients, strict=True):
            if zero(exact[-1]) and zero(exact[-2]) and any(not b.contains(0) for b in balls):
                return "fails"
        if any(not (p[0] * q[1] - p[1] * q[0]).contains(0) for i, p in enumerate(pairs) for q in pairs[:i]):
            return "fails"
        if len(self.rows) > 1:
            raise Rejected(f"{self.name}: two relations that were not combined")
        if self.rows:
            self._check_tau(self.rows[0][-2], self.rows[0][-1], pairs[0], claimed)
        elif claimed:
            raise Rejected(f"{self.name}: no relation at the temperature stated")
        return self._only_if_complete()

    def _check_tau(self, p: Any, q: Any, balls: list[arb], claimed: list[str]) -> None:
        """The only relation is one of the family at tau = p/q and at no other."""
        if claimed:
            (tau,) = claimed
            positive = _walk(_tree(tau), _Series(None, self.parameters))[0] > 0 or bool(self.parameters)
            if not positive or not self.field.is_zero(p - _walk(_tree(tau), self.field) * q) or balls[1].contains(0):
                raise Rejected(f"{self.name}: the relation is not one at tau = {tau}")
        elif not (self.field.is_zero(p) or self.field.is_zero(q) or balls[0] * balls[1] < 0):
            raise Rejected(f"{self.name}: the relation holds at a positive temperature")
        elif self.parameters and not (self.field.is_zero(p) or self.field.is_zero(q)):
            raise Rejected(f"{self.name}: the sign of the temperature depends on the parameters")

    def _only_if_complete(self) -> str:
        if not self.complete:
            raise Rejected(f"{self.name}: the relations are not proved to be all")
        return "holds"


def _decided(certificate: dict[str, Any], field: _Field) -> None:
    claim = certificate["claim"]
    names, failing, taus = CONDITIONS[claim["condition"]], claim["failing_families"], claim["fails_at_tau"]
    if not isinstance(failing, list) or not isinstance(taus, list):
        raise Rejected("temperatures and families are lists")
    needed = names if claim["verdict"] == "holds" else failing if claim["condition"] == "second_order" else names
    if sorted(certificate["families"]) != sorted(needed) or not needed or not set(needed) <= set(names):
        raise Rejected("the families are not those that the claim rests on")
    if (failing or taus) and not (claim["condition"] == "second_order" or claim["verdict"] == "holds"):
        raise Rejected("the claim is not of a form that is known")
    if (claim["verdict"] == "holds" and failing) or (claim["verdict"] == "fails" and taus):
        raise Rejected("the claim contradicts itself")
    for name in needed:
        space = _Space(certificate, name, field)
        if space.verdict(taus if name in ("A", "(i)") else []) != claim["verdict"]:
            raise Rejected(f"{name}: the evidence proves the contrary")
    if taus and not any(name in ("A", "(i)") for name in needed):
        raise Rejected("the condition does not involve tau")


def tower_of(certificate: dict[str, Any]) -> list[list[str]]:
    """The variables that the relations of a certificate are proved in; also decides it, apart from tower and digest."""
    unit = 1
    for _ in range(_MOST_TURNS):
        field = _Field(unit)
        try:
            _decided(certificate, field)
        except _FinerUnit as finer:
            unit *= finer.args[0]
            continue
        return field.described()
    raise Rejected("the exponents have no common unit")


def check(certificate: Any) -> None:
    """Prove the statement of a certificate from its expression and evidence.

    Args:
        certificate: the decoded JSON object.

    Raises:
        Rejected: the statement is not proved, or the certificate is not of the format described above.
    """
    try:
        if certificate["format"] != FORMAT or certificate["digest"] != digest(certificate):
            raise Rejected("the format or the digest is wrong")
        if certificate["statement"] != statement(certificate):
            raise Rejected("the statement is not that of the claim")
        if tower_of(certificate) != certificate["tower"]:
            raise Rejected("the tower is not the one of the expression")
    except Rejected:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, ArithmeticError, RecursionError) as error:
        raise Rejected(f"malformed: {type(error).__name__} {error}") from error
