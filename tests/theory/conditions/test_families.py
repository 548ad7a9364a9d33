"""The families derived from the atom are those of theory 3.2, for every d, with no avoidable relation."""

import random
from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations_with_replacement
from typing import TypeAlias

import mpmath as mp
import pytest
import sympy as sp

from temperance.theory.conditions import families
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.families import S1, S2, Family, S
from temperance.theory.conditions.families import VARIABLE as Z

INVERSE_TAU = sp.Symbol("w", positive=True)  # 1/tau

Derivative: TypeAlias = tuple[str, ...]  # the parameters differentiated by, such as ("beta1", "tau") or ("a2", "b")
Grade: TypeAlias = tuple[int, sp.Expr]  # Hermite degree, monomial in the coordinates across beta1


def _coordinates(dim: int) -> tuple[sp.Symbol, ...]:
    return (Z, *sp.symbols(f"x2:{dim + 1}"))


def _by_gate(ratio: sp.Expr, direction: sp.Expr | None) -> sp.Expr:
    """D(w r)/w for the weight w = exp(s/tau), by beta1 along a coordinate, or by tau (None)."""
    if direction is None:
        return sp.expand(-(INVERSE_TAU**2) * (sp.diff(ratio, INVERSE_TAU) + ratio * S))
    jets = sp.diff(ratio, S) * S1 + sp.diff(ratio, S1) * S2
    return sp.expand(direction * (jets + ratio * S1 * INVERSE_TAU))


def _differentiated(derivative: Derivative, coordinates: tuple[sp.Symbol, ...]) -> tuple[int, sp.Expr]:
    """The Hermite degree and the factor g of one derivative of u."""
    degree, factor = 0, sp.S.One
    for name in sorted(derivative):
        if name == "tau":
            factor = _by_gate(factor, None)
        elif name.startswith("beta"):
            factor = _by_gate(factor, coordinates[int(name[4:]) - 1])
        elif name == "nu":
            degree, factor = degree + 2, factor / 2
        else:
            degree, factor = degree + 1, factor * (1 if name == "b" else coordinates[int(name[1:]) - 1])
    return degree, sp.expand(factor)


def derivatives(dim: int, order: int) -> list[Derivative]:
    """All derivatives of u of order <= order; beta1 and a have the components 1..dim."""
    parameters = [f"{name}{j}" for name in ("beta", "a") for j in range(1, dim + 1)] + ["b", "nu", "tau"]
    return [d for r in range(order + 1) for d in combinations_with_replacement(sorted(parameters), r)]


def graded(
    dim: int, order: int, keep: Callable[[Derivative], bool] = lambda _: True
) -> dict[Grade, list[tuple[Derivative, sp.Expr]]]:
    """For every Hermite degree and monomial across beta1, the derivatives (that keep says) and their parts in it.

    A part is a polynomial in z, s, s', s'' and 1/tau.
    """
    coordinates = _coordinates(dim)
    parts: dict[Grade, list[tuple[Derivative, sp.Expr]]] = {}
    for derivative in filter(keep, derivatives(dim, order)):
        degree, factor = _differentiated(derivative, coordinates)
        if dim == 1:
            parts.setdefault((degree, sp.S.One), []).append((derivative, factor))
            continue
        polynomial = sp.Poly(factor, *coordinates[1:])
        for monomial, part in polynomial.terms():
            across = sp.Mul(*(x**e for x, e in zip(coordinates[1:], monomial, strict=True)))
            parts.setdefault((degree, across), []).append((derivative, part))
    return parts


def span(functions: Iterable[sp.Expr]) -> list[sp.Expr]:
    """A reduced basis, over Q(tau), of the span of polynomials in z, s, s' and s''."""
    polynomials = [sp.Poly(f, Z, S, S1, S2) for f in functions]
    monomials = sorted({m for p in polynomials for m in p.monoms()}, key=lambda m: (m[3] == 0, sum(m), m))
    matrix = sp.Matrix([[p.coeff_monomial(m) for m in monomials] for p in polynomials])
    basis, pivots = matrix.rref(simplify=sp.cancel, iszerofunc=lambda e: sp.cancel(e) == 0)
    letters = [sp.Mul(*(x**e for x, e in zip((Z, S, S1, S2), m, strict=True))) for m in monomials]
    return [sum((basis[i, j] * letters[j] for j in range(len(letters))), sp.S.Zero) for i in range(len(pivots))]


def _family(name: str, functions: Iterable[sp.Expr]) -> Family:
    """A basis of monomials, except for one pair p + q/tau, which comes last."""
    pair: tuple[sp.Expr, ...] = ()
    members: list[sp.Expr] = []
    for function in span(functions):
        terms = sp.Add.make_args(function)
        if len(terms) == 1:
            members.append(function)
            continue
        (second,) = (t for t in terms if t.has(INVERSE_TAU))
        pair = (sp.expand(function - second), second / INVERSE_TAU)
    members.sort(key=lambda m: (m.has(S2), sp.Poly(m, S1).degree(), sp.Poly(m, Z, S).total_degree(), str(m)))
    return Family(name, (*members, *pair), bool(pair))


def _part(degree: int, order: int, keep: Callable[[Derivative], bool] = lambda _: True) -> list[sp.Expr]:
    return [factor for _, factor in graded(1, order, keep)[degree, sp.S.One]]


def _without_tau_products(derivative: Derivative) -> bool:
    # tau is shared: its offset is one number, of the size of the error, and its products are of a higher order
    return "tau" not in derivative or len(derivative) == 1


