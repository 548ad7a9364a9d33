"""Checks certificates of verdicts: proves each statement again, from the expression in the certificate.

A certificate is a JSON object that states a verdict on s(z), given by `expression`, for `parameters` near given values.
The checker imports nothing else of the project. It may reject what is true.

**Domain.** The statement is about s on its domain: the open set of z, inside a piece of `where`, at which every part
of the expression is real and analytic. Denominators are not 0 there, arguments of log are positive, and so is the base
of a power unless its exponent is an integer, written as one; arguments of LambertW are above -1/e. So z + 0*log(z) has
the domain z > 0. The domain is not empty: every certificate names a `point` at which balls prove that s is real.

**Ends of pieces** are not in the domain. What fails does so across an end too, with derivatives as distributions, where
both pieces are analytic there and it is 0 (z kills the delta), or s is continuous and s'' in no relation. The claim
names all other ends (`left_out`): of these a failure says nothing, so that it holds almost everywhere.

**Evidence.** For every family f that the verdict rests on, a certificate carries

- `relations`: vectors c with sum c_j f_j = 0, proved on the whole domain: s is written in exponentials (of imaginary
  angles too) and in variables with known derivatives, for log, roots, atan, erf and LambertW, and the sum expands to 0.
- `minor`: points z_i of the domain where det f_j(z_i), over m - r of the m members, is a ball without 0, so that at
  most r relations are independent. Every ball on the way is finite: 0 times what is not real is not real.
"""

import ast
from collections.abc import Iterable, Mapping
from fractions import Fraction
from hashlib import sha256
from importlib import import_module
from itertools import combinations, pairwise
from json import dumps
from typing import Any

import sympy as sp
from flint import arb, arb_mat, arb_series, ctx, fmpq

from temperance.theory.checker.rejected import (
    Rejected,
    branches,
    evaluate,
    parsed,
    proving,
    rational,
    require,
    require_keys,
    require_understood,
)

FORMAT = "temperance-certificate/4"
OTHERS = {"temperance-orders/3": "checker.order_checker", "temperance-orders/4": "checker.moment_checker"}
OTHERS |= {"temperance-sample-size/2": "checker.sample_size_checker", "temperance-curves/1": "curves.curve_checker"}
OTHERS |= {"temperance-least-squares/1": "checker.least_squares_checker"}
OTHERS |= {"temperance-coefficients/1": "checker.coefficient_checker"}
FAMILIES = {  # s1 = s', s2 = s''
    "F1": ("1", "s", "z*s1"),
    "A": ("1", "s", "s**2", "z*s1", "z*s*s1", "z**2*s2", "z**2*s1**2"),
    "B": ("1", "s", "z", "z*s", "z*s1", "z**2*s1"),
    "C": ("1", "s", "z", "z**2", "z*s1"),
    "(i)": ("1", "s", "z*s1", "z**2*s2", "z**2*s1**2"),
    "(ii)": ("1", "z", "z*s1", "z**2"),
    "(iii)": ("z", "z*s1", "1"),
}
CONDITIONS = {"first_order": ["F1"], "second_order": ["A", "B", "C"]}
CONDITIONS |= {"tau_beta1": ["(i)"], "a": ["(ii)"], "b_nu": ["(iii)"]}
AT_TAU = ("A", "(i)")  # the two last members, with coefficients p and q, enter as one: the relation is at tau = p/q
TARGET_LAST = ("(ii)", "(iii)")  # a relation matters only if the last member, the target, is in it
_MOST_BITS, _MOST_POWER, _MOST_DEGREE, _MOST_TERMS = 8192, 1000, 60, 50_000


# -- the members of the families

