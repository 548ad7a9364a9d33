"""Certificates of verdicts, and their independent checker: nothing else of this project is imported or trusted.

A certificate states a verdict on s(z), given by `expression`, and carries for every family f that it rests on

- `relations`: vectors c with sum c_j f_j = 0, proved by writing s in exponentials (imaginary angles too) and variables
  for log, roots, atan, erf and LambertW with derivatives (the `tower`): what then expands to 0 is 0 wherever s is real.
- `minor`: points z_i where det f_j(z_i), over m - r of m columns j, is a ball without 0: at most r relations exist.

`check` derives the verdict and compares; it may reject what is true. Of contact orders: `theory.checker.order_checker`.
"""

import ast
import operator
from hashlib import sha256
from itertools import combinations
from json import dumps
from typing import Any

import sympy as sp
from flint import arb, arb_mat, arb_series, ctx

from theory.checker.rejected import Rejected, require

FORMAT, ORDERS = "temperance-certificate/2", "temperance-orders/1"
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
AT_TAU, TARGET_LAST = ("A", "(i)"), ("(ii)", "(iii)")  # the two last, p and q, enter as p + q/tau; only the last counts
_DEFINED = {"sin": "(exp(-i*q) - exp(i*q))*i/2", "cos": "(exp(i*q) + exp(-i*q))/2", "sqrt": "q**(1/2)"}  # in formulas
_DEFINED |= {"sinh": "(exp(q) - exp(-q))/2", "cosh": "(exp(q) + exp(-q))/2", "tanh": "1 - 2/(exp(2*q) + 1)"}
_DEFINED |= {"asinh": "log(q + (q**2 + 1)**(1/2))", "acosh": "log(q + (q**2 - 1)**(1/2))", "tan": "sin(q)/cos(q)"}
_DEFINED |= {"asin": "atan(q/(1 - q**2)**(1/2))", "acos": "pi/2 - asin(q)", "atanh": "(log(1 + q) - log(1 - q))/2"}
_SLOPES = {"log": "1/q", "root": "v/(n*q)", "atan": "1/(1 + q**2)"}  # dv/dq of v = f(q)
_SLOPES |= {"erf": "2*exp(-q**2)/pi**(1/2)", "LambertW": "v/(q*(1 + v))"}
_BALLS = {f: getattr(arb_series, f) for f in ("exp", "log", "sin", "cos", "atan", "erf", "gamma")}
_BALLS |= {"LambertW": arb_series.lambertw, "loggamma": arb_series.lgamma}
_MOST_BITS, _MOST_POWER, _MOST_DEGREE, _MOST_TERMS = 8192, 1000, 60, 50_000


def digest(certificate: dict[str, Any]) -> str:
    """SHA-256 of a certificate without its digest."""
    return sha256(dumps({k: v for k, v in certificate.items() if k != "digest"}, sort_keys=True).encode()).hexdigest()


def statement(certificate: dict[str, Any]) -> str:
    """The statement of a certificate in words."""
    claim, near, s = certificate["claim"], certificate["parameters"], certificate["expression"]
    taus = f" except {', '.join(claim['fails_at_tau'])} where positive" if claim["fails_at_tau"] else ""
    region = f", generic parameters near {', '.join(f'{k} = {v}' for k, v in near.items())}" if near else ""
    families = f" (families {', '.join(claim['failing_families'])})" if claim["failing_families"] else ""
    return f"{claim['condition']} {claim['verdict']}{families} for s(z) = {s}, all tau > 0{taus}{region}"


