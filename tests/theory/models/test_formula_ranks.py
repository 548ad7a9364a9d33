"""Relations of gates and experts that no paper has, against ranks of their derivatives computed in 60 digits."""

import random
from itertools import combinations_with_replacement

import mpmath
import pytest
import sympy as sp

from temperance.theory.interactions.interactions import derive
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, covariates

NEW = [
    ("kappa*cos(x - c)/tau", "a*x + b", {}),
    ("beta1*x**3/tau + beta2*x", "tanh(a*x + b)", {}),
    ("tanh(w*x)/tau + q*x**2", "a*x**2", {}),
    ("-(x - c)**2/tau", "a*exp(-x**2) + b", {}),
    ("beta1*x1 + beta2*x1*x2", "a*x1 + b", {}),
    ("log(p) - sqrt(1 + (x - c)**2)/w", "b*x", {"positive": ["p", "w"]}),
    ("v*atan(w*x)/tau", "a*x", {"shared": ["v"]}),
    ("where(x < c, w*x, w*c)/tau", "b*x", {}),
]


def rank(rows):
    """The number of pivots that are not 0 in 60 digits, of rows divided by their greatest entry."""
    left = [[e / max(map(abs, row)) for e in row] for row in rows]
    found = 0
    while left and left[0]:
        i, j = max(
            ((i, j) for i in range(len(left)) for j in range(len(left[0]))), key=lambda ij: abs(left[ij[0]][ij[1]])
        )
        if abs(left[i][j]) < mpmath.mpf(10) ** -30:
            break
        pivot = left.pop(i)
        left = [
            [e - row[j] / pivot[j] * p for c, (e, p) in enumerate(zip(row, pivot, strict=True)) if c != j]
            for row in left
        ]
        found += 1
    return found


@pytest.mark.parametrize(("gate", "expert", "options"), NEW)
def test_the_rank_of_a_new_model_is_that_of_its_derivatives(gate, expert, options):
    spec, rng = model(gate, expert, **options), random.Random(3)
    parameters = spec.parameters
    orders = [(), *((p,) for p in parameters), *combinations_with_replacement(parameters, 2)]
    at = {p: sp.Rational(rng.randrange(300, 900), 500) for p in parameters}
    density = [sp.exp(log_u) for log_u in spec.branches]
    seen = [
        sp.lambdify(
            (*covariates(spec.dim), Y), [sp.diff(u, *o).subs(at) if o else u.subs(at) for o in orders], "mpmath"
        )
        for u in density
    ]
    with mpmath.workdps(60):
        rows = []
        for _ in range(len(orders) + 10):
            point = [mpmath.mpf(rng.randrange(-2000, 2001)) / 997 for _ in range(spec.dim + 1)]
            rows.append([e for derivatives in seen for e in derivatives(*point)])
        # a relation holds on every part, so the parts of a row stand below each other
        parts = [row[i * len(orders) : (i + 1) * len(orders)] for row in rows for i in range(len(seen))]
        assert rank(parts) == derive(spec.gate, spec.expert, dim=spec.dim, order=2).rank
