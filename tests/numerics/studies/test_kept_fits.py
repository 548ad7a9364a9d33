"""The kept fits of the claims' studies: whole, and used only while a part of them comes out no better here."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.evidence import study_runner
from temperance.evidence.study_runner import Runs
from temperance.numerics.studies import kept_fits as module
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.fitted_again import fitted_again
from temperance.numerics.studies.kept_fits import EVERY, kept_fits, packed
from temperance.numerics.studies.results import STATUSES
from temperance.numerics.studies.run import run_replicate
from temperance.numerics.studies.store import open_store, same
from temperance.numerics.studies.workers import local_workers

SMALL = replace(LINEAR, name="small", sizes=(10**4, 10**6), replicates=3, seed=1)


def outcomes():
    return {replicate: run_replicate(SMALL, replicate) for replicate in range(3)}


@pytest.mark.parametrize("study", EVERY, ids=lambda study: study.name)
def test_every_study_of_a_claim_is_kept_whole(study):
    found = kept_fits(study)
    assert found is not None
    assert sorted(found) == list(range(study.replicates))
    for theta, status, agree in found.values():
        assert theta.shape == (len(study.sizes), study.layout.size)
        assert np.isfinite(theta).all()
        assert len(status) == len(agree) == len(study.sizes)
        assert set(status) <= set(STATUSES)


def test_what_is_kept_of_another_definition_is_not_taken():
    assert kept_fits(SMALL) is None
    with Runs(kept=True) as runs:
        result = runs.result(SMALL)
    assert (result.again, result.differed) == (None, False)


def test_fits_are_kept_bit_for_bit(tmp_path, monkeypatch):
    made, path, store = outcomes(), tmp_path / "kept.npz", str(tmp_path / "s.sqlite")
    with open_store(store, SMALL.name, SMALL.digest, SMALL.definition) as opened:
        opened.add(0, made[0])
    monkeypatch.setattr(module, "EVERY", (SMALL,))
    with pytest.raises(ValueError, match="does not have all replicates of 'small'"):
        module.main([store, str(path)])
    with open_store(store, SMALL.name, SMALL.digest, SMALL.definition) as opened:
        for replicate in (1, 2):
            opened.add(replicate, made[replicate])
    module.main([store, str(path)])
    assert path.read_bytes() == packed({SMALL.digest: made})
    with np.load(path) as arrays:
        monkeypatch.setattr(module, "_arrays", lambda: dict(arrays))
        assert all(same(kept_fits(SMALL)[replicate], outcome) for replicate, outcome in made.items())


def test_kept_fits_that_stand_are_the_result(monkeypatch):
    made, ran = outcomes(), []
    monkeypatch.setattr(study_runner, "kept_fits", lambda study: made)
    monkeypatch.setattr(study_runner, "run_study", lambda *_, **__: ran.append(1))
    with Runs(kept=True) as runs:
        result = runs.result(SMALL)
    assert (result.again.samples, result.differed, ran) == (2, False, [])
    assert (result.theta == np.stack([made[replicate][0] for replicate in range(3)])).all()


def test_where_one_does_not_stand_all_are_fitted(monkeypatch):
    made = outcomes()
    altered = {replicate: (theta + 0.01, *rest) for replicate, (theta, *rest) in made.items()}
    monkeypatch.setattr(study_runner, "kept_fits", lambda study: altered)
    with Runs(kept=True) as runs:
        result = runs.result(SMALL)
    assert (result.again, result.differed) == (None, True)
    assert (result.theta == np.stack([made[replicate][0] for replicate in range(3)])).all()


@pytest.mark.slow
def test_the_search_of_here_finds_what_is_kept():
    """Where no cell is split there is one maximum; elsewhere rounding may lead to another one, but seldom."""
    with local_workers(2) as executor:
        found = {study: fitted_again(study, kept_fits(study), executor) for study in EVERY}
    exact = [again for study, again in found.items() if study.exact]
    assert all(again.stand for again in exact)
    assert not any(again.lower for again in exact)
    split = {study: again for study, again in found.items() if not study.exact}
    fits = sum(again.samples * len(study.sizes) for study, again in split.items())
    assert sum(again.lower for again in split.values()) <= 0.1 * fits