def _walk(node: Any, values: Any, **names: Any) -> Any:
    """Evaluate an expression in values: _Balls or _Formulas."""
    match node:
        case str(text):
            return _walk(ast.parse(text, mode="eval").body, values, **names)
        case ast.Constant(n) if type(n) is int:
            return values.number(n)
        case ast.Name(name):
            return names[name] if name in names else values.name(name)
        case ast.UnaryOp(ast.USub(), p):
            return -_walk(p, values, **names)
        case ast.BinOp(p, ast.Div(), q):
            return _walk(p, values, **names) * values.power(_walk(q, values, **names), values.number(-1))
        case ast.BinOp(p, symbol, q):
            apply = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: values.power}
            return apply[type(symbol)](_walk(p, values, **names), _walk(q, values, **names))
        case ast.Call(ast.Name(f), [q], []) if f in _BALLS or f in _DEFINED:
            return values.call(f, _walk(q, values, **names))
    raise Rejected(f"{str(ast.unparse(node) if isinstance(node, ast.AST) else node)[:60]} is not understood")


def _branches(tree: ast.expr) -> list[tuple[ast.expr | None, ast.expr]]:
    """where(z < p1, e1, where(z < p2, e2, ... e)) as [(p1, e1), (p2, e2), ..., (None, e)]."""
    match tree:
        case ast.Call(ast.Name("where"), [ast.Compare(ast.Name("z"), [ast.Lt()], [bound]), first, rest], []):
            return [(bound, first), *_branches(rest)]
    return [(None, tree)]


def _members(family: str, branch: ast.expr, values: Any) -> list[Any]:
    s1 = values.derivative(s := _walk(branch, values))
    return [_walk(f, values, s=s, s1=s1, s2=values.derivative(s1)) for f in FAMILIES[family]]


def _nonzero(ball: arb) -> bool:
    return bool(ball.is_finite() and not ball.contains(0))


def _terms(e: sp.Expr) -> int:
    """How many terms e has, at most, when it is multiplied out (from 10^9 on, some number as large)."""
    inner, n = [_terms(p) for p in e.args], abs(e.exp) if e.is_Pow and e.exp.is_Integer else 1
    return sum(inner) if e.is_Add else int(sp.binomial(min(sp.prod(inner), 10**9) - 1 + n, n))


class _Balls:
    """Taylor coefficients at a point z (None: constants only), as balls."""

    number = staticmethod(lambda value: arb_series([value], prec=3))
    power, derivative = staticmethod(operator.pow), staticmethod(arb_series.derivative)

    def __init__(self, parameters: dict[str, str], z: str | None = None) -> None:
        names = {name: _walk(value, self) for name, value in parameters.items()}
        names |= {} if z is None else {"z": arb_series([_walk(z, self)[0], 1], prec=3)}
        self.name = {**names, "pi": self.number(arb.pi()), "E": self.number(arb.const_e())}.__getitem__

    def call(self, f: str, q: arb_series) -> arb_series:
        return _BALLS[f](q) if f in _BALLS else _walk(_DEFINED[f], self, q=q)