_DEFINED = {  # functions by others, with i the imaginary unit
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
_MEMBERS = {family: [parsed(member) for member in members] for family, members in FAMILIES.items()}


def _members(family: str, branch: ast.expr, values: Any) -> list[Any]:
    s = evaluate(branch, values)
    s1 = values.derivative(s)
    s2 = values.derivative(s1)
    return [evaluate(member, values, s=s, s1=s1, s2=s2) for member in _MEMBERS[family]]


# -- balls: enclosures of s, s' and s'' at a point

_BALLS = {f: getattr(arb_series, f) for f in ("exp", "log", "sin", "cos", "atan", "erf", "gamma")}
_BALLS |= {"LambertW": arb_series.lambertw, "loggamma": arb_series.lgamma}


class _Balls:
    """Taylor coefficients at a point z, as balls; constants only, without a point. All are finite, else Rejected."""

    derivative = staticmethod(arb_series.derivative)

    def __init__(self, parameters: Mapping[str, fmpq], z: fmpq | arb | None = None, length: int = 3) -> None:
        self.length = length
        constants = {**parameters, "pi": arb.pi(), "E": arb.const_e()}
        self.names = {name: self.number(value) for name, value in constants.items()}
        self.names |= {} if z is None else {"z": arb_series([arb(z), 1], prec=length)}

    def number(self, value: Any) -> arb_series:
        return arb_series([value], prec=self.length)

    @staticmethod
    def sound(value: arb_series) -> arb_series:
        """The value, if every coefficient is finite: nothing else is multiplied, raised to a power or dropped."""
        require(all(value[i].is_finite() for i in range(value.prec)), "a part is not shown to be real and finite")
        return value

    @staticmethod
    def power(base: arb_series, exponent: arb_series, written: Fraction | None) -> arb_series:
        if written is None or written.denominator != 1:
            require(base[0] > 0, "the base of a power is not shown to be positive")
        elif written < 0:
            require(not base[0].contains(0), "a denominator is not shown to differ from 0")
        return base**exponent

    def call(self, f: str, q: arb_series) -> arb_series:
        return _BALLS[f](q) if f in _BALLS else evaluate(_DEFINED[f], self, q=q)


def _nonzero(ball: arb) -> bool:
    return bool(ball.is_finite() and not ball.contains(0))


# -- formulas: s as a rational function of z, exponentials, and variables with known derivatives

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


class _Formulas:
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
        if not exponent.is_Rational:
            return self.call("exp", exponent * self.call("log", base))
        require(max(abs(exponent.p), exponent.q) <= _MOST_POWER, "a power is too large")
        require(exponent > 0 or not self.is_zero(base), "a division by 0")
        return (base if exponent.q == 1 else self.call("root", base, exponent.q)) ** exponent.p

    def call(self, f: str, q: sp.Expr, n: int = 1) -> sp.Expr:
        require(_terms(q) <= _MOST_TERMS, "a formula is too long")
        q = sp.cancel(q)
        if f in _DEFINED:
            return evaluate(_DEFINED[f], self, q=q, i=sp.I)
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


# -- verdict: what the evidence proves, family by family


class _Proof:
    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.families = certificate["families"]
        self.parameters = {name: rational(value) for name, value in certificate["parameters"].items()}
        free = all(n.isidentifier() and n.isascii() and n not in ("z", "pi", "E", "tau") for n in self.parameters)
        require(free, "a name is taken")
        self.constants = {*self.parameters, "pi", "E"}
        self.text, self.claim = certificate["expression"], certificate["claim"]
        self.branches = branches(parsed(self.text), self.constants)
        self.taus = [self.constant_tree(tau) for tau in self.claim["fails_at_tau"]]
        self.formulas = _Formulas(self.parameters)

    def constant_tree(self, text: Any) -> ast.expr:
        require_understood(tree := parsed(text), self.constants)
        return tree

    def constant(self, tree: ast.expr) -> arb:
        return evaluate(tree, _Balls(self.parameters))[0]

    def members_at(self, family: str, point: str) -> list[arb]:
        """The balls of the members at a point of the domain."""
        z = rational(point)
        bounds = [self.constant(bound) for bound, _ in self.branches if bound is not None]
        require(all(z < bound or z > bound for bound in bounds), f"the point {point} is not inside a piece")
        piece = [*(z < bound for bound in bounds), True].index(True)
        return [f[0] for f in _members(family, self.branches[piece][1], _Balls(self.parameters, z))]

    def relations(self, family: str) -> tuple[list[list[sp.Expr]], list[list[arb]]]:
        """The relations of a family, each proved on every piece, as formulas and as balls."""
        trees = [[self.constant_tree(c) for c in row] for row in self.families[family]["relations"]]
        balls = [[self.constant(c) for c in row] for row in trees]
        rows = [[evaluate(c, self.formulas) for c in row] for row in trees]
        for _, branch in self.branches if rows else ():
            members = _members(family, branch, self.formulas)
            for row in rows:
                total = sp.Add(*(c * f for c, f in zip(row, members, strict=True)))
                require(self.formulas.is_zero(total), f"{family}: a relation is not proved")
        return rows, balls

    def left_out(self) -> list[str]:
        """The ends of pieces across which the relations by which it fails are not shown to hold."""
        fails = self.claim["verdict"] == "fails"
        names = [name for name in self.families if fails or (self.taus and name in AT_TAU)]
        rows = [(FAMILIES[name], row) for name in names for row in self.families[name]["relations"]]
        bent = any("s2" in f and c != "0" for members, row in rows for f, c in zip(members, row, strict=True))
        pairs = pairwise(self.branches) if rows else ()
        found = [p for (p, left), (q, right) in pairs if p and not self.is_joined(p, q, left, right, bent)]
        return [str(ast.get_source_segment(self.text, p)) for p in found]

    def is_joined(self, end: ast.expr, following: ast.expr | None, left: ast.expr, right: ast.expr, bent: bool) -> bool:
        """Whether relations of two pieces hold across their end; bent: relations with s''."""
        formulas = _Formulas(self.parameters)
        try:
            with ctx.workprec(256):
                at = self.constant(end)
                require(following is None or at < self.constant(following), "ends of pieces that do not rise")
                for piece in (left, right):
                    evaluate(piece, _Balls(self.parameters, at))
                p = evaluate(end, formulas)
                if formulas.is_zero(p):
                    return True
                gap = evaluate(left, formulas, z=p) - evaluate(right, formulas, z=p)
                return not bent and formulas.is_zero(gap)
        except Rejected:
            return False

    def require_complete(self, family: str, relations: int) -> None:
        """That a family has no more independent relations than the given number."""
        minor, size = self.families[family]["minor"], len(FAMILIES[family])
        require_keys(minor, "columns", "points", "bits", "determinant", of="a minor")
        columns, points, bits = minor["columns"], minor["points"], minor["bits"]
        fits = len(columns) == len(points) == size - relations and set(columns) <= set(range(size))
        fits = fits and type(bits) is int and 2 <= bits <= _MOST_BITS
        require(fits, f"{family}: columns, points, bits and relations do not fit")
        with ctx.workprec(bits):
            values = [self.members_at(family, point) for point in points]
            determinant = arb_mat([[row[j] for j in columns] for row in values]).det()
            stored = arb(minor["determinant"])
            proved = _nonzero(determinant) and stored.is_finite() and stored.contains(determinant.mid())
        require(proved, f"{family}: the determinant is not proved, or is not the one stored")

    def is_harmless(self, family: str, row: list[sp.Expr], balls: list[arb]) -> bool:
        """Whether a relation leaves the verdict holds: without the last member, or only at the temperature claimed."""
        p, q = row[-2:]
        if family in TARGET_LAST:
            return q == 0 and any(map(_nonzero, balls))
        if family not in AT_TAU or not any(map(_nonzero, balls[-2:])):
            return False
        if self.taus:
            positive = self.constant(self.taus[0]) > 0 or self.parameters
            return bool(positive and self.formulas.is_zero(p - evaluate(self.taus[0], self.formulas) * q))
        return p == 0 or q == 0 or (not self.parameters and balls[-2] * balls[-1] < 0)

    def verdict(self, family: str) -> str:
        """holds or fails, by the relations of a family (theory.md 2.3 and 2.4)."""
        with ctx.workprec(256):
            rows, balls = self.relations(family)
            if any(_nonzero(ball) for row in self.deciding(family, rows, balls) for ball in row):
                return "fails"
            harmless = all(self.is_harmless(family, *pair) for pair in zip(rows, balls, strict=True))
        require(harmless and len(self.taus) * (family in AT_TAU) <= len(rows) <= 1, f"{family}: no verdict is proved")
        self.require_complete(family, len(rows))
        return "holds"

    def deciding(self, family: str, rows: list[list[sp.Expr]], balls: list[list[arb]]) -> list[list[arb]]:
        """Numbers of which any that is not 0 makes the family fail, at every temperature."""
        if family not in AT_TAU:
            return [row[-1:] for row in balls] if family in TARGET_LAST else balls
        without_tau = [ball for ball, row in zip(balls, rows, strict=True) if row[-1] == row[-2] == 0]
        return without_tau + [[p * v - q * u] for (*_, p, q), (*_, u, v) in combinations(balls, 2)]


# -- format: the certificate as a whole


def digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of a certificate without its digest."""
    return sha256(dumps({k: v for k, v in certificate.items() if k != "digest"}, sort_keys=True).encode()).hexdigest()


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    claim, near, s = certificate["claim"], certificate["parameters"], certificate["expression"]
    taus = f" except {', '.join(claim['fails_at_tau'])} where positive" if claim["fails_at_tau"] else ""
    region = f", generic parameters near {', '.join(f'{k} = {v}' for k, v in near.items())}" if near else ""
    families = f" (families {', '.join(claim['failing_families'])})" if claim["failing_families"] else ""
    ends = f", almost everywhere: nothing is said of z = {', '.join(claim['left_out'])}" if claim["left_out"] else ""
    where = f"for s(z) = {s} where all parts of it are real and analytic"
    return f"{claim['condition']} {claim['verdict']}{families} {where}, all tau > 0{taus}{ends}{region}"


def in_domain(certificate: Mapping[str, Any], point: str) -> bool:
    """Whether s is shown to be real and analytic at a point p/q, inside a piece."""
    try:
        with ctx.workprec(256):
            return bool(_Proof(certificate).members_at("F1", point))
    except Rejected:
        return False


def left_out(certificate: Mapping[str, Any]) -> list[str]:
    """The ends of pieces across which the relations of a certificate are not shown to hold."""
    return _Proof(certificate).left_out()


def tower_of(certificate: Mapping[str, Any]) -> dict[str, str]:
    """The functions that the relations of a certificate are proved with, and their derivatives; proves its claim."""
    claim, families = certificate["claim"], list(certificate["families"])
    require_keys(claim, "condition", "verdict", "fails_at_tau", "failing_families", "left_out", of="the claim")
    names, fails, taus = CONDITIONS[claim["condition"]], claim["verdict"] == "fails", claim["fails_at_tau"]
    known = families and set(families) <= set(names) if fails else families == names
    known = known and claim["failing_families"] == (families if fails and len(names) > 1 else [])
    known = known and (taus == [] or (isinstance(taus, list) and not fails and names[0] in AT_TAU))
    require(known, "the claim is not of a form that is known")
    proof = _Proof(certificate)
    for family in families:
        evidence = certificate["families"][family]
        require_keys(evidence, "relations", "minor", of=f"the evidence for {family}")
        require(proof.verdict(family) == claim["verdict"], f"{family}: the evidence proves the contrary")
        require(not fails or evidence["minor"] is None, f"{family}: a minor does not show that it fails")
    require(claim["left_out"] == proof.left_out(), "the ends of pieces that are left out are others")
    require(in_domain(certificate, certificate["point"]), "s is not shown to be real at the point")
    return proof.formulas.tower


def check(certificate: Any) -> None:
    """Prove the statement of a certificate, a decoded JSON object, from its expression and evidence.

    Raises:
        Rejected: the statement is not proved, or the certificate is not of the format described above.
    """
    with proving():
        if certificate["format"] in OTHERS:
            import_module(f"temperance.theory.{OTHERS[certificate['format']]}").check(certificate)
            return
        require(certificate["format"] == FORMAT, "the format is unknown")
        computed = {"digest": digest, "statement": statement, "tower": tower_of}
        keys = ("format", "claim", "expression", "parameters", "point", "families", *computed)
        require_keys(certificate, *keys, of="the certificate")
        for key, proved in computed.items():
            require(certificate[key] == proved(certificate), f"the {key} is wrong")
