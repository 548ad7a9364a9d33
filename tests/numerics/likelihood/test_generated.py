"""Generated likelihoods against the symbolic density in 60 digits, with derivatives by differences of these."""

import json
import os
import subprocess
import sys
from itertools import combinations_with_replacement

import mpmath
import numpy as np
import pytest
import sympy as sp

from temperance.numerics.mixture.atom_formulas import AtomFormulas, Sums, formulas_of
from temperance.numerics.mixture.likelihood import likelihood, plain_sums
from temperance.numerics.mixture.points import NONE
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import normal
from temperance.theory.models.spec import (
    BETA0,
    NU,
    TAU,
    Expert,
    Gate,
    Jet,
    MoESpec,
    atom_symbol,
    covariates,
    symbolic_density,
)

STEP = mpmath.mpf(10) ** -15
(X,) = covariates(1)
A, B, C, W, P = sp.symbols("a b c w p", real=True)

QUICK = [
    ("linear", "gaussian", None, 1),
    ("activation", "constant", "relu", 1),
    ("gaussian", "polynomial:2", None, 1),
    ("gaussian-full", "constant", None, 2),
    ("sigmoid-euclidean", "gaussian", None, 1),
]
OTHERS = [
    ("softmax", "gaussian", None, 1),
    ("activation", "gaussian", "gelu", 1),
    ("activation", "gaussian", "hardtanh", 1),
    ("activation-bias", "nonlinear:tanh", "sigmoid", 1),
    ("cosine-perturbed", "constant", None, 2),
    ("laplace", "gaussian", None, 1),
]
NAMED = [*QUICK, *(pytest.param(*row, marks=pytest.mark.slow) for row in OTHERS)]
"""A kernel compiles in two seconds."""


def of_ones_own(weight, mean, own, line, offset=BETA0):
    shared = (TAU,) if weight.has(TAU) else ()
    gate = Gate("one's own", weight, (*own, *shared), shared, offset)
    return MoESpec(gate, Expert("one's own", normal(mean), (line[0], NU, *line[1:])), 1)


OWN = [
    of_ones_own(C * X**3 / TAU + W * X, sp.tanh(A * X + B), (C, W), (A, B), BETA0 / TAU),
    of_ones_own(P * sp.cos(X - C) / TAU, A * X + B, (P, C), (A, B)),
    of_ones_own(-sp.log(1 + (W * X - C) ** 2), A / (1 + sp.exp(-B * X)), (W, C), (A, B), None),
]


def point(spec, k, seed=0):
    """The formulas, a vector at which parameters are moderate, and three points."""
    formulas, rng = formulas_of(spec), np.random.default_rng(seed)
    made = likelihood(formulas, k)
    theta = rng.normal(0, 0.6, made.where.size)
    if spec.gate.name == "gaussian-full":  # positive definite: diagonals are not declared positive
        own = list(spec.gate.own)
        for place, value in (("Gamma_1_1", 1.25), ("Gamma_1_2", 0.25), ("Gamma_2_2", 0.75)):
            at = [p.name for p in own].index(place)
            theta[made.where.values[:, at]] = value + 0.1 * np.arange(k)
    return made, theta, rng.uniform(-2, 2, (3, spec.dim)), rng.normal(size=3)


def witness(spec, k, theta, x, y, where):
    """Value, score and Hessian in 60 digits from the symbolic density."""
    log_g, symbols = symbolic_density(spec, k)
    f = sp.lambdify((*symbols, *covariates(spec.dim), sp.Symbol("y", real=True)), log_g, "mpmath")
    gate, names = spec.gate, {}
    own = gate.own if gate.offset is None else (BETA0, *gate.own)
    for i in range(k):
        entries = zip(
            (*own, *gate.shared, *(p for p in spec.expert.parameters if p != NU)), where.values[i], strict=True
        )
        names |= {atom_symbol(p, i + 1) if p not in gate.shared else p: at for p, at in entries}
        names[atom_symbol(NU, i + 1)] = where.nu[i]

    def value(moved):
        natural = [mpmath.exp(v) if log else v for v, log in zip(moved, where.logs, strict=True)]
        values = [natural[names[s]] for s in symbols]
        return mpmath.fsum(f(*values, *map(mpmath.mpf, at), mpmath.mpf(one)) for at, one in zip(x, y, strict=True))

    def at(*moves):
        moved = list(map(mpmath.mpf, theta))
        for place, sign in moves:
            moved[place] += sign * STEP
        return value(moved)

    with mpmath.workdps(60):
        size = len(theta)
        score = [(at((p, 1)) - at((p, -1))) / (2 * STEP) for p in range(size)]
        hessian = np.empty((size, size))
        for p, q in combinations_with_replacement(range(size), 2):
            bend = at((p, 1), (q, 1)) - at((p, 1), (q, -1)) - at((p, -1), (q, 1)) + at((p, -1), (q, -1))
            hessian[p, q] = hessian[q, p] = float(bend / (4 * STEP**2))
        return float(at()), np.array(score, dtype=float), hessian


