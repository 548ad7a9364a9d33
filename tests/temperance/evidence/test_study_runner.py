"""Studies in the background: each once, and one that begins at once is counted like the others."""

from dataclasses import replace

from temperance.evidence import study_runner
from temperance.evidence.study_runner import Runs
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.run import Progress


def test_a_study_that_begins_before_it_is_noted_has_its_place(monkeypatch):
    """In the worst case the background has run it before `start` goes on."""
    told = []

    def ran(study, progress, **_):
        progress(Progress(1, 1, 0))
        return study.name

    monkeypatch.setattr(study_runner, "run_study", ran)
    with Runs(report=lambda name, _: told.append(name)) as runs:
        submit = runs._background.submit

        def at_once(*work):
            future = submit(*work)
            future.exception()
            return future

        monkeypatch.setattr(runs._background, "submit", at_once)
        studies = [replace(LINEAR, seed=seed, name=f"number {seed}") for seed in (1, 2)]
        runs.start([*studies, studies[0]])
        assert [runs.result(study) for study in studies] == ["number 1", "number 2"]
    assert told == ["study 1 of 1: number 1", "study 2 of 2: number 2"]
