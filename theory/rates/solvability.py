r"""Proves the solvability order r_bar(m) = 2m of the polynomial system behind over-specified cells (theory.md 2.6).

r_bar(m) is the smallest r for which

    E_j = sum_l p_l^2 sum_{n1 + 2 n2 = j} q1_l^n1 q2_l^n2 / (n1! n2!) = 0,    j = 1..r,

has no real solution with all p_l != 0 and some q1_l != 0. E_j is the coefficient of t^j in
sum_l p_l^2 exp(q1_l t + q2_l t^2), the moment generating function of Gaussians with means q1_l and variances 2 q2_l.

    >>> found = solvability(2)
    >>> found.order, found.proved, str(found.below.residual)
    (4, True, '-1/12')
    >>> str(found.elimination.remainder)
    '-w*(w + 1)*(w**2 + w + 1)/36'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy as sp

_X = sp.Symbol("x")
_W = sp.Symbol("w", positive=True)

NO_ELIMINATION = (
    "no elimination for m >= 3: 3m - 2 unknowns up to scale; the upper bound rests on the sign changes alone"
)


@dataclass(frozen=True)
class Step:
    """One step of a derivation: checked here by exact algebra, cited from the literature, or following from others.

    Attributes:
        statement: what is said.
        kind: "checked", "cited" or "follows".
        holds: whether the check came out; True for the steps that have none.
        source: of a cited step.
    """

    statement: str
    kind: Literal["checked", "cited", "follows"]
    holds: bool = True
    source: str | None = None


@dataclass(frozen=True)
class GaussHermite:
    """The solution at r = 2m - 1: q1 the roots of He_m, q2 = -1/2, p^2 the weights.

    Attributes:
        nodes: He_m in x, all of whose roots are real and simple.
        weight: p^2 at a node, as a polynomial in the node (modulo He_m).
        coefficients: E_0, .., E_2m, exact.
        verified: whether the nodes are m distinct real numbers, the weights positive, E_0 = 1, E_1 = .. = E_(2m-1) = 0
            and E_2m = -m!/(2m)!.
    """

    nodes: sp.Expr
    weight: sp.Expr
    coefficients: tuple[sp.Rational, ...]
    verified: bool

    @property
    def residual(self) -> sp.Rational:
        """E_2m, the first equation that this solution fails."""
        return self.coefficients[-1]


@dataclass(frozen=True)
class Elimination:
    """m = 2: E_1 = E_2 = E_3 = 0 solved for the other unknowns leaves E_4 < 0 for every w = p_2^2/p_1^2 > 0.

    Attributes:
        substitution: q1_1, q2_1 and q2_2 as functions of w, with q1_2 = 1 by (q1, q2) -> (c q1, c^2 q2).
        remainder: E_4/p_1^2 after the substitution.
        verified: whether the substitution solves E_1..E_3 and every coefficient of the remainder is negative.
    """

    substitution: tuple[tuple[sp.Symbol, sp.Expr], ...]
    remainder: sp.Expr
    verified: bool


@dataclass(frozen=True)
class Solvability:
    """r_bar(m) and its evidence.

    Attributes:
        m: number of atoms in the cell.
        order: r_bar(m).
        below: an exact solution at order - 1 (None for m = 1, where r = 0 asks nothing).
        steps: why there is none at order.
        elimination: for m = 2, a second proof of that, without citation.
        softmax: why the four-offset system of the softmax gate has the same order.
        note: what was not done.
    """

    m: int
    order: int
    below: GaussHermite | None
    steps: tuple[Step, ...]
    elimination: Elimination | None
    softmax: tuple[Step, ...]
    note: str | None

    @property
    def proved(self) -> bool:
        """Whether every check came out (cited theorems are taken as proved)."""
        evidence = [part.verified for part in (self.below, self.elimination) if part is not None]
        return all(evidence) and all(step.holds for step in (*self.steps, *self.softmax))

    @property
    def cited(self) -> tuple[str, ...]:
        """The theorems from the literature that the upper bound rests on; empty where a proof without them is given."""
        if self.elimination is not None and self.elimination.verified:
            return ()
        return tuple(step.source for step in self.steps if step.source is not None)


def order(m: int) -> int:
    """r_bar(m) = 2m for m >= 2, and r_bar(1) = 1; `solvability` gives the proof.

    Raises:
        ValueError: m is not a positive integer.
    """
    if isinstance(m, bool) or not isinstance(m, int) or m < 1:
        raise ValueError(f"a cell has m atoms, an integer >= 1, not {m!r}")
    return 2 * m if m > 1 else 1


def unknowns(m: int) -> tuple[tuple[sp.Symbol, sp.Symbol, sp.Symbol], ...]:
    """(p_l, q1_l, q2_l) for l = 1..m, real."""
    return tuple(
        (sp.Symbol(f"p_{i}", real=True), sp.Symbol(f"q1_{i}", real=True), sp.Symbol(f"q2_{i}", real=True))
        for i in range(1, m + 1)
    )


def coefficient(j: int, q1: sp.Expr, q2: sp.Expr) -> sp.Expr:
    """The coefficient of t^j in exp(q1 t + q2 t^2): sum over n1 + 2 n2 = j of q1^n1 q2^n2/(n1! n2!)."""
    return sp.Add(*(q1 ** (j - 2 * n) * q2**n / (sp.factorial(j - 2 * n) * sp.factorial(n)) for n in range(j // 2 + 1)))


def system(m: int, r: int) -> tuple[sp.Expr, ...]:
    """E_1, .., E_r, the left sides of the system of m atoms."""
    return tuple(sp.Add(*(p**2 * coefficient(j, q1, q2) for p, q1, q2 in unknowns(m))) for j in range(1, r + 1))


def softmax_unknowns(m: int) -> tuple[tuple[sp.Symbol, ...], ...]:
    """(p_l, q1_l, .., q4_l): offsets of beta1, a, b and nu/2 of the softmax gate, for one coordinate of x."""
    return tuple(
        tuple(sp.Symbol(f"{n}_{i}", real=True) for n in ("p", "q1", "q2", "q3", "q4")) for i in range(1, m + 1)
    )


def softmax_system(m: int, r: int) -> dict[tuple[int, int], sp.Expr]:
    """The four-offset system: for 1 <= j + k <= r, the coefficient of X^j Y^k in

        sum_l p_l^2 exp(q1_l X + q2_l X Y + q3_l Y + q4_l Y^2),

    X = x and Y the derivative in the mean of the expert (arXiv 2305.03288; alpha_1..alpha_4 are the powers of q1..q4).
    """
    atoms = softmax_unknowns(m)
    keys = [(j, k) for j in range(r + 1) for k in range(r + 1 - j) if j + k]
    return {(j, k): sp.Add(*(p**2 * _four(j, k, *q) for p, *q in atoms)) for j, k in keys}


def _four(j: int, k: int, q1: sp.Expr, q2: sp.Expr, q3: sp.Expr, q4: sp.Expr) -> sp.Expr:
    return sp.Add(
        *(
            q1 ** (j - n) * q2**n / (sp.factorial(j - n) * sp.factorial(n)) * coefficient(k - n, q3, q4)
            for n in range(min(j, k) + 1)
        )
    )


def solvability(m: int) -> Solvability:
    """r_bar(m) with its proof: an exact solution below, the count of sign changes above, and an elimination for m = 2.

    Args:
        m: number of atoms in a cell; the algebra of m = 6 takes a fraction of a second.

    Raises:
        ValueError: m is not a positive integer.
    """
    bound = order(m)
    if m == 1:
        square, q1, _ = unknowns(1)[0]
        step = Step(
            "E_1 = p^2 q1 vanishes only for q1 = 0", "checked", sp.expand(system(1, 1)[0] - square**2 * q1) == 0
        )
        return Solvability(m, bound, None, (step,), None, (), None)
    note = None if m == 2 else NO_ELIMINATION
    eliminated = _elimination() if m == 2 else None
    return Solvability(m, bound, gauss_hermite(m), _sign_changes(m), eliminated, _softmax(m), note)


def hermite(m: int) -> sp.Poly:
    """He_m, by He_(m+1) = x He_m - m He_(m-1)."""
    before, here = sp.Poly(0, _X, domain="QQ"), sp.Poly(1, _X, domain="QQ")
    for n in range(m):
        before, here = here, here * sp.Poly(_X, _X, domain="QQ") - n * before
    return here


def gauss_hermite(m: int) -> GaussHermite:
    """The Gauss-Hermite solution of E_1 = .. = E_(2m-1) = 0, by exact algebra modulo He_m.

    The weight (m-1)!/(m He_(m-1)(x)^2) at a node x is a square up to a positive factor, and finite as He_m and He_(m-1)
    have no common root; a sum over the nodes is a polynomial in their power sums, which Newton's identities give.
    """
    nodes = hermite(m)
    inverse = sp.invert(hermite(m - 1), nodes)
    weight = (sp.Rational(sp.factorial(m - 1), m) * inverse**2).rem(nodes)
    sums = _power_sums(nodes)
    shifted = [sp.Poly(coefficient(j, _X, -sp.Rational(1, 2)), _X, domain="QQ") for j in range(2 * m + 1)]
    values = tuple(_sum_over_roots((weight * e).rem(nodes), sums) for e in shifted)
    expected = (sp.S.One, *[sp.S.Zero] * (2 * m - 1), -sp.factorial(m) / sp.factorial(2 * m))
    real_and_simple = nodes.count_roots() == m and sp.gcd(nodes, nodes.diff()).degree() == 0
    return GaussHermite(nodes.as_expr(), weight.as_expr(), values, values == expected and real_and_simple)


def _power_sums(monic: sp.Poly) -> list[sp.Rational]:
    """sum_i x_i^k over the roots, k = 0..degree-1, by Newton's identities."""
    m, c = monic.degree(), monic.all_coeffs()
    sums = [sp.Integer(m)]
    for k in range(1, m):
        sums.append(-k * c[k] - sum((c[i] * sums[k - i] for i in range(1, k)), sp.S.Zero))
    return sums


