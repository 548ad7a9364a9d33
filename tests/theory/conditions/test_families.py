"""The families derived from the atom are those of theory.md 2.4, for every d, with no avoidable relation."""

import pytest
import sympy as sp

from temperance.theory.conditions import families
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.families import INVERSE_TAU, S1, S2, VARIABLE, S, graded, span

Z = VARIABLE
LISTED = {
    "F1": {sp.S.One, S, Z * S1},
    "A": {sp.S.One, S, S**2, Z * S1, Z * S * S1, Z**2 * S2, Z**2 * S1**2},
    "B": {sp.S.One, Z, S, Z * S, Z * S1, Z**2 * S1},
    "C": {sp.S.One, Z, Z**2, S, Z * S1},
    "(i)": {sp.S.One, S, Z * S1, Z**2 * S2, Z**2 * S1**2},
    "(ii)": {sp.S.One, Z, Z * S1, Z**2},
    "(iii)": {sp.S.One, Z, Z * S1},
}


def test_the_derived_families_are_those_of_theory():
    derived = (families.first_order(), *families.second_order(), *families.sharp())
    assert {f.name: set(f.members) for f in derived} == LISTED
    assert [f.name for f in derived if f.at_tau] == ["A", "(i)"]
    assert all(f.members[-2:] == (Z**2 * S2, Z**2 * S1**2) for f in derived if f.at_tau)


def _rank(functions):
    return len(span(functions))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_parts_across_beta1_add_nothing(dim):
    """Times z^(degree across), every graded part lies in the span of the families of d = 1."""
    a, b, c = families.second_order()
    at_tau = (*a.members[:-2], a.members[-2] + INVERSE_TAU * a.members[-1])
    reference = {0: list(at_tau), 1: list(b.members), 2: list(c.members), 3: [sp.S.One, Z], 4: [sp.S.One]}
    for (degree, across), parts in graded(dim, 2).items():
        lifted = [Z ** sp.Poly(across, *sp.symbols("x2:9")).total_degree() * part for _, part in parts]
        assert _rank(reference[degree] + lifted) == len(reference[degree])


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_unavoidable_relations_of_free_jets(dim):
    """With s, s', s'' free, u and its derivatives of order <= 2 have 1 + d(d-1)/2 relations: heat and beta-a."""
    rows: dict[tuple, dict] = {}
    everything = families.derivatives(dim, 2)
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
    ("gelu", 2, True),
    ("softplus", 1, True),
    ("sin(z)", 1, True),
    ("z**5 + z**3", 3, True),
    ("log(1 + z**2)", 1, False),
    ("log(1 + z**2)", 2, True),
    ("exp(z)", 1, False),
    ("sqrt(1 + z**2)", 1, False),
    ("z**3 - z", 1, False),
    ("atan(z)", 1, True),
    ("LambertW(z)", 1, False),
]


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize(("expression", "tau", "holds"), NAIVE)
def test_naive_count_of_all_derivatives_ungraded(expression, tau, holds, dim):
    """Singular values of u and all its derivatives at random (x, y), no grading: an oracle that shares no algebra."""
    import mpmath as mp

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
    import random

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
    columns = [sp.diff(u, *[by_name[n] for n in d]) if d else u for d in families.derivatives(dim, 2)]
    ratios = [sp.lambdify((*x, y), (c / u).subs(at), "mpmath") for c in columns]
    points = [[rng.uniform(0.1, 2) for _ in range(dim + 1)] for _ in range(3 * len(columns) // 2)]
    import mpmath as mp

    with mp.workdps(60):
        return [[ratio(*map(mp.mpf, p)) for ratio in ratios] for p in points]