class _Formulas:
    """SymPy formulas in z with exponentials; every other function is a variable with a derivative, its slope."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.number = sp.Integer
        self.name = ({name: sp.Symbol(name) for name in ("z", "pi", *parameters)} | {"E": sp.E}).__getitem__
        self.slopes: dict[sp.Expr, sp.Expr] = {sp.Symbol("z"): sp.S.One}
        self.variables: dict[tuple[str, sp.Expr, int], sp.Expr] = {}
        self.powers: dict[sp.Expr, sp.Expr] = {}  # exp(W(q)): q/W(q)
        self.tower: dict[str, str] = {}

    def derivative(self, f: sp.Expr) -> sp.Expr:
        return sp.Add(*(f.diff(v) * slope for v, slope in self.slopes.items()))

    def function(self, f: str, q: sp.Expr, n: int = 1) -> sp.Expr:
        """The variable for f(q), or for the positive n-th root of q > 0."""
        if (f, q, n) not in self.variables:
            v = self.variables[f, q, n] = sp.Dummy(f"v{len(self.variables)}")
            self.slopes[v] = self.derivative(q) * _walk(_SLOPES.get(f, [f]), self, q=q, v=v, n=sp.Integer(n))
            self.tower[f"{v} = {f}({q})" if n == 1 else f"{v} = ({q})**(1/{n})"] = str(self.slopes[v])
        return self.variables[f, q, n]

    def power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if not exponent.is_Rational:
            return self.call("exp", exponent * self.call("log", base))
        require(max(abs(exponent.p), exponent.q) <= _MOST_POWER, "a power is too large")
        require(exponent > 0 or not self.is_zero(base), "a division by 0")
        return (base if exponent.q == 1 else self.call("root", base, exponent.q)) ** exponent.p

    def call(self, f: str, q: sp.Expr, n: int = 1) -> sp.Expr:
        require(_terms(q) <= _MOST_TERMS, "a formula is too long")
        q = sp.cancel(q)
        if f in _DEFINED:
            return _walk(_DEFINED[f], self, q=q, i=sp.I)
        if f == "exp":
            power = sp.expand(sp.exp(sp.expand(q))).subs(self.powers)
            self.tower |= {str(e): str(self.derivative(e)) for e in power.atoms(sp.exp)}
            return power
        if f == "log" and not q.has(sp.I):
            return self.logarithm(q)
        if f == "LambertW":
            self.powers[sp.exp(self.function(f, q))] = q / self.function(f, q)
        return self.function(f, q, n)

    def logarithm(self, q: sp.Expr) -> sp.Expr:
        """log(q) for q > 0, as the sum of e log|f| over its factors f, unless powers or numbers in it are high."""
        total = sp.S.Zero
        for part, sign in zip(sp.fraction(q), (1, -1), strict=True):
            degrees = [e.as_base_exp()[1].as_coeff_Mul() for e in part.atoms(sp.Pow, sp.exp)]  # (degree, of what)
            large = max([0, *(abs(n.p) for n, _ in degrees)]) ** max(2, len({x for _, x in degrees})) > _MOST_DEGREE**2
            large |= any(abs(n) > 10**_MOST_DEGREE or n.q > _MOST_POWER for n in part.atoms(sp.Rational))
            content, factors = (sp.S.One, [(part, 1)]) if large else sp.factor_list(part)
            for factor, e in (pair for pair in [*factors, (sp.Abs(content), 1)] if pair[0] != 1):
                total += sign * e * (factor.args[0] if factor.func is sp.exp else self.function("log", factor))
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


class _Proof:
    """The verdicts that a certificate proves, family by family."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        self.families, self.parameters = certificate["families"], certificate["parameters"]
        self.taus, self.formulas = certificate["claim"]["fails_at_tau"], _Formulas(self.parameters)
        self.branches = _branches(ast.parse(certificate["expression"], mode="eval").body)
        require(all(n.isidentifier() and n not in ("z", "pi", "E", "tau") for n in self.parameters), "a name is taken")

    def constant(self, text: Any) -> arb:
        return _walk(text, _Balls(self.parameters))[0]

    def relations(self, family: str) -> list[list[sp.Expr]]:
        """The relations of a family, each proved on every piece."""
        rows = [[_walk(c, self.formulas) for c in row] for row in self.families[family]["relations"]]
        for _, branch in self.branches if rows else ():
            members = _members(family, branch, self.formulas)
            for row in rows:
                total = sp.Add(*(c * f for c, f in zip(row, members, strict=True)))
                constant = all(self.formulas.derivative(c) == 0 for c in row)
                require(constant and self.formulas.is_zero(total), f"{family}: a relation is not proved")
        return rows

    def members_at(self, family: str, point: str) -> list[arb]:
        """The balls of the members at a point inside a piece."""
        z, bounds = self.constant(point), [self.constant(bound) for bound, _ in self.branches[:-1]]
        require(all(z < bound or z > bound for bound in bounds), f"the point {point} is not inside a piece")
        piece = [*(z < bound for bound in bounds), True].index(True)
        return [f[0] for f in _members(family, self.branches[piece][1], _Balls(self.parameters, point))]

    def require_complete(self, family: str, relations: int) -> None:
        """That a family has no more independent relations than the given number."""
        minor = self.families[family]["minor"]
        columns, points, bits = minor["columns"], minor["points"], minor["bits"]
        fits = len(columns) == len(points) == len(FAMILIES[family]) - relations and 2 <= bits <= _MOST_BITS
        require(fits, f"{family}: columns, points, bits and relations do not fit")
        with ctx.workprec(bits):
            values = [self.members_at(family, point) for point in points]
            determinant = arb_mat([[row[j] for j in columns] for row in values]).det()
            proved = _nonzero(determinant) and arb(minor["determinant"]).contains(determinant.mid())
        require(proved, f"{family}: the determinant is not proved, or is not the one stored")

    def is_harmless(self, family: str, row: list[sp.Expr], balls: list[arb]) -> bool:
        """Whether a relation leaves the verdict holds: without the last member, or only at the temperature claimed."""
        p, q = row[-2:]
        if family in TARGET_LAST:
            return q == 0 and any(map(_nonzero, balls))
        if family not in AT_TAU or not any(map(_nonzero, balls[-2:])):
            return False
        if self.taus:
            positive = self.parameters or self.constant(self.taus[0]) > 0
            return bool(positive and self.formulas.is_zero(p - _walk(self.taus[0], self.formulas) * q))
        return p == 0 or q == 0 or (not self.parameters and balls[-2] * balls[-1] < 0)

    def verdict(self, family: str) -> str:
        """holds or fails, by the relations of a family (theory.md 2.3 and 2.4)."""
        rows = self.relations(family)
        with ctx.workprec(256):
            balls = [[self.constant(c) for c in row] for row in self.families[family]["relations"]]
            counted = [row[-1:] if family in TARGET_LAST else row for row in balls]
            if family in AT_TAU:
                counted = [ball for ball, row in zip(balls, rows, strict=True) if row[-1] == row[-2] == 0]
                counted += [[p * v - q * u] for (*_, p, q), (*_, u, v) in combinations(balls, 2)]
            if any(_nonzero(ball) for row in counted for ball in row):
                return "fails"
            harmless = all(self.is_harmless(family, *pair) for pair in zip(rows, balls, strict=True))
        require(harmless and len(self.taus) * (family in AT_TAU) <= len(rows) <= 1, f"{family}: no verdict is proved")
        self.require_complete(family, len(rows))
        return "holds"


