"""The errors of theory 4.2 against their definitions, atom by atom, in two dimensions."""

import numpy as np
import pytest

from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.errors import Symmetry, group_errors

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


def test_the_cells_of_scattered_atoms_are_those_of_the_definition():
    differ = 0
    for seed in range(8):
        m = scattered(seed)
        differ += cells_of(m, GATE) != cells_of(m, LINEAR)
        assert group_errors(m, TRUTH, GATE).sizes.tolist() == np.bincount(cells_of(m, GATE), minlength=3).tolist()
        assert group_errors(m, TRUTH, LINEAR).sizes.tolist() == np.bincount(cells_of(m, LINEAR), minlength=3).tolist()
    assert differ


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
def test_batches_are_the_single_errors(symmetry):
    batch = near([0, 1, 1, 2], 6, batch=(2, 3))
    errors = group_errors(batch, TRUTH, symmetry)
    for index in np.ndindex(2, 3):
        for name, values in group_errors(batch[index], TRUTH, symmetry).errors.items():
            np.testing.assert_allclose(errors.errors[name][index], values, rtol=1e-12)