@cache
def derived():
    """F1; A, B and C; (i), (ii) and (iii), from the derivatives of the atom."""
    orders = [_family("F1", _part(0, 1)), *(_family(name, _part(k, 2)) for k, name in enumerate("ABC"))]
    sharp = [_family("(i)", _part(0, 2, _without_tau_products)), _family("(ii)", _part(2, 2, _without_tau_products))]
    third = [_differentiated(d, _coordinates(1))[1] for d in (("nu",), ("a1",), ("beta1",))]
    return *orders, *sharp, _family("(iii)", third)


def test_the_listed_families_are_those_derived_from_the_atom():
    """The member that must stay outside is the last: z^2 is from u_aa, 1 from the moments in b and nu."""
    for listed, found in zip(families.EVERY, derived(), strict=True):
        assert (listed.name, set(listed.members)) == (found.name, set(found.members))
        assert len(listed.members) == len(found.members)
        assert listed.at_tau == found.at_tau
        assert listed.members[-2:] == found.members[-2:] or not found.at_tau
    assert [(f.name, f.members[-1]) for f in families.EVERY if f.target_last] == [("(ii)", Z**2), ("(iii)", 1)]


def _rank(functions):
    return len(span(functions))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_parts_across_beta1_add_nothing(dim):
    """Times z^(degree across), every graded part lies in the span of the families of d = 1."""
    a, b, c = families.SECOND_ORDER
    at_tau = (*a.members[:-2], a.members[-2] + INVERSE_TAU * a.members[-1])
    reference = {0: list(at_tau), 1: list(b.members), 2: list(c.members), 3: [sp.S.One, Z], 4: [sp.S.One]}
    for (degree, across), parts in graded(dim, 2).items():
        lifted = [Z ** sp.Poly(across, *sp.symbols("x2:9")).total_degree() * part for _, part in parts]
        assert _rank(reference[degree] + lifted) == len(reference[degree])


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_unavoidable_relations_of_free_jets(dim):
    """With s, s', s'' free, u and its derivatives of order <= 2 have 1 + d(d-1)/2 relations: heat and beta-a."""
    rows: dict[tuple, dict] = {}
    everything = derivatives(dim, 2)
    for (degree, across), parts in graded(dim, 2).items():
        for derivative, part in parts:
            for monomial, c in sp.Poly(part, Z, S, S1, S2).terms():
                rows.setdefault((degree, across, monomial), {})[derivative] = c
    matrix = sp.Matrix([[row.get(d, 0) for d in everything] for row in rows.values()]).subs(
        INVERSE_TAU, sp.Rational(3, 7)
    )
    assert len(everything) - matrix.rank() == 1 + dim * (dim - 1) // 2


NAIVE = [  # expression, tau, does the second-order condition hold there
    ("tanh", 1, True),
    ("log(1 + z**2)", 1, False),
    ("log(1 + z**2)", 2, True),
    ("exp(z)", 1, False),
    ("LambertW(z)", 1, False),
]


@pytest.mark.parametrize("dim", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("expression", "tau", "holds"), NAIVE)
def test_naive_count_of_all_derivatives_ungraded(expression, tau, holds, dim):
    """Singular values of u and all its derivatives at random (x, y), no grading: an oracle that shares no algebra."""
    source = decide(expression)
    assert (source.second_order.outcome == "holds" and str(tau) not in source.second_order.fails_at_tau) == holds
    matrix = _naive_matrix(source.activation.pieces[0].expr, dim, tau)
    with mp.workdps(60):
        scaled = mp.matrix(matrix)
        for j in range(scaled.cols):
            norm = mp.norm(scaled[:, j])
            for i in range(scaled.rows):
                scaled[i, j] /= norm
        values = mp.svd_r(scaled, compute_uv=False)
        nullity = sum(1 for v in values if v < mp.mpf(10) ** -40)
    unavoidable = 1 + dim * (dim - 1) // 2
    assert nullity == unavoidable if holds else nullity > unavoidable


def _naive_matrix(s, dim, tau):
    rng = random.Random(dim)
    x = sp.symbols(f"x1:{dim + 1}")
    beta, a = sp.symbols(f"beta1:{dim + 1}"), sp.symbols(f"a1:{dim + 1}")
    b, nu, t, y = sp.symbols("b nu t y", positive=True)
    z = sum(p * q for p, q in zip(beta, x, strict=True))
    mean = sum(p * q for p, q in zip(a, x, strict=True)) + b
    (variable,) = s.free_symbols
    u = sp.exp(s.subs(variable, z) / t - (y - mean) ** 2 / (2 * nu)) / sp.sqrt(nu)
    by_name = {f"beta{j + 1}": beta[j] for j in range(dim)} | {f"a{j + 1}": a[j] for j in range(dim)}
    by_name |= {"b": b, "nu": nu, "tau": t}
    at = {p: sp.Rational(rng.randint(3, 15), 11) for p in (*beta, *a, b, nu)} | {t: tau}
    columns = [sp.diff(u, *[by_name[n] for n in d]) if d else u for d in derivatives(dim, 2)]
    ratios = [sp.lambdify((*x, y), (c / u).subs(at), "mpmath") for c in columns]
    points = [[rng.uniform(0.1, 2) for _ in range(dim + 1)] for _ in range(3 * len(columns) // 2)]
    with mp.workdps(60):
        return [[ratio(*map(mp.mpf, p)) for ratio in ratios] for p in points]
