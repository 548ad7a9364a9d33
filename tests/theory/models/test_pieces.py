"""abs, sign, max, min and comparisons in a formula become its smooth parts, and no others."""

import random

import pytest
import sympy as sp

from temperance.theory.models.pieces import without_kinks_inside
from temperance.theory.models.spec import BETA0, TAU, Gate

X, C, W = sp.symbols("x c w", real=True)

FORMULAS = [
    sp.Abs(X - C),
    -sp.Abs(sp.Abs(X) - 1) / TAU,
    sp.Max(X, C, 2 * X) + sp.sign(W * X + C),
    sp.Min(sp.Max(X + 3, 0), 6) * X,
    sp.sqrt((X - C) ** 2) ** 3,
    sp.log(sp.Abs(X)) + sp.Heaviside(X - C),
    sp.Max(X, 0) + sp.Max(X - 1, 0),
    sp.Piecewise((sp.Abs(X), sp.Abs(X) > 1), (0, True)),
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_parts_are_the_formula(formula):
    found, rng = without_kinks_inside(formula), random.Random(1)
    assert not found.has(sp.Abs, sp.Max, sp.Min, sp.sign, sp.Heaviside)
    for _ in range(20):
        at = {s: sp.Rational(rng.randrange(-4000, 4001), 1001) for s in (X, C, W)} | {TAU: sp.Rational(3, 4)}
        assert abs(sp.N((found - formula).subs(at), 30)) < 1e-25


def test_parts_that_exclude_each_other_are_left_out():
    assert len(without_kinks_inside(sp.Max(X, 0) + sp.Max(X - 1, 0)).args) == 3
    assert without_kinks_inside(sp.Min(sp.Max(X, 0), 6)) == sp.Piecewise((0, X < 0), (X, X < 6), (6, True))


def test_a_gate_splits_abs_and_has_its_bias_over_what_divides_its_score():
    made = Gate("kink", -sp.Abs(X - C) / TAU, (C, TAU), (TAU,))
    (below, where), (above, rest) = made.log_weight.args
    assert (sp.expand(below - (X - C) / TAU), where, sp.expand(above - (C - X) / TAU), rest) == (0, X < C, 0, True)
    assert made.offset == BETA0 / TAU
    assert Gate("two scores", C * X**3 / TAU + W * X, (C, W, TAU), (TAU,)).offset == BETA0
    assert Gate("own tau", C * X / TAU, (C, TAU)).offset == BETA0
