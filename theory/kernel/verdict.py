"""Rule "verdict": a condition on an activation holds or fails (theory 3.1 and 3.2; docs/certificates.md).

The place has the subject "activation": s(z) is the log weight, with parameters near the values of the point.

**Domain.** The claim is about s on its domain: the open set of z, inside a piece, at which every part of the expression
is real and analytic. Denominators are not 0 there, arguments of log are positive, and so is the base of a power unless
its exponent is an integer, written as one; arguments of LambertW are above -1/e. So z + 0*log(z) has the domain z > 0.
It is not empty: the proof names a "point" at which balls show that s is real.

**Ends of pieces** are not in the domain. What fails does so across an end too, with derivatives as distributions, where
both pieces are analytic there and it is 0 (z kills the delta), or s is continuous and s'' in no relation. All other
ends are left out: of these a failure says nothing, so that it holds almost everywhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import sympy as sp
from flint import arb, arb_mat, ctx

from temperance.theory.kernel.balls import DEFINED, Balls, nonzero
from temperance.theory.kernel.place import Claim, Place
from temperance.theory.kernel.reader import (
    Rejected,
    evaluate,
    expression,
    names_in,
    parsed,
    pieces,
    rational,
    require,
    require_keys,
)

_MOST_POWER, _MOST_DEGREE, _MOST_TERMS = 1000, 60, 50_000
_DEFINED = DEFINED | {  # with i the imaginary unit
    "sin": parsed("(exp(-i*q) - exp(i*q))*i/2"),
    "cos": parsed("(exp(i*q) + exp(-i*q))/2"),
}

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

    def derivative(self, f: sp.Expr) -> sp.Expr:
        """The derivative in z."""
        return sp.Add(*(f.diff(v) * slope for v, slope in self.slopes.items()))

    def variable(self, f: str, q: sp.Expr, n: int = 1) -> sp.Expr:
        """The variable for f(q), for log|q|, for the positive n-th root of q > 0, or for exp(LambertW(q))."""
        if (f, q, n) not in self.variables:
            require(f in _SLOPES, f"the derivative of {f} is not known here")
            v = self.variables[f, q, n] = sp.Dummy(f"v{len(self.variables)}")
            self.slopes[v] = self.derivative(q) * evaluate(_SLOPES[f], self, q=q, v=v, n=sp.Integer(n))
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


KEYS = ("families", "point")
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
AT_TAU = ("A", "(i)")
"""The two last members, with coefficients p and q, enter as one: the relation is at tau = p/q."""
TARGET_LAST = ("(ii)", "(iii)")
"""A relation matters only if the last member, the target, is in it."""
_MEMBERS = {family: list(map(parsed, written)) for family, written in FAMILIES.items()}
_MOST_BITS = 8192


def claims(place: Place, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...], tuple[str, ...]]:
    """The conditions that are decided, nothing that is assumed, and the ends of pieces that are left out."""
    families = proof["families"]
    require(isinstance(families, dict) and families and {*families} <= {*FAMILIES}, "the families")
    verdicts = Verdicts(place, families)
    outcomes = {family: verdicts.outcome(family) for family in families}
    require(verdicts.is_real_at(proof["point"]), "s is not shown to be real at the point")
    results = [Claim(family, "fails") for family, outcome in outcomes.items() if outcome == "fails"]
    for condition, names in CONDITIONS.items():
        if any(outcomes.get(name) == "fails" for name in names):
            results.append(Claim(condition, "fails"))
        elif all(outcomes.get(name) == "holds" for name in names):
            results.append(Claim(condition, "holds", next(filter(None, (families[n]["tau"] for n in names)), None)))
    return results, (), verdicts.left_out(outcomes)


class Verdicts:
    """What the evidence for families proves."""

    def __init__(self, place: Place, families: Mapping[str, Any]) -> None:
        model, self.families = place.model, families
        plain = not (model.expert or model.shared or model.held or place.fixed or place.nonzero)
        require(place.subject == "activation" and plain and model.covariates == ("z",), "the place of an activation")
        require(place.sizes == (1,) and (model.mean, model.weighted) == ("0", False), "the place of an activation")
        self.parameters = {name: rational(value) for name, value in place.points[0]}
        require({*self.parameters} == {*model.own}, "the values of the parameters")
        self.constants = {*self.parameters, "pi", "E"}
        self.text, self.pieces = model.log_weight, pieces(model.log_weight, self.constants | {"z"})
        for low, high in self.pieces.sides:
            fits = isinstance(low, ast.Name) and low.id == "z" and "z" not in names_in(high)
            require(fits, "a condition that is not z < constant")
        self.bounds = [high for _, high in self.pieces.sides]
        self.formulas = Formulas(self.parameters)

    def balls(self, z: Any = None, length: int = 3) -> Balls:
        """Constants, and z as a variable around a point."""
        values = Balls(length=length)
        values.names |= {name: values.number(value) for name, value in self.parameters.items()}
        values.names |= {} if z is None else {"z": values.variable(z)}
        return values

    def constant(self, tree: ast.expr) -> arb:
        """A number as a ball."""
        return evaluate(tree, self.balls())[0]

    def members_at(self, family: str, point: str) -> list[arb]:
        """The balls of the members at a point of the domain."""
        z = rational(point)
        bounds = [self.constant(bound) for bound in self.bounds]
        require(all(z < bound or z > bound for bound in bounds), f"the point {point} is not inside a piece")
        piece = [*(z < bound for bound in bounds), True].index(True)
        return [f[0] for f in _members(family, self.pieces.formulas[piece], self.balls(z))]

    def is_real_at(self, point: str) -> bool:
        """Whether s is shown to be real and analytic at a point p/q, inside a piece."""
        try:
            with ctx.workprec(256):
                return bool(self.members_at("F1", point))
        except Rejected:
            return False

    def relations(self, family: str) -> tuple[list[list[sp.Expr]], list[list[arb]]]:
        """The relations of a family, each proved on every piece, as formulas and as balls."""
        size = len(FAMILIES[family])
        trees = [[expression(c, self.constants) for c in row] for row in self.families[family]["relations"]]
        require(all(len(row) == size for row in trees), f"{family}: a relation has another length")
        balls = [[self.constant(c) for c in row] for row in trees]
        rows = [[evaluate(c, self.formulas) for c in row] for row in trees]
        for branch in self.pieces.formulas if rows else ():
            members = _members(family, branch, self.formulas)
            for row in rows:
                total = sp.Add(*(c * f for c, f in zip(row, members, strict=True)))
                require(self.formulas.is_zero(total), f"{family}: a relation is not proved")
        return rows, balls

    def outcome(self, family: str) -> str:
        """holds or fails, by the relations of a family (theory 3.1 and 3.2)."""
        evidence = self.families[family]
        require_keys(evidence, "relations", "minor", "tau", of=f"the evidence for {family}")
        tau = evidence["tau"]
        require(tau is None or family in AT_TAU, f"{family}: a temperature")
        with ctx.workprec(256):
            rows, balls = self.relations(family)
            if any(nonzero(ball) for row in _deciding(family, rows, balls) for ball in row):
                require(evidence["minor"] is None and tau is None, f"{family}: a minor does not show that it fails")
                return "fails"
            harmless = all(self._is_harmless(family, *pair, tau) for pair in zip(rows, balls, strict=True))
        require(harmless and (tau is not None) <= len(rows) <= 1, f"{family}: no verdict is proved")
        self._require_complete(family, len(rows))
        return "holds"

    def _is_harmless(self, family: str, row: list[sp.Expr], balls: list[arb], tau: str | None) -> bool:
        """Whether a relation leaves the verdict holds: without the last member, or only at the temperature claimed."""
        p, q = row[-2:]
        if family in TARGET_LAST:
            return q == 0 and any(map(nonzero, balls))
        if family not in AT_TAU or not any(map(nonzero, balls[-2:])):
            return False
        if tau is not None:
            tree = expression(tau, self.constants)
            positive = self.constant(tree) > 0 or self.parameters
            return bool(positive and self.formulas.is_zero(p - evaluate(tree, self.formulas) * q))
        return p == 0 or q == 0 or (not self.parameters and balls[-2] * balls[-1] < 0)

    def _require_complete(self, family: str, relations: int) -> None:
        """That a family has no more independent relations than the given number."""
        minor, size = self.families[family]["minor"], len(FAMILIES[family])
        require_keys(minor, "columns", "points", "bits", of="a minor")
        columns, points, bits = minor["columns"], minor["points"], minor["bits"]
        fits = len(columns) == len({*columns}) == len(points) == size - relations and {*columns} <= {*range(size)}
        fits = fits and type(bits) is int and 2 <= bits <= _MOST_BITS
        require(fits, f"{family}: columns, points, bits and relations do not fit")
        with ctx.workprec(bits):
            values = [self.members_at(family, point) for point in points]
            proved = nonzero(arb_mat([[row[j] for j in columns] for row in values]).det())
        require(proved, f"{family}: the determinant is not shown to differ from 0")

    def left_out(self, outcomes: Mapping[str, str]) -> tuple[str, ...]:
        """The ends of pieces across which the relations by which it fails are not shown to hold."""
        used = [n for n in self.families if outcomes[n] == "fails" or self.families[n]["tau"] is not None]
        rows = [(FAMILIES[name], row) for name in used for row in self.families[name]["relations"]]
        bent = any("s2" in f and c != "0" for members, row in rows for f, c in zip(members, row, strict=True))
        ends = [*zip([*self.bounds, None], self.pieces.formulas, strict=True)]
        apart = [p for (p, left), (q, right) in pairwise(ends) if p and not self._is_joined(p, q, left, right, bent)]
        return tuple(str(ast.get_source_segment(self.text, p)) for p in apart) if rows else ()

    def _is_joined(
        self, end: ast.expr, following: ast.expr | None, left: ast.expr, right: ast.expr, bent: bool
    ) -> bool:
        """Whether relations of two pieces hold across their end; bent: relations with s''."""
        formulas = Formulas(self.parameters)
        try:
            with ctx.workprec(256):
                at = self.constant(end)
                require(following is None or at < self.constant(following), "ends of pieces that do not rise")
                for piece in (left, right):
                    evaluate(piece, self.balls(at))
                p = evaluate(end, formulas)
                if formulas.is_zero(p):
                    return True
                gap = evaluate(left, formulas, z=p) - evaluate(right, formulas, z=p)
                return not bent and formulas.is_zero(gap)
        except Rejected:
            return False


def _members(family: str, branch: ast.expr, values: Any) -> list[Any]:
    """The members of a family for the s of a branch, in balls or formulas."""
    s = evaluate(branch, values)
    s1 = values.derivative(s)
    s2 = values.derivative(s1)
    return [evaluate(member, values, s=s, s1=s1, s2=s2) for member in _MEMBERS[family]]


def _deciding(family: str, rows: list[list[sp.Expr]], balls: list[list[arb]]) -> list[list[arb]]:
    """Numbers of which any that is not 0 makes the family fail, at every temperature."""
    if family not in AT_TAU:
        return [row[-1:] for row in balls] if family in TARGET_LAST else balls
    without_tau = [ball for ball, row in zip(balls, rows, strict=True) if row[-1] == row[-2] == 0]
    return without_tau + [[p * v - q * u] for (*_, p, q), (*_, u, v) in combinations(balls, 2)]
