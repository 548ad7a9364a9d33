"""Claims C12 and C13: proofs that can fail, and the rule for a ratio of variances."""

import numpy as np
import pytest
from flint import arb, fmpq

from temperance.claims import c12_c13_efficiency as claims
from temperance.evidence.study_runner import Runs
from temperance.numerics.information.fisher import information
from temperance.numerics.information.quadrature import quadrature
from temperance.numerics.studies.claim_studies import VARIANCE
from temperance.numerics.studies.results import StudyResult


def test_the_floor_is_proved():
    assert claims.floor_proof(Runs()).outcome == "confirmed"


def test_a_lower_ceiling_is_not_proved(monkeypatch):
    monkeypatch.setattr(claims, "_CEILING", fmpq(43922, 100000))
    assert claims._below_on_cells() == "inconclusive"


def test_the_balls_of_the_varentropy_hold_its_values():
    for low, high in ((0.0, 0.5), (2.3, 2.5), (5.0, 8.0)):
        ball = claims._on(arb((low + high) / 2, (high - low) / 2))
        for odds in np.linspace(low, high, 21):
            assert ball.contains(arb(odds) ** 2 / (4 * (arb(odds) / 2).cosh() ** 2))


@pytest.mark.parametrize(
    ("low", "high", "dropped", "outcome"),
    [
        (0.9, 1.2, 0.0, "confirmed"),
        (0.9, 1.2, 0.06, "inconclusive"),
        (0.5, 1.4, 0.0, "inconclusive"),  # too wide
        (1.2, 1.45, 0.0, "inconclusive"),  # not at 1
        (1.6, 2.5, 0.0, "contradicted"),
        (0.2, 0.6, 0.0, "contradicted"),
    ],
)
def test_an_interval_of_a_ratio(low, high, dropped, outcome):
    assert claims.ratio_outcome(low, high, dropped) == outcome


def test_errors_of_another_size_contradict_the_variance():
    """Made-up estimates whose errors are those predicted, or twice as large."""
    study = VARIANCE[0]
    variance = np.linalg.inv(study.lattice_information)[0, 0]
    normal = np.random.default_rng(4).normal(size=(study.replicates, len(study.sizes)))
    for factor, outcome in ((1.0, "confirmed"), (2.0, "contradicted"), (0.4, "contradicted")):
        theta = np.tile(study.layout.pack(study.truth), (*normal.shape, 1))
        theta[..., 0] += factor * normal * np.sqrt(variance / np.array(study.sizes))

        class Made(Runs):
            def result(self, _, theta=theta):
                return StudyResult(study, theta, np.full(normal.shape, "converged"), np.ones(normal.shape, dtype=int))

        leg = claims.variance_measured(Made())
        assert leg.data["variances"][0]["outcome"] == outcome


def test_the_studies_are_small_and_near_their_best_temperature():
    for study in VARIANCE:
        gate = study.gate
        continuous = information(study.truth, study.layout, gate, quadrature(study.truth, gate, -3.0, 3.0)).matrix
        variance = np.linalg.inv(continuous)[0, 0]
        assert np.linalg.inv(study.lattice_information)[0, 0] == pytest.approx(variance, rel=1e-3)
        assert variance < 110
