"""The losses and errors of theory 4.2 against their definitions, atom by atom, in two dimensions."""

import numpy as np
import pytest
from scipy.optimize import minimize

from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.errors import Symmetry, group_errors, voronoi_loss

TRUTH = MixingMeasure(
    [[2.0, 0.5], [-1.0, 1.0], [0.0, 0.0]],
    [0.3, -0.2, 0.0],
    0.5,
    [[1.0, 0.0], [-1.0, 2.0], [0.5, -2.0]],
    [4.0, -4.0, 0.0],
    [0.5, 1.0, 0.7],
)
GATE, LINEAR = Symmetry("free"), Symmetry("anchored", linear=True)
SPLITS = [[0, 1, 2], [0, 0, 1, 1, 1, 2], [2, 2, 2, 2, 0, 1]]


def near(atoms, seed, batch=()):
    """Atoms about the given true ones, with weights of their own."""
    rng = np.random.default_rng(seed)

    def moved(array, scale=0.2):
        return array + scale * rng.normal(size=(*batch, *array.shape))

    nu = TRUTH.nu[atoms] * np.exp(0.2 * rng.normal(size=(*batch, len(atoms))))
    beta0, tau = moved(TRUTH.beta0[atoms], 0.5), np.exp(0.2 * rng.normal(size=batch)) * TRUTH.tau
    return MixingMeasure(moved(TRUTH.beta1[atoms]), beta0, tau, moved(TRUTH.a[atoms]), moved(TRUTH.b[atoms]), nu)


def offsets(m, i, j):
    """How far atom i is off the true atom j, by parameter."""
    return {
        "beta1": np.linalg.norm(m.beta1[i] - TRUTH.beta1[j]),
        "tau": abs(m.tau - TRUTH.tau),
        "a": np.linalg.norm(m.a[i] - TRUTH.a[j]),
        "b": abs(m.b[i] - TRUTH.b[j]),
        "nu": abs(m.nu[i] - TRUTH.nu[j]),
    }


def cells_of(m, symmetry):
    names = ("a", "b", "nu") if symmetry.linear else ("beta1", "a", "b", "nu")
    return [
        min(range(TRUTH.k), key=lambda j, i=i: sum(offsets(m, i, j)[name] ** 2 for name in names)) for i in range(m.k)
    ]


def exponents(size, order):
    if order is not None:
        return dict.fromkeys(("beta1", "tau", "a", "b", "nu"), order)
    if size == 1:
        return dict.fromkeys(("beta1", "tau", "a", "b", "nu"), 1)
    return {"beta1": 2, "tau": 2, "a": 2, "b": 2 * size, "nu": size}


def least_over_translations(vectors, weights, powers):
    """min over t of sum_l w_l |v_l + t|^p_l, convex: at a kink, or where a search from the best of them ends."""

    def cost(t):
        return sum(w * np.linalg.norm(v + t) ** p for v, w, p in zip(vectors, weights, powers, strict=True))

    start = min((-v for v in vectors), key=cost)
    found = start
    for _ in range(3):
        options = {"xatol": 1e-12, "fatol": 1e-14, "maxiter": 4000, "maxfev": 4000}
        found = minimize(cost, found + 1e-3, method="Nelder-Mead", options=options).x
    return min(cost(start), cost(found))


def naive_loss(m, symmetry, order=None):
    cells = cells_of(m, symmetry)
    powers = [exponents(cells.count(j), order) for j in cells]
    weights, true_weights = np.exp(m.beta0 / m.tau), np.exp(TRUTH.beta0 / TRUTH.tau)
    spread = 0.0
    for i, j in enumerate(cells):
        for name, length in offsets(m, i, j).items():
            if not (symmetry.linear and name == "beta1"):
                spread += weights[i] * length ** powers[i][name]
    if symmetry.linear:
        vectors = [m.beta1[i] - TRUTH.beta1[j] for i, j in enumerate(cells)]
        spread += least_over_translations(vectors, weights, [p["beta1"] for p in powers])
    masses = [sum(weights[i] for i in range(m.k) if cells[i] == j) for j in range(TRUTH.k)]

    def cost(c):
        return sum(abs(c * mass - true) for mass, true in zip(masses, true_weights, strict=True)) + c * spread

    kinks = [true / mass for mass, true in zip(masses, true_weights, strict=True) if mass > 0]
    return min(cost(c) for c in [0.0, *kinks])  # convex and piecewise linear


def scattered(seed):
    """Atoms near the truth and three light ones elsewhere, whose cells depend on whether beta1 counts."""
    rng, m = np.random.default_rng(seed), near([0, 1, 2], seed)
    one, two = rng.normal(0, 2, (3, 2)), rng.normal(0, 1, (3, 2))
    return MixingMeasure(
        np.concatenate([m.beta1, one]),
        np.concatenate([m.beta0, np.full(3, -5.0)]),
        m.tau,
        np.concatenate([m.a, two]),
        np.concatenate([m.b, rng.normal(0, 2, 3)]),
        np.concatenate([m.nu, rng.uniform(0.2, 2, 3)]),
    )


