"""Claims C12 and C13: proofs that can fail, and tests that find a variance that is off."""

from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq

from temperance.claims import c12_c13_efficiency as claims
from temperance.claims.legs import Runs
from temperance.numerics.information.fisher import information, quadrature
from temperance.numerics.information.required import floor
from temperance.numerics.studies.claim_studies import VARIANCE
from temperance.numerics.studies.results import StudyResult


def test_the_floor_is_proved():
    assert claims.floor_proof(Runs()).outcome == "confirmed"


def test_a_lower_ceiling_is_not_proved(monkeypatch):
    monkeypatch.setattr(claims, "_CEILING", fmpq(43922, 100000))
    assert claims._maximum() == "contradicted"


LEVEL_OF_EACH = 2e-5


def made(study, factor, failed=0.0):
    """Runs that give made-up estimates whose errors are those predicted, times a factor."""
    variance = np.linalg.inv(study.lattice_information)[0, 0]
    normal = np.random.default_rng(4).normal(size=(study.replicates, len(study.sizes)))
    theta = np.tile(study.layout.pack(study.truth), (*normal.shape, 1))
    theta[..., 0] += factor * normal * np.sqrt(variance / np.array(study.sizes))
    status = np.full(normal.shape, "converged")
    status[: int(failed * len(status))] = "spike"

    class Made(Runs):
        def result(self, _):
            return StudyResult(study, theta, status, np.ones(normal.shape, dtype=int), np.zeros(normal.shape))

    return Made()


@pytest.mark.parametrize(
    ("factor", "replicates", "failed", "outcome"),
    [
        (1.0, 1500, 0.0, "confirmed"),
        (1.0, 1500, 0.06, "inconclusive"),  # too many fits failed
        (1.0, 500, 0.0, "inconclusive"),  # without the power
        (1.2**0.5, 1500, 0.0, "contradicted"),
        (0.8**0.5, 1500, 0.04, "contradicted"),
    ],
)
def test_a_variance_that_is_a_fifth_off_contradicts(factor, replicates, failed, outcome):
    leg = claims.variance_measured(made(replace(VARIANCE[0], replicates=replicates), factor, failed), LEVEL_OF_EACH)
    assert leg.data["variances"][0]["outcome"] == outcome


@pytest.mark.parametrize(("share", "outcome"), [(1.0, "confirmed"), (0.75, "contradicted")])
def test_errors_below_the_floor_contradict_it(share, outcome):
    study = replace(VARIANCE[0], replicates=1500)
    variance = np.linalg.inv(study.lattice_information)[0, 0]
    leg = claims.floor_measured(made(study, (share * floor(2) / variance) ** 0.5), LEVEL_OF_EACH)
    assert leg.data["floors"][0]["outcome"] == outcome


def test_the_studies_are_small_and_near_their_best_temperature():
    for study in VARIANCE:
        gate = study.gate
        continuous = information(study.truth, study.layout, gate, quadrature(study.truth, gate, -3.0, 3.0)).matrix
        variance = np.linalg.inv(continuous)[0, 0]
        # 24 columns of x leave 0.11%, a hundredth of what a test can see
        assert np.linalg.inv(study.lattice_information)[0, 0] == pytest.approx(variance, rel=2e-3)
        assert variance < 110