def compare(sums, expected, tolerance=1e-12):
    for found, true in zip(sums, expected, strict=True):
        np.testing.assert_allclose(found, true, rtol=tolerance, atol=tolerance * np.abs(true).max())


@pytest.mark.parametrize(("gate", "expert", "source", "dim"), NAMED)
def test_a_named_gate_is_that_of_the_symbolic_density(gate, expert, source, dim):
    spec = model(gate, expert, source, dim)
    made, theta, x, y = point(spec, 2)
    compare(made(theta, x, y), witness(spec, 2, theta, x, y, made.where))


@pytest.mark.parametrize("spec", OWN)
def test_gates_of_ones_own_are_those_of_the_symbolic_density(spec):
    made, theta, x, y = point(spec, 2, seed=1)
    compare(made(theta, x, y), witness(spec, 2, theta, x, y, made.where))


def test_three_atoms_in_the_plane_are_those_of_the_symbolic_density():
    spec = model("linear", "constant", dim=2)
    made, theta, x, y = point(spec, 3, seed=2)
    compare(made(theta, x, y), witness(spec, 3, theta, x, y, made.where))


@pytest.mark.machine_code
@pytest.mark.parametrize(
    ("gate", "expert", "source", "dim"),
    [row if row[0] == "softmax" else pytest.param(*row, marks=pytest.mark.slow) for row in QUICK + OTHERS],
)
@pytest.mark.parametrize("n", [1, 600])
def test_machine_code_and_plain_sums_agree(gate, expert, source, dim, n):
    """Over several blocks, with weights and a reference."""
    spec = model(gate, expert, source, dim)
    made, theta, *_ = point(spec, 2, seed=3)
    rng = np.random.default_rng(4)
    x, y, weights, reference = rng.uniform(-2, 2, (n, dim)), *rng.normal(size=(2, n)), rng.normal(size=n)
    weights = np.abs(weights) + 0.5
    for given in ((NONE, NONE), (weights, reference)):
        plain = plain_sums(made.formulas, 2, made.natural(theta), x, y, *given)
        compare(made(theta, x, y, *given), plain)
        assert made(theta, x, y, *given).value == pytest.approx(plain.value, rel=1e-13)


@pytest.mark.parametrize(("gate", "source"), [("softmax", None), ("activation", "gelu")])
def test_in_many_columns_value_and_derivatives_are_those_of_the_density(gate, source):
    """Sums of products are products of matrices there; a score alone is that beside the Hessian."""
    spec = model(gate, "gaussian", source, 4)
    made, theta, x, y = point(spec, 2, seed=8)
    plain = likelihood(made.formulas, 2, compiled=False)
    compare(plain(theta, x, y), witness(spec, 2, theta, x, y, made.where))
    rng = np.random.default_rng(9)
    x, y, weights, reference = rng.uniform(-1, 1, (9_000, 4)), *rng.normal(size=(2, 9_000)), rng.normal(size=9_000)
    for given in ((NONE, NONE), (np.abs(weights), reference)):
        sums, (value, score) = plain(theta, x, y, *given), plain.score(theta, x, y, *given)
        assert value == pytest.approx(sums.value, rel=1e-12)
        assert np.allclose(score, sums.score, rtol=1e-10, atol=1e-10 * np.abs(sums.score).max())


@pytest.mark.slow
def test_a_held_gate_leaves_the_other_derivatives():
    made, theta, *_ = point(model("activation", activation="gelu"), 3, seed=5)
    rng, held = np.random.default_rng(6), likelihood(made.formulas, 3, 2)
    x, y = rng.uniform(-2, 2, (300, 1)), rng.normal(size=300)
    full, less = made(theta, x, y), held(theta, x, y)
    free = np.ones(len(theta), dtype=bool)
    free[made.where.values[2, : made.formulas.own]] = False
    assert less.value == full.value
    compare((less.score[free], less.hessian[np.ix_(free, free)]), (full.score[free], full.hessian[np.ix_(free, free)]))
    assert not less.score[~free].any()


@pytest.mark.machine_code
def test_weights_that_underflow():
    """Scores of 5000 and -5000 at x = 2 and -2."""
    spec = model("softmax")
    made, theta, *_ = point(spec, 2, seed=7)
    theta[made.where.values[:, 1]] = 2500.0, -2500.0
    x, y = np.array([[2.0], [-2.0], [1.5]]), np.array([0.3, -0.4, 1.0])
    compare(made(theta, x, y), witness(spec, 2, theta, x, y, made.where))


