"""Studies in the background: each once, and one that begins at once is counted like the others."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from temperance.claims import legs as study_runner
from temperance.claims.legs import Runs
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.run import Progress
from temperance.numerics.studies.workers import WorkersLost


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


def test_what_is_begun_is_found_once_and_dropped_at_the_end():
    with Runs() as runs:
        assert runs.each(abs, [-1, 2]) == runs.each(abs, [-1, 2]) == [1, 2]
        runs.begin(time.sleep, [0.05] * 50)
        runs._others[time.sleep].result()
    assert sum(task.cancelled() for task in runs._waiting) > 25


def _killed(_):
    """End the process that this runs in, as where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_once(place):
    if not Path(place).exists():
        Path(place).touch()
        _killed(place)
    return place


def test_work_whose_worker_is_killed_is_begun_again(tmp_path):
    place = str(tmp_path / "once")
    with Runs() as runs:
        assert runs.each(_killed_once, [place]) == [place]


def test_work_that_ends_its_workers_each_time_is_given_up(monkeypatch):
    monkeypatch.setattr(study_runner, "_ATTEMPTS", 2)
    with Runs() as runs, pytest.raises(WorkersLost, match="_killed'"):
        runs.each(_killed, [1])
