"""Rewrites expressions into the functions that a tower adjoins, and finds lattices of exponents and angles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lcm

import sympy as sp
from flint import fmpq, fmpq_mat, fmpz_mat

from temperance.theory.expressions.balls import exact
from temperance.theory.expressions.language import KNOWN, MOST_ROOT
from temperance.theory.expressions.sign_changes import Z

_MOST_OPERATIONS = 200  # in a number whose denominator is made rational


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


def exponent_of(e: sp.Expr) -> sp.Expr | None:
    """x for exp(x), and e log(base) for a power base**e whose exponent is not rational; None for anything else."""
    if e is sp.E:
        return sp.S.One
    if e.func is sp.exp:
        return e.args[0]
    if e.is_Pow and not e.exp.is_Rational:
        return e.exp * sp.log(e.base)
    return None


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


def exponents_among(nodes: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The exponents that the functions among nodes bring into a tower."""
    exponents = []
    for node in nodes:
        exponent = exponent_of(node)
        if exponent is not None:
            summands = [c * m for m, c in terms(exponent).items() if not (m.func is sp.LambertW and c.is_Integer)]
            exponents.append(sp.Add(*summands))
        elif node.func is sp.erf:
            exponents.append(-(node.args[0] ** 2))
    return exponents


def angle_and_turns(argument: sp.Expr) -> tuple[sp.Expr, sp.Rational]:
    """An angle as (angle, turns): argument = angle + turns pi."""
    parts = terms(argument)
    turns = parts.pop(sp.pi, sp.S.Zero)
    return sp.Add(*(c * m for m, c in parts.items())), turns


def root_order(nodes: Iterable[sp.Expr]) -> int:
    """One order that serves all roots, where it is small."""
    orders = [int(n.exp.q) for n in nodes if n.is_Pow and n.exp.is_Rational and not n.exp.is_Integer]
    common = lcm(2, *orders) if any(o == 2 for o in orders) else lcm(1, *orders)
    return common if common <= MOST_ROOT else 1


class Lattice:
    """The lattice spanned over Z by exponents: every one of them is an integer combination of its basis.

    A combination for a shallow exponent holds no deep ones, such as log(1 + exp(z)): exp(z) must not be made of them.
    """

    def __init__(self, arguments: Sequence[sp.Expr]) -> None:
        rows = [terms(a) for a in arguments]
        monomials = {m for row in rows for m in row}
        self.monomials = sorted(monomials, key=lambda m: (-_depth(m), sp.default_sort_key(m)))
        entries = [[exact(r.get(m, sp.S.Zero)) for m in self.monomials] for r in rows]
        self.basis = _reduced(entries)
        self.exponents = [
            sp.Add(*(sp.Rational(int(c.p), int(c.q)) * m for c, m in zip(row, self.monomials, strict=True)))
            for row in self.basis
        ]

    def coordinates(self, argument: sp.Expr) -> list[tuple[sp.Expr, int]]:
        """The (basis_k, n_k) with argument = sum n_k basis_k, for all integers n_k other than 0.

        Raises KeyError: the argument is not in the lattice.
        """
        row = terms(argument)
        remainder = [exact(row.get(m, sp.S.Zero)) for m in self.monomials]
        coefficients = []
        for basis in self.basis:
            pivot = next(i for i, c in enumerate(basis) if c)
            coefficients.append(remainder[pivot] / basis[pivot])
            remainder = [a - coefficients[-1] * b for a, b in zip(remainder, basis, strict=True)]
        if any(remainder) or any(n.q != 1 for n in coefficients) or not set(row) <= set(self.monomials):
            raise KeyError(argument)
        return [(e, int(n.p)) for e, n in zip(self.exponents, coefficients, strict=True) if n]


def _depth(expr: sp.Expr) -> int:
    """How deep functions, powers among them, are nested."""
    inner = max(map(_depth, expr.args), default=0)
    return inner if expr.is_Add or expr.is_Mul or not expr.args else inner + 1


def _reduced(entries: list[list[fmpq]]) -> list[list[fmpq]]:
    if not entries or not entries[0]:
        return []
    integers, scale = fmpq_mat(entries).numer_denom()
    form = fmpz_mat(integers).hnf().tolist()
    return [[fmpq(c) / scale for c in row] for row in form if any(row)]