def _sum_over_roots(reduced: sp.Poly, sums: list[sp.Rational]) -> sp.Rational:
    return sum((c * sums[power] for (power,), c in reduced.terms()), sp.S.Zero)


def _sign_changes(m: int) -> tuple[Step, ...]:
    """No solution at r = 2m, because 2m + 1 sign changes are more than m + 1 Gaussians have."""
    r = 2 * m
    return (
        Step(
            "adding c to every q2_l multiplies the generating function by exp(c t^2): E_j -> sum_i c^i/i! E_(j-2i);"
            " with c large all q2_l are positive",
            "checked",
            _shift_identity(r),
        ),
        Step(
            "j! times the coefficient of t^j in exp(q1 t + q2 t^2) is the moment M_j of N(q1, 2 q2):"
            " M_j = q1 M_(j-1) + (j-1) 2 q2 M_(j-2)",
            "checked",
            _moment_identity(r),
        ),
        Step(
            f"a solution at r = {r} gives a mixture of N(q1_l, 2(q2_l + c)), weights p_l^2/sum p^2, with the moments of"
            f" N(0, 2c) up to {r}; their difference f is orthogonal to the polynomials of degree <= {r}",
            "follows",
        ),
        Step(
            "f != 0: some q1_l != 0, the weight of N(q1_l, 2(q2_l + c)) is positive and not cancelled, and distinct"
            " Gaussian densities are linearly independent",
            "follows",
        ),
        Step(
            f"f has at least {r + 1} sign changes: with s <= {r}, f times the product of (y - z_i) over them keeps its"
            " sign and has a positive or negative integral, though the product has degree s",
            "follows",
        ),
        Step(
            f"a combination of {m + 1} Gaussian densities of distinct variances has at most {2 * m} zeros; of any"
            f" variances, at most {2 * m} sign changes, for these survive a small change of the variances",
            "cited",
            source="Kalai, Moitra, Valiant 2010, Proposition 7",
        ),
        Step(f"{r + 1} > {2 * m}: there is no solution at r = {r}", "checked", r + 1 > 2 * m),
    )


