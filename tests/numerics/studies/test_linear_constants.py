"""RMS sqrt(n) of the linear gate against exact information, modulo translation and numbering."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.claims.legs import constants
from temperance.numerics.information.fisher import information, quadrature
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import CONSTANTS, TANH
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.run import run_study

SMALL = replace(CONSTANTS, replicates=400, sizes=(10**6, 10**8))


def estimates(factor=1.0):
    """Estimates with normal errors of the covariance I^-1/n, in another order of atoms in half of the samples."""
    study, rng = SMALL, np.random.default_rng(1)
    root = np.linalg.cholesky(np.linalg.inv(study.lattice_information))
    normal = rng.normal(size=(study.replicates, 2, len(root)))
    sizes = np.array(study.sizes)[:, None]
    moved = study.layout.unpack(study.layout.pack(study.truth) + factor * normal @ root.T / np.sqrt(sizes))
    swap = rng.random(study.replicates) < 0.5
    order = np.where(swap[:, None, None], [1, 0], [0, 1])
    parts = [np.take_along_axis(p, order[..., None], -2) for p in (moved.beta1, moved.a)]
    rest = [np.take_along_axis(p, order, -1) for p in (moved.beta0, moved.b, moved.nu)]
    beta1, beta0 = parts[0] - parts[0][..., -1:, :], rest[0] - rest[0][..., -1:]
    swapped = MixingMeasure(beta1, beta0, moved.tau, parts[1], rest[1], rest[2])
    shape = (study.replicates, 2)
    agree, gaps = np.ones(shape, dtype=int), np.zeros(shape)
    return StudyResult(study, study.layout.pack(swapped), np.full(shape, "converged"), agree, gaps)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_errors_of_the_information_have_the_ratio_one(factor):
    found = constants(estimates(factor))
    assert [(c.parameter, c.atom) for c in found] == [
        ("beta1/tau", 0),
        ("beta0/tau", 0),
        *((name, atom) for atom in (0, 1) for name in ("a", "b", "log nu")),
        ("density", None),
    ]
    for c in found:
        spread = (2 / (800 * c.numbers)) ** 0.5
        assert c.ratios.mean() == pytest.approx(factor**2, rel=4 * spread)


def test_the_constants_are_those_of_the_continuous_experiment():
    """sd(beta0/tau) is 3.995."""
    study = SMALL
    whole = information(study.truth, study.layout, study.gate, quadrature(study.truth, study.gate, -3.0, 3.0)).matrix
    variances = np.linalg.inv(whole).diagonal()
    found = constants(estimates())
    assert found[1].deviation == pytest.approx(3.995, abs=1e-3)
    units = [study.truth.tau, study.truth.tau, 1, 1, 1, 1, 1, 1]
    assert [c.deviation * u for c, u in zip(found, units, strict=False)] == pytest.approx(np.sqrt(variances), rel=1e-3)


def test_another_gate_has_no_such_constants():
    shape = (TANH.replicates, len(TANH.sizes))
    theta = np.tile(TANH.layout.pack(TANH.truth), (*shape, 1))
    with pytest.raises(ValueError, match="constants are those of exact-specified fits of the linear gate"):
        constants(StudyResult(TANH, theta, np.full(shape, "converged"), np.ones(shape, dtype=int), np.zeros(shape)))


@pytest.mark.slow
def test_ordinary_samples_have_the_variances_of_exact_information_too():
    """200 samples of points, no lattice: within five standard deviations of a chi-squared mean."""
    study = replace(CONSTANTS, name="by samples", experiment="sample", sizes=(10000, 20000), replicates=200, seed=3)
    for c in constants(run_study(study)):
        spread = (2 * 1.5 / (2 * 200 * c.numbers)) ** 0.5  # half of the sample is common to both
        assert c.ratios.mean() == pytest.approx(1.0, abs=5 * spread), (c.parameter, c.atom)
