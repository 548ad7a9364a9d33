"""The kept fits of the claims' studies: whole, and used only while a part of them comes out no better here."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from temperance.evidence import study_runner
from temperance.evidence.study_runner import Runs
from temperance.numerics.likelihood.by_layout import evaluate
from temperance.numerics.studies import kept_fits as module
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.kept_fits import EVERY, kept_fits, packed
from temperance.numerics.studies.results import FAILED, SAME, STATUSES
from temperance.numerics.studies.run import data_of, run_replicate
from temperance.numerics.studies.store import StoreError, open_store, same

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
    assert result.check is None


def test_fits_are_kept_bit_for_bit(tmp_path, monkeypatch, capsys):
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
    assert capsys.readouterr().out == f"{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
    with np.load(path) as arrays:
        monkeypatch.setattr(module, "_arrays", lambda: dict(arrays))
        assert all(same(kept_fits(SMALL)[replicate], outcome) for replicate, outcome in made.items())


def test_a_file_that_was_altered_is_not_read(monkeypatch):
    monkeypatch.setattr(module, "_arrays", module._arrays.__wrapped__)
    assert kept_fits(LINEAR) is not None
    monkeypatch.setattr(module, "DIGEST", "0" * 64)
    with pytest.raises(StoreError, match=r"^the stored fits are not those that were kept: restore .*, or fit all with"):
        kept_fits(LINEAR)


def test_kept_fits_that_stand_are_the_result(monkeypatch):
    made, ran = outcomes(), []
    monkeypatch.setattr(study_runner, "kept_fits", lambda study: made)
    monkeypatch.setattr(study_runner, "run_study", lambda *_, **__: ran.append(1))
    with Runs(kept=True) as runs:
        result = runs.result(SMALL)
    assert (result.check.samples, result.check.stand, ran) == (2, True, [])
    assert (result.theta == np.stack([made[replicate][0] for replicate in range(3)])).all()


def test_where_one_does_not_stand_all_are_fitted(monkeypatch):
    made = outcomes()
    altered = {replicate: (theta + 0.01, *rest) for replicate, (theta, *rest) in made.items()}
    monkeypatch.setattr(study_runner, "kept_fits", lambda study: altered)
    with Runs(kept=True) as runs:
        result = runs.result(SMALL)
    assert not result.check.stand
    assert (result.theta == np.stack([made[replicate][0] for replicate in range(3)])).all()


@pytest.mark.slow
@pytest.mark.parametrize("study", [study for study in EVERY if not study.exact], ids=lambda study: study.name)
def test_searches_of_split_cells_reach_what_is_kept(study):
    """Rounding may lead one to another maximum on another processor, but not most of them to lower ones."""
    lower = fits = 0
    for replicate in range(2):
        thetas, status, _ = run_replicate(study, replicate)
        there = kept_fits(study)[replicate]
        for points, *pair, end, before in zip(
            data_of(study, replicate), thetas, there[0], status, there[1], strict=True
        ):
            rest = (study.layout, study.gate, points.x, points.y, points.weights, points.reference)
            here, kept = (evaluate(theta, *rest, derivatives=False).value for theta in pair)
            lower += here < kept - SAME and not {end, before} & {*FAILED}
            fits += 1
    assert lower <= fits / 4
