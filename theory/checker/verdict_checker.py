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
from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from itertools import combinations, pairwise
from json import dumps
from typing import Any

import sympy as sp
from flint import arb, arb_mat, ctx

from temperance.theory.checker.rejected import (
    Rejected,
    branches,
    evaluate,
    parsed,
    proving,
    rational,
    require,
    require_keys,
    understood,
)
from temperance.theory.checker.verdict_values import AT_TAU, FAMILIES, TARGET_LAST, Balls, Formulas, members, nonzero

FORMAT = "temperance-certificate/4"
OTHERS = {"temperance-orders/3": "checker.order_checker", "temperance-orders/5": "checker.moment_checker"}
OTHERS |= {"temperance-sample-size/3": "sizes.sample_size_checker", "temperance-curves/2": "curves.curve_checker"}
OTHERS |= {"temperance-least-squares/1": "checker.least_squares_checker"}
OTHERS |= {"temperance-coefficients/1": "checker.coefficient_checker", "temperance-bounds/1": "bounds.bound_checker"}
OTHERS |= {"temperance-exact/1": "bounds.exact_checker"}
CONDITIONS = {"first_order": ["F1"], "second_order": ["A", "B", "C"]}
CONDITIONS |= {"tau_beta1": ["(i)"], "a": ["(ii)"], "b_nu": ["(iii)"]}
_MOST_BITS = 8192


class _Proof:
    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.families = certificate["families"]
        self.parameters = {name: rational(value) for name, value in certificate["parameters"].items()}
        free = all(n.isidentifier() and n.isascii() and n not in ("z", "pi", "E", "tau") for n in self.parameters)
        require(free, "a name is taken")
        self.constants = {*self.parameters, "pi", "E"}
        self.text, self.claim = certificate["expression"], certificate["claim"]
        self.branches = branches(parsed(self.text), self.constants)
        self.taus = [understood(tau, self.constants) for tau in self.claim["fails_at_tau"]]
        self.formulas = Formulas(self.parameters)

    def constant(self, tree: ast.expr) -> arb:
        return evaluate(tree, Balls(self.parameters))[0]

    def members_at(self, family: str, point: str) -> list[arb]:
        """The balls of the members at a point of the domain."""
        z = rational(point)
        bounds = [self.constant(bound) for bound, _ in self.branches if bound is not None]
        require(all(z < bound or z > bound for bound in bounds), f"the point {point} is not inside a piece")
        piece = [*(z < bound for bound in bounds), True].index(True)
        return [f[0] for f in members(family, self.branches[piece][1], Balls(self.parameters, z))]

    def relations(self, family: str) -> tuple[list[list[sp.Expr]], list[list[arb]]]:
        """The relations of a family, each proved on every piece, as formulas and as balls."""
        trees = [[understood(c, self.constants) for c in row] for row in self.families[family]["relations"]]
        balls = [[self.constant(c) for c in row] for row in trees]
        rows = [[evaluate(c, self.formulas) for c in row] for row in trees]
        for _, branch in self.branches if rows else ():
            found = members(family, branch, self.formulas)
            for row in rows:
                total = sp.Add(*(c * f for c, f in zip(row, found, strict=True)))
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
        formulas = Formulas(self.parameters)
        try:
            with ctx.workprec(256):
                at = self.constant(end)
                require(following is None or at < self.constant(following), "ends of pieces that do not rise")
                for piece in (left, right):
                    evaluate(piece, Balls(self.parameters, at))
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
            proved = nonzero(determinant) and stored.is_finite() and stored.contains(determinant.mid())
        require(proved, f"{family}: the determinant is not proved, or is not the one stored")

    def is_harmless(self, family: str, row: list[sp.Expr], balls: list[arb]) -> bool:
        """Whether a relation leaves the verdict holds: without the last member, or only at the temperature claimed."""
        p, q = row[-2:]
        if family in TARGET_LAST:
            return q == 0 and any(map(nonzero, balls))
        if family not in AT_TAU or not any(map(nonzero, balls[-2:])):
            return False
        if self.taus:
            positive = self.constant(self.taus[0]) > 0 or self.parameters
            return bool(positive and self.formulas.is_zero(p - evaluate(self.taus[0], self.formulas) * q))
        return p == 0 or q == 0 or (not self.parameters and balls[-2] * balls[-1] < 0)

    def verdict(self, family: str) -> str:
        """holds or fails, by the relations of a family (theory.md 2.3 and 2.4)."""
        with ctx.workprec(256):
            rows, balls = self.relations(family)
            if any(nonzero(ball) for row in self.deciding(family, rows, balls) for ball in row):
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

    Raises Rejected: the statement is not proved, or the certificate is not of the format described above.
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