def tower_of(certificate: dict[str, Any]) -> dict[str, str]:
    """The functions that the relations of a certificate are proved with, and their derivatives; proves its claim."""
    proof, claim, families = _Proof(certificate), certificate["claim"], list(certificate["families"])
    names, fails = CONDITIONS[claim["condition"]], claim["verdict"] == "fails"
    known = families and set(families) <= set(names) if fails else families == names
    known = known and claim["failing_families"] == (families if fails and len(names) > 1 else [])
    known = known and (proof.taus == [] or (isinstance(proof.taus, list) and not fails and names[0] in AT_TAU))
    require(known, "the claim is not of a form that is known")
    for family in families:
        require(proof.verdict(family) == claim["verdict"], f"{family}: the evidence proves the contrary")
    return proof.formulas.tower


def check(certificate: Any) -> None:
    """Prove the statement of a certificate, a decoded JSON object, from its expression and evidence.

    Raises:
        Rejected: the statement is not proved, or the certificate is not of the format described above.
    """
    try:
        if certificate["format"] == ORDERS:
            from theory.checker.order_checker import objection

            return require((why := objection(certificate)) is None, str(why))
        require(certificate["format"] == FORMAT, "the format is unknown")
        for key, proved in (("digest", digest), ("statement", statement), ("tower", tower_of)):
            require(certificate[key] == proved(certificate), f"the {key} is wrong")
    except Rejected:
        raise
    except Exception as error:  # whatever breaks proves nothing
        raise Rejected(f"malformed: {type(error).__name__} {error}") from error