@pytest.mark.parametrize("order", [None, 3])
@pytest.mark.parametrize("atoms", SPLITS)
@pytest.mark.parametrize("symmetry", [GATE, LINEAR], ids=["gate", "linear"])
def test_the_loss_is_the_one_of_the_definition(symmetry, atoms, order):
    m = near(atoms, 0)
    assert sorted(cells_of(m, symmetry)) == sorted(atoms)
    assert float(voronoi_loss(m, TRUTH, symmetry, order)) == pytest.approx(naive_loss(m, symmetry, order), rel=1e-6)


def test_the_cells_of_scattered_atoms_are_those_of_the_definition():
    differ = 0
    for seed in range(8):
        m = scattered(seed)
        below = float(voronoi_loss(m, TRUTH, GATE)) < 0.99 * TRUTH.weights.sum()  # which it is where no atom counts
        differ += below and cells_of(m, GATE) != cells_of(m, LINEAR)
        assert group_errors(m, TRUTH, GATE).sizes.tolist() == np.bincount(cells_of(m, GATE), minlength=3).tolist()
        assert group_errors(m, TRUTH, LINEAR).sizes.tolist() == np.bincount(cells_of(m, LINEAR), minlength=3).tolist()
        assert float(voronoi_loss(m, TRUTH, GATE)) == pytest.approx(naive_loss(m, GATE), rel=1e-9)
    assert differ


def test_an_even_gate_forgets_signs_in_the_errors_too():
    m = near([0, 1, 1, 2], 7)
    signs = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    flipped = MixingMeasure(signs * m.beta1, m.beta0, m.tau, m.a, m.b, m.nu)
    even = Symmetry("free", parity="even")
    there, here = group_errors(flipped, TRUTH, even), group_errors(m, TRUTH, even)
    for name, values in here.errors.items():
        np.testing.assert_allclose(there.errors[name], values, rtol=1e-12)
    assert group_errors(flipped, TRUTH, GATE).errors["beta1"][1] > 1.0 > here.errors["beta1"][1]
    linear = Symmetry("anchored", linear=True, parity="even")  # has no such symmetry: the translation takes it away
    np.testing.assert_array_equal(voronoi_loss(flipped, TRUTH, linear), voronoi_loss(flipped, TRUTH, LINEAR))
    found, plain = group_errors(flipped, TRUTH, linear).errors, group_errors(flipped, TRUTH, LINEAR).errors
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("atoms", SPLITS)
@pytest.mark.parametrize("symmetry", [GATE, LINEAR], ids=["gate", "linear"])
def test_the_errors_are_those_of_the_definition(symmetry, atoms):
    m = near(atoms, 5)
    cells = cells_of(m, symmetry)
    weights = np.exp(m.beta0 / m.tau)
    members = [[i for i in range(m.k) if cells[i] == j] for j in range(TRUTH.k)]
    found = group_errors(m, TRUTH, symmetry)
    names = {"beta1/tau", "a", "b", "nu", "weight"} if symmetry.linear else {"beta1", "tau", "a", "b", "nu", "weight"}
    assert set(found.errors) == names
    assert found.sizes.tolist() == [len(those) for those in members]
    ratio = np.array([np.log(weights[those].sum()) for those in members]) - TRUTH.beta0 / TRUTH.tau
    np.testing.assert_allclose(found.errors["weight"], abs(ratio - ratio.mean()), rtol=1e-10)
    scaled = [m.beta1[i] / m.tau - TRUTH.beta1[j] / TRUTH.tau for i, j in enumerate(cells)]
    means = [np.average([scaled[i] for i in those], axis=0, weights=weights[those]) for those in members]
    for j, those in enumerate(members):
        for name in names - {"weight", "tau"}:
            size, w = len(those), weights[those]
            q = {"b": 2 * size, "nu": size}.get(name, 2) if size > 1 else 1
            if name == "beta1/tau":
                lengths = np.array([np.linalg.norm(scaled[i] - np.mean(means, axis=0)) for i in those])
            else:
                lengths = np.array([offsets(m, i, j)[name] for i in those])
            assert found.errors[name][j] == pytest.approx((w @ lengths**q / w.sum()) ** (1 / q), rel=1e-10)


@pytest.mark.parametrize("symmetry", [GATE, LINEAR], ids=["gate", "linear"])
def test_batches_are_the_single_losses_and_errors(symmetry):
    batch = near([0, 1, 1, 2], 6, batch=(2, 3))
    losses, errors = voronoi_loss(batch, TRUTH, symmetry), group_errors(batch, TRUTH, symmetry)
    for index in np.ndindex(2, 3):
        assert losses[index] == pytest.approx(float(voronoi_loss(batch[index], TRUTH, symmetry)), rel=1e-12)
        for name, values in group_errors(batch[index], TRUTH, symmetry).errors.items():
            np.testing.assert_allclose(errors.errors[name][index], values, rtol=1e-12)