@pytest.mark.machine_code
@pytest.mark.parametrize("k", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("size", [1e9, 1e12])
def test_of_scores_of_any_size_the_digits_of_densities_stay(k, size):
    """What all scores have in common changes nothing: dyadic numbers, which doubles add without an error."""
    made, theta, *_ = point(model("softmax"), k, seed=11)
    gate = made.where.values[:, :2]
    theta[gate] = np.round(8 * theta[gate]) / 8
    rng, moved = np.random.default_rng(12), theta.copy()
    moved[gate[:, 0]] += size
    x, y = np.round(16 * rng.uniform(-2, 2, (300, 1))) / 16, rng.normal(size=300)
    weights = rng.uniform(1, 2, 300)
    for given in ((NONE, NONE), (weights, 0 * weights)):
        for sums in (made, likelihood(made.formulas, k, compiled=False)):
            compare(sums(moved, x, y, *given), sums(theta, x, y, *given), 1e-13)


def test_values_that_overflow_are_found_by_plain_sums():
    """log(cosh(w x)) at w x = 900; in machine code cosh is infinite there."""
    spec = of_ones_own(sp.log(sp.cosh(W * X)), A * X + B, (W,), (A, B))
    made, theta, *_ = point(spec, 2, seed=8)
    made.sums = lambda natural, *_: Sums(np.inf, natural, np.diag(natural))
    theta[made.where.values[:, 1]] = 450.0, 1.0
    x, y = np.array([[2.0], [0.5]]), np.array([0.3, -0.4])
    compare(made(theta, x, y), witness(spec, 2, theta, x, y, made.where), 1e-11)


@pytest.mark.machine_code
def test_a_function_without_machine_code():
    spec = of_ones_own(sp.LambertW(sp.exp(W * X)) / TAU, A * X + B, (W,), (A, B), BETA0 / TAU)
    made, theta, x, y = point(spec, 2, seed=9)
    compare(made(theta, x, y), witness(spec, 2, theta, x, y, made.where))


def test_what_is_not_real_is_not_a_number():
    """A covariance that is not positive definite."""
    spec = model("gaussian-full", "constant", dim=2)
    made, theta, x, y = point(spec, 2)
    theta[made.where.values[0, 3]] = -1.0
    assert not np.isfinite(made(theta, x, y).value)


@pytest.mark.slow
def test_at_a_kink_the_piece_counts_that_is_written_first():
    spec = model("laplace", "constant")
    made, theta, *_ = point(spec, 2)
    x, y = np.array([[theta[1]]]), np.array([0.5])  # beta1 of the first atom
    plain = plain_sums(made.formulas, 2, made.natural(theta), x, y, NONE, NONE)
    compare(made(theta, x, y), plain)


@pytest.mark.parametrize("mean", [Jet(sp.Symbol("h"), 0, B), B * sp.Symbol("k"), B + W])
def test_formulas_with_other_symbols_are_refused(mean):
    with pytest.raises(ValueError, match="a likelihood needs formulas in x and their parameters alone"):
        AtomFormulas.of(C * X, mean, (C,), (), (B, NU), 1)


def test_experts_without_a_mean_are_refused():
    with pytest.raises(ValueError, match="a Gaussian expert whose mean is a formula"):
        formulas_of(model("softmax", "multinomial:3"))


SCRIPT = """
import json, sys, numpy as np
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.likelihood import likelihood
from temperance.numerics.mixture.kernels import kernel_text
from temperance.theory.models.by_name import model
formulas, rng = formulas_of(model("activation", activation="tanh")), np.random.default_rng(1)
made = likelihood(formulas, 2)
sums = made(rng.normal(size=made.where.size), rng.normal(size=(300, 1)), rng.normal(size=300))
bits = [sums.value.hex(), sums.score.tobytes().hex(), sums.hessian.tobytes().hex()]
print(json.dumps([kernel_text(formulas, ("free", "held")), bits, sum(made.sums.kernel.stats.cache_hits.values())]))
"""


@pytest.mark.slow
def test_a_second_process_writes_the_same_text_and_finds_its_machine_code(tmp_path):
    """Whatever the hash seed, and to the bit: no function of the kernel is taken from another compilation."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "TEMPERANCE_CACHE": str(tmp_path)}
    (text, bits, hits), (again, same, found) = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", SCRIPT],
                env={**environment, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for seed in ("1", "2")
    )
    assert (again, same) == (text, bits)
    assert (hits, found) == (0, 1)