def _shift_identity(r: int) -> bool:
    q1, q2, c = sp.symbols("q1 q2 c")
    return all(
        sp.expand(
            coefficient(j, q1, q2 + c)
            - sum(c**i / sp.factorial(i) * coefficient(j - 2 * i, q1, q2) for i in range(j // 2 + 1))
        )
        == 0
        for j in range(r + 1)
    )


def _moment_identity(r: int) -> bool:
    q1, q2 = sp.symbols("q1 q2")
    moments = [sp.S.One, q1]
    for j in range(2, r + 1):
        moments.append(sp.expand(q1 * moments[-1] + (j - 1) * 2 * q2 * moments[-2]))
    return all(sp.expand(sp.factorial(j) * coefficient(j, q1, q2) - moments[j]) == 0 for j in range(r + 1))


def _elimination() -> Elimination:
    """m = 2, r = 4, divided by p_1^2: E_1 gives q1_1 = -w q1_2, so that q1_2 != 0 is scaled to 1."""
    (p1, a1, c1), (p2, a2, c2) = unknowns(2)
    scaled = [e.subs({p1: 1, p2: sp.sqrt(_W), a2: 1}) for e in system(2, 4)]
    found: dict[sp.Symbol, sp.Expr] = {}
    divisors = []
    for equation, unknown in zip(scaled[:3], (a1, c1, c2), strict=True):
        left = sp.Poly(sp.expand(equation.subs(found)), unknown)
        slope, constant = left.all_coeffs()  # linear in it, or this raises
        divisors.append(sp.expand(slope))
        value = sp.cancel(-constant / slope)
        found = {u: sp.cancel(e.subs(unknown, value)) for u, e in found.items()} | {unknown: value}
    remainder = sp.factor(scaled[3].subs(found))
    solved = all(sp.cancel(e.subs(found)) == 0 for e in scaled[:3])
    divided = all(_same_sign(d, 1) or _same_sign(-d, 1) for d in divisors)
    return Elimination(tuple(found.items()), remainder, solved and divided and _same_sign(remainder, -1))


def _same_sign(polynomial: sp.Expr, sign: int) -> bool:
    """Whether all coefficients of a polynomial in w have this sign, so that it has it for w > 0."""
    return all(sign * c > 0 for c in sp.Poly(polynomial, _W).coeffs())


def _softmax(m: int) -> tuple[Step, ...]:
    """Modulo two sums of squares, the four-offset system at r >= 4 is E_1..E_r in (q3, q4).

    Every equation is a sum over the atoms of one and the same term, so that the terms of one atom are compared.
    """
    r = 2 * m
    terms, (p, q1, q2, q3, q4) = softmax_system(1, r), softmax_unknowns(1)[0]
    left = {key: sp.expand(e.subs({q1: 0, q2: 0})) for key, e in terms.items()}
    two = [sp.expand(p**2 * coefficient(k, q3, q4)) for k in range(r + 1)]
    return (
        Step(
            "the equation (2, 0) is sum_l p_l^2 q1_l^2/2 = 0: the beta1 offsets vanish",
            "checked",
            sp.expand(terms[2, 0] - p**2 * q1**2 / 2) == 0,
        ),
        Step(
            "with q1 = 0 the equation (2, 2) is sum_l p_l^2 q2_l^2/2 = 0: for r >= 4 the a offsets vanish",
            "checked",
            sp.expand(terms[2, 2].subs(q1, 0) - p**2 * q2**2 / 2) == 0,
        ),
        Step(
            f"what is left, (0, k) for k <= {r}, is the system in (q3, q4); all others vanish",
            "checked",
            all(e == (0 if j else two[k]) for (j, k), e in left.items()),
        ),
    )
