"""Predictions at all parameters of a grid, sorted by density: those of one density are one, and no part denies another.

Densities are told by the log odds of the atoms alone, at points x, with no word on what s or the truth is like.
"""

import random
import re
from collections import defaultdict
from functools import cache
from itertools import product

import numpy as np
import pytest
import sympy as sp

from temperance.theory.activations.activation import activation
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import truth_at

X = np.linspace(-3, 3, 41) + 0.0037
TAUS = (0.5, 1, 2, 4, 8)
QUICK = ("tanh", "gelu", "relu", "cosh(z)", "z - sin(z)", "2*z")
MORE = ("mish", "hardtanh", "hardswish", "z**2", "z + z**2", "z**3", "z**3 + cos(z)", "log(1 + abs(z))", "sign(z)")
MORE += ("hardshrink", "3", "z + z**3")


@cache
def parsed(s):
    return activation(s)


@cache
def compiled(s):
    z = sp.Symbol("z", real=True)
    pieces = [(p.expr, z < p.upper if p.upper.is_finite else sp.true) for p in parsed(s).pieces]
    value = sp.Piecewise(*pieces)
    return [sp.lambdify(z, [e], ["scipy", "numpy"]) for e in (value, sp.diff(value, z))]


def values(f, z):
    with np.errstate(all="ignore"):  # pieces are evaluated beyond their ends, and at poles
        found = np.broadcast_to(np.asarray(f(z)[0], dtype=float), z.shape)
    return np.where(np.isfinite(found), found, np.nan)


def log_odds(s, beta1, tau):
    """Of every atom against the first, less their means over x, which beta0 moves."""
    logs = np.array([values(compiled(s)[0], b * X) for b in beta1]) / tau
    odds = logs[1:] - logs[0]
    return odds - odds.mean(axis=1, keepdims=True)


def densities(s, k, gauge, grid):
    """Parameters on a grid, those of one density together; the atoms are told apart by their experts."""
    found = defaultdict(list)
    for beta1, tau in product(product(grid, repeat=k), TAUS):
        odds = log_odds(s, beta1, tau)
        if np.isfinite(odds).all() and (gauge == "free" or 0 in beta1):
            found[tuple(np.round(odds, 9).ravel() + 0.0)].append((beta1, tau))
    return list(found.values())


def predicted(s, beta1, tau, gauge, fitted):
    """At a parameter; in the anchored gauge some atom with beta1 = 0 is the last."""
    last = beta1.index(0) if gauge == "anchored" else len(beta1) - 1
    rows = [(b,) for b in (*beta1[:last], *beta1[last + 1 :], beta1[last])]
    return predict(truth_at(rows, tau, (-3, 3)), fitted, parsed(s), gauge=gauge)


def numbers(found):
    """Without published ones: those are of a statement whose condition may fail at single tau."""
    return {(p.parameter, p.cell_size, p.cells): (p.sharp, p.identifiable) for p in found}


def denies_itself(found):
    """What one prediction says and another denies."""
    fails = {name for p in found for name in re.findall(r"(\(i+\)) (?:fails|undecided)", p.reason)}
    holds = {n for p in found for text in re.findall(r"conditions (.*?) hold", p.reason) for n in text.split(", ")}
    both = sorted(fails & holds)
    both += [p.parameter for p in found if p.flat and (p.sharp is not None or "not identifiable" not in p.reason)]
    both += [p.parameter for p in found if not p.flat and p.reason.partition(";")[0].endswith("not identifiable")]
    return both + (["twice"] if len(numbers(found)) < len(found) else [])


def singular(s, beta1, tau, gauge):
    """Whether the scores of beta1, tau and the biases are dependent at all x; None where they are infinite."""
    value, slope = compiled(s)
    last = beta1.index(0) if gauge == "anchored" else None
    columns = []
    for i, b in enumerate(beta1):
        own = X * values(slope, b * X) / tau
        odds = np.zeros((len(beta1), len(X)))
        odds[i] = own
        columns += [] if i == last else [odds]
    columns.append(np.array([values(value, b * X) for b in beta1]))
    columns += [np.array([np.full(len(X), float(j == i)) for j in range(len(beta1))]) for i in range(1, len(beta1))]
    matrix = np.array([(c[1:] - c[0]).ravel() for c in columns])
    return None if not np.isfinite(matrix).all() else bool(np.linalg.svd(matrix, compute_uv=False)[-1] < 1e-7)


def check(s, k, gauge, grid, chosen):
    """Compare parameters of one density, and hold regularity against the sampled information at each of them."""
    compared = 0
    for group in densities(s, k, gauge, grid):
        group = chosen(group)
        for fitted in (k, k + 1):
            answers = [predicted(s, *parameter, gauge, fitted) for parameter in group]
            assert not any(map(denies_itself, answers)), (s, group[0], gauge, fitted, denies_itself(answers[0]))
            first, *others = map(numbers, answers)
            for other, parameter in zip(others, group[1:], strict=True):
                assert other == first, (s, group[0], parameter, gauge, fitted)
                compared += 1
            if fitted == k:
                rates = {p.parameter: p for p in answers[0]}
                bad = {singular(s, *parameter, gauge) for parameter in group}
                if rates["tau"].sharp == rates["beta1"].sharp == rates["weight"].sharp is not None:
                    assert bad == {False}, (s, group, gauge)
                if rates["tau"].flat or rates["beta1"].flat:
                    assert bad <= {True, None}, (s, group, gauge)
    return compared


def some(seed, most):
    """At most so many of a group, the same at every run."""
    rng = random.Random(seed)
    return lambda group: group if len(group) <= most else rng.sample(group, most)


@pytest.mark.parametrize("gauge", ["free", "anchored"])
@pytest.mark.parametrize("s", QUICK)
def test_parameters_of_one_density_have_one_answer(s, gauge):
    assert check(s, 2, gauge, (-1, 0, 1, 2), some(0, 4)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("gauge", ["free", "anchored"])
@pytest.mark.parametrize("s", MORE)
def test_parameters_of_one_density_have_one_answer_on_a_wide_grid(s, gauge):
    check(s, 2, gauge, (-2, -1, -0.25, 0, 0.25, 3), some(1, 4))
    check(s, 3, gauge, (-1, 0, 2), some(2, 3))
